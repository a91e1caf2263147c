/* SpatiaLite databases and plain SQLite tables. GDAL's own driver makes the files and reads the results. */
#include "tests/apply_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <cpl_conv.h>
#include <cpl_string.h>
#include <ogr_srs_api.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/lite_blob.h"

static struct fixture f;

static void begin(void)
{
	CPLSetConfigOption("OGR_SQLITE_SYNCHRONOUS", "OFF");
	fixture_open(&f);
}

static void end(void)
{
	fixture_close(&f);
}

TestSuite(apply_lite, .init = begin, .fini = end, .timeout = 60);

static void add_field(OGRLayerH l, const char *name, OGRFieldType type)
{
	OGRFieldDefnH d = OGR_Fld_Create(name, type);

	cr_assert_eq(OGR_L_CreateField(l, d, 1), OGRERR_NONE);
	OGR_Fld_Destroy(d);
}

/* FILE: table t (TYPE; txt, n, d) with features 1..3 at (1 1) (2 2) (3 3) or without geometry, txt a b c. 0 when this GDAL has no SpatiaLite. */
static int make(const char *file, int spatialite, OGRwkbGeometryType type)
{
	char *path = fp_path_join(f.in, file), **options = CSLAddString(NULL, spatialite ? "SPATIALITE=YES" : "SPATIALITE=NO");
	OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
	GDALDatasetH ds;
	OGRLayerH l;

	options = CSLAddString(options, "INIT_WITH_EPSG=NO");
	ds = GDALCreate(GDALGetDriverByName("SQLite"), path, 0, 0, 0, GDT_Unknown, options);
	CSLDestroy(options);
	free(path);
	OSRImportFromEPSG(srs, 2056);
	l = ds ? GDALDatasetCreateLayer(ds, "t", srs, type, NULL) : NULL;
	OSRDestroySpatialReference(srs);
	if (!l) {
		GDALClose(ds);
		return 0;
	}
	add_field(l, "txt", OFTString);
	add_field(l, "n", OFTInteger64);
	add_field(l, "d", OFTDateTime);
	for (int i = 1; i <= 3; i++) {
		OGRFeatureH o = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		OGR_G_SetPoint_2D(g, 0, i, i);
		if (type == wkbPoint || !spatialite)
			OGR_F_SetGeometry(o, g);
		OGR_G_DestroyGeometry(g);
		OGR_F_SetFieldString(o, 0, (char[]){(char)('a' + i - 1), 0});
		cr_assert_eq(OGR_L_CreateFeature(l, o), OGRERR_NONE);
		OGR_F_Destroy(o);
	}
	GDALClose(ds);
	return 1;
}

#define NEED_SPATIALITE(file, type) do { if (!make(file, 1, type)) cr_skip_test("GDAL without SpatiaLite"); } while (0)

