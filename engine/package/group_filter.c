/* Whether a filter of another language says the same to SQLite. All read comparisons of numbers alike. Texts that are equal to PostgreSQL and QGIS are so to
 * SQLite, and not to GDAL, which does not mind case there; LIKE minds it everywhere but in SQLite. Texts have an order of their language in some, times and
 * JSON are texts in SQLite only, and NOT of what is unknown is true to GDAL only (measured with QGIS 3.22 and GDAL 3.6). None of that is taken for the same
 * here. A table of its own is always right; sharing one needs to be. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/package/group.h"

enum kind { END, WORD, NUMBER, STRING, OPEN, OTHER };

struct seen {
	const struct fp_group *g;
	int texts, compared, ordered; /* it has some, something that compares, and something that asks for an order or counts */
	int after_is;                 /* the word before was IS */
};

/* The token at *P, which is moved behind it, as START and N. */
static enum kind take(const char **p, const char **start, size_t *n)
{
	const char *at = *p;
	enum kind kind = OTHER;

	while (isspace((unsigned char)*at))
		at++;
	*start = at;
	if (*at == '\0') {
		kind = END;
	} else if (*at == '\'' || *at == '"') {
		char quote = *at++;
		kind = quote == '"' ? WORD : STRING;
		while (*at && (*at != quote || at[1] == quote))
			at += *at == quote ? 2 : 1;
		at += *at != '\0';
	} else if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
		kind = NUMBER;
		while (isalnum((unsigned char)*at) || *at == '.')
			at++;
	} else if (isalpha((unsigned char)*at) || *at == '_' || (unsigned char)*at >= 0x80) {
		kind = WORD;
		while (isalnum((unsigned char)*at) || *at == '_' || *at == '$' || (unsigned char)*at >= 0x80)
			at++;
	} else {
		kind = *at == '(' ? OPEN : OTHER;
		at++;
	}
	*n = (size_t)(at - *start);
	*p = at;
	return kind;
}

static int is_one_of(const char *word, size_t n, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == n && strncasecmp(*words, word, n) == 0)
			return 1;
	return 0;
}

/* A column is known by its name as PostgreSQL folds it. Of those that hold no plain text or number nothing is sure. */
static int know_column(struct seen *s, const char *word, size_t n)
{
	int quoted = *word == '"';

	word += quoted;
	n -= quoted ? 2 : 0;
	for (size_t i = 0; i < s->g->n_columns; i++) {
		const struct fp_row_column *c = &s->g->columns[i];
		if (strlen(c->name) != n || (quoted ? strncmp(c->name, word, n) : strncasecmp(c->name, word, n)) != 0)
			continue;
		s->texts |= c->type == OFTString;
		return (c->type == OFTString && c->subtype == OFSTNone) || c->type == OFTInteger || c->type == OFTInteger64 || c->type == OFTReal;
	}
	return 0;
}

static int is_word(const char *token, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(token, word, n) == 0;
}

static int know_word(struct seen *s, const char *word, size_t n, int called)
{
	static const char *const plain[] = {"and", "or", "is", "null", "true", "false", NULL}, *const comparing[] = {"in", "between", NULL};
	int after_is = s->after_is;

	s->after_is = is_word(word, n, "is");
	if (is_word(word, n, "not"))
		return after_is || s->g->language != FP_IN_GDAL;
	if (is_one_of(word, n, plain))
		return 1;
	if (is_one_of(word, n, comparing)) {
		s->compared = 1;
		s->ordered |= is_word(word, n, "between");
		return 1;
	}
	return !called && know_column(s, word, n);
}

/* The operators of both, of which "<>" and "!=" ask for no order. */
static int know_operator(struct seen *s, const char **p, char c)
{
	s->compared |= strchr("<>=!", c) != NULL;
	if ((c == '<' && **p == '>') || (c == '!' && **p == '=')) {
		++*p;
		return 1;
	}
	if (c == '-' && (**p == '>' || **p == '-')) /* of JSON, or a comment */
		return 0;
	if (strchr("=,)", c))
		return 1;
	s->ordered = 1;
	return strchr("<>+-*%", c) != NULL;
}

int fp_group_same_meaning(const struct fp_group *g, const char *filter)
{
	struct seen s = {.g = g};
	const char *p = filter, *start;
	size_t n;

	if (g->language == FP_IN_SQLITE || g->language == FP_IN_GEOPACKAGE)
		return 1;
	for (enum kind kind; (kind = take(&p, &start, &n)) != END;) {
		int known = 1;
		if (kind == WORD)
			known = know_word(&s, start, n, p[strspn(p, " \t\n\r")] == '(');
		else if (kind == OTHER)
			known = know_operator(&s, &p, *start);
		s.texts |= kind == STRING;
		if (!known || (s.texts && (g->language == FP_IN_GDAL ? s.compared : s.ordered)))
			return 0;
	}
	return 1;
}

/* ---- filters that are queries ---- */

/* The next token of *P is WORD. */
static int skip(const char **p, const char *word)
{
	const char *start;
	size_t n;

	take(p, &start, &n);
	return is_word(start, n, word);
}

/* The next token of *P is the name, which may stand in quotes. */
static int skip_name(const char **p, const char *name)
{
	const char *start;
	size_t n;

	if (take(p, &start, &n) != WORD)
		return 0;
	if (*start != '"')
		return is_word(start, n, name);
	for (start++; *name && *start == *name; start++, name++)
		start += *start == '"';
	return !*name && *start == '"' && start[1] != '"';
}

/* 1: what stands at P judges a row by that row alone. */
static int is_of_one_row(const char *p)
{
	static const char *const others[] = {"select", "order", "limit", "group", "having", "union", "except", "intersect", "window", "over", "join", NULL};
	const char *start;
	size_t n;

	for (enum kind kind; (kind = take(&p, &start, &n)) != END;)
		if (kind == WORD && is_one_of(start, n, others))
			return 0;
	return 1;
}

char *fp_group_condition(const char *filter, const char *table)
{
	const char *p = filter, *start;
	size_t n;

	if (!skip(&p, "select") || !skip(&p, "*") || !skip(&p, "from") || !skip_name(&p, table))
		return NULL;
	if (take(&p, &start, &n) == END)
		return fp_strdup("");
	while (isspace((unsigned char)*p))
		p++;
	return is_word(start, n, "where") && *p && is_of_one_row(p) ? fp_strdup(p) : NULL;
}
