#include "tests/apply_postgres.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

void apply_postgres_start(void)
{
	postgres_start("host gis postgres 127.0.0.1/32 trust\nhost gis,nowhere all 127.0.0.1/32 scram-sha-256\n");
	postgres_sql("postgres", "CREATE DATABASE gis");
	postgres_sql("gis", "CREATE EXTENSION postgis; CREATE ROLE ada LOGIN PASSWORD '" PASSWORD "'; CREATE SCHEMA field AUTHORIZATION ada;"
		"GRANT CREATE ON SCHEMA public TO ada; CREATE ROLE bob LOGIN PASSWORD '" PASSWORD "'; GRANT USAGE ON SCHEMA field TO bob");
}

struct fp_layer_def *postgres_layer(struct fixture *f, const char *id, const char *source)
{
	char *text = fp_asprintf("dbname='gis' host=127.0.0.1 port=%d user='ada' password='" PASSWORD "' %s", postgres_port(), source);
	struct fp_layer_def *l = fixture_layer(f, id, "vector", "postgres", text);

	f->options.any_address = 1;
	free(text);
	return l;
}

void as_ada(const char *sql)
{
	char *text = fp_asprintf("SET SESSION AUTHORIZATION ada; SET search_path = field, public; %s", sql);

	postgres_sql("gis", text);
	free(text);
}

void holds(const char *sql, const char *want)
{
	const char *got = postgres_value("gis", sql);

	cr_assert_str_eq(got, want, "%s: %s instead of %s", sql, got, want);
}

static enum fp_status ready(void *arg, const struct fp_apply_transaction *t, size_t n, struct fp_error *err)
{
	struct ending *e = arg;

	(void)err;
	e->n = (int)n;
	e->first = t[0].is;
	if (e->before)
		e->before();
	return FP_OK;
}

static void committed(void *arg, int connection, int ok, const char *message)
{
	struct ending *e = arg;

	(void)connection;
	e->committed += ok;
	e->taken_back += !ok;
	if (!ok)
		snprintf(e->message, sizeof e->message, "%s", message);
}

static void no_file(void *arg, const char *name)
{
	(void)arg;
	cr_assert(0, "the file %s was changed", name);
}

enum fp_status settle(struct fixture *f, struct ending *e)
{
	struct ending nobody = {0};
	struct fp_error err = {0};
	enum fp_status st;

	e = e ? e : &nobody;
	st = fp_apply_finish(f->session, &(struct fp_apply_end){e, no_file, ready, committed}, &err);
	if (st != FP_OK)
		snprintf(e->message, sizeof e->message, "%s", err.msg);
	fp_apply_free(f->session);
	f->session = NULL;
	json_array_clear(f->results);
	return st;
}
