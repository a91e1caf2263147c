#include "tests/faults/campaign.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "tests/postgres.h"

#define DRAIN_MS 60000
#define END_EVERY 40 /* kills, after which all that waits is applied and looked at as a whole */

static struct fp_error err;

/* Where a process may be asked to die. A worker dies at its points again and again, whatever engine starts it. */
static const struct point {
	const char *name;
	int database;       /* nobody comes by where there is none */
	int kill;           /* only jobs whose worker dies come by */
	const char *before; /* only engines come by that follow one that died there */
} points[] = {
	{.name = "apply:mid"}, {.name = "apply:before_commit"}, {.name = "apply:after_commit"}, {.name = "apply:ready"},
	{.name = "apply:committed", .database = 1}, {.name = "commit:sealed", .database = 1}, {.name = "commit:recorded", .database = 1},
	{.name = "commit:let", .database = 1}, {.name = "commit:ended", .database = 1}, {.name = "settle:asked", .database = 1, .before = "commit:let"},
	{.name = "settle:answered", .database = 1, .before = "commit:let"}, {.name = "publish:before"}, {.name = "publish:middle"}, {.name = "publish:after"},
	{.name = "close:before", .kill = 1},
};
#define N_POINTS (sizeof points / sizeof *points)

int campaign_knows(const char *point)
{
	for (size_t i = 0; i < N_POINTS; i++)
		if (strcmp(points[i].name, point) == 0)
			return 1;
	return 0;
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

int campaign_kills(const struct campaign *c)
{
	return c->killed_engines + c->killed_workers + c->killed_sessions + c->killed_servers + c->at_points;
}

void campaign_tell(const struct campaign *c)
{
	const struct audit *a = &c->audit;

	fprintf(stderr, "%s: %d rounds, %d kills (%d engines, %d workers, %d database sessions, %d database servers, %d at named points), %lld changes,"
		" %lld times applied (%lld forced, %lld undone, %lld after a plan); lost %lld, doubled %lld, stuck %lld, blanket errors %lld, broken %lld; %lld s, FIELDPOST_SEED=%u\n", c->name, c->rounds,
		campaign_kills(c), c->killed_engines, c->killed_workers, c->killed_sessions, c->killed_servers, c->at_points, (long long)a->changes,
		(long long)a->applied, (long long)a->forced, (long long)a->undone, (long long)a->planned, (long long)a->lost, (long long)a->doubled, (long long)a->stuck, (long long)a->blanket, (long long)a->broken,
		(long long)(fp_monotonic_ms() - c->began) / 1000, c->seed);
}

static const char *when(const struct campaign *c, const char *what)
{
	static char text[160];

	snprintf(text, sizeof text, "%s, seed %u, kill %d, %s", c->name, c->seed, campaign_kills(c), what);
	return text;
}

/* ---- engines ---- */

static int start_engine(const struct campaign *c, const char *point)
{
	char *program = fp_path_join(getenv("FIELDPOST_BUILD"), "fieldpost");
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0), dup2(null, 1), dup2(null, 2);
		if (point)
			setenv("FIELDPOST_FAIL_AT", point, 1);
		execl(program, "fieldpost", "engine", "run", "--home", c->field.h.path, (char *)NULL);
		_exit(127);
	}
	cr_assert(pid > 0);
	free(program);
	return pid;
}

/* Those that died by themselves did so where they were asked to. */
static void reap(struct campaign *c)
{
	for (int i = 0; i < c->engines; i++) {
		int status;
		if (c->engine[i].pid && waitpid(c->engine[i].pid, &status, WNOHANG) == c->engine[i].pid) {
			c->engine[i].pid = 0;
			cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && c->engine[i].poisoned, "an engine ended by itself: %d", status);
			c->at_points++;
		}
	}
}

/* Every engine is there again. One of SICKLY is asked to die at a point, at POINT if that is given. */
static void muster(struct campaign *c, int sickly, const char *point)
{
	reap(c);
	for (int i = 0; i < c->engines; i++) {
		if (c->engine[i].pid)
			continue;
		c->engine[i].poisoned = sickly && field_dice(&c->field, sickly) == 0;
		c->engine[i].pid = start_engine(c, !c->engine[i].poisoned ? NULL : point ? point : points[field_dice(&c->field, N_POINTS)].name);
	}
}

