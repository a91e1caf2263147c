/* Rows of web services for a package, from a service that lies, stops, hangs up and leads away. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/package/json_top.h"
#include "engine/package/web.h"
#include "tests/cli.h"
#include "tests/package_rows.h"
#include "tests/prober_fixture.h"
#include "tests/web.h"

static struct web server;
static struct rows_fixture f;
static char folder[] = "/tmp/fp-web-XXXXXX";

static void setup(void)
{
	cr_assert_not_null(mkdtemp(folder));
	web_listen(&server);
	prober_begin("127.0.0.1", "");
	close(session); /* the package opens its own */
	session = -1;
}

static void teardown(void)
{
	rows_end(&f);
	web_stop(&server);
	prober_end();
	fp_fs_remove_tree(folder, NULL);
}

TestSuite(package_web, .init = setup, .fini = teardown, .timeout = 60);

#define END {NULL, 0, NULL, NULL, 0, 0}
#define XMLNS " xmlns:wfs='http://www.opengis.net/wfs/2.0' xmlns:gml='http://www.opengis.net/gml/3.2' xmlns:my='http://my'"
#define TYPES(crs) "<FeatureTypeList><FeatureType><Name>my:trees</Name><" crs ">urn:ogc:def:crs:EPSG::4326</" crs "></FeatureType></FeatureTypeList>"
#define PAGES "<OperationsMetadata><Constraint name='ImplementsResultPaging'><DefaultValue>TRUE</DefaultValue></Constraint>" \
	"<Constraint name='CountDefault'><DefaultValue>2</DefaultValue></Constraint></OperationsMetadata>"
#define PAGED {"~GetCapabilities", 200, NULL, "<WFS_Capabilities version='2.0.0'>" PAGES TYPES("DefaultCRS") "</WFS_Capabilities>", 0, 0}
#define WHOLE {"~GetCapabilities", 200, NULL, "<WFS_Capabilities version='2.0.0'>" TYPES("DefaultCRS") "</WFS_Capabilities>", 0, 0}
#define OLD {"~GetCapabilities", 200, NULL, "<WFS_Capabilities version='1.1.0'>" TYPES("DefaultSRS") "</WFS_Capabilities>", 0, 0}
#define SCHEMA {"~DescribeFeatureType", 200, NULL, "<schema><complexType name='treesType'><complexContent><extension><sequence>" \
	"<element name='where' type='gml:PointPropertyType'/><element name='fid' type='xsd:int'/><element name='name' type='xsd:string'/>" \
	"<element name='big' type='xsd:long'/><element name='x' type='xsd:decimal'/><element name='ok' type='xsd:boolean'/>" \
	"<element name='t' type='xsd:dateTime'/><element name='odd'><simpleType/></element></sequence></extension></complexContent></complexType>" \
	"<element name='trees' type='my:treesType'/></schema>", 0, 0}
#define FEATURES(matched, features) "<wfs:FeatureCollection" XMLNS " numberMatched='" matched "'>" features "</wfs:FeatureCollection>"
#define TREE(n, at) "<wfs:member><my:trees gml:id='t." n "'><my:where><gml:Point srsName='urn:ogc:def:crs:EPSG::4326'><gml:pos>" at \
	"</gml:pos></gml:Point></my:where><my:fid>" n "</my:fid><my:name>tree " n "</my:name></my:trees></wfs:member>"

/* The layer of PROVIDER whose source is a FORMAT of the server's port, served by ROUTES. */
static void begin(const struct web_route *routes, const char *provider, const char *format, const char *more)
{
	char *at = fp_strdup(format), *port = strstr(at, "PORT"), *source;

	cr_assert(port);
	source = fp_asprintf("%.*s%d%s%s", (int)(port - at), at, server.port, port + 4, more);
	web_serve(&server, routes);
	rows_begin(&f, provider, source, "fid", 1);
	f.package.scratch = folder;
	f.package.prober = prober;
	free(at);
	free(source);
}

static void begin_wfs(const struct web_route *routes, const char *more)
{
	begin(routes, "WFS", " srsname='EPSG:4326' typename='my:trees' url='http://127.0.0.1:PORT/wfs' version='auto'", more);
}

/* It opens, and reading it fails with WORDS after ROWS. */
static void fails(enum fp_status want, const char *words, const char *rows)
{
	enum fp_status st;
	const char *text;

	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	text = rows_text(&f, &st);
	cr_assert_eq(st, want, "%s: %s", f.err.msg, text);
	cr_assert(strstr(f.err.msg, words), "%s", f.err.msg);
	cr_assert_str_eq(text, rows);
}