static void run_sql(const char *file, const char *sql)
{
	char *path = fp_path_join(f.in, file), *message = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(fp_lite_functions(db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK, "%s", message);
	sqlite3_close(db);
	free(path);
}

static void expect(const char *file, const char *sql, const char *want)
{
	char *got = fixture_query(&f, file, sql);

	cr_assert_str_eq(got, want, "%s: %s instead of %s", sql, got, want);
	free(got);
}

/* The geometry that GDAL reads of feature FID, found through the spatial index at (X Y) when X is not 0. */
static void expect_wkt(const char *file, int64_t fid, double x, double y, const char *want)
{
	char *path = fp_path_join(f.out, file), *wkt = NULL;
	GDALDatasetH ds = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
	OGRLayerH l = GDALDatasetGetLayerByName(ds, "t");
	OGRFeatureH o;

	if (x != 0)
		OGR_L_SetSpatialFilterRect(l, x - .5, y - .5, x + .5, y + .5);
	while ((o = OGR_L_GetNextFeature(l)) && OGR_F_GetFID(o) != fid)
		OGR_F_Destroy(o);
	cr_assert(o != NULL, "feature %lld is not there", (long long)fid);
	OGR_G_ExportToIsoWkt(OGR_F_GetGeometryRef(o), &wkt);
	cr_assert_str_eq(wkt, want);
	CPLFree(wkt);
	OGR_F_Destroy(o);
	GDALClose(ds);
	free(path);
}

#define PATCH_A "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'A'}}"
#define LITE "dbname='./l.sqlite' table=\"t\" (GEOMETRY)"

/* ---- what cannot be ---- */

Test(apply_lite, what_is_no_table_to_write_says_so)
{
	NEED_SPATIALITE("l.sqlite", wkbPoint);
	run_sql("l.sqlite", "CREATE TABLE word(code TEXT PRIMARY KEY, txt TEXT); CREATE TABLE bare(txt TEXT); CREATE VIEW v AS SELECT * FROM t");
	static const char *const sources[][2] = {
		{"dbname='./l.sqlite' table=\"(SELECT * FROM t)\" (geometry)", "it is a query"},
		{"dbname='./l.sqlite' table=\"nope\" (geometry)", "the file has no table \"nope\""},
		{"dbname='./l.sqlite' table=\"t\" (elsewhere)", "no geometry \"elsewhere\""},
		{"dbname='./l.sqlite' table=\"v\" (geometry)", "is a view"},
		{"dbname='./l.sqlite' table=\"word\"", "neither has a primary key, nor an attribute `fid`!"},
		{"dbname='./l.sqlite' table=\"bare\"", "neither has a primary key, nor an attribute `fid`!"},
		{"dbname='./gone.sqlite' table=\"t\" (geometry)", "its file is missing"},
		{"dbname='/etc/hostname' table=\"t\" (geometry)", "outside the project"},
		{"dbname='./l.sqlite' table=\"t\" (geometry) sql=nosuch = 1", "no such column"},
	};
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		char id[16];
		snprintf(id, sizeof id, "s%zu", i);
		fixture_layer(&f, id, "vector", "spatialite", sources[i][0]);
		is(delta(&f, "patch", id, "1", PATCH_A), "not_applied", sources[i][1]);
	}
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

Test(apply_lite, tiles_are_no_tables)
{
	run_sql("m.sqlite", "CREATE TABLE metadata(name TEXT, value TEXT); CREATE TABLE tiles(zoom_level, tile_column, tile_row, tile_data)");
	fixture_layer(&f, "m", "vector", "ogr", "./m.sqlite");
	is(delta(&f, "patch", "m", "1", PATCH_A), "not_applied", "holds tiles (MBTiles), which can only be read");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_lite, a_geometry_that_spatialite_has_no_form_for_is_refused_and_the_others_go_on)
{
	NEED_SPATIALITE("l.sqlite", wkbUnknown);
	fixture_layer(&f, "l", "vector", "spatialite", LITE);
	is(delta(&f, "create", "l", "", NULL, "{'geometry':'CircularString (0 0, 1 1, 2 0)','attributes':{}}"), "not_applied", "SpatiaLite holds");
	is(delta(&f, "create", "l", "", NULL, "{'geometry':'Point EMPTY','attributes':{}}"), "not_applied", "SpatiaLite holds");
	is(delta(&f, "create", "l", "", NULL, "{'geometry':'LineString (0 0, 1 1)','attributes':{'txt':'x'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	expect_wkt("l.sqlite", 4, 0, 0, "LINESTRING (0 0,1 1)");
	expect("l.sqlite", "SELECT count(*) FROM t", "4");
}

Test(apply_lite, the_databases_own_rules_fail_one_change)
{
	NEED_SPATIALITE("l.sqlite", wkbPoint);
	run_sql("l.sqlite", "CREATE UNIQUE INDEX u ON t(txt); CREATE TRIGGER no BEFORE UPDATE OF n ON t WHEN NEW.n > 5 BEGIN SELECT RAISE(ABORT, 'n too big'); END;"
		"CREATE TRIGGER far BEFORE DELETE ON t WHEN OLD.ogc_fid = 3 BEGIN SELECT ST_Area(OLD.geometry); END");
	fixture_layer(&f, "l", "vector", "spatialite", LITE);
	is(delta(&f, "patch", "l", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'b'}}"), "not_applied", "UNIQUE constraint failed: t.txt");
	is(delta(&f, "patch", "l", "1", "{'attributes':{'n':null}}", "{'attributes':{'n':6}}"), "not_applied", "n too big");
	is(delta(&f, "delete", "l", "3", "{'attributes':{}}", NULL), "not_applied", "ST_Area");
	is(delta(&f, "patch", "l", "1", "{'attributes':{'n':null}}", "{'attributes':{'n':5}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	expect("l.sqlite", "SELECT group_concat(txt || coalesce(n, '-')) FROM t", "a5,b-,c-");
}

/* ---- what can ---- */

Test(apply_lite, a_spatialite_table_is_written_with_its_index)
{
	NEED_SPATIALITE("l.sqlite", wkbPoint);
	fixture_layer(&f, "l", "vector", "spatialite", LITE);
	is(delta(&f, "patch", "l", "1", "{'geometry':'Point (1 1)','attributes':{'txt':'a','d':null}}",
		"{'geometry':'Point (11 12)','attributes':{'txt':'A','d':'2024-03-01T10:20:30.500Z'}}"), "applied", "");
	is(delta(&f, "delete", "l", "2", "{'geometry':'Point (2 2)','attributes':{'txt':'b'}}", NULL), "applied", "");
	is(delta(&f, "create", "l", "x", NULL, "{'geometry':'PointZ (21 22 9)','attributes':{'txt':'new'}}"), "applied", "The layer holds no Z");
	is(delta(&f, "patch", "l", "3", "{'geometry':'Point (3 4)'}", "{'geometry':'Point (5 5)'}"), "conflict", "");
	is(delta(&f, "patch", "l", "3", "{'geometry':'Point (3 3)'}", "{'geometry':'LineString (5 5, 6 6)'}"), "not_applied", "does not fit");
	is(delta(&f, "patch", "l", "3", "{'geometry':'Point (3 3)'}", "{'geometry':null}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 1);
	expect_wkt("l.sqlite", 1, 11, 12, "POINT (11 12)");
	expect_wkt("l.sqlite", 4, 21, 22, "POINT (21 22)");
	expect("l.sqlite", "SELECT group_concat(pkid) FROM (SELECT pkid FROM idx_t_geometry ORDER BY pkid)", "1,4");
	expect("l.sqlite", "SELECT group_concat(txt) FROM t", "A,c,new");
	expect("l.sqlite", "SELECT d FROM t WHERE txt = 'A'", "2024-03-01T10:20:30.500Z");
	expect("l.sqlite", "SELECT last_insert > '2020' AND last_update > '2020' AND last_delete > '2020' FROM geometry_columns_time", "1");
	expect("l.sqlite", "PRAGMA integrity_check", "ok");
}

Test(apply_lite, every_type_and_dimension_reads_back_as_it_was_meant)
{
	static const struct { OGRwkbGeometryType type; const char *wkt, *want; } types[] = {
		{wkbLineString, "LineString (0 0, 1 2, 3 4)", "LINESTRING (0 0,1 2,3 4)"},
		{wkbPolygon, "Polygon ((0 0, 4 0, 4 4, 0 0),(1 1, 2 1, 2 2, 1 1))", "POLYGON ((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))"},
		{wkbMultiPoint, "Point (1 2)", "MULTIPOINT ((1 2))"},
		{wkbMultiLineString, "MultiLineString ((0 0, 1 1),(2 2, 3 3))", "MULTILINESTRING ((0 0,1 1),(2 2,3 3))"},
		{wkbMultiPolygon, "MultiPolygon (((0 0, 1 0, 1 1, 0 0)))", "MULTIPOLYGON (((0 0,1 0,1 1,0 0)))"},
		{wkbGeometryCollection, "GeometryCollection (Point (1 2), LineString (0 0, 1 1))", "GEOMETRYCOLLECTION (POINT (1 2),LINESTRING (0 0,1 1))"},
		{wkbPoint25D, "Point (1 2)", "POINT Z (1 2 0)"}, {wkbPointM, "PointM (1 2 3)", "POINT M (1 2 3)"},
		{wkbPointZM, "PointZM (1 2 3 4)", "POINT ZM (1 2 3 4)"}, {wkbMultiPolygon25D, "PolygonZ ((0 0 1, 1 0 1, 1 1 1, 0 0 1))",
		"MULTIPOLYGON Z (((0 0 1,1 0 1,1 1 1,0 0 1)))"},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		char file[24], source[64], id[8], new[160];

		snprintf(file, sizeof file, "l%zu.sqlite", i);
		snprintf(id, sizeof id, "l%zu", i);
		snprintf(source, sizeof source, "dbname='./%s' table=\"t\" (GEOMETRY)", file);
		NEED_SPATIALITE(file, types[i].type);
		fixture_layer(&f, id, "vector", "spatialite", source);
		snprintf(new, sizeof new, "{'geometry':'%s','attributes':{'txt':'new'}}", types[i].wkt);
		is(delta(&f, "create", id, "", NULL, new), "applied", "");
	}
	cr_assert_eq(finish(&f), FP_OK);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		char file[24];
		snprintf(file, sizeof file, "l%zu.sqlite", i);
		expect_wkt(file, 4, 0, 0, types[i].want);
	}
}

Test(apply_lite, the_filter_hides)
{
	NEED_SPATIALITE("l.sqlite", wkbPoint);
	fixture_layer(&f, "l", "vector", "spatialite", LITE " sql=txt <> 'b'");
	is(delta(&f, "patch", "l", "2", "{'attributes':{'n':null}}", "{'attributes':{'n':1}}"), "not_applied", "the layer's filter hides it");
	is(delta(&f, "patch", "l", "1", "{'attributes':{'n':null}}", "{'attributes':{'n':1}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_lite, ogr_names_the_same_tables)
{
	NEED_SPATIALITE("l.sqlite", wkbPoint);
	fixture_layer(&f, "named", "vector", "ogr", "./l.sqlite|layername=t");
	fixture_layer(&f, "first", "vector", "ogr", "./l.sqlite");
	fixture_layer(&f, "column", "vector", "ogr", "./l.sqlite|layername=t(geometry)");
	fixture_layer(&f, "plain", "vector", "spatialite", "dbname='./l.sqlite' table=\"t\"");
	is(delta(&f, "patch", "named", "1", PATCH_A), "applied", "");
	is(delta(&f, "patch", "first", "2", "{'geometry':'Point (2 2)'}", "{'geometry':'Point (2 3)'}"), "applied", "");
	is(delta(&f, "patch", "column", "3", "{'geometry':'Point (3 3)'}", "{'geometry':'Point (3 4)'}"), "applied", "");
	is(delta(&f, "patch", "plain", "3", "{'geometry':null,'attributes':{'n':null}}", "{'geometry':null,'attributes':{'n':7}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	expect_wkt("l.sqlite", 2, 0, 0, "POINT (2 3)");
	expect_wkt("l.sqlite", 3, 0, 0, "POINT (3 4)");
	expect("l.sqlite", "SELECT n FROM t WHERE ogc_fid = 3", "7");
}

Test(apply_lite, plain_tables_with_wkb_keep_gdals_form)
{
	cr_assert(make("p.sqlite", 0, wkbPoint25D));
	run_sql("p.sqlite", "CREATE TABLE notes(fid INTEGER PRIMARY KEY, body VARCHAR(5), mark INTEGER_BOOLEAN, small INTEGER_INT16, odd WHATEVER)");
	fixture_layer(&f, "p", "vector", "ogr", "./p.sqlite|layername=t");
	fixture_layer(&f, "notes", "vector", "ogr", "./p.sqlite|layername=notes");
	is(delta(&f, "create", "p", "", NULL, "{'geometry':'PointZ (1 2 3)','attributes':{'txt':'z'}}"), "applied", "");
	is(delta(&f, "create", "notes", "", NULL, "{'attributes':{'body':'longer than five','mark':true,'small':7}}"), "applied", "");
	is(delta(&f, "create", "notes", "", NULL, "{'attributes':{'small':70000}}"), "not_applied", "out of range");
	is(delta(&f, "create", "notes", "", NULL, "{'attributes':{'odd':'x'}}"), "not_applied", "is not written yet");
	cr_assert_eq(finish(&f), FP_OK);
	expect_wkt("p.sqlite", 4, 0, 0, "POINT Z (1 2 3)");
	expect("p.sqlite", "SELECT body || mark || small FROM notes", "longer than five17");
}

Test(apply_lite, a_table_without_key_goes_by_its_fid)
{
	NEED_SPATIALITE("l.sqlite", wkbPoint);
	run_sql("l.sqlite", "CREATE TABLE bare(fid INTEGER, txt TEXT); INSERT INTO bare VALUES(7, 'x'), (8, 'y'), (8, 'z')");
	fixture_layer(&f, "bare", "vector", "spatialite", "dbname='./l.sqlite' table=\"bare\"");
	is(delta(&f, "patch", "bare", "7", "{'attributes':{'txt':'x'}}", "{'attributes':{'txt':'X'}}"), "applied", "");
	is(delta(&f, "patch", "bare", "8", "{'attributes':{'txt':'y'}}", "{'attributes':{'txt':'Y'}}"), "error", "several features");
	is(delta(&f, "create", "bare", "x", NULL, "{'attributes':{'fid':9,'txt':'n'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	expect("l.sqlite", "SELECT group_concat(fid || txt) FROM bare", "7X,8y,8z,9n");
}

/* As SpatiaLite 2 and 3 made them: the type is a word, the triggers fill the index by themselves. */
Test(apply_lite, a_database_of_the_old_layout_is_written_with_its_index)
{
	run_sql("old.sqlite", "CREATE TABLE geometry_columns(f_table_name TEXT, f_geometry_column TEXT, type TEXT, coord_dimension TEXT, srid INTEGER,"
		"spatial_index_enabled INTEGER); INSERT INTO geometry_columns VALUES('o', 'g', 'POINT', 'XYZ', 4326, 1);"
		"CREATE TABLE o(id INTEGER PRIMARY KEY, txt TEXT, g BLOB); CREATE VIRTUAL TABLE idx_o_g USING rtree(pkid, xmin, xmax, ymin, ymax);"
		"CREATE TRIGGER ggi BEFORE INSERT ON o BEGIN SELECT RAISE(ROLLBACK, 'violates Geometry constraint') WHERE (SELECT type FROM geometry_columns"
		" WHERE f_table_name = 'o' AND GeometryConstraints(NEW.g, type, srid, 'XYZ') = 1) IS NULL; END;"
		"CREATE TRIGGER gii AFTER INSERT ON o BEGIN INSERT INTO idx_o_g VALUES(NEW.ROWID, MbrMinX(NEW.g), MbrMaxX(NEW.g), MbrMinY(NEW.g), MbrMaxY(NEW.g));"
		" END; CREATE TRIGGER giu AFTER UPDATE OF g ON o BEGIN DELETE FROM idx_o_g WHERE pkid = NEW.ROWID; SELECT RTreeAlign('idx_o_g', NEW.ROWID, NEW.g); END");
	fixture_layer(&f, "o", "vector", "spatialite", "dbname='./old.sqlite' table=\"o\" (g)");
	is(delta(&f, "create", "o", "x", NULL, "{'geometry':'Point (1 2)','attributes':{'txt':'a'}}"), "applied", "");
	is(delta(&f, "create", "o", "", NULL, "{'geometry':'Polygon ((0 0, 1 0, 0 1, 0 0))','attributes':{}}"), "not_applied", "does not fit");
	is(delta(&f, "create", "o", "", NULL, "{'geometry':'Point (3 4)','attributes':{'txt':'b'}}"), "applied", "");
	is(delta(&f, "patch", "o", "2", "{'geometry':'PointZ (3 4 0)'}", "{'geometry':'PointZ (5 6 7)'}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	expect("old.sqlite", "SELECT group_concat(pkid || ' ' || xmin || ' ' || ymax) FROM idx_o_g", "1 1.0 2.0,2 5.0 6.0");
	expect("old.sqlite", "SELECT hex(substr(g, 39)) FROM o WHERE id = 2", "7CE9030000000000000000144000000000000018400000000000001C40FE");
}

Test(apply_lite, compressed_and_foreign_blobs_are_read)
{
	/* LINESTRING (1 2, 1.5 2.25, 3 4) compressed: the middle is 0.5 and 0.25 from the first. */
	static const unsigned char head[39] = {0, 1, [38] = 0x7c}, tail = 0xfe;
	const uint32_t type = 1000002, n = 3;
	const double first[] = {1, 2}, last[] = {3, 4};
	const float step[] = {.5F, .25F};
	struct fp_buf b = FP_BUF_INIT;
	size_t len = 0;
	unsigned char *wkb;
	double xy[6];

	fp_buf_add(&b, head, sizeof head);
	fp_buf_add(&b, &type, 4);
	fp_buf_add(&b, &n, 4);
	fp_buf_add(&b, first, sizeof first);
	fp_buf_add(&b, step, sizeof step);
	fp_buf_add(&b, last, sizeof last);
	fp_buf_add(&b, &tail, 1);
	for (size_t cut = 0; cut < b.len; cut++) { /* no prefix is read beyond its end */
		unsigned char *prefix = fp_alloc(cut + 1);
		memcpy(prefix, b.data, cut);
		if (cut > 0)
			prefix[cut - 1] = tail;
		wkb = fp_lite_blob_wkb(prefix, cut, &len);
		cr_assert_null(wkb);
		free(prefix);
	}
	wkb = fp_lite_blob_wkb((unsigned char *)b.data, b.len, &len);
	cr_assert(wkb != NULL);
	cr_assert_eq(len, 9 + sizeof xy);
	memcpy(xy, wkb + 9, sizeof xy);
	cr_assert(xy[0] == 1 && xy[1] == 2 && xy[2] == 1.5 && xy[3] == 2.25 && xy[4] == 3 && xy[5] == 4);
	free(wkb);
	fp_buf_free(&b);
}
