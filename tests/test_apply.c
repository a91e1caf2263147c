#include "tests/apply_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"

static struct fixture f;

static void begin(void)
{
	fixture_open(&f);
	fixture_points(&f);
}

static void end(void)
{
	fixture_close(&f);
}

TestSuite(apply, .init = begin, .fini = end, .timeout = 30);

#define PATCH_A "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'A'}}"

/* ---- targets that are none ---- */

Test(apply, each_kind_of_layer_that_cannot_be_written_says_why)
{
	static const struct { const char *id, *type, *provider, *source, *message; } kinds[] = {
		{"raster", "raster", "gdal", "./r.tif", "is a raster layer"},
		{"memory", "vector", "memory", "Point?crs=EPSG:4326&field=fid:integer", "a memory layer is not stored"},
		{"virtual", "vector", "virtual", "?query=select%20*%20from%20points", "a virtual layer is a query"},
		{"text", "vector", "delimitedtext", "file:./a.csv?delimiter=,", "a delimited text layer can only be read"},
		{"mssql", "vector", "mssql", "dbname='x' table=\"t\" (geom)", "\"mssql\" are not written yet"},
		{"gone", "vector", "ogr", "./gone.gpkg|layername=x", "missing"},
		{"table", "vector", "ogr", "./data.gpkg|layername=nosuch", "the file has no table \"nosuch\""},
		{"number", "vector", "ogr", "./data.gpkg|layerid=7", "the file has no layer number 7"},
		{"outside", "vector", "ogr", "../../etc/passwd.gpkg|layername=x", "outside the project"},
		{"abs", "vector", "ogr", "/etc/hostname", "outside the project"},
		{"archive", "vector", "ogr", "/vsizip/./a.zip/in.geojson", "its source is no file"},
		{"address", "vector", "ogr", "https://example.org/a.geojson", "its source is an address"},
		{"folder", "vector", "ogr", "./", "no regular file"},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		fixture_layer(&f, kinds[i].id, kinds[i].type, kinds[i].provider, kinds[i].source);
		is(delta(&f, "patch", kinds[i].id, "1", PATCH_A), "not_applied", kinds[i].message);
		is(delta(&f, "create", kinds[i].id, "1", NULL, "{'attributes':{}}"), "not_applied", kinds[i].message);
	}
	is(delta(&f, "patch", "pluto", "1", PATCH_A), "not_applied", "No layer with id \"pluto\"");
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "Successfully applied delta!");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, a_read_only_layer_is_left_alone)
{
	fixture_layer(&f, "ro", "vector", "ogr", "./data.gpkg|layername=points")->read_only = 1;
	is(delta(&f, "patch", "ro", "1", PATCH_A), "not_applied", "Cannot start editing layer: the project says that it is read-only");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

Test(apply, files_that_are_no_geopackage_are_refused_one_by_one)
{
	fixture_write(&f, "junk.gpkg", "SQLite format 3");
	fixture_write(&f, "text.gpkg", "hello");
	fixture_write(&f, "empty.gpkg", "");
	fixture_layer(&f, "junk", "vector", "ogr", "./junk.gpkg|layername=x");
	fixture_layer(&f, "text", "vector", "ogr", "./text.gpkg|layername=x");
	fixture_layer(&f, "empty", "vector", "ogr", "./empty.gpkg");
	is(delta(&f, "patch", "junk", "1", PATCH_A), "not_applied", "Cannot start editing layer");
	is(delta(&f, "patch", "text", "1", PATCH_A), "not_applied", "text.gpkg is no GeoPackage");
	is(delta(&f, "patch", "empty", "1", PATCH_A), "not_applied", "Cannot start editing layer");
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 1);
}

