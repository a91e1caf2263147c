/* Changes as files: what is written reads back as what it was, and nothing in it runs in a spreadsheet or drives a terminal. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

TestSuite(export, .timeout = 100);

#define HEAD "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],\"deltas\":["
#define KEYS(uuid, pk) "\"uuid\":\"" uuid "\",\"clientId\":\"c\",\"localPk\":\"" pk "\",\"sourcePk\":\"" pk "\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\"," \
	"\"localLayerName\":\"=Hives\",\"localLayerCrs\":\"EPSG:2056\""

/* u1 is a patch with values of all kinds, u2 a create, u3 a delete, u4 has a geometry that is none, u5 no field at all. */
static void pushed(void)
{
	cli_bees();
	cli_write("all.json", HEAD
		"{" KEYS("u1", "1") ",\"method\":\"patch\",\"old\":{\"geometry\":\"Point (1 2)\",\"attributes\":{\"note\":\"a, b\",\"n\":-5,\"gone\":null}},"
			"\"new\":{\"geometry\":\"PointZ (2600000.5 1200000.25 3)\",\"attributes\":{\"note\":\"=1+1\",\"n\":-6,\"quote\":\"say \\\"x\\\"\\nnow\",\"esc\":\"\\u001b[2J\","
			"\"list\":[1,2],\"on\":true,\"minus\":\"-5\",\"at\":\"@x\",\"plus\":\"+1\"}}},"
		"{" KEYS("u2", "7") ",\"method\":\"create\",\"new\":{\"geometry\":\"MultiPoint ((1 1), (2 2))\",\"attributes\":{\"note\":\"new\"}}},"
		"{" KEYS("u3", "3") ",\"method\":\"delete\",\"old\":{\"geometry\":\"LineString (0 0, 1 1)\",\"attributes\":{\"note\":\"old\"}}},"
		"{" KEYS("u4", "4") ",\"method\":\"patch\",\"old\":{\"attributes\":{}},\"new\":{\"geometry\":\"Point of no return\",\"attributes\":{}}},"
		"{" KEYS("u5", "5") ",\"method\":\"delete\",\"old\":{}}]}");
	cr_assert_eq(cli_run("change push Bees %s --yes", cli_path("all.json"))->code, 0);
}

static char *file(const char *name)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};

	cr_assert_eq(fp_fs_read(&b, cli_path(name), 1 << 24, &err), FP_OK, "%s", err.msg);
	return fp_buf_take(&b);
}

static json_t *parsed(const char *text)
{
	struct fp_error err = {0};
	json_t *v = NULL;

	cr_assert_eq(fp_json_parse(&v, text, strlen(text), &err), FP_OK, "%s: %s", err.msg, text);
	return v;
}

Test(export, wrong_words_are_refused_and_an_empty_selection_writes_nothing)
{
	pushed();
	cli_says(2, "--format is one of deltafile, jsonl, csv and geojson", "change export Bees u1");
	cli_says(2, "--format is one of", "change export Bees u1 --format xml");
	cli_says(2, "name the changes by their uuids", "change export Bees --format csv");
	cli_says(2, "named twice", "change export Bees u1 u1 --format csv -o %s", cli_path("x"));
	cli_says(3, "there is no change nix", "change export Bees nix --format csv -o %s", cli_path("x"));
	cli_says(3, "there is no change nix", "change export Bees u1 nix --format csv -o %s", cli_path("x"));
	cli_says(3, "no change of this project matches", "change export Bees --filter status:applied --format deltafile -o %s", cli_path("x"));
	cr_assert_str_eq(cli_run("change export Bees --filter status:applied --format deltafile")->out, "");
	cli_says(3, "cannot create", "change export Bees u1 --format csv -o /nonexistent/x");
	cr_assert_neq(access(cli_path("x"), F_OK), 0);
	cli_wants(0, "change export Bees u1 --format csv -o %s", cli_path("x"));
	cli_says(2, "add --yes", "change export Bees u1 --format csv -o %s", cli_path("x"));
	cli_wants(0, "change export Bees u1 --format csv -o %s --yes", cli_path("x"));
	cli_says(3, "is no regular file", "change export Bees u1 --format csv -o %s --yes", cli_path("bees"));
}

Test(export, a_deltafile_reads_back_in_another_home_as_the_same_changes)
{
	const char *out = cli_path("out.json");
	char *other = fp_strdup(cli_path("other"));
	const json_t *before[5], *after, *answer;
	json_t *d;
	char *text;

	pushed();
	for (int i = 0; i < 5; i++)
		before[i] = json_object_get(cli_json(0, "change show u%d --json", i + 1), "delta");
	answer = cli_json(0, "change export Bees --this-and-newer u1 --format deltafile -o %s --json", out);
	cr_assert_eq(fp_json_int(answer, "changes", 0), 5);
	text = file("out.json");
	d = parsed(text);
	cr_assert_str_eq(fp_json_str(d, "version"), "1.0");
	cr_assert_str_neq(fp_json_str(d, "id"), "9311eb96-bff8-4d5b-ab36-c314a007cfcd", "a fresh id");
	cr_assert_str_eq(fp_json_str(d, "project"), fp_json_str(cli_json(0, "project show Bees --json"), "id"));
	cr_assert_eq(json_object_size(json_object_get(d, "clientPks")), 0);
	cli_wants(0, "--home %s init --yes", other);
	cli_wants(0, "--home %s project create Hives --yes", other);
	answer = cli_json(0, "--home %s change push Hives %s --yes --json", other, out);
	cr_assert_eq(fp_json_int(answer, "accepted", 0), 5);
	for (int i = 0; i < 5; i++) {
		after = json_object_get(cli_json(0, "--home %s change show u%d --json", other, i + 1), "delta");
		cr_assert(json_equal(before[i], after));
	}
	answer = cli_json(0, "change push Bees %s --yes --json", out);
	cr_assert_eq(fp_json_int(answer, "known", 0), 5, "and at home they are known");
	json_decref(d);
	free(text);
	free(other);
}

