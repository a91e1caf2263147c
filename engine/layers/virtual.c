/* virtual (spec/layers.md 2.5): a query over layers. Only QGIS can run it, for it may use QGIS' own functions; here its layers are looked up and the query
 * is compiled by SQLite on tables that have nothing but their columns. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/layers/sqlite.h"
#include "engine/layers/provider.h"
#include "engine/layers/url_query.h"
#include "engine/project/source.h"

#define DEPTH_MAX 8   /* virtual layers over virtual layers */
#define ASKED_MAX 256 /* layers that one of them may lead to, each time that it is met */
#define TABLES_MAX 64 /* that one query may name */

struct query {
	struct fp_strv known;   /* names that the source itself brings along: aliases, layers inside it */
	const struct fp_layer_def *layers[TABLES_MAX]; /* those of the project that the first of the names mean, parallel; NULL: a layer inside the source */
	size_t n_layers;        /* that the source names */
	char *sql;              /* NULL: none */
	struct fp_query options;
};

static int depth; /* of the layer that is checked now: checks call each other */
static int asked; /* checks that the outermost one has led to */

/* The parts of VALUE between colons, decoded: a colon inside a part is escaped. */
static void split(struct fp_strv *parts, const char *value, size_t n)
{
	while (n > 0) {
		const char *colon = memchr(value, ':', n);
		size_t k = colon ? (size_t)(colon - value) : n;
		fp_strv_take(parts, fp_percent_decode(value, k));
		value += k + (colon != NULL);
		n -= k + (colon != NULL);
	}
}

static void unknown_layer(struct fp_check *c, const char *name, const char *summary)
{
	fp_verdict_invalid(c);
	fp_verdict_provider(c, "%s", summary);
	fp_verdict_detail(c, "%s", summary);
	fp_verdict_cause(c, "virtual_unknown_layer", FP_SLOTS({"NAME", name}));
	for (size_t i = 0; i < c->project->n_layers; i++)
		if (strcmp(c->project->layers[i].type, "vector") == 0 && strcmp(c->project->layers[i].id, c->layer->id) != 0)
			fp_verdict_instead(c, "%s", c->project->layers[i].name);
}

/* The status of another layer; of more and deeper ones than anybody makes, nothing is said. */
static enum fp_layer_status status_of(const struct fp_check *c, const struct fp_layer_def *layer)
{
	struct fp_verdict v;
	enum fp_layer_status status;

	if (depth == 0)
		asked = 0;
	if (depth >= DEPTH_MAX || ++asked > ASKED_MAX)
		return FP_LAYER_NOT_CHECKED;
	depth++;
	fp_layer_check(&v, c->k, layer);
	depth--;
	status = v.status;
	fp_verdict_clear(&v);
	return status;
}

static int is_good(enum fp_layer_status s)
{
	return s == FP_LAYER_OK || s == FP_LAYER_NOT_CHECKED;
}

static void know(struct query *q, const char *name, const struct fp_layer_def *l)
{
	if (q->known.n < TABLES_MAX)
		q->layers[q->known.n] = l;
	fp_strv_add(&q->known, name);
}

static int take_reference(struct fp_check *c, struct query *q, const struct fp_strv *parts)
{
	const struct fp_layer_def *l = parts->n ? fp_project_layer(c->project, parts->items[0]) : NULL;
	char *summary;

	if (!l) {
		summary = fp_asprintf("Cannot find layer %s", parts->n ? parts->items[0] : "");
		unknown_layer(c, parts->n ? parts->items[0] : "", summary);
		free(summary);
		return 0;
	}
	q->n_layers++;
	know(q, l->id, l);
	know(q, l->name, l);
	if (parts->n > 1)
		know(q, parts->items[1], l);
	return 1;
}

/* provider:source:name:encoding */
static int take_inner(struct fp_check *c, struct query *q, const struct fp_strv *parts)
{
	struct fp_layer_def inner = *c->layer;
	char *summary;
	int good;

	if (parts->n < 2)
		return 1;
	inner.type = (char *)"vector";
	inner.provider = parts->items[0];
	inner.datasource = parts->items[1];
	good = is_good(status_of(c, &inner));
	q->n_layers++;
	if (parts->n > 2)
		know(q, parts->items[2], NULL);
	if (!good) {
		summary = fp_asprintf("Cannot set SQL for source layer \"%s\"", parts->n > 2 ? parts->items[2] : "");
		unknown_layer(c, parts->n > 2 ? parts->items[2] : parts->items[1], summary);
		free(summary);
	}
	return good;
}

