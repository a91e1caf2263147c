/* A recorded job outlives its engine: the next one takes it over, from what its work folder and the store hold. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/queue/plan_end.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

struct orphan {
	int64_t job_id;
	struct fp_proc_id owner, worker;
};

/* The next recorded job after AFTER that is somebody's; o->job_id 0 at the end. */
static enum fp_status next_recorded(struct fp_store *s, struct orphan *o, int64_t after, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT id, owner_pid, owner_start, owner_boot, worker_pid, worker_start FROM job j WHERE status = 'started'"
		" AND EXISTS (SELECT 1 FROM job_transaction t WHERE t.job_id = j.id) AND id > ? ORDER BY id LIMIT 1", FP_VALS(fp_i(after)));

	memset(o, 0, sizeof *o);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &row, err);
	if (rc == FP_OK && row) {
		o->job_id = sqlite3_column_int64(st, 0);
		o->owner.pid = sqlite3_column_int64(st, 1);
		o->owner.start = sqlite3_column_int64(st, 2);
		snprintf(o->owner.boot_id, sizeof o->owner.boot_id, "%s", fp_db_text(st, 3));
		o->worker = o->owner;
		o->worker.pid = sqlite3_column_int64(st, 4);
		o->worker.start = sqlite3_column_int64(st, 5);
	}
	fp_db_end(s, st);
	return rc;
}

/* *TAKEN 0 when another engine was quicker. */
static enum fp_status take(struct fp_store *s, const struct orphan *o, int *taken, struct fp_error *err)
{
	struct fp_proc_id me;
	enum fp_status st;

	if (fp_proc_id(&me, 0) != 0)
		return fp_fail(err, FP_E_IO, "cannot read /proc");
	st = fp_store_begin(s, err);
	if (st != FP_OK)
		return st;
	st = fp_db_run(s, err, "UPDATE job SET owner_pid = ?, owner_start = ?, owner_boot = ?, worker_pid = NULL, worker_start = NULL"
		" WHERE id = ? AND status = 'started' AND owner_pid = ? AND owner_start = ? AND owner_boot = ?",
		FP_VALS(fp_i(me.pid), fp_i(me.start), fp_t(me.boot_id), fp_i(o->job_id), fp_i(o->owner.pid), fp_i(o->owner.start), fp_t(o->owner.boot_id)));
	*taken = st == FP_OK && fp_db_changes(s) == 1;
	return fp_store_end(s, st, err);
}

static enum fp_status rebuild(struct fp_run *r, struct fp_error *err)
{
	struct fp_error unread;
	enum fp_status st = fp_run_load(r, err);

	if (st == FP_OK)
		st = fp_db_int(r->store, &r->changes, err, "SELECT count(*) FROM change WHERE taken_by = ?", FP_VALS(fp_i(r->job_id)));
	if (st == FP_OK)
		st = fp_plan_of_job(r->store, &r->plan_id, r->job_id, err);
	if (st == FP_OK)
		st = fp_db_int(r->store, &r->log_seq, err, "SELECT max(seq) FROM job_log WHERE job_id = ?", FP_VALS(fp_i(r->job_id)));
	if (st == FP_OK)
		fp_spool_reopen(r, &unread); /* what it means that there is none is decided when the databases have answered */
	return st;
}

enum fp_status fp_run_adopt(struct fp_run **out, struct fp_store *s, const struct fp_config *conf, struct fp_error *err)
{
	struct orphan o = {0};
	int taken = 0;
	struct fp_run *r;
	enum fp_status st;

	*out = NULL;
	do
		st = next_recorded(s, &o, o.job_id, err);
	while (st == FP_OK && o.job_id && fp_proc_alive(&o.owner));
	if (st != FP_OK || !o.job_id)
		return st;
	fp_run_kill_worker(&o.worker);
	st = take(s, &o, &taken, err);
	if (st != FP_OK || !taken)
		return st;
	r = fp_run_new(s, conf, o.job_id);
	r->state = FP_RUN_SETTLING;
	r->recorded = 1;
	r->requeue = 1;
	fp_fail(&r->fault, FP_E_CRASHED, "was interrupted: its engine (pid %lld) ended", (long long)o.owner.pid);
	fp_error_hint(&r->fault, "nothing of it was published; a new job follows by itself");
	st = rebuild(r, err);
	if (st != FP_OK) {
		fp_run_leave(r);
		fp_run_free(r);
		return st;
	}
	*out = r;
	return FP_OK;
}

