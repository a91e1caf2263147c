#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/mem.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/changes/key.h"
#include "engine/changes/target_gpkg.h"

static char *quoted(const char *name)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addc(&b, '"');
	for (; *name; name++)
		fp_buf_adds(&b, *name == '"' ? "\"\"" : (char[]){*name, 0});
	fp_buf_addc(&b, '"');
	return fp_buf_take(&b);
}

static sqlite3 *db_of(const struct fp_gpkg_layer *l)
{
	return ((struct fp_gpkg *)l->target.file)->db;
}

/* ---- what the layer is ---- */

/* "TEXT(10)" is TEXT. Types that GeoPackage does not name are kept, not written. */
static void set_kind(struct fp_column *c, const char *type)
{
	static const struct { const char *type; enum fp_kind kind; int bits; } kinds[] = {
		{"BOOLEAN", FP_KIND_BOOL, 0}, {"TINYINT", FP_KIND_INT, 8}, {"SMALLINT", FP_KIND_INT, 16}, {"MEDIUMINT", FP_KIND_INT, 32},
		{"INT", FP_KIND_INT, 64}, {"INTEGER", FP_KIND_INT, 64}, {"BIGINT", FP_KIND_INT, 64}, {"FLOAT", FP_KIND_REAL, 0},
		{"DOUBLE", FP_KIND_REAL, 0}, {"REAL", FP_KIND_REAL, 0}, {"NUMERIC", FP_KIND_REAL, 0}, {"TEXT", FP_KIND_TEXT, 0},
		{"VARCHAR", FP_KIND_TEXT, 0}, {"CHAR", FP_KIND_TEXT, 0}, {"BLOB", FP_KIND_BLOB, 0}, {"DATE", FP_KIND_DATE, 0},
		{"DATETIME", FP_KIND_DATETIME, 0}, {"TIMESTAMP", FP_KIND_DATETIME, 0}, {"TIME", FP_KIND_TIME, 0}, {"JSON", FP_KIND_JSON, 0},
	};
	size_t n = strcspn(type, "( ");

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strlen(kinds[i].type) != n || strncasecmp(kinds[i].type, type, n) != 0)
			continue;
		c->kind = kinds[i].kind;
		if (kinds[i].bits > 0 && kinds[i].bits < 64) {
			c->max = ((int64_t)1 << (kinds[i].bits - 1)) - 1;
			c->min = -c->max - 1;
		}
	}
}

/* Runs SQL with the table's name as ?1 and calls EACH for its rows. */
static enum fp_status each_row(struct fp_gpkg_layer *l, const char *sql, void (*each)(struct fp_gpkg_layer *, sqlite3_stmt *), struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = fp_gpkg_prepare(&s, db_of(l), sql, err);
	int rc = SQLITE_DONE;

	if (st != FP_OK)
		return st;
	sqlite3_bind_text(s, 1, l->table, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		each(l, s);
	if (rc != SQLITE_DONE)
		st = fp_gpkg_fail(db_of(l), rc, "cannot read the layer's definition", err);
	sqlite3_finalize(s);
	return st;
}

static const char *text_of(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return t ? t : "";
}

static void take_geometry(struct fp_gpkg_layer *l, sqlite3_stmt *s)
{
	static const struct { const char *name; OGRwkbGeometryType type; } types[] = {
		{"POINT", wkbPoint}, {"LINESTRING", wkbLineString}, {"POLYGON", wkbPolygon}, {"MULTIPOINT", wkbMultiPoint},
		{"MULTILINESTRING", wkbMultiLineString}, {"MULTIPOLYGON", wkbMultiPolygon}, {"GEOMETRYCOLLECTION", wkbGeometryCollection},
		{"GEOMCOLLECTION", wkbGeometryCollection}, {"CIRCULARSTRING", wkbCircularString}, {"COMPOUNDCURVE", wkbCompoundCurve},
		{"CURVEPOLYGON", wkbCurvePolygon}, {"MULTICURVE", wkbMultiCurve}, {"MULTISURFACE", wkbMultiSurface},
		{"TRIANGLE", wkbTriangle}, {"TIN", wkbTIN}, {"POLYHEDRALSURFACE", wkbPolyhedralSurface},
	};
	struct fp_geom_type *g = &l->target.geometry;
	static const enum fp_dimension dims[] = {FP_DIM_NO, FP_DIM_YES, FP_DIM_MAY};
	int z = sqlite3_column_int(s, 3), m = sqlite3_column_int(s, 4);

	free(l->geom);
	l->geom = quoted(text_of(s, 0));
	g->flat = wkbUnknown;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(types[i].name, text_of(s, 1)) == 0)
			g->flat = types[i].type;
	l->srs_id = sqlite3_column_int(s, 2);
	g->z = z >= 0 && z <= 2 ? dims[z] : FP_DIM_MAY;
	g->m = m >= 0 && m <= 2 ? dims[m] : FP_DIM_MAY;
}

