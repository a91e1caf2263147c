/* The gate: what a project's author can write or upload, and what of it never reaches GDAL, SQLite, the network or a screen. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "tests/layer_files.h"

TestSuite(gate, .timeout = 60);

Test(gate, paths_that_lead_out_of_the_upload_are_refused, .init = files_setup, .fini = files_teardown)
{
	char *link = files_at("link.gpkg"), *dirlink = files_at("dirlink"), *theirs, *absolute;
	static const struct expected cases[] = {
		{"vector", "ogr", "../other/b.gpkg|layername=pts", "invalid_dataprovider", "outside the project"},
		{"vector", "ogr", "./sub/../../other/b.gpkg", "invalid_dataprovider", "outside the project"},
		{"vector", "ogr", "./link.gpkg", "invalid_dataprovider", "outside the project"},
		{"vector", "ogr", "./dirlink/b.gpkg", "invalid_dataprovider", "outside the project"},
		{"vector", "ogr", "./dirlink", "invalid_dataprovider", "outside the project"},
		{"vector", "ogr", "/etc/passwd", "invalid_dataprovider", "author's computer"},
		{"raster", "gdal", "../other/b.gpkg", "invalid_dataprovider", "outside the project"},
		{"raster", "gdal", "GPKG:../other/b.gpkg:pts", "invalid_dataprovider", "outside the project"},
		{"vector", "spatialite", "dbname='../other/b.gpkg' table=\"pts\" (geom)", "invalid_dataprovider", "outside the project"},
		{"vector", "delimitedtext", "file:../other/b.csv?type=csv", "invalid_dataprovider", "outside the project"},
		{"vector", "delimitedtext", "file:///etc/passwd?type=csv&geomType=none", "invalid_dataprovider", "author's computer"},
		{"vector", "gpx", "../other/b.gpx?type=track", "invalid_dataprovider", "outside the project"},
		{"mesh", "mdal", "../other/b.2dm", "invalid_dataprovider", "outside the project"},
		{"vector", "ogr", "/dev/zero", "invalid_dataprovider", "author's computer"},
	};

	files_vector(files_other, "b.gpkg", "GPKG");
	theirs = fp_path_join(files_other, "b.gpkg");
	cr_assert_eq(symlink(theirs, link), 0);
	cr_assert_eq(symlink(files_other, dirlink), 0);
	HOLD(cases);
	absolute = fp_asprintf("%s|layername=pts", theirs);
	files_hold(&(struct expected){"vector", "ogr", absolute, "invalid_dataprovider", "author's computer"}, 1);
	free(link);
	free(dirlink);
	free(theirs);
	free(absolute);
}

Test(gate, a_file_inside_is_taken_however_it_is_spelt, .init = files_setup, .fini = files_teardown)
{
	char *absolute = fp_asprintf("%s/a.gpkg|layername=pts", files_upload), *link = files_at("inside.gpkg");
	static const struct expected cases[] = {
		{"vector", "ogr", "./a.gpkg|layername=pts", "ok", NULL},
		{"vector", "ogr", "a.gpkg|layername=pts", "ok", NULL},
		{"vector", "ogr", "./nodir/../a.gpkg|layername=pts", "ok", NULL},
		{"vector", "ogr", "./inside.gpkg|layername=pts", "ok", NULL},
	};

	cr_assert_eq(symlink("a.gpkg", link), 0);
	HOLD(cases);
	files_hold(&(struct expected){"vector", "ogr", absolute, "ok", NULL}, 1);
	free(absolute);
	free(link);
}

/* A server that notes whether anybody called. */
static int listening(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	cr_assert_eq(listen(fd, 8), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void nobody_called(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	cr_assert_eq(poll(&p, 1, 50), 0, "somebody called the server");
}

Test(gate, no_source_makes_the_checker_call_a_server, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *type, *provider, *file, *content, *source;
	} attacks[] = {
		{"vector", "ogr", NULL, NULL, "http://127.0.0.1:%d/x.geojson"},
		{"vector", "ogr", NULL, NULL, "/vsicurl/http://127.0.0.1:%d/x.geojson"},
		{"vector", "ogr", NULL, NULL, "/vsizip/vsicurl/http://127.0.0.1:%d/x.zip"},
		{"vector", "ogr", NULL, NULL, "/vsizip//vsicurl/http://127.0.0.1:%d/x.zip"},
		{"vector", "ogr", NULL, NULL, "/vsicurl_streaming/http://127.0.0.1:%d/x.geojson"},
		{"vector", "ogr", NULL, NULL, "WFS:http://127.0.0.1:%d/wfs"},
		{"vector", "ogr", NULL, NULL, "<OGRWFSDataSource><URL>http://127.0.0.1:%d/wfs</URL></OGRWFSDataSource>"},
		{"vector", "ogr", "w.geojson", "<OGRWFSDataSource><URL>http://127.0.0.1:%d/wfs</URL></OGRWFSDataSource>", "./w.geojson"},
		{"vector", "ogr", "w.txt", "<OGRWFSDataSource><URL>http://127.0.0.1:%d/wfs</URL></OGRWFSDataSource>", "./w.txt"},
		{"vector", "ogr", "h.vrt", "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource relativeToVRT='1'>http://127.0.0.1:%d/x.geojson</SrcDataSource>"
			"</OGRVRTLayer></OGRVRTDataSource>", "./h.vrt"},
		{"vector", "ogr", "s.gml", "<wfs:FeatureCollection xmlns:wfs='http://www.opengis.net/wfs' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
			"xsi:schemaLocation='a http://127.0.0.1:%d/wfs?request=DescribeFeatureType'/>", "./s.gml"},
		{"raster", "gdal", NULL, NULL, "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:%d/${z}</ServerUrl></Service></GDAL_WMS>"},
		{"raster", "gdal", "x.tif", "<GDAL_WMS><Service name=\"TMS\"><ServerUrl>http://127.0.0.1:%d/${z}/${x}/${y}.png</ServerUrl></Service><DataWindow>"
			"<UpperLeftX>0</UpperLeftX><UpperLeftY>1</UpperLeftY><LowerRightX>1</LowerRightX><LowerRightY>0</LowerRightY><SizeX>256</SizeX>"
			"<SizeY>256</SizeY><TileLevel>1</TileLevel></DataWindow></GDAL_WMS>", "./x.tif"},
		{"raster", "gdal", "y.vrt", "<VRTDataset rasterXSize='8' rasterYSize='8'><VRTRasterBand dataType='Byte' band='1'><SimpleSource>"
			"<SourceFilename relativeToVRT='0'>/vsicurl/http://127.0.0.1:%d/a.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>", "./y.vrt"},
		{"vector", "postgres", NULL, NULL, "host=127.0.0.1 port=%d dbname='x' table=\"a\".\"b\" (g)"},
		{"raster", "wms", NULL, NULL, "type=xyz&url=http://127.0.0.1:%d/{x}/{y}/{z}"},
		{"raster", "wms", NULL, NULL, "layers=a&url=http://127.0.0.1:%d/wms"},
		{"vector", "delimitedtext", NULL, NULL, "http://127.0.0.1:%d/x.csv?type=csv"},
	};
	uint16_t port;
	int fd = listening(&port);

	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		struct fp_verdict v;
		char *source, *content;
		const char *mark = strstr(attacks[i].source, "%d");
		source = mark ? fp_asprintf("%.*s%d%s", (int)(mark - attacks[i].source), attacks[i].source, port, mark + 2) : fp_strdup(attacks[i].source);
		if (attacks[i].file) {
			mark = strstr(attacks[i].content, "%d");
			content = fp_asprintf("%.*s%d%s", (int)(mark - attacks[i].content), attacks[i].content, port, mark + 2);
			files_put(attacks[i].file, content);
			free(content);
		}
		v = files_judged(attacks[i].type, attacks[i].provider, source);
		cr_expect(v.status != FP_LAYER_OK || strcmp(attacks[i].provider, "wms") == 0, "%s is ok", source);
		fp_verdict_clear(&v);
		nobody_called(fd);
		free(source);
	}
	close(fd);
}

