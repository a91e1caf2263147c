/* The supervisor: a table of state x event. What happened to a job is found out in one place (look), what follows from it stands in the table. */
#include "engine/queue/engine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/queue/describe.h"
#include "engine/queue/inbox.h"
#include "engine/queue/question.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

#define TICK_MS 50
#define RECOVER_MS 2000
#define RETRY_MS 1000
#define RETAIN_MS 3600000
#define PATIENCE 3 /* questions to a database, before --once leaves it to later */

struct fp_engine {
	struct fp_store *store;
	const struct fp_config *conf;
	struct fp_run **runs;
	size_t n, cap;
	int draining, waiting;
	int64_t recover_at, retain_at;
	struct fp_inbox *inbox;
};

enum event { EV_NONE, EV_READY, EV_COMMIT, EV_ENDED_WELL, EV_ENDED_BADLY, EV_FAULT, EV_CANCEL, EV_LIMIT, EV_GRACE_OVER, EV_RETRY, EVENTS };

typedef enum fp_run_state action(struct fp_run *r);

/* A wish of a person, recorded in the store by whatever process they sit at. */
static int wished(struct fp_run *r, struct fp_error *why)
{
	char *by = NULL;
	int yes;

	if (fp_db_str(r->store, &by, NULL, "SELECT cancelled_by FROM job WHERE id = ? AND cancel_requested = 1", FP_VALS(fp_i(r->job_id))) != FP_OK)
		return 0;
	yes = by != NULL;
	if (yes)
		fp_fail(why, FP_E_CANCELLED, "cancelled by %s", by);
	free(by);
	return yes;
}

static int cancelled(struct fp_run *r)
{
	return wished(r, &r->fault);
}

static enum fp_run_state stay(struct fp_run *r)
{
	return r->state;
}

static enum fp_run_state start(struct fp_run *r)
{
	json_t *d = NULL;
	enum fp_status st = fp_run_description(&d, r, &r->fault);

	if (st == FP_OK)
		st = fp_worker_start(&r->worker, d, &r->fault);
	fp_description_free(d);
	if (st == FP_OK)
		st = fp_run_started(r, &r->fault);
	if (st != FP_OK)
		return FP_RUN_CLOSING;
	r->deadline = fp_monotonic_ms() + r->conf->job_limit_s[r->type] * 1000;
	return FP_RUN_WORKING;
}

static enum fp_run_state ask_to_stop(struct fp_run *r)
{
	fp_worker_signal(r->worker, SIGTERM);
	r->kill_at = fp_monotonic_ms() + r->conf->stop_grace_s * 1000;
	return FP_RUN_STOPPING;
}

static enum fp_run_state kill_it(struct fp_run *r)
{
	fp_worker_signal(r->worker, SIGKILL);
	r->kill_at = 0;
	return FP_RUN_STOPPING;
}

static enum fp_run_state collect(struct fp_run *r)
{
	r->deadline = r->step_deadline = 0;
	return FP_RUN_COLLECTING;
}

static enum fp_run_state record(struct fp_run *r)
{
	(void)r;
	return FP_RUN_RECORDING;
}

static enum fp_run_state let_commit(struct fp_run *r)
{
	if (fp_commit_record(r, &r->fault) != FP_OK) {
		cancelled(r);
		return ask_to_stop(r);
	}
	/* One that does not listen any more ends, and is settled. */
	fp_worker_let_commit(r->worker, NULL);
	fp_failpoint("commit:let");
	return FP_RUN_COMMITTING;
}

static enum fp_run_state settle(struct fp_run *r)
{
	fp_failpoint("commit:ended");
	r->deadline = r->step_deadline = 0;
	return FP_RUN_SETTLING;
}

static enum fp_run_state blame(struct fp_run *r)
{
	if (r->fault.code == FP_OK) {
		fp_fail(&r->fault, r->end.code, "%s", r->end.message);
		fp_error_hint(&r->fault, "%s", r->end.hint);
	}
	return r->recorded ? settle(r) : FP_RUN_CLOSING;
}

