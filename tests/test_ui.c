/* The console's views and flows, in memory, on real stores. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/store/changes.h"
#include "engine/store/db.h"
#include "engine/store/jobs.h"
#include "tests/ui_home.h"
#include "tests/ui_screen.h"
#include "ui/actions.h"
#include "ui/keys.h"

TestSuite(ui, .timeout = 60);

static struct ui u;

static void open_small(int lines, int columns)
{
	ui_open(&u, ui_home_small(), lines, columns, NULL);
}

static int64_t number(const char *sql)
{
	int64_t n = -1;
	struct fp_error err;

	cr_assert_eq(fp_db_int(u.store, &n, &err, sql, FP_NOVALS), FP_OK, "%s", err.msg);
	return n;
}

#define SHOWS(text) cr_expect(ui_shows(&u, (text)), "not on the screen: %s", (text))
#define HIDES(text) cr_expect_null(strstr(ui_screen(&u), (text)), "on the screen: %s", (text))
#define ROW(text) cr_expect_not_null(strstr(ui_row(&u), (text)), "the cursor's row is: %s", ui_row(&u))

/* ---- the table of actions ---- */

Test(ui, no_key_means_two_things_in_one_place)
{
	for (const struct fp_act *a = fp_acts; a->name; a++)
		for (const struct fp_act *b = a + 1; b->name; b++)
			for (const char *keys = a->keys; *keys;) {
				int key = fp_key_next(&keys);
				keys += strspn(keys, " ");
				cr_expect(!((a->where & b->where) && fp_key_in(b->keys, key)), "%s and %s share a key", a->name, b->name);
			}
}

Test(ui, every_action_has_a_name_a_help_and_keys_that_exist)
{
	for (const struct fp_act *a = fp_acts; a->name; a++) {
		cr_expect(a->help && *a->help, "%s has no help", a->name);
		cr_expect_not_null(a->run);
		for (const char *keys = a->keys; *keys; keys += strspn(keys, " "))
			cr_assert_neq(fp_key_next(&keys), FP_KEY_NONE, "%s names a key that there is not", a->name);
	}
}

/* ---- views ---- */

Test(ui, projects_are_listed_with_status_and_counters)
{
	open_small(24, 80);
	SHOWS("Name            Status Problems Pending Conflict Failed Last job");
	SHOWS(" bees            ok            2       2        1      1 pending");
	SHOWS("orchard \xc3\xa4pfel");
	SHOWS("1 of 3");
	ui_close(&u);
}

Test(ui, an_empty_home_says_why_and_what_to_do)
{
	ui_open(&u, ui_home_empty(), 24, 80, NULL);
	SHOWS("This home has no project yet. Make one");
	SHOWS("fieldpost project create");
	ui_do(&u, "2");
	SHOWS("No change was pushed yet.");
	ui_do(&u, "3");
	SHOWS("There is no job yet.");
	ui_do(&u, "4");
	SHOWS("No layer was checked yet.");
	ui_do(&u, "jjGgk<Enter>a");
	ui_close(&u);
}

Test(ui, enter_opens_and_escape_goes_back_along_the_breadcrumb)
{
	open_small(24, 80);
	ui_do(&u, "<Enter>");
	SHOWS("Projects \xe2\x80\xba bees");
	SHOWS("bees, Wild bees 2026: ok");
	ui_do(&u, "2");
	SHOWS("Projects \xe2\x80\xba bees \xe2\x80\xba Changes");
	ui_do(&u, "j<Enter>");
	SHOWS("Change c0000000");
	ui_do(&u, "<Esc>");
	ROW("211");
	ui_do(&u, "<Esc><Esc>");
	SHOWS("1 of 3");
	ui_close(&u);
}

Test(ui, check_project_layers_has_its_six_columns)
{
	open_small(24, 120);
	ui_do(&u, ":layers bees");
	SHOWS("Layer Name");
	SHOWS("Layer Id");
	SHOWS("Is Valid");
	SHOWS("Status");
	SHOWS("Error Summary");
	SHOWS("Provider Summary");
	SHOWS("File \"data/hives.gpkg\"");
	ui_do(&u, "<Enter>");
	SHOWS("Next step        Put it");
	SHOWS("Warnings         the layer has no CRS");
	ui_close(&u);
}

