/* Memory of checks: what a run of Check project layers leaves in the store beside what the ones before it left. The worker is tests/fake_worker.c. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/run.h"
#include "engine/store/check.h"
#include "engine/store/checks.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"
#include "engine_home.h"

static struct home h;
static struct fp_error err;

static void setup(void)
{
	home_open(&h);
}

static void teardown(void)
{
	home_close(&h);
}

TestSuite(checks, .timeout = 100, .init = setup, .fini = teardown);

/* A layer event: "name" is its id too, unless said otherwise. */
static void told(struct fp_buf *b, const char *id, const char *name, const char *status, const char *sentence)
{
	const char *valid = strcmp(status, "ok") == 0 ? "true" : strcmp(status, "not_checked") == 0 ? "null" : "false";

	fp_buf_addf(b, "event layer {\"id\":\"%s\",\"name\":\"%s\",\"type\":\"vector\",\"provider\":\"ogr\",\"crs\":\"\",\"wkb_type\":1,\"pk\":null,\"filename\":null,"
		"\"datasource\":\"d\",\"is_valid\":%s,\"status\":\"%s\",\"error_summary\":\"\",\"provider_summary\":\"\",\"confidence\":\"checked\",\"detail\":\"%s\","
		"\"remedy\":\"do this\",\"warnings\":[],\"cause\":%s,\"owner\":\"project author\",\"sentence\":\"%s\"}\n", id, name, valid, status, sentence,
		*sentence ? "\"missing-file\"" : "null", sentence);
}

/* Runs a check that tells of "id=status" or "id=status:sentence" words, ended by a NULL. Returns its job. */
static int64_t check(const char *first, ...) __attribute__((sentinel));
static int64_t check(const char *first, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, first);
	for (const char *word = first; word; word = va_arg(ap, const char *)) {
		char *id = fp_strdup(word), *status = strchr(id, '=') + 1, *sentence = strchr(status, ':');
		status[-1] = '\0';
		if (sentence)
			*sentence++ = '\0';
		told(&b, id, id, status, sentence ? sentence : "");
		free(id);
	}
	va_end(ap);
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, b.data);
	fp_buf_free(&b);
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	return h.t.job_id;
}

static void is(const char *layer, const char *wanted)
{
	char *sql = fp_asprintf("SELECT status || ' ' || changed || ' ' || previous FROM layer WHERE layer_id = '%s'", layer);

	cr_expect_str_eq(home_text(&h, sql), wanted, "%s: %s", layer, home_text(&h, sql));
	free(sql);
}

static void note_fault(void *arg, enum fp_finding f, const char *line)
{
	(void)arg;
	cr_assert(f == FP_FINDING_GOOD || (f == FP_FINDING_NOTE && strstr(line, "SQLite")), "%s", line);
}

static void verdict_ends(const char *text)
{
	const char *said = home_text(&h, "SELECT verdict FROM job WHERE type = 'process_projectfile' ORDER BY id DESC");
	size_t n = strlen(said), k = strlen(text);
	int64_t faults;

	cr_expect(n >= k && strcmp(said + n - k, text) == 0, "%s", said);
	cr_assert_eq(fp_store_check(h.s, 0, note_fault, NULL, &faults, &err), FP_OK);
}

Test(checks, a_check_that_fails_leaves_no_run_and_no_word)
{
	int64_t good = check("a=ok", "b=invalid_dataprovider:x", NULL);

	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, "event layer {\"id\":\"a\",\"name\":\"a\",\"status\":\"invalid_layer\",\"is_valid\":false}\nkill 11\n");
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "failed");
	is("a", "ok  ");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM check_run"), 1);
	cr_expect_eq(home_number(&h, "SELECT job_id FROM check_run"), good);
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM verdict"), 0);
	check("a=invalid_dataprovider:y", "b=invalid_dataprovider:x", NULL);
	is("a", "invalid_dataprovider broke ok");
}

Test(checks, the_first_check_has_nothing_to_be_compared_with)
{
	check("a=ok", "b=invalid_dataprovider:x", "c=not_checked:y", NULL);
	is("a", "ok  ");
	is("b", "invalid_dataprovider  ");
	is("c", "not_checked  ");
	verdict_ends("1 not_checked");
	cr_expect_eq(home_number(&h, "SELECT previous_at IS NULL AND new = 0 FROM check_run"), 1);
}

