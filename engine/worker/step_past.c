/* Step "feature_past": what one feature was in each version of the file that its layer lies in. One version is open at a time. */
#include <cpl_error.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/effect.h"
#include "engine/changes/layer_source.h"
#include "engine/changes/target.h"
#include "engine/changes/workcopy.h"
#include "engine/layers/gate.h"
#include "engine/layers/gdal_gate.h"
#include "engine/worker/job.h"

#define STATE_MAX (1 << 20) /* bytes of a feature as JSON */

struct past {
	struct fp_job *job;
	const char *file, *key;
	struct fp_ogr_source source;
	struct fp_file *open;
	struct fp_target *target;
};

/* The parent goes by the last check: the layer may have moved since. */
static enum fp_status check_file(const struct past *p, struct fp_error *err)
{
	char *real = NULL, root[PATH_MAX] = "";
	int same = !*p->source.vsi && fp_gate(&real, p->job->input, p->source.path) == FP_GATE_PASS && realpath(p->job->input, root) &&
		strlen(real) > strlen(root) && strcmp(real + strlen(root) + 1, p->file) == 0;

	free(real);
	if (same)
		return FP_OK;
	fp_fail(err, FP_E_CONFLICT, "the layer does not lie in %s any more", p->file);
	fp_error_hint(err, "check the project's layers again");
	return FP_E_CONFLICT;
}

static enum fp_status find_layer(struct past *p, const char *id, struct fp_error *err)
{
	const struct fp_layer_def *def = fp_project_layer(p->job->project, id);
	const char *provider = def && def->provider ? def->provider : "ogr";
	enum fp_status st;

	if (!def)
		return fp_fail(err, FP_E_NOTFOUND, "the project has no layer with id \"%s\"", id);
	if (strcmp(def->type, "vector") != 0 || (strcmp(provider, "ogr") != 0 && strcmp(provider, "spatialite") != 0))
		return fp_fail(err, FP_E_REFUSED, "layer \"%s\" lies in no file of the project: only such have versions", def->name);
	st = fp_layer_source(&p->source, def, err);
	if (st == FP_OK && fp_workcopy_has_companions(p->file))
		st = fp_fail(err, FP_E_REFUSED, "layer \"%s\" is a set of files, which have versions each: only files that hold a layer whole are looked through",
			def->name);
	return st == FP_OK ? check_file(p, err) : st;
}

/* Databases are read where they lie. OGR may write beside what it opens: a copy. */
static enum fp_status open_version(struct past *p, const char *folder, struct fp_error *err)
{
	char *path = fp_path_join(folder, p->file), *copy = fp_path_join(p->job->scratch, p->file);
	enum fp_status st = FP_OK;

	if (fp_sqlfile_is(path)) {
		st = fp_sqlfile_open_reading(&p->open, path, err);
	} else {
		st = fp_workcopy_make(folder, p->job->scratch, p->file, err);
		if (st == FP_OK)
			st = fp_ogr_open(&p->open, copy, err);
	}
	if (st == FP_OK)
		st = p->open->ops->open_layer(p->open, &p->target, p->source.layername, p->source.layerid, "", err);
	free(path);
	free(copy);
	return st;
}

static void close_version(struct past *p)
{
	if (p->target)
		p->target->ops->free(p->target);
	if (p->open)
		p->open->ops->free(p->open);
	p->target = NULL;
	p->open = NULL;
	fp_workcopy_drop(p->job->scratch, p->file, NULL);
}

static enum fp_status read_state(struct past *p, json_t *state, struct fp_error *err)
{
	char hash[FP_SHA256_HEX];
	int64_t fid = 0;
	int n = 0, hidden = 0;
	struct fp_feature f;
	json_t *o;
	enum fp_status st;

	if (p->target->key < 0)
		return fp_fail(err, FP_E_REFUSED, "%s", p->target->key_fault);
	st = p->target->ops->find(p->target, p->key, &fid, &n, &hidden, err);
	if (st == FP_OK && n > 1)
		st = fp_fail(err, FP_E_REFUSED, "several features have this key");
	if (st != FP_OK || n == 0)
		return st;
	fp_feature_init(&f, p->target->n_columns);
	st = p->target->ops->read(p->target, fid, &f, err);
	if (st == FP_OK) {
		fp_feature_hash(hash, &f);
		json_object_set_new(state, "present", json_true());
		json_object_set_new(state, "hash", json_string(hash));
		o = fp_feature_json(&f, p->target);
		if (json_dumpb(o, NULL, 0, 0) <= STATE_MAX)
			json_object_update(state, o);
		else
			st = fp_fail(err, FP_E_FULL, "the feature takes more than %d bytes", STATE_MAX);
		json_decref(o);
	}
	fp_feature_clear(&f);
	return st;
}

/* A version that cannot be read is no reason not to read the others. */
static void tell_version(struct past *p, int64_t i)
{
	char *folder = fp_asprintf("%s/.versions/%lld", p->job->input, (long long)i);
	json_t *state = json_pack("{s:I,s:b,s:n,s:n,s:n,s:s}", "version", (json_int_t)i, "present", 0, "hash", "attributes", "geometry", "fault", "");
	struct fp_error err = {0};

	if (open_version(p, folder, &err) != FP_OK || read_state(p, state, &err) != FP_OK)
		json_object_set_new(state, "fault", fp_json_text(err.msg));
	close_version(p);
	fp_job_emit(p->job, "past", state);
	free(folder);
}

enum fp_status fp_step_feature_past(struct fp_job *job, struct fp_error *err)
{
	const json_t *what = json_object_get(job->description, "past");
	struct past p = {.job = job, .file = fp_json_str_or(what, "file", ""), .key = fp_json_str_or(what, "key", "")};
	int64_t n = fp_json_int(what, "versions", 0);
	enum fp_status st;

	if (!job->project)
		return fp_fail(err, FP_E_INVALID, "the project must be opened first: the workflow lacks the step opening_check");
	fp_gdal_init(*job->scratch ? job->scratch : NULL);
	CPLPushErrorHandler(CPLQuietErrorHandler); /* what GDAL says belongs to a version, and is asked for there */
	st = find_layer(&p, fp_json_str_or(what, "layer_id", ""), err);
	for (int64_t i = 1; st == FP_OK && i <= n; i++)
		tell_version(&p, i);
	CPLPopErrorHandler();
	fp_ogr_source_clear(&p.source);
	return st;
}
