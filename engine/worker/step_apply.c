/* Step "apply_deltas": streams the job's changes through an apply session. Memory does not grow with their number. */
#include <cpl_error.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/changes/apply.h"
#include "engine/layers/gdal_gate.h"
#include "engine/worker/job.h"

#define PROGRESS_EVERY 200

struct counts {
	int64_t done, total;
	int64_t by_status[8];
};

static const char *const statuses[] = {"applied", "already_applied", "conflict", "not_applied", "error"};
#define N_STATUSES (sizeof statuses / sizeof *statuses)

static int64_t count_lines(FILE *f)
{
	static char block[65536];
	int64_t n = 0;
	size_t k;

	while ((k = fread(block, 1, sizeof block, f)) > 0)
		for (const char *p = block; (p = memchr(p, '\n', k - (size_t)(p - block))); p++)
			n++;
	rewind(f);
	return n;
}

static enum fp_status apply_line(struct fp_job *job, struct fp_apply *a, const char *text, size_t len, struct counts *c, struct fp_error *err)
{
	json_t *line, *result;
	enum fp_status st = fp_json_parse(&line, text, len, err);

	if (st != FP_OK)
		return st;
	st = fp_apply_line(a, line, &result, err);
	json_decref(line);
	if (st != FP_OK)
		return st;
	for (size_t i = 0; i < N_STATUSES; i++)
		c->by_status[i] += strcmp(fp_json_str_or(result, "status", ""), statuses[i]) == 0;
	fp_job_emit(job, "delta", result);
	if (++c->done % PROGRESS_EVERY == 0)
		fp_job_progress(job, c->done, c->total);
	return FP_OK;
}

static void announce(void *arg, const char *name)
{
	struct fp_job *job = arg;

	fp_job_emit(job, "file", json_pack("{s:o}", "name", fp_json_text(name)));
}

static void tell_candidates(void *arg, json_t *candidates)
{
	fp_job_emit(arg, "candidates", candidates);
}

static enum fp_status ready(void *arg, const struct fp_apply_transaction *t, size_t n, struct fp_error *err)
{
	struct fp_job *job = arg;
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:i,s:o,s:o,s:s}", "connection", t[i].connection, "layer_id", fp_json_text(t[i].layer_id), "database",
			fp_json_text(t[i].is.database), "txid", t[i].is.txid));
	fp_job_emit(job, "commit", json_pack("{s:o}", "transactions", list));
	return fp_job_await_commit(job, err);
}

static void committed(void *arg, int connection, int ok, const char *message)
{
	fp_job_emit(arg, "committed", json_pack("{s:i,s:b,s:o}", "connection", connection, "ok", ok, "message", fp_json_text(message)));
}

static void log_counts(struct fp_job *job, const struct counts *c)
{
	struct fp_buf b = FP_BUF_INIT;

	for (size_t i = 0; i < N_STATUSES; i++)
		if (c->by_status[i])
			fp_buf_addf(&b, "%s%lld %s", b.len ? ", " : "", (long long)c->by_status[i], statuses[i]);
	fp_job_log(job, "info", "%lld changes: %s", (long long)c->done, b.len ? b.data : "nothing to do");
	fp_buf_free(&b);
}

static enum fp_status run(struct fp_job *job, struct fp_apply *a, FILE *f, struct fp_error *err)
{
	struct counts c = {.total = count_lines(f)};
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	enum fp_status st = FP_OK;

	while (st == FP_OK && (n = getline(&text, &cap, f)) > 0)
		st = apply_line(job, a, text, (size_t)n, &c, err);
	if (st == FP_OK && ferror(f))
		st = fp_fail_errno(err, errno, "cannot read %s", job->deltas);
	free(text);
	if (st == FP_OK && strcmp(job->type, "plan") == 0)
		st = fp_apply_candidates(a, tell_candidates, job, err);
	if (st == FP_OK)
		st = fp_apply_finish(a, &(struct fp_apply_end){job, announce, ready, committed}, err);
	if (st != FP_OK)
		return st;
	fp_job_progress(job, c.done, c.total);
	log_counts(job, &c);
	return FP_OK;
}

enum fp_status fp_step_apply_deltas(struct fp_job *job, struct fp_error *err)
{
	struct fp_apply_options options = {
		.input = job->input, .output = job->output,
		.overwrite = fp_json_bool(job->options, "overwrite_conflicts", 0),
		.reference = strcmp(fp_json_str_or(job->options, "conflicts", "strict"), "reference") == 0,
		.inverse = fp_json_bool(job->options, "inverse", 0),
		.dry_run = strcmp(job->type, "plan") == 0 || fp_json_bool(job->options, "dry_run", 0),
		.plan = strcmp(job->type, "plan") == 0,
		.record = fp_json_bool(job->options, "record", 0),
		.any_address = fp_json_bool(job->options, "any_address", 0),
		.allow = fp_json_str(json_object_get(job->description, "network"), "allow"),
		.pgservice = fp_json_str_or(job->description, "pgservice", ""),
	};
	struct fp_apply *a;
	enum fp_status st;
	FILE *f;

	if (!job->project)
		return fp_fail(err, FP_E_INVALID, "the project must be opened before changes are applied: the workflow lacks the step opening_check");
	f = fopen(job->deltas, "re");
	if (!f)
		return fp_fail_errno(err, errno, "cannot open %s", job->deltas);
	fp_gdal_init(*job->scratch ? job->scratch : NULL);
	CPLPushErrorHandler(CPLQuietErrorHandler); /* what GDAL says belongs to a change, and is asked for there */
	fp_apply_new(&a, job->project, &options);
	st = run(job, a, f, err);
	fp_apply_free(a);
	CPLPopErrorHandler();
	fclose(f);
	return st;
}
