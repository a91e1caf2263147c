#include "engine/changes/change.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/failpoint.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/deltafile.h"
#include "engine/changes/effect.h"
#include "engine/changes/key.h"

/* ---- finding ---- */

/* The text by which the source knows the feature; "" when nobody does. The key that a create asked for is what undoing it goes by. */
static const char *key_of(struct fp_work *w, char number[32])
{
	const json_t *made;

	if (w->c->mapped_pk)
		return w->c->mapped_pk;
	if (!w->c->options->inverse || strcmp(fp_delta_method(w->c->delta), "delete") != 0)
		return fp_json_str_or(w->c->delta, "sourcePk", "");
	made = json_object_get(fp_work_part(w, "old", "attributes"), w->t->columns[w->t->key].name);
	if (json_is_integer(made))
		snprintf(number, 32, "%lld", (long long)json_integer_value(made));
	return json_is_integer(made) ? number : json_is_string(made) ? json_string_value(made) : "";
}

/* Whether KEY could name a feature at all: "the feature is gone" may only be said of one that could have been there. */
static int is_key(const struct fp_work *w, const char *key)
{
	int64_t i;
	enum fp_kind kind = w->t->columns[w->t->key].kind;

	return *key && ((kind != FP_KIND_INT && kind != FP_KIND_REAL) || fp_key_number(&i, key) == 0);
}

static json_t *stored_key(const struct fp_work *w, const struct fp_feature *f)
{
	const struct fp_value *v = &f->values[w->t->key];

	switch (v->type) {
	case FP_INT:
		return json_integer(v->i);
	case FP_REAL:
		return json_real(v->r);
	case FP_TEXT:
		return fp_json_text(v->text);
	default:
		return NULL;
	}
}

static enum fp_status find(struct fp_work *w)
{
	char number[32];
	const char *key = key_of(w, number);
	int n, hidden;
	enum fp_status st = w->t->ops->find(w->t, key, &w->fid, &n, &hidden, w->err);

	if (st != FP_OK)
		return st;
	if (n > 1)
		return fp_fail(w->err, FP_E_INVALID, "The layer has several features whose \"%s\" is %.80s: nobody can tell which one is meant",
			w->t->columns[w->t->key].name, key);
	if (hidden)
		return fp_fail(w->err, FP_E_REFUSED, "Unable to find feature: the layer's filter hides it");
	w->out->missing = n == 0;
	if (n == 0)
		return fp_fail(w->err, is_key(w, key) ? FP_E_NOTFOUND : FP_E_REFUSED, "Unable to find feature");
	st = w->t->ops->read(w->t, w->fid, &w->before, w->err);
	if (st == FP_OK) {
		fp_feature_hash(w->out->hash_before, &w->before);
		w->out->modified_pk = stored_key(w, &w->before);
	}
	return st;
}

/* ---- writing ---- */

static enum fp_status verify_value(struct fp_work *w, const struct fp_value *meant, const struct fp_value *got, const struct fp_column *c)
{
	struct fp_buf a = FP_BUF_INIT, b = FP_BUF_INIT;
	enum fp_status st = FP_OK;
	int nothing = (meant->type == FP_NULL || (meant->type == FP_TEXT && meant->len == 0)) &&
		(got->type == FP_NULL || (got->type == FP_TEXT && got->len == 0));

	if (fp_value_equal(meant, got, c) || nothing) /* text files do not tell "" from nothing */
		return FP_OK;
	fp_value_show(&a, meant, c);
	fp_value_show(&b, got, c);
	if (meant->type == FP_REAL && got->type == FP_REAL && fabs(meant->r - got->r) <= 1e-9 * fmax(1, fabs(meant->r)))
		fp_outcome_note(w->out, "Column \"%.100s\" holds %s for %s.", c->name, b.data, a.data);
	else if (w->t->database)
		fp_outcome_note(w->out, "The database made \"%s\" of \"%s\" in column \"%.100s\".", b.data, a.data, c->name);
	else
		st = fp_fail(w->err, FP_E_REFUSED, "Failed to commit changes: column \"%.100s\" would hold \"%s\" instead of \"%s\"", c->name, b.data,
			a.data);
	fp_buf_free(&a);
	fp_buf_free(&b);
	return st;
}

static enum fp_status verify_geometry(struct fp_work *w, const struct fp_feature *got)
{
	OGRGeometryH a, b;
	OGREnvelope ea = {0}, eb = {0};
	int same, near = 0;

