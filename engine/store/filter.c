#include "engine/store/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"

struct term {
	char *key, *value; /* key NULL: free text */
	int negative;
	int done;
};

struct terms {
	struct term *items;
	size_t n, cap;
};

static void terms_free(struct terms *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->items[i].key);
		free(t->items[i].value);
	}
	free(t->items);
}

/* Cuts FILTER into words. A quote opens anywhere and keeps blanks and colons; there is no escape inside. */
static enum fp_status cut(struct terms *t, const char *filter, struct fp_error *err)
{
	const char *p = filter;

	for (;;) {
		struct fp_buf word = FP_BUF_INIT;
		struct term term = {0};
		int quoted = 0, any = 0;

		p += strspn(p, " \t\n");
		if (!*p)
			return FP_OK;
		if (*p == '-' && p[1] && !strchr(" \t\n", p[1])) {
			term.negative = 1;
			p++;
		}
		for (; *p && (quoted || !strchr(" \t\n", *p)); p++) {
			if (*p == '"') {
				quoted = !quoted;
				any = 1;
			} else if (*p == ':' && !quoted && !term.key && !any && word.len > 0) {
				term.key = fp_buf_take(&word);
			} else {
				fp_buf_addc(&word, *p);
			}
		}
		term.value = fp_buf_take(&word);
		FP_GROW(t->items, t->n, t->cap);
		t->items[t->n++] = term;
		if (quoted)
			return fp_fail(err, FP_E_USAGE, "filter: a quote (\") is not closed");
		if (!*term.value)
			return fp_fail(err, FP_E_USAGE, term.key ? "filter: nothing follows \"%s:\"" : "filter: an empty text finds nothing%s",
				term.key ? term.key : "");
	}
}

static struct fp_val keep(struct fp_where *w, char *text)
{
	fp_strv_take(&w->owned, text);
	return fp_t(text);
}

static char *like_pattern(const char *value)
{
	char *folded = fp_text_fold(value);
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addc(&b, '%');
	for (const char *p = folded; *p; p++) {
		if (strchr("%_\\", *p))
			fp_buf_addc(&b, '\\');
		fp_buf_addc(&b, *p);
	}
	fp_buf_addc(&b, '%');
	free(folded);
	return fp_buf_take(&b);
}

static enum fp_status bad_word(const struct fp_filter_key *k, const char *value, struct fp_error *err)
{
	struct fp_buf b = FP_BUF_INIT;

	for (const char *const *w = k->words; *w; w++)
		fp_buf_addf(&b, "%s%s", w == k->words ? "" : ", ", *w);
	fp_fail(err, FP_E_USAGE, "filter: \"%s\" is no %s; there are %s", value, k->key, b.data);
	fp_buf_free(&b);
	return FP_E_USAGE;
}

static enum fp_status value_of(struct fp_where *w, const struct fp_filter_key *k, const char *value, struct fp_val *v, struct fp_error *err)
{
	int64_t ms;
	char *end;

	switch (k->type) {
	case FP_FILTER_WORD:
		for (const char *const *word = k->words; *word; word++)
			if (strcmp(*word, value) == 0) {
				*v = fp_t(*word);
				return FP_OK;
			}
		return bad_word(k, value, err);
	case FP_FILTER_TEXT:
		*v = keep(w, fp_strdup(value));
		return FP_OK;
	case FP_FILTER_FOLD:
		*v = keep(w, fp_text_fold(value));
		return FP_OK;
	case FP_FILTER_LIKE:
		*v = keep(w, like_pattern(value));
		return FP_OK;
	case FP_FILTER_INT:
		errno = 0;
		*v = fp_i(strtoll(value, &end, 10));
		if (errno || *end)
			return fp_fail(err, FP_E_USAGE, "filter: %s: takes a number, not \"%s\"", k->key, value);
		return FP_OK;
	case FP_FILTER_TIME:
		if (fp_time_parse(&ms, value) != 0)
			return fp_fail(err, FP_E_USAGE, "filter: %s: takes a date like 2026-11-01 or a time like 2026-11-01T08:30, not \"%s\"", k->key,
				value);
		*v = fp_i(ms);
		return FP_OK;
	}
	fp_assert(!"filter type");
	return FP_E_INTERNAL;
}

