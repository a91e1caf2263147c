/* Layers that are to go offline and whose rows cannot be read: what is not read here is copied as it is, what breaks ends the job. */
#include <criterion/criterion.h>
#include <gdal.h>
#include <ogr_api.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/path.h"
#include "engine/layers/formats.h"
#include "tests/package_fixture.h"

#define ROWS 400

TestSuite(package_unreadable, .timeout = 60, .init = files_setup, .fini = files_teardown);

/* A file with a column "fid", which makes its rows editable. */
static void put_rows(const char *name, const char *driver)
{
	char *path = files_at(name), *options[] = {(char *)"SPATIAL_INDEX=NO", NULL};
	OGRFieldDefnH column = OGR_Fld_Create("fid", OFTInteger);
	struct fp_strv names = {0};
	GDALDatasetH ds;
	OGRLayerH l;

	fp_formats_allow(&names, name, FP_MAGIC_NONE, FP_USE_VECTOR); /* makes it known */
	fp_strv_free(&names);
	ds = GDALCreate(GDALGetDriverByName(driver), path, 0, 0, 0, GDT_Unknown, NULL);
	l = GDALDatasetCreateLayer(ds, "rows", NULL, wkbPoint, options);
	cr_assert_eq(OGR_L_CreateField(l, column, 0), OGRERR_NONE);
	OGR_Fld_Destroy(column);
	for (int i = 0; i < ROWS; i++) {
		OGRFeatureH f = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		OGR_G_SetPoint_2D(g, 0, i, i);
		OGR_F_SetFieldInteger(f, 0, i);
		OGR_F_SetGeometryDirectly(f, g);
		cr_assert_eq(OGR_L_CreateFeature(l, f), OGRERR_NONE);
		OGR_F_Destroy(f);
	}
	GDALClose(ds);
	free(path);
}

static struct fp_package *decided(const char *provider, const char *source)
{
	struct wanted_layer layer = {"vector", provider, source, NULL};
	struct fp_package *p = package_decided("trees.qgs", "", &layer, 1);

	cr_assert_eq(p->layers[0].action, FP_PACK_OFFLINE);
	return p;
}

static void cut(const char *name, int percent)
{
	char *path = files_at(name);
	struct stat sb;

	cr_assert_eq(stat(path, &sb), 0);
	cr_assert_eq(truncate(path, sb.st_size * percent / 100), 0);
	free(path);
}

Test(package_unreadable, rows_that_vanish_in_the_middle_end_it_with_the_layer_and_the_count)
{
	struct fp_error err = {0};
	struct fp_package *p;

	put_rows("rows.fgb", "FlatGeobuf");
	p = decided("ogr", "./rows.fgb");
	cut("rows.fgb", 60);
	cr_assert_neq(fp_package_data(p, &err), FP_OK);
	cr_assert(strstr(err.msg, "layer \"L0\"") && strstr(err.msg, " rows"), "%s", err.msg);
	cr_assert_not(package_has("data.gpkg"));
	cr_assert_eq(p->layers[0].action, FP_PACK_OFFLINE);
	package_done(p);
}

Test(package_unreadable, a_file_that_is_not_read_here_is_copied_as_it_is_for_looking_only)
{
	static const struct {
		const char *provider, *source, *file;
	} cases[] = {{"ogr", "./rows.fgb", "rows.fgb"}, {"ogr", "./a.gpkg|layername=pts", "a.gpkg"}};
	static const char refused[] = "<OGRVRTDataSource><OGRVRTLayer name='pts'><SrcDataSource>PG:dbname=x</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>";

	put_rows("rows.fgb", "FlatGeobuf");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_error err = {0};
		struct fp_package *p = decided(cases[i].provider, cases[i].source);
		files_put(cases[i].file, refused);
		cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s: %s", cases[i].file, err.msg);
		cr_assert_eq(p->layers[0].action, FP_PACK_COPY, "%s", cases[i].file);
		cr_assert(p->layers[0].read_only);
		cr_assert(package_warns(p, 0, "not_convertible"));
		cr_assert_eq(p->n_tables, 0);
		cr_assert_not(package_has("data.gpkg"));
		cr_assert_eq(fp_package_copy(p, &err), FP_OK, "%s", err.msg);
		cr_assert(package_has(cases[i].file));
		package_done(p);
	}
}