	if (w->after.wkb_len == got->wkb_len && (!got->wkb || memcmp(w->after.wkb, got->wkb, got->wkb_len) == 0))
		return FP_OK;
	a = fp_geom_from_wkb(w->after.wkb, w->after.wkb_len);
	b = fp_geom_from_wkb(got->wkb, got->wkb_len);
	same = fp_geom_same(a, b) || (!b && a && OGR_G_IsEmpty(a));
	if (!same && a && b) {
		OGR_G_GetEnvelope(a, &ea);
		OGR_G_GetEnvelope(b, &eb);
		near = fabs(ea.MinX - eb.MinX) < 1e-6 && fabs(ea.MaxX - eb.MaxX) < 1e-6 && fabs(ea.MinY - eb.MinY) < 1e-6 &&
			fabs(ea.MaxY - eb.MaxY) < 1e-6;
	}
	OGR_G_DestroyGeometry(a);
	OGR_G_DestroyGeometry(b);
	if (!same && w->t->database)
		fp_outcome_note(w->out, "The database made another geometry of it.");
	else if (near)
		fp_outcome_note(w->out, "The file format keeps the geometry in a form of its own.");
	return same || near || w->t->database ? FP_OK : fp_fail(w->err, FP_E_REFUSED, "Failed to commit changes: the file format would keep another geometry");
}

enum fp_status fp_work_verify(struct fp_work *w)
{
	struct fp_feature *got = &w->stored;
	enum fp_status st = w->t->ops->read(w->t, w->fid, got, w->err);

	for (size_t i = 0; st == FP_OK && i < got->n; i++)
		if (w->set[i])
			st = verify_value(w, &w->after.values[i], &got->values[i], &w->t->columns[i]);
	if (st == FP_OK && w->set_geometry)
		st = verify_geometry(w, got);
	if (st == FP_OK) {
		fp_feature_hash(w->out->hash_after, got);
		json_decref(w->out->modified_pk);
		w->out->modified_pk = stored_key(w, got);
	}
	return st;
}

enum fp_status fp_work_write(struct fp_work *w, enum fp_status (*write)(struct fp_work *w))
{
	static const char prefix[] = "Failed to commit changes: ";
	struct fp_file *file = w->t->file;
	enum fp_status st = file->ops->mark(file, w->err), undone;
	struct fp_error ignored;

	if (st != FP_OK)
		return st;
	st = write(w);
	if (st == FP_OK) {
		file->written = 1;
		w->written = 1;
		if (w->t->note)
			fp_outcome_note(w->out, "%s", w->t->note);
		free(w->t->note);
		w->t->note = NULL;
		fp_failpoint("apply:mid");
		return file->ops->on(file, w->err);
	}
	if (strncmp(w->err->msg, prefix, sizeof prefix - 1) == 0)
		w->out->driver_message = w->err->msg + sizeof prefix - 1;
	undone = file->ops->back(file, &ignored);
	if (undone != FP_OK && st == FP_E_REFUSED) {
		*w->err = ignored; /* what could not be undone must not be published */
		return undone;
	}
	return st;
}

/* What is overwritten is looked at all the same when somebody will want to know. */
static enum fp_status compare(struct fp_work *w)
{
	const struct fp_apply_options *o = w->c->options;
	struct fp_error *err = w->err, ignored;

	if (!w->c->overwrite)
		return fp_work_compare(w);
	if (!o->record && !o->plan)
		return FP_OK;
	w->err = &ignored;
	fp_work_compare(w);
	w->err = err;
	json_decref(w->out->conflicts);
	w->out->conflicts = NULL;
	return FP_OK;
}

/* ---- patch ---- */

enum fp_status fp_work_geometry(const struct fp_work *w, OGRGeometryH *out, const json_t *wkt)
{
	struct fp_error why;
	enum fp_status st;
	int z, m;

	*out = NULL;
	if (!json_is_string(wkt))
		return FP_OK;
	st = fp_geom_from_wkt(out, json_string_value(wkt), w->err);
	if (st != FP_OK)
		return st;
	z = OGR_G_Is3D(*out);
	m = OGR_G_IsMeasured(*out);
	st = fp_geom_fit(out, &w->t->geometry, &why);
	if (st != FP_OK) {
		OGR_G_DestroyGeometry(*out);
		*out = NULL;
		return fp_fail(w->err, st, "Failed to commit changes: %s", why.msg);
	}
	z = z && !OGR_G_Is3D(*out);
	m = m && !OGR_G_IsMeasured(*out);
	if (z || m)
		fp_outcome_note(w->out, "The layer holds no %s: it was left out.", z && m ? "Z and M" : z ? "Z" : "M");
	return FP_OK;
}

static enum fp_status plan_geometry(struct fp_work *w)
{
	const json_t *wkt = fp_work_part(w, "new", "geometry"), *old = fp_work_part(w, "old", "geometry");
	OGRGeometryH g, stored;
	enum fp_status st;

