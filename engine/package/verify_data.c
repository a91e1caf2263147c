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

/* ---- how far it is: a half for SQLite's own look at the pages, a half for ours at the rows ---- */

#define TICK 1024          /* rows */
#define TICK_STEPS 100000  /* of SQLite's machine */
#define CHECK_READS 2      /* how often a check reads each page */

struct seen;
struct look {
	const struct fp_verify *v;
	sqlite3 *db;
	int64_t rows, pages, done; /* of all tables; of the file; rows that were looked at */
	struct seen *tables;       /* as the package's */
};

static void tell(const struct look *l, double part)
{
	struct fp_package *p = l->v->p;

	if (p->progress && l->rows > 0)
		p->progress(p->arg, (int64_t)(part * (double)l->rows), l->rows);
}

static int checking(void *arg)
{
	const struct look *l = arg;
	int reads = 0, most;

	if (sqlite3_db_status(l->db, SQLITE_DBSTATUS_CACHE_MISS, &reads, &most, 0) == SQLITE_OK && l->pages > 0)
		tell(l, reads < l->pages * CHECK_READS ? 0.5 * reads / (double)(l->pages * CHECK_READS) : 0.5);
	return 0;
}

static enum fp_status verify_soundness(struct look *l, struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = number(l->db, &l->pages, err, "PRAGMA page_count");

	sqlite3_progress_handler(l->db, TICK_STEPS, checking, l);
	if (st != FP_OK)
		return st;
	if (sqlite3_prepare_v2(l->db, "PRAGMA quick_check(1)", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		st = fail(l->db, "quick_check", err);
	else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		st = fp_fail(err, FP_E_CORRUPT, FP_PACKAGE_DATA " is damaged: %s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	sqlite3_progress_handler(l->db, 0, NULL, NULL);
	return st;
}

/* ---- the rows of a table ---- */

struct seen {
	const struct look *look;  /* NULL: nobody looked yet */
	const char *key;          /* the column that was taken for the key, NULL: none */
	int64_t rows, geometries; /* geometries: that the spatial index must have */
	int64_t last;
	int unordered;            /* the key is no number that grows from row to row: a value may stand twice */
	int64_t repeated;         /* values of the key that do, or are missing */
};

/* The aggregate fp_see(key, geometry) takes the rows, in the order in which they lie: a third faster than if SQLite gave them one by one. */
static void see_row(sqlite3_context *x, int n, sqlite3_value **v)
{
	struct seen *s = sqlite3_user_data(x);
	int64_t key = sqlite3_value_int64(v[0]);
	struct fp_gpkg_blob blob;

	(void)n;
	s->unordered |= sqlite3_value_type(v[0]) != SQLITE_INTEGER || (s->rows > 0 && key <= s->last);
	s->last = key;
	if (sqlite3_value_type(v[1]) == SQLITE_BLOB)
		s->geometries += fp_gpkg_blob_read(&blob, sqlite3_value_blob(v[1]), (size_t)sqlite3_value_bytes(v[1]), 0) == 0 && !blob.empty;
	if (++s->rows % TICK == 0)
		tell(s->look, 0.5 + 0.5 * (double)(s->look->done + s->rows) / (double)s->look->rows);
}

static void see_end(sqlite3_context *x)
{
	sqlite3_result_null(x);
}

static enum fp_status look_at_rows(struct look *l, struct seen *seen, const struct fp_pack_table *t, const char *key, struct fp_error *err)
{
	char *k = key ? sqlite3_mprintf("\"%w\"", key) : NULL, *g = t->spatial ? sqlite3_mprintf("\"%w\"", t->geometry) : NULL;
	enum fp_status st = FP_OK;
	int64_t none;

	*seen = (struct seen){.look = l, .key = key};
	if (sqlite3_create_function(l->db, "fp_see", 2, SQLITE_UTF8, seen, NULL, see_row, see_end) != SQLITE_OK)
		st = fail(l->db, t->name, err);
	if (st == FP_OK)
		st = number(l->db, &none, err, "SELECT fp_see(%s, %s) FROM \"%w\"", k ? k : "NULL", g ? g : "NULL", t->name);
	l->done += seen->rows;
	sqlite3_free(k);
	sqlite3_free(g);
	return st;
}

/* Every row that was read is there, or its reason is. */
static enum fp_status verify_rows(const struct seen *seen, const struct fp_pack_table *t, const char *layer, struct fp_error *err)
{
	int64_t skipped = 0;
	const json_t *s;
	size_t i;

	json_array_foreach(t->skipped, i, s)
		skipped += json_integer_value(json_object_get(s, "count"));
	if (seen->rows == t->written && t->read == t->written + skipped)
		return FP_OK;
	return fp_fail(err, FP_E_INVALID, "layer \"%s\": %lld rows were read, %lld are in the package and %lld were skipped with a reason", layer,
		(long long)t->read, (long long)seen->rows, (long long)skipped);
}

/* The index has what the table has, and the extent that is told is that of what was written. */
static enum fp_status verify_index(sqlite3 *db, const struct seen *seen, const struct fp_pack_table *t, const char *layer, struct fp_error *err)
{
	int64_t indexed = 0, same = 1;
	enum fp_status st = number(db, &indexed, err, "SELECT count(*) FROM \"rtree_%w_%w_rowid\"", t->name, t->geometry);

	if (st == FP_OK && t->extent[0] <= t->extent[2])
		st = number(db, &same, err, "SELECT abs(min_x - %!.17g) < 1e-6 AND abs(min_y - %!.17g) < 1e-6 AND abs(max_x - %!.17g) < 1e-6 AND abs(max_y - %!.17g) < 1e-6"
			" FROM gpkg_contents WHERE table_name = '%q'", t->extent[0], t->extent[1], t->extent[2], t->extent[3], t->name);
	if (st == FP_OK && (indexed != seen->geometries || !same))
		st = fp_fail(err, FP_E_INVALID, "layer \"%s\": its spatial index or its extent is not that of its %lld geometries", layer,
			(long long)seen->geometries);
	return st;
}

static enum fp_status count_repeated(sqlite3 *db, struct seen *seen, const struct fp_pack_table *t, struct fp_error *err)
{
	return number(db, &seen->repeated, err, "SELECT count(*) FROM (SELECT 1 FROM \"%w\" GROUP BY \"%w\" HAVING count(*) > 1 OR \"%w\" IS NULL)", t->name,
		seen->key, seen->key);
}

static enum fp_status verify_table(struct look *look, struct seen *seen, const struct fp_pack_table *t, const struct fp_pack_layer *l, struct fp_error *err)
{
	enum fp_status st = look_at_rows(look, seen, t, l->pk, err);

	if (st == FP_OK)
		st = verify_rows(seen, t, l->def->name, err);
	if (st == FP_OK && t->spatial)
		st = verify_index(look->db, seen, t, l->def->name, err);
	if (st == FP_OK && seen->key && seen->unordered)
		st = count_repeated(look->db, seen, t, err);
	return st;
}

static int is_seen(const struct seen *seen, const char *key)
{
	return seen->look && (key ? seen->key && strcmp(seen->key, key) == 0 : !seen->key);
}

/* Layers on one table, as there are many, are looked at once. */
static enum fp_status verify_layer(struct look *look, struct fp_pack_layer *l, struct fp_error *err)
{
	struct fp_package *p = look->v->p;
	struct seen *seen = &look->tables[l->table];
	enum fp_status st = is_seen(seen, l->pk) ? FP_OK : verify_table(look, seen, &p->tables[l->table], l, err);

	if (st == FP_OK && seen->repeated) /* QField's changes would not know which feature is meant */
		fp_package_warn(p, l, "repeated_keys", seen->repeated, "%lld values of its key \"%s\" are missing or stand in more than one feature: changes to those "
			"cannot be told apart", (long long)seen->repeated, l->pk);
	return st;
}

enum fp_status fp_verify_data(const struct fp_verify *v, struct fp_error *err)
{
	struct fp_package *p = v->p;
	char *path = fp_path_join(p->output, FP_PACKAGE_DATA);
	struct look look = {.v = v};
	enum fp_status st = FP_OK;

	if (p->n_tables && (sqlite3_open_v2(path, &look.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK || fp_gpkg_functions(look.db) != SQLITE_OK))
		st = fail(look.db, "it cannot be opened", err);
	look.tables = fp_alloc((p->n_tables + 1) * sizeof *look.tables);
	for (size_t i = 0; i < p->n_tables; i++)
		look.rows += p->tables[i].written;
	if (p->n_tables && st == FP_OK)
		st = verify_soundness(&look, err);
	for (size_t i = 0; st == FP_OK && i < p->n_layers; i++)
		if (p->layers[i].table >= 0)
			st = verify_layer(&look, &p->layers[i], err);
	if (st == FP_OK && p->n_tables)
		fp_verify_say(v, FP_PACKAGE_DATA " is sound: %zu table%s, %lld row%s, as many as were read; keys and spatial indexes are in place.", p->n_tables,
			fp_text_s((int64_t)p->n_tables), (long long)look.rows, fp_text_s(look.rows));
	free(look.tables);
	sqlite3_close(look.db);
	free(path);
	return st;
}
