/* Check project layers: every provider's rules on small files made here, and the words that go with a verdict. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "tests/layer_files.h"

TestSuite(layers, .timeout = 60);

Test(layers, ogr_layers_follow_the_tokens, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "./a.gpkg", "ok", NULL},
		{"vector", NULL, "./a.gpkg", "ok", NULL},
		{"vector", "OGR", "./a.gpkg", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layername=PTS", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layername=Two Words|uniqueGeometryType=yes", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layerid=1", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layerid=-3", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layerid=99", "invalid_dataprovider", "no layer number 99 in file; it has: pts, Two Words, any, table"},
		{"vector", "ogr", "./a.gpkg|layername=nope", "invalid_dataprovider", "no layer \"nope\" in file; it has: pts"},
		{"vector", "ogr", "./a.gpkg|layername=", "invalid_dataprovider", "no layer \"\""},
		{"vector", "ogr", "./a.gpkg|frob", "invalid_dataprovider", "File \"a.gpkg|frob\" missing."},
		{"vector", "ogr", "", "invalid_dataprovider", "empty"},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=\"val\" > 1", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=nope > 1", "ok", "the layer will look empty: no such column: nope"},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=ST_Area(geom) > 1", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM pts", "ok", NULL},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM nope", "invalid_dataprovider", "Filter of the layer cannot be used"},
		{"vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT load_extension('x')", "not_checked", "not run"},
		{"vector", "ogr", "./s.shp|subset=val > 1", "ok", NULL},
		{"vector", "ogr", "./s.shp|subset=zz > 1", "invalid_dataprovider", "Filter of the layer cannot be used"},
		{"vector", "ogr", "./s.shp|subset=SELECT * FROM s", "ok", NULL},
		{"vector", "ogr", "./s.shp|subset=SELECT * FROM 'b.shp'.b", "not_checked", "reads other files"},
		{"vector", "ogr", "./s.dbf", "ok", NULL},
		{"vector", "ogr", "./noshx.shp", "invalid_dataprovider", "Shapefile incomplete: .shx missing"},
		{"vector", "ogr", "./nodbf.shp", "ok", ".dbf missing"},
	};

	files_vector(files_upload, "s.shp", "ESRI Shapefile");
	files_copy("s.shp", "noshx.shp");
	files_copy("s.dbf", "noshx.dbf");
	files_copy("s.shp", "nodbf.shp");
	files_copy("s.shx", "nodbf.shx");
	HOLD(cases);
}

Test(layers, damaged_and_foreign_files_are_called_what_they_are, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "./empty.geojson", "invalid_dataprovider", "the file is empty"},
		{"vector", "ogr", "./bad.geojson", "invalid_dataprovider", "empty or damaged"},
		{"vector", "ogr", "./html.geojson", "invalid_dataprovider", "web page"},
		{"vector", "ogr", "./lfs.gpkg|layername=x", "invalid_dataprovider", "Git-LFS"},
		{"vector", "ogr", "./text.gpkg", "invalid_dataprovider", "no driver recognises"},
		{"vector", "ogr", "./r.tif", "invalid_dataprovider", "holds no vector data"},
		{"vector", "ogr", "./plan.dwg", "not_checked", "AutoCAD"},
		{"vector", "ogr", "./base.gdb", "invalid_dataprovider", "it is a folder"},
		{"vector", "ogr", "./good.geojson", "ok", NULL},
		{"vector", "ogr", "./good.json", "ok", NULL},
		{"raster", "gdal", "./r.tif", "ok", NULL},
		{"raster", "gdal", "./nogeo.tif", "ok", "georeference"},
		{"raster", "gdal", "./cut.tif", "ok", "cut off"},
		{"raster", "gdal", "./empty.tif", "invalid_dataprovider", "Cannot open GDAL dataset empty.tif:"},
		{"raster", "gdal", "./gone.tif", "invalid_dataprovider", "Cannot open GDAL dataset gone.tif:"},
		{"raster", "gdal", "", "invalid_dataprovider", "Provider is not valid (provider: gdal, URI: "},
	};
	char *cut = files_at("cut.tif"), *gdb = files_at("base.gdb");

	files_raster("r.tif", 1);
	files_raster("nogeo.tif", 0);
	files_copy("r.tif", "cut.tif");
	cr_assert_eq(truncate(cut, 600), 0);
	cr_assert_eq(mkdir(gdb, 0700), 0);
	files_put("empty.geojson", "");
	files_put("empty.tif", "");
	files_put("bad.geojson", "{\"type\":\"FeatureCollection\",\"features\":[");
	files_put("html.geojson", "<!DOCTYPE html><html><body>Log in</body></html>");
	files_put("lfs.gpkg", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
	files_put("text.gpkg", "hello");
	files_put("plan.dwg", "AC1032 and more");
	files_put("good.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"fid\":1},\"geometry\":"
		"{\"type\":\"Point\",\"coordinates\":[1,2]}}]}");
	files_copy("good.geojson", "good.json");
	HOLD(cases);
	free(cut);
	free(gdb);
}

Test(layers, missing_files_lead_to_the_right_remedy, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "./gone.shp", "invalid_dataprovider", "was not uploaded, or lies elsewhere"},
		{"vector", "ogr", "gone.shp", "invalid_dataprovider", "File \"gone.shp\" missing."},
		{"vector", "ogr", "./A.GPKG", "invalid_dataprovider", "Upper and lower case differ: the project says \"A.GPKG\", uploaded is \"a.gpkg\""},
		{"vector", "ogr", "./trees.shp", "invalid_dataprovider", "a file of that name lies at \"data/trees.shp\""},
		{"vector", "ogr", "/home/alice/gis/data/trees.shp", "invalid_dataprovider", "You uploaded \"data/trees.shp\""},
		{"vector", "ogr", "C:/Users/bob/trees.shp", "invalid_dataprovider", "You uploaded \"data/trees.shp\""},
		{"vector", "ogr", "C:\\Users\\bob\\none.shp", "invalid_dataprovider", "Save paths to relative"},
		{"vector", "ogr", ".\\a.gpkg", "invalid_dataprovider", "\"a.gpkg\" was uploaded"},
		{"vector", "ogr", "./data\\trees.shp", "invalid_dataprovider", "back-slashes"},
		{"vector", "ogr", "//server/share/x.shp", "invalid_dataprovider", "network drive"},
		{"vector", "ogr", "\\\\server\\share\\x.shp", "invalid_dataprovider", "network drive"},
		{"vector", "ogr", "Z:\\x.shp", "invalid_dataprovider", "network drive"},
		{"vector", "ogr", "file:///home/u/x.shp", "invalid_dataprovider", "author's computer"},
		{"vector", "ogr", "./caf\xc3\xa9.shp", "invalid_dataprovider", "look alike"},
		{"vector", "ogr", "localized:shared/x.gpkg|layername=a", "localized_dataprovider", "shared dataset \"shared/x.gpkg\""},
		{"raster", "gdal", "localized:dem.tif", "localized_dataprovider", "shared dataset"},
	};

	files_put("cafe\xcc\x81.shp", "x"); /* as macOS writes it */
	{
		char *data = files_at("data");
		cr_assert_eq(mkdir(data, 0700), 0);
		free(data);
	}
	files_put("data/trees.shp", "x");
	HOLD(cases);
}

