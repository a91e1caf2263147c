/* Exactly once in a real PostgreSQL with the real worker: killed around COMMIT, and its engine too. */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/queue/engine.h"
#include "engine_home.h"
#include "postgres.h"

#define PASSWORD "open-sesame"

static struct home h;
static struct fp_error err;
static struct fp_engine *engine;
static int pushed;

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
	(void)tests;
	if (!postgres_is_here())
		return;
	postgres_start("host all all 127.0.0.1/32 scram-sha-256\n");
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
	(void)stats;
	if (postgres_is_here())
		postgres_stop();
}

/* Tests run side by side on one server: each has a role and databases of its own. */
static char role[32], gis[32], sea[32];

static void sql(const char *database, const char *fmt, const char *a, const char *b)
{
	struct fp_buf text = FP_BUF_INIT;

	for (const char *p = fmt; *p; p++)
		if (*p == '@' || *p == '#')
			fp_buf_adds(&text, *p == '@' ? a : b);
		else
			fp_buf_addc(&text, *p);
	postgres_sql(database, text.data);
	fp_buf_free(&text);
}

static void make_database(char name[32], const char *base)
{
	snprintf(name, 32, "%s%d", base, (int)getpid());
	sql("postgres", "CREATE DATABASE @ OWNER #", name, role);
	sql(name, "CREATE TABLE public.trees (id serial PRIMARY KEY, note text); ALTER TABLE public.trees OWNER TO @", role, "");
}

static char *maplayer(const char *id, const char *database)
{
	return fp_asprintf("<maplayer type=\"vector\" geometry=\"No geometry\"><id>%s</id><layername>%s</layername><provider encoding=\"UTF-8\">postgres</provider>"
		"<datasource>dbname='%s' host=127.0.0.1 port=%d user='%s' password='" PASSWORD "' key='id' table=\"public\".\"trees\"</datasource></maplayer>",
		id, id, database, postgres_port(), role);
}

static void begin(void)
{
	char *a, *b, *project;

	if (!postgres_is_here())
		cr_skip_test("no initdb here: the package postgresql is not installed");
	snprintf(role, sizeof role, "ada%d", (int)getpid());
	sql("postgres", "CREATE ROLE @ LOGIN PASSWORD '" PASSWORD "'", role, "");
	make_database(gis, "gis");
	make_database(sea, "sea");
	home_open(&h);
	setenv("FIELDPOST_LIBEXEC", getenv("FIELDPOST_BUILD"), 1);
	h.conf.network_checks = 1;
	strcpy(h.conf.network_allow, "127.0.0.1");
	a = maplayer("gis", gis);
	b = maplayer("sea", sea);
	project = fp_asprintf("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis projectname=\"T\" version=\"3.40.6-Bratislava\"><projectlayers>%s%s"
		"</projectlayers></qgis>", a, b);
	home_put(&h, "p.qgs", project);
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	home_run(&h);
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job"), "finished", "%s", home_text(&h, "SELECT verdict FROM job"));
	pushed = 0;
	free(a);
	free(b);
	free(project);
}

static void end(void)
{
	if (h.s)
		home_close(&h);
}

TestSuite(settle_postgres, .timeout = 110, .init = begin, .fini = end);

static int64_t held(const char *database)
{
	int64_t n = atoll(postgres_value(database, "SELECT count(*) FROM public.trees"));

	cr_assert_eq(n, atoll(postgres_value(database, "SELECT count(DISTINCT note) FROM public.trees")), "%s holds a change twice", database);
	return n;
}

static void agree(const char *when)
{
	int64_t ledger = home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'"), rows = held(gis) + held(sea);

	cr_assert_eq(rows, ledger, "%s: the databases hold %lld changes, the ledger %lld", when, (long long)rows, (long long)ledger);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), ledger, "%s", when);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status IN ('queued', 'started')"), 0, "%s: stuck", when);
}

static void push(const char *layer, int n)
{
	h.layer = layer;
	home_push(&h, pushed + 1, pushed + n);
	pushed += n;
}

