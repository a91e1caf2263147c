/* What a job made becomes true: new file versions, verdicts, outcomes, ledger and the job's own end, in one store transaction. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/compare.h"
#include "engine/queue/plan_end.h"
#include "engine/queue/rules.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"
#include "engine/store/stage.h"

#define HASH_BYTES_A_TIME (4 << 20)

static char *made_path(const struct fp_run *r, const char *name)
{
	char *out = fp_path_join(r->work, "out"), *path = fp_path_join(out, name);

	free(out);
	return path;
}

/* The worker's word is not believed: the name must be a project file's, and a regular file must lie there, on no symbolic link's way. */
enum fp_status fp_run_validate(const struct fp_run *r, const char *name, struct fp_error *err)
{
	char *path = made_path(r, name), *real = realpath(path, NULL), *work = realpath(r->work, NULL);
	struct stat sb;
	enum fp_status st = fp_name_check(name, err);

	if (st == FP_OK && r->type == FP_JOB_PROCESS_PROJECTFILE)
		st = fp_fail(err, FP_E_INVALID, "the worker announced \"%s\", but a process_projectfile job changes no file", name);
	if (st == FP_OK && (!real || !work || lstat(path, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_nlink != 1 || !fp_path_below(real, work)))
		st = fp_fail(err, FP_E_INVALID, "the worker announced \"%s\", which is no file of its making", name);
	free(path);
	free(real);
	free(work);
	return st;
}

/* Here, where only this loop waits for the disk; inside the gate everybody would. */
enum fp_status fp_run_sync(const struct fp_run *r, const char *name, struct fp_error *err)
{
	char *path = made_path(r, name);
	enum fp_status st = fp_fs_sync(path, err);

	free(path);
	return st;
}

enum fp_status fp_run_collect(struct fp_run *r, int *done, struct fp_error *err)
{
	const char *name;
	int hashed = 0;
	enum fp_status st = FP_OK;

	if (r->type == FP_JOB_PACKAGE)
		return fp_run_collect_package(r, done, err);
	*done = r->hashed == r->announced.n || r->files_lost || !r->spool;
	if (*done)
		return FP_OK;
	name = r->announced.items[r->hashed];
	if (!r->digests)
		r->digests = fp_alloc(r->announced.n * sizeof *r->digests);
	if (!r->hasher) {
		char *path = made_path(r, name);
		st = fp_run_validate(r, name, err);
		if (st == FP_OK)
			st = fp_hasher_new(&r->hasher, path, err);
		free(path);
	}
	if (st == FP_OK)
		st = fp_hasher_step(r->hasher, HASH_BYTES_A_TIME, &hashed, &r->digests[r->hashed], err);
	if (st == FP_OK && hashed)
		st = fp_run_sync(r, name, err);
	if (st == FP_OK && hashed) {
		fp_hasher_free(r->hasher);
		r->hasher = NULL;
		r->hashed++;
		*done = r->hashed == r->announced.n;
	}
	return st;
}

void fp_run_files_lost(struct fp_run *r, const struct fp_error *why)
{
	r->files_lost = 1;
	r->why_lost = *why;
}

static enum fp_status publish_files(struct fp_run *r, struct fp_error *err)
{
	char by[32];
	enum fp_status st = FP_OK;

	snprintf(by, sizeof by, "job %lld", (long long)r->job_id);
	for (size_t i = 0; st == FP_OK && i < r->announced.n; i++) {
		char *path = made_path(r, r->announced.items[i]);
		struct fp_stage g;
		int64_t version;
		int changed;

		st = fp_stage_place(r->store, &g, r->project_id, r->announced.items[i], err);
		if (st == FP_OK && rename(path, g.tmp) != 0)
			st = fp_fail_errno(err, errno, "cannot take over %s", path);
		if (st == FP_OK) {
			g.digest = r->digests[i];
			st = fp_stage_publish(r->store, &g, r->project_id, fp_run_base(r, g.name), by, &version, &changed, err);
			if (st == FP_E_CONFLICT) {
				r->requeue = 1;
				fp_error_hint(err, "nothing was published; a new job applies the changes to what is there now");
			}
			fp_stage_clear(&g);
		}
		free(path);
	}
	if (st != FP_OK)
		fp_run_files_lost(r, err);
	return st;
}

/* Counts by word, in the order in which they first came: "9 applied, 1 conflict". */
struct tally {
	json_t *counts;
	int64_t total, given_back;
};

static void tally_add(struct tally *t, const char *word)
{
	json_object_set_new(t->counts, word, json_integer(fp_json_int(t->counts, word, 0) + 1));
	t->total++;
}

/* What the project says of itself, when the worker told it; and that it could be processed. Changes that waited for the first time can go now. */
static enum fp_status publish_facts(struct fp_run *r, struct fp_error *err)
{
	int64_t first = 0;
	struct fp_trigger t;
	enum fp_status st = fp_db_int(r->store, &first, err, "SELECT checked_at IS NULL FROM project WHERE id = ?", FP_VALS(fp_t(r->project_id)));

