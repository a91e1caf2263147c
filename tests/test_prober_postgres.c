/* The prober and PostgreSQL: a real one with PostGIS, started once for the suite. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "tests/postgres.h"
#include "tests/prober_fixture.h"
#include "tests/web.h"

#define PASSWORD "open-sesame"
#define END {NULL, 0, NULL, NULL, 0, 0}

static const char hba[] =
	"hostssl secure all 127.0.0.1/32 scram-sha-256\n"
	"host gis postgres 127.0.0.1/32 trust\n"
	"host gis,nogis,closed,nowhere all 127.0.0.1/32 scram-sha-256\n";

static const char schema[] =
	"CREATE EXTENSION postgis; CREATE EXTENSION postgis_raster;"
	"CREATE SCHEMA parks; CREATE SCHEMA hidden; CREATE SCHEMA \"Odd \"\"Schema\";"
	"CREATE TABLE trees (id int PRIMARY KEY, kind text, girth float8, geom geometry(Point, 2056));"
	"INSERT INTO trees SELECT i, CASE WHEN i < 3 THEN 'ash' ELSE 'elm' || i END, i, ST_SetSRID(ST_MakePoint(i, i), 2056) FROM generate_series(1, 9) i;"
	"ANALYZE trees;"
	"CREATE TABLE parcels (a int, b text, geom geometry(MultiPolygonZ, 2056), PRIMARY KEY (b, a));"
	"CREATE TABLE loose (name text, shape geometry, place geography(LineStringM, 4326));"
	"CREATE TABLE \"Odd \"\"Schema\".\"Odd \"\"Table; --\" (\"a \"\"key\" int PRIMARY KEY, \"geo m\" geometry(Point, 4326));"
	"CREATE TABLE parted (id int, geom geometry(Point, 4326)) PARTITION BY RANGE (id);"
	"CREATE TABLE parks.benches (id int PRIMARY KEY); CREATE TABLE \"Hedges\" (id int PRIMARY KEY); CREATE TABLE hedgehogs (id int PRIMARY KEY);"
	"CREATE TABLE hidden.secrets (id int PRIMARY KEY); CREATE TABLE forbidden (id int PRIMARY KEY);"
	"CREATE TABLE photos (rid serial PRIMARY KEY, rast raster); CREATE TABLE uniq (x int UNIQUE, y int);"
	"INSERT INTO photos VALUES (1, ST_MakeEmptyRaster(1, 1, 0, 0, 1));"
	"CREATE VIEW tree_view AS SELECT * FROM trees; CREATE MATERIALIZED VIEW tree_mat AS SELECT * FROM trees;"
	"CREATE MATERIALIZED VIEW tree_mat_indexed AS SELECT * FROM trees; CREATE UNIQUE INDEX ON tree_mat_indexed (id);"
	"CREATE VIEW slow_view AS SELECT id, pg_sleep(1) IS NULL AS slept FROM trees;"
	"CREATE FUNCTION scream() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'your password is " PASSWORD "'; END $$;"
	"CREATE ROLE ada LOGIN PASSWORD '" PASSWORD "';"
	"GRANT USAGE ON SCHEMA parks, \"Odd \"\"Schema\" TO ada;"
	"GRANT SELECT ON ALL TABLES IN SCHEMA public, parks, \"Odd \"\"Schema\" TO ada; REVOKE ALL ON forbidden FROM ada;"
	"GRANT ALL ON trees TO ada; GRANT CREATE ON SCHEMA public TO ada";

/* The runner starts it, and its tests find it in their environment. */
static void start(void)
{
	postgres_start(hba);
	postgres_sql("postgres", "CREATE DATABASE gis");
	postgres_sql("postgres", "CREATE DATABASE nogis");
	postgres_sql("postgres", "CREATE DATABASE closed");
	postgres_sql("postgres", "CREATE DATABASE secure");
	postgres_sql("gis", schema);
	postgres_sql("nogis", "CREATE TABLE trees (id int PRIMARY KEY, geom text)");
	postgres_sql("postgres", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
}

POSTGRES_FOR_ALL_TESTS(start)

static void begin(void)
{
	postgres_needed();
	prober_begin("127.0.0.1", "");
}

TestSuite(prober_postgres, .timeout = 60, .init = begin, .fini = prober_end);

/* A question to our server as ada; MORE's members override it. */
static json_t *question(json_t *more)
{
	json_t *q = json_pack("{s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:s}", "ask", "postgres", "host", "127.0.0.1", "port", json_sprintf("%d", postgres_port()), "dbname",
		"gis", "user", "ada", "password", PASSWORD, "what", "table", "schema", "");

	json_object_update(q, more);
	json_decref(more);
	return q;
}

#define ASK(...) ask(question(json_pack(__VA_ARGS__)))

/* The member is an array of these strings, and no others. */
static int is_list(const json_t *answer, const char *member, const char *words)
{
	json_t *list = json_object_get(answer, member);
	char text[512] = "";
	size_t n = 0, i;
	json_t *v;

	json_array_foreach(list, i, v)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "|" : "", json_string_value(v));
	if (json_is_array(list) && strcmp(text, words) == 0)
		return 1;
	fprintf(stderr, "%s: %s, not %s\n", member, text, words);
	return 0;
}

