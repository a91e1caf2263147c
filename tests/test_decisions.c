/* What people do about changes, the whole way with the real worker and the real console: undo, decide, direct, look back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

TestSuite(decisions, .timeout = 100);

#define CONFLICT "73f778aa-f6fa-4db8-a56a-bd72fb710734" /* tree 12: the device saw an ash become an elm, there was an oak */
#define HEDGE "09208a65-0f3e-4dd3-902b-938b8743feb6"    /* a create in a layer that the project does not have */
#define TREES "trees_5c1f2a60_7d34_4e0b_9a41_1f6f0c7f3b11"

static void monday(void)
{
	cli_folder();
	cli_write("home/config.yaml", "upload_settle_ms: 0\n");
	cli_wants(0, "init --yes");
	cli_wants(0, "project create Trees --from '%s/data/sample/project' --yes", getenv("FIELDPOST_SOURCE"));
	cli_wants(0, "project set Trees overwrite_conflicts=false --yes");
	cli_wants(0, "change push Trees '%s/data/sample/monday.deltas.json' --yes", getenv("FIELDPOST_SOURCE"));
	cli_wants(0, "engine run --once");
}

static void status_is(const char *uuid, const char *status)
{
	cr_assert_str_eq(fp_json_str_or(cli_json(0, "change show %s --json", uuid), "status", ""), status);
}

/* The console on a script; what it saved last. */
static const char *screen_after(const char *script)
{
	static struct fp_buf b = FP_BUF_INIT;
	char *whole = fp_asprintf("%s\n:save-display %s\n", script, cli_path("screen")), *path = fp_strdup(cli_write("script", whole));

	setenv("FIELDPOST_SCRIPT", path, 1);
	setenv("LINES", "24", 1);
	setenv("COLUMNS", "80", 1);
	cli_wants(0, "console");
	unsetenv("FIELDPOST_SCRIPT");
	fp_buf_clear(&b);
	cr_assert_eq(fp_fs_read(&b, cli_path("screen"), 1 << 16, NULL), FP_OK);
	free(whole);
	free(path);
	return b.data;
}

static void shows(const char *screen, const char *text)
{
	cr_assert(strstr(screen, text) != NULL, "%s is not on\n%s", text, screen);
}

/* ---- undo ---- */

Test(decisions, what_was_never_applied_cannot_be_undone_and_nothing_is_written)
{
	monday();
	cli_says(1, "was never applied", "change undo Trees " CONFLICT " --yes");
	cli_says(3, "nothing that was applied matches", "change undo Trees --job 1 --yes");
	cli_says(2, "name the changes", "change undo Trees --job 2 --since 2020-01-01 --yes");
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "file versions Trees survey.gpkg --json"), "versions")), 2);
}

Test(decisions, a_job_is_undone_to_the_last_byte_of_its_features_and_that_undone_again)
{
	const json_t *r;

	monday();
	r = cli_json(0, "change undo Trees --job 2 --preview --json");
	cr_assert_eq(fp_json_int(json_object_get(r, "counts"), "will_apply", 0), 7);
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "file versions Trees survey.gpkg --json"), "versions")), 2, "a preview writes nothing");
	cli_wants(0, "change undo Trees --job 2 --yes");
	cli_wants(0, "engine run --once");
	cli_says(0, "no difference", "file diff Trees survey.gpkg 1 3 --layer trees --summary");
	cli_says(1, "is undone already", "change plan Trees --undo 309d6b79-965e-4a32-9ae4-45508201e2bd");
	cli_wants(0, "change undo Trees --job 3 --yes");
	cli_wants(0, "engine run --once");
	cli_says(0, "no difference", "file diff Trees survey.gpkg 2 4 --layer trees --summary");
	cli_wants(0, "doctor");
}

Test(decisions, everything_since_a_time_is_undone_without_undoing_its_own_undos)
{
	monday();
	cli_wants(0, "change undo Trees 309d6b79-965e-4a32-9ae4-45508201e2bd --yes");
	cli_wants(0, "engine run --once");
	cli_wants(0, "change undo Trees --since 2020-01-01 --yes");
	cli_wants(0, "engine run --once");
	cli_says(0, "no difference", "file diff Trees survey.gpkg 1 --layer trees --summary");
}

/* ---- deciding ---- */

Test(decisions, a_decision_that_is_incomplete_or_about_something_else_is_refused)
{
	monday();
	cli_says(3, "is no conflict now", "change resolve Trees " HEDGE " --all device --yes");
	cli_says(2, "is no conflict of this change", "change resolve Trees " CONFLICT " species=device height_m=device --yes");
	cli_says(2, "is decided by", "change resolve Trees " CONFLICT " species=maybe --yes");
	cli_says(1, "elm", "change resolve Trees " CONFLICT " --preview");
	status_is(CONFLICT, "conflict");
}

Test(decisions, a_value_of_ones_own_is_written_and_the_reason_kept)
{
	monday();
	cli_wants(0, "change resolve Trees " CONFLICT " species=value:rowan --reason 'looked again' --yes");
	cli_wants(0, "engine run --once");
	status_is(CONFLICT, "applied");
	cli_says(0, "looked again", "change history Trees " CONFLICT);
	cli_says(0, "survey.gpkg: species", "change history Trees --layer Trees --key 12");
	cli_says(0, "oak -> rowan", "file diff Trees survey.gpkg");
}

Test(decisions, the_console_decides_field_by_field)
{
	const char *screen;

	monday();
	screen = screen_after(":changes Trees status:conflict\n<Enter>\nc\nd\nw");
	shows(screen, "Reason, kept in the ledger:");
	shows(screen, "device");
	screen = screen_after(":changes Trees status:conflict\n<Enter>\nc\nd\n:save-decision asked\ny\n:wait idle\n:history " CONFLICT "\n:wait idle");
	shows(screen, "decided");
	shows(screen, "asked");
	status_is(CONFLICT, "applied");
}

/* ---- directing ---- */

Test(decisions, a_change_of_a_layer_that_is_called_otherwise_now_is_directed_there)
{
	const json_t *r;

	monday();
	cli_says(2, "say what is called otherwise", "change retarget Trees " HEDGE " --yes");
	cli_says(2, "is no OLD=NEW", "change retarget Trees " HEDGE " --layer x --yes");
	r = cli_json(1, "change retarget Trees " HEDGE " --layer nowhere=" TREES " --preview --json");
	cr_assert_str_eq(fp_json_str_or(json_array_get(json_object_get(r, "changes"), 0), "class", ""), "impossible");
	r = cli_json(0, "change retarget Trees " HEDGE " --layer hedges_0f1e2d3c_4b5a_6978_8796_a5b4c3d2e188=" TREES " --preview --json");
	cr_assert_str_eq(fp_json_str_or(json_array_get(json_object_get(r, "changes"), 0), "class", ""), "will_apply");
	status_is(HEDGE, "not_applied");
	cli_wants(0, "change retarget Trees " HEDGE " --layer hedges_0f1e2d3c_4b5a_6978_8796_a5b4c3d2e188=" TREES " --yes");
	cli_wants(0, "engine run --once");
	status_is(HEDGE, "applied");
}