Test(ui, layers_say_what_changed_where_there_are_80_columns)
{
	open_small(24, 80);
	ui_do(&u, ":layers bees");
	SHOWS("Changed");
	ROW("broke");
	ui_do(&u, "/changed:new<Enter>");
	SHOWS("1 of 4");
	ROW("new");
	ui_do(&u, "<Esc>:layers");
	SHOWS("Changed");
	ui_resize(&u, 24, 60);
	HIDES("Is Valid");
	SHOWS("Status");
	ui_close(&u);
}

Test(ui, a_layer_tells_its_history_and_when_it_was_gone)
{
	open_small(60, 100);
	ui_home_run(u.store, "INSERT INTO job (id, project_id, type, status, \"trigger\", created_by, created_at, touched_at, queued_at, started_at, finished_at, verdict) "
		"SELECT 10 + n, '" UI_BEES "', 'process_projectfile', 'finished', 'manual', 'anna', 1, 1, 1, 1, 1795000000000 + n * 86400000, 'v' FROM "
		"(SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)");
	ui_home_run(u.store, "INSERT INTO check_run SELECT id, project_id, finished_at, NULL, 0, 0, 0, 0, 0 FROM job WHERE id > 10");
	ui_home_run(u.store, "INSERT INTO verdict (project_id, layer_id, first_job, last_job, name, status, is_valid, cause, owner, sentence, detail, remedy) VALUES "
		"('" UI_BEES "', 'hives_4d5e6f', 11, 11, 'Hives', 'invalid_layer', 0, '', '', 'It was odd.', '', '')");
	ui_home_run(u.store, "UPDATE layer SET since_job = 14, since = 1795345600000 WHERE layer_id = 'hives_4d5e6f'");
	ui_do(&u, ":project bees");
	ui_do(&u, ":layer hives_4d5e6f");
	SHOWS("Changed          broke");
	SHOWS("before that ok");
	SHOWS("job 14: invalid_dataprovider. File \"data/hives.gpkg\" missing.");
	SHOWS("job 12: gone");
	SHOWS("job 11: invalid_layer. It was odd.");
	ui_do(&u, "/job 11<Enter><Enter>");
	SHOWS("Job 11");
	ui_close(&u);
}

Test(ui, the_overview_says_a_remedy_once_and_the_first_five_of_many_layers)
{
	open_small(60, 100);
	ui_home_run(u.store, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 7) INSERT INTO layer (project_id, layer_id, name, type, provider, crs, "
		"datasource, is_valid, status, error_summary, provider_summary, confidence, detail, remedy, pk, filename, warnings, json, since_job, since, cause, owner, sentence) "
		"SELECT '" UI_BEES "', 'db_' || n, 'Table ' || n, 'vector', 'postgres', '', '', 0, 'invalid_dataprovider', '', '', '', '', 'Ask for the service.', '', '', '[]', '{}', "
		"1, 1, 'no-service', 'database administrator', 'No service ' || n FROM i");
	ui_do(&u, ":project bees");
	SHOWS("Since the check of 2026-11-22 10:00:00: 1 broke, 1 new");
	SHOWS("7 layers: invalid_dataprovider (no-service). Whose job: database administrator");
	SHOWS("Table 5: No service 5");
	HIDES("Table 6");
	SHOWS("and 2 more: Enter");
	cr_expect_null(strstr(strstr(ui_screen(&u), "Ask for the service.") + 1, "Ask for the service."));
	ui_do(&u, "/and 2 more<Enter><Enter>");
	SHOWS("7 of 11");
	SHOWS("cause:no-service");
	ui_close(&u);
}

Test(ui, problems_are_groups_that_open_their_layers)
{
	open_small(24, 80);
	ui_do(&u, "9");
	SHOWS("Projects › Problems");
	ROW("File \"data/hives.gpkg\"");
	ui_do(&u, "<Enter>");
	SHOWS("Problems › Layers");
	SHOWS("1 of 4");
	ROW("Hives");
	ui_do(&u, "<Esc><Esc>");
	ROW("File \"data/hives.gpkg\"");
	ui_do(&u, "/valid:false name:paths<Enter>");
	SHOWS("1 of 3");
	ROW("pathz");
	ui_do(&u, ":problems roads");
	SHOWS("There is no problem");
	ui_close(&u);
}