Test(prober_postgres, a_connection_that_stands_says_with_what)
{
	json_t *a = ASK("{s:s}", "what", "connect");

	cr_assert_str_eq(fp_json_str_or(a, "user", ""), "ada");
	cr_assert_str_eq(fp_json_str_or(a, "database", ""), "gis");
	cr_assert_str_eq(fp_json_str_or(a, "address", ""), "127.0.0.1");
	cr_assert_eq(fp_json_int(a, "port", 0), postgres_port());
	cr_assert_not(json_object_get(a, "columns"));
	expect(a, "", "");
}

Test(prober_postgres, whoever_may_not_come_in_is_told_why)
{
	expect(ASK("{s:s}", "password", "wrong-word"), "login", "login_refused");
	expect(ASK("{s:s}", "password", ""), "login", "login_refused");
	expect(ASK("{s:s}", "user", "nobody-we-know"), "login", "login_refused");
	expect(ASK("{s:s}", "dbname", "nowhere"), "database", "database_unknown");
	expect(ASK("{s:s}", "dbname", "closed"), "database", "permission_denied");
	expect(ASK("{s:s}", "port", "1"), "port", "refused");
	expect(ASK("{s:s}", "port", "70000"), "port", "connect_failed");
	expect(ASK("{s:s}", "port", "x"), "port", "connect_failed");
	expect(ASK("{s:s}", "sslmode", "perhaps"), "tls", "connect_failed");
	expect(ASK("{s:s,s:s}", "user", "", "password", ""), "login", "login_refused");
}

Test(prober_postgres, what_tls_can_fail_with_is_told_apart)
{
	expect(ASK("{s:s,s:s,s:s}", "dbname", "secure", "sslmode", "disable", "what", "connect"), "tls", "ssl_required");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "secure", "sslmode", "", "what", "connect"), "", "");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "secure", "sslmode", "require", "what", "connect"), "", "");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "gis", "sslmode", "verify-full", "what", "connect"), "tls", "tls_failed");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "template1", "sslmode", "prefer", "what", "connect"), "login", "login_refused");
	postgres_set("ssl", "off");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "gis", "sslmode", "require", "what", "table"), "tls", "ssl_unsupported");
	postgres_set("ssl", "on");
}

Test(prober_postgres, what_is_no_postgresql_is_told_in_time)
{
	static const struct web_route http[] = {{"*", 400, NULL, "what?", 0, 0}, END}, mute[] = {{"*", 400, NULL, "what?", 0, 30000}, END};
	struct web w, silent;
	int64_t from = fp_monotonic_ms();

	web_start(&w, http);
	web_start(&silent, mute);
	expect(ASK("{s:o}", "port", json_sprintf("%d", w.port)), "tls", "connect_failed");
	expect(ASK("{s:o,s:s}", "port", json_sprintf("%d", w.port), "sslmode", "disable"), "login", "connect_failed");
	expect(ASK("{s:o}", "port", json_sprintf("%d", silent.port)), "tls", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - from, 9000);
	web_stop(&w);
	web_stop(&silent);
}

