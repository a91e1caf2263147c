/* The attacks of spec/layers.md 4.1, tried for real: `fieldpost check` on a project that its author made to steal, to call home, to leave something
 * behind or to wear the server out. Each stands between two good layers, which get their verdict all the same. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

#include "config.h"
#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "tests/cli.h"
#include "tests/layer_files.h"

TestSuite(attacks, .timeout = 110);

/* What stands in the other tenant's files, and nowhere else. */
#define SECRET "5ca1ab1e-tenant"

static int server = -1, watch = -1;
static char port[8];
static char *made; /* the file that code of an attacker would make */

static void listen_on_loopback(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;

	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(server, (struct sockaddr *)&a, sizeof a), 0);
	cr_assert_eq(listen(server, 64), 0);
	cr_assert_eq(getsockname(server, (struct sockaddr *)&a, &n), 0);
	snprintf(port, sizeof port, "%d", ntohs(a.sin_port));
}

static int calls(void)
{
	int n = 0;

	for (int fd; (fd = accept4(server, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
		close(fd);
	return n;
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void other_tenant(void)
{
	static const char text[] = SECRET "\n" SECRET ",1,2\n";
	char *gpkg = fp_path_join(files_other, "b.gpkg"), *csv = fp_path_join(files_other, "b.csv");

	files_vector(files_other, "b.gpkg", "GPKG");
	run_sql(gpkg, "CREATE TABLE \"" SECRET "\"(fid INTEGER PRIMARY KEY, \"" SECRET "\" TEXT);"
		"INSERT INTO \"" SECRET "\" VALUES(1, '" SECRET "');"
		"INSERT INTO gpkg_contents(table_name, data_type) VALUES('" SECRET "', 'attributes')");
	cr_assert_eq(fp_fs_write_atomic(csv, text, sizeof text - 1, NULL), FP_OK);
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	cr_assert(inotify_add_watch(watch, gpkg, IN_OPEN) >= 0 && inotify_add_watch(watch, csv, IN_OPEN) >= 0);
	free(gpkg);
	free(csv);
}

static int was_opened(void)
{
	char events[4096];

	return read(watch, events, sizeof events) > 0;
}

static void setup(void)
{
	char *tmp;

	files_setup();
	tmp = fp_path_join(files_other, "tmp");
	made = fp_path_join(files_other, "made");
	cr_assert_eq(fp_fs_mkdirs(tmp, NULL), FP_OK);
	setenv("TMPDIR", tmp, 1);
	setenv("GDAL_VRT_ENABLE_PYTHON", "YES", 1); /* what a careless administrator has in his environment */
	setenv("OGR_SQLITE_STATIC_VIRTUAL_OGR", "YES", 1);
	setenv("CPL_VSIL_CURL_ALLOWED_FILENAME", "", 1);
	free(tmp);
	files_put("ok.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"a\":1},\"geometry\":"
		"{\"type\":\"Point\",\"coordinates\":[1,2]}}]}");
	other_tenant();
	listen_on_loopback();
	while (was_opened())
		;
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

static void teardown(void)
{
	close(server);
	close(watch);
	free(made);
	files_teardown();
}

/* TEXT with {port}, {other} and {made} filled in. Caller frees. */
static char *filled(const char *text)
{
	struct fp_buf b = FP_BUF_INIT;
	const struct {
		const char *name, *value;
	} all[] = {{"{port}", port}, {"{other}", files_other}, {"{made}", made}};

	fp_buf_adds(&b, "");
	while (*text) {
		size_t i = 0;
		while (i < 3 && strncmp(text, all[i].name, strlen(all[i].name)) != 0)
			i++;
		if (i < 3) {
			fp_buf_adds(&b, all[i].value);
			text += strlen(all[i].name);
		} else {
			fp_buf_addc(&b, *text++);
		}
	}
	return fp_buf_take(&b);
}

static void add_escaped(struct fp_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("<&'", *text))
			fp_buf_addf(b, "&#%d;", *text);
		else
			fp_buf_addc(b, *text);
	}
}

static void add_layer(struct fp_buf *b, const char *id, const char *type, const char *provider, const char *source)
{
	fp_buf_addf(b, "<maplayer type='%s'><id>%s</id><layername>%s</layername><provider>%s</provider><srs><spatialrefsys><authid>EPSG:4326</authid>"
		"</spatialrefsys></srs><datasource>", type, id, id, provider);
	add_escaped(b, source);
	fp_buf_adds(b, "</datasource></maplayer>");
}

/* The three layers in the order in which they are checked: by id. */
static void put_project(const char *type, const char *provider, const char *source)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "<qgis version='3.40.0'><projectlayers>");
	add_layer(&b, "a_good_layer", "vector", "ogr", "./ok.geojson");
	add_layer(&b, "hostile_layer", type, provider, source);
	add_layer(&b, "z_good_layer", "vector", "ogr", "./a.gpkg|layername=pts");
	fp_buf_adds(&b, "</projectlayers></qgis>");
	files_put("p.qgs", b.data);
	fp_buf_free(&b);
}

static enum fp_status note_file(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	(void)err;
	fp_buf_addf(arg, "%s %d %lld\n", name, regular, (long long)size);
	return FP_OK;
}

/* Every file of the upload and of the neighbour, in which the temporary files lie too. */
static char *all_files(void)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "");
	cr_assert_eq(fp_fs_walk(files_upload, note_file, &b, NULL), FP_OK);
	cr_assert_eq(fp_fs_walk(files_other, note_file, &b, NULL), FP_OK);
	return fp_buf_take(&b);
}