Test(ui, a_job_shows_verdict_steps_log_and_memory)
{
	open_small(40, 80);
	ui_do(&u, ":job 2");
	SHOWS("delta_apply failed: step apply: the worker was killed by signal 9");
	SHOWS("raise worker_memory_mb");
	SHOWS("peak memory 4.3 GB");
	SHOWS("failed    Apply deltas, 65 s: killed by signal 9");
	ui_do(&u, ":job 1");
	SHOWS("WARNING line 20 of the log");
	ui_do(&u, "G");
	SHOWS("line 60 of the log");
	ui_close(&u);
}

Test(ui, a_change_shows_old_requested_attempts_and_what_came)
{
	open_small(60, 80);
	ui_do(&u, ":change c0000000-0000-4000-8000-000000000009");
	SHOWS("Status    conflict: species was \"oak\"");
	SHOWS("old       \"oak\"");
	SHOWS("requested \"beech\"");
	SHOWS("height (unchanged)");
	SHOWS("Point (1 3)");
	SHOWS("conflicts: [\"species\"]");
	SHOWS("\"method\": \"patch\"");
	ui_close(&u);
}

Test(ui, a_line_that_leads_somewhere_is_opened_by_enter)
{
	open_small(40, 80);
	ui_do(&u, "<Enter>/Hives<Enter><Enter>");
	SHOWS("Hives: invalid_dataprovider");
	ui_do(&u, "<Esc>/  conflict<Enter><Enter>");
	SHOWS("1 of 12  filter: status:conflict");
	ui_close(&u);
}

/* ---- rows that move ---- */

Test(ui, the_cursor_stays_on_its_item_when_rows_arrive_and_go)
{
	open_small(24, 80);
	ui_do(&u, ":changes bees -status:ignored");
	ui_do(&u, "jjj");
	ROW("conflict");
	ui_home_run(u.store, "INSERT INTO change (project_id, deltafile_id, uuid, wanted_by, method, layer_id, local_layer_id, layer_name, local_pk, source_pk, client_id, "
		"created_by, created_at, updated_at) VALUES ('" UI_BEES "', 1, 'c0000000-0000-4000-8000-000000000099', 'x', 'create', 'trees', 'trees', 'Newcomer', '1', '', 'x', "
		"'field-9', 1795435100000, 1)");
	ui_tick(&u);
	SHOWS("Newcomer");
	ROW("conflict");
	SHOWS("13 of 13");
	ui_home_run(u.store, "UPDATE change SET status = 'ignored' WHERE id IN (11, 12)");
	ui_tick(&u);
	ROW("conflict");
	SHOWS("11 of 13");
	ui_close(&u);
}

Test(ui, a_paused_list_stands_still_until_it_goes_on)
{
	open_small(24, 80);
	ui_do(&u, ":jobs");
	ui_do(&u, "p");
	SHOWS("PAUSED");
	ui_home_run(u.store, "DELETE FROM job WHERE id = 5");
	ui_tick(&u);
	SHOWS("1 of 5");
	ui_do(&u, "p");
	SHOWS("1 of 4");
	ui_close(&u);
}

Test(ui, a_log_is_followed_as_it_grows)
{
	open_small(24, 80);
	ui_home_run(u.store, "UPDATE job SET status = 'started', queued_at = 1, started_at = 1795435190000, owner_pid = 1, owner_start = 1, owner_boot = 'x' WHERE id = 5");
	ui_do(&u, ":job 5");
	SHOWS("following");
	ui_home_run(u.store, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 900) INSERT INTO job_log (job_id, seq, at, level, step, text) "
		"SELECT 5, n, 1795435195000, 'info', 'apply', 'delta ' || n FROM i");
	ui_tick(&u);
	SHOWS("delta 900");
	ROW("delta 900");
	ui_do(&u, "k");
	HIDES("following");
	ui_do(&u, "g");
	SHOWS("runs for");
	ui_close(&u);
}

/* ---- filter, search, marks, order ---- */