/* SQL with every "?" as the parameter that comes next. */
static void condition(struct fp_where *w, const char *sql, struct fp_val v)
{
	FP_GROW(w->v, w->n, w->cap);
	w->v[w->n++] = v;
	for (; *sql; sql++) {
		if (*sql == '?')
			fp_buf_addf(&w->sql, "?%zu", w->n);
		else
			fp_buf_addc(&w->sql, *sql);
	}
}

void fp_where_and(struct fp_where *w, const char *sql, struct fp_val v)
{
	fp_buf_adds(&w->sql, " AND (");
	condition(w, sql, v);
	fp_buf_addc(&w->sql, ')');
}

static const struct fp_filter_key *find_key(const struct fp_filter_key *keys, const char *name)
{
	for (const struct fp_filter_key *k = keys; k->key; k++)
		if (strcmp(k->key, name) == 0)
			return k;
	return NULL;
}

static enum fp_status unknown_key(const struct fp_filter_key *keys, const char *name, struct fp_error *err)
{
	struct fp_buf b = FP_BUF_INIT;

	for (const struct fp_filter_key *k = keys; k->key; k++)
		fp_buf_addf(&b, "%s%s", k == keys ? "" : ", ", k->key);
	fp_fail(err, FP_E_USAGE, "filter: there is no key \"%s\"; this list has %s", name, b.data);
	fp_error_hint(err, "to search a text with a colon, put it in quotes: \"%s:...\"", name);
	fp_buf_free(&b);
	return FP_E_USAGE;
}

/* Term I, together with its like (same key, same sign) unless they are joined by "and". */
static enum fp_status add_term(struct fp_where *w, struct terms *t, size_t i, const struct fp_filter_key *k, const char *text_sql, struct fp_error *err)
{
	static const struct fp_filter_key text = {.key = "text", .type = FP_FILTER_LIKE, .all = 1};
	const struct fp_filter_key *how = k ? k : &text;
	const char *sep = "";
	int wanted = how->part == w->part;

	if (wanted)
		fp_buf_adds(&w->sql, t->items[i].negative ? " AND NOT coalesce(" : " AND (");
	for (size_t j = i; j < t->n; j++) {
		struct term *x = &t->items[j];
		struct fp_val v;
		enum fp_status st;

		if (j > i && (how->all || x->done || x->negative != t->items[i].negative || !x->key || strcmp(x->key, t->items[i].key) != 0))
			continue;
		st = value_of(w, how, x->value, &v, err);
		if (st != FP_OK)
			return st;
		x->done = 1;
		if (!wanted)
			continue;
		fp_buf_adds(&w->sql, sep);
		fp_buf_addc(&w->sql, '(');
		condition(w, k ? k->sql : text_sql, v);
		fp_buf_addc(&w->sql, ')');
		sep = " OR ";
	}
	if (wanted)
		fp_buf_adds(&w->sql, t->items[i].negative ? ", 0)" : ")");
	return FP_OK;
}

enum fp_status fp_where_filter(struct fp_where *w, const struct fp_filter_key *keys, const char *text_sql, const char *filter, struct fp_error *err)
{
	struct terms t = {0};
	enum fp_status st = filter ? cut(&t, filter, err) : FP_OK;

	if (st == FP_OK && t.n > 64)
		st = fp_fail(err, FP_E_USAGE, "filter: more than 64 words");
	for (size_t i = 0; st == FP_OK && i < t.n; i++) {
		const struct fp_filter_key *k = t.items[i].key ? find_key(keys, t.items[i].key) : NULL;
		if (t.items[i].done)
			continue;
		if (t.items[i].key && !k)
			st = unknown_key(keys, t.items[i].key, err);
		else
			st = add_term(w, &t, i, k, text_sql, err);
	}
	terms_free(&t);
	return st;
}

void fp_where_free(struct fp_where *w)
{
	fp_buf_free(&w->sql);
	free(w->v);
	fp_strv_free(&w->owned);
}
