#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/changes/key.h"
#include "engine/changes/target_sqlite.h"
#include "engine/layers/sqlite.h"

static sqlite3 *db_of(const struct fp_sqlfile_layer *l)
{
	return ((struct fp_sqlfile *)l->target.file)->db;
}

/* ---- statements ---- */

static enum fp_status prepare_find(struct fp_sqlfile_layer *l, struct fp_error *err)
{
	char *key = fp_sqlite_quote(l->target.columns[l->target.key].name), *table = fp_sqlite_quote(l->table), *sql;
	enum fp_status st;

	sql = fp_asprintf("SELECT %s FROM %s WHERE %s = ?1 LIMIT 2", l->row, table, key);
	st = fp_sqlfile_prepare(&l->find_any, db_of(l), sql, err);
	free(sql);
	if (st == FP_OK && *l->filter) {
		/* The line's end closes a comment that the filter may end in. */
		sql = fp_asprintf("SELECT %s FROM %s WHERE %s = ?1 AND (%s\n) LIMIT 2", l->row, table, key, l->filter);
		st = fp_sqlfile_prepare(&l->find, db_of(l), sql, err);
		free(sql);
	}
	free(key);
	free(table);
	return st;
}

enum fp_status fp_sqlfile_prepare_features(sqlite3_stmt **out, struct fp_sqlfile_layer *l, const char *condition, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	char *table = fp_sqlite_quote(l->table);
	enum fp_status st;

	fp_buf_addf(&sql, "SELECT %s", l->geom ? l->geom : "NULL");
	for (size_t i = 0; i < l->target.n_columns; i++) {
		char *q = fp_sqlite_quote(l->target.columns[i].name);
		fp_buf_addf(&sql, ", %s", q);
		free(q);
	}
	fp_buf_addf(&sql, ", %s FROM %s WHERE %s", l->row, table, condition);
	st = fp_sqlfile_prepare(out, db_of(l), sql.data, err);
	fp_buf_free(&sql);
	free(table);
	return st;
}

static enum fp_status prepare_read(struct fp_sqlfile_layer *l, struct fp_error *err)
{
	char *by_row = fp_asprintf("%s = ?1", l->row);
	enum fp_status st = fp_sqlfile_prepare_features(&l->read, l, by_row, err);

	free(by_row);
	return st;
}

static void add_columns(struct fp_buf *sql, const struct fp_sqlfile_layer *l, const char *shape, const char *after)
{
	const char *comma = "";

	for (size_t i = 0; i < l->target.n_columns; i++) {
		char *q = shape[2 + i] ? fp_sqlite_quote(l->target.columns[i].name) : NULL;
		if (!q)
			continue;
		fp_buf_addf(sql, "%s%s%s", comma, q, after);
		comma = ", ";
		free(q);
	}
	if (shape[1])
		fp_buf_addf(sql, "%s%s%s", comma, l->geom, after);
}

static char *statement(const struct fp_sqlfile_layer *l, const char *shape)
{
	char *table = fp_sqlite_quote(l->table);
	struct fp_buf sql = FP_BUF_INIT;
	size_t n = shape[1] != 0;

	for (size_t i = 0; i < l->target.n_columns; i++)
		n += shape[2 + i] != 0;
	if (shape[0] == 'd') {
		fp_buf_addf(&sql, "DELETE FROM %s WHERE %s = ?", table, l->row);
	} else if (shape[0] == 'u') {
		fp_buf_addf(&sql, "UPDATE %s SET ", table);
		add_columns(&sql, l, shape, " = ?");
		fp_buf_addf(&sql, " WHERE %s = ?", l->row);
	} else if (n == 0) {
		fp_buf_addf(&sql, "INSERT INTO %s DEFAULT VALUES", table);
	} else {
		fp_buf_addf(&sql, "INSERT INTO %s (", table);
		add_columns(&sql, l, shape, "");
		fp_buf_adds(&sql, ") VALUES (");
		for (size_t i = 0; i < n; i++)
			fp_buf_adds(&sql, i ? ", ?" : "?");
		fp_buf_addc(&sql, ')');
	}
	free(table);
	return fp_buf_take(&sql);
}

/* The statement that does VERB ("i", "u", "d") to the columns of SET. Devices change the same few columns again and again: they are kept. */
static enum fp_status prepared(sqlite3_stmt **out, struct fp_sqlfile_layer *l, char verb, const char *set, int geometry, struct fp_error *err)
{
	size_t n = l->target.n_columns + 2, i;
	char *shape = fp_alloc(n), *sql;
	enum fp_status st;

	shape[0] = verb;
	shape[1] = (char)geometry;
	if (set)
		memcpy(shape + 2, set, n - 2);
	for (i = 0; i < l->n_cached; i++) {
		if (memcmp(l->cache[i].shape, shape, n) == 0) {
			*out = l->cache[i].stmt;
			free(shape);
			return FP_OK;
		}
	}
	sql = statement(l, shape);
	st = fp_sqlfile_prepare(out, db_of(l), sql, err);
	free(sql);
	if (st != FP_OK) {
		free(shape);
		return st;
	}
	if (l->n_cached < FP_SQLFILE_STATEMENTS) {
		i = l->n_cached++;
	} else {
		i = l->next_victim++ % FP_SQLFILE_STATEMENTS;
		free(l->cache[i].shape);
		sqlite3_finalize(l->cache[i].stmt);
	}
	l->cache[i].shape = shape;
	l->cache[i].stmt = *out;
	return FP_OK;
}