static enum fp_run_state close_it(struct fp_run *r)
{
	r->retry_at = 0;
	fp_worker_free(r->worker);
	r->worker = NULL;
	if (fp_run_close(r, &r->unclosed) == FP_OK)
		return FP_RUN_DONE;
	/* The store cannot be written now (full, busy): nothing is lost by trying until it can. */
	r->retry_at = fp_monotonic_ms() + RETRY_MS;
	return FP_RUN_CLOSING;
}

static void log_late(struct fp_run *r, const char *what)
{
	json_t *line = json_pack("{s:s,s:o}", "level", "warning", "text", json_sprintf("%s; what databases had committed by then is published", what));

	fp_run_record(r, FP_EVENT_LOG, line);
	json_decref(line);
}

/* Nothing is in a database: the job ends as any that was interrupted. Else what is there must be published, whatever became of the worker. */
static enum fp_run_state settled(struct fp_run *r)
{
	int kept = fp_settle_kept(r);
	struct fp_error wish;

	if (!kept && fp_settle_lost(r) && r->fault.code == FP_OK)
		fp_fail(&r->fault, FP_E_CRASHED, "the worker said that all went well, and its database has nothing of it");
	if (!kept && r->fault.code != FP_OK) {
		if (cancelled(r))
			r->requeue = 0;
		return FP_RUN_CLOSING;
	}
	if (r->fault.code != FP_OK)
		log_late(r, r->fault.msg);
	if (kept && wished(r, &wish))
		log_late(r, wish.msg);
	return collect(r);
}

/* What a database holds cannot be given back. A full disk passes; files that cannot be published leave the rest; and what nobody can read any more is said. */
static enum fp_run_state publish_less(struct fp_run *r, const struct fp_error *why, int files_were_lost)
{
	if (why->code == FP_E_CANCELLED) { /* another engine has it */
		r->left = 1;
		return FP_RUN_DONE;
	}
	if (r->files_lost && !files_were_lost)
		return FP_RUN_COLLECTING;
	if (r->spool && (why->code == FP_E_INVALID || why->code == FP_E_CORRUPT || why->code == FP_E_CONFLICT)) {
		fp_spool_close(r);
		return FP_RUN_COLLECTING;
	}
	r->unclosed = *why;
	r->retry_at = fp_monotonic_ms() + RETRY_MS;
	return FP_RUN_COLLECTING;
}

static enum fp_run_state publish(struct fp_run *r)
{
	struct fp_error why;
	int files_were_lost = r->files_lost;
	enum fp_status st = r->spool ? fp_run_publish(r, &why) : fp_run_lose(r, &why);

	if (st == FP_OK)
		return FP_RUN_DONE;
	if (fp_settle_kept(r))
		return publish_less(r, &why, files_were_lost);
	r->fault = why;
	return FP_RUN_CLOSING;
}

static enum fp_run_state without_files(struct fp_run *r)
{
	if (!fp_settle_kept(r))
		return close_it(r);
	fp_run_files_lost(r, &r->fault);
	return FP_RUN_COLLECTING;
}

static action *const table[FP_RUN_STATES][EVENTS] = {
	[FP_RUN_PREPARING] = {
		[EV_READY] = start, [EV_FAULT] = close_it, [EV_CANCEL] = close_it,
	},
	[FP_RUN_WORKING] = {
		[EV_ENDED_WELL] = collect, [EV_ENDED_BADLY] = blame, [EV_FAULT] = ask_to_stop, [EV_CANCEL] = ask_to_stop, [EV_LIMIT] = ask_to_stop,
		[EV_COMMIT] = record,
	},
	[FP_RUN_RECORDING] = {
		[EV_READY] = let_commit, [EV_ENDED_BADLY] = blame, [EV_FAULT] = ask_to_stop, [EV_CANCEL] = ask_to_stop, [EV_LIMIT] = ask_to_stop,
	},
	[FP_RUN_COMMITTING] = {
		[EV_ENDED_WELL] = settle, [EV_ENDED_BADLY] = blame, [EV_FAULT] = ask_to_stop, [EV_LIMIT] = ask_to_stop,
	},
	[FP_RUN_STOPPING] = {
		[EV_ENDED_WELL] = blame, [EV_ENDED_BADLY] = blame, [EV_GRACE_OVER] = kill_it,
	},
	[FP_RUN_SETTLING] = {
		[EV_READY] = settled,
	},
	[FP_RUN_COLLECTING] = {
		[EV_READY] = publish, [EV_FAULT] = without_files, [EV_CANCEL] = close_it,
	},
	[FP_RUN_CLOSING] = {
		[EV_RETRY] = close_it,
	},
};

