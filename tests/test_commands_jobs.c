/* The command line while jobs run: the whole way with a worker that does as it is told (tests/fake_worker.c). */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/json.h"

TestSuite(commands_jobs, .timeout = 100);

static const json_t *first(const json_t *o, const char *name)
{
	const json_t *a = json_object_get(o, name);

	cr_assert_geq(json_array_size(a), 1, "%s is empty", name);
	return json_array_get(a, 0);
}

static void has(const json_t *o, const char *key, const char *value)
{
	cr_assert_str_eq(fp_json_str_or(o, key, "(none)"), value, "%s", key);
}

Test(commands_jobs, engine_run_once_does_all_that_waits_and_exits_0)
{
	static const char *const keys[] = {"id", "type", "status", "project", "created_at", "started_at", "finished_at", NULL};
	const json_t *job;

	cli_bees();
	cli_wants(0, "engine run --once");
	job = first(cli_json(0, "job list --json"), "jobs");
	for (const char *const *k = keys; *k; k++)
		cr_assert_not_null(json_object_get(job, *k), "%s", *k);
	has(job, "status", "finished");
	has(job, "project", "Bees");
	job = cli_json(0, "job show 1 --json");
	cr_assert_eq(json_array_size(json_object_get(job, "steps")), 4);
	cr_assert(strstr(cli_run("job log 1")->out, "hello"));
	has(first(cli_json(0, "job log 1 --json"), "log"), "text", "hello");
	has(cli_json(0, "project show Bees --json"), "title", "Hives");
	has(cli_json(0, "project show Bees --json"), "status", "ok");
}

Test(commands_jobs, engine_run_once_says_1_when_a_job_failed_and_why_is_in_the_job)
{
	cli_bees();
	cli_wants(0, "file put Bees %s --yes", cli_write("process_projectfile.script", "kill 11\n"));
	cli_says(1, "", "engine run --once");
	cli_says(0, "signal 11", "job show 1");
	cli_wants(1, "job log 1 --follow");
	cli_wants(0, "engine run --once");
}

Test(commands_jobs, changes_are_applied_once_planned_forced_and_ignored)
{
	const json_t *r;

	cli_bees();
	cli_wants(0, "engine run --once");
	r = cli_json(0, "change push Bees %s --yes --json", cli_deltas(1, 3));
	cr_assert_eq(fp_json_int(json_object_get(r, "job"), "job_id", 0), 2);
	cli_wants(0, "change plan Bees u1 u2");
	cli_wants(0, "engine run --once");
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "change list Bees status:applied --json"), "changes")), 3);
	r = first(cli_json(1, "change plan Bees u2 --json"), "changes");
	cr_assert_eq(fp_json_bool(r, "will", 1), 0);
	has(r, "why", "already applied in job 2");
	cli_wants(1, "change apply Bees u2 --yes");
	r = first(cli_json(0, "change plan Bees u2 --force --json"), "changes");
	has(r, "action", "force");
	r = cli_json(0, "change apply Bees u2 --force --yes --json");
	cr_assert_gt(fp_json_int(first(r, "jobs"), "job_id", 0), 2);
	cli_wants(0, "engine run --once");
	r = cli_json(0, "change show u2 --json");
	cr_assert_eq(json_array_size(json_object_get(r, "attempt_list")), 2);
	cli_wants(0, "change push Bees %s --yes", cli_deltas(4, 5));
	cli_wants(0, "change ignore Bees --filter status:pending --yes");
	has(cli_json(0, "change show u5 --json"), "status", "ignored");
	r = cli_json(0, "change plan Bees --this-and-newer u4 --json");
	cr_assert_eq(json_array_size(json_object_get(r, "changes")), 2);
	has(first(r, "changes"), "uuid", "u4");
	has(first(r, "changes"), "action", "re-apply");
	cli_wants(0, "change apply Bees --this-and-newer u4 --yes");
	has(cli_json(0, "change show u4 --json"), "status", "pending");
}

