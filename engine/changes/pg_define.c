/* What the database says of a layer's table: its columns, its key, its geometry. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/pg.h"
#include "engine/layers/provider.h"
#include "engine/project/source.h"

static const char cannot[] = "Cannot start editing layer";

/* One statement about the table. */
static enum fp_status ask(struct fp_pg_layer *l, PGresult **res, const char *sql, int n, const char *const *values, struct fp_error *err)
{
	const struct fp_pg_step step = {.sql = sql, .n = n, .values = values};

	return fp_pg_look(fp_pg_session_of(l), &step, 0, res, cannot, err);
}

static int is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return 1;
	return 0;
}

/* ---- the table ---- */

/* OID is the caller's. */
static enum fp_status find_table(struct fp_pg_layer *l, const json_t *question, char **oid, struct fp_error *err)
{
	struct fp_pg_table t = {0};
	enum fp_status st = fp_pg_find_table(fp_pg_session_of(l), &t, question, cannot, err);

	if (st == FP_OK) {
		l->name = fp_asprintf("%s.%s", t.schema, fp_json_str_or(question, "table", ""));
		l->table = fp_strdup(t.from);
		*oid = fp_strdup(t.oid);
	}
	fp_pg_table_clear(&t);
	return st;
}

/* ---- columns ---- */

/* Types that are more to us than a text which the server judges. */
static const struct type {
	const char *name;
	enum fp_kind kind;
	int bits;
} types[] = {
	{"bool", FP_KIND_BOOL, 0}, {"int2", FP_KIND_INT, 16}, {"int4", FP_KIND_INT, 32}, {"int8", FP_KIND_INT, 64}, {"float4", FP_KIND_REAL, 0},
	{"float8", FP_KIND_REAL, 0}, {"numeric", FP_KIND_REAL, 0}, {"json", FP_KIND_JSON, 0}, {"jsonb", FP_KIND_JSON, 0}, {"date", FP_KIND_DATE, 0},
	{"time", FP_KIND_TIME, 0}, {"timestamp", FP_KIND_DATETIME, 0}, {"timestamptz", FP_KIND_DATETIME, 0}, {"bytea", FP_KIND_BLOB, 0},
};
static const char *const lists[] = {"text", "varchar", "bpchar", "citext", "uuid", "int2", "int4", "int8", "float4", "float8", "numeric", NULL};
/* What is too large to be read with every feature. */
static const char *const left_out[] = {"raster", "topogeometry", "pcpatch", "pcpoint", NULL};

static void set_kind(struct fp_column *c, struct fp_pg_column *p)
{
	c->kind = p->element && is_one_of(p->element, lists) ? FP_KIND_LIST : FP_KIND_TEXT;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i].name, p->type) != 0)
			continue;
		c->kind = types[i].kind;
		if (types[i].bits > 0 && types[i].bits < 64) {
			c->max = ((int64_t)1 << (types[i].bits - 1)) - 1;
			c->min = -c->max - 1;
		}
	}
}

static void take_column(struct fp_pg_layer *l, const PGresult *res, int row)
{
	const char *name = PQgetvalue(res, row, 0), *type = PQgetvalue(res, row, 1), *identity = PQgetvalue(res, row, 6);
	int typmod = (int)strtol(PQgetvalue(res, row, 3), NULL, 10);
	struct fp_column *c;
	struct fp_pg_column *p;

	if (is_one_of(type, left_out) || (l->geom && strcmp(name, l->geom) == 0))
		return;
	c = fp_target_add_column(&l->target, name, FP_KIND_TEXT);
	l->types = fp_realloc(l->types, l->target.n_columns, sizeof *l->types);
	p = &l->types[l->target.n_columns - 1];
	*p = (struct fp_pg_column){.type = fp_strdup(type), .scale = -1, .identity = *identity == 'a'};
	if (!PQgetisnull(res, row, 2))
		p->element = fp_strdup(PQgetvalue(res, row, 2));
	if (strcmp(type, "numeric") == 0 && typmod >= 4)
		p->scale = (typmod - 4) & 0x7ff;
	if (p->scale > 1000) /* negative: thousands and the like */
		p->scale = -1;
	set_kind(c, p);
	c->not_null = *PQgetvalue(res, row, 4) == 't';
	c->generated = *PQgetvalue(res, row, 7) == 's' || *PQgetvalue(res, row, 7) == 'v';
	c->has_default = !c->generated && (*PQgetvalue(res, row, 5) == 't' || *identity);
	c->unique = *PQgetvalue(res, row, 8) == 't';
}

