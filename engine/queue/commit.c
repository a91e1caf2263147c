/* Before a database commits, all that is needed to know and to publish what became of a job is written down for good. A crash before that finds nothing
 * committed; a crash after it finds whom to ask. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

#define TRANSACTIONS_MAX 100
#define LAYER_MAX 1000
#define DATABASE_MAX 400
#define TXID_MAX 20

static int fits(const char *text, size_t least, size_t most)
{
	return text && strlen(text) >= least && strlen(text) <= most;
}

static enum fp_status check(const json_t *body, struct fp_error *err)
{
	const json_t *list = json_object_get(body, "transactions"), *t, *other;
	size_t i, k;

	if (json_array_size(list) < 1 || json_array_size(list) > TRANSACTIONS_MAX)
		return fp_fail(err, FP_E_INVALID, "the worker asked to commit %zu transactions", json_array_size(list));
	json_array_foreach(list, i, t) {
		const char *txid = fp_json_str_or(t, "txid", "");
		if (fp_json_int(t, "connection", -1) < 0 || !fits(fp_json_str(t, "layer_id"), 1, LAYER_MAX) || !fits(fp_json_str(t, "database"), 1, DATABASE_MAX) ||
				!fits(txid, 1, TXID_MAX) || txid[strspn(txid, "0123456789")])
			return fp_fail(err, FP_E_INVALID, "the worker asked to commit a transaction that cannot be one");
		json_array_foreach(list, k, other)
			if (k < i && fp_json_int(other, "connection", -1) == fp_json_int(t, "connection", -1))
				return fp_fail(err, FP_E_INVALID, "the worker asked to commit two transactions of one connection");
	}
	return FP_OK;
}

void fp_commit_wanted(struct fp_run *r, const json_t *body)
{
	if (r->type != FP_JOB_DELTA_APPLY)
		fp_fail(&r->breach, FP_E_INVALID, "the worker asked to commit changes in a %s job", fp_job_type_word(r->type));
	else if (check(body, &r->breach) == FP_OK)
		r->commit = json_deep_copy(body);
}

/* ---- the files ---- */

/* The entries of NAME in the folders down to it. */
static enum fp_status sync_folders(const struct fp_run *r, const char *name, struct fp_error *err)
{
	char *out = fp_path_join(r->work, "out"), *at = fp_path_join(out, name);
	enum fp_status st = FP_OK;

	while (st == FP_OK && strlen(at) > strlen(out)) {
		char *up = fp_path_dir(at);
		free(at);
		at = up;
		st = fp_fs_sync_dir(at, err);
	}
	free(at);
	free(out);
	return st;
}

enum fp_status fp_commit_secure(struct fp_run *r, int *done, struct fp_error *err)
{
	const char *name;
	enum fp_status st;

	*done = r->secured == r->announced.n;
	if (*done)
		return FP_OK;
	name = r->announced.items[r->secured];
	st = fp_run_validate(r, name, err);
	if (st == FP_OK)
		st = fp_run_sync(r, name, err);
	if (st == FP_OK)
		st = sync_folders(r, name, err);
	if (st == FP_OK)
		*done = ++r->secured == r->announced.n;
	return st;
}

/* ---- what was told ---- */

/* Once a database has committed it is too late to find out that the worker's word makes no sense. */
struct told {
	struct fp_run *r;
	int64_t *changes;
	size_t n, cap;
};

static enum fp_status check_delta(struct told *t, const json_t *d, struct fp_error *err)
{
	const char *uuid = fp_json_str_or(d, "delta_id", "");
	sqlite3_stmt *st;
	int row = 0, twice = 0;
	int64_t id = 0;
	enum fp_status rc;