Test(gate, what_is_no_file_is_not_pretended_to_be_checked, .init = files_setup, .fini = files_teardown)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "http://example.org/x.geojson", "not_checked", "lies on a web server (example.org)"},
		{"vector", "ogr", "https://me:hush@example.org/x", "not_checked", "(example.org)"},
		{"vector", "ogr", "/vsis3/bucket/x.shp", "not_checked", "web server"},
		{"vector", "ogr", "/vsimem/x", "invalid_dataprovider", "missing"},
		{"vector", "ogr", "/vsisubfile/0_9,/x", "not_checked", "inline"},
		{"raster", "gdal", "vrt://./r.tif?bands=1", "not_checked", "inline"},
		{"vector", "ogr", "{\"type\":\"Point\",\"coordinates\":[1,2]}", "not_checked", "inline"},
		{"vector", "ogr", "[{}]", "not_checked", "inline"},
		{"vector", "ogr", "  <OGRVRTDataSource/>", "not_checked", "inline"},
		{"vector", "ogr", "PG:host=x dbname=y", "not_checked", "database connection"},
		{"vector", "ogr", "inbuilt:/data/world_map.gpkg", "not_checked", "part of QGIS"},
		{"vector", "ogr", "attachment:x.gpkg", "invalid_dataprovider", "missing"},
		{"vector", "ogr", "attachment:../x.gpkg", "not_checked", "attachments"},
		{"vector", "ogr", "attachment:///x.gpkg", "invalid_dataprovider", "missing"},
		{"raster", "gdal", "<GDAL_WMS/>", "not_checked", "inline"},
		{"raster", "gdal", "HDF5:\"./a.gpkg\"://x", "not_checked", "subdatasets of this kind"},
		{"vector", "postgres", "service='s' table=\"t\"", "not_checked", "service \"s\""},
		{"vector", "postgres", "dbname='x' host=localhost table=\"t\"", "not_checked", "means the machine where the check runs"},
		{"vector", "WFS", " url='http://example.org/wfs' typename='a:b' authcfg='abc1234'", "not_checked", "saved QGIS authentication (\"abc1234\")"},
		{"vector", "mssql", "dbname='x'", "not_checked", "no \"mssql\" client"},
		{"vector", "virtual", "?query=select%20aggregate('a','b','c')", "not_checked", "QGIS functions"},
		{"point-cloud", "pdal", "./x.laz", "missing_dataprovider", "File \"x.laz\" missing."},
		{"tiled-scene", "cesiumtiles", "url=http://example.org", "not_checked", "switched off on this server (example.org)"},
		{"mesh", "mdal", "./a.slf", "not_checked", "its content needs QGIS (MDAL)"},
		{"mesh", "mdal", "./gone.2dm", "invalid_dataprovider", "File \"gone.2dm\" missing."},
		{"raster", "wms", "type=mbtiles&url=file:./gone.mbtiles", "invalid_dataprovider", "Cannot open MBTiles database"},
	};

	files_put("a.slf", "something that only MDAL knows");
	HOLD(cases);
}

