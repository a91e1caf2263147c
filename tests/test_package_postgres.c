/* Layers of PostgreSQL in a package: what their rows and columns are, as QGIS 3.22 shows them. */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"
#include "engine/package/group.h"
#include "tests/apply_postgres.h"
#include "tests/package_rows.h"

static struct rows_fixture f;

static void start(void)
{
	apply_postgres_start();
	postgres_sql("gis", "CREATE EXTENSION hstore; CREATE EXTENSION citext");
}

POSTGRES_FOR_ALL_TESTS(start)

static void begin(void)
{
	postgres_needed();
}

static void end(void)
{
	if (f.def.id)
		rows_end(&f);
}

TestSuite(package_postgres, .timeout = 60, .init = begin, .fini = end);

/* A layer of gis as ada, wherever it may lie. */
static void layer(const char *source, const char *pk, int wkb_type)
{
	char *text = fp_asprintf("dbname='gis' host=127.0.0.1 port=%d user='ada' password='" PASSWORD "' %s", postgres_port(), source);

	if (f.def.id)
		rows_end(&f);
	rows_begin(&f, "postgres", text, pk, wkb_type);
	f.package.any_address = 1;
	free(text);
}

/* Another layer of the same package. */
static void table_is(const char *table)
{
	free(f.def.datasource);
	f.def.datasource = fp_asprintf("dbname='gis' host=127.0.0.1 port=%d user='ada' password='" PASSWORD "' table=\"field\".\"%s\"", postgres_port(), table);
}

static void opens(const struct fp_rows_wanted *wanted)
{
	enum fp_status st = rows_open(&f, wanted);

	cr_assert_eq(st, FP_OK, "%s", f.err.msg);
}

static void fails(const struct fp_rows_wanted *wanted, enum fp_status want, const char *words)
{
	enum fp_status st = rows_open(&f, wanted);

	cr_assert_eq(st, want, "%d: %s", (int)st, f.err.msg);
	cr_assert_null(f.rows);
	cr_assert(strstr(f.err.msg, words) != NULL, "%s", f.err.msg);
	cr_assert(strstr(f.err.msg, "Trees") != NULL, "%s", f.err.msg);
}

static void are(const char *text)
{
	const char *got = rows_text(&f, NULL);

	cr_assert_str_eq(got, text, "\n%s\ninstead of\n%s", got, text);
}

static void columns_are(const char *text)
{
	const char *got = rows_columns(&f);

	cr_assert_str_eq(got, text, "\n%s\ninstead of\n%s", got, text);
}

static struct fp_rows_wanted filtered(struct fp_strv *filters, const char *sql)
{
	fp_strv_add(filters, sql);
	return (struct fp_rows_wanted){.filters = filters};
}

/* ---- what cannot be read ---- */

Test(package_postgres, a_database_that_lets_nobody_in_or_is_not_there_says_which)
{
	rows_begin(&f, "postgres", "dbname='gis' host=127.0.0.1 port=1 table=\"t\"", NULL, 100);
	f.package.any_address = 1;
	fails(NULL, FP_E_IO, "cannot be reached");
	rows_end(&f);
	layer("table=\"field\".\"t\"", NULL, 100);
	memcpy(strstr(f.def.datasource, PASSWORD), "Open", 4);
	fails(NULL, FP_E_IO, "lets nobody in");
	cr_assert(strstr(f.err.msg, "Open-sesame") == NULL, "%s", f.err.msg);
}

Test(package_postgres, the_network_setting_decides_where_a_project_may_connect_to)
{
	as_ada("CREATE TABLE allowed (id int PRIMARY KEY); INSERT INTO allowed VALUES (1)");
	layer("table=\"field\".\"allowed\"", "id", 100);
	f.package.any_address = 0;
	fails(NULL, FP_E_IO, "the network is off");
	f.package.allow = "10.0.0.0/8";
	fails(NULL, FP_E_IO, "network_allow");
	f.package.allow = "127.0.0.1";
	opens(NULL);
	are("1\n");
}

