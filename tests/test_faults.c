/* SIGKILL of engine and worker at random moments while changes are applied: none is lost, none doubled, no project stuck.
 *
 * FIELDPOST_KILLS (200) and FIELDPOST_SEED (the time; printed) steer a longer campaign or repeat one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/store/check.h"
#include "engine/store/files.h"
#include "engine_home.h"

static struct home h;
static struct fp_error err;

static void calm(void)
{
	char *asan = fp_asprintf("%s:detect_leaks=0", getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");

	/* A worker that is killed while it looks for leaks makes that a finding of its own. */
	setenv("ASAN_OPTIONS", asan, 1);
	free(asan);
}

static void with_fake(void)
{
	calm();
	home_open(&h);
}

static void with_sample(void)
{
	calm();
	home_open_sample(&h);
}

static void teardown(void)
{
	home_close(&h);
}

TestSuite(faults, .timeout = 110, .fini = teardown);

static int number_of(const char *name, int fallback)
{
	const char *v = getenv(name);

	return v && *v ? atoi(v) : fallback;
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

/* What the data holds, against what the ledger says: after any crash the two are the same. */
typedef int64_t count_fn(int64_t *distinct);

static int64_t count_lines(int64_t *distinct)
{
	const char *p = home_file(&h, "data.txt");
	char *seen = fp_alloc(1 << 20);
	int64_t n = 0;

	*distinct = 0;
	for (; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		int id = atoi(p + 1);
		cr_assert(id > 0 && id < 1 << 20);
		*distinct += !seen[id];
		seen[id] = 1;
		n++;
	}
	free(seen);
	return n;
}

static void agree(count_fn *count, int pushed, int kill_no)
{
	int64_t distinct, rows = count(&distinct), ledger = home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'");

	cr_assert_eq(rows, distinct, "after kill %d a change is in the data twice: %lld rows, %lld different", kill_no, (long long)rows,
		(long long)distinct);
	cr_assert_eq(rows, ledger, "after kill %d the data holds %lld changes, the ledger %lld", kill_no, (long long)rows, (long long)ledger);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status IN ('applied', 'pending', 'started')"), pushed);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), ledger);
}

static int is_gone(pid_t pid)
{
	struct fp_proc_id id;

	return fp_proc_id(&id, pid) != 0 || !fp_proc_alive(&id);
}

/* Kills engine PID after DELAY us, or the worker that runs then or comes next; returns 1 when there was somebody to kill. */
static int strike(pid_t engine, int worker, long delay)
{
	pause_us(delay);
	if (!worker)
		return kill(engine, SIGKILL) == 0;
	for (int i = 0; i < 50; i++) {
		int64_t victim = home_number(&h, "SELECT coalesce(max(worker_pid), 0) FROM job");
		if (victim > 1)
			return kill((pid_t)victim, SIGKILL) == 0;
		if (is_gone(engine))
			return 0;
		pause_us(2000);
	}
	return 0;
}

static void note_fault(void *arg, enum fp_finding f, const char *line)
{
	(void)arg;
	cr_assert(f != FP_FINDING_FAULT, "%s", line);
}

static void campaign(count_fn *count, int kills, int seconds)
{
	int seed = number_of("FIELDPOST_SEED", (int)time(NULL)), pushed = 0, struck = 0, engines = 0;
	int64_t end = fp_monotonic_ms() + seconds * 1000, whole, faults, before, done = 3;
	unsigned state = (unsigned)seed;

	fprintf(stderr, "FIELDPOST_SEED=%d\n", seed);
	home_push(&h, 1, pushed = 3);
	whole = fp_monotonic_ms();
	home_run(&h);
	whole = (fp_monotonic_ms() - whole) * 1000 + 20000; /* us: what one apply takes from start to end, and a bit */
	agree(count, pushed, 0);
	while (struck < kills && fp_monotonic_ms() < end) {
		int more = 1 + rand_r(&state) % 3, worker = rand_r(&state) % 2;
		pid_t engine;

		home_push(&h, pushed + 1, pushed + more);
		pushed += more;
		engine = home_engine(&h);
		if (strike(engine, worker, rand_r(&state) % (worker ? whole / 2 : whole))) {
			struck++;
			engines += !worker;
		}
		if (worker) /* it goes on, with a failed job */
			pause_us(rand_r(&state) % 20000);
		kill(engine, SIGKILL);
		cr_assert_eq(waitpid(engine, NULL, 0), engine);
		agree(count, pushed, struck);
		/* On a busy machine all takes longer: about every other engine shall come to its end, so that kills fall everywhere. */
		before = done;
		done = home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'");
		whole = done > before ? whole * 9 / 10 + 1000 : whole < 2000000 ? whole * 11 / 10 : whole;
	}
	fprintf(stderr, "%d kills (%d of engines, %d of workers), %d changes\n", struck, engines, struck - engines, pushed);
	cr_assert_geq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'"), pushed / 4, "too little went on to prove anything");
	cr_assert_geq(struck, kills < 20 ? kills : 20, "only %d kills in %d s", struck, seconds);
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_DELTA_APPLY, "apply pending", "anna", &err), FP_OK);
	home_run(&h);
	agree(count, pushed, struck);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status <> 'applied'"), 0, "%s",
		home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"));
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status NOT IN ('finished', 'failed', 'stopped')"), 0);
	cr_assert_eq(fp_store_check(h.s, 1, note_fault, NULL, &faults, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(faults, 0);
}

Test(faults, kills_at_random_moments_lose_and_double_nothing, .init = with_fake)
{
	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "step apply_deltas started\napply slowly\nstep apply_deltas finished\n");
	campaign(count_lines, number_of("FIELDPOST_KILLS", 200) / 3, number_of("FIELDPOST_KILLS", 200) / 4);
}

