/* The whole way on the sample project, with the real worker: what `./bootstrap demo` shows, and what README and doc/formats.md say of it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

TestSuite(sample, .timeout = 100);

static void layers_are_as_described(const json_t *answer)
{
	static const struct { const char *name; int valid; const char *status, *error; } want[] = {
		{"Benches", 0, "invalid_dataprovider", "File \"benches.gpkg\" missing."},
		{"Height model", 1, "ok", ""},
		{"Tree inspections", 0, "invalid_dataprovider", ""},
		{"Inspectors", 1, "ok", ""},
		{"Parcels", 1, "ok", ""},
		{"Paths", 1, "ok", ""},
		{"Trees", 1, "ok", ""},
	};
	const json_t *layers = json_object_get(answer, "layers");

	cr_assert_eq(json_array_size(layers), sizeof want / sizeof *want);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		const json_t *l = json_array_get(layers, i);
		cr_assert_str_eq(fp_json_str_or(l, "name", ""), want[i].name);
		cr_assert_eq(fp_json_bool(l, "is_valid", -1), want[i].valid, "%s", want[i].name);
		cr_assert_str_eq(fp_json_str_or(l, "status", ""), want[i].status, "%s", want[i].name);
		cr_assert_str_eq(fp_json_str_or(l, "error_summary", ""), want[i].error, "%s", want[i].name);
		cr_assert_eq(*fp_json_str_or(l, "remedy", "") != 0, !want[i].valid, "%s", want[i].name);
	}
}

Test(sample, its_layers_are_checked_without_a_home_and_nothing_is_written_beside_it)
{
	struct stat before, after;

	cr_assert_eq(stat(cli_sample("project"), &before), 0);
	layers_are_as_described(cli_json(1, "check '%s' --json", cli_sample("project/trees.qgs")));
	cr_assert_eq(stat(cli_sample("project"), &after), 0);
	cr_assert(before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	cli_says(1, "True      ok", "check '%s'", cli_sample("project/trees.qgs"));
}

Test(sample, its_layers_are_checked_in_a_home_and_the_log_shows_the_table)
{
	const json_t *project;

	cli_sample_home();
	layers_are_as_described(cli_json(1, "layers Trees --json"));
	cli_says(0, "File \"benches.gpkg\" missing.", "job log 1");
	project = cli_json(0, "project show Trees --json");
	cr_assert_str_eq(fp_json_str_or(project, "title", ""), "Town trees");
	cr_assert_str_eq(fp_json_str_or(project, "crs", ""), "EPSG:2056");
	cr_assert_eq(fp_json_int(project, "problems", 0), 2);
	cr_assert_str_eq(fp_json_str_or(project, "status", ""), "ok");
}

Test(sample, projects_that_cannot_be_read_are_exit_3_with_one_line)
{
	const struct cli *r;

	cli_write("no.qgs", "this is no project");
	cli_write("empty.qgs", "");
	cli_write("foreign.qgs", "<kml/>");
	cli_write("cut.qgs", "<qgis version=\"3.22\"><projectlayers><maplay");
	cli_write("no.qgz", "PK\003\004");
	for (const char *const *name = (const char *const[]){"no.qgs", "empty.qgs", "foreign.qgs", "cut.qgs", "no.qgz", "none.qgs", NULL}; *name; name++) {
		r = cli_run("check %s --json", cli_path(*name));
		cr_assert_eq(r->code, 3, "%s: exit %d: %s", *name, r->code, r->err);
		cr_assert_str_eq(r->out, "", "%s", *name);
		cr_assert_eq(strchr(r->err, '\n'), r->err + strlen(r->err) - 1, "%s: one line: %s", *name, r->err);
	}
}

#define CONFLICT "73f778aa-f6fa-4db8-a56a-bd72fb710734"

/* In the order of the deltafile. */
static const char *const outcomes[] = {"applied", "applied", "applied", "applied", "applied", "applied", "conflict", "applied", "not_applied", "not_applied"};
#define N_OUTCOMES (sizeof outcomes / sizeof *outcomes)

static void outcomes_are(const json_t *changes, int newest_first)
{
	cr_assert_eq(json_array_size(changes), N_OUTCOMES);
	for (size_t i = 0; i < N_OUTCOMES; i++) {
		const json_t *c = json_array_get(changes, newest_first ? N_OUTCOMES - 1 - i : i);
		cr_assert_str_eq(fp_json_str_or(c, "status", ""), outcomes[i], "change %zu: %s", i + 1, fp_json_str_or(c, "msg", ""));
	}
}

static void monday(void)
{
	cli_sample_home();
	cli_wants(0, "project set Trees overwrite_conflicts=false --yes");
	cli_wants(0, "change push Trees '%s' --yes", cli_sample("monday.deltas.json"));
	cli_wants(0, "engine run --once");
}

