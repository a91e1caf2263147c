/* What became of one change. */
#ifndef FP_CHANGES_OUTCOME_H
#define FP_CHANGES_OUTCOME_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/fs.h"

enum fp_outcome_status { FP_APPLIED, FP_CONFLICT, FP_NOT_APPLIED, FP_FAULTY, FP_ALREADY_APPLIED };

/* What a plan says of a change. */
enum fp_class {
	FP_CLASS_NONE,            /* there is no plan */
	FP_CLASS_WILL_APPLY, FP_CLASS_ALREADY_APPLIED, FP_CLASS_CONFLICT,
	FP_CLASS_TARGET_MISSING,
	FP_CLASS_WOULD_DUPLICATE, /* a create of what is there */
	FP_CLASS_BLOCKED,         /* an earlier change of the same feature comes to nothing, and this one because of it */
	FP_CLASS_IMPOSSIBLE       /* the message says why */
};
const char *fp_class_word(enum fp_class c); /* "will_apply" ... */

struct fp_outcome {
	enum fp_outcome_status status;
	struct fp_error error;      /* why not, for what is neither applied nor a conflict */
	struct fp_buf notes;        /* what a reader of an applied change should know, sentences */
	json_t *conflicts;          /* array of texts, NULL when none */
	json_t *modified_pk;        /* NULL when unknown */
	json_t *details;            /* the conflicts once more, field by field (engine/worker/job.h); NULL when none */
	json_t *inverse;            /* what takes an applied change back; NULL when not asked for, or nothing was written */
	json_t *current;            /* the feature as it was found; NULL when not asked for, or there is none */
	enum fp_class class;
	const char *blocked_by;     /* uuid, borrowed from the session; NULL when not blocked */
	int missing;                /* the feature was looked for and is not there */
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