/* Trees that the sample did not have before. */
static int64_t count_trees(int64_t *distinct)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n;
	char *path = fp_path_join(h.path, home_text(&h, "SELECT path FROM file_version v JOIN file f ON f.id = v.file_id AND f.version = v.version "
		"WHERE f.name = 'survey.gpkg'")), *uri = fp_asprintf("file:%s?immutable=1", path);

	cr_assert_eq(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*), count(DISTINCT note) FROM trees WHERE note GLOB 'u[0-9]*'", -1, &st, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	*distinct = sqlite3_column_int64(st, 1);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	free(uri);
	return n;
}

Test(faults, the_real_worker_on_a_geopackage_keeps_the_promise_too, .init = with_sample)
{
	campaign(count_trees, number_of("FIELDPOST_KILLS", 200), number_of("FIELDPOST_KILLS", 200) / 4);
}

/* The same where it hurts most: an engine that dies right before, within and right after the one transaction. */
Test(faults, an_engine_dead_at_a_named_point_leaves_all_of_a_job_or_none, .init = with_fake)
{
	static const char *const points[] = {"publish:before", "publish:middle", "publish:after", "close:before"};
	int pushed = 0;

	home_process(&h);
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		int status;
		pid_t engine;

		if (strncmp(points[i], "close", 5) == 0)
			home_script(&h, FP_JOB_DELTA_APPLY, "apply\nexit 3\n");
		home_push(&h, pushed + 1, pushed + 3);
		pushed += 3;
		setenv("FIELDPOST_FAIL_AT", points[i], 1);
		engine = home_engine(&h);
		cr_assert_eq(waitpid(engine, &status, 0), engine);
		unsetenv("FIELDPOST_FAIL_AT");
		cr_assert(WIFSIGNALED(status) != 0, "no engine comes by %s", points[i]);
		agree(count_lines, pushed, (int)i);
		home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
		home_run(&h);
		agree(count_lines, pushed, (int)i);
		cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status <> 'applied'"), 0, "after %s", points[i]);
	}
}
