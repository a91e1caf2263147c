#include "engine/changes/effect.h"

#include <cpl_conv.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/deltafile.h"

#define DETAILS_MAX 200

static json_t *bytes_json(const struct fp_value *v)
{
	size_t n = sodium_base64_encoded_len(v->len, sodium_base64_VARIANT_ORIGINAL);
	char *text = fp_alloc(n);
	json_t *o;

	sodium_bin2base64(text, n, (const unsigned char *)v->text, v->len, sodium_base64_VARIANT_ORIGINAL);
	o = json_pack("{s:s}", "base64", text);
	free(text);
	return o;
}

static json_t *text_json(const struct fp_value *v, const struct fp_column *c)
{
	json_t *o = NULL;

	if (c->kind == FP_KIND_JSON || c->kind == FP_KIND_LIST)
		o = json_loadb(v->text, v->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!o)
		o = json_stringn(v->text, v->len); /* NULL when it is no UTF-8 */
	return o ? o : bytes_json(v);
}

json_t *fp_value_json(const struct fp_value *v, const struct fp_column *c)
{
	switch (v->type) {
	case FP_INT:
		return c->kind == FP_KIND_BOOL ? json_boolean(v->i) : json_integer(v->i);
	case FP_REAL:
		return isfinite(v->r) ? json_real(v->r) : json_null();
	case FP_TEXT:
	case FP_BLOB:
		return text_json(v, c);
	default:
		return json_null();
	}
}

json_t *fp_wkb_json(const unsigned char *wkb, size_t n)
{
	OGRGeometryH g = fp_geom_from_wkb(wkb, n);
	char *wkt = NULL;
	json_t *o = g && OGR_G_ExportToIsoWkt(g, &wkt) == OGRERR_NONE ? json_string(wkt) : json_null();

	CPLFree(wkt);
	OGR_G_DestroyGeometry(g);
	return o;
}

/* The columns that SET marks; NULL: all. */
static json_t *attributes(const struct fp_feature *f, const struct fp_target *t, const char *set)
{
	json_t *o = json_object();

	for (size_t i = 0; i < t->n_columns; i++)
		if (!set || set[i])
			json_object_set_new(o, t->columns[i].name, fp_value_json(&f->values[i], &t->columns[i]));
	return o;
}

json_t *fp_feature_json(const struct fp_feature *f, const struct fp_target *t)
{
	json_t *o = json_pack("{s:o}", "attributes", attributes(f, t, NULL));

	if (t->geometry.flat != wkbNone)
		json_object_set_new(o, "geometry", fp_wkb_json(f->wkb, f->wkb_len));
	return o;
}

/* One side of an inverse patch: what was written, no more, so that undoing merges with what others did meanwhile. */
static json_t *written(const struct fp_work *w, const struct fp_feature *f)
{
	json_t *o = json_pack("{s:o}", "attributes", attributes(f, w->t, w->set));

	if (w->set_geometry)
		json_object_set_new(o, "geometry", fp_wkb_json(f->wkb, f->wkb_len));
	return o;
}

json_t *fp_work_inverse(const struct fp_work *w)
{
	const char *method = fp_delta_method(w->c->delta);

	if (strcmp(method, "create") == 0)
		return json_pack("{s:s,s:o}", "method", "delete", "old", fp_feature_json(&w->stored, w->t));
	if (strcmp(method, "delete") == 0)
		return json_pack("{s:s,s:o}", "method", "create", "new", fp_feature_json(&w->before, w->t));
	return json_pack("{s:s,s:o,s:o}", "method", "patch", "old", written(w, &w->stored), "new", written(w, &w->before));
}

void fp_work_detail(struct fp_work *w, const char *field, const json_t *base)
{
	const json_t *requested = field ? json_object_get(fp_work_part(w, "new", "attributes"), field) : fp_work_part(w, "new", "geometry");
	const struct fp_apply_options *o = w->c->options;
	int at = field ? fp_target_column(w->t, field) : -1;
	int touched = strcmp(fp_delta_method(w->c->delta), "patch") != 0 || (requested && !json_equal(requested, base));
	json_t *d;

	if ((!o->record && !o->plan) || json_array_size(w->out->details) >= DETAILS_MAX)
		return;
	d = json_pack("{s:s,s:b,s:s,s:O}", "field", field ? field : "geometry", "geometry", field == NULL, "level", !touched ? "parallel"
		: w->c->overwrite ? "overwritten" : "conflict", "base", base);
	json_object_set(d, "requested", requested ? (json_t *)(uintptr_t)requested : json_null());
	json_object_set_new(d, "current", field ? fp_value_json(&w->before.values[at], &w->t->columns[at]) : fp_wkb_json(w->before.wkb, w->before.wkb_len));
	if (!w->out->details)
		w->out->details = json_array();
	json_array_append_new(w->out->details, d);
}