static int kill_engine(struct campaign *c, int i)
{
	if (!c->engine[i].pid)
		return 0;
	kill(c->engine[i].pid, SIGKILL);
	cr_assert_eq(waitpid(c->engine[i].pid, NULL, 0), c->engine[i].pid);
	c->engine[i].pid = 0;
	return 1;
}

/* Told to stop, as a service would be; one that does not is stuck. */
static void dismiss(struct campaign *c)
{
	for (int i = 0; i < c->engines; i++) {
		int64_t until = fp_monotonic_ms() + DRAIN_MS / 2;
		pid_t pid = c->engine[i].pid, gone = 0;
		if (!pid)
			continue;
		kill(pid, SIGTERM);
		while (!gone && fp_monotonic_ms() < until) {
			gone = waitpid(pid, NULL, WNOHANG);
			pause_us(gone ? 0 : 2000);
		}
		c->audit.stuck += !gone;
		if (!gone)
			kill_engine(c, i);
		c->engine[i].pid = 0;
	}
}

static int64_t jobs_on_their_way(struct campaign *c)
{
	return home_number(&c->field.h, "SELECT count(*) FROM job WHERE status IN ('pending', 'queued', 'started')");
}

/* Healthy engines get the time to apply all that waits, and somebody who asks for it. */
static void drain(struct campaign *c, const char *what)
{
	int64_t until = fp_monotonic_ms() + DRAIN_MS;

	for (int i = 0; i < c->engines; i++)
		if (c->engine[i].poisoned)
			kill_engine(c, i);
	while (fp_monotonic_ms() < until) {
		muster(c, 0, NULL);
		if (!jobs_on_their_way(c)) {
			if (!home_number(&c->field.h, "SELECT count(*) FROM change WHERE status IN ('pending', 'started')"))
				break;
			for (int i = 0; i < c->field.n; i++)
				cr_assert_eq(fp_queue_trigger(c->field.h.s, &c->field.h.t, c->field.plots[i].project, FP_JOB_DELTA_APPLY, "apply pending",
					"anna", &err), FP_OK, "%s", err.msg);
		}
		pause_us(10000);
	}
	dismiss(c);
	if (fp_monotonic_ms() < until)
		home_run(&c->field.h); /* sweeps */
	audit_end(&c->field, &c->audit, when(c, what));
}

/* ---- victims ---- */

static int is_gone(pid_t pid)
{
	struct fp_proc_id id;

	return fp_proc_id(&id, pid) != 0 || !fp_proc_alive(&id);
}

static int strike_engine(struct campaign *c)
{
	int owner = (int)home_number(&c->field.h, "SELECT coalesce((SELECT owner_pid FROM job WHERE status IN ('queued', 'started') ORDER BY random()"
		" LIMIT 1), 0)");

	for (int i = 0; i < c->engines; i++)
		if (owner && c->engine[i].pid == owner)
			return kill_engine(c, i);
	return jobs_on_their_way(c) ? kill_engine(c, field_dice(&c->field, c->engines)) : 0;
}

/* A worker that runs, or the one that comes next. */
static int strike_worker(struct campaign *c)
{
	for (int i = 0; i < 50 && jobs_on_their_way(c); i++) {
		pid_t pid = (pid_t)home_number(&c->field.h, "SELECT coalesce((SELECT worker_pid FROM job WHERE worker_pid > 1 ORDER BY random() LIMIT 1), 0)");
		if (pid && !is_gone(pid))
			return kill(pid, SIGKILL) == 0;
		pause_us(1000);
	}
	return 0;
}

static void take_pid(void *pid, const char *const *columns)
{
	*(int *)pid = (int)strtol(columns[0], NULL, 10);
}

#define SESSION "SELECT pid FROM pg_stat_activity WHERE application_name = 'fieldpost' AND datname = current_database() ORDER BY random() LIMIT 1"

/* A session that is cut off; or one that crashes, and the whole server with it. */
static int strike_session(struct campaign *c, int hard)
{
	for (int i = 0; i < 50 && jobs_on_their_way(c); i++) {
		int pid = 0;
		postgres_rows(c->field.database, hard ? SESSION : "WITH s AS MATERIALIZED (" SESSION ") SELECT pid FROM s WHERE pg_terminate_backend(pid)", take_pid, &pid);
		if (pid)
			return !hard || kill(pid, SIGKILL) == 0;
		pause_us(1000);
	}
	return 0;
}