Test(ui, a_filter_counts_what_it_shows_and_escape_clears_it)
{
	open_small(24, 80);
	ui_do(&u, ":changes");
	ui_do(&u, "/status:applied<Enter>");
	SHOWS("8 of 12  filter: status:applied");
	HIDES("not_applied");
	ROW("applied");
	ui_do(&u, "<Esc>");
	SHOWS("5 of 12");
	SHOWS("not_applied");
	ui_do(&u, "/status:nonsense<Enter>");
	SHOWS("nonsense");
	SHOWS("not_applied");
	ui_close(&u);
}

Test(ui, escape_while_a_filter_is_typed_brings_the_old_one_back)
{
	open_small(24, 80);
	ui_do(&u, ":changes");
	ui_do(&u, "/status:conflict<Enter>/<C-u>status:pending");
	SHOWS("pending");
	ui_do(&u, "<Esc>");
	SHOWS("1 of 12  filter: status:conflict");
	ui_close(&u);
}

Test(ui, tab_completes_filters_and_commands)
{
	open_small(24, 80);
	ui_do(&u, ":");
	ui_do(&u, "chang<Tab>be<Tab>status:conflict<Enter>");
	SHOWS("1 of 12  filter: status:conflict");
	ui_do(&u, "<Esc>/status:app<Tab><Enter>");
	SHOWS("8 of 12  filter: status:applied");
	ui_close(&u);
}

Test(ui, marks_outlive_a_filter_and_say_how_many_it_hides)
{
	open_small(24, 80);
	ui_do(&u, ":changes");
	ui_do(&u, "<Space><Space><Space>");
	SHOWS("3 marked");
	ui_do(&u, "/status:pending<Enter>");
	SHOWS("3 marked (1 hidden by the filter)");
	ui_do(&u, "<Esc>u");
	HIDES("marked");
	ui_do(&u, "gvjjjv");
	SHOWS("4 marked");
	ui_do(&u, "u*");
	SHOWS("12 marked");
	ui_close(&u);
}

Test(ui, sorting_keeps_the_cursor_on_its_item_and_shows_its_column)
{
	open_small(24, 80);
	ui_do(&u, ":jobs");
	ui_do(&u, "G");
	ROW("process_projec");
	ui_do(&u, ":sort took");
	ROW("1.2 s");
	SHOWS("Took");
	ui_do(&u, "S");
	ROW("1.2 s");
	ui_do(&u, "s<Esc>");
	ui_do(&u, ":sort nonsense");
	SHOWS("There is no sorting by \"nonsense\"");
	ui_close(&u);
}

Test(ui, a_search_goes_from_match_to_match_and_round)
{
	open_small(24, 80);
	ui_do(&u, ":job 1");
	ui_do(&u, "/LINE 3<Enter>");
	ROW("line 3 of");
	ui_do(&u, "n");
	ROW("line 30 of");
	ui_do(&u, "NN");
	ROW("line 39 of");
	ui_do(&u, "/nowhere<Enter>");
	SHOWS("\"nowhere\" does not occur here.");
	ui_close(&u);
}

/* ---- re-apply ---- */

Test(ui, a_staged_action_is_shown_and_written_only_after_yes)
{
	open_small(24, 80);
	ui_do(&u, ":changes bees");
	ui_do(&u, "jjja<Down><Enter>");
	ROW("re-apply");
	SHOWS("1 staged");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending'"), 2);
	ui_do(&u, "w");
	SHOWS("1 will be done in original order, 0 will not. Do it? [y/N]");
	ui_do(&u, "<Enter>");
	SHOWS("Nothing was done.");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending'"), 2);
	ui_do(&u, "wy");
	SHOWS("1 saved.");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending' AND action = 're-apply' AND wanted_by = 'tester'"), 1);
	HIDES("staged");
	ui_close(&u);
}

Test(ui, enter_on_the_action_cell_opens_the_menu)
{
	open_small(24, 80);
	ui_do(&u, ":changes bees");
	ui_do(&u, "jjj<Right><Right><Right><Right><Right><Right><Right><Enter>");
	SHOWS("Re-apply this and newer");
	ui_do(&u, "<Down><Down><Enter>");
	SHOWS("4 staged");
	ui_do(&u, "z");
	HIDES("staged, w");
	ui_close(&u);
}

