/* spatialite (spec/layers.md 2.6), with SQLite itself: GDAL's driver also opens what is no SpatiaLite, so it would answer another question. */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/sqlite.h"
#include "engine/project/source.h"

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
	if (has_table(d, "gpkg_contents") || !has_table(d, "spatial_ref_sys") || !has_column(d, "geometry_columns", "spatial_index_enabled")) {
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
	for (size_t i = 0; i < names.n; i++)
		fp_verdict_instead(d->c, "%s", names.items[i]);
	free(quoted);
	free(list);
	fp_strv_free(&names);
}

static int has_geometry(const struct database *d)
{
	const struct fp_uri *u = d->uri;
	int found;

	if (!*u->geometry)
		return 1;
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

	switch (fp_sqlite_compile_on(d->db, sql, &err)) {
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

static int check_query(const struct database *d)
{
	const struct fp_uri *u = d->uri;
	char *geometry = fp_sqlite_quote(u->geometry), *sql = fp_asprintf("SELECT %s FROM %s", *u->geometry ? geometry : "*", u->table);
	int ok = compiles(d, sql, "query", "bad_query");

	free(geometry);
	free(sql);
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
	if (*u->sql) {
		table = fp_sqlite_quote(u->table);
		sql = fp_asprintf("SELECT * FROM %s WHERE (%s)", table, u->sql);
		ok = compiles(d, sql, "filter", "bad_filter");
		free(table);
		free(sql);
	}
	return ok && has_geometry(d);
}

/* SpatiaLite's own codes of geometry types are those of QGIS. */
static void read_facts(const struct database *d)
{
	static const char type_sql[] = "SELECT geometry_type FROM geometry_columns WHERE lower(f_table_name) = lower(?1) AND "
		"lower(f_geometry_column) = lower(?2)";
	static const char key_sql[] = "SELECT max(name), count(*) FROM pragma_table_info(?1) WHERE pk > 0";
	sqlite3_stmt *stmt;

	if (!*d->uri->geometry)
		d->c->v->wkb_type = 100;
	else if (sqlite3_prepare_v2(d->db, type_sql, -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, d->uri->table, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, d->uri->geometry, -1, SQLITE_STATIC);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			d->c->v->wkb_type = sqlite3_column_int(stmt, 0);
		sqlite3_finalize(stmt);
	}
	if (sqlite3_prepare_v2(d->db, key_sql, -1, &stmt, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_text(stmt, 1, d->uri->table, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 1) == 1)
		d->c->v->pk = fp_strdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

static void check_database(struct fp_check *c, const struct fp_uri *u, const char *real)
{
	struct database d = {.c = c, .uri = u};
	size_t n = strlen(u->table);
	struct fp_error err;
	int is_query = n > 1 && u->table[0] == '(' && u->table[n - 1] == ')';

	fp_verdict_invalid(c);
	if (fp_sqlite_open(&d.db, real, &err) != FP_OK) {
		fp_diagnose_content(c, real, NULL, err.msg);
		return;
	}
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
	real = fp_layer_file(c, written, path);
	if (real)
		check_database(c, &u, real);
	fp_uri_clear(&u);
	free(path);
	free(real);
}