/* ---- operations ---- */

static enum fp_status look(struct fp_sqlfile_layer *l, sqlite3_stmt *s, const char *text, int64_t *fid, int *n, struct fp_error *err)
{
	enum fp_kind kind = l->target.columns[l->target.key].kind;
	enum fp_status st = FP_OK;
	int64_t i;
	int rc;

	*n = 0;
	if (kind != FP_KIND_INT && kind != FP_KIND_REAL) {
		sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
	} else if (fp_key_number(&i, text) == 0) {
		sqlite3_bind_int64(s, 1, i);
	} else {
		return FP_OK;
	}
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		*fid = sqlite3_column_int64(s, 0);
		(*n)++;
	}
	if (rc != SQLITE_DONE)
		st = fp_sqlfile_fail(db_of(l), rc, "cannot look the feature up", err);
	sqlite3_reset(s);
	return st;
}

static enum fp_status find(struct fp_target *t, const char *text, int64_t *fid, int *n, int *hidden, struct fp_error *err)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;
	enum fp_status st = look(l, l->find ? l->find : l->find_any, text, fid, n, err);
	int any = 0;

	*hidden = 0;
	if (st == FP_OK && *n == 0 && l->find) {
		st = look(l, l->find_any, text, fid, &any, err);
		*hidden = any > 0;
	}
	return st;
}

static void take_value(struct fp_value *v, sqlite3_stmt *s, int i)
{
	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		fp_value_clear(v);
		v->type = FP_INT;
		v->i = sqlite3_column_int64(s, i);
		break;
	case SQLITE_FLOAT:
		fp_value_clear(v);
		v->type = FP_REAL;
		v->r = sqlite3_column_double(s, i);
		break;
	case SQLITE_TEXT:
		fp_value_set_text(v, FP_TEXT, sqlite3_column_text(s, i), (size_t)sqlite3_column_bytes(s, i));
		break;
	case SQLITE_BLOB:
		fp_value_set_text(v, FP_BLOB, sqlite3_column_blob(s, i), (size_t)sqlite3_column_bytes(s, i));
		break;
	default:
		fp_value_clear(v);
	}
}

void fp_sqlfile_take_feature(const struct fp_sqlfile_layer *l, struct fp_feature *out, sqlite3_stmt *s)
{
	fp_sqlfile_take_geometry(l, out, s);
	for (size_t i = 0; i < out->n; i++)
		take_value(&out->values[i], s, (int)i + 1);
}

static enum fp_status read_feature(struct fp_target *t, int64_t fid, struct fp_feature *out, struct fp_error *err)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;
	enum fp_status st = FP_OK;
	int rc;

	sqlite3_bind_int64(l->read, 1, fid);
	rc = sqlite3_step(l->read);
	if (rc == SQLITE_DONE) {
		st = FP_E_NOTFOUND;
		fp_fail(err, st, "Unable to find feature");
	} else if (rc != SQLITE_ROW) {
		st = fp_sqlfile_fail(db_of(l), rc, "cannot read the feature", err);
	} else {
		fp_sqlfile_take_feature(l, out, l->read);
	}
	sqlite3_reset(l->read);
	return st;
}

static enum fp_status each_feature(struct fp_target *t, fp_target_each *each, void *arg, struct fp_error *err)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;
	char *condition = *l->filter ? fp_asprintf("(%s\n)", l->filter) : fp_strdup("1");
	sqlite3_stmt *s = NULL;
	enum fp_status st = fp_sqlfile_prepare_features(&s, l, condition, err);
	struct fp_feature f;
	int rc = SQLITE_DONE;

	fp_feature_init(&f, t->n_columns);
	while (st == FP_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		fp_sqlfile_take_feature(l, &f, s);
		st = each(arg, sqlite3_column_int64(s, (int)f.n + 1), &f, err);
	}
	if (st == FP_OK && rc != SQLITE_DONE)
		st = fp_sqlfile_fail(db_of(l), rc, "cannot read the features", err);
	fp_feature_clear(&f);
	sqlite3_finalize(s);
	free(condition);
	return st;
}

