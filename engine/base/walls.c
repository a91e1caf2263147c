#include "engine/base/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <config.h> /* configure's; in quotes it would be our neighbour */

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

static uint64_t rights(enum fp_wall_access access, uint64_t handled)
{
	switch (access) {
	case FP_WALL_FILE:
		return LANDLOCK_ACCESS_FS_READ_FILE;
	case FP_WALL_READ:
		return FS_READ;
	case FP_WALL_DEVICE:
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	case FP_WALL_WRITE:
		break;
	}
	return handled & ~(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL_DEV);
}

static enum fp_status allow(int ruleset, const struct fp_wall_path *p, uint64_t handled, struct fp_error *err)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights(p->access, handled)};
	long rc;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? FP_OK : fp_fail_errno(err, errno, "sandbox: cannot open %s", p->path);
	rc = syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc == 0 ? FP_OK : fp_fail_errno(err, errno, "sandbox: cannot allow %s", p->path);
}

int fp_walls_landlock_version(void)
{
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

enum fp_status fp_walls_landlock(const struct fp_wall_path *paths, size_t n, int no_connect, struct fp_error *err)
{
	int abi = fp_walls_landlock_version(), fd;
	struct ruleset_attr attr = {.fs = fs_handled(abi), .net = no_connect ? NET_BIND_TCP | NET_CONNECT_TCP : NET_BIND_TCP};
	enum fp_status st = FP_OK;

	if (abi < 1)
		return FP_OK;
	fd = (int)syscall(__NR_landlock_create_ruleset, &attr, abi >= 4 ? sizeof attr : sizeof attr.fs, 0);
	if (fd < 0)
		return fp_fail_errno(err, errno, "sandbox: cannot make a Landlock ruleset");
	for (size_t i = 0; st == FP_OK && i < n; i++)
		st = allow(fd, &paths[i], attr.fs, err);
#ifdef FP_SANITIZED
	/* The leak checker looks at its own process and writes its findings beside the tests. */
	if (st == FP_OK)
		st = allow(fd, &(struct fp_wall_path){"/proc", FP_WALL_READ}, attr.fs, err);
	if (st == FP_OK && getenv("FIELDPOST_SANITIZER_DIR"))
		st = allow(fd, &(struct fp_wall_path){getenv("FIELDPOST_SANITIZER_DIR"), FP_WALL_WRITE}, attr.fs, err);
#endif
	if (st == FP_OK && syscall(__NR_landlock_restrict_self, fd, 0) != 0)
		st = fp_fail_errno(err, errno, "sandbox: Landlock refused");
	close(fd);
	return st;
}

enum fp_status fp_walls_limit(int what, int64_t value, struct fp_error *err)
{
	struct rlimit now, want = {(rlim_t)value, (rlim_t)value};

	if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < want.rlim_max)
		want = (struct rlimit){now.rlim_max, now.rlim_max};
	if (setrlimit(what, &want) != 0)
		return fp_fail_errno(err, errno, "sandbox: cannot set a limit");
	return FP_OK;
}

enum fp_status fp_walls_begin(pid_t parent, struct fp_error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
		return fp_fail_errno(err, errno, "sandbox: prctl refused");
	if (parent && getppid() != parent)
		_exit(1); /* it died before the signal was asked for */
	return fp_walls_limit(RLIMIT_CORE, 0, err);
}
