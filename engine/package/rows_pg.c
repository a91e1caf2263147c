/* Rows of PostgreSQL: tables, views and queries. One connection and one snapshot a package and database; the rows come by COPY in its binary form, one
 * message each, and the server waits for whoever reads them.
 *
 * What the project says of a layer (its query, its filter) is SQL of somebody else's. It becomes part of a SELECT, and that SELECT has to be one by itself,
 * with every bracket closed, before it is put between those of COPY (SELECT ...): EXPLAIN has parsed it alone by then. The transaction is read-only. */
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/layers/postgres.h"
#include "engine/layers/provider.h"
#include "engine/layers/wkt.h"
#include "engine/package/pg_columns.h"
#include "engine/package/web.h"
#include "engine/project/source.h"

#define SILENCE_MS 600000 /* how long a query may think about its next row */
#define HEADER 19         /* of a COPY, in front of its first row */

struct fp_pg_database {
	struct fp_pg_session session;
	char *address;           /* with the role */
	int broken;              /* its transaction is of no use any more */
	struct fp_pg_database *next;
};

struct rows {
	struct fp_rows rows;
	struct fp_package *package;
	struct fp_pg_database *db;
	char *what;              /* "layer "Trees" cannot be read" */
	struct fp_uri uri;
	char *from;              /* what stands behind FROM */
	struct fp_pg_relation relation;
	char *key, *geom;        /* quoted geometry column, NULL: none */
	char *postgis;           /* its schema, with a dot */
	int checks;              /* it is a table that has some */
	int geography, any;      /* the column is one; it may hold any type */
	int mixed;               /* it holds several that the layer takes */
	int type, srid;          /* QGIS' number and the SRID of what it holds, 0: any */
	char *sql;               /* the SELECT */
	struct fp_pg_taken *taken;
	struct fp_row_value *values;
	char *message;           /* of the row that was given last, libpq's */
	int copying, begun;
};

/* ---- databases ---- */

static void close_database(struct fp_pg_database *d)
{
	PQfinish(d->session.conn);
	free(d->address);
	free(d);
}

void fp_rows_close_databases(struct fp_package *p)
{
	fp_web_close(p);
	while (p->databases) {
		struct fp_pg_database *next = p->databases->next;
		close_database(p->databases);
		p->databases = next;
	}
}

/* The server's refusals of what is asked of it are faults of the project from here on. */
static enum fp_status asked(enum fp_status st, struct fp_error *err)
{
	if (st == FP_E_REFUSED && err)
		err->code = FP_E_INVALID;
	return st == FP_E_REFUSED ? FP_E_INVALID : st;
}

/* A database that the check has just asked is no reason to leave a layer as it is when it refuses everything. */
static enum fp_status gone(enum fp_status st, struct fp_error *err)
{
	if (st == FP_E_REFUSED && err)
		err->code = FP_E_IO;
	return st == FP_E_REFUSED ? FP_E_IO : st;
}

static enum fp_status begin(struct fp_pg_session *s, const char *role, const char *what, struct fp_error *err)
{
	char *quoted = fp_pg_quoted(role), *sql = fp_asprintf("SET LOCAL ROLE %s", quoted);
	const struct fp_pg_step step = {.sql = sql};
	PGresult *res = NULL;
	enum fp_status st;

	fp_assert(PQenterPipelineMode(s->conn));
	fp_pg_later(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
	fp_pg_later(s, fp_pg_settings);
	fp_pg_later(s, "SET LOCAL statement_timeout = 0");
	fp_pg_later(s, "SET LOCAL idle_in_transaction_session_timeout = 0");
	st = *role ? fp_pg_look(s, &step, 0, &res, what, err) : fp_pg_batch(s, NULL, 0, NULL, what, err);
	PQclear(res);
	free(quoted);
	free(sql);
	return st;
}

/* The role is the job's, else the one that the source names. */
static enum fp_status open_database(struct rows *r, const json_t *question, struct fp_error *err)
{
	struct fp_package *p = r->package;
	const struct fp_pg_reach reach = {p->allow, p->pgservice, p->any_address};
	const char *role = p->session_role ? p->session_role : fp_uri_get(&r->uri, "session_role");
	char *plain = fp_pg_address_of(question), *address = fp_asprintf("%s%s", plain, role);
	struct fp_pg_database *d = p->databases;
	enum fp_status st;

