/* Plans: what is said of changes, tried on the data; and that it is this which happens, or nothing. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/amend.h"
#include "engine/queue/plan.h"
#include "engine/store/changes.h"
#include "engine_home.h"

static struct home h;
static struct fp_error err;
static struct fp_plan *plan;

static void with_fake(void)
{
	home_open(&h);
}

static void write_store(const char *sql)
{
	cr_assert_eq(fp_store_begin(h.s, &err), FP_OK);
	cr_assert_eq(fp_store_end(h.s, fp_db_run(h.s, &err, sql, FP_NOVALS), &err), FP_OK, "%s", err.msg);
}

/* Conflicts are met by a person there. */
static void with_sample(void)
{
	home_open_sample(&h);
	write_store("UPDATE project SET overwrite_conflicts = 0");
}

static void teardown(void)
{
	fp_plan_free(plan);
	home_close(&h);
}

TestSuite(plan, .timeout = 60, .fini = teardown);

#define TREES "trees_5c1f2a60_7d34_4e0b_9a41_1f6f0c7f3b11"

/* A deltafile of these deltas, and its job run. */
static void push(const char *deltas)
{
	static int n;
	char *text = fp_asprintf("{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-%012d\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],"
		"\"deltas\":[%s]}", ++n, deltas);
	struct fp_push_result r;

	cr_assert_eq(fp_queue_push(h.s, &h.t, h.project, text, strlen(text), "anna", &r, &err), FP_OK, "%s", err.msg);
	free(text);
}

/* A delta of a tree. */
static char *delta(const char *uuid, const char *method, const char *pk, const char *old, const char *new)
{
	return fp_asprintf("{\"uuid\":\"%s\",\"clientId\":\"c\",\"localPk\":\"%s\",\"sourcePk\":\"%s\",\"localLayerId\":\"" TREES "\",\"sourceLayerId\":\"" TREES
		"\",\"method\":\"%s\"%s%s%s%s}", uuid, pk, pk, method, old ? ",\"old\":" : "", old ? old : "", new ? ",\"new\":" : "", new ? new : "");
}

static void push_one(const char *uuid, const char *method, const char *pk, const char *old, const char *new)
{
	char *text = delta(uuid, method, pk, old, new);

	push(text);
	free(text);
	home_run(&h);
}

static int64_t id_of(const char *uuid)
{
	char *sql = fp_asprintf("SELECT id FROM change WHERE uuid = '%s'", uuid);
	int64_t id = home_number(&h, sql);

	free(sql);
	return id;
}

static const char *status_of(const char *uuid)
{
	char *sql = fp_asprintf("SELECT status FROM change WHERE uuid = '%s'", uuid);
	const char *status = home_text(&h, sql);

	free(sql);
	return status;
}

