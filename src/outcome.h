/* What commands that write answer: one JSON object, or one sentence and what became of the job that it asked for. */
#ifndef FP_SRC_OUTCOME_H
#define FP_SRC_OUTCOME_H

#include <jansson.h>

#include "engine/queue/queue.h"
#include "src/command.h"

/* {"job_id": 7|null, "pending_id": 6|null, "rule": "", "sentence": "..."} of T. New reference. */
json_t *fp_outcome_trigger(const struct fp_trigger *t);

/* Puts that to ANSWER as "job". */
void fp_outcome_job(json_t *answer, const struct fp_trigger *t);

/* ANSWER as JSON; or the sentence, and that of its "job". Takes ANSWER over. */
void fp_outcome_print(const struct fp_invocation *inv, json_t *answer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
