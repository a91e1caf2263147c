/* What became of one change. */
#ifndef FP_CHANGES_OUTCOME_H
#define FP_CHANGES_OUTCOME_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/fs.h"

enum fp_outcome_status { FP_APPLIED, FP_CONFLICT, FP_NOT_APPLIED, FP_FAULTY, FP_ALREADY_APPLIED };

struct fp_outcome {
	enum fp_outcome_status status;
	struct fp_error error;      /* why not, for what is neither applied nor a conflict */
	struct fp_buf notes;        /* what a reader of an applied change should know, sentences */
	json_t *conflicts;          /* array of texts, NULL when none */
	json_t *modified_pk;        /* NULL when unknown */
	int connection;             /* of the database that was written, -1: a file */
	const char *driver_message; /* the driver's own words within error.msg, or NULL (O8) */
	char hash_before[FP_SHA256_HEX], hash_after[FP_SHA256_HEX]; /* "" when there is no feature */
};

void fp_outcome_init(struct fp_outcome *o);
void fp_outcome_clear(struct fp_outcome *o);

/* Adds a sentence. */
void fp_outcome_note(struct fp_outcome *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The body of the delta event (engine/worker/job.h); always far smaller than an event may be. New reference. */
json_t *fp_outcome_json(const struct fp_outcome *o, const json_t *delta);

#endif