Test(sample, its_changes_are_applied_and_the_conflict_waits_for_a_person)
{
	const json_t *c;

	monday();
	outcomes_are(json_object_get(cli_json(0, "change list Trees --json"), "changes"), 1);
	c = cli_json(0, "file versions Trees survey.gpkg --json");
	cr_assert_eq(json_array_size(json_object_get(c, "versions")), 2);
	cli_says(0, "7 applied, 1 conflict, 2 not_applied", "job show 2");
	cli_wants(0, "doctor");
}

Test(sample, the_conflict_is_applied_again_once_the_device_may_win_and_nothing_else_is)
{
	const json_t *c;

	monday();
	cli_wants(1, "change apply Trees --filter status:conflict --yes");
	cli_wants(0, "engine run --once");
	cr_assert_str_eq(fp_json_str_or(cli_json(0, "change show " CONFLICT " --json"), "status", ""), "conflict", "still one");
	cli_wants(0, "project set Trees overwrite_conflicts=true --yes");
	c = cli_json(1, "change apply Trees --this-and-newer 309d6b79-965e-4a32-9ae4-45508201e2bd --yes --json");
	for (size_t i = 0; i < N_OUTCOMES; i++)
		cr_assert_eq(fp_json_bool(json_array_get(json_object_get(c, "changes"), i), "will", -1), strcmp(outcomes[i], "conflict") == 0, "%zu", i);
	cli_wants(0, "engine run --once");
	c = cli_json(0, "change show " CONFLICT " --json");
	cr_assert_str_eq(fp_json_str_or(c, "status", ""), "applied");
	cr_assert_eq(json_array_size(json_object_get(c, "attempt_list")), 2, "a plan that comes to nothing is no attempt");
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "change list Trees status:applied --json"), "changes")), 8);
}

Test(sample, plain_files_are_applied_to_a_copy_and_the_original_stays)
{
	const json_t *r;
	char *project = fp_strdup(cli_sample("project/trees.qgs")), *deltas = fp_strdup(cli_sample("monday.deltas.json"));
	struct stat before, after;

	stat(cli_sample("project/survey.gpkg"), &before);
	r = cli_json(1, "apply '%s' '%s' --dry-run --json", project, deltas);
	outcomes_are(json_object_get(r, "deltas"), 0);
	r = cli_json(1, "apply '%s' '%s' --output %s --json", project, deltas, cli_path("out"));
	outcomes_are(json_object_get(r, "deltas"), 0);
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(r, "files"), 0)), "survey.gpkg");
	stat(cli_sample("project/survey.gpkg"), &after);
	cr_assert(before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_size == after.st_size);
	cli_says(3, "exists and is not empty", "apply '%s' '%s' --output %s", project, deltas, cli_path("out"));
	cli_says(2, "add --yes", "apply %s '%s' --in-place", cli_path("out/trees.qgs"), deltas);
	r = cli_json(1, "apply %s '%s' --in-place --yes --json", cli_path("out/trees.qgs"), deltas);
	cr_assert_str_eq(fp_json_str_or(json_array_get(json_object_get(r, "deltas"), 0), "status", ""), "already_applied", "by its effect");
	cli_wants(1, "check %s", cli_path("out/trees.qgs"));
	cli_says(2, "needs one of", "apply '%s' '%s'", project, deltas);
	cli_says(3, "", "apply '%s' %s --dry-run", project, cli_write("bad.json", "no"));
	cli_says(3, "", "apply '%s' %s --dry-run", project, cli_path("none.json"));
	free(project);
	free(deltas);
}

Test(sample, an_undo_runs_backwards_and_tells_in_file_order)
{
	const char *done = cli_path("done"), *undone = cli_path("undone");
	char *deltas = fp_strdup(cli_sample("monday.deltas.json"));
	const json_t *there = cli_json(1, "apply '%s' '%s' --output '%s' --json", cli_sample("project/trees.qgs"), deltas, done);
	const json_t *back = cli_json(1, "apply '%s/trees.qgs' '%s' --inverse --output '%s' --json", done, deltas, undone);

	there = json_object_get(there, "deltas");
	back = json_object_get(back, "deltas");
	cr_assert_eq(json_array_size(there), 10);
	cr_assert_eq(json_array_size(back), 10);
	for (size_t i = 0; i < 10; i++)
		cr_assert_str_eq(fp_json_str(json_array_get(there, i), "delta_id"), fp_json_str(json_array_get(back, i), "delta_id"));
	cr_assert_str_eq(fp_json_str(json_array_get(back, 0), "status"), "applied");
	free(deltas);
}
