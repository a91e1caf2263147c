#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/deltafile.h"

TestSuite(deltafile, .timeout = 20);

#define HEAD "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[]"
#define KEYS "\"uuid\":\"u1\",\"localPk\":\"5\",\"sourcePk\":\"7\",\"localLayerId\":\"l\",\"sourceLayerId\":\"s\""
#define DELTA "{" KEYS ",\"method\":\"patch\",\"old\":{\"attributes\":{\"a\":1}},\"new\":{\"attributes\":{\"a\":2}}}"

static void refused(const char *text, const char *message)
{
	struct fp_deltafile d;
	struct fp_error err = {0};

	cr_assert_eq(fp_deltafile_parse(&d, text, strlen(text), &err), FP_E_INVALID, "%s", text);
	cr_assert(strstr(err.msg, message) != NULL, "%s\ninstead of %s", err.msg, message);
	cr_assert_null(d.head);
}

static void parsed(struct fp_deltafile *d, const char *text)
{
	struct fp_error err = {0};

	cr_assert_eq(fp_deltafile_parse(d, text, strlen(text), &err), FP_OK, "%s", err.msg);
}

/* Delta I of D; borrowed until D's end. */
static const json_t *delta_of(struct fp_deltafile *d, size_t i)
{
	json_t *delta, *found = NULL;

	for (size_t k = 0; (delta = fp_deltafile_next(d)); k++)
		if (k == i)
			found = delta;
		else
			json_decref(delta);
	cr_assert_not_null(found);
	json_object_set_new(d->head, "borrowed", found);
	return found;
}

