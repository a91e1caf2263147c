/* What becomes of each layer of a package: by its verdict, its key, its provider and what its author wants. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "tests/package_fixture.h"

TestSuite(package_decide, .timeout = 60, .init = files_setup, .fini = files_teardown);

struct decision {
	struct wanted_layer layer;
	int valid;            /* 1, 0, -1: nobody knows */
	const char *pk;
	const char *action;   /* what becomes of it */
	int read_only;
	const char *warning;  /* NULL: none at all */
};

static void hold(const struct decision *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct decision *d = &cases[i];
		struct fp_package *p = package_judged(&d->layer, d->valid, d->pk);
		const struct fp_pack_layer *l = &p->layers[0];
		cr_expect_str_eq(fp_pack_action_word(l->action), d->action, "%s: %s", d->layer.source, fp_pack_action_word(l->action));
		cr_expect_eq(l->read_only, d->read_only, "%s", d->layer.source);
		if (d->warning)
			cr_expect(package_warns(p, 0, d->warning), "%s lacks %s: %s", d->layer.source, d->warning, json_dumps(l->warnings, 0));
		else
			cr_expect_eq(json_array_size(l->warnings), 0, "%s: %s", d->layer.source, json_dumps(l->warnings, 0));
		package_done(p);
	}
}
#define HOLD_DECISIONS(cases) hold(cases, sizeof cases / sizeof *cases)

Test(package_decide, what_does_not_open_goes_unless_the_device_may_find_it)
{
	static const struct decision cases[] = {
		{{"vector", "ogr", "./gone.gpkg|layername=x", NULL}, 0, NULL, "removed", 0, "removed_invalid"},
		{{"vector", "ogr", "./gone.gpkg|layername=x", "copy"}, 0, NULL, "removed", 0, "removed_invalid"},
		{{"raster", "gdal", "./gone.tif", NULL}, 0, NULL, "removed", 0, "removed_invalid"},
		{{"vector", "postgres", "dbname='x' table=\"a\"", NULL}, 0, NULL, "removed", 0, "removed_invalid"},
		{{"vector", "ogr", "localized:shared/d.gpkg|layername=x", NULL}, 0, NULL, "untouched", 0, "localized"},
		{{"raster", "wms", "url=http://127.0.0.1:1/wms&layers=a&styles=", "remove"}, 0, NULL, "untouched", 0, "dead_service"},
		{{"raster", "wms", "type=mbtiles&url=file:./gone.mbtiles", NULL}, 0, NULL, "untouched", 0, "dead_service"},
		{{"raster", "wms", "type=mbtiles&url=file:localized:b.mbtiles", NULL}, 0, NULL, "untouched", 0, "localized"},
		{{"raster", "gdal", "./photo.ecw", NULL}, 1, NULL, "removed", 0, "removed_format"},
		{{"raster", "gdal", "./photo.ecw", NULL}, 0, NULL, "removed", 0, "removed_format"},
		{{"raster", "gdal", "./photo.ecw|option:A=B", NULL}, 0, NULL, "removed", 0, "removed_invalid"},
	};

	HOLD_DECISIONS(cases);
}

Test(package_decide, a_layer_without_one_key_is_for_looking_only)
{
	static const struct decision cases[] = {
		{{"vector", "ogr", "./a.gpkg|layername=pts", NULL}, 1, NULL, "copy", 1, "no_key"},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "offline"}, 1, NULL, "copy", 1, "no_key"},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "offline"}, 1, "a,b", "copy", 1, "no_key"},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "remove"}, 1, NULL, "copy", 1, "not_removed"},
		{{"vector", "postgres", "dbname='x' table=\"a\"", NULL}, 1, NULL, "online", 1, "no_key"},
		{{"vector", "WFS", "url='http://127.0.0.1/' typename='a'", NULL}, 1, NULL, "online", 1, "no_key"},
		{{"vector", "memory", "Point?field=a:int", NULL}, 1, NULL, "online", 1, "no_key"},
		{{"vector", "virtual", "?query=select 1", NULL}, 1, NULL, "online", 1, "no_key"},
	};

	HOLD_DECISIONS(cases);
}

Test(package_decide, the_authors_wish_counts_and_a_word_that_says_nothing_takes_nothing_offline)
{
	static const struct decision cases[] = {
		{{"vector", "ogr", "./a.gpkg|layername=pts", NULL}, 1, "fid", "offline", 0, NULL},
		{{"vector", "ogr", "./a.gpkg|layername=pts", ""}, 1, "fid", "copy", 0, "unknown_action"},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "banana"}, 1, "fid", "copy", 0, "unknown_action"},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "Copy"}, 1, "fid", "copy", 0, "unknown_action"},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "copy"}, 1, "fid", "copy", 0, NULL},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "no_action"}, 1, "fid", "copy", 0, NULL},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "keep_existent"}, 1, "fid", "copy", 0, NULL},
		{{"vector", "ogr", "./a.gpkg|layername=pts", "remove"}, 1, "fid", "removed", 0, NULL},
		{{"raster", "gdal", "./a.gpkg", "offline"}, 1, NULL, "copy", 0, NULL},
		{{"raster", "gdal", "./a.gpkg", NULL}, 1, NULL, "copy", 0, NULL},
		{{"raster", "wms", "type=xyz&url=https://example.org/%7Bz%7D/%7Bx%7D/%7By%7D.png", NULL}, 1, NULL, "online", 0, NULL},
		{{"vector", "postgres", "dbname='x' table=\"a\"", NULL}, 1, "id", "offline", 0, NULL},
		{{"vector", "postgres", "dbname='x' table=\"a\"", "no_action"}, 1, "id", "online", 0, NULL},
		{{"vector", "WFS", "url='http://127.0.0.1/' typename='a'", NULL}, 1, "fid", "offline", 0, NULL},
		{{"vector", "virtual", "?query=select 1 as fid", NULL}, 1, "fid", "online", 0, NULL},
		{{"annotation", "", "", NULL}, 1, NULL, "untouched", 0, NULL},
		{{"group", "", "", NULL}, 1, NULL, "untouched", 0, NULL},
	};

	HOLD_DECISIONS(cases);
}

