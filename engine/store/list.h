/* What all lists of the store share: filter, order, page, count and rank, from one description of the list. */
#ifndef FP_STORE_LIST_H
#define FP_STORE_LIST_H

#include "engine/store/filter.h"

struct fp_sort {
	const char *name, *sql; /* an expression over FROM's columns */
	int descending;         /* its natural direction */
};

struct fp_list {
	const char *from;       /* the table with its letter, "change c": what filters and orders see */
	const char *id;         /* "c.id" */
	const char *project;    /* "c.project_id" */
	const char *select;     /* "SELECT ... FROM change c JOIN ... " of a row; the page's ids are joined to it as k(id) */
	const char *join;       /* "c.id = k.id" */
	const struct fp_filter_key *keys;
	const char *text;
	const struct fp_sort *sorts; /* the first is the list's own order; ends with a NULL name */
};

/* What Q wants SORTS, which end with a NULL name, to sort by; FP_E_USAGE names those there are. */
enum fp_status fp_list_sort(const struct fp_sort *sorts, const struct fp_query *q, const struct fp_sort **out, struct fp_error *err);

typedef void fp_list_row(void *arg, sqlite3_stmt *st);

/* " WHERE ..." of the project and the filter that Q names. */
enum fp_status fp_list_where(struct fp_where *w, const struct fp_list *l, const struct fp_query *q, struct fp_error *err);

enum fp_status fp_list_rows(struct fp_store *s, const struct fp_list *l, const struct fp_query *q, int64_t offset, int64_t limit,
	fp_list_row *row, void *arg, struct fp_error *err);
enum fp_status fp_list_count(struct fp_store *s, const struct fp_list *l, const struct fp_query *q, int64_t *n, struct fp_error *err);
/* Offset of the row with that id, -1 when it is not in the list. */
enum fp_status fp_list_rank(struct fp_store *s, const struct fp_list *l, const struct fp_query *q, struct fp_val id, int64_t *offset,
	struct fp_error *err);
/* One row by "SELECT ... WHERE CONDITION"; FP_E_NOTFOUND with WHAT ("change 12") when there is none. */
enum fp_status fp_list_one(struct fp_store *s, const struct fp_list *l, const char *condition, const struct fp_val *v, size_t n,
	fp_list_row *row, void *arg, const char *what, struct fp_error *err);

#endif