Test(prober_postgres, a_missing_table_names_what_may_have_been_meant)
{
	json_t *a = ASK("{s:s}", "table", "benches");

	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(a, "tables"), 0)), "parks.benches");
	expect(a, "table", "table_missing");
	a = ASK("{s:s}", "table", "hedges");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(a, "tables"), 0)), "public.Hedges");
	cr_assert_eq(json_array_size(json_object_get(a, "tables")), 12);
	expect(a, "table", "table_missing");
	a = ASK("{s:s,s:s}", "schema", "parks", "table", "tres");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(a, "tables"), 0)), "public.trees");
	expect(a, "table", "table_missing");
	expect(ASK("{s:s}", "table", ""), "table", "table_missing");
	expect(ASK("{s:s}", "table", "trees_pkey"), "table", "table_missing");
	expect(ASK("{s:s,s:s}", "schema", "no such", "table", "trees"), "table", "table_missing");
}

Test(prober_postgres, what_may_not_be_read_is_told_as_such)
{
	expect(ASK("{s:s}", "table", "forbidden"), "table", "permission_denied");
	expect(ASK("{s:s,s:s}", "schema", "hidden", "table", "secrets"), "table", "permission_denied");
	expect(ASK("{s:s,s:s}", "what", "query", "table", "(SELECT * FROM forbidden)"), "table", "permission_denied");
}

Test(prober_postgres, a_table_tells_its_columns_its_key_and_its_geometry)
{
	json_t *a = ASK("{s:s,s:s}", "table", "trees", "geometry", "geom");

	cr_assert(is_list(a, "columns", "id|kind|girth|geom"));
	cr_assert(is_list(a, "types", "int4|text|float8|geometry"));
	cr_assert(is_list(a, "pk", "id"));
	cr_assert_str_eq(fp_json_str_or(a, "relkind", ""), "r");
	cr_assert_str_eq(fp_json_str_or(a, "geometry_type", ""), "POINT");
	cr_assert_eq(fp_json_int(a, "srid", 0), 2056);
	cr_assert_eq(fp_json_int(a, "rows", 0), 9);
	expect(a, "", "");
	a = ASK("{s:s,s:s,s:s}", "schema", "public", "table", "parcels", "geometry", "geom");
	cr_assert(is_list(a, "pk", "b|a"));
	cr_assert_str_eq(fp_json_str_or(a, "geometry_type", ""), "MULTIPOLYGONZ");
	cr_assert_eq(fp_json_int(a, "rows", 0), -1);
	expect(a, "", "");
	a = ASK("{s:s,s:s}", "table", "loose", "geometry", "place");
	cr_assert(is_list(a, "pk", ""));
	cr_assert_str_eq(fp_json_str_or(a, "geometry_type", ""), "LINESTRINGM");
	cr_assert_eq(fp_json_int(a, "srid", 0), 4326);
	expect(a, "", "");
	a = ASK("{s:s,s:s,s:s}", "schema", "Odd \"Schema", "table", "Odd \"Table; --", "geometry", "geo m");
	cr_assert(is_list(a, "pk", "a \"key"));
	expect(a, "", "");
	a = ASK("{s:s}", "table", "uniq");
	cr_assert(is_list(a, "pk", "x"));
	expect(a, "", "");
}

/* Measured with QGIS: a table needs no key, not even one that exists. */
Test(prober_postgres, a_table_is_fine_with_any_key)
{
	expect(ASK("{s:s,s:[s]}", "table", "trees", "key", "no such"), "", "");
	expect(ASK("{s:s,s:[s]}", "table", "loose", "key", "no such"), "", "");
	expect(ASK("{s:s}", "table", "parted"), "", "");
}

Test(prober_postgres, a_geometry_column_must_be_there_and_be_one)
{
	expect(ASK("{s:s,s:s}", "table", "trees", "geometry", "the_geom"), "geometry", "geometry_missing");
	expect(ASK("{s:s,s:s}", "table", "trees", "geometry", "kind"), "geometry", "geometry_missing");
	expect(ASK("{s:s,s:s}", "table", "trees", "geometry", "GEOM"), "geometry", "geometry_missing");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "nogis", "user", "ada", "table", "trees"), "table", "permission_denied");
	expect(ASK("{s:s}", "table", "trees"), "", "");
}

