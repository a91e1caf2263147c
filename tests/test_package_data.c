/* data.gpkg: which rows of files get into it and as what, whatever their tables are called and hold. What ends it: test_package_bad.c. */
#include <criterion/criterion.h>
#include <cpl_string.h>
#include <gdal.h>
#include <ogr_srs_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "tests/package_fixture.h"
#include "tests/package_rows.h"

TestSuite(package_data, .timeout = 60, .init = files_setup, .fini = files_teardown);

static struct fp_error err;

static struct fp_package *packaged(const char *properties, const struct wanted_layer *layers, size_t n)
{
	struct fp_package *p = package_decided("project.qgs", properties, layers, n);

	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	return p;
}

static void is(const struct fp_package *p, const char *sql, const char *value)
{
	const char *got = package_value(p, sql);

	cr_expect_str_eq(got, value, "%s gives %s instead of %s", sql, got, value);
}

static int64_t warned(const struct fp_package *p, size_t layer, const char *code)
{
	const json_t *w;
	size_t i;

	json_array_foreach(p->layers[layer].warnings, i, w)
		if (strcmp(fp_json_str_or(w, "code", ""), code) == 0)
			return fp_json_int(w, "count", 0);
	return 0;
}

/* ---- scratch layers ---- */

Test(package_data, a_scratch_layer_has_the_columns_that_its_source_declares_and_no_rows)
{
	struct rows_fixture f;

	rows_begin(&f, "memory", "memory?geometry=Point&crs=EPSG:2056&field=fid:integer(255,0)&field=name:string(20,0)&field=a%3Ab:double%20precision(4,2)"
		"&field=tags:string(255,0)[]&field=t:datetime&field=b:boolean&field=raw:binary&field=odd:whatever&field=l:Int8(10,0)&field=ti:time&field=plain"
		"&field=n%C3%A4me:text(5,0)#field=not:int", "fid", 1);
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_expect_str_eq(rows_columns(&f), "fid:Integer name:String(20) a:b:Real tags:String/JSON t:DateTime b:Integer/Boolean raw:Binary odd:String l:Integer64"
		" ti:String plain:String näme:String(5)");
	cr_expect_eq(f.rows->geometry, wkbPoint);
	cr_expect_str_eq(OSRGetAuthorityCode(f.rows->srs, NULL), "2056");
	cr_expect_str_eq(rows_text(&f, NULL), "");
	rows_end(&f);
	rows_begin(&f, "memory", "NoGeometry?crs=EPSG:2056&field=fid:int", "fid", 100);
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_expect_eq(f.rows->geometry, wkbNone);
	cr_expect_null(f.rows->srs);
	rows_end(&f);
}

Test(package_data, each_scratch_layer_is_a_table_of_its_own)
{
	static const struct wanted_layer layers[] = {{"vector", "memory", "Point?field=fid:int", NULL}, {"vector", "memory", "Point?field=fid:int", NULL}};
	struct fp_package *p = packaged("", layers, 2);

	cr_expect_eq(p->n_tables, 2);
	is(p, "SELECT count(*) FROM {0}, {1}", "0");
	cr_expect(package_warns(p, 1, "scratch"));
	package_done(p);
}

/* ---- SpatiaLite ---- */

