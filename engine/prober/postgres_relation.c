/* What a layer needs of a database (spec/layers.md 2.9): a relation that can be read, its geometry column, a key. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/prober/answer.h"
#include "engine/prober/ask.h"
#include "engine/prober/postgres.h"

struct relation {
	struct fp_pg *pg;
	const json_t *question;
	char *from;          /* what stands after FROM */
	char *oid, *schema;  /* NULL for a query */
	char relkind;        /* 'q' for a query */
	PGresult *columns;   /* a result with no rows */
	const char *filter;  /* "" when there is none that works */
	int in_doubt;        /* its own key has to be tested: it may be NULL, or an heir of the table may have it twice */
};

/* One statement whose first row is of interest; NULL with an answer when it failed. */
static PGresult *ask(struct relation *r, const char *stage, const char *sql, const char *a, const char *b, const char *c)
{
	const char *const values[] = {a, b, c};

	return fp_pg_ask(r->pg, stage, sql, !a ? 0 : !b ? 1 : !c ? 2 : 3, values);
}

/* Appends "NAME" with the quotes that it needs. */
static void add_name(struct fp_buf *b, PGconn *conn, const char *name)
{
	char *quoted = PQescapeIdentifier(conn, name, strlen(name));

	fp_buf_adds(b, quoted ? quoted : "\"\""); /* none for invalid UTF-8, which no name is */
	PQfreemem(quoted);
}

static int find_table(struct relation *r, const char *schema, const char *table)
{
	PGresult *res = ask(r, "table", "SELECT c.oid, n.nspname, c.relkind, c.reltuples::pg_catalog.int8 FROM pg_catalog.pg_class c"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $1::pg_catalog.name"
		" AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND CASE WHEN $2::pg_catalog.text = '' THEN pg_catalog.pg_table_is_visible(c.oid)"
		" ELSE n.nspname::pg_catalog.text = $2::pg_catalog.text END", table, schema, NULL);
	struct fp_buf from = FP_BUF_INIT;

	if (!res)
		return -1;
	if (PQntuples(res) == 0) {
		PQclear(res);
		fp_pg_table_missing(r->pg, schema, table);
		return -1;
	}
	r->oid = fp_strdup(PQgetvalue(res, 0, 0));
	r->schema = fp_strdup(PQgetvalue(res, 0, 1));
	r->relkind = *PQgetvalue(res, 0, 2);
	json_object_set_new(r->pg->answer, "relkind", json_stringn(&r->relkind, 1));
	json_object_set_new(r->pg->answer, "rows", json_integer(r->relkind == 'v' ? -1 : strtoll(PQgetvalue(res, 0, 3), NULL, 10)));
	PQclear(res);
	add_name(&from, r->pg->conn, r->schema);
	fp_buf_addc(&from, '.');
	add_name(&from, r->pg->conn, table);
	r->from = fp_buf_take(&from);
	return 0;
}

/* The line's end closes a comment that QUERY may end with. */
static int take_query(struct relation *r, const char *query)
{
	if (*query != '(') {
		fp_answer_fault(r->pg->answer, "table", "bad_question", "a query stands in brackets");
		return -1;
	}
	r->relkind = 'q';
	r->from = fp_asprintf("%s\n AS fieldpost_layer", query);
	return 0;
}

static int column(const struct relation *r, const char *name)
{
	for (int i = 0; i < PQnfields(r->columns); i++)
		if (strcmp(PQfname(r->columns, i), name) == 0)
			return i;
	return -1;
}

/* "types", the names of the columns' types in their order. */
static int take_types(struct relation *r)
{
	json_t *types = json_array();
	struct fp_buf oids = FP_BUF_INIT;
	PGresult *res;

	for (int i = 0; i < PQnfields(r->columns); i++)
		fp_buf_addf(&oids, "%c%u", i ? ',' : '{', PQftype(r->columns, i));
	fp_buf_adds(&oids, oids.len ? "}" : "{}");
	res = ask(r, "table", "SELECT oid, typname FROM pg_catalog.pg_type WHERE oid = ANY ($1::pg_catalog.oid[])", oids.data, NULL, NULL);
	fp_buf_free(&oids);
	for (int i = 0; res && i < PQnfields(r->columns); i++) {
		const char *name = "";
		for (int k = 0; k < PQntuples(res); k++)
			if (strtoul(PQgetvalue(res, k, 0), NULL, 10) == PQftype(r->columns, i))
				name = PQgetvalue(res, k, 1);
		json_array_append_new(types, fp_json_text(name));
	}
	json_object_set_new(r->pg->answer, "types", types);
	PQclear(res);
	return res ? 0 : -1;
}

