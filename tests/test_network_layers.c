/* Layers of databases and web services, from the command to the verdict: the real program, worker and prober against a real PostgreSQL and a small web
 * server. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "tests/cli.h"
#include "tests/postgres.h"
#include "tests/web.h"

TestSuite(network_layers, .timeout = 100);

#define PASSWORD "open-sesame"
#define END {NULL, 0, NULL, NULL, 0, 0}

static void start(void)
{
	postgres_start("host gis ada 127.0.0.1/32 scram-sha-256\nhost gis postgres 127.0.0.1/32 trust\n");
	postgres_sql("postgres", "CREATE DATABASE gis");
	postgres_sql("gis", "CREATE EXTENSION postgis; CREATE TABLE trees (id int PRIMARY KEY, kind text, geom geometry(MultiPolygon, 4326));"
		"INSERT INTO trees VALUES (1, 'ash', NULL), (2, 'elm', NULL); CREATE VIEW tree_view AS SELECT * FROM trees;"
		"CREATE VIEW twice AS SELECT * FROM trees UNION ALL SELECT * FROM trees; CREATE TABLE forbidden (id int PRIMARY KEY);"
		"CREATE ROLE ada LOGIN PASSWORD '" PASSWORD "'; GRANT SELECT ON trees, tree_view, twice TO ada");
}

POSTGRES_FOR_ALL_TESTS(start)

/* A layer and what has to be said of it. "PORT" in SOURCE is the server's port; SAYS stands in one of the verdict's texts. */
struct expected {
	const char *type, *provider, *source, *status, *cause, *says;
};

static char *with_port(const char *source, int port)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *at;

	while ((at = strstr(source, "PORT"))) {
		fp_buf_add(&b, source, (size_t)(at - source));
		fp_buf_addf(&b, "%d", port);
		source = at + 4;
	}
	fp_buf_adds(&b, source);
	return fp_buf_take(&b);
}

static void escape(struct fp_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>", *text))
			fp_buf_addf(b, "&#%d;", *text);
		else
			fp_buf_addc(b, *text);
	}
}

/* A project of these layers; borrowed path. */
static const char *project(const struct expected *e, size_t n, int port)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *path;

	fp_buf_adds(&b, "<qgis version='3.40'><projectlayers>");
	for (size_t i = 0; i < n; i++) {
		char *source = with_port(e[i].source, port);
		fp_buf_addf(&b, "<maplayer type='%s'><id>layer_number_%03zu</id><layername>L%zu</layername><provider>%s</provider><datasource>", e[i].type, i, i,
			e[i].provider);
		escape(&b, source);
		fp_buf_adds(&b, "</datasource></maplayer>");
		free(source);
	}
	fp_buf_adds(&b, "</projectlayers></qgis>");
	path = cli_write("net/p.qgs", b.data);
	fp_buf_free(&b);
	return path;
}

static void holds(const struct expected *e, size_t n, int port, const char *options)
{
	const json_t *answer = cli_json(1, "check %s --network %s --json", project(e, n, port), options);

	for (size_t i = 0; i < n; i++) {
		const json_t *l = json_array_get(json_object_get(answer, "layers"), i);
		char *text = fp_json_dump(l);
		cr_expect_str_eq(fp_json_str(l, "status"), e[i].status, "%s: %s", e[i].source, text);
		cr_expect_str_eq(fp_json_str_or(l, "cause", ""), e[i].cause ? e[i].cause : "", "%s: %s", e[i].source, text);
		cr_expect(!e[i].says || strstr(text, e[i].says), "%s lacks \"%s\": %s", e[i].source, e[i].says, text);
		cr_expect(!e[i].cause || (*fp_json_str(l, "sentence") && *fp_json_str(l, "remedy") && *fp_json_str(l, "owner")), "%s", text);
		cr_expect_null(strstr(text, PASSWORD));
		free(text);
	}
}
#define HOLD(cases, port, options) holds(cases, sizeof cases / sizeof *cases, port, options)