static void all_applied(const char *when)
{
	fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_DELTA_APPLY, "apply pending", "anna", &err);
	home_run(&h);
	agree(when);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM change WHERE status = 'applied'"), pushed, "%s: %s", when,
		home_text(&h, "SELECT group_concat(id || ' ' || status || ' ' || verdict, x'0a') FROM job"));
}

static void until(const char *want)
{
	int64_t limit = fp_monotonic_ms() + 30000;

	while (home_number(&h, want) != 1) { /* without a pause: what it waits for may be over soon */
		cr_assert_lt(fp_monotonic_ms(), limit, "waited too long for %s", want);
	}
}

static void until_database(const char *want)
{
	int64_t limit = fp_monotonic_ms() + 30000;

	while (!*postgres_value(gis, want)) {
		poll(NULL, 0, 10);
		cr_assert_lt(fp_monotonic_ms(), limit, "waited too long for %s", want);
	}
}

static void step_until(const char *want)
{
	int64_t limit = fp_monotonic_ms() + 30000;

	while (home_number(&h, want) != 1) {
		struct pollfd fds[64];
		int ms = 20, n = fp_engine_poll(engine, fds, 64, &ms);
		poll(fds, (nfds_t)n, ms);
		cr_assert_eq(fp_engine_step(engine, &err), FP_OK, "%s", err.msg);
		cr_assert_lt(fp_monotonic_ms(), limit, "waited too long for %s; jobs: %s", want, home_text(&h, "SELECT group_concat(status || ' ' || verdict) FROM job"));
	}
}

#define WAITS "SELECT count(*) FROM job WHERE status = 'started' AND step LIKE 'Waiting for the database to say%'"

Test(settle_postgres, two_databases_are_changed_and_the_ledger_names_their_transactions)
{
	push("gis", 3);
	push("sea", 2);
	home_run(&h);
	all_applied("at once");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction WHERE state = 'committed' AND txid <> ''"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt a JOIN job_transaction t ON t.job_id = a.job_id AND t.txid = a.txid"), 5);
	cr_assert_eq(held(gis), 3);
}

/* Between the record and the word that lets it commit. */
Test(settle_postgres, a_worker_killed_before_its_commit_has_changed_nothing)
{
	int status;
	pid_t pid;

	push("gis", 3);
	setenv("FIELDPOST_STALL_AT", "commit:recorded", 1);
	pid = home_engine(&h);
	unsetenv("FIELDPOST_STALL_AT");
	cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	cr_assert(WIFSTOPPED(status) != 0);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job_transaction WHERE state = 'recorded'"), 1);
	cr_assert_eq(kill((pid_t)home_number(&h, "SELECT worker_pid FROM job ORDER BY id DESC"), SIGKILL), 0);
	kill(pid, SIGCONT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	agree("killed");
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "failed");
	cr_assert_str_eq(home_text(&h, "SELECT state FROM job_transaction"), "aborted");
	all_applied("tried again");
}

/* A server that waits for a standby which never comes has committed, and says so to nobody yet. */
Test(settle_postgres, a_worker_killed_within_its_commit_is_settled_when_the_database_says)
{
	push("gis", 3);
	sql("postgres", "ALTER ROLE @ SET synchronous_commit = on", role, "");
	postgres_set("synchronous_standby_names", "nobody");
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK);
	step_until("SELECT count(*) FROM job_transaction WHERE state = 'recorded'");
	until_database("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()");
	cr_assert_eq(kill((pid_t)home_number(&h, "SELECT worker_pid FROM job ORDER BY id DESC"), SIGKILL), 0);
	step_until(WAITS);
	step_until("SELECT count(*) FROM job_log WHERE text LIKE 'Waiting for%in progress'");
	postgres_sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
	postgres_sql("postgres", "SELECT pg_reload_conf()");
	step_until("SELECT status = 'finished' FROM job ORDER BY id DESC");
	fp_engine_free(engine);
	cr_assert_eq(held(gis), 3);
	all_applied("without another try");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE type = 'delta_apply'"), 1);
}

