/* What a worker says, on its way into the store: logs, steps and progress in batches while the job runs, verdicts and outcomes kept for publishing. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

#define FLUSH_MS 100
#define FLUSH_EVENTS 200

/* Only a step of the workflow is one. */
static int enter_step(struct fp_run *r, const json_t *body)
{
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(r->workflow, "steps"), i, step) {
		int64_t limit = fp_json_int(step, "timeout_s", 0);
		if (strcmp(fp_json_str_or(step, "id", ""), fp_json_str(body, "id")) != 0)
			continue;
		fp_text_into(r->step, sizeof r->step, fp_json_str(body, "id"));
		r->step_limit_ms = (limit > 0 ? limit : r->conf->step_limit_s) * 1000;
		r->step_deadline = strcmp(fp_json_str(body, "state"), "started") == 0 ? fp_monotonic_ms() + r->step_limit_ms : 0;
		return 1;
	}
	return 0;
}

/* What a job makes: all of it comes before its commit. */
static int makes(enum fp_event_kind kind)
{
	return kind == FP_EVENT_LAYER || kind == FP_EVENT_DELTA || kind == FP_EVENT_PROJECT || kind == FP_EVENT_FILE || kind == FP_EVENT_COMMIT ||
		kind == FP_EVENT_PACKED || kind == FP_EVENT_PACKAGED_LAYER || kind == FP_EVENT_PACKAGE;
}

void fp_run_record(void *run, enum fp_event_kind kind, const json_t *body)
{
	struct fp_run *r = run;
	json_t *copy;

	if (r->commit && makes(kind)) {
		fp_fail(&r->breach, FP_E_INVALID, "the worker went on with its work after it had asked to commit it");
		return;
	}
	switch (kind) {
	case FP_EVENT_LAYER:
		fp_spool_add(r, "layer", body);
		return;
	case FP_EVENT_DELTA:
		fp_spool_add(r, "delta", body);
		return;
	case FP_EVENT_PACKED:
		fp_spool_add(r, "packed", body);
		return;
	case FP_EVENT_PACKAGED_LAYER:
		fp_spool_add(r, "packaged_layer", body);
		return;
	case FP_EVENT_PACKAGE:
		fp_spool_add(r, "package", body);
		return;
	case FP_EVENT_PROJECT:
		json_decref(r->facts);
		r->facts = json_deep_copy(body);
		return;
	case FP_EVENT_FILE:
		/* A package may have very many, and finds out itself when one comes twice. */
		if (r->type == FP_JOB_PACKAGE || !fp_strv_has(&r->announced, fp_json_str(body, "name")))
			fp_strv_add(&r->announced, fp_json_str(body, "name"));
		return;
	case FP_EVENT_COMMIT:
		if (r->type == FP_JOB_DELTA_APPLY)
			fp_commit_wanted(r, body);
		else
			fp_fail(&r->breach, FP_E_INVALID, "the worker wanted to commit something in a %s job", fp_job_type_word(r->type));
		return;
	case FP_EVENT_CANDIDATES: case FP_EVENT_DIFFERENCE: case FP_EVENT_TABLE: case FP_EVENT_PAST: case FP_EVENT_TRANSACTION: /* of questions */
	case FP_EVENT_RESULT:      /* fp_worker_reap() tells it */
		return;
	case FP_EVENT_COMMITTED:
		if (!r->recorded) {
			fp_fail(&r->breach, FP_E_INVALID, "the worker told of a commit that nobody had let through");
			return;
		}
		break;
	case FP_EVENT_STEP:
		if (!enter_step(r, body))
			return;
		break;
	case FP_EVENT_HELLO:
	case FP_EVENT_LOG:
	case FP_EVENT_PROGRESS:
		break;
	}
	copy = json_deep_copy(body);
	json_array_append_new(r->waiting, json_pack("{s:i,s:I,s:s,s:o}", "kind", (int)kind, "at", (json_int_t)fp_now_ms(), "step", r->step, "body", copy));
}

static enum fp_status write_log(struct fp_run *r, const json_t *e, const json_t *body, struct fp_error *err)
{
	const char *level = fp_json_str(body, "level"), *p = fp_json_str(body, "text");
	enum fp_status st = FP_OK;

	if (strcmp(level, "warning") != 0 && strcmp(level, "error") != 0)
		level = "info";
	while (st == FP_OK && *p) {
		size_t n = strcspn(p, "\n");
		char *line = fp_strndup(p, n), *clean = fp_text_clean(line);

		if (r->log_seq >= r->conf->log_lines_max)
			r->log_dropped++;
		else
			st = fp_db_run(r->store, err, "INSERT INTO job_log (job_id, seq, at, level, step, text) VALUES (?, ?, ?, ?, ?, ?)",
				FP_VALS(fp_i(r->job_id), fp_i(++r->log_seq), fp_i(fp_json_int(e, "at", 0)), fp_t(level), fp_t(fp_json_str(e, "step")),
					fp_t(clean)));
		free(line);
		free(clean);
		p += n + (p[n] == '\n');
	}
	return st;
}

static enum fp_status write_step(struct fp_run *r, int64_t at, const json_t *body, struct fp_error *err)
{
	const char *state = fp_json_str(body, "state"), *id = fp_json_str(body, "id");
	enum fp_status st;