static const struct fp_plan_item *make(const struct fp_staged *g, size_t n)
{
	size_t items;

	fp_plan_free(plan);
	plan = NULL;
	cr_assert_eq(fp_plan_new(&plan, h.s, &h.conf, g, n, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_plan_wait(plan, &err), FP_OK, "%s", err.msg);
	return fp_plan_items(plan, &items);
}

static const struct fp_plan_item *stage(const char *uuid, enum fp_action action)
{
	return make(&(struct fp_staged){.change_id = id_of(uuid), .action = action}, 1);
}

static enum fp_status save(void)
{
	struct fp_trigger *t;
	size_t n;
	enum fp_status st = fp_plan_save(plan, "bert", "because", &t, &n, &err);

	free(t);
	return st;
}

static void saved_and_run(void)
{
	cr_assert_eq(save(), FP_OK, "%s", err.msg);
	home_run(&h);
}

/* ---- unhappy ---- */

Test(plan, a_project_that_cannot_be_looked_at_makes_its_changes_impossible_and_says_why, .init = with_fake)
{
	home_process(&h);
	home_push(&h, 1, 2);
	home_put(&h, "plan.script", "kill 11\n");
	cr_assert_str_eq(stage("u1", FP_ACTION_APPLY)->class, "impossible");
	cr_assert(strstr(fp_plan_items(plan, &(size_t){0})->why, "SEGV") != NULL);
	cr_assert_eq(fp_plan_writes(plan), 0);
}

Test(plan, what_somebody_else_saved_meanwhile_is_not_saved_again, .init = with_fake)
{
	struct fp_plan *mine;
	struct fp_trigger *t;
	size_t n;

	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\nkill 9\n");
	home_push(&h, 1, 3);
	home_run(&h);
	stage("u2", FP_ACTION_APPLY);
	mine = plan;
	plan = NULL;
	stage("u2", FP_ACTION_APPLY);
	cr_assert_eq(save(), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_plan_save(mine, "carl", "", &t, &n, &err), FP_E_CONFLICT);
	cr_assert(strstr(err.msg, "nothing was saved") != NULL, "%s", err.msg);
	cr_assert_str_eq(stage("u2", FP_ACTION_REAPPLY)->class, FP_PLAN_LEFT_ALONE);
	fp_plan_free(mine);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied' AND change_id = 2"), 1);
}

Test(plan, a_file_that_changed_since_stops_the_saving, .init = with_sample)
{
	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1}}", "{\"attributes\":{\"height_m\":2.5}}");
	cr_assert_str_eq(status_of("u1"), "conflict");
	make(&(struct fp_staged){.change_id = id_of("u1"), .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_OVERWRITE}, 1);
	push_one("u2", "patch", "6", "{\"attributes\":{\"height_m\":8.9}}", "{\"attributes\":{\"height_m\":9}}");
	cr_assert_str_eq(status_of("u2"), "applied");
	cr_assert_eq(save(), FP_E_CONFLICT);
	cr_assert(strstr(err.msg, "survey.gpkg") != NULL, "%s", err.msg);
	cr_assert_str_eq(status_of("u1"), "conflict");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM plan"), 0);
}

Test(plan, data_that_moves_after_saving_stops_the_job_and_nothing_of_the_plan_runs, .init = with_sample)
{
	char *path = fp_asprintf("%s/data/sample/project/survey.gpkg", getenv("FIELDPOST_SOURCE"));
	const char *names[] = {"survey.gpkg"}, *paths[] = {path};
	struct fp_staged g[2];

	push_one("u0", "patch", "6", "{\"attributes\":{\"species\":\"oak\"}}", "{\"attributes\":{\"species\":\"ash\"}}");
	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1}}", "{\"attributes\":{\"height_m\":2.5}}");
	push_one("u2", "patch", "6", "{\"attributes\":{\"height_m\":1}}", "{\"attributes\":{\"height_m\":3.5}}");
	g[0] = (struct fp_staged){.change_id = id_of("u1"), .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_OVERWRITE};
	g[1] = (struct fp_staged){.change_id = id_of("u2"), .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_OVERWRITE};
	make(g, 2);
	cr_assert_eq(save(), FP_OK);
	/* Somebody uploads the file as it was before tree 6 became an ash, and the job has not begun. */
	cr_assert_eq(fp_queue_upload(h.s, &h.t, h.project, names, paths, 1, "carl", &err), FP_OK, "%s", err.msg);
	home_run(&h);
	cr_assert_str_eq(home_text(&h, "SELECT state FROM plan"), "moved");
	cr_assert_str_eq(status_of("u1"), "conflict");
	cr_assert_str_eq(status_of("u2"), "conflict");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'"), 1);
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job WHERE type = 'delta_apply' ORDER BY id DESC"), "moved since the plan") != NULL);
	/* A new plan sees the data as it is. */
	make(g, 2);
	saved_and_run();
	cr_assert_str_eq(status_of("u1"), "applied");
	cr_assert_str_eq(status_of("u2"), "applied");
	free(path);
}

Test(plan, cancelling_its_job_takes_the_plan_back, .init = with_fake)
{
	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_push(&h, 1, 1);
	home_run(&h);
	stage("u1", FP_ACTION_FORCE);
	cr_assert_eq(save(), FP_OK);
	cr_assert_str_eq(status_of("u1"), "pending");
	cr_assert_eq(fp_queue_cancel(h.s, home_number(&h, "SELECT max(id) FROM job"), "bert", &err), FP_OK);
	cr_assert_str_eq(status_of("u1"), "applied");
	cr_assert_str_eq(home_text(&h, "SELECT state FROM plan"), "cancelled");
}