Test(layers, providers_that_cannot_serve_a_layer_are_missing, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "SQLite3", "./a.gpkg", "missing_dataprovider", "No data provider available"},
		{"raster", "frob", "./a.tif", "missing_dataprovider", "Cannot instantiate the 'frob' data provider"},
		{"vector", "", "./a.gpkg", "missing_dataprovider", "no provider \"\""},
		{"vector", "gdal", "./a.gpkg", "missing_dataprovider", "does not serve vector layers"},
		{"raster", "ogr", "./a.gpkg", "missing_dataprovider", "does not serve raster layers"},
		{"vector", "grass", "x", "missing_dataprovider", "No data provider available"},
		{"vector", "postgres", "host=h authcfg=abc1234 table=\"t\"", "missing_dataprovider", "Such logins stay on your computer"},
		{"vector-tile", "vectortile", "type=frob&url=x", "missing_dataprovider", "type \"frob\""},
	};

	HOLD(cases);
}

Test(layers, what_is_valid_by_definition_is, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"annotation", NULL, "", "ok", NULL},
		{"group", NULL, "", "ok", NULL},
		{"raster", "wms", "type=xyz&url=https://h/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=19", "ok", NULL},
		{"raster", "wms", "type=xyz&url=", "ok", "no tile will be shown"},
		{"raster", "arcgismapserver", "crs='EPSG:3857' url='http://h/MapServer'", "ok", NULL},
		{"vector-tile", "xyzvectortiles", "type=xyz&url=http://h/{z}/{x}/{y}.pbf", "ok", NULL},
		{"vector-tile", NULL, "type=xyz&url=http://h/none.pbf", "invalid_dataprovider", "{x}"},
		{"vector", "memory", "Point?crs=EPSG:4326&field=a:int", "ok", "features are not stored"},
		{"vector", "memory", "memory?geometry=MultiPolygonZ&crs=x", "ok", "features are not stored"},
		{"vector", "memory", "NoGeometry", "ok", "features are not stored"},
		{"vector", "memory", "Frob?x", "invalid_dataprovider", "no geometry type"},
		{"vector", "memory", "", "invalid_dataprovider", "no geometry type"},
		{"vector", "memory", "Unknown", "invalid_dataprovider", "no geometry type"},
		{"vector", "memory", "TIN", "invalid_dataprovider", "no geometry type"},
		{"vector", "memory", "Point&crs=x", "invalid_dataprovider", "no geometry type"},
		{"vector", "memory", "memory&geometry=Point", "invalid_dataprovider", "no geometry type"},
		{"raster", "wms", "type=mbtiles&url=", "ok", "no tile will be shown"},
		{"raster", "wms", "type=mbtiles&url=file:./a.gpkg", "ok", "is no MBTiles file"},
		{"raster", "wms", "type=mbtiles&url=./a.gpkg", "invalid_dataprovider", "Cannot open MBTiles database"},
		{"vector-tile", "vectortile", "type=mbtiles&url=file:./a.gpkg", "invalid_dataprovider", "not written as a path"},
	};

	HOLD(cases);
}