	free(plain);
	while (d && (d->broken || strcmp(d->address, address) != 0))
		d = d->next;
	r->db = d;
	if (d) {
		free(address);
		return FP_OK;
	}
	d = fp_alloc(sizeof *d);
	d->address = address;
	snprintf(d->session.prefix, sizeof d->session.prefix, "fieldpost_%08x", randombytes_random());
	st = fp_pg_dial(&d->session.conn, question, &reach, r->what, err);
	if (st == FP_OK)
		st = begin(&d->session, role, r->what, err);
	if (st != FP_OK) {
		close_database(d);
		return gone(st, err);
	}
	d->next = p->databases;
	p->databases = d;
	r->db = d;
	return FP_OK;
}

/* ---- what it holds ---- */

static enum fp_status ask(struct rows *r, PGresult **res, const char *sql, int n, const char *const *values, struct fp_error *err)
{
	const struct fp_pg_step step = {.sql = sql, .n = n, .values = values};

	return asked(fp_pg_look(&r->db->session, &step, 0, res, r->what, err), err);
}

/* FROM, and whether a table without any index that could be its key has none that QGIS knows of. */
static enum fp_status find_relation(struct rows *r, const json_t *question, struct fp_pg_table *table, struct fp_error *err)
{
	const char *values[] = {NULL};
	PGresult *res;
	enum fp_status st;

	if (fp_pg_is_query(question)) {
		r->from = fp_asprintf("%s\n AS fieldpost_layer", r->uri.table); /* the line's end closes a comment */
		return FP_OK;
	}
	st = asked(fp_pg_find_table(&r->db->session, table, question, r->what, err), err);
	if (st != FP_OK)
		return st;
	r->from = fp_strdup(table->from);
	r->relation.table = table->kind == 'r' || table->kind == 'p';
	values[0] = table->oid;
	st = ask(r, &res, "SELECT pg_catalog.obj_description($1::pg_catalog.oid, 'pg_class'), EXISTS (SELECT FROM pg_catalog.pg_index i"
		" WHERE i.indrelid = $1::pg_catalog.oid AND i.indisunique), EXISTS (SELECT FROM pg_catalog.pg_constraint c"
		" WHERE c.conrelid = $1::pg_catalog.oid AND c.contype = 'c')", 1, values, err);
	if (st != FP_OK)
		return st;
	if (!PQgetisnull(res, 0, 0))
		r->rows.comment = fp_strdup(PQgetvalue(res, 0, 0));
	if (r->relation.table && *PQgetvalue(res, 0, 1) != 't')
		r->relation.key = NULL;
	r->checks = *PQgetvalue(res, 0, 2) == 't';
	PQclear(res);
	return FP_OK;
}

/* The type and the SRID of a column, mostly by what its type says. Those of before PostGIS 2 say it in constraints. PostGIS' catalogue reads these, of all
 * tables of the database, and fails when somebody drops one of them meanwhile: it is not asked in vain. */
static enum fp_status ask_type(struct rows *r, const struct fp_pg_table *table, const PGresult *described, struct fp_error *err)
{
	int by_type = PQfmod(described, r->relation.geometry);
	char modifier[16], *sql;
	const char *values[] = {table->schema, r->uri.table, r->uri.geometry};
	PGresult *res;
	enum fp_status st;

	if (by_type < 0 && r->checks) {
		sql = fp_asprintf("SELECT upper(type) || CASE WHEN coord_dimension = 4 THEN 'ZM' WHEN coord_dimension = 3 AND type !~* 'm$' THEN 'Z' ELSE '' END,"
			" srid FROM %sgeometry_columns WHERE f_table_schema = $1 AND f_table_name = $2 AND f_geometry_column = $3 UNION ALL SELECT upper(type), srid"
			" FROM %sgeography_columns WHERE f_table_schema = $1 AND f_table_name = $2 AND f_geography_column = $3", r->postgis, r->postgis);
		st = ask(r, &res, sql, 3, values, err);
	} else {
		snprintf(modifier, sizeof modifier, "%d", by_type);
		values[0] = modifier;
		sql = fp_asprintf("SELECT upper(%spostgis_typmod_type($1::pg_catalog.int4)), %spostgis_typmod_srid($1::pg_catalog.int4)", r->postgis, r->postgis);
		st = ask(r, &res, sql, 1, values, err);
	}
	free(sql);
	if (st != FP_OK)
		return st;
	r->any = 1;
	if (PQntuples(res) > 0) {
		const char *word = PQgetvalue(res, 0, 0);
		r->any = strncmp(word, "GEOMETRY", 8) == 0 && strncmp(word, "GEOMETRYC", 9) != 0;
		r->type = r->any ? 0 : fp_postgres_type(word);
		r->srid = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
	}
	PQclear(res);
	return FP_OK;
}

static enum fp_status find_geometry(struct rows *r, const struct fp_pg_table *table, struct fp_error *err)
{
	const PGresult *d = r->relation.described;
	char oid[16], *home;
	const char *values[] = {oid};
	PGresult *res;
	enum fp_status st;

