/* The parent's half of exactly once for databases: what is written down before a commit, and what becomes of a job whose worker or engine died around it.
 * The databases are the fake worker's: a folder in which a transaction that committed is a file. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/engine.h"
#include "engine/queue/plan.h"
#include "engine/store/check.h"
#include "engine_home.h"

static struct home h;
static struct fp_error err;
static struct fp_engine *engine;
static int pushed;

static char *db(const char *name)
{
	return fp_asprintf("%s/db/%s", h.folder, name);
}

static void setup(void)
{
	char *asan = fp_asprintf("%s:detect_leaks=0", getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : ""), *folder;

	setenv("ASAN_OPTIONS", asan, 1); /* a worker that is killed while it looks for leaks makes that a finding of its own */
	free(asan);
	home_open(&h);
	folder = db("");
	cr_assert_eq(fp_fs_mkdirs(folder, &err), FP_OK);
	free(folder);
	home_process(&h);
	pushed = 0;
}

static void teardown(void)
{
	home_close(&h);
}

TestSuite(settle, .timeout = 100, .init = setup, .fini = teardown);

/* ---- what is where ---- */

struct sum {
	struct fp_buf text;
	int64_t n, distinct;
};

static void count_uuids(struct sum *s)
{
	char *seen = fp_alloc(1 << 16);

	s->n = s->distinct = 0;
	for (const char *p = s->text.data; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		int id = atoi(p + 1);
		cr_assert(id > 0 && id < 1 << 16);
		s->distinct += !seen[id];
		seen[id] = 1;
		s->n++;
	}
	free(seen);
}

static enum fp_status add_committed(void *arg, const char *name, int regular, int64_t size, struct fp_error *e)
{
	char *path = db(name);
	enum fp_status st = strncmp(name, "committed-", 10) == 0 ? fp_fs_read(arg, path, 1 << 20, e) : FP_OK;

	(void)regular;
	(void)size;
	free(path);
	return st;
}

/* Changes that the databases hold. */
static int64_t in_databases(void)
{
	struct sum s = {.text = FP_BUF_INIT};
	char *folder = db("");

	cr_assert_eq(fp_fs_walk(folder, add_committed, &s.text, &err), FP_OK);
	count_uuids(&s);
	cr_assert_eq(s.n, s.distinct, "a database holds a change twice: %s", s.text.data);
	fp_buf_free(&s.text);
	free(folder);
	return s.n;
}

static int64_t in_file(void)
{
	struct sum s = {.text = FP_BUF_INIT};

	fp_buf_adds(&s.text, home_file(&h, "data.txt"));
	count_uuids(&s);
	cr_assert_eq(s.n, s.distinct, "the file holds a change twice: %s", s.text.data);
	fp_buf_free(&s.text);
	return s.n;
}

static void note_fault(void *arg, enum fp_finding f, const char *line)
{
	(void)arg;
	cr_assert(f != FP_FINDING_FAULT, "%s", line);
}

/* What the ledger says is what databases and files hold, and nothing is stuck. */
static void agree(const char *when)
{
	int64_t faults, held = in_databases() + in_file(), ledger = home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'");

	cr_assert_eq(held, ledger, "%s: databases and files hold %lld changes, the ledger %lld", when, (long long)held, (long long)ledger);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), ledger, "%s", when);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status IN ('queued', 'started')"), 0, "%s: stuck", when);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'started'"), 0, "%s: stuck", when);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction t JOIN job j ON j.id = t.job_id WHERE t.state = 'recorded'"), 0, "%s", when);
	cr_assert_eq(fp_store_check(h.s, 0, note_fault, NULL, &faults, &err), FP_OK, "%s", err.msg);
}

static void all_applied(const char *when)
{
	agree(when);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), pushed, "%s: %s", when,
		home_text(&h, "SELECT group_concat(id || ' ' || status || ' ' || verdict, x'0a') FROM job"));
}

/* ---- what happens ---- */

