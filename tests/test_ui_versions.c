/* Versions of a file in the console: listed, compared while the screen stays alive, restored after a question. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/question.h"
#include "engine/store/db.h"
#include "tests/ui_home.h"
#include "tests/ui_screen.h"

static struct ui u;

#define SHOWS(text) cr_expect(ui_shows(&u, text), "\"%s\" is not on\n%s", text, ui_screen(&u))
#define SHOWS_NOT(text) cr_expect(!ui_shows(&u, text), "\"%s\" is on\n%s", text, ui_screen(&u))

/* The small home; its data/trees.gpkg has a version before the current one. */
static void open_files(int lines, int columns, const struct fp_console_options *o)
{
	struct fp_store *s = ui_home_small();
	char *path = fp_path_join(fp_store_home(s), "projects/x/old");

	cr_assert_eq(fp_fs_write_atomic(path, "older", 5, NULL), FP_OK);
	free(path);
	ui_home_run(s, "INSERT INTO file_version (file_id, version, size, sha256, md5, at, by, path)"
		" SELECT id, 4, 5, printf('%064d', 99), printf('%032d', 99), 1795000000000, 'anna', 'projects/x/old' FROM file WHERE name = 'data/trees.gpkg'");
	ui_open(&u, s, lines, columns, o);
	ui_do(&u, ":files bees");
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	cr_assert_eq(fp_db_int(u.store, &n, NULL, sql, FP_NOVALS), FP_OK);
	return n;
}

TestSuite(ui_versions, .timeout = 60);

Test(ui_versions, a_first_version_has_none_before_it_and_bytes_that_are_gone_are_named)
{
	open_files(24, 80, NULL);
	ui_do(&u, "j<Enter>G<Enter>");
	SHOWS("is the first one");
	SHOWS("5  "); /* still the list */
	ui_home_run(u.store, "UPDATE file_version SET path = 'projects/x/none' WHERE version = 4");
	ui_do(&u, "gD");
	SHOWS("none");
	ui_close(&u);
}

Test(ui_versions, the_versions_of_a_file_are_listed_and_one_is_compared_with_the_one_before)
{
	open_files(24, 80, NULL);
	ui_do(&u, "j<Enter>");
	SHOWS("current");
	SHOWS("anna");
	ui_do(&u, "<Enter>");
	SHOWS("version 4, then version 5");
	SHOWS("species          oak -> elm ");
	SHOWS("moved by 2");
	SHOWS("features: 40, then 40; added 0, removed 0, changed 1");
	SHOWS_NOT("Comparing");
	ui_do(&u, "<Esc>");
	SHOWS("current");
	ui_do(&u, "D<Esc><Esc>");
	SHOWS("data/trees.gpkg");
	ui_close(&u);
}

Test(ui_versions, on_a_narrow_screen_nothing_is_wider_than_it)
{
	open_files(15, 40, NULL);
	ui_do(&u, "j<Enter>");
	SHOWS("anna");
	ui_do(&u, "D");
	SHOWS("species");
	SHOWS("oak -> elm");
	ui_close(&u);
}

Test(ui_versions, an_older_version_is_restored_after_yes_and_its_job_is_named)
{
	open_files(24, 80, NULL);
	ui_do(&u, "j<Enter>r");
	SHOWS("is the current one already");
	ui_do(&u, "jrn");
	cr_expect_eq(number("SELECT max(version) FROM file_version"), 5);
	ui_do(&u, "ry");
	SHOWS("Version 4 is current again, as version 6");
	cr_expect_eq(number("SELECT version FROM file WHERE name = 'data/trees.gpkg'"), 6);
	cr_expect_eq(number("SELECT count(*) FROM job WHERE status = 'pending' AND trigger = 'restore'"), 1);
	ui_do(&u, "ga");
	SHOWS("What differs");
	SHOWS("it is");
	ui_close(&u);
}

Test(ui_versions, read_only_compares_and_does_not_restore)
{
	open_files(24, 80, &(struct fp_console_options){.read_only = 1});
	ui_do(&u, "j<Enter>jr");
	SHOWS("read-only");
	ui_do(&u, "k<Enter>");
	SHOWS("oak -> elm");
	SHOWS_NOT("\033");
	ui_close(&u);
}

Test(ui_versions, leaving_while_it_is_compared_ends_the_worker)
{
	char *work;

	open_files(24, 80, NULL);
	ui_do(&u, "j<Enter>");
	fp_console_do(&u.c, fp_console_key(&u.c, 'D', NULL)); /* and no answer is waited for */
	SHOWS("Comparing...");
	work = fp_strdup(fp_question_work(fp_console_question(&u.c)));
	cr_expect_eq(access(work, F_OK), 0);
	ui_do(&u, "<Esc>");
	SHOWS("current");
	cr_expect_neq(access(work, F_OK), 0);
	free(work);
	ui_close(&u);
}
