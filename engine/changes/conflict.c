#include <string.h>

#include "engine/base/json.h"
#include "engine/changes/deltafile.h"
#include "engine/changes/effect.h"

#define CONFLICTS_MAX 100

const json_t *fp_work_part(const struct fp_work *w, const char *state, const char *part)
{
	return json_object_get(json_object_get(w->c->delta, state), part);
}

static void add(struct fp_work *w, const char *what, const char *stored, const char *old)
{
	struct fp_buf b = FP_BUF_INIT;

	if (!w->out->conflicts)
		w->out->conflicts = json_array();
	if (json_array_size(w->out->conflicts) < CONFLICTS_MAX) {
		fp_buf_addf(&b, "The %s that has a conflict:\n-%s\n+%s", what, stored, old);
		json_array_append_new(w->out->conflicts, fp_json_text(b.data));
	}
	fp_buf_free(&b);
}

/* What a patch believes without changing it, and somebody else changed meanwhile, merges (O2). */
static int is_parallel(const struct fp_work *w, const json_t *old, const json_t *new)
{
	return !w->c->options->reference && strcmp(fp_delta_method(w->c->delta), "patch") == 0 && (!new || fp_json_same(old, new));
}

static enum fp_status compare_attribute(struct fp_work *w, const char *name, const json_t *old)
{
	struct fp_buf what = FP_BUF_INIT, ours = FP_BUF_INIT, theirs = FP_BUF_INIT;
	int at = fp_target_column(w->t, name), same;
	enum fp_status st;

	if (at < 0)
		return FP_OK; /* what the layer does not have cannot have changed */
	st = fp_value_matches(&same, &w->before.values[at], &w->t->columns[at], old, w->err);
	if (st != FP_OK || same)
		return st;
	if (is_parallel(w, old, json_object_get(fp_work_part(w, "new", "attributes"), name))) {
		if (at != w->t->key) /* a device may number features otherwise */
			fp_outcome_note(w->out, "\"%.100s\" was changed meanwhile and stays.", name);
		return FP_OK;
	}
	fp_buf_addf(&what, "attribute \"%.200s\"", name);
	fp_value_show(&ours, &w->before.values[at], &w->t->columns[at]);
	fp_json_show(&theirs, old);
	add(w, what.data, ours.data, theirs.data);
	fp_work_detail(w, name, old);
	fp_buf_free(&what);
	fp_buf_free(&ours);
	fp_buf_free(&theirs);
	return FP_OK;
}

/* O2. Both sides are brought into the layer's own form first: a device may hold a polygon as a multipolygon of one. */
static enum fp_status compare_geometry(struct fp_work *w, const json_t *old)
{
	struct fp_buf ours = FP_BUF_INIT, theirs = FP_BUF_INIT;
	OGRGeometryH stored, believed = NULL;
	struct fp_error ignored;
	int same;

	if (json_is_string(old) && json_string_length(old) > 0) {
		enum fp_status st = fp_geom_from_wkt(&believed, json_string_value(old), w->err);
		if (st != FP_OK)
			return FP_E_INVALID;
		fp_geom_fit(&believed, &w->t->geometry, &ignored); /* what does not fit is not the same, either */
	}
	stored = fp_geom_from_wkb(w->before.wkb, w->before.wkb_len);
	if (stored)
		fp_geom_fit(&stored, &w->t->geometry, &ignored);
	same = fp_geom_near(stored, believed, w->t->geometry.grain);
	if (!same && is_parallel(w, old, fp_work_part(w, "new", "geometry"))) {
		fp_outcome_note(w->out, "The geometry was changed meanwhile and stays.");
	} else if (!same) {
		fp_geom_show(&ours, stored);
		fp_geom_show(&theirs, believed);
		add(w, "geometry", ours.data, theirs.data);
		fp_work_detail(w, NULL, old);
	}
	OGR_G_DestroyGeometry(stored);
	OGR_G_DestroyGeometry(believed);
	fp_buf_free(&ours);
	fp_buf_free(&theirs);
	return FP_OK;
}

enum fp_status fp_work_compare(struct fp_work *w)
{
	json_t *attributes = (json_t *)(uintptr_t)fp_work_part(w, "old", "attributes"), *v;
	const json_t *geometry = fp_work_part(w, "old", "geometry");
	enum fp_status st = FP_OK;
	const char *name;

	json_object_foreach(attributes, name, v) {
		st = compare_attribute(w, name, v);
		if (st != FP_OK)
			return st;
	}
	if (geometry && !w->c->options->reference && w->t->geometry.flat != wkbNone)
		st = compare_geometry(w, geometry);
	return st;
}