static void strike(struct campaign *c)
{
	int die = field_dice(&c->field, c->kind == FIELD_DATABASE ? 12 : 8);

	if (die < 4)
		c->killed_engines += strike_engine(c);
	else if (die < 8)
		c->killed_workers += strike_worker(c);
	else if (die < 11)
		c->killed_sessions += strike_session(c, 0);
	else
		c->killed_servers += strike_session(c, 1);
}

/* ---- the campaigns ---- */

void campaign_open(struct campaign *c)
{
	c->began = fp_monotonic_ms();
	field_open(&c->field, c->kind, c->plots, c->seed);
}

void campaign_close(struct campaign *c)
{
	for (int i = 0; i < c->engines; i++)
		kill_engine(c, i);
	field_close(&c->field);
}

static void do_something(struct campaign *c)
{
	struct field *f = &c->field;

	for (int n = 1 + field_dice(f, f->n); n; n--)
		field_push(f, &f->plots[field_dice(f, f->n)]);
	if (f->kind != FIELD_FAKE && field_dice(f, 6) == 0)
		field_plan(f, &f->plots[field_dice(f, f->n)]);
}

void campaign_random(struct campaign *c)
{
	int64_t until = fp_monotonic_ms() + (int64_t)c->seconds * 1000, done = 0, before;
	int ended = 0;
	long whole = 200000; /* us */

	while (campaign_kills(c) < c->kills && fp_monotonic_ms() < until && audit_findings(&c->audit) == 0) {
		c->rounds++;
		muster(c, 6, NULL);
		do_something(c);
		pause_us(field_dice(&c->field, (int)whole));
		strike(c);
		audit_run(&c->field, &c->audit, when(c, "while engines run"));
		/* About every other round something shall come to its end, on a busy machine too, so that kills fall everywhere. */
		before = done;
		done = c->audit.applied;
		whole = done > before ? whole * 9 / 10 + 1000 : whole < 2000000 ? whole * 11 / 10 : whole;
		if (campaign_kills(c) >= ended + END_EVERY) {
			ended = campaign_kills(c);
			drain(c, "after all was applied");
		}
	}
	drain(c, "at the end");
}

static int64_t killed_jobs(struct campaign *c)
{
	return home_number(&c->field.h, "SELECT (SELECT count(*) FROM job WHERE signal = 9) + (SELECT count(*) FROM job_log WHERE text LIKE"
		" '%what databases had committed by then is published')");
}

/* Everybody is asked to die at POINT, until somebody does. With KILLING workers are killed on the way. */
static void die_at(struct campaign *c, const char *point, int killing)
{
	int64_t jobs = killed_jobs(c), until = fp_monotonic_ms() + DRAIN_MS / 2;
	int before = c->at_points, killed = 0;

	muster(c, 1, point);
	while (c->at_points == before && (killing || killed_jobs(c) == jobs) && fp_monotonic_ms() < until) {
		if (!jobs_on_their_way(c))
			for (int i = 0; i < c->field.n; i++)
				field_push(&c->field, &c->field.plots[i]);
		killed += killing && strike_worker(c);
		pause_us(2000);
		reap(c);
	}
	cr_assert_lt(fp_monotonic_ms(), until, "nobody comes by %s", point);
	c->killed_workers += killed;
	c->at_points += c->at_points == before;
}

static void visit(struct campaign *c, const struct point *p)
{
	c->rounds++;
	for (int i = 0; i < c->field.n; i++)
		for (int n = 0; n < 3; n++)
			field_push(&c->field, &c->field.plots[i]);
	if (p->before) {
		die_at(c, p->before, 0);
		for (int i = 0; i < c->engines; i++)
			c->killed_engines += kill_engine(c, i);
	}
	die_at(c, p->name, p->kill);
	audit_run(&c->field, &c->audit, when(c, p->name));
	drain(c, p->name);
}

void campaign_points(struct campaign *c)
{
	for (size_t i = 0; i < N_POINTS; i++)
		if (c->kind == FIELD_DATABASE || !points[i].database)
			visit(c, &points[i]);
}
