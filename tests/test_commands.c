/* The command line from outside: what it prints, its exit codes, and that nothing happens when it says so. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

TestSuite(commands, .timeout = 100);

static const json_t *array(const json_t *o, const char *name, size_t n)
{
	const json_t *a = json_object_get(o, name);

	cr_assert(json_is_array(a), "no array %s", name);
	cr_assert_eq(json_array_size(a), n, "%s has %zu, not %zu", name, json_array_size(a), n);
	return a;
}

static void has(const json_t *o, const char *key, const char *value)
{
	cr_assert_str_eq(fp_json_str_or(o, key, "(none)"), value, "%s", key);
}

static void has_keys(const json_t *o, const char *const *keys)
{
	for (; *keys; keys++)
		cr_assert_not_null(json_object_get(o, *keys), "no key %s", *keys);
}

Test(commands, wrong_usage_is_exit_2_and_shows_the_right_one)
{
	cli_says(2, "there is no command \"fly\"", "fly");
	cli_says(2, "there is no command \"project fly\"", "project fly");
	cli_says(2, "usage: fieldpost project show NAME", "project show");
	cli_says(2, "does not know what to do with \"two\"", "project show one two");
	cli_says(2, "has no option --fly", "project list --fly");
	cli_says(2, "needs a value", "project list --sort");
	cli_says(2, "needs a value", "project list --home");
	cli_says(2, "--home needs the name of a folder", "project list --home=");
	cli_says(2, "fly", "completion fly");
	cli_says(2, "fly", "help fly");
}

Test(commands, without_a_home_one_line_says_how_to_make_one)
{
	const struct cli *r = cli_run("project list --json");

	cr_assert_eq(r->code, 3);
	cr_assert_str_eq(r->out, "");
	cr_assert(strstr(r->err, "make one with: fieldpost init --home"), "%s", r->err);
	cr_assert_eq(strchr(r->err, '\n'), r->err + strlen(r->err) - 1, "one line: %s", r->err);
}

/* Every command that the help shows with [--yes] is tried with as many words as it needs. */
Test(commands, every_command_that_writes_needs_yes_without_a_terminal)
{
	char *help = cli_run("help")->out, *save = NULL;
	int writing = 0;

	for (char *l = strtok_r(help, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char line[256];
		const struct cli *usage;
		const char *name = l + 2;
		int n = 0;

		if (strncmp(l, "  ", 2) != 0 || l[2] == ' ' || !*name)
			continue;
		while (name[n] && name[n] != '[' && !(name[n] >= 'A' && name[n] <= 'Z'))
			n++;
		usage = cli_run("%.*s --help", n, name);
		cr_assert_eq(usage->code, 0, "%s", usage->err);
		if (!strstr(usage->out, "[--yes]"))
			continue;
		writing++;
		snprintf(line, sizeof line, "%.*s %s", n, name, strcmp(name, "init") == 0 ? "" : strchr(name, ' ') && strstr(name, "FILE VERSION")
			? "a b 1" : strstr(name, "create") || strstr(name, "delete") || (strstr(name, "JOB") && !strstr(name, "OUTCOME")) || strstr(name, "[UUID") ? "a" : "a b");
		cli_says(2, "add --yes", "%s", line);
	}
	cr_assert_geq(writing, 12, "%d", writing);
	cr_assert_neq(access(cli_path("home"), F_OK), 0, "nothing was made");
}

Test(commands, on_a_terminal_the_question_is_asked_and_no_means_no)
{
	const struct cli *r = cli_run_terminal(80, "n\n", "init");

	cr_assert_eq(r->code, 3, "%s", r->out);
	cr_assert(strstr(r->out, "[y/N]"), "%s", r->out);
	cr_assert(strstr(r->out, "nothing was done"), "%s", r->out);
	cr_assert_neq(access(cli_path("home"), F_OK), 0);
	cr_assert_eq(cli_run_terminal(80, "\n", "init")->code, 3, "No is the default");
	cr_assert_eq(cli_run_terminal(80, "y\n", "init")->code, 0);
	cr_assert_eq(access(cli_path("home/store.db"), F_OK), 0);
}

Test(commands, the_home_comes_from_the_option_then_the_environment_then_xdg)
{
	char *xdg = fp_strdup(cli_path("xdg"));

	cli_wants(0, "init --yes");
	cr_assert_eq(access(cli_path("home/store.db"), F_OK), 0);
	cli_wants(0, "--home %s init --yes", cli_path("other"));
	cr_assert_eq(access(cli_path("other/store.db"), F_OK), 0);
	unsetenv("FIELDPOST_HOME");
	setenv("XDG_DATA_HOME", xdg, 1);
	cli_wants(0, "init --yes");
	cr_assert_eq(access(cli_path("xdg/fieldpost/store.db"), F_OK), 0);
	free(xdg);
}

Test(commands, a_home_that_cannot_be_made_or_written_says_so_in_one_line)
{
	cli_says(3, "/sys/fieldpost", "init --yes --home /sys/fieldpost");
	cli_write("file", "");
	cli_says(3, "file", "init --yes --home %s", cli_path("file"));
	cli_wants(0, "init --yes");
	cr_assert_eq(chmod(cli_path("home"), 0500), 0);
	if (geteuid() == 0) { /* whom nothing stops */
		cr_assert_eq(chmod(cli_folder(), 0755), 0);
		cli_uid = 65534;
		if (cli_run("--version")->code != 0)
			cr_skip_test("the build folder is not open to others");
	}
	cli_says(3, "cannot", "project list");
	cli_says(3, "cannot", "project create A --yes");
}

Test(commands, projects_are_made_listed_shown_set_and_deleted)
{
	static const char *const keys[] = {"id", "name", "status", "problems", "pending", "conflict", "failed", "size", NULL};
	const json_t *p, *made;
	const char *id;

	cli_wants(0, "init --yes");
	cr_assert(strstr(cli_run("project list")->err, "no project"));
	made = cli_json(0, "project create Bees --yes --json");
	id = fp_json_str(made, "id");
	cli_wants(0, "project create 'Ästige Bäume' --yes");
	p = json_array_get(array(cli_json(0, "project list --json"), "projects", 2), 0);
	has_keys(p, keys);
	has(p, "name", "Bees");
	has(p, "id", id);
	has(p, "status", "failed");
	has(cli_json(0, "project show bees --json"), "id", id);
	has(cli_json(0, "project show %s --json", id), "name", "Bees");
	cli_says(3, "already", "project create BEES --yes");
	cli_wants(0, "project set Bees name=Hives overwrite_conflicts=false --yes");
	p = cli_json(0, "project show Hives --json");
	cr_assert_eq(fp_json_bool(p, "overwrite_conflicts", 1), 0);
	cli_says(2, "no setting", "project set Hives colour=red --yes");
	cli_says(2, "KEY=VALUE", "project set Hives colour --yes");
	cli_says(3, "there is no project", "project set Bees name=x --yes");
	cli_wants(0, "project delete Hives --yes");
	array(cli_json(0, "project list --json"), "projects", 1);
	cli_says(3, "there is no project \"Hives\"", "project show Hives");
}

Test(commands, when_one_setting_is_wrong_none_is_changed)
{
	cli_wants(0, "init --yes");
	cli_wants(0, "project create Bees --yes");
	cli_wants(2, "project set Bees name=Wasps colour=red --yes");
	has(cli_json(0, "project show Bees --json"), "name", "Bees");
}

Test(commands, names_with_control_characters_are_refused_and_shown_as_marks)
{
	static const char *const evil[] = {"fieldpost", "project", "create", "ev\033[2Jil", "--yes", NULL};
	static const char *const bytes[] = {"fieldpost", "project", "create", "\xff\xfe", "--yes", NULL};
	static const char *const command[] = {"fieldpost", "\033]0;x\007", NULL};
	static const char *const put[] = {"fieldpost", "file", "put", "Bees", "/etc/hostname", "--as", "a\nb", "--yes", NULL};

	cli_wants(0, "init --yes");
	cli_wants(0, "project create Bees --yes");
	cr_assert_eq(cli_runv(evil)->code, 3);
	cr_assert_eq(cli_runv(bytes)->code, 3);
	cr_assert_eq(cli_runv(command)->code, 2);
	cr_assert_eq(cli_runv(put)->code, 3);
	array(cli_json(0, "project list --json"), "projects", 1);
}

Test(commands, create_from_a_folder_leaves_hidden_files_out_and_says_which)
{
	const struct cli *r;
	const json_t *files;

	cli_wants(0, "init --yes");
	cli_write("p/a.qgs", "<qgis/>");
	cli_write("p/sub/b.txt", "b");
	cli_write("p/.git/config", "x");
	cli_write("p/sub/.hidden", "x");
	cr_assert_eq(symlink("/etc/passwd", cli_path("p/link")), 0);
	r = cli_run("project create P --from %s --yes", cli_path("p"));
	cr_assert_eq(r->code, 0, "%s", r->err);
	cr_assert(strstr(r->err, ".git/config") && strstr(r->err, "sub/.hidden") && strstr(r->err, "link"), "%s", r->err);
	files = array(cli_json(0, "file list P --json"), "files", 2);
	has(json_array_get(files, 0), "name", "a.qgs");
	has(json_array_get(files, 1), "name", "sub/b.txt");
	array(cli_json(0, "job list --json"), "jobs", 1);
}

Test(commands, create_from_a_folder_that_is_none_makes_no_project)
{
	cli_wants(0, "init --yes");
	cli_says(3, "there is no folder", "project create P --from %s --yes", cli_path("none"));
	cr_assert_eq(mkdir(cli_path("empty"), 0700), 0);
	cli_says(3, "no file", "project create P --from %s --yes", cli_path("empty"));
	array(cli_json(0, "project list --json"), "projects", 0);
}

Test(commands, files_are_put_got_listed_by_version_restored_and_removed)
{
	static const char *const keys[] = {"name", "size", "version", "sha256", "md5sum", NULL};
	const char *one = cli_write("one/a.txt", "one"), *got = cli_path("got");
	const json_t *f;
	struct fp_digest want, have;

	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_wants(0, "file put P %s --yes", one);
	cli_wants(0, "file put P %s --as a.txt --yes", cli_write("two", "two!"));
	f = json_array_get(array(cli_json(0, "file list P --json"), "files", 1), 0);
	has_keys(f, keys);
	has(f, "name", "a.txt");
	cr_assert_eq(fp_json_int(f, "version", 0), 2);
	cr_assert_eq(fp_json_int(f, "size", 0), 4);
	cli_wants(0, "file get P a.txt --version 1 -o %s", got);
	fp_fs_digest(&want, one, NULL);
	fp_fs_digest(&have, got, NULL);
	cr_assert_str_eq(want.sha256, have.sha256);
	cli_says(2, "add --yes", "file get P a.txt -o %s", got);
	cli_wants(0, "file get P a.txt -o %s --yes", got);
	fp_fs_digest(&have, got, NULL);
	cr_assert_eq(have.size, 4);
	cli_wants(0, "file restore P a.txt 1 --yes");
	f = json_array_get(array(cli_json(0, "file versions P a.txt --json"), "versions", 3), 0);
	cr_assert_eq(fp_json_int(f, "version", 0), 3);
	has(f, "sha256", want.sha256);
	cli_wants(0, "file rm P a.txt --yes");
	array(cli_json(0, "file list P --json"), "files", 0);
	cli_wants(0, "file restore P a.txt 2 --yes");
	array(cli_json(0, "file list P --json"), "files", 1);
}

Test(commands, a_file_that_is_not_there_or_may_not_be_put_changes_nothing)
{
	const char *good = cli_write("good", "x");

	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_says(3, "none", "file put P %s %s --yes", good, cli_path("none"));
	cli_says(3, "hidden", "file put P %s --as .git/x --yes", good);
	cli_says(3, "..", "file put P %s --as ../x --yes", good);
	cli_says(3, "", "file put P %s --as /x --yes", good);
	cli_says(2, "--as names one file", "file put P %s %s --as x --yes", good, good);
	cli_says(2, "two of these files", "file put P %s %s --yes", good, good);
	cli_says(3, "", "file put P %s --yes", cli_folder());
	array(cli_json(0, "file list P --json"), "files", 0);
	cli_says(3, "there is no file \"x\"", "file get P x");
	cli_says(3, "there is no file \"x\"", "file versions P x");
	cli_says(3, "there is no file \"x\"", "file rm P x --yes");
	cli_says(2, "a version is a number", "file restore P x zero --yes");
	cli_says(3, "", "file restore P x 1 --yes");
}

Test(commands, a_relative_path_keeps_its_folders_and_any_other_its_last_part)
{
	const json_t *files;

	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_write("work/photos/a.jpg", "a");
	cli_write("b.jpg", "b");
	cr_assert_eq(chdir(cli_path("work")), 0);
	cli_wants(0, "file put P photos/a.jpg ../b.jpg --yes");
	cli_wants(0, "file put P ./photos//a.jpg --yes");
	files = array(cli_json(0, "file list P --json"), "files", 2);
	has(json_array_get(files, 0), "name", "b.jpg");
	has(json_array_get(files, 1), "name", "photos/a.jpg");
}

Test(commands, a_faulty_deltafile_is_exit_3_and_kept_with_its_reason)
{
	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_says(3, "kept", "change push P %s --yes", cli_write("bad.json", "this is no JSON"));
	cli_says(3, "kept", "change push P %s --yes", cli_write("empty.json", ""));
	cli_says(3, "upsert", "change push P %s --yes", cli_write("method.json",
		"{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],"
		"\"deltas\":[{\"uuid\":\"u\",\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\",\"method\":\"upsert\"}]}"));
	array(cli_json(0, "change list P --json"), "changes", 0);
	cr_assert(strstr(cli_run("audit")->out, "upsert"), "%s", cli_run("audit")->out);
	cli_says(3, "none.json", "change push P %s --yes", cli_path("none.json"));
	cli_says(3, "there is no project", "change push Q %s --yes", cli_path("bad.json"));
}

Test(commands, pushed_changes_are_listed_newest_first_and_known_ones_are_not_doubled)
{
	static const char *const keys[] = {"uuid", "status", "method", "layer_id", "layer_name", "feature_pk", "created_at", "created_by", NULL};
	const json_t *r, *c;

	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	r = cli_json(0, "change push P %s --yes --json", cli_deltas(1, 3));
	cr_assert_eq(fp_json_int(r, "accepted", -1), 3);
	has(json_object_get(r, "job"), "rule", "never_processed");
	r = cli_json(0, "change push P %s --yes --json", cli_deltas(2, 5));
	cr_assert_eq(fp_json_int(r, "accepted", -1), 2);
	cr_assert_eq(fp_json_int(r, "known", -1), 2);
	c = json_array_get(array(cli_json(0, "change list P --json"), "changes", 5), 0);
	has_keys(c, keys);
	has(c, "uuid", "u5");
	has(c, "layer_name", "Hives");
	cr_assert(strstr(fp_json_str_or(c, "created_at", ""), "+00:00"));
	array(cli_json(0, "change list P --json --limit 2"), "changes", 2);
	has(json_array_get(array(cli_json(0, "change list P --json --reverse"), "changes", 5), 0), "uuid", "u1");
	array(cli_json(0, "change list P status:conflict --json"), "changes", 0);
	array(cli_json(0, "change list P status:pending uuid:u2 --json"), "changes", 1);
	cli_says(2, "there is no key \"colour\"", "change list P colour:red");
	cli_says(2, "cannot be sorted", "change list P --sort colour");
	cli_says(2, "--limit is a number", "change list P --limit 0");
	c = cli_json(0, "change show u2 --json");
	has(json_object_get(c, "delta"), "method", "patch");
	cli_says(0, "source key", "change show u2 --project P");
	cli_says(3, "there is no change u9", "change show u9");
}

Test(commands, the_same_deltafile_may_go_to_two_projects)
{
	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_wants(0, "project create Q --yes");
	cli_wants(0, "change push P %s --yes", cli_deltas(1, 2));
	cli_wants(0, "change push Q %s --yes", cli_deltas(1, 2));
	has(cli_json(0, "change show u1 --project P --json"), "project", "P");
	has(cli_json(0, "change show u1 --project Q --json"), "project", "Q");
}

Test(commands, a_refused_trigger_is_exit_3_and_names_its_rule)
{
	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_says(3, "no_project_file", "job trigger P process_projectfile --yes");
	cli_says(3, "never_processed", "job trigger P delta_apply --yes");
	cli_says(3, "no_project_file", "job trigger P package --yes");
	cli_says(2, "there is no job type", "job trigger P dance --yes");
	cli_says(3, "there is no project", "job trigger Q package --yes");
	cli_wants(0, "file put P %s --yes", cli_write("a.qgs", "<qgis/>"));
	has(cli_json(0, "job trigger P process_projectfile --yes --json"), "rule", "already_pending");
	array(cli_json(0, "job list --json"), "jobs", 1);
}

Test(commands, jobs_that_are_not_there_are_exit_3_and_no_numbers_exit_2)
{
	cli_wants(0, "init --yes");
	cli_says(3, "job 7", "job show 7");
	cli_says(3, "job 7", "job log 7");
	cli_says(3, "job 7", "job cancel 7 --yes");
	cli_says(3, "job 7", "job retry 7 --yes");
	cli_says(2, "a job is a number", "job show seven");
	cli_says(2, "a job is a number", "job cancel 0 --yes");
	cli_says(3, "job 7", "job settle 7 applied --yes");
	cli_says(2, "as applied or as not-applied", "job settle 7 maybe --yes");
}

Test(commands, an_answer_that_cannot_be_written_is_exit_3)
{
	static const char *const ways[] = {">/dev/full", ">&-"};
	char line[512];
	struct stat sb;
	int rc;

	cli_wants(0, "init --yes");
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof line, "'%s/fieldpost' project list %s %s 2>/dev/null", getenv("FIELDPOST_BUILD"), i & 1 ? "--json" : "", ways[i / 2]);
		rc = system(line);
		cr_assert(WIFEXITED(rc) && WEXITSTATUS(rc) == 3, "%s: %x", line, (unsigned)rc);
	}
	cr_assert_eq(stat(cli_path("home/store.lock"), &sb), 0);
	cr_assert_eq(sb.st_size, 0, "nor does it go into a file of the home");
}

