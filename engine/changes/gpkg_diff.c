#include "engine/changes/gpkg_diff.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/difference.h"
#include "engine/changes/target_sqlite.h"

#define TABLES_MAX 10000

enum { BEFORE, AFTER };

/* A version, and the table of it that is read at the moment. */
struct side {
	struct fp_file *file;
	struct fp_strv tables;
	struct fp_sqlfile_layer *layer; /* NULL: it has no such table */
	sqlite3_stmt *rows;
	int there;                      /* a row is at hand */
	int64_t n;                      /* rows so far */
	struct fp_feature f;
};

/* A column of both versions, -1 where there is none. */
struct pair {
	int at[2];
};

struct run {
	const struct fp_gpkg_diff *d;
	const char *table;
	struct side side[2];
	struct pair *pairs;
	size_t n_pairs, cap_pairs;
	int by_row;
	int64_t added, removed, changed;
	json_t *body; /* of the table's event */
};

static sqlite3 *db_of(const struct side *s)
{
	return ((struct fp_sqlfile *)s->file)->db;
}

static const char *word_of(const struct run *r, const struct side *s)
{
	return s == &r->side[BEFORE] ? "the older version cannot be read" : "the newer version cannot be read";
}

/* ---- files and tables ---- */

static enum fp_status list_tables(struct run *r, struct side *s, struct fp_error *err)
{
	static const char sql[] = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes', 'aspatial') AND table_name <> ''"
		" ORDER BY table_name";
	sqlite3_stmt *q;
	enum fp_status st = fp_sqlfile_prepare(&q, db_of(s), sql, err);
	int rc = SQLITE_DONE;

	while (st == FP_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		if (s->tables.n == TABLES_MAX)
			st = fp_fail(err, FP_E_FULL, "%s: it has more than %d tables", word_of(r, s), TABLES_MAX);
		else
			fp_strv_add(&s->tables, (const char *)sqlite3_column_text(q, 0));
	}
	if (st == FP_OK && rc != SQLITE_DONE)
		st = fp_sqlfile_fail(db_of(s), rc, word_of(r, s), err);
	sqlite3_finalize(q);
	return st;
}

static enum fp_status open_side(struct run *r, struct side *s, const char *path, struct fp_error *err)
{
	enum fp_status st;

	if (!fp_sqlfile_is(path))
		return fp_fail(err, FP_E_REFUSED, "only GeoPackages are compared feature by feature, and %s is none", fp_path_base(path));
	st = fp_sqlfile_open_reading(&s->file, path, err);
	if (st == FP_E_INVALID || st == FP_E_CORRUPT) {
		struct fp_error why = *err;
		return fp_fail(err, FP_E_CORRUPT, "%s: %s", word_of(r, s), why.msg);
	}
	if (st == FP_OK && !((struct fp_sqlfile *)s->file)->is_gpkg)
		return fp_fail(err, FP_E_REFUSED, "only GeoPackages are compared feature by feature, and %s is none", fp_path_base(path));
	return st == FP_OK ? list_tables(r, s, err) : st;
}

static void note(struct run *r, char *text)
{
	json_array_append_new(json_object_get(r->body, "notes"), fp_json_text(text));
	free(text);
}

/* A table that cannot be read as one (a view, a name without a table) is told of, and the others are compared. */
static enum fp_status open_table(struct run *r, struct side *s, struct fp_error *err)
{
	struct fp_target *t = NULL;
	enum fp_status st;

	if (!fp_strv_has(&s->tables, r->table))
		return FP_OK;
	st = s->file->ops->open_layer(s->file, &t, r->table, 0, "", err);
	if (st == FP_E_REFUSED) {
		note(r, fp_asprintf("%s: %s", word_of(r, s), err->msg));
		return FP_OK;
	}
	if (st == FP_OK) {
		s->layer = (struct fp_sqlfile_layer *)t;
		fp_feature_init(&s->f, t->n_columns);
	}
	return st;
}

