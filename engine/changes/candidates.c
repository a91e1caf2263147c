#include "engine/changes/candidates.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/changes/deltafile.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/changes/key.h"

#define MATCHES_MAX 5
#define NEAREST_MAX 3
#define NEAREST_WANTS 200 /* distances are taken for so many changes of a layer: a few thousand would make a pass slow */

enum why { WHY_UUID, WHY_UNIQUE, WHY_ATTRIBUTES, WHY_HISTORY, WHY_NEAREST };
static const char *const why_words[] = {
	[WHY_UUID] = "uuid", [WHY_UNIQUE] = "unique", [WHY_ATTRIBUTES] = "attributes", [WHY_HISTORY] = "history", [WHY_NEAREST] = "nearest",
};

struct match {
	char *key, *text;
	enum why why;
	double distance;
};

/* A change that looks for its feature. */
struct want {
	struct fp_target *target;
	char *uuid, *made;
	enum fp_class class;
	json_t *chain;
	struct fp_value *values; /* of the columns that HAS marks */
	char *has;
	size_t n_columns, n_set; /* N_SET: of them not null, the key left out */
	int anchor;              /* the column by which equality of all values is looked for, -1: too few */
	int has_centre;
	double x, y;
	struct match matches[MATCHES_MAX];
	size_t n;
};

/* A value of a column, and the want that looks for it. */
struct hook {
	int column;
	size_t want;
	enum why why;
};

struct fp_candidates {
	struct want *wants;
	size_t n, cap;
};

void fp_candidates_new(struct fp_candidates **out)
{
	*out = fp_alloc(sizeof **out);
}

static void want_clear(struct want *w)
{
	for (size_t i = 0; w->values && i < w->n_columns; i++)
		fp_value_clear(&w->values[i]);
	for (size_t i = 0; i < w->n; i++) {
		free(w->matches[i].key);
		free(w->matches[i].text);
	}
	free(w->values);
	free(w->has);
	free(w->uuid);
	free(w->made);
	json_decref(w->chain);
}

void fp_candidates_free(struct fp_candidates *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		want_clear(&c->wants[i]);
	free(c->wants);
	free(c);
}

static char *key_text(const json_t *v)
{
	return json_is_string(v) ? fp_strdup(json_string_value(v)) : v && !json_is_null(v) ? fp_json_dump(v) : NULL;
}

static char *stored_key(const struct fp_value *v)
{
	char number[32];

	if (v->type == FP_INT)
		return fp_asprintf("%lld", (long long)v->i);
	if (v->type == FP_REAL) {
		fp_text_real(number, v->r);
		return fp_strdup(number);
	}
	return v->type == FP_TEXT ? fp_strdup(v->text) : NULL;
}

static int is_uuid(const struct fp_value *v)
{
	const char *s = v->text;
	size_t n = v->len, hex = 0;

	if (v->type != FP_TEXT || n < 32 || n > 38)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (isxdigit((unsigned char)s[i]))
			hex++;
		else if (!strchr("-{}", s[i]))
			return 0;
	}
	return hex == 32;
}

/* ---- what is looked for ---- */

static void take_attributes(struct want *w, json_t *attributes)
{
	struct fp_error ignored;
	const char *name;
	json_t *v;

	json_object_foreach(attributes, name, v) {
		int at = fp_target_column(w->target, name);
		if (at < 0 || w->has[at] || fp_value_from_json(&w->values[at], &w->target->columns[at], v, &ignored) != FP_OK)
			continue;
		w->has[at] = 1;
		if (at == w->target->key || w->values[at].type == FP_NULL)
			continue;
		w->n_set++;
		if (w->anchor < 0 || (w->values[at].type == FP_TEXT && w->values[w->anchor].type != FP_TEXT))
			w->anchor = at;
	}
}

static void take_centre(struct want *w, const json_t *wkt)
{
	struct fp_error ignored;
	OGRGeometryH g;
	OGREnvelope e;

	if (!json_is_string(wkt) || fp_geom_from_wkt(&g, json_string_value(wkt), &ignored) != FP_OK)
		return;
	if (!OGR_G_IsEmpty(g)) {
		OGR_G_GetEnvelope(g, &e);
		w->x = (e.MinX + e.MaxX) / 2;
		w->y = (e.MinY + e.MaxY) / 2;
		w->has_centre = 1;
	}
	OGR_G_DestroyGeometry(g);
}