static void wants(const char *script)
{
	home_script(&h, FP_JOB_DELTA_APPLY, script);
}

static void push(const char *layer, int n)
{
	h.layer = layer;
	home_push(&h, pushed + 1, pushed + n);
	pushed += n;
}

static void says(const char *script)
{
	char *path = db("settle.script");

	cr_assert_eq(fp_fs_write_atomic(path, script, strlen(script), &err), FP_OK);
	free(path);
}

static void finish(void)
{
	wants("apply\ncommit-all\n");
	fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_DELTA_APPLY, "apply pending", "anna", &err);
	home_run(&h);
}

static void ended(const char *status, const char *verdict_holds)
{
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), status, "%s",
		home_text(&h, "SELECT status || ': ' || verdict FROM job ORDER BY id DESC"));
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), verdict_holds) != NULL, "%s does not hold %s",
		home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), verdict_holds);
}

static void begin(void)
{
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK);
}

static void step_until(const char *sql)
{
	int64_t end = fp_monotonic_ms() + 30000;

	while (home_number(&h, sql) != 1) {
		struct pollfd fds[64];
		int ms = 20, n = fp_engine_poll(engine, fds, 64, &ms);
		poll(fds, (nfds_t)n, ms);
		cr_assert_eq(fp_engine_step(engine, &err), FP_OK, "%s", err.msg);
		cr_assert_lt(fp_monotonic_ms(), end, "waited too long for %s; jobs: %s", sql, home_text(&h, "SELECT group_concat(status || ' ' || verdict) FROM job"));
	}
}

#define WAITS "SELECT count(*) FROM job WHERE status = 'started' AND step LIKE 'Waiting for the database to say%'"

/* ---- the way without accidents ---- */

Test(settle, a_commit_is_written_down_before_it_is_let_through)
{
	wants("apply\nask\nlog info let\nsleep 300\ncommit 0\ntell 0\n");
	push("db0", 3);
	begin();
	step_until("SELECT count(*) FROM job_log WHERE text = 'let'");
	cr_assert_eq(in_databases(), 0);
	cr_assert_str_eq(home_text(&h, "SELECT connection || ' ' || layer_id || ' ' || database || ' ' || state FROM job_transaction"), "0 db0 fake recorded");
	step_until("SELECT status = 'finished' FROM job ORDER BY id DESC");
	fp_engine_free(engine);
	ended("finished", "3 changes: 3 applied");
	cr_assert_eq(in_databases(), 3);
	cr_assert_str_eq(home_text(&h, "SELECT state FROM job_transaction"), "committed");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt a JOIN job_transaction t ON t.job_id = a.job_id AND t.txid = a.txid"), 3);
	all_applied("after all");
}

Test(settle, files_and_two_databases_are_published_together)
{
	wants("apply\ncommit-all\n");
	push("l", 2);
	push("db0", 2);
	push("db1", 2);
	home_run(&h);
	ended("finished", "6 changes: 6 applied");
	cr_assert_eq(in_file(), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE txid = ''"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(DISTINCT txid) FROM attempt WHERE txid <> ''"), 2);
	all_applied("after all");
}

Test(settle, what_a_database_refuses_at_its_commit_is_not_applied_in_its_words)
{
	wants("apply\nask\ntell 0 duplicate key\ncommit 1\ntell 1\n");
	push("l", 1);
	push("db0", 2);
	push("db1", 1);
	home_run(&h);
	ended("finished", "2 not_applied");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'not_applied' AND msg = 'Failed to commit changes: duplicate key'"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'not_applied' AND modified_pk = '' AND hash_after = ''"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM keymap"), 2);
	agree("refused");
}

