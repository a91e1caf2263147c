/* Dates and times as deltas and tables write them. */
#ifndef FP_CHANGES_TEMPORAL_H
#define FP_CHANGES_TEMPORAL_H

#include <stdint.h>

#include "engine/changes/value.h"

/* Reads TEXT as the reference compares it (spec/deltas.md 3.1): of a date only the first ten characters count, with any separators; a date
 * and time without a zone is UTC, fractions end at the millisecond. *WHEN: milliseconds since 1970 (FP_KIND_DATE, FP_KIND_DATETIME) or
 * since midnight. 0, or -1 when TEXT is none or KIND is no kind of time. */
int fp_temporal_read(int64_t *when, enum fp_kind kind, const char *text);

/* The text that a column of KIND stores for TEXT ("2024-05-06T01:02:03.5" becomes "2024-05-06T01:02:03.500Z"); milliseconds are always written,
 * the zone is kept. 0, or -1 when TEXT is none or has a tail that would be lost (the time of day behind a date is cut, as the column cannot hold
 * it). OUT has 40 bytes. */
int fp_temporal_text(char out[40], enum fp_kind kind, const char *text);

#endif