Test(checks, every_transition_has_its_word)
{
	static const struct { const char *id, *before, *after, *word; } cases[] = {
		{"a", "ok", "ok", ""}, {"b", "ok", "invalid_dataprovider:x", "broke"}, {"c", "ok", "invalid_layer:x", "broke"},
		{"d", "ok", "not_checked:x", "changed"}, {"e", "not_checked:x", "ok", "changed"}, {"f", "not_checked:x", "invalid_dataprovider:x", "changed"},
		{"g", "not_checked:x", "not_checked:x", ""}, {"h", "not_checked:x", "not_checked:y", "changed"}, {"i", "invalid_dataprovider:x", "ok", "fixed"},
		{"j", "invalid_dataprovider:x", "not_checked:x", "changed"}, {"k", "invalid_dataprovider:x", "invalid_layer:x", "changed"},
		{"l", "invalid_dataprovider:x", "invalid_dataprovider:x", ""}, {"m", "invalid_dataprovider:x", "invalid_dataprovider:y", "changed"},
		{"n", "localized_dataprovider:x", "ok", "fixed"}, {"o", "ok", "missing_dataprovider:x", "broke"},
	};
	struct fp_buf b[2] = {FP_BUF_INIT, FP_BUF_INIT};
	int64_t second = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int k = 0; k < 2; k++) {
			char *status = fp_strdup(k ? cases[i].after : cases[i].before), *sentence = strchr(status, ':');
			if (sentence)
				*sentence++ = '\0';
			told(&b[k], cases[i].id, cases[i].id, status, sentence ? sentence : "");
			free(status);
		}
	for (int k = 0; k < 2; k++) {
		home_script(&h, FP_JOB_PROCESS_PROJECTFILE, b[k].data);
		cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
		home_run(&h);
		second = h.t.job_id;
		fp_buf_free(&b[k]);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *sql = fp_asprintf("SELECT changed FROM layer WHERE layer_id = '%s'", cases[i].id);
		cr_expect_str_eq(home_text(&h, sql), cases[i].word, "%s, then %s: %s", cases[i].before, cases[i].after, home_text(&h, sql));
		free(sql);
	}
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM layer WHERE (changed <> '') <> (since_job > 1)"), 0, "since moves where a word stands, and only there");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM verdict"), 12);
	verdict_ends("; 2 fixed, 3 broke, 7 changed");
	check("a=ok", NULL);
	cr_expect_eq(home_number(&h, "SELECT gone FROM check_run ORDER BY job_id DESC"), 14);
	cr_expect_gt(home_number(&h, "SELECT max(job_id) FROM check_run"), second);
}

Test(checks, a_layer_that_is_gone_is_listed_once_and_may_come_back_as_new)
{
	check("a=ok", "b=invalid_dataprovider:x", NULL);
	check("a=ok", NULL);
	is("b", "not_checked gone invalid_dataprovider");
	cr_expect_eq(home_number(&h, "SELECT layer_problems FROM project WHERE name = 'Bees'"), 0, "it is no problem any more");
	verdict_ends("1 layer: 1 ok; 1 gone");
	check("a=ok", NULL);
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM layer WHERE layer_id = 'b'"), 0);
	verdict_ends("1 layer: 1 ok");
	check("a=ok", "b=invalid_dataprovider:x", NULL);
	is("b", "invalid_dataprovider new ");
	check("a=ok", "b=invalid_dataprovider:x", NULL);
	is("b", "invalid_dataprovider  ");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM verdict"), 1);
	cr_expect_eq(home_number(&h, "SELECT first_job = 1 AND last_job = 1 FROM verdict"), 1);
	home_process(&h);
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM layer WHERE changed = 'gone'"), 2);
	verdict_ends("no layers; 2 gone");
}

