/* Applying to what is no database: shapefiles, GeoJSON, CSV. */
#include "tests/apply_fixture.h"

#include <cpl_conv.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <ogr_srs_api.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/path.h"

static struct fixture f;

static void begin(void)
{
	fixture_open(&f);
}

static void end(void)
{
	fixture_close(&f);
}

TestSuite(apply_files, .init = begin, .fini = end, .timeout = 30);

#define PATCH_A "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'A'}}"

static void shapes(const char *name, OGRwkbGeometryType type, const char *key)
{
	char *path = fp_path_join(f.in, name);
	GDALDatasetH ds = GDALCreate(GDALGetDriverByName("ESRI Shapefile"), path, 0, 0, 0, GDT_Unknown, NULL);
	OGRLayerH l = GDALDatasetCreateLayer(ds, "shapes", NULL, type, NULL);
	static const struct { const char *name; OGRFieldType type; int width, precision; } fields[] = {
		{NULL, OFTInteger, 4, 0}, {"txt", OFTString, 5, 0}, {"dbl", OFTReal, 24, 15}, {"dt", OFTDate, 10, 0}
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		OGRFieldDefnH d = OGR_Fld_Create(i == 0 ? key : fields[i].name, fields[i].type);
		OGR_Fld_SetWidth(d, fields[i].width);
		OGR_Fld_SetPrecision(d, fields[i].precision);
		cr_assert_eq(OGR_L_CreateField(l, d, 1), OGRERR_NONE);
		OGR_Fld_Destroy(d);
	}
	for (int i = 1; i <= 3; i++) {
		OGRFeatureH o = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = NULL;
		char wkt[80], *p = wkt;
		snprintf(wkt, sizeof wkt, OGR_GT_Flatten(type) == wkbPoint ? "POINT (%d 0)" : "POLYGON ((%d 0, 9 9, 9 0, 1 0))", i);
		OGR_G_CreateFromWkt(&p, NULL, &g);
		OGR_F_SetGeometryDirectly(o, g);
		OGR_F_SetFieldInteger(o, 0, i);
		OGR_F_SetFieldString(o, 1, (char[]){(char)('a' + i - 1), 0});
		cr_assert_eq(OGR_L_CreateFeature(l, o), OGRERR_NONE);
		OGR_F_Destroy(o);
	}
	GDALClose(ds);
	free(path);
	fixture_layer(&f, "shapes", "vector", "ogr", "./shapes.shp");
}

/* "fid txt wkt" of every feature of the file after what was announced has come to stand there, one after the other. */
static void holds(const char *name, const char *want)
{
	char *path = fp_path_join(f.in, name);
	struct fp_buf b = FP_BUF_INIT;
	GDALDatasetH ds;
	OGRFeatureH o;

	advance(&f);
	ds = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
	cr_assert(ds != NULL, "%s", path);
	while ((o = OGR_L_GetNextFeature(GDALDatasetGetLayer(ds, 0)))) {
		OGRGeometryH g = OGR_F_GetGeometryRef(o);
		char *wkt = NULL;
		int fid = OGR_F_GetFieldIndex(o, "fid"), txt = OGR_F_GetFieldIndex(o, "txt");
		if (g)
			OGR_G_ExportToIsoWkt(g, &wkt);
		fp_buf_addf(&b, "%s%s %s %s", b.len ? "; " : "", fid < 0 ? "?" : OGR_F_GetFieldAsString(o, fid),
			OGR_F_IsFieldSetAndNotNull(o, txt) ? OGR_F_GetFieldAsString(o, txt) : "-", wkt ? wkt : "-");
		CPLFree(wkt);
		OGR_F_Destroy(o);
	}
	GDALClose(ds);
	free(path);
	cr_assert_str_eq(b.data, want, "%s\ninstead of %s", b.data, want);
	fp_buf_free(&b);
}

/* ---- shapefiles ---- */

