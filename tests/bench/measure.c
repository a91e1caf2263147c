/* measure RUNS COMMAND...: runs it, says nothing of what it says, and prints the median time in ms, the processor time of a run in ms
 * (what a busy machine does not change) and the memory of the largest process in MB. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 1000 };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

/* The exit code, or 255 when it had none. */
static int run(char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (dup2(null, 0) == 0 && dup2(null, 1) == 1)
			execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double took[RUNS_MAX];
	int runs = argc > 2 ? atoi(argv[1]) : 0;
	struct rusage u;

	if (runs < 1 || runs > RUNS_MAX) {
		fputs("usage: measure RUNS COMMAND...\n", stderr);
		return 2;
	}
	for (int i = 0; i < runs; i++) {
		double from = now_ms();
		int code = run(argv + 2);
		took[i] = now_ms() - from;
		if (code > 1) { /* 1: a layer is invalid */
			fprintf(stderr, "measure: %s gave exit %d\n", argv[2], code);
			return 1;
		}
	}
	qsort(took, (size_t)runs, sizeof *took, by_size);
	getrusage(RUSAGE_CHILDREN, &u);
	printf("%.2f %.2f %.1f\n", took[runs / 2], (ms_of(u.ru_utime) + ms_of(u.ru_stime)) / runs, (double)u.ru_maxrss / 1024);
	return 0;
}
