/* The supervisor: a table of state x event. What happened to a job is found out in one place (look), what follows from it stands in the table. */
#include "engine/queue/engine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/queue/describe.h"
#include "engine/queue/inbox.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

#define TICK_MS 50
#define RECOVER_MS 2000
#define RETRY_MS 1000
#define RETAIN_MS 3600000

struct fp_engine {
	struct fp_store *store;
	const struct fp_config *conf;
	struct fp_run **runs;
	size_t n, cap;
	int draining, waiting;
	int64_t recover_at, retain_at;
	struct fp_inbox *inbox;
};

enum event { EV_NONE, EV_READY, EV_ENDED_WELL, EV_ENDED_BADLY, EV_FAULT, EV_CANCEL, EV_LIMIT, EV_GRACE_OVER, EV_RETRY, EVENTS };

typedef enum fp_run_state action(struct fp_run *r);

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

static enum fp_run_state blame(struct fp_run *r)
{
	if (r->fault.code == FP_OK) {
		fp_fail(&r->fault, r->end.code, "%s", r->end.message);
		fp_error_hint(&r->fault, "%s", r->end.hint);
	}
	return FP_RUN_CLOSING;
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

static enum fp_run_state publish(struct fp_run *r)
{
	return fp_run_publish(r, &r->fault) == FP_OK ? FP_RUN_DONE : FP_RUN_CLOSING;
}

static action *const table[FP_RUN_STATES][EVENTS] = {
	[FP_RUN_PREPARING] = {
		[EV_READY] = start, [EV_FAULT] = close_it, [EV_CANCEL] = close_it,
	},
	[FP_RUN_WORKING] = {
		[EV_ENDED_WELL] = collect, [EV_ENDED_BADLY] = blame, [EV_FAULT] = ask_to_stop, [EV_CANCEL] = ask_to_stop, [EV_LIMIT] = ask_to_stop,
	},
	[FP_RUN_STOPPING] = {
		[EV_ENDED_WELL] = blame, [EV_ENDED_BADLY] = blame, [EV_GRACE_OVER] = kill_it,
	},
	[FP_RUN_COLLECTING] = {
		[EV_READY] = publish, [EV_FAULT] = close_it, [EV_CANCEL] = close_it,
	},
	[FP_RUN_CLOSING] = {
		[EV_RETRY] = close_it,
	},
};

/* A wish of a person, recorded in the store by whatever process they sit at. */
static int cancelled(struct fp_run *r)
{
	char *by = NULL;
	int yes;

	if (fp_db_str(r->store, &by, NULL, "SELECT cancelled_by FROM job WHERE id = ? AND cancel_requested = 1", FP_VALS(fp_i(r->job_id))) != FP_OK)
		return 0;
	yes = by != NULL;
	if (yes)
		fp_fail(&r->fault, FP_E_CANCELLED, "cancelled by %s", by);
	free(by);
	return yes;
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

static enum event look_at_worker(struct fp_run *r, int64_t now)
{
	if (fp_worker_reap(r->worker, &r->end, fp_run_record, r))
		return r->end.ok ? EV_ENDED_WELL : EV_ENDED_BADLY;
	if (r->state == FP_RUN_STOPPING)
		return r->kill_at && now >= r->kill_at ? EV_GRACE_OVER : EV_NONE;
	if (fp_worker_read(r->worker, fp_run_record, r, &r->fault) != FP_OK || fp_run_flush(r, 0, &r->fault) != FP_OK)
		return EV_FAULT;
	if (cancelled(r))
		return EV_CANCEL;
	return over_limit(r, now) ? EV_LIMIT : EV_NONE;
}

static enum event look(struct fp_run *r)
{
	int64_t now = fp_monotonic_ms();
	int done = 0;

	switch (r->state) {
	case FP_RUN_PREPARING:
		if (cancelled(r))
			return EV_CANCEL;
		return fp_run_prepare(r, &done, &r->fault) != FP_OK ? EV_FAULT : done ? EV_READY : EV_NONE;
	case FP_RUN_WORKING:
	case FP_RUN_STOPPING:
		return look_at_worker(r, now);
	case FP_RUN_COLLECTING:
		if (cancelled(r))
			return EV_CANCEL;
		return fp_run_collect(r, &done, &r->fault) != FP_OK ? EV_FAULT : done ? EV_READY : EV_NONE;
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
	e->recover_at = fp_monotonic_ms() + RECOVER_MS;
	e->inbox = fp_inbox_new(s, conf);
	*out = e;
	return FP_OK;
}

int fp_engine_poll(struct fp_engine *e, struct pollfd *fds, int max, int *timeout_ms)
{
	int n = 0, want = e->waiting || e->n ? TICK_MS : 2 * TICK_MS;

	for (size_t i = 0; i < e->n; i++) {
		struct fp_run *r = e->runs[i];
		if (r->state == FP_RUN_PREPARING || r->state == FP_RUN_COLLECTING)
			want = 0;
		if (!r->worker || n + 2 > max)
			continue;
		if (r->state == FP_RUN_WORKING && fp_worker_fd(r->worker) >= 0) /* one that is being stopped is not listened to */
			fds[n++] = (struct pollfd){.fd = fp_worker_fd(r->worker), .events = POLLIN};
		if (r->state == FP_RUN_WORKING || r->state == FP_RUN_STOPPING)
			fds[n++] = (struct pollfd){.fd = fp_worker_pidfd(r->worker), .events = POLLIN};
	}
	if (*timeout_ms < 0 || want < *timeout_ms)
		*timeout_ms = want;
	return n;
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
		if (e->runs[i]->state == FP_RUN_DONE) {
			fp_run_free(e->runs[i]);
			continue;
		}
		e->runs[kept++] = e->runs[i];
		if (e->runs[i]->state == FP_RUN_CLOSING && e->runs[i]->unclosed.code != FP_OK) {
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

	fp_db_int(e->store, &pending, NULL, "SELECT 1 FROM job WHERE status = 'pending' LIMIT 1", FP_NOVALS);
	return e->n == 0 && !pending;
}

void fp_engine_drain(struct fp_engine *e, int now)
{
	e->draining = 1;
	for (size_t i = 0; now && i < e->n; i++) {
		struct fp_run *r = e->runs[i];
		if (r->state == FP_RUN_CLOSING || r->state == FP_RUN_STOPPING)
			continue;
		fp_fail(&r->fault, FP_E_CRASHED, "was interrupted: its engine was told to stop");
		fp_error_hint(&r->fault, "nothing of it was published; a new job follows by itself");
		r->requeue = 1;
		r->state = r->state == FP_RUN_WORKING ? ask_to_stop(r) : FP_RUN_CLOSING;
	}
}

void fp_engine_free(struct fp_engine *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n; i++) {
		struct fp_run *r = e->runs[i];
		if (r->fault.code == FP_OK) {
			fp_fail(&r->fault, FP_E_CRASHED, "was interrupted: its engine was told to stop");
			r->requeue = 1;
		}
		close_it(r);
		fp_run_free(r);
	}
	free(e->runs);
	fp_inbox_free(e->inbox);
	free(e);
}
