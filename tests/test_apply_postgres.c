/* Changes to PostgreSQL: what they come to in a table, by key, type, geometry and whatever the table does by itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/apply_postgres.h"

static struct fixture f;

POSTGRES_FOR_ALL_TESTS(apply_postgres_start)

static void begin(void)
{
	postgres_needed();
	fixture_open(&f);
}

static void end(void)
{
	if (f.dir)
		fixture_close(&f);
}

TestSuite(apply_postgres, .timeout = 120, .init = begin, .fini = end);

#define COMMITS() cr_assert_eq(settle(&f, NULL), FP_OK)

/* ---- layers that cannot be written ---- */

Test(apply_postgres, a_layer_without_one_key_is_not_written_and_says_why)
{
	as_ada("CREATE TABLE two (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE none (a int); CREATE TABLE comma (\"a,b\" int PRIMARY KEY)");
	postgres_layer(&f, "two", "table=\"field\".\"two\" sql=");
	postgres_layer(&f, "none", "table=\"field\".\"none\" sql=");
	postgres_layer(&f, "comma", "table=\"field\".\"comma\" sql=");
	is(delta(&f, "create", "two", "1", NULL, "{'attributes':{'a':1}}"), "not_applied", "Composite (multi-column) primary keys are not supported!");
	is(delta(&f, "create", "none", "1", NULL, "{'attributes':{'a':1}}"), "not_applied", "neither has a primary key, nor an attribute `fid`");
	is(delta(&f, "create", "comma", "1", NULL, "{'attributes':{}}"), "not_applied", "has a comma in its name");
	COMMITS();
}

Test(apply_postgres, what_is_no_table_or_may_not_be_read_says_so)
{
	as_ada("CREATE TABLE hers (id int PRIMARY KEY); CREATE MATERIALIZED VIEW still AS SELECT 1 AS id; CREATE UNIQUE INDEX ON still (id);"
		"CREATE TABLE flat (id int PRIMARY KEY, shape text)");
	postgres_sql("gis", "CREATE TABLE field.closed (id int PRIMARY KEY)");
	postgres_layer(&f, "gone", "table=\"field\".\"gone\" sql=");
	postgres_layer(&f, "closed", "table=\"field\".\"closed\" sql=");
	postgres_layer(&f, "query", "key='id' table=\"(SELECT * FROM field.hers)\" sql=");
	postgres_layer(&f, "saved", "authcfg=abc1234 table=\"field\".\"hers\" sql=");
	postgres_layer(&f, "still", "table=\"field\".\"still\" sql=");
	postgres_layer(&f, "flat", "table=\"field\".\"flat\" (shape) sql=");
	postgres_layer(&f, "nogeom", "table=\"field\".\"hers\" (geom) sql=");
	postgres_layer(&f, "hers", "table=\"field\".\"hers\" sql=");
	is(delta(&f, "create", "gone", "1", NULL, "{}"), "not_applied", "the database has no table \"field.gone\"");
	is(delta(&f, "create", "closed", "1", NULL, "{}"), "not_applied", "permission denied");
	is(delta(&f, "create", "query", "1", NULL, "{}"), "not_applied", "queries can only be read");
	is(delta(&f, "create", "saved", "1", NULL, "{}"), "not_applied", "saved in somebody's QGIS");
	is(delta(&f, "delete", "still", "1", "{}", NULL), "not_applied", "Failed to commit changes: cannot change materialized view");
	is(delta(&f, "create", "flat", "1", NULL, "{}"), "not_applied", "is no geometry but of type text");
	is(delta(&f, "create", "nogeom", "1", NULL, "{}"), "not_applied", "the table has no column \"geom\"");
	is(delta(&f, "create", "hers", "1", NULL, "{'attributes':{'id':5}}"), "applied", "");
	COMMITS();
	holds("SELECT string_agg(id::text, ' ') FROM field.hers", "5");
}

/* ---- changes that the table refuses ---- */