static void close_table(struct side *s)
{
	sqlite3_finalize(s->rows);
	s->rows = NULL;
	if (s->layer) {
		fp_feature_clear(&s->f);
		s->layer->target.ops->free(&s->layer->target);
	}
	s->layer = NULL;
	s->n = 0;
	s->there = 0;
}

static const struct fp_column *column(const struct run *r, int side, size_t pair)
{
	int at = r->pairs[pair].at[side];

	return at < 0 ? NULL : &r->side[side].layer->target.columns[at];
}

static const char *name_of(const struct run *r, size_t pair)
{
	return column(r, column(r, BEFORE, pair) ? BEFORE : AFTER, pair)->name;
}

static void add_pair(struct run *r, int before, int after)
{
	FP_GROW(r->pairs, r->n_pairs, r->cap_pairs);
	r->pairs[r->n_pairs++] = (struct pair){{before, after}};
}

static void pair_columns(struct run *r)
{
	const struct fp_target *a = &r->side[BEFORE].layer->target, *b = &r->side[AFTER].layer->target;

	r->n_pairs = 0;
	for (size_t i = 0; i < a->n_columns; i++) {
		int at = fp_target_column(b, a->columns[i].name);
		add_pair(r, (int)i, at);
		if (at < 0)
			json_array_append_new(json_object_get(r->body, "columns_removed"), fp_json_text(a->columns[i].name));
		else if (a->columns[i].kind != b->columns[at].kind)
			note(r, fp_asprintf("column \"%s\" is of another type now", a->columns[i].name));
	}
	for (size_t i = 0; i < b->n_columns; i++) {
		if (fp_target_column(a, b->columns[i].name) >= 0)
			continue;
		add_pair(r, -1, (int)i);
		json_array_append_new(json_object_get(r->body, "columns_added"), fp_json_text(b->columns[i].name));
	}
}

static void compare_geometries(struct run *r)
{
	const struct fp_sqlfile_layer *a = r->side[BEFORE].layer, *b = r->side[AFTER].layer;

	if (!a->geom != !b->geom)
		note(r, fp_strdup(b->geom ? "it has a geometry now" : "it has no geometry any more"));
	if (!a->geom || !b->geom)
		return;
	if (a->target.geometry.flat != b->target.geometry.flat)
		note(r, fp_asprintf("its geometries were of type %s and are of type %s", OGRGeometryTypeToName(a->target.geometry.flat),
			OGRGeometryTypeToName(b->target.geometry.flat)));
	if (a->srs_id != b->srs_id)
		note(r, fp_asprintf("its coordinate system was number %d and is number %d", a->srs_id, b->srs_id));
}

/* ---- rows ---- */

/* By the row's number, or by everything: then both sorters must agree, so no collation of the table's has a say. */
static char *order(const struct run *r, int side)
{
	struct fp_buf b = FP_BUF_INIT;

	if (r->by_row)
		return fp_asprintf("1 ORDER BY %s", r->side[side].layer->row);
	fp_buf_adds(&b, "1 ORDER BY ");
	for (size_t i = 0; i < r->n_pairs; i++)
		fp_buf_addf(&b, "%d COLLATE BINARY, ", r->pairs[i].at[side] + 2);
	fp_buf_adds(&b, "1 COLLATE BINARY");
	return fp_buf_take(&b);
}

static enum fp_status next(struct run *r, struct side *s, struct fp_error *err)
{
	int rc = sqlite3_step(s->rows);

	s->there = rc == SQLITE_ROW;
	s->n += s->there;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? FP_OK : fp_sqlfile_fail(db_of(s), rc, word_of(r, s), err);
}

static int rank_of(sqlite3_stmt *s, int i)
{
	static const int ranks[] = {[SQLITE_NULL] = 0, [SQLITE_INTEGER] = 1, [SQLITE_FLOAT] = 1, [SQLITE_TEXT] = 2, [SQLITE_BLOB] = 3};

	return ranks[sqlite3_column_type(s, i)];
}

static int compare_bytes(const void *a, size_t na, const void *b, size_t nb)
{
	int c = na && nb ? memcmp(a, b, na < nb ? na : nb) : 0;

	return c ? c : na < nb ? -1 : na > nb;
}

