/* Versions of files with the real worker: what differs between them, what a feature was, and the commands that say so. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/queue/feature_past.h"
#include "engine/queue/file_diff.h"
#include "engine/store/files.h"
#include "engine_home.h"
#include "put_file.h"

static struct home h;
static struct fp_error err;
static json_t *rows;

static void setup(void)
{
	home_open_sample(&h);
	rows = json_array();
}

static void teardown(void)
{
	json_decref(rows);
	home_close(&h);
}

TestSuite(versions, .init = setup, .fini = teardown, .timeout = 100);
TestSuite(versions_cli, .timeout = 100);

static void take_path(void *arg, const struct fp_file_row *r)
{
	*(char **)arg = fp_strdup(r->path);
}

/* A new version of survey.gpkg that SQL made of the current one. */
static void edit(const char *sql)
{
	char *from = NULL, *to = fp_path_join(h.folder, "edited.gpkg"), *message = NULL;
	sqlite3 *db;

	cr_assert_eq(fp_file_get(h.s, h.project, "survey.gpkg", 0, take_path, &from, &err), FP_OK, "%s", err.msg);
	unlink(to);
	cr_assert_eq(fp_fs_copy(from, to, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(chmod(to, 0600), 0);
	cr_assert_eq(sqlite3_open(to, &db), SQLITE_OK);
	cr_assert_eq(fp_gpkg_functions(db), SQLITE_OK); /* the triggers of the spatial index want them */
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK, "%s", message);
	sqlite3_close(db);
	cr_assert_eq(put_file(h.s, h.project, "survey.gpkg", to, NULL, &err), FP_OK, "%s", err.msg);
	free(from);
	free(to);
}

/* ---- what a feature was ---- */

static void take_state(void *arg, const struct fp_feature_state *s)
{
	json_t *o = json_pack("{s:I,s:s,s:b,s:s,s:s}", "version", (json_int_t)s->version, "by", s->by, "present", s->present, "hash", s->hash, "fault", s->fault);

	(void)arg;
	if (s->attributes)
		json_object_set(o, "attributes", (json_t *)(uintptr_t)s->attributes);
	if (s->geometry)
		json_object_set(o, "geometry", (json_t *)(uintptr_t)s->geometry);
	if (s->changed)
		json_object_set(o, "changed", (json_t *)(uintptr_t)s->changed);
	json_array_append_new(rows, o);
}

static enum fp_status past(const char *layer, const char *key)
{
	struct fp_feature_past *p;
	enum fp_status st;

	json_array_clear(rows);
	st = fp_feature_past_start(&p, h.s, &h.conf, h.project, layer, key, take_state, NULL, &err);
	if (st != FP_OK)
		return st;
	st = fp_feature_past_wait(p, &err);
	fp_feature_past_free(p);
	return st;
}

static const json_t *state(size_t i)
{
	const json_t *o = json_array_get(rows, i);

	cr_assert_not_null(o, "no row %zu", i);
	return o;
}

static void changed(size_t i, const char *want)
{
	const json_t *names = json_object_get(state(i), "changed");
	char *got = names ? fp_json_dump(names) : fp_strdup("-");

	cr_assert_str_eq(got, want, "row %zu: %s", i, got);
	free(got);
}

Test(versions, a_layer_that_lies_in_no_file_has_no_past)
{
	cr_assert_eq(past("nobody", "1"), FP_E_NOTFOUND);
	cr_assert_eq(past(home_text(&h, "SELECT layer_id FROM layer WHERE filename LIKE '%.tif'"), "1"), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "no file of the project") != NULL, "%s", err.msg);
	cr_assert_eq(past(home_text(&h, "SELECT layer_id FROM layer WHERE filename LIKE '%.shp'"), "1"), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "set of files") != NULL, "%s", err.msg);
}

Test(versions, a_feature_is_told_in_every_version_the_newest_first)
{
	edit("UPDATE trees SET note = 'two' WHERE fid = 5");
	edit("UPDATE trees SET note = 'else' WHERE fid = 6");
	edit("DELETE FROM trees WHERE fid = 5");
	edit("INSERT INTO trees (fid, note) VALUES (5, 'back')");
	cr_assert_eq(past(h.layer, "5"), FP_OK, "%s", err.msg);
	cr_assert_eq(json_array_size(rows), 5);
	for (size_t i = 0; i < 5; i++) {
		cr_assert_eq(fp_json_int(state(i), "version", 0), 5 - (int64_t)i);
		cr_assert_eq(fp_json_bool(state(i), "present", -1), i != 1);
		cr_assert_str_eq(fp_json_str(state(i), "fault"), "");
		cr_assert_eq(strlen(fp_json_str(state(i), "hash")), i == 1 ? 0 : 64);
	}
	changed(0, "-");
	changed(1, "-");
	changed(2, "[]");
	changed(3, "[\"note\"]");
	changed(4, "-");
	cr_assert_str_eq(fp_json_str(state(2), "hash"), fp_json_str(state(3), "hash"));
	cr_assert_str_eq(fp_json_str(json_object_get(state(0), "attributes"), "note"), "back");
	cr_assert_str_eq(fp_json_str(json_object_get(state(3), "attributes"), "note"), "two");
	cr_assert(strncmp(fp_json_str(state(4), "geometry"), "POINT", 5) == 0);
	cr_assert(json_is_null(json_object_get(state(0), "geometry")));
}