static const struct cli *check(void)
{
	char *path = files_at("p.qgs");
	const struct cli *r = cli_run("check %s --json", path);

	free(path);
	return r;
}

/* What holds after every attack, whatever became of the layer. */
static void nothing_happened(const char *what, const struct cli *r, const char *before)
{
	char *after = all_files();

	cr_expect_null(strstr(r->out, SECRET), "%s: %s", what, r->out);
	cr_expect_null(strstr(r->err, SECRET), "%s: %s", what, r->err);
	cr_expect_null(strstr(r->out, "root:x:"), "%s: %s", what, r->out);
	cr_expect_eq(calls(), 0, "%s: somebody called the server", what);
	cr_expect_not(was_opened(), "%s: somebody opened the neighbour's file", what);
	cr_expect_str_eq(after, before, "%s", what);
	cr_expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: a process was left behind", what);
	free(after);
}

static const json_t *layer_of(const json_t *doc, const char *id)
{
	const json_t *l;
	size_t i;

	json_array_foreach(json_object_get(doc, "layers"), i, l)
		if (strcmp(fp_json_str_or(l, "id", ""), id) == 0)
			return l;
	return NULL;
}

static void good_layers_are_ok(const char *what, const json_t *doc)
{
	cr_expect_str_eq(fp_json_str_or(layer_of(doc, "a_good_layer"), "status", "no row"), "ok", "%s", what);
	cr_expect_str_eq(fp_json_str_or(layer_of(doc, "z_good_layer"), "status", "no row"), "ok", "%s", what);
}

/* Runs the project that lies there; the hostile layer is STATUS (NULL: anything but ok), and SAYS stands in its row. */
static void holds(const char *what, const char *status, const char *says)
{
	char *before = all_files();
	const struct cli *r = check();
	struct fp_error err;
	json_t *doc = NULL;
	const json_t *l;
	char *row;

	nothing_happened(what, r, before);
	cr_expect_leq(r->code, 1, "%s: exit %d: %s", what, r->code, r->err);
	cr_assert_eq(fp_json_parse(&doc, r->out, strlen(r->out), &err), FP_OK, "%s: %s: %s%s", what, err.msg, r->out, r->err);
	good_layers_are_ok(what, doc);
	l = layer_of(doc, "hostile_layer");
	row = fp_json_dump(l);
	if (status)
		cr_expect_str_eq(fp_json_str_or(l, "status", "no row"), status, "%s: %s", what, row);
	else
		cr_expect_str_neq(fp_json_str_or(l, "status", "ok"), "ok", "%s: %s", what, row);
	cr_expect(!says || strstr(row, says), "%s lacks \"%s\": %s", what, says, row);
	free(row);
	free(before);
	json_decref(doc);
}

