/* What must not stop a job, and what must: each is one sentence, the other changes go on, and nothing is half-written. */
#include "tests/apply_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
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

TestSuite(apply_bad, .init = begin, .fini = end, .timeout = 60);

#define PATCH_A "{'attributes':{'txt':'a'}}", "{'attributes':{'txt':'A'}}"
#define WHO "'uuid':'u','clientId':'c','localPk':'1','sourcePk':'1','localLayerId':'points','sourceLayerId':'points'"

/* ---- changes that end the reference's whole job (spec/deltas.md 3.6) ---- */

Test(apply_bad, what_ends_the_references_job_is_one_failed_change_here)
{
	static const struct { const char *line, *status, *message; } lines[] = {
		{"{'delta':{" WHO ",'method':'patch','old':{'attributes':{}},'new':{'attributes':{'txt':'x'}}}}", "error", "\"txt\" is new without an old value"},
		{"{'delta':{" WHO ",'method':'patch','new':{'attributes':{'txt':'x'}}}}", "error", "without \"old\""},
		{"{'delta':{" WHO ",'method':'patch','old':{'attributes':{'txt':'x'}}}}", "error", "without \"new\""},
		{"{'delta':{" WHO ",'method':'delete'}}", "error", "without \"old\""},
		{"{'delta':{" WHO ",'method':'create'}}", "error", "without \"new\""},
		{"{'delta':{" WHO ",'method':'patch','old':{'attributes':{'dt':5}},'new':{'attributes':{'dt':'2024-01-01'}}}}", "error", "\"dt\""},
		{"{'delta':{" WHO ",'method':'patch','old':{'attributes':{'ts':['x']}},'new':{'attributes':{'ts':null}}}}", "error", "\"ts\""},
		{"{'delta':{'uuid':'u','localPk':'1','sourcePk':'1','localLayerId':'raster','sourceLayerId':'raster','method':'delete','old':{}}}",
			"not_applied", "is a raster layer"},
		{"{'delta':{'uuid':'u','localPk':'1','sourcePk':'8','localLayerId':'twins','sourceLayerId':'twins','method':'delete','old':{}}}", "error",
			"several features"},
		{"{'delta':{'uuid':'u','localPk':'2','sourcePk':'2','localLayerId':'points','sourceLayerId':'points','method':'patch',"
			"'old':{'attributes':{'txt':'b'}},'new':{'attributes':{'txt':'no client'}}}}", "applied", ""},
	};

	fixture_sql(&f, "CREATE TABLE twins(fid INTEGER, txt TEXT); INSERT INTO twins VALUES(8, 'x'), (8, 'y');"
		"UPDATE points SET dt = '2024-02-02', ts = '2024-02-02T00:00:00Z'");
	fixture_layer(&f, "raster", "raster", "gdal", "./r.tif");
	fixture_layer(&f, "twins", "vector", "ogr", "./data.gpkg|layername=twins");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		is(line(&f, lines[i].line), lines[i].status, lines[i].message);
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "A,no client,c");
}