Test(ui, what_was_applied_is_not_applied_again_and_the_menu_says_so)
{
	open_small(24, 80);
	ui_do(&u, ":changes bees");
	ui_do(&u, "Ga");
	SHOWS("Re-apply (already applied in job 3)");
	ui_do(&u, "<Home><Down><Enter>");
	SHOWS("not now");
	cr_expect_eq(u.c.staging.n, 0);
	ui_close(&u);
}

Test(ui, this_and_newer_shows_what_will_not_be_done_and_why)
{
	open_small(30, 100);
	ui_do(&u, ":changes bees");
	ui_do(&u, "G");
	ui_do(&u, "a<Enter>"); /* the first entry that can be chosen */
	SHOWS("12 staged");
	ui_do(&u, "w");
	SHOWS("4 will be done in original order, 8 will not");
	SHOWS("already applied in job 3");
	ui_do(&u, "<Down><Down>y");
	SHOWS("4 saved.");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending'"), 4);
	ui_close(&u);
}

Test(ui, more_than_fifty_writes_want_the_number_typed)
{
	ui_open(&u, ui_home_big(100, 1), 24, 80, NULL);
	ui_home_run(u.store, "UPDATE change SET status = 'error' WHERE status = 'applied'");
	ui_do(&u, ":changes");
	ui_do(&u, "*a<Down><Enter>");
	SHOWS("100 staged");
	ui_do(&u, "wy");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending'"), 10);
	ui_do(&u, "99<Enter>");
	SHOWS("That is not the number");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending'"), 10);
	ui_do(&u, "100<Enter>");
	SHOWS("100 saved.");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE status = 'pending'"), 100);
	ui_close(&u);
}

Test(ui, a_plan_that_moved_since_it_was_shown_is_not_saved)
{
	open_small(24, 80);
	ui_do(&u, ":changes bees");
	ui_do(&u, "jjja<Down><Enter>w");
	SHOWS("1 will be done");
	ui_home_run(u.store, "UPDATE change SET status = 'error', updated_at = 1 WHERE id = 9");
	ui_do(&u, "y");
	SHOWS("was conflict when the plan was made");
	SHOWS("w asks again");
	cr_expect_eq(number("SELECT count(*) FROM change WHERE id = 9 AND status = 'error'"), 1);
	ui_close(&u);
}

/* ---- what writes, and what does not ---- */

Test(ui, read_only_shows_its_badge_and_writes_nothing)
{
	ui_open(&u, ui_home_small(), 24, 80, &(struct fp_console_options){ .read_only = 1 });
	SHOWS("READ-ONLY");
	ui_do(&u, ":jobs");
	ui_do(&u, "x");
	SHOWS("The console is read-only: cancel is off.");
	ui_do(&u, "a");
	SHOWS("Cancel (read-only)");
	ui_do(&u, "<Esc>");
	ui_do(&u, ":check bees");
	SHOWS("read-only");
	cr_expect_eq(number("SELECT count(*) FROM job"), 5);
	ui_close(&u);
}

Test(ui, cancelling_a_job_asks_and_then_does_it)
{
	open_small(24, 80);
	ui_do(&u, ":jobs");
	ui_do(&u, "x");
	SHOWS("Cancel job 5 (delta_apply of bees)?");
	ui_do(&u, "n");
	cr_expect_eq(number("SELECT count(*) FROM job WHERE status = 'stopped'"), 0);
	ui_do(&u, "xy");
	cr_expect_eq(number("SELECT count(*) FROM job WHERE status = 'stopped'"), 1);
	ui_do(&u, "x");
	SHOWS("has ended: there is nothing to cancel");
	ui_close(&u);
}

Test(ui, a_refused_wish_is_a_sentence)
{
	open_small(24, 80);
	ui_do(&u, ":check \"orchard \xc3\xa4pfel\"");
	ui_do(&u, ":check orchard \xc3\xa4pfel");
	SHOWS("No .qgs or .qgz file has been uploaded to this project yet.");
	ui_do(&u, ":check bees");
	SHOWS("waits for its turn");
	cr_expect_eq(number("SELECT count(*) FROM job WHERE type = 'process_projectfile' AND status = 'pending'"), 1);
	ui_close(&u);
}

