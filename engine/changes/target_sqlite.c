#include "engine/changes/target_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/changes/lite_blob.h"
#include "engine/layers/sqlite.h"

#define CELL_MAX (256 << 20) /* what a value may take where features are read: photographs, long lines */

/* What a single change can be guilty of; everything else ends the job. */
static int is_refusal(int rc)
{
	switch (rc & 0xFF) {
	case SQLITE_CONSTRAINT:
	case SQLITE_ERROR:    /* also what triggers raise */
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_AUTH:
		return 1;
	default:
		return 0;
	}
}

enum fp_status fp_sqlfile_fail(sqlite3 *db, int rc, const char *what, struct fp_error *err)
{
	int full = (rc & 0xFF) == SQLITE_FULL, corrupt = (rc & 0xFF) == SQLITE_CORRUPT || (rc & 0xFF) == SQLITE_NOTADB;

	if (is_refusal(rc) && !sqlite3_get_autocommit(db))
		return fp_fail(err, FP_E_REFUSED, "%s: %s", what, sqlite3_errmsg(db));
	return fp_fail(err, full ? FP_E_FULL : corrupt ? FP_E_CORRUPT : FP_E_IO, "%s: %s", what, sqlite3_errmsg(db));
}

enum fp_status fp_sqlfile_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql, struct fp_error *err)
{
	int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

	return rc == SQLITE_OK ? FP_OK : fp_sqlfile_fail(db, rc, "the file cannot be used", err);
}

enum fp_status fp_sqlfile_run(sqlite3 *db, sqlite3_stmt *stmt, const char *what, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE)
		st = fp_sqlfile_fail(db, rc, what, err);
	sqlite3_reset(stmt);
	return st;
}

static enum fp_status execute(struct fp_sqlfile *g, const char *sql, struct fp_error *err)
{
	int rc = sqlite3_exec(g->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? FP_OK : fp_sqlfile_fail(g->db, rc, fp_path_base(g->file.path), err);
}

static enum fp_status mark(struct fp_file *f, struct fp_error *err)
{
	struct fp_sqlfile *g = (struct fp_sqlfile *)f;

	return fp_sqlfile_run(g->db, g->mark, "cannot mark the state before a change", err);
}

static enum fp_status on(struct fp_file *f, struct fp_error *err)
{
	struct fp_sqlfile *g = (struct fp_sqlfile *)f;

	return fp_sqlfile_run(g->db, g->on, "cannot keep a change", err);
}

static enum fp_status back(struct fp_file *f, struct fp_error *err)
{
	struct fp_sqlfile *g = (struct fp_sqlfile *)f;
	enum fp_status st = fp_sqlfile_run(g->db, g->back, "cannot take a change back", err);

	return st == FP_OK ? on(f, err) : st;
}

/* What OGR keeps beside the features, so that readers trust it: time, extent, and a count where no trigger counts. */
static enum fp_status update_contents(struct fp_sqlfile *g, const struct fp_sqlfile_layer *l, struct fp_error *err)
{
	static const char *const always[] = {
		"UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE lower(table_name) = lower(?1)",
		"UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?2), ?2), max_x = max(coalesce(max_x, ?3), ?3), "
			"min_y = min(coalesce(min_y, ?4), ?4), max_y = max(coalesce(max_y, ?5), ?5) WHERE lower(table_name) = lower(?1)",
	};
	static const char count[] = "UPDATE gpkg_ogr_contents SET feature_count = NULL WHERE lower(table_name) = lower(?1) AND NOT EXISTS "
		"(SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?1) AND name LIKE 'trigger_insert_feature_count_%')";
	enum fp_status st = FP_OK;