Test(settle, a_worker_that_breaks_the_rules_of_commits_commits_nothing)
{
	static const char *const lies[] = {
		"apply but-one\nask\ncommit 0\n",
		"apply\nevent delta {\"delta_id\":\"u1\",\"status\":\"applied\",\"msg\":\"\",\"connection\":0}\nask\ncommit 0\n",
		"apply\nask no\nexit 0\n",
		"apply\nask no\n",
		"apply\nask no\nevent delta {\"delta_id\":\"u1\",\"status\":\"applied\",\"msg\":\"\"}\nsleep 300\n",
		"apply\nask no\nevent file {\"name\":\"data.txt\"}\nsleep 300\n",
		"apply\nevent committed {\"connection\":0,\"ok\":true,\"message\":\"\"}\n",
		"apply\nevent commit {\"transactions\":[]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[7]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[{\"connection\":0,\"layer_id\":\"db0\",\"database\":\"d\",\"txid\":\"8 OR 1\"}]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[{\"connection\":0,\"layer_id\":\"db0\",\"database\":\"d\",\"txid\":\"\"}]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[{\"connection\":0,\"layer_id\":\"db0\",\"database\":\"\",\"txid\":\"8\"}]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[{\"connection\":-1,\"layer_id\":\"db0\",\"database\":\"d\",\"txid\":\"8\"}]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[{\"connection\":0,\"layer_id\":\"\",\"database\":\"d\",\"txid\":\"8\"}]}\nsleep 300\n",
		"apply\nevent commit {\"transactions\":[{\"connection\":0,\"layer_id\":\"db0\",\"database\":\"d\",\"txid\":\"8\"},"
			"{\"connection\":0,\"layer_id\":\"db0\",\"database\":\"d\",\"txid\":\"9\"}]}\nsleep 300\n",
		"apply\nevent file {\"name\":\"absent.txt\"}\nask\ncommit 0\n",
		"apply\nlink x.txt /etc/passwd\nevent file {\"name\":\"x.txt\"}\nask\ncommit 0\n",
	};

	push("l", 1);
	push("db0", 3);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		wants(lies[i]);
		fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_DELTA_APPLY, "apply pending", "anna", &err);
		home_run(&h);
		cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "failed", "%s: %s", lies[i],
			home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"));
		cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction WHERE state <> 'aborted'"), 0, "%s", lies[i]);
		cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'pending'"), 4, "%s", lies[i]);
		agree(lies[i]);
	}
	finish();
	all_applied("after the lies");
}

Test(settle, a_check_that_wants_to_commit_is_stopped)
{
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, "event commit {\"transactions\":[{\"connection\":0,\"layer_id\":\"db0\",\"database\":\"d\",\"txid\":\"8\"}]}\nsleep 9000\n");
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	ended("failed", "wanted to commit something in a process_projectfile job");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction"), 0);
}

/* ---- the worker dies ---- */

/* SCRIPT once; then a good one, until nothing is left. */
static void worker_dies(const char *script, const char *first_status, int applied)
{
	wants(script);
	push("l", 2);
	push("db0", 2);
	push("db1", 2);
	home_run(&h);
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job WHERE type = 'delta_apply' ORDER BY id"), first_status, "%s: %s", script,
		home_text(&h, "SELECT verdict FROM job WHERE type = 'delta_apply' ORDER BY id"));
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), applied, "%s: %s", script,
		home_text(&h, "SELECT group_concat(verdict, x'0a') FROM job"));
	agree(script);
	finish();
	all_applied(script);
}

Test(settle, a_worker_that_dies_before_it_asked_committed_nothing)
{
	worker_dies("apply\nkill 9\n", "failed", 0);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction WHERE job_id = 2"), 0);
}

Test(settle, a_worker_that_dies_before_its_commits_is_given_back)
{
	worker_dies("apply\nask\nkill 9\n", "failed", 0);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction WHERE job_id = 2 AND state = 'aborted'"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE job_id = 2 AND outcome = 'interrupted'"), 6);
}