struct attack {
	const char *what, *type, *provider, *source;
	const char *status, *says; /* SAYS may be NULL */
	const char *file, *content; /* NULL: the source is the attack */
};

static void all_hold(const struct attack *attacks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct attack *a = &attacks[i];
		char *source = filled(a->source), *content = a->file ? filled(a->content) : NULL;
		if (content)
			files_put(a->file, content);
		put_project(a->type, a->provider, source);
		holds(a->what, a->status, a->says);
		if (content) {
			char *path = files_at(a->file);
			unlink(path);
			free(path);
		}
		free(source);
		free(content);
	}
}
#define ALL_HOLD(attacks) all_hold(attacks, sizeof attacks / sizeof *attacks)

#define OGR_VRT(inside) "<OGRVRTDataSource><OGRVRTLayer name='pts'>" inside "</OGRVRTLayer></OGRVRTDataSource>"
#define VRT(size, band, inside) "<VRTDataset rasterXSize='" size "' rasterYSize='" size "'><VRTRasterBand dataType='Byte' band='1'" band ">" inside \
	"</VRTRasterBand></VRTDataset>"
#define WMS_FILE "<GDAL_WMS><Service name=\"TMS\"><ServerUrl>http://127.0.0.1:{port}/${z}/${x}/${y}.png</ServerUrl></Service><DataWindow><UpperLeftX>0" \
	"</UpperLeftX><UpperLeftY>1</UpperLeftY><LowerRightX>1</LowerRightX><LowerRightY>0</LowerRightY><SizeX>256</SizeX><SizeY>256</SizeY><TileLevel>1" \
	"</TileLevel></DataWindow></GDAL_WMS>"