Test(checks, a_layer_renamed_is_the_same_layer)
{
	struct fp_buf b = FP_BUF_INIT;
	char *id;

	check("a=invalid_dataprovider:x", NULL);
	told(&b, "a", "Ash trees", "invalid_dataprovider", "x");
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, b.data);
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	is("a", "invalid_dataprovider  ");
	cr_expect_str_eq(home_text(&h, "SELECT name FROM layer"), "Ash trees");
	cr_expect_eq(home_number(&h, "SELECT since_job FROM layer"), 1);
	cr_assert_eq(fp_verdict_find(h.s, &id, h.project, "ASH TREES", &err), FP_OK, "%s", err.msg);
	cr_expect_str_eq(id, "a");
	free(id);
	fp_buf_free(&b);
}

Test(checks, a_layer_told_twice_in_one_check_is_what_was_told_first)
{
	check("a=ok", NULL);
	check("a=invalid_dataprovider:x", "a=ok", "a=not_checked:y", NULL);
	is("a", "invalid_dataprovider broke ok");
	verdict_ends("1 layer: 1 invalid_dataprovider; 1 broke");
}

Test(checks, a_cause_that_is_no_key_and_a_sentence_without_end_are_cut_to_what_can_be_kept)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "event layer {\"id\":\"a\",\"name\":\"a\",\"status\":\"invalid_layer\",\"is_valid\":false,\"cause\":\"no \\\" key\",\"sentence\":\"");
	for (int i = 0; i < 5000; i++)
		fp_buf_adds(&b, "word ");
	fp_buf_adds(&b, "\\u001b[2J\"}\n");
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, b.data);
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	cr_expect_str_eq(home_text(&h, "SELECT cause FROM layer"), "");
	cr_expect_eq(home_number(&h, "SELECT length(sentence) BETWEEN 900 AND 1000 FROM layer"), 1);
	fp_buf_free(&b);
}

Test(checks, a_worker_that_gives_no_sentence_has_said_it_elsewhere)
{
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE,
		"event layer {\"id\":\"a\",\"name\":\"a\",\"status\":\"invalid_layer\",\"is_valid\":false,\"detail\":\"why\",\"error_summary\":\"e\"}\n"
		"event layer {\"id\":\"b\",\"name\":\"b\",\"status\":\"invalid_layer\",\"is_valid\":false,\"detail\":\"\",\"error_summary\":\"e\",\"provider_summary\":\"p\"}\n"
		"event layer {\"id\":\"c\",\"name\":\"c\",\"status\":\"invalid_layer\",\"is_valid\":false,\"sentence\":\"\",\"provider_summary\":\"p\"}\n"
		"event layer {\"id\":\"d\",\"name\":\"d\",\"status\":\"ok\",\"is_valid\":true,\"detail\":\"by the way\"}\n");
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	cr_expect_str_eq(home_text(&h, "SELECT group_concat(sentence, '/') FROM (SELECT sentence FROM layer ORDER BY layer_id)"), "why/e/p/");
}

static void add_verdict(void *arg, const struct fp_verdict_row *r)
{
	fp_buf_addf(arg, "%lld-%lld>%lld %s %s;", (long long)r->first_job, (long long)r->last_job, (long long)r->ended_job, r->status, r->sentence);
	cr_expect(r->since > 0 && (r->last_job == 0) == (r->until == 0) && (r->ended_job == 0) == (r->ended == 0));
}

static void history_is(const char *layer, const char *wanted)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "");
	cr_assert_eq(fp_verdict_list(h.s, h.project, layer, add_verdict, &b, &err), FP_OK, "%s", err.msg);
	cr_expect_str_eq(b.data, wanted, "%s: %s", layer, b.data);
	fp_buf_free(&b);
}

Test(checks, a_history_tells_the_spans_and_where_the_layer_was_gone)
{
	check("a=ok", "b=ok", NULL);
	check("a=ok", "b=ok", NULL);
	check("a=invalid_dataprovider:x", "b=ok", NULL);
	check("b=ok", NULL);
	check("b=ok", NULL);
	check("a=ok", "b=ok", NULL);
	check("a=ok", "b=ok", NULL);
	history_is("a", "6-0>0 ok ;3-3>4 invalid_dataprovider x;1-2>3 ok ;");
	history_is("b", "1-0>0 ok ;");
	history_is("never", "");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM verdict"), 2, "what does not change costs nothing");
}