void fp_candidates_want(struct fp_candidates *c, struct fp_target *t, const json_t *line, enum fp_class class, const json_t *made)
{
	const json_t *delta = json_object_get(line, "delta");
	int create = strcmp(fp_delta_method(delta), "create") == 0;
	const json_t *state = json_object_get(delta, create ? "new" : "old");
	struct want *w;

	FP_GROW(c->wants, c->n, c->cap);
	w = &c->wants[c->n++];
	*w = (struct want){.target = t, .uuid = fp_strdup(fp_delta_uuid(delta)), .made = key_text(made), .class = class, .n_columns = t->n_columns,
		.anchor = -1, .chain = json_incref(json_object_get(line, "chain"))};
	w->values = fp_alloc((t->n_columns + 1) * sizeof *w->values);
	w->has = fp_alloc(t->n_columns + 1);
	take_attributes(w, json_object_get(state, "attributes"));
	if (w->n_set < 2)
		w->anchor = -1;
	if (!create)
		take_attributes(w, json_object_get(json_object_get(delta, "new"), "attributes")); /* a UUID may be there only */
	take_centre(w, json_object_get(state, "geometry"));
}

/* ---- a pass ---- */

struct pass {
	struct fp_candidates *c;
	struct fp_target *target;
	struct fp_key_index index;   /* values to the numbers of their hooks */
	struct hook *hooks;
	size_t n_hooks, cap_hooks;
	char *hot;                   /* columns that anybody asks for */
	size_t nearest[NEAREST_WANTS], n_nearest;
};

static int create_of(const struct want *w)
{
	return w->class == FP_CLASS_WILL_APPLY;
}

static void add_match(struct want *w, enum why why, char *key, double distance, char *text)
{
	size_t at = w->n;

	if (!key || (w->made && strcmp(key, w->made) == 0)) {
		free(key);
		free(text);
		return;
	}
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->matches[i].key, key) == 0 && w->matches[i].why <= why) { /* a better reason stands already */
			free(key);
			free(text);
			return;
		}
	}
	while (at > 0 && (w->matches[at - 1].why > why || (w->matches[at - 1].why == why && w->matches[at - 1].distance > distance)))
		at--;
	if (at >= MATCHES_MAX) {
		free(key);
		free(text);
		return;
	}
	if (w->n == MATCHES_MAX) {
		free(w->matches[--w->n].key);
		free(w->matches[w->n].text);
	}
	memmove(&w->matches[at + 1], &w->matches[at], (w->n - at) * sizeof *w->matches);
	w->matches[at] = (struct match){key, text, why, distance};
	w->n++;
}

static void hook_up(struct pass *p, size_t want, int column, enum why why)
{
	FP_GROW(p->hooks, p->n_hooks, p->cap_hooks);
	p->hooks[p->n_hooks] = (struct hook){column, want, why};
	fp_key_index_add(&p->index, &p->c->wants[want].values[column], (int64_t)p->n_hooks++, 0);
	p->hot[column] = 1;
}

static void prepare(struct pass *p)
{
	for (size_t i = 0; i < p->c->n; i++) {
		struct want *w = &p->c->wants[i];
		if (w->target != p->target)
			continue;
		for (size_t k = 0; k < w->n_columns; k++) {
			if (!w->has[k] || (int)k == p->target->key)
				continue;
			if (is_uuid(&w->values[k]))
				hook_up(p, i, (int)k, WHY_UUID);
			else if (p->target->columns[k].unique && w->values[k].type != FP_NULL)
				hook_up(p, i, (int)k, WHY_UNIQUE);
		}
		if (w->anchor >= 0)
			hook_up(p, i, w->anchor, WHY_ATTRIBUTES);
		if (w->has_centre && !create_of(w) && p->n_nearest < NEAREST_WANTS)
			p->nearest[p->n_nearest++] = i;
	}
}

static int same_throughout(const struct want *w, const struct fp_feature *f)
{
	for (size_t k = 0; k < w->n_columns; k++)
		if (w->has[k] && (int)k != w->target->key && !fp_value_equal(&w->values[k], &f->values[k], &w->target->columns[k]))
			return 0;
	return 1;
}

