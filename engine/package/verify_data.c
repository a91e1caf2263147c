#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/package/verify.h"

static enum fp_status fail(sqlite3 *db, const char *what, struct fp_error *err)
{
	return fp_fail(err, FP_E_CORRUPT, FP_PACKAGE_DATA " cannot be read back: %s: %s", what, sqlite3_errmsg(db));
}

/* The first column of SQL's only row; FMT is for sqlite3_mprintf(). */
static enum fp_status number(sqlite3 *db, int64_t *n, struct fp_error *err, const char *fmt, ...)
{
	va_list ap;
	sqlite3_stmt *s = NULL;
	char *sql;
	enum fp_status st = FP_OK;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	fp_assert(sql);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		st = fail(db, sql, err);
	else
		*n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_free(sql);
	return st;
}

static enum fp_status verify_soundness(sqlite3 *db, struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = FP_OK;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		st = fail(db, "quick_check", err);
	else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		st = fp_fail(err, FP_E_CORRUPT, FP_PACKAGE_DATA " is damaged: %s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return st;
}

/* Every row that was read is there, or its reason is. */
static enum fp_status verify_rows(sqlite3 *db, const struct fp_pack_table *t, const char *layer, struct fp_error *err)
{
	int64_t there = 0, skipped = 0;
	const json_t *s;
	size_t i;
	enum fp_status st = number(db, &there, err, "SELECT count(*) FROM \"%w\"", t->name);

	json_array_foreach(t->skipped, i, s)
		skipped += json_integer_value(json_object_get(s, "count"));
	if (st == FP_OK && (there != t->written || t->read != t->written + skipped))
		st = fp_fail(err, FP_E_INVALID, "layer \"%s\": %lld rows were read, %lld are in the package and %lld were skipped with a reason", layer,
			(long long)t->read, (long long)there, (long long)skipped);
	return st;
}

/* The index has what the table has, and the extent that is told is that of what was written. */
static enum fp_status verify_index(sqlite3 *db, const struct fp_pack_table *t, const char *layer, struct fp_error *err)
{
	int64_t indexed = 0, geometries = 0, same = 0;
	enum fp_status st = number(db, &indexed, err, "SELECT count(*) FROM \"rtree_%w_%w_rowid\"", t->name, t->geometry);

	if (st == FP_OK)
		st = number(db, &geometries, err, "SELECT count(*) FROM \"%w\" WHERE \"%w\" IS NOT NULL AND NOT ST_IsEmpty(\"%w\")", t->name, t->geometry,
			t->geometry);
	if (st == FP_OK && t->extent[0] <= t->extent[2])
		st = number(db, &same, err, "SELECT abs(min_x - %!.17g) < 1e-6 AND abs(min_y - %!.17g) < 1e-6 AND abs(max_x - %!.17g) < 1e-6 AND abs(max_y - %!.17g) < 1e-6"
			" FROM gpkg_contents WHERE table_name = '%q'", t->extent[0], t->extent[1], t->extent[2], t->extent[3], t->name);
	else
		same = 1;
	if (st == FP_OK && (indexed != geometries || !same))
		st = fp_fail(err, FP_E_INVALID, "layer \"%s\": its spatial index or its extent is not that of its %lld geometries", layer, (long long)geometries);
	return st;
}

/* How many keys of the source stand in more than one row: QField's changes would not know which is meant. Keys mostly come in order, and then nothing is
 * sorted. */
static enum fp_status repeated_keys(sqlite3 *db, int64_t *n, const struct fp_pack_table *t, const char *key, struct fp_error *err)
{
	char *sql = sqlite3_mprintf("SELECT \"%w\" FROM \"%w\" ORDER BY \"%w\"", key, t->name, t->local_key);
	sqlite3_stmt *s = NULL;
	int64_t last = 0, rows = 0;
	int sorted = 1, rc;

	*n = 0;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
		enum fp_status st = fail(db, sql, err);
		sqlite3_free(sql);
		return st;
	}
	sqlite3_free(sql);
	while (sorted && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t k = sqlite3_column_int64(s, 0);
		sorted = sqlite3_column_type(s, 0) == SQLITE_INTEGER && (rows++ == 0 || k > last);
		last = k;
	}
	sqlite3_finalize(s);
	return sorted ? FP_OK : number(db, n, err, "SELECT count(*) FROM (SELECT 1 FROM \"%w\" GROUP BY \"%w\" HAVING count(*) > 1 OR \"%w\" IS NULL)", t->name,
		key, key);
}

static enum fp_status verify_layer(const struct fp_verify *v, sqlite3 *db, struct fp_pack_layer *l, struct fp_error *err)
{
	const struct fp_pack_table *t = &v->p->tables[l->table];
	int64_t repeated = 0;
	enum fp_status st = verify_rows(db, t, l->def->name, err);

	if (st == FP_OK && t->spatial)
		st = verify_index(db, t, l->def->name, err);
	if (st == FP_OK && l->pk)
		st = repeated_keys(db, &repeated, t, l->pk, err);
	if (repeated)
		fp_package_warn(v->p, l, "repeated_keys", repeated, "%lld values of its key \"%s\" are missing or stand in more than one feature: changes to those cannot be "
			"told apart", (long long)repeated, l->pk);
	return st;
}

enum fp_status fp_verify_data(const struct fp_verify *v, struct fp_error *err)
{
	struct fp_package *p = v->p;
	char *path = fp_path_join(p->output, FP_PACKAGE_DATA);
	sqlite3 *db = NULL;
	int64_t rows = 0;
	enum fp_status st = FP_OK;

	if (p->n_tables && (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK || fp_gpkg_functions(db) != SQLITE_OK))
		st = fail(db, "it cannot be opened", err);
	if (p->n_tables && st == FP_OK)
		st = verify_soundness(db, err);
	for (size_t i = 0; st == FP_OK && i < p->n_layers; i++)
		if (p->layers[i].table >= 0)
			st = verify_layer(v, db, &p->layers[i], err);
	for (size_t i = 0; i < p->n_tables; i++)
		rows += p->tables[i].written;
	if (st == FP_OK && p->n_tables)
		fp_verify_say(v, FP_PACKAGE_DATA " is sound: %zu table%s, %lld row%s, as many as were read; keys and spatial indexes are in place.", p->n_tables,
			fp_text_s((int64_t)p->n_tables), (long long)rows, fp_text_s(rows));
	sqlite3_close(db);
	free(path);
	return st;
}