Test(settle, a_worker_that_dies_between_its_commits_keeps_what_is_committed)
{
	worker_dies("apply\nask\ncommit 0\nkill 9\n", "finished", 4);
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job WHERE id = 2"), "4 changes: 4 applied; 2 given back: the worker was killed by signal 9") != NULL,
		"%s", home_text(&h, "SELECT verdict FROM job WHERE id = 2"));
	cr_assert_str_eq(home_text(&h, "SELECT \"trigger\" FROM job WHERE id = 3"), "next changes");
}

Test(settle, a_worker_that_dies_after_its_commits_before_a_word_loses_nothing)
{
	worker_dies("apply\nask\ncommit 0\ncommit 1\nkill 9\n", "finished", 6);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE level = 'warning' AND text LIKE '%databases had committed%'"), 1);
}

Test(settle, a_worker_that_dies_after_it_told_all_is_not_asked_about)
{
	says("unreachable:nobody is at home\n");
	worker_dies("apply\nask\ncommit 0\ntell 0\ncommit 1\ntell 1\nkill 9\n", "finished", 6);
}

Test(settle, one_that_says_that_all_went_well_and_leaves_commits_untold_is_checked)
{
	worker_dies("apply\nask\ncommit 0\n", "finished", 4);
}

Test(settle, one_that_says_that_all_went_well_and_committed_nothing_failed)
{
	worker_dies("apply\nask\n", "failed", 0);
}

Test(settle, a_database_that_says_no_and_a_worker_that_dies_then)
{
	worker_dies("apply\nask\ntell 0 no such parent\nkill 9\n", "failed", 0);
}

Test(settle, one_that_goes_on_after_it_was_let_through_is_stopped_and_settled)
{
	worker_dies("apply\nask\ncommit 0\nask no\nsleep 9000\n", "finished", 4);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE '%went on with its work%had committed%'"), 1);
}

Test(settle, a_limit_that_passes_while_it_commits_kills_and_settles)
{
	h.conf.step_limit_s = 1;
	wants("step apply_deltas started\napply\nask\nsleep 60000\n");
	push("db0", 2);
	home_run(&h);
	ended("failed", "took longer than 1 s");
	agree("before the commit");
	wants("step apply_deltas started\napply\nask\ncommit 0\nsleep 60000\n");
	fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_DELTA_APPLY, "apply pending", "anna", &err);
	home_run(&h);
	ended("finished", "2 applied");
	all_applied("after the commit");
}

Test(settle, a_cancel_that_comes_too_late_waits_for_the_end)
{
	wants("apply\nask\nlog info let\nsleep 500\ncommit 0\ntell 0\n");
	push("db0", 2);
	begin();
	step_until("SELECT count(*) FROM job_log WHERE text = 'let'");
	cr_assert_eq(fp_queue_cancel(h.s, 2, "bert", &err), FP_OK);
	step_until("SELECT status IN ('finished', 'stopped', 'failed') FROM job WHERE id = 2");
	fp_engine_free(engine);
	ended("finished", "2 applied");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE 'cancelled by bert; what databases had committed%'"), 1);
	all_applied("cancelled too late");
}

Test(settle, a_cancel_of_what_turns_out_to_be_nothing_holds)
{
	wants("apply\nask\nlog info let\nsleep 500\nkill 9\n");
	push("db0", 2);
	begin();
	step_until("SELECT count(*) FROM job_log WHERE text = 'let'");
	cr_assert_eq(fp_queue_cancel(h.s, 2, "bert", &err), FP_OK);
	step_until("SELECT status IN ('finished', 'stopped', 'failed') FROM job WHERE id = 2");
	fp_engine_free(engine);
	ended("stopped", "cancelled by bert");
	agree("cancelled");
}

/* ---- the database does not say at once ---- */

