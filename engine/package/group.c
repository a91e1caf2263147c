#include "engine/package/group.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/layer_source.h"
#include "engine/layers/check.h"
#include "engine/layers/sqlite.h"
#include "engine/layers/wfs_source.h"
#include "engine/package/rows_file.h"
#include "engine/project/source.h"

#define FUNCTIONS_MAX 20 /* of different names in a filter */

static int is_of(const struct fp_layer_def *l, const char *provider)
{
	return strcmp(fp_layer_provider(l), provider) == 0;
}

static int is_file(const struct fp_layer_def *l)
{
	return is_of(l, "ogr") || is_of(l, "spatialite");
}

/* ---- the source, apart from the filter ---- */

/* Where the part of a source begins that says "subset=" or "sql=" and runs to its end: at N. */
static char *without(const char *text, const char *part, size_t n)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, text, (size_t)(part - text));
	fp_buf_adds(&b, part + n);
	return fp_buf_take(&b);
}

static const char *subset_of_text(const char *source, size_t *n)
{
	const char *query = strchr(source, '?'), *at = query;

	while (at) {
		at++;
		if (strncmp(at, "subset=", 7) == 0) {
			*n = strcspn(at, "&");
			return at;
		}
		at = strchr(at, '&');
	}
	return NULL;
}

static int is_text(const struct fp_layer_def *l)
{
	return is_of(l, "delimitedtext");
}

/* Each is a table of its own: the source only says what its columns are. */
static int is_memory(const struct fp_layer_def *l)
{
	return is_of(l, "memory");
}

static int is_web(const struct fp_layer_def *l)
{
	return is_of(l, "WFS") || is_of(l, "OAPIF");
}

static char *filter_of_web(const struct fp_layer_def *l)
{
	struct fp_wfs_source s;
	char *filter;

	fp_wfs_source_parse(&s, l->datasource);
	filter = fp_strdup(s.filter);
	fp_wfs_source_clear(&s);
	return filter;
}

char *fp_group_filter(const struct fp_layer_def *l)
{
	struct fp_ogr_source s;
	struct fp_uri u;
	char *filter;
	size_t n;

	if (is_text(l)) {
		const char *at = subset_of_text(l->datasource, &n);
		return at ? fp_percent_decode(at + 7, n - 7) : fp_strdup("");
	}
	if (is_memory(l))
		return fp_strdup("");
	if (is_web(l))
		return filter_of_web(l);
	if (is_file(l)) {
		fp_layer_source(&s, l, NULL);
		filter = fp_strdup(s.subset);
		fp_ogr_source_clear(&s);
		return filter;
	}
	fp_uri_parse(&u, l->datasource);
	filter = fp_strdup(u.sql);
	fp_uri_clear(&u);
	return filter;
}

int fp_group_is_query(const struct fp_layer_def *l)
{
	char *filter = fp_group_filter(l);
	int is = strcmp(fp_layer_provider(l), "ogr") == 0 && fp_rows_is_query(filter);

	free(filter);
	return is;
}

char *fp_group_restriction(const struct fp_layer_def *l)
{
	struct fp_ogr_source s;
	char *type;

	if (!is_of(l, "ogr"))
		return fp_strdup("");
	fp_layer_source(&s, l, NULL);
	type = fp_strdup(s.geometrytype);
	fp_ogr_source_clear(&s);
	return type;
}

/* The name under which the check found the layer: "layerid=0" and its name are one. */
static const char *found_name(const struct fp_pack_layer *layer)
{
	const json_t *stage;
	size_t i;

	json_array_foreach(json_object_get(layer->verdict, "stages"), i, stage)
		if (strcmp(fp_json_str_or(stage, "stage", ""), "layer") == 0)
			return fp_json_str(stage, "text");
	return NULL;
}

static char *file_key(const struct fp_pack_layer *layer)
{
	const char *found = is_of(layer->def, "ogr") ? found_name(layer) : NULL;
	struct fp_buf b = FP_BUF_INIT;
	struct fp_ogr_source s;

	fp_layer_source(&s, layer->def, NULL);
	fp_buf_addf(&b, "%s%s%s|%s|%s", s.vsi, s.path, s.inner, found ? found : s.layername ? s.layername : "", s.geometrytype);
	if (!found && !s.layername)
		fp_buf_addf(&b, "|%d", s.layerid);
	for (size_t i = 0; i < s.options.n; i++)
		fp_buf_addf(&b, "|%s", s.options.items[i]);
	fp_ogr_source_clear(&s);
	return fp_buf_take(&b);
}