static int compare_numbers(sqlite3_stmt *a, int i, sqlite3_stmt *b, int j)
{
	long double x, y;

	if (sqlite3_column_type(a, i) == SQLITE_INTEGER && sqlite3_column_type(b, j) == SQLITE_INTEGER) {
		int64_t m = sqlite3_column_int64(a, i), n = sqlite3_column_int64(b, j);
		return m < n ? -1 : m > n;
	}
	x = sqlite3_column_type(a, i) == SQLITE_INTEGER ? (long double)sqlite3_column_int64(a, i) : (long double)sqlite3_column_double(a, i);
	y = sqlite3_column_type(b, j) == SQLITE_INTEGER ? (long double)sqlite3_column_int64(b, j) : (long double)sqlite3_column_double(b, j);
	return x < y ? -1 : x > y;
}

/* As SQLite orders values. */
static int compare_values(sqlite3_stmt *a, int i, sqlite3_stmt *b, int j)
{
	int ra = rank_of(a, i), rb = rank_of(b, j);

	if (ra != rb)
		return ra < rb ? -1 : 1;
	if (ra == 0)
		return 0;
	return ra == 1 ? compare_numbers(a, i, b, j) : compare_bytes(sqlite3_column_blob(a, i), (size_t)sqlite3_column_bytes(a, i), sqlite3_column_blob(b, j),
		(size_t)sqlite3_column_bytes(b, j));
}

static int compare_keys(const struct run *r)
{
	sqlite3_stmt *a = r->side[BEFORE].rows, *b = r->side[AFTER].rows;
	int c = 0;

	if (r->by_row)
		return compare_values(a, sqlite3_column_count(a) - 1, b, sqlite3_column_count(b) - 1);
	for (size_t i = 0; i < r->n_pairs && c == 0; i++)
		c = compare_values(a, r->pairs[i].at[BEFORE] + 1, b, r->pairs[i].at[AFTER] + 1);
	return c ? c : compare_values(a, 0, b, 0);
}

/* Most rows are the same to the byte: nothing is copied to find that out. */
static int same_bytes(const struct run *r)
{
	sqlite3_stmt *a = r->side[BEFORE].rows, *b = r->side[AFTER].rows;

	for (size_t i = 0; i < r->n_pairs; i++) {
		int x = r->pairs[i].at[BEFORE] + 1, y = r->pairs[i].at[AFTER] + 1;
		if (x == 0 || y == 0) {
			if (sqlite3_column_type(x ? a : b, x ? x : y) != SQLITE_NULL)
				return 0;
		} else if (sqlite3_column_type(a, x) != sqlite3_column_type(b, y) || compare_values(a, x, b, y) != 0) {
			return 0;
		}
	}
	return compare_values(a, 0, b, 0) == 0;
}

static void tell(struct run *r, const char *change, struct fp_difference *diff)
{
	const struct side *s = &r->side[r->side[AFTER].there && strcmp(change, "removed") != 0 ? AFTER : BEFORE];
	json_t *body = json_object(), *key = json_null();

	if (r->by_row)
		key = json_sprintf("%lld", (long long)sqlite3_column_int64(s->rows, sqlite3_column_count(s->rows) - 1));
	json_object_set_new(body, "table", fp_json_text(r->table));
	json_object_set_new(body, "key", key);
	json_object_set_new(body, "change", json_string(change));
	json_object_set_new(body, "fields", diff->fields);
	r->d->difference(r->d->arg, body);
}

/* A feature that only one version has: what it is there, its nulls left out. */
static void tell_alone(struct run *r, int side, const char *change)
{
	struct side *s = &r->side[side];
	struct fp_difference diff;

	if (r->d->summary)
		return;
	fp_difference_begin(&diff, FP_DIFFERENCE_MAX);
	fp_sqlfile_take_feature(s->layer, &s->f, s->rows);
	for (size_t i = 0; i < s->f.n; i++) {
		struct fp_stored v = {&s->f.values[i], &s->layer->target.columns[i]};
		if (v.value->type != FP_NULL)
			fp_difference_field(&diff, v.column->name, side == BEFORE ? &v : NULL, side == AFTER ? &v : NULL);
	}
	if (s->f.wkb)
		fp_difference_geometry(&diff, side == BEFORE ? &s->f : NULL, side == AFTER ? &s->f : NULL);
	tell(r, change, &diff);
}