/* ---- classes ---- */

Test(plan, a_conflict_is_told_field_by_field_and_overwriting_says_what_it_overwrites, .init = with_sample)
{
	const struct fp_plan_item *i;
	const json_t *d;

	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1,\"species\":\"cherry\"}}", "{\"attributes\":{\"height_m\":2.5,\"species\":\"plum\"}}");
	i = stage("u1", FP_ACTION_REAPPLY);
	cr_assert_str_eq(i->class, "conflict");
	cr_assert_eq(i->will, 0);
	cr_assert_eq(json_array_size(i->details), 1);
	d = json_array_get(i->details, 0);
	cr_assert_str_eq(fp_json_str(d, "field"), "height_m");
	cr_assert_eq(json_number_value(json_object_get(d, "base")), 1);
	cr_assert_eq(json_number_value(json_object_get(d, "requested")), 2.5);
	cr_assert_float_eq(json_number_value(json_object_get(d, "current")), 17.4, 1e-9);
	i = make(&(struct fp_staged){.change_id = id_of("u1"), .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_OVERWRITE}, 1);
	cr_assert_str_eq(i->class, "will_apply");
	cr_assert(strstr(i->why, "height_m") != NULL, "%s", i->why);
	saved_and_run();
	cr_assert_eq(home_number(&h, "SELECT overwrote FROM attempt WHERE outcome = 'applied'"), 1);
	cr_assert_str_eq(home_text(&h, "SELECT p.reason FROM attempt a JOIN plan p ON p.id = a.plan_id WHERE outcome = 'applied'"), "because");
	cr_assert_str_eq(home_text(&h, "SELECT planned FROM attempt WHERE outcome = 'applied'"), "will_apply");
}

Test(plan, a_missing_feature_is_told_with_those_that_may_be_it, .init = with_sample)
{
	const struct fp_plan_item *i;

	push_one("u1", "delete", "4711", "{\"geometry\":\"Point (1 1)\",\"attributes\":{\"species\":\"cherry\",\"height_m\":17.4}}", NULL);
	i = stage("u1", FP_ACTION_FORCE);
	cr_assert_eq(json_array_size(i->candidates), 0); /* it is gone, which is what it wants */
	push_one("u2", "patch", "4711", "{\"geometry\":\"Point (1 1)\",\"attributes\":{\"species\":\"cherry\",\"height_m\":17.4}}",
		"{\"attributes\":{\"species\":\"plum\"}}");
	i = stage("u2", FP_ACTION_REAPPLY);
	cr_assert_str_eq(i->class, "target_missing");
	cr_assert_geq(json_array_size(i->candidates), 2);
	cr_assert_str_eq(fp_json_str(json_array_get(i->candidates, 0), "key"), "5");
	cr_assert_str_eq(fp_json_str(json_array_get(i->candidates, 0), "why"), "attributes");
	cr_assert_str_eq(fp_json_str(json_array_get(i->candidates, 1), "why"), "nearest");
}

Test(plan, a_create_that_was_tried_before_is_looked_for_under_other_keys, .init = with_sample)
{
	const struct fp_plan_item *i;

	push_one("u1", "create", "41", NULL, "{\"geometry\":\"Point (1 1)\",\"attributes\":{\"species\":\"rowan\",\"height_m\":3.5,\"note\":\"twin\"}}");
	push_one("u2", "create", "42", NULL, "{\"geometry\":\"Point (1 1)\",\"attributes\":{\"species\":\"rowan\",\"height_m\":3.5,\"note\":\"twin\"}}");
	write_store("UPDATE attempt SET outcome = 'interrupted' WHERE change_id = (SELECT id FROM change WHERE uuid = 'u2')");
	i = stage("u2", FP_ACTION_REAPPLY);
	cr_assert_str_eq(i->class, "would_duplicate");
	cr_assert_eq(i->will, 0);
	cr_assert_str_eq(stage("u2", FP_ACTION_FORCE)->class, "would_duplicate");
	cr_assert_eq(fp_plan_items(plan, &(size_t){0})->will, 1, "a person may insist");
}