Test(prober_postgres, a_view_needs_a_key_that_is_one)
{
	static const char *const views[] = {"tree_view", "tree_mat"};

	for (size_t i = 0; i < 2; i++) {
		expect(ASK("{s:s}", "table", views[i]), "key", "key_missing");
		expect(ASK("{s:s,s:[]}", "table", views[i], "key"), "key", "key_missing");
		expect(ASK("{s:s,s:[s]}", "table", views[i], "key", "nummer"), "key", "key_missing");
		expect(ASK("{s:s,s:[i]}", "table", views[i], "key", 7), "key", "key_missing");
		expect(ASK("{s:s,s:[s]}", "table", views[i], "key", "kind"), "key", "key_not_unique");
		expect(ASK("{s:s,s:[s],s:b}", "table", views[i], "key", "kind", "unique", 0), "", "");
		expect(ASK("{s:s,s:[s],s:s}", "table", views[i], "key", "kind", "filter", "id > 2"), "", "");
		expect(ASK("{s:s,s:[s]}", "table", views[i], "key", "id"), "", "");
		expect(ASK("{s:s,s:[s,s]}", "table", views[i], "key", "kind", "girth"), "", "");
	}
	expect(ASK("{s:s}", "table", "tree_mat_indexed"), "", "");
}

Test(prober_postgres, a_key_that_takes_too_long_to_test_is_told_as_such)
{
	int64_t from = fp_monotonic_ms();

	expect(ASK("{s:s,s:[s]}", "table", "slow_view", "key", "slept"), "key", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - from, 9000);
	expect(ASK("{s:s,s:[s],s:b}", "table", "slow_view", "key", "id", "unique", 0), "", "");
}

Test(prober_postgres, a_query_is_asked_as_a_relation)
{
	json_t *a = ASK("{s:s,s:s,s:s,s:[s]}", "what", "query", "table", "(SELECT id, geom FROM trees -- all of them\n)", "geometry", "geom", "key", "id");

	cr_assert(is_list(a, "columns", "id|geom"));
	cr_assert_str_eq(fp_json_str_or(a, "geometry_type", ""), "POINT");
	cr_assert_eq(fp_json_int(a, "srid", 0), 2056);
	cr_assert_not(json_object_get(a, "relkind"));
	expect(a, "", "");
	expect(ASK("{s:s,s:s,s:[s]}", "what", "query", "table", "(SELECT kind FROM trees)", "key", "kind"), "key", "key_not_unique");
	expect(ASK("{s:s,s:s}", "what", "query", "table", "(SELECT kind FROM trees)"), "key", "key_missing");
	expect(ASK("{s:s,s:s,s:s}", "what", "query", "table", "(SELECT id FROM trees)", "geometry", "geom"), "geometry", "geometry_missing");
	expect(ASK("{s:s,s:s}", "what", "query", "table", "(SELECT * FROM no_such_table)"), "table", "query_failed");
	expect(ASK("{s:s,s:s}", "what", "query", "table", "(SELEC 1)"), "table", "query_failed");
	expect(ASK("{s:s,s:s}", "what", "query", "table", "trees"), "table", "bad_question");
}