	if (st == FP_OK && r->facts) {
		char *facts = fp_json_dump(r->facts);
		st = fp_db_run(r->store, err, "UPDATE project SET title = ?, crs = ?, facts = ? WHERE id = ?",
			FP_VALS(fp_t(fp_json_str_or(r->facts, "title", "")), fp_t(fp_json_str_or(r->facts, "crs", "")), fp_t(facts), fp_t(r->project_id)));
		free(facts);
	}
	if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE project SET check_ok = 1, checked_at = ?1, layer_problems ="
			" (SELECT count(*) FROM layer WHERE project_id = ?2 AND is_valid = 0) WHERE id = ?2",
			FP_VALS(fp_i(fp_now_ms()), fp_t(r->project_id)));
	if (st != FP_OK || !first)
		return st;
	fp_trigger_clear(&t);
	return fp_rules_trigger(r->store, &t, r->project_id, FP_JOB_DELTA_APPLY, "push", "fieldpost", err);
}

/* A key as text, whatever JSON made of it: 7, "7", null. Caller frees. */
static char *key_text(const json_t *v)
{
	if (json_is_string(v))
		return fp_strdup(json_string_value(v));
	return v && !json_is_null(v) ? fp_json_dump(v) : fp_strdup("");
}

struct change {
	int64_t id, undo_of;
	char *method, *client_id, *local_layer_id, *local_pk;
};

static void change_clear(struct change *c)
{
	free(c->method);
	free(c->client_id);
	free(c->local_layer_id);
	free(c->local_pk);
}

/* The change of this job that UUID means and that has no outcome yet; c->id 0 when there is none. */
static enum fp_status find_change(struct fp_run *r, struct change *c, const char *uuid, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT id, undo_of, method, client_id, local_layer_id, local_pk FROM change"
		" WHERE project_id = ? AND uuid = ? AND taken_by = ?", FP_VALS(fp_t(r->project_id), fp_t(uuid), fp_i(r->job_id)));

	memset(c, 0, sizeof *c);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	if (rc == FP_OK && row)
		*c = (struct change){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), fp_strdup(fp_db_text(st, 2)), fp_strdup(fp_db_text(st, 3)),
			fp_strdup(fp_db_text(st, 4)), fp_strdup(fp_db_text(st, 5))};
	fp_db_end(r->store, st);
	return rc;
}

/* The event's member NAME as JSON text, "" when there is none. */
static char *member_text(const json_t *d, const char *name)
{
	const json_t *v = json_object_get(d, name);

	return v && !json_is_null(v) ? fp_json_dump(v) : fp_strdup("");
}

/* The attempt, with what was believed of it before: the change still has that. */
static enum fp_status keep_attempt(struct fp_run *r, const struct change *c, const json_t *d, const char *outcome, const char *msg, int64_t now,
	struct fp_error *err)
{
	char *feature = key_text(json_object_get(d, "feature_pk")), *modified = key_text(json_object_get(d, "modified_pk"));
	char *conflicts = key_text(json_object_get(d, "conflicts")), *errors = key_text(json_object_get(d, "provider_errors"));
	char *details = member_text(d, "details"), *inverse = member_text(d, "inverse");
	int overwrote = strstr(details, "\"level\":\"overwritten\"") != NULL;
	enum fp_status st = fp_db_run(r->store, err, "INSERT INTO attempt (change_id, job_id, at, action, who, outcome, msg, e_type, feature_pk, modified_pk,"
		" hash_before, hash_after, conflicts, provider_errors, plan_id, planned, amendment_id, overwrote, layer_id, details)"
		" SELECT ?1, ?2, ?3, action, wanted_by, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, plan_id, planned_class, amendment_id, ?13, ?14, ?15"
		" FROM change WHERE id = ?1",
		FP_VALS(fp_i(c->id), fp_i(r->job_id), fp_i(now), fp_t(outcome), fp_t(msg), fp_t(fp_json_str_or(d, "e_type", "")), fp_t(feature), fp_t(modified),
			fp_t(fp_json_str_or(d, "hash_before", "")), fp_t(fp_json_str_or(d, "hash_after", "")), fp_t(conflicts), fp_t(errors), fp_i(overwrote),
			fp_t(fp_json_str_or(d, "layer_id", "")), fp_t(details)));