Test(package_unreadable, a_source_that_is_no_file_of_the_project_stays_where_it_is_and_its_password_is_pointed_out)
{
	struct wanted_layer layer = {"vector", "WFS", "url='http://anna:secret@127.0.0.1/' typename='a'", NULL};
	struct fp_package *p = package_judged(&layer, 1, "fid");

	cr_assert_eq(p->layers[0].action, FP_PACK_OFFLINE);
	fp_package_decide_unreadable(p, &p->layers[0], "it cannot be reached");
	cr_assert_eq(p->layers[0].action, FP_PACK_ONLINE);
	cr_assert(p->layers[0].read_only);
	cr_assert(package_warns(p, 0, "not_convertible"));
	cr_assert(package_warns(p, 0, "credentials"));
	package_done(p);
}

/* QGIS takes a layer that does not say so for one of files. */
Test(package_unreadable, a_layer_without_a_provider_is_read_as_what_it_is)
{
	struct fp_error err = {0};
	struct fp_package *p = decided(NULL, "./a.gpkg|layername=pts");

	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(p->layers[0].action, FP_PACK_OFFLINE);
	cr_assert_eq(p->tables[0].written, 3);
	package_done(p);
}

Test(package_unreadable, a_table_of_another_geometry_type_than_the_source_asks_for_gives_no_rows)
{
	struct fp_error err = {0};
	struct fp_package *p = decided("ogr", "./a.gpkg|layername=pts|geometrytype=Polygon");

	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(p->tables[0].written, 0);
	cr_assert_eq(p->tables[0].read, 0);
	package_done(p);
}

/* What SQLite makes of it in one GeoPackage it makes of it in the other. */
Test(package_unreadable, a_quoted_word_that_is_no_column_stays_a_text_in_the_filter_of_a_GeoPackage)
{
	struct fp_error err = {0};
	struct fp_package *p = decided("ogr", "./a.gpkg|layername=pts|subset=\"nofield\">1");

	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(p->tables[0].written, 3);
	cr_assert(strstr(package_source(p, 0), "|subset=\"nofield\">1"), "%s", package_source(p, 0));
	package_done(p);
}

Test(package_unreadable, layers_of_two_databases_in_turn_get_their_own_rows)
{
	static const struct wanted_layer layers[] = {{"vector", "ogr", "./a.gpkg|layername=pts|subset=val > 0", NULL}, {"vector", "ogr", "./b.gpkg|layername=pts", NULL},
		{"vector", "ogr", "./a.gpkg|layername=table", NULL}, {"vector", "ogr", "./b.gpkg|layername=any", NULL}};
	struct fp_error err = {0};
	struct fp_package *p;

	files_copy("a.gpkg", "b.gpkg");
	files_sql("b.gpkg", "DELETE FROM \"any\" WHERE val = 1");
	p = package_decided("trees.qgs", "", layers, 4);
	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(p->n_tables, 4);
	cr_assert(p->tables[0].written == 2 && p->tables[1].written == 3 && p->tables[2].written == 3 && p->tables[3].written == 2);
	package_done(p);
}

Test(package_unreadable, no_name_of_a_layer_makes_a_table_that_cannot_be)
{
	static const char *const names[] = {"SQLite", "sqlite master", "gpkg_contents", "RTree", "_", "日本語", "'; --"};
	struct wanted_layer layers[sizeof names / sizeof *names];
	struct fp_error err = {0};
	struct fp_package *p;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *file = fp_asprintf("%zu.gpkg", i);
		files_copy("a.gpkg", file);
		layers[i] = (struct wanted_layer){"vector", "ogr", fp_asprintf("./%s|layername=pts", file), NULL};
		free(file);
	}
	p = package_decided("trees.qgs", "", layers, sizeof names / sizeof *names);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		free(p->project->layers[i].name);
		p->project->layers[i].name = fp_strdup(names[i]);
	}
	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(p->n_tables, sizeof names / sizeof *names);
	package_done(p);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		free((char *)layers[i].source);
}

Test(package_unreadable, a_file_that_is_gone_ends_it_by_name)
{
	struct fp_error err = {0};
	struct fp_package *p = decided("ogr", "./a.gpkg|layername=pts");
	char *path = files_at("a.gpkg");

	unlink(path);
	cr_assert_eq(fp_package_data(p, &err), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "layer \"L0\"") && strstr(err.msg, "a.gpkg"), "%s", err.msg);
	free(path);
	package_done(p);
}