Test(versions, a_version_that_cannot_be_read_says_so_and_the_others_are_told)
{
	edit("UPDATE trees SET note = 'two' WHERE fid = 5");
	home_put(&h, "survey.gpkg", "this is no database");
	cr_assert_eq(past(h.layer, "5"), FP_OK, "%s", err.msg);
	cr_assert_eq(json_array_size(rows), 3);
	cr_assert(*fp_json_str(state(0), "fault"));
	changed(0, "-");
	cr_assert_str_eq(fp_json_str(json_object_get(state(1), "attributes"), "note"), "two");
	changed(1, "[\"note\"]");
}

Test(versions, five_hundred_versions_are_read_one_at_a_time_and_restored_ones_not_again)
{
	struct fp_trigger t;

	for (int i = 1; i < 500; i++) {
		char *sql = fp_asprintf("UPDATE trees SET girth_cm = %d WHERE fid = 5", 1000 + i % 250);
		if (i < 250)
			edit(sql);
		else
			cr_assert_eq(fp_queue_restore(h.s, &t, h.project, "survey.gpkg", i % 250 + 1, "bert", NULL, &err), FP_OK, "%s", err.msg);
		free(sql);
	}
	cr_assert_eq(past(h.layer, "5"), FP_OK, "%s", err.msg);
	cr_assert_eq(json_array_size(rows), 500);
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(state(0), "attributes"), "girth_cm")), 1249);
	changed(0, "[\"girth_cm\"]");
	changed(498, "[\"girth_cm\"]");
}

/* ---- a restored version ---- */

Test(versions, restoring_makes_the_version_its_note_and_the_job_or_nothing)
{
	struct fp_trigger t;
	int64_t new = 0, jobs = home_number(&h, "SELECT count(*) FROM job");

	edit("DELETE FROM trees");
	cr_assert_eq(fp_queue_restore(h.s, &t, h.project, "survey.gpkg", 9, "bert", &new, &err), FP_E_NOTFOUND);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job"), jobs);
	cr_assert_eq(fp_queue_restore(h.s, &t, h.project, "survey.gpkg", 1, "bert", &new, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(new, 3);
	cr_assert_gt(t.job_id, 0);
	cr_assert_eq(home_number(&h, "SELECT version FROM file WHERE name = 'survey.gpkg' AND project_id <> ''"), 3);
	cr_assert(strstr(home_text(&h, "SELECT detail FROM activity ORDER BY id DESC"), "version 1 as version 3") != NULL);
}

/* ---- the command ---- */

static void with_trees(void)
{
	cli_folder();
	cli_write("home/config.yaml", "upload_settle_ms: 0\n");
	cli_wants(0, "init --yes");
	cli_wants(0, "project create Trees --from '%s' --yes", cli_sample("project"));
}

Test(versions_cli, there_must_be_two_versions_of_a_geopackage)
{
	with_trees();
	cli_says(3, "is the first one", "file diff Trees survey.gpkg");
	cli_says(3, "there is no file", "file diff Trees nothing.gpkg");
	cli_says(3, "no version 7", "file diff Trees survey.gpkg 1 7");
	cli_says(3, "no version 7", "file diff Trees survey.gpkg 7 1");
	cli_says(2, "a version is a number", "file diff Trees survey.gpkg one");
	cli_says(3, "only GeoPackages", "file diff Trees inspectors.csv 1 1");
	cli_says(3, "neither version has a table", "file diff Trees survey.gpkg 1 1 --layer nope");
	cr_assert_str_eq(cli_run("file diff Trees survey.gpkg 1 1 --layer nope --json")->out, "");
	cli_says(0, "features: 40, no difference", "file diff Trees survey.gpkg 1 1");
}

Test(versions_cli, what_a_job_did_to_a_file_is_shown_feature_by_feature)
{
	const json_t *answer, *t;
	const struct cli *r;

	with_trees();
	cli_wants(0, "engine run --once");
	cli_wants(0, "change push Trees '%s' --yes", cli_sample("monday.deltas.json"));
	cli_wants(0, "engine run --once");
	answer = cli_json(0, "file diff Trees survey.gpkg --json");
	cr_assert_eq(fp_json_int(json_object_get(answer, "before"), "version", 0), 1);
	cr_assert(strncmp(fp_json_str(json_object_get(answer, "after"), "created_by"), "job ", 4) == 0);
	cr_assert_eq(json_array_size(json_object_get(answer, "differences")), 7);
	t = json_array_get(json_object_get(answer, "tables"), 1);
	cr_assert_str_eq(fp_json_str(t, "table"), "trees");
	cr_assert(fp_json_int(t, "added", 0) == 2 && fp_json_int(t, "removed", 0) == 1 && fp_json_int(t, "changed", 0) == 3);
	cli_says(0, "oak -> elm", "file diff Trees survey.gpkg");
	cli_says(0, "elm -> oak", "file diff Trees survey.gpkg 2 1");
	cli_says(0, "height_m         15.9 -> 16.3", "file diff Trees survey.gpkg --layer trees");
	cli_says(0, "features: 40, then 41; added 2, removed 1, changed 3", "file diff Trees survey.gpkg --summary");
	answer = cli_json(0, "file diff Trees survey.gpkg --summary --layer parcels --json");
	cr_assert_eq(json_array_size(json_object_get(answer, "differences")), 0);
	cr_assert_eq(json_array_size(json_object_get(answer, "tables")), 1);
	r = cli_run_terminal(80, "", "file diff Trees survey.gpkg");
	for (const char *line = r->out; *line; line += strcspn(line, "\n") + 1)
		cr_assert_leq(strcspn(line, "\r\n"), 80, "%.*s", (int)strcspn(line, "\n"), line);
}