	for (int i = 0; st == FP_OK && i < 3; i++) {
		sqlite3_stmt *s = NULL;

		if (i == 1 && !l->has_extent)
			continue;
		if (i == 2 && sqlite3_table_column_metadata(g->db, NULL, "gpkg_ogr_contents", "feature_count", NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
			continue;
		st = fp_sqlfile_prepare(&s, g->db, i < 2 ? always[i] : count, err);
		if (st != FP_OK)
			return st;
		sqlite3_bind_text(s, 1, l->table, -1, SQLITE_STATIC);
		for (int k = 0; i == 1 && k < 4; k++)
			sqlite3_bind_double(s, 2 + k, l->extent[k]);
		st = fp_sqlfile_run(g->db, s, "cannot bring gpkg_contents up to date", err);
		sqlite3_finalize(s);
	}
	return st;
}

static enum fp_status commit(struct fp_file *f, struct fp_error *err)
{
	struct fp_sqlfile *g = (struct fp_sqlfile *)f;
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < g->n_layers; i++)
		if (g->is_gpkg && g->layers[i]->changed)
			st = update_contents(g, g->layers[i], err);
	if (st == FP_OK)
		st = execute(g, "COMMIT", err);
	return st;
}

static void file_free(struct fp_file *f)
{
	struct fp_sqlfile *g = (struct fp_sqlfile *)f;

	sqlite3_finalize(g->mark);
	sqlite3_finalize(g->back);
	sqlite3_finalize(g->on);
	sqlite3_close_v2(g->db);
	free(g->layers);
	free(f->name);
	free(f->path);
	free(g);
}

static const struct fp_file_ops ops = {
	.open_layer = fp_sqlfile_open_layer, .mark = mark, .back = back, .on = on, .commit = commit, .free = file_free
};

static int has_table(struct fp_sqlfile *g, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(g->db, NULL, table, column, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* What kind of database it is, and the functions that the triggers of such call. */
static enum fp_status know(struct fp_sqlfile *g, struct fp_error *err)
{
	g->is_gpkg = has_table(g, "gpkg_contents", "data_type");
	if (!g->is_gpkg && has_table(g, "metadata", "name") && (has_table(g, "tiles", "tile_data")))
		return fp_fail(err, FP_E_REFUSED, "%s holds tiles (MBTiles), which can only be read", fp_path_base(g->file.path));
	if ((g->is_gpkg ? fp_gpkg_functions(g->db) : fp_lite_functions(g->db)) != SQLITE_OK)
		return fp_sqlfile_fail(g->db, SQLITE_NOMEM, "cannot register functions", err);
	return FP_OK;
}

/* The copy is ours alone and thrown away when anything fails, so nothing is synced here; its publisher does that. Exclusive locking comes first:
 * a file left in WAL mode then needs no shared memory, and goes back to a plain journal, which leaves one file. */
static enum fp_status set_up(struct fp_sqlfile *g, struct fp_error *err)
{
	static const char *const steps[] = {
		"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA cell_size_check = ON", "PRAGMA temp_store = MEMORY",
		"PRAGMA synchronous = OFF", "PRAGMA cache_size = -65536", "PRAGMA journal_mode = DELETE", "PRAGMA foreign_keys = ON",
		"BEGIN IMMEDIATE"
	};
	enum fp_status st = FP_OK;

	sqlite3_extended_result_codes(g->db, 1);
	sqlite3_db_config(g->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; st == FP_OK && i < sizeof steps / sizeof *steps; i++)
		st = execute(g, steps[i], err);
	if (st == FP_OK)
		st = know(g, err);
	if (st == FP_OK)
		st = fp_sqlfile_prepare(&g->mark, g->db, "SAVEPOINT change", err);
	if (st == FP_OK)
		st = fp_sqlfile_prepare(&g->back, g->db, "ROLLBACK TO change", err);
	return st == FP_OK ? fp_sqlfile_prepare(&g->on, g->db, "RELEASE change", err) : st;
}

/* GeoPackages and other SQLite files are told by their first bytes, not by their names. */
int fp_sqlfile_is(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof magic];
	FILE *f = fopen(path, "re");
	int is = f && fread(head, 1, sizeof head, f) == sizeof head && memcmp(head, magic, sizeof head) == 0;

	if (f)
		fclose(f);
	return is;
}

enum fp_status fp_sqlfile_open_reading(struct fp_file **out, const char *path, struct fp_error *err)
{
	struct fp_sqlfile *g = fp_alloc(sizeof *g);
	enum fp_status st;

	g->file.ops = &ops;
	g->file.path = fp_strdup(path);
	g->reading = 1;
	st = fp_sqlite_open(&g->db, path, err);
	if (st == FP_OK) {
		sqlite3_limit(g->db, SQLITE_LIMIT_LENGTH, CELL_MAX);
		sqlite3_extended_result_codes(g->db, 1);
		st = execute(g, "PRAGMA cell_size_check = ON; SELECT count(*) FROM sqlite_master", err); /* one that is broken has no tables, it seems */
	}
	if (st == FP_OK)
		st = know(g, err);
	if (st == FP_OK)
		st = execute(g, "BEGIN", err); /* one state of it */
	if (st == FP_OK)
		*out = &g->file;
	else
		file_free(&g->file);
	return st;
}

enum fp_status fp_sqlfile_open(struct fp_file **out, const char *path, struct fp_error *err)
{
	struct fp_sqlfile *g = fp_alloc(sizeof *g);
	enum fp_status st;
	int rc;

	g->file.ops = &ops;
	g->file.path = fp_strdup(path);
	rc = sqlite3_open_v2(path, &g->db, SQLITE_OPEN_READWRITE, NULL);
	st = rc == SQLITE_OK ? set_up(g, err) : fp_sqlfile_fail(g->db, rc, fp_path_base(path), err);
	if (st == FP_OK)
		*out = &g->file;
	else
		file_free(&g->file);
	return st;
}
