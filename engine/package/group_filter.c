/* Whether a filter of PostgreSQL says the same to SQLite. Both read comparisons of numbers alike, and texts that are equal are so to both. LIKE minds case in
 * one of them only, texts have an order of their language in one of them only, times and JSON are texts in one of them only: none of that is taken for the
 * same here. A table of its own is always right; sharing one needs to be. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "engine/package/group.h"

enum kind { END, WORD, NUMBER, STRING, OPEN, OTHER };

struct seen {
	const struct fp_group *g;
	int texts, ordered; /* it has some, and something that asks for an order or counts */
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

static int know_word(struct seen *s, const char *word, size_t n, int called)
{
	static const char *const plain[] = {"and", "or", "not", "in", "is", "null", "true", "false", NULL}, *const ordering[] = {"between", NULL};

	if (*word != '"' && is_one_of(word, n, plain))
		return 1;
	if (*word != '"' && is_one_of(word, n, ordering)) {
		s->ordered = 1;
		return 1;
	}
	return !called && know_column(s, word, n);
}

/* The operators of both, of which "<>" and "!=" ask for no order. */
static int know_operator(struct seen *s, const char **p, char c)
{
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

	for (enum kind kind; (kind = take(&p, &start, &n)) != END;) {
		int known = 1;
		if (kind == WORD)
			known = know_word(&s, start, n, p[strspn(p, " \t\n\r")] == '(');
		else if (kind == OTHER)
			known = know_operator(&s, &p, *start);
		s.texts |= kind == STRING;
		if (!known || (s.texts && s.ordered))
			return 0;
	}
	return 1;
}