Test(apply_postgres, what_a_constraint_refuses_is_undone_alone_and_told_with_the_servers_detail)
{
	const json_t *r;

	as_ada("CREATE TABLE kinds (code text PRIMARY KEY); INSERT INTO kinds VALUES ('ash');"
		"CREATE TABLE strict (id serial PRIMARY KEY, code text UNIQUE, n int NOT NULL DEFAULT 5 CHECK (n > 0), short varchar(3),"
		" kind text REFERENCES kinds DEFERRABLE INITIALLY DEFERRED); INSERT INTO strict (code) VALUES ('a'), ('b')");
	postgres_layer(&f, "strict", "key='id' table=\"field\".\"strict\" sql=");
	r = delta(&f, "patch", "strict", "2", "{'attributes':{'code':'b'}}", "{'attributes':{'code':'a'}}");
	is(r, "not_applied", "Failed to commit changes: duplicate key value violates unique constraint \"strict_code_key\" (Key (code)=(a) already exists.)");
	cr_assert(strncmp(json_string_value(json_array_get(json_object_get(r, "provider_errors"), 0)), "duplicate key", 13) == 0);
	is(delta(&f, "patch", "strict", "1", "{'attributes':{'n':5}}", "{'attributes':{'n':-1}}"), "not_applied", "violates check constraint");
	is(delta(&f, "patch", "strict", "1", "{'attributes':{'short':null}}", "{'attributes':{'short':'long'}}"), "not_applied", "value too long");
	is(delta(&f, "patch", "strict", "1", "{'attributes':{'kind':null}}", "{'attributes':{'kind':'oak'}}"), "not_applied", "violates foreign key");
	is(delta(&f, "patch", "strict", "1", "{'attributes':{'n':5}}", "{'attributes':{'n':null}}"), "not_applied", "null value in column \"n\"");
	is(delta(&f, "patch", "strict", "1", "{'attributes':{'kind':null}}", "{'attributes':{'kind':'ash'}}"), "applied", "");
	COMMITS();
	holds("SELECT string_agg(code || n || coalesce(kind, '-'), ' ' ORDER BY id) FROM field.strict", "a5ash b5-");
}

Test(apply_postgres, a_table_that_ignores_a_change_did_not_take_it)
{
	as_ada("CREATE TABLE deaf (id int PRIMARY KEY, t text); INSERT INTO deaf VALUES (1, 'a');"
		"CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
		"CREATE TRIGGER deaf BEFORE INSERT OR UPDATE OR DELETE ON deaf FOR EACH ROW EXECUTE FUNCTION nothing()");
	postgres_layer(&f, "deaf", "table=\"field\".\"deaf\" sql=");
	is(delta(&f, "patch", "deaf", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "not_applied", "ignored the change");
	is(delta(&f, "create", "deaf", "2", NULL, "{'attributes':{'id':2}}"), "not_applied", "ignored the change");
	is(delta(&f, "delete", "deaf", "1", "{'attributes':{'t':'a'}}", NULL), "not_applied", "ignored the change");
	COMMITS();
}

Test(apply_postgres, row_level_policies_hide_rows_and_refuse_others)
{
	as_ada("CREATE TABLE guarded (id int PRIMARY KEY, who text); INSERT INTO guarded VALUES (1, 'ada'), (2, 'bob');"
		"ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; ALTER TABLE guarded FORCE ROW LEVEL SECURITY;"
		"CREATE POLICY own ON guarded USING (who = current_user)");
	postgres_layer(&f, "guarded", "table=\"field\".\"guarded\" sql=");
	is(delta(&f, "patch", "guarded", "2", "{'attributes':{'who':'bob'}}", "{'attributes':{'who':'ada'}}"), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "guarded", "1", "{'attributes':{'who':'ada'}}", "{'attributes':{'who':'bob'}}"), "not_applied", "row-level security policy");
	COMMITS();
}