/* 0: the verdict is given. */
static int take_apart(struct fp_check *c, struct query *q)
{
	static const struct {
		const char *key;
		int (*take)(struct fp_check *c, struct query *q, const struct fp_strv *parts);
	} keys[] = {{"layer_ref=", take_reference}, {"layer=", take_inner}};
	const char *p = strchr(c->layer->datasource, '?');
	int good = 1;

	for (p = p ? p + 1 : ""; *p && good;) {
		size_t n = strcspn(p, "&");
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
			size_t k = strlen(keys[i].key);
			struct fp_strv parts = {0};
			if (n < k || strncmp(p, keys[i].key, k) != 0)
				continue;
			split(&parts, p + k, n - k);
			good = keys[i].take(c, q, &parts);
			fp_strv_free(&parts);
		}
		if (n > 6 && strncmp(p, "query=", 6) == 0 && !q->sql)
			q->sql = fp_percent_decode(p + 6, n - 6);
		p += n + (p[n] == '&');
	}
	return good;
}

/* The layer of the project that NAME means, by id or name, in any case. */
static const struct fp_layer_def *layer_called(const struct fp_project *p, const char *name)
{
	for (size_t i = 0; i < p->n_layers; i++)
		if (strcasecmp(p->layers[i].id, name) == 0 || strcasecmp(p->layers[i].name, name) == 0)
			return &p->layers[i];
	return NULL;
}

/* Its place among the names that the source brings along, -1 when it is none of them. */
static int place_of(const struct query *q, const char *name)
{
	for (size_t i = 0; i < q->known.n; i++)
		if (strcasecmp(q->known.items[i], name) == 0)
			return (int)i;
	return -1;
}

