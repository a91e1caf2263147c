/* How quick the console is, seen from the other end of the terminal: exec to the last byte of the first paint, key to the last byte of what it changed,
 * and memory; on a home with 10,000 changes and 10,000 jobs while another process writes a job's progress and log. The bounds are the issue's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/proc.h"
#include "engine/store/db.h"
#include "tests/pty.h"
#include "tests/ui_home.h"

#define STARTS 21
#define START_BOUND_MS 15.0
#define KEY_BOUND_MS 1.0

static int over;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Prints median, 95 % and worst; the one that is bound counts. */
static void report(const char *what, double *ms, size_t n, int by_worst, double bound)
{
	double p50, p95, worst, counts;

	qsort(ms, n, sizeof *ms, compare);
	p50 = ms[n / 2];
	p95 = ms[n * 95 / 100];
	worst = ms[n - 1];
	counts = by_worst ? worst : p95;
	printf("%-28s p50 %6.2f  p95 %6.2f  max %6.2f ms   bound %.0f ms on %s: %s\n", what, p50, p95, worst, bound, by_worst ? "max" : "p95",
		counts <= bound ? "kept" : "MISSED");
	over |= counts > bound;
}

static long resident_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* A job that this process holds, so that no engine takes it for dead. */
static void start_job(struct fp_store *s)
{
	struct fp_proc_id me;
	char *sql;

	fp_proc_id(&me, 0);
	sql = fp_asprintf("INSERT INTO job (project_id, type, status, \"trigger\", created_by, created_at, touched_at, queued_at, started_at, owner_pid, owner_start, "
		"owner_boot) VALUES ('" UI_BEES "', 'delta_apply', 'started', 'push', 'x', 1, 1, 1, 1795435195000, %lld, %lld, '%s')", (long long)me.pid,
		(long long)me.start, me.boot_id);
	ui_home_run(s, sql);
	free(sql);
}

/* Another process: a job at work, 50 writes a second. */
static pid_t start_writer(const char *home)
{
	pid_t pid = fork();
	struct fp_store *s;

	if (pid != 0)
		return pid;
	if (fp_store_open(&s, home, 0, NULL))
		_exit(1);
	for (;;) {
		ui_home_run(s, "UPDATE job SET done = done + 1, total = 1000000, step = 'apply' WHERE id = 10001");
		ui_home_run(s, "INSERT INTO job_log (job_id, seq, at, level, step, text) SELECT 10001, count(*) + 1, 1795435195000, 'info', 'apply', 'delta applied' "
			"FROM job_log WHERE job_id = 10001");
		usleep(20000);
	}
}

static void bench_start(char *const argv[], const char *shows)
{
	double ms[STARTS];

	for (int i = 0; i < STARTS; i++) {
		struct pty p;
		pty_start(&p, 24, 80, argv);
		ms[i] = pty_settle(&p, 30, 2000) - p.started;
		if (!strstr(pty_text(&p), shows)) {
			printf("the first paint does not show \"%s\":\n%s", shows, pty_text(&p));
			exit(1);
		}
		pty_type(&p, "Q");
		pty_end(&p, 2000);
		pty_free(&p);
	}
	report("exec to first paint", ms, STARTS, 1, START_BOUND_MS);
}

static void bench_keys(struct pty *p, const char *what, const char *const *keys, int rounds)
{
	double *ms = fp_realloc(NULL, (size_t)rounds * 16, sizeof *ms);
	size_t n = 0;

	for (int i = 0; i < rounds; i++) {
		for (const char *const *k = keys; *k; k++) {
			double begin, end;
			pty_settle(p, 3, 3); /* what a tick drew */
			begin = pty_now();
			pty_type(p, *k);
			end = pty_settle(p, 0.5, 200); /* one write is one paint */
			if (end > 0)
				ms[n++] = end - begin;
		}
	}
	report(what, ms, n, 0, KEY_BOUND_MS);
	free(ms);
}

int main(void)
{
	static const char *const rows[] = { "j", "j", "k", "j", NULL };
	static const char *const pages[] = { "\033[6~", "\033[6~", "\033[5~", "G", "\033[5~", "g", NULL };
	static const char *const views[] = { "2", "3", "4", "3", "2", "1", NULL };
	struct fp_store *s = ui_home_big(10000, 10000);
	char *home = fp_strdup(fp_store_home(s)), *program = fp_asprintf("%s/fieldpost", getenv("FIELDPOST_BUILD"));
	char verb[] = "console", option[] = "--home", start[] = ":changes";
	char *const projects[] = { program, verb, option, home, NULL }, *const changes[] = { program, verb, option, home, start, NULL };
	long before, after;
	struct pty p;
	pid_t writer;

	start_job(s);
	fp_store_close(s);
	bench_start(projects, "big");
	bench_start(changes, "1 of 10,000");
	writer = start_writer(home);
	pty_start(&p, 24, 80, projects);
	pty_wait(&p, "big", 2000);
	pty_settle(&p, 300, 300); /* the engine starts after the first paint */
	bench_keys(&p, "key to paint, views", views, 40);
	pty_type(&p, "2");
	pty_wait(&p, "of 10,000", 2000);
	before = resident_kb(p.pid);
	bench_keys(&p, "key to paint, rows", rows, 100);
	bench_keys(&p, "key to paint, pages", pages, 60);
	pty_type(&p, "3");
	pty_wait(&p, "started", 2000);
	bench_keys(&p, "key to paint, jobs at work", rows, 60);
	after = resident_kb(p.pid);
	printf("%-28s %ld kB, %+ld kB after 1,000 keys\n", "memory", after, after - before);
	pty_type(&p, "Q");
	pty_end(&p, 2000);
	pty_free(&p);
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	if (fp_store_open(&s, home, 0, NULL) == FP_OK)
		ui_home_remove(s);
	return over;
}
