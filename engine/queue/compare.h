/* A check of layers against the one before it: what a process_projectfile found becomes the layers as they are now, and what held until then its place
 * in their history. All inside the transaction that publishes the job. */
#ifndef FP_QUEUE_COMPARE_H
#define FP_QUEUE_COMPARE_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/queue/run.h"

enum fp_compare_word { FP_COMPARE_SAME, FP_COMPARE_FIXED, FP_COMPARE_BROKE, FP_COMPARE_CHANGED, FP_COMPARE_NEW, FP_COMPARE_GONE, FP_COMPARE_WORDS };

/* Zero-initialise. */
struct fp_compare {
	int64_t at;                        /* of this run */
	int64_t previous_job, previous_at; /* the run it is compared with; 0: none is known, so nothing is new */
	json_t *told;                      /* ids of the layers so far */
	int64_t n[FP_COMPARE_WORDS];       /* layers by word */
};

enum fp_status fp_compare_begin(const struct fp_run *r, struct fp_compare *c, struct fp_error *err);
/* L: the verdict as the worker gave it. *FIRST is 0 when this run has told one of that layer already: the first stands. */
enum fp_status fp_compare_layer(const struct fp_run *r, struct fp_compare *c, const json_t *l, int *first, struct fp_error *err);
/* Layers that the run did not tell of are gone; the run is kept. */
enum fp_status fp_compare_end(const struct fp_run *r, struct fp_compare *c, struct fp_error *err);
void fp_compare_clear(struct fp_compare *c);

/* "; 1 fixed, 1 broke", nothing when nothing changed. */
void fp_compare_describe(const struct fp_compare *c, struct fp_buf *to);

#endif