/* QGIS reads one row, so a view that fails on its rows fails here too. Counting whole rows makes the server do so and keeps the row there. */
static int read_row(struct relation *r)
{
	char *sql = fp_asprintf("SELECT count(fieldpost_row) FROM (SELECT * FROM %s LIMIT 1) AS fieldpost_row", r->from);
	PGresult *res = ask(r, "table", sql, NULL, NULL, NULL);

	free(sql);
	PQclear(res);
	return res ? 0 : -1;
}

static int take_columns(struct relation *r)
{
	char *sql = fp_asprintf("SELECT * FROM %s LIMIT 0", r->from);
	json_t *names = json_array();

	r->columns = ask(r, "table", sql, NULL, NULL, NULL);
	free(sql);
	json_object_set_new(r->pg->answer, "columns", names);
	if (!r->columns || read_row(r) != 0)
		return -1;
	for (int i = 0; i < PQnfields(r->columns); i++)
		json_array_append_new(names, fp_json_text(PQfname(r->columns, i)));
	return take_types(r);
}

static const char *type_of(const struct relation *r, int at)
{
	return json_string_value(json_array_get(json_object_get(r->pg->answer, "types"), (size_t)at));
}

/* The column that QUESTION names has to be there and of a type that a layer can show. For rasters the first such column will do: with no filter QGIS
 * asks PostGIS' catalogue which one it is, and not the layer. */
static int check_geometry(struct relation *r, int raster, int *at)
{
	static const char *const shapes[] = {"geometry", "geography", "topogeometry", "pcpatch", NULL}, *const rasters[] = {"raster", NULL};
	const char *const *types = raster ? rasters : shapes;
	const char *name = fp_json_str_or(r->question, "geometry", "");

	*at = -1;
	if (!*name && !raster)
		return 0;
	if (*name)
		*at = column(r, name);
	for (int i = 0; raster && !*fp_json_str_or(r->question, "filter", "") && *at < 0 && i < PQnfields(r->columns); i++)
		if (strcmp(type_of(r, i), "raster") == 0)
			*at = i;
	if (*at < 0) {
		fp_answer_fault(r->pg->answer, "geometry", "geometry_missing", *name ? "column \"%s\" does not exist" : "no column%s is a raster", name);
		return -1;
	}
	for (size_t i = 0; types[i]; i++)
		if (strcmp(types[i], type_of(r, *at)) == 0)
			return 0;
	fp_answer_fault(r->pg->answer, "geometry", "geometry_missing", "column \"%s\" is of type %s", PQfname(r->columns, *at), type_of(r, *at));
	return -1;
}

/* The schema that PostGIS is in, with a dot behind it; "" without PostGIS. Caller frees; NULL when the question failed. */
static char *postgis_schema(struct relation *r)
{
	PGresult *res = ask(r, "geometry", "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
		" WHERE e.extname = 'postgis'", NULL, NULL, NULL);
	struct fp_buf b = FP_BUF_INIT;

	if (!res)
		return NULL;
	fp_buf_add(&b, "", 0);
	if (PQntuples(res) > 0) {
		add_name(&b, r->pg->conn, PQgetvalue(res, 0, 0));
		fp_buf_addc(&b, '.');
	}
	PQclear(res);
	return fp_buf_take(&b);
}