static int is_geometry_column(const struct fp_gpkg_layer *l, const char *name)
{
	char *q = quoted(name);
	int is = l->geom && strcasecmp(q, l->geom) == 0;

	free(q);
	return is;
}

static void take_column(struct fp_gpkg_layer *l, sqlite3_stmt *s)
{
	struct fp_column *c;

	if (is_geometry_column(l, text_of(s, 0)))
		return;
	c = fp_target_add_column(&l->target, text_of(s, 0), FP_KIND_OTHER);
	set_kind(c, text_of(s, 1));
	c->not_null = sqlite3_column_int(s, 2);
	c->has_default = sqlite3_column_type(s, 3) != SQLITE_NULL;
	/* A table with one key column of type INTEGER: that column is the row's number. */
	if (sqlite3_column_int(s, 4) == 1 && strcasecmp(text_of(s, 1), "INTEGER") == 0 && l->target.key == -1) {
		l->target.key = (int)l->target.n_columns - 1;
		c->is_key = 1;
	} else if (sqlite3_column_int(s, 4) > 1) {
		l->target.key = -2;
	}
}

static void take_json_column(struct fp_gpkg_layer *l, sqlite3_stmt *s)
{
	for (size_t i = 0; i < l->target.n_columns; i++)
		if (strcasecmp(l->target.columns[i].name, text_of(s, 0)) == 0 && l->target.columns[i].kind == FP_KIND_TEXT)
			l->target.columns[i].kind = FP_KIND_JSON;
}

static void take_unique(struct fp_gpkg_layer *l, sqlite3_stmt *s)
{
	int at = fp_target_column(&l->target, text_of(s, 0));

	if (at >= 0)
		l->target.columns[at].unique = 1;
}

static enum fp_status find_key(struct fp_gpkg_layer *l, struct fp_error *err)
{
	struct fp_target *t = &l->target;

	if (t->key == -2) { /* more than one key column */
		for (size_t i = 0; i < t->n_columns; i++)
			t->columns[i].is_key = 0;
		t->key = -1;
		t->key_fault = fp_strdup("Composite (multi-column) primary keys are not supported!");
	} else {
		l->row_is_key = t->key >= 0;
		fp_target_find_key(t, l->table);
	}
	l->row = l->row_is_key && t->key >= 0 ? quoted(t->columns[t->key].name) : fp_strdup("rowid");
	if (sqlite3_table_column_metadata(db_of(l), NULL, l->table, "rowid", NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: table \"%s\" has no row numbers", l->table);
	return FP_OK;
}

static enum fp_status describe(struct fp_gpkg_layer *l, struct fp_error *err)
{
	enum fp_status st = each_row(l, "SELECT column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns WHERE "
		"lower(table_name) = lower(?1)", take_geometry, err);

	if (st == FP_OK)
		st = each_row(l, "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)", take_column, err);
	if (st == FP_OK && sqlite3_table_column_metadata(db_of(l), NULL, "gpkg_data_columns", "mime_type", NULL, NULL, NULL, NULL, NULL) == SQLITE_OK)
		st = each_row(l, "SELECT column_name FROM gpkg_data_columns WHERE lower(table_name) = lower(?1) AND mime_type = 'application/json'",
			take_json_column, err);
	if (st == FP_OK)
		st = each_row(l, "SELECT min(c.name) FROM pragma_index_list(?1) i, pragma_index_info(i.name) c WHERE i.\"unique\" = 1 AND i.partial = 0"
			" GROUP BY i.name HAVING count(*) = 1", take_unique, err);
	return st == FP_OK ? find_key(l, err) : st;
}

/* ---- statements ---- */

static enum fp_status prepare_find(struct fp_gpkg_layer *l, struct fp_error *err)
{
	char *key = quoted(l->target.columns[l->target.key].name), *table = quoted(l->table), *sql;
	enum fp_status st;