Test(package_postgres, a_service_is_the_operators_and_may_lie_anywhere)
{
	char *service = fp_asprintf("[geo]\nhost=127.0.0.1\nport=%d\ndbname=gis\nuser=ada\npassword=" PASSWORD "\n", postgres_port());

	as_ada("CREATE TABLE served (id int PRIMARY KEY); INSERT INTO served VALUES (1)");
	rows_begin(&f, "postgres", "service='geo' table=\"field\".\"served\"", "id", 100);
	fails(NULL, FP_E_IO, "\"geo\" not found");
	f.package.pgservice = service;
	opens(NULL);
	are("1\n");
	rows_end(&f);
	free(service);
}

Test(package_postgres, what_the_server_refuses_is_told_in_its_words_and_costs_that_layer_alone)
{
	struct fp_strv filters = {0};
	struct fp_rows_wanted wanted = filtered(&filters, "nonsense > 1");

	as_ada("CREATE TABLE refused (id int PRIMARY KEY); INSERT INTO refused VALUES (1)");
	layer("table=\"field\".\"refused\"", "id", 100);
	fails(&wanted, FP_E_INVALID, "column \"nonsense\" does not exist");
	opens(NULL);
	are("1\n");
	layer("table=\"field\".\"no_such\"", "id", 100);
	fails(NULL, FP_E_INVALID, "no table \"field.no_such\"");
	fp_strv_free(&filters);
}

Test(package_postgres, a_filter_is_part_of_one_select_and_of_nothing_else)
{
	static const char *const evil[] = {"true)) TO PROGRAM 'touch /tmp/fp-evil' --", "true); DROP TABLE prey; --", "true) TO '/tmp/fp-evil' --",
		"true)) TO STDOUT; DROP TABLE prey; COPY (SELECT 1 WHERE ((true"};

	as_ada("CREATE TABLE prey (id int PRIMARY KEY); INSERT INTO prey VALUES (1)");
	layer("table=\"field\".\"prey\"", "id", 100);
	for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
		struct fp_strv filters = {0};
		struct fp_rows_wanted wanted = filtered(&filters, evil[i]);
		fails(&wanted, FP_E_INVALID, "syntax error");
		fp_strv_free(&filters);
	}
	as_ada("CREATE FUNCTION gnaw() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN DELETE FROM field.prey; RETURN true; END $$");
	layer("table=\"field\".\"prey\"", "id", 100);
	{
		struct fp_strv filters = {0};
		struct fp_rows_wanted wanted = filtered(&filters, "field.gnaw()");
		enum fp_status st;
		opens(&wanted);
		rows_text(&f, &st);
		cr_assert_eq(st, FP_E_INVALID);
		cr_assert(strstr(f.err.msg, "read-only") != NULL, "%s", f.err.msg);
		fp_strv_free(&filters);
	}
	holds("SELECT count(*) FROM field.prey", "1");
	cr_assert(access("/tmp/fp-evil", F_OK) != 0);
}

Test(package_postgres, a_server_that_goes_away_in_the_middle_ends_it_with_the_layers_name)
{
	struct fp_row row;
	enum fp_status st = FP_OK;
	int more = 1, n = 0;

	as_ada("CREATE TABLE much (id int PRIMARY KEY, t text); INSERT INTO much SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i");
	layer("table=\"field\".\"much\"", "id", 100);
	opens(NULL);
	for (; st == FP_OK && more; n++) {
		if (n == 10)
			postgres_sql("gis", "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'field.much'::regclass"); /* other tests run meanwhile */
		st = f.rows->ops->next(f.rows, &row, &more, &f.err);
	}
	cr_assert_eq(st, FP_E_IO, "%d", (int)st);
	cr_assert(n < 50000);
	cr_assert(strstr(f.err.msg, "layer \"Trees\" cannot be read: the database closed the connection: ") != NULL, "%s", f.err.msg);
}

Test(package_postgres, a_row_that_fails_is_told_and_the_next_table_is_read_all_the_same)
{
	enum fp_status st;

	as_ada("CREATE TABLE half (id int PRIMARY KEY); INSERT INTO half SELECT generate_series(1, 5000)");
	layer("key='id' table=\"(SELECT id, 1 / (4000 - id) AS q FROM field.half)\"", "id", 100);
	opens(NULL);
	rows_text(&f, &st);
	cr_assert_eq(st, FP_E_INVALID);
	cr_assert(strstr(f.err.msg, "division by zero") != NULL, "%s", f.err.msg);
	table_is("half");
	opens(NULL);
	cr_assert_str_neq(rows_text(&f, NULL), "");
}

/* ---- values ---- */

