/* The worker's input, "deltas" of engine/worker/job.h: what the store knows about a change beside its delta. */
#ifndef FP_QUEUE_LINES_H
#define FP_QUEUE_LINES_H

#include <stdio.h>

#include "engine/queue/queue.h"

/* All changes that job JOB took, in the order in which they are applied. */
enum fp_status fp_lines_of_job(struct fp_store *s, FILE *f, int64_t job, struct fp_error *err);

/* One change of a plan, as G stages it. AGAIN: it was tried before. SELECTED: uuids of the plan's changes, an object: an earlier change that is not among
 * them and not applied is told. */
enum fp_status fp_line_of_staged(struct fp_store *s, FILE *f, const struct fp_staged *g, int again, const json_t *selected, struct fp_error *err);

/* The key that A says the feature has, which was looked for as PK; NULL when it does not say. Borrowed. */
const char *fp_amend_target(const struct fp_amendment *a, const char *pk);

/* A delta of no change yet, the undo of one, with the key by which the source knows the feature. */
void fp_line_of_delta(FILE *f, const char *delta, const char *pk);

#endif