Test(apply_bad, geometry_that_cannot_be_read_is_one_failed_change)
{
	static const char *const wkts[] = {"", "   ", "garbage", "Point (1)", "Point (a b)", "SRID=4326;POINT(1 2)", "Point (1 2", "Polygon ((0 0, 1 1)",
		"Point (1e999 0)", "LineString (0 0, 1 1)"};

	for (size_t i = 0; i < sizeof wkts / sizeof *wkts; i++) {
		char new[100];
		snprintf(new, sizeof new, "{'geometry':'%s','attributes':{'txt':'lost'}}", wkts[i]);
		is(delta(&f, "create", "points", "", NULL, new), "not_applied", "");
		is(delta(&f, "patch", "points", "1", "{'geometry':'Point (1 1)','attributes':{'txt':'a'}}", new), "not_applied", "");
	}
	is(delta(&f, "patch", "points", "2", "{'geometry':'Point (2 2)'}", "{'geometry':'Point (2 3)'}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "a,b,c");
}

Test(apply_bad, every_constraint_fails_its_own_change_only)
{
	static const char *const news[][2] = {
		{"{'attributes':{'fid':1,'u':'taken','n':1}}", "UNIQUE constraint failed: strict.u"},
		{"{'attributes':{'fid':2,'u':'x'}}", "NOT NULL constraint failed: strict.n"},
		{"{'attributes':{'fid':3,'u':'y','n':11}}", "CHECK constraint failed"},
		{"{'attributes':{'fid':4,'u':'z','n':1,'p':99}}", "FOREIGN KEY constraint failed"},
		{"{'attributes':{'fid':5,'u':'raise','n':1}}", "not today"},
	};

	fixture_sql(&f, "CREATE TABLE strict(fid INTEGER PRIMARY KEY, u TEXT UNIQUE, n INTEGER NOT NULL CHECK (n < 10), p INTEGER REFERENCES points(fid));"
		"INSERT INTO strict VALUES(100, 'taken', 1, 1);"
		"CREATE TRIGGER t BEFORE INSERT ON strict WHEN NEW.u = 'raise' BEGIN SELECT RAISE(FAIL, 'not today'); END");
	fixture_layer(&f, "strict", "vector", "ogr", "./data.gpkg|layername=strict");
	for (size_t i = 0; i < sizeof news / sizeof *news; i++) {
		is(delta(&f, "create", "strict", "", NULL, news[i][0]), "not_applied", news[i][1]);
		is(delta(&f, "create", "strict", "", NULL, "{'attributes':{'n':2}}"), "applied", "");
	}
	is(delta(&f, "delete", "points", "1", "{'attributes':{'txt':'a'}}", NULL), "not_applied", "FOREIGN KEY constraint failed");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT count(*) || ' ' || sum(n) FROM strict", "6 11");
	fixture_expect(&f, "PRAGMA foreign_key_check", "");
}

/* ---- files that others hold ---- */

Test(apply_bad, a_file_made_read_only_is_applied_all_the_same)
{
	char *path = fp_path_join(f.in, "data.gpkg");

	cr_assert_eq(chmod(path, 0444), 0); /* what is worked on is a copy */
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT txt FROM points WHERE fid = 1", "A");
	free(path);
}

/* Another program that runs SQL on data.gpkg, and then waits to be killed. */
static pid_t other_program(const char *sql)
{
	int ready[2];
	char c;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		char *path = fp_path_join(f.in, "data.gpkg");
		sqlite3 *db;
		int ok = sqlite3_open(path, &db) == SQLITE_OK && fp_gpkg_functions(db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;

		if (write(ready[1], ok ? "y" : "n", 1) == 1)
			pause();
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &c, 1), 1);
	cr_assert_eq(c, 'y');
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_program(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

Test(apply_bad, a_database_that_another_program_writes_to_waits_for_it)
{
	static const char *const holds[] = {
		"BEGIN EXCLUSIVE", "BEGIN IMMEDIATE; UPDATE points SET txt = 'theirs' WHERE fid = 2",
		"PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; UPDATE points SET txt = 'theirs' WHERE fid = 2",
	};

	fixture_write(&f, "g.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"fid\":1,\"txt\":\"a\"},"
		"\"geometry\":null}]}");
	fixture_layer(&f, "g", "vector", "ogr", "./g.geojson");
	for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
		pid_t pid = other_program(holds[i]);

		is(delta(&f, "patch", "points", "1", PATCH_A), "not_applied", "Cannot start editing layer: another program is writing to data.gpkg");
		is(delta(&f, "patch", "g", "1", PATCH_A), "applied", "");
		cr_assert_eq(finish(&f), FP_OK);
		cr_assert_eq(f.files.n, 1);
		end_program(pid);
		cr_assert_eq(fp_fs_remove_tree(f.out, NULL), FP_OK);
		cr_assert_eq(fp_fs_mkdirs(f.out, NULL), FP_OK);
	}
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "A,b,c");
}

Test(apply_bad, what_another_program_has_committed_counts_and_what_it_left_unfinished_does_not)
{
	pid_t reader = other_program("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; UPDATE points SET i32 = 77 WHERE fid = 1"), writer;

	is(delta(&f, "patch", "points", "1", "{'attributes':{'txt':'a','i32':77}}", "{'attributes':{'txt':'A','i32':78}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT txt || i32 FROM points WHERE fid = 1", "A78");
	/* killed with pages of an open transaction already in the log */
	writer = other_program("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE points SET i32 = 99;"
		"CREATE TABLE big(b BLOB); INSERT INTO big VALUES(zeroblob(400000))");
	end_program(writer);
	end_program(reader);
	cr_assert_eq(fp_fs_remove_tree(f.out, NULL), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(f.out, NULL), FP_OK);
	is(delta(&f, "patch", "points", "2", "{'attributes':{'txt':'b','i32':20}}", "{'attributes':{'txt':'B','i32':21}}"), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt || i32) FROM points", "a77,B21,c30");
	fixture_expect(&f, "PRAGMA integrity_check", "ok");
}

Test(apply_bad, a_journal_left_by_a_crash_is_rolled_back_first)
{
	pid_t pid = other_program("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE points SET txt = 'half';"
		"CREATE TABLE big(b BLOB); INSERT INTO big VALUES(zeroblob(400000))");

	end_program(pid);
	is(delta(&f, "patch", "points", "1", PATCH_A), "applied", "");
	cr_assert_eq(finish(&f), FP_OK);
	fixture_expect(&f, "SELECT group_concat(txt) FROM points", "A,b,c");
	fixture_expect(&f, "PRAGMA integrity_check", "ok");
}

/* ---- too much ---- */

Test(apply_bad, a_disk_that_fills_up_ends_the_job_and_nothing_is_announced)
{
	struct fp_buf big = FP_BUF_INIT;
	struct rlimit limit;
	char *path = fp_path_join(f.in, "data.gpkg");
	struct stat sb;

	cr_assert_eq(stat(path, &sb), 0);
	free(path);
	fp_buf_adds(&big, "{'attributes':{'txt':'");
	for (int i = 0; i < 10000; i++)
		fp_buf_adds(&big, "0123456789");
	fp_buf_adds(&big, "'}}");
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = (rlim_t)sb.st_size + 50000;
	is(delta(&f, "create", "points", "", NULL, big.data), "applied", "");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_neq(finish(&f), FP_OK);
	cr_assert_eq(f.files.n, 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fp_buf_free(&big);
}

Test(apply_bad, a_text_file_that_does_not_fit_on_the_disk_ends_the_job_and_nothing_is_announced)
{
	static const char *const files[][2] = {
		{"g.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"fid\":1,\"txt\":\"a\"},\"geometry\":null}]}"},
		{"c.csv", "fid,txt\n1,a\n"},
	};
	struct rlimit limit;
	struct fp_buf big = FP_BUF_INIT;

	fp_buf_adds(&big, "{'attributes':{'txt':'");
	for (int i = 0; i < 10000; i++)
		fp_buf_adds(&big, "0123456789");
	fp_buf_adds(&big, "'}}");
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < 2; i++) {
		char source[32];

		snprintf(source, sizeof source, "./%s", files[i][0]);
		fixture_write(&f, files[i][0], files[i][1]);
		fixture_layer(&f, files[i][0], "vector", "ogr", source);
		is(delta(&f, "patch", files[i][0], "1", "{'attributes':{'txt':'a'}}", big.data), "applied", "");
		cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
		limit.rlim_cur = 50000;
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		cr_assert_neq(finish(&f), FP_OK);
		cr_assert_eq(f.files.n, 0);
		limit.rlim_cur = limit.rlim_max;
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		cr_assert_eq(fp_fs_remove_tree(f.out, NULL), FP_OK);
		cr_assert_eq(fp_fs_mkdirs(f.out, NULL), FP_OK);
	}
	fp_buf_free(&big);
}

/* Seconds for N changes of one feature, each of which takes the one before for granted. */
static double change_again_and_again(const char *layer, int n)
{
	int64_t start = fp_monotonic_ms();
	char old[64], new[64];

	for (int i = 0; i < n; i++) {
		snprintf(old, sizeof old, i ? "{'attributes':{'txt':'%d'}}" : "{'attributes':{'txt':'a'}}", i - 1);
		snprintf(new, sizeof new, "{'attributes':{'txt':'%d'}}", i);
		cr_assert_str_eq(fp_json_str(delta(&f, "patch", layer, "1", old, new), "status"), "applied");
	}
	cr_assert_eq(finish(&f), FP_OK);
	return (double)(fp_monotonic_ms() - start) / 1000;
}

Test(apply_bad, ten_thousand_changes_of_one_feature_take_ten_times_as_long_as_a_thousand)
{
	static const char *const layers[] = {"points", "g", "c"};

	fixture_write(&f, "g.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"fid\":1,\"txt\":\"a\"},"
		"\"geometry\":null}]}");
	fixture_write(&f, "c.csv", "fid,txt\n1,a\n");
	fixture_layer(&f, "g", "vector", "ogr", "./g.geojson");
	fixture_layer(&f, "c", "vector", "ogr", "./c.csv");
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
		double few, many;

		few = change_again_and_again(layers[i], 1000);
		cr_assert_eq(fp_fs_remove_tree(f.out, NULL), FP_OK);
		cr_assert_eq(fp_fs_mkdirs(f.out, NULL), FP_OK);
		many = change_again_and_again(layers[i], 10000);
		cr_assert(many < 30 * few + 1, "%s: %.3f s for 1000, %.3f s for 10000", layers[i], few, many);
	}
}