Test(layers, text_tables_are_read_as_qgis_reads_them, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "delimitedtext", "file:./xy.csv?type=csv&xField=x&yField=Y", "ok", NULL},
		{"vector", "delimitedtext", "./xy.csv?xField=x&yField=y", "ok", NULL},
		{"vector", "delimitedtext", "file:./xy.csv?xField=lon&yField=y", "invalid_dataprovider", "no column \"lon\"; columns are: name, x, y"},
		{"vector", "delimitedtext", "file:./xy.csv?delimiter=;&xField=x&yField=y", "invalid_dataprovider", "no column \"x\"; columns are: name,x,y"},
		{"vector", "delimitedtext", "file:./xy.csv?useHeader=no&xField=field_2&yField=field_3", "ok", NULL},
		{"vector", "delimitedtext", "file:./sp%20ace.csv?delimiter=%5Ct&wktField=wkt", "ok", NULL},
		{"vector", "delimitedtext", "file:./quoted.csv?xField=the%20x&yField=y,z", "ok", NULL},
		{"vector", "delimitedtext", "file:./xy.csv?type=regexp&delimiter=((&geomType=none", "invalid_dataprovider", "not valid"},
		{"vector", "delimitedtext", "file:./ws.txt?type=whitespace&xField=x&yField=y", "ok", NULL},
		{"vector", "delimitedtext", "file:./latin.csv?encoding=ISO-8859-1&xField=l%C3%A4nge&yField=y", "ok", NULL},
		{"vector", "delimitedtext", "file:./bom.csv?xField=x&yField=y", "ok", NULL},
		{"vector", "delimitedtext", "file:./none.csv?type=csv", "invalid_dataprovider", "the file is empty"},
		{"vector", "delimitedtext", "file:./gone.csv?type=csv", "invalid_dataprovider", "File \"gone.csv\" missing."},
		{"vector", "delimitedtext", "file:///C:/Users/x/xy.csv?type=csv", "invalid_dataprovider", "missing."},
	};

	files_put("xy.csv", "name,x,y\na,1,2\n");
	files_put("sp ace.csv", "id\twkt\n1\tPOINT(1 2)\n");
	files_put("quoted.csv", "\"the x\",\"y,z\",\"say \"\"hi\"\"\nand more\"\n1,2,3\n");
	files_put("ws.txt", "x   y\tz\n1 2 3\n");
	files_put("latin.csv", "l\xe4nge,y\n1,2\n");
	files_put("bom.csv", "\xef\xbb\xbfx,y\n1,2\n");
	files_put("none.csv", "");
	HOLD(cases);
}