/* A domain is what lies at its base, with what each domain on the way adds. Catalogue columns that younger servers have are read through JSON. */
static const char columns_sql[] =
	"SELECT a.attname, t.typname, e.typname, CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE base.typmod END, a.attnotnull OR base.not_null,"
	" a.atthasdef OR base.has_default, coalesce(pg_catalog.to_jsonb(a)->>'attidentity', ''), coalesce(pg_catalog.to_jsonb(a)->>'attgenerated', ''),"
	" EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indpred IS NULL AND i.indnatts = 1"
	" AND i.indkey[0] = a.attnum)"
	" FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL (WITH RECURSIVE d AS (SELECT b.oid, b.typtype, b.typbasetype, b.typtypmod, b.typnotnull,"
	" b.typdefault IS NOT NULL AS has_default, 0 AS depth FROM pg_catalog.pg_type b WHERE b.oid = a.atttypid UNION ALL SELECT b.oid, b.typtype, b.typbasetype,"
	" b.typtypmod, b.typnotnull, b.typdefault IS NOT NULL, d.depth + 1 FROM d JOIN pg_catalog.pg_type b ON b.oid = d.typbasetype WHERE d.typtype = 'd')"
	" SELECT (pg_catalog.array_agg(d.oid ORDER BY d.depth DESC))[1] AS oid, pg_catalog.max(d.typtypmod) AS typmod, pg_catalog.bool_or(d.typnotnull) AS not_null,"
	" pg_catalog.bool_or(d.typtype = 'd' AND d.has_default) AS has_default FROM d) AS base JOIN pg_catalog.pg_type t ON t.oid = base.oid"
	" LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'"
	" WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')"
	" ORDER BY a.attnum";

static enum fp_status take_columns(struct fp_pg_layer *l, const char *oid, struct fp_error *err)
{
	PGresult *res;
	enum fp_status st = ask(l, &res, columns_sql, 1, &oid, err);

	if (st != FP_OK)
		return st;
	for (int i = 0; i < PQntuples(res); i++)
		take_column(l, res, i);
	PQclear(res);
	return FP_OK;
}

/* ---- the key ---- */

static void set_key(struct fp_target *t, const char *name)
{
	t->key = fp_target_column(t, name);
	for (size_t i = 0; t->key < 0 && i < t->n_columns; i++)
		if (strcasecmp(t->columns[i].name, name) == 0)
			t->key = (int)i;
}

/* The table's own index decides, as QGIS takes it; what has none goes by the key that the source names. */
static enum fp_status find_key(struct fp_pg_layer *l, const char *oid, const json_t *named, const char *layer, struct fp_error *err)
{
	struct fp_target *t = &l->target;
	PGresult *res;
	enum fp_status st = ask(l, &res, "SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid"
		" AND a.attnum = ANY (i.indkey::pg_catalog.int2[]) WHERE i.indexrelid = (SELECT u.indexrelid FROM pg_catalog.pg_index u"
		" WHERE u.indrelid = $1::pg_catalog.oid AND (u.indisprimary OR u.indisunique) ORDER BY u.indisprimary DESC, u.indexrelid LIMIT 1)", 1, &oid, err);
	size_t n;

	if (st != FP_OK)
		return st;
	n = PQntuples(res) ? (size_t)PQntuples(res) : json_array_size(named);
	if (n > 1)
		t->key_fault = fp_strdup("Composite (multi-column) primary keys are not supported!");
	else if (n == 1)
		set_key(t, PQntuples(res) ? PQgetvalue(res, 0, 0) : json_string_value(json_array_get(named, 0)));
	PQclear(res);
	if (n <= 1)
		fp_target_find_key(t, layer);
	if (t->key >= 0)
		t->columns[t->key].is_key = 1;
	return FP_OK;
}