Test(apply_postgres, several_rows_of_one_key_are_nobodys)
{
	as_ada("CREATE TABLE twins (id int, t text); INSERT INTO twins VALUES (1, 'a'), (1, 'b'), (2, 'c'), (2, 'd')");
	postgres_layer(&f, "twins", "key='id' table=\"field\".\"twins\" sql=");
	postgres_layer(&f, "one", "key='id' table=\"field\".\"twins\" sql=t = 'c'");
	is(delta(&f, "patch", "twins", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'x'}}"), "error", "several features");
	is(delta(&f, "patch", "one", "2", "{'attributes':{'t':'c'}}", "{'attributes':{'t':'x'}}"), "not_applied", "has several rows of this key");
	COMMITS();
	holds("SELECT string_agg(t, '' ORDER BY t) FROM field.twins", "abcd");
}

/* ---- keys ---- */

Test(apply_postgres, a_key_that_is_kept_is_not_handed_out_again)
{
	const json_t *r;

	as_ada("CREATE TABLE counted (id serial PRIMARY KEY, t text); INSERT INTO counted (t) VALUES ('a');"
		"CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text)");
	postgres_layer(&f, "counted", "key='id' table=\"field\".\"counted\" sql=");
	postgres_layer(&f, "always", "key='id' table=\"field\".\"always\" sql=");
	r = delta(&f, "create", "counted", "x", NULL, "{'attributes':{'id':3,'t':'b'}}");
	is(r, "applied", "");
	cr_assert_eq(fp_json_int(r, "modified_pk", 0), 3);
	r = delta(&f, "create", "counted", "y", NULL, "{'attributes':{'id':null,'t':'c'}}");
	cr_assert_eq(fp_json_int(r, "modified_pk", 0), 4);
	r = delta(&f, "create", "counted", "z", NULL, "{'attributes':{'id':1,'t':'d'}}");
	is(r, "applied", "The key 1 was taken, the feature got the next free one.");
	cr_assert_eq(fp_json_int(r, "modified_pk", 0), 5);
	is(delta(&f, "create", "always", "x", NULL, "{'attributes':{'id':1,'t':'a'}}"), "applied", "");
	r = delta(&f, "create", "always", "y", NULL, "{'attributes':{'t':'b'}}");
	cr_assert_eq(fp_json_int(r, "modified_pk", 0), 2);
	COMMITS();
	holds("INSERT INTO field.counted (t) VALUES ('e') RETURNING id", "6");
}

Test(apply_postgres, a_sequence_that_may_not_be_set_is_told)
{
	as_ada("CREATE TABLE lent (id serial PRIMARY KEY)");
	postgres_sql("gis", "ALTER TABLE field.lent OWNER TO postgres; GRANT ALL ON field.lent TO ada; GRANT USAGE ON SEQUENCE field.lent_id_seq TO ada");
	postgres_layer(&f, "lent", "table=\"field\".\"lent\" sql=");
	is(delta(&f, "create", "lent", "x", NULL, "{'attributes':{'id':7}}"), "applied", "may hand it out again");
	COMMITS();
}