/* Statement after statement, in every place that takes SQL: none may run, and what runs may not write. */
Test(prober_postgres, sql_from_a_project_cannot_do_anything_else)
{
	static const char *const queries[] = {
		"(SELECT 1 AS id) AS x; DROP TABLE trees; --", "(SELECT 1 AS id); DELETE FROM trees; SELECT * FROM (SELECT 1",
		"(SELECT 1 AS id) AS x LIMIT 1; COMMIT; DELETE FROM trees; --", "(DELETE FROM trees RETURNING id)",
		"(WITH gone AS (DELETE FROM trees RETURNING id) SELECT * FROM gone)", "(SELECT set_config('transaction_read_only', 'off', false) AS id)",
		"(SELECT lo_create(4711) AS id)", "(SELECT nextval('photos_rid_seq') AS id)", "(SELECT 1 AS id) AS x /*", "(SELECT 1 AS id) AS x --",
		"(SELECT 1 AS id FROM trees FOR UPDATE)"};
	static const char *const filters[] = {"true); DELETE FROM trees; --", "1=1; DROP TABLE trees", "id = (WITH d AS (DELETE FROM trees RETURNING 1) SELECT 1)",
		"true) UNION SELECT lo_create(4712) --", "set_config('transaction_read_only', 'off', false) IS NOT NULL AND lo_create(4713) > 0", "$1 = 1", ")", "--"};

	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
		json_decref(ASK("{s:s,s:s,s:[s],s:s}", "what", "query", "table", queries[i], "key", "id", "user", i % 2 ? "ada" : "postgres"));
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		json_decref(ASK("{s:s,s:[s],s:s,s:s}", "table", "tree_view", "key", "id", "filter", filters[i], "user", "postgres"));
		json_decref(ASK("{s:s,s:s,s:s}", "table", "trees", "filter", filters[i], "user", i % 2 ? "ada" : "postgres"));
	}
	json_decref(ASK("{s:s,s:s}", "table", "trees\" CASCADE; DROP TABLE trees; --", "user", "postgres"));
	json_decref(ASK("{s:s,s:[s],s:s}", "table", "tree_view", "key", "id\"); DROP TABLE trees; --", "user", "postgres"));
	cr_assert_str_eq(postgres_value("gis", "SELECT count(*) FROM trees"), "9");
	cr_assert_str_eq(postgres_value("gis", "SELECT count(*) FROM pg_largeobject_metadata"), "0");
	cr_assert_str_eq(postgres_value("gis", "SELECT is_called FROM photos_rid_seq"), "f");
}

Test(prober_postgres, a_filter_that_does_not_work_is_told_and_harms_nothing)
{
	json_t *a = ASK("{s:s,s:s}", "table", "trees", "filter", "size > 3");

	cr_assert(strstr(fp_json_str_or(a, "filter_error", ""), "column \"size\" does not exist"));
	expect(a, "", "");
	a = ASK("{s:s,s:s}", "table", "trees", "filter", "girth > 3 -- large ones");
	cr_assert_not(json_object_get(a, "filter_error"));
	expect(a, "", "");
	a = ASK("{s:s,s:[s],s:s}", "table", "tree_view", "key", "id", "filter", "girth >");
	cr_assert(*fp_json_str_or(a, "filter_error", ""));
	expect(a, "key", "filter_failed");
	expect(ASK("{s:s,s:[s],s:s,s:b}", "table", "tree_view", "key", "id", "filter", "girth >", "unique", 0), "", "");
}

/* Measured with QGIS, which reads one row. */
Test(prober_postgres, a_view_that_fails_on_its_rows_fails)
{
	postgres_sql("gis", "CREATE VIEW broken AS SELECT id, 1 / (id - id) AS x FROM trees; GRANT SELECT ON broken TO ada");
	expect(ASK("{s:s,s:[s]}", "table", "broken", "key", "id"), "table", "query_failed");
	postgres_sql("gis", "DROP VIEW broken");
}

/* Measured with QGIS: the key of a table may be NULL, or an heir may have it twice; then it is tested. */
Test(prober_postgres, a_key_in_doubt_is_tested)
{
	postgres_sql("gis", "CREATE TABLE old (id int PRIMARY KEY); CREATE TABLE heir () INHERITS (old); INSERT INTO old VALUES (1); INSERT INTO heir VALUES (1);"
		"GRANT SELECT ON old TO ada");
	expect(ASK("{s:s}", "table", "old"), "key", "key_not_unique");
	expect(ASK("{s:s,s:b}", "table", "old", "estimated", 1), "", "");
	postgres_sql("gis", "DROP TABLE heir, old");
}