Test(layers, gpx_needs_a_part_and_a_well_formed_file, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "gpx", "./t.gpx?type=track", "ok", NULL},
		{"vector", "gpx", "./t.gpx?type=anything", "ok", NULL},
		{"vector", "gpx", "./t.gpx", "invalid_dataprovider", "type="},
		{"vector", "gpx", "./t.gpx?type=", "invalid_dataprovider", "type="},
		{"vector", "gpx", "./t.gpx?x=y&type=track", "invalid_dataprovider", "File \"t.gpx?x=y&type=track\" missing."},
		{"vector", "gpx", "./entity.gpx?type=track", "invalid_dataprovider", "XML broken"},
		{"vector", "gpx", "./none.gpx?type=track", "ok", "will show nothing"},
		{"vector", "gpx", "./bad.gpx?type=track", "invalid_dataprovider", "XML broken"},
		{"vector", "gpx", "./bytes.gpx?type=track", "invalid_dataprovider", "XML broken"},
		{"vector", "gpx", "./gone.gpx?type=track", "invalid_dataprovider", "File \"gone.gpx\" missing."},
	};

	files_put("t.gpx", "<gpx version='1.1'><wpt lat='1' lon='2'/></gpx>");
	files_put("entity.gpx", "<gpx>&foo;</gpx>");
	files_put("none.gpx", "");
	files_put("bad.gpx", "<gpx><wpt>");
	files_put("bytes.gpx", "<gpx>\xff</gpx>");
	HOLD(cases);
}

static const char spatialite_sql[] =
	"CREATE TABLE spatial_ref_sys(srid INTEGER PRIMARY KEY, auth_name TEXT);"
	"CREATE TABLE geometry_columns(f_table_name TEXT, f_geometry_column TEXT, geometry_type INTEGER, coord_dimension INTEGER, srid INTEGER,"
	" spatial_index_enabled INTEGER);"
	"CREATE TABLE pts(id INTEGER PRIMARY KEY, name TEXT, geom BLOB); CREATE VIEW v AS SELECT * FROM pts;"
	"CREATE TABLE views_geometry_columns(view_name TEXT, view_geometry TEXT, view_rowid TEXT, f_table_name TEXT, f_geometry_column TEXT);"
	"CREATE TABLE virts_geometry_columns(virt_name TEXT); CREATE TABLE geometry_columns_auth(f_table_name TEXT);"
	"INSERT INTO pts VALUES (1, 'a', CAST(x'0001e6100000' || zeroblob(32) || x'7c01000000' || zeroblob(16) || x'fe' AS BLOB));"
	"INSERT INTO geometry_columns VALUES ('pts','geom',1,2,4326,0); INSERT INTO views_geometry_columns VALUES ('v','geom','id','pts','geom');";

Test(layers, spatialite_wants_a_real_spatialite_database, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"pts\" (geom)", "ok", NULL},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"PTS\" (GEOM) sql=", "ok", NULL},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"v\" (geom)", "ok", NULL},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT * FROM pts)\" (geom)", "ok", NULL},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT * FROM nope)\" (geom)", "invalid_dataprovider", "no such table: nope"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT * FROM pts)\" (nope)", "invalid_dataprovider", "no such column: q.nope"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT * FROM pts)\" (name)", "invalid_dataprovider", "no geometry that QGIS can use"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT * FROM pts)\" (geom) sql=id > 1", "invalid_dataprovider", "no geometry that QGIS can use"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT ST_Buffer(geom, 1) AS geom FROM pts)\" (geom)", "ok", "was not run here"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x FROM r WHERE x < 0)\" (x)",
			"ok", "it takes too long"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"broken\"", "invalid_dataprovider", "no such table: main.gone"},
		{"vector", "spatialite", "dbname='./half.sqlite' table=\"pts\" (geom)", "invalid_dataprovider", "table \"geometry_columns_auth\" is missing"},
		{"vector", "spatialite", "dbname='./half.sqlite' table=\"pts\"", "ok", NULL},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"(SELECT load_extension('x'))\"", "ok", "was not run here"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"pts\" (nope)", "invalid_dataprovider", "no registered geometry column \"nope\""},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"nope\" (geom)", "invalid_dataprovider", "no table \"nope\" in the database; it has: pts"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"pts\" (geom) sql=\"name\" = 'x'", "ok", NULL},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"pts\" (geom) sql=nofield > 1", "invalid_dataprovider", "no such column: nofield"},
		{"vector", "spatialite", "dbname='./sl.sqlite' table=\"pts\" (geom) sql=ST_X(geom) > 1", "ok", "was not run here"},
		{"vector", "spatialite", "dbname='./a.gpkg' table=\"pts\" (geom)", "invalid_dataprovider", "not a SpatiaLite database"},
		{"vector", "spatialite", "dbname='./text.db' table=\"pts\" (geom)", "invalid_dataprovider", "not a database"},
		{"vector", "spatialite", "dbname='./gone.db' table=\"pts\" (geom)", "invalid_dataprovider", "File \"gone.db\" missing."},
		{"vector", "spatialite", "table=\"pts\"", "invalid_dataprovider", "no data source"},
	};

	files_sql("sl.sqlite", spatialite_sql);
	files_sql("sl.sqlite", "CREATE TABLE gpkg_contents(x); CREATE TABLE gone(x); CREATE VIEW broken AS SELECT x FROM gone; DROP TABLE gone");
	files_sql("half.sqlite", spatialite_sql);
	files_sql("half.sqlite", "DROP TABLE geometry_columns_auth");
	files_put("text.db", "this is no database at all, only text that is long enough to have a header of a hundred bytes, or nearly so");
	HOLD(cases);
}

