/* The prober's walls. Put up before the first question is read. */
#ifndef FP_PROBER_SANDBOX_H
#define FP_PROBER_SANDBOX_H

#include <sys/types.h>

#include "engine/base/error.h"

/* Gives up root for nobody, dies with PARENT, no new privileges, not dumpable, limits, Landlock: what name resolution and TLS read is readable, nothing is
 * writable, no port can be listened on. */
enum fp_status fp_prober_sandbox_enter(pid_t parent, struct fp_error *err);

#endif
