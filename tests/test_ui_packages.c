/* Packages in the console: listed, looked into, compared, asked for; and the progress of the job that makes one. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/queue.h"
#include "engine/store/db.h"
#include "tests/ui_home.h"
#include "tests/ui_screen.h"
#include "ui/job_text.h"
#include "ui/keys.h"
#include "ui/term.h"

static struct ui u;

#define SHOWS(text) cr_expect(ui_shows(&u, text), "\"%s\" is not on\n%s", text, ui_screen(&u))
#define SHOWS_NOT(text) cr_expect(!ui_shows(&u, text), "\"%s\" is on\n%s", text, ui_screen(&u))
#define ROW(text) cr_expect_not_null(strstr(ui_row(&u), text), "\"%s\" is not in the cursor's row: %s", text, ui_row(&u))

static void open_packages(int lines, int columns)
{
	ui_open(&u, ui_home_packages(), lines, columns, NULL);
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	cr_assert_eq(fp_db_int(u.store, &n, NULL, sql, FP_NOVALS), FP_OK);
	return n;
}

TestSuite(ui_packages, .timeout = 60);

/* ---- what is not there, and what is refused ---- */

Test(ui_packages, a_project_without_one_says_what_it_is_and_what_to_press_and_a_refusal_says_why)
{
	struct fp_trigger t = {0};
	struct fp_error err;

	ui_open(&u, ui_home_small(), 24, 200, NULL);
	ui_do(&u, ":packages \"orchard \xc3\xa4pfel\"");
	SHOWS("There is no package yet");
	SHOWS("In a project, a makes one.");
	cr_assert_eq(fp_queue_trigger(u.store, &t, "be000000-0000-4000-8000-000000000002", FP_JOB_PACKAGE, "manual", "tester", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(t.job_id, 0);
	ui_do(&u, "a");
	SHOWS("Make a package");
	ui_do(&u, "jj<Enter>");
	SHOWS(t.sentence);
	ui_do(&u, ":make-package roads");
	cr_expect_eq(number("SELECT count(*) FROM job WHERE type = 'package'"), 0);
	ui_do(&u, "D");
	SHOWS("There is no package here");
	ui_close(&u);
}

Test(ui_packages, a_package_that_was_never_made_or_is_gone_is_not_opened)
{
	open_packages(24, 100);
	ui_do(&u, ":package");
	SHOWS("Which package?");
	ui_do(&u, ":package 7");
	SHOWS("job 7 is failed and has published no package");
	ui_do(&u, ":package 99");
	SHOWS("99");
	ui_do(&u, ":package 1");
	SHOWS("has no package 1");
	ui_do(&u, ":package-layer 8");
	SHOWS("Which layer?");
	ui_do(&u, ":package-layer 8 trees_1a2b3c");
	SHOWS("Which layer?"); /* no project is open */
	ui_do(&u, ":packages bees");
	ui_do(&u, ":package-layer 8 nothing like that");
	SHOWS("package 8 has no layer nothing like that");
	ui_do(&u, "gD");
	SHOWS("package 6, then package 8");
	ui_do(&u, "<Esc><Enter>:compare 5<Enter>");
	SHOWS("Package 8 of bees"); /* still: job 5 made no package */
	ui_do(&u, ":compare x");
	SHOWS("Which package?");
	ui_close(&u);
}

Test(ui_packages, a_package_that_is_removed_while_it_is_shown_says_so_and_the_list_goes_on)
{
	open_packages(24, 100);
	ui_do(&u, ":packages bees");
	ui_do(&u, "j<Enter>");
	SHOWS("get a newer one");
	ui_home_run(u.store, "DELETE FROM package WHERE job_id = 6");
	ui_tick(&u);
	SHOWS("package 6 was removed");
	ui_do(&u, "<Esc>");
	cr_expect_eq(u.c.stack[u.c.depth - 1]->count, 1);
	ui_do(&u, "D");
	SHOWS("No package before this one is kept");
	ui_close(&u);
}

Test(ui_packages, read_only_greys_the_making_and_shows_the_rest)
{
	struct fp_console_options o = { .read_only = 1 };

	ui_open(&u, ui_home_packages(), 24, 100, &o);
	ui_do(&u, ":packages bees");
	ui_do(&u, "a");
	SHOWS("Make a package (read-only)");
	ui_do(&u, "<Esc>:make-package<Enter>");
	SHOWS("The console is read-only");
	ui_do(&u, "<Enter>D");
	SHOWS("package 6, then package 8");
	cr_expect_eq(number("SELECT count(*) FROM job WHERE type = 'package'"), 4);
	ui_close(&u);
}

/* ---- the list ---- */

Test(ui_packages, the_newest_is_first_and_says_how_fresh_it_is)
{
	open_packages(24, 120);
	ui_do(&u, ":packages bees");
	ROW("11-23 10:00");
	ROW("1,237");
	ROW("3 changes in 2 layers since");
	ui_home_run(u.store, "UPDATE job_layer SET applied = 12 WHERE layer_id = 'paths_777777'");
	ui_home_run(u.store, "UPDATE change SET msg = 'x' WHERE id = 1"); /* changes come with their rows */
	ui_tick(&u);
	SHOWS("14 changes in 2 layers since");
	ui_do(&u, "j");
	ROW("11-22 06:00");
	ui_do(&u, ":sort features");
	ui_do(&u, "S<Home>");
	ROW("1,201");
	ui_do(&u, ":filter removed");
	SHOWS("1 of 2");
	ui_close(&u);
}

Test(ui_packages, a_file_that_somebody_brought_makes_it_stale_and_nothing_since_makes_it_current)
{
	open_packages(24, 120);
	ui_home_run(u.store, "DELETE FROM job_layer");
	ui_do(&u, ":packages bees");
	ROW("current");
	ui_home_run(u.store, "INSERT INTO file (project_id, name, version, size) VALUES ('" UI_BEES "', 'new.gpkg', 1, 1)");
	ui_tick(&u);
	ROW("1 file since");
	ui_do(&u, "1");
	SHOWS("stale, 1 h ago");
	SHOWS("never");
	ui_close(&u);
}

Test(ui_packages, packages_of_all_projects_name_theirs)
{
	open_packages(24, 120);
	ui_do(&u, "6");
	SHOWS("Project");
	ROW("bees");
	ui_do(&u, "<Enter>");
	SHOWS("Package 8 of bees");
	ui_do(&u, "<Esc>a");
	SHOWS(" bees ");
	ui_close(&u);
}

/* ---- one ---- */

Test(ui_packages, a_package_tells_its_layers_what_was_left_out_and_what_to_know)
{
	open_packages(60, 120);
	ui_do(&u, ":package 8");
	SHOWS("Package 8 of bees: 3 changes in 2 layers since");
	SHOWS("Files     3, 1.3 MB; and 1 attachment, 88");
	SHOWS("Layers    4: 2 offline, 1 online, 1 removed");
	SHOWS("Left out  12 rows");
	SHOWS("The shared data sets of the organisation are not in it. (localized)");
	SHOWS("offline   Trees: 1,204 features in table trees_1a2b3c, key fid");
	SHOWS("11 rows left out: the geometry is no point");
	SHOWS("1 row left out: the key is empty");
	SHOWS("and 1 more: Enter");
	SHOWS_NOT("filter_dropped");
	SHOWS("It has no key, so devices cannot edit it. (no_key)");
	SHOWS("data.gpkg, 1.3 MB");
	SHOWS("ETag    00000000000000000000000000000082-1");
	ui_do(&u, "/filter_dropped<Enter>");
	SHOWS("does not occur here");
	ui_do(&u, "/Trees:<Enter><Enter>");
	SHOWS("Trees in package 8: offline");
	SHOWS("all rows of the table are in it. (filter_dropped)");
	SHOWS("In the project");
	SHOWS("./data.gpkg|layername=trees_1a2b3c");
	ui_do(&u, "<Esc>/Hives<Enter><Enter>");
	SHOWS("removed: it is not in the package");
	SHOWS("File \"data/hives.gpkg\" missing.");
	ui_do(&u, "<Esc>/Made<Enter><Enter>");
	SHOWS("package finished:");
	ui_do(&u, "/what is in it<Enter><Enter>");
	SHOWS("Package 8 of bees");
	ui_close(&u);
}

Test(ui_packages, every_file_of_many_is_found_where_it_stands)
{
	open_packages(24, 100);
	ui_home_run(u.store, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000) INSERT INTO package_file (job_id, name, size, sha256, etag, at, "
		"is_attachment) SELECT 8, printf('files/f-%05d', n), n, printf('%064d', n + 1000), printf('%032d', n), 1, 0 FROM i");
	ui_home_run(u.store, "UPDATE package SET files = files + 5000 WHERE job_id = 8");
	ui_do(&u, ":package 8");
	for (int n = 17; n < 5000; n += 833) {
		char *search = fp_asprintf("/f-%05d<Enter>", n), *name = fp_asprintf("files/f-%05d, ", n);
		char *sha = fp_asprintf("SHA-256 %064d", n + 1000), *etag = fp_asprintf("ETag    %032d", n);
		ui_do(&u, search);
		ROW(name);
		ui_do(&u, "<Down>");
		ROW(sha);
		ui_do(&u, "<PgDn><PgDn><PgUp><PgUp><Down>");
		ROW(etag);
		free(search);
		free(name);
		free(sha);
		free(etag);
	}
	ui_do(&u, "G");
	ROW("ETag    00000000000000000000000000000084-1"); /* attachments are last */
	ui_close(&u);
}

Test(ui_packages, what_is_shown_is_exported_whole)
{
	char folder[] = "/tmp/fieldpost-packages-XXXXXX";
	struct fp_buf text = FP_BUF_INIT;
	char *command;

	cr_assert_not_null(mkdtemp(folder));
	open_packages(24, 80);
	ui_do(&u, ":package 8");
	command = fp_asprintf(":export %s/p.txt", folder);
	ui_do(&u, command);
	cr_assert_eq(fp_fs_read(&text, command + 8, 100000, NULL), FP_OK);
	cr_expect_not_null(strstr(text.data, "0000000082\n"));
	cr_expect_null(strchr(text.data, 0x1B), "a name's escape sequence is written as it is");
	free(command);
	fp_buf_clear(&text);
	ui_do(&u, "<Esc>:packages bees<Enter>");
	command = fp_asprintf(":export %s/p.csv", folder);
	ui_do(&u, command);
	cr_assert_eq(fp_fs_read(&text, command + 8, 100000, NULL), FP_OK);
	cr_expect_not_null(strstr(text.data, "2026-11-23T10:00:01.300+00:00,8,bees,2026-11-23T10:00:00.000+00:00,3,1309123,2,0,1,1237,12,6,"), "%s", text.data);
	free(command);
	fp_buf_free(&text);
	fp_fs_remove_tree(folder, NULL);
	ui_close(&u);
}

Test(ui_packages, five_hundred_layers_are_opened_at_once_and_the_last_one_too)
{
	open_packages(24, 100);
	ui_home_run(u.store, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 500) INSERT INTO package_layer (job_id, layer_id, name, action, \"table\", "
		"features, pk) SELECT 8, 'l ' || n, 'Layer ' || n || char(0x202E), 'offline', 't' || n, n, 'fid' FROM i");
	ui_do(&u, ":package 8");
	ui_do(&u, "/Layer 500<Enter>");
	ROW("500 features in table t500");
	SHOWS_NOT("\xE2\x80\xAE");
	ui_do(&u, "<Enter>");
	SHOWS("Layer 500");
	SHOWS("l 500");
	ui_close(&u);
}

/* ---- out of the home ---- */

/* Package 6 gets the bytes that it says it has: one file. */
static void fill_package(void)
{
	char *folder = fp_asprintf("%s/projects/" UI_BEES "/packages/6", fp_store_home(u.store)), *file = fp_path_join(folder, "data.gpkg"), *sql;
	struct fp_digest d;

	cr_assert_eq(fp_fs_mkdirs(folder, NULL), FP_OK);
	cr_assert_eq(fp_fs_write_atomic(file, "rows", 4, NULL), FP_OK);
	cr_assert_eq(fp_fs_digest(&d, file, NULL), FP_OK);
	ui_home_run(u.store, "DELETE FROM package_file WHERE job_id = 6 AND name <> 'data.gpkg'");
	sql = fp_asprintf("UPDATE package_file SET size = 4, sha256 = '%s' WHERE job_id = 6", d.sha256);
	ui_home_run(u.store, sql);
	free(folder);
	free(file);
	free(sql);
}

static void copy_to(const char *folder, const char *name)
{
	char *command = fp_asprintf(":get %s/%s", folder, name);

	ui_do(&u, command);
	free(command);
}

static int entries(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	int n = 0;

	cr_assert_not_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

Test(ui_packages, a_package_is_copied_out_whole_or_not_at_all_and_can_be_stopped)
{
	char folder[] = "/tmp/fieldpost-get-XXXXXX";

	cr_assert_not_null(mkdtemp(folder));
	open_packages(24, 120);
	fill_package();
	ui_do(&u, ":packages bees");
	copy_to(folder, "one");
	SHOWS("the folder of package 8 cannot be opened");
	ui_do(&u, "jo");
	SHOWS("Copy the package into folder: bees-6");
	ui_do(&u, "<Esc>");
	copy_to(folder, "none/one");
	SHOWS("cannot make folder one in");
	copy_to(fp_store_home(u.store), "one");
	SHOWS("lies in the home");
	cr_expect_eq(entries(folder), 0);
	copy_to(folder, "one");
	SHOWS("package 6: 0 % copied");
	ui_do(&u, "Q");
	SHOWS("A package is being copied out");
	ui_do(&u, "no");
	SHOWS("Package 6 is being copied. Stop that?");
	ui_do(&u, "y");
	SHOWS("nothing was left behind");
	cr_expect_eq(entries(folder), 0);
	copy_to(folder, "one");
	while (u.c.getting.copy)
		fp_console_do(&u.c, fp_get_step(&u.c));
	SHOWS("/one: 1 file, 4 B.");
	copy_to(folder, "one");
	SHOWS("exists and is not empty: name a folder");
	cr_expect_eq(entries(folder), 1);
	cr_expect_eq(fp_fs_remove_tree(folder, NULL), FP_OK);
	ui_close(&u);
}

/* ---- two ---- */

Test(ui_packages, two_packages_show_which_layers_and_files_came_went_and_changed)
{
	open_packages(60, 120);
	ui_do(&u, ":packages bees");
	ui_do(&u, "D");
	SHOWS("bees: package 6, then package 8");
	SHOWS("State of     2026-11-22 06:00:00, then 2026-11-23 10:00:00");
	SHOWS("Features     1,201, then 1,237");
	SHOWS("Left out     0, then 12");
	SHOWS("Layers: 2 added, 1 removed, 1 changed, 1 as before");
	SHOWS("changed    Trees: offline, 1,198, then 1,204 features (+6), left out 0, then 12");
	SHOWS("added      Paths: offline, 33 features");
	SHOWS("removed    Ponds: offline, 3 features");
	SHOWS("Files: 2 added, 1 changed");
	SHOWS("changed    data.gpkg, 1.2 MB, then 1.3 MB");
	SHOWS("added      DCIM/hive.jpg, 88");
	SHOWS_NOT("bees_qfield.qgz");
	ui_do(&u, "/Ponds<Enter><Enter>");
	SHOWS("Ponds in package 6: offline");
	ui_do(&u, "<Esc>/Paths<Enter><Enter>");
	SHOWS("Paths in package 8: offline");
	ui_do(&u, "<Esc><Esc><Enter>:compare 6<Enter>");
	SHOWS("package 6, then package 8");
	ui_close(&u);
}

Test(ui_packages, of_very_many_files_that_differ_the_first_are_shown)
{
	open_packages(24, 100);
	ui_home_run(u.store, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 3000) INSERT INTO package_file (job_id, name, size, sha256, etag, at, "
		"is_attachment) SELECT 8, printf('files/f-%05d', n), n, printf('%064d', n + 1000), printf('%032d', n), 1, 0 FROM i");
	ui_do(&u, ":packages bees");
	ui_do(&u, "DG");
	ROW("and more: fieldpost package compare lists them all");
	ui_do(&u, "/Files:<Enter>");
	ROW("more than 1,0");
	ui_close(&u);
}

/* ---- where it is narrow; the tabs ---- */

Test(ui_packages, on_a_narrow_screen_every_package_view_fits)
{
	static const char *const ways[] = { "", "<Enter>", "G", "/Hives<Enter><Enter>", "<Esc>D", "G" };

	open_packages(15, 40);
	ui_do(&u, ":packages bees");
	ROW("3 changes in 2 layers since");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		ui_do(&u, ways[i]);
		for (int columns = 40; columns < 130; columns += 7) {
			ui_resize(&u, 15, columns);
			cr_expect_not_null(ui_screen(&u));
		}
		ui_resize(&u, 15, 40);
	}
	ui_close(&u);
}

Test(ui_packages, the_line_of_tabs_names_the_open_one_at_any_width_and_a_click_goes_where_it_points)
{
	open_packages(24, 80);
	ui_do(&u, ":packages bees");
	SHOWS("1 Projects 2 Changes 3 Jobs 4 Layers 5 Files 6 Packages 7 Secrets 8 Activity");
	ui_resize(&u, 24, 84);
	SHOWS("1 Projects  2 Changes  3 Jobs  4 Layers  5 Files  6 Packages  7 Secrets  8 Activity");
	ui_resize(&u, 24, 40);
	SHOWS("1 Projects 2 3 4 5 6 Packages 7 8\n");
	for (int columns = 40; columns < 100; columns++) {
		struct fp_click click = { .y = 1, .what = FP_CLICK_LEFT };
		const char *line, *at;
		ui_resize(&u, 24, columns);
		line = strchr(ui_screen(&u), '\n') + 1;
		at = strstr(line, "6 Packages");
		cr_assert_not_null(at, "%d columns: %s", columns, line);
		click.x = (int)(at - line) + 3;
		cr_expect_eq(fp_console_key(&u.c, FP_KEY_MOUSE, &click), FP_DO_PAINT);
		cr_expect_str_eq(u.c.stack[u.c.depth - 1]->ops->name, "packages");
		at = strchr(line, '8');
		click.x = (int)(at - line);
		fp_console_do(&u.c, fp_console_key(&u.c, FP_KEY_MOUSE, &click));
		cr_expect_str_eq(u.c.stack[u.c.depth - 1]->ops->name, "activity", "%d columns", columns);
		ui_do(&u, "6");
	}
	ui_close(&u);
}

Test(ui_packages, an_overview_says_when_it_was_packaged_and_leads_there)
{
	open_packages(24, 80);
	ui_do(&u, ":project roads");
	SHOWS("Packaged     never");
	ui_do(&u, ":project bees");
	SHOWS("Packaged     1 h ago: stale, 3 changes in 2 layers since");
	ui_do(&u, "/Packaged<Enter><Enter>");
	SHOWS("Package 8 of bees");
	ui_close(&u);
}

/* ---- progress ---- */

static void sentence_is(const struct fp_job_row *r, const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_job_sentence(&b, r);
	cr_expect_str_eq(b.data, text);
	fp_buf_free(&b);
}

Test(ui_packages, progress_has_a_rate_and_the_time_left_once_they_mean_something)
{
	struct fp_job_row r = { .status = "started", .step = "", .verdict = "", .started_at = UI_NOW - 500000 };

	setenv("FIELDPOST_NOW_MS", "1795435200000", 1);
	sentence_is(&r, "starting");
	r.step = "Write data.gpkg";
	r.step_started_at = UI_NOW - 1330;
	sentence_is(&r, "Write data.gpkg");
	r.total = 1000000;
	sentence_is(&r, "Write data.gpkg: 0 of 1,000,000");
	r.done = 412000;
	sentence_is(&r, "41 %, 2 s left \xC2\xB7 Write data.gpkg: 412,000 of 1,000,000 \xC2\xB7 309,774/s");
	r.step_started_at = UI_NOW - 900;
	sentence_is(&r, "Write data.gpkg: 412,000 of 1,000,000");
	r.step_started_at = UI_NOW + 5000; /* another machine's clock */
	sentence_is(&r, "Write data.gpkg: 412,000 of 1,000,000");
	r.step_started_at = UI_NOW - 60000;
	r.done = 1000;
	sentence_is(&r, "0 %, 16 h left \xC2\xB7 Write data.gpkg: 1,000 of 1,000,000 \xC2\xB7 16/s");
	r.done = r.total;
	sentence_is(&r, "Write data.gpkg: 1,000,000 of 1,000,000");
	r.total = INT64_MAX;
	r.done = INT64_MAX / 2;
	sentence_is(&r, "50 %, 61 s left \xC2\xB7 Write data.gpkg: 4,611,686,018,427,387,903 of 9,223,372,036,854,775,807 \xC2\xB7 76,861,433,640,456,464/s");
	r.cancel_requested = 1;
	r.total = 0;
	sentence_is(&r, "is being cancelled; Write data.gpkg");
}

Test(ui_packages, a_running_job_shows_its_progress_in_list_and_view_and_can_be_cancelled)
{
	open_packages(24, 120);
	ui_do(&u, ":jobs bees");
	SHOWS("41 %, 2 s left \xC2\xB7 Write data.gpkg: 412,000 of 1,000,000 \xC2\xB7 309,774/s");
	ui_home_run(u.store, "UPDATE job SET done = 824000 WHERE id = 10");
	ui_tick(&u);
	ROW("82 %, 1 s left");
	ui_do(&u, "<Enter>");
	SHOWS("package started: 82 %, 1 s left \xC2\xB7 Write data.gpkg: 824,000 of 1,000,000 \xC2\xB7 619,548/s");
	SHOWS("started   Write data.gpkg, 1.3 s: 824,000 of 1,000,000 \xC2\xB7 619,548/s");
	SHOWS("x cancel");
	SHOWS_NOT("U undo");
	ui_do(&u, "xy");
	SHOWS("is being cancelled");
	cr_expect_eq(number("SELECT cancel_requested FROM job WHERE id = 10"), 1);
	ui_home_run(u.store, "UPDATE job SET status = 'stopped', finished_at = 1795435199000, verdict = 'cancelled by tester',"
		" owner_pid = NULL, owner_start = NULL, owner_boot = NULL WHERE id = 10");
	ui_tick(&u);
	SHOWS("package stopped: cancelled by tester");
	SHOWS("Stopped   2026-11-23");
	SHOWS_NOT("x cancel");
	SHOWS("Devices   get package 8");
	ui_close(&u);
}