/* The verdict about a virtual layer of SOURCE beside a good layer "Pts" and one "gone" whose file is missing. */
static struct fp_verdict judged_virtual(const char *source)
{
	static const char layer[] = "<maplayer type='vector'><id>%s</id><layername>%s</layername><datasource>%s</datasource><provider>%s</provider></maplayer>";
	struct fp_buf xml = FP_BUF_INIT;
	struct fp_project *p = NULL;
	struct fp_error err = {0};
	struct fp_verdict v;
	char *path = files_at("many.qgs");

	fp_buf_adds(&xml, "<qgis version='3.40'><projectlayers>");
	fp_buf_addf(&xml, layer, "a_pts", "Pts", "./a.gpkg|layername=pts", "ogr");
	fp_buf_addf(&xml, layer, "b_gone", "gone", "./gone.gpkg", "ogr");
	fp_buf_addf(&xml, layer, "c_virtual", "V", source, "virtual");
	fp_buf_adds(&xml, "</projectlayers></qgis>");
	files_put("many.qgs", xml.data);
	fp_buf_free(&xml);
	cr_assert_eq(fp_project_open_below(&p, path, NULL, &err), FP_OK, "%s", err.msg);
	fp_layer_check(&v, &(struct fp_checker){.project = p, .prober = -1}, fp_project_layer(p, "c_virtual"));
	fp_project_free(p);
	free(path);
	return v;
}

Test(layers, virtual_layers_stand_on_layers_and_a_query, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *source, *status, *says;
		int wkb;
	} cases[] = {
		{"", "invalid_dataprovider", "Malformed URL", -1},
		{"?", "invalid_dataprovider", "Malformed URL", -1},
		{"?query=", "invalid_dataprovider", "Please specify at least one source layer or a query", -1},
		{"query=SELECT%201", "invalid_dataprovider", "Please specify at least one source layer or a query", -1},
		{"?layer_ref=nope", "invalid_dataprovider", "Cannot find layer nope", -1},
		{"?layer_ref=a_pts:x&amp;layer_ref=b_gone:y", "invalid_dataprovider", "Don't know how to join layers", -1},
		{"?query=SELECT%20*%20FROM%20nope", "invalid_dataprovider", "Referenced table nope in query not found!", -1},
		{"?query=SELECT%20*%20FROM%20gone", "invalid_dataprovider", "Can't deduce the geometry type", -1},
		{"?layer_ref=b_gone:g&amp;query=SELECT%20*%20FROM%20g", "invalid_dataprovider", "Can't deduce the geometry type", -1},
		{"?query=SELEC%201", "invalid_dataprovider", "CREATE TEMP VIEW _tview AS SELEC 1: 1 - near \"SELEC\": syntax error", -1},
		{"?query=DELETE%20FROM%20Pts", "invalid_dataprovider", "near \"DELETE\": syntax error", -1},
		{"?query=SELECT%20%24area", "invalid_dataprovider", "parameters are not allowed in views", -1},
		{"?query=SELECT%20nofunc(1)", "not_checked", "no such function", -1},
		{"?query=SELECT%20*%20FROM%20PTS", "ok", NULL, -1},
		{"?query=SELECT%20*%20FROM%20Pts%3B%20--x", "ok", NULL, -1},
		{"./x.sqlite?query=SELECT%201", "ok", NULL, -1},
		{"?layer_ref=a_pts", "ok", NULL, -1},
		{"?query=SELECT%201&amp;nogeometry", "ok", NULL, 100},
		{"?query=SELECT%201&amp;geometry=g:3:4326", "ok", NULL, 3},
		{"?query=SELECT%201&amp;geometry=g:point:4326", "ok", NULL, -1},
		{"?query=SELECT%201&amp;lazy=1", "ok", NULL, 0},
	};
	struct fp_verdict v;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		v = judged_virtual(cases[i].source);
		cr_expect_str_eq(fp_layer_status_word(v.status), cases[i].status, "%s: %s", cases[i].source, v.detail);
		cr_expect(!cases[i].says || files_says(&v, cases[i].says), "%s: %s | %s", cases[i].source, v.provider_summary, v.detail);
		cr_expect_eq(v.wkb_type, cases[i].wkb, "%s: %d", cases[i].source, v.wkb_type);
		fp_verdict_clear(&v);
	}
	v = judged_virtual("?query=SELECT%201%20AS%20Fid,%202%20AS%20k&amp;uid=k");
	cr_expect_str_eq(v.pk, "k");
	fp_verdict_clear(&v);
	v = judged_virtual("?query=SELECT%201%20AS%20Fid");
	cr_expect_str_eq(v.pk, "Fid");
	fp_verdict_clear(&v);
}

