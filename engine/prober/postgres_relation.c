/* What a layer needs of a database (spec/layers.md 2.9): a relation that can be read, its geometry column, a key. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/prober/answer.h"
#include "engine/prober/postgres.h"

struct relation {
	struct fp_pg *pg;
	const json_t *question;
	char *from;          /* what stands after FROM */
	char *oid, *schema;  /* NULL for a query */
	char relkind;        /* 'q' for a query */
	PGresult *columns;   /* a result with no rows */
	int has_pk;
	const char *filter;  /* "" when there is none that works */
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

static int take_columns(struct relation *r)
{
	char *sql = fp_asprintf("SELECT * FROM %s LIMIT 0", r->from);
	json_t *names = json_array();

	r->columns = ask(r, "table", sql, NULL, NULL, NULL);
	free(sql);
	for (int i = 0; r->columns && i < PQnfields(r->columns); i++)
		json_array_append_new(names, fp_json_text(PQfname(r->columns, i)));
	json_object_set_new(r->pg->answer, "columns", names);
	return r->columns ? take_types(r) : -1;
}

static const char *type_of(const struct relation *r, int at)
{
	return json_string_value(json_array_get(json_object_get(r->pg->answer, "types"), (size_t)at));
}

/* The column that QUESTION names has to be there and of a type that a layer can show. A raster's name may be left out: the first is meant. */
static int check_geometry(struct relation *r, int raster, int *at)
{
	static const char *const shapes[] = {"geometry", "geography", "topogeometry", "pcpatch", NULL}, *const rasters[] = {"raster", NULL};
	const char *const *types = raster ? rasters : shapes;
	const char *name = fp_json_str_or(r->question, "geometry", "");

	*at = -1;
	if (!*name && !raster)
		return 0;
	for (int i = 0; raster && !*name && *at < 0 && i < PQnfields(r->columns); i++)
		if (strcmp(type_of(r, i), "raster") == 0)
			*at = i;
	if (*name)
		*at = column(r, name);
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

/* "geometry_type" and "srid" of column AT, as PostGIS' catalogue has them; a query's column tells its own when it is one of a table. */
static int take_geometry(struct relation *r, int at)
{
	PGresult *res = ask(r, "geometry", "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
		" WHERE e.extname = 'postgis'", NULL, NULL, NULL);
	struct fp_buf postgis = FP_BUF_INIT;
	char *sql, modifier[16];

	if (!res)
		return -1;
	if (PQntuples(res) == 0) {
		PQclear(res);
		return 0;
	}
	add_name(&postgis, r->pg->conn, PQgetvalue(res, 0, 0));
	PQclear(res);
	if (r->schema) {
		sql = fp_asprintf("SELECT upper(type) || CASE WHEN coord_dimension = 4 THEN 'ZM' WHEN coord_dimension = 3 AND type !~* 'm$' THEN 'Z' ELSE '' END,"
			" srid FROM %s.geometry_columns WHERE f_table_schema = $1 AND f_table_name = $2 AND f_geometry_column = $3 UNION ALL"
			" SELECT upper(type), srid FROM %s.geography_columns WHERE f_table_schema = $1 AND f_table_name = $2 AND f_geography_column = $3",
			postgis.data, postgis.data);
		res = ask(r, "geometry", sql, r->schema, fp_json_str(r->question, "table"), PQfname(r->columns, at));
	} else {
		snprintf(modifier, sizeof modifier, "%d", PQfmod(r->columns, at));
		sql = fp_asprintf("SELECT upper(%s.postgis_typmod_type($1::pg_catalog.int4)), %s.postgis_typmod_srid($1::pg_catalog.int4)", postgis.data,
			postgis.data);
		res = ask(r, "geometry", sql, modifier, NULL, NULL);
	}
	free(sql);
	fp_buf_free(&postgis);
	if (res && PQntuples(res) > 0) {
		json_object_set_new(r->pg->answer, "geometry_type", fp_json_text(PQgetvalue(res, 0, 0)));
		json_object_set_new(r->pg->answer, "srid", json_integer(strtol(PQgetvalue(res, 0, 1), NULL, 10)));
	}
	PQclear(res);
	return res ? 0 : -1;
}

/* "pk": the columns of the primary key, else of a unique index, as QGIS takes them. */
static int take_pk(struct relation *r)
{
	json_t *pk = json_array();
	char *sql = fp_asprintf("SELECT a.attname FROM pg_catalog.pg_index i"
		" CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, at)"
		" JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE i.indexrelid ="
		" (SELECT u.indexrelid FROM pg_catalog.pg_index u WHERE u.indrelid = $1::pg_catalog.oid AND (u.indisprimary OR u.indisunique) AND u.indisvalid"
		" AND u.indpred IS NULL AND u.indexprs IS NULL ORDER BY u.indisprimary DESC, u.indexrelid LIMIT 1) AND k.at <= i.%s ORDER BY k.at",
		PQserverVersion(r->pg->conn) >= 110000 ? "indnkeyatts" : "indnatts");
	PGresult *res = ask(r, "key", sql, r->oid, NULL, NULL);

	for (int i = 0; res && i < PQntuples(res); i++)
		json_array_append_new(pk, fp_json_text(PQgetvalue(res, i, 0)));
	r->has_pk = json_array_size(pk) > 0;
	json_object_set_new(r->pg->answer, "pk", pk);
	free(sql);
	PQclear(res);
	return res ? 0 : -1;
}

/* A filter that does not work is no failure: QGIS calls the layer valid all the same. */
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

/* The last question of all: this one runs what the project says, and could leave the session in another state than we think. */
static void test_unique(struct relation *r, const char *key, int composite)
{
	char *sql = fp_asprintf(composite ? "SELECT count(DISTINCT (%s)) = count((%s)) FROM %s%s%s%s" : "SELECT count(DISTINCT %s) = count(%s) FROM %s%s%s%s",
		key, key, r->from, *r->filter ? " WHERE (" : "", r->filter, *r->filter ? "\n)" : "");
	PGresult *res = ask(r, "key", sql, NULL, NULL, NULL);

	if (res && (PQntuples(res) != 1 || *PQgetvalue(res, 0, 0) != 't'))
		fp_answer_fault(r->pg->answer, "key", "key_not_unique", "%s is not unique", key);
	PQclear(res);
	free(sql);
}

/* What has no index of its own needs a key that the layer names. */
static void check_key(struct relation *r)
{
	const json_t *key = json_object_get(r->question, "key"), *name;
	struct fp_buf names = FP_BUF_INIT;
	size_t i;

	if (strchr("rp", r->relkind) || r->has_pk)
		return;
	json_array_foreach(key, i, name) {
		const char *s = json_is_string(name) ? json_string_value(name) : "";
		if (column(r, s) < 0) {
			fp_answer_fault(r->pg->answer, "key", "key_missing", "column \"%s\" does not exist", s);
			fp_buf_free(&names);
			return;
		}
		fp_buf_adds(&names, i ? "," : "");
		add_name(&names, r->pg->conn, s);
	}
	if (json_array_size(key) == 0)
		fp_answer_fault(r->pg->answer, "key", "key_missing", "no key column is named");
	else if (fp_json_bool(r->question, "unique", 1))
		test_unique(r, names.data, json_array_size(key) > 1);
	fp_buf_free(&names);
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
	if (rc == 0 && at >= 0 && !raster)
		rc = take_geometry(&r, at);
	if (rc == 0 && r.oid)
		rc = take_pk(&r);
	if (rc == 0)
		rc = try_filter(&r);
	if (rc == 0 && !raster)
		check_key(&r);
	PQclear(r.columns);
	free(r.from);
	free(r.oid);
	free(r.schema);
}
