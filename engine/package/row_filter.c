#include "engine/package/row_filter.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "engine/base/buf.h"

/* It never meets a table: the row is all that it can see. */
struct fp_row_filter {
	sqlite3 *db;
	sqlite3_stmt *statement;
	size_t n_columns;
};

/* 1: FILTER has C outside of what stands in quotes. */
static int has_outside_quotes(const char *filter, char c)
{
	char quote = 0;

	for (; *filter; filter++) {
		if (!quote && *filter == c)
			return 1;
		if (quote ? *filter == quote : *filter == '\'' || *filter == '"')
			quote = quote ? 0 : *filter;
	}
	return 0;
}

enum fp_status fp_row_filter_new(struct fp_row_filter **out, const struct fp_rows *rows, const struct fp_strv *filters, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	struct fp_row_filter *f;
	enum fp_status st = FP_OK;
	char *either;
	int divides = 0;

	*out = NULL;
	if (!filters || filters->n == 0)
		return FP_OK;
	f = fp_alloc(sizeof *f);
	f->n_columns = rows->n_columns;
	fp_buf_adds(&sql, "SELECT 1 FROM (SELECT ");
	for (size_t i = 0; i < rows->n_columns; i++) {
		char *name = sqlite3_mprintf("%s?%d AS \"%w\"", i ? ", " : "", (int)i + 1, rows->columns[i].name);
		fp_buf_adds(&sql, name);
		sqlite3_free(name);
	}
	fp_buf_adds(&sql, ") WHERE ");
	either = fp_rows_either(filters);
	fp_buf_adds(&sql, either);
	free(either);
	for (size_t i = 0; i < filters->n; i++)
		divides |= has_outside_quotes(filters->items[i], '/');
	fp_assert(sqlite3_open(":memory:", &f->db) == SQLITE_OK);
	sqlite3_exec(f->db, "PRAGMA case_sensitive_like = 1", NULL, NULL, NULL);
	if (divides || sqlite3_prepare_v2(f->db, sql.data, -1, &f->statement, NULL) != SQLITE_OK)
		st = fp_fail(err, FP_E_REFUSED, "only QGIS knows which rows its filter means (%s)", divides ? "/" : sqlite3_errmsg(f->db));
	fp_buf_free(&sql);
	if (st == FP_OK)
		*out = f;
	else
		fp_row_filter_free(f);
	return st;
}

int fp_row_filter_passes(struct fp_row_filter *f, const struct fp_row_value *values)
{
	int rc;

	if (!f)
		return 1;
	for (size_t i = 0; i < f->n_columns; i++) {
		const struct fp_row_value *v = &values[i];
		int at = (int)i + 1;
		if (v->type == FP_INT)
			sqlite3_bind_int64(f->statement, at, v->i);
		else if (v->type == FP_REAL)
			sqlite3_bind_double(f->statement, at, v->r);
		else if (v->type == FP_TEXT)
			sqlite3_bind_text64(f->statement, at, v->text, v->len, SQLITE_STATIC, SQLITE_UTF8);
		else
			sqlite3_bind_null(f->statement, at);
	}
	rc = sqlite3_step(f->statement);
	sqlite3_reset(f->statement);
	return rc == SQLITE_ROW;
}

void fp_row_filter_free(struct fp_row_filter *f)
{
	if (!f)
		return;
	sqlite3_finalize(f->statement);
	sqlite3_close(f->db);
	free(f);
}