Test(layers, meshes_are_told_by_their_first_bytes, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"mesh", "mdal", "./gone.2dm", "invalid_dataprovider", "File \"gone.2dm\" missing."},
		{"mesh", "mdal", "2DM:./m.txt", "invalid_dataprovider", "File \"2DM:./m.txt\" missing."},
		{"mesh", "mdal", "./empty.2dm", "invalid_dataprovider", "is empty"},
		{"mesh", "mdal", "./a.gpkg", "invalid_dataprovider", "no mesh"},
		{"mesh", "mdal", "./m.slf", "not_checked", "MDAL"},
		{"mesh", "mdal", "Ugrid:\"./m.txt\":x", "not_checked", "MDAL"},
		{"mesh", "mdal", "./m.txt", "ok", NULL},
		{"mesh", "mdal", "2DM:\"./m.txt\":nope", "ok", NULL},
		{"mesh", "mdal", "./m.ply", "ok", NULL},
	};

	files_put("empty.2dm", "");
	files_put("m.slf", "something");
	files_put("m.txt", "MESH2D\n");
	files_put("m.ply", "ply\nformat ascii 1.0\n");
	HOLD(cases);
}

Test(layers, a_verdict_names_the_file_also_when_it_is_missing, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *type, *provider, *source, *filename;
	} cases[] = {
		{"vector", "ogr", "./gone.gpkg|layername=a", "gone.gpkg"},
		{"vector", "ogr", "./sub/../a.gpkg|layername=pts", "a.gpkg"},
		{"vector", "ogr", "./link.gpkg|layername=pts", "link.gpkg"},
		{"vector", "ogr", "/nowhere/gone.gpkg", "/nowhere/gone.gpkg"},
		{"vector", "ogr", "gone.gpkg", "gone.gpkg"},
		{"vector", "ogr", "./x?token=hush", "x?token=***"},
		{"raster", "gdal", "./gone.tif", "gone.tif"},
		{"vector", "delimitedtext", "file:./go%20ne.csv?type=csv", "go ne.csv"},
		{"vector", "spatialite", "dbname='./gone.db' table=\"t\"", "gone.db"},
		{"vector", "gpx", "./gone.gpx?type=track", "gone.gpx"},
		{"vector", "gpx", ".?type=track", "."},
		{"mesh", "mdal", "./gone.2dm", "gone.2dm"},
	};
	char *link = files_at("link.gpkg");

	cr_assert_eq(symlink("a.gpkg", link), 0);
	free(link);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_verdict v = files_judged(cases[i].type, cases[i].provider, cases[i].source);
		cr_expect(v.filename && strcmp(v.filename, cases[i].filename) == 0, "%s: %s", cases[i].source, v.filename ? v.filename : "none");
		fp_verdict_clear(&v);
	}
}

static size_t count_files(void)
{
	char *command = fp_asprintf("ls -A '%s' | wc -l", files_upload);
	FILE *f = popen(command, "r");
	unsigned long n = 0;

	cr_assert_eq(fscanf(f, "%lu", &n), 1);
	pclose(f);
	free(command);
	return n;
}

