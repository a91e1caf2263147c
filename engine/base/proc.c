#include "engine/base/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "engine/base/path.h"

/* /proc files are short and come whole. */
static int slurp(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, to, size - 1);
	close(fd);
	if (n <= 0)
		return -1;
	to[n] = '\0';
	return 0;
}

/* State letter and start time of PID. The command name may hold anything, so fields count from its last ")". */
static int stat_of(pid_t pid, char *state, int64_t *start)
{
	char path[64], text[1024], *p;
	long long t;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	if (slurp(path, text, sizeof text) != 0 || !(p = strrchr(text, ')')) || p[1] != ' ')
		return -1;
	p += 2;
	*state = *p;
	for (int field = 3; field < 22; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -1;
		p++;
	}
	if (sscanf(p, "%lld", &t) != 1)
		return -1;
	*start = t;
	return 0;
}

static int boot_id(char to[40])
{
	if (slurp("/proc/sys/kernel/random/boot_id", to, 40) != 0)
		return -1;
	to[strcspn(to, "\n")] = '\0';
	return 0;
}

int fp_proc_id(struct fp_proc_id *id, pid_t pid)
{
	char state;

	if (pid == 0)
		pid = getpid();
	id->pid = pid;
	if (boot_id(id->boot_id) != 0)
		return -1;
	return stat_of(pid, &state, &id->start);
}

int fp_proc_alive(const struct fp_proc_id *id)
{
	char boot[40], state;
	int64_t start;

	if (boot_id(boot) != 0 || strcmp(boot, id->boot_id) != 0)
		return 0;
	if (stat_of((pid_t)id->pid, &state, &start) != 0)
		return 0;
	return start == id->start && state != 'Z' && state != 'X';
}

int fp_proc_of_folder(const char *name)
{
	struct fp_proc_id of;
	long long pid, start;

	if (sscanf(name, FP_PROC_FOLDER, &pid, &start) != 2 || fp_proc_id(&of, 0) != 0)
		return -1;
	of.pid = pid;
	of.start = start;
	return fp_proc_alive(&of);
}

int fp_signals_begin(sigset_t *before, const int *signals, size_t n)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		sigprocmask(SIG_SETMASK, before, NULL);
	return fd;
}

void fp_signals_end(int fd, const sigset_t *before)
{
	close(fd);
	sigprocmask(SIG_SETMASK, before, NULL);
}

static const char *exe_dir(void)
{
	static char *dir;
	char path[4096];
	ssize_t n;

	if (dir)
		return dir;
	n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n <= 0)
		return dir = fp_strdup(".");
	path[n] = '\0';
	return dir = fp_path_dir(path);
}

/* The first place that has PROBE: what the environment names, what lies near the executable (build tree), the configured prefix. */
static char *find(const char *env, const char *const *near, size_t n, const char *probe, const char *configured)
{
	if (getenv(env) && *getenv(env))
		return fp_strdup(getenv(env));
	for (size_t i = 0; i < n; i++) {
		char *dir = fp_path_join(exe_dir(), near[i]), *file = fp_path_join(dir, probe);
		int there = access(file, R_OK) == 0;

		free(file);
		if (there)
			return dir;
		free(dir);
	}
	return fp_strdup(configured);
}

const char *fp_data_dir(void)
{
	static const char *const near[] = {"data", "../data"};
	static char *dir;

	return dir ? dir : (dir = find("FIELDPOST_DATA", near, 2, "config.yaml", FP_PKGDATADIR));
}

char *fp_data_path(const char *name)
{
	return fp_path_join(fp_data_dir(), name);
}

char *fp_helper_path(const char *name)
{
	static const char *const near[] = {"."};
	char *dir = find("FIELDPOST_LIBEXEC", near, 1, name, FP_LIBEXECDIR), *path = fp_path_join(dir, name);

	free(dir);
	return path;
}

void fp_helper_env(struct fp_strv *env)
{
	static const char *const fixed[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/nonexistent", "PGSERVICEFILE=/nonexistent",
		"PGPASSFILE=/nonexistent"};
	static const char *const passed[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "FIELDPOST_SANITIZER_DIR", "FIELDPOST_FAIL_AT",
		"FIELDPOST_STALL_AT"};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		fp_strv_add(env, fixed[i]);
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (getenv(passed[i]))
			fp_strv_take(env, fp_asprintf("%s=%s", passed[i], getenv(passed[i])));
}

void fp_helper_exec(const char *path, char *const envp[], int sock, int as)
{
	char *const argv[] = {(char *)fp_path_base(path), NULL};
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		_exit(126);
	dup2(null, 0);
	dup2(null, 1);
	if (isatty(2) || fcntl(2, F_GETFD) < 0)
		dup2(null, 2);
	if (sock == as)
		fcntl(sock, F_SETFD, 0);
	else if (dup2(sock, as) < 0)
		_exit(126);
	syscall(__NR_close_range, as + 1, ~0U, 0);
	execve(path, argv, envp);
	_exit(127);
}
