/* postgres and postgresraster (spec/layers.md 2.9, 2.10). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/layers/diagnose.h"
#include "engine/layers/network.h"
#include "engine/layers/postgres.h"
#include "engine/project/source.h"

/* What QGIS passes on: "prefer", which it takes any other word for too, is its own default, and leaves the matter to the service and the environment. */
static const char *ssl_mode(const char *word)
{
	static const char *const words[] = {"disable", "allow", "require", "verify-ca", "verify-full"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0)
			return words[i];
	return "";
}

/* The columns of key='...': "a","b" or a,b. */
static json_t *key_columns(const char *key)
{
	json_t *a = json_array();
	struct fp_buf b = FP_BUF_INIT;
	const char *p = key;

	while (*p) {
		int quoted = *p == '"';
		fp_buf_clear(&b);
		fp_buf_add(&b, "", 0);
		for (p += quoted; *p && (quoted ? *p != '"' || p[1] == '"' : *p != ','); p++) {
			fp_buf_addc(&b, *p);
			p += quoted && *p == '"';
		}
		json_array_append_new(a, fp_json_text(b.data));
		p += quoted && *p == '"';
		p += *p == ',';
	}
	fp_buf_free(&b);
	return a;
}

static const char *user_of(const struct fp_uri *u)
{
	return *fp_uri_get(u, "username") ? fp_uri_get(u, "username") : fp_uri_get(u, "user");
}

/* The type that the layer asks for, -1 when it leaves that to the column. */
static int wanted_type(const struct fp_uri *u)
{
	int type = fp_wkb_type(fp_uri_get(u, "type"));

	return type == 0 || type == 100 ? -1 : type;
}

json_t *fp_postgres_question(const struct fp_uri *u, const char *what)
{
	int has_service = *fp_uri_get(u, "service") != '\0';

	/* beside a service QGIS passes on neither host nor port, and a password only with a user */
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:b}", "ask", "postgres", "what", what,
		"service", fp_json_text(fp_uri_get(u, "service")), "host", fp_json_text(has_service ? "" : fp_uri_get(u, "host")),
		"port", fp_json_text(has_service ? "" : fp_uri_get(u, "port")), "dbname", fp_json_text(fp_uri_get(u, "dbname")),
		"user", fp_json_text(user_of(u)), "password", fp_json_text(*user_of(u) ? fp_uri_get(u, "password") : ""),
		"sslmode", fp_json_text(ssl_mode(fp_uri_get(u, "sslmode"))), "schema", fp_json_text(u->schema), "table", fp_json_text(u->table),
		"geometry", fp_json_text(u->geometry), "key", key_columns(fp_uri_get(u, "key")), "filter", fp_json_text(u->sql),
		"unique", strcmp(fp_uri_get(u, "checkPrimaryKeyUnicity"), "0") != 0,
		"estimated", strcmp(fp_uri_get(u, "estimatedmetadata"), "true") == 0, "any_type", wanted_type(u) < 0);
}

/* Secrets that this layer needs: its service, and what libpq takes from the environment because the source does not say it. */
static void note_secrets(struct fp_check *c, const struct fp_uri *u)
{
	static const char *const variables[][2] = {{"host", "PGHOST"}, {"port", "PGPORT"}, {"dbname", "PGDATABASE"}, {"password", "PGPASSWORD"},
		{"sslmode", "PGSSLMODE"}};
	const char *service = fp_uri_get(u, "service");

	if (*service)
		fp_verdict_uses(c, "service:%s", service);
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		if (!*fp_uri_get(u, variables[i][0]) && fp_strv_has(&c->k->variables, variables[i][1]))
			fp_verdict_uses(c, "env:%s", variables[i][1]);
	if (!*user_of(u) && fp_strv_has(&c->k->variables, "PGUSER"))
		fp_verdict_uses(c, "env:PGUSER");
}

/* Surfaces of pieces are polygons to QGIS. */
int fp_postgres_type(const char *word)
{
	static const struct {
		const char *word;
		int type;
	} pieces[] = {{"POLYHEDRALSURFACE", 6}, {"TIN", 6}, {"TRIANGLE", 3}};
	int type = fp_wkb_type(word);

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
		if (strncmp(word, pieces[i].word, strlen(pieces[i].word)) == 0)
			return pieces[i].type + type / 1000 * 1000;
	return type < 0 ? 0 : type;
}

/* What QGIS makes of a column that has flat and curved, single and multiple geometries of one kind. */
static int widest(int type)
{
	static const int of[] = {[1] = 4, [2] = 11, [3] = 12, [4] = 4, [5] = 11, [6] = 12, [8] = 11, [9] = 11, [10] = 12, [11] = 11, [12] = 12};
	size_t flat = (size_t)type % 1000;

	return flat < sizeof of / sizeof *of && of[flat] ? of[flat] + type / 1000 * 1000 : type;
}

size_t fp_postgres_kinds(struct fp_postgres_kind *kinds, size_t max, const json_t *geometries)
{
	const json_t *one;
	size_t n = 0, i, k;

	json_array_foreach(geometries, i, one) {
		const char *text = json_is_string(one) ? json_string_value(one) : "", *colon = strchr(text, ':');
		struct fp_postgres_kind m = {fp_postgres_type(colon ? colon + 1 : ""), strtol(text, NULL, 10)};

		for (k = 0; k < n; k++) {
			if (kinds[k].srid != m.srid || (kinds[k].type != m.type && widest(kinds[k].type) != widest(m.type % 1000)))
				continue;
			if (kinds[k].type != m.type)
				kinds[k].type = widest(m.type % 1000);
			break;
		}
		if (k == n && n < max)
			kinds[n++] = m;
	}
	return n;
}