Test(network_layers, databases_are_judged_table_by_table)
{
	static const struct expected cases[] = {
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' key='id' table=\"public\".\"trees\" (geom)", "ok", NULL, "\"wkb_type\":6"},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='ada' password='" PASSWORD "' key='id' table=\"trees\" (geom)", "ok", NULL,
			"clear text"},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' key='id' table=\"tree_view\" (geom)", "ok", NULL, "\"pk\":\"id\""},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' table=\"tree_view\" (geom)", "invalid_dataprovider", "no_key", NULL},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' key='id' table=\"twice\" (geom)", "invalid_dataprovider",
			"key_not_unique", NULL},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' key='id' table=\"tree\" (geom)", "invalid_dataprovider",
			"table_missing", "\"instead\":[\"public.trees\""},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' key='id' table=\"trees\" (shape)", "invalid_dataprovider",
			"geometry_missing", "geom"},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='postgres' key='id' table=\"trees\" (geom) sql=nofield > 1", "ok", NULL,
			"will look empty"},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='ada' password='" PASSWORD "' key='id' table=\"forbidden\"",
			"invalid_dataprovider", "table_denied", "Unable to connect to host \\\"127.0.0.1\\\"."},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT user='ada' password='" PASSWORD "x' key='id' table=\"trees\" (geom)",
			"invalid_dataprovider", "login_refused", NULL},
		{"vector", "postgres", "dbname='nogis' host=127.0.0.1 port=PORT user='postgres' table=\"trees\" (geom)", "invalid_dataprovider",
			"login_refused", NULL},
		{"vector", "postgres", "service='nowhere' table=\"trees\" (geom)", "invalid_dataprovider", "service_unknown",
			"Unable to connect to service \\\"nowhere\\\"."},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=1 table=\"trees\" (geom)", "invalid_dataprovider", "host_refused",
			"Unable to connect to host \\\"127.0.0.1\\\"."},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT authcfg='abc1234' table=\"trees\" (geom)", "not_checked", "saved_login_not_checked", NULL},
	};

	postgres_needed();
	HOLD(cases, postgres_port(), "--allow 127.0.0.1");
}

Test(network_layers, this_machine_is_not_asked_unless_it_is_listed)
{
	static const struct expected cases[] = {
		{"vector", "postgres", "dbname='gis' host=localhost port=PORT table=\"t\" (g)", "invalid_dataprovider", "localhost",
			"Unable to connect to host \\\"localhost\\\"."},
		{"vector", "postgres", "dbname='gis' host=127.0.0.1 port=PORT table=\"t\" (g)", "invalid_dataprovider", "localhost",
			"Unable to connect to host \\\"localhost\\\"."},
		{"raster", "wms", "layers=a&styles=&crs=EPSG:4326&format=x&url=http://127.0.0.1:PORT/wms", "invalid_dataprovider", "localhost", NULL},
		{"vector", "postgres", "dbname='gis' host=10.1.2.3 table=\"t\" (g)", "not_checked", "address_refused", "network_allow"},
	};
	struct web w;

	web_listen(&w);
	HOLD(cases, w.port, "");
	cr_assert_eq(web_connections(&w), 0);
}

static const char wms[] = "<WMS_Capabilities version='1.3.0'><Capability><Layer><Title>root</Title><EX_GeographicBoundingBox><westBoundLongitude>-10"
	"</westBoundLongitude><eastBoundLongitude>10</eastBoundLongitude><southBoundLatitude>-10</southBoundLatitude><northBoundLatitude>10"
	"</northBoundLatitude></EX_GeographicBoundingBox><Layer><Name>roads</Name></Layer></Layer></Capability></WMS_Capabilities>";

static const struct web_route routes[] = {
	{"/wms?SERVICE=WMS&REQUEST=GetCapabilities", 200, "Content-Type: text/xml\r\n", wms, 0, 0},
	{"/html?SERVICE=WMS&REQUEST=GetCapabilities", 200, "Content-Type: text/html\r\n", "<html>Log in</html>", 0, 0},
	{"/login?SERVICE=WMS&REQUEST=GetCapabilities", 401, NULL, "no", 0, 0},
	{"/slow?SERVICE=WMS&REQUEST=GetCapabilities", 200, NULL, wms, 0, 30000},
	{"/oapif", 200, "Content-Type: application/json\r\n", "{\"links\":[]}", 0, 0},
	{"~/wfs?SERVICE=WFS&REQUEST=GetCapabilities", 200, NULL, "<WFS_Capabilities version='1.1.0'><FeatureTypeList><FeatureType><Name>my:a</Name></FeatureType>"
		"<FeatureType><Name>my:b</Name></FeatureType></FeatureTypeList></WFS_Capabilities>", 0, 0},
	{"~/wfs?SERVICE=WFS&REQUEST=DescribeFeatureType", 200, NULL, "<schema><element name='b' type='my:bType'/><complexType name='aType'><sequence><element name='g' "
		"type='gml:PointPropertyType'/></sequence></complexType><complexType name='bType'><sequence><element name='FID' type='int'/><element name='h' "
		"type='gml:MultiSurfacePropertyType'/></sequence></complexType></schema>", 0, 0},
	{"/a/FeatureServer/0?f=json", 200, "Content-Type: application/json\r\n", "{\"error\":{\"code\":404,\"message\":\"nothing here\"}}", 0, 0},
	{"*", 404, NULL, "no", 0, 0},
	END,
};

