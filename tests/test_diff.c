/* Two versions of a GeoPackage compared feature by feature, in this process: every kind of difference, tables without keys, hostile files. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_diff.h"
#include "engine/layers/gdal_gate.h"
#include "tests/apply_fixture.h"

static struct fixture f;
static struct fp_error err;
static char *before, *after;
static json_t *differences, *tables;

static void keep(void)
{
	unlink(before);
	cr_assert_eq(fp_fs_copy(after, before, &err), FP_OK, "%s", err.msg);
}

static void setup(void)
{
	fixture_open(&f);
	fixture_points(&f);
	fp_gdal_init(f.out);
	after = fp_path_join(f.in, "data.gpkg");
	before = fp_path_join(f.in, "old.gpkg");
	differences = json_array();
	tables = json_array();
	keep();
}

static void teardown(void)
{
	fixture_close(&f);
	free(before);
	free(after);
	json_decref(differences);
	json_decref(tables);
}

TestSuite(diff, .init = setup, .fini = teardown, .timeout = 30);

static void take_difference(void *arg, json_t *body)
{
	(void)arg;
	json_array_append_new(differences, body);
}

static void take_table(void *arg, json_t *body)
{
	(void)arg;
	json_array_append_new(tables, body);
}

static enum fp_status compare_only(const char *table, int summary)
{
	struct fp_gpkg_diff d = {.before = before, .after = after, .table = table, .summary = summary, .difference = take_difference, .done = take_table};

	json_array_clear(differences);
	json_array_clear(tables);
	return fp_gpkg_diff(&d, &err);
}

static void compare(void)
{
	cr_assert_eq(compare_only("", 0), FP_OK, "%s", err.msg);
}

/* "key change field:before>after ..." of all differences, one a line. */
static char *told(void)
{
	struct fp_buf b = FP_BUF_INIT;
	const json_t *d, *field;
	size_t i, k;

	json_array_foreach(differences, i, d) {
		fp_buf_addf(&b, "%s%s %s", i ? "\n" : "", fp_json_str_or(d, "key", "-"), fp_json_str(d, "change"));
		json_array_foreach(json_object_get(d, "fields"), k, field) {
			char *x = json_object_get(field, "before") ? fp_json_dump(json_object_get(field, "before")) : fp_strdup("");
			char *y = json_object_get(field, "after") ? fp_json_dump(json_object_get(field, "after")) : fp_strdup("");
			fp_buf_addf(&b, " %s:%s>%s", fp_json_str(field, "field"), x, y);
			free(x);
			free(y);
		}
	}
	return fp_buf_take(&b);
}

static void tells(const char *want)
{
	char *got = told();

	cr_assert_str_eq(got, want, "%s\ninstead of\n%s", got, want);
	free(got);
}

static const json_t *table_of(const char *name)
{
	const json_t *t;
	size_t i;

	json_array_foreach(tables, i, t)
		if (strcmp(fp_json_str(t, "table"), name) == 0)
			return t;
	cr_assert_fail("nothing is said of table %s", name);
	return NULL;
}

static void counts(const char *table, const char *change, int64_t was, int64_t is, int64_t added, int64_t removed, int64_t changed)
{
	const json_t *t = table_of(table);
	char *text = fp_json_dump(t);

	cr_assert_str_eq(fp_json_str(t, "change"), change, "%s", text);
	cr_assert_eq(fp_json_int(t, "before", -1), was, "%s", text);
	cr_assert_eq(fp_json_int(t, "after", -1), is, "%s", text);
	cr_assert(fp_json_int(t, "added", 0) == added && fp_json_int(t, "removed", 0) == removed && fp_json_int(t, "changed", 0) == changed, "%s", text);
	free(text);
}

static int notes(const char *table, const char *text)
{
	char *all = fp_json_dump(json_object_get(table_of(table), "notes"));
	int is = strstr(all, text) != NULL;

	free(all);
	return is;
}

/* ---- unhappy ---- */

Test(diff, what_is_no_geopackage_is_refused_in_a_sentence)
{
	fixture_write(&f, "data.gpkg", "fid,name\n1,a\n");
	cr_assert_eq(compare_only("", 0), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "only GeoPackages") != NULL, "%s", err.msg);
	cr_assert_eq(remove(after), 0);
	fixture_sql(&f, "CREATE TABLE t (a)"); /* a database, and no GeoPackage */
	cr_assert_eq(compare_only("", 0), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "only GeoPackages") != NULL, "%s", err.msg);
}

Test(diff, a_broken_version_is_named_and_nothing_hangs)
{
	struct fp_buf b = FP_BUF_INIT;

	cr_assert_eq(fp_fs_read(&b, after, 1 << 24, &err), FP_OK);
	for (size_t i = 4096; i + 8 < b.len; i += 512)
		memset(b.data + i, 0xA5, 64);
	cr_assert_eq(fp_fs_write_atomic(after, b.data, b.len, &err), FP_OK);
	cr_assert_neq(compare_only("", 0), FP_OK);
	cr_assert(strstr(err.msg, "newer version cannot be read") != NULL, "%s", err.msg);
	fp_buf_free(&b);
}