	if (strcmp(state, "started") == 0) {
		st = fp_db_run(r->store, err, "UPDATE job_step SET state = 'started', started_at = ? WHERE job_id = ? AND step = ? AND state = 'pending'",
			FP_VALS(fp_i(at), fp_i(r->job_id), fp_t(id)));
		if (st == FP_OK)
			st = fp_db_run(r->store, err, "UPDATE job SET step = (SELECT name FROM job_step WHERE job_id = ?1 AND step = ?2), done = 0, total = 0"
				" WHERE id = ?1 AND EXISTS (SELECT 1 FROM job_step WHERE job_id = ?1 AND step = ?2)", FP_VALS(fp_i(r->job_id), fp_t(id)));
		return st;
	}
	if (strcmp(state, "finished") != 0 && strcmp(state, "failed") != 0 && strcmp(state, "skipped") != 0)
		return FP_OK;
	return fp_db_run(r->store, err, "UPDATE job_step SET state = ?, finished_at = ?, message = ? WHERE job_id = ? AND step = ? AND state = 'started'",
		FP_VALS(fp_t(state), fp_i(at), fp_t(fp_json_str(body, "message")), fp_i(r->job_id), fp_t(id)));
}

/* A worker's word is the database's; a state that somebody else has found out stays. */
static enum fp_status write_committed(struct fp_run *r, const json_t *body, struct fp_error *err)
{
	int ok = fp_json_bool(body, "ok", 0);
	char *message = fp_text_clean(fp_json_str(body, "message"));
	enum fp_status st = fp_db_run(r->store, err, "UPDATE job_transaction SET state = ?, message = ? WHERE job_id = ? AND connection = ? AND state = 'recorded'",
		FP_VALS(fp_t(ok ? "committed" : "aborted"), fp_t(ok ? "" : *message ? message : "the database gave no reason"), fp_i(r->job_id),
			fp_i(fp_json_int(body, "connection", -1))));

	free(message);
	return st;
}

static enum fp_status write_event(struct fp_run *r, const json_t *e, struct fp_error *err)
{
	const json_t *body = json_object_get(e, "body");
	enum fp_status st;
	char *text;

	switch ((enum fp_event_kind)fp_json_int(e, "kind", -1)) {
	case FP_EVENT_HELLO:
		text = fp_json_dump(json_object_get(body, "sandbox"));
		st = fp_db_run(r->store, err, "UPDATE job SET sandbox = ? WHERE id = ?", FP_VALS(fp_t(text), fp_i(r->job_id)));
		free(text);
		return st;
	case FP_EVENT_LOG:
		return write_log(r, e, body, err);
	case FP_EVENT_STEP:
		return write_step(r, fp_json_int(e, "at", 0), body, err);
	case FP_EVENT_COMMITTED:
		return write_committed(r, body, err);
	case FP_EVENT_PROGRESS:
		return fp_db_run(r->store, err, "UPDATE job SET done = ?, total = ? WHERE id = ?",
			FP_VALS(fp_i(fp_json_int(body, "done", 0)), fp_i(fp_json_int(body, "total", 0)), fp_i(r->job_id)));
	default:
		return FP_OK;
	}
}

/* The last line of a log that is longer than its limit. */
static enum fp_status tell_dropped(struct fp_run *r, struct fp_error *err)
{
	char text[80];
	enum fp_status st;

	if (r->log_dropped == r->log_told)
		return FP_OK;
	snprintf(text, sizeof text, "%lld more lines were not kept (log_lines_max)", (long long)r->log_dropped);
	st = fp_db_run(r->store, err, "INSERT INTO job_log (job_id, seq, at, level, step, text) VALUES (?, ?, ?, 'warning', '', ?)",
		FP_VALS(fp_i(r->job_id), fp_i(++r->log_seq), fp_i(fp_now_ms()), fp_t(text)));
	r->log_told = r->log_dropped;
	return st;
}

enum fp_status fp_run_flush(struct fp_run *r, int now, struct fp_error *err)
{
	int64_t t = fp_monotonic_ms();
	const json_t *e;
	size_t i, n = json_array_size(r->waiting);
	enum fp_status st;

	if ((n == 0 && !(now && r->log_dropped > r->log_told)) || (!now && n < FLUSH_EVENTS && t - r->flushed_at < FLUSH_MS))
		return FP_OK;
	st = fp_store_begin(r->store, err);
	if (st != FP_OK)
		return st;
	json_array_foreach(r->waiting, i, e)
		if (st == FP_OK)
			st = write_event(r, e, err);
	if (st == FP_OK && now)
		st = tell_dropped(r, err);
	st = fp_store_end(r->store, st, err);
	if (st == FP_OK) {
		json_array_clear(r->waiting);
		r->flushed_at = t;
	}
	return st;
}

enum fp_status fp_run_started(struct fp_run *r, struct fp_error *err)
{
	struct fp_proc_id id;
	enum fp_status st = fp_store_begin(r->store, err);

	if (st != FP_OK)
		return st;
	/* A worker that is dead already has no start time to be known by; its end is told by its pidfd all the same. */
	if (fp_proc_id(&id, fp_worker_pid(r->worker)) != 0)
		id.start = 0;
	st = fp_db_run(r->store, err, "UPDATE job SET status = 'started', started_at = ?, worker_pid = ?, worker_start = ? WHERE id = ?",
		FP_VALS(fp_i(fp_now_ms()), fp_i(fp_worker_pid(r->worker)), fp_i(id.start), fp_i(r->job_id)));
	return fp_store_end(r->store, st, err);
}