Test(apply, a_truncated_geopackage_never_gets_published)
{
	char *path = fp_path_join(f.in, "data.gpkg");
	const json_t *r;

	cr_assert_eq(truncate(path, 20000), 0);
	free(path);
	r = delta(&f, "patch", "points", "1", PATCH_A);
	cr_assert_str_eq(fp_json_str(r, "status"), "not_applied");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

Test(apply, views_keyless_tables_and_composite_keys_are_named)
{
	fixture_sql(&f, "CREATE VIEW v AS SELECT * FROM points; CREATE TABLE nokey(a INTEGER, txt TEXT); INSERT INTO nokey VALUES(1, 'a');"
		"CREATE TABLE textkey(code TEXT PRIMARY KEY NOT NULL, txt TEXT); CREATE TABLE two(a INTEGER, b INTEGER, txt TEXT, PRIMARY KEY(a, b));"
		"CREATE TABLE comma(\"a,b\" INTEGER PRIMARY KEY, txt TEXT); CREATE TABLE norow(code TEXT PRIMARY KEY, txt TEXT) WITHOUT ROWID;"
		"CREATE TABLE hides(fid INTEGER PRIMARY KEY, txt TEXT UNIQUE ON CONFLICT REPLACE)");
	static const char *const cases[][2] = {
		{"v", "is a view"}, {"nokey", "neither has a primary key, nor an attribute `fid`!"}, {"textkey", "neither has a primary key"},
		{"two", "Composite (multi-column) primary keys are not supported!"}, {"comma", "comma"}, {"norow", "no row numbers"},
		{"hides", "ON CONFLICT"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char source[80];
		snprintf(source, sizeof source, "./data.gpkg|layername=%s", cases[i][0]);
		fixture_layer(&f, cases[i][0], "vector", "ogr", source);
		is(delta(&f, "patch", cases[i][0], "1", PATCH_A), "not_applied", cases[i][1]);
	}
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, a_table_without_key_but_with_fid_goes_by_fid_and_two_of_a_kind_are_an_error)
{
	fixture_sql(&f, "CREATE TABLE loose(fid INTEGER, txt TEXT); INSERT INTO loose VALUES(1,'a'),(2,'b'),(2,'c')");
	fixture_layer(&f, "loose", "vector", "ogr", "./data.gpkg|layername=loose");
	is(delta(&f, "patch", "loose", "1", PATCH_A), "applied", "");
	is(delta(&f, "patch", "loose", "2", "{'attributes':{'txt':'b'}}", "{'attributes':{'txt':'x'}}"), "error", "several features whose \"fid\" is 2");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM loose", "A,b,c");
}

/* ---- deltas that lack something ---- */

Test(apply, a_missing_old_or_new_is_an_error_of_that_delta_alone)
{
	is(delta(&f, "patch", "points", "1", NULL, "{'attributes':{'txt':'x'}}"), "error", "without \"old\"");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a'}}", NULL), "error", "without \"new\"");
	is(delta(&f, "create", "points", "9", NULL, NULL), "error", "without \"new\"");
	is(delta(&f, "delete", "points", "1", NULL, NULL), "error", "without \"old\"");
	is(delta(&f, "patch", "points", "1", "{'attributes':{}}", "{'attributes':{'txt':'x'}}"), "error", "\"txt\" is new without an old value");
	is(delta(&f, "patch", "points", "1", "{'attributes':{}}", "{'attributes':{'txt':null}}"), "error", "\"txt\" is new without an old value");
	is(delta(&f, "patch", "points", "2", "{'attributes':{'txt':'b'}}", "{}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0, "nothing was written");
}

Test(apply, overwriting_does_without_old)
{
	f.options.overwrite = 1;
	is(delta(&f, "patch", "points", "1", NULL, "{'attributes':{'txt':'x'}}"), "applied", "");
	is(delta(&f, "delete", "points", "2", NULL, NULL), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "x,c");
}

Test(apply, a_feature_that_is_not_there_is_not_found)
{
	static const char *const keys[] = {"", "abc", "1' OR '1'='1", "1.5", "99999999999999999999"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		is(delta(&f, "patch", "points", keys[i], PATCH_A), "not_applied", "Unable to find feature");
		is(delta(&f, "delete", "points", keys[i], "{}", NULL), "not_applied", "Unable to find feature");
	}
	is(delta(&f, "patch", "points", "77", PATCH_A), "not_applied", "Unable to find feature");
	is(delta(&f, "patch", "points", "001", PATCH_A), "applied", "");
	is(delta(&f, "patch", "points", "2.0", "{'attributes':{'txt':'b'}}", "{'attributes':{'txt':'B'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, the_filter_of_the_layer_hides_features)
{
	fixture_layer(&f, "few", "vector", "ogr", "./data.gpkg|layername=points|subset=\"i32\" < 25 -- comment");
	fixture_layer(&f, "bad", "vector", "ogr", "./data.gpkg|layername=points|subset=nonsense <");
	is(delta(&f, "patch", "few", "3", "{'attributes':{'txt':'c'}}", "{'attributes':{'txt':'C'}}"), "not_applied", "filter hides it");
	is(delta(&f, "delete", "few", "3", "{'attributes':{'txt':'c'}}", NULL), "not_applied", "filter hides it");
	is(delta(&f, "patch", "few", "2", "{'attributes':{'i32':20}}", "{'attributes':{'i32':200}}"), "applied", "");
	is(delta(&f, "patch", "few", "2", "{'attributes':{'i32':200}}", "{'attributes':{'i32':2}}"), "not_applied", "filter hides it");
	is(delta(&f, "create", "few", "9", NULL, "{'attributes':{'i32':99}}"), "applied", "");
	is(delta(&f, "patch", "bad", "1", PATCH_A), "not_applied", "syntax error");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(i32) FROM points", "10,200,30,99");
}

/* ---- conflicts ---- */

Test(apply, a_conflict_names_both_values_and_changes_nothing_unless_overwritten)
{
	const json_t *r = delta(&f, "patch", "points", "1", "{'attributes':{'i32':134,'txt':'a'}}", "{'attributes':{'i32':666}}");

	is(r, "conflict", "There are conflicts with the already existing feature!");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(r, "conflicts"), 0)), "The attribute \"i32\" that has a conflict:\n-10\n+134");
	cr_assert_eq(json_array_size(json_object_get(r, "conflicts")), 1);
	cr_assert_str_eq(fp_json_str(r, "hash_before"), fp_json_str(r, "hash_after"));
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
	f.options.overwrite = 1;
	r = delta(&f, "patch", "points", "1", "{'attributes':{'i32':134}}", "{'attributes':{'i32':666}}");
	is(r, "applied", "");
	cr_assert_str_neq(fp_json_str(r, "hash_before"), fp_json_str(r, "hash_after"));
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT i32 FROM points WHERE fid = 1", "666");
}

Test(apply, other_fields_changed_meanwhile_merge_silently)
{
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'i32':10}}", "{'attributes':{'i32':11}}"), "applied", "");
	is(delta(&f, "delete", "points", "1", "{'attributes':{'txt':'a','i32':11}}", NULL), "conflict", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT txt || i32 FROM points WHERE fid = 1", "A11");
}

Test(apply, what_a_patch_knows_and_leaves_alone_may_have_changed_meanwhile)
{
	const char *old = "{'geometry':'Point (5 5)','attributes':{'txt':'elder','i32':10,'bl':false}}";
	const json_t *r;

	is(delta(&f, "delete", "points", "1", old, NULL), "conflict", ""); /* it changes everything */
	r = delta(&f, "patch", "points", "1", old, "{'geometry':'Point (5 5)','attributes':{'txt':'elder','i32':11}}");
	is(r, "applied", "\"txt\" was changed meanwhile and stays.");
	is(r, "applied", "\"bl\" was changed meanwhile and stays.");
	is(r, "applied", "The geometry was changed meanwhile and stays.");
	is(delta(&f, "patch", "points", "2", old, "{'attributes':{'txt':'B'}}"), "conflict", "");
	is(delta(&f, "patch", "points", "2", "{'attributes':{'txt':'elder'}}", "{'attributes':{'txt':'elder'}}"), "applied", "stays");
	r = delta(&f, "patch", "points", "3", "{'attributes':{'fid':7,'i32':30}}", "{'attributes':{'i32':31}}"); /* its number on the device */
	is(r, "applied", "");
	cr_assert_null(strstr(fp_json_str(r, "msg"), "meanwhile"));
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT txt || i32 || ifnull(bl, '-') FROM points WHERE fid = 1", "a11-");
	advance(&f);
	f.options.reference = 1;
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'elder'}}", "{'attributes':{'txt':'elder','i32':12}}"), "conflict", "");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, a_geometry_that_moved_meanwhile_conflicts_only_when_strict)
{
	const char *old = "{'geometry':'Point (5 5)'}", *new = "{'geometry':'Point (6 6)'}";
	const json_t *r = delta(&f, "patch", "points", "1", old, new);

	is(r, "conflict", "");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(r, "conflicts"), 0)),
		"The geometry that has a conflict:\n-POINT (1 1)\n+POINT (5 5)");
	is(delta(&f, "delete", "points", "1", old, NULL), "conflict", "");
	is(delta(&f, "patch", "points", "1", "{'geometry':null}", new), "conflict", "");
	is(delta(&f, "patch", "points", "1", "{'geometry':'rubbish'}", new), "error", "Null geometry from wkt='rubbish'");
	/* The same place in other words: spelled differently, as a multipoint of one, with a Z that the layer does not hold. */
	is(delta(&f, "patch", "points", "2", "{'geometry':'MULTIPOINT Z(2.0 2.00 nan)'}", new), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	advance(&f);
	f.options.reference = 1;
	is(delta(&f, "patch", "points", "1", old, new), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
}

/* ---- O9 ---- */

Test(apply, applying_twice_finds_everything_applied_already)
{
	for (int round = 0; round < 2; round++) {
		const char *want = round ? "already_applied" : "applied";
		is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a','i32':10},'geometry':'Point (1 1)'}",
			"{'attributes':{'txt':'A','i32':11},'geometry':'Point (9 9)'}"), want, "");
		is(delta(&f, "delete", "points", "2", "{'attributes':{'txt':'b'}}", NULL), want, "");
		is(delta(&f, "create", "points", "50", NULL, "{'attributes':{'fid':50,'txt':'n','dt':'2024-05-06'},'geometry':'Point (7 7)'}"), want, "");
		cr_assert_eq(finish(&f), FP_OK);
		cr_assert_eq(f.files.n, round ? 0 : 1);
		advance(&f);
	}
	f.options.reference = 1;
	is(delta(&f, "patch", "points", "1", PATCH_A), "conflict", "");
	is(delta(&f, "delete", "points", "2", "{'attributes':{'txt':'b'}}", NULL), "not_applied", "Unable to find feature");
	is(delta(&f, "create", "points", "50", NULL, "{'attributes':{'fid':50,'txt':'n','dt':'2024-05-06'},'geometry':'Point (7 7)'}"), "applied", "the next free one");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, half_of_a_change_being_there_is_a_conflict)
{
	fixture_sql(&f, "UPDATE points SET txt = 'A' WHERE fid = 1");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a','i32':10}}", "{'attributes':{'txt':'A','i32':11}}"), "conflict", "");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, what_the_ledger_knows_is_not_looked_at_again)
{
	is(line(&f, "{'delta':{'uuid':'u','localPk':'1','sourcePk':'1','localLayerId':'nolayer','sourceLayerId':'','method':'delete','old':{}},"
		"'mapped_pk':null,'ledger':'applied'}"), "already_applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

/* ---- constraints ---- */

Test(apply, a_violated_constraint_fails_one_delta_with_the_drivers_words_and_the_others_go_on)
{
	const json_t *r;

	fixture_sql(&f, "CREATE TABLE rules(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, u TEXT UNIQUE, nn TEXT NOT NULL DEFAULT 'x', "
		"c INTEGER CHECK(c > 0), p INTEGER REFERENCES points(fid)); INSERT INTO rules(u, c) VALUES('u1', 1), ('u2', 2)");
	fixture_layer(&f, "rules", "vector", "ogr", "./data.gpkg|layername=rules");
	r = delta(&f, "create", "rules", "a", NULL, "{'attributes':{'u':'u1'}}");
	is(r, "not_applied", "Failed to commit changes: UNIQUE constraint failed: rules.u");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(r, "provider_errors"), 0)), "UNIQUE constraint failed: rules.u");
	is(delta(&f, "patch", "rules", "2", "{'attributes':{'u':'u2','c':2}}", "{'attributes':{'c':7,'u':'u1'}}"), "not_applied", "UNIQUE");
	is(delta(&f, "patch", "rules", "2", "{'attributes':{'nn':'x'}}", "{'attributes':{'nn':null}}"), "not_applied", "NOT NULL constraint failed");
	is(delta(&f, "patch", "rules", "2", "{'attributes':{'c':2}}", "{'attributes':{'c':-2}}"), "not_applied", "CHECK constraint failed");
	is(delta(&f, "patch", "rules", "2", "{'attributes':{'p':null}}", "{'attributes':{'p':77}}"), "not_applied", "FOREIGN KEY constraint failed");
	is(delta(&f, "patch", "rules", "2", "{'attributes':{'p':null}}", "{'attributes':{'p':3}}"), "applied", "");
	is(delta(&f, "delete", "points", "3", "{'attributes':{'txt':'c'}}", NULL), "not_applied", "FOREIGN KEY constraint failed");
	is(delta(&f, "create", "rules", "b", NULL, "{'attributes':{'u':'u3','nn':null}}"), "applied", "got its default");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(fid || coalesce(u,'') || nn || coalesce(c,'')) FROM rules", "1u1x1,2u2x2,3u3x");
	fixture_expect(&f, "SELECT count(*) FROM points", "3");
}

