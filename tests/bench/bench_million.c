/* What the console takes on a home with 1,000,000 changes (or as many as are said), seen from the other end of the terminal: exec to the first paint of a
 * project's changes and of all, key to paint, a filter or an order to the paint of its first page with its count; and the largest it was in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/store/db.h"
#include "tests/bench/many_changes.h"
#include "tests/pty.h"
#include "tests/ui_home.h"

#define STARTS 11
#define OPEN_BOUND_MS 50.0
#define PAGE_BOUND_MS 200.0
#define AGAIN 3 /* times that each is measured; the median counts */

static int over;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const char *what, double *ms, size_t n, double bound, const char *shows)
{
	qsort(ms, n, sizeof *ms, compare);
	printf("%-56.56s p50 %7.2f  max %7.2f ms   bound %.0f ms: %s   %s\n", what, ms[n / 2], ms[n - 1], bound, ms[n / 2] <= bound ? "kept" : "MISSED", shows);
	over |= ms[n / 2] > bound;
}

static long memory_kb(pid_t pid, const char *which)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, which, strlen(which)) == 0)
			kb = strtol(line + strlen(which), NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

static void bench_start(const char *what, char *const argv[], const char *shows)
{
	double ms[STARTS];

	for (int i = 0; i < STARTS; i++) {
		struct pty p;
		pty_start(&p, 24, 80, argv);
		ms[i] = pty_settle(&p, 100, 5000) - p.started;
		if (!strstr(pty_text(&p), shows)) {
			printf("the first paint does not show \"%s\":\n%s", shows, pty_text(&p));
			exit(1);
		}
		pty_type(&p, "Q");
		pty_end(&p, 2000);
		pty_free(&p);
	}
	report(what, ms, STARTS, OPEN_BOUND_MS, "");
}

/* Types KEYS and waits for what they change; 0 when nothing came. */
static double type(struct pty *p, const char *keys)
{
	double begin, end;

	pty_settle(p, 3, 3); /* what a tick drew */
	begin = pty_now();
	pty_type(p, keys);
	end = pty_settle(p, 60, 2000); /* one write is one paint; the tick's come every 80 ms, if at all */
	return end > 0 ? end - begin : 0;
}

/* "12 of 1,040": what the line of counts says. */
static const char *counts(struct pty *p, char *to, size_t size)
{
	const char *at = strstr(pty_text(p), " of "), *end;

	while (at && at > p->text && at[-1] != '\n')
		at--;
	end = at ? strstr(at, "  ") : NULL;
	snprintf(to, size, "%.*s", at ? (int)(end && end - at < (long)strcspn(at, "\n") ? end - at : (long)strcspn(at, "\n")) : 0, at ? at : "");
	return to;
}

static void bench_filter(struct pty *p, const char *filter)
{
	char *command = fp_asprintf(":filter %s\r", filter), said[80];
	double ms[AGAIN];

	for (int i = 0; i < AGAIN; i++) {
		type(p, ":filter uuid:none\r"); /* what was found for it before is forgotten */
		ms[i] = type(p, command);
	}
	report(filter, ms, AGAIN, PAGE_BOUND_MS, counts(p, said, sizeof said));
	free(command);
}

/* KEYS, and BACK what makes them change the screen again, NULL: nothing has to. */
static void bench_keys(struct pty *p, const char *what, const char *keys, const char *back, int rounds)
{
	double *ms = fp_realloc(NULL, (size_t)rounds, sizeof *ms);
	char said[80];

	for (int i = 0; i < rounds; i++) {
		if (back)
			type(p, back);
		ms[i] = type(p, keys);
	}
	report(what, ms, (size_t)rounds, PAGE_BOUND_MS, counts(p, said, sizeof said));
	free(ms);
}

static const char *const filters[] = {
	"status:conflict", "status:applied", "-status:applied", "user:field-0", "user:\"summer helper\"", "layer:\"old trees\"",
	"client:5e1f0000-0000-4000-8000-000000000005", "method:delete", "after:2025-10-15", "before:2025-10-10", "before:2026-10-10", "job:100",
	"uuid:c0000000-0000-4000-8000-000000000500", "species", "ash", "\"(feature 4711)\"", "nowhere at all", "-geometry", "applied-after:2026-11-01",
	"status:conflict layer:wells user:field-3", "-status:applied user:field-1 after:2026-01-01", "method:patch photo before:2026-06-01 -layer:trees", NULL,
};

/* Everything in one view: VIEW is a command of the console. */
static void bench_view(const char *const *argv, const char *view, const char *shows)
{
	char *const args[] = {(char *)argv[0], (char *)argv[1], (char *)argv[2], (char *)argv[3], (char *)"--no-engine", (char *)view, NULL};
	char *sort;
	long before;
	struct pty p;

	printf("%s\n", view);
	bench_start("exec to first paint", args, shows);
	pty_start(&p, 24, 80, args);
	pty_wait(&p, shows, 5000);
	before = memory_kb(p.pid, "VmRSS:");
	bench_keys(&p, "a row down", "j", NULL, 30);
	bench_keys(&p, "a page down", "\033[6~", NULL, 30);
	bench_keys(&p, "to the end", "G", "g", 5);
	bench_keys(&p, "a page up from there", "\033[5~", NULL, 5);
	for (const char *const *f = filters; *f; f++)
		bench_filter(&p, *f);
	bench_filter(&p, "status:applied method:patch");
	bench_keys(&p, "  a page down", "\033[6~", NULL, 20);
	bench_keys(&p, "  to its end", "G", "g", 3);
	type(&p, "\033");
	for (const char *const *column = (const char *const[]){"who", "method", "layer", "status", "when", NULL}; *column; column++) {
		char *what = fp_asprintf("sort by %s", *column);
		sort = fp_asprintf(":sort %s\r", *column);
		bench_keys(&p, what, sort, strcmp(*column, "when") == 0 ? ":sort who\r" : ":sort when\r", AGAIN);
		free(what);
		bench_keys(&p, "  to its end", "G", "g", 3);
		free(sort);
	}
	printf("%-56s %ld kB when opened, %ld kB at most\n", "memory", before, memory_kb(p.pid, "VmHWM:"));
	pty_type(&p, "Q");
	pty_end(&p, 2000);
	pty_free(&p);
}

int main(int argc, char **argv)
{
	int64_t n = argc > 1 ? atoll(argv[1]) : 1000000;
	struct fp_store *s = argc > 2 ? NULL : ui_home_empty(); /* a home that was made before may be named */
	char *home = fp_strdup(s ? fp_store_home(s) : argv[2]), *program = fp_asprintf("%s/fieldpost", getenv("FIELDPOST_BUILD"));
	double begin = pty_now();

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (s)
		many_changes(s, n);
	fp_store_close(s);
	printf("%lld changes made in %.0f s\n", (long long)n, (pty_now() - begin) / 1e3);
	bench_view((const char *[]){program, "console", "--home", home}, ":changes", "1 of ");
	bench_view((const char *[]){program, "console", "--home", home}, ":changes bees", "1 of ");
	if (argc <= 2 && fp_store_open(&s, home, 0, NULL) == FP_OK)
		ui_home_remove(s);
	return over;
}