	r->relation.geometry = -1;
	if (!*r->uri.geometry)
		return FP_OK;
	for (int i = 0; i < PQnfields(d); i++)
		if (strcmp(PQfname(d, i), r->uri.geometry) == 0)
			r->relation.geometry = i;
	if (r->relation.geometry < 0)
		return fp_fail(err, FP_E_INVALID, "%s: it has no column \"%s\"", r->what, r->uri.geometry);
	snprintf(oid, sizeof oid, "%u", PQftype(d, r->relation.geometry));
	st = ask(r, &res, "SELECT t.typname, n.nspname FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
		" WHERE t.oid = $1::pg_catalog.oid", 1, values, err);
	if (st != FP_OK)
		return st;
	r->geography = PQntuples(res) > 0 && strcmp(PQgetvalue(res, 0, 0), "geography") == 0;
	if (!r->geography && (PQntuples(res) == 0 || strcmp(PQgetvalue(res, 0, 0), "geometry") != 0)) {
		PQclear(res);
		return fp_fail(err, FP_E_REFUSED, "%s: column \"%s\" is no geometry that a GeoPackage could hold", r->what, r->uri.geometry);
	}
	home = fp_pg_quoted(PQgetvalue(res, 0, 1));
	r->postgis = fp_asprintf("%s.", home);
	r->geom = fp_pg_quoted(r->uri.geometry);
	free(home);
	PQclear(res);
	return ask_type(r, table, d, err);
}

static enum fp_status describe(struct rows *r, const struct fp_pg_table *table, struct fp_buf *select, struct fp_error *err)
{
	char *sql = fp_asprintf("SELECT * FROM %s LIMIT 0", r->from);
	PGresult *res;
	enum fp_status st = ask(r, &res, sql, 0, NULL, err);

	free(sql);
	if (st != FP_OK)
		return st;
	r->relation.described = res;
	st = find_geometry(r, table, err);
	if (st == FP_OK && r->geom)
		fp_buf_addf(select, "%sst_asbinary(%s, 'NDR')", r->postgis, r->geom);
	if (st == FP_OK)
		st = asked(fp_pg_columns(&r->db->session, &r->rows, &r->taken, select, &r->relation, r->what, err), err);
	PQclear(res);
	r->relation.described = NULL;
	return st;
}

/* ---- which rows ---- */

static void add_and(struct fp_buf *where)
{
	fp_buf_adds(where, where->len ? " AND " : " WHERE ");
}

/* As the layer's own filter: one of them holds. */
static void add_filters(struct fp_buf *where, const struct fp_strv *filters)
{
	char *either = fp_rows_either(filters);

	if (!either)
		return;
	add_and(where);
	fp_buf_addf(where, "(%s)", either);
	free(either);
}

/* A column of any type shows what the layer asks for; one that holds nothing else shows rows without a geometry, too (QGIS). */
static enum fp_status look_into(struct rows *r, const char *filters, struct fp_error *err)
{
	int estimated = strcmp(fp_uri_get(&r->uri, "estimatedmetadata"), "true") == 0;
	char *sql = fp_asprintf("SELECT DISTINCT %sst_srid(g) || ':' || upper(%sgeometrytype(g)) || (ARRAY['', 'M', 'Z', 'ZM'])[%sst_zmflag(g) + 1] FROM"
		" (SELECT %s::%sgeometry AS g FROM %s%s%s) AS fieldpost_geometries WHERE g IS NOT NULL ORDER BY 1 LIMIT 32", r->postgis, r->postgis, r->postgis,
		r->geom, r->postgis, r->from, filters, estimated ? " LIMIT 100" : "");
	struct fp_postgres_kind kinds[32];
	json_t *found = json_array();
	PGresult *res;
	enum fp_status st = ask(r, &res, sql, 0, NULL, err);