	if (!wkt || (old && json_equal(old, wkt)))
		return FP_OK;
	if (w->t->geometry.flat == wkbNone) {
		if (json_is_string(wkt) && json_string_length(wkt) > 0)
			fp_outcome_note(w->out, "The geometry was left out: the layer has none.");
		return FP_OK;
	}
	st = fp_work_geometry(w, &g, wkt);
	if (st != FP_OK)
		return st;
	stored = fp_geom_from_wkb(w->before.wkb, w->before.wkb_len);
	w->set_geometry = !fp_geom_near(stored, g, w->t->geometry.grain) || (!stored && w->before.wkb);
	if (w->set_geometry) {
		size_t n;
		unsigned char *wkb = fp_geom_wkb(g, &n);
		fp_feature_set_wkb(&w->after, wkb, n);
	}
	OGR_G_DestroyGeometry(stored);
	OGR_G_DestroyGeometry(g);
	return FP_OK;
}

static enum fp_status plan_attribute(struct fp_work *w, const char *name, const json_t *value)
{
	const json_t *old = json_object_get(fp_work_part(w, "old", "attributes"), name);
	int at = fp_target_column(w->t, name);
	enum fp_status st;

	if (old && fp_json_same(old, value))
		return FP_OK;
	if (!old && !w->c->overwrite)
		return fp_fail(w->err, FP_E_INVALID, "The attribute \"%.100s\" is new without an old value: nobody can tell whether it was changed "
			"meanwhile. Overwriting conflicts applies it", name);
	if (at < 0)
		return fp_fail(w->err, FP_E_REFUSED, "Unable to change attribute \"%.100s\": %s", name,
			fp_strv_has(&w->c->layer->joined_fields, name) ? "it is joined or computed by the project" : "the layer has no such field");
	st = fp_value_from_json(&w->after.values[at], &w->t->columns[at], value, w->err);
	if (st != FP_OK || fp_value_equal(&w->after.values[at], &w->before.values[at], &w->t->columns[at]))
		return st;
	if (w->t->columns[at].is_key)
		return fp_fail(w->err, FP_E_REFUSED, "Failed to commit changes: the primary key \"%s\" cannot be changed", name);
	w->set[at] = 1;
	return FP_OK;
}

static int something_set(const struct fp_work *w)
{
	return w->set_geometry || memchr(w->set, 1, w->t->n_columns) != NULL;
}

static enum fp_status write_patch(struct fp_work *w)
{
	enum fp_status st = w->t->ops->update(w->t, w->fid, &w->after, w->set, w->set_geometry, w->err);

	return st == FP_OK ? fp_work_verify(w) : st;
}

static enum fp_status patch(struct fp_work *w)
{
	json_t *attributes = (json_t *)(uintptr_t)fp_work_part(w, "new", "attributes"), *v;
	const struct fp_apply_options *o = w->c->options;
	const char *name;
	enum fp_status st;

	if (!json_object_get(w->c->delta, "new"))
		return fp_fail(w->err, FP_E_INVALID, "The change is a patch without \"new\": there is nothing to apply");
	if (!json_object_get(w->c->delta, "old") && !w->c->overwrite)
		return fp_fail(w->err, FP_E_INVALID, "The change is a patch without \"old\": nobody can tell whether the feature was changed meanwhile. "
			"Overwriting conflicts applies it");
	st = find(w);
	if (st == FP_OK)
		st = compare(w);
	if (st != FP_OK)
		return st;
	fp_feature_copy(&w->after, &w->before);
	if (w->out->conflicts && o->reference)
		return FP_E_CONFLICT;
	st = plan_geometry(w);
	json_object_foreach(attributes, name, v)
		if (st == FP_OK)
			st = plan_attribute(w, name, v);
	if (w->out->conflicts && st == FP_OK)
		st = something_set(w) ? FP_E_CONFLICT : FP_E_EXISTS;
	if (st != FP_OK)
		return w->out->conflicts && (st == FP_E_REFUSED || st == FP_E_INVALID) ? FP_E_CONFLICT : st;
	memcpy(w->out->hash_after, w->out->hash_before, sizeof w->out->hash_after);
	return something_set(w) ? fp_work_write(w, write_patch) : FP_OK;
}

/* ---- delete ---- */

static enum fp_status write_delete(struct fp_work *w)
{
	struct fp_feature gone;
	enum fp_status st = w->t->ops->remove(w->t, w->fid, w->err);

	if (st != FP_OK)
		return st;
	fp_feature_init(&gone, w->t->n_columns);
	st = w->t->ops->read(w->t, w->fid, &gone, w->err);
	fp_feature_clear(&gone);
	if (st == FP_OK)
		return fp_fail(w->err, FP_E_REFUSED, "Failed to commit changes: the feature is still there");
	return st == FP_E_NOTFOUND ? FP_OK : st;
}