/* l.sqlite: t (points in EPSG:2056; int n, text txt, date d), three rows. 0: this GDAL has no SpatiaLite. */
static int write_lite(void)
{
	char *path = files_at("l.sqlite"), **options = CSLAddString(CSLAddString(NULL, "SPATIALITE=YES"), "INIT_WITH_EPSG=NO");
	OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
	GDALDatasetH ds;
	OGRLayerH l;

	GDALAllRegister();
	ds = GDALCreate(GDALGetDriverByName("SQLite"), path, 0, 0, 0, GDT_Unknown, options);
	OSRImportFromEPSG(srs, 2056);
	l = ds ? GDALDatasetCreateLayer(ds, "t", srs, wkbPoint, NULL) : NULL;
	for (int i = 1; l && i <= 3; i++) {
		OGRFeatureH o = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		OGR_G_SetPoint_2D(g, 0, i, i);
		OGR_F_SetGeometryDirectly(o, g);
		cr_assert_eq(OGR_L_CreateFeature(l, o), OGRERR_NONE);
		OGR_F_Destroy(o);
	}
	if (ds)
		GDALClose(ds);
	OSRDestroySpatialReference(srs);
	CSLDestroy(options);
	free(path);
	if (l)
		package_sql("l.sqlite", "ALTER TABLE t ADD n SMALLINT; ALTER TABLE t ADD txt VARCHAR(9); ALTER TABLE t ADD d DATE; ALTER TABLE t ADD raw BLOB;"
			"UPDATE t SET n = ogc_fid * 10, txt = 'ä' || ogc_fid, d = '2024-02-0' || ogc_fid, raw = x'00ff'; CREATE TABLE pair (a INTEGER, b INTEGER, v TEXT,"
			" PRIMARY KEY (a, b)); CREATE TABLE bare (fid INTEGER, v TEXT UNIQUE, \"Odd \"\"name\" TEXT NOT NULL); INSERT INTO bare VALUES (1, 'x', 'y')");
	return l != NULL;
}

Test(package_data, tables_of_spatialite_keep_their_rows_and_types_as_QGIS_shows_them)
{
	static const struct wanted_layer layers[] = {
		{"vector", "spatialite", "dbname='./l.sqlite' table=\"t\" (GEOMETRY)", NULL},
		{"vector", "spatialite", "dbname='./l.sqlite' table=\"t\" (GEOMETRY) sql=n > 10", NULL},
		{"vector", "spatialite", "dbname='./l.sqlite' table=\"bare\"", NULL},
		{"vector", "spatialite", "dbname='./l.sqlite' table=\"pair\"", NULL},
		{"vector", "spatialite", "dbname='./l.sqlite' table=\"(SELECT * FROM t)\" (GEOMETRY)", NULL},
	};
	struct fp_package *p;

	if (!write_lite())
		cr_skip_test("GDAL without SpatiaLite");
	p = packaged("", layers, 5);
	cr_expect_eq(p->layers[0].table, p->layers[1].table);
	cr_expect_str_eq(p->layers[0].pk, "ogc_fid");
	is(p, "SELECT group_concat(ogc_fid || ':' || n || ':' || txt || ':' || d || ':' || hex(raw)) FROM {0}",
		"1:10:ä1:2024-02-01:00FF,2:20:ä2:2024-02-02:00FF,3:30:ä3:2024-02-03:00FF");
	is(p, "SELECT group_concat(name || ' ' || type) FROM pragma_table_info(trim('{0}', '\"'))",
		"fid INTEGER,geom POINT,ogc_fid INTEGER,n INTEGER,txt TEXT,d DATE,raw BLOB");
	is(p, "SELECT srs_id || ' ' || min_x || ' ' || max_y FROM gpkg_contents WHERE table_name = trim('{0}', '\"')", "2056 1.0 3.0");
	cr_expect(strstr(package_source(p, 1), "|subset=n > 10"), "%s", package_source(p, 1));
	is(p, "SELECT fid || v || \"Odd \"\"name\" FROM {2}", "1xy");
	cr_expect_eq(p->layers[3].action, FP_PACK_COPY, "a key of two columns");
	cr_expect_eq(p->layers[4].action, FP_PACK_COPY, "a query");
	cr_expect(p->layers[3].read_only && p->layers[4].read_only);
	package_done(p);
}

#define AREA "<qfieldsync><areaOfInterest type='QString'>POLYGON((0 0, 2.5 0, 2.5 2.5, 0 2.5, 0 0))</areaOfInterest>" \
	"<areaOfInterestCrs type='QString'>EPSG:2056</areaOfInterestCrs><offlineCopyOnlyAoi type='bool'>true</offlineCopyOnlyAoi></qfieldsync>"