/* What PostGIS' catalogue says of a table's column; a query's column tells its own when it is one of a table. */
static PGresult *ask_catalogue(struct relation *r, int at, const char *postgis)
{
	char *sql, modifier[16];
	PGresult *res;

	if (r->schema) {
		sql = fp_asprintf("SELECT upper(type) || CASE WHEN coord_dimension = 4 THEN 'ZM' WHEN coord_dimension = 3 AND type !~* 'm$' THEN 'Z' ELSE '' END,"
			" srid FROM %sgeometry_columns WHERE f_table_schema = $1 AND f_table_name = $2 AND f_geometry_column = $3 UNION ALL"
			" SELECT upper(type), srid FROM %sgeography_columns WHERE f_table_schema = $1 AND f_table_name = $2 AND f_geography_column = $3",
			postgis, postgis);
		res = ask(r, "geometry", sql, r->schema, fp_json_str(r->question, "table"), PQfname(r->columns, at));
	} else {
		snprintf(modifier, sizeof modifier, "%d", PQfmod(r->columns, at));
		sql = fp_asprintf("SELECT upper(%spostgis_typmod_type($1::pg_catalog.int4)), %spostgis_typmod_srid($1::pg_catalog.int4)", postgis, postgis);
		res = ask(r, "geometry", sql, modifier, NULL, NULL);
	}
	free(sql);
	return res;
}

/* "geometries": what is in column AT, which may hold anything, as "SRID:TYPE", of all rows or, with estimated metadata, the first hundred. */
static int take_geometries(struct relation *r, int at, const char *postgis)
{
	int estimated = fp_json_bool(r->question, "estimated", 0);
	json_t *found = json_array();
	struct fp_buf name = FP_BUF_INIT;
	PGresult *res;
	char *sql;

	add_name(&name, r->pg->conn, PQfname(r->columns, at));
	sql = fp_asprintf("SELECT DISTINCT %sst_srid(g) || ':' || upper(%sgeometrytype(g)) ||"
		" (ARRAY['', 'M', 'Z', 'ZM'])[%sst_zmflag(g) + 1] FROM (SELECT %s::%sgeometry AS g FROM %s%s%s%s%s) AS fieldpost_geometries"
		" WHERE g IS NOT NULL ORDER BY 1 LIMIT 32", postgis, postgis, postgis, name.data, postgis, r->from, *r->filter ? " WHERE (" : "", r->filter,
		*r->filter ? "\n)" : "", estimated ? " LIMIT 100" : "");
	res = ask(r, "geometry", sql, NULL, NULL, NULL);
	for (int i = 0; res && i < PQntuples(res); i++)
		json_array_append_new(found, fp_json_text(PQgetvalue(res, i, 0)));
	json_object_set_new(r->pg->answer, "geometries", found);
	free(sql);
	fp_buf_free(&name);
	PQclear(res);
	return res ? 0 : -1;
}

/* "geometry_type" and "srid" of column AT, and "geometries" where the layer does not say which type it wants and the column holds any. */
static int take_geometry(struct relation *r, int at)
{
	char *postgis = postgis_schema(r);
	PGresult *res;
	int any = 1, rc = 0;

	if (!postgis)
		return -1;
	if (*postgis) {
		res = ask_catalogue(r, at, postgis);
		rc = res ? 0 : -1;
		if (res && PQntuples(res) > 0) {
			json_object_set_new(r->pg->answer, "geometry_type", fp_json_text(PQgetvalue(res, 0, 0)));
			json_object_set_new(r->pg->answer, "srid", json_integer(strtol(PQgetvalue(res, 0, 1), NULL, 10)));
			any = strncmp(PQgetvalue(res, 0, 0), "GEOMETRY", 8) == 0 && strncmp(PQgetvalue(res, 0, 0), "GEOMETRYC", 9) != 0;
		}
		PQclear(res);
		if (rc == 0 && any && fp_json_bool(r->question, "any_type", 1))
			rc = take_geometries(r, at, postgis);
	}
	free(postgis);
	return rc;
}