static struct fp_stored stored(const struct run *r, int side, size_t pair)
{
	const struct fp_column *c = column(r, side, pair);

	return (struct fp_stored){c ? &r->side[side].f.values[r->pairs[pair].at[side]] : NULL, c ? c : column(r, !side, pair)};
}

/* A blob that is no geometry in either version has bytes all the same. */
static int same_geometry(const struct run *r)
{
	const struct side *a = &r->side[BEFORE], *b = &r->side[AFTER];

	return compare_values(a->rows, 0, b->rows, 0) == 0 || ((a->f.wkb || b->f.wkb) && fp_feature_same_geometry(&a->f, &b->f));
}

static void compare_features(struct run *r)
{
	struct side *a = &r->side[BEFORE], *b = &r->side[AFTER];
	struct fp_difference diff;

	if (same_bytes(r))
		return;
	fp_difference_begin(&diff, FP_DIFFERENCE_MAX);
	fp_sqlfile_take_feature(a->layer, &a->f, a->rows);
	fp_sqlfile_take_feature(b->layer, &b->f, b->rows);
	for (size_t i = 0; i < r->n_pairs; i++) {
		struct fp_stored x = stored(r, BEFORE, i), y = stored(r, AFTER, i);
		if (!fp_stored_same(&x, &y))
			fp_difference_field(&diff, name_of(r, i), &x, &y);
	}
	if (!same_geometry(r))
		fp_difference_geometry(&diff, &a->f, &b->f);
	if (json_array_size(diff.fields) > 0) {
		r->changed++;
		if (!r->d->summary) {
			tell(r, "changed", &diff);
			return;
		}
	}
	json_decref(diff.fields);
}

static enum fp_status merge(struct run *r, struct fp_error *err)
{
	struct side *a = &r->side[BEFORE], *b = &r->side[AFTER];
	enum fp_status st = next(r, a, err);

	if (st == FP_OK)
		st = next(r, b, err);
	while (st == FP_OK && (a->there || b->there)) {
		int c = !a->there ? 1 : !b->there ? -1 : compare_keys(r);

		if (c < 0) {
			r->removed++;
			tell_alone(r, BEFORE, "removed");
		} else if (c > 0) {
			r->added++;
			tell_alone(r, AFTER, "added");
		} else if (r->by_row) {
			compare_features(r);
		}
		if (c <= 0)
			st = next(r, a, err);
		if (st == FP_OK && c >= 0)
			st = next(r, b, err);
	}
	return st;
}

/* ---- a table ---- */

static enum fp_status count_rows(struct run *r, struct side *s, struct fp_error *err)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", s->layer->table);
	sqlite3_stmt *q = NULL;
	enum fp_status st = fp_sqlfile_prepare(&q, db_of(s), sql, err);

	if (st == FP_OK && sqlite3_step(q) != SQLITE_ROW)
		st = fp_sqlfile_fail(db_of(s), sqlite3_errcode(db_of(s)), word_of(r, s), err);
	if (st == FP_OK)
		s->n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_free(sql);
	return st;
}

/* 1 when rows can be told apart in both versions in the same way. */
static int comparable(struct run *r)
{
	const struct fp_sqlfile_layer *a = r->side[BEFORE].layer, *b = r->side[AFTER].layer;

	r->by_row = a->row_is_key && b->row_is_key;
	if (r->by_row || (json_array_size(json_object_get(r->body, "columns_added")) == 0 &&
		json_array_size(json_object_get(r->body, "columns_removed")) == 0 && !a->geom == !b->geom))
		return 1;
	note(r, fp_strdup("it has no INTEGER primary key and other columns than before: its features are not compared"));
	return 0;
}