	for (int i = 0; st == FP_OK && i < PQntuples(res); i++)
		json_array_append_new(found, fp_json_text(PQgetvalue(res, i, 0)));
	if (st == FP_OK && fp_postgres_kinds(kinds, sizeof kinds / sizeof *kinds, found) == 1) {
		r->type = kinds[0].type;
		r->srid = (int)kinds[0].srid;
	}
	PQclear(st == FP_OK ? res : NULL);
	json_decref(found);
	free(sql);
	return st;
}

static void add_type(struct fp_buf *where, const struct rows *r, int wanted)
{
	static const char *const words[] = {
		[1] = "'POINT','POINTM','MULTIPOINT','MULTIPOINTM'",
		[2] = "'LINESTRING','LINESTRINGM','CIRCULARSTRING','CIRCULARSTRINGM','COMPOUNDCURVE','COMPOUNDCURVEM','MULTILINESTRING','MULTILINESTRINGM',"
			"'MULTICURVE','MULTICURVEM'",
		[3] = "'POLYGON','POLYGONM','CURVEPOLYGON','CURVEPOLYGONM','MULTIPOLYGON','MULTIPOLYGONM','MULTISURFACE','MULTISURFACEM','POLYHEDRALSURFACE',"
			"'POLYHEDRALSURFACEM','TIN','TINM','TRIANGLE','TRIANGLEM'",
	};
	int class = fp_wkb_class(wanted);

	if (class < 1 || class > 3)
		return;
	add_and(where);
	fp_buf_addf(where, "upper(%sgeometrytype(%s::%sgeometry)) IN (%s)", r->postgis, r->geom, r->postgis, words[class]);
}

/* Type and SRID as far as they are the layer's own wish, and the rectangle, which is compared as QGIS does. */
static enum fp_status restrict_geometry(struct rows *r, struct fp_buf *where, const struct fp_rows_wanted *wanted, struct fp_error *err)
{
	const char *srid = fp_uri_get(&r->uri, "srid");
	int type = fp_wkb_type(fp_uri_get(&r->uri, "type")), asked_srid = (int)strtol(srid, NULL, 10), typed = type != -1 && type != 0 && type != 100;
	enum fp_status st = r->any && (typed || *srid) ? look_into(r, where->data, err) : FP_OK;

	if (*srid && !r->geography && (asked_srid != r->srid || (r->any && !r->type))) {
		add_and(where);
		fp_buf_addf(where, "%sst_srid(%s) = %d", r->postgis, r->geom, asked_srid);
	}
	if (typed && type != r->type)
		add_type(where, r, type);
	r->mixed = r->any && typed && type != r->type;
	if (*srid)
		r->srid = asked_srid;
	if (wanted->has_rect) {
		add_and(where);
		fp_buf_addf(where, "%s::%sgeometry OPERATOR(%s&&) %sst_makeenvelope(%.17g, %.17g, %.17g, %.17g, %d)", r->geom, r->postgis, r->postgis, r->postgis,
			wanted->rect[0], wanted->rect[1], wanted->rect[2], wanted->rect[3], r->srid);
	}
	return st;
}

/* ---- its coordinates ---- */

static enum fp_status find_srs(struct rows *r, struct fp_error *err)
{
	char id[16], *sql;
	const char *values[] = {id};
	PGresult *res;
	enum fp_status st;

	if (!r->geom || r->srid <= 0)
		return FP_OK;
	snprintf(id, sizeof id, "%d", r->srid);
	sql = fp_asprintf("SELECT auth_name, auth_srid, srtext FROM %sspatial_ref_sys WHERE srid = $1::pg_catalog.int4", r->postgis);
	st = ask(r, &res, sql, 1, values, err);
	free(sql);
	if (st != FP_OK)
		return st;
	if (PQntuples(res) > 0) {
		char *name = fp_asprintf("%s:%s", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
		r->rows.srs = fp_rows_srs(name);
		if (!r->rows.srs)
			r->rows.srs = fp_rows_srs(PQgetvalue(res, 0, 2));
		free(name);
	}
	PQclear(res);
	return FP_OK;
}

/* ---- opening ---- */

/* How many rows the server thinks that there are. It has read the statement then (see above). */
static enum fp_status explain(struct rows *r, struct fp_error *err)
{
	char *sql = fp_asprintf("EXPLAIN (FORMAT JSON) %s", r->sql);
	json_t *plan = NULL;
	PGresult *res;
	enum fp_status st = ask(r, &res, sql, 0, NULL, err);