Test(checks, an_unchanged_check_writes_a_run_and_nothing_else)
{
	int64_t revision;

	check("a=ok", "b=invalid_dataprovider:x", NULL);
	check("a=ok", "b=invalid_dataprovider:x", NULL);
	revision = home_number(&h, "SELECT sum(id) FROM layer");
	check("a=ok", "b=invalid_dataprovider:x", NULL);
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM check_run"), 3);
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM verdict"), 0);
	cr_expect_eq(home_number(&h, "SELECT sum(id) FROM layer"), revision, "rows keep their numbers");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM layer WHERE since_job = 1"), 2);
}

static void retain(void)
{
	int more = 1;

	while (more)
		cr_assert_eq(fp_retain(h.s, &h.conf, &more, &err), FP_OK, "%s", err.msg);
}

Test(checks, old_runs_are_forgotten_but_never_the_newest)
{
	check("a=ok", NULL);
	check("a=invalid_dataprovider:x", NULL);
	check("a=ok", NULL);
	check("a=invalid_dataprovider:y", NULL);
	retain();
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM check_run"), 4, "young ones stay");
	cr_assert_eq(sqlite3_exec(h.s->db, "UPDATE check_run SET at = 1 WHERE job_id < 3", NULL, NULL, NULL), SQLITE_OK);
	retain();
	cr_expect_eq(home_number(&h, "SELECT min(job_id) FROM check_run"), 3);
	history_is("a", "4-0>0 invalid_dataprovider y;3-3>4 ok ;");
	cr_assert_eq(sqlite3_exec(h.s->db, "UPDATE check_run SET at = 1", NULL, NULL, NULL), SQLITE_OK);
	retain();
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM check_run"), 1);
	history_is("a", "4-0>0 invalid_dataprovider y;");
	check("a=ok", NULL);
	is("a", "ok fixed invalid_dataprovider");
	h.conf.check_keep_days = 36500;
	retain();
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM check_run"), 2);
}

static void add_group(void *arg, const struct fp_group_row *r)
{
	fp_buf_addf(arg, "%lld/%lld %s %s %s;", (long long)r->layers, (long long)r->projects, r->status, r->sentence, r->names);
}

static void groups_are(const char *filter, enum fp_group_by by, const char *wanted)
{
	struct fp_query q = {.filter = filter};
	struct fp_buf b = FP_BUF_INIT;
	int64_t n = 0, wants = 0;

	fp_buf_adds(&b, "");
	cr_assert_eq(fp_layer_groups(h.s, &q, by, 0, 100, add_group, &b, &err), FP_OK, "%s", err.msg);
	cr_expect_str_eq(b.data, wanted, "%s: %s", filter, b.data);
	cr_assert_eq(fp_layer_group_count(h.s, &q, by, &n, &err), FP_OK, "%s", err.msg);
	for (const char *p = wanted; *p; p++)
		wants += *p == ';';
	cr_expect_eq(n, wants);
	fp_buf_free(&b);
}

static void count_is(const char *filter, int64_t wanted)
{
	struct fp_query q = {.filter = filter};
	int64_t n = -1;

	cr_assert_eq(fp_layer_count(h.s, &q, &n, &err), FP_OK, "%s: %s", filter, err.msg);
	cr_expect_eq(n, wanted, "%s: %lld", filter, (long long)n);
}