Test(layers, a_geopackage_that_was_still_open_is_read_with_its_wal_from_a_copy, .init = files_setup, .fini = files_teardown)
{
	struct fp_verdict v;
	char *path = files_at("a.gpkg");
	sqlite3 *db;
	size_t before;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE inwal(fid INTEGER PRIMARY KEY, name TEXT);"
		"INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES ('inwal','attributes','inwal',0)", NULL, NULL, NULL), SQLITE_OK);
	files_copy("a.gpkg", "wal.gpkg");
	files_copy("a.gpkg-wal", "wal.gpkg-wal");
	files_copy("a.gpkg", "late.gpkg"); /* its -wal was left behind */
	sqlite3_close(db);
	files_put("project.qgs", "");
	before = count_files();
	v = files_judged("vector", "ogr", "./wal.gpkg|layername=inwal");
	cr_assert_eq(v.status, FP_LAYER_OK, "%s", v.detail);
	cr_assert(files_says(&v, "still open when it was uploaded"));
	cr_assert_str_eq(v.filename, "wal.gpkg");
	fp_verdict_clear(&v);
	v = files_judged("vector", "ogr", "./late.gpkg|layername=inwal");
	cr_assert_eq(v.status, FP_LAYER_INVALID_DATAPROVIDER);
	fp_verdict_clear(&v);
	v = files_judged("vector", "ogr", "./late.gpkg|layername=pts");
	cr_assert_eq(v.status, FP_LAYER_OK, "%s", v.detail);
	fp_verdict_clear(&v);
	cr_assert_eq(count_files(), before, "something was written beside the project");
	free(path);
}

Test(layers, nothing_is_written_beside_the_project, .init = files_setup, .fini = files_teardown)
{
	size_t before;
	struct fp_verdict v;

	files_sql("sl.sqlite", spatialite_sql);
	files_sql("sl.sqlite", "PRAGMA journal_mode=WAL");
	files_put("g.gml", "<FeatureCollection xmlns:gml='http://www.opengis.net/gml'><gml:featureMember><thing><name>x</name></thing></gml:featureMember>"
		"</FeatureCollection>");
	files_raster("r.tif", 1);
	files_put("project.qgs", "");
	before = count_files();
	v = files_judged("vector", "ogr", "./g.gml");
	fp_verdict_clear(&v);
	v = files_judged("vector", "ogr", "./sl.sqlite|layername=pts");
	cr_expect_eq(v.status, FP_LAYER_OK, "%s", v.detail);
	fp_verdict_clear(&v);
	v = files_judged("vector", "spatialite", "dbname='./sl.sqlite' table=\"pts\" (geom)");
	cr_expect_eq(v.status, FP_LAYER_OK, "%s", v.detail);
	fp_verdict_clear(&v);
	v = files_judged("raster", "gdal", "./r.tif");
	fp_verdict_clear(&v);
	cr_assert_eq(count_files(), before, "something was written beside the project");
}

Test(layers, keys_and_geometry_types_are_those_of_qgis, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *provider, *source, *pk;
		int wkb;
	} cases[] = {
		{"ogr", "./a.gpkg|layername=pts", "fid", 1},
		{"ogr", "./a.gpkg|layername=Two Words", "fid", 2},
		{"ogr", "./a.gpkg|layername=any", "fid", 1},
		{"ogr", "./a.gpkg|layername=table", "fid", 100},
		{"ogr", "./a.gpkg|layername=any|geometrytype=Polygon", "fid", 3},
		{"ogr", "./s.shp", NULL, 1},
		{"ogr", "./g.geojson", "FID", 1},
		{"ogr", "./gone.gpkg", NULL, -1},
		{"memory", "LineStringZM", NULL, 3002},
		{"delimitedtext", "file:./xy.csv?xField=x&yField=y", "fid", 1},
		{"delimitedtext", "file:./xy.csv?type=csv", "fid", 100},
		{"spatialite", "dbname='./sl.sqlite' table=\"pts\" (geom)", "id", 1},
		{"spatialite", "dbname='./sl.sqlite' table=\"v\" (geom)", "id", 1},
		{"spatialite", "dbname='./sl.sqlite' table=\"(SELECT geom, id AS Fid FROM pts)\" (geom)", "Fid", 1},
		{"spatialite", "dbname='./sl.sqlite' table=\"(SELECT * FROM pts)\"", NULL, 100},
		{"spatialite", "dbname='./sl.sqlite' table=\"gc\" (geom)", NULL, 0},
		{"spatialite", "dbname='./sl.sqlite' table=\"byname\"", "FID", 100},
		{"spatialite", "dbname='./sl.sqlite' table=\"big\"", "b", 100},
		{"spatialite", "dbname='./sl.sqlite' table=\"pair\"", NULL, 100},
		{"spatialite", "dbname='./old.sqlite' table=\"pts\" (geom)", "id", 1},
		{"memory", "Point25D?field=a:int&field=FID:int", "FID", -2147483647},
		{"memory", "memory?geometry=No%20geometry#?field=fid:int", NULL, 100},
		{"memory", "file: multi point z?geometry=Polygon&geometry=Point", NULL, 3},
		{"gpx", "./t.gpx?type=WAYPOINT&type=track", NULL, 1},
		{"gpx", "./t.gpx?type=nonsense", NULL, 2},
	};

	files_vector(files_upload, "s.shp", "ESRI Shapefile");
	files_sql("sl.sqlite", spatialite_sql);
	files_sql("sl.sqlite", "CREATE TABLE gc(code TEXT PRIMARY KEY, geom); INSERT INTO geometry_columns VALUES ('gc','geom',7,2,4326,0);"
		"CREATE TABLE byname(code INT PRIMARY KEY, FID INTEGER); CREATE TABLE big(a TEXT, b BIGINT, PRIMARY KEY(a, b));"
		"CREATE TABLE pair(a INTEGER, b INTEGER, PRIMARY KEY(a, b))");
	files_sql("old.sqlite", "CREATE TABLE spatial_ref_sys(srid); CREATE TABLE geometry_columns(f_table_name, f_geometry_column, type, coord_dimension,"
		" spatial_index_enabled); CREATE TABLE pts(id INTEGER PRIMARY KEY, geom); INSERT INTO geometry_columns VALUES ('pts','geom','POINT',2,0)");
	files_put("t.gpx", "<gpx/>");
	files_put("xy.csv", "fid,x,y\n1,2,3\n");
	files_put("g.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"FID\":1},\"geometry\":"
		"{\"type\":\"Point\",\"coordinates\":[1,2]}}]}");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_verdict v = files_judged("vector", cases[i].provider, cases[i].source);
		cr_expect_eq(v.wkb_type, cases[i].wkb, "%s: %d", cases[i].source, v.wkb_type);
		cr_expect(cases[i].pk ? v.pk && strcmp(v.pk, cases[i].pk) == 0 : !v.pk, "%s: %s", cases[i].source, v.pk ? v.pk : "none");
		fp_verdict_clear(&v);
	}
}