static enum fp_status compare_table(struct run *r, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	pair_columns(r);
	compare_geometries(r);
	if (!comparable(r)) {
		st = count_rows(r, &r->side[BEFORE], err);
		return st == FP_OK ? count_rows(r, &r->side[AFTER], err) : st;
	}
	for (int i = BEFORE; st == FP_OK && i <= AFTER; i++) {
		char *condition = order(r, i);
		st = fp_sqlfile_prepare_features(&r->side[i].rows, r->side[i].layer, condition, err);
		free(condition);
	}
	return st == FP_OK ? merge(r, err) : st;
}

static const char *verdict(const struct run *r)
{
	const struct side *a = &r->side[BEFORE], *b = &r->side[AFTER];
	int had = fp_strv_has(&a->tables, r->table), has = fp_strv_has(&b->tables, r->table);

	if (had > (a->layer != NULL) || has > (b->layer != NULL))
		return "unknown";
	if (!had || !has)
		return had ? "removed" : "added";
	return r->added || r->removed || r->changed || json_array_size(json_object_get(r->body, "notes")) ||
		json_array_size(json_object_get(r->body, "columns_added")) || json_array_size(json_object_get(r->body, "columns_removed")) ? "changed" : "same";
}

static void tell_table(struct run *r)
{
	static const char *const words[] = {"before", "after"};

	json_object_set_new(r->body, "change", json_string(verdict(r)));
	for (int i = BEFORE; i <= AFTER; i++)
		json_object_set_new(r->body, words[i], r->side[i].layer ? json_integer(r->side[i].n) : json_null());
	json_object_set_new(r->body, "added", json_integer(r->added));
	json_object_set_new(r->body, "removed", json_integer(r->removed));
	json_object_set_new(r->body, "changed", json_integer(r->changed));
	r->d->done(r->d->arg, json_incref(r->body));
}

static enum fp_status table(struct run *r, const char *name, struct fp_error *err)
{
	struct side *a = &r->side[BEFORE], *b = &r->side[AFTER];
	enum fp_status st;

	r->table = name;
	r->added = r->removed = r->changed = 0;
	r->body = json_object();
	json_object_set_new(r->body, "table", fp_json_text(name));
	json_object_set_new(r->body, "columns_added", json_array());
	json_object_set_new(r->body, "columns_removed", json_array());
	json_object_set_new(r->body, "notes", json_array());
	st = open_table(r, a, err);
	if (st == FP_OK)
		st = open_table(r, b, err);
	if (st == FP_OK && a->layer && b->layer)
		st = compare_table(r, err);
	else if (st == FP_OK && (a->layer || b->layer))
		st = count_rows(r, a->layer ? a : b, err);
	if (st == FP_OK)
		tell_table(r);
	json_decref(r->body);
	close_table(a);
	close_table(b);
	return st;
}

static enum fp_status tables(struct run *r, struct fp_error *err)
{
	const struct fp_strv *a = &r->side[BEFORE].tables, *b = &r->side[AFTER].tables;
	enum fp_status st = FP_OK;

	if (*r->d->table && !fp_strv_has(a, r->d->table) && !fp_strv_has(b, r->d->table))
		return fp_fail(err, FP_E_NOTFOUND, "neither version has a table \"%s\"", r->d->table);
	for (size_t i = 0; st == FP_OK && i < a->n + b->n; i++) {
		const char *name = i < a->n ? a->items[i] : b->items[i - a->n];
		if ((i >= a->n && fp_strv_has(a, name)) || (*r->d->table && strcmp(name, r->d->table) != 0))
			continue;
		st = table(r, name, err);
	}
	return st;
}

enum fp_status fp_gpkg_diff(const struct fp_gpkg_diff *d, struct fp_error *err)
{
	struct run r = {.d = d};
	enum fp_status st = open_side(&r, &r.side[BEFORE], d->before, err);

	if (st == FP_OK)
		st = open_side(&r, &r.side[AFTER], d->after, err);
	if (st == FP_OK)
		st = tables(&r, err);
	for (int i = BEFORE; i <= AFTER; i++) {
		if (r.side[i].file)
			r.side[i].file->ops->free(r.side[i].file);
		fp_strv_free(&r.side[i].tables);
	}
	free(r.pairs);
	return st;
}