Test(apply_files, a_shapefile_is_patched_grown_and_packed)
{
	char *list;

	shapes("shapes.shp", wkbPoint, "FID");
	is(delta(&f, "patch", "shapes", "1", "{'attributes':{'txt':'a'},'geometry':'Point (1 0)'}", "{'attributes':{'txt':'A'},'geometry':'Point (5 5)'}"),
		"applied", "");
	is(delta(&f, "delete", "shapes", "2", "{'attributes':{'txt':'b'}}", NULL), "applied", "");
	is(delta(&f, "create", "shapes", "7", NULL, "{'attributes':{'FID':7,'txt':'n','dt':'2024-05-06','dbl':0.1},'geometry':'Point (7 7)'}"), "applied", "");
	is(delta(&f, "patch", "shapes", "7", "{'attributes':{'txt':'n','dt':'2024-05-06','dbl':0.1}}", "{'attributes':{'txt':'N'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	list = fixture_list(&f);
	cr_assert_str_eq(list, "shapes.dbf shapes.shp shapes.shx");
	free(list);
	cr_assert_eq(f.files.n, 3);
	holds("shapes.shp", "1 A POINT (5 5); 3 c POINT (3 0); 7 N POINT (7 7)");
}

Test(apply_files, only_the_attributes_of_a_shapefile_changing_announces_only_its_table)
{
	shapes("shapes.shp", wkbPoint, "fid");
	is(delta(&f, "patch", "shapes", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 1);
	cr_assert_str_eq(f.files.items[0], "shapes.dbf");
}

Test(apply_files, what_a_shapefile_cannot_hold_is_refused_and_taken_back)
{
	char big[400];

	shapes("shapes.shp", wkbPoint, "fid");
	snprintf(big, sizeof big, "{'attributes':{'fid':9,'txt':'%0300d'}}", 0); /* a column grows to 254 characters */
	is(delta(&f, "patch", "shapes", "1", "{'attributes':{'txt':'a','fid':8}}", big), "conflict", "");
	is(delta(&f, "patch", "shapes", "1", "{'attributes':{'txt':'a','fid':1}}", big), "not_applied", "column \"txt\" would hold \"000");
	is(delta(&f, "patch", "shapes", "1", "{'attributes':{'fid':1}}", "{'attributes':{'fid':3000000000}}"), "not_applied", "is out of range");
	is(delta(&f, "create", "shapes", "9", NULL, big), "not_applied", "would hold");
	is(delta(&f, "patch", "shapes", "9", PATCH_A), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "shapes", "2", "{'attributes':{'txt':'b'}}", "{'attributes':{'txt':'B'}}"), "applied", "");
	is(delta(&f, "create", "shapes", "9", NULL, "{'attributes':{'fid':9,'txt':'line'},'geometry':'LineString (0 0, 1 1)'}"), "not_applied", "does not fit");
	cr_assert_eq(finish(&f), FP_OK);
	holds("shapes.shp", "1 a POINT (1 0); 2 B POINT (2 0); 3 c POINT (3 0)");
}

Test(apply_files, two_features_of_one_key_in_a_shapefile_are_an_error)
{
	shapes("shapes.shp", wkbPoint, "FID");
	is(delta(&f, "create", "shapes", "", NULL, "{'attributes':{'FID':3,'txt':'twin'}}"), "applied", "");
	is(delta(&f, "patch", "shapes", "3", "{'attributes':{'txt':'c'}}", "{'attributes':{'txt':'z'}}"), "error", "several features whose \"FID\" is 3");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_files, a_changed_key_is_found_under_its_new_name_only)
{
	shapes("shapes.shp", wkbPoint, "fid");
	is(delta(&f, "patch", "shapes", "1", "{'attributes':{'fid':1}}", "{'attributes':{'fid':11}}"), "applied", "");
	is(delta(&f, "patch", "shapes", "1", PATCH_A), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "shapes", "11", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	holds("shapes.shp", "11 A POINT (1 0); 2 b POINT (2 0); 3 c POINT (3 0)");
}

Test(apply_files, a_shapefile_of_polygons_takes_single_and_multi)
{
	shapes("shapes.shp", wkbPolygon, "fid");
	is(delta(&f, "patch", "shapes", "1", "{'attributes':{'txt':'a'}}",
		"{'geometry':'MultiPolygon (((0 0, 0 4, 4 4, 0 0)),((10 10, 10 14, 14 14, 10 10)))'}"), "applied", "");
	is(delta(&f, "patch", "shapes", "2", "{'attributes':{'txt':'b'}}", "{'geometry':'Polygon ((0 0, 0 4, 4 4, 0 0))'}"), "applied", "");
	is(delta(&f, "patch", "shapes", "3", "{'attributes':{'txt':'c'}}", "{'geometry':'Point (0 0)'}"), "not_applied", "does not fit");
	cr_assert_eq(finish(&f), FP_OK);
	holds("shapes.shp", "1 a MULTIPOLYGON (((0 0,0 4,4 4,0 0)),((10 10,10 14,14 14,10 10))); 2 b POLYGON ((0 0,0 4,4 4,0 0)); "
		"3 c POLYGON ((3 0,9 9,9 0,1 0))");
}

Test(apply_files, the_spatial_index_beside_a_shapefile_is_made_anew)
{
	char *path, *sql;
	GDALDatasetH ds;

	shapes("shapes.shp", wkbPoint, "fid");
	path = fp_path_join(f.in, "shapes.shp");
	ds = GDALOpenEx(path, GDAL_OF_VECTOR | GDAL_OF_UPDATE, NULL, NULL, NULL);
	sql = fp_strdup("CREATE SPATIAL INDEX ON shapes");
	GDALDatasetReleaseResultSet(ds, GDALDatasetExecuteSQL(ds, sql, NULL, NULL));
	GDALClose(ds);
	free(sql);
	free(path);
	is(delta(&f, "patch", "shapes", "1", "{'geometry':'Point (1 0)'}", "{'geometry':'Point (500 500)'}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(fp_strv_has(&f.files, "shapes.qix"), 1);
}

Test(apply_files, a_shapefile_without_its_table_or_index_is_named)
{
	char *shx;

	shapes("shapes.shp", wkbPoint, "fid");
	shx = fp_path_join(f.in, "shapes.shx");
	unlink(shx);
	free(shx);
	is(delta(&f, "patch", "shapes", "1", PATCH_A), "not_applied", "Cannot start editing layer");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

/* ---- CSV ---- */

static const char csv[] = "fid,txt,n\n\"1\",a,1\n\"2\",b,2\n3,,\n4,\"with, comma\",4\n";

Test(apply_files, a_csv_file_keeps_the_order_of_its_rows)
{
	fixture_write(&f, "t.csv", csv);
	fixture_layer(&f, "t", "vector", "ogr", "./t.csv|layername=t");
	is(delta(&f, "patch", "t", "4", "{'attributes':{'txt':'with, comma'}}", "{'attributes':{'txt':'q\\\"uote'}}"), "applied", "");
	is(delta(&f, "create", "t", "9", NULL, "{'attributes':{'fid':9,'txt':'nine'},'geometry':null}"), "applied", "");
	is(delta(&f, "create", "t", "10", NULL, "{'attributes':{'fid':'10','txt':null}}"), "applied", "");
	is(delta(&f, "delete", "t", "2", "{'attributes':{'fid':'2'}}", NULL), "applied", "");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'n':'1'}}", "{'attributes':{'n':5}}"), "applied", "");
	is(delta(&f, "patch", "t", "9", "{'attributes':{'txt':'nine'}}", "{'attributes':{'txt':'NINE'}}"), "applied", "");
	is(delta(&f, "create", "t", "11", NULL, "{'geometry':'Point (1 2)'}"), "not_applied", "the layer has no geometry");
	cr_assert_eq(finish(&f), FP_OK);
	holds("t.csv", "1 a -; 3  -; 4 q\"uote -; 9 NINE -; 10  -");
	cr_assert_eq(f.files.n, 1);
}

Test(apply_files, a_csv_file_without_fid_is_refused)
{
	fixture_write(&f, "t.csv", "txt,n\na,1\n");
	fixture_layer(&f, "t", "vector", "ogr", "./t.csv");
	is(delta(&f, "patch", "t", "1", PATCH_A), "not_applied", "neither has a primary key, nor an attribute `fid`!");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_files, typed_csv_columns_refuse_what_they_cannot_hold)
{
	fixture_write(&f, "t.csv", "fid,txt,n,d,dt\n1,a,1,1.5,2024-03-01\n2,,,,\n");
	fixture_write(&f, "t.csvt", "\"Integer\",\"String\",\"Integer\",\"Real\",\"Date\"");
	fixture_layer(&f, "t", "vector", "ogr", "./t.csv");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'n':1,'dt':'2024-03-01','d':1.5}}", "{'attributes':{'txt':'x'}}"), "error", "without an old value");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'n':1}}", "{'attributes':{'n':'x'}}"), "not_applied", "is no whole number");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'dt':'2024-03-01'}}", "{'attributes':{'dt':'2025-12-31'}}"), "applied", "");
	is(delta(&f, "patch", "t", "2", "{'attributes':{'n':null,'txt':''}}", "{'attributes':{'n':7}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_files, a_large_csv_file_is_not_read_again_for_every_change)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "fid,txt\n");
	for (int i = 1; i <= 20000; i++)
		fp_buf_addf(&b, "%d,t%d\n", i, i);
	fixture_write(&f, "t.csv", b.data);
	fp_buf_free(&b);
	fixture_layer(&f, "t", "vector", "ogr", "./t.csv");
	for (int i = 0; i < 1000; i++) {
		char pk[16], old[64];
		int n = (i * 7919) % 20000 + 1;
		snprintf(pk, sizeof pk, "%d", n);
		snprintf(old, sizeof old, "{'attributes':{'txt':'t%d'}}", n);
		is(delta(&f, "patch", "t", pk, old, "{'attributes':{'txt':'x'}}"), "applied", "");
	}
	cr_assert_eq(finish(&f), FP_OK);
}

/* ---- GeoJSON ---- */

static const char geojson[] = "{\"type\":\"FeatureCollection\",\"name\":\"g\",\"description\":\"kept\",\"features\":[\n"
	"{\"type\":\"Feature\",\"id\":8,\"properties\":{\"fid\":1,\"txt\":\"a\",\"dt\":\"2024-03-01\",\"ts\":\"2024-03-01T10:20:30Z\",\"arr\":[\"x\",\"y\"],"
	"\"iarr\":[1,2],\"obj\":{\"k\":1},\"b\":true,\"extra\":\"e\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,0.123456789]}},\n"
	"{\"type\":\"Feature\",\"id\":9,\"properties\":{\"fid\":2,\"txt\":\"b\",\"dt\":null,\"ts\":null,\"arr\":[\"z\"],\"iarr\":[3],\"obj\":{\"k\":2},"
	"\"b\":false,\"extra\":null},\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,3,4]}}\n]}";

Test(apply_files, a_geojson_file_keeps_what_was_not_changed)
{
	char *text;

	fixture_write(&f, "g.geojson", geojson);
	fixture_layer(&f, "g", "vector", "ogr", "./g.geojson");
	is(delta(&f, "patch", "g", "1", "{'attributes':{'txt':'a','arr':['x','y'],'iarr':[1,2],'obj':{'k':1},'b':true,'dt':'2024-03-01',"
		"'ts':'2024-03-01T11:20:30+01:00'},'geometry':'Point (1 0.123456789)'}",
		"{'attributes':{'txt':'A','arr':['q'],'iarr':[7,8,9],'obj':{'n':[1]},'b':false,'dt':'2025-01-02','ts':'2025-01-02T03:04:05.678Z'}}"), "applied", "");
	is(delta(&f, "create", "g", "3", NULL, "{'attributes':{'fid':3,'txt':'n'},'geometry':'Point (5.25 6.5)'}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	text = fixture_read(&f, "g.geojson");
	cr_assert(strstr(text, "kept") != NULL);
	cr_assert(strstr(text, "\"id\": 8") != NULL && strstr(text, "\"id\": 9") != NULL, "%s", text);
	free(text);
	cr_assert_eq(f.files.n, 1);
	holds("g.geojson", "1 A POINT (1.0 0.123456789); 2 b POINT Z (2 3 4); 3 n POINT (5.25 6.5)");
	is(delta(&f, "patch", "g", "1", "{'attributes':{'txt':'A','arr':['q'],'iarr':[7,8,9],'obj':{'n':[1]},'b':false,'dt':'2025-01-02',"
		"'ts':'2025-01-02T03:04:05.678Z'}}", "{'attributes':{'txt':'AA'}}"), "applied", "");
	is(delta(&f, "patch", "g", "2", "{'attributes':{'arr':['z'],'iarr':[3],'obj':{'k':2},'b':false,'dt':null,'txt':'b'}}", "{'attributes':{'txt':'BB'}}"),
		"applied", "");
	is(delta(&f, "delete", "g", "3", "{'attributes':{'txt':'n'},'geometry':'Point (5.25 6.5)'}", NULL), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	holds("g.geojson", "1 AA POINT (1.0 0.123456789); 2 BB POINT Z (2 3 4)");
}

/* GDAL numbers features without an id in one way while it reads and in another once it writes. */
Test(apply_files, geojson_features_without_ids_are_not_mistaken_for_one_another)
{
	struct fp_buf b = FP_BUF_INIT, want = FP_BUF_INIT;

	fp_buf_adds(&b, "{\"type\":\"FeatureCollection\",\"features\":[");
	for (int i = 1; i <= 9; i++) {
		fp_buf_addf(&b, "%s{\"type\":\"Feature\",%s\"properties\":{\"fid\":%d,\"txt\":\"t%d\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[%d,0]}}",
			i > 1 ? "," : "", i == 2 ? "\"id\":5," : i == 4 ? "\"id\":0," : "", i, i, i);
		fp_buf_addf(&want, "%s%d T%d POINT (%d 0)", i > 1 ? "; " : "", i, i, i);
	}
	fp_buf_adds(&b, "]}");
	fixture_write(&f, "g.geojson", b.data);
	fixture_layer(&f, "g", "vector", "ogr", "./g.geojson");
	for (int i = 9; i >= 1; i--) {
		char pk[8], old[64], new[64];
		snprintf(pk, sizeof pk, "%d", i);
		snprintf(old, sizeof old, "{'attributes':{'txt':'t%d'},'geometry':'Point (%d 0)'}", i, i);
		snprintf(new, sizeof new, "{'attributes':{'txt':'T%d'}}", i);
		is(delta(&f, "patch", "g", pk, old, new), "applied", "");
	}
	cr_assert_eq(finish(&f), FP_OK);
	{
		char *path = fp_path_join(f.out, "g.geojson"), *text = fixture_read(&f, "g.geojson");
		for (int i = 1; i <= 9; i++) {
			char part[64];
			snprintf(part, sizeof part, "\"fid\": %d, \"txt\": \"T%d\"", i, i);
			cr_assert(strstr(text, part) != NULL, "%s lacks %s", text, part);
		}
		free(path);
		free(text);
	}
	fp_buf_free(&b);
	fp_buf_free(&want);
}

Test(apply_files, broken_json_is_refused)
{
	fixture_write(&f, "g.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\"");
	fixture_layer(&f, "g", "vector", "ogr", "./g.geojson");
	is(delta(&f, "patch", "g", "1", PATCH_A), "not_applied", "Cannot start editing layer");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_files, a_format_that_can_only_be_read_is_named)
{
	static const struct { const char *driver, *file, *option, *message; } formats[] = {
		{"FlatGeobuf", "x.fgb", NULL, "files of the format FlatGeobuf can only be read"}, {"GPX", "x.gpx", NULL, "files of the format GPX can only be read"},
		{"GML", "x.gml", NULL, "files of the format GML can only be read"}, {"LIBKML", "x.kml", NULL, "KML can only be read"},
		{"LIBKML", "x.kmz", NULL, "KML can only be read"}, {"GeoJSONSeq", "x.geojsonl", NULL, "files of the format GeoJSONSeq can only be read"},
		{"ODS", "x.ods", NULL, "formulas and formats would be lost"}, {"XLSX", "x.xlsx", NULL, "formulas and formats would be lost"},
		{"DXF", "x.dxf", NULL, "files of the format DXF can only be read"}, {"MapInfo File", "x.mif", "FORMAT=MIF", "can only be read"},
		{"OpenFileGDB", "x.gdb", NULL, "a folder"}, {"ESRI Shapefile", "x.shz", NULL, "zipped shapefiles can only be read"},
	};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char *path = fp_path_join(f.in, formats[i].file), source[32], *options[] = {(char *)(uintptr_t)formats[i].option, NULL};
		GDALDriverH driver = GDALGetDriverByName(formats[i].driver);
		GDALDatasetH ds = driver ? GDALCreate(driver, path, 0, 0, 0, GDT_Unknown, options) : NULL;
		OGRLayerH l = ds ? GDALDatasetCreateLayer(ds, i == 1 ? "waypoints" : "x", NULL, wkbPoint, NULL) : NULL;

		if (l && formats[i].option) {
			OGRFieldDefnH d = OGR_Fld_Create("txt", OFTString);
			cr_assert_eq(OGR_L_CreateField(l, d, 1), OGRERR_NONE);
			OGR_Fld_Destroy(d);
		}
		for (int n = 0; l && n < 2; n++) {
			OGRFeatureH o = OGR_F_Create(OGR_L_GetLayerDefn(l));
			OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
			OGR_G_SetPoint_2D(g, 0, 1, 1);
			OGR_F_SetGeometryDirectly(o, g);
			cr_assert_eq(OGR_L_CreateFeature(l, o), OGRERR_NONE);
			OGR_F_Destroy(o);
		}
		GDALClose(ds);
		free(path);
		if (!l)
			continue; /* this GDAL is built without it */
		snprintf(source, sizeof source, "./%s", formats[i].file);
		fixture_layer(&f, formats[i].file, "vector", "ogr", source);
		is(delta(&f, "patch", formats[i].file, "1", PATCH_A), "not_applied", "Cannot start editing layer: ");
		is(delta(&f, "patch", formats[i].file, "1", PATCH_A), "not_applied", formats[i].message);
	}
	fixture_write(&f, "one.geojsonl", "{\"type\":\"Feature\",\"properties\":{\"fid\":1,\"txt\":\"a\"},\"geometry\":null}\n"); /* GeoJSON, too */
	fixture_layer(&f, "one", "vector", "ogr", "./one.geojsonl");
	is(delta(&f, "patch", "one", "1", PATCH_A), "not_applied", "files of the format GeoJSONSeq can only be read");
	fixture_write(&f, "x.vrt", "<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>");
	fixture_layer(&f, "vrt", "vector", "ogr", "./x.vrt");
	is(delta(&f, "patch", "vrt", "1", PATCH_A), "not_applied", "Cannot start editing layer");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

/* ---- MapInfo tables ---- */

static void tables(const char *key)
{
	char *path = fp_path_join(f.in, "t.tab");
	GDALDatasetH ds = GDALCreate(GDALGetDriverByName("MapInfo File"), path, 0, 0, 0, GDT_Unknown, NULL);
	OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
	OGRLayerH l;
	static const struct { const char *name; OGRFieldType type; int width; } fields[] = {
		{NULL, OFTInteger, 0}, {"txt", OFTString, 5}, {"dbl", OFTReal, 0}, {"ts", OFTDateTime, 0}
	};

	OSRImportFromEPSG(srs, 4326);
	l = GDALDatasetCreateLayer(ds, "t", srs, wkbUnknown, NULL);
	OSRDestroySpatialReference(srs);

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		OGRFieldDefnH d = OGR_Fld_Create(i == 0 ? key : fields[i].name, fields[i].type);
		OGR_Fld_SetWidth(d, fields[i].width);
		cr_assert_eq(OGR_L_CreateField(l, d, 1), OGRERR_NONE);
		OGR_Fld_Destroy(d);
	}
	for (int i = 1; i <= 3; i++) {
		OGRFeatureH o = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		OGR_G_SetPoint_2D(g, 0, i, 0);
		OGR_F_SetGeometryDirectly(o, g);
		OGR_F_SetFieldInteger(o, 0, i);
		OGR_F_SetFieldString(o, 1, (char[]){(char)('a' + i - 1), 0});
		cr_assert_eq(OGR_L_CreateFeature(l, o), OGRERR_NONE);
		OGR_F_Destroy(o);
	}
	GDALClose(ds);
	free(path);
	fixture_layer(&f, "t", "vector", "ogr", "./t.tab");
}

Test(apply_files, what_a_mapinfo_table_cannot_hold_is_refused_and_taken_back)
{
	tables("fid");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'too long for it'}}"), "not_applied", "column \"txt\" would hold");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'dbl':0}}", "{'attributes':{'dbl':null}}"), "not_applied", "column \"dbl\" would hold");
	is(delta(&f, "create", "t", "9", NULL, "{'attributes':{'fid':9,'txt':'too long for it'},'geometry':'Point (1 1)'}"), "not_applied", "would hold");
	is(delta(&f, "patch", "t", "2", "{'attributes':{'txt':'b'}}", "{'attributes':{'txt':'B'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	advance(&f);
	is(delta(&f, "patch", "t", "1", PATCH_A), "applied", "");
	is(delta(&f, "patch", "t", "9", PATCH_A), "not_applied", "Unable to find feature");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_files, a_mapinfo_table_without_fid_is_refused)
{
	tables("number");
	is(delta(&f, "patch", "t", "1", PATCH_A), "not_applied", "neither has a primary key, nor an attribute `fid`!");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply_files, a_mapinfo_table_with_indexed_columns_is_refused)
{
	tables("fid");
	fixture_write(&f, "t.ind", "index");
	is(delta(&f, "patch", "t", "1", PATCH_A), "not_applied", "has indexed columns");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

Test(apply_files, a_mapinfo_table_is_written_in_place_with_its_companions)
{
	char *list;

	tables("fid");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'txt':'a'},'geometry':'Point (1 0)'}",
		"{'attributes':{'txt':'A','dbl':0.1,'ts':'2024-03-01T10:20:30Z'},'geometry':'Point (5.1234567890123 5)'}"), "error", "dbl");
	is(delta(&f, "patch", "t", "1", "{'attributes':{'txt':'a'},'geometry':'Point (1 0)'}", "{'attributes':{'txt':'A'},'geometry':'PointZ (5 5 9)'}"),
		"applied", "no Z");
	is(delta(&f, "delete", "t", "2", "{'attributes':{'txt':'b'}}", NULL), "applied", "");
	is(delta(&f, "create", "t", "7", NULL, "{'attributes':{'fid':7,'txt':'n'},'geometry':'LineString (7 7, 8 8)'}"), "not_applied", "does not fit");
	is(delta(&f, "create", "t", "7", NULL, "{'attributes':{'fid':7,'txt':'n','dbl':0.25},'geometry':'Point (7 7)'}"), "applied", "");
	is(delta(&f, "create", "t", "8", NULL, "{'attributes':{'fid':8,'txt':'f'},'geometry':'Point (5.123456789012 5)'}"), "applied", "");
	/* the device remembers what it sent, the file what it could hold of it */
	is(delta(&f, "patch", "t", "8", "{'attributes':{'txt':'f'},'geometry':'Point (5.123456789012 5)'}", "{'attributes':{'txt':'g'},'geometry':'Point (6 6)'}"),
		"applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	list = fixture_list(&f);
	cr_assert(strstr(list, "t.dat") && strstr(list, "t.map") && strstr(list, "t.id"), "%s", list);
	free(list);
	holds("t.tab", "1 A POINT (5 5); 3 c POINT (3 0); 7 n POINT (7 7); 8 g POINT (6 6)");
}