Test(layers, json_has_every_member_of_the_contract, .init = files_setup, .fini = files_teardown)
{
	static const char *const members[] = {"id", "name", "type", "provider", "crs", "wkb_type", "pk", "filename", "datasource", "is_valid", "status",
		"error_summary", "provider_summary", "confidence", "cause", "owner", "sentence", "detail", "remedy", "warnings", "instead", "uses", "stages"};
	struct fp_verdict v = files_judged("vector", "ogr", "./a.gpkg|layername=pts");
	struct fp_layer_def l = {.id = (char *)"i", .name = (char *)"n", .type = (char *)"vector", .crs = (char *)"EPSG:4326", .datasource = (char *)"x"};
	json_t *j = fp_verdict_json(&v, &l);

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		cr_expect(json_object_get(j, members[i]), "%s", members[i]);
	cr_assert_eq(json_object_size(j), sizeof members / sizeof *members);
	cr_assert(json_is_true(json_object_get(j, "is_valid")));
	cr_assert_str_eq(fp_json_str(j, "confidence"), "checked");
	cr_assert_str_eq(fp_json_str(j, "filename"), "a.gpkg");
	json_decref(j);
	fp_verdict_clear(&v);
	v = files_judged("vector", "postgres", "host=h");
	j = fp_verdict_json(&v, &l);
	cr_assert(json_is_null(json_object_get(j, "is_valid")));
	cr_assert(json_is_null(json_object_get(j, "pk")));
	json_decref(j);
	fp_verdict_clear(&v);
}

Test(layers, a_file_that_changed_since_is_opened_anew, .init = files_setup, .fini = files_teardown)
{
	static const struct expected before[] = {{"vector", "ogr", "./a.gpkg|layername=pts", "ok", NULL}, {"vector", "ogr", "./a.gpkg|layername=any", "ok", NULL}};
	static const struct expected after[] = {{"vector", "ogr", "./a.gpkg|layername=pts", "invalid_dataprovider", "no layer \"pts\""},
		{"vector", "ogr", "./a.gpkg|layername=any", "ok", NULL}};

	HOLD(before);
	files_sql("a.gpkg", "DELETE FROM gpkg_geometry_columns WHERE table_name = 'pts'; DELETE FROM gpkg_extensions WHERE table_name = 'pts';"
		"DELETE FROM gpkg_contents WHERE table_name = 'pts'; CREATE TABLE filler AS SELECT zeroblob(50000)");
	HOLD(after);
}