static enum fp_status delete(struct fp_work *w)
{
	const struct fp_apply_options *o = w->c->options;
	enum fp_status st;

	if (!json_object_get(w->c->delta, "old") && !w->c->overwrite)
		return fp_fail(w->err, FP_E_INVALID, "The change is a delete without \"old\": nobody can tell whether the feature was changed meanwhile. "
			"Overwriting conflicts applies it");
	st = find(w);
	if (st == FP_E_NOTFOUND && !o->reference)
		return FP_E_EXISTS; /* what it wants is so (O9) */
	if (st == FP_OK)
		st = compare(w);
	if (st != FP_OK)
		return st;
	if (w->out->conflicts)
		return FP_E_CONFLICT;
	return fp_work_write(w, write_delete);
}

/* ---- all ---- */

static const struct method {
	const char *name;
	enum fp_status (*run)(struct fp_work *w);
} methods[] = {{"create", fp_work_create}, {"patch", patch}, {"delete", delete}};

/* What the inside of this part says with a status, told to the outside. */
static enum fp_status conclude(struct fp_work *w, enum fp_status st, struct fp_error *err)
{
	struct fp_outcome *o = w->out;

	switch (st) {
	case FP_OK:
		o->status = FP_APPLIED;
		return FP_OK;
	case FP_E_EXISTS:
		o->status = FP_ALREADY_APPLIED;
		break;
	case FP_E_CONFLICT:
		o->status = FP_CONFLICT;
		break;
	case FP_E_REFUSED:
	case FP_E_NOTFOUND:
		o->status = FP_NOT_APPLIED;
		break;
	case FP_E_INVALID:
		o->status = FP_FAULTY;
		break;
	default:
		*err = o->error;
		return st;
	}
	if (o->status != FP_CONFLICT) {
		json_decref(o->conflicts);
		o->conflicts = NULL;
	}
	if (o->status != FP_ALREADY_APPLIED) {
		json_decref(o->modified_pk);
		o->modified_pk = NULL;
	}
	memcpy(o->hash_after, o->hash_before, sizeof o->hash_after);
	return FP_OK;
}

/* A create that is there already is a duplicate for whoever looks at the data alone; only a ledger can say that it is this very change. */
static enum fp_class classify(const struct fp_work *w)
{
	static const enum fp_class classes[] = {
		[FP_APPLIED] = FP_CLASS_WILL_APPLY, [FP_CONFLICT] = FP_CLASS_CONFLICT, [FP_NOT_APPLIED] = FP_CLASS_IMPOSSIBLE,
		[FP_FAULTY] = FP_CLASS_IMPOSSIBLE, [FP_ALREADY_APPLIED] = FP_CLASS_ALREADY_APPLIED,
	};
	const struct fp_outcome *o = w->out;

	if (o->status == FP_ALREADY_APPLIED && strcmp(fp_delta_method(w->c->delta), "create") == 0)
		return FP_CLASS_WOULD_DUPLICATE;
	return o->status == FP_NOT_APPLIED && o->missing ? FP_CLASS_TARGET_MISSING : classes[o->status];
}

/* What a plan or a ledger wants to know beyond the outcome. */
static void tell_more(struct fp_work *w)
{
	const struct fp_apply_options *o = w->c->options;

	if (o->record && w->out->status == FP_APPLIED && w->written)
		w->out->inverse = fp_work_inverse(w);
	if (o->plan)
		w->out->class = classify(w);
	if (o->plan && *w->out->hash_before)
		w->out->current = fp_feature_json(&w->before, w->t);
}

enum fp_status fp_change_apply(const struct fp_change *c, struct fp_outcome *out, struct fp_error *err)
{
	struct fp_work w = {.c = c, .t = c->target, .out = out, .err = &out->error};
	enum fp_status st = FP_E_INTERNAL;

	fp_feature_init(&w.before, c->target->n_columns);
	fp_feature_init(&w.after, c->target->n_columns);
	fp_feature_init(&w.stored, c->target->n_columns);
	w.set = fp_alloc(c->target->n_columns);
	if (c->target->key < 0)
		st = fp_fail(w.err, FP_E_REFUSED, "%s", c->target->key_fault);
	for (size_t i = 0; c->target->key >= 0 && i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].name, fp_delta_method(c->delta)) == 0)
			st = methods[i].run(&w);
	st = conclude(&w, st, err);
	if (st == FP_OK)
		tell_more(&w);
	fp_feature_clear(&w.stored);
	fp_feature_clear(&w.before);
	fp_feature_clear(&w.after);
	free(w.set);
	return st;
}