	if (st == FP_OK && *inverse && strcmp(outcome, "applied") == 0)
		st = fp_db_run(r->store, err, "INSERT INTO attempt_inverse (attempt_id, delta) VALUES (?, ?)",
			FP_VALS(fp_i(fp_db_last_id(r->store)), fp_t(inverse)));
	free(feature);
	free(modified);
	free(conflicts);
	free(errors);
	free(details);
	free(inverse);
	return st;
}

/* A change that was taken back is so until that is taken back, too. */
static enum fp_status mark_undone(struct fp_run *r, int64_t id, int64_t undo_of, struct fp_error *err)
{
	enum fp_status st = fp_db_run(r->store, err, "UPDATE change SET undone_by = ?1, updated_at = ?3 WHERE id = ?2",
		FP_VALS(fp_i(id), fp_i(undo_of), fp_i(fp_now_ms())));

	if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE change SET undone_by = NULL, updated_at = ?2 WHERE id = (SELECT undo_of FROM change WHERE id = ?1)",
			FP_VALS(fp_i(undo_of), fp_i(fp_now_ms())));
	return st;
}

static enum fp_status publish_outcome(struct fp_run *r, const struct change *c, const json_t *d, const char *outcome, struct fp_error *err)
{
	char *feature = key_text(json_object_get(d, "feature_pk")), *modified = key_text(json_object_get(d, "modified_pk"));
	char *clean = fp_text_clean(fp_json_str_or(d, "msg", ""));
	int64_t now = fp_now_ms();
	enum fp_status st = keep_attempt(r, c, d, outcome, clean, now, err);

	if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE change SET status = ?1, taken_by = NULL, prior_status = NULL, action = 'apply', msg = ?2,"
			" fold = fold(?2 || ' ' || fields), feature_pk = CASE WHEN ?3 = '' THEN feature_pk ELSE ?3 END, updated_at = ?4, job_id = ?5,"
			" attempts = attempts + 1, plan_id = NULL, planned_class = '', planned_hash = '', return_status = '', overwrite = NULL WHERE id = ?6",
			FP_VALS(fp_t(strcmp(outcome, "already_applied") == 0 ? "applied" : outcome), fp_t(clean), fp_t(*modified ? modified : feature),
				fp_i(now), fp_i(r->job_id), fp_i(c->id)));
	/* What the device calls its new feature; the first answer stands for ever. */
	if (st == FP_OK && strcmp(outcome, "applied") == 0 && strcmp(c->method, "create") == 0 && *modified && *c->client_id && *c->local_pk)
		st = fp_db_run(r->store, err, "INSERT INTO keymap (project_id, client_id, local_layer_id, local_pk, source_pk, job_id, at)"
			" VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			FP_VALS(fp_t(r->project_id), fp_t(c->client_id), fp_t(c->local_layer_id), fp_t(c->local_pk), fp_t(modified), fp_i(r->job_id),
				fp_i(now)));
	if (st == FP_OK && c->undo_of && strcmp(outcome, "applied") == 0)
		st = mark_undone(r, c->id, c->undo_of, err);
	free(feature);
	free(modified);
	free(clean);
	return st;
}

const char *fp_run_outcome(const char *status)
{
	static const char *const outcomes[] = {"applied", "already_applied", "conflict", "not_applied", "error"};

	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (strcmp(outcomes[i], status) == 0)
			return outcomes[i];
	return NULL;
}