Test(ui, what_does_not_exist_is_said_and_nothing_opens)
{
	open_small(24, 80);
	ui_do(&u, ":job 999");
	SHOWS("there is no job 999.");
	ui_do(&u, ":change nonsense");
	SHOWS("nonsense");
	ui_do(&u, ":frobnicate");
	SHOWS("There is no command :frobnicate");
	ui_do(&u, ":files");
	SHOWS("files belong to a project");
	ui_do(&u, ":project nobody");
	SHOWS("nobody");
	cr_expect_eq(u.c.depth, 1);
	ui_close(&u);
}

/* ---- what comes from outside ---- */

Test(ui, hostile_text_is_shown_as_marks)
{
	open_small(24, 80);
	ui_home_run(u.store, "UPDATE project SET name = char(27) || '[31m' || char(155) || char(8238) || 'evil' || char(7) || char(10) WHERE id = '" UI_BEES "'");
	ui_tick(&u);
	SHOWS("\xe2\x90\x9b[31m\xef\xbf\xbd\xef\xbf\xbd" "evil\xe2\x90\x87");
	ui_do(&u, "<Enter>");
	ui_do(&u, "2");
	for (const char *p = ui_screen(&u); *p; p++)
		cr_expect(*p == '\n' || (unsigned char)*p >= 0x20);
	ui_close(&u);
}

Test(ui, ascii_means_ascii)
{
	ui_open(&u, ui_home_small(), 24, 80, &(struct fp_console_options){ .ascii = 1 });
	SHOWS("orchard ?pfel");
	ui_do(&u, ":changes bees");
	ui_do(&u, "a");
	SHOWS("+- Trees 212 -");
	SHOWS("Projects > bees > Changes");
	for (const char *p = ui_screen(&u); *p; p++)
		cr_expect((unsigned char)*p < 0x7F);
	ui_close(&u);
}

Test(ui, wide_and_combining_characters_keep_the_columns_in_line)
{
	open_small(24, 80);
	ui_home_run(u.store, "UPDATE project SET name = '\xe6\xa3\xae\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97' WHERE name = 'roads'");
	ui_tick(&u);
	SHOWS("\xe6\xa3\xae\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe6\x9e\x97\xe2\x80\xa6 failed");
	ui_close(&u);
}

/* ---- places of all sizes ---- */

Test(ui, narrow_screens_lose_columns_in_their_order_and_tiny_ones_say_so)
{
	open_small(24, 80);
	ui_do(&u, ":changes bees");
	ui_resize(&u, 10, 40);
	SHOWS("Layer");
	SHOWS("Status");
	SHOWS("Action");
	HIDES("Who");
	ui_resize(&u, 9, 39);
	SHOWS("Fieldpost needs 40 columns and 10");
	ui_do(&u, "jj");
	ui_resize(&u, 24, 80);
	ROW("not_applied");
	ui_close(&u);
}

Test(ui, any_size_can_be_drawn_in_every_view)
{
	static const char *const places[] = {
		":projects", ":project bees", ":changes bees", ":changes", ":jobs", ":jobs bees", ":layers", ":layers bees", ":problems", ":problems bees", ":files bees", ":activity",
		":job 2", ":change c0000000-0000-4000-8000-000000000009", ":help",
	};
	static const int sizes[][2] = { { 1, 1 }, { 3, 200 }, { 200, 3 }, { 10, 40 }, { 12, 57 }, { 24, 80 }, { 61, 231 } };

	open_small(24, 80);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		ui_do(&u, places[i]);
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			ui_resize(&u, sizes[k][0], sizes[k][1]);
			ui_do(&u, "Gga");
			ui_do(&u, "<Esc>:<Esc>");
		}
		ui_resize(&u, 24, 80);
	}
	ui_close(&u);
}

Test(ui, help_lists_only_what_is_valid_here)
{
	open_small(60, 100);
	ui_do(&u, ":activity");
	ui_do(&u, "?");
	SHOWS("Filter the list");
	HIDES("Save all staged actions");
	HIDES("Cancel the job");
	ui_do(&u, "?");
	ui_do(&u, ":changes");
	ui_do(&u, "?");
	SHOWS("Save all staged actions");
	ui_close(&u);
}

/* ---- large homes ---- */