Test(deltafile, what_is_no_deltafile_is_refused_with_the_place_of_the_fault)
{
	static const char *const cases[][2] = {
		{"", "not JSON"},
		{"nonsense", "not JSON"},
		{HEAD ",\"deltas\":[", "not JSON"},
		{"[]", "a deltafile is an object, this is an array"},
		{"5", "this is a number"},
		{"{}", "version is missing"},
		{"{\"version\":\"1.0\",\"id\":\"x\"}", "id is \"x\", expected a UUID"},
		{HEAD "}", "deltas is missing"},
		{HEAD ",\"deltas\":{}}", "deltas is an object, expected an array"},
		{HEAD ",\"deltas\":[],\"clientPks\":[]}", "clientPks is an array"},
		{HEAD ",\"deltas\":[],\"clientPks\":{\"c__1\":true}}", "clientPks[\"c__1\"] is a boolean"},
		{HEAD ",\"deltas\":[null]}", "deltas[0] is null, expected an object"},
		{HEAD ",\"deltas\":[{" KEYS "}]}", "deltas[0].method is missing"},
		{HEAD ",\"deltas\":[{\"uuid\":\"\","
			"\"localPk\":\"\",\"sourcePk\":\"\",\"localLayerId\":\"\",\"sourceLayerId\":\"\",\"method\":\"patch\"}]}", "deltas[0].uuid is empty"},
		{HEAD ",\"deltas\":[" DELTA ",{\"uuid\":7}]}", "deltas[1].uuid is a number, expected a string"},
		{HEAD ",\"deltas\":[{" KEYS ",\"method\":\"upsert\"}]}", "deltas[0].method is \"upsert\", expected create, patch or delete"},
		{HEAD ",\"deltas\":[{" KEYS ",\"method\":\"create\",\"new\":null}]}", "deltas[0].new is null, expected an object"},
		{HEAD ",\"deltas\":[{" KEYS ",\"method\":\"create\",\"new\":{\"attributes\":null}}]}", "deltas[0].new.attributes is null"},
		{HEAD ",\"deltas\":[{" KEYS ",\"method\":\"create\",\"new\":{\"geometry\":5}}]}", "deltas[0].new.geometry is a number, expected a string or null"},
		{HEAD ",\"deltas\":[{" KEYS ",\"method\":\"create\",\"new\":{\"fid\":5}}]}", "deltas[0].new has an unknown member \"fid\""},
		{HEAD ",\"deltas\":[" DELTA "," DELTA "]}", "deltas[1].uuid is that of deltas[0], too"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		refused(cases[i][0], cases[i][1]);
	refused("{\"version\":\"2.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\","
		"\"files\":[],\"deltas\":[]}", "version is \"2.0\", expected 1.0");
	refused("{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\","
		"\"files\":[\"a\",\"a\"],\"deltas\":[]}", "files[1] repeats \"a\"");
}

Test(deltafile, a_message_shows_no_control_characters_of_the_file)
{
	struct fp_deltafile d;
	struct fp_error err = {0};
	const char *text = HEAD ",\"deltas\":[{" KEYS ",\"method\":\"\\u001b[2J\\n\"}]}";

	cr_assert_eq(fp_deltafile_parse(&d, text, strlen(text), &err), FP_E_INVALID);
	cr_assert_null(strchr(err.msg, '\033'));
	cr_assert_null(strchr(err.msg, '\n'));
}

Test(deltafile, every_prefix_of_a_file_is_refused_and_none_crashes)
{
	const char *text = HEAD ",\"deltas\":[{" KEYS ",\"method\":\"patch\",\"old\":{\"attributes\":{\"a\":\"\\u0000\\\\u0000\",\"b\":-12345678901234567890}}}]}";

	for (size_t n = 0; n < strlen(text); n++) {
		char *cut = fp_strndup(text, n); /* exactly sized, so that a read beyond the end is seen */
		struct fp_deltafile d;
		struct fp_error err = {0};
		cr_assert_eq(fp_deltafile_parse(&d, cut, n, &err), FP_E_INVALID, "%zu", n);
		free(cut);
	}
}

Test(deltafile, nul_escapes_vanish_and_escaped_backslashes_stay)
{
	struct fp_deltafile d;
	const json_t *attributes;

	parsed(&d, HEAD ",\"deltas\":[{" KEYS ",\"method\":\"create\",\"new\":{\"attributes\":{\"a\":\"x\\u0000y\\u0000\",\"b\":\"\\\\u0000\","
		"\"c\":\"\\\\\\u0000\",\"d\\u0000\":\"\\u00e9\"}}}]}");
	attributes = json_object_get(json_object_get(delta_of(&d, 0), "new"), "attributes");
	cr_assert_str_eq(fp_json_str(attributes, "a"), "xy");
	cr_assert_str_eq(fp_json_str(attributes, "b"), "\\u0000");
	cr_assert_str_eq(fp_json_str(attributes, "c"), "\\");
	cr_assert_str_eq(fp_json_str(attributes, "d"), "é");
	fp_deltafile_clear(&d);
}

Test(deltafile, an_integer_beyond_64_bits_does_not_refuse_the_file)
{
	struct fp_deltafile d;
	const json_t *attributes;

	parsed(&d, HEAD ",\"deltas\":[{" KEYS ",\"method\":\"create\",\"new\":{\"attributes\":{\"a\":9223372036854775808,\"b\":9223372036854775807,"
		"\"c\":-9223372036854775808,\"d\":\"9223372036854775808\",\"e\":1e+20}}}]}");
	attributes = json_object_get(json_object_get(delta_of(&d, 0), "new"), "attributes");
	cr_assert_eq(json_typeof(json_object_get(attributes, "a")), JSON_REAL);
	cr_assert_eq(json_integer_value(json_object_get(attributes, "b")), INT64_MAX);
	cr_assert_eq(json_integer_value(json_object_get(attributes, "c")), INT64_MIN);
	cr_assert_str_eq(fp_json_str(attributes, "d"), "9223372036854775808");
	fp_deltafile_clear(&d);
}

Test(deltafile, a_delta_may_lack_old_new_client_and_a_file_its_client_keys)
{
	struct fp_deltafile d;
	const json_t *delta;

	parsed(&d, HEAD ",\"x\":1,\"deltas\":[{" KEYS ",\"method\":\"delete\",\"label\":\"anything\"}]}");
	delta = delta_of(&d, 0);
	cr_assert_str_eq(fp_delta_client_id(delta), "");
	cr_assert_str_eq(fp_delta_uuid(delta), "u1");
	cr_assert_str_eq(fp_delta_method(delta), "delete");
	cr_assert_null(fp_delta_mapped_pk(d.client_pks, delta));
	fp_deltafile_clear(&d);
}

Test(deltafile, an_empty_source_layer_falls_back_to_the_local_one)
{
	json_t *delta = json_pack("{s:s,s:s}", "localLayerId", "local", "sourceLayerId", "");

	cr_assert_str_eq(fp_delta_layer_id(delta), "local");
	json_object_set_new(delta, "sourceLayerId", json_string("source"));
	cr_assert_str_eq(fp_delta_layer_id(delta), "source");
	json_decref(delta);
}

static void maps(const json_t *client_pks, const json_t *delta, const char *want)
{
	char *pk = fp_delta_mapped_pk(client_pks, delta);

	cr_assert(want ? pk && strcmp(pk, want) == 0 : !pk, "%s instead of %s", pk ? pk : "none", want ? want : "none");
	free(pk);
}

Test(deltafile, the_key_of_client_and_layer_beats_the_older_key_of_the_client_alone)
{
	json_t *pks = json_pack("{s:s,s:i,s:s}", "c__l__5", "100", "c__5", 200, "c__6", "300");
	json_t *delta = json_pack("{s:s,s:s,s:s,s:s}", "clientId", "c", "localLayerId", "l", "sourceLayerId", "s", "localPk", "5");

	maps(pks, delta, "100");
	json_object_set_new(delta, "localLayerId", json_string("other"));
	maps(pks, delta, "200");
	json_object_set_new(delta, "localPk", json_string("6"));
	maps(pks, delta, "300");
	json_object_set_new(delta, "localPk", json_string("7"));
	maps(pks, delta, NULL);
	maps(NULL, delta, NULL);
	json_decref(pks);
	json_decref(delta);
}

Test(deltafile, the_inverse_of_the_inverse_is_the_delta_itself)
{
	static const char *const methods[][2] = {{"create", "delete"}, {"delete", "create"}, {"patch", "patch"}};

	for (size_t i = 0; i < 3; i++) {
		json_t *delta = json_pack("{s:s,s:s,s:{s:s},s:{s:s}}", "uuid", "u", "method", methods[i][0], "old", "geometry", "A", "new", "geometry", "B");
		json_t *once = fp_delta_inverse(delta), *twice = fp_delta_inverse(once);

		cr_assert_str_eq(fp_delta_method(once), methods[i][1]);
		cr_assert_str_eq(fp_json_str(json_object_get(once, "old"), "geometry"), "B");
		cr_assert_str_eq(fp_json_str(json_object_get(once, "new"), "geometry"), "A");
		cr_assert(json_equal(delta, twice));
		json_decref(delta);
		json_decref(once);
		json_decref(twice);
	}
}

static char *written(struct fp_deltafile *d, int inverse)
{
	char *path = fp_strdup("/tmp/fp-deltas-XXXXXX");
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};

	close(mkstemp(path));
	cr_assert_eq(fp_deltafile_write_jsonl(d, inverse, path, &err), FP_E_EXISTS, "an existing file is never overwritten");
	unlink(path);
	cr_assert_eq(fp_deltafile_write_jsonl(d, inverse, path, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_read(&b, path, 1 << 20, &err), FP_OK);
	unlink(path);
	free(path);
	return fp_buf_take(&b);
}

Test(deltafile, the_worker_gets_one_line_a_delta_in_order_and_backwards_when_undoing)
{
	struct fp_deltafile d;
	char *text;

	parsed(&d, HEAD ",\"clientPks\":{\"c__l__5\":9},\"deltas\":[{" KEYS ",\"clientId\":\"c\",\"method\":\"create\",\"new\":{\"geometry\":null}},"
		"{\"uuid\":\"u2\",\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\",\"method\":\"delete\","
		"\"old\":{\"attributes\":{\"a\":\"x\\ny\"}}}]}");
	text = written(&d, 0);
	cr_assert_str_eq(text, "{\"delta\":{" KEYS ",\"clientId\":\"c\",\"method\":\"create\",\"new\":{\"geometry\":null}},\"mapped_pk\":\"9\",\"ledger\":null}\n"
		"{\"delta\":{\"uuid\":\"u2\",\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\",\"method\":\"delete\","
		"\"old\":{\"attributes\":{\"a\":\"x\\ny\"}}},\"mapped_pk\":null,\"ledger\":null}\n");
	free(text);
	text = written(&d, 1);
	cr_assert_str_eq(text, "{\"delta\":{\"uuid\":\"u2\",\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\",\"method\":\"create\","
		"\"new\":{\"attributes\":{\"a\":\"x\\ny\"}}},\"mapped_pk\":null,\"ledger\":null}\n"
		"{\"delta\":{" KEYS ",\"clientId\":\"c\",\"method\":\"delete\",\"old\":{\"geometry\":null}},\"mapped_pk\":\"9\",\"ledger\":null}\n");
	free(text);
	fp_deltafile_clear(&d);
}

Test(deltafile, what_cannot_be_written_leaves_no_file)
{
	struct fp_deltafile d;
	struct fp_error err = {0};

	parsed(&d, HEAD ",\"deltas\":[]}");
	cr_assert_eq(fp_deltafile_write_jsonl(&d, 0, "/nonexistent/x.jsonl", &err), FP_E_NOTFOUND);
	fp_deltafile_clear(&d);
}

Test(deltafile, structure_faults_are_named_with_line_and_column)
{
	refused("{\n \"version\":\"1.0\",\n nonsense}", "not JSON: a name in quotes expected at line 3, column 2");
	refused("{\"a\" 1}", "not JSON: \":\" expected at line 1, column 6");
	refused("{\"a\":1 \"b\":2}", "not JSON: \",\" or \"}\" expected at line 1, column 8");
	refused("{\"a\":1,}", "not JSON: a name in quotes expected at line 1, column 8");
	refused("{\"a\":1,\"\\u0000a\":2}", "not JSON: a name comes twice at line 1, column 8");
	refused("{\"a\":\n\n  tru}", "at line 3, column");
	refused("{\"a\":}", "not JSON");
	refused(HEAD ",\"deltas\":[" DELTA "]} x", "not JSON: end of file expected at line 1");
	refused(HEAD ",\"deltas\":[" DELTA " " DELTA "]}", "not JSON: \",\" or \"]\" expected");
	refused(HEAD ",\"deltas\":[" DELTA ",]}", "not JSON");
	refused(HEAD ",\"deltas\":[{]}", "not JSON");
	refused(HEAD ",\"deltas\":[" DELTA "}", "not JSON");
	refused(HEAD ",\"deltas\":[],\"deltas\":[]}", "not JSON: a name comes twice");
	refused(HEAD ",\"deltas\":[\n" DELTA ",\n{\"uuid\":\"\\u12\"}]}", "at line 3, column");
}

Test(deltafile, the_deltas_may_stand_before_the_rest_and_are_given_as_often_as_asked)
{
	struct fp_deltafile d;

	parsed(&d, " {\"deltas\" : [ " DELTA " ] , \"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"files\":[],"
		"\"project\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\" }\n ");
	cr_assert_eq(d.n, 1);
	for (int i = 0; i < 3; i++) {
		json_t *delta = fp_deltafile_next(&d);
		cr_assert_str_eq(fp_delta_uuid(delta), "u1");
		json_decref(delta);
		cr_assert_null(fp_deltafile_next(&d));
	}
	fp_deltafile_clear(&d);
}

Test(deltafile, a_uuid_that_comes_again_is_found_among_many)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};
	struct fp_deltafile d;

	fp_buf_adds(&b, HEAD ",\"deltas\":[");
	for (int i = 0; i < 20000; i++)
		fp_buf_addf(&b, "%s{\"uuid\":\"u%d\",\"localPk\":\"\",\"sourcePk\":\"\",\"localLayerId\":\"\",\"sourceLayerId\":\"\",\"method\":\"patch\"}",
			i ? "," : "", i);
	fp_buf_adds(&b, "]}");
	parsed(&d, b.data);
	cr_assert_eq(d.n, 20000);
	fp_deltafile_clear(&d);
	memcpy(strstr(b.data, "\"u19999\""), "\"u17171\"", 8);
	cr_assert_eq(fp_deltafile_parse(&d, b.data, b.len, &err), FP_E_INVALID);
	cr_assert_str_eq(err.msg, "deltas[19999].uuid is that of deltas[17171], too");
	fp_buf_free(&b);
}