Test(plan, what_fails_because_an_earlier_change_failed_is_blocked_by_it, .init = with_sample)
{
	struct fp_staged g[2];
	const struct fp_plan_item *i;
	char *a = delta("u1", "create", "41", NULL, "{\"geometry\":\"LineString (1 1, 2 2)\",\"attributes\":{\"species\":\"rowan\"}}");
	char *b = delta("u2", "patch", "41", "{\"attributes\":{\"species\":\"rowan\"}}", "{\"attributes\":{\"species\":\"lime\"}}");
	char *both = fp_asprintf("%s,%s", a, b);

	push(both);
	free(a), free(b), free(both);
	home_run(&h);
	g[0] = (struct fp_staged){.change_id = id_of("u1"), .action = FP_ACTION_REAPPLY};
	g[1] = (struct fp_staged){.change_id = id_of("u2"), .action = FP_ACTION_REAPPLY};
	i = make(g, 2);
	cr_assert_str_eq(i[0].class, "impossible");
	cr_assert_str_eq(i[1].class, "blocked");
	cr_assert_str_eq(i[1].blocked_by, "u1");
	/* The same when the earlier one is not in the plan. */
	i = make(&g[1], 1);
	cr_assert_str_eq(i[0].class, "blocked");
	cr_assert_str_eq(i[0].blocked_by, "u1");
}

Test(plan, changes_of_one_plan_see_each_other_in_their_order, .init = with_sample)
{
	struct fp_staged g[2];
	const struct fp_plan_item *i;

	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1}}", "{\"attributes\":{\"height_m\":2.5}}");
	push_one("u2", "patch", "5", "{\"attributes\":{\"height_m\":2.5}}", "{\"attributes\":{\"height_m\":4.5}}");
	g[0] = (struct fp_staged){.change_id = id_of("u2"), .action = FP_ACTION_REAPPLY};
	g[1] = (struct fp_staged){.change_id = id_of("u1"), .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_OVERWRITE};
	i = make(g, 2);
	cr_assert_eq(i[0].staged.change_id, id_of("u1"), "the order in which they came, not in which they were named");
	cr_assert_str_eq(i[0].class, "will_apply");
	cr_assert_str_eq(i[1].class, "will_apply");
	saved_and_run();
	cr_assert_str_eq(status_of("u2"), "applied");
}

/* ---- ignoring ---- */

Test(plan, an_ignored_change_goes_back_to_what_it_was, .init = with_sample)
{
	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1}}", "{\"attributes\":{\"height_m\":2.5}}");
	cr_assert_str_eq(stage("u1", FP_ACTION_IGNORE)->class, FP_PLAN_WILL_IGNORE);
	saved_and_run();
	cr_assert_str_eq(status_of("u1"), "ignored");
	cr_assert_str_eq(stage("u1", FP_ACTION_RESTORE)->class, FP_PLAN_WILL_RESTORE);
	saved_and_run();
	cr_assert_str_eq(status_of("u1"), "conflict");
}

Test(plan, a_forced_wish_that_is_ignored_leaves_the_change_applied, .init = with_fake)
{
	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_push(&h, 1, 1);
	home_run(&h);
	stage("u1", FP_ACTION_FORCE);
	cr_assert_eq(save(), FP_OK);
	stage("u1", FP_ACTION_IGNORE);
	saved_and_run();
	cr_assert_str_eq(status_of("u1"), "applied");
}

/* ---- deciding ---- */

static struct fp_amendment decide(const char *uuid, const char *decisions)
{
	const struct fp_plan_item *i = make(&(struct fp_staged){.change_id = id_of(uuid), .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_MANUAL}, 1);
	struct fp_amendment a = {"resolve", NULL, NULL};
	json_t *said = json_loads(decisions, 0, NULL), *body;

	cr_assert_str_eq(i->class, "conflict");
	cr_assert_eq(fp_change_delta(h.s, &body, id_of(uuid), &err), FP_OK);
	cr_assert_eq(fp_amend_resolve(&a.delta, body, i->details, said, &err), FP_OK, "%s", err.msg);
	a.detail = json_pack("{s:o}", "decisions", said);
	json_decref(body);
	return a;
}