Test(settle, a_database_is_asked_until_it_says)
{
	says("in progress\nunreachable:the host is down\ndie\n");
	wants("apply\nask\ncommit 0\nkill 9\n");
	push("db0", 2);
	begin();
	step_until(WAITS);
	wants("apply\ncommit-all\n");
	push("db0", 1);
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	step_until("SELECT count(*) FROM job_log WHERE text LIKE 'Waiting for%the host is down'");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status = 'pending'"), 1, "the project's other job waits");
	step_until("SELECT count(*) = 3 FROM change WHERE status = 'applied'");
	fp_engine_free(engine);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE 'Waiting for%still in progress'"), 1);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE 'Waiting for%signal 9%'"), 1);
	cr_assert_str_eq(home_text(&h, "SELECT group_concat(status || step) FROM job"), "finished,finished,finished");
	all_applied("asked four times");
}

Test(settle, what_a_database_no_longer_knows_is_an_error_and_never_applied_by_itself)
{
	says("unknown\n");
	wants("apply\nask\ncommit 0\nkill 9\n");
	push("l", 1);
	push("db0", 2);
	home_run(&h);
	ended("finished", "1 applied, 2 error");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'error' AND msg LIKE 'Nobody can say whether this was applied%Compare%'"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'error' AND txid <> ''"), 2);
	finish();
	cr_assert_eq(in_databases(), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'error'"), 2);
}

Test(settle, answers_that_make_no_sense_decide_nothing)
{
	says("splendid\n\ncommitted\n");
	wants("apply\nask\ncommit 0\nkill 9\n");
	push("db0", 2);
	home_run(&h);
	ended("finished", "2 applied");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_log WHERE text LIKE 'Waiting for%no answer came'"), 1);
	all_applied("in the end");
}

#define GONE "unreachable:gone\n"

static void persons_word(int applied)
{
	wants("apply\nask\nkill 9\n");
	push("db0", 2);
	begin();
	cr_assert_eq(fp_queue_settle(h.s, 2, applied, "anna", &err), FP_E_REFUSED);
	cr_assert_eq(fp_queue_settle(h.s, 99, applied, "anna", &err), FP_E_NOTFOUND);
	says(GONE GONE GONE GONE GONE GONE);
	step_until(WAITS);
	cr_assert_eq(fp_queue_settle(h.s, 2, applied, "anna", &err), FP_OK, "%s", err.msg);
	step_until("SELECT status IN ('finished', 'stopped', 'failed') FROM job WHERE id = 2");
	fp_engine_free(engine);
	cr_assert_eq(fp_queue_settle(h.s, 2, applied, "anna", &err), FP_E_REFUSED);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM activity WHERE what = 'settle' AND who = 'anna'"), 1);
}

Test(settle, a_person_says_that_it_was_applied)
{
	persons_word(1);
	ended("finished", "2 applied");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), 2);
}

Test(settle, a_person_says_that_it_was_not)
{
	persons_word(0);
	ended("failed", "signal 9");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'pending'"), 2);
	says("");
	finish();
	all_applied("in a person's word");
}

Test(settle, an_engine_that_runs_once_leaves_what_waits_to_the_next)
{
	says(GONE GONE GONE GONE GONE GONE);
	wants("apply\nask\ncommit 0\nkill 9\n");
	push("db0", 2);
	home_run(&h);
	cr_assert_eq(home_number(&h, WAITS), 1);
	says("");
	home_run(&h);
	ended("finished", "2 applied");
	all_applied("by the next");
}

Test(settle, an_engine_that_is_told_to_stop_leaves_what_waits_to_the_next)
{
	says(GONE GONE GONE);
	wants("apply\nask\ncommit 0\nkill 9\n");
	push("db0", 2);
	begin();
	step_until(WAITS);
	fp_engine_drain(engine, 0);
	step_until("SELECT owner_start = 0 FROM job WHERE id = 2");
	cr_assert_eq(fp_engine_running(engine), 0);
	fp_engine_free(engine);
	says("");
	home_run(&h);
	all_applied("by the next");
}

