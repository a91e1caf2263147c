#include <stdlib.h>
#include <string.h>

#include "engine/changes/target_sqlite.h"
#include "engine/layers/sqlite.h"
#include "engine/package/rows_file.h"

/* A GeoPackage's table, read by SQLite in the form in which it goes into the other: no value is looked at, no geometry decoded. What GDAL shows of it is
 * asked of GDAL first. */
struct sqlite_rows {
	struct fp_rows rows;
	struct fp_rows_file file;
	sqlite3_stmt *stmt;
	struct fp_row_value *values;
	int geometry_at; /* column of the statement, -1: none */
	int64_t n;
	struct fp_rows_direct direct;
};

void fp_rows_take_sqlite(struct fp_row_value *v, sqlite3_stmt *s, int i)
{
	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		v->type = FP_INT;
		v->i = sqlite3_column_int64(s, i);
		break;
	case SQLITE_FLOAT:
		v->type = FP_REAL;
		v->r = sqlite3_column_double(s, i);
		break;
	case SQLITE_TEXT:
		v->type = FP_TEXT;
		v->text = (const char *)sqlite3_column_text(s, i);
		v->len = (size_t)sqlite3_column_bytes(s, i);
		break;
	case SQLITE_BLOB:
		v->type = FP_BLOB;
		v->text = sqlite3_column_blob(s, i);
		v->len = (size_t)sqlite3_column_bytes(s, i);
		break;
	default:
		v->type = FP_NULL;
		break;
	}
}

static enum fp_status next(struct fp_rows *rows, struct fp_row *row, int *more, struct fp_error *err)
{
	struct sqlite_rows *r = (struct sqlite_rows *)rows;
	int rc = sqlite3_step(r->stmt);

	*more = rc == SQLITE_ROW;
	if (!*more)
		return fp_rows_file_ended(&r->file, rc, r->n, err);
	r->n++;
	for (size_t i = 0; i < rows->n_columns; i++)
		fp_rows_take_sqlite(&r->values[i], r->stmt, (int)i + 1);
	row->values = r->values;
	row->form = FP_ROW_NO_GEOMETRY;
	if (r->geometry_at >= 0 && sqlite3_column_type(r->stmt, r->geometry_at) != SQLITE_NULL) {
		row->form = FP_ROW_GPKG;
		row->geometry = sqlite3_column_blob(r->stmt, r->geometry_at);
		row->geometry_len = (size_t)sqlite3_column_bytes(r->stmt, r->geometry_at);
	}
	return FP_OK;
}

static void rows_free(struct fp_rows *rows)
{
	struct sqlite_rows *r = (struct sqlite_rows *)rows;

	sqlite3_finalize(r->stmt);
	fp_rows_file_close(&r->file);
	free(r->direct.uri);
	free(r->direct.from);
	free(r->direct.where);
	free(r->direct.geometry);
	free(r->values);
	free(r);
}

static const struct fp_rows_ops ops = {.next = next, .free = rows_free};

static void quote_into(struct fp_buf *b, const char *before, const char *name)
{
	char *quoted = fp_sqlite_quote(name);

	fp_buf_adds(b, before);
	fp_buf_adds(b, quoted);
	free(quoted);
}

/* Caller frees. */
static char *query(const struct sqlite_rows *r, const char *table, const char *geometry, const char *where)
{
	struct fp_buf sql = FP_BUF_INIT;

	fp_buf_adds(&sql, "SELECT NULL");
	for (size_t i = 0; i < r->rows.n_columns; i++)
		quote_into(&sql, ", ", r->rows.columns[i].name);
	if (r->geometry_at >= 0)
		quote_into(&sql, ", ", geometry);
	quote_into(&sql, " FROM ", table);
	if (where)
		fp_buf_addf(&sql, " WHERE %s", where);
	return fp_buf_take(&sql);
}