/* What a source says beside where its rows come from. */
static int is_no_source(const struct fp_layer_def *l, const char *key)
{
	return strcmp(key, "estimatedmetadata") == 0 || strcmp(key, "checkPrimaryKeyUnicity") == 0 || (is_web(l) && strcmp(key, "filter") == 0);
}

/* The source as it is written, without its filter. */
static char *other_key(const struct fp_layer_def *l)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *at;
	struct fp_uri u;
	size_t n;

	if (is_memory(l))
		return fp_strdup(l->id);
	if (is_text(l)) {
		at = subset_of_text(l->datasource, &n);
		return at ? without(l->datasource, at, n) : fp_strdup(l->datasource);
	}
	fp_uri_parse(&u, l->datasource);
	if (is_web(l)) /* a SELECT, and the old form: an address */
		fp_buf_addf(&b, "%s %s ", u.sql, *fp_uri_get(&u, "url") ? "" : l->datasource);
	for (size_t i = 0; i < u.keys.n; i++)
		if (!is_no_source(l, u.keys.items[i]))
			fp_buf_addf(&b, "%s='%s' ", u.keys.items[i], u.values.items[i]);
	fp_buf_addf(&b, "%s.%s(%s)", u.schema, u.table, u.geometry);
	fp_uri_clear(&u);
	return fp_buf_take(&b);
}

static char *key_of(const struct fp_package *p, const struct fp_pack_layer *layer)
{
	const struct fp_layer_def *l = layer->def;
	char *source = is_file(l) ? file_key(layer) : other_key(l), *key;

	/* Where a rectangle is taken out of the table, the coordinates in which it is meant belong to it. */
	key = fp_asprintf("%s|%s|%s", fp_layer_provider(l), source, p->project->area_only ? l->crs : "");
	free(source);
	return key;
}

/* ---- groups ---- */

static struct fp_group *group_with(struct fp_groups *g, const char *key)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->items[i].key, key) == 0)
			return &g->items[i];
	FP_GROW(g->items, g->n, g->cap);
	g->items[g->n] = (struct fp_group){.key = fp_strdup(key)};
	return &g->items[g->n++];
}

static void add_layer(struct fp_group *g, struct fp_pack_layer *l)
{
	FP_GROW(g->layers, g->n_layers, g->cap_layers);
	g->layers[g->n_layers++] = l;
}

void fp_groups_make(struct fp_groups *g, struct fp_package *p)
{
	*g = (struct fp_groups){0};
	for (size_t i = 0; i < p->n_layers; i++) {
		char *key;

		if (p->layers[i].action != FP_PACK_OFFLINE)
			continue;
		key = key_of(p, &p->layers[i]);
		add_layer(group_with(g, key), &p->layers[i]);
		free(key);
	}
}

static void clear(struct fp_group *g)
{
	for (size_t i = 0; i < g->n_columns; i++) {
		free(g->columns[i].name);
		free(g->columns[i].comment);
		free(g->columns[i].alias);
	}
	free(g->columns);
	if (g->srs)
		OSRRelease(g->srs);
	fp_strv_free(&g->filters);
	free(g->layers);
	free(g->key);
	free(g->comment);
	free(g->called);
	free(g->name);
	free(g->local_key);
	free(g->geometry_name);
}

void fp_groups_clear(struct fp_groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		clear(&g->items[i]);
	free(g->items);
	*g = (struct fp_groups){0};
}

void fp_group_name_error(struct fp_error *err, const struct fp_group *g)
{
	struct fp_error was = *err, named;

	fp_fail(&named, was.code, "layer \"%s\"", g->layers[0]->def->name);
	if (strncmp(was.msg, named.msg, strlen(named.msg)) == 0)
		return;
	fp_fail(err, was.code, "%s: %s", named.msg, was.msg);
	fp_error_hint(err, "%s", was.hint);
}

/* ---- filters ---- */

/* "@project_title": QGIS fills it in, nobody else can. Quoted text is no variable. */
static int has_variable(const char *filter)
{
	char quote = 0;

	for (const char *p = filter; *p; p++) {
		if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (*p == '@' && (isalpha((unsigned char)p[1]) || p[1] == '_'))
			return 1;
	}
	return 0;
}

#define LIKENESS "\"no source's table\""