Test(settle, an_engine_that_is_freed_at_any_moment_leaves_what_may_be_committed)
{
	static const char *const scripts[] = {"apply\nask\nlog info let\nsleep 9000\n", "apply\nask\ncommit 0\nlog info let\nsleep 9000\n"};

	for (int i = 0; i < 4; i++) {
		char *sql = fp_asprintf("SELECT count(*) FROM job_log WHERE text = 'let' AND job_id = (SELECT max(id) FROM job)");
		wants(scripts[i % 2]);
		push("db0", 2);
		begin();
		step_until(sql);
		if (i > 1)
			fp_engine_drain(engine, 1);
		fp_engine_free(engine);
		finish();
		all_applied(scripts[i % 2]);
		free(sql);
	}
}

/* What a plan could not do goes on being planned. */
Test(settle, a_plan_of_which_a_database_kept_a_part_is_carried_out_to_its_end)
{
	struct fp_staged staged[4] = {{0}};
	struct fp_trigger *t;
	struct fp_plan *plan;
	size_t n;

	wants("apply\nask\ntell 0 no\ntell 1 no\n");
	push("db0", 2);
	push("db1", 2);
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'not_applied'"), 4);
	for (int i = 0; i < 4; i++)
		staged[i] = (struct fp_staged){.change_id = i + 1, .action = FP_ACTION_APPLY};
	wants("apply\nask\ncommit 0\nkill 9\n");
	cr_assert_eq(fp_plan_new(&plan, h.s, &h.conf, staged, 4, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_plan_wait(plan, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_plan_save(plan, "bert", "because", &t, &n, &err), FP_OK, "%s", err.msg);
	free(t);
	fp_plan_free(plan);
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied' AND plan_id IS NULL"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'pending' AND plan_id = 1"), 2);
	cr_assert_str_eq(home_text(&h, "SELECT state FROM plan"), "waiting");
	finish();
	cr_assert_str_eq(home_text(&h, "SELECT state FROM plan"), "done");
	all_applied("planned");
}

/* ---- the engine dies ---- */

Test(settle, an_engine_dead_at_any_named_point_loses_and_doubles_nothing)
{
	static const struct { const char *point, *script; } deaths[] = {
		{"commit:sealed", "apply\ncommit-all\n"}, {"commit:recorded", "apply\ncommit-all\n"}, {"commit:let", "apply\ncommit-all\n"},
		{"commit:let", "apply\nask\nsleep 50\ncommit 0\nsleep 50\ncommit 1\n"},
		{"commit:ended", "apply\ncommit-all\n"}, {"commit:ended", "apply\nask\ncommit 0\nkill 9\n"}, {"commit:ended", "apply\nask\nkill 9\n"},
		{"settle:asked", "apply\nask\ncommit 0\nkill 9\n"}, {"settle:answered", "apply\nask\ncommit 0\nkill 9\n"},
		{"settle:answered", "apply\nask\nkill 9\n"}, {"publish:before", "apply\ncommit-all\n"}, {"publish:middle", "apply\ncommit-all\n"},
		{"publish:after", "apply\ncommit-all\n"}, {"publish:before", "apply\nask\ncommit 1\nkill 9\n"},
		{"publish:middle", "apply\nask\ncommit 1\nkill 9\n"}, {"publish:after", "apply\nask\ncommit 1\nkill 9\n"},
		{"close:before", "apply\nask\nkill 9\n"},
	};

	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
		char *when = fp_asprintf("%s, %s", deaths[i].point, deaths[i].script);
		int status;
		pid_t pid;

		wants(deaths[i].script);
		push("l", 2);
		push("db0", 2);
		push("db1", 2);
		setenv("FIELDPOST_FAIL_AT", deaths[i].point, 1);
		pid = home_engine(&h);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		unsetenv("FIELDPOST_FAIL_AT");
		cr_assert(WIFSIGNALED(status) != 0, "no engine comes by %s", when);
		finish();
		all_applied(when);
		free(when);
	}
}

/* Twice in the same place, and the second engine is another one's heir. */
Test(settle, an_heir_that_dies_has_an_heir)
{
	static const char *const points[] = {"settle:asked", "settle:answered", "publish:before", "publish:middle"};

	wants("apply\nask\ncommit 0\nkill 9\n");
	push("l", 2);
	push("db0", 2);
	push("db1", 2);
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		int status;
		pid_t pid;

		setenv("FIELDPOST_FAIL_AT", points[i], 1);
		pid = home_engine(&h);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		unsetenv("FIELDPOST_FAIL_AT");
		cr_assert(WIFSIGNALED(status) != 0, "no engine comes by %s", points[i]);
	}
	finish();
	all_applied("after four engines");
}