static void interrupted(struct fp_run *r)
{
	fp_fail(&r->fault, FP_E_CRASHED, "was interrupted: its engine was told to stop");
	fp_error_hint(&r->fault, "nothing of it was published; a new job follows by itself");
	r->requeue = 1;
}

static int over_limit(struct fp_run *r, int64_t now)
{
	if (r->deadline && now >= r->deadline) {
		fp_fail(&r->fault, FP_E_TIMEOUT, "timed out after %lld s in step \"%s\"", (long long)r->conf->job_limit_s[r->type], r->step);
		fp_error_hint(&r->fault, "the limit is %s_limit_s in config.yaml", fp_job_type_word(r->type));
		return 1;
	}
	if (r->step_deadline && now >= r->step_deadline) {
		fp_fail(&r->fault, FP_E_TIMEOUT, "timed out: step \"%s\" took longer than %lld s", r->step, (long long)r->step_limit_ms / 1000);
		fp_error_hint(&r->fault, "the limit is timeout_s in the workflow, or step_limit_s in config.yaml");
		return 1;
	}
	return 0;
}

static int broke_protocol(struct fp_run *r)
{
	if (r->breach.code == FP_OK)
		return 0;
	if (r->fault.code == FP_OK)
		r->fault = r->breach;
	return 1;
}

static enum event look_at_end(struct fp_run *r)
{
	if (broke_protocol(r))
		return EV_ENDED_BADLY;
	if (r->end.ok && r->commit && !r->recorded) {
		fp_fail(&r->fault, FP_E_INVALID, "the worker asked to commit and did not wait for the answer");
		return EV_ENDED_BADLY;
	}
	return r->end.ok ? EV_ENDED_WELL : EV_ENDED_BADLY;
}

static int told_to_stop(struct fp_run *r, int64_t now)
{
	if (!r->kill_at || now < r->kill_at)
		return 0;
	interrupted(r);
	return 1;
}

static enum event look_at_worker(struct fp_run *r, int64_t now)
{
	struct fp_error ignored;

	if (fp_worker_reap(r->worker, &r->end, fp_run_record, r))
		return look_at_end(r);
	if (r->state == FP_RUN_STOPPING)
		return r->kill_at && now >= r->kill_at ? EV_GRACE_OVER : EV_NONE;
	if (fp_worker_read(r->worker, fp_run_record, r, &r->fault) != FP_OK || broke_protocol(r))
		return EV_FAULT;
	if (r->state == FP_RUN_COMMITTING) { /* what cannot be written now is no reason to kill it, nor is anybody's wish */
		fp_run_flush(r, 0, &ignored);
		return over_limit(r, now) || told_to_stop(r, now) ? EV_LIMIT : EV_NONE;
	}
	if (fp_run_flush(r, 0, &r->fault) != FP_OK)
		return EV_FAULT;
	if (cancelled(r))
		return EV_CANCEL;
	if (over_limit(r, now))
		return EV_LIMIT;
	return r->state == FP_RUN_WORKING && r->commit ? EV_COMMIT : EV_NONE;
}

static enum event ready(struct fp_run *r, enum fp_status (*work)(struct fp_run *r, int *done, struct fp_error *err))
{
	int done = 0;

	return work(r, &done, &r->fault) != FP_OK ? EV_FAULT : done ? EV_READY : EV_NONE;
}