Test(commands_jobs, a_selection_is_named_in_one_way_and_must_hold_something)
{
	cli_bees();
	cli_wants(0, "change push Bees %s --yes", cli_deltas(1, 2));
	cli_says(2, "name the changes", "change apply Bees --yes");
	cli_says(2, "name the changes", "change apply Bees u1 --filter status:pending --yes");
	cli_says(2, "named twice", "change apply Bees u1 u1 --yes");
	cli_says(3, "there is no change u9", "change apply Bees u1 u9 --yes");
	cli_says(3, "there is no change u9", "change apply Bees --this-and-newer u9 --yes");
	cli_says(3, "no change of this project matches", "change apply Bees --filter status:conflict --yes");
	cli_says(2, "there is no key", "change apply Bees --filter colour:red --yes");
	cli_says(3, "there is no project", "change apply Wasps u1 --yes");
	has(cli_json(0, "change show u1 --json"), "status", "pending");
}

Test(commands_jobs, a_waiting_job_is_cancelled_and_retried)
{
	cli_bees();
	cli_wants(0, "job cancel 1 --yes");
	has(cli_json(0, "job show 1 --json"), "status", "stopped");
	cli_says(3, "has ended already", "job cancel 1 --yes");
	cli_wants(0, "job retry 1 --yes");
	cli_says(3, "has not ended yet", "job retry 2 --yes");
	cli_wants(0, "engine run --once");
	has(cli_json(0, "job show 2 --json"), "status", "finished");
}

Test(commands_jobs, following_a_log_ends_with_the_job_and_misses_nothing)
{
	const struct cli *r;
	const char *at;
	pid_t pid;
	int n = 0;

	cli_bees();
	cli_wants(0, "file put Bees %s --yes", cli_write("process_projectfile.script",
		"log info begin\nsleep 300\nlogs 2500\nsleep 200\n"
		"event project {\"file\":\"p.qgs\",\"title\":\"T\",\"crs\":\"\"}\nlog info end\n"));
	pid = fork();
	if (pid == 0) {
		char path[4096];
		snprintf(path, sizeof path, "%s/fieldpost", getenv("FIELDPOST_BUILD"));
		execl(path, "fieldpost", "engine", "run", "--once", NULL);
		_exit(127);
	}
	r = cli_run("job log 1 --follow");
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_assert_eq(r->code, 0, "%s", r->err);
	for (at = r->out; (at = strstr(at, "one more line")); at++)
		n++;
	cr_assert_eq(n, 2500, "%d", n);
	cr_assert(strstr(r->out, "begin") && strstr(r->out, "end"));
}

/* The bytes that no one may send to a terminal come from a project file, a log line and a deltafile. */
Test(commands_jobs, what_comes_from_outside_never_reaches_the_terminal_raw)
{
	static const char evil[] = "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\","
		"\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],\"deltas\":[{\"uuid\":\"u1\",\"clientId\":\"c\\u001b[2J\","
		"\"localPk\":\"\\u009b31m\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\",\"localLayerName\":\"\\u001b]0;owned\\u0007\","
		"\"method\":\"patch\",\"old\":{\"attributes\":{\"a\\u001b[1m\":1}},\"new\":{\"attributes\":{\"a\\u001b[1m\":\"\\u202egnp\"}}}]}";

	cli_bees();
	cli_wants(0, "file put Bees %s --yes", cli_write("process_projectfile.script",
		"log info \033[2Jhello\n"
		"event project {\"file\":\"p.qgs\",\"title\":\"\\u001b[2Jtitle\",\"crs\":\"EPSG:1\"}\n"
		"event layer {\"id\":\"l\\u001b[2J\",\"name\":\"\\u001b[31mred\",\"type\":\"vector\",\"provider\":\"ogr\",\"crs\":\"\",\"wkb_type\":1,\"pk\":null,"
		"\"filename\":null,\"datasource\":\"x\",\"is_valid\":false,\"status\":\"invalid_dataprovider\",\"error_summary\":\"\\u001b[5m\","
		"\"provider_summary\":\"\",\"confidence\":\"checked\",\"detail\":\"\\u001b[2J\",\"remedy\":\"\",\"warnings\":[]}\n"));
	cli_run("engine run --once");
	cli_wants(0, "change push Bees %s --yes", cli_write("evil.json", evil));
	cli_run("engine run --once");
	cli_wants(0, "job log 1");
	cli_says(0, "title", "project show Bees");
	cli_wants(0, "project list");
	cli_says(1, "red", "layers Bees");
	cli_wants(1, "layers Bees --json");
	cli_says(0, "owned", "change list Bees");
	cli_wants(0, "change show u1");
	cli_wants(0, "change show u1 --json");
	cli_wants(0, "audit");
}