Test(package_decide, what_cannot_be_taken_offline_or_judged_stays_and_says_so)
{
	static const struct decision cases[] = {
		{{"vector", "virtual", "?query=select 1 as fid", "offline"}, 1, "fid", "online", 1, "not_convertible"},
		{{"vector", "memory", "Point?field=fid:int", NULL}, 1, "fid", "offline", 0, "scratch"},
		{{"vector", "arcgisfeatureserver", "url='http://127.0.0.1/'", NULL}, 1, "fid", "online", 1, "not_convertible"},
		{{"vector", "mssql", "dbname='x' table=\"a\"", NULL}, -1, NULL, "online", 1, "not_convertible"},
		{{"vector", "postgres", "dbname='x' table=\"a\"", NULL}, -1, NULL, "online", 1, "not_checked"},
		{{"vector", "postgres", "dbname='x' table=\"a\"", "no_action"}, -1, NULL, "online", 1, "not_checked"},
		{{"vector", "postgres", "dbname='x' table=\"a\"", "remove"}, -1, NULL, "removed", 0, NULL},
		{{"vector", "ogr", "./a.gpkg|layername=pts", NULL}, -1, NULL, "copy", 1, "not_checked"},
		{{"vector", "ogr", "./a.gpkg|layername=pts|subset=f(x)", NULL}, -1, "fid", "offline", 0, "not_checked"},
		{{"mesh", "mdal", "./a.gpkg", NULL}, -1, NULL, "copy", 0, "not_checked"},
		{{"raster", "wms", "url=http://127.0.0.1:1/wms&layers=a&styles=", NULL}, -1, NULL, "online", 0, "not_checked"},
		{{"vector", "ogr", "/vsicurl/https://example.org/a.geojson", NULL}, -1, NULL, "online", 1, "not_copied"},
		{{"raster", "gdal", "/nowhere/else/a.tif", NULL}, 1, NULL, "online", 0, "not_copied"},
	};

	HOLD_DECISIONS(cases);
}

Test(package_decide, a_password_that_every_device_gets_is_pointed_out)
{
	static const struct decision cases[] = {
		{{"vector", "postgres", "dbname='x' user='u' password='geheim' table=\"a\"", "no_action"}, 1, "id", "online", 0, "credentials"},
		{{"raster", "wms", "url=https://u:geheim@example.org/wms&layers=a&styles=", NULL}, -1, NULL, "online", 0, "credentials"},
		{{"raster", "wms", "url=https://u:geheim@example.org/wms&layers=a&styles=", NULL}, 0, NULL, "untouched", 0, "credentials"},
		{{"vector", "postgres", "dbname='x' user='u' password='geheim' table=\"a\"", "offline"}, 1, "id", "offline", 0, NULL},
		{{"vector", "postgres", "dbname='x' user='u' password='geheim' table=\"a\"", "remove"}, 1, "id", "removed", 0, NULL},
	};

	HOLD_DECISIONS(cases);
}

Test(package_decide, the_key_is_that_of_the_verdict)
{
	static const struct wanted_layer layers[] = {
		{"vector", "ogr", "./a.gpkg|layername=pts", NULL}, {"vector", "ogr", "./s.shp", NULL}, {"vector", "ogr", "./c.csv", NULL},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT val, geom FROM pts", NULL},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM pts", NULL},
		{"vector", "ogr", "./c.csv|subset=SELECT a FROM c", NULL},
	};
	struct fp_package *p;

	files_vector(files_upload, "s.shp", "ESRI Shapefile");
	files_put("c.csv", "FID,a\n1,2\n");
	p = package_decided("project.qgs", "", layers, 6);
	cr_expect_str_eq(p->layers[0].pk, "fid");
	cr_expect_eq(p->layers[0].action, FP_PACK_OFFLINE);
	cr_expect_null(p->layers[1].pk);
	cr_expect_eq(p->layers[1].action, FP_PACK_COPY);
	cr_expect(p->layers[1].read_only);
	cr_expect_str_eq(p->layers[2].pk, "FID");
	cr_expect_eq(p->layers[2].action, FP_PACK_OFFLINE);
	cr_expect_null(p->layers[3].pk);
	cr_expect_str_eq(p->layers[4].pk, "fid");
	cr_expect_null(p->layers[5].pk);
	package_done(p);
}
