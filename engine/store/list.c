#include "engine/store/list.h"

#include <stdio.h>
#include <string.h>

enum fp_status fp_list_where(struct fp_where *w, const struct fp_list *l, const struct fp_query *q, struct fp_error *err)
{
	fp_buf_adds(&w->sql, " WHERE 1");
	if (q->project_id) {
		char sql[64];
		snprintf(sql, sizeof sql, "%s = ?", l->project);
		fp_where_and(w, sql, fp_t(q->project_id));
	}
	return fp_where_filter(w, l->keys, l->text, q->filter, err);
}

enum fp_status fp_list_sort(const struct fp_sort *sorts, const struct fp_query *q, const struct fp_sort **out, struct fp_error *err)
{
	const struct fp_sort *s = sorts;
	struct fp_buf names = FP_BUF_INIT;

	while (q->sort && s->name && strcmp(s->name, q->sort) != 0)
		s++;
	*out = s;
	if (s->name)
		return FP_OK;
	for (s = sorts; s->name; s++)
		fp_buf_addf(&names, "%s%s", s == sorts ? "" : ", ", s->name);
	fp_fail(err, FP_E_USAGE, "this list cannot be sorted by \"%s\"; there are %s", q->sort, names.data);
	fp_buf_free(&names);
	return FP_E_USAGE;
}

/* " ORDER BY expression, id", both turned when asked: an order without ties, so that pages neither repeat nor lose a row. */
static enum fp_status order(struct fp_buf *b, const struct fp_list *l, const struct fp_query *q, struct fp_error *err)
{
	const struct fp_sort *s;
	enum fp_status st = fp_list_sort(l->sorts, q, &s, err);

	if (st != FP_OK)
		return st;
	fp_buf_addf(b, " ORDER BY %s %s", s->sql, s->descending != !!q->reverse ? "DESC" : "ASC");
	if (strcmp(s->sql, l->id) != 0)
		fp_buf_addf(b, ", %s %s", l->id, l->sorts[0].descending != !!q->reverse ? "DESC" : "ASC");
	return FP_OK;
}

/* Ids first, over the narrowest rows and indexes there are; then whole rows for the page alone. */
enum fp_status fp_list_rows(struct fp_store *s, const struct fp_list *l, const struct fp_query *q, int64_t offset, int64_t limit,
	fp_list_row *row, void *arg, struct fp_error *err)
{
	struct fp_where w = FP_WHERE_INIT;
	struct fp_buf sql = FP_BUF_INIT, by = FP_BUF_INIT;
	sqlite3_stmt *st = NULL;
	int more = 1;
	enum fp_status rc = fp_list_where(&w, l, q, err);

	if (rc == FP_OK)
		rc = order(&by, l, q, err);
	if (rc == FP_OK) {
		fp_buf_addf(&sql, "WITH k(id) AS (SELECT %s FROM %s%s%s", l->id, l->from, w.sql.data, by.data);
		FP_GROW(w.v, w.n, w.cap);
		w.v[w.n++] = fp_i(limit);
		FP_GROW(w.v, w.n, w.cap);
		w.v[w.n++] = fp_i(offset);
		fp_buf_addf(&sql, " LIMIT ?%zu OFFSET ?%zu) %s JOIN k ON %s%s", w.n - 1, w.n, l->select, l->join, by.data);
		rc = fp_db_stmt(s, &st, err, sql.data, w.v, w.n);
	}
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more)
			row(arg, st);
	}
	fp_db_end(s, st);
	fp_buf_free(&sql);
	fp_buf_free(&by);
	fp_where_free(&w);
	return rc;
}

enum fp_status fp_list_count(struct fp_store *s, const struct fp_list *l, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	struct fp_where w = FP_WHERE_INIT;
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status rc = fp_list_where(&w, l, q, err);

	*n = 0;
	if (rc == FP_OK) {
		fp_buf_addf(&sql, "SELECT count(*) FROM %s%s", l->from, w.sql.data);
		rc = fp_db_int(s, n, err, sql.data, w.v, w.n);
	}
	fp_buf_free(&sql);
	fp_where_free(&w);
	return rc;
}

enum fp_status fp_list_rank(struct fp_store *s, const struct fp_list *l, const struct fp_query *q, struct fp_val id, int64_t *offset,
	struct fp_error *err)
{
	struct fp_where w = FP_WHERE_INIT;
	struct fp_buf sql = FP_BUF_INIT, by = FP_BUF_INIT;
	enum fp_status rc = fp_list_where(&w, l, q, err);

	*offset = -1;
	if (rc == FP_OK)
		rc = order(&by, l, q, err);
	if (rc == FP_OK) {
		int own = (!q->sort || strcmp(q->sort, l->sorts[0].name) == 0) && strcmp(l->sorts[0].sql, l->id) == 0;
		FP_GROW(w.v, w.n, w.cap);
		w.v[w.n++] = id;
		if (own) /* the rows before it, by the index alone */
			fp_buf_addf(&sql, "SELECT (SELECT count(*) FROM %s%s AND %s %s ?%zu) FROM %s%s AND %s = ?%zu", l->from, w.sql.data, l->id,
				l->sorts[0].descending != !!q->reverse ? ">" : "<", w.n, l->from, w.sql.data, l->id, w.n);
		else
			fp_buf_addf(&sql, "SELECT n FROM (SELECT %s AS id, row_number() OVER (%s) - 1 AS n FROM %s%s) WHERE id = ?%zu", l->id,
				by.data, l->from, w.sql.data, w.n);
		rc = fp_db_int(s, offset, err, sql.data, w.v, w.n);
	}
	fp_buf_free(&sql);
	fp_buf_free(&by);
	fp_where_free(&w);
	return rc;
}

enum fp_status fp_list_one(struct fp_store *s, const struct fp_list *l, const char *condition, const struct fp_val *v, size_t n,
	fp_list_row *row, void *arg, const char *what, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	sqlite3_stmt *st = NULL;
	int more = 0;
	enum fp_status rc;

	fp_buf_addf(&sql, "%s WHERE %s", l->select, condition);
	rc = fp_db_stmt(s, &st, err, sql.data, v, n);
	fp_buf_free(&sql);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &more, err);
	if (rc == FP_OK && more)
		row(arg, st);
	fp_db_end(s, st);
	if (rc == FP_OK && !more)
		rc = fp_fail(err, FP_E_NOTFOUND, "there is no %s", what);
	return rc;
}