Test(apply, a_deferred_reference_fails_its_delta_and_not_the_job)
{
	fixture_sql(&f, "CREATE TABLE child(fid INTEGER PRIMARY KEY, p INTEGER REFERENCES points(fid) DEFERRABLE INITIALLY DEFERRED)");
	fixture_layer(&f, "child", "vector", "ogr", "./data.gpkg|layername=child");
	is(delta(&f, "create", "child", "1", NULL, "{'attributes':{'p':77}}"), "not_applied", "FOREIGN KEY constraint failed");
	is(delta(&f, "create", "child", "2", NULL, "{'attributes':{'p':3}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(p) FROM child", "3");
}

Test(apply, triggers_that_raise_or_swallow_a_change_are_reported)
{
	fixture_sql(&f, "CREATE TRIGGER t1 BEFORE UPDATE OF txt ON points WHEN NEW.txt = 'bad' BEGIN SELECT RAISE(ABORT, 'no bad text'); END;"
		"CREATE TRIGGER t2 BEFORE UPDATE OF txt ON points WHEN NEW.txt = 'mute' BEGIN SELECT RAISE(IGNORE); END;"
		"CREATE TRIGGER t3 AFTER UPDATE OF txt ON points WHEN NEW.txt = 'other' BEGIN UPDATE points SET txt = 'OTHER' WHERE fid = NEW.fid; END");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'bad'}}"), "not_applied", "no bad text");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'mute'}}"), "not_applied", "ignored the change");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'other'}}"), "not_applied",
		"column \"txt\" would hold \"OTHER\" instead of \"other\"");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'fine'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT txt FROM points WHERE fid = 1", "fine");
}

