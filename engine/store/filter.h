/* The one filter grammar of console and commands, compiled to SQL with bound parameters (text is never pasted into SQL).
 *
 *	status:conflict user:field-1 layer:"Old trees" after:2026-11-01 -method:delete bark
 *
 * Words are joined by "and"; the same key said twice is "or" (status:error status:conflict); "-" before a word turns it round. A word without a
 * key searches text without regard to case; quotes keep blanks and colons together. after: and before: take a date or a time. */
#ifndef FP_STORE_FILTER_H
#define FP_STORE_FILTER_H

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/store/db.h"

enum fp_filter_type {
	FP_FILTER_WORD,  /* one of WORDS, bound as it is */
	FP_FILTER_TEXT,  /* bound as it is */
	FP_FILTER_FOLD,  /* bound folded: compare with fold(column) */
	FP_FILTER_LIKE,  /* bound as a folded LIKE pattern, escape character "\" */
	FP_FILTER_INT,
	FP_FILTER_TIME   /* milliseconds */
};

/* One key of one list. SQL holds "?" once or more: each becomes the same parameter. */
struct fp_filter_key {
	const char *key;
	enum fp_filter_type type;
	const char *sql;
	const char *const *words; /* FP_FILTER_WORD: the valid ones, ends with NULL */
	int all;                  /* said twice means "and": after, before */
	int part;                 /* for lists that are asked part by part, see fp_where.part; 0 in all others */
};

/* A growing condition and what it binds. Zero-initialise SQL with FP_BUF_INIT and the rest with 0. Only terms whose key is of PART are added (words
 * without a key are of part 0); the others are looked at for faults. */
struct fp_where {
	struct fp_buf sql;
	struct fp_val *v;
	size_t n, cap;
	struct fp_strv owned;
	int part;
};
#define FP_WHERE_INIT {FP_BUF_INIT, NULL, 0, 0, {0}, 0}

/* Appends " AND (...)" for SQL with its "?" bound to V. */
void fp_where_and(struct fp_where *w, const char *sql, struct fp_val v);
/* Appends what FILTER (may be NULL) says. KEYS ends with a NULL key; TEXT_SQL is what a word without a key means (FP_FILTER_LIKE). FP_E_USAGE names
 * the fault: an unknown key with the valid ones, a word that is none, a date that is none, a quote that is not closed. */
enum fp_status fp_where_filter(struct fp_where *w, const struct fp_filter_key *keys, const char *text_sql, const char *filter, struct fp_error *err);
void fp_where_free(struct fp_where *w);

#endif