/* An engine that dies at POINT and leaves SCRIPT's job, which nobody has settled yet. */
static void orphan(const char *point, const char *script)
{
	int status;
	pid_t pid;

	wants(script);
	setenv("FIELDPOST_FAIL_AT", point, 1);
	pid = home_engine(&h);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	unsetenv("FIELDPOST_FAIL_AT");
	cr_assert_eq(home_number(&h, "SELECT status = 'started' FROM job WHERE id = 2"), 1);
}

static void remove_of_job(const char *name)
{
	char *path = fp_asprintf("%s/work/2/%s", h.path, name);

	cr_assert_eq(access(path, F_OK), 0, "%s", path);
	cr_assert_eq(fp_fs_remove_tree(path, &err), FP_OK);
	free(path);
}

static void nobody_knows(void)
{
	home_run(&h);
	ended("failed", "a database holds changes of this job");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'error' AND msg LIKE 'Nobody can say whether this was applied%'"), pushed);
	finish();
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'error'"), pushed, "nothing of it is applied by itself again");
	cr_assert_eq(in_databases(), 2);
}

Test(settle, a_work_folder_that_is_gone_although_something_was_committed_is_said)
{
	push("l", 1);
	push("db0", 2);
	orphan("commit:ended", "apply\ncommit-all\n");
	remove_of_job("");
	nobody_knows();
}

Test(settle, results_that_are_cut_short_although_something_was_committed_are_said)
{
	char *path;

	push("l", 1);
	push("db0", 2);
	orphan("commit:ended", "apply\nask\ncommit 0\nkill 9\n");
	path = fp_asprintf("%s/work/2/results.jsonl", h.path);
	cr_assert_eq(truncate(path, 700), 0);
	free(path);
	nobody_knows();
}

Test(settle, a_work_folder_that_is_gone_costs_nothing_when_nothing_was_committed)
{
	push("l", 1);
	push("db0", 2);
	orphan("commit:ended", "apply\nask\nkill 9\n");
	remove_of_job("");
	finish();
	all_applied("without its folder");
}

Test(settle, a_made_file_that_is_gone_costs_its_own_changes_another_try)
{
	push("l", 1);
	push("db0", 2);
	orphan("commit:ended", "apply\ncommit-all\n");
	remove_of_job("out/data.txt");
	home_run(&h);
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job WHERE id = 2"), "2 applied; 1 given back") != NULL, "%s",
		home_text(&h, "SELECT verdict FROM job WHERE id = 2"));
	finish();
	all_applied("without the file");
}

/* ---- publishing what cannot be given back ---- */

Test(settle, a_file_replaced_meanwhile_does_not_give_a_databases_changes_back)
{
	home_put(&h, "data.txt", "");
	wants("apply\ncommit-all\nlog info living\nsleep 700\n");
	push("l", 2);
	push("db0", 2);
	begin();
	step_until("SELECT count(*) FROM job_log WHERE text = 'living'");
	home_put(&h, "data.txt", "u900\n");
	wants("apply\ncommit-all\n");
	step_until("SELECT count(*) = 4 FROM change WHERE status = 'applied'");
	fp_engine_free(engine);
	cr_assert_str_eq(home_file(&h, "data.txt"), "u900\nu1\nu2\n");
	cr_assert_eq(in_databases(), 2);
	cr_assert_str_eq(home_text(&h, "SELECT verdict FROM job WHERE id = 2"), "2 changes: 2 applied; 2 given back: data.txt was replaced meanwhile");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE job_id = 2 AND outcome = 'interrupted' AND msg = 'data.txt was replaced meanwhile'"), 2);
	cr_assert_str_eq(home_text(&h, "SELECT group_concat(status, ' ') FROM (SELECT status FROM job ORDER BY id)"), "finished finished finished");
}