#define ROW(n, x, y) n "|tree " n "|NULL|NULL|NULL|NULL|NULL|POINT (" x " " y ")\n"

Test(package_web, without_the_network_nothing_is_asked)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, END};

	begin_wfs(routes, "");
	f.package.prober = NULL;
	cr_assert_eq(rows_open(&f, NULL), FP_E_REFUSED);
	cr_assert(strstr(f.err.msg, "the network is off"), "%s", f.err.msg);
	cr_assert_eq(web_connections(&server), 0);
}

Test(package_web, what_only_qgis_can_ask_for_is_refused)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, END};

	begin_wfs(routes, " sql=SELECT * FROM trees");
	cr_assert_eq(rows_open(&f, NULL), FP_E_REFUSED);
	rows_end(&f);
	rows_begin(&f, "WFS", " authcfg='abc1234' typename='my:trees' url='http://127.0.0.1/wfs'", "fid", 1);
	f.package.scratch = folder;
	f.package.prober = prober;
	cr_assert_eq(rows_open(&f, NULL), FP_E_REFUSED);
	cr_assert(strstr(f.err.msg, "abc1234"));
	rows_end(&f);
	rows_begin(&f, "WFS", " typename='my:trees' url='http://10.0.0.1/wfs'", "fid", 1);
	f.package.scratch = folder;
	f.package.prober = prober;
	cr_assert_eq(rows_open(&f, NULL), FP_E_REFUSED);
	cr_assert(strstr(f.err.msg, "network_allow"), "%s", f.err.msg);
	cr_assert_eq(web_connections(&server), 0);
}

Test(package_web, an_exception_is_told_in_the_servers_words)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 404, NULL, "", 0, 0}, {"~GetFeature", 200, NULL, "<ows:ExceptionReport xmlns:ows='http://o'>"
		"<ows:Exception exceptionCode='X'>\n<ows:ExceptionText>no room\nfor that</ows:ExceptionText></ows:Exception></ows:ExceptionReport>", 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "answers with an exception: no room for that", "");
}

Test(package_web, a_status_is_told_with_the_words_of_its_exception)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 404, NULL, "", 0, 0},
		{"~GetFeature", 400, NULL, "<ServiceExceptionReport><ServiceException>bad filter</ServiceException></ServiceExceptionReport>", 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "answers HTTP 400: bad filter", "");
}

Test(package_web, a_web_page_is_no_features)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, "<html><body>log in</body></html>", 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "no features came but <html>", "");
}

Test(package_web, features_that_the_server_says_it_has_and_does_not_send_are_counted)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 200, NULL, FEATURES("3", ""), 0, 0},
		{"~GetFeature", 200, NULL, FEATURES("3", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "the server sent 2 of the 3 features that it says it has", ROW("1", "7", "46") ROW("2", "8", "47"));
	cr_assert(strstr(f.err.hint, "stay online"));
}

Test(package_web, before_2_0_the_number_comes_by_itself)
{
	static const struct web_route routes[] = {OLD, SCHEMA, {"~hits", 200, NULL, "<wfs:FeatureCollection" XMLNS " numberOfFeatures='2'/>", 0, 0},
		{"~GetFeature", 200, NULL, FEATURES("?", TREE("1", "46 7")), 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "sent 1 of the 2", ROW("1", "7", "46"));
}

Test(package_web, an_answer_that_breaks_off_is_no_layer)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 404, NULL, "", 0, 0},
		{"~GetFeature", 200, NULL, "<wfs:FeatureCollection" XMLNS ">" TREE("1", "46 7") "<wfs:mem", 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "cannot be read", "");
}

Test(package_web, a_server_that_hangs_up_is_no_layer)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 404, NULL, "", 0, 0},
		{"~GetFeature", 200, "Transfer-Encoding: chunked\r\n", "ff\r\n<wfs:Feat", 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "127.0.0.1 did not answer", "");
}

Test(package_web, a_redirect_to_a_private_address_is_refused)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 404, NULL, "", 0, 0},
		{"~GetFeature", 302, "Location: http://192.168.1.1/wfs\r\n", "", 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_REFUSED, "may not have this address asked", "");
}

