/* spatialite (spec/layers.md 2.6), with SQLite itself: GDAL's driver also opens what is no SpatiaLite, so it would answer another question. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/sqlite.h"
#include "engine/layers/wkt.h"
#include "engine/project/source.h"

enum { NO_GEOMETRY = 100 };

struct database {
	struct fp_check *c;
	sqlite3 *db;
	const struct fp_uri *uri;
};

/* Runs one of our own queries with up to two texts bound. 1: it gives a row; 0: none; -1: it fails, *WHY (may be NULL) gets the reason. */
static int asks(sqlite3 *db, const char *sql, const char *a, const char *b)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	if (a)
		sqlite3_bind_text(stmt, 1, a, -1, SQLITE_STATIC);
	if (b)
		sqlite3_bind_text(stmt, 2, b, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

/* The first column of the first row of such a query, NULL when there is no row. Caller frees. */
static char *text_of(sqlite3 *db, const char *sql, const char *a, const char *b)
{
	sqlite3_stmt *stmt;
	char *text = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(stmt, 1, a, -1, SQLITE_STATIC);
	if (b)
		sqlite3_bind_text(stmt, 2, b, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
		text = fp_strdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return text;
}

/* Reads a whole table, so that damaged pages are met. */
static int reads_through(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return 0;
	do
		rc = sqlite3_step(stmt);
	while (rc == SQLITE_ROW);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE;
}

static int has_table(const struct database *d, const char *name)
{
	return asks(d->db, "SELECT 1 FROM sqlite_master WHERE type IN ('table','view') AND lower(name) = lower(?1)", name, NULL) == 1;
}

static int has_column(const struct database *d, const char *table, const char *column)
{
	return asks(d->db, "SELECT 1 FROM pragma_table_info(?1) WHERE lower(name) = lower(?2)", table, column) == 1;
}

static int is_spatialite(const struct database *d)
{
	struct fp_check *c = d->c;

	if (!reads_through(d->db, "SELECT name FROM sqlite_master")) {
		fp_verdict_detail(c, "%s", sqlite3_errmsg(d->db));
		return 0;
	}
	if (!has_table(d, "spatial_ref_sys") || !has_column(d, "geometry_columns", "spatial_index_enabled")) {
		fp_verdict_detail(c, "it is not a SpatiaLite database");
		fp_verdict_cause(c, "not_spatialite", FP_NOSLOTS);
		return 0;
	}
	fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "SpatiaLite");
	if (!reads_through(d->db, "SELECT count(*) FROM spatial_ref_sys") || !reads_through(d->db, "SELECT * FROM geometry_columns")) {
		fp_verdict_detail(c, "the file is damaged: %s", sqlite3_errmsg(d->db));
		fp_verdict_cause(c, "file_damaged", FP_SLOTS({"REASON", sqlite3_errmsg(d->db)}));
		return 0;
	}
	return 1;
}

static void no_such_table(const struct database *d)
{
	struct fp_strv names = {0};
	sqlite3_stmt *stmt;
	char *list, *quoted;

	if (sqlite3_prepare_v2(d->db, "SELECT f_table_name FROM geometry_columns LIMIT 20", -1, &stmt, NULL) == SQLITE_OK)
		while (sqlite3_step(stmt) == SQLITE_ROW)
			if (sqlite3_column_text(stmt, 0))
				fp_strv_add(&names, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	list = fp_name_list(&names, 12);
	fp_verdict_detail(d->c, "no table \"%s\" in the database; it has: %s", d->uri->table, list);
	quoted = fp_asprintf("\"%s\"", d->uri->table);
	fp_verdict_cause(d->c, "layer_missing", FP_SLOTS({"NAME", quoted}, {"LIST", list}));
	fp_verdict_instead_of(d->c, d->uri->table, &names);
	free(quoted);
	free(list);
	fp_strv_free(&names);
}

/* SpatiaLite 4 keeps types as numbers, and QGIS joins three more tables to this one; the layout before it has words. */
static int is_new_layout(const struct database *d)
{
	return has_column(d, "geometry_columns", "geometry_type");
}

static int has_geometry_tables(const struct database *d)
{
	static const char *const names[] = {"views_geometry_columns", "virts_geometry_columns", "geometry_columns_auth"};

	for (size_t i = 0; i < sizeof names / sizeof *names && is_new_layout(d); i++)
		if (!has_table(d, names[i])) {
			fp_verdict_detail(d->c, "table \"%s\" is missing", names[i]);
			fp_verdict_cause(d->c, "not_spatialite", FP_NOSLOTS);
			return 0;
		}
	return 1;
}

static int has_geometry(const struct database *d)
{
	const struct fp_uri *u = d->uri;
	int found;

	if (!*u->geometry)
		return 1;
	if (!has_geometry_tables(d))
		return 0;
	found = asks(d->db, "SELECT 1 FROM geometry_columns WHERE lower(f_table_name) = lower(?1) AND lower(f_geometry_column) = lower(?2)", u->table,
		u->geometry) == 1;
	if (!found && has_table(d, "views_geometry_columns"))
		found = asks(d->db, "SELECT 1 FROM views_geometry_columns WHERE lower(view_name) = lower(?1) AND lower(view_geometry) = lower(?2)", u->table,
			u->geometry) == 1;
	if (!found) {
		fp_verdict_detail(d->c, "table \"%s\" has no registered geometry column \"%s\"", u->table, u->geometry);
		fp_verdict_cause(d->c, "geometry_not_registered", FP_SLOTS({"TABLE", u->table}, {"COLUMN", u->geometry}));
	}
	return found;
}

/* Whether the words of the project compile against the database. 0: the verdict is given. */
static int compiles(const struct database *d, const char *sql, const char *what, const char *cause)
{
	struct fp_error err;

	switch (fp_sqlite_compile_on(d->db, sql, NULL, &err)) {
	case FP_OK:
		return 1;
	case FP_E_REFUSED:
		fp_verdict_warn(d->c, "the %s was not run here: %s", what, err.msg);
		return 1;
	default:
		fp_verdict_detail(d->c, "%s cannot be used: %s", what, err.msg);
		fp_verdict_cause(d->c, cause, FP_SLOTS({"REASON", err.msg}));
		return 0;
	}
}

/* The type of a geometry as SpatiaLite stores it, 0 unless QGIS takes it for that of a query: two dimensions, no collection. */
static int stored_type(const struct fp_buf *blob)
{
	const unsigned char *b = (const unsigned char *)blob->data;
	unsigned type;

	if (blob->len < 44 || b[0] != 0 || b[38] != 0x7c)
		return 0;
	type = b[1] ? b[39] | b[40] << 8 | b[41] << 16 | (unsigned)b[42] << 24 : b[42] | b[41] << 8 | b[40] << 16 | (unsigned)b[39] << 24;
	if (type == 1000002 || type == 1000003) /* compressed */
		type -= 1000000;
	return type <= 6 ? (int)type : 0;
}

/* QGIS asks the first row what the layer is. */
static int check_query_geometry(const struct database *d)
{
	const struct fp_uri *u = d->uri;
	char *geometry = fp_sqlite_quote(u->geometry);
	char *sql = fp_asprintf("SELECT q.%s FROM %s AS q%s%s", geometry, u->table, *u->sql ? " WHERE " : "", u->sql);
	struct fp_buf blob = FP_BUF_INIT;
	struct fp_error err;
	enum fp_status st = fp_sqlite_first(&blob, d->db, sql, &err);
	int type = st == FP_OK ? stored_type(&blob) : 0, good = type > 0 || st == FP_E_REFUSED || st == FP_E_TIMEOUT;

	if (type > 0) {
		d->c->v->wkb_type = type;
	} else if (good) {
		fp_verdict_warn(d->c, "the query was not run here: %s", err.msg);
	} else if (st == FP_E_INVALID) {
		fp_verdict_detail(d->c, "query cannot be used: %s", err.msg);
		fp_verdict_cause(d->c, "bad_query", FP_SLOTS({"REASON", err.msg}));
	} else {
		fp_verdict_detail(d->c, "the first row of the query has no geometry of two dimensions in \"%s\"", u->geometry);
		fp_verdict_cause(d->c, "query_without_geometry", FP_SLOTS({"COLUMN", u->geometry}));
	}
	fp_buf_free(&blob);
	free(geometry);
	free(sql);
	return good;
}

/* A field called fid among those that the query gives. */
static void find_fid(const struct database *d)
{
	char *sql = fp_asprintf("SELECT * FROM %s", d->uri->table);
	struct fp_strv columns = {0};

	fp_sqlite_compile_on(d->db, sql, &columns, NULL);
	for (size_t i = 0; i < columns.n && !d->c->v->pk; i++)
		if (strcasecmp(columns.items[i], "fid") == 0)
			d->c->v->pk = fp_strdup(columns.items[i]);
	fp_strv_free(&columns);
	free(sql);
}

static int check_query(const struct database *d)
{
	char *sql = fp_asprintf("SELECT * FROM %s", d->uri->table);
	int ok = *d->uri->geometry ? check_query_geometry(d) : compiles(d, sql, "query", "bad_query");

	free(sql);
	if (ok && !*d->uri->geometry)
		d->c->v->wkb_type = NO_GEOMETRY;
	if (ok)
		find_fid(d);
	return ok;
}

static int check_table(const struct database *d)
{
	const struct fp_uri *u = d->uri;
	char *table, *sql;
	int ok = 1;

	if (!has_table(d, u->table)) {
		no_such_table(d);
		return 0;
	}
	fp_stage(d->c, FP_STAGE_LAYER, FP_MARK_OK, "%s", u->table);
	table = fp_sqlite_quote(u->table);
	sql = *u->sql ? fp_asprintf("SELECT * FROM %s WHERE (%s)", table, u->sql) : fp_asprintf("SELECT * FROM %s", table);
	if (*u->sql)
		ok = compiles(d, sql, "filter", "bad_filter");
	else if (!*u->geometry)
		ok = compiles(d, sql, "view", "bad_query"); /* one whose tables are gone */
	free(table);
	free(sql);
	return ok && has_geometry(d);
}

/* The table and column that a registered view takes its geometry from; else those of the layer. Caller frees both. */
static void find_registered(const struct database *d, char **table, char **column)
{
	static const char where[] = "FROM views_geometry_columns WHERE lower(view_name) = lower(?1) AND lower(view_geometry) = lower(?2)";
	const struct fp_uri *u = d->uri;
	char *sql = fp_asprintf("SELECT f_table_name %s", where);

	*table = text_of(d->db, sql, u->table, u->geometry);
	free(sql);
	sql = fp_asprintf("SELECT f_geometry_column %s", where);
	*column = *table ? text_of(d->db, sql, u->table, u->geometry) : NULL;
	free(sql);
	if (!*column) {
		free(*table);
		*table = fp_strdup(u->table);
		*column = fp_strdup(u->geometry);
	}
}

/* SpatiaLite's numbers are those of QGIS, which has no layers of collections. The words of the old layout say nothing of a third dimension. */
static int registered_type(const struct database *d)
{
	static const char where[] = "FROM geometry_columns WHERE lower(f_table_name) = lower(?1) AND lower(f_geometry_column) = lower(?2)";
	int is_new = is_new_layout(d), type = FP_WKB_UNKNOWN;
	char *table, *column, *sql, *said;

	find_registered(d, &table, &column);
	sql = is_new ? fp_asprintf("SELECT geometry_type %s", where) : fp_asprintf("SELECT type %s AND coord_dimension IN (2, '2', 'XY')", where);
	said = text_of(d->db, sql, table, column);
	if (said)
		type = is_new ? atoi(said) : fp_wkb_word(said);
	if (said && (type < 1 || type % 1000 > 6))
		type = 0;
	free(table);
	free(column);
	free(sql);
	free(said);
	return type;
}

/* QGIS counts the columns of the primary key that are integers by name; QFieldCloud falls back on a field called fid. */
static char *find_key(const struct database *d)
{
	static const char view_sql[] = "SELECT view_rowid FROM views_geometry_columns WHERE lower(view_name) = lower(?1) AND lower(view_geometry) = lower(?2)";
	static const char count_sql[] = "SELECT count(*) FROM pragma_table_info(?1) WHERE pk > 0 AND lower(trim(type, ' ''\"`[]')) IN ('integer', 'bigint')";
	static const char key_sql[] = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 AND lower(trim(type, ' ''\"`[]')) IN ('integer', 'bigint')";
	static const char fid_sql[] = "SELECT name FROM pragma_table_info(?1) WHERE lower(name) = 'fid'";
	char *view = text_of(d->db, view_sql, d->uri->table, d->uri->geometry), *count, *key = NULL;

	if (view)
		return view;
	count = text_of(d->db, count_sql, d->uri->table, NULL);
	if (!count || strcmp(count, "0") == 0)
		key = text_of(d->db, fid_sql, d->uri->table, NULL);
	else if (strcmp(count, "1") == 0)
		key = text_of(d->db, key_sql, d->uri->table, NULL);
	free(count);
	if (key && strchr(key, ',')) {
		free(key);
		key = NULL;
	}
	return key;
}

static void read_facts(const struct database *d)
{
	d->c->v->wkb_type = *d->uri->geometry ? registered_type(d) : NO_GEOMETRY;
	d->c->v->pk = find_key(d);
}

static void check_database(struct fp_check *c, const struct fp_uri *u, const char *real)
{
	struct database d = {.c = c, .uri = u};
	size_t n = strlen(u->table);
	struct fp_error err;
	int is_query = n > 1 && u->table[0] == '(' && u->table[n - 1] == ')';
	enum fp_status st = fp_sqlite_open(&d.db, real, &err);

	fp_verdict_invalid(c);
	if (st == FP_E_INVALID)
		fp_diagnose_content(c, real, NULL, err.msg);
	else if (st != FP_OK)
		fp_verdict_not_checked(c, "foreign_format", FP_SLOTS({"REASON", err.msg}));
	if (st != FP_OK)
		return;
	if (is_spatialite(&d) && (is_query ? check_query(&d) : check_table(&d))) {
		fp_verdict_ok(c, FP_BY_CHECKED);
		if (!is_query)
			read_facts(&d);
	} else {
		fp_diagnose_content(c, real, NULL, "");
	}
	sqlite3_close(d.db);
}

void fp_check_spatialite(struct fp_check *c)
{
	struct fp_uri u;
	char *path, *real;
	const char *written;

	fp_uri_parse(&u, c->layer->datasource);
	written = fp_uri_get(&u, "dbname");
	path = fp_source_resolve(c->layer->home, written);
	if (!*path)
		fp_verdict_error(c, "File \"NULL\" missing."); /* the reference, to the letter */
	real = fp_layer_file(c, written, path);
	if (real)
		check_database(c, &u, real);
	fp_uri_clear(&u);
	free(path);
	free(real);
}