static void carry_out(const char *uuid, struct fp_amendment a)
{
	make(&(struct fp_staged){.change_id = id_of(uuid), .action = FP_ACTION_REAPPLY, .amendment = a}, 1);
	saved_and_run();
	json_decref(a.detail);
	json_decref(a.delta);
}

/* The tree's row. */
static const char *tree(const char *columns, int fid)
{
	static char text[1 << 16];
	char *path, *sql = fp_asprintf("SELECT %s FROM trees WHERE fid = %d", columns, fid);
	sqlite3_stmt *q;
	sqlite3 *db;

	home_file(&h, "survey.gpkg");
	path = fp_asprintf("%s/%s", h.path, home_text(&h, "SELECT path FROM file_version v JOIN file f ON f.id = v.file_id AND f.version = v.version"
		" WHERE f.name = 'survey.gpkg'"));
	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	snprintf(text, sizeof text, "%s", sqlite3_step(q) == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : "gone");
	sqlite3_finalize(q);
	sqlite3_close(db);
	free(path);
	free(sql);
	return text;
}

Test(plan, a_conflict_is_decided_field_by_field_with_a_reason, .init = with_sample)
{
	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1,\"species\":\"x\",\"note\":\"y\"}}",
		"{\"attributes\":{\"height_m\":2.5,\"species\":\"plum\",\"note\":\"z\"}}");
	carry_out("u1", decide("u1", "{\"height_m\":\"device\",\"species\":\"current\",\"note\":{\"value\":\"asked\"}}"));
	cr_assert_str_eq(status_of("u1"), "applied");
	cr_assert_str_eq(tree("species || ' ' || height_m || ' ' || note", 5), "cherry 2.5 asked");
	cr_assert_str_eq(home_text(&h, "SELECT kind || ' ' || who || ' ' || reason FROM amendment"), "resolve bert because");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE amendment_id IS NOT NULL AND outcome = 'applied'"), 1);
	cr_assert(strstr(home_text(&h, "SELECT body FROM change_body JOIN change c ON c.id = change_id AND uuid = 'u1'"), "plum") != NULL,
		"what came from the device stays as it came");
}

Test(plan, keeping_everything_ends_a_conflict_without_a_job, .init = with_sample)
{
	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":1}}", "{\"attributes\":{\"height_m\":2.5}}");
	carry_out("u1", decide("u1", "{\"height_m\":\"current\"}"));
	cr_assert_str_eq(status_of("u1"), "ignored");
	cr_assert_str_eq(tree("height_m", 5), "17.4");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM amendment"), 1);
}

Test(plan, a_change_goes_to_another_layer_field_and_key, .init = with_sample)
{
	json_t *map = json_loads("{\"layers\":{\"old\":\"" TREES "\"},\"fields\":{\"ht\":\"height_m\"},\"keys\":{\"900\":\"5\"}}", 0, NULL), *body;
	struct fp_amendment a = {"retarget", map, NULL};
	int touched;

	push("{\"uuid\":\"u1\",\"clientId\":\"c\",\"localPk\":\"900\",\"sourcePk\":\"900\",\"localLayerId\":\"old\",\"sourceLayerId\":\"old\",\"method\":\"patch\","
		"\"old\":{\"attributes\":{\"ht\":17.4}},\"new\":{\"attributes\":{\"ht\":18}}}");
	home_run(&h);
	cr_assert_str_eq(status_of("u1"), "not_applied");
	cr_assert_eq(fp_change_delta(h.s, &body, id_of("u1"), &err), FP_OK);
	a.delta = fp_amend_retarget(body, map, &touched);
	json_decref(body);
	cr_assert_eq(touched, 1);
	carry_out("u1", a);
	cr_assert_str_eq(status_of("u1"), "applied");
	cr_assert_str_eq(tree("height_m", 5), "18.0");
}

/* ---- undoing ---- */

/* All rows and geometries of the layer. */
static const char *everything(void)
{
	return tree("(SELECT group_concat(quote(t.fid) || quote(t.species) || quote(t.height_m) || quote(t.note) || hex(t.geom)) FROM trees t)", 1);
}