Test(apply, a_trigger_that_rolls_everything_back_ends_the_job_and_nothing_is_announced)
{
	struct fp_error err;
	json_t *result, *text = json_pack("{s:{s:s,s:s,s:s,s:s,s:s,s:s,s:{s:{s:s}},s:{s:{s:s}}},s:n,s:n}", "delta", "uuid", "u", "localPk", "2", "sourcePk",
		"2", "localLayerId", "points", "sourceLayerId", "points", "method", "patch", "old", "attributes", "txt", "b", "new", "attributes", "txt",
		"bomb", "mapped_pk", "ledger");

	fixture_sql(&f, "CREATE TRIGGER t BEFORE UPDATE OF txt ON points WHEN NEW.txt = 'bomb' BEGIN SELECT RAISE(ROLLBACK, 'boom'); END");
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_neq(fp_apply_line(f.session, text, &result, &err), FP_OK);
	json_decref(text);
}

/* ---- values that do not fit ---- */

Test(apply, values_that_would_change_on_the_way_are_refused_with_column_and_reason)
{
	static const char *const cases[][2] = {
		{"{'attributes':{'i32':3000000000}}", "Column \"i32\": 3000000000 is out of range"},
		{"{'attributes':{'i32':-2147483649}}", "is out of range"},
		{"{'attributes':{'i32':7.9}}", "is no whole number"},
		{"{'attributes':{'i32':'seven'}}", "Column \"i32\": \"seven\" is no whole number"},
		{"{'attributes':{'i32':[7]}}", "is no number"},
		{"{'attributes':{'dbl':'1,5'}}", "Column \"dbl\": \"1,5\" is no number"},
		{"{'attributes':{'dbl':'nan'}}", "is no number"},
		{"{'attributes':{'dbl':9007199254740993}}", "more digits than a real number holds"},
		{"{'attributes':{'bl':2}}", "neither true nor false"},
		{"{'attributes':{'bl':'yes'}}", "neither true nor false"},
		{"{'attributes':{'dt':'06.05.2024'}}", "is no date"},
		{"{'attributes':{'dt':20240506}}", "is no date"},
		{"{'attributes':{'dt':'2023-02-29'}}", "is no date"},
		{"{'attributes':{'ts':'yesterday'}}", "is no date and time"},
		{"{'attributes':{'nosuch':1}}", "Unable to change attribute \"nosuch\": the layer has no such field"},
		{"{'attributes':{'TXT':'x'}}", "Unable to change attribute \"TXT\""},
		{"{'attributes':{'fid':7}}", "the primary key \"fid\" cannot be changed"},
		{"{'attributes':{'txt':'x'},'geometry':'LINESTRING(0 0, 1 1)'}", "a Line String does not fit into a layer of type Point"},
		{"{'geometry':'POINT(1'}", "Null geometry from wkt='POINT(1'"},
		{"{'geometry':''}", "Empty WKT string!"},
		{"{'geometry':'SRID=4326;POINT(1 2)'}", "Null geometry"},
	};

	f.options.overwrite = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is(delta(&f, "patch", "points", "1", "{}", cases[i][0]), "not_applied", cases[i][1]);
	is(delta(&f, "create", "points", "x", NULL, "{'attributes':{'i32':3000000000}}"), "not_applied", "is out of range");
	cr_assert_eq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
}