/* A table with the columns that the project knows of the layer; doubles are left out, as SQLite wants it. */
static int add_table(sqlite3 *db, const char *name, const struct fp_layer_def *l)
{
	char *quoted = fp_sqlite_quote(name);
	struct fp_strv columns = {0};
	struct fp_buf sql = FP_BUF_INIT;
	int rc;

	fp_buf_addf(&sql, "CREATE TABLE %s (geometry", quoted);
	fp_strv_add(&columns, "geometry");
	for (size_t i = 0; l && i < l->n_fields; i++) {
		char *column, *folded = fp_strdup(l->fields[i].name);
		for (char *p = folded; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		if (*folded && !fp_strv_has(&columns, folded)) {
			column = fp_sqlite_quote(l->fields[i].name);
			fp_buf_addf(&sql, ", %s", column);
			free(column);
		}
		fp_strv_take(&columns, folded);
	}
	fp_buf_addc(&sql, ')');
	rc = sqlite3_exec(db, sql.data, NULL, NULL, NULL);
	fp_buf_free(&sql);
	fp_strv_free(&columns);
	free(quoted);
	return rc == SQLITE_OK;
}

/* Gives the query the table it lacks. 0: the verdict is given. */
static int provide(struct fp_check *c, const struct query *q, sqlite3 *db, const char *name)
{
	int place = place_of(q, name);
	const struct fp_layer_def *l = place >= 0 && place < TABLES_MAX ? q->layers[place] : place < 0 ? layer_called(c->project, name) : NULL;
	char *summary;

	if (l && strcmp(l->id, c->layer->id) != 0 && !is_good(status_of(c, l))) {
		unknown_layer(c, name, "Can't deduce the geometry type of the geometry field!");
		return 0;
	}
	if ((place >= 0 || l) && add_table(db, name, l))
		return 1;
	summary = fp_asprintf("Referenced table %s in query not found!", name);
	unknown_layer(c, name, summary);
	free(summary);
	return 0;
}

/* QGIS makes a view of the query, which takes queries only, and none that waits for values ("$area" and "@variable" are such). */
static int is_view(struct fp_error *err, const char *sql, sqlite3 *db)
{
	static const char *const begins[] = {"SELECT", "WITH", "VALUES"};
	sqlite3_stmt *stmt = NULL;
	int starts = 0, waits;

	while (isspace((unsigned char)*sql))
		sql++;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		starts |= strncasecmp(sql, begins[i], strlen(begins[i])) == 0;
	if (isalpha((unsigned char)*sql) && !starts) {
		fp_fail(err, FP_E_INVALID, "near \"%.*s\": syntax error", (int)strcspn(sql, " \t\r\n;("), sql);
		return 0;
	}
	waits = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_bind_parameter_count(stmt) > 0;
	sqlite3_finalize(stmt);
	if (waits)
		fp_fail(err, FP_E_INVALID, "parameters are not allowed in views");
	return !waits;
}

static void judge(struct fp_check *c, const struct query *q, const struct fp_error *err)
{
	if (strncmp(err->msg, "no such column", 14) == 0 || err->code == FP_E_REFUSED) {
		fp_verdict_detail(c, "%s", err->msg);
		fp_verdict_not_checked(c, "virtual_not_run", FP_NOSLOTS);
		return;
	}
	fp_verdict_invalid(c);
	fp_verdict_provider(c, "Query execution error on CREATE TEMP VIEW _tview AS %s: 1 - %s", q->sql, err->msg);
	fp_verdict_detail(c, "%s", err->msg);
	fp_verdict_cause(c, "bad_query", FP_SLOTS({"REASON", err->msg}));
}

static const char *option(const struct query *q, const char *key)
{
	return fp_query_get(&q->options, key);
}

/* What the source itself says of the geometry: "geometry=column:type:srid", "nogeometry", "lazy". */
static int declared_type(const struct query *q)
{
	const char *geometry = option(q, "geometry"), *type = geometry ? strchr(geometry, ':') : NULL;
	char *end;
	long n = type ? strtol(type + 1, &end, 10) : 0;

	if (option(q, "lazy") && *option(q, "lazy"))
		return 0;
	if (option(q, "nogeometry"))
		return 100;
	return type && *end == ':' && ((n >= 1 && n <= 7) || n == 100) ? (int)n : FP_WKB_UNKNOWN;
}

/* The field that the source names, or one called fid, among those that the query gives. */
static void find_key(struct fp_check *c, const struct query *q, const struct fp_strv *columns)
{
	const char *uid = option(q, "uid");

	for (size_t i = 0; uid && i < columns->n && !c->v->pk; i++)
		if (strcmp(columns->items[i], uid) == 0)
			c->v->pk = fp_strdup(uid);
	for (size_t i = 0; i < columns->n && !c->v->pk; i++)
		if (strcasecmp(columns->items[i], "fid") == 0)
			c->v->pk = fp_strdup(columns->items[i]);
}

static void stub(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n;
	(void)values;
	sqlite3_result_null(context);
}

/* A function that only QGIS has stands in the query's way and says nothing of its columns. 1: it is the fault, and DB has one of that name now. */
static int stand_in(struct fp_error *first, sqlite3 *db, const struct fp_error *err)
{
	static const char unknown[] = "no such function: ";

	if (strncmp(err->msg, unknown, sizeof unknown - 1) != 0)
		return 0;
	if (first->code == FP_OK)
		*first = *err;
	return sqlite3_create_function(db, err->msg + sizeof unknown - 1, -1, SQLITE_UTF8, NULL, stub, NULL, NULL) == SQLITE_OK;
}

static void compile(struct fp_check *c, const struct query *q)
{
	static const char missing[] = "no such table: ";
	struct fp_error foreign = {0};
	struct fp_strv columns = {0};
	struct fp_error err = {0};
	enum fp_status st = FP_E_INVALID;
	sqlite3 *db;
	int goes_on = sqlite3_open(":memory:", &db) == SQLITE_OK;

	for (int i = 0; goes_on && i < TABLES_MAX; i++) {
		const char *name;
		st = is_view(&err, q->sql, db) ? fp_sqlite_compile_on(db, q->sql, &columns, &err) : FP_E_INVALID;
		if (st != FP_OK && stand_in(&foreign, db, &err))
			continue;
		if (st == FP_OK || strncmp(err.msg, missing, sizeof missing - 1) != 0)
			break;
		name = err.msg + sizeof missing - 1;
		goes_on = provide(c, q, db, strncmp(name, "main.", 5) == 0 ? name + 5 : name);
	}
	sqlite3_close(db);
	if (goes_on && (st != FP_OK || foreign.code != FP_OK)) {
		if (st == FP_OK)
			find_key(c, q, &columns);
		judge(c, q, foreign.code != FP_OK ? &foreign : &err);
	} else if (goes_on) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "the query compiles; it was not run");
		c->v->wkb_type = declared_type(q);
		find_key(c, q, &columns);
	}
	fp_strv_free(&columns);
}

static void no_query(struct fp_check *c, const char *summary)
{
	fp_verdict_invalid(c);
	fp_verdict_provider(c, "%s", summary);
	fp_verdict_detail(c, "the virtual layer has no query");
	fp_verdict_cause(c, "virtual_no_query", FP_NOSLOTS);
}

/* Of one layer and no query the layer is what it is. */
static void judge_source(struct fp_check *c, const struct query *q)
{
	const char *source = c->layer->datasource;

	if (q->sql && *q->sql)
		compile(c, q);
	else if (q->n_layers > 1)
		no_query(c, "Don't know how to join layers, please specify a query");
	else if (q->n_layers == 1)
		fp_verdict_ok(c, FP_BY_DEFINITION);
	else
		no_query(c, !*source || strcmp(source, "?") == 0 ? "Malformed URL" : "Please specify at least one source layer or a query");
}

void fp_check_virtual(struct fp_check *c)
{
	struct query q = {0};

	fp_url_query_parse(&q.options, c->layer->datasource);
	if (take_apart(c, &q))
		judge_source(c, &q);
	fp_strv_free(&q.known);
	fp_query_clear(&q.options);
	free(q.sql);
}