#define LAYER(id, name, valid, status, sentence) "event layer {\"id\":\"" id "\",\"name\":\"" name "\",\"type\":\"vector\",\"provider\":\"ogr\",\"crs\":\"\"," \
	"\"wkb_type\":1,\"pk\":null,\"filename\":null,\"datasource\":\"x\",\"is_valid\":" valid ",\"status\":\"" status "\",\"error_summary\":\"\"," \
	"\"provider_summary\":\"\",\"confidence\":\"checked\",\"detail\":\"\",\"remedy\":\"Upload it.\",\"warnings\":[],\"cause\":null," \
	"\"owner\":\"project author\",\"sentence\":\"" sentence "\"}\n"

static void check_bees(const char *script)
{
	cli_wants(0, "file put Bees %s --yes", cli_write("process_projectfile.script", script));
	cli_run("engine run --once");
}

/* One row of them as JSON: the layer with that id. */
static const json_t *layer(const json_t *o, const char *id)
{
	const json_t *l;
	size_t i;

	json_array_foreach(json_object_get(o, "layers"), i, l)
		if (strcmp(fp_json_str_or(l, "id", ""), id) == 0)
			return l;
	cr_assert(0, "no layer %s", id);
	return NULL;
}

static void two_checks(void)
{
	cli_bees();
	cli_wants(0, "engine run --once");
	check_bees(LAYER("a", "Ash", "true", "ok", "") LAYER("b", "Beech", "false", "invalid_dataprovider", "No file.")
		LAYER("d", "Deer", "true", "ok", ""));
	check_bees(LAYER("a", "Ash", "false", "invalid_dataprovider", "No file.") LAYER("b", "Beech", "false", "invalid_dataprovider", "No file.")
		LAYER("c", "Cedar", "null", "not_checked", "No network."));
}

Test(commands_jobs, layers_refuses_forms_that_do_not_go_together)
{
	cli_bees();
	cli_says(2, "needs a project, or --all", "layers");
	cli_says(2, "goes with --runs", "layers Bees --layer a");
	cli_says(2, "goes with --runs", "layers --all --runs --layer a");
	cli_says(2, "takes no filter", "layers Bees --runs --layer a status:ok");
	cli_says(2, "two different lists", "layers Bees --runs --group");
	cli_says(2, "groups have one order", "layers --all --group --sort status");
	cli_says(3, "no check knows a layer \"oak\"", "layers Bees --runs --layer oak");
	cli_says(2, "there is no key \"colour\"", "layers --all --filter colour:red");
	cli_says(2, "is no changed", "layers --all changed:often");
	cli_says(0, "[]", "layers --all --group --json");
}

Test(commands_jobs, layers_shows_what_changed_since_the_check_before)
{
	const json_t *r, *l;

	two_checks();
	r = cli_json(1, "layers Bees --json");
	cr_assert_eq(json_array_size(json_object_get(r, "layers")), 4);
	l = layer(r, "a");
	has(l, "changed", "broke");
	has(l, "previous", "ok");
	cr_assert(strstr(fp_json_str_or(l, "since", ""), "+00:00"));
	has(layer(r, "b"), "changed", "");
	has(layer(r, "c"), "changed", "new");
	cr_assert(json_is_null(json_object_get(layer(r, "c"), "previous")));
	l = layer(r, "d");
	has(l, "changed", "gone");
	has(l, "status", "not_checked");
	has(l, "previous", "ok");
	cr_assert(json_is_null(json_object_get(l, "is_valid")));
	cr_assert_null(json_object_get(l, "project"));
	cli_says(1, "broke", "layers Bees");
	cli_wants(0, "layers Bees changed:new");
	has(first(cli_json(1, "layers Bees --filter changed:broke --json"), "layers"), "id", "a");
	cli_says(0, "3 layers: 2 invalid_dataprovider, 1 not_checked; 1 broke, 1 new, 1 gone", "job list");
}