Test(apply_postgres, keys_may_be_texts_and_uuids)
{
	static const char uuid[] = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
	const json_t *r;

	as_ada("CREATE TABLE named (code varchar(10) PRIMARY KEY, t text); INSERT INTO named VALUES ('T-1', 'a');"
		"CREATE TABLE random (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), t text);"
		"INSERT INTO random VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a')");
	postgres_layer(&f, "named", "key='code' table=\"field\".\"named\" sql=");
	postgres_layer(&f, "random", "key='id' table=\"field\".\"random\" sql=");
	is(delta(&f, "patch", "named", "T-2", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "random", "7", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "named", "T-1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	is(delta(&f, "patch", "random", uuid, "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	r = delta(&f, "create", "random", "new", NULL, "{'attributes':{'t':'c'}}");
	is(r, "applied", "");
	cr_assert_eq(strlen(fp_json_str_or(r, "modified_pk", "")), 36);
	is(delta(&f, "patch", "random", "new", "{'attributes':{'t':'c'}}", "{'attributes':{'t':'d'}}"), "applied", "");
	is(delta(&f, "create", "named", "n", NULL, "{'attributes':{'code':'T-1','t':'z'}}"), "not_applied", "is taken");
	is(delta(&f, "patch", "named", "T-1", "{'attributes':{'code':'T-1'}}", "{'attributes':{'code':'T-3'}}"), "not_applied", "cannot be changed");
	COMMITS();
	holds("SELECT (SELECT t FROM field.named) || string_agg(t, '' ORDER BY t) FROM field.random", "bbd");
}

Test(apply_postgres, a_key_is_found_as_the_reference_finds_it)
{
	as_ada("CREATE TABLE loose (\"FID\" int, t text); INSERT INTO loose VALUES (202, 'a')");
	postgres_layer(&f, "loose", "table=\"field\".\"loose\" sql=");
	is(delta(&f, "patch", "loose", "00202", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	is(delta(&f, "patch", "loose", "202.0", "{'attributes':{'t':'b'}}", "{'attributes':{'t':'c'}}"), "applied", "");
	is(delta(&f, "patch", "loose", "abc", "{'attributes':{'t':'c'}}", "{'attributes':{'t':'d'}}"), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "loose", "9999999999", "{'attributes':{'t':'c'}}", "{'attributes':{'t':'d'}}"), "not_applied", "Unable to find feature");
	is(delta(&f, "create", "loose", "1", NULL, "{'attributes':{'t':'x'}}"), "not_applied", "by which it could be found again");
	COMMITS();
	holds("SELECT t FROM field.loose", "c");
}

/* ---- values ---- */

Test(apply_postgres, values_that_a_column_would_change_are_refused)
{
	as_ada("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN percent AS int2 CHECK (value <= 100);"
		"CREATE TABLE picky (id int PRIMARY KEY, small int2, money numeric(6,2), feeling mood, share percent, place inet,"
		" twice int GENERATED ALWAYS AS (small * 2) STORED); INSERT INTO picky VALUES (1, 1, 1.5, 'good', 1, '10.0.0.1')");
	postgres_layer(&f, "picky", "table=\"field\".\"picky\" sql=");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'small':1}}", "{'attributes':{'small':70000}}"), "not_applied", "is out of range");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'share':1}}", "{'attributes':{'share':40000}}"), "not_applied", "is out of range");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'share':1}}", "{'attributes':{'share':101}}"), "not_applied", "violates check constraint");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'money':1.5}}", "{'attributes':{'money':1.239}}"), "not_applied", "has 2 decimals, 1.239 has more");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'money':1.5}}", "{'attributes':{'money':12345.5}}"), "not_applied", "numeric field overflow");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'feeling':'good'}}", "{'attributes':{'feeling':'mixed'}}"), "not_applied", "invalid input value");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'place':'10.0.0.1'}}", "{'attributes':{'place':'home'}}"), "not_applied", "invalid input syntax");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'twice':2}}", "{'attributes':{'twice':3}}"), "not_applied", "the database computes it");
	is(delta(&f, "create", "picky", "2", NULL, "{'attributes':{'id':2,'small':4,'twice':99}}"), "applied", "");
	is(delta(&f, "patch", "picky", "1", "{'attributes':{'money':1.5,'feeling':'good'}}", "{'attributes':{'money':0.30000000000000004,'feeling':'bad'}}"),
		"applied", "");
	COMMITS();
	holds("SELECT string_agg(concat_ws('|', small, money, feeling, share, place, twice), ' ' ORDER BY id) FROM field.picky", "1|0.30|bad|1|10.0.0.1|2 4|8");
}

#define EVERY "'i':9007199254740993,'r':0.1,'n':12.5,'d':'2024-03-01','ti':'10:20:30','ts':'2024-03-01T10:20:30.123','tz':'2024-03-01T12:20:30.123+02:00'," \
	"'by':'foo','u':'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','c':'ab   ','il':[3,4]"