	free(sql);
	if (st != FP_OK)
		return st;
	r->rows.about = -1;
	if (PQntuples(res) > 0 && fp_json_parse(&plan, PQgetvalue(res, 0, 0), strlen(PQgetvalue(res, 0, 0)), NULL) == FP_OK)
		r->rows.about = fp_json_int(json_object_get(json_array_get(plan, 0), "Plan"), "Plan Rows", -1);
	json_decref(plan);
	PQclear(res);
	return FP_OK;
}

static enum fp_status prepare(struct rows *r, const json_t *question, const struct fp_rows_wanted *wanted, struct fp_error *err)
{
	struct fp_buf select = FP_BUF_INIT, where = FP_BUF_INIT;
	struct fp_pg_table table = {0};
	enum fp_status st = find_relation(r, question, &table, err);

	if (st == FP_OK)
		st = describe(r, &table, &select, err);
	add_filters(&where, wanted->filters);
	if (st == FP_OK && r->geom)
		st = restrict_geometry(r, &where, wanted, err);
	if (st == FP_OK)
		st = find_srs(r, err);
	if (st == FP_OK) {
		r->sql = fp_asprintf("SELECT %s FROM %s%s", select.data, r->from, where.data);
		st = explain(r, err);
	}
	fp_buf_free(&select);
	fp_buf_free(&where);
	fp_pg_table_clear(&table);
	return st;
}

/* ---- the rows ---- */

/* 1: a message; 0: the end; -1: the connection is lost. */
static int receive(struct rows *r, int *n)
{
	PGconn *conn = r->db->session.conn;
	int64_t deadline = fp_monotonic_ms() + SILENCE_MS;

	PQfreemem(r->message);
	r->message = NULL;
	while ((*n = PQgetCopyData(conn, &r->message, 1)) == 0) {
		struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};
		int64_t left = deadline - fp_monotonic_ms();
		if (p.fd < 0 || left <= 0 || poll(&p, 1, (int)left) == 0 || PQconsumeInput(conn) != 1)
			return -1;
	}
	return *n > 0 ? 1 : *n == -1 ? 0 : -1;
}

static PGresult *result(PGconn *conn)
{
	int64_t deadline = fp_monotonic_ms() + SILENCE_MS;

	while (PQflush(conn) == 1 || PQisBusy(conn)) {
		struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};
		int64_t left = deadline - fp_monotonic_ms();
		if (p.fd < 0 || left <= 0 || poll(&p, 1, (int)left) == 0 || PQconsumeInput(conn) != 1)
			return NULL;
	}
	return PQgetResult(conn);
}

/* The connection is in no state to be asked anything else. */
static enum fp_status broken(struct rows *r, const PGresult *res, struct fp_error *err)
{
	struct fp_error why;
	enum fp_status st = fp_pg_refused(&r->db->session, res, r->what, &why);

	r->db->broken = 1;
	r->copying = 0;
	if (st == FP_E_IO)
		return fp_fail(err, st, "%s: %s", r->what, why.msg);
	return asked(fp_fail(err, st, "%s", why.msg), err);
}

static enum fp_status start_copy(struct rows *r, struct fp_error *err)
{
	PGconn *conn = r->db->session.conn;
	char *sql = fp_asprintf("COPY (%s\n) TO STDOUT (FORMAT binary)", r->sql);
	PGresult *res = NULL;
	enum fp_status st = FP_OK;

	r->begun = 1;
	if (r->db->broken || PQexitPipelineMode(conn) != 1 || PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1 || !(res = result(conn)) ||
			PQresultStatus(res) != PGRES_COPY_OUT)
		st = broken(r, res, err);
	r->copying = st == FP_OK;
	PQclear(res);
	free(sql);
	return st;
}

/* The server has told everything; what it says last is whether that was all. */
static enum fp_status end_copy(struct rows *r, struct fp_error *err)
{
	PGconn *conn = r->db->session.conn;
	PGresult *res = result(conn), *more;
	enum fp_status st = PQresultStatus(res) == PGRES_COMMAND_OK ? FP_OK : broken(r, res, err);

	PQclear(res);
	r->copying = 0;
	if (st != FP_OK)
		return st;
	while ((more = result(conn)))
		PQclear(more);
	if (PQenterPipelineMode(conn) != 1)
		r->db->broken = 1;
	return FP_OK;
}