	if (!fp_run_outcome(fp_json_str_or(d, "status", "")))
		return fp_fail(err, FP_E_INVALID, "the worker gave a change the unknown status \"%s\"", fp_json_str_or(d, "status", ""));
	rc = fp_db_stmt(t->r->store, &st, err, "SELECT id, action <> 'force' AND EXISTS (SELECT 1 FROM attempt a WHERE a.change_id = c.id AND"
		" a.outcome = 'applied' AND a.action <> 'force') FROM change c WHERE project_id = ? AND uuid = ? AND taken_by = ?",
		FP_VALS(fp_t(t->r->project_id), fp_t(uuid), fp_i(t->r->job_id)));
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(t->r->store, st, &row, err);
	if (rc == FP_OK && row) {
		id = sqlite3_column_int64(st, 0);
		twice = sqlite3_column_int(st, 1) && strcmp(fp_json_str(d, "status"), "applied") == 0;
	}
	fp_db_end(t->r->store, st);
	if (rc == FP_OK && !id)
		return fp_fail(err, FP_E_INVALID, "the worker told an outcome for \"%s\", which is no change of this job", uuid);
	if (rc == FP_OK && twice)
		return fp_fail(err, FP_E_INVALID, "the worker applied \"%s\", which was applied already", uuid);
	FP_GROW(t->changes, t->n, t->cap);
	t->changes[t->n++] = id;
	return rc;
}

static enum fp_status check_line(void *arg, const char *kind, const json_t *body, struct fp_error *err)
{
	return strcmp(kind, "delta") == 0 ? check_delta(arg, body, err) : FP_OK;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static enum fp_status check_told(struct fp_run *r, struct fp_error *err)
{
	struct told t = {.r = r};
	enum fp_status st = fp_spool_each(r, check_line, &t, err);

	if (t.n)
		qsort(t.changes, t.n, sizeof *t.changes, by_number);
	for (size_t i = 1; st == FP_OK && i < t.n; i++)
		if (t.changes[i] == t.changes[i - 1])
			st = fp_fail(err, FP_E_INVALID, "the worker told two outcomes for one change");
	if (st == FP_OK && (int64_t)t.n != r->changes)
		st = fp_fail(err, FP_E_INVALID, "the worker told no outcome for %lld of %lld changes", (long long)r->changes - (long long)t.n, (long long)r->changes);
	free(t.changes);
	return st;
}

/* ---- the record ---- */

static enum fp_status write_rows(struct fp_run *r, struct fp_error *err)
{
	const json_t *t;
	int64_t wish = 0;
	size_t i;
	enum fp_status st = fp_run_mine(r, err);

	if (st == FP_OK)
		st = fp_db_int(r->store, &wish, err, "SELECT cancel_requested FROM job WHERE id = ?", FP_VALS(fp_i(r->job_id)));
	if (st == FP_OK && wish)
		st = fp_fail(err, FP_E_CANCELLED, "cancelled before it could commit");
	json_array_foreach(json_object_get(r->commit, "transactions"), i, t)
		if (st == FP_OK)
			st = fp_db_run(r->store, err, "INSERT INTO job_transaction (job_id, connection, layer_id, database, txid, at) VALUES (?, ?, ?, ?, ?, ?)",
				FP_VALS(fp_i(r->job_id), fp_i(fp_json_int(t, "connection", 0)), fp_t(fp_json_str(t, "layer_id")), fp_t(fp_json_str(t, "database")),
					fp_t(fp_json_str(t, "txid")), fp_i(fp_now_ms())));
	return st;
}

enum fp_status fp_commit_record(struct fp_run *r, struct fp_error *err)
{
	enum fp_status st = check_told(r, err);

	if (st == FP_OK)
		st = fp_spool_seal(r, r->changes, err);
	fp_failpoint("commit:sealed");
	if (st == FP_OK)
		st = fp_store_begin(r->store, err);
	if (st != FP_OK)
		return st;
	st = fp_store_end(r->store, write_rows(r, err), err);
	r->recorded = st == FP_OK;
	fp_failpoint("commit:recorded");
	return st;
}