static int widest_line(const char *text)
{
	int widest = 0, n = 0;

	for (; *text; text++) {
		n = *text == '\n' || *text == '\r' ? 0 : n + 1;
		widest = n > widest ? n : widest;
	}
	return widest;
}

Test(commands, tables_are_clipped_to_the_terminal_but_not_when_plain)
{
	cli_wants(0, "init --yes");
	cli_wants(0, "project create a-project-with-quite-a-long-name-that-takes-its-room --yes");
	cr_assert_leq(widest_line(cli_run_terminal(60, "", "project list")->out), 60);
	cr_assert_gt(widest_line(cli_run_terminal(60, "", "project list --plain")->out), 60);
	cr_assert_gt(widest_line(cli_run("project list")->out), 60);
	setenv("COLUMNS", "44", 1);
	cr_assert_leq(widest_line(cli_run_terminal(100, "", "project list")->out), 44);
	cr_assert_null(strchr(cli_run("project list --plain")->out, '\t'));
}

Test(commands, backup_makes_a_store_that_opens_and_never_overwrites)
{
	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cr_assert_eq(mkdir(cli_path("copy"), 0700), 0);
	cli_wants(0, "backup %s", cli_path("copy/store.db"));
	cli_says(3, "exists already", "backup %s", cli_path("copy/store.db"));
	cli_says(3, "", "backup %s", cli_path("none/store.db"));
	array(cli_json(0, "--home %s project list --json", cli_path("copy")), "projects", 1);
}

