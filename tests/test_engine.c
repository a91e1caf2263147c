/* The engine with real processes: what a worker does, well or badly, and what is left of it. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/queue/engine.h"
#include "engine/store/check.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"
#include "engine_home.h"

static struct home h;
static struct fp_error err;

static void setup(void)
{
	home_open(&h);
}

static void teardown(void)
{
	home_close(&h);
}

TestSuite(engine, .timeout = 60, .init = setup, .fini = teardown);

static void trigger(enum fp_job_type type)
{
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, type, "manual", "anna", &err), FP_OK);
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
}

/* The newest job's end. */
static void ended(const char *status, const char *verdict_holds)
{
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), status, "%s",
		home_text(&h, "SELECT status || ': ' || verdict FROM job ORDER BY id DESC"));
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), verdict_holds) != NULL, "%s does not hold %s",
		home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), verdict_holds);
}

/* Whatever happened, the home adds up and nothing is left in it. */
static void note_fault(void *arg, enum fp_finding f, const char *line)
{
	(void)arg;
	cr_assert(f == FP_FINDING_GOOD || (f == FP_FINDING_NOTE && strstr(line, "SQLite")), "%s", line);
}

static void home_adds_up(void)
{
	int64_t faults;

	cr_assert_eq(fp_store_check(h.s, 0, note_fault, NULL, &faults, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status IN ('queued', 'started')"), 0);
}

static void process_with(const char *script)
{
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, script);
	trigger(FP_JOB_PROCESS_PROJECTFILE);
	home_run(&h);
}

static void apply_with(const char *script)
{
	home_script(&h, FP_JOB_DELTA_APPLY, script);
	home_push(&h, 1, 5);
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	home_run(&h);
}

/* Nothing of the last delta_apply was published, and its changes wait as before. */
static void nothing_published(void)
{
	cr_assert_str_eq(home_file(&h, "data.txt"), "");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'pending'"), 5);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'"), 0);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM keymap"), 0);
	home_adds_up();
}

#define LAYER(id, status, valid) "event layer {\"id\":\"" id "\",\"name\":\"n\",\"type\":\"vector\",\"provider\":\"ogr\",\"crs\":\"\",\"wkb_type\":1," \
	"\"pk\":\"fid\",\"filename\":null,\"datasource\":\"d\",\"is_valid\":" valid ",\"status\":\"" status "\",\"error_summary\":\"\"," \
	"\"provider_summary\":\"\",\"confidence\":\"checked\",\"detail\":\"\",\"remedy\":\"\",\"warnings\":[]}\n"

Test(engine, a_good_job_publishes_facts_layers_steps_and_log)
{
	process_with("step check_layers started\nlog warning hello\nevent progress {\"done\":1,\"total\":2}\n"
		LAYER("a", "ok", "true") LAYER("b", "invalid_dataprovider", "false") LAYER("c", "not_checked", "null")
		"event project {\"file\":\"p.qgs\",\"title\":\"My bees\",\"crs\":\"EPSG:2056\",\"attachment_dirs\":[\"DCIM\"]}\nstep check_layers finished\n");
	ended("finished", "3 layers");
	cr_assert_str_eq(home_text(&h, "SELECT title || ' ' || crs FROM project"), "My bees EPSG:2056");
	cr_assert_eq(home_number(&h, "SELECT layer_problems FROM project"), 1);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM layer WHERE is_valid = -1"), 1);
	cr_assert_str_eq(home_text(&h, "SELECT level || ' ' || step || ' ' || text FROM job_log WHERE text = 'hello'"), "warning check_layers hello");
	cr_assert_str_eq(home_text(&h, "SELECT state FROM job_step WHERE step = 'check_layers' ORDER BY job_id DESC"), "finished");
	cr_assert(strstr(home_text(&h, "SELECT sandbox FROM job ORDER BY id DESC"), "landlock") != NULL);
	home_adds_up();
}

Test(engine, a_failed_check_leaves_what_was_known_before)
{
	home_process(&h);
	process_with(LAYER("a", "ok", "true") "event result {\"ok\":false,\"class\":\"invalid\",\"message\":\"p.qgs is empty\",\"hint\":\"upload it again\"}\nexit 1\n");
	ended("failed", "p.qgs is empty");
	cr_assert_str_eq(home_text(&h, "SELECT hint || '/' || error_class FROM job ORDER BY id DESC"), "upload it again/invalid");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM layer"), 0);
	cr_assert_str_eq(home_text(&h, "SELECT title FROM project"), "T");
	cr_assert_eq(home_number(&h, "SELECT check_ok FROM project"), 0);
	home_adds_up();
}

