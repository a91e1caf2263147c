/* Time. Points in time are milliseconds since 1970-01-01T00:00:00Z in an int64_t; the store holds the same. */
#ifndef FP_BASE_CLOCK_H
#define FP_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define FP_TIME_ISO_SIZE 40

int64_t fp_now_ms(void);       /* wall clock */
int64_t fp_monotonic_ms(void); /* for intervals only */

/* "2026-11-01T10:20:30.123+00:00" into OUT (FP_TIME_ISO_SIZE bytes); returns OUT. */
char *fp_time_iso(char out[FP_TIME_ISO_SIZE], int64_t ms);

/* Reads YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]]][Z|±HH[:]MM]; without a zone it is UTC. Returns 0, or -1 when TEXT is no time. */
int fp_time_parse(int64_t *ms, const char *text);

/* "12 s", "3 min", "5 h", "2 d" for an interval, into OUT (16 bytes); returns OUT. */
char *fp_time_span(char out[16], int64_t ms);

#endif
