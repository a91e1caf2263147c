/* The provider spatialite, which reads tables otherwise than GDAL: types by the words of their definition, geometries by their boxes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/path.h"
#include "engine/changes/lite_blob.h"
#include "engine/changes/target_sqlite.h"
#include "engine/layers/sqlite.h"
#include "engine/package/rows_file.h"

struct lite_rows {
	struct fp_rows rows;
	struct fp_rows_file file;
	struct fp_uri uri;
	sqlite3_stmt *stmt;
	struct fp_row_value *values;
	unsigned char *wkb;
	int has_rect;
	double rect[4];
	int64_t n;
};

/* ---- rows ---- */

/* 1: the box of the geometry meets the rectangle; QGIS asks no more of this provider. */
static int is_within(const struct lite_rows *r, const unsigned char *blob, size_t n)
{
	struct fp_lite_head h;

	return fp_lite_blob_head(&h, blob, n) == 0 && h.envelope[0] <= r->rect[2] && h.envelope[1] >= r->rect[0] && h.envelope[2] <= r->rect[3]
		&& h.envelope[3] >= r->rect[1];
}

/* A blob that is no geometry is handed on as what it claims to be: whoever writes it tells of it. */
static void take_geometry(struct lite_rows *r, struct fp_row *row)
{
	int at = (int)r->rows.n_columns;
	const unsigned char *blob = sqlite3_column_blob(r->stmt, at);
	size_t n = (size_t)sqlite3_column_bytes(r->stmt, at);

	free(r->wkb);
	r->wkb = NULL;
	if (sqlite3_column_type(r->stmt, at) == SQLITE_NULL)
		return;
	row->form = FP_ROW_WKB;
	r->wkb = fp_lite_blob_wkb(blob, n, &row->geometry_len);
	row->geometry = r->wkb;
	if (!r->wkb)
		row->geometry_len = 0;
}

static int is_shown(const struct lite_rows *r)
{
	int at = (int)r->rows.n_columns;

	return !r->has_rect || is_within(r, sqlite3_column_blob(r->stmt, at), (size_t)sqlite3_column_bytes(r->stmt, at));
}

static enum fp_status next(struct fp_rows *rows, struct fp_row *row, int *more, struct fp_error *err)
{
	struct lite_rows *r = (struct lite_rows *)rows;
	int rc;

	do
		rc = sqlite3_step(r->stmt);
	while (rc == SQLITE_ROW && !is_shown(r));
	*more = rc == SQLITE_ROW;
	if (!*more)
		return fp_rows_file_ended(&r->file, rc, r->n, err);
	r->n++;
	for (size_t i = 0; i < rows->n_columns; i++)
		fp_rows_take_sqlite(&r->values[i], r->stmt, (int)i);
	row->values = r->values;
	row->form = FP_ROW_NO_GEOMETRY;
	if (*r->uri.geometry)
		take_geometry(r, row);
	return FP_OK;
}

static void rows_free(struct fp_rows *rows)
{
	struct lite_rows *r = (struct lite_rows *)rows;

	sqlite3_finalize(r->stmt);
	fp_uri_clear(&r->uri);
	fp_rows_file_close(&r->file);
	free(r->values);
	free(r->wkb);
	free(r);
}

static const struct fp_rows_ops ops = {.next = next, .free = rows_free};

/* ---- what the table is ---- */

static const struct {
	const char *word; /* of the definition, in lower case */
	OGRFieldType type;
} types[] = {
	{"int", OFTInteger64}, {"integer", OFTInteger64}, {"integer64", OFTInteger64}, {"bigint", OFTInteger64}, {"smallint", OFTInteger64},
	{"tinyint", OFTInteger64}, {"boolean", OFTInteger64}, {"real", OFTReal}, {"double", OFTReal}, {"double precision", OFTReal}, {"float", OFTReal},
	{"blob", OFTBinary}, {"date", OFTDate}, {"timestamp", OFTDateTime}, {"datetime", OFTDateTime},
};

static OGRFieldType type_named(const char *word)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(types[i].word, word) == 0)
			return types[i].type;
	return OFTString;
}

static enum fp_status ask(sqlite3_stmt **s, struct lite_rows *r, const char *sql, struct fp_error *err)
{
	enum fp_status st = fp_sqlfile_prepare(s, r->file.db, sql, err);