Test(export, what_the_key_map_knows_goes_with_the_deltafile)
{
	json_t *d;
	char *text;

	pushed();
	cli_wants(0, "engine run --once");
	cli_wants(0, "change export Bees u2 u3 --format deltafile -o %s", cli_path("out.json"));
	text = file("out.json");
	d = parsed(text);
	cr_assert_str_eq(fp_json_str_or(json_object_get(d, "clientPks"), "c__l__7", "(none)"), "7", "%s", text);
	cr_assert_eq(json_object_size(json_object_get(d, "clientPks")), 1);
	json_decref(d);
	free(text);
}

Test(export, csv_is_quoted_and_holds_no_formula)
{
	char *text;

	pushed();
	cli_wants(0, "change export Bees --filter method:patch --format csv -o %s", cli_path("out.csv"));
	text = file("out.csv");
	cr_assert_eq(strncmp(text, "uuid,when,who,method,layer,feature,field,old,new,status\r\n", 57), 0, "%s", text);
	cr_assert(strstr(text, ",patch,'=Hives,1,note,\"a, b\",'=1+1,pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",n,-5,-6,pending\r\n"), "numbers stay numbers: %s", text);
	cr_assert(strstr(text, ",minus,,'-5,pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",at,,'@x,pending\r\n") && strstr(text, ",plus,,'+1,pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",quote,,\"say \"\"x\"\"\nnow\",pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",list,,\"[1,2]\",pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",on,,true,pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",gone,,,pending\r\n"), "%s", text);
	cr_assert(strstr(text, ",geometry,Point (1 2),PointZ (2600000.5 1200000.25 3),pending\r\n"), "%s", text);
	cr_assert(strstr(text, "\x1b[2J"), "a file holds what it is given");
	free(text);
	cli_wants(0, "change export Bees u5 --format csv -o %s", cli_path("none.csv"));
	text = file("none.csv");
	cr_assert(strstr(text, ",delete,'=Hives,5,,,,pending\r\n"), "a change without a field is a line all the same: %s", text);
	free(text);
	cr_assert_null(strchr(cli_run_terminal(200, "", "change export Bees u1 --format csv")->out, '\033'), "a terminal gets no control characters");
}

Test(export, json_lines_say_what_show_says)
{
	char *text, *line, *save = NULL;
	int n = 0;

	pushed();
	cli_run("engine run --once");
	cli_wants(0, "change export Bees --this-and-newer u2 --format jsonl -o %s", cli_path("out.jsonl"));
	text = file("out.jsonl");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *o = parsed(line);
		const json_t *shown = cli_json(0, "change show %s --json", fp_json_str(o, "uuid"));
		cr_assert(json_equal(shown, o), "%s", line);
		cr_assert_gt(json_array_size(json_object_get(o, "attempt_list")), 0);
		n++;
		json_decref(o);
	}
	cr_assert_eq(n, 4);
	free(text);
}

Test(export, geojson_has_a_feature_a_change_and_tells_of_a_geometry_that_is_none)
{
	const json_t *features, *f;
	const struct cli *r;
	json_t *d;

	pushed();
	r = cli_run("change export Bees u1 u2 u3 u4 u5 --format geojson");
	cr_assert_eq(r->code, 1);
	cr_assert(strstr(r->err, "1 geometries could not be read"), "%s", r->err);
	d = parsed(r->out);
	cr_assert_str_eq(fp_json_str(d, "type"), "FeatureCollection");
	features = json_object_get(d, "features");
	cr_assert_eq(json_array_size(features), 5);
	f = json_array_get(features, 0);
	cr_assert_str_eq(fp_json_str(json_object_get(f, "geometry"), "type"), "Point");
	cr_assert_eq(json_real_value(json_array_get(json_object_get(json_object_get(f, "geometry"), "coordinates"), 0)), 2600000.5);
	cr_assert_eq(json_array_size(json_object_get(json_object_get(f, "geometry"), "coordinates")), 3);
	cr_assert_str_eq(fp_json_str(json_object_get(f, "properties"), "uuid"), "u1");
	cr_assert_str_eq(fp_json_str(json_object_get(f, "properties"), "geometry_of"), "new");
	cr_assert_str_eq(fp_json_str(json_object_get(f, "properties"), "crs"), "EPSG:2056");
	cr_assert_str_eq(fp_json_str(json_object_get(f, "properties"), "layer"), "=Hives");
	f = json_array_get(features, 2);
	cr_assert_str_eq(fp_json_str(json_object_get(f, "geometry"), "type"), "LineString");
	cr_assert_str_eq(fp_json_str(json_object_get(f, "properties"), "geometry_of"), "old");
	f = json_array_get(features, 3);
	cr_assert(json_is_null(json_object_get(f, "geometry")));
	cr_assert(strstr(fp_json_str(json_object_get(f, "properties"), "geometry_fault"), "no WKT"));
	cr_assert(json_is_null(json_object_get(json_array_get(features, 4), "geometry")));
	cr_assert_str_eq(fp_json_str(json_object_get(json_array_get(features, 4), "properties"), "geometry_fault"), "");
	json_decref(d);
}