Test(engine, changes_and_files_are_published_together)
{
	home_process(&h);
	apply_with("step apply_deltas started\napply\nstep apply_deltas finished\n");
	ended("finished", "5 applied");
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\n");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied' AND job_id IS NOT NULL AND attempts = 1"), 5);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied' AND hash_after = '11'"), 5);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM keymap WHERE client_id = 'c' AND local_layer_id = 'l' AND local_pk = source_pk"), 5);
	cr_assert_str_eq(home_text(&h, "SELECT v.by FROM file_version v JOIN file f ON f.id = v.file_id WHERE f.name = 'data.txt'"), "job 2");
	home_push(&h, 4, 6);
	home_run(&h);
	ended("finished", "1 applied");
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\nu6\n");
	home_adds_up();
}

Test(engine, a_crash_is_told_by_step_and_signal_and_publishes_nothing)
{
	home_process(&h);
	apply_with("step apply_deltas started\napply\nkill 11\n");
	ended("failed", "SEGV");
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), "apply_deltas") ||
		strstr(home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), "Apply deltas"));
	cr_assert_eq(home_number(&h, "SELECT signal FROM job ORDER BY id DESC"), SIGSEGV);
	cr_assert_str_eq(home_text(&h, "SELECT error_class FROM job ORDER BY id DESC"), "crashed");
	nothing_published();
}

Test(engine, a_worker_that_lies_about_the_protocol_is_stopped)
{
	static const char *const lies[] = {
		"apply\nraw not json\nsleep 60000\n",
		"apply\nevent delta {\"delta_id\":7,\"status\":\"applied\",\"msg\":\"\"}\nsleep 60000\n",
		"apply\nevent delta {\"delta_id\":\"u1\",\"status\":\"applied\",\"msg\":\"\"}\n",
		"apply\nevent delta {\"delta_id\":\"not-mine\",\"status\":\"applied\",\"msg\":\"\"}\n",
		"apply but-one\nevent delta {\"delta_id\":\"u1\",\"status\":\"splendid\",\"msg\":\"\"}\n",
		"apply\nexit 0\n",
		"apply\nexit 3\n",
	};

	home_process(&h);
	home_push(&h, 1, 5);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		home_script(&h, FP_JOB_DELTA_APPLY, lies[i]);
		if (i > 0)
			trigger(FP_JOB_DELTA_APPLY);
		home_run(&h);
		cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "failed", "%s", lies[i]);
		nothing_published();
	}
}

Test(engine, files_that_are_none_or_lie_outside_are_never_published)
{
	static const char *const lies[] = {
		"link data.txt /etc/passwd\nevent file {\"name\":\"data.txt\"}\n",
		"write d/x 1\nevent file {\"name\":\"d\"}\n",
		"event file {\"name\":\"../deltas.jsonl\"}\n",
		"event file {\"name\":\"/etc/passwd\"}\n",
		"event file {\"name\":\"absent.txt\"}\n",
		"link sub /etc\nevent file {\"name\":\"sub/passwd\"}\n",
	};

	home_process(&h);
	home_push(&h, 1, 5);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		home_script(&h, FP_JOB_DELTA_APPLY, lies[i]);
		if (i > 0)
			trigger(FP_JOB_DELTA_APPLY);
		home_run(&h);
		cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "failed", "%s", lies[i]);
		nothing_published();
	}
}

/* It stands in the file: publishing that file would apply it twice one day. */
Test(engine, a_change_without_an_outcome_keeps_all_of_the_job_from_being_published)
{
	home_process(&h);
	apply_with("apply but-one\n");
	ended("failed", "no outcome for 1 of 5 changes");
	nothing_published();
}

Test(engine, changes_that_came_too_early_are_applied_once_the_project_is_processed)
{
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_push(&h, 1, 5);
	cr_assert_str_eq(h.t.rule, "never_processed");
	home_process(&h);
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\n");
	home_adds_up();
}

Test(engine, a_check_that_announces_files_publishes_none)
{
	process_with("write data.txt 1\nevent file {\"name\":\"data.txt\"}\n");
	ended("failed", "changes no file");
	cr_assert_str_eq(home_file(&h, "data.txt"), "");
	home_adds_up();
}

Test(engine, files_that_no_folder_can_hold_are_named_by_the_job)
{
	home_put(&h, "a", "1");
	home_put(&h, "a/b", "1");
	process_with("");
	ended("failed", "a file \"a\" and a file \"a/b\"");
	home_adds_up();
}

Test(engine, bytes_that_are_gone_from_the_home_are_named_by_the_job)
{
	char *path;

	home_put(&h, "a", "1");
	path = fp_path_join(h.path, home_text(&h, "SELECT path FROM file_version v JOIN file f ON f.id = v.file_id WHERE f.name = 'a'"));
	cr_assert_eq(unlink(path), 0);
	process_with("");
	ended("failed", "version 1 of a is gone from the home");
	free(path);
}

