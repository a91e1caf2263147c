/* postgres and postgresraster (spec/layers.md 2.9, 2.10). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/layers/network.h"
#include "engine/project/source.h"

/* QGIS writes its own words for libpq's. */
static const char *ssl_mode(const char *word)
{
	static const char *const words[][2] = {{"SslPrefer", "prefer"}, {"SslDisable", "disable"}, {"SslAllow", "allow"}, {"SslRequire", "require"},
		{"SslVerifyCa", "verify-ca"}, {"SslVerifyFull", "verify-full"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(words[i][0], word) == 0)
			return words[i][1];
	return word;
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

static json_t *question(const struct fp_uri *u, const char *what)
{
	static const char *const copied[] = {"service", "host", "port", "dbname", "password"};
	int test_key = strcmp(fp_uri_get(u, "checkPrimaryKeyUnicity"), "0") != 0 && strcmp(fp_uri_get(u, "estimatedmetadata"), "true") != 0;
	json_t *q = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "ask", "postgres", "what", what, "user", fp_json_text(user_of(u)), "schema",
		fp_json_text(u->schema), "table", fp_json_text(u->table), "geometry", fp_json_text(u->geometry), "key",
		key_columns(fp_uri_get(u, "key")), "filter", fp_json_text(u->sql), "unique", test_key);

	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
		json_object_set_new(q, copied[i], fp_json_text(fp_uri_get(u, copied[i])));
	json_object_set_new(q, "sslmode", fp_json_text(ssl_mode(fp_uri_get(u, "sslmode"))));
	return q;
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

/* PostGIS' word ("MULTIPOLYGONZM") and the number of dimensions that geometry_columns leaves out of it. */
static int geometry_type(const char *given, const json_t *answer)
{
	int type = fp_wkb_type(given);
	const char *word = fp_json_str_or(answer, "geometry_type", "");

	if (type >= 0)
		return type;
	return strcasecmp(word, "GEOMETRY") == 0 ? 0 : fp_wkb_type(word);
}

static void take_answer(struct fp_check *c, const struct fp_uri *u, const json_t *answer)
{
	const json_t *pk = json_object_get(answer, "pk");
	const char *filter = fp_json_str_or(answer, "filter_error", ""), *only = json_string_value(json_array_get(pk, 0));
	int64_t rows = fp_json_int(answer, "rows", -1);

	fp_verdict_ok(c, FP_BY_CHECKED);
	fp_stage(c, FP_STAGE_LOGIN, FP_MARK_OK, "%s", fp_json_str_or(answer, "user", ""));
	fp_stage(c, FP_STAGE_DATABASE, FP_MARK_OK, "%s", fp_json_str_or(answer, "database", ""));
	fp_stage(c, FP_STAGE_TABLE, FP_MARK_OK, "%s", u->table);
	if (*u->geometry)
		fp_stage(c, FP_STAGE_GEOMETRY, FP_MARK_OK, "%s", u->geometry);
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
	c->v->wkb_type = *u->geometry ? geometry_type(fp_uri_get(u, "type"), answer) : 100;
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
		answer = fp_network_ask(c, question(&u, raster ? "raster" : query ? "query" : "table"), &asked);
		if (answer && !*fp_json_str_or(answer, "cause", ""))
			take_answer(c, &u, answer);
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