/* A column that may hold anything has to hold one kind, of the SRID that the layer wants; 0: the verdict is given. */
static int judge_mix(struct fp_check *c, const struct fp_uri *u, const json_t *answer, const char *table)
{
	const json_t *geometries = json_object_get(answer, "geometries"), *one;
	const char *srid = fp_uri_get(u, "srid");
	struct fp_strv kinds = {0};
	struct fp_postgres_kind mix[32];
	size_t n = fp_postgres_kinds(mix, sizeof mix / sizeof *mix, geometries), i;
	char *list;

	if (n == 1 && mix[0].type > 0 && (!*srid || strtol(srid, NULL, 10) == mix[0].srid)) {
		c->v->wkb_type = mix[0].type;
		return 1;
	}
	json_array_foreach(geometries, i, one)
		fp_strv_add(&kinds, json_string_value(one));
	list = kinds.n ? fp_name_list(&kinds, 12) : NULL;
	fp_verdict_invalid(c);
	fp_verdict_detail(c, list ? "column \"%s\" holds %s" : "column \"%s\" has no type and holds nothing", u->geometry, list);
	fp_verdict_cause(c, list ? "geometry_mixed" : "geometry_untyped", FP_SLOTS({"NAME", table}, {"COLUMN", u->geometry}, {"LIST", list}));
	fp_stage(c, FP_STAGE_GEOMETRY, FP_MARK_FAIL, "%s", c->v->detail);
	free(list);
	fp_strv_free(&kinds);
	return 0;
}

/* What the layer wants, else what the column has. */
static int judge_geometry(struct fp_check *c, const struct fp_uri *u, const json_t *answer, const char *table)
{
	c->v->wkb_type = !*u->geometry ? 100 : wanted_type(u) >= 0 ? wanted_type(u) : fp_postgres_type(fp_json_str_or(answer, "geometry_type", ""));
	if (c->v->wkb_type == 0 && !judge_mix(c, u, answer, table)) {
		c->v->wkb_type = -1;
		return 0;
	}
	if (*u->geometry)
		fp_stage(c, FP_STAGE_GEOMETRY, FP_MARK_OK, "%s", u->geometry);
	return 1;
}

static void take_answer(struct fp_check *c, const struct fp_uri *u, const json_t *answer, const char *table)
{
	const json_t *pk = json_object_get(answer, "pk");
	const char *filter = fp_json_str_or(answer, "filter_error", ""), *only = json_string_value(json_array_get(pk, 0));
	int64_t rows = fp_json_int(answer, "rows", -1);

	fp_stage(c, FP_STAGE_LOGIN, FP_MARK_OK, "%s", fp_json_str_or(answer, "user", ""));
	fp_stage(c, FP_STAGE_DATABASE, FP_MARK_OK, "%s", fp_json_str_or(answer, "database", ""));
	fp_stage(c, FP_STAGE_TABLE, FP_MARK_OK, "%s", u->table);
	if (strcmp(c->p->name, "postgres") == 0 && !judge_geometry(c, u, answer, table)) {
		fp_network_summary(c, fp_uri_get(u, "service"), fp_uri_get(u, "host"));
		return;
	}
	fp_verdict_ok(c, FP_BY_CHECKED);
	if (json_array_size(pk) == 1 && only && !strchr(only, ','))
		c->v->pk = fp_strdup(only);
	if (c->v->pk)
		fp_stage(c, FP_STAGE_KEY, FP_MARK_OK, "%s", c->v->pk);
	else
		fp_stage(c, FP_STAGE_KEY, FP_MARK_WARN, "no single column: it cannot be edited offline");
	if (*u->sql)
		fp_stage(c, FP_STAGE_FILTER, *filter ? FP_MARK_WARN : FP_MARK_OK, "%s", *filter ? filter : u->sql);
	if (*filter)
		fp_verdict_warn(c, "the filter cannot be used, so the layer will look empty: %s", filter);
	if (rows >= 0)
		fp_stage(c, FP_STAGE_ROWS, FP_MARK_OK, "about %lld", (long long)rows);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void check(struct fp_check *c, int raster)
{
	struct fp_uri u;
	size_t n;
	char *table;
	json_t *answer;
	int query;

	fp_uri_parse(&u, c->layer->datasource);
	n = strlen(u.table);
	query = n > 1 && u.table[0] == '(' && u.table[n - 1] == ')';
	table = query ? fp_strdup("of the query") : fp_asprintf(*u.schema ? "\"%s.%s\"" : "%s\"%s\"", u.schema, u.table);
	note_secrets(c, &u);
	if (!fp_network_saved_login(c)) {
		const struct fp_asked asked = {.service = or_null(fp_uri_get(&u, "service")), .host = or_null(fp_uri_get(&u, "host")),
			.port = or_null(fp_uri_get(&u, "port")), .database = or_null(fp_uri_get(&u, "dbname")), .user = or_null(user_of(&u)), .table = table,
			.geometry = u.geometry, .key = fp_uri_get(&u, "key")};
		answer = fp_network_ask(c, fp_postgres_question(&u, raster ? "raster" : query ? "query" : "table"), &asked);
		if (answer && !*fp_json_str_or(answer, "cause", ""))
			take_answer(c, &u, answer, table);
		json_decref(answer);
	}
	free(table);
	fp_uri_clear(&u);
}

void fp_check_postgres(struct fp_check *c)
{
	check(c, 0);
}

void fp_check_postgresraster(struct fp_check *c)
{
	check(c, 1);
	if (c->v->status == FP_LAYER_OK)
		c->v->confidence = FP_BY_EXISTENCE; /* that its tiles can be read is not looked at */
}
