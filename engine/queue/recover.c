/* Jobs that publish nothing: ended by this engine, or left behind by one that died. Everything goes back to what it was, and the job says why. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/base/path.h"
#include "engine/queue/plan_end.h"
#include "engine/queue/rules.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

struct ending {
	int64_t job_id;
	const char *project_id;
	enum fp_job_type type;
	const struct fp_error *fault;
	int signal;
	int64_t peak_kb;
	int requeue;
};

enum fp_status fp_run_give_back(struct fp_store *s, int64_t job_id, const char *why, struct fp_error *err)
{
	int64_t now = fp_now_ms();
	char *msg = fp_asprintf("not applied: job %lld %s", (long long)job_id, why);
	enum fp_status st = fp_db_run(s, err, "INSERT INTO attempt (change_id, job_id, at, action, who, outcome, msg)"
		" SELECT id, ?1, ?2, action, wanted_by, 'interrupted', ?3 FROM change WHERE taken_by = ?1",
		FP_VALS(fp_i(job_id), fp_i(now), fp_t(why)));

	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE change SET status = prior_status, prior_status = NULL, taken_by = NULL, updated_at = ?2, job_id = ?1,"
			" attempts = attempts + 1, msg = ?3, fold = fold(?3 || ' ' || fields) WHERE taken_by = ?1",
			FP_VALS(fp_i(job_id), fp_i(now), fp_t(msg)));
	free(msg);
	return st;
}

static enum fp_status end_job(struct fp_store *s, const struct ending *e, struct fp_error *err)
{
	int64_t now = fp_now_ms(), plan = 0;
	enum fp_status st = fp_plan_of_job(s, &plan, e->job_id, err);

	if (st == FP_OK)
		st = fp_run_give_back(s, e->job_id, e->fault->msg, err);
	if (st == FP_OK && plan && !e->requeue && e->fault->code == FP_E_CONFLICT)
		st = fp_plan_withdraw(s, plan, "moved", e->fault->msg, err);
	else if (st == FP_OK && plan && e->fault->code == FP_E_CANCELLED)
		st = fp_plan_withdraw(s, plan, "cancelled", e->fault->msg, err);
	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE job_step SET state = 'failed', finished_at = ?, message = ? WHERE job_id = ? AND state = 'started'",
			FP_VALS(fp_i(now), fp_t(e->fault->msg), fp_i(e->job_id)));
	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE job SET status = ?, finished_at = ?, owner_pid = NULL, owner_start = NULL, owner_boot = NULL, worker_pid = NULL,"
			" worker_start = NULL, verdict = ?, hint = ?, error_class = ?, signal = ?, peak_kb = ? WHERE id = ? AND status IN ('queued', 'started')",
			FP_VALS(fp_t(e->fault->code == FP_E_CANCELLED ? "stopped" : "failed"), fp_i(now), fp_t(e->fault->msg), fp_t(e->fault->hint),
				fp_t(fp_status_word(e->fault->code)), fp_i(e->signal), fp_i(e->peak_kb), fp_i(e->job_id)));
	if (st == FP_OK && e->type == FP_JOB_PACKAGE)
		st = fp_db_run(s, err, "DELETE FROM package_base WHERE job_id = ?", FP_VALS(fp_i(e->job_id)));
	if (st == FP_OK && e->type == FP_JOB_PROCESS_PROJECTFILE && e->fault->code != FP_E_CANCELLED && !e->requeue)
		st = fp_db_run(s, err, "UPDATE project SET check_ok = 0 WHERE id = ?", FP_VALS(fp_t(e->project_id)));
	if (st == FP_OK && e->requeue) {
		struct fp_trigger t;
		fp_trigger_clear(&t);
		st = fp_rules_trigger(s, &t, e->project_id, e->type, "recovery", "fieldpost", err);
	}
	return st;
}

enum fp_status fp_run_close(struct fp_run *r, struct fp_error *err)
{
	int signal = r->fault.code == FP_E_CANCELLED ? 0 : r->end.signal; /* that was ours, and tells nothing */
	struct ending e = {r->job_id, r->project_id, r->type, &r->fault, signal, r->end.peak_kb, r->requeue};
	struct fp_error ignored;
	enum fp_status st;

	fp_run_flush(r, 1, &ignored); /* its log is worth having, its end is worth more */
	fp_failpoint("close:before");
	st = fp_store_begin(r->store, err);
	if (st != FP_OK)
		return st;
	return fp_store_end(r->store, end_job(r->store, &e, err), err);
}