/* 1, 2 */
Test(attacks, a_file_that_points_to_another_tenants_file_is_not_followed, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"a VRT table beside", "vector", "ogr", "./v.vrt", "not_checked", "no file of the project", "v.vrt",
			OGR_VRT("<SrcDataSource relativeToVRT='1'>../other/b.gpkg</SrcDataSource><SrcLayer>" "pts</SrcLayer>")},
		{"a VRT table, absolute", "vector", "ogr", "./v.vrt", "not_checked", "no file of the project", "v.vrt",
			OGR_VRT("<SrcDataSource>{other}/b.gpkg</SrcDataSource>")},
		{"a VRT table that is called a GeoJSON", "vector", "ogr", "./v.geojson", "not_checked", "no file of the project", "v.geojson",
			OGR_VRT("<SrcDataSource>{other}/b.gpkg</SrcDataSource>")},
		{"a VRT table with a query", "vector", "ogr", "./v.vrt", "not_checked", NULL, "v.vrt",
			OGR_VRT("<SrcDataSource relativeToVRT='1'>a.gpkg</SrcDataSource><SrcSQL dialect='SQLITE'>SELECT * FROM '{other}/b.gpkg'.pts</SrcSQL>")},
		{"a VRT table in capitals", "vector", "ogr", "./v.vrt", "not_checked", NULL, "v.vrt",
			"<OGRVRTDATASOURCE><OGRVRTLAYER NAME='pts'><SRCDATASOURCE>{other}/b.gpkg</SRCDATASOURCE></OGRVRTLAYER></OGRVRTDATASOURCE>"},
		{"a raw band on the user list", "raster", "gdal", "./r.vrt", "not_checked", "VRTRawRasterBand", "r.vrt",
			VRT("32", " subClass='VRTRawRasterBand'", "<SourceFilename>/etc/passwd</SourceFilename><ImageOffset>0</ImageOffset>")},
		{"a raw band that is called a TIFF", "raster", "gdal", "./r.tif", "not_checked", "VRTRawRasterBand", "r.tif",
			VRT("32", " subClass='VRTRawRasterBand'", "<SourceFilename>/etc/passwd</SourceFilename><ImageOffset>0</ImageOffset>")},
		{"a mosaic of a neighbour's tile", "raster", "gdal", "./r.vrt", "not_checked", "no file of the project", "r.vrt",
			VRT("32", "", "<SimpleSource><SourceFilename>{other}/b.gpkg</SourceFilename></SimpleSource>")},
		{"a mask file of somebody else", "raster", "gdal", "./r.vrt", "not_checked", NULL, "r.vrt",
			"<VRTDataset rasterXSize='8' rasterYSize='8'><MaskBand><VRTRasterBand dataType='Byte'><SimpleSource><SourceFilename>{other}/b.gpkg"
			"</SourceFilename></SimpleSource></VRTRasterBand></MaskBand></VRTDataset>"},
		{"a delimited text that climbs", "vector", "delimitedtext", "file:../other/b.csv?type=csv&geomType=none", "invalid_dataprovider", "outside", NULL, NULL},
		{"a GPX with an external entity", "vector", "gpx", "./e.gpx?type=waypoint", "invalid_dataprovider", NULL, "e.gpx",
			"<!DOCTYPE gpx [<!ENTITY e SYSTEM 'file://{other}/b.csv'>]><gpx version='1.1'><wpt lat='1' lon='2'><name>&e;</name></wpt></gpx>"},
		{"a GML that includes a file", "vector", "ogr", "./x.gml", "invalid_dataprovider", NULL, "x.gml",
			"<a:FeatureCollection xmlns:a='http://a' xmlns:gml='http://www.opengis.net/gml' xmlns:xlink='http://www.w3.org/1999/xlink'><gml:featureMember "
			"xlink:href='file://{other}/b.csv'/></a:FeatureCollection>"},
	};

	ALL_HOLD(attacks);
}

/* 3, 10 */
Test(attacks, code_of_the_author_does_not_run, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"a Python pixel function", "raster", "gdal", "./p.vrt", "not_checked", "VRTDerivedRasterBand", "p.vrt",
			VRT("8", " subClass='VRTDerivedRasterBand'", "<PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage>"
				"<PixelFunctionCode>import os\ndef f(*a, **k):\n    os.system('touch {made}')\n</PixelFunctionCode>")},
		{"load_extension in a filter", "vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT load_extension('{other}/x.so'), * FROM pts", "not_checked",
			"not authorized", NULL, NULL},
		{"load_extension in a condition", "vector", "ogr", "./a.gpkg|layername=pts|subset=load_extension('{other}/x.so') = 1", "ok", NULL, NULL, NULL},
		{"writefile in a filter", "vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT writefile('{made}', 'x'), * FROM pts", "not_checked", NULL, NULL, NULL},
		{"an option that runs statements", "vector", "ogr", "./a.gpkg|layername=pts|option:PRELUDE_STATEMENTS=ATTACH '{made}' AS m; CREATE TABLE m.t(a)",
			"ok", NULL, NULL, NULL},
	};
	char *view = files_at("view.gpkg");

	ALL_HOLD(attacks);
	files_copy("a.gpkg", "view.gpkg");
	run_sql(view, "CREATE VIEW v AS SELECT fid, load_extension('/tmp/x.so') AS x FROM pts;"
		"INSERT INTO gpkg_contents(table_name, data_type) VALUES('v', 'attributes')");
	put_project("vector", "ogr", "./view.gpkg|layername=v");
	holds("load_extension in a view", "ok", NULL); /* its columns are told without a row being read */
	put_project("vector", "spatialite", "dbname='./view.gpkg' table=\"v\"");
	holds("load_extension in a view of a table", "invalid_dataprovider", NULL);
	free(view);
}