Test(prober_postgres, a_column_of_any_type_tells_what_it_holds)
{
	json_t *a;

	postgres_sql("gis", "CREATE TABLE mixed (id int PRIMARY KEY, g public.geometry); GRANT SELECT ON mixed TO ada;"
		"INSERT INTO mixed VALUES (1, 'SRID=4326;POINT Z (1 2 3)'), (2, 'SRID=4326;POINT Z (2 2 3)'), (3, 'SRID=2056;LINESTRING(1 1, 2 2)'), (4, NULL)");
	a = ASK("{s:s,s:s}", "table", "mixed", "geometry", "g");
	cr_assert(is_list(a, "geometries", "2056:LINESTRING|4326:POINTZ"));
	expect(a, "", "");
	a = ASK("{s:s,s:s,s:s}", "table", "mixed", "geometry", "g", "filter", "id < 3");
	cr_assert(is_list(a, "geometries", "4326:POINTZ"));
	expect(a, "", "");
	a = ASK("{s:s,s:s,s:b}", "table", "mixed", "geometry", "g", "any_type", 0);
	cr_assert_not(json_object_get(a, "geometries"));
	expect(a, "", "");
	postgres_sql("gis", "DROP TABLE mixed");
}

Test(prober_postgres, a_raster_needs_its_column)
{
	expect(ASK("{s:s,s:s,s:s}", "what", "raster", "table", "photos", "geometry", "rast"), "", "");
	expect(ASK("{s:s,s:s,s:s}", "what", "raster", "table", "photos", "geometry", ""), "", "");
	expect(ASK("{s:s,s:s,s:s}", "what", "raster", "table", "photos", "geometry", "rid"), "geometry", "geometry_missing");
	expect(ASK("{s:s,s:s,s:s}", "what", "raster", "table", "trees", "geometry", ""), "geometry", "geometry_missing");
	expect(ASK("{s:s,s:s,s:s}", "what", "raster", "table", "fotos", "geometry", "rast"), "table", "table_missing");
}

Test(prober_postgres, a_database_without_postgis_is_one_too)
{
	json_t *a;

	postgres_sql("nogis", "GRANT SELECT ON trees TO ada");
	a = ASK("{s:s,s:s,s:s}", "dbname", "nogis", "table", "trees", "geometry", "");
	cr_assert(is_list(a, "types", "int4|text"));
	expect(a, "", "");
	expect(ASK("{s:s,s:s,s:s}", "dbname", "nogis", "table", "trees", "geometry", "geom"), "geometry", "geometry_missing");
	postgres_sql("nogis", "REVOKE SELECT ON trees FROM ada");
}

Test(prober_postgres, a_password_is_in_no_answer)
{
	static const char *const members[] = {"service", "host", "port", "dbname", "user", "sslmode", "what", "schema", "table", "geometry", "filter"};
	char *text;

	for (size_t i = 0; i <= sizeof members / sizeof *members; i++) {
		json_t *q = question(json_pack("{s:s}", "table", "trees")), *a;

		if (i < sizeof members / sizeof *members)
			json_object_set_new(q, members[i], json_string(PASSWORD));
		else
			json_object_update_new(q, json_pack("{s:s,s:s,s:[s]}", "what", "query", "table", "(SELECT scream() AS id)", "key", "id"));
		a = ask(q);
		cr_assert(i < sizeof members / sizeof *members || strstr(fp_json_str_or(a, "error", ""), "your password is ***"), "%s %s",
			fp_json_str_or(a, "cause", ""), fp_json_str_or(a, "error", ""));
		text = fp_json_dump(a);
		cr_assert_not(strstr(text, PASSWORD), "%s", text);
		free(text);
		json_decref(a);
	}
}

static void again(const char *allow, const char *service)
{
	prober_end();
	prober_begin(allow, service);
}

