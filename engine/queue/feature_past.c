#include "engine/queue/feature_past.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/files.h"
#include "engine/store/jobs.h"

/* A version of the file, and which of those that the worker sees has its bytes. */
struct version {
	int64_t version, at;
	char *by;
	char sha256[FP_SHA256_HEX];
	size_t seen; /* from 1 */
};

struct fp_feature_past {
	struct fp_question *question;
	struct fp_store *store;   /* borrowed */
	char *file;
	struct version *versions; /* newest first */
	size_t n, cap, told;
	json_t **answers;         /* of what the worker saw, from 1; NULL: not there yet, or told for the last time */
	size_t n_seen;
	fp_feature_each *each;
	void *arg;
};

static void add_version(void *arg, const struct fp_file_row *r)
{
	struct fp_feature_past *p = arg;
	struct version *v;

	FP_GROW(p->versions, p->n, p->cap);
	v = &p->versions[p->n++];
	*v = (struct version){.version = r->version, .at = r->at, .by = fp_strdup(r->by)};
	memcpy(v->sha256, r->digest.sha256, sizeof v->sha256);
}

static void take_file(void *arg, const struct fp_layer_row *r)
{
	*(char **)arg = fp_strdup(r->filename);
}

static enum fp_status find_versions(struct fp_feature_past *p, const char *project_id, const char *layer_id, struct fp_error *err)
{
	enum fp_status st = fp_layer_get(p->store, project_id, layer_id, take_file, &p->file, err);

	if (st == FP_E_NOTFOUND)
		fp_error_hint(err, "check the project's layers, which says in which file a layer lies");
	if (st == FP_OK && (!*p->file || *p->file == '/'))
		st = fp_fail(err, FP_E_REFUSED, "this layer lies in no file of the project: only such have versions");
	return st == FP_OK ? fp_file_versions(p->store, project_id, p->file, add_version, p, err) : st;
}

/* Restored versions have the bytes of older ones: the worker sees each once. Where a journal belongs to it, its bytes alone say nothing. */
static enum fp_status link_versions(struct fp_feature_past *p, struct fp_error *err)
{
	json_t *known = json_object();
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < p->n; i++) {
		struct version *v = &p->versions[i];
		const json_t *twin = json_object_get(known, v->sha256);
		char *folder;
		size_t files;

		if (twin) {
			v->seen = (size_t)json_integer_value(twin);
			continue;
		}
		v->seen = ++p->n_seen;
		folder = fp_asprintf(".versions/%zu", v->seen);
		st = fp_question_link_version(p->question, folder, p->file, v->version, &files, err);
		if (files == 1)
			json_object_set_new(known, v->sha256, json_integer((json_int_t)v->seen));
		free(folder);
	}
	json_decref(known);
	return st;
}

/* ---- telling ---- */

static int is_present(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "present"));
}

static int is_known(const json_t *answer)
{
	return !*fp_json_str(answer, "fault");
}

/* NULL: one of the two is not there. */
static json_t *changed_fields(const json_t *now, const json_t *before)
{
	const json_t *a = json_object_get(now, "attributes"), *b = json_object_get(before, "attributes"), *v;
	json_t *names;
	const char *name;

	if (!before || !is_known(now) || !is_known(before) || !is_present(now) || !is_present(before))
		return NULL;
	names = json_array();
	json_object_foreach((json_t *)(uintptr_t)a, name, v) {
		const json_t *w = json_object_get(b, name);
		if (w ? !json_equal(v, w) : !json_is_null(v))
			json_array_append_new(names, json_string(name));
	}
	json_object_foreach((json_t *)(uintptr_t)b, name, v)
		if (!json_object_get(a, name) && !json_is_null(v))
			json_array_append_new(names, json_string(name));
	if (!json_equal(json_object_get(now, "geometry"), json_object_get(before, "geometry")))
		json_array_append_new(names, json_string("geometry"));
	return names;
}