Test(diff, a_table_that_neither_has_is_not_found)
{
	cr_assert_eq(compare_only("nope", 0), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "nope") != NULL, "%s", err.msg);
}

/* Names in gpkg_contents are somebody's text: nothing that they name is run or changed. */
Test(diff, views_missing_tables_and_tables_of_the_catalogue_are_told_of_and_the_rest_is_compared)
{
	fixture_sql(&f, "CREATE VIEW v AS SELECT 1 AS fid; INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'attributes', 'v'),"
		" ('none\"; DROP TABLE points; --', 'attributes', 'n'), ('sqlite_master', 'attributes', 'm'); UPDATE points SET i32 = 11 WHERE fid = 1");
	compare();
	tells("1 changed i32:10>11");
	counts("v", "unknown", -1, -1, 0, 0, 0);
	cr_assert(notes("v", "is a view"));
	cr_assert(notes("none\"; DROP TABLE points; --", "has no table"));
	counts("points", "changed", 3, 3, 0, 0, 1);
}

Test(diff, triggers_and_functions_of_the_file_do_not_run_and_nothing_is_written_beside_it)
{
	char *wal = fp_asprintf("%s-wal", after), *journal = fp_asprintf("%s-journal", after);
	struct fp_digest was, is;

	fixture_sql(&f, "PRAGMA journal_mode = WAL; UPDATE points SET txt = 'x' WHERE fid = 2");
	cr_assert_eq(fp_fs_digest(&was, after, &err), FP_OK);
	compare();
	tells("2 changed txt:\"b\">\"x\"");
	cr_assert_eq(fp_fs_digest(&is, after, &err), FP_OK);
	cr_assert_str_eq(was.sha256, is.sha256);
	cr_assert(access(wal, F_OK) != 0 && access(journal, F_OK) != 0);
	free(wal);
	free(journal);
}

/* ---- what differs ---- */

Test(diff, the_same_file_has_no_difference)
{
	compare();
	tells("");
	cr_assert_eq(json_array_size(tables), 1);
	counts("points", "same", 3, 3, 0, 0, 0);
}

Test(diff, features_that_came_went_and_changed_are_told_in_the_order_of_their_keys)
{
	fixture_sql(&f, "INSERT INTO points (fid, txt, i32) VALUES (40, 'n', NULL), (-5, 'm', 7); DELETE FROM points WHERE fid = 2;"
		"UPDATE points SET txt = NULL, dbl = 2.5, bl = 1, dt = '2026-01-02', ts = '2026-01-02T03:04:05Z' WHERE fid = 3");
	compare();
	tells("-5 added fid:>-5 txt:>\"m\" i32:>7\n"
		"2 removed fid:2> txt:\"b\"> i32:20> geometry:\"POINT (2 2)\">\n"
		"3 changed txt:\"c\">null dbl:null>2.5 bl:null>true dt:null>\"2026-01-02\" ts:null>\"2026-01-02T03:04:05Z\"\n"
		"40 added fid:>40 txt:>\"n\"");
	counts("points", "changed", 3, 4, 2, 1, 1);
}

Test(diff, a_point_that_moved_says_how_far_and_a_lost_geometry_is_a_difference)
{
	const json_t *field;

	fixture_sql(&f, "UPDATE points SET geom = (SELECT geom FROM points WHERE fid = 2) WHERE fid = 1; UPDATE points SET geom = NULL WHERE fid = 3");
	compare();
	tells("1 changed geometry:\"POINT (1 1)\">\"POINT (2 2)\"\n3 changed geometry:\"POINT (3 3)\">null");
	field = json_array_get(json_object_get(json_array_get(differences, 0), "fields"), 0);
	cr_assert_float_eq(json_real_value(json_object_get(field, "moved")), 1.4142135623730951, 1e-12);
	cr_assert(json_is_true(json_object_get(field, "geometry")));
	field = json_array_get(json_object_get(json_array_get(differences, 1), "fields"), 0);
	cr_assert_null(json_object_get(field, "moved"));
	cr_assert_eq(json_integer_value(json_array_get(json_object_get(field, "vertices"), 1)), 0);
}

/* The same point, big-endian and with another header. */
Test(diff, the_same_value_stored_otherwise_is_no_difference)
{
	fixture_sql(&f, "UPDATE points SET geom = x'4750000000000808' || x'00000000013FF00000000000003FF0000000000000' WHERE fid = 1;"
		"UPDATE points SET dbl = 7 WHERE fid = 2; UPDATE points SET ts = '2026-01-02T03:04:05Z' WHERE fid = 2");
	keep();
	fixture_sql(&f, "UPDATE points SET dbl = 7.0, ts = '2026-01-02T04:04:05+01:00' WHERE fid = 2");
	fixture_sql(&f, "UPDATE points SET geom = x'4750000100000808' || x'0101000000000000000000F03F000000000000F03F' WHERE fid = 1");
	compare();
	tells("");
}