Test(apply_postgres, every_kind_of_value_arrives_as_it_is_and_compares_as_it_was)
{
	char before[FP_SHA256_HEX];
	const json_t *r;

	as_ada("CREATE TABLE every (id int PRIMARY KEY, b bool, i int8, r float4, n numeric, t text, d date, ti time, ts timestamp, tz timestamptz, j jsonb, l text[],"
		" by bytea, u uuid, c char(5), il int[], iv interval)");
	postgres_layer(&f, "every", "table=\"field\".\"every\" sql=");
	r = delta(&f, "create", "every", "1", NULL, "{'attributes':{'id':1,'b':1,'i':'9007199254740993','r':0.1,'n':12.5,'t':'x','d':'2024-03-01T00:00:00',"
		"'ti':'10:20:30','ts':'2024-03-01T12:20:30.123+02:00','tz':'2024-03-01 10:20:30.123','j':{'a':[1,2]},'l':['a','b,\\\\{ c'],'by':'foo',"
		"'u':'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','c':'ab   ','il':[3,4],'iv':'1 day'}}");
	is(r, "applied", "");
	cr_assert_str_eq(fp_json_str_or(r, "msg", ""), "Successfully applied delta!");
	snprintf(before, sizeof before, "%s", fp_json_str_or(r, "hash_after", ""));
	COMMITS();
	holds("SELECT concat_ws('|', b, i, r, n, t, d, ti, ts, j->'a', l[2], by, c, il[2], iv) FROM field.every",
		"t|9007199254740993|0.1|12.5|x|2024-03-01|10:20:30|2024-03-01 10:20:30.123|[1, 2]|b,\\{ c|\\x666f6f|ab   |4|1 day");
	holds("SELECT tz AT TIME ZONE 'UTC' FROM field.every", "2024-03-01 10:20:30.123");
	r = delta(&f, "patch", "every", "1", "{'attributes':{'b':true,'t':'x','j':{'a':[1,2]},'l':['a','b,\\\\{ c']," EVERY "}}",
		"{'attributes':{'b':null,'t':'y','j':'text','l':[]," EVERY "}}");
	is(r, "applied", "");
	cr_assert_str_eq(fp_json_str_or(r, "hash_before", ""), before, "the same row has the same hash in another session");
	is(delta(&f, "patch", "every", "1", "{'attributes':{'t':'x','n':12.50001}}", "{'attributes':{'t':'z','n':12.5}}"), "conflict", "");
	COMMITS();
	holds("SELECT concat_ws('|', coalesce(b::text, 'null'), t, j, l) FROM field.every", "null|y|\"text\"|{}");
}

Test(apply_postgres, what_is_not_named_gets_the_databases_default)
{
	as_ada("CREATE DOMAIN filled AS text DEFAULT 'of the domain'; CREATE TABLE defaults (id serial PRIMARY KEY, d text DEFAULT upper('db'), n int NOT NULL DEFAULT 5,"
		" f filled, e text DEFAULT 'x')");
	postgres_layer(&f, "defaults", "table=\"field\".\"defaults\" sql=");
	is(delta(&f, "create", "defaults", "1", NULL, "{'attributes':{'n':null,'e':null}}"), "applied", "may not be empty and got its default");
	is(delta(&f, "create", "defaults", "2", NULL, "{}"), "applied", "");
	COMMITS();
	holds("SELECT string_agg(concat_ws('|', d, n, f, coalesce(e, 'null')), ' ' ORDER BY id) FROM field.defaults", "DB|5|of the domain|null DB|5|of the domain|x");
}