/* 4, 5, 6, 7, 9 */
Test(attacks, no_server_is_called, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"a TIFF that is a tile service", "raster", "gdal", "./x.tif", "not_checked", "web service", "x.tif", WMS_FILE},
		{"a service behind blanks", "raster", "gdal", "./x.tif", "not_checked", NULL, "x.tif", "\n  " WMS_FILE},
		{"a GeoJSON that is a feature service", "vector", "ogr", "./w.geojson", "not_checked", "web service", "w.geojson",
			"<OGRWFSDataSource><URL>http://127.0.0.1:{port}/wfs</URL></OGRWFSDataSource>"},
		{"curl by name", "vector", "ogr", "/vsicurl/http://127.0.0.1:{port}/x.geojson", "not_checked", "network", NULL, NULL},
		{"curl in a zip", "vector", "ogr", "/vsizip//vsicurl/http://127.0.0.1:{port}/x.zip/a.shp", "not_checked", "network", NULL, NULL},
		{"an address", "vector", "ogr", "http://127.0.0.1:{port}/x.geojson", "not_checked", "network", NULL, NULL},
		{"an address in a raster", "raster", "gdal", "http://127.0.0.1:{port}/x.tif", "not_checked", "network", NULL, NULL},
		{"a GeoJSON text with a link", "vector", "ogr", "./l.geojson", "invalid_dataprovider", NULL, "l.geojson",
			"{\"type\":\"Link\",\"href\":\"http://127.0.0.1:{port}/\"}"},
		{"a schema elsewhere", "vector", "ogr", "./s.gml", "invalid_dataprovider", NULL, "s.gml",
			"<wfs:FeatureCollection xmlns:wfs='http://www.opengis.net/wfs' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
			"xsi:schemaLocation='a http://127.0.0.1:{port}/wfs?request=DescribeFeatureType'/>"},
		{"a network link", "vector", "ogr", "./n.kml", "invalid_dataprovider", NULL, "n.kml",
			"<kml xmlns='http://www.opengis.net/kml/2.2'><NetworkLink><Link><href>http://127.0.0.1:{port}/x.kml</href></Link></NetworkLink></kml>"},
		{"a geocoder in a filter", "vector", "ogr",
			"./a.gpkg|layername=pts|subset=SELECT ogr_geocode('x', 'geometry', 'query_template=http://127.0.0.1:{port}/%s'), * FROM pts", "not_checked",
			"ogr_geocode", NULL, NULL},
		{"a database", "vector", "postgres", "host=127.0.0.1 port={port} dbname='x' table=\"a\".\"b\" (g)", "not_checked", NULL, NULL, NULL},
		{"tiles", "raster", "wms", "type=xyz&url=http://127.0.0.1:{port}/{z}/{x}/{y}.png", "ok", NULL, NULL, NULL},
		{"HANA, which crashed QGIS 3.22", "vector", "hana", "driver='HDBODBC' host='127.0.0.1' port='{port}' schema='s' table=\"t\" (g)", "not_checked",
			"hana", NULL, NULL},
	};
	char *db;

	ALL_HOLD(attacks);
	db = files_at("g.sqlite");
	run_sql(db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	free(db);
	{
		char *source = filled("./g.sqlite|layername=t|subset=SELECT ogr_geocode('x', 'geometry', 'query_template=http://127.0.0.1:{port}/%s') FROM t");
		put_project("vector", "ogr", source);
		free(source);
	}
	holds("a geocoder on a SQLite file", "not_checked", "ogr_geocode");
}