/* The sequence of a numbered key, whether it belongs to the column or its default only speaks of it. */
static enum fp_status find_sequence(struct fp_pg_layer *l, const char *oid, struct fp_error *err)
{
	const struct fp_column *c = l->target.key >= 0 ? &l->target.columns[l->target.key] : NULL;
	const char *values[] = {oid, c ? c->name : ""};
	PGresult *res;
	enum fp_status st;

	if (!c || c->kind != FP_KIND_INT)
		return FP_OK;
	st = ask(l, &res, "WITH s AS (SELECT d.refobjid AS oid FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid"
		" AND a.attnum = f.adnum JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid"
		" AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass WHERE f.adrelid = $1::pg_catalog.oid AND a.attname = $2::pg_catalog.name"
		" UNION SELECT d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
		" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
		" AND d.refobjid = $1::pg_catalog.oid AND a.attname = $2::pg_catalog.name AND d.deptype IN ('a', 'i'))"
		" SELECT n.nspname, c.relname, pg_catalog.has_sequence_privilege(c.oid, 'UPDATE') AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT')"
		" FROM s JOIN pg_catalog.pg_class c ON c.oid = s.oid AND c.relkind = 'S' JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LIMIT 1",
		2, values, err);
	if (st != FP_OK)
		return st;
	if (PQntuples(res) > 0) {
		char *schema = fp_pg_quoted(PQgetvalue(res, 0, 0)), *name = fp_pg_quoted(PQgetvalue(res, 0, 1));
		l->sequence = fp_asprintf("%s.%s", schema, name);
		l->may_set = *PQgetvalue(res, 0, 2) == 't';
		free(schema);
		free(name);
	}
	PQclear(res);
	return FP_OK;
}

/* ---- geometry ---- */

static int has(const char *word, const char *tail)
{
	size_t n = strlen(word), k = strlen(tail);

	return n >= k && strcasecmp(word + n - k, tail) == 0;
}

/* "PointZM", or "POINT" with three dimensions, which then are X, Y and Z. */
static void set_type(struct fp_pg_layer *l, const char *word, int dimensions)
{
	struct fp_geom_type *g = &l->target.geometry;
	int type = fp_wkb_type(word);

	g->flat = type > 0 ? (OGRwkbGeometryType)(type % 1000) : wkbUnknown;
	g->m = has(word, "M") || dimensions == 4 ? FP_DIM_YES : FP_DIM_NO;
	g->z = has(word, "Z") || has(word, "ZM") || dimensions == 4 || (dimensions == 3 && !has(word, "M")) ? FP_DIM_YES : FP_DIM_NO;
}

/* A column of any geometry is what the layer makes of it. */
static void set_layers_type(struct fp_pg_layer *l, const struct fp_uri *u, int geography)
{
	const char *type = fp_uri_get(u, "type"), *srid = fp_uri_get(u, "srid");

	set_type(l, fp_wkb_type(type) > 0 && fp_wkb_type(type) < 4000 && fp_wkb_type(type) != 100 ? type : "", 2);
	if (l->target.geometry.flat == wkbUnknown)
		l->target.geometry.z = l->target.geometry.m = FP_DIM_MAY;
	l->srid = *srid ? (int)strtol(srid, NULL, 10) : geography ? 4326 : 0;
}

static enum fp_status take_typmod(struct fp_pg_layer *l, const char *typmod, struct fp_error *err)
{
	char *sql = fp_asprintf("SELECT %spostgis_typmod_type($1::pg_catalog.int4), %spostgis_typmod_srid($1::pg_catalog.int4),"
		" %spostgis_typmod_dims($1::pg_catalog.int4)", l->postgis, l->postgis, l->postgis);
	PGresult *res;
	enum fp_status st = ask(l, &res, sql, 1, &typmod, err);

	free(sql);
	if (st != FP_OK)
		return st;
	set_type(l, PQgetvalue(res, 0, 0), (int)strtol(PQgetvalue(res, 0, 2), NULL, 10));
	l->srid = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
	PQclear(res);
	return FP_OK;
}

/* Columns of before PostGIS 2 say in constraints what they hold; PostGIS reads them, of all tables, and fails when somebody drops one of them meanwhile: for
 * a table without any it is not asked. */