Test(checks, the_same_failure_is_one_group_over_all_projects)
{
	char *filter;

	check("a=ok", "b=invalid_dataprovider:x", "c=invalid_dataprovider:x", "d=invalid_dataprovider:z", "e=not_checked:n", "f=not_checked:n",
		"g=not_checked:n", "i=not_checked:n", NULL);
	cr_assert_eq(fp_project_create(h.s, h.project, "Roads", "anna", &err), FP_OK);
	home_put(&h, "p.qgs", "<qgis/>");
	check("a=invalid_dataprovider:x", "b=invalid_layer:x", "h=ok", NULL);
	groups_are(NULL, FP_GROUP_SENTENCE, "3/2 invalid_dataprovider x [\"b\",\"c\",\"a\"];1/1 invalid_dataprovider z [\"d\"];1/1 invalid_layer x [\"b\"];"
		"4/1 not_checked n [\"e\",\"f\",\"g\"];");
	groups_are("valid:false -name:c", FP_GROUP_CAUSE, "3/2 invalid_dataprovider x [\"b\",\"d\",\"a\"];1/1 invalid_layer x [\"b\"];");
	groups_are("status:ok", FP_GROUP_SENTENCE, "");
	check("a=invalid_dataprovider:x", "h=ok", NULL);
	groups_are("status:invalid_layer", FP_GROUP_SENTENCE, "");
	filter = fp_asprintf("group:%lld", (long long)home_number(&h, "SELECT max(id) FROM layer WHERE sentence = 'x'"));
	count_is(filter, 3);
	count_is("changed:any", 1);
	count_is("changed:gone", 1);
	count_is("changed:fixed", 0);
	count_is("cause:missing-file", 8);
	count_is("owner:\"Project Author\" valid:false", 4);
	count_is("group:999999", 0);
	free(filter);
}

/* A data folder of its own, which has the schema of before at first. */
static char data[] = "/tmp/fp-checks-XXXXXX";

static void add_data(const char *name)
{
	char *from = fp_path_join(getenv("FIELDPOST_SOURCE"), name), *to = fp_path_join(data, name);
	struct fp_buf b = FP_BUF_INIT;

	cr_assert_eq(fp_fs_read(&b, from, 1 << 20, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_write_atomic(to, b.data, b.len, &err), FP_OK, "%s", err.msg);
	fp_buf_free(&b);
	free(from);
	free(to);
}

static void setup_before(void)
{
	char *schema, *workflows, *own;

	cr_assert_not_null(mkdtemp(data));
	schema = fp_path_join(data, "data/schema");
	workflows = fp_path_join(data, "data/workflows");
	own = fp_path_join(data, "data");
	cr_assert_eq(fp_fs_mkdirs(schema, &err), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(workflows, &err), FP_OK);
	add_data("data/config.yaml");
	add_data("data/workflows/process_projectfile.yaml");
	add_data("data/schema/001_store.sql");
	setenv("FIELDPOST_DATA", own, 1);
	home_open_empty(&h);
	free(schema);
	free(workflows);
	free(own);
}

static void teardown_before(void)
{
	home_close(&h);
	fp_fs_remove_tree(data, NULL);
}

TestSuite(checks_before, .timeout = 100, .init = setup_before, .fini = teardown_before);

Test(checks_before, what_an_older_store_knows_is_the_first_run)
{
	char *why = NULL;

	cr_assert_eq(sqlite3_exec(h.s->db, "INSERT INTO job (id, project_id, type, status, \"trigger\", created_by, created_at, touched_at, queued_at, started_at,"
		" finished_at, verdict) SELECT 7, id, 'process_projectfile', 'finished', 'upload', 'anna', 1, 1, 1, 1, 55, 'v' FROM project;"
		"INSERT INTO layer (project_id, layer_id, name, type, provider, crs, datasource, is_valid, status, error_summary, provider_summary, confidence, detail,"
		" remedy, pk, filename, warnings, json, job_id, at) SELECT id, 'a', 'A', '', '', '', '', 0, 'invalid_layer', 'e', '', '', '', '', '', '', '[]', '{}', 7, 55"
		" FROM project", NULL, NULL, &why), SQLITE_OK, "%s", why);
	fp_store_close(h.s);
	add_data("data/schema/002_secrets.sql");
	add_data("data/schema/003_checks.sql");
	add_data("data/schema/004_changes.sql");
	add_data("data/schema/005_search.sql");
	add_data("data/schema/006_packages.sql");
	cr_assert_eq(fp_store_open(&h.s, h.path, 0, &err), FP_OK, "%s", err.msg);
	home_put(&h, "p.qgs", "<qgis/>");
	cr_expect_eq(home_number(&h, "SELECT at FROM check_run WHERE job_id = 7"), 55);
	cr_expect_eq(home_number(&h, "SELECT since = 55 AND since_job = 7 AND sentence = 'e' AND changed = '' FROM layer"), 1);
	check("a=ok", NULL);
	is("a", "ok fixed invalid_layer");
	history_is("a", "8-0>0 ok ;7-7>8 invalid_layer e;");
}