static enum event look(struct fp_run *r)
{
	int64_t now = fp_monotonic_ms();
	enum event e;
	int done = 0;

	switch (r->state) {
	case FP_RUN_PREPARING:
		return cancelled(r) ? EV_CANCEL : ready(r, fp_run_prepare);
	case FP_RUN_RECORDING:
		e = look_at_worker(r, now);
		return e == EV_NONE ? ready(r, fp_commit_secure) : e;
	case FP_RUN_WORKING:
	case FP_RUN_COMMITTING:
	case FP_RUN_STOPPING:
		return look_at_worker(r, now);
	case FP_RUN_SETTLING:
		fp_settle_step(r, &done);
		return done ? EV_READY : EV_NONE;
	case FP_RUN_COLLECTING:
		if (now < r->retry_at)
			return EV_NONE;
		return !r->recorded && cancelled(r) ? EV_CANCEL : ready(r, fp_run_collect);
	case FP_RUN_CLOSING:
		return now >= r->retry_at ? EV_RETRY : EV_NONE;
	default:
		return EV_NONE;
	}
}

static void advance(struct fp_run *r)
{
	enum event e = look(r);
	action *a = table[r->state][e] ? table[r->state][e] : stay;

	r->state = a(r);
}

enum fp_status fp_engine_new(struct fp_engine **out, struct fp_store *s, const struct fp_config *conf, struct fp_error *err)
{
	struct fp_engine *e;
	enum fp_status st = fp_recover(s, err);

	if (st != FP_OK)
		return st;
	e = fp_alloc(sizeof *e);
	e->store = s;
	e->conf = conf;
	e->inbox = fp_inbox_new(s, conf);
	*out = e;
	return FP_OK;
}

/* It has work of its own to go on with. */
static int is_busy(const struct fp_run *r)
{
	return r->state == FP_RUN_PREPARING || r->state == FP_RUN_RECORDING || (r->state == FP_RUN_COLLECTING && !r->retry_at);
}

/* One that is being stopped is not listened to. */
static int poll_worker(const struct fp_run *r, struct pollfd *fds)
{
	int listens = r->state == FP_RUN_WORKING || r->state == FP_RUN_RECORDING || r->state == FP_RUN_COMMITTING, n = 0;

	if (r->worker && listens && fp_worker_fd(r->worker) >= 0)
		fds[n++] = (struct pollfd){.fd = fp_worker_fd(r->worker), .events = POLLIN};
	if (r->worker && (listens || r->state == FP_RUN_STOPPING))
		fds[n++] = (struct pollfd){.fd = fp_worker_pidfd(r->worker), .events = POLLIN};
	if (r->question)
		fds[n++] = (struct pollfd){.fd = fp_question_fd(r->question), .events = POLLIN};
	return n;
}

int fp_engine_poll(struct fp_engine *e, struct pollfd *fds, int max, int *timeout_ms)
{
	int n = 0, want = e->waiting || e->n ? TICK_MS : 2 * TICK_MS;

	for (size_t i = 0; i < e->n; i++) {
		if (is_busy(e->runs[i]))
			want = 0;
		if (n + 2 <= max)
			n += poll_worker(e->runs[i], fds + n);
	}
	if (*timeout_ms < 0 || want < *timeout_ms)
		*timeout_ms = want;
	return n;
}

static enum fp_status adopt(struct fp_engine *e, struct fp_error *err)
{
	while (!e->draining && (int64_t)e->n < e->conf->engine_jobs) {
		struct fp_run *r;
		enum fp_status st = fp_run_adopt(&r, e->store, e->conf, err);
		if (st != FP_OK || !r)
			return st;
		FP_GROW(e->runs, e->n, e->cap);
		e->runs[e->n++] = r;
	}
	return FP_OK;
}

/* Somebody else may have the patience. */
static void leave_to_others(struct fp_engine *e, struct fp_run *r)
{
	if (!e->draining || r->state != FP_RUN_SETTLING || (!r->question && !r->asked))
		return;
	fp_run_leave(r);
	r->state = FP_RUN_DONE;
}