Test(package_postgres, numbers_are_what_QGIS_makes_of_them)
{
	as_ada("CREATE TABLE numbers (id serial PRIMARY KEY, b bool, s smallint, i int, l bigint, o oid, r real, d double precision, n numeric, n2 numeric(6,2));"
		"INSERT INTO numbers VALUES (DEFAULT, true, -2, -3, 3000000000, 7, 1.1, 0.1, 1234567890.123456789, 1.25), (DEFAULT, false, 32767, NULL,"
		" -9223372036854775808, NULL, 'NaN', 'Infinity', 'NaN', NULL)");
	layer("table=\"field\".\"numbers\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!*= b:Integer/Boolean s:Integer/Int16 i:Integer l:Integer64 o:Integer r:Real d:Real n:Real n2:Real");
	are("1|1|-2|-3|3000000000|7|1.1000000000000001|0.10000000000000001|1234567890.1234567|1.25\n"
		"2|0|32767|NULL|-9223372036854775808|NULL|NULL|NULL|NULL|NULL\n");
}

Test(package_postgres, texts_keep_their_widths_and_enums_domains_and_ids_are_texts)
{
	as_ada("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN short AS varchar(12) NOT NULL DEFAULT 'x'; CREATE DOMAIN count AS int;"
		"CREATE TABLE texts (id int PRIMARY KEY, c char(5), v varchar, v20 varchar(20), t text, ci citext, u uuid, m mood, s short, n count, x xml, ip inet,"
		" mo money, tz timetz, nm name);"
		"INSERT INTO texts VALUES (1, 'ab', 'v', 'ä', e'two\nlines', 'CiT', '00000000-0000-0000-0000-0000000000ff', 'ok', 'short', 5, '<a/>', '10.0.0.1', 1.5,"
		" '10:11:12+02', 'nm')");
	layer("table=\"field\".\"texts\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!* c:String(5) v:String v20:String(20) t:String ci:String u:String m:String s:String(12) n:Integer x:String ip:String mo:String tz:String"
		" nm:String");
	are("1|ab|v|ä|two\nlines|CiT|00000000-0000-0000-0000-0000000000ff|ok|short|5|<a/>|10.0.0.1/32|$1.50|10:11:12+02|nm\n");
}

Test(package_postgres, times_are_to_the_millisecond_and_know_whether_they_have_a_zone)
{
	as_ada("CREATE TABLE times (id int PRIMARY KEY, d date, t time, ts timestamp, tz timestamptz, iv interval);"
		"INSERT INTO times VALUES (1, '2024-02-29', '10:11:12.345678', '2024-03-01 10:11:12.345678', '2024-07-01 10:11:12+02', '1 day'),"
		" (2, 'infinity', '24:00', '-infinity', 'infinity', NULL), (3, '1582-10-04', '00:00', '1969-12-31 23:59:59.9999', '1900-01-01 00:00:00+00', NULL),"
		" (4, '12024-01-01', '23:59:59.9999', '12024-01-01', '0044-03-15 10:00:00+00 BC', NULL)");
	layer("table=\"field\".\"times\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!* d:Date t:String ts:DateTime tz:DateTime");
	are("1|2024-02-29|10:11:12.346|2024-03-01T10:11:12.3461|2024-07-01T08:11:12Z\n2|NULL|NULL|NULL|NULL\n"
		"3|1582-10-04|00:00:00.000|1969-12-31T23:59:59.9991|1900-01-01T00:00:00Z\n4|NULL|23:59:59.999|NULL|0044-03-15T10:00:00Z\n");
}

