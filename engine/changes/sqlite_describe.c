#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/mem.h"
#include "engine/changes/target_sqlite.h"
#include "engine/layers/sqlite.h"

static const struct fp_sqlfile *file_of(const struct fp_sqlfile_layer *l)
{
	return (const struct fp_sqlfile *)l->target.file;
}

static sqlite3 *db_of(const struct fp_sqlfile_layer *l)
{
	return file_of(l)->db;
}

static int is_gpkg(const struct fp_sqlfile_layer *l)
{
	return file_of(l)->is_gpkg;
}

/* What a refusal begins with. */
static const char *refused(const struct fp_sqlfile_layer *l)
{
	return file_of(l)->reading ? "" : "Cannot start editing layer: ";
}

static int has_column(const struct fp_sqlfile_layer *l, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(db_of(l), NULL, table, column, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* ---- what the layer is ---- */

/* "TEXT(10)" is TEXT. In a GeoPackage, types that it does not name are kept, not written. */
static int named_kind(struct fp_column *c, const char *type)
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
		return 1;
	}
	return 0;
}

/* Other SQLite tables may call their types anything: GDAL's own names (without the part that says how it is written) and SQLite's rule of affinity. A type
 * without any of these is a geometry's, or nobody's. */
static void other_kind(struct fp_column *c, const char *type)
{
	static const struct { const char *part; enum fp_kind kind; int bits; } parts[] = {
		{"INTEGER_INT16", FP_KIND_INT, 16}, {"INTEGER_BOOLEAN", FP_KIND_BOOL, 0}, {"LIST", FP_KIND_LIST, 0}, {"DATETIME", FP_KIND_DATETIME, 0},
		{"TIMESTAMP", FP_KIND_DATETIME, 0}, {"POINT", FP_KIND_OTHER, 0}, {"INT", FP_KIND_INT, 64}, {"CHAR", FP_KIND_TEXT, 0},
		{"CLOB", FP_KIND_TEXT, 0}, {"TEXT", FP_KIND_TEXT, 0}, {"BLOB", FP_KIND_BLOB, 0}, {"REAL", FP_KIND_REAL, 0}, {"FLOA", FP_KIND_REAL, 0},
		{"DOUB", FP_KIND_REAL, 0}, {"DECIMAL", FP_KIND_REAL, 0}, {"BOOL", FP_KIND_BOOL, 0},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!strcasestr(type, parts[i].part))
			continue;
		c->kind = parts[i].kind;
		if (parts[i].bits == 16) {
			c->min = INT16_MIN;
			c->max = INT16_MAX;
		}
		return;
	}
}

/* Runs SQL with the table's name as ?1 and calls EACH for its rows. */
static enum fp_status each_row(struct fp_sqlfile_layer *l, const char *sql, void (*each)(struct fp_sqlfile_layer *, sqlite3_stmt *), struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = fp_sqlfile_prepare(&s, db_of(l), sql, err);
	int rc = SQLITE_DONE;

	if (st != FP_OK)
		return st;
	sqlite3_bind_text(s, 1, l->table, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		each(l, s);
	if (rc != SQLITE_DONE)
		st = fp_sqlfile_fail(db_of(l), rc, "cannot read the layer's definition", err);
	sqlite3_finalize(s);
	return st;
}

static const char *text_of(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return t ? t : "";
}

static OGRwkbGeometryType type_named(const char *name)
{
	static const struct { const char *name; OGRwkbGeometryType type; } types[] = {
		{"POINT", wkbPoint}, {"LINESTRING", wkbLineString}, {"POLYGON", wkbPolygon}, {"MULTIPOINT", wkbMultiPoint},
		{"MULTILINESTRING", wkbMultiLineString}, {"MULTIPOLYGON", wkbMultiPolygon}, {"GEOMETRYCOLLECTION", wkbGeometryCollection},
		{"GEOMCOLLECTION", wkbGeometryCollection}, {"CIRCULARSTRING", wkbCircularString}, {"COMPOUNDCURVE", wkbCompoundCurve},
		{"CURVEPOLYGON", wkbCurvePolygon}, {"MULTICURVE", wkbMultiCurve}, {"MULTISURFACE", wkbMultiSurface},
		{"TRIANGLE", wkbTriangle}, {"TIN", wkbTIN}, {"POLYHEDRALSURFACE", wkbPolyhedralSurface},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(types[i].name, name) == 0)
			return types[i].type;
	return wkbUnknown;
}

/* Column, type, srs, Z, M of a GeoPackage's table. */
static void take_gpkg_geometry(struct fp_sqlfile_layer *l, sqlite3_stmt *s)
{
	struct fp_geom_type *g = &l->target.geometry;
	static const enum fp_dimension dims[] = {FP_DIM_NO, FP_DIM_YES, FP_DIM_MAY};
	int z = sqlite3_column_int(s, 3), m = sqlite3_column_int(s, 4);

	free(l->geom);
	l->geom = fp_sqlite_quote(text_of(s, 0));
	g->flat = type_named(text_of(s, 1));
	l->srs_id = sqlite3_column_int(s, 2);
	g->z = z >= 0 && z <= 2 ? dims[z] : FP_DIM_MAY;
	g->m = m >= 0 && m <= 2 ? dims[m] : FP_DIM_MAY;
}

/* Column, type, dimension, srs and form of another table's first geometry. The type is a word or a number that may say the dimensions, too; the dimension
 * is a number or "XYZM". */
static void take_geometry(struct fp_sqlfile_layer *l, sqlite3_stmt *s)
{
	static const struct { const char *word; enum fp_sqlfile_form form; } forms[] = {
		{"SpatiaLite", FP_FORM_LITE}, {"WKB", FP_FORM_WKB}, {"WKT", FP_FORM_WKT},
	};
	struct fp_geom_type *g = &l->target.geometry;
	int number = sqlite3_column_int(s, 1), d = sqlite3_column_int(s, 2), known = 0;
	const char *axes = text_of(s, 2);

	if (l->geom)
		return;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (strcasecmp(forms[i].word, text_of(s, 4)) != 0)
			continue;
		l->form = forms[i].form;
		known = 1;
	}
	if (!known)
		return;
	l->geom = fp_sqlite_quote(text_of(s, 0));
	g->flat = sqlite3_column_type(s, 1) == SQLITE_TEXT ? type_named(text_of(s, 1)) : (OGRwkbGeometryType)(number % 1000);
	g->z = number / 1000 % 2 || strchr(axes, 'Z') || d == 4 || (d == 3 && number < 1000) ? FP_DIM_YES : FP_DIM_NO;
	g->m = number / 1000 > 1 || strchr(axes, 'M') || d == 4 ? FP_DIM_YES : FP_DIM_NO;
	l->srs_id = sqlite3_column_int(s, 3);
}