static enum fp_status keep_txid(struct fp_run *r, const struct change *c, const char *txid, struct fp_error *err)
{
	return fp_db_run(r->store, err, "UPDATE attempt SET txid = ? WHERE change_id = ? AND job_id = ?", FP_VALS(fp_t(txid), fp_i(c->id), fp_i(r->job_id)));
}

static enum fp_status publish_delta(struct fp_run *r, const json_t *d, struct tally *t, struct fp_error *err)
{
	const char *outcome = fp_run_outcome(fp_json_str_or(d, "status", "")), *txid;
	struct change c;
	json_t *settled;
	enum fp_status st;

	if (!outcome)
		return fp_fail(err, FP_E_INVALID, "the worker gave a change the unknown status \"%s\"", fp_json_str_or(d, "status", ""));
	settled = fp_settle_delta(r, d, &txid);
	if (!settled) {
		t->given_back++;
		return FP_OK;
	}
	outcome = fp_run_outcome(fp_json_str(settled, "status"));
	st = find_change(r, &c, fp_json_str_or(d, "delta_id", ""), err);
	if (st == FP_OK && !c.id)
		st = fp_fail(err, FP_E_INVALID, "the worker told an outcome for \"%s\", which is no change of this job or was told already",
			fp_json_str_or(d, "delta_id", ""));
	if (st == FP_OK)
		st = publish_outcome(r, &c, settled, outcome, err);
	if (st == FP_OK && *txid)
		st = keep_txid(r, &c, txid, err);
	if (st == FP_OK)
		tally_add(t, outcome);
	change_clear(&c);
	json_decref(settled);
	return st;
}

static enum fp_status publish_layer(struct fp_run *r, struct fp_compare *c, const json_t *l, struct tally *t, struct fp_error *err)
{
	int first;
	enum fp_status st = fp_compare_layer(r, c, l, &first, err);

	if (st == FP_OK && first)
		tally_add(t, fp_json_str_or(l, "status", ""));
	return st;
}

struct publishing {
	struct fp_run *r;
	struct fp_compare *compare;
	struct tally *tally;
};

static enum fp_status publish_line(void *arg, const char *kind, const json_t *body, struct fp_error *err)
{
	struct publishing *p = arg;

	if (strcmp(kind, "layer") == 0 && p->r->type == FP_JOB_PROCESS_PROJECTFILE)
		return publish_layer(p->r, p->compare, body, p->tally, err);
	if (strcmp(kind, "delta") == 0 && p->r->type == FP_JOB_DELTA_APPLY)
		return publish_delta(p->r, body, p->tally, err);
	return FP_OK;
}

/* Why changes are given back though the job publishes others. */
static const char *reason(const struct fp_run *r)
{
	return r->files_lost ? r->why_lost.msg : r->fault.code != FP_OK ? r->fault.msg : "its database lost the changes";
}

/* A change without an outcome may stand in the new file all the same: publishing that could apply it twice. */
static enum fp_status all_told(struct fp_run *r, const struct tally *t, struct fp_error *err)
{
	int64_t left = 0;
	enum fp_status st;

	if (t->given_back) /* they were told, or nothing would have been committed */
		return fp_run_give_back(r->store, r->job_id, reason(r), err);
	st = fp_db_int(r->store, &left, err, "SELECT count(*) FROM change WHERE taken_by = ?", FP_VALS(fp_i(r->job_id)));

	if (st == FP_OK && left)
		st = fp_fail(err, FP_E_INVALID, "the worker told no outcome for %lld of %lld changes", (long long)left, (long long)r->changes);
	return st;
}

static void describe(const struct fp_run *r, const struct fp_compare *c, const struct tally *t, struct fp_buf *verdict)
{
	const char *word, *sep = "";
	json_t *n;

	fp_buf_addf(verdict, "%lld %s%s: ", (long long)t->total, r->type == FP_JOB_DELTA_APPLY ? "change" : "layer", fp_text_s(t->total));
	json_object_foreach(t->counts, word, n) {
		fp_buf_addf(verdict, "%s%lld %s", sep, (long long)json_integer_value(n), word);
		sep = ", ";
	}
	if (t->total == 0) {
		fp_buf_clear(verdict);
		fp_buf_adds(verdict, r->type == FP_JOB_DELTA_APPLY ? "nothing to apply" : "no layers");
	}
	if (t->given_back)
		fp_buf_addf(verdict, "; %lld given back: %s", (long long)t->given_back, reason(r));
	fp_compare_describe(c, verdict);
}