void fp_run_leave(struct fp_run *r)
{
	struct fp_error ignored;

	fp_run_flush(r, 1, &ignored);
	r->left = 1;
	if (fp_store_begin(r->store, &ignored) != FP_OK)
		return; /* then it is free when this process ends */
	/* An owner without a start time is nobody's. */
	fp_store_end(r->store, fp_run_mine(r, &ignored) != FP_OK ? ignored.code : fp_db_run(r->store, &ignored,
		"UPDATE job SET owner_start = 0, worker_pid = NULL, worker_start = NULL WHERE id = ?", FP_VALS(fp_i(r->job_id))), &ignored);
}

enum fp_status fp_run_mine(const struct fp_run *r, struct fp_error *err)
{
	struct fp_proc_id me;
	int64_t mine = 0;
	enum fp_status st;

	if (fp_proc_id(&me, 0) != 0)
		return fp_fail(err, FP_E_IO, "cannot read /proc");
	st = fp_db_int(r->store, &mine, err, "SELECT 1 FROM job WHERE id = ? AND status = 'started' AND owner_pid = ? AND owner_start = ? AND owner_boot = ?",
		FP_VALS(fp_i(r->job_id), fp_i(me.pid), fp_i(me.start), fp_t(me.boot_id)));
	return st == FP_OK && !mine ? fp_fail(err, FP_E_CANCELLED, "taken for dead by another engine") : st;
}

static enum fp_status lose(struct fp_run *r, const char *msg, struct fp_error *err)
{
	int64_t now = fp_now_ms();
	enum fp_status st = fp_run_mine(r, err);

	if (st == FP_OK)
		st = fp_db_run(r->store, err, "INSERT INTO attempt (change_id, job_id, at, action, who, outcome, msg, e_type, plan_id, planned, amendment_id)"
			" SELECT id, ?1, ?2, action, wanted_by, 'error', ?3, 'ERROR', plan_id, planned_class, amendment_id FROM change WHERE taken_by = ?1",
			FP_VALS(fp_i(r->job_id), fp_i(now), fp_t(msg)));
	if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE change SET status = 'error', taken_by = NULL, prior_status = NULL, action = 'apply', msg = ?3,"
			" fold = fold(?3 || ' ' || fields), updated_at = ?2, job_id = ?1, attempts = attempts + 1, plan_id = NULL, planned_class = '', planned_hash = '',"
			" return_status = '', overwrite = NULL WHERE taken_by = ?1", FP_VALS(fp_i(r->job_id), fp_i(now), fp_t(msg)));
	if (st == FP_OK)
		st = fp_plan_done(r->store, r->plan_id, err);
	if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE job SET status = 'failed', finished_at = ?, owner_pid = NULL, owner_start = NULL, owner_boot = NULL,"
			" worker_pid = NULL, worker_start = NULL, verdict = 'a database holds changes of this job, and what it had told of them is lost',"
			" hint = 'compare the features with the changes, then ignore or apply them', error_class = ?, step = '' WHERE id = ?",
			FP_VALS(fp_i(now), fp_t(fp_status_word(FP_E_UNKNOWN)), fp_i(r->job_id)));
	return st;
}

enum fp_status fp_run_lose(struct fp_run *r, struct fp_error *err)
{
	struct fp_error msg;
	enum fp_status st = fp_run_flush(r, 1, err);

	fp_fail(&msg, FP_E_UNKNOWN, "Nobody can say whether this was applied: a database holds changes of job %lld, whose results are lost. Compare the feature with"
		" the change; then ignore the change, or apply it once more", (long long)r->job_id);
	if (st == FP_OK)
		st = fp_store_begin(r->store, err);
	return st == FP_OK ? fp_store_end(r->store, lose(r, msg.msg, err), err) : st;
}