Test(apply_postgres, what_a_trigger_makes_of_a_value_is_told_and_stays)
{
	const json_t *r;

	as_ada("CREATE TABLE tidy (id serial PRIMARY KEY, code text, seen int DEFAULT 0, geom geometry(Point, 2056));"
		"CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.code := upper(NEW.code); NEW.seen := NEW.seen + 1;"
		" NEW.geom := ST_SnapToGrid(NEW.geom, 1); RETURN NEW; END'; CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON tidy FOR EACH ROW EXECUTE FUNCTION tidy()");
	postgres_layer(&f, "tidy", "table=\"field\".\"tidy\" (geom) sql=");
	r = delta(&f, "create", "tidy", "1", NULL, "{'attributes':{'code':'ab'},'geometry':'Point (1.2 2.9)'}");
	is(r, "applied", "The database made \"AB\" of \"ab\" in column \"code\".");
	is(r, "applied", "The database made another geometry of it.");
	r = delta(&f, "patch", "tidy", "1", "{'attributes':{'code':'AB'}}", "{'attributes':{'code':'CD'}}");
	cr_assert_str_eq(fp_json_str_or(r, "msg", ""), "Successfully applied delta!", "what was not written is nobody's business");
	COMMITS();
	holds("SELECT code || seen || ST_AsText(geom) FROM field.tidy", "CD2POINT(1 3)");
}

/* ---- geometry ---- */

Test(apply_postgres, a_geometry_fits_its_column_or_is_refused)
{
	as_ada("CREATE TABLE shapes (id serial PRIMARY KEY, p geometry(Point, 2056), m geometry(MultiPolygonZ, 2056), g geography(LineString, 4326), whatever geometry)");
	postgres_layer(&f, "p", "table=\"field\".\"shapes\" (p) sql=");
	postgres_layer(&f, "m", "table=\"field\".\"shapes\" (m) sql=");
	postgres_layer(&f, "g", "table=\"field\".\"shapes\" (g) sql=");
	postgres_layer(&f, "any", "srid=2056 type=Point table=\"field\".\"shapes\" (whatever) sql=");
	postgres_layer(&f, "none", "table=\"field\".\"shapes\" sql=");
	is(delta(&f, "create", "p", "1", NULL, "{'geometry':'LineString (0 0, 1 1)'}"), "not_applied", "Failed to commit changes");
	is(delta(&f, "create", "any", "1", NULL, "{'geometry':'LineString (0 0, 1 1)'}"), "not_applied", "Failed to commit changes");
	is(delta(&f, "create", "p", "1", NULL, "{'geometry':'PointZ (1 2 3)'}"), "applied", "The layer holds no Z");
	is(delta(&f, "create", "m", "2", NULL, "{'geometry':'Polygon ((0 0, 1 0, 1 1, 0 0))'}"), "applied", "");
	is(delta(&f, "create", "g", "3", NULL, "{'geometry':'LineString (7 47, 8 48)'}"), "applied", "");
	is(delta(&f, "create", "any", "4", NULL, "{'geometry':'Point (5 6)'}"), "applied", "");
	is(delta(&f, "create", "none", "5", NULL, "{'attributes':{}}"), "applied", "");
	is(delta(&f, "patch", "p", "1", "{'geometry':'Point (9 9)'}", "{'geometry':'Point (4 4)'}"), "conflict", "");
	is(delta(&f, "patch", "p", "1", "{'geometry':'Point (1 2)'}", "{'geometry':null}"), "applied", "");
	COMMITS();
	holds("SELECT string_agg(concat_ws('|', ST_AsEWKT(p), ST_AsEWKT(m), ST_AsText(g), ST_AsEWKT(whatever)), ' ; ' ORDER BY id) FROM field.shapes",
		" ; SRID=2056;MULTIPOLYGON(((0 0 0,1 0 0,1 1 0,0 0 0))) ; LINESTRING(7 47,8 48) ; SRID=2056;POINT(5 6) ; ");
}

/* ---- views, filters ---- */