static int32_t number_at(const char *p, size_t n)
{
	uint32_t u = 0;

	for (size_t i = 0; i < n; i++)
		u = u << 8 | (unsigned char)p[i];
	return n == 2 ? (int16_t)u : (int32_t)u;
}

/* The field at *P; *N -1 when it is NULL. NULL: the message is no row as it should be. */
static const char *field(const char **p, const char *end, int32_t *n)
{
	const char *at = *p + 4;

	if (end - *p < 4)
		return NULL;
	*n = number_at(*p, 4);
	if (*n > end - at || *n < -1)
		return NULL;
	*p = at + (*n > 0 ? *n : 0);
	return at;
}

static enum fp_status take_row(struct rows *r, const char *p, const char *end, struct fp_row *row, struct fp_error *err)
{
	size_t n = r->rows.n_columns + (r->geom != NULL);
	const char *at = p;
	int32_t len = -1;

	row->values = r->values;
	row->form = FP_ROW_NO_GEOMETRY;
	if ((size_t)number_at(p, 2) != n)
		at = NULL;
	p += 2;
	if (at && r->geom)
		at = field(&p, end, &len);
	if (at && len >= 0) {
		row->form = FP_ROW_WKB;
		row->geometry = (const unsigned char *)at;
		row->geometry_len = (size_t)len;
		fp_pg_polygons((unsigned char *)r->message + (at - r->message), (size_t)len);
	}
	for (size_t i = 0; at && i < r->rows.n_columns; i++) {
		at = field(&p, end, &len);
		if (at && (len >= 0 || r->taken[i].form == FP_PG_HSTORE)) /* no map is an empty one to QGIS */
			fp_pg_decode(&r->values[i], &r->taken[i], at, len > 0 ? (size_t)len : 0);
		else
			r->values[i].type = FP_NULL;
	}
	return at ? FP_OK : fp_fail(err, FP_E_IO, "%s: the database sent a row that is none", r->what);
}

static enum fp_status next(struct fp_rows *rows, struct fp_row *row, int *more, struct fp_error *err)
{
	struct rows *r = (struct rows *)rows;
	int first = !r->begun, n, got;
	enum fp_status st = first ? start_copy(r, err) : FP_OK;

	*more = 0;
	if (st != FP_OK || !r->copying)
		return st;
	for (;; first = 0) {
		const char *p;
		got = receive(r, &n);
		if (got < 0)
			return broken(r, NULL, err);
		if (got == 0)
			return end_copy(r, err);
		p = r->message + (first ? HEADER : 0);
		if (n - (p - r->message) < 2) /* a header by itself */
			continue;
		if (number_at(p, 2) < 0) /* the trailer */
			continue;
		*more = 1;
		return take_row(r, p, r->message + n, row, err);
	}
}

static void rows_free(struct fp_rows *rows)
{
	struct rows *r = (struct rows *)rows;

	if (r->copying) /* who does not want the rest does not want the connection */
		r->db->broken = 1;
	for (size_t i = 0; i < r->rows.n_columns; i++)
		fp_buf_free(&r->taken[i].text);
	free(r->taken);
	free(r->values);
	PQfreemem(r->message);
	fp_uri_clear(&r->uri);
	free(r->what);
	free(r->from);
	free(r->geom);
	free(r->postgis);
	free(r->sql);
	free(r);
}

static const struct fp_rows_ops ops = {.next = next, .free = rows_free};

enum fp_status fp_rows_postgres(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct rows *r = fp_alloc(sizeof *r);
	json_t *question;
	enum fp_status st;

	*out = NULL;
	r->rows.ops = &ops;
	r->rows.language = FP_IN_POSTGRESQL;
	r->package = p;
	r->what = fp_asprintf("layer \"%s\" cannot be read", layer->def->name);
	r->relation.key = layer->pk;
	r->relation.evaluated = p->project->provider_defaults;
	fp_uri_parse(&r->uri, layer->def->datasource);
	question = fp_pg_question(layer->def, r->what, err);
	st = question ? open_database(r, question, err) : FP_E_REFUSED;
	if (st == FP_OK)
		st = prepare(r, question, wanted, err);
	json_decref(question);
	if (st == FP_OK) {
		r->values = fp_alloc((r->rows.n_columns + 1) * sizeof *r->values);
		r->rows.geometry = !r->geom ? wkbNone : r->mixed ? wkbUnknown : fp_rows_geometry(layer);
		*out = &r->rows;
	} else {
		fp_rows_free(&r->rows);
	}
	return st;
}