	sql = fp_asprintf("SELECT %s FROM %s WHERE %s = ?1 LIMIT 2", l->row, table, key);
	st = fp_gpkg_prepare(&l->find_any, db_of(l), sql, err);
	free(sql);
	if (st == FP_OK && *l->filter) {
		/* The line's end closes a comment that the filter may end in. */
		sql = fp_asprintf("SELECT %s FROM %s WHERE %s = ?1 AND (%s\n) LIMIT 2", l->row, table, key, l->filter);
		st = fp_gpkg_prepare(&l->find, db_of(l), sql, err);
		free(sql);
	}
	free(key);
	free(table);
	return st;
}

/* A feature: its geometry, its columns, its row's number. */
static enum fp_status prepare_features(sqlite3_stmt **out, struct fp_gpkg_layer *l, const char *condition, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	char *table = quoted(l->table);
	enum fp_status st;

	fp_buf_addf(&sql, "SELECT %s", l->geom ? l->geom : "NULL");
	for (size_t i = 0; i < l->target.n_columns; i++) {
		char *q = quoted(l->target.columns[i].name);
		fp_buf_addf(&sql, ", %s", q);
		free(q);
	}
	fp_buf_addf(&sql, ", %s FROM %s WHERE %s", l->row, table, condition);
	st = fp_gpkg_prepare(out, db_of(l), sql.data, err);
	fp_buf_free(&sql);
	free(table);
	return st;
}

static enum fp_status prepare_read(struct fp_gpkg_layer *l, struct fp_error *err)
{
	char *by_row = fp_asprintf("%s = ?1", l->row);
	enum fp_status st = prepare_features(&l->read, l, by_row, err);

	free(by_row);
	return st;
}

static void add_columns(struct fp_buf *sql, const struct fp_gpkg_layer *l, const char *shape, const char *after)
{
	const char *comma = "";

	for (size_t i = 0; i < l->target.n_columns; i++) {
		char *q = shape[2 + i] ? quoted(l->target.columns[i].name) : NULL;
		if (!q)
			continue;
		fp_buf_addf(sql, "%s%s%s", comma, q, after);
		comma = ", ";
		free(q);
	}
	if (shape[1])
		fp_buf_addf(sql, "%s%s%s", comma, l->geom, after);
}

static char *statement(const struct fp_gpkg_layer *l, const char *shape)
{
	char *table = quoted(l->table);
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
static enum fp_status prepared(sqlite3_stmt **out, struct fp_gpkg_layer *l, char verb, const char *set, int geometry, struct fp_error *err)
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
	st = fp_gpkg_prepare(out, db_of(l), sql, err);
	free(sql);
	if (st != FP_OK) {
		free(shape);
		return st;
	}
	if (l->n_cached < FP_GPKG_STATEMENTS) {
		i = l->n_cached++;
	} else {
		i = l->next_victim++ % FP_GPKG_STATEMENTS;
		free(l->cache[i].shape);
		sqlite3_finalize(l->cache[i].stmt);
	}
	l->cache[i].shape = shape;
	l->cache[i].stmt = *out;
	return FP_OK;
}

/* ---- operations ---- */

static enum fp_status look(struct fp_gpkg_layer *l, sqlite3_stmt *s, const char *text, int64_t *fid, int *n, struct fp_error *err)
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
		st = fp_gpkg_fail(db_of(l), rc, "cannot look the feature up", err);
	sqlite3_reset(s);
	return st;
}

static enum fp_status find(struct fp_target *t, const char *text, int64_t *fid, int *n, int *hidden, struct fp_error *err)
{
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;
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

static void take_feature(struct fp_feature *out, sqlite3_stmt *s)
{
	struct fp_gpkg_blob blob;

	fp_feature_set_wkb(out, NULL, 0);
	if (fp_gpkg_blob_read(&blob, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), 0) == 0) {
		fp_feature_set_wkb(out, fp_alloc(blob.wkb_len), blob.wkb_len);
		memcpy(out->wkb, blob.wkb, blob.wkb_len);
	}
	for (size_t i = 0; i < out->n; i++)
		take_value(&out->values[i], s, (int)i + 1);
}

static enum fp_status read_feature(struct fp_target *t, int64_t fid, struct fp_feature *out, struct fp_error *err)
{
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;
	enum fp_status st = FP_OK;
	int rc;

	sqlite3_bind_int64(l->read, 1, fid);
	rc = sqlite3_step(l->read);
	if (rc == SQLITE_DONE) {
		st = FP_E_NOTFOUND;
		fp_fail(err, st, "Unable to find feature");
	} else if (rc != SQLITE_ROW) {
		st = fp_gpkg_fail(db_of(l), rc, "cannot read the feature", err);
	} else {
		take_feature(out, l->read);
	}
	sqlite3_reset(l->read);
	return st;
}

static enum fp_status each_feature(struct fp_target *t, fp_target_each *each, void *arg, struct fp_error *err)
{
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;
	char *condition = *l->filter ? fp_asprintf("(%s\n)", l->filter) : fp_strdup("1");
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepare_features(&s, l, condition, err);
	struct fp_feature f;
	int rc = SQLITE_DONE;