	if (st == FP_OK) {
		sqlite3_bind_text(*s, 1, r->uri.table, -1, SQLITE_STATIC);
		if (sqlite3_bind_parameter_count(*s) > 1)
			sqlite3_bind_text(*s, 2, r->uri.geometry, -1, SQLITE_STATIC);
	}
	return st;
}

/* 1: QGIS leaves what stands behind DEFAULT to the database. It takes values of the column's own type itself. */
static int is_clause(const char *text, OGRFieldType type)
{
	char *end;

	if (!text)
		return 0;
	if (type != OFTInteger64 && type != OFTReal)
		return *text != '\'';
	if (type == OFTInteger64)
		strtoll(text, &end, 10);
	else
		strtod(text, &end);
	return end == text || *end;
}

static int counts_by_itself(struct lite_rows *r)
{
	static const char sql[] = "SELECT 1 FROM sqlite_master WHERE lower(name) = lower(?1) AND sql LIKE '%autoincrement%'";
	sqlite3_stmt *s = NULL;
	int is = ask(&s, r, sql, NULL) == FP_OK && sqlite3_step(s) == SQLITE_ROW;

	sqlite3_finalize(s);
	return is;
}

static enum fp_status read_columns(struct lite_rows *r, struct fp_error *err)
{
	static const char sql[] = "SELECT name, type, \"notnull\", pk, (SELECT count(*) FROM pragma_table_info(?1) WHERE pk > 0),"
		" EXISTS (SELECT 1 FROM pragma_index_list(?1) i WHERE i.\"unique\" AND NOT i.partial AND (SELECT count(*) FROM pragma_index_info(i.name)) = 1"
		" AND (SELECT c.name FROM pragma_index_info(i.name) c) = t.name), dflt_value FROM pragma_table_info(?1) t";
	int counts = counts_by_itself(r), rc = SQLITE_DONE;
	size_t cap = 0;
	sqlite3_stmt *s = NULL;
	enum fp_status st = ask(&s, r, sql, err);

	while (st == FP_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 0), *type = (const char *)sqlite3_column_text(s, 1);
		int key = sqlite3_column_int(s, 3) > 0 && sqlite3_column_int(s, 4) == 1;
		OGRFieldType kind = type_named(type ? type : "");
		if (strcasecmp(name, r->uri.geometry) == 0)
			continue;
		FP_GROW(r->rows.columns, r->rows.n_columns, cap);
		r->rows.columns[r->rows.n_columns++] = (struct fp_row_column){.name = fp_strdup(name), .type = kind,
			.has_default = (key && counts) || is_clause((const char *)sqlite3_column_text(s, 6), kind),
			.not_null = key || sqlite3_column_int(s, 2), .unique = key || sqlite3_column_int(s, 5)};
	}
	if (st == FP_OK && rc != SQLITE_DONE)
		st = fp_sqlfile_fail(r->file.db, rc, "the table's definition cannot be read", err);
	sqlite3_finalize(s);
	if (st == FP_OK && r->rows.n_columns == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "%s has no table \"%s\"", fp_path_base(r->file.real), r->uri.table);
	return st;
}

