#include "engine/package/pg_columns.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

/* What QGIS 3.22 makes of a type (observed). Texts that have a width are those with a typmod of their own. */
static const struct type {
	const char *name;
	enum fp_pg_form form;
	OGRFieldType type;
	OGRFieldSubType subtype;
	const char *cast;        /* what is asked for, %1 the column and %2 PostGIS' schema; NULL: its text */
	enum fp_pg_element element;
	int lists;               /* there are lists of it */
} types[] = {
	{"bool", FP_PG_INT, OFTInteger, OFSTBoolean, "%1", FP_PG_BOOLS, 1},
	{"int2", FP_PG_INT, OFTInteger, OFSTInt16, "%1", FP_PG_NUMBERS, 1},
	{"int4", FP_PG_INT, OFTInteger, OFSTNone, "%1", FP_PG_NUMBERS, 1},
	{"int8", FP_PG_INT, OFTInteger64, OFSTNone, "%1", FP_PG_NUMBERS, 1},
	{"oid", FP_PG_INT, OFTInteger, OFSTNone, "%1::pg_catalog.int8", FP_PG_NUMBERS, 0},
	{"float4", FP_PG_REAL, OFTReal, OFSTNone, NULL, FP_PG_NUMBERS, 1}, /* as its text says: 1.1 and not 1.10000002384 */
	{"float8", FP_PG_FLOAT, OFTReal, OFSTNone, "%1", FP_PG_NUMBERS, 1},
	{"numeric", FP_PG_REAL, OFTReal, OFSTNone, NULL, FP_PG_NUMBERS, 1},
	{"date", FP_PG_DATE, OFTDate, OFSTNone, "%1", FP_PG_WORDS, 1},
	{"time", FP_PG_TIME, OFTString, OFSTNone, "%1", FP_PG_WORDS, 1},
	{"timetz", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
	{"timestamp", FP_PG_STAMP, OFTDateTime, OFSTNone, "%1", FP_PG_STAMPS, 1},
	{"timestamptz", FP_PG_STAMPTZ, OFTDateTime, OFSTNone, "%1", FP_PG_STAMPS, 1},
	{"bytea", FP_PG_BYTES, OFTBinary, OFSTNone, "%1", FP_PG_WORDS, 1},
	{"json", FP_PG_TEXT, OFTString, OFSTJSON, NULL, FP_PG_JSONS, 1},
	{"jsonb", FP_PG_TEXT, OFTString, OFSTJSON, NULL, FP_PG_JSONS, 1},
	{"hstore", FP_PG_HSTORE, OFTString, OFSTJSON, NULL, FP_PG_WORDS, 0},
	{"geometry", FP_PG_TEXT, OFTString, OFSTNone, "%2st_asewkt(%1)", FP_PG_WORDS, 0},
	{"geography", FP_PG_TEXT, OFTString, OFSTNone, "%2st_astext(%1)", FP_PG_WORDS, 0},
	{"text", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1}, {"varchar", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
	{"bpchar", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1}, {"char", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 0},
	{"citext", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1}, {"uuid", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
	{"name", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 0}, {"xml", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
	{"inet", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1}, {"cidr", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
	{"macaddr", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1}, {"money", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
	{"ltree", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 1},
};
static const struct type an_enum = {"", FP_PG_TEXT, OFTString, OFSTNone, NULL, FP_PG_WORDS, 0};

static const struct type *find(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

enum { NAME, KIND, ELEMENT, SCHEMA, NOT_NULL, DEFAULT, IDENTITY, UNIQUE, COMMENT, GENERATED };

/* What the catalogue knows of each column of a result, in its order. A unique index counts whatever its condition is, as for QGIS. */
static const char facts_sql[] =
	"SELECT t.typname, t.typtype, CASE WHEN t.typcategory = 'A' THEN e.typname END, n.nspname, coalesce(a.attnotnull, false),"
	" EXISTS (SELECT FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), coalesce(pg_catalog.to_jsonb(a)->>'attidentity', ''),"
	" EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indkey::pg_catalog.text = a.attnum::pg_catalog.text),"
	" pg_catalog.col_description(a.attrelid, a.attnum), coalesce(pg_catalog.to_jsonb(a)->>'attgenerated', '')"
	" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[]),"
	" pg_catalog.unnest($3::pg_catalog.int2[])) WITH ORDINALITY AS c (type, relation, number, place) JOIN pg_catalog.pg_type t ON t.oid = c.type"
	" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
	" LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.relation AND a.attnum = c.number"
	" AND c.relation <> 0 ORDER BY c.place";

static enum fp_status ask_facts(struct fp_pg_session *s, const PGresult *described, PGresult **facts, const char *what, struct fp_error *err)
{
	struct fp_buf lists[3] = {FP_BUF_INIT, FP_BUF_INIT, FP_BUF_INIT};
	const char *values[3];
	const struct fp_pg_step step = {.sql = facts_sql, .n = 3, .values = values};
	enum fp_status st;

	for (int i = 0; i < PQnfields(described); i++) {
		const char *comma = i ? "," : "{";
		fp_buf_addf(&lists[0], "%s%u", comma, PQftype(described, i));
		fp_buf_addf(&lists[1], "%s%u", comma, PQftable(described, i));
		fp_buf_addf(&lists[2], "%s%d", comma, PQftablecol(described, i));
	}
	for (int i = 0; i < 3; i++) {
		fp_buf_adds(&lists[i], PQnfields(described) ? "}" : "{}");
		values[i] = lists[i].data;
	}
	st = fp_pg_look(s, &step, 0, facts, what, err);
	for (int i = 0; i < 3; i++)
		fp_buf_free(&lists[i]);
	if (st == FP_OK && PQntuples(*facts) != PQnfields(described)) {
		PQclear(*facts);
		st = fp_fail(err, FP_E_INVALID, "%s: the database does not tell its columns' types", what);
	}
	return st;
}

static void add_select(struct fp_buf *select, const struct type *t, const char *column, const char *schema)
{
	char *quoted = fp_pg_quoted(column), *home = fp_pg_quoted(schema);

	fp_buf_adds(select, select->len ? ", " : "");
	for (const char *p = t->cast ? t->cast : "%1::pg_catalog.text"; *p; p++) {
		if (*p != '%') {
			fp_buf_addc(select, *p);
		} else if (*++p == '1') {
			fp_buf_adds(select, quoted);
		} else {
			fp_buf_addf(select, "%s.", home);
		}
	}
	free(quoted);
	free(home);
}

/* A column that is made by a query counts as not null and unique, since QGIS does so; its typmod does not count. */
static void take(struct fp_rows *r, struct fp_pg_taken *taken, const struct type *t, const struct fp_pg_relation *of, const PGresult *facts, int i)
{
	struct fp_row_column *c = &r->columns[r->n_columns];
	const PGresult *d = of->described;
	int list = !PQgetisnull(facts, i, ELEMENT), computed = PQftable(d, i) == 0, typmod = PQfmod(d, i);
	int is_key = of->key && strcmp(of->key, PQfname(d, i)) == 0, identity = *PQgetvalue(facts, i, IDENTITY) != '\0';

	*c = (struct fp_row_column){.name = fp_strdup(PQfname(d, i)), .type = list ? OFTString : t->type, .subtype = list ? OFSTJSON : t->subtype,
		.comment = PQgetisnull(facts, i, COMMENT) ? NULL : fp_strdup(PQgetvalue(facts, i, COMMENT))};
	if (!list && !computed && typmod > 4 && (strcmp(t->name, "varchar") == 0 || strcmp(t->name, "bpchar") == 0))
		c->width = typmod - 4;
	c->not_null = *PQgetvalue(facts, i, NOT_NULL) == 't' || is_key || identity || computed;
	c->unique = *PQgetvalue(facts, i, UNIQUE) == 't' || is_key || identity || computed;
	c->has_default = *PQgetvalue(facts, i, DEFAULT) == 't' || (identity && is_key && of->table);
	if (of->evaluated && !*PQgetvalue(facts, i, GENERATED))
		c->has_default = 0;
	taken[r->n_columns] = (struct fp_pg_taken){.form = list ? FP_PG_LIST : t->form, .element = t->element, .text = FP_BUF_INIT};
	r->n_columns++;
}

enum fp_status fp_pg_columns(struct fp_pg_session *s, struct fp_rows *r, struct fp_pg_taken **taken, struct fp_buf *select, const struct fp_pg_relation *of,
	const char *what, struct fp_error *err)
{
	static const struct type as_text = {.cast = NULL};
	int n = PQnfields(of->described);
	PGresult *facts;
	enum fp_status st = ask_facts(s, of->described, &facts, what, err);

	if (st != FP_OK)
		return st;
	r->columns = fp_alloc(((size_t)n + 1) * sizeof *r->columns);
	*taken = fp_alloc(((size_t)n + 1) * sizeof **taken);
	for (int i = 0; i < n; i++) {
		int list = !PQgetisnull(facts, i, ELEMENT);
		const struct type *t = *PQgetvalue(facts, i, KIND) == 'e' ? &an_enum : find(PQgetvalue(facts, i, list ? ELEMENT : NAME));
		if (i == of->geometry || !t || (list && !t->lists))
			continue;
		add_select(select, list ? &as_text : t, PQfname(of->described, i), PQgetvalue(facts, i, SCHEMA));
		take(r, *taken, t, of, facts, i);
	}
	PQclear(facts);
	return FP_OK;
}
