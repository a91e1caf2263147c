/* The steps of a package job: features, files, the project, and a look at all of it from the package's folder alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/gdal_gate.h"
#include "engine/package/package.h"
#include "engine/package/rows.h"
#include "engine/worker/check_child.h"
#include "engine/worker/job.h"

#define PROGRESS_MS 100

static void progress(void *arg, int64_t done, int64_t total)
{
	struct fp_job *job = arg;
	int64_t now = fp_monotonic_ms();

	if (now - job->told_at < PROGRESS_MS && done < total)
		return;
	job->told_at = now;
	fp_job_progress(job, done, total);
}

/* What was decided of each layer, for whoever reads the log: only what is not the rule. */
static void log_decisions(struct fp_job *job, const struct fp_package *p)
{
	int64_t n[FP_PACK_OFFLINE + 1] = {0};

	for (size_t i = 0; i < p->n_layers; i++)
		n[p->layers[i].action]++;
	fp_job_log(job, "info", "%zu layer%s: %lld offline, %lld copied, %lld online, %lld untouched, %lld removed.", p->n_layers,
		fp_text_s((int64_t)p->n_layers), (long long)n[FP_PACK_OFFLINE], (long long)n[FP_PACK_COPY],
		(long long)n[FP_PACK_ONLINE], (long long)n[FP_PACK_UNTOUCHED], (long long)n[FP_PACK_REMOVE]);
}

static enum fp_status begin(struct fp_job *job, struct fp_error *err)
{
	size_t n = json_array_size(job->verdicts);
	json_t **verdicts;
	enum fp_status st;

	if (!job->project || n != job->project->n_layers)
		return fp_fail(err, FP_E_INTERNAL, "the workflow makes a package before its layers are checked");
	fp_gdal_init(*job->scratch ? job->scratch : NULL);
	st = fp_package_new(&job->package, job->project, job->output, job->scratch, err);
	if (st != FP_OK)
		return st;
	job->package->progress = progress;
	job->package->arg = job;
	job->package->allow = fp_json_str(json_object_get(job->description, "network"), "allow");
	job->package->pgservice = fp_json_str_or(job->description, "pgservice", "");
	job->package->prober = job->prober;
	job->package->any_address = fp_json_bool(job->options, "any_address", 0);
	job->package->session_role = fp_json_str(json_object_get(job->description, "secrets"), "QFC_PG_EFFECTIVE_USER");
	job->package->skip_attachments = !fp_json_bool(job->options, "attachments", 1);
	verdicts = fp_alloc((n + 1) * sizeof *verdicts);
	for (size_t i = 0; i < n; i++)
		verdicts[i] = json_array_get(job->verdicts, i);
	st = fp_package_decide(job->package, verdicts, err);
	free(verdicts);
	if (st == FP_OK)
		log_decisions(job, job->package);
	return st;
}

enum fp_status fp_step_package_data(struct fp_job *job, struct fp_error *err)
{
	enum fp_status st = begin(job, err);
	int64_t rows = 0;

	if (st == FP_OK)
		st = fp_package_data(job->package, err);
	if (st != FP_OK)
		return st;
	fp_rows_close_databases(job->package);
	for (size_t i = 0; i < job->package->n_tables; i++)
		rows += job->package->tables[i].written;
	fp_job_log(job, "info", "%lld feature%s in %zu table%s.", (long long)rows, fp_text_s(rows), job->package->n_tables,
		fp_text_s((int64_t)job->package->n_tables));
	return FP_OK;
}

static enum fp_status missing_package(struct fp_error *err)
{
	return fp_fail(err, FP_E_INTERNAL, "the workflow has a step of a package before the step package_data");
}

enum fp_status fp_step_package_files(struct fp_job *job, struct fp_error *err)
{
	enum fp_status st = job->package ? fp_package_copy(job->package, err) : missing_package(err);

	if (st == FP_OK)
		fp_job_log(job, "info", "%zu file%s copied.", job->package->n_files, fp_text_s((int64_t)job->package->n_files));
	return st;
}