Test(package_web, a_server_that_minds_no_page_is_found_out)
{
	static const struct web_route routes[] = {PAGED, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("unknown", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};

	begin_wfs(routes, "");
	fails(FP_E_IO, "the same features again", ROW("1", "7", "46") ROW("2", "8", "47"));
}

Test(package_web, pages_follow_each_other_to_the_end)
{
	static const struct web_route routes[] = {PAGED, SCHEMA, {"~hits", 200, NULL, FEATURES("3", ""), 0, 0},
		{"~STARTINDEX=0&COUNT=2", 200, NULL, FEATURES("3", TREE("1", "46 7") TREE("2", "47 8")), 0, 0},
		{"~STARTINDEX=2&COUNT=2", 200, NULL, FEATURES("3", TREE("3", "48 9")), 0, 0}, END};

	begin_wfs(routes, "");
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_assert_eq(f.rows->about, 3);
	cr_assert_str_eq(rows_columns(&f), "fid:Integer name:String big:Integer64 x:Real ok:String t:DateTime odd:String");
	cr_assert_str_eq(rows_text(&f, NULL), ROW("1", "7", "46") ROW("2", "8", "47") ROW("3", "9", "48"));
	cr_assert_eq(server.seen->requests, 5, "%d", server.seen->requests);
}

Test(package_web, values_are_what_qgis_makes_of_them)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("2", "<wfs:member><my:trees gml:id='a'><my:fid>007</my:fid>"
		"<my:name>a &lt;b&gt; \303\274</my:name><my:big>1000000000000</my:big><my:x>1.5</my:x><my:ok>true</my:ok><my:t>2024-05-01T10:00:00.25+02:00</my:t>"
		"<my:odd>007</my:odd></my:trees></wfs:member><wfs:member><my:trees gml:id='b'><my:name/><my:x>none</my:x><my:t>yesterday</my:t></my:trees></wfs:member>"),
		0, 0}, END};

	begin_wfs(routes, "");
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), "7|a <b> \303\274|1000000000000|1.5|true|2024-05-01T08:00:00.2501Z|007\nNULL|NULL|NULL|NULL|NULL|NULL|NULL\n");
}

Test(package_web, a_rectangle_is_asked_for_in_the_order_of_the_axes_and_looked_at_again)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("2", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};
	const struct fp_rows_wanted wanted = {.has_rect = 1, .rect = {6.5, 45, 7.5, 46.5}};

	begin_wfs(routes, "");
	cr_assert_eq(rows_open(&f, &wanted), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), ROW("1", "7", "46"));
	cr_assert(strstr(server.seen->heads, "BBOX=45,6.5,46.5,7.5,urn:ogc:def:crs:EPSG::4326"), "%s", server.seen->heads);
}

Test(package_web, axes_that_the_author_sets_right_are_turned)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("1", TREE("1", "46 7")), 0, 0}, END};

	begin_wfs(routes, " IgnoreAxisOrientation='1'");
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), ROW("1", "46", "7"));
}

Test(package_web, an_expression_is_tried_here_and_a_filter_in_xml_by_the_server)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("2", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};
	char *expression[] = {(char *)"\"fid\" > 1"}, *xml[] = {(char *)"<Filter a=\"b\"/>"};
	const struct fp_strv one = {.items = expression, .n = 1}, other = {.items = xml, .n = 1};

	begin_wfs(routes, "");
	cr_assert_eq(rows_open(&f, &(struct fp_rows_wanted){.filters = &one}), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), ROW("2", "8", "47"));
	cr_assert_not(strstr(server.seen->heads, "FILTER="));
	cr_assert_eq(rows_open(&f, &(struct fp_rows_wanted){.filters = &other}), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), ROW("1", "7", "46") ROW("2", "8", "47"));
	cr_assert(strstr(server.seen->heads, "FILTER=%3CFilter%20a=%22b%22%2F%3E"), "%s", server.seen->heads);
}

Test(package_web, as_many_as_the_author_wants_are_enough)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("9", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};

	begin_wfs(routes, " maxNumFeatures='2'");
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), ROW("1", "7", "46") ROW("2", "8", "47"));
	cr_assert(strstr(server.seen->heads, "COUNT=2"));
}

/* ---- OGC API Features ---- */

#define JSON "Content-Type: application/json\r\n"
#define POINT(id, x, properties) "{\"type\":\"Feature\",\"id\":\"" id "\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[" x ",1]},\"properties\":{" properties "}}"
#define COLLECTION(more, features) "{\"type\":\"FeatureCollection\"," more "\"features\":[" features "]}"

static char *landing;