enum fp_status fp_run_finish(struct fp_run *r, const char *verdict, const json_t *result, struct fp_error *err)
{
	char *counts = fp_json_dump(result);
	enum fp_status st = fp_db_run(r->store, err, "UPDATE job SET status = 'finished', finished_at = ?, owner_pid = NULL, owner_start = NULL, owner_boot = NULL,"
		" worker_pid = NULL, worker_start = NULL, verdict = ?, result = ?, peak_kb = ?, step = '' WHERE id = ? AND status = 'started' AND (cancel_requested = 0 OR ?)",
		FP_VALS(fp_i(fp_now_ms()), fp_t(verdict), fp_t(counts), fp_i(r->end.peak_kb), fp_i(r->job_id), fp_i(r->recorded)));

	if (st == FP_OK && fp_db_changes(r->store) == 0)
		st = fp_fail(err, FP_E_CANCELLED, "cancelled, or taken for dead by another engine, when it was about to publish");
	free(counts);
	return st;
}

static enum fp_status finish(struct fp_run *r, const struct fp_compare *c, const struct tally *t, struct fp_error *err)
{
	struct fp_buf verdict = FP_BUF_INIT;
	enum fp_status st;

	describe(r, c, t, &verdict);
	st = fp_run_finish(r, verdict.data, t->counts, err);
	fp_buf_free(&verdict);
	return st;
}

/* What waits after this job: the next plan, or the next of what was pushed. */
static enum fp_status go_on(struct fp_run *r, const struct tally *tally, struct fp_error *err)
{
	int64_t left = 0;
	struct fp_trigger t;
	enum fp_status st = tally->given_back ? FP_OK : fp_plan_done(r->store, r->plan_id, err);

	if (st == FP_OK)
		st = fp_db_int(r->store, &left, err, "SELECT n FROM change_count WHERE project_id = ? AND status = 'pending'", FP_VALS(fp_t(r->project_id)));
	if (st != FP_OK || !left)
		return st;
	fp_trigger_clear(&t);
	return fp_rules_trigger(r->store, &t, r->project_id, FP_JOB_DELTA_APPLY, "next changes", "fieldpost", err);
}

static enum fp_status publish(struct fp_run *r, struct fp_error *err)
{
	struct tally t = {json_object(), 0, 0};
	struct fp_compare c = {0};
	enum fp_status st = fp_run_flush(r, 1, err);

	fp_failpoint("publish:before");
	if (st == FP_OK)
		st = fp_store_begin(r->store, err);
	if (st != FP_OK) {
		json_decref(t.counts);
		return st;
	}
	if (r->recorded)
		st = fp_run_mine(r, err);
	if (st == FP_OK && r->type == FP_JOB_PROCESS_PROJECTFILE)
		st = fp_compare_begin(r, &c, err);
	if (st == FP_OK)
		st = fp_spool_each(r, publish_line, &(struct publishing){r, &c, &t}, err);
	if (st == FP_OK)
		st = all_told(r, &t, err);
	if (st == FP_OK && r->type == FP_JOB_PROCESS_PROJECTFILE)
		st = fp_compare_end(r, &c, err);
	if (st == FP_OK && r->type == FP_JOB_PROCESS_PROJECTFILE)
		st = publish_facts(r, err);
	if (st == FP_OK && !r->files_lost) /* late: until here a fault leaves no file behind that nobody names */
		st = publish_files(r, err);
	fp_failpoint("publish:middle");
	if (st == FP_OK)
		st = finish(r, &c, &t, err);
	if (st == FP_OK && r->type == FP_JOB_DELTA_APPLY)
		st = go_on(r, &t, err);
	st = fp_store_end(r->store, st, err);
	fp_failpoint("publish:after");
	fp_compare_clear(&c);
	json_decref(t.counts);
	return st;
}

enum fp_status fp_run_publish(struct fp_run *r, struct fp_error *err)
{
	return r->type == FP_JOB_PACKAGE ? fp_run_publish_package(r, err) : publish(r, err);
}