Test(apply_postgres, a_view_is_written_where_the_server_lets_it)
{
	as_ada("CREATE TABLE base (id serial PRIMARY KEY, t text, gone bool DEFAULT false, geom geometry(Point, 2056)); INSERT INTO base (t) VALUES ('a'), ('b');"
		"CREATE VIEW plain AS SELECT id, t, geom FROM base WHERE NOT gone; CREATE VIEW summed AS SELECT t, min(id) AS id FROM base GROUP BY t;"
		"CREATE VIEW clever AS SELECT id, t FROM base WHERE NOT gone; CREATE FUNCTION clever() RETURNS trigger LANGUAGE plpgsql AS "
		"'BEGIN UPDATE field.base SET gone = true WHERE id = OLD.id; RETURN OLD; END';"
		"CREATE TRIGGER clever INSTEAD OF DELETE ON clever FOR EACH ROW EXECUTE FUNCTION clever()");
	postgres_layer(&f, "plain", "key='id' table=\"field\".\"plain\" (geom) sql=");
	postgres_layer(&f, "summed", "key='id' table=\"field\".\"summed\" sql=");
	postgres_layer(&f, "clever", "key='id' table=\"field\".\"clever\" sql=");
	is(delta(&f, "patch", "summed", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'x'}}"), "not_applied", "cannot update view");
	is(delta(&f, "patch", "plain", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'x'},'geometry':'Point (1 1)'}"), "applied", "");
	is(delta(&f, "create", "plain", "9", NULL, "{'attributes':{'t':'c'}}"), "applied", "");
	is(delta(&f, "delete", "clever", "2", "{'attributes':{'t':'b'}}", NULL), "applied", "");
	COMMITS();
	holds("SELECT string_agg(t || gone, ' ' ORDER BY id) FROM field.base", "xfalse btrue cfalse");
}

Test(apply_postgres, a_filter_hides_what_it_hides_and_changes_nothing)
{
	as_ada("CREATE TABLE pieces (id int PRIMARY KEY, n int); INSERT INTO pieces VALUES (1, 1), (2, 20);"
		"CREATE TABLE trace (x int); CREATE FUNCTION spy() RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO field.trace VALUES (1); RETURN true; END'");
	postgres_layer(&f, "few", "table=\"field\".\"pieces\" sql=n < 10 -- few");
	postgres_layer(&f, "bad", "table=\"field\".\"pieces\" sql=nothing = 1");
	postgres_layer(&f, "spy", "table=\"field\".\"pieces\" sql=field.spy()");
	is(delta(&f, "patch", "few", "2", "{'attributes':{'n':20}}", "{'attributes':{'n':21}}"), "not_applied", "the layer's filter hides it");
	is(delta(&f, "patch", "bad", "1", "{'attributes':{'n':1}}", "{'attributes':{'n':2}}"), "not_applied", "Unable to find feature: column \"nothing\" does not exist");
	is(delta(&f, "patch", "spy", "1", "{'attributes':{'n':1}}", "{'attributes':{'n':2}}"), "not_applied", "read-only transaction");
	is(delta(&f, "patch", "few", "1", "{'attributes':{'n':1}}", "{'attributes':{'n':30}}"), "applied", "");
	COMMITS();
	holds("SELECT string_agg(n::text, ' ' ORDER BY id) || (SELECT count(*) FROM field.trace) FROM field.pieces", "30 200");
}

/* ---- sessions ---- */