/* The pages that lead to the features; ITEMS are the answers to limit=10, limit=LIMIT, and to what the second names. */
static void begin_api(struct web_route items[3])
{
	static struct web_route routes[7];

	landing = fp_asprintf("{\"links\":[{\"rel\":\"data\",\"type\":\"application/json\",\"href\":\"http://127.0.0.1:%d/c\"},"
		"{\"rel\":\"service-desc\",\"type\":\"application/vnd.oai.openapi+json;version=3.0\",\"href\":\"http://127.0.0.1:%d/description\"}]}",
		server.port, server.port);
	routes[0] = (struct web_route){"/api", 200, JSON, landing, 0, 0};
	routes[1] = (struct web_route){"/description", 200, JSON, "{\"parameters\":[{\"name\":\"limit\",\"schema\":{\"maximum\":500}}]}", 0, 0};
	for (int i = 0; i < 3; i++)
		routes[i + 2] = items[i];
	begin(routes, "OAPIF", " typename='trees' url='http://127.0.0.1:PORT/api' username='ann' password='open sesame'", "");
}

#define FIRST POINT("a", "1", "\"fid\":1,\"n\":5,\"x\":1.5,\"t\":\"2024-05-01\",\"ok\":true,\"l\":[1,2]")

Test(package_web, pages_of_an_api_name_the_next_and_types_stay_those_of_the_first)
{
	struct web_route items[3] = {{"/c/trees/items?limit=10", 200, JSON, COLLECTION("", FIRST), 0, 0},
		{"/c/trees/items?limit=500", 200, JSON, COLLECTION("\"numberMatched\":3,\"links\":[{\"rel\":\"next\",\"href\":\"/more?a=\\\"]}\"}],", FIRST), 0, 0},
		{"~/more", 200, JSON, COLLECTION("", POINT("b", "2", "\"fid\":2,\"n\":\"6\",\"x\":3,\"t\":\"soon\",\"new\":1") ","
			POINT("c", "3", "\"n\":7.5,\"ok\":false")), 0, 0}};

	begin_api(items);
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_columns(&f), "id:String fid:Integer n:Integer x:Real t:Date ok:Integer/Boolean l:String/JSON");
	cr_assert_str_eq(rows_text(&f, NULL), "a|1|5|1.5|2024-05-01|1|[1,2]|POINT (1 1)\nb|2|6|3|NULL|NULL|NULL|POINT (2 1)\nc|NULL|NULL|NULL|NULL|0|NULL|POINT (3 1)\n");
	free(landing);
}

Test(package_web, an_api_that_keeps_features_back_is_found_out)
{
	struct web_route items[3] = {{"/c/trees/items?limit=10", 200, JSON, COLLECTION("", FIRST), 0, 0},
		{"/c/trees/items?limit=500", 200, JSON, COLLECTION("\"numberMatched\":3,", FIRST), 0, 0}, END};

	begin_api(items);
	fails(FP_E_IO, "sent 1 of the 3", "a|1|5|1.5|2024-05-01|1|[1,2]|POINT (1 1)\n");
	free(landing);
}

Test(package_web, a_page_that_names_itself_is_the_last_one_asked_for)
{
	struct web_route items[3] = {{"/c/trees/items?limit=10", 200, JSON, COLLECTION("", FIRST), 0, 0},
		{"/c/trees/items?limit=500", 200, JSON, COLLECTION("\"links\":[{\"rel\":\"next\",\"href\":\"/c/trees/items?limit=500\"}],", FIRST), 0, 0}, END};

	begin_api(items);
	fails(FP_E_IO, "the same features again", "");
	free(landing);
}

Test(package_web, json_that_breaks_off_is_no_layer)
{
	struct web_route items[3] = {{"/c/trees/items?limit=10", 200, JSON, COLLECTION("", FIRST), 0, 0},
		{"/c/trees/items?limit=500", 200, JSON, "{\"type\":\"FeatureCollection\",\"features\":[" FIRST, 0, 0}, END};

	begin_api(items);
	fails(FP_E_IO, "breaks off", "");
	free(landing);
}

Test(package_web, nobody_but_the_service_gets_the_login)
{
	char *more;
	struct web other;
	struct web_route items[3] = {{"/c/trees/items?limit=10", 200, JSON, COLLECTION("", FIRST), 0, 0}, END, END};
	static const struct web_route away[] = {{"*", 200, JSON, COLLECTION("", POINT("b", "2", "\"fid\":2")), 0, 0}, END};

	web_start(&other, away);
	more = fp_asprintf("{\"type\":\"FeatureCollection\",\"links\":[{\"rel\":\"next\",\"href\":\"http://127.0.0.1:%d/x\"}],\"features\":[]}", other.port);
	items[1] = (struct web_route){"/c/trees/items?limit=500", 200, JSON, more, 0, 0};
	begin_api(items);
	cr_assert_eq(rows_open(&f, NULL), FP_OK, "%s", f.err.msg);
	cr_assert_str_eq(rows_text(&f, NULL), "b|2|NULL|NULL|NULL|NULL|NULL|POINT (2 1)\n");
	cr_assert(strstr(server.seen->heads, "Authorization: Basic"));
	cr_assert_eq(other.seen->requests, 1);
	cr_assert_not(strstr(other.seen->heads, "Authorization"));
	web_stop(&other);
	free(more);
	free(landing);
}