Test(commands_jobs, layers_of_all_projects_and_their_groups_take_the_filter_in_both_forms)
{
	const json_t *r;

	two_checks();
	r = cli_json(1, "layers --all --filter status:invalid_dataprovider --json");
	cr_assert_eq(json_array_size(json_object_get(r, "layers")), 2);
	has(first(r, "layers"), "project", "Bees");
	cr_assert_eq(strlen(fp_json_str_or(first(r, "layers"), "project_id", "")), 36);
	cr_assert_eq(json_array_size(json_object_get(cli_json(1, "layers --all status:invalid_dataprovider --filter name:ash --json"), "layers")), 1);
	r = cli_json(1, "layers --all --group --json");
	cr_assert_eq(json_array_size(json_object_get(r, "groups")), 2);
	r = first(r, "groups");
	has(r, "sentence", "No file.");
	has(r, "remedy", "Upload it.");
	has(r, "owner", "project author");
	cr_assert(json_is_null(json_object_get(r, "cause")));
	cr_assert_eq(fp_json_int(r, "layers", 0), 2);
	cr_assert_eq(fp_json_int(r, "projects", 0), 1);
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(r, "names"), 1)), "Beech");
	cr_assert_eq(json_array_size(json_object_get(cli_json(1, "layers Bees group:%d --json", (int)fp_json_int(r, "group", 0)), "layers")), 2);
	cli_says(1, "No file.", "layers Bees --group valid:false");
	cli_wants(0, "layers --all --group status:not_checked");
}

Test(commands_jobs, layers_shows_the_runs_of_the_check_and_one_layer_in_them)
{
	const json_t *r;

	two_checks();
	r = cli_json(0, "layers Bees --runs --json");
	cr_assert_eq(json_array_size(json_object_get(r, "runs")), 3);
	r = first(r, "runs");
	cr_assert_eq(fp_json_int(r, "broke", 0), 1);
	cr_assert_eq(fp_json_int(r, "new", 0), 1);
	cr_assert_eq(fp_json_int(r, "gone", 0), 1);
	cr_assert_eq(fp_json_int(r, "fixed", -1), 0);
	cr_assert_eq(fp_json_int(json_object_get(r, "counts"), "invalid_dataprovider", 0), 2);
	has(r, "trigger", "upload");
	cr_assert(json_is_string(json_object_get(r, "compared_with")));
	cr_assert(json_is_null(json_object_get(json_array_get(json_object_get(cli_json(0, "layers Bees --runs --json"), "runs"), 2), "compared_with")));
	cli_says(0, "1 broke", "layers Bees --runs --limit 1");
	r = cli_json(0, "layers Bees --runs --layer ASH --json");
	cr_assert_eq(json_array_size(json_object_get(r, "verdicts")), 2);
	has(first(r, "verdicts"), "status", "invalid_dataprovider");
	cr_assert(json_is_null(json_object_get(first(r, "verdicts"), "last_job")));
	r = json_array_get(json_object_get(r, "verdicts"), 1);
	has(r, "status", "ok");
	cr_assert_eq(fp_json_int(r, "ended_job", 0), fp_json_int(r, "last_job", 0) + 1);
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "layers Bees --runs --layer d --json"), "verdicts")), 1);
	cli_says(0, "No file.", "layers Bees --runs --layer a");
}

Test(commands_jobs, an_engine_told_to_stop_stops_and_its_job_says_so)
{
	char path[4096];
	int status;
	pid_t pid;

	cli_bees();
	cli_wants(0, "file put Bees %s --yes", cli_write("process_projectfile.script", "log info begin\nsleep 30000\n"));
	pid = fork();
	if (pid == 0) {
		snprintf(path, sizeof path, "%s/fieldpost", getenv("FIELDPOST_BUILD"));
		execl(path, "fieldpost", "engine", "run", NULL);
		_exit(127);
	}
	for (int i = 0; i < 300 && !strstr(cli_run("job log 1")->out, "begin"); i++)
		usleep(50000);
	kill(pid, SIGTERM);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
	has(cli_json(0, "job show 1 --json"), "status", "failed");
	cr_assert(*fp_json_str_or(cli_json(0, "job show 1 --json"), "verdict", ""));
}