static void tell(struct fp_feature_past *p, const struct version *v, const json_t *answer, const json_t *before)
{
	json_t *changed = changed_fields(answer, before);
	const json_t *attributes = json_object_get(answer, "attributes");
	struct fp_feature_state s = {
		.version = v->version, .at = v->at, .file = p->file, .by = v->by, .present = is_present(answer), .hash = fp_json_str_or(answer, "hash", ""),
		.attributes = json_is_object(attributes) ? attributes : NULL, .geometry = is_present(answer) ? json_object_get(answer, "geometry") : NULL,
		.changed = changed, .fault = fp_json_str(answer, "fault"),
	};

	p->each(p->arg, &s);
	json_decref(changed);
}

/* A version can be told when the one before it is known, the first one at once. */
static void tell_what_is_known(struct fp_feature_past *p)
{
	while (p->told < p->n) {
		const struct version *v = &p->versions[p->told];
		int is_first = p->told + 1 == p->n;
		const json_t *answer = p->answers[v->seen], *before = is_first ? NULL : p->answers[v[1].seen];

		if (!answer || (!is_first && !before))
			return;
		tell(p, v, answer, before);
		p->told++;
	}
}

/* Answers that no version still to be told needs. */
static void forget(struct fp_feature_past *p)
{
	for (size_t i = 1; i <= p->n_seen; i++) {
		size_t k = p->told;
		if (!p->answers[i])
			continue;
		while (k < p->n && p->versions[k].seen != i)
			k++;
		if (k < p->n)
			continue;
		json_decref(p->answers[i]);
		p->answers[i] = NULL;
	}
}

static void on_event(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct fp_feature_past *p = arg;
	json_int_t i = kind == FP_EVENT_PAST ? fp_json_int(body, "version", 0) : 0;

	if (i < 1 || (size_t)i > p->n_seen || p->answers[i])
		return;
	p->answers[i] = json_incref((json_t *)(uintptr_t)body);
	tell_what_is_known(p);
	forget(p);
}

enum fp_status fp_feature_past_start(struct fp_feature_past **out, struct fp_store *s, const struct fp_config *conf, const char *project_id,
	const char *layer_id, const char *key, fp_feature_each *each, void *arg, struct fp_error *err)
{
	struct fp_feature_past *p = fp_alloc(sizeof *p);
	enum fp_status st;

	p->store = s;
	p->each = each;
	p->arg = arg;
	st = find_versions(p, project_id, layer_id, err);
	if (st == FP_OK)
		st = fp_question_new(&p->question, s, conf, project_id, "feature_past", err);
	if (st == FP_OK)
		st = link_versions(p, err);
	if (st == FP_OK) {
		p->answers = fp_alloc((p->n_seen + 1) * sizeof *p->answers);
		fp_question_say(p->question, "past", json_pack("{s:o,s:o,s:o,s:I}", "layer_id", fp_json_text(layer_id), "file", fp_json_text(p->file), "key",
			fp_json_text(key), "versions", (json_int_t)p->n_seen));
		st = fp_question_start(p->question, on_event, p, err);
	}
	if (st != FP_OK) {
		fp_feature_past_free(p);
		return st;
	}
	*out = p;
	return FP_OK;
}

int fp_feature_past_fd(const struct fp_feature_past *p)
{
	return fp_question_fd(p->question);
}

int64_t fp_feature_past_left(const struct fp_feature_past *p)
{
	return fp_question_left(p->question);
}

enum fp_status fp_feature_past_step(struct fp_feature_past *p, int *done, struct fp_error *err)
{
	return fp_question_step(p->question, done, err);
}

enum fp_status fp_feature_past_wait(struct fp_feature_past *p, struct fp_error *err)
{
	return fp_question_wait(p->question, err);
}

void fp_feature_past_free(struct fp_feature_past *p)
{
	if (!p)
		return;
	fp_question_free(p->question);
	for (size_t i = 0; i < p->n; i++)
		free(p->versions[i].by);
	for (size_t i = 1; p->answers && i <= p->n_seen; i++)
		json_decref(p->answers[i]);
	free(p->answers);
	free(p->versions);
	free(p->file);
	free(p);
}