/* ---- from the command to the package ---- */

TestSuite(web_command, .timeout = 60);

/* A project with one layer, of the service at PORT. */
static const char *project(int port)
{
	char *text = fp_asprintf("<qgis version='3.22'><projectlayers><maplayer type='vector'><id>trees_1</id><layername>Trees</layername><provider>WFS</provider>"
		"<datasource> srsname='EPSG:4326' typename='my:trees' url='http://127.0.0.1:%d/wfs' version='auto'</datasource></maplayer></projectlayers></qgis>", port);
	const char *path = cli_write("net/p.qgs", text);

	free(text);
	return path;
}

Test(web_command, a_service_is_packaged_where_the_network_is_on_and_asked_nothing_where_it_is_off)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~hits", 200, NULL, FEATURES("2", ""), 0, 0},
		{"~GetFeature", 200, NULL, FEATURES("2", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};
	const json_t *layer;
	struct web w;

	web_start(&w, routes);
	layer = json_array_get(json_object_get(cli_json(0, "package %s %s --json", project(w.port), cli_path("off")), "layers"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(layer, "action")), "online");
	cr_assert_eq(web_connections(&w), 0);
	layer = json_array_get(json_object_get(cli_json(0, "package %s %s --json --network --allow 127.0.0.1", project(w.port), cli_path("on")), "layers"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(layer, "action")), "offline");
	cr_assert_str_eq(json_string_value(json_object_get(layer, "pk")), "fid");
	cr_assert_eq(json_integer_value(json_object_get(layer, "features")), 2);
	cr_assert_eq(w.seen->requests, 4, "what the check asked for is asked for again: %s", w.seen->heads);
	web_stop(&w);
}

Test(web_command, a_service_that_keeps_features_back_fails_the_package)
{
	static const struct web_route routes[] = {WHOLE, SCHEMA, {"~GetFeature", 200, NULL, FEATURES("3", TREE("1", "46 7") TREE("2", "47 8")), 0, 0}, END};
	const struct cli *r;
	struct web w;

	web_start(&w, routes);
	r = cli_run("package %s %s --network --allow 127.0.0.1", project(w.port), cli_path("short"));
	cr_assert_gt(r->code, 1);
	cr_assert(strstr(r->err, "layer \"Trees\": the server sent 2 of the 3 features"), "%s", r->err);
	cr_assert_neq(access(cli_path("short"), F_OK), 0);
	web_stop(&w);
}

/* ---- members of large objects ---- */

static const char *top(const char *text, size_t piece)
{
	static const char *const wanted[] = {"a", "b c", NULL};
	static char out[256];
	struct fp_json_top *t = fp_json_top_new(wanted);
	size_t n = strlen(text);
	json_t *found;
	char *s;

	for (size_t at = 0; at < n; at += piece)
		fp_json_top_feed(t, text + at, n - at < piece ? n - at : piece);
	if (fp_json_top_finish(t, &found, NULL) == FP_OK) {
		s = json_dumps(found, JSON_COMPACT);
		snprintf(out, sizeof out, "%s", s);
		free(s);
		json_decref(found);
	} else {
		snprintf(out, sizeof out, "none");
	}
	fp_json_top_free(t);
	return out;
}

Test(json_top, members_are_found_wherever_the_text_is_cut)
{
	static const char *const cases[][2] = {
		{"{\"a\":1}", "{\"a\":1}"}, {" {\"x\":{\"a\":2,\"y\":[\"}\"]},\"a\": [1,{\"a\":\"]\\\"}\"}] , \"b c\":\"x\"}\n", "{\"a\":[1,{\"a\":\"]\\\"}\"}],\"b c\":\"x\"}"},
		{"{}", "{}"}, {"{\"z\":\"a\\\\\",\"a\":null}", "{\"a\":null}"}, {"[{\"a\":1}]", "none"}, {"", "none"}, {"{\"a\":1", "none"}, {"{\"a\":x}", "none"},
		{"{\"a\":1}{", "none"}, {"{\"a\":1} x", "none"}, {"\"a\"", "none"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t piece = 1; piece < 9; piece++)
			cr_expect_str_eq(top(cases[i][0], piece), cases[i][1], "%s in pieces of %zu: %s", cases[i][0], piece, top(cases[i][0], piece));
}