Test(engine, a_step_that_runs_too_long_is_stopped_even_when_it_is_deaf)
{
	int64_t before;

	home_process(&h);
	h.conf.step_limit_s = 1;
	before = fp_monotonic_ms();
	apply_with("deaf\nstep apply_deltas started\napply\nsleep 60000\n");
	cr_assert_lt(fp_monotonic_ms() - before, 20000);
	ended("failed", "1 s");
	cr_assert_str_eq(home_text(&h, "SELECT error_class FROM job ORDER BY id DESC"), "timeout");
	nothing_published();
}

Test(engine, a_job_that_runs_too_long_is_stopped)
{
	home_process(&h);
	h.conf.job_limit_s[FP_JOB_DELTA_APPLY] = 1;
	apply_with("apply\nsleep 60000\n");
	ended("failed", "1 s");
	nothing_published();
}

/* Steps an engine until SQL says 1, at most for ten seconds. */
static struct fp_engine *engine;
static void step_until(const char *sql)
{
	int64_t end = fp_monotonic_ms() + 10000;

	do {
		struct pollfd fds[64];
		int ms = 20, n = fp_engine_poll(engine, fds, 64, &ms);
		poll(fds, (nfds_t)n, ms);
		cr_assert_eq(fp_engine_step(engine, &err), FP_OK, "%s", err.msg);
		cr_assert_lt(fp_monotonic_ms(), end, "waited too long for %s", sql);
	} while (home_number(&h, sql) != 1);
}

Test(engine, log_lines_are_in_the_store_while_the_job_runs_and_cancel_ends_it)
{
	int64_t job;

	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "deaf\nlog info living\napply\nsleep 60000\n");
	home_push(&h, 1, 5);
	job = h.t.job_id;
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK, "%s", err.msg);
	step_until("SELECT count(*) FROM job_log WHERE text = 'living'");
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "started");
	cr_assert_eq(fp_engine_running(engine), 1);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'started'"), 5);
	cr_assert_eq(fp_queue_cancel(h.s, job, "bert", &err), FP_OK);
	step_until("SELECT status = 'stopped' FROM job ORDER BY id DESC");
	ended("stopped", "bert");
	fp_engine_free(engine);
	nothing_published();
}

/* A zombie that nobody reaps is dead all the same. */
static int is_alive(pid_t pid)
{
	struct fp_proc_id id;

	return fp_proc_id(&id, pid) == 0 && fp_proc_alive(&id);
}

Test(engine, what_the_worker_left_running_is_killed)
{
	pid_t child;

	home_process(&h);
	apply_with("child\napply\n");
	ended("finished", "5 applied");
	child = atoi(home_text(&h, "SELECT substr(text, 7) FROM job_log WHERE text LIKE 'child %'"));
	cr_assert_gt(child, 1);
	for (int i = 0; i < 100 && is_alive(child); i++)
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	cr_assert_not(is_alive(child));
}

Test(engine, a_drained_engine_claims_no_more_and_an_ended_one_leaves_nothing_stuck)
{
	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "log info living\nsleep 60000\n");
	home_push(&h, 1, 5);
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK);
	step_until("SELECT count(*) FROM job_log WHERE text = 'living'");
	fp_engine_drain(engine, 1);
	step_until("SELECT count(*) = 0 FROM job WHERE status IN ('queued', 'started')");
	cr_assert_eq(fp_engine_running(engine), 0);
	fp_engine_free(engine);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'pending'"), 5);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_run(&h);
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\n", "an interrupted job is taken up again");
	home_adds_up();
}

Test(engine, a_freed_engine_leaves_nothing_stuck_either)
{
	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "log info living\nsleep 60000\n");
	home_push(&h, 1, 5);
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK);
	step_until("SELECT count(*) FROM job_log WHERE text = 'living'");
	fp_engine_free(engine);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_run(&h);
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\n");
	home_adds_up();
}

static void wait_for(const char *sql)
{
	for (int i = 0; i < 1000 && home_number(&h, sql) != 1; i++)
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	cr_assert_eq(home_number(&h, sql), 1, "waited too long for %s", sql);
}

Test(engine, jobs_of_a_killed_engine_are_freed_and_its_changes_applied_once)
{
	pid_t pid, worker;

	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "log info living\napply\nsleep 60000\n");
	home_push(&h, 1, 5);
	pid = home_engine(&h);
	wait_for("SELECT count(*) FROM job_log WHERE text = 'living'");
	worker = (pid_t)home_number(&h, "SELECT worker_pid FROM job ORDER BY id DESC");
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_run(&h);
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\n");
	cr_assert_str_eq(home_text(&h, "SELECT group_concat(status, ' ') FROM (SELECT status FROM job ORDER BY id)"), "finished failed finished");
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job WHERE status = 'failed'"), "nterrupted") != NULL, "%s",
		home_text(&h, "SELECT verdict FROM job WHERE status = 'failed'"));
	cr_assert_not(is_alive(worker));
	home_adds_up();
}