static void try_hook(struct pass *p, const struct hook *h, const struct fp_feature *f)
{
	struct want *w = &p->c->wants[h->want];
	const struct fp_column *c = &p->target->columns[h->column];
	struct fp_buf text = FP_BUF_INIT;

	if (!fp_value_equal(&w->values[h->column], &f->values[h->column], c) || (h->why == WHY_ATTRIBUTES && !same_throughout(w, f)))
		return;
	if (h->why == WHY_ATTRIBUTES) {
		fp_buf_addf(&text, "all %zu values are the same", w->n_set);
	} else {
		fp_buf_addf(&text, "%.60s = ", c->name);
		fp_value_show(&text, &w->values[h->column], c);
	}
	add_match(w, h->why, stored_key(&f->values[p->target->key]), 0, fp_buf_take(&text));
}

static void try_nearest(struct want *w, const struct fp_feature *f, double x, double y)
{
	double d = hypot(x - w->x, y - w->y);
	size_t have = 0;

	for (size_t i = 0; i < w->n; i++)
		have += w->matches[i].why == WHY_NEAREST;
	if (have >= NEAREST_MAX || w->n == MATCHES_MAX) {
		struct match *last = &w->matches[w->n - 1];
		if (last->why != WHY_NEAREST || last->distance <= d)
			return;
		free(last->key);
		free(last->text);
		w->n--;
	}
	add_match(w, WHY_NEAREST, stored_key(&f->values[w->target->key]), d, fp_asprintf("%.6g away", d));
}

static enum fp_status look_at(void *arg, int64_t fid, const struct fp_feature *f, struct fp_error *err)
{
	struct pass *p = arg;
	double e[4];

	(void)fid;
	(void)err;
	for (size_t k = 0; k < f->n; k++) {
		const struct fp_key_slot *s;
		char *text = p->hot[k] ? stored_key(&f->values[k]) : NULL;
		size_t cursor = 0;

		while (text && (s = fp_key_index_next(&p->index, text, &cursor)))
			if (p->hooks[s->fid].column == (int)k)
				try_hook(p, &p->hooks[s->fid], f);
		free(text);
	}
	if (p->n_nearest && f->wkb && fp_gpkg_wkb_envelope(e, f->wkb, f->wkb_len))
		for (size_t i = 0; i < p->n_nearest; i++)
			try_nearest(&p->c->wants[p->nearest[i]], f, (e[0] + e[1]) / 2, (e[2] + e[3]) / 2);
	return FP_OK;
}

/* Keys that the ledger knows the feature by: asked for one by one. */
static enum fp_status look_up_chain(struct want *w, struct fp_error *err)
{
	const json_t *key;
	enum fp_status st = FP_OK;
	int64_t fid;
	int n, hidden;
	size_t i;

	json_array_foreach(w->chain, i, key) {
		st = w->target->ops->find(w->target, json_is_string(key) ? json_string_value(key) : "", &fid, &n, &hidden, err);
		if (st != FP_OK)
			break;
		if (n == 1)
			add_match(w, WHY_HISTORY, key_text(key), 0, fp_strdup("an earlier change knows the feature by this key"));
	}
	return st;
}

static enum fp_status run(struct fp_candidates *c, struct fp_target *t, struct fp_error *err)
{
	struct pass p = {.c = c, .target = t, .hot = fp_alloc(t->n_columns + 1)};
	enum fp_status st = FP_OK;

	prepare(&p);
	if (p.n_hooks || p.n_nearest)
		st = t->ops->each(t, look_at, &p, err);
	for (size_t i = 0; st == FP_OK && i < c->n; i++)
		if (c->wants[i].target == t)
			st = look_up_chain(&c->wants[i], err);
	free(p.hooks);
	free(p.hot);
	fp_key_index_free(&p.index);
	return st;
}

static json_t *told(const struct want *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->n; i++)
		json_array_append_new(list, json_pack("{s:o,s:s,s:o}", "key", fp_json_text(w->matches[i].key), "why", why_words[w->matches[i].why], "text",
			fp_json_text(w->matches[i].text)));
	return json_pack("{s:s,s:s,s:o}", "delta_id", w->uuid, "class", fp_class_word(create_of(w) ? FP_CLASS_WOULD_DUPLICATE : w->class), "candidates", list);
}

static int first_of_its_layer(const struct fp_candidates *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (c->wants[k].target == c->wants[i].target)
			return 0;
	return 1;
}

enum fp_status fp_candidates_find(struct fp_candidates *c, void (*each)(void *arg, json_t *candidates), void *arg, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < c->n; i++)
		if (first_of_its_layer(c, i))
			st = run(c, c->wants[i].target, err);
	for (size_t i = 0; st == FP_OK && i < c->n; i++)
		if (c->wants[i].n || !create_of(&c->wants[i]))
			each(arg, told(&c->wants[i]));
	return st;
}