Test(ui, only_a_few_screens_of_a_large_list_are_held)
{
	struct fp_view *v;
	size_t cap;

	ui_open(&u, ui_home_big(3000, 10), 24, 80, NULL);
	ui_do(&u, ":changes");
	v = fp_top(&u.c);
	SHOWS("1 of 3,000");
	cr_expect_leq(v->window.n, 3 * 24);
	ui_do(&u, "G");
	SHOWS("3,000 of 3,000");
	ROW("field-1"); /* the first that came: number 1 */
	ui_do(&u, "k");
	ROW("field-2");
	for (int i = 0; i < 40; i++)
		ui_do(&u, "<PgUp>");
	cap = v->window.text.cap;
	for (int i = 0; i < 100; i++)
		ui_do(&u, "<PgUp>");
	cr_expect_leq(v->window.text.cap, cap * 2);
	cr_expect_leq(v->window.n, 3 * 24);
	ui_close(&u);
}

/* ---- taking it elsewhere ---- */

Test(ui, export_writes_what_the_filter_shows_and_never_over_a_file)
{
	char folder[] = "/tmp/fieldpost-export-XXXXXX", line[200];
	struct fp_buf text = FP_BUF_INIT;

	cr_assert_not_null(mkdtemp(folder));
	open_small(24, 80);
	ui_do(&u, ":changes bees status:conflict");
	snprintf(line, sizeof line, ":export %s/c.csv", folder);
	ui_do(&u, line);
	SHOWS("Wrote 1 row ");
	ui_do(&u, line);
	SHOWS("exists already");
	snprintf(line, sizeof line, "%s/c.csv", folder);
	cr_assert_eq(fp_fs_read(&text, line, 100000, NULL), FP_OK);
	cr_expect_not_null(strstr(text.data, "created_at,project,created_by"));
	cr_expect_not_null(strstr(text.data, "\"species was \"\"oak\"\" when the device saw it, now it is \"\"ash\"\"\""));
	snprintf(line, sizeof line, ":export %s/c.json", folder);
	ui_do(&u, line);
	snprintf(line, sizeof line, "%s/c.json", folder);
	fp_buf_clear(&text);
	cr_assert_eq(fp_fs_read(&text, line, 100000, NULL), FP_OK);
	cr_expect_not_null(strstr(text.data, "\"status\": \"conflict\""));
	ui_do(&u, ":export nonsense");
	SHOWS("has to end in .json, .csv or .txt");
	fp_buf_free(&text);
	fp_fs_remove_tree(folder, NULL);
	ui_close(&u);
}

Test(ui, any_keys_in_any_order_are_survived)
{
	static const int keys[] = {
		'j', 'k', 'g', 'G', 'h', 'l', FP_KEY_ENTER, FP_KEY_ENTER, FP_KEY_ESC, 'q', 'n', 'N', ' ', 'v', '*', 'u', 's', 'S', 'a', 'a', 'w', 'z', 'x', 'y', 'e', 'R',
		'F', 'p', '?', ':', '/', '1', '2', '3', '4', '5', '6', '8', FP_KEY_TAB, FP_KEY_BACKTAB, FP_KEY_PGDN, FP_KEY_PGUP, FP_KEY_HOME, FP_KEY_END,
		FP_KEY_LEFT, FP_KEY_RIGHT, FP_KEY_UP, FP_KEY_DOWN, FP_KEY_BACKSPACE, FP_KEY_DELETE, 0xE4, 0x1F41D, 't', 'r', 'e', 'o', '5', '0', ':', FP_KEY_OTHER,
	};
	char folder[] = "/tmp/fieldpost-keys-XXXXXX";
	unsigned seed = 20261123;

	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0); /* what is exported lands here */
	open_small(24, 80);
	for (int i = 0; i < 20000; i++) {
		unsigned todo = fp_console_key(&u.c, keys[(seed >> 16) % (sizeof keys / sizeof *keys)], NULL);
		seed = seed * 1103515245 + 12345;
		fp_console_do(&u.c, todo & ~(unsigned)FP_DO_QUIT);
		if (i % 500 == 0)
			ui_resize(&u, 5 + (int)(seed >> 20) % 60, 20 + (int)(seed >> 8) % 200);
		if (i % 97 == 0)
			ui_tick(&u);
	}
	cr_assert_eq(chdir("/"), 0);
	fp_fs_remove_tree(folder, NULL);
	ui_close(&u);
}