/* "pk": the columns of the primary key, else of a unique index, as QGIS takes them: whatever its condition is, and with those that it only includes. */
static int take_pk(struct relation *r)
{
	json_t *pk = json_array();
	PGresult *res = ask(r, "key", "SELECT a.attname, NOT a.attnotnull OR EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = $1::pg_catalog.oid)"
		" FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::pg_catalog.int2[])"
		" WHERE i.indexrelid = (SELECT u.indexrelid FROM pg_catalog.pg_index u WHERE u.indrelid = $1::pg_catalog.oid"
		" AND (u.indisprimary OR u.indisunique) ORDER BY u.indisprimary DESC, u.indexrelid LIMIT 1)"
		" ORDER BY pg_catalog.array_position(i.indkey::pg_catalog.int2[], a.attnum)", r->oid, NULL, NULL);

	for (int i = 0; res && i < PQntuples(res); i++) {
		json_array_append_new(pk, fp_json_text(PQgetvalue(res, i, 0)));
		r->in_doubt = r->in_doubt || *PQgetvalue(res, i, 1) == 't';
	}
	json_object_set_new(r->pg->answer, "pk", pk);
	PQclear(res);
	return res ? 0 : -1;
}

/* A filter that does not work is no failure by itself: QGIS calls the layer valid all the same, unless it needs the filter to look at the data. */
static int try_filter(struct relation *r)
{
	const char *filter = fp_json_str_or(r->question, "filter", "");
	PGresult *res;
	char *sql;

	if (!*filter)
		return 0;
	res = ask(r, "table", "SAVEPOINT filter", NULL, NULL, NULL);
	if (!res)
		return -1;
	PQclear(res);
	sql = fp_asprintf("SELECT 1 FROM %s WHERE (%s\n) LIMIT 0", r->from, filter);
	res = fp_pg_run(r->pg, "table", sql, 0, NULL);
	free(sql);
	if (!res)
		return -1;
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		r->filter = filter;
	} else {
		json_object_set_new(r->pg->answer, "filter_error", fp_answer_words(fp_pg_words(res)));
		PQclear(res);
		res = ask(r, "table", "ROLLBACK TO SAVEPOINT filter", NULL, NULL, NULL);
	}
	PQclear(res);
	return res ? 0 : -1;
}

/* 1 when the data cannot be looked at as the layer wants it, which ANSWER then says. */
static int filter_fails(struct relation *r, const char *stage)
{
	const char *words = fp_json_str_or(r->pg->answer, "filter_error", "");

	if (*words)
		fp_answer_fault(r->pg->answer, stage, "filter_failed", "%s", words);
	return *words != '\0';
}

/* The last question of all: this one runs what the project says, and could leave the session in another state than we think. */
static void test_unique(struct relation *r, const json_t *columns)
{
	struct fp_buf key = FP_BUF_INIT;
	const json_t *name;
	PGresult *res;
	char *sql;
	size_t i;

	if (filter_fails(r, "key"))
		return;
	json_array_foreach(columns, i, name) {
		fp_buf_adds(&key, i ? "," : "");
		add_name(&key, r->pg->conn, json_string_value(name));
	}
	sql = fp_asprintf("SELECT count(DISTINCT (%s)) = count((%s)) FROM %s%s%s%s", key.data, key.data, r->from,
		*r->filter ? " WHERE (" : "", r->filter, *r->filter ? "\n)" : "");
	res = ask(r, "key", sql, NULL, NULL, NULL);
	if (res && (PQntuples(res) != 1 || *PQgetvalue(res, 0, 0) != 't'))
		fp_answer_fault(r->pg->answer, "key", "key_not_unique", "%s is not unique", key.data);
	PQclear(res);
	free(sql);
	fp_buf_free(&key);
}

/* The column that a key means by NAME: in whatever case where it is not looked at any further, as QGIS takes its fields. */
static int key_column(const struct relation *r, const char *name, int exact)
{
	int at = column(r, name);

	for (int i = 0; at < 0 && !exact && i < PQnfields(r->columns); i++)
		if (strcasecmp(PQfname(r->columns, i), name) == 0)
			at = i;
	return at;
}