/* 8, 11 */
Test(attacks, a_database_file_does_not_open_another, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"ATTACH as a filter", "vector", "ogr", "./a.gpkg|layername=pts|subset=ATTACH '{other}/b.gpkg' AS o", "ok", NULL, NULL, NULL},
		{"ATTACH behind a query", "vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM pts; ATTACH '{other}/b.gpkg' AS o", "ok", NULL, NULL,
			NULL},
		{"another file as a table", "vector", "ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM '{other}/b.gpkg'.pts", "invalid_dataprovider",
			"no such table", NULL, NULL},
		{"another file in GDAL's dialect", "vector", "ogr", "./ok.geojson|subset=SELECT * FROM '{other}/b.gpkg'.pts", "not_checked", "other files", NULL, NULL},
		{"another file of the same dialect", "vector", "ogr", "./ok.geojson|subset=SELECT * FROM \"{other}/b.csv\".b", "not_checked", "other files", NULL, NULL},
	};
	char *db = files_at("v.sqlite"), *gpkg = files_at("v.gpkg"), *table;

	for (int i = 0; i < 2; i++) {
		table = filled("PRAGMA writable_schema=ON; INSERT INTO sqlite_master(type, name, tbl_name, rootpage, sql) VALUES('table', 'v', 'v', 0, "
			"'CREATE VIRTUAL TABLE v USING VirtualOGR(''{other}/b.gpkg'')')");
		if (i == 0)
			run_sql(db, "CREATE TABLE t(a)");
		else
			files_copy("a.gpkg", "v.gpkg");
		run_sql(i == 0 ? db : gpkg, table);
		free(table);
	}
	put_project("vector", "ogr", "./v.sqlite|layername=v");
	holds("a virtual table in a SQLite file", "ok", "\"wkb_type\":100,\"pk\":null"); /* it has that table, of which nothing can be known */
	put_project("vector", "ogr", "./v.gpkg|layername=v");
	holds("a virtual table in a GeoPackage", "invalid_dataprovider", "no layer");
	put_project("vector", "spatialite", "dbname='./v.sqlite' table=\"v\"");
	holds("a virtual table for spatialite", "invalid_dataprovider", "not a SpatiaLite database");
	ALL_HOLD(attacks);
	free(db);
	free(gpkg);
}

/* 12, 13: what the project itself is made of. */
Test(attacks, a_hostile_project_file_is_refused_whole, .init = setup, .fini = teardown)
{
	static const struct {
		const char *what, *text, *says;
	} attacks[] = {
		{"an external entity", "<!DOCTYPE q [<!ENTITY e SYSTEM 'file://{other}/b.csv'>]><qgis><title>&e;</title></qgis>", "entity"},
		{"an external parameter entity", "<!DOCTYPE q [<!ENTITY % e SYSTEM 'http://127.0.0.1:{port}/x.dtd'> %e;]><qgis><title>t</title></qgis>", "entity"},
		{"an entity bomb", "<!DOCTYPE q [<!ENTITY a 'aaaaaaaaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>"
			"<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]><qgis><title>&d;</title></qgis>", "entity"},
	};

	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		char *text = filled(attacks[i].text), *before;
		const struct cli *r;
		files_put("p.qgs", text);
		before = all_files();
		r = check();
		nothing_happened(attacks[i].what, r, before);
		cr_expect_eq(r->code, 3, "%s: exit %d: %s", attacks[i].what, r->code, r->out);
		cr_expect(strstr(r->err, attacks[i].says), "%s: %s", attacks[i].what, r->err);
		free(text);
		free(before);
	}
}

Test(attacks, a_dtd_elsewhere_is_not_fetched, .init = setup, .fini = teardown)
{
	char *text = filled("<!DOCTYPE qgis SYSTEM 'http://127.0.0.1:{port}/qgis.dtd'><qgis version='3.40.0'><title>t</title></qgis>"), *before;
	const struct cli *r;

	files_put("p.qgs", text);
	before = all_files();
	r = check();
	nothing_happened("a DTD", r, before);
	cr_assert_eq(r->code, 0, "%s", r->err);
	free(text);
	free(before);
}