Test(commands, doctor_finds_bytes_that_are_gone_and_repairs_only_garbage)
{
	const json_t *files;
	char line[700];

	cli_says(0, "there is no home", "doctor");
	cli_wants(0, "init --yes");
	cli_wants(0, "project create P --yes");
	cli_wants(0, "file put P %s --yes", cli_write("a.txt", "one"));
	files = array(cli_json(0, "doctor --json"), "findings", json_array_size(json_object_get(cli_json(0, "doctor --json"), "findings")));
	cr_assert_gt(json_array_size(files), 8);
	cli_says(2, "add --yes", "doctor --repair");
	snprintf(line, sizeof line, "find '%s' -type f -exec rm {} +", cli_path("home/projects"));
	cr_assert_eq(system(line), 0);
	cli_says(1, "fault", "doctor");
	cli_says(1, "fault", "doctor --repair --yes");
}

Test(commands, a_wrong_configuration_is_refused_by_file_and_key)
{
	cli_wants(0, "init --yes");
	cli_write("home/config.yaml", "engine_jobs: 1000\n");
	cli_says(3, "engine_jobs", "project list");
	cli_says(3, "engine_jobs", "engine run --once");
	cli_says(1, "engine_jobs", "doctor");
}

Test(commands, help_fits_80_columns_and_completion_is_valid_shell)
{
	char line[1024];

	cr_assert_leq(widest_line(cli_run("help")->out), 80);
	cli_says(0, "fieldpost 0", "--version");
	cli_says(0, "project create", "--help");
	cli_says(0, "--this-and-newer", "help change apply");
	if (access("/bin/bash", X_OK) != 0)
		cr_skip_test("no bash here");
	snprintf(line, sizeof line, "PATH='%s':$PATH bash -c 'set -u; . <(fieldpost completion bash); "
		"COMP_WORDS=(fieldpost change pl); COMP_CWORD=2; _fieldpost; [ \"${COMPREPLY[*]}\" = plan ] && "
		"COMP_WORDS=(fieldpost --home x change apply --fo); COMP_CWORD=5; _fieldpost; [ \"${COMPREPLY[*]}\" = --force ] && "
		"COMP_WORDS=(fieldpost do); COMP_CWORD=1; _fieldpost; [ \"${COMPREPLY[*]}\" = doctor ]'", getenv("FIELDPOST_BUILD"));
	cr_assert_eq(system(line), 0);
}

Test(commands, help_and_completion_need_nothing_but_the_program)
{
	setenv("FIELDPOST_DATA", cli_path("none"), 1);
	cli_wants(0, "help");
	cli_wants(0, "help --mdoc keys");
	cli_wants(0, "completion bash");
	cli_says(3, "config.yaml", "check x.qgs");
	cli_says(1, "config.yaml", "doctor");
}