static enum fp_status take_constraints(struct fp_pg_layer *l, const char *oid, const struct fp_uri *u, int geography, struct fp_error *err)
{
	const char *values[] = {oid, l->geom};
	char *sql = fp_asprintf("SELECT g.type, g.srid, g.coord_dimension FROM %sgeometry_columns g JOIN pg_catalog.pg_class c ON c.relname = g.f_table_name"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = g.f_table_schema WHERE c.oid = $1::pg_catalog.oid"
		" AND g.f_geometry_column = $2", l->postgis);
	PGresult *res;
	enum fp_status st = ask(l, &res, sql, 2, values, err);

	free(sql);
	if (st != FP_OK)
		return st;
	if (PQntuples(res) > 0 && strncasecmp(PQgetvalue(res, 0, 0), "GEOMETRY", 8) == 0 && strncasecmp(PQgetvalue(res, 0, 0), "GEOMETRYC", 9) != 0) {
		set_layers_type(l, u, geography);
		if (strtol(PQgetvalue(res, 0, 1), NULL, 10) > 0)
			l->srid = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
	} else if (PQntuples(res) > 0) {
		set_type(l, PQgetvalue(res, 0, 0), (int)strtol(PQgetvalue(res, 0, 2), NULL, 10));
		l->srid = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
	} else {
		set_layers_type(l, u, geography);
	}
	PQclear(res);
	return FP_OK;
}

static enum fp_status take_geometry(struct fp_pg_layer *l, const char *oid, const struct fp_uri *u, struct fp_error *err)
{
	const char *values[] = {oid, l->geom};
	char *typmod = NULL, *plain, *schema;
	PGresult *res;
	int geography = 0, checks = 0;
	enum fp_status st = ask(l, &res, "SELECT t.typname, n.nspname, a.atttypmod, EXISTS (SELECT FROM pg_catalog.pg_constraint c"
		" WHERE c.conrelid = a.attrelid AND c.contype = 'c') FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
		" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE a.attrelid = $1::pg_catalog.oid AND a.attname = $2::pg_catalog.name"
		" AND NOT a.attisdropped", 2, values, err);

	if (st != FP_OK)
		return st;
	if (PQntuples(res) == 0) {
		st = fp_fail(err, FP_E_REFUSED, "%s: the table has no column \"%s\"", cannot, l->geom);
	} else if (strcmp(PQgetvalue(res, 0, 0), "geometry") != 0 && strcmp(PQgetvalue(res, 0, 0), "geography") != 0) {
		st = fp_fail(err, FP_E_REFUSED, "%s: column \"%s\" is no geometry but of type %s", cannot, l->geom, PQgetvalue(res, 0, 0));
	} else {
		geography = strcmp(PQgetvalue(res, 0, 0), "geography") == 0;
		schema = fp_pg_quoted(PQgetvalue(res, 0, 1));
		l->postgis = fp_asprintf("%s.", schema);
		free(schema);
		typmod = fp_strdup(PQgetvalue(res, 0, 2));
		checks = *PQgetvalue(res, 0, 3) == 't';
	}
	PQclear(res);
	if (st == FP_OK && *typmod != '-')
		st = take_typmod(l, typmod, err);
	else if (st == FP_OK && checks)
		st = take_constraints(l, oid, u, geography, err);
	else if (st == FP_OK)
		set_layers_type(l, u, geography);
	free(typmod);
	plain = l->geom;
	l->geom = fp_pg_quoted(plain);
	free(plain);
	return st;
}

enum fp_status fp_pg_define(struct fp_pg_layer *l, const json_t *question, const struct fp_layer_def *layer, struct fp_error *err)
{
	struct fp_uri u;
	char *oid = NULL;
	enum fp_status st;

	fp_uri_parse(&u, layer->datasource);
	if (*u.geometry)
		l->geom = fp_strdup(u.geometry);
	st = find_table(l, question, &oid, err);
	if (st == FP_OK)
		st = take_columns(l, oid, err);
	if (st == FP_OK)
		st = find_key(l, oid, json_object_get(question, "key"), layer->name, err);
	if (st == FP_OK)
		st = find_sequence(l, oid, err);
	if (st == FP_OK && l->geom)
		st = take_geometry(l, oid, &u, err);
	free(oid);
	fp_uri_clear(&u);
	return st;
}