Test(apply, a_joined_field_is_named_as_such)
{
	fp_strv_add(&f.project.layers[0].joined_fields, "parent_label");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'parent_label':'a'}}", "{'attributes':{'parent_label':'b'}}"), "not_applied",
		"Unable to change attribute \"parent_label\": it is joined or computed by the project");
	cr_assert_eq(finish(&f), FP_OK);
}

/* ---- creates ---- */

Test(apply, keys_are_kept_when_free)
{
	static const struct { const char *new; const char *status; json_int_t pk; } cases[] = {
		{"{'attributes':{'fid':6000}}", "applied", 6000},
		{"{'attributes':{'fid':2,'txt':'other'}}", "applied", 6001},
		{"{'attributes':{'fid':null}}", "applied", 6002},
		{"{'attributes':{'fid':'Autogenerate'}}", "applied", 6003},
		{"{'attributes':{'fid':'7000'}}", "applied", 7000},
		{"{'attributes':{'fid':'2','txt':'other'}}", "not_applied", 0},
		{"{'attributes':{'fid':-5}}", "applied", -5},
		{"{'attributes':{'fid':0}}", "applied", 0},
		{"{'attributes':{'fid':7100.0}}", "applied", 7100},
		{"{'attributes':{'fid':7100.5}}", "not_applied", 0},
		{"{'attributes':{'fid':'abc'}}", "not_applied", 0},
		{"{}", "applied", 7101},
		{"{'attributes':{'nosuch':1},'geometry':null}", "applied", 7102},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const json_t *r = delta(&f, "create", "points", "", NULL, cases[i].new);
		is(r, cases[i].status, "");
		if (strcmp(cases[i].status, "applied") == 0)
			cr_assert_eq(fp_json_int(r, "modified_pk", -99), cases[i].pk, "%s", cases[i].new);
		else
			cr_assert_eq(json_typeof(json_object_get(r, "modified_pk")), JSON_NULL);
	}
	is(json_array_get(f.results, 12), "applied", "has no field \"nosuch\"");
	cr_assert_eq(finish(&f), FP_OK);
}