Test(network_layers, web_services_are_judged_by_what_they_offer)
{
	static const struct expected cases[] = {
		{"raster", "wms", "layers=roads&styles=&crs=EPSG:4326&format=image/png&url=http://127.0.0.1:PORT/wms", "ok", NULL, NULL},
		{"raster", "wms", "layers=rodes&styles=&crs=EPSG:4326&format=image/png&url=http://127.0.0.1:PORT/wms", "invalid_dataprovider", "web_layer_missing",
			"\"instead\":[\"roads\"]"},
		{"raster", "wms", "layers=roads&styles=&crs=EPSG:4326&format=image/png&url=http://127.0.0.1:PORT/html", "invalid_dataprovider", "web_not_expected",
			"a web page came instead of data"},
		{"raster", "wms", "layers=roads&styles=&crs=EPSG:4326&format=image/png&url=http://127.0.0.1:PORT/login", "invalid_dataprovider", "web_status",
			"HTTP 401"},
		{"raster", "wms", "layers=roads&styles=&crs=EPSG:4326&format=image/png&url=", "invalid_dataprovider", "no_address", NULL},
		{"raster", "wcs", "identifier=a&url=http://127.0.0.1:PORT/gone", "invalid_dataprovider", "web_status", "Cannot describe coverage"},
		{"vector", "WFS", " typename='a:b' url='http://127.0.0.1:PORT/gone'", "invalid_dataprovider", "web_status", "HTTP 404"},
		{"vector", "WFS", " typename='my:b' url='http://127.0.0.1:PORT/wfs' version='auto'", "ok", NULL, "\"wkb_type\":6,\"pk\":\"FID\""},
		{"vector", "WFS", "http://127.0.0.1:PORT/wfs?SERVICE=WFS&REQUEST=GetFeature&TYPENAME=my:b", "ok", NULL, "\"wkb_type\":6,\"pk\":\"FID\""},
		{"vector", "WFS", " typename='my:c' url='http://127.0.0.1:PORT/wfs'", "invalid_dataprovider", "web_layer_missing", NULL},
		{"vector", "OAPIF", " typename='a' url='http://127.0.0.1:PORT/oapif'", "invalid_dataprovider", "web_not_expected", NULL},
		{"vector", "arcgisfeatureserver", "url='http://127.0.0.1:PORT/a/FeatureServer/0'", "invalid_dataprovider", "web_not_expected", "getLayerInfo failed"},
		{"raster", "arcgismapserver", "url='http://127.0.0.1:PORT/a/MapServer'", "ok", NULL, NULL},
	};
	struct web w;

	web_start(&w, routes);
	HOLD(cases, w.port, "--allow 127.0.0.1");
	web_stop(&w);
}

Test(network_layers, a_server_that_does_not_answer_costs_its_time_once)
{
	static const char slow[] = "layers=roads&styles=&crs=EPSG:4326&format=image/png&url=http://127.0.0.1:PORT/slow";
	static const struct expected cases[] = {
		{"raster", "wms", slow, "invalid_dataprovider", "host_timed_out", NULL},
		{"raster", "wms", slow, "invalid_dataprovider", "host_timed_out", NULL},
		{"raster", "wms", slow, "invalid_dataprovider", "host_timed_out", NULL},
		{"raster", "wms", "type=xyz&url=https://h/{x}/{y}/{z}", "ok", NULL, NULL},
	};
	int64_t began = fp_monotonic_ms();
	struct web w;

	web_start(&w, routes);
	HOLD(cases, w.port, "--allow 127.0.0.1");
	cr_assert_lt(fp_monotonic_ms() - began, 25000, "the slow server was asked for each layer");
	web_stop(&w);
}

Test(network_layers, a_service_file_and_its_password_reach_the_prober_and_nothing_else)
{
	static const struct expected cases[] = {
		{"vector", "postgres", "service='geo' key='id' table=\"trees\" (geom)", "ok", NULL, "\"uses\":[\"service:geo\"]"},
		{"vector", "postgres", "service='geo' key='id' table=\"gone\" (geom)", "invalid_dataprovider", "table_missing",
			"Unable to connect to service \\\"geo\\\"."},
	};
	char *file;

	postgres_needed();
	file = fp_asprintf("[geo]\nhost=127.0.0.1\nport=%d\ndbname=gis\nuser=ada\npassword=" PASSWORD "\n", postgres_port());
	setenv("PGSERVICEFILE", cli_write("service.conf", file), 1);
	free(file);
	HOLD(cases, 0, "--allow 127.0.0.1");
}