Test(package_postgres, lists_maps_and_bytes_are_kept)
{
	as_ada("CREATE TABLE lists (id int PRIMARY KEY, t text[], i int[], f float8[], b bool[], j json, jb jsonb, h hstore, by bytea, u uuid[], a jsonb[]);"
		"INSERT INTO lists VALUES (1, ARRAY['a', 'b c', NULL, 'd\"e\\f', '', '{x', 'NULL', e'\t'], ARRAY[1, NULL, 3], ARRAY[1.5, 'NaN', 1e300],"
		" ARRAY[true, false, NULL], '{\"b\":1, \"a\":[1,2.50,null]}', '\"scalar\"', 'a=>1, b=>NULL, \"c d\"=>\"x\\\"y\"', '\\x00ff10',"
		" ARRAY['00000000-0000-0000-0000-0000000000ff'::uuid], ARRAY['{\"k\": [1, 2]}'::jsonb]),"
		" (2, '{}', '{{1,2},{3,4}}', '[0:1]={1,2}', NULL, 'null', 'true', '', '', NULL, NULL); INSERT INTO lists VALUES (3)");
	layer("table=\"field\".\"lists\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!* t:String/JSON i:String/JSON f:String/JSON b:String/JSON j:String/JSON jb:String/JSON h:String/JSON by:Binary u:String/JSON"
		" a:String/JSON");
	are("1|[\"a\",\"b c\",\"NULL\",\"d\\\"e\\\\f\",\"\",\"{x\",\"NULL\",\"\\u0009\"]|[1,null,3]|[1.5,null,1e+300]|[true,false,null]|{\"b\":1, \"a\":[1,2.50,null]}"
		"|\"scalar\"|{\"a\":\"1\",\"b\":\"NULL\",\"c d\":\"x\\\"y\"}|0x00ff10|[\"00000000-0000-0000-0000-0000000000ff\"]|[{\"k\": [1, 2]}]\n"
		"2|[]|[\"{1,2}\",\"{3,4}\"]|[1,2]|NULL|null|true|{}|0x|NULL|NULL\n3|NULL|NULL|NULL|NULL|NULL|NULL|{}|NULL|NULL|NULL\n");
}

Test(package_postgres, what_QGIS_does_not_show_is_no_column)
{
	as_ada("CREATE TYPE pair AS (a int, b text); CREATE TYPE hue AS ENUM ('red'); CREATE TABLE odd (id int PRIMARY KEY, p pair, r int4range, b bit(3), l line,"
		" h hue[], q regclass, v tsvector, z int)");
	layer("table=\"field\".\"odd\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!* z:Integer");
	are("");
}

/* ---- columns ---- */

Test(package_postgres, columns_know_what_the_database_asks_of_them_as_QGIS_reports_it)
{
	as_ada("CREATE TABLE facts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, other int GENERATED BY DEFAULT AS IDENTITY, s serial, d text DEFAULT 'x',"
		" g int GENERATED ALWAYS AS (1 + 1) STORED, u int UNIQUE, n int NOT NULL, p1 int, p2 int, part int, UNIQUE (p1, p2));"
		"CREATE UNIQUE INDEX ON facts (part) WHERE part > 0; COMMENT ON TABLE facts IS 'about trees'; COMMENT ON COLUMN facts.d IS 'a letter'");
	layer("table=\"field\".\"facts\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!*= other:Integer!* s:Integer!= d:String= g:Integer= u:Integer* n:Integer! p1:Integer p2:Integer part:Integer*");
	cr_assert_str_eq(f.rows->comment, "about trees");
	cr_assert_str_eq(f.rows->columns[3].comment, "a letter");
	cr_assert_null(f.rows->columns[0].comment);
	f.project.provider_defaults = 1; /* QGIS has them evaluated, and then leaves only to the database what nobody else can compute */
	opens(NULL);
	columns_are("id:Integer!* other:Integer!* s:Integer! d:String g:Integer= u:Integer* n:Integer! p1:Integer p2:Integer part:Integer*");
}

Test(package_postgres, a_view_has_no_constraints_but_its_keys_and_a_query_those_of_its_tables)
{
	as_ada("CREATE TABLE under (id serial PRIMARY KEY, v varchar(9) NOT NULL UNIQUE, o int DEFAULT 4); INSERT INTO under (v) VALUES ('a');"
		"CREATE VIEW over AS SELECT *, v || '!' AS more FROM under; ALTER VIEW over ALTER COLUMN o SET DEFAULT 9");
	layer("key='id' table=\"field\".\"over\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!* v:String(9) o:Integer= more:String");
	are("1|a|4|a!\n");
	layer("key='id' table=\"(SELECT id, v, o, v::varchar(5) AS five FROM field.under -- a comment\n)\"", "id", 100);
	opens(NULL);
	columns_are("id:Integer!*= v:String(9)!* o:Integer= five:String!*");
	are("1|a|4|a\n");
}

/* ---- geometries ---- */