/* An empty table like the one in the package, in memory; the caller closes it. */
static sqlite3 *likeness(const struct fp_group *g)
{
	struct fp_buf sql = FP_BUF_INIT;
	sqlite3 *db = NULL;
	int has_geom = 0;

	fp_buf_adds(&sql, "CREATE TABLE " LIKENESS " (\"no source's column\"");
	for (size_t i = 0; i < g->n_columns; i++) {
		char *name = fp_sqlite_quote(g->columns[i].name);
		fp_buf_addf(&sql, ", %s", name);
		free(name);
		has_geom = has_geom || sqlite3_stricmp(g->columns[i].name, "geom") == 0;
	}
	fp_buf_adds(&sql, g->geometry != wkbNone && !has_geom ? ", geom)" : ")");
	if (sqlite3_open(":memory:", &db) != SQLITE_OK || sqlite3_exec(db, sql.data, NULL, NULL, NULL) != SQLITE_OK) {
		sqlite3_close(db);
		db = NULL;
	}
	fp_buf_free(&sql);
	if (db && !g->same_language)
		sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "a" is a column, and no text when there is none, as it is to SQLite */
	return db;
}

static void stub(sqlite3_context *x, int n, sqlite3_value **v)
{
	(void)x;
	(void)n;
	(void)v;
}

/* Functions that GDAL gives to one GeoPackage it gives to the other. 1: there is one more of that name now. */
static int add_function(sqlite3 *db, const char *message)
{
	static const char missing[] = "no such function: ";

	return strncmp(message, missing, sizeof missing - 1) == 0
		&& sqlite3_create_function(db, message + sizeof missing - 1, -1, SQLITE_UTF8, NULL, stub, NULL, NULL) == SQLITE_OK;
}

static int can_evaluate(sqlite3 *db, const char *filter, int same_language)
{
	char *sql = fp_asprintf("SELECT 1 FROM " LIKENESS " WHERE (%s\n)", filter);
	struct fp_error err;
	enum fp_status st = FP_E_INVALID;

	for (int again = db != NULL, n = 0; again && n < FUNCTIONS_MAX; n++) {
		st = fp_sqlite_compile_on(db, sql, NULL, &err);
		again = st == FP_E_REFUSED && same_language && add_function(db, err.msg);
	}
	free(sql);
	return st == FP_OK;
}

int fp_group_is_reserved(const char *table)
{
	static const char *const reserved[] = {"gpkg_", "rtree_", "sqlite_"};

	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (sqlite3_strnicmp(table, reserved[i], (int)strlen(reserved[i])) == 0)
			return 1;
	return 0;
}

/* 1: a table of data.gpkg may be called that, and none is. */
static int is_free(const struct fp_groups *gs, const char *table)
{
	for (size_t i = 0; i < gs->n; i++)
		if (gs->items[i].called && sqlite3_stricmp(gs->items[i].called, table) == 0)
			return 0;
	return *table && !strchr(table, '|') && !fp_group_is_reserved(table);
}

/* A layer's filter as it is looked at. */
struct filter {
	char *text;
	char *condition;  /* that a row must meet; TEXT, unless that is a query. NULL: nobody knows */
	char *table;      /* of a query whose CONDITION is known: it must be called that */
};

static void filter_take(struct filter *f, const struct fp_pack_layer *l)
{
	struct fp_ogr_source s;
	const char *table;

	*f = (struct filter){.text = fp_group_filter(l->def)};
	if (!fp_group_is_query(l->def)) {
		f->condition = fp_strdup(f->text);
		return;
	}
	fp_layer_source(&s, l->def, NULL);
	table = found_name(l) ? found_name(l) : s.layername;
	if (table)
		f->condition = fp_group_condition(f->text, table);
	f->table = f->condition ? fp_strdup(table) : NULL;
	fp_ogr_source_clear(&s);
}

static void filter_clear(struct filter *f)
{
	free(f->text);
	free(f->condition);
	free(f->table);
}

/* 1 when the filter can stay what it is in the table of G, as far as that goes by its name. */
static int call_it(const struct fp_groups *gs, struct fp_group *g, const struct filter *f)
{
	if (!f->table || (g->called && strcmp(g->called, f->table) == 0))
		return f->condition != NULL;
	if (g->called || !is_free(gs, f->table))
		return 0;
	g->called = fp_strdup(f->table);
	return 1;
}

static void set_apart(struct fp_groups *gs, const char *key, struct fp_pack_layer *l, const struct filter *f, int try_filter)
{
	char *own = fp_asprintf("%s|subset=%s", key, f->text);
	struct fp_group *g = group_with(gs, own);

	if (g->n_layers == 0) {
		fp_strv_add(&g->filters, f->condition && *f->condition ? f->condition : f->text);
		g->drop = 1;
		g->try_filter = try_filter && call_it(gs, g, f);
	}
	add_layer(g, l);
	free(own);
}

