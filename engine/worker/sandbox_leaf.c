#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "engine/worker/sandbox.h"

enum { MEMORY_MB = 1024, CPU_S = 20, FILE_MB = 64 };

/* They fail, and the program goes on: a library that tries one thing often knows another. */
static const int denied[] = {
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(mount), SCMP_SYS(unshare), SCMP_SYS(setns),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(pidfd_getfd), SCMP_SYS(kill), SCMP_SYS(tkill),
};

static int filter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int rc = f ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < sizeof denied / sizeof *denied; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), denied[i], 0);
	/* Threads yes, processes no. The flags of clone3 cannot be looked at: glibc takes clone where it is not there. */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc;
}

static int limit(int what, rlim_t value)
{
	struct rlimit now, want = {value, value};

	if (getrlimit(what, &now) != 0)
		return -1;
	if (now.rlim_max < want.rlim_max)
		want = (struct rlimit){now.rlim_max, now.rlim_max};
	return setrlimit(what, &want);
}

void fp_sandbox_leaf(void)
{
	int rc = prctl(PR_SET_PDEATHSIG, SIGKILL);

#ifndef FP_SANITIZED /* AddressSanitizer reserves terabytes of address space */
	rc |= limit(RLIMIT_AS, (rlim_t)MEMORY_MB << 20);
#endif
	rc |= limit(RLIMIT_CPU, CPU_S);
	rc |= limit(RLIMIT_FSIZE, (rlim_t)FILE_MB << 20);
	rc |= limit(RLIMIT_CORE, 0);
	if (rc != 0 || filter() != 0)
		_exit(125);
}