void fp_run_kill_worker(const struct fp_proc_id *worker)
{
	if (worker->pid > 1 && worker->start && fp_proc_alive(worker))
		kill((pid_t)-worker->pid, SIGKILL);
}

struct orphan {
	int64_t job_id;
	char project_id[37];
	enum fp_job_type type;
	struct fp_proc_id owner, worker;
	int cancelled;
};

/* The next active job after AFTER; o->job_id 0 at the end. */
static enum fp_status next_active(struct fp_store *s, struct orphan *o, int64_t after, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT id, project_id, type, owner_pid, owner_start, owner_boot, worker_pid, worker_start, cancel_requested"
		" FROM job WHERE status IN ('queued', 'started') AND id > ? ORDER BY id LIMIT 1", FP_VALS(fp_i(after)));

	memset(o, 0, sizeof *o);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &row, err);
	if (rc == FP_OK && row) {
		o->job_id = sqlite3_column_int64(st, 0);
		memcpy(o->project_id, fp_db_text(st, 1), 36);
		fp_assert(fp_job_type_parse(&o->type, fp_db_text(st, 2)) == 0);
		o->owner.pid = sqlite3_column_int64(st, 3);
		o->owner.start = sqlite3_column_int64(st, 4);
		snprintf(o->owner.boot_id, sizeof o->owner.boot_id, "%s", fp_db_text(st, 5));
		o->worker = o->owner;
		o->worker.pid = sqlite3_column_int64(st, 6);
		o->worker.start = sqlite3_column_int64(st, 7);
		o->cancelled = sqlite3_column_int(st, 8);
	}
	fp_db_end(s, st);
	return rc;
}

static enum fp_status free_orphan(struct fp_store *s, const struct orphan *o, struct fp_error *err)
{
	struct fp_error why;
	struct ending e = {o->job_id, o->project_id, o->type, &why, 0, 0, !o->cancelled};
	int64_t still = 0;
	enum fp_status st;

	fp_run_kill_worker(&o->worker);
	if (o->cancelled)
		fp_fail(&why, FP_E_CANCELLED, "was cancelled; its engine (pid %lld) had died", (long long)o->owner.pid);
	else
		fp_fail(&why, FP_E_CRASHED, "was interrupted: its engine (pid %lld) died", (long long)o->owner.pid);
	fp_error_hint(&why, "nothing of it was published; a new job follows by itself");
	st = fp_store_begin(s, err);
	if (st != FP_OK)
		return st;
	/* Another engine may have been quicker. One that may have committed in a database is not freed but taken over (adopt.c). */
	st = fp_db_int(s, &still, err, "SELECT 1 FROM job WHERE id = ? AND status IN ('queued', 'started') AND owner_pid = ? AND owner_start = ?"
		" AND NOT EXISTS (SELECT 1 FROM job_transaction t WHERE t.job_id = job.id)",
		FP_VALS(fp_i(o->job_id), fp_i(o->owner.pid), fp_i(o->owner.start)));
	if (st == FP_OK && still)
		st = end_job(s, &e, err);
	return fp_store_end(s, st, err);
}

/* Work folders are named after their job or question; one that no active job and no living process owns belongs to nobody. What cannot be removed now is
 * tried again later. */
static void sweep(struct fp_store *s)
{
	char *work = fp_path_join(fp_store_home(s), "work");
	DIR *d = opendir(work);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int64_t active = 0;
		char *path;

		if (isdigit((unsigned char)e->d_name[0]) ? fp_db_int(s, &active, NULL, "SELECT 1 FROM job WHERE id = ?"
				" AND status IN ('pending', 'queued', 'started')", FP_VALS(fp_i(strtoll(e->d_name, NULL, 10)))) != FP_OK || active
				: fp_proc_of_folder(e->d_name) != 0)
			continue;
		path = fp_path_join(work, e->d_name);
		fp_fs_remove_tree(path, NULL);
		free(path);
	}
	if (d)
		closedir(d);
	free(work);
}

enum fp_status fp_recover(struct fp_store *s, struct fp_error *err)
{
	struct orphan o = {0};
	enum fp_status st;

	do {
		st = next_active(s, &o, o.job_id, err);
		if (st == FP_OK && o.job_id && !fp_proc_alive(&o.owner))
			st = free_orphan(s, &o, err);
	} while (st == FP_OK && o.job_id);
	sweep(s);
	return st;
}