/* 1: the layer L stays in group AT, whose likeness DB is. */
static int sort_filter(struct fp_groups *gs, struct fp_package *p, size_t at, struct fp_pack_layer *l, sqlite3 *db)
{
	struct fp_group *g = &gs->items[at];
	struct filter f;
	int evaluates = 0, stays = 1;

	filter_take(&f, l);
	if (f.condition && has_variable(f.condition) && !f.table) {
		g->all = 1;
		fp_package_warn(p, l, "filter_kept", 0, "its filter uses variables that only QGIS knows: all rows are packaged, and the filter stays");
	} else if (f.condition && !*f.condition && call_it(gs, g, &f)) {
		g->all = 1;
	} else {
		evaluates = f.condition && *f.condition && can_evaluate(db, f.condition, g->same_language);
		stays = evaluates && fp_group_same_meaning(g, f.condition) && call_it(gs, g, &f);
		if (!stays)
			set_apart(gs, g->key, l, &f, evaluates);
		else if (!fp_strv_has(&g->filters, f.condition))
			fp_strv_add(&g->filters, f.condition);
	}
	filter_clear(&f);
	return stays;
}

static void sort_filters(struct fp_groups *gs, struct fp_package *p, size_t at)
{
	sqlite3 *db = likeness(&gs->items[at]);
	size_t kept = 0;

	for (size_t i = 0; i < gs->items[at].n_layers; i++) { /* what is set apart may move the groups */
		struct fp_pack_layer *l = gs->items[at].layers[i];
		if (sort_filter(gs, p, at, l, db))
			gs->items[at].layers[kept++] = l;
	}
	gs->items[at].n_layers = kept;
	sqlite3_close(db);
}

/* ---- what the source is ---- */

static void take(struct fp_group *g, const struct fp_rows *r)
{
	g->columns = fp_alloc((r->n_columns + 1) * sizeof *g->columns);
	for (size_t i = 0; i < r->n_columns; i++) {
		struct fp_row_column *c = &g->columns[g->n_columns++];
		*c = r->columns[i];
		c->name = fp_strdup(c->name);
		c->comment = fp_strdup_null(c->comment);
		c->alias = fp_strdup_null(c->alias);
	}
	g->geometry = r->geometry;
	g->srs = r->srs ? OSRClone(r->srs) : NULL;
	g->comment = fp_strdup_null(r->comment);
	g->language = r->language;
	g->same_language = r->language == FP_IN_GEOPACKAGE;
	g->about = r->about > 0 ? r->about : 0;
}

/* What is not read here another program may read. A source that the check could open and that breaks now is something else, and ends it. */
static void leave(struct fp_package *p, struct fp_group *g, const char *why)
{
	g->refused = 1;
	for (size_t i = 0; i < g->n_layers; i++)
		fp_package_decide_unreadable(p, g->layers[i], why);
}

static enum fp_status describe(struct fp_group *g, struct fp_package *p, struct fp_error *err)
{
	struct fp_rows_wanted wanted = {.filters = g->drop ? &g->filters : NULL};
	const struct fp_strv *before = wanted.filters;
	struct fp_rows *r = NULL;
	enum fp_status st = fp_rows_open(&r, p, g->layers[0], &wanted, err);

	if (st == FP_E_INVALID && g->drop) { /* a filter that works nowhere shows nothing; it stays, and so does what it hides */
		g->drop = 0;
		g->all = 1;
		wanted.filters = NULL;
		st = fp_rows_open(&r, p, g->layers[0], &wanted, err);
	}
	if (st == FP_E_REFUSED) {
		leave(p, g, err->msg);
		return FP_OK;
	}
	if (st == FP_OK)
		take(g, r);
	else
		fp_group_name_error(err, g);
	for (size_t i = 0; st == FP_OK && wanted.filters != before && i < g->n_layers; i++)
		fp_package_warn(p, g->layers[i], "filter_kept", 0, "its filter is none for this source: all rows are packaged, and the filter stays");
	fp_rows_free(r);
	return st;
}

static void warn_of_copies(struct fp_package *p, const struct fp_group *g)
{
	for (size_t i = 0; !g->refused && i < g->n_layers; i++)
		if (is_web(g->layers[i]->def))
			fp_package_warn(p, g->layers[i], "not_written", 0, "a copy of a web service: what devices change in it is not written back there");
}

enum fp_status fp_groups_describe(struct fp_groups *gs, struct fp_package *p, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < gs->n; i++) { /* it grows */
		st = describe(&gs->items[i], p, err);
		if (st == FP_OK && !gs->items[i].refused && !gs->items[i].drop && !gs->items[i].all)
			sort_filters(gs, p, i);
	}
	for (size_t i = 0; st == FP_OK && i < gs->n; i++)
		warn_of_copies(p, &gs->items[i]);
	return st;
}