Test(engine, a_file_replaced_meanwhile_fails_the_job_and_the_changes_go_to_the_new_one)
{
	home_process(&h);
	home_put(&h, "data.txt", "old\n");
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\nlog info living\nsleep 700\n");
	home_push(&h, 1, 5);
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK);
	step_until("SELECT count(*) FROM job_log WHERE text = 'living'");
	home_put(&h, "data.txt", "new\n");
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	step_until("SELECT count(*) = 5 FROM change WHERE status = 'applied'");
	fp_engine_free(engine);
	cr_assert_str_eq(home_file(&h, "data.txt"), "new\nu1\nu2\nu3\nu4\nu5\n");
	cr_assert_str_eq(home_text(&h, "SELECT group_concat(status, ' ') FROM (SELECT status FROM job ORDER BY id)"), "finished failed finished");
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job WHERE status = 'failed'"), "data.txt") != NULL);
	home_adds_up();
}

Test(engine, a_full_disk_is_one_clear_line_and_loses_nothing)
{
	int status;
	pid_t pid;

	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	home_push(&h, 1, 5);
	pid = fork();
	if (pid == 0) {
		struct rlimit l = {4096, 4096};
		struct fp_store *own;
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &l) != 0 || fp_store_open(&own, h.path, 0, &err) != FP_OK)
			_exit(1);
		_exit(fp_engine_run(own, &h.conf, 1, &err) == FP_E_FULL && strstr(err.msg, "no space left") ? 0 : 2);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "%d", WEXITSTATUS(status));
	home_run(&h);
	cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\nu5\n");
	home_adds_up();
}

Test(engine, a_log_has_its_limit_and_says_what_is_missing)
{
	h.conf.log_lines_max = 100;
	process_with("logs 5000\n");
	ended("finished", "");
	cr_assert_leq(home_number(&h, "SELECT count(*) FROM job_log"), 102);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE '%4900%'"), 1, "the dropped lines are counted: %s",
		home_text(&h, "SELECT text FROM job_log ORDER BY seq DESC"));
}

Test(engine, logs_go_when_their_days_are_over_and_jobs_stay)
{
	process_with("log info old\n");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log"), 1);
	cr_assert_eq(sqlite3_exec(h.s->db, "UPDATE job SET finished_at = finished_at - 91 * 86400000", NULL, NULL, NULL), SQLITE_OK);
	process_with("log info new\n");
	cr_assert_str_eq(home_text(&h, "SELECT group_concat(text) FROM job_log"), "new");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job"), 2);
}

Test(engine, control_characters_of_a_worker_reach_no_log)
{
	process_with("log info a\033[2Jb\n");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE instr(text, char(27))"), 0);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE 'a%b'"), 1);
}

/* Several engines on one home: every job is done once, one at a time a project, in order. */
Test(engine, engines_share_a_home)
{
	enum { PROJECTS = 6, ROUNDS = 4, ENGINES = 3 };
	char projects[PROJECTS][37];
	pid_t pids[ENGINES];

	h.conf.upload_settle_ms = 0;
	for (int p = 0; p < PROJECTS; p++) {
		char name[16];
		snprintf(name, sizeof name, "P%d", p);
		cr_assert_eq(fp_project_create(h.s, projects[p], name, "anna", &err), FP_OK);
		memcpy(h.project, projects[p], 37);
		home_put(&h, "p.qgs", "<qgis/>");
		home_script(&h, FP_JOB_PROCESS_PROJECTFILE, "sleep 20\n");
		home_script(&h, FP_JOB_DELTA_APPLY, "apply\nsleep 20\n");
		trigger(FP_JOB_PROCESS_PROJECTFILE);
	}
	home_run(&h);
	for (int p = 0; p < PROJECTS; p++) {
		memcpy(h.project, projects[p], 37);
		home_push(&h, 1, ROUNDS);
		trigger(FP_JOB_PROCESS_PROJECTFILE);
	}
	for (int e = 0; e < ENGINES; e++)
		pids[e] = home_engine(&h);
	for (int e = 0; e < ENGINES; e++) {
		int status;
		cr_assert_eq(waitpid(pids[e], &status, 0), pids[e]);
		cr_assert_eq(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	}
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status <> 'finished'"), 0, "%s",
		home_text(&h, "SELECT verdict FROM job WHERE status <> 'finished'"));
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job"), PROJECTS * 3);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job a JOIN job b ON a.project_id = b.project_id AND a.id < b.id "
		"WHERE a.finished_at > b.queued_at"), 0, "one at a time, in order");
	for (int p = 0; p < PROJECTS; p++) {
		memcpy(h.project, projects[p], 37);
		cr_assert_str_eq(home_file(&h, "data.txt"), "u1\nu2\nu3\nu4\n");
	}
	home_adds_up();
}