Test(apply_postgres, a_dry_run_keeps_nothing_not_even_in_a_sequence)
{
	as_ada("CREATE TABLE dry (id serial PRIMARY KEY, t text); INSERT INTO dry (t) VALUES ('a')");
	postgres_layer(&f, "dry", "table=\"field\".\"dry\" sql=");
	f.options.dry_run = 1;
	is(delta(&f, "create", "dry", "x", NULL, "{'attributes':{'id':7}}"), "applied", "");
	is(delta(&f, "patch", "dry", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	COMMITS();
	holds("SELECT count(*) || min(t) || (SELECT last_value FROM field.dry_id_seq) FROM field.dry", "1a1");
}

Test(apply_postgres, a_feature_that_was_made_is_found_by_its_local_key_and_an_undo_takes_it_back)
{
	as_ada("CREATE TABLE undone (id serial PRIMARY KEY, t text); INSERT INTO undone (t) VALUES ('a'), ('b')");
	postgres_layer(&f, "undone", "table=\"field\".\"undone\" sql=");
	is(delta(&f, "create", "undone", "new", NULL, "{'attributes':{'t':'c'}}"), "applied", "");
	is(delta(&f, "patch", "undone", "new", "{'attributes':{'t':'c'}}", "{'attributes':{'t':'d'}}"), "applied", "");
	is(delta(&f, "delete", "undone", "1", "{'attributes':{'id':1,'t':'a'}}", NULL), "applied", "");
	is(delta(&f, "delete", "undone", "1", "{'attributes':{'t':'a'}}", NULL), "already_applied", "");
	COMMITS();
	holds("SELECT string_agg(t, ' ' ORDER BY id) FROM field.undone", "b d");
	f.options.inverse = 1;
	is(delta(&f, "create", "undone", "1", NULL, "{'attributes':{'id':1,'t':'a'}}"), "applied", "");
	COMMITS();
	holds("SELECT string_agg(t, ' ' ORDER BY id) FROM field.undone", "a b d");
}

Test(apply_postgres, a_row_that_is_deleted_comes_back_whole)
{
	static const char row[] = "SELECT concat_ws('|', id, ST_AsEWKT(a), ST_AsEWKT(b), h, iv, n, l, js, twice, by) FROM field.whole";
	const json_t *inverse;
	char *text, *create, *before;

	postgres_sql("gis", "CREATE EXTENSION hstore");
	as_ada("CREATE TABLE whole (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a geometry(Point, 2056), b geometry(LineStringZ, 4326), h hstore, iv interval,"
		" n numeric(10,3), l text[], js jsonb, twice numeric GENERATED ALWAYS AS (n * 2) STORED, by bytea, t timestamptz);"
		"INSERT INTO whole (a, b, h, iv, n, l, js, by, t) VALUES ('SRID=2056;POINT(1 2)', 'SRID=4326;LINESTRING Z (1 2 3, 4 5 6)', 'k=>v', '1 day 02:00', 1.125,"
		" '{\"a\",\"b, c\"}', '[1, null]', 'bytes', now())");
	before = fp_strdup(postgres_value("gis", row));
	postgres_layer(&f, "whole", "table=\"field\".\"whole\" (a) sql=");
	f.options.record = 1;
	inverse = json_object_get(delta(&f, "delete", "whole", "1", "{'attributes':{'n':1.125}}", NULL), "inverse");
	text = fp_json_dump(json_object_get(inverse, "new"));
	COMMITS();
	holds("SELECT count(*) FROM field.whole", "0");
	create = fp_asprintf("{'delta':{'uuid':'u','clientId':'c','localPk':'1','sourcePk':'1','localLayerId':'whole','sourceLayerId':'whole','method':'create','new':%s}}",
		text);
	f.options.inverse = 1;
	is(line(&f, create), "applied", "");
	COMMITS();
	holds(row, before);
	free(create);
	free(before);
	free(text);
}

static void take_candidate(void *arg, json_t *candidates)
{
	json_array_append_new(arg, candidates);
}

Test(apply_postgres, a_plan_looks_through_the_whole_table_for_what_is_missing)
{
	json_t *found = json_array();
	struct fp_error err;
	char *text;

	as_ada("CREATE TABLE many (id serial PRIMARY KEY, uuid text UNIQUE, t text); INSERT INTO many (uuid, t) SELECT 'u-' || i, 't' || i FROM generate_series(1, 1000) i;"
		"UPDATE many SET id = 5000 WHERE id = 777");
	postgres_layer(&f, "many", "table=\"field\".\"many\" sql=id > 10");
	f.options.dry_run = f.options.plan = 1;
	is(delta(&f, "patch", "many", "777", "{'attributes':{'uuid':'u-777','t':'t777'}}", "{'attributes':{'t':'x'}}"), "not_applied", "Unable to find feature");
	cr_assert_eq(fp_apply_candidates(f.session, take_candidate, found, &err), FP_OK, "%s", err.msg);
	text = fp_json_dump(found);
	cr_assert(strstr(text, "\"5000\"") != NULL, "%s", text);
	free(text);
	json_decref(found);
	COMMITS();
}