/* Of the table, or of the one that a registered view takes its geometry from. */
static void read_srs(struct lite_rows *r)
{
	static const char *const sql[] = {
		"SELECT * FROM spatial_ref_sys WHERE srid = (SELECT srid FROM geometry_columns WHERE lower(f_table_name) = lower(?1)"
			" AND lower(f_geometry_column) = lower(?2))",
		"SELECT * FROM spatial_ref_sys WHERE srid = (SELECT g.srid FROM views_geometry_columns v JOIN geometry_columns g"
			" ON lower(g.f_table_name) = lower(v.f_table_name) AND lower(g.f_geometry_column) = lower(v.f_geometry_column)"
			" WHERE lower(v.view_name) = lower(?1) AND lower(v.view_geometry) = lower(?2))",
	};

	for (size_t i = 0; !r->rows.srs && i < sizeof sql / sizeof *sql; i++) {
		sqlite3_stmt *s = NULL;
		const char *authority = "", *wkt = "", *proj = "";
		int code = 0;
		char *epsg;

		if (ask(&s, r, sql[i], NULL) != FP_OK || sqlite3_step(s) != SQLITE_ROW) {
			sqlite3_finalize(s);
			continue;
		}
		for (int k = 0; k < sqlite3_column_count(s); k++) { /* the layouts differ by version */
			const char *name = sqlite3_column_name(s, k), *text = (const char *)sqlite3_column_text(s, k);
			if (strcasecmp(name, "auth_name") == 0)
				authority = text ? text : "";
			else if (strcasecmp(name, "auth_srid") == 0)
				code = sqlite3_column_int(s, k);
			else if (strcasecmp(name, "srtext") == 0 || strcasecmp(name, "srs_wkt") == 0 || strcasecmp(name, "ref_sys_wkt") == 0)
				wkt = text ? text : "";
			else if (strcasecmp(name, "proj4text") == 0)
				proj = text ? text : "";
		}
		epsg = fp_asprintf("EPSG:%d", code);
		r->rows.srs = strcasecmp(authority, "epsg") == 0 ? fp_rows_srs(epsg) : NULL;
		if (!r->rows.srs)
			r->rows.srs = fp_rows_srs(wkt);
		if (!r->rows.srs)
			r->rows.srs = fp_rows_srs(proj);
		free(epsg);
		sqlite3_finalize(s);
	}
}

/* Caller frees. */
static char *query(const struct lite_rows *r, const struct fp_strv *filters)
{
	char *where = fp_rows_either(filters), *table = fp_sqlite_quote(r->uri.table);
	struct fp_buf sql = FP_BUF_INIT;

	fp_buf_adds(&sql, "SELECT ");
	for (size_t i = 0; i < r->rows.n_columns + (*r->uri.geometry != '\0'); i++) {
		char *name = fp_sqlite_quote(i < r->rows.n_columns ? r->rows.columns[i].name : r->uri.geometry);
		fp_buf_addf(&sql, "%s%s", i ? ", " : "", name);
		free(name);
	}
	fp_buf_addf(&sql, " FROM %s", table);
	if (where)
		fp_buf_addf(&sql, " WHERE %s", where);
	free(where);
	free(table);
	return fp_buf_take(&sql);
}

static enum fp_status prepare(struct lite_rows *r, const struct fp_strv *filters, struct fp_error *err)
{
	char *sql = query(r, filters);
	enum fp_status st = fp_sqlite_compile_on(r->file.db, sql, NULL, err);

	if (st == FP_OK)
		st = fp_sqlfile_prepare(&r->stmt, r->file.db, sql, err);
	else if (filters)
		st = FP_E_INVALID; /* functions of SpatiaLite, too: nobody could evaluate them here */
	free(sql);
	return st;
}

static int64_t about(struct lite_rows *r)
{
	char *name = fp_sqlite_quote(r->uri.table), *sql = fp_asprintf("SELECT max(rowid) FROM %s", name);
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(r->file.db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	free(name);
	free(sql);
	return n;
}

enum fp_status fp_rows_spatialite(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct lite_rows *r = fp_alloc(sizeof *r);
	enum fp_status st;

	r->rows.ops = &ops;
	fp_uri_parse(&r->uri, layer->def->datasource);
	st = fp_rows_file_find(&r->file, p, layer, err);
	if (st == FP_OK)
		st = fp_rows_file_sqlite(&r->file, err);
	if (st == FP_OK)
		st = read_columns(r, err);
	if (st == FP_OK)
		st = prepare(r, wanted->filters, err);
	if (st != FP_OK) {
		fp_rows_free(&r->rows);
		return st;
	}
	r->rows.geometry = *r->uri.geometry ? fp_rows_geometry(layer) : wkbNone;
	if (*r->uri.geometry && r->rows.geometry == wkbNone)
		r->rows.geometry = wkbUnknown;
	if (*r->uri.geometry)
		read_srs(r);
	r->rows.about = about(r);
	r->values = fp_alloc((r->rows.n_columns + 1) * sizeof *r->values);
	r->has_rect = wanted->has_rect && *r->uri.geometry;
	memcpy(r->rect, wanted->rect, sizeof r->rect);
	*out = &r->rows;
	return FP_OK;
}
