/* fieldpost-worker: one job, told on a socket, done behind walls, reported on the same socket. Started by fieldpost only. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/layers/remedy.h"
#include "engine/package/package.h"
#include "engine/prober/prober.h"
#include "engine/project/project.h"
#include "engine/worker/job.h"
#include "engine/worker/sandbox.h"

static enum fp_status read_description(json_t **out, struct fp_error *err)
{
	struct fp_buf line = FP_BUF_INIT;
	char block[65536], *end = NULL;
	enum fp_status st;

	while (!end) {
		ssize_t n = read(FP_WORKER_FD, block, sizeof block);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || line.len > (64 << 20)) {
			fp_buf_free(&line);
			return fp_fail(err, FP_E_INVALID, "no job description came");
		}
		fp_buf_add(&line, block, (size_t)n);
		end = memchr(line.data, '\n', line.len);
	}
	st = fp_json_parse(out, line.data, (size_t)(end - line.data), err);
	fp_buf_free(&line);
	return st;
}

static enum fp_status take_description(struct fp_job *job, struct fp_error *err)
{
	enum fp_status st = read_description(&job->description, err);

	if (st != FP_OK)
		return st;
	job->type = fp_json_str_or(job->description, "type", "");
	job->input = fp_json_str_or(job->description, "input", "");
	job->output = fp_json_str_or(job->description, "output", "");
	job->scratch = fp_json_str_or(job->description, "scratch", "");
	job->project_file = fp_json_str_or(job->description, "project_file", "");
	job->deltas = fp_json_str_or(job->description, "deltas", "");
	job->options = json_object_get(job->description, "options");
	if (fp_json_int(job->description, "protocol", 0) != FP_PROTOCOL)
		return fp_fail(err, FP_E_VERSION, "fieldpost and fieldpost-worker are of different versions");
	return FP_OK;
}

/* Overwrites the value of a secret where the environment keeps it. */
static void forget(const char *name)
{
	char *value = getenv(name);

	if (value)
		explicit_bzero(value, strlen(value));
	unsetenv(name);
}

/* What has to be done while files can still be read and processes started: the words of the check, and the prober, which alone gets the secrets of a
 * check. A package is made from databases, too: it has them judged wherever it may read them itself, and keeps what it needs for that. */
static enum fp_status before_the_walls(struct fp_job *job, struct fp_error *err)
{
	json_t *secrets = json_object_get(job->description, "secrets"), *value;
	const json_t *network = json_object_get(job->description, "network");
	const char *name;
	int packs = strcmp(job->type, "package") == 0;
	enum fp_status st;

	if (strcmp(job->type, "process_projectfile") != 0 && !packs)
		return FP_OK;
	st = fp_remedies_load(err);
	if (st == FP_OK && (network || (packs && fp_sandbox_connects(job))))
		st = fp_prober_start(&job->prober, network ? fp_json_str_or(network, "allow", "") : NULL,
			!packs ? FP_DATABASES_ALLOWED : fp_json_bool(job->options, "any_address", 0) ? FP_DATABASES_ANY : FP_DATABASES_OPERATORS,
			fp_json_str_or(job->description, "pgservice", ""), secrets, err);
	json_object_foreach(secrets, name, value) {
		fp_strv_add(&job->variables, name);
		if (!packs)
			forget(name);
	}
	if (packs)
		return st;
	json_object_clear(secrets);
	json_object_del(job->description, "pgservice");
	return st;
}

static void tell_step(struct fp_job *job, const char *id, const char *state, const char *message)
{
	json_t *e = json_pack("{s:s,s:s}", "id", id, "state", state);

	json_object_set_new(e, "message", fp_json_text(message));
	fp_job_emit(job, "step", e);
}

static fp_step_fn *find_step(const char *id)
{
	for (const struct fp_step *s = fp_steps; s->id; s++)
		if (strcmp(s->id, id) == 0)
			return s->run;
	return NULL;
}

static enum fp_status run_steps(struct fp_job *job, struct fp_error *err)
{
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(job->description, "steps"), i, step) {
		const char *id = fp_json_str_or(step, "id", "");
		fp_step_fn *run = find_step(id);
		enum fp_status st;

		tell_step(job, id, "started", "");
		st = run ? run(job, err) : fp_fail(err, FP_E_INVALID, "this worker has no step \"%s\"", id);
		if (st == FP_OK) {
			tell_step(job, id, "finished", "");
			continue;
		}
		tell_step(job, id, "failed", err->msg);
		if (!fp_json_bool(step, "optional", 0))
			return st;
	}
	return FP_OK;
}

static void tell_result(struct fp_job *job, enum fp_status st, const struct fp_error *err)
{
	json_t *r = json_pack("{s:b}", "ok", st == FP_OK);

	if (st != FP_OK) {
		json_object_set_new(r, "class", json_string(fp_status_word(st)));
		json_object_set_new(r, "message", fp_json_text(err->msg));
		json_object_set_new(r, "hint", fp_json_text(err->hint));
	}
	fp_job_emit(job, "result", r);
}

int main(int argc, char **argv)
{
	struct fp_job job = {.type = ""};
	struct fp_error err = {0};
	json_t *active = NULL;
	enum fp_status st;

	(void)argv;
	if (argc != 1 || write(FP_WORKER_FD, "", 0) != 0) {
		fputs("fieldpost-worker is started by fieldpost, not by hand\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	st = take_description(&job, &err);
	if (st == FP_OK)
		st = before_the_walls(&job, &err);
	if (st == FP_OK)
		st = fp_sandbox_enter(&job, &active, &err);
	if (st == FP_OK) {
		fp_job_emit(&job, "hello", json_pack("{s:i,s:o}", "protocol", FP_PROTOCOL, "sandbox", active));
		st = run_steps(&job, &err);
	}
	tell_result(&job, st, &err);
	fp_prober_free(job.prober);
	fp_package_free(job.package);
	json_decref(job.verdicts);
	fp_project_free(job.project);
	fp_strv_free(&job.variables);
	json_decref(job.description);
	return st == FP_OK ? 0 : 1;
}