static enum fp_status done(struct fp_rows *rows, struct fp_error *err)
{
	return fp_rows_file_unchanged(&((struct sqlite_rows *)rows)->file, err);
}

/* SQLite asks as often as it has to for what depends on one table of a view only, which is not once for each row. */
static int is_view(sqlite3 *db, const char *table)
{
	sqlite3_stmt *s = NULL;
	int is = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_master WHERE type = 'view' AND lower(name) = lower(?1)", -1, &s, NULL) != SQLITE_OK
		|| sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC) != SQLITE_OK || sqlite3_step(s) == SQLITE_ROW;

	sqlite3_finalize(s);
	return is;
}

/* A filter that looks into other tables may only be run where no others are. */
static void offer_directly(struct sqlite_rows *r, const char *table, const char *geometry, const char *where)
{
	struct fp_buf from = FP_BUF_INIT, column = FP_BUF_INIT;

	if ((where && strcasestr(where, "select")) || is_view(r->file.db, table))
		return;
	fp_sqlite_uri(&r->direct.uri, r->file.real, NULL);
	r->direct.where = fp_strdup_null(where);
	r->direct.done = done;
	r->direct.state = r->file.state;
	quote_into(&from, FP_ROWS_ATTACHED ".", table);
	r->direct.from = fp_buf_take(&from);
	if (r->geometry_at >= 0) {
		quote_into(&column, "", geometry);
		r->direct.geometry = fp_buf_take(&column);
	}
	if (r->direct.uri)
		r->rows.direct = &r->direct;
}

/* FP_E_REFUSED: GDAL may be able to. */
static enum fp_status prepare(struct sqlite_rows *r, const struct fp_rows_wanted *wanted, struct fp_error *err)
{
	const char *table = OGR_L_GetName(r->file.layer), *geometry = OGR_L_GetGeometryColumn(r->file.layer);
	char *where = fp_rows_either(wanted->filters), *sql = query(r, table, geometry, where);
	enum fp_status st = fp_sqlite_compile_on(r->file.db, sql, NULL, err);

	if (st == FP_OK)
		st = fp_sqlfile_prepare(&r->stmt, r->file.db, sql, err);
	if (st == FP_OK)
		offer_directly(r, table, geometry, where);
	free(where);
	free(sql);
	return st;
}

/* 1: its rows can be taken as they are. */
static int is_plain(const struct sqlite_rows *r, const struct fp_rows_wanted *wanted)
{
	return strcmp(r->file.driver, "GPKG") == 0 && !*r->file.source.vsi && r->file.only == wkbUnknown && !r->file.result
		&& (!wanted->has_rect || r->rows.geometry == wkbNone);
}

/* Makes it ready to read. FP_E_REFUSED: GDAL may be able to. */
static enum fp_status begin(struct sqlite_rows *r, const struct fp_rows_wanted *wanted, struct fp_error *err)
{
	enum fp_status st = fp_rows_file_sqlite(&r->file, err);

	r->geometry_at = r->rows.geometry == wkbNone ? -1 : (int)r->rows.n_columns + 1;
	r->values = fp_alloc((r->rows.n_columns + 1) * sizeof *r->values);
	return st == FP_OK ? prepare(r, wanted, err) : st;
}

enum fp_status fp_rows_sqlite(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct sqlite_rows *r = fp_alloc(sizeof *r);
	enum fp_status st;
	int plain = 0;

	r->rows.ops = &ops;
	st = fp_rows_file_open(&r->file, p, layer, wanted->filters, err);
	if (st == FP_OK) {
		fp_rows_file_describe(&r->file, &r->rows, layer);
		plain = is_plain(r, wanted);
	}
	if (plain)
		st = begin(r, wanted, err);
	if (plain && st == FP_OK) {
		*out = &r->rows;
		return FP_OK;
	}
	fp_rows_free(&r->rows);
	return plain && st == FP_E_REFUSED ? FP_OK : st;
}