Test(settle_postgres, a_database_that_lets_nobody_in_is_asked_again)
{
	int status;
	pid_t pid;

	push("gis", 2);
	push("sea", 2);
	setenv("FIELDPOST_FAIL_AT", "commit:let", 1);
	pid = home_engine(&h);
	unsetenv("FIELDPOST_FAIL_AT");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	sql("postgres", "ALTER ROLE @ NOLOGIN", role, "");
	cr_assert_eq(fp_engine_new(&engine, h.s, &h.conf, &err), FP_OK);
	step_until(WAITS);
	step_until("SELECT count(*) FROM job_log WHERE text LIKE 'Waiting for%not permitted to log in%'");
	sql("postgres", "ALTER ROLE @ LOGIN", role, "");
	step_until("SELECT count(*) = 0 FROM job WHERE status IN ('pending', 'queued', 'started')");
	fp_engine_free(engine);
	all_applied("when somebody was let in");
}

Test(settle_postgres, an_engine_dead_at_a_named_point_loses_and_doubles_nothing)
{
	static const char *const points[] = {"commit:sealed", "commit:recorded", "commit:let", "commit:ended", "publish:before", "publish:middle", "publish:after"};

	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		int status;
		pid_t pid;

		push("gis", 2);
		push("sea", 1);
		setenv("FIELDPOST_FAIL_AT", points[i], 1);
		pid = home_engine(&h);
		unsetenv("FIELDPOST_FAIL_AT");
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFSIGNALED(status) != 0, "no engine comes by %s", points[i]);
		all_applied(points[i]);
	}
}

#define KILLS 30 /* `make faults` asks for more */

Test(settle_postgres, kills_at_random_moments_lose_and_double_nothing)
{
	int seed = home_asked("FIELDPOST_SEED", (int)time(NULL)), wanted = home_asked("FIELDPOST_KILLS", KILLS), kills = 0;
	int64_t limit = fp_monotonic_ms() + home_asked("FIELDPOST_SECONDS", 30) * 1000L, whole;
	unsigned state = (unsigned)seed;

	fprintf(stderr, "FIELDPOST_SEED=%d\n", seed);
	push("gis", 1);
	whole = fp_monotonic_ms();
	home_run(&h);
	whole = (fp_monotonic_ms() - whole) * 1000 + 20000;
	while (kills < wanted && fp_monotonic_ms() < limit) {
		int worker = rand_r(&state) % 2;
		int64_t us = (int64_t)rand_r(&state) % whole;
		pid_t pid, victim;

		push("gis", 1 + rand_r(&state) % 2);
		if (rand_r(&state) % 2)
			push("sea", 1);
		pid = home_engine(&h);
		if (rand_r(&state) % 2) { /* most of the time is not spent around the commit */
			until("SELECT count(*) > 0 OR (SELECT count(*) = 0 FROM job WHERE status IN ('pending', 'queued', 'started')) FROM job_transaction"
				" WHERE state = 'recorded'");
			us = (int64_t)rand_r(&state) % 4000;
		}
		nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
		victim = worker ? (pid_t)home_number(&h, "SELECT coalesce(max(worker_pid), 0) FROM job") : pid;
		if (victim > 1)
			kills += kill(victim, SIGKILL) == 0;
		if (worker)
			nanosleep(&(struct timespec){0, rand_r(&state) % 60000 * 1000}, NULL);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
	}
	home_run(&h);
	all_applied("after the campaign");
	fprintf(stderr, "%d kills, %d changes; %lld transactions committed, %lld lost\n", kills, pushed,
		(long long)home_number(&h, "SELECT count(*) FROM job_transaction WHERE state = 'committed'"),
		(long long)home_number(&h, "SELECT count(*) FROM job_transaction WHERE state = 'aborted'"));
	cr_assert_geq(kills, 10);
}