enum fp_status fp_step_package_project(struct fp_job *job, struct fp_error *err)
{
	return job->package ? fp_package_project(job->package, err) : missing_package(err);
}

/* ---- the look at it ---- */

struct look {
	struct fp_job *job;
	const struct fp_layer_def *broken; /* the first layer that was good and is not any more */
	char *why;
	int64_t n;
};

static const struct fp_pack_layer *before(const struct fp_package *p, const char *id)
{
	for (size_t i = 0; i < p->n_layers; i++)
		if (strcmp(p->layers[i].def->id, id) == 0)
			return &p->layers[i];
	return NULL;
}

/* A layer of the package may be no worse than it was. */
static void take(void *arg, const struct fp_layer_def *layer, const json_t *verdict)
{
	struct look *l = arg;
	const struct fp_pack_layer *was = before(l->job->package, layer->id);

	l->n++;
	fp_job_emit(l->job, "packaged_layer", json_incref((json_t *)(uintptr_t)verdict));
	if (l->broken || !was || !json_is_true(json_object_get(was->verdict, "is_valid")) || !json_is_false(json_object_get(verdict, "is_valid")))
		return;
	l->broken = layer;
	l->why = fp_strdup(fp_json_str_or(verdict, "sentence", "it cannot be opened"));
}

static enum fp_status look_at_layers(struct fp_job *job, struct fp_error *err)
{
	char *name = fp_asprintf("%s_qfield.qgz", job->package->stem), *path = fp_path_join(job->output, name);
	struct fp_project *packaged = NULL;
	struct look l = {.job = job};
	int64_t layer_ms = (fp_json_int(json_object_get(job->description, "limits"), "layer_s", 20) + (job->prober ? 40 : 0)) * 1000;
	enum fp_status st = fp_project_open_below(&packaged, path, job->output, err);

	if (st == FP_OK)
		st = fp_check_in_children(&(struct fp_check_run){packaged, job->prober, &job->variables, layer_ms, take, &l}, err);
	if (st == FP_OK && l.broken) {
		st = fp_fail(err, FP_E_INVALID, "layer \"%s\" does not open in the package: %s", l.broken->name, l.why);
		fp_error_hint(err, "this is a fault of Fieldpost: nothing was published, the package before it stays");
	}
	if (st == FP_OK)
		fp_job_log(job, "info", "%lld layer%s opened from the package's own folder as from the project's.", (long long)l.n, fp_text_s(l.n));
	fp_project_free(packaged);
	free(l.why);
	free(name);
	free(path);
	return st;
}

static void tell(void *arg, const char *sentence)
{
	fp_job_log(arg, "info", "%s", sentence);
}

static enum fp_status announce(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	(void)size;
	if (!regular)
		return fp_fail(err, FP_E_INTERNAL, "the package holds \"%s\", which is no regular file", name);
	fp_job_emit(arg, "file", json_pack("{s:o}", "name", fp_json_text(name)));
	return FP_OK;
}

/* Every warning as a line of the log: what is in no log nobody knows. */
static void log_warnings(struct fp_job *job, const char *layer, const json_t *warnings)
{
	const json_t *w;
	size_t i;

	json_array_foreach(warnings, i, w)
		fp_job_log(job, "warning", "%s%s%s", layer ? layer : "", layer ? ": " : "", fp_json_str_or(w, "detail", ""));
}

enum fp_status fp_step_package_verify(struct fp_job *job, struct fp_error *err)
{
	struct fp_package *p = job->package;
	enum fp_status st = p ? fp_package_verify(p, tell, job, err) : missing_package(err);

	if (st == FP_OK)
		st = look_at_layers(job, err);
	if (st == FP_OK)
		st = fp_fs_walk(job->output, announce, job, err);
	if (st != FP_OK)
		return st;
	log_warnings(job, NULL, p->warnings);
	fp_job_emit(job, "package", json_pack("{s:O}", "warnings", p->warnings));
	for (size_t i = 0; i < p->n_layers; i++) {
		log_warnings(job, p->layers[i].def->name, p->layers[i].warnings);
		fp_job_emit(job, "packed", fp_package_layer_json(p, &p->layers[i]));
	}
	return FP_OK;
}