/* PIECE as often as it takes to make BYTES of it. */
static void add_many(struct fp_buf *b, const char *piece, size_t bytes)
{
	for (size_t n = strlen(piece), i = 0; i < bytes; i += n)
		fp_buf_add(b, piece, n);
}

/* No process that this test waited for had much memory; that none took long is for the limit of tests/cli.c. */
static void stays_small(void)
{
#ifndef FP_SANITIZED
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	cr_expect_leq(u.ru_maxrss / 1024, 400, "%ld MB", u.ru_maxrss / 1024);
#endif
}

/* 13, 14, 15 */
Test(attacks, data_that_is_made_to_wear_the_reader_out_costs_its_own_row, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"a raster of 2147483647 times 2147483647 pixels", "raster", "gdal", "./h.vrt", "ok", NULL, "h.vrt",
			VRT("2147483647", "", "<SimpleSource><SourceFilename relativeToVRT='1'>gone.tif</SourceFilename></SimpleSource>")},
		{"a VRT table of itself", "vector", "ogr", "./s.vrt", "not_checked", "no plain data file", "s.vrt",
			OGR_VRT("<SrcDataSource relativeToVRT='1'>s.vrt</SrcDataSource>")},
		{"a mosaic of itself", "raster", "gdal", "./s.vrt", "not_checked", "no plain data file", "s.vrt",
			VRT("8", "", "<SimpleSource><SourceFilename relativeToVRT='1'>s.vrt</SourceFilename></SimpleSource>")},
		{"an entity bomb in a GPX", "vector", "gpx", "./b.gpx?type=waypoint", "invalid_dataprovider", NULL, "b.gpx",
			"<!DOCTYPE g [<!ENTITY a 'aaaaaaaaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
			"<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'>]>"
			"<gpx version='1.1'><wpt lat='1' lon='2'><name>&f;&f;&f;</name></wpt></gpx>"},
	};
	static const struct {
		const char *what, *name, *source, *provider, *head, *piece;
		size_t bytes;
		const char *tail, *status;
	} floods[] = {
		{"200,000 nested lists", "n.geojson", "./n.geojson", "ogr", "{\"type\":\"FeatureCollection\",\"features\":", "[", 200000, "", "invalid_dataprovider"},
		{"300,000 nested elements", "d.gml", "./d.gml", "ogr", "<a:FeatureCollection xmlns:a='http://a' xmlns:gml='http://www.opengis.net/gml'>", "<a:b>", 1500000,
			"", "invalid_dataprovider"},
		{"300,000 nested folders", "d.kml", "./d.kml", "ogr", "<kml xmlns='http://www.opengis.net/kml/2.2'><Document>", "<Folder>", 2400000, "",
			"invalid_dataprovider"},
		{"300,000 nested elements in a VRT", "d.vrt", "./d.vrt", "ogr", "<OGRVRTDataSource>", "<a>", 900000, "", "invalid_dataprovider"},
		{"a polygon of 8 million points", "p.geojson", "./p.geojson", "ogr", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
			"\"properties\":{},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[", "[1,2],[3,4],[5,6],", 48 << 20, "[1,2]]]}}]}", "not_checked"},
	};

	ALL_HOLD(attacks);
	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		struct fp_buf b = FP_BUF_INIT;
		char *path = files_at(floods[i].name);
		fp_buf_adds(&b, floods[i].head);
		add_many(&b, floods[i].piece, floods[i].bytes);
		fp_buf_adds(&b, floods[i].tail);
		files_put(floods[i].name, b.data);
		fp_buf_free(&b);
		put_project("vector", floods[i].provider, floods[i].source);
		holds(floods[i].what, floods[i].status, NULL);
		stays_small();
		unlink(path);
		free(path);
	}
}