Test(apply, a_feature_made_by_an_earlier_delta_is_found_by_its_local_key)
{
	is(delta(&f, "create", "points", "L9", NULL, "{'attributes':{'txt':'n'}}"), "applied", "");
	is(delta(&f, "patch", "points", "L9", "{'attributes':{'txt':'n'}}", "{'attributes':{'txt':'N'}}"), "applied", "");
	is(line(&f, "{'delta':{'uuid':'x','clientId':'another','localPk':'L9','sourcePk':'L9','localLayerId':'points','sourceLayerId':'points',"
		"'method':'patch','old':{'attributes':{'txt':'N'}},'new':{'attributes':{'txt':'Q'}}},'mapped_pk':null,'ledger':null}"),
		"not_applied", "Unable to find feature");
	is(delta(&f, "delete", "points", "L9", "{'attributes':{'txt':'N'}}", NULL), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "a,b,c");
}

Test(apply, the_mapped_key_beats_the_source_key)
{
	is(line(&f, "{'delta':{'uuid':'x','clientId':'c','localPk':'9','sourcePk':'1','localLayerId':'points','sourceLayerId':'points',"
		"'method':'patch','old':{'attributes':{'txt':'b'}},'new':{'attributes':{'txt':'B'}}},'mapped_pk':'2','ledger':null}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "a,B,c");
}

Test(apply, defaults_fill_what_is_missing_and_never_what_is_given)
{
	struct fp_layer_def *l;
	static const char *const defaults[][2] = {
		{"q", "'it''s literal'"}, {"n", " 42 "}, {"b", "TRUE"}, {"e", "now()"}, {"d", "'never'"}, {"s", "'unclosed"}, {"x", "'a' || 'b'"}
	};

	fixture_sql(&f, "CREATE TABLE dflt(fid INTEGER PRIMARY KEY, d TEXT DEFAULT 'db', q TEXT, n INTEGER, b BOOLEAN, e TEXT, s TEXT, x TEXT)");
	l = fixture_layer(&f, "dflt", "vector", "ogr", "./data.gpkg|layername=dflt");
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		FP_GROW(l->fields, l->n_fields, l->cap_fields);
		l->fields[l->n_fields++] = (struct fp_field_def){fp_strdup(defaults[i][0]), fp_strdup(defaults[i][1]), 1};
	}
	is(delta(&f, "create", "dflt", "1", NULL, "{'attributes':{'fid':1}}"), "applied", "The default of \"e\" needs QGIS");
	is(delta(&f, "create", "dflt", "2", NULL, "{'attributes':{'fid':2,'d':null,'q':'given','n':null,'b':false,'e':'E','s':'S','x':'X'}}"), "applied", "");
	is(delta(&f, "patch", "dflt", "1", "{'attributes':{'n':42}}", "{'attributes':{'n':43}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT d || '|' || q || '|' || n || '|' || b || '|' || coalesce(e,'-') || coalesce(s,'-') || coalesce(x,'-') FROM dflt WHERE fid = 1",
		"db|it's literal|43|1|---");
	fixture_expect(&f, "SELECT coalesce(d,'-') || '|' || q || '|' || coalesce(n,'-') || '|' || b || e || s || x FROM dflt WHERE fid = 2", "-|given|-|0ESX");
}

/* ---- geometry ---- */

Test(apply, geometry_is_fitted_to_what_the_layer_holds)
{
	fixture_sql(&f, "CREATE TABLE many(fid INTEGER PRIMARY KEY, geom MULTIPOLYGON);"
		"INSERT INTO gpkg_contents(table_name, data_type, srs_id) VALUES('many', 'features', 2056);"
		"INSERT INTO gpkg_geometry_columns VALUES('many', 'geom', 'MULTIPOLYGON', 2056, 1, 0)");
	fixture_layer(&f, "many", "vector", "ogr", "./data.gpkg|layername=many");
	is(delta(&f, "create", "many", "1", NULL, "{'geometry':'Polygon ((0 0, 4 0, 4 4, 0 0))'}"), "applied", "");
	is(delta(&f, "create", "many", "2", NULL, "{'geometry':'MultiPolygonZM (((0 0 1 9, 4 0 1 9, 4 4 1 9, 0 0 1 9)))'}"), "applied", "The layer holds no M");
	is(delta(&f, "create", "many", "3", NULL, "{'geometry':'Point (1 2)'}"), "not_applied", "does not fit");
	is(delta(&f, "patch", "points", "1", "{'geometry':'Point (1 1)'}", "{'geometry':'MultiPoint ((5 6))'}"), "applied", "");
	is(delta(&f, "patch", "points", "2", "{'geometry':'Point (2 2)'}", "{'geometry':'MultiPoint ((5 6),(7 8))'}"), "not_applied", "does not fit");
	is(delta(&f, "patch", "points", "3", "{'geometry':'Point (3 3)'}", "{'geometry':null}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	/* header with an XY envelope, then a little-endian MultiPolygonZ */
	fixture_expect(&f, "SELECT hex(substr(geom,1,8)) || hex(substr(geom,41,5)) FROM many WHERE fid = 1", "475000030808000001EE030000");
	fixture_expect(&f, "SELECT hex(substr(geom,41,5)) FROM many WHERE fid = 2", "01EE030000");
	fixture_expect(&f, "SELECT minx || ' ' || miny FROM rtree_points_geom WHERE id = 1", "5.0 6.0");
	fixture_expect(&f, "SELECT count(*) FROM rtree_points_geom", "2");
	fixture_expect(&f, "SELECT max_x || ' ' || max_y FROM gpkg_contents WHERE table_name = 'points'", "5.0 6.0");
	fixture_expect(&f, "SELECT geom IS NULL FROM points WHERE fid = 3", "1");
}

Test(apply, a_layer_without_geometry_ignores_that_of_a_patch_and_refuses_that_of_a_create)
{
	fixture_sql(&f, "CREATE TABLE flat(fid INTEGER PRIMARY KEY, txt TEXT); INSERT INTO flat VALUES(1, 'a')");
	fixture_layer(&f, "flat", "vector", "ogr", "./data.gpkg|layername=flat");
	is(delta(&f, "patch", "flat", "1", "{'geometry':null,'attributes':{'txt':'a'}}", "{'geometry':'rubbish','attributes':{'txt':'A'}}"), "applied",
		"The geometry was left out");
	is(delta(&f, "create", "flat", "2", NULL, "{'geometry':'Point (1 2)'}"), "not_applied", "the layer has no geometry");
	is(delta(&f, "create", "flat", "3", NULL, "{'geometry':null,'attributes':{'txt':'b'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM flat", "A,b");
}

/* ---- undo ---- */

Test(apply, undoing_takes_back_what_was_done)
{
	static const char *const made = "{'attributes':{'fid':50,'txt':'n'},'geometry':'Point (7 7)'}";
	static const char *const gone = "{'attributes':{'fid':2,'txt':'b','i32':20},'geometry':'Point (2 2)'}";

	is(delta(&f, "create", "points", "", NULL, made), "applied", "");
	is(delta(&f, "delete", "points", "2", gone, NULL), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	advance(&f);
	f.options.inverse = 1;
	is(delta(&f, "create", "points", "2", NULL, gone), "applied", "");
	is(delta(&f, "delete", "points", "", made, NULL), "applied", "");
	is(delta(&f, "delete", "points", "1", "{'attributes':{'txt':'a'}}", NULL), "not_applied", "Unable to find feature");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(fid || txt || i32) FROM points", "1a10,2b20,3c30");
}

Test(apply, undoing_a_delete_takes_the_next_key_when_the_old_one_is_taken)
{
	f.options.inverse = 1;
	is(delta(&f, "create", "points", "2", NULL, "{'attributes':{'txt':'deleted once'}}"), "applied", "The key 2 was taken");
	is(delta(&f, "create", "points", "77", NULL, "{'attributes':{'txt':'deleted twice'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(fid) FROM points", "1,2,3,4,77");
}

/* ---- files ---- */

Test(apply, a_geopackage_comes_out_whole_and_alone)
{
	char *list;

	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	is(delta(&f, "delete", "points", "2", "{'attributes':{'txt':'b'}}", NULL), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	list = fixture_list(&f);
	cr_assert_str_eq(list, "data.gpkg");
	free(list);
	cr_assert_eq(f.files.n, 1);
	cr_assert_str_eq(f.files.items[0], "data.gpkg");
	fixture_expect(&f, "PRAGMA integrity_check", "ok");
	fixture_expect(&f, "SELECT feature_count FROM gpkg_ogr_contents", "2");
	fixture_expect(&f, "SELECT rtreecheck('rtree_points_geom')", "ok");
}

Test(apply, what_did_not_change_is_not_announced)
{
	char *list;

	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'a'}}"), "applied", "");
	f.options.overwrite = 1;
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'old'}}", "{'attributes':{'txt':'a','i32':'10'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	list = fixture_list(&f);
	cr_assert_str_eq(list, "");
	free(list);
	cr_assert_eq(f.files.n, 0);
}

Test(apply, a_dry_run_says_all_and_leaves_nothing)
{
	char *list;

	f.options.dry_run = 1;
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'A'}}", "{'attributes':{'txt':'B'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	list = fixture_list(&f);
	cr_assert_str_eq(list, "");
	free(list);
	cr_assert_eq(f.files.n, 0);
}

/* A write-ahead log beside the file holds committed features: they must come along, and the log must not be replayed over the new file. */
Test(apply, a_write_ahead_log_is_taken_in)
{
	static const char *const names[][2] = {{"data.gpkg", "kept"}, {"data.gpkg-wal", "kept-wal"}};
	char *path = fp_path_join(f.in, "data.gpkg"), *text;
	struct fp_error err;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(fp_gpkg_functions(db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "PRAGMA journal_mode = WAL; UPDATE points SET txt = 'from the log' WHERE fid = 3", NULL, NULL, NULL), SQLITE_OK);
	for (int back = 0; back < 2; back++) { /* as a device that is switched off would leave them */
		for (size_t i = 0; i < 2; i++) {
			char *from = fp_path_join(back ? f.dir : f.in, names[i][back]), *to = fp_path_join(back ? f.in : f.dir, names[i][!back]);
			cr_assert_eq(back ? (enum fp_status)rename(from, to) : fp_fs_copy(from, to, &err), FP_OK, "%s", from);
			free(from);
			free(to);
		}
		if (!back)
			sqlite3_close(db);
	}
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	text = fixture_list(&f);
	cr_assert_str_eq(text, "data.gpkg data.gpkg-wal");
	free(text);
	cr_assert_eq(f.files.n, 2);
	text = fixture_read(&f, "data.gpkg-wal");
	cr_assert_str_eq(text, "");
	free(text);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "A,b,from the log");
	free(path);
}

Test(apply, a_file_in_a_folder_keeps_its_place)
{
	char *a = fp_path_join(f.in, "data.gpkg"), *dir = fp_path_join(f.in, "sub dir/é"), *b = fp_path_join(dir, "data.gpkg"), *list;
	struct fp_error err;

	cr_assert_eq(fp_fs_mkdirs(dir, &err), FP_OK);
	cr_assert_eq(rename(a, b), 0);
	fixture_layer(&f, "moved", "vector", "ogr", "./sub dir/é/data.gpkg|layername=points");
	is(delta(&f, "patch", "moved", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	list = fixture_list(&f);
	cr_assert_str_eq(list, "sub dir/é/data.gpkg");
	free(list);
	free(a);
	free(b);
	free(dir);
}

Test(apply, two_layers_on_one_table_see_each_others_changes)
{
	fixture_layer(&f, "again", "vector", "ogr", "./data.gpkg|layername=POINTS");
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	is(delta(&f, "patch", "again", "1", "{'attributes':{'txt':'A'}}", "{'attributes':{'txt':'B'}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT txt FROM points WHERE fid = 1", "B");
}

Test(apply, a_killed_session_leaves_the_input_as_it_was)
{
	static const char *const points[] = {"apply:mid", "apply:before_commit", "apply:after_commit"};
	char *path = fp_path_join(f.in, "data.gpkg");
	struct fp_digest before, after;
	struct fp_error err;

	cr_assert_eq(fp_fs_digest(&before, path, &err), FP_OK);
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		pid_t pid = fork();
		int status;
		if (pid == 0) {
			setenv("FIELDPOST_FAIL_AT", points[i], 1);
			delta(&f, "patch", "points", "1", PATCH_A);
			finish(&f);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		cr_assert_eq(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGKILL, "%s", points[i]);
		cr_assert_eq(fp_fs_digest(&after, path, &err), FP_OK);
		cr_assert_str_eq(before.sha256, after.sha256);
		cr_assert_eq(fp_fs_remove_tree(f.out, &err), FP_OK);
		cr_assert_eq(fp_fs_mkdirs(f.out, &err), FP_OK);
	}
	free(path);
}