Test(package_postgres, geometries_come_with_their_dimensions_curves_and_coordinate_system)
{
	as_ada("CREATE TABLE shapes (id int PRIMARY KEY, zm geometry(PointZM,2056), c geometry(CurvePolygon,4326), g geography(PointZ), t geometry(TINZ,4326));"
		"INSERT INTO shapes VALUES (1, 'SRID=2056;POINT ZM (1 2 3 4)', 'SRID=4326;CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))', 'POINT Z (1 2 3)',"
		" 'SRID=4326;TIN Z (((0 0 0,0 1 0,1 1 0,0 0 0)))')");
	layer("key='id' table=\"(SELECT id, zm FROM field.shapes)\" (zm)", "id", 3001);
	opens(NULL);
	cr_assert_eq(f.rows->geometry, wkbPointZM);
	cr_assert_str_eq(OSRGetAuthorityCode(f.rows->srs, NULL), "2056");
	are("1|POINT ZM (1 2 3 4)\n");
	layer("key='id' table=\"(SELECT id, c FROM field.shapes)\" (c)", "id", 10);
	opens(NULL);
	are("1|CURVEPOLYGON (CIRCULARSTRING (0 0,4 0,4 4,0 4,0 0))\n");
	layer("key='id' table=\"(SELECT id, g FROM field.shapes)\" (g)", "id", 1001);
	opens(NULL);
	cr_assert_eq(f.rows->geometry, wkbPoint25D);
	cr_assert_str_eq(OSRGetAuthorityCode(f.rows->srs, NULL), "4326");
	are("1|POINT Z (1 2 3)\n");
	layer("key='id' table=\"(SELECT id, t FROM field.shapes)\" (t)", "id", 1006);
	opens(NULL);
	are("1|MULTIPOLYGON Z (((0 0 0,0 1 0,1 1 0,0 0 0)))\n");
	layer("table=\"field\".\"shapes\" (zm)", "id", 3001);
	opens(NULL);
	columns_are("id:Integer!* c:String g:String t:String");
	are("1|SRID=4326;CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))|POINT Z (1 2 3)|SRID=4326;TIN(((0 0 0,0 1 0,1 1 0,0 0 0)))|POINT ZM (1 2 3 4)\n");
}

Test(package_postgres, a_column_of_any_geometry_gives_what_the_layer_asks_for)
{
	as_ada("CREATE TABLE mixed (id int PRIMARY KEY, g geometry); INSERT INTO mixed VALUES (1, 'SRID=4326;POINT(1 2)'), (2, 'SRID=4326;LINESTRING(0 0,1 1)'),"
		" (3, NULL), (4, 'SRID=3857;POINT(5 5)'), (5, 'SRID=4326;POINT Z(1 2 3)'), (6, 'SRID=4326;MULTIPOINT(1 1,2 2)')");
	layer("key='id' type=Point srid=4326 table=\"field\".\"mixed\" (g)", "id", 1);
	opens(NULL);
	are("1|POINT (1 2)\n5|POINT Z (1 2 3)\n6|MULTIPOINT ((1 1),(2 2))\n");
	as_ada("CREATE TABLE pure (id int PRIMARY KEY, g geometry); INSERT INTO pure VALUES (1, 'SRID=4326;POINT(1 2)'), (2, NULL)");
	layer("key='id' type=Point srid=4326 table=\"field\".\"pure\" (g)", "id", 1);
	opens(NULL);
	are("1|POINT (1 2)\n2\n");
}

/* PostGIS' catalogue would trip over the constraint of a table that was there when the transaction began. */
Test(package_postgres, a_table_that_is_dropped_meanwhile_is_in_nobodys_way)
{
	char *wanted;

	as_ada("CREATE TABLE goes (id int PRIMARY KEY CHECK (id > 0)); CREATE TABLE stays (id int PRIMARY KEY, g geometry);"
		" INSERT INTO stays VALUES (1, 'SRID=4326;POINT(1 2)')");
	layer("key='id' type=Point srid=4326 table=\"field\".\"stays\" (g)", "id", 1);
	wanted = fp_strdup(f.def.datasource);
	table_is("stays");
	opens(NULL);
	as_ada("DROP TABLE goes");
	free(f.def.datasource);
	f.def.datasource = wanted;
	opens(NULL);
	are("1|POINT (1 2)\n");
}