static int is_geometry_column(const struct fp_sqlfile_layer *l, const char *name)
{
	char *q = fp_sqlite_quote(name);
	int is = l->geom && strcasecmp(q, l->geom) == 0;

	free(q);
	return is;
}

static void take_column(struct fp_sqlfile_layer *l, sqlite3_stmt *s)
{
	struct fp_column *c;

	if (is_geometry_column(l, text_of(s, 0)))
		return;
	c = fp_target_add_column(&l->target, text_of(s, 0), FP_KIND_OTHER);
	if (!named_kind(c, text_of(s, 1)) && !is_gpkg(l))
		other_kind(c, text_of(s, 1));
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

static void take_json_column(struct fp_sqlfile_layer *l, sqlite3_stmt *s)
{
	for (size_t i = 0; i < l->target.n_columns; i++)
		if (strcasecmp(l->target.columns[i].name, text_of(s, 0)) == 0 && l->target.columns[i].kind == FP_KIND_TEXT)
			l->target.columns[i].kind = FP_KIND_JSON;
}

static void take_unique(struct fp_sqlfile_layer *l, sqlite3_stmt *s)
{
	int at = fp_target_column(&l->target, text_of(s, 0));

	if (at >= 0)
		l->target.columns[at].unique = 1;
}

static enum fp_status find_key(struct fp_sqlfile_layer *l, struct fp_error *err)
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
	l->row = l->row_is_key && t->key >= 0 ? fp_sqlite_quote(t->columns[t->key].name) : fp_strdup("rowid");
	if (has_column(l, l->table, "rowid"))
		return FP_OK;
	if (!file_of(l)->reading)
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: table \"%s\" has no row numbers", l->table);
	free(l->row);
	l->row = fp_strdup("NULL");
	return FP_OK;
}

static enum fp_status describe_gpkg(struct fp_sqlfile_layer *l, struct fp_error *err)
{
	return each_row(l, "SELECT column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?1)",
		take_gpkg_geometry, err);
}

/* The layouts of geometry_columns: of SpatiaLite since 4.0, before, and of GDAL. COLUMN, NULL: the first. */
static enum fp_status describe_other(struct fp_sqlfile_layer *l, const char *column, struct fp_error *err)
{
	static const struct { const char *has, *type, *form; } layouts[] = {
		{"geometry_format", "geometry_type", "geometry_format"}, {"geometry_type", "geometry_type", "'SpatiaLite'"}, {"type", "type", "'SpatiaLite'"},
	};
	enum fp_status st = FP_OK;

	if (column && !*column)
		return FP_OK;
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		char *sql;

