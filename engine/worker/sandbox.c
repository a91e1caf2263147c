#include "engine/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "engine/base/json.h"
#include "engine/base/proc.h"

/* Debian 12's headers know Landlock's second version only; later bits are named here and masked by what the kernel says it has. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)

struct ruleset_attr {
	uint64_t fs;
	uint64_t net;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_ALL_V1 ((1ULL << 13) - 1)

static uint64_t fs_handled(int abi)
{
	uint64_t all = FS_ALL_V1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

/* A place that is not there needs no rule. */
static enum fp_status allow(int ruleset, const char *path, uint64_t access, struct fp_error *err)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	long rc;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? FP_OK : fp_fail_errno(err, errno, "sandbox: cannot open %s", path);
	rc = syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc == 0 ? FP_OK : fp_fail_errno(err, errno, "sandbox: cannot allow %s", path);
}

static enum fp_status landlock(const struct fp_job *job, int abi, struct fp_error *err)
{
	static const char *const data[] = {"/usr/share/gdal", "/usr/share/proj", "/usr/lib", "/lib", "/lib64", "/usr/share/zoneinfo",
		"/etc/localtime", "/etc/ld.so.cache"};
	struct ruleset_attr attr = {.fs = fs_handled(abi), .net = abi >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0};
	uint64_t write = attr.fs & ~(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL_DEV);
	int fd = (int)syscall(__NR_landlock_create_ruleset, &attr, abi >= 4 ? sizeof attr : sizeof attr.fs, 0);
	enum fp_status st = FP_OK;

	if (fd < 0)
		return fp_fail_errno(err, errno, "sandbox: cannot make a Landlock ruleset");
	for (size_t i = 0; st == FP_OK && i < sizeof data / sizeof *data; i++)
		st = allow(fd, data[i], i < 6 ? FS_READ : LANDLOCK_ACCESS_FS_READ_FILE, err);
	if (st == FP_OK)
		st = allow(fd, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, err);
	if (st == FP_OK)
		st = allow(fd, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE, err);
#ifdef FP_SANITIZED
	/* The leak checker looks at its own process and writes its findings beside the tests. */
	if (st == FP_OK)
		st = allow(fd, "/proc", FS_READ, err);
	if (st == FP_OK && getenv("FIELDPOST_SANITIZER_DIR"))
		st = allow(fd, getenv("FIELDPOST_SANITIZER_DIR"), write, err);
#endif
	if (st == FP_OK)
		st = allow(fd, job->input, FS_READ, err);
	if (st == FP_OK && *job->deltas)
		st = allow(fd, job->deltas, LANDLOCK_ACCESS_FS_READ_FILE, err);
	if (st == FP_OK && *job->output)
		st = allow(fd, job->output, write, err);
	if (st == FP_OK && *job->scratch)
		st = allow(fd, job->scratch, write, err);
	if (st == FP_OK && syscall(__NR_landlock_restrict_self, fd, 0) != 0)
		st = fp_fail_errno(err, errno, "sandbox: Landlock refused");
	close(fd);
	return st;
}

static enum fp_status limit(int what, int64_t value, struct fp_error *err)
{
	struct rlimit now, want = {(rlim_t)value, (rlim_t)value};

	if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < want.rlim_max)
		want = (struct rlimit){now.rlim_max, now.rlim_max};
	if (setrlimit(what, &want) != 0)
		return fp_fail_errno(err, errno, "sandbox: cannot set a limit");
	return FP_OK;
}

static enum fp_status limits(const json_t *l, struct fp_error *err)
{
	enum fp_status st = limit(RLIMIT_CORE, 0, err);

#ifndef FP_SANITIZED /* AddressSanitizer reserves terabytes of address space */
	if (st == FP_OK)
		st = limit(RLIMIT_AS, fp_json_int(l, "memory_mb", 4096) << 20, err);
#endif
	if (st == FP_OK)
		st = limit(RLIMIT_CPU, fp_json_int(l, "cpu_s", 600), err);
	if (st == FP_OK)
		st = limit(RLIMIT_FSIZE, fp_json_int(l, "file_mb", 4096) << 20, err);
	if (st == FP_OK)
		st = limit(RLIMIT_NOFILE, 256, err);
	return st;
}

enum fp_status fp_sandbox_enter(struct fp_job *job, json_t **active, struct fp_error *err)
{
	int require = strcmp(fp_json_str_or(job->description, "sandbox", "best-effort"), "require") == 0;
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	pid_t parent = (pid_t)fp_json_int(job->description, "parent", 0);
	enum fp_status st;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
		return fp_fail_errno(err, errno, "sandbox: prctl refused");
	if (parent && getppid() != parent)
		_exit(1); /* it died before the signal was asked for */
	st = limits(json_object_get(job->description, "limits"), err);
	if (st != FP_OK)
		return st;
	if (abi < 1 && require)
		return fp_fail(err, FP_E_REFUSED, "this kernel has no Landlock and sandbox_require is set");
	if (abi >= 1) {
		st = landlock(job, (int)abi, err);
		if (st != FP_OK)
			return st;
	}
	*active = json_pack("{s:i,s:b,s:b,s:b,s:b}", "landlock", abi < 0 ? 0 : (int)abi, "no_new_privs", 1, "rlimits", 1, "pdeathsig", 1,
		"no_tcp", abi >= 4);
	return FP_OK;
}