Test(diff, columns_that_came_and_went_are_told_and_count_as_null_where_they_are_not)
{
	fixture_sql(&f, "ALTER TABLE points ADD COLUMN height REAL; UPDATE points SET height = 4.5 WHERE fid = 2; ALTER TABLE points DROP COLUMN dbl");
	compare();
	tells("2 changed height:null>4.5");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(table_of("points"), "columns_added"), 0)), "height");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(table_of("points"), "columns_removed"), 0)), "dbl");
}

Test(diff, tables_that_only_one_version_has_are_counted)
{
	fixture_sql(&f, "CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO notes VALUES (1, 'a'), (2, 'b');"
		"INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('notes', 'attributes', 'notes');"
		"DELETE FROM gpkg_contents WHERE table_name = 'points'");
	compare();
	tells("");
	counts("points", "removed", 3, -1, 0, 0, 0);
	counts("notes", "added", -1, 2, 0, 0, 0);
}

Test(diff, one_table_or_only_the_counts_can_be_asked_for)
{
	fixture_sql(&f, "CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES"
		" ('notes', 'attributes', 'notes')");
	keep();
	fixture_sql(&f, "INSERT INTO notes VALUES (1, 'a'); UPDATE points SET i32 = 0");
	cr_assert_eq(compare_only("notes", 0), FP_OK);
	tells("1 added id:>1 t:>\"a\"");
	cr_assert_eq(json_array_size(tables), 1);
	cr_assert_eq(compare_only("", 1), FP_OK);
	tells("");
	counts("points", "changed", 3, 3, 0, 0, 3);
	counts("notes", "changed", 0, 1, 1, 0, 0);
}

/* Without an INTEGER primary key rows are told apart by all they hold, and the table's collation has no say in it. */
Test(diff, a_table_without_a_number_for_its_rows_is_compared_by_whole_rows)
{
	fixture_sql(&f, "CREATE TABLE k (code TEXT COLLATE NOCASE, n, PRIMARY KEY (code, n)) WITHOUT ROWID; INSERT INTO k VALUES ('a', 1), ('B', 2.5), ('c', 9),"
		" ('d', x'00'), ('d', 'text'); INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('k', 'attributes', 'k')");
	keep();
	fixture_sql(&f, "UPDATE k SET n = 3.5 WHERE code = 'B'; DELETE FROM k WHERE code = 'c'; INSERT INTO k VALUES ('e', -1)");
	compare();
	tells("- removed code:\"B\"> n:2.5>\n- added code:>\"B\" n:>3.5\n- removed code:\"c\"> n:9>\n- added code:>\"e\" n:>-1");
	counts("k", "changed", 5, 5, 2, 2, 0);
	fixture_sql(&f, "ALTER TABLE k ADD COLUMN more TEXT");
	compare();
	tells("");
	cr_assert(notes("k", "are not compared"));
}

/* Twins are as many as there are. */
Test(diff, rows_that_are_the_same_are_counted_each)
{
	fixture_sql(&f, "CREATE TABLE k (a TEXT); INSERT INTO k VALUES ('x'), ('x'), ('y'), (NULL);"
		"INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('k', 'attributes', 'k')");
	keep();
	fixture_sql(&f, "INSERT INTO k VALUES ('x'); DELETE FROM k WHERE a IS NULL");
	compare();
	tells("- removed\n- added a:>\"x\"");
}

Test(diff, what_is_too_long_is_cut_and_says_so)
{
	const json_t *d, *field;
	char *text;

	fixture_sql(&f, "UPDATE points SET txt = replace(hex(zeroblob(1500000)), '0', '\xc3\xa9') WHERE fid = 1");
	compare();
	d = json_array_get(differences, 0);
	field = json_array_get(json_object_get(d, "fields"), 0);
	cr_assert(json_is_true(json_object_get(field, "cut")));
	cr_assert_eq(json_string_length(json_object_get(field, "after")), 200);
	text = fp_json_dump(d);
	cr_assert_lt(strlen(text), 2000);
	free(text);
}

Test(diff, a_feature_of_many_long_values_is_told_within_its_bound)
{
	struct fp_buf sql = FP_BUF_INIT;
	char *text;

	fp_buf_adds(&sql, "CREATE TABLE wide (id INTEGER PRIMARY KEY");
	for (int i = 0; i < 200; i++)
		fp_buf_addf(&sql, ", c%d TEXT", i);
	fp_buf_adds(&sql, "); INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('wide', 'attributes', 'wide')");
	fixture_sql(&f, sql.data);
	keep();
	fp_buf_clear(&sql);
	fp_buf_adds(&sql, "INSERT INTO wide SELECT 1");
	for (int i = 0; i < 200; i++)
		fp_buf_adds(&sql, ", hex(zeroblob(30000))");
	fixture_sql(&f, sql.data);
	compare();
	cr_assert_eq(json_array_size(json_object_get(json_array_get(differences, 0), "fields")), 201);
	text = fp_json_dump(json_array_get(differences, 0));
	cr_assert_lt(strlen(text), FP_DIFFERENCE_MAX + 100000);
	free(text);
	fp_buf_free(&sql);
}
