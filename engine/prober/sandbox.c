#include "engine/prober/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "engine/base/walls.h"

#define NOBODY 65534
#define MEMORY_MB 512
#define CPU_S 600

static const struct fp_wall_path readable[] = {
	{"/etc/resolv.conf", FP_WALL_FILE}, {"/etc/hosts", FP_WALL_FILE}, {"/etc/nsswitch.conf", FP_WALL_FILE}, {"/etc/services", FP_WALL_FILE},
	{"/etc/gai.conf", FP_WALL_FILE}, {"/etc/host.conf", FP_WALL_FILE}, {"/etc/ssl", FP_WALL_READ}, {"/usr/share/ca-certificates", FP_WALL_READ},
	{"/usr/local/share/ca-certificates", FP_WALL_READ}, {"/usr/lib", FP_WALL_READ}, {"/lib", FP_WALL_READ}, {"/lib64", FP_WALL_READ},
	{"/etc/ld.so.cache", FP_WALL_FILE}, {"/dev/null", FP_WALL_DEVICE}, {"/dev/urandom", FP_WALL_FILE},
};

/* The home of whoever started us is his: a prober of root's is somebody who owns nothing. */
static enum fp_status give_up_root(struct fp_error *err)
{
	if (geteuid() != 0)
		return FP_OK;
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return fp_fail_errno(err, errno, "sandbox: cannot give up root");
	if (setuid(0) == 0)
		return fp_fail(err, FP_E_REFUSED, "sandbox: root can be had again");
	return FP_OK;
}

static enum fp_status limits(struct fp_error *err)
{
	enum fp_status st = fp_walls_limit(RLIMIT_CPU, CPU_S, err);

#ifndef FP_SANITIZED /* AddressSanitizer reserves terabytes, its leak checker is a process, and both write what they find */
	if (st == FP_OK)
		st = fp_walls_limit(RLIMIT_AS, (int64_t)MEMORY_MB << 20, err);
	if (st == FP_OK)
		st = fp_walls_limit(RLIMIT_NPROC, 0, err);
	if (st == FP_OK)
		st = fp_walls_limit(RLIMIT_FSIZE, 0, err);
#endif
	return st == FP_OK ? fp_walls_limit(RLIMIT_NOFILE, 64, err) : st;
}

enum fp_status fp_prober_sandbox_enter(pid_t parent, struct fp_error *err)
{
	enum fp_status st = give_up_root(err);

	if (st == FP_OK)
		st = fp_walls_begin(parent, err);
	if (st == FP_OK)
		st = limits(err);
	if (st == FP_OK)
		st = fp_walls_landlock(readable, sizeof readable / sizeof *readable, 0, err);
	return st;
}
