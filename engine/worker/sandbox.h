/* The worker's walls. Put up before the first byte of a project is read. */
#ifndef FP_WORKER_SANDBOX_H
#define FP_WORKER_SANDBOX_H

#include <jansson.h>

#include "engine/worker/job.h"

/* 1 when the job talks to databases by itself: it applies changes or reads features for a package, and a person, the project's network setting or a secret of
 * the operator's allows any. */
int fp_sandbox_connects(const struct fp_job *job);

/* PDEATHSIG KILL, NO_NEW_PRIVS, not dumpable, rlimits from the description, Landlock (input and system data read-only; output and scratch
 * writable; no TCP where the kernel can refuse it, unless the job connects). What is active goes to *ACTIVE (new reference, the hello event's "sandbox").
 * FP_E_REFUSED when the description requires Landlock and the kernel has none. */
enum fp_status fp_sandbox_enter(struct fp_job *job, json_t **active, struct fp_error *err);

/* The inner wall, of a child that reads one project's files (spec/layers.md 4.2 no. 5): dead with its parent, less memory and processor time, and no
 * system call that makes a socket, a process or a key. */
void fp_sandbox_leaf(void);

#endif
