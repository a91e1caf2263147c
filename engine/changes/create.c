#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/change.h"
#include "engine/changes/deltafile.h"
#include "engine/changes/key.h"

/* ---- defaults (O5) ---- */

json_t *fp_default_literal(const char *expression)
{
	const char *s = expression + strspn(expression, " \t\r\n");
	size_t n = strlen(s);
	struct fp_buf text = FP_BUF_INIT;
	json_t *v;

	while (n > 0 && strchr(" \t\r\n", s[n - 1]))
		n--;
	if (n < 2 || s[0] != '\'') {
		char *word = fp_strndup(s, n);
		for (char *p = word; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		v = json_loads(word, JSON_DECODE_ANY, NULL); /* numbers, true, false, null */
		free(word);
		if (json_is_number(v) || json_is_boolean(v) || json_is_null(v))
			return v;
		json_decref(v);
		return NULL;
	}
	for (size_t i = 1; i < n; i++) {
		if (s[i] != '\'') {
			fp_buf_addc(&text, s[i]);
		} else if (s[i + 1] == '\'' && i + 1 < n - 1) {
			fp_buf_addc(&text, '\'');
			i++;
		} else {
			v = i == n - 1 && !memchr(text.data, '\\', text.len) ? json_stringn(text.data, text.len) : NULL;
			fp_buf_free(&text);
			return v; /* NULL: the text ends before the expression does, or has escapes of QGIS' own */
		}
	}
	fp_buf_free(&text);
	return NULL;
}

static const char *default_of(const struct fp_layer_def *layer, const char *column)
{
	for (size_t i = 0; i < layer->n_fields; i++)
		if (strcmp(layer->fields[i].name, column) == 0)
			return layer->fields[i].default_expression;
	return NULL;
}

/* The table's own default stands before the project's: it is filled in by not naming the column. */
static enum fp_status plan_default(struct fp_work *w, size_t i)
{
	const struct fp_column *c = &w->t->columns[i];
	const char *expression = default_of(w->c->layer, c->name);
	enum fp_status st = FP_OK;
	json_t *v;

	if (c->has_default || c->is_key || c->generated || !expression || !*expression)
		return FP_OK;
	v = fp_default_literal(expression);
	if (!v) {
		fp_outcome_note(w->out, "The default of \"%.100s\" needs QGIS and was left to the database.", c->name);
		return FP_OK;
	}
	st = fp_value_from_json(&w->after.values[i], c, v, w->err);
	w->set[i] = st == FP_OK;
	json_decref(v);
	return st;
}

/* ---- the key ---- */

/* Whether a feature with that key is there already, hidden or not; AFTER's key is what was asked for. */
static enum fp_status key_taken(struct fp_work *w, int *taken, int64_t *fid)
{
	const struct fp_value *v = &w->after.values[w->t->key];
	char number[32];
	int n, hidden;
	enum fp_status st;

	*taken = 0;
	if (v->type != FP_INT && v->type != FP_TEXT)
		return FP_OK;
	snprintf(number, sizeof number, "%lld", (long long)v->i);
	st = w->t->ops->find(w->t, v->type == FP_INT ? number : v->text, fid, &n, &hidden, w->err);
	*taken = n > 0 || hidden;
	if (n == 0)
		*fid = -1;
	return st;
}

/* The provider's own key: kept when free; a number that is taken gives way to the next free one, as in the reference. */
static enum fp_status plan_key(struct fp_work *w, const json_t *asked)
{
	int key = w->t->key;

	if (!asked || json_is_null(asked) || (json_is_string(asked) &&
			(json_string_length(asked) == 0 || strcmp(json_string_value(asked), "Autogenerate") == 0)))
		return FP_OK;
	w->set[key] = 1;
	return fp_value_from_json(&w->after.values[key], &w->t->columns[key], asked, w->err);
}

static enum fp_status settle_key(struct fp_work *w, const json_t *asked)
{
	const struct fp_column *c = &w->t->columns[w->t->key];
	int64_t fid;
	int taken;
	enum fp_status st;

	if (!c->is_key || !w->set[w->t->key])
		return FP_OK;
	st = key_taken(w, &taken, &fid);
	if (st != FP_OK || !taken)
		return st;
	if (json_is_string(asked) && !w->c->options->inverse)
		return fp_fail(w->err, FP_E_REFUSED, "Failed to commit changes: the key \"%s\" = \"%.80s\" is taken", c->name, json_string_value(asked));
	fp_outcome_note(w->out, "The key %lld was taken, the feature got the next free one.", (long long)w->after.values[w->t->key].i);
	w->set[w->t->key] = 0;
	return FP_OK;
}

/* What undoing a delete asks for when the deleted attributes did not name the key. New reference or NULL. */
static json_t *former_key(const struct fp_work *w)
{
	const char *pk = w->c->mapped_pk ? w->c->mapped_pk : fp_json_str_or(w->c->delta, "sourcePk", "");
	int64_t i;

	if (!w->c->options->inverse || w->t->columns[w->t->key].kind != FP_KIND_INT || fp_key_number(&i, pk) != 0)
		return NULL;
	return json_integer(i);
}

/* ---- the feature ---- */

static enum fp_status plan_attributes(struct fp_work *w, json_t *attributes)
{
	enum fp_status st = FP_OK;
	const char *name;
	json_t *v;

	json_object_foreach(attributes, name, v) {
		int at = fp_target_column(w->t, name);
		const struct fp_column *c = at < 0 ? NULL : &w->t->columns[at];

		if (!c && !json_is_null(v))
			fp_outcome_note(w->out, "The layer has no field \"%.100s\", its value was left out.", name);
		if (!c || c->is_key || c->generated)
			continue;
		if (json_is_null(v) && c->not_null && c->has_default) {
			fp_outcome_note(w->out, "Column \"%.100s\" may not be empty and got its default.", name);
			continue;
		}
		st = fp_value_from_json(&w->after.values[at], c, v, w->err);
		if (st != FP_OK)
			return st;
		w->set[at] = 1;
	}
	for (size_t i = 0; st == FP_OK && i < w->t->n_columns; i++)
		if (!json_object_get(attributes, w->t->columns[i].name))
			st = plan_default(w, i);
	return st;
}

static enum fp_status plan_geometry(struct fp_work *w)
{
	OGRGeometryH g;
	enum fp_status st = fp_work_geometry(w, &g, fp_work_part(w, "new", "geometry"));
	unsigned char *wkb;
	size_t n;

	if (st != FP_OK || !g)
		return st;
	wkb = fp_geom_wkb(g, &n);
	fp_feature_set_wkb(&w->after, wkb, n);
	w->set_geometry = 1;
	OGR_G_DestroyGeometry(g);
	return FP_OK;
}

/* O9 without a ledger: a feature with the same key and the same content is this very create. */
static enum fp_status is_there(struct fp_work *w, int *there)
{
	struct fp_feature f;
	int64_t fid;
	int taken;
	enum fp_status st;

	*there = 0;
	if (!w->set[w->t->key])
		return FP_OK;
	st = key_taken(w, &taken, &fid);
	if (st != FP_OK || !taken || fid < 0)
		return st;
	fp_feature_init(&f, w->t->n_columns);
	st = w->t->ops->read(w->t, fid, &f, w->err);
	*there = st == FP_OK;
	for (size_t i = 0; *there && i < f.n; i++)
		if (w->set[i] && !fp_value_equal(&w->after.values[i], &f.values[i], &w->t->columns[i]))
			*there = 0;
	if (*there) {
		OGRGeometryH a = fp_geom_from_wkb(w->after.wkb, w->after.wkb_len), b = fp_geom_from_wkb(f.wkb, f.wkb_len);
		*there = fp_geom_near(a, b, w->t->geometry.grain);
		OGR_G_DestroyGeometry(a);
		OGR_G_DestroyGeometry(b);
	}
	if (*there) {
		fp_feature_hash(w->out->hash_before, &f);
		fp_feature_copy(&w->before, &f);
		w->out->modified_pk = f.values[w->t->key].type == FP_INT ? json_integer(f.values[w->t->key].i) : fp_json_text(f.values[w->t->key].text);
	}
	fp_feature_clear(&f);
	return st;
}

static enum fp_status write_create(struct fp_work *w)
{
	enum fp_status st = w->t->ops->insert(w->t, &w->after, w->set, w->set_geometry, &w->fid, w->err);

	return st == FP_OK ? fp_work_verify(w) : st;
}

enum fp_status fp_work_create(struct fp_work *w)
{
	json_t *attributes = (json_t *)(uintptr_t)fp_work_part(w, "new", "attributes"), *former = NULL;
	const json_t *asked = json_object_get(attributes, w->t->columns[w->t->key].name);
	enum fp_status st;
	int there = 0;

	if (!json_object_get(w->c->delta, "new"))
		return fp_fail(w->err, FP_E_INVALID, "The change is a create without \"new\": there is nothing to create");
	if (!asked)
		asked = former = former_key(w);
	st = plan_attributes(w, attributes);
	if (st == FP_OK && w->t->columns[w->t->key].is_key)
		st = plan_key(w, asked);
	if (st == FP_OK)
		st = plan_geometry(w);
	if (st == FP_OK && !w->c->options->reference)
		st = is_there(w, &there);
	if (st == FP_OK && there)
		st = FP_E_EXISTS;
	if (st == FP_OK)
		st = settle_key(w, asked);
	if (st == FP_OK)
		st = fp_work_write(w, write_create);
	json_decref(former);
	return st;
}