Test(settle, a_full_disk_after_a_commit_is_waited_out)
{
	int status;
	pid_t pid;

	wants("apply\ncommit-all\n");
	push("l", 2);
	push("db0", 2);
	setenv("FIELDPOST_STALL_AT", "commit:ended", 1);
	pid = fork();
	if (pid == 0) {
		struct fp_store *own;
		signal(SIGXFSZ, SIG_IGN);
		if (fp_store_open(&own, h.path, 0, &err) != FP_OK)
			_exit(1);
		_exit(fp_engine_run(own, &h.conf, 1, &err) == FP_E_FULL ? 0 : 2);
	}
	cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	cr_assert(WIFSTOPPED(status) != 0);
	cr_assert_eq(prlimit(pid, RLIMIT_FSIZE, &(struct rlimit){4096, 4096}, NULL), 0);
	kill(pid, SIGCONT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	unsetenv("FIELDPOST_STALL_AT");
	cr_assert_eq(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "%d", WEXITSTATUS(status));
	cr_assert_eq(in_databases(), 2);
	finish();
	all_applied("after the disk was full");
}

/* ---- at random ---- */

#define KILLS 30 /* `make faults` asks for more */

Test(settle, kills_at_random_moments_lose_and_double_nothing)
{
	int seed = home_asked("FIELDPOST_SEED", (int)time(NULL)), wanted = home_asked("FIELDPOST_KILLS", KILLS), kills = 0;
	int64_t end = fp_monotonic_ms() + home_asked("FIELDPOST_SECONDS", 30) * 1000L, whole, before, done = 0;
	unsigned state = (unsigned)seed;

	fprintf(stderr, "FIELDPOST_SEED=%d\n", seed);
	wants("step apply_deltas started\napply slowly\ncommit-all slowly\nstep apply_deltas finished\n");
	push("db0", 1);
	whole = fp_monotonic_ms();
	home_run(&h);
	whole = (fp_monotonic_ms() - whole) * 1000 + 20000; /* us, and a bit */
	while (kills < wanted && fp_monotonic_ms() < end) {
		static const char *const layers[] = {"l", "db0", "db1"};
		int worker = rand_r(&state) % 2;
		int64_t us = (int64_t)rand_r(&state) % whole;
		pid_t pid, victim;

		for (int i = 0; i < 3; i++)
			if (rand_r(&state) % 2)
				push(layers[i], 1 + rand_r(&state) % 2);
		fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_DELTA_APPLY, "apply pending", "anna", &err);
		pid = home_engine(&h);
		nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
		victim = worker ? (pid_t)home_number(&h, "SELECT coalesce(max(worker_pid), 0) FROM job") : pid;
		if (victim > 1)
			kills += kill(victim, SIGKILL) == 0;
		if (worker)
			nanosleep(&(struct timespec){0, rand_r(&state) % 60000 * 1000}, NULL);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
		before = done;
		done = home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'");
		whole = done > before ? whole * 9 / 10 + 1000 : whole < 2000000 ? whole * 11 / 10 : whole;
	}
	finish();
	home_run(&h);
	all_applied("after the campaign");
	fprintf(stderr, "%d kills, %d changes, %lld jobs, of which %lld were settled after an accident\n", kills, pushed,
		(long long)home_number(&h, "SELECT count(*) FROM job"), (long long)home_number(&h, "SELECT count(DISTINCT job_id) FROM job_log WHERE text LIKE '%had committed%'"));
	cr_assert_geq(kills, 10);
}