Test(package_data, the_area_and_a_filter_hold_for_spatialite)
{
	static const struct wanted_layer area[] = {{"vector", "spatialite", "dbname='./l.sqlite' table=\"t\" (GEOMETRY)", NULL}};
	static const struct wanted_layer filters[] = {{"vector", "spatialite", "dbname='./l.sqlite' table=\"t\" (GEOMETRY) sql=txt = 'ä3'", NULL},
		{"vector", "spatialite", "dbname='./l.sqlite' table=\"t\" (GEOMETRY) sql=\"n\" < 15", NULL}};
	struct fp_package *p;

	if (!write_lite())
		cr_skip_test("GDAL without SpatiaLite");
	p = packaged(AREA, area, 1);
	is(p, "SELECT group_concat(ogc_fid) FROM {0}", "1,2");
	fp_fs_remove_tree(p->output, NULL);
	package_done(p);
	p = packaged("", filters, 2);
	is(p, "SELECT group_concat(ogc_fid) FROM {0}", "1,3");
	package_done(p);
}

/* ---- geometries ---- */

#define POINT_OF(fid) "(SELECT geom FROM pts WHERE fid = " #fid ")"

Test(package_data, a_table_of_any_geometry_keeps_all_and_a_typed_one_what_does_not_fit)
{
	static const struct wanted_layer layers[] = {{"vector", "ogr", "./a.gpkg|layername=any", NULL}, {"vector", "ogr", "./a.gpkg|layername=pts", NULL},
		{"vector", "ogr", "./a.gpkg|layername=any|geometrytype=LineString", NULL}};
	struct fp_package *p;

	package_sql("a.gpkg", "INSERT INTO any (geom, val) SELECT geom, 7 FROM \"Two Words\" WHERE fid = 1; INSERT INTO any (geom, val) VALUES (NULL, 8);"
		"INSERT INTO pts (geom, val) SELECT geom, 7 FROM \"Two Words\" WHERE fid = 1; INSERT INTO pts (geom, val) VALUES (NULL, 8);"
		"DROP TRIGGER rtree_pts_geom_insert; INSERT INTO pts (geom, val) VALUES (x'4750000102', 9)");
	p = packaged("", layers, 3);
	is(p, "SELECT geometry_type_name FROM gpkg_geometry_columns WHERE table_name = trim('{0}', '\"')", "GEOMETRY");
	is(p, "SELECT count(*) || ' ' || count(geom) FROM {0}", "5 4");
	cr_expect_eq(warned(p, 0, "mixed_geometry"), 0);
	is(p, "SELECT geometry_type_name FROM gpkg_geometry_columns WHERE table_name = trim('{1}', '\"')", "POINT");
	is(p, "SELECT count(*) || ' ' || count(geom) FROM {1}", "6 4");
	cr_expect_eq(warned(p, 1, "mixed_geometry"), 1);
	cr_expect_eq(warned(p, 1, "damaged_geometry"), 1);
	is(p, "SELECT group_concat(val) FROM {2}", "7");
	package_done(p);
}

Test(package_data, single_geometries_become_multi_where_the_table_holds_those)
{
	static const struct wanted_layer multi = {"vector", "ogr", "./a.gpkg|layername=Two Words", NULL};
	struct fp_package *p;

	package_sql("a.gpkg", "UPDATE gpkg_geometry_columns SET geometry_type_name = 'MULTILINESTRING' WHERE table_name = 'Two Words'");
	p = packaged("", &multi, 1);
	is(p, "SELECT geometry_type_name FROM gpkg_geometry_columns", "MULTILINESTRING");
	is(p, "SELECT group_concat(hex(substr(geom, 42, 4))) FROM {0}", "05000000,05000000,05000000");
	cr_expect_eq(warned(p, 0, "mixed_geometry"), 0);
	package_done(p);
}

/* ---- names and numbers ---- */

Test(package_data, columns_that_differ_by_case_only_are_told_apart)
{
	static const struct wanted_layer layer = {"vector", "ogr", "./c.geojson", "offline"};
	struct fp_package *p;

	files_put("c.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"fid\":1,\"Name\":\"a\",\"name\":\"b\",\"geom\":\"c\"},"
		"\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}]}");
	p = packaged("", &layer, 1);
	is(p, "SELECT fid || Name || name_1 || geom FROM {0}", "1abc");
	cr_expect_eq(warned(p, 0, "renamed"), 1);
	is(p, "SELECT column_name FROM gpkg_geometry_columns", "geom_1");
	package_done(p);
}