static void undo_job(int64_t job)
{
	struct fp_staged g[16];
	size_t n = 0;
	sqlite3_stmt *q;
	int row;

	cr_assert_eq(fp_db_stmt(h.s, &q, &err, "SELECT change_id FROM attempt WHERE job_id = ? AND outcome = 'applied' ORDER BY change_id", FP_VALS(fp_i(job))), FP_OK);
	while (fp_db_next(h.s, q, &row, &err) == FP_OK && row)
		g[n++] = (struct fp_staged){.change_id = sqlite3_column_int64(q, 0), .action = FP_ACTION_UNDO};
	fp_db_end(h.s, q);
	make(g, n);
	cr_assert_eq(fp_plan_writes(plan), (int64_t)n);
	saved_and_run();
}

Test(plan, undoing_a_job_makes_the_data_what_it_was_and_undoing_that_brings_it_back, .init = with_sample)
{
	char *a = delta("u1", "create", "41", NULL, "{\"geometry\":\"Point (1 1)\",\"attributes\":{\"species\":\"rowan\"}}");
	char *b = delta("u2", "patch", "41", "{\"attributes\":{\"species\":\"rowan\"}}", "{\"attributes\":{\"species\":\"lime\"}}");
	char *c = delta("u3", "patch", "5", "{\"attributes\":{\"height_m\":17.4}}", "{\"geometry\":\"Point (7 8)\",\"attributes\":{\"height_m\":18}}");
	char *d = delta("u4", "delete", "6", "{\"attributes\":{\"height_m\":8.9}}", NULL);
	char *all = fp_asprintf("%s,%s,%s,%s", a, b, c, d), *before = fp_strdup(everything()), *after;

	push(all);
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), 4);
	after = fp_strdup(everything());
	cr_assert_str_neq(before, after);
	undo_job(home_number(&h, "SELECT max(id) FROM job"));
	cr_assert_str_eq(everything(), before);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE undone_by IS NOT NULL"), 4);
	cr_assert_str_eq(stage("u1", FP_ACTION_UNDO)->class, FP_PLAN_LEFT_ALONE);
	undo_job(home_number(&h, "SELECT max(id) FROM job"));
	cr_assert_str_eq(everything(), after);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE undone_by IS NOT NULL AND undo_of IS NULL"), 0, "what is there again can be undone again");
	free(a), free(b), free(c), free(d), free(all), free(before), free(after);
}

Test(plan, an_undo_does_not_take_away_what_somebody_else_did_since, .init = with_sample)
{
	const struct fp_plan_item *i;

	push_one("u1", "patch", "5", "{\"attributes\":{\"height_m\":17.4}}", "{\"attributes\":{\"height_m\":18}}");
	push_one("u2", "patch", "5", "{\"attributes\":{\"height_m\":18}}", "{\"attributes\":{\"height_m\":19}}");
	i = stage("u1", FP_ACTION_UNDO);
	cr_assert_str_eq(i->class, "conflict");
	cr_assert_eq(i->will, 0);
	/* Another field of the same feature is no reason. */
	push_one("u3", "patch", "5", "{\"attributes\":{\"note\":null}}", "{\"attributes\":{\"note\":\"n\"}}");
	cr_assert_str_eq(stage("u2", FP_ACTION_UNDO)->class, "will_apply");
	saved_and_run();
	cr_assert_str_eq(tree("height_m || note", 5), "18.0n");
}

/* ---- batches ---- */

Test(plan, many_changes_are_applied_in_batches_that_never_overlap, .init = with_fake)
{
	struct fp_buf all = FP_BUF_INIT;

	h.conf.batch_changes = 10;
	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_push(&h, 1, 25);
	home_run(&h);
	for (int i = 1; i <= 25; i++)
		fp_buf_addf(&all, "u%d\n", i);
	cr_assert_str_eq(home_file(&h, "data.txt"), all.data);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE type = 'delta_apply' AND status = 'finished'"), 3);
	cr_assert_eq(home_number(&h, "SELECT max(n) FROM (SELECT count(*) n FROM attempt GROUP BY change_id)"), 1);
	fp_buf_free(&all);
}