/* What has no index of its own needs a key that the layer names; GEOMETRY, a column's number or -1, is none. */
static void check_named_key(struct relation *r, int geometry)
{
	int tested = fp_json_bool(r->question, "unique", 1) && !fp_json_bool(r->question, "estimated", 0);
	const json_t *key = json_object_get(r->question, "key"), *name;
	json_t *pk = json_array();
	size_t i;

	json_object_set_new(r->pg->answer, "pk", pk);
	if (json_array_size(key) == 0) {
		fp_answer_fault(r->pg->answer, "key", "key_missing", "no key column is named");
		return;
	}
	json_array_foreach(key, i, name) {
		const char *s = json_is_string(name) ? json_string_value(name) : "";
		int at = key_column(r, s, tested);
		if (at < 0 || at == geometry) {
			fp_answer_fault(r->pg->answer, "key", "key_missing", at < 0 ? "column \"%s\" does not exist" : "column \"%s\" is the geometry", s);
			return;
		}
		json_array_append_new(pk, fp_json_text(PQfname(r->columns, at)));
	}
	if (tested)
		test_unique(r, pk);
}

static void check_key(struct relation *r, int geometry)
{
	const json_t *pk = json_object_get(r->pg->answer, "pk");

	if (r->in_doubt) {
		if (!fp_json_bool(r->question, "estimated", 0))
			test_unique(r, pk);
	} else if (!strchr("rp", r->relkind) && json_array_size(pk) == 0) {
		check_named_key(r, geometry);
	}
}

/* A raster is made of the rows that its table has and the filter leaves: one at least. */
static int check_tiles(struct relation *r)
{
	PGresult *res;
	char *sql;
	int some;

	if (filter_fails(r, "geometry"))
		return -1;
	sql = fp_asprintf("SELECT 1 FROM %s%s%s%s LIMIT 1", r->from, *r->filter ? " WHERE (" : "", r->filter, *r->filter ? "\n)" : "");
	res = ask(r, "geometry", sql, NULL, NULL, NULL);
	free(sql);
	some = res && PQntuples(res) > 0;
	if (res && !some)
		fp_answer_fault(r->pg->answer, "geometry", *r->filter ? "filter_failed" : "no_rows", *r->filter ? "it leaves no row" : "the table has no row");
	PQclear(res);
	return some ? 0 : -1;
}

void fp_pg_relation(struct fp_pg *pg, const json_t *question)
{
	struct relation r = {.pg = pg, .question = question, .filter = ""};
	const char *what = fp_json_str_or(question, "what", ""), *table = fp_json_str_or(question, "table", "");
	int raster = strcmp(what, "raster") == 0, at = -1, rc;
	PGresult *res = ask(&r, "table", "BEGIN TRANSACTION READ ONLY", NULL, NULL, NULL);

	PQclear(res);
	if (!res)
		return;
	res = ask(&r, "table", "SET LOCAL statement_timeout = 5000", NULL, NULL, NULL);
	PQclear(res);
	if (!res)
		return;
	rc = strcmp(what, "query") == 0 ? take_query(&r, table) : find_table(&r, fp_json_str_or(question, "schema", ""), table);
	if (rc == 0)
		rc = take_columns(&r);
	if (rc == 0)
		rc = check_geometry(&r, raster, &at);
	if (rc == 0 && r.oid)
		rc = take_pk(&r);
	if (rc == 0)
		rc = try_filter(&r);
	if (rc == 0 && at >= 0 && !raster)
		rc = take_geometry(&r, at);
	if (rc == 0 && raster)
		rc = check_tiles(&r);
	if (rc == 0)
		check_key(&r, at);
	PQclear(r.columns);
	free(r.from);
	free(r.oid);
	free(r.schema);
}

void fp_ask_postgres(struct fp_asker *asker, const json_t *question, json_t *answer)
{
	static const char *const kinds[] = {"connect", "table", "query", "raster"};
	const char *what = fp_json_str_or(question, "what", "");
	struct fp_pg pg = {.answer = answer};
	size_t kind = 0;

	while (kind < 4 && strcmp(kinds[kind], what) != 0)
		kind++;
	if (kind == 4) {
		fp_answer_fault(answer, "name", "bad_question", "there is no \"what\" of \"%s\"", what);
		return;
	}
	if (fp_pg_connect(&pg, asker, question) == 0 && kind > 0)
		fp_pg_relation(&pg, question);
	if (pg.conn)
		fp_answer_redact(answer, PQpass(pg.conn));
	PQfinish(pg.conn);
}