static void bind_value(sqlite3_stmt *s, int i, const struct fp_value *v)
{
	switch (v->type) {
	case FP_NULL:
		sqlite3_bind_null(s, i);
		break;
	case FP_INT:
		sqlite3_bind_int64(s, i, v->i);
		break;
	case FP_REAL:
		sqlite3_bind_double(s, i, v->r);
		break;
	case FP_TEXT:
		sqlite3_bind_text64(s, i, v->text, v->len, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case FP_BLOB:
		sqlite3_bind_blob64(s, i, v->text, v->len, SQLITE_STATIC);
		break;
	}
}

/* Binds the columns of SET, the geometry after them; *NEXT is the number of the next parameter. */
static enum fp_status bind_feature(struct fp_sqlfile_layer *l, sqlite3_stmt *s, const struct fp_feature *f, const char *set, int geometry, int *next,
	struct fp_error *err)
{
	*next = 1;
	for (size_t i = 0; i < f->n; i++)
		if (set[i])
			bind_value(s, (*next)++, &f->values[i]);
	return geometry ? fp_sqlfile_bind_geometry(l, s, (*next)++, f, err) : FP_OK;
}

static void extend(struct fp_sqlfile_layer *l, const struct fp_feature *f)
{
	double e[4];

	if (!f->wkb || !fp_gpkg_wkb_envelope(e, f->wkb, f->wkb_len))
		return;
	for (int k = 0; k < 4; k += 2) {
		l->extent[k] = l->has_extent ? fmin(l->extent[k], e[k]) : e[k];
		l->extent[k + 1] = l->has_extent ? fmax(l->extent[k + 1], e[k + 1]) : e[k + 1];
	}
	l->has_extent = 1;
}

/* Runs a statement that changes one row, and makes sure that it did and that no reference dangles. */
static enum fp_status change(struct fp_sqlfile_layer *l, sqlite3_stmt *s, struct fp_error *err)
{
	enum fp_status st = fp_sqlfile_run(db_of(l), s, "Failed to commit changes", err);
	int dangling = 0, high;

	sqlite3_clear_bindings(s);
	if (st != FP_OK)
		return st;
	if (sqlite3_changes(db_of(l)) == 0)
		return fp_fail(err, FP_E_REFUSED, "Failed to commit changes: the table \"%s\" ignored the change (a trigger of its own does that)", l->table);
	if (sqlite3_db_status(db_of(l), SQLITE_DBSTATUS_DEFERRED_FKS, &dangling, &high, 0) == SQLITE_OK && dangling)
		return fp_fail(err, FP_E_REFUSED, "Failed to commit changes: FOREIGN KEY constraint failed");
	l->changed = 1;
	return FP_OK;
}

static enum fp_status update(struct fp_target *t, int64_t fid, const struct fp_feature *f, const char *set, int geometry, struct fp_error *err)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepared(&s, l, 'u', set, geometry, err);
	int next;

	if (st == FP_OK)
		st = bind_feature(l, s, f, set, geometry, &next, err);
	if (st == FP_OK) {
		sqlite3_bind_int64(s, next, fid);
		st = change(l, s, err);
	}
	if (st == FP_OK && geometry)
		extend(l, f);
	return st;
}

static enum fp_status insert(struct fp_target *t, const struct fp_feature *f, const char *set, int geometry, int64_t *fid, struct fp_error *err)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepared(&s, l, 'i', set, geometry, err);
	int next;

	if (st == FP_OK)
		st = bind_feature(l, s, f, set, geometry, &next, err);
	if (st == FP_OK)
		st = change(l, s, err);
	if (st == FP_OK) {
		*fid = sqlite3_last_insert_rowid(db_of(l));
		extend(l, f);
	}
	return st;
}

static enum fp_status remove_feature(struct fp_target *t, int64_t fid, struct fp_error *err)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepared(&s, l, 'd', NULL, 0, err);

	if (st == FP_OK) {
		sqlite3_bind_int64(s, 1, fid);
		st = change(l, s, err);
	}
	return st;
}

static void layer_free(struct fp_target *t)
{
	struct fp_sqlfile_layer *l = (struct fp_sqlfile_layer *)t;

	sqlite3_finalize(l->find);
	sqlite3_finalize(l->find_any);
	sqlite3_finalize(l->read);
	for (size_t i = 0; i < l->n_cached; i++) {
		free(l->cache[i].shape);
		sqlite3_finalize(l->cache[i].stmt);
	}
	free(l->table);
	free(l->row);
	free(l->geom);
	free(l->filter);
	fp_target_clear(t);
	free(l);
}

static const struct fp_target_ops ops = {
	.find = find, .read = read_feature, .update = update, .insert = insert, .remove = remove_feature, .each = each_feature, .free = layer_free
};

/* ---- opening ---- */

enum fp_status fp_sqlfile_open_layer(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err)
{
	struct fp_sqlfile *g = (struct fp_sqlfile *)f;
	struct fp_sqlfile_layer *l = fp_alloc(sizeof *l);
	enum fp_status st;

	l->target = (struct fp_target){.ops = &ops, .file = f, .key = -1, .geometry = {.flat = wkbNone}};
	l->filter = fp_strdup(filter);
	st = fp_sqlfile_describe(l, layer, index, err);
	if (st == FP_OK)
		st = prepare_read(l, err);
	if (st == FP_OK && l->target.key >= 0)
		st = prepare_find(l, err);
	if (st != FP_OK) {
		layer_free(&l->target);
		return st;
	}
	FP_GROW(g->layers, g->n_layers, g->cap_layers);
	g->layers[g->n_layers++] = l;
	*out = &l->target;
	return FP_OK;
}
