/* Fault injection for tests: a process started with FIELDPOST_FAIL_AT=POINT dies there of SIGKILL, as if the power went; with FIELDPOST_STALL_AT=POINT
 * it stands still there (SIGSTOP). */
#ifndef FP_BASE_FAILPOINT_H
#define FP_BASE_FAILPOINT_H

void fp_failpoint(const char *point);

#endif