		if (!has_column(l, "geometry_columns", layouts[i].has))
			continue;
		sql = sqlite3_mprintf("SELECT f_geometry_column, %s, coord_dimension, srid, %s FROM geometry_columns WHERE lower(f_table_name) = lower(?1)"
			" AND (%Q IS NULL OR lower(f_geometry_column) = lower(%Q)) ORDER BY rowid", layouts[i].type, layouts[i].form, column, column);
		st = each_row(l, sql, take_geometry, err);
		sqlite3_free(sql);
		break;
	}
	if (st == FP_OK && column && !l->geom)
		st = fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: table \"%s\" has no geometry \"%s\" that can be written", l->table, column);
	return st;
}

static enum fp_status describe(struct fp_sqlfile_layer *l, const char *column, struct fp_error *err)
{
	enum fp_status st = is_gpkg(l) ? describe_gpkg(l, err) : describe_other(l, column, err);

	if (st == FP_OK)
		st = each_row(l, "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)", take_column, err);
	if (st == FP_OK && has_column(l, "gpkg_data_columns", "mime_type"))
		st = each_row(l, "SELECT column_name FROM gpkg_data_columns WHERE lower(table_name) = lower(?1) AND mime_type = 'application/json'",
			take_json_column, err);
	if (st == FP_OK)
		st = each_row(l, "SELECT min(c.name) FROM pragma_index_list(?1) i, pragma_index_info(i.name) c WHERE i.\"unique\" = 1 AND i.partial = 0"
			" GROUP BY i.name HAVING count(*) = 1", take_unique, err);
	return st == FP_OK ? find_key(l, err) : st;
}

/* ---- which table ---- */

/* The table's real name; what cannot be written is refused here. */
static enum fp_status resolve(struct fp_sqlfile_layer *l, const char *layer, int index, struct fp_error *err)
{
	static const char by_name[] = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower(?1)";
	static const char by_number[] = "SELECT m.name, m.type, m.sql FROM geometry_columns g JOIN sqlite_master m ON lower(m.name) = lower(g.f_table_name)"
		" ORDER BY g.rowid LIMIT 1 OFFSET ?1";
	static const char by_index[] = "SELECT m.name, m.type, m.sql FROM (SELECT c.table_name FROM gpkg_geometry_columns g JOIN gpkg_contents c "
		"ON g.table_name = c.table_name WHERE c.data_type = 'features' UNION ALL SELECT table_name FROM gpkg_contents WHERE "
		"data_type IN ('attributes', 'aspatial')) t JOIN sqlite_master m ON lower(m.name) = lower(t.table_name) LIMIT 1 OFFSET ?1";
	sqlite3_stmt *s = NULL;
	enum fp_status st = fp_sqlfile_prepare(&s, db_of(l), layer ? by_name : is_gpkg(l) ? by_index : by_number, err);

	if (st != FP_OK)
		return st;
	if (layer)
		sqlite3_bind_text(s, 1, layer, -1, SQLITE_STATIC);
	else
		sqlite3_bind_int(s, 1, index);
	if (sqlite3_step(s) != SQLITE_ROW) {
		st = layer ? fp_fail(err, FP_E_REFUSED, "%sthe file has no table \"%s\"", refused(l), layer)
			: fp_fail(err, FP_E_REFUSED, "%sthe file has no layer number %d", refused(l), index);
	} else if (strcmp(text_of(s, 1), "view") == 0) {
		st = fp_fail(err, FP_E_REFUSED, "%s\"%s\" is a view, it can only be read", refused(l), text_of(s, 0));
	} else if (!file_of(l)->reading && strcasestr(text_of(s, 2), "ON CONFLICT")) {
		/* REPLACE would delete somebody else's feature, IGNORE would drop the change without a word, ROLLBACK would undo the whole job. */
		st = fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: table \"%s\" is defined with ON CONFLICT, which hides lost changes",
			text_of(s, 0));
	} else {
		l->table = fp_strdup(text_of(s, 0));
	}
	sqlite3_finalize(s);
	return st;
}

/* "table(column)" */
static enum fp_status resolve_with_column(struct fp_sqlfile_layer *l, const char *layer, char **column, struct fp_error *err)
{
	const char *open = strrchr(layer, '(');
	char *table = fp_strndup(layer, (size_t)(open - layer));
	enum fp_status st = resolve(l, table, 0, err);

	*column = fp_strndup(open + 1, strlen(open + 1) - 1);
	free(table);
	return st;
}

enum fp_status fp_sqlfile_describe(struct fp_sqlfile_layer *l, const char *layer, int index, struct fp_error *err)
{
	size_t n = layer ? strlen(layer) : 0;
	char *column = NULL;
	enum fp_status st = resolve(l, layer, index, err);

	if (st == FP_E_REFUSED && !l->table && n > 2 && layer[n - 1] == ')' && strchr(layer, '(') && !is_gpkg(l))
		st = resolve_with_column(l, layer, &column, err);
	if (st == FP_OK)
		st = describe(l, column, err);
	free(column);
	return st;
}