Test(package_postgres, the_area_is_asked_of_the_server_and_leaves_rows_without_geometry_out)
{
	struct fp_rows_wanted wanted = {.has_rect = 1, .rect = {0, 0, 10, 10}};

	as_ada("CREATE TABLE spread (id int PRIMARY KEY, g geometry(Point,4326)); INSERT INTO spread VALUES (1, 'SRID=4326;POINT(1 2)'), (2, NULL),"
		" (3, 'SRID=4326;POINT(11 2)'), (4, 'SRID=4326;POINT(10 10)')");
	layer("key='id' type=Point srid=4326 table=\"field\".\"spread\" (g)", "id", 1);
	opens(&wanted);
	are("1|POINT (1 2)\n4|POINT (10 10)\n");
	as_ada("CREATE TABLE round (id int PRIMARY KEY, g geography(Point,4326)); INSERT INTO round VALUES (1, 'POINT(1 2)'), (3, 'POINT(11 2)')");
	layer("table=\"field\".\"round\" (g)", "id", 1);
	opens(&wanted);
	are("1|POINT (1 2)\n");
}

/* ---- which rows ---- */

Test(package_postgres, filters_keep_their_casts_and_comments_and_one_of_them_is_enough)
{
	struct fp_strv filters = {0};
	struct fp_rows_wanted wanted = filtered(&filters, "v::text LIKE 'a%' -- those in a");

	as_ada("CREATE TABLE few (id int PRIMARY KEY, v varchar); INSERT INTO few VALUES (1, 'ab'), (2, 'b'), (3, NULL)");
	layer("table=\"field\".\"few\"", "id", 100);
	opens(&wanted);
	are("1|ab\n");
	fp_strv_add(&filters, "v IS NULL");
	opens(&wanted);
	are("1|ab\n3|NULL\n");
	fp_strv_free(&filters);
}

Test(package_postgres, a_filter_means_the_same_to_SQLite_only_where_that_is_sure)
{
	static const char *const same[] = {"n > 30", "n between 3 and 5", "\"N\" <> 'it''s'", "n % 2 = 0 AND (NOT n IS NULL)", "t in ('a', 'b=c') or t = 'x < y'", "N = 1"};
	static const char *const other[] = {"t like 'a%'", "t < 'b'", "t <> 'a' and n > 1 ", "lower(t) = 'a'", "t::text = 'a'", "j->'a' = '1'", "w = '2024-01-01'",
		"n in (select id from u)", "n = ANY('{1}')", "t ~ 'a'", "t = E'a'", "t = 'a' /* ' */", "n = 1 -- t", "n = $1", "missing = 1", "n(1)", "b"};
	struct fp_row_column columns[] = {{.name = (char *)"n", .type = OFTInteger}, {.name = (char *)"N", .type = OFTString}, {.name = (char *)"t", .type = OFTString},
		{.name = (char *)"j", .type = OFTString, .subtype = OFSTJSON}, {.name = (char *)"w", .type = OFTDateTime}, {.name = (char *)"b", .type = OFTBinary}};
	const struct fp_group g = {.columns = columns, .n_columns = sizeof columns / sizeof *columns, .language = FP_IN_POSTGRESQL};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cr_expect_eq(fp_group_same_meaning(&g, same[i]), 1, "%s", same[i]);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		cr_expect_eq(fp_group_same_meaning(&g, other[i]), 0, "%s", other[i]);
}

static void package_clear(void)
{
	struct fp_pack_table *t = f.package.tables;

	for (size_t i = 0; i < t->n_fields; i++)
		free(t->fields[i].name);
	free(t->fields);
	free(t->name);
	free(t->local_key);
	free(t->geometry);
	json_decref(t->skipped);
	free(t);
	json_decref(f.layer.warnings);
	free(f.layer.provider);
	free(f.layer.datasource);
}