Test(gate, vrts_are_read_by_ourselves_before_gdal_may, .init = files_setup, .fini = files_teardown)
{
	static const char mosaic[] = "<VRTDataset rasterXSize='8' rasterYSize='8'><VRTRasterBand dataType='Byte' band='1'%s>%s</VRTRasterBand></VRTDataset>";
	static const char table[] = "<OGRVRTDataSource><OGRVRTLayer name='pts'>%s</OGRVRTLayer></OGRVRTDataSource>";
	static const struct {
		const char *form, *attribute, *inside, *status, *says;
	} cases[] = {
		{mosaic, "", "<SimpleSource><SourceFilename relativeToVRT='1'>r.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>", "ok", "georeference"},
		{mosaic, "", "<SimpleSource><SourceFilename relativeToVRT='1'>gone.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>", "ok", "gone.tif"},
		{mosaic, "", "<SimpleSource><SourceFilename relativeToVRT='1'>../other/x.tif</SourceFilename></SimpleSource>", "not_checked", "no file of the project"},
		{mosaic, "", "<SimpleSource><SourceFilename relativeToVRT='0'>etc/passwd</SourceFilename></SimpleSource>", "not_checked", "without saying from where"},
		{mosaic, "", "<SimpleSource><SourceFilename relativeToVRT='0'>/etc/passwd</SourceFilename></SimpleSource>", "not_checked", "no file of the project"},
		{mosaic, " subClass='VRTRawRasterBand'", "<SourceFilename relativeToVRT='1'>r.tif</SourceFilename>", "not_checked", "VRTRawRasterBand"},
		{mosaic, " subClass='VRTDerivedRasterBand'", "<PixelFunctionLanguage>Python</PixelFunctionLanguage>", "not_checked", "VRTDerivedRasterBand"},
		{mosaic, "", "<SimpleSource><SourceFilename relativeToVRT='1'>self.vrt</SourceFilename></SimpleSource>", "not_checked", "no plain data file"},
		{mosaic, "", "<unclosed>", "invalid_dataprovider", "XML broken"},
		{table, NULL, "<SrcDataSource relativeToVRT='1'>a.gpkg</SrcDataSource><SrcLayer>pts</SrcLayer>", "ok", NULL},
		{table, NULL, "<SrcDataSource relativeToVRT='1'>gone.shp</SrcDataSource>", "ok", "gone.shp"},
		{table, NULL, "<SrcDataSource relativeToVRT='1'>../other/b.gpkg</SrcDataSource>", "not_checked", "no file of the project"},
		{table, NULL, "<SrcDataSource relativeToVRT='1'>a.gpkg</SrcDataSource><SrcSQL>ATTACH 'x'</SrcSQL>", "not_checked", "SrcSQL"},
		{table, NULL, "<SrcDataSource>PG:dbname=x</SrcDataSource>", "not_checked", "without saying from where"},
	};

	files_raster("r.tif", 1);
	files_vector(files_other, "b.gpkg", "GPKG");
	files_put("self.vrt", "<VRTDataset/>");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_buf b = FP_BUF_INIT;
		const char *mark = strstr(cases[i].form, "%s");
		struct expected e = {cases[i].form == mosaic ? "raster" : "vector", cases[i].form == mosaic ? "gdal" : "ogr", "./v.vrt", cases[i].status,
			cases[i].says};
		fp_buf_add(&b, cases[i].form, (size_t)(mark - cases[i].form));
		if (cases[i].attribute) {
			const char *second = strstr(mark + 2, "%s");
			fp_buf_adds(&b, cases[i].attribute);
			fp_buf_add(&b, mark + 2, (size_t)(second - mark - 2));
			mark = second;
		}
		fp_buf_adds(&b, cases[i].inside);
		fp_buf_adds(&b, mark + 2);
		files_put("v.vrt", b.data);
		fp_buf_free(&b);
		files_hold(&e, 1);
	}
}