/* 16. Whether the file is called invalid or given up after 20 s is a matter of the machine. */
Test(attacks, a_zip_bomb_costs_its_own_row, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"one line of 600 MB in 0.6 MB", "vector", "ogr", "/vsizip/./bomb.zip/x.csv|layername=x", NULL, NULL, NULL, NULL},
		{"a query on it", "vector", "ogr", "/vsizip/./bomb.zip/x.csv|layername=x|subset=SELECT * FROM x", NULL, NULL, NULL, NULL},
		{"it without being named", "vector", "ogr", "./bomb.zip", NULL, NULL, NULL, NULL},
	};
	char *path = files_at("bomb.zip"), *zeros = files_at("zeros");
	zip_t *z = zip_open(path, ZIP_CREATE, NULL);
	zip_int64_t at;

	files_put("zeros", "");
	cr_assert_eq(truncate(zeros, 600 << 20), 0);
	at = zip_file_add(z, "x.csv", zip_source_file(z, zeros, 0, 0), 0);
	cr_assert_geq(at, 0);
	zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_DEFLATE, 1);
	cr_assert_eq(zip_close(z), 0);
	unlink(zeros);
	free(path);
	free(zeros);
	ALL_HOLD(attacks);
	stays_small();
}

/* One child reads the layers of a project; the one at which it hangs costs its row, and another child goes on behind it. */
Test(attacks, a_query_without_end_hangs_its_own_row_only, .init = setup, .fini = teardown)
{
	char *db = files_at("endless.gpkg");

	files_copy("a.gpkg", "endless.gpkg");
	run_sql(db, "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) AS fid, NULL AS geom FROM c;"
		"INSERT INTO gpkg_contents(table_name, data_type, srs_id) VALUES('v', 'features', 0);"
		"INSERT INTO gpkg_geometry_columns VALUES('v', 'geom', 'GEOMETRY', 0, 0, 0)");
	put_project("vector", "ogr", "./endless.gpkg|layername=v");
	holds("an endless view", "not_checked", "took longer than");
	free(db);
}

Test(attacks, a_drivers_message_of_any_bytes_is_json_and_text, .init = setup, .fini = teardown)
{
	static const struct attack attacks[] = {
		{"bytes in a broken GeoJSON", "vector", "ogr", "./x.geojson", "invalid_dataprovider", NULL, "x.geojson", "{\"type\":\"Fea\xff\xc3\x1b[31m\x01"},
		{"bytes in a broken GPX", "vector", "gpx", "./x.gpx?type=waypoint", "invalid_dataprovider", NULL, "x.gpx", "<gpx version='\xe4\xff'><\xff\x1b]0;x\x07>"},
		{"bytes in a broken VRT", "vector", "ogr", "./x.vrt", "invalid_dataprovider", NULL, "x.vrt", "<OGRVRTDataSource><\xff\xe4\x1b[31m></b>"},
		{"bytes in a broken KML", "vector", "ogr", "./x.kml", "invalid_dataprovider", NULL, "x.kml", "<kml><Document><\xff\xe4\x1b[31m></b>"},
	};
	char *db = files_at("latin1.gpkg");

	ALL_HOLD(attacks);
	files_copy("a.gpkg", "latin1.gpkg");
	run_sql(db, "CREATE VIEW \"v\xe4\" AS SELECT fid, \"no\x1b\xff\" FROM \"gone\xe4\x1b[31m\";"
		"INSERT INTO gpkg_contents(table_name, data_type) VALUES('v\xe4', 'attributes'), ('t\xff\x1b[2J', 'attributes')");
	put_project("vector", "ogr", "./latin1.gpkg|layername=v\xe4");
	holds("a view in Latin-1", "invalid_dataprovider", NULL);
	put_project("vector", "ogr", "./latin1.gpkg|layername=nothing");
	holds("a list of layers in Latin-1", "invalid_dataprovider", "no layer");
	free(db);
}
