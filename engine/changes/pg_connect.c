/* The one way to a layer's database, for those who write it and those who read it. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/pg.h"
#include "engine/layers/postgres.h"
#include "engine/prober/ask.h"
#include "engine/prober/postgres.h"
#include "engine/project/source.h"

json_t *fp_pg_question(const struct fp_layer_def *layer, const char *cannot, struct fp_error *err)
{
	char *authcfg = fp_source_authcfg(layer->datasource, NULL);
	struct fp_uri u;
	json_t *q = NULL;
	size_t n;

	fp_uri_parse(&u, layer->datasource);
	n = strlen(u.table);
	if (authcfg)
		fp_fail(err, FP_E_REFUSED, "%s: its login \"%s\" is saved in somebody's QGIS; a service of a pgservice secret works here", cannot, authcfg);
	else
		q = fp_postgres_question(&u, n > 1 && u.table[0] == '(' && u.table[n - 1] == ')' ? "query" : "table");
	free(authcfg);
	fp_uri_clear(&u);
	return q;
}

int fp_pg_is_query(const json_t *question)
{
	return strcmp(fp_json_str_or(question, "what", ""), "query") == 0;
}

char *fp_pg_address_of(const json_t *question)
{
	static const char *const parts[] = {"service", "host", "port", "dbname", "user", "password", "sslmode"};
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "postgres:");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		fp_buf_addf(&b, "%s\n", fp_json_str_or(question, parts[i], ""));
	return fp_buf_take(&b);
}

/* The server is there and takes nobody now: it starts, stops or is full, or hung up in the middle, in libpq's and OpenSSL's words. That passes. */
static int not_now(const struct fp_pg *pg, const char *words)
{
	static const char *const states[] = {"57P01", "57P02", "57P03", "53300"};
	static const char *const hung_up[] = {"server closed the connection unexpectedly", "EOF detected", "unexpected eof while reading",
		"Connection reset by peer"};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(pg->state, states[i]) == 0)
			return 1;
	for (size_t i = 0; i < sizeof hung_up / sizeof *hung_up; i++)
		if (strstr(words, hung_up[i]))
			return 1;
	return 0;
}

static enum fp_status refuse(const struct fp_pg *pg, const char *cannot, struct fp_error *err)
{
	const char *stage = fp_json_str_or(pg->answer, "stage", ""), *words = fp_json_str_or(pg->answer, "error", "");

	if (not_now(pg, words))
		return fp_fail(err, FP_E_IO, "the database takes no connections now: %s", words);
	if (strcmp(stage, "login") == 0 || strcmp(stage, "database") == 0)
		return fp_fail(err, FP_E_REFUSED, "%s: the database lets nobody in: %s", cannot, words);
	if (strcmp(fp_json_str_or(pg->answer, "cause", ""), "network_off") == 0)
		return fp_fail(err, FP_E_REFUSED, "%s: the network is off for this project (fieldpost project set NAME network=on)", cannot);
	if (strcmp(stage, "address") == 0)
		return fp_fail(err, FP_E_REFUSED, "%s: the project may not have this address asked: %s (see network_allow)", cannot, words);
	return fp_fail(err, FP_E_REFUSED, "%s: the database cannot be reached: %s", cannot, words);
}

static void no_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

enum fp_status fp_pg_dial(PGconn **out, const json_t *question, const struct fp_pg_reach *reach, const char *cannot, struct fp_error *err)
{
	char *service = fp_strdup(getenv("PGSERVICE") ? getenv("PGSERVICE") : "");
	struct fp_asker asker = {.any_database = reach->any_address, .pgservice = reach->pgservice ? reach->pgservice : "", .service = service};
	struct fp_pg pg = {.answer = json_pack("{s:s,s:s,s:s}", "stage", "", "cause", "", "error", "")};
	struct fp_allow *list = NULL;
	enum fp_status st = FP_OK;

	unsetenv("PGSERVICE"); /* libpq would look for it in files by itself */
	if (reach->allow)
		st = fp_allow_new(&list, reach->allow, err);
	if (st == FP_OK) {
		asker.resolver = list ? fp_resolver_new(list) : NULL;
		asker.anywhere = fp_resolver_anywhere();
		if (fp_pg_connect(&pg, &asker, question) != 0)
			st = refuse(&pg, cannot, err);
		fp_resolver_free(asker.resolver);
		fp_resolver_free(asker.anywhere);
	}
	if (*service)
		setenv("PGSERVICE", service, 1);
	free(service);
	json_decref(pg.answer);
	*out = pg.conn;
	if (pg.conn) {
		PQsetnonblocking(pg.conn, 1);
		PQsetNoticeReceiver(pg.conn, no_notice, NULL);
	}
	return st;
}

enum fp_status fp_pg_find_table(struct fp_pg_session *s, struct fp_pg_table *out, const json_t *question, const char *cannot, struct fp_error *err)
{
	const char *values[] = {fp_json_str_or(question, "table", ""), fp_json_str_or(question, "schema", "")};
	const struct fp_pg_step find = {.n = 2, .values = values,
		.sql = "SELECT c.oid, n.nspname, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" WHERE c.relname = $1::pg_catalog.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND CASE WHEN $2::pg_catalog.text = '' THEN"
		" pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname::pg_catalog.text = $2::pg_catalog.text END"};
	struct fp_pg_step try = {0};
	char *schema, *table, *sql;
	PGresult *res;
	enum fp_status st = fp_pg_look(s, &find, 0, &res, cannot, err);

	if (st != FP_OK)
		return st;
	if (PQntuples(res) == 0) {
		PQclear(res);
		return fp_fail(err, FP_E_REFUSED, "%s: the database has no table \"%s%s%s\"", cannot, values[1], *values[1] ? "." : "", values[0]);
	}
	out->oid = fp_strdup(PQgetvalue(res, 0, 0));
	out->schema = fp_strdup(PQgetvalue(res, 0, 1));
	out->kind = *PQgetvalue(res, 0, 2);
	PQclear(res);
	schema = fp_pg_quoted(out->schema);
	table = fp_pg_quoted(values[0]);
	out->from = fp_asprintf("%s.%s", schema, table);
	free(schema);
	free(table);
	try.sql = sql = fp_asprintf("SELECT FROM %s LIMIT 0", out->from); /* may it be read at all? */
	st = fp_pg_look(s, &try, 0, &res, cannot, err);
	free(sql);
	PQclear(st == FP_OK ? res : NULL);
	return st;
}

void fp_pg_table_clear(struct fp_pg_table *t)
{
	free(t->oid);
	free(t->schema);
	free(t->from);
	*t = (struct fp_pg_table){0};
}