/* What data.gpkg's layer says when the source is filtered by SQL; WARNS: and whether it lost that. */
static char *packaged(const char *sql, int *warns)
{
	char dir[] = "/tmp/fp-pg-XXXXXX", *source = fp_asprintf("key='id' table=\"field\".\"sorts\" sql=%s", sql), *got, *file;

	cr_assert_not_null(mkdtemp(dir));
	layer(source, "id", 100);
	fp_gdal_init(dir);
	f.layer.action = FP_PACK_OFFLINE;
	f.layer.warnings = json_array();
	f.project.root = dir;
	f.package.layers = &f.layer;
	f.package.n_layers = 1;
	f.package.output = f.package.scratch = dir;
	cr_assert_eq(fp_package_data(&f.package, &f.err), FP_OK, "%s", f.err.msg);
	cr_assert_eq(f.package.n_tables, 1);
	cr_assert_eq(f.package.tables[0].written, 1, "%s: %lld rows", sql, (long long)f.package.tables[0].written);
	*warns = json_array_size(f.layer.warnings) == 1;
	got = fp_strdup(strstr(f.layer.datasource, "|subset=") ? strstr(f.layer.datasource, "|subset=") : "");
	package_clear();
	file = fp_path_join(dir, FP_PACKAGE_DATA);
	unlink(file);
	rmdir(dir);
	free(file);
	free(source);
	return got;
}

Test(package_postgres, the_rows_are_the_source_s_whether_its_filter_can_stay_or_not)
{
	static const struct {
		const char *sql, *left;
	} cases[] = {
		{"id > 2", "|subset=id > 2"}, {"t like 'A%'", "|subset=t like 'A%'"}, {"t ~ '^a'", ""}, {"j->>'k' = '1.5'", ""}, {"w = '2024-01-02 10:00'", ""},
	};

	as_ada("CREATE TABLE sorts (id int PRIMARY KEY, t text, j jsonb, w timestamp); INSERT INTO sorts VALUES (1, 'a', '{\"k\": 1.5}', '2024-01-01'),"
		" (2, 'A', '{}', '2024-01-02 10:00'), (3, 'b', NULL, NULL)");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int warns;
		char *left = packaged(cases[i].sql, &warns);
		cr_expect_str_eq(left, cases[i].left);
		cr_expect_eq(warns, *cases[i].left == '\0', "%s", cases[i].sql);
		free(left);
	}
}

Test(package_postgres, all_tables_of_a_database_are_of_one_moment)
{
	as_ada("CREATE TABLE first (id int PRIMARY KEY); CREATE TABLE second (id int PRIMARY KEY); INSERT INTO first VALUES (1); INSERT INTO second VALUES (1)");
	layer("table=\"field\".\"first\"", "id", 100);
	opens(NULL);
	are("1\n");
	as_ada("INSERT INTO second VALUES (2)");
	table_is("second");
	opens(NULL);
	are("1\n");
}

Test(package_postgres, the_role_of_the_job_reads)
{
	as_ada("CREATE TABLE hers (id int PRIMARY KEY, who text DEFAULT current_user); ALTER TABLE hers ENABLE ROW LEVEL SECURITY; GRANT SELECT ON hers TO bob;"
		"CREATE POLICY p ON hers FOR SELECT TO bob USING (id = 2); INSERT INTO hers VALUES (1, 'a'), (2, 'b')");
	postgres_sql("gis", "GRANT bob TO ada");
	layer("table=\"field\".\"hers\"", "id", 100);
	f.package.session_role = "bob";
	opens(NULL);
	are("2|b\n");
	rows_end(&f);
	layer("table=\"field\".\"hers\"", "id", 100);
	f.package.session_role = "nobody at all";
	fails(NULL, FP_E_IO, "role \"nobody at all\" does not exist");
}

Test(package_postgres, many_rows_are_read_while_they_come)
{
	struct fp_row row;
	int64_t sum = 0, start;
	int more = 1;

	as_ada("CREATE TABLE many (id int PRIMARY KEY, v text, g geometry(Point,4326)); INSERT INTO many SELECT i, 'tree ' || i,"
		" st_setsrid(st_point(i % 180, i % 90), 4326) FROM generate_series(1, 200000) i; ANALYZE many");
	layer("table=\"field\".\"many\" (g)", "id", 1);
	start = fp_monotonic_ms();
	opens(NULL);
	cr_assert_eq(f.rows->about, 200000);
	for (;;) {
		cr_assert_eq(f.rows->ops->next(f.rows, &row, &more, &f.err), FP_OK, "%s", f.err.msg);
		if (!more)
			break;
		sum += row.values[0].i;
		cr_assert_eq(row.geometry_len, 21);
	}
	cr_assert_eq(sum, INT64_C(20000100000));
	cr_log_info("200,000 rows in %lld ms", (long long)(fp_monotonic_ms() - start));
}