Test(gate, open_options_of_a_project_cannot_run_sql, .init = files_setup, .fini = files_teardown)
{
	struct fp_verdict v;
	char *path = fp_path_join(files_other, "made.db"), *source;

	source = fp_asprintf("./a.gpkg|layername=pts|option:PRELUDE_STATEMENTS=ATTACH '%s' AS x; CREATE TABLE x.t(a)", path);
	v = files_judged("vector", "ogr", source);
	cr_assert_eq(v.status, FP_LAYER_OK);
	cr_assert_neq(access(path, F_OK), 0);
	fp_verdict_clear(&v);
	free(path);
	free(source);
}

Test(gate, no_password_leaves_in_a_verdict, .init = files_setup, .fini = files_teardown)
{
	static const char *const sources[][3] = {
		{"vector", "postgres", "dbname='x' host=h user='u' password='hush hush' table=\"t\""},
		{"vector", "frob", "password=hush"},
		{"raster", "wms", "layers=a&url=https://me:hush@h/wms?token%3Dhush"},
		{"raster", "gdal", "https://me:hush@h/x.tif"},
		{"raster", "gdal", "./x password='hush'"},
		{"vector", "ogr", "./x?token=hush"},
		{"vector", "WFS", "url='https://me:hush@h/wfs' typename='a'"},
	};

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct fp_verdict v = files_judged(sources[i][0], sources[i][1], sources[i][2]);
		struct fp_layer_def l = {.id = (char *)"i", .name = (char *)"n", .type = (char *)"vector", .crs = (char *)""};
		json_t *j;
		char *text;
		l.datasource = fp_strdup(sources[i][2]);
		j = fp_verdict_json(&v, &l);
		text = fp_json_dump(j);
		cr_expect(!strstr(text, "hush"), "%s", text);
		cr_expect(files_says(&v, "clear text"), "%s", text);
		free(text);
		json_decref(j);
		free(l.datasource);
		fp_verdict_clear(&v);
	}
}

Test(gate, texts_from_outside_are_clean_when_they_come_out, .init = files_setup, .fini = files_teardown)
{
	struct fp_verdict v;

	files_put("x.geojson", "{\"type\":\"\x1b[31mred\"");
	v = files_judged("vector", "ogr", "./x.geojson");
	cr_assert(!strchr(v.detail, '\x1b') && !strchr(v.remedy, '\x1b'));
	cr_assert_null(strstr(v.detail, files_upload));
	fp_verdict_clear(&v);
	v = files_judged("vector", "ogr", "./a.gpkg|layername=\xe2\x80\xae" "evil");
	cr_assert(!strstr(v.detail, "\xe2\x80\xae"));
	fp_verdict_clear(&v);
}