Test(deltafile, what_is_too_large_is_said_in_one_sentence)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};
	struct fp_deltafile d;

	cr_assert_eq(fp_deltafile_parse(&d, "", FP_DELTAFILE_MAX + 1, &err), FP_E_FULL);
	cr_assert_str_eq(err.msg, "a deltafile has at most 256 MB, this has more");
	fp_buf_adds(&b, "{\"deltas\":[],\"x\":[\"");
	while ((long long)b.len < FP_DELTAFILE_HEAD_MAX + 100)
		fp_buf_adds(&b, "a long text, and again ");
	fp_buf_adds(&b, "\"]}");
	cr_assert_eq(fp_deltafile_parse(&d, b.data, b.len, &err), FP_E_INVALID);
	cr_assert_str_eq(err.msg, "the deltafile has more than 16 MB that are no deltas");
	fp_buf_free(&b);
}

Test(deltafile, a_refused_file_is_known_for_a_deltafile_by_its_deltas)
{
	char id[FP_UUID_SIZE], project[FP_UUID_SIZE];
	static const char *const yes[] = {"{\"deltas\":5}", "{\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"deltas\":[{\"a\":", "junk \"deltas\""};
	static const char *const no[] = {"", "[]", "{}", "{\"type\":\"FeatureCollection\",\"features\":[{\"deltas\":[]}]}", "junk", "{\"delta\":["};

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		cr_assert_eq(fp_deltafile_looks_like(yes[i], strlen(yes[i]), id, project), 1, "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		cr_assert_eq(fp_deltafile_looks_like(no[i], strlen(no[i]), id, project), 0, "%s", no[i]);
	fp_deltafile_looks_like(yes[1], strlen(yes[1]), id, project);
	cr_assert_str_eq(id, "9311eb96-bff8-4d5b-ab36-c314a007cfcd");
	fp_deltafile_looks_like("{\"id\":\"x\"}", 10, id, project);
	cr_assert_str_eq(id, "");
}

/* The recorded deltafiles, when they lie beside the source. */
Test(deltafile, recorded_deltafiles_are_read_and_the_two_invalid_ones_refused)
{
	char *pattern = fp_asprintf("%s/../shared/corpus/deltas/cases/*/stage*.deltas.json", getenv("FIELDPOST_SOURCE"));
	size_t bad = 0;
	glob_t g;

	if (glob(pattern, 0, NULL, &g) != 0) {
		free(pattern);
		cr_skip_test("no corpus");
	}
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct fp_buf b = FP_BUF_INIT;
		struct fp_deltafile d;
		struct fp_error err = {0};

		cr_assert_eq(fp_fs_read(&b, g.gl_pathv[i], 1 << 24, &err), FP_OK, "%s", err.msg);
		if (fp_deltafile_parse(&d, b.data, b.len, &err) != FP_OK) {
			bad++;
			cr_assert(strstr(g.gl_pathv[i], "not_schema_valid") != NULL || strstr(g.gl_pathv[i], "attributes_null") != NULL, "%s: %s", g.gl_pathv[i], err.msg);
		}
		fp_deltafile_clear(&d);
		fp_buf_free(&b);
	}
	cr_assert_eq(bad, 2);
	globfree(&g);
	free(pattern);
}