Test(package_data, tables_and_columns_may_be_called_in_any_script_and_like_sql)
{
	static const struct wanted_layer layers[] = {{"vector", "ogr", "./a.gpkg|layername=木 \"x\" ; --", NULL}, {"vector", "ogr", "./a.gpkg|layername=select", NULL},
		{"vector", "ogr", "./a.gpkg|layername=table", NULL}};
	struct fp_package *p;

	package_sql("a.gpkg", "CREATE TABLE \"木 \"\"x\"\" ; --\" (fid INTEGER PRIMARY KEY, \"Größe \"\"m\"\"\" TEXT, \"order\" TEXT);"
		"INSERT INTO \"木 \"\"x\"\" ; --\" VALUES (4, 'é', 'o'); CREATE TABLE \"select\" (fid INTEGER PRIMARY KEY, \"from\" TEXT);"
		"INSERT INTO \"select\" VALUES (5, 'f'); INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('木 \"x\" ; --', 'attributes', 'a'),"
		" ('select', 'attributes', 'b')");
	p = packaged("", layers, 3);
	is(p, "SELECT fid || \"Größe \"\"m\"\"\" || \"order\" FROM {0}", "4éo");
	is(p, "SELECT fid || \"from\" FROM {1}", "5f");
	is(p, "SELECT group_concat(fid || ':' || val) FROM {2}", "1:0,2:1,3:2");
	is(p, "SELECT data_type FROM gpkg_contents WHERE table_name = trim('{2}', '\"')", "attributes");
	package_done(p);
}

Test(package_data, a_source_that_is_called_data_gpkg_is_one_like_any_other)
{
	static const struct wanted_layer layer = {"vector", "ogr", "./data.gpkg|layername=pts", NULL};
	struct fp_package *p;

	files_copy("a.gpkg", "data.gpkg");
	p = packaged("", &layer, 1);
	is(p, "SELECT count(*) FROM {0}", "3");
	cr_expect_eq(strncmp(package_source(p, 0), "./data.gpkg|layername=l0_", 25), 0, "%s", package_source(p, 0));
	package_done(p);
}

#define MANY 200 /* seconds, were each to open its file anew */

Test(package_data, two_hundred_layers_get_two_hundred_tables_and_those_of_one_source_share_it)
{
	struct wanted_layer layers[MANY + 2];
	char sources[MANY][48];
	struct fp_buf sql = FP_BUF_INIT;
	struct fp_package *p;

	fp_buf_adds(&sql, "BEGIN;");
	for (int i = 0; i < MANY; i++) {
		fp_buf_addf(&sql, "CREATE TABLE t%d (fid INTEGER PRIMARY KEY, v); INSERT INTO t%d VALUES (%d, 'v'); INSERT INTO gpkg_contents (table_name, data_type,"
			" identifier) VALUES ('t%d', 'attributes', 't%d');", i, i, i, i, i);
		snprintf(sources[i], sizeof sources[i], "./a.gpkg|layername=t%d", i);
		layers[i] = (struct wanted_layer){"vector", "ogr", sources[i], NULL};
	}
	fp_buf_adds(&sql, "COMMIT");
	package_sql("a.gpkg", sql.data);
	fp_buf_free(&sql);
	layers[MANY] = layers[7];
	layers[MANY + 1] = (struct wanted_layer){"vector", "ogr", "./a.gpkg|layername=t7|subset=fid > 0", NULL};
	p = packaged("", layers, MANY + 2);
	cr_expect_eq(p->n_tables, MANY);
	cr_expect_eq(p->layers[7].table, p->layers[MANY].table);
	cr_expect_eq(p->layers[7].table, p->layers[MANY + 1].table);
	is(p, "SELECT fid FROM {199}", "199");
	is(p, "SELECT count(*) FROM gpkg_contents", "200");
	package_done(p);
}