static enum fp_status claim(struct fp_engine *e, struct fp_error *err)
{
	while (!e->draining && (int64_t)e->n < e->conf->engine_jobs) {
		struct fp_run *r;
		enum fp_status st = fp_run_claim(&r, &e->waiting, e->store, e->conf, err);
		if (st != FP_OK || !r)
			return st;
		FP_GROW(e->runs, e->n, e->cap);
		e->runs[e->n++] = r;
	}
	return FP_OK;
}

enum fp_status fp_engine_step(struct fp_engine *e, struct fp_error *err)
{
	size_t kept = 0;
	enum fp_status st = FP_OK;

	for (size_t i = 0; i < e->n; i++) {
		advance(e->runs[i]);
		leave_to_others(e, e->runs[i]);
		if (e->runs[i]->state == FP_RUN_DONE) {
			if (e->runs[i]->type == FP_JOB_PACKAGE) /* there may be one too many now */
				e->retain_at = 0;
			fp_run_free(e->runs[i]);
			continue;
		}
		e->runs[kept++] = e->runs[i];
		if (e->runs[i]->unclosed.code != FP_OK) {
			st = e->runs[i]->unclosed.code;
			if (err)
				*err = e->runs[i]->unclosed;
		}
	}
	e->n = kept;
	if (st != FP_OK)
		return st; /* the store cannot be written: no time to begin something */
	if (fp_monotonic_ms() >= e->recover_at) {
		st = fp_recover(e->store, err);
		if (st == FP_OK)
			st = adopt(e, err);
		e->recover_at = fp_monotonic_ms() + RECOVER_MS;
	}
	if (st == FP_OK && fp_monotonic_ms() >= e->retain_at) {
		int more;
		st = fp_retain(e->store, e->conf, &more, err);
		e->retain_at = fp_monotonic_ms() + (more ? TICK_MS : RETAIN_MS);
	}
	if (st == FP_OK && !e->draining)
		st = fp_inbox_step(e->inbox, err);
	return st == FP_OK ? claim(e, err) : st;
}

int fp_engine_running(const struct fp_engine *e)
{
	return (int)e->n;
}

int fp_engine_idle(struct fp_engine *e)
{
	int64_t pending = 0;

	for (size_t i = 0; i < e->n; i++)
		if (!fp_settle_waits(e->runs[i]) || e->runs[i]->asked < PATIENCE)
			return 0;
	/* Jobs behind one that waits for a database wait as well. */
	fp_db_int(e->store, &pending, NULL, "SELECT 1 FROM job j WHERE status = 'pending' AND NOT EXISTS (SELECT 1 FROM job a JOIN job_transaction t"
		" ON t.job_id = a.id WHERE a.project_id = j.project_id AND a.status = 'started' AND t.state = 'recorded') LIMIT 1", FP_NOVALS);
	return !pending;
}

void fp_engine_drain(struct fp_engine *e, int now)
{
	e->draining = 1;
	for (size_t i = 0; now && i < e->n; i++) {
		struct fp_run *r = e->runs[i];
		if (r->state == FP_RUN_COMMITTING) /* it has until then */
			r->kill_at = fp_monotonic_ms() + r->conf->stop_grace_s * 1000;
		if (r->state == FP_RUN_CLOSING || r->state == FP_RUN_STOPPING || r->recorded)
			continue;
		interrupted(r);
		r->state = r->state == FP_RUN_WORKING || r->state == FP_RUN_RECORDING ? ask_to_stop(r) : FP_RUN_CLOSING;
	}
}

void fp_engine_free(struct fp_engine *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n; i++) {
		struct fp_run *r = e->runs[i];
		if (r->recorded && r->state != FP_RUN_CLOSING) {
			fp_worker_free(r->worker);
			r->worker = NULL;
			fp_run_leave(r);
		} else {
			if (r->fault.code == FP_OK)
				interrupted(r);
			close_it(r);
		}
		fp_run_free(r);
	}
	free(e->runs);
	fp_inbox_free(e->inbox);
	free(e);
}
