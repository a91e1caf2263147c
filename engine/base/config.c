#include "engine/base/config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"

enum type { INTEGER, BOOLEAN, TEXT };

/* The one list of keys; data/config.yaml documents the same ones, and a test holds the two against each other. */
static const struct option {
	const char *key;
	size_t offset;
	enum type type;
	int64_t min, max; /* TEXT: of its bytes */
} options[] = {
	{"engine_jobs", offsetof(struct fp_config, engine_jobs), INTEGER, 1, 32},
	{"process_projectfile_limit_s", offsetof(struct fp_config, job_limit_s[0]), INTEGER, 5, 86400},
	{"package_limit_s", offsetof(struct fp_config, job_limit_s[1]), INTEGER, 5, 86400},
	{"delta_apply_limit_s", offsetof(struct fp_config, job_limit_s[2]), INTEGER, 5, 86400},
	{"step_limit_s", offsetof(struct fp_config, step_limit_s), INTEGER, 1, 86400},
	{"stop_grace_s", offsetof(struct fp_config, stop_grace_s), INTEGER, 0, 60},
	{"worker_memory_mb", offsetof(struct fp_config, worker_memory_mb), INTEGER, 256, 1048576},
	{"worker_cpu_s", offsetof(struct fp_config, worker_cpu_s), INTEGER, 1, 86400},
	{"worker_file_mb", offsetof(struct fp_config, worker_file_mb), INTEGER, 1, 1048576},
	{"layer_limit_s", offsetof(struct fp_config, layer_limit_s), INTEGER, 1, 600},
	{"sandbox_require", offsetof(struct fp_config, sandbox_require), BOOLEAN, 0, 1},
	{"log_keep_days", offsetof(struct fp_config, log_keep_days), INTEGER, 1, 36500},
	{"check_keep_days", offsetof(struct fp_config, check_keep_days), INTEGER, 1, 36500},
	{"packages_keep", offsetof(struct fp_config, packages_keep), INTEGER, 1, 1000},
	{"batch_changes", offsetof(struct fp_config, batch_changes), INTEGER, 1, 100000},
	{"log_lines_max", offsetof(struct fp_config, log_lines_max), INTEGER, 100, 1000000},
	{"upload_settle_ms", offsetof(struct fp_config, upload_settle_ms), INTEGER, 0, 60000},
	{"inbox_settle_s", offsetof(struct fp_config, inbox_settle_s), INTEGER, 0, 3600},
	{"network_checks", offsetof(struct fp_config, network_checks), BOOLEAN, 0, 1},
	{"network_allow", offsetof(struct fp_config, network_allow), TEXT, 0, FP_CONFIG_TEXT - 1},
};
#define N_OPTIONS (sizeof options / sizeof *options)

static enum fp_status set_text(char *to, const struct option *o, const char *path, const json_t *v, struct fp_error *err)
{
	const char *text = json_string_value(v);
	char *clean = text ? fp_text_clean(text) : NULL;
	enum fp_status st = FP_OK;

	if (!text || strcmp(clean, text) != 0)
		st = fp_fail(err, FP_E_INVALID, "%s: %s must be a text on one line, in quotes", path, o->key);
	else if (json_string_length(v) > (size_t)o->max)
		st = fp_fail(err, FP_E_INVALID, "%s: %s must not have more than %lld bytes", path, o->key, (long long)o->max);
	else
		memcpy(to, text, json_string_length(v) + 1);
	free(clean);
	return st;
}

static enum fp_status set(struct fp_config *c, const char *path, const char *key, const json_t *v, struct fp_error *err)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];
		void *to = (char *)c + o->offset;

		if (strcmp(o->key, key) != 0)
			continue;
		if (o->type == BOOLEAN) {
			if (!json_is_boolean(v))
				return fp_fail(err, FP_E_INVALID, "%s: %s must be true or false", path, key);
			*(int *)to = json_is_true(v);
			return FP_OK;
		}
		if (o->type == TEXT)
			return set_text(to, o, path, v, err);
		if (!json_is_integer(v) || json_integer_value(v) < o->min || json_integer_value(v) > o->max)
			return fp_fail(err, FP_E_INVALID, "%s: %s must be a whole number from %lld to %lld", path, key, (long long)o->min,
				(long long)o->max);
		*(int64_t *)to = json_integer_value(v);
		return FP_OK;
	}
	return fp_fail(err, FP_E_INVALID, "%s: there is no setting \"%s\"", path, key);
}

static enum fp_status read_file(struct fp_config *c, const char *path, int complete, struct fp_error *err)
{
	json_t *doc, *v;
	const char *key;
	enum fp_status st = fp_yaml_read(&doc, path, err);

	if (st != FP_OK)
		return st;
	if (!json_is_object(doc))
		st = fp_fail(err, FP_E_INVALID, "%s: settings are written \"key: value\"", path);
	json_object_foreach(doc, key, v)
		if (st == FP_OK)
			st = set(c, path, key, v, err);
	for (size_t i = 0; complete && st == FP_OK && i < N_OPTIONS; i++)
		if (!json_object_get(doc, options[i].key))
			st = fp_fail(err, FP_E_CORRUPT, "%s: setting \"%s\" is missing", path, options[i].key);
	json_decref(doc);
	return st;
}

enum fp_status fp_config_read(struct fp_config *c, const char *home, struct fp_error *err)
{
	char *path = fp_data_path("config.yaml");
	enum fp_status st;

	memset(c, 0, sizeof *c);
	st = read_file(c, path, 1, err);
	free(path);
	if (st != FP_OK || !home)
		return st;
	path = fp_path_join(home, "config.yaml");
	if (access(path, F_OK) == 0)
		st = read_file(c, path, 0, err);
	free(path);
	return st;
}

enum fp_status fp_workflow_read(json_t **out, const char *type, struct fp_error *err)
{
	char *name = fp_asprintf("workflows/%s.yaml", type), *path = fp_data_path(name);
	json_t *doc = NULL, *step;
	size_t i;
	enum fp_status st = fp_yaml_read(&doc, path, err);

	if (st == FP_OK && (!json_is_array(json_object_get(doc, "steps")) || json_array_size(json_object_get(doc, "steps")) == 0))
		st = fp_fail(err, FP_E_INVALID, "%s: a workflow needs a list of steps", path);
	json_array_foreach(json_object_get(doc, "steps"), i, step)
		if (st == FP_OK && (!fp_json_str(step, "id") || !fp_json_str(step, "name") ||
				!json_is_boolean(json_object_get(step, "optional")) || fp_json_int(step, "timeout_s", -1) < 0))
			st = fp_fail(err, FP_E_INVALID, "%s: step %zu needs id, name, optional and timeout_s", path, i + 1);
	free(name);
	free(path);
	if (st != FP_OK) {
		json_decref(doc);
		return st;
	}
	*out = doc;
	return FP_OK;
}