	fp_feature_init(&f, t->n_columns);
	while (st == FP_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		take_feature(&f, s);
		st = each(arg, sqlite3_column_int64(s, (int)f.n + 1), &f, err);
	}
	if (st == FP_OK && rc != SQLITE_DONE)
		st = fp_gpkg_fail(db_of(l), rc, "cannot read the features", err);
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

/* Binds the columns of SET, the geometry after them; returns the number of the next parameter. */
static int bind_feature(struct fp_gpkg_layer *l, sqlite3_stmt *s, const struct fp_feature *f, const char *set, int geometry)
{
	int at = 1;

	for (size_t i = 0; i < f->n; i++)
		if (set[i])
			bind_value(s, at++, &f->values[i]);
	if (geometry && f->wkb) {
		size_t n;
		unsigned char *blob = fp_gpkg_blob_new(f->wkb, f->wkb_len, l->srs_id, &n);

		sqlite3_bind_blob64(s, at++, blob, n, free);
	} else if (geometry) {
		sqlite3_bind_null(s, at++);
	}
	return at;
}

static void extend(struct fp_gpkg_layer *l, const struct fp_feature *f)
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
static enum fp_status change(struct fp_gpkg_layer *l, sqlite3_stmt *s, struct fp_error *err)
{
	enum fp_status st = fp_gpkg_run(db_of(l), s, "Failed to commit changes", err);
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
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepared(&s, l, 'u', set, geometry, err);

	if (st == FP_OK) {
		sqlite3_bind_int64(s, bind_feature(l, s, f, set, geometry), fid);
		st = change(l, s, err);
	}
	if (st == FP_OK && geometry)
		extend(l, f);
	return st;
}

static enum fp_status insert(struct fp_target *t, const struct fp_feature *f, const char *set, int geometry, int64_t *fid, struct fp_error *err)
{
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepared(&s, l, 'i', set, geometry, err);

	if (st == FP_OK) {
		bind_feature(l, s, f, set, geometry);
		st = change(l, s, err);
	}
	if (st == FP_OK) {
		*fid = sqlite3_last_insert_rowid(db_of(l));
		extend(l, f);
	}
	return st;
}

static enum fp_status remove_feature(struct fp_target *t, int64_t fid, struct fp_error *err)
{
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;
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
	struct fp_gpkg_layer *l = (struct fp_gpkg_layer *)t;

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

/* The table's real name; what cannot be written is refused here. */
static enum fp_status resolve(struct fp_gpkg_layer *l, const char *layer, int index, struct fp_error *err)
{
	static const char by_name[] = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower(?1)";
	static const char by_index[] = "SELECT m.name, m.type, m.sql FROM (SELECT c.table_name FROM gpkg_geometry_columns g JOIN gpkg_contents c "
		"ON g.table_name = c.table_name WHERE c.data_type = 'features' UNION ALL SELECT table_name FROM gpkg_contents WHERE "
		"data_type IN ('attributes', 'aspatial')) t JOIN sqlite_master m ON lower(m.name) = lower(t.table_name) LIMIT 1 OFFSET ?1";
	sqlite3_stmt *s = NULL;
	enum fp_status st = fp_gpkg_prepare(&s, db_of(l), layer ? by_name : by_index, err);

	if (st != FP_OK)
		return st;
	if (layer)
		sqlite3_bind_text(s, 1, layer, -1, SQLITE_STATIC);
	else
		sqlite3_bind_int(s, 1, index);
	if (sqlite3_step(s) != SQLITE_ROW) {
		st = layer ? fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: the file has no table \"%s\"", layer)
			: fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: the file has no layer number %d", index);
	} else if (strcmp(text_of(s, 1), "view") == 0) {
		st = fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: \"%s\" is a view, it can only be read", text_of(s, 0));
	} else if (strcasestr(text_of(s, 2), "ON CONFLICT")) {
		/* REPLACE would delete somebody else's feature, IGNORE would drop the change without a word, ROLLBACK would undo the whole job. */
		st = fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: table \"%s\" is defined with ON CONFLICT, which hides lost changes",
			text_of(s, 0));
	} else {
		l->table = fp_strdup(text_of(s, 0));
	}
	sqlite3_finalize(s);
	return st;
}

enum fp_status fp_gpkg_open_layer(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err)
{
	struct fp_gpkg *g = (struct fp_gpkg *)f;
	struct fp_gpkg_layer *l = fp_alloc(sizeof *l);
	enum fp_status st;

	l->target = (struct fp_target){.ops = &ops, .file = f, .key = -1, .geometry = {.flat = wkbNone}};
	l->filter = fp_strdup(filter);
	st = resolve(l, layer, index, err);
	if (st == FP_OK)
		st = describe(l, err);
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