Test(prober_postgres, a_service_says_where_and_a_question_says_more)
{
	char *file = fp_asprintf("# ours\n[other]\nhost=10.0.0.1\n\n[geo]\nhost=127.0.0.1\nport=%d\ndbname=gis\nuser=ada\npassword=%s\n[geo]\nhost=10.0.0.2\n"
		"[odd]\nhost=127.0.0.1\nsecret_port=7\n", postgres_port(), PASSWORD);
	json_t *a;

	again("127.0.0.1", file);
	a = ask(json_pack("{s:s,s:s,s:s,s:s}", "ask", "postgres", "what", "table", "service", "geo", "table", "trees"));
	cr_assert_str_eq(fp_json_str_or(a, "user", ""), "ada");
	expect(a, "", "");
	expect(ask(json_pack("{s:s,s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "service", "geo", "dbname", "nowhere")), "database", "database_unknown");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "service", "gone")), "name", "service_unknown");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "service", "other")), "address", "address_refused");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "service", "odd")), "name", "connect_failed");
	free(file);
}

Test(prober_postgres, the_environment_says_what_nobody_else_does)
{
	char port[16];

	snprintf(port, sizeof port, "%d", postgres_port());
	setenv("PGHOST", "127.0.0.1", 1);
	setenv("PGPORT", port, 1);
	setenv("PGUSER", "ada", 1);
	setenv("PGPASSWORD", PASSWORD, 1);
	setenv("PGSERVICEFILE", "/etc/passwd", 1);
	again("127.0.0.1", "[geo]\ndbname=gis\n");
	expect(ask(json_pack("{s:s,s:s,s:s,s:s}", "ask", "postgres", "what", "table", "dbname", "gis", "table", "trees")), "", "");
	setenv("PGSERVICE", "geo", 1);
	again("127.0.0.1", "[geo]\ndbname=gis\n");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "table", "table", "trees")), "", "");
}

/* The listener sees no connection, however a service or the environment names it. */
Test(prober_postgres, this_machine_is_not_knocked_at_by_any_setting)
{
	struct web w;
	char *file, *port;

	web_listen(&w);
	port = fp_asprintf("%d", w.port);
	file = fp_asprintf("[addr]\nhost=db.example\nhostaddr=127.0.0.1\nport=%d\n[addr6]\nhostaddr=::ffff:127.0.0.1\nport=%d\n"
		"[name]\nhost=innocent.example\nport=%d\n[list]\nhost=10.0.0.1,localhost\nport=%d\n[socket]\nhost=/tmp\nport=%d\n[abstract]\nhost=@x\nport=%d\n"
		"[none]\nport=%d\n[conninfo]\ndbname=host=127.0.0.1 port=%d\n[words]\nhostaddr=localhost\nport=%d\n[uneven]\nhost=a,b\nhostaddr=127.0.0.1\n",
		w.port, w.port, w.port, w.port, w.port, w.port, w.port, w.port, w.port);
	private_names("127.0.0.1 localhost innocent.example\n");
	again("db.example 10.9.9.9", file);
#define SERVICE(name) ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "service", name))
	expect(SERVICE("addr"), "address", "this_machine");
	expect(SERVICE("addr6"), "address", "this_machine");
	expect(SERVICE("name"), "address", "this_machine");
	expect(SERVICE("list"), "address", "address_refused");
	expect(SERVICE("socket"), "address", "this_machine");
	expect(SERVICE("abstract"), "address", "this_machine");
	expect(SERVICE("none"), "address", "this_machine");
	expect(SERVICE("conninfo"), "address", "this_machine");
	expect(SERVICE("words"), "name", "name_not_found");
	expect(SERVICE("uneven"), "name", "connect_failed");
	expect(ask(json_pack("{s:s,s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "host", "127.0.0.1", "port", port)), "address", "this_machine");
	expect(ask(json_pack("{s:s,s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "host", "innocent.example", "port", port)), "address", "this_machine");
	json_decref(ask(json_pack("{s:s,s:s,s:s,s:o}", "ask", "postgres", "what", "connect", "host", "10.9.9.9", "dbname",
		json_sprintf("hostaddr=127.0.0.1 port=%d", w.port))));
	setenv("PGHOSTADDR", "127.0.0.1", 1);
	setenv("PGPORT", port, 1);
	again("db.example", "");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "host", "db.example")), "address", "this_machine");
	cr_assert_eq(web_connections(&w), 0);
	web_stop(&w);
	free(file);
	free(port);
}

Test(prober_postgres, several_hosts_are_tried_in_their_order)
{
	json_t *a = ASK("{s:s,s:s,s:o}", "what", "connect", "host", "10.0.0.1,127.0.0.1,127.0.0.1", "port", json_sprintf("5432,1,%d", postgres_port()));

	cr_assert_eq(fp_json_int(a, "port", 0), postgres_port());
	expect(a, "", "");
	expect(ASK("{s:s,s:s}", "host", "10.0.0.1,127.0.0.1", "port", "1"), "port", "refused");
}
