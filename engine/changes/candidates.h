/* What a plan looks for when a change's feature is missing, or when a create may be in the data already: features of the same UUID, of the same value in
 * a unique column, of the same values throughout, known by another key to the ledger, or nearest. One pass over each layer, however many changes ask. */
#ifndef FP_CHANGES_CANDIDATES_H
#define FP_CHANGES_CANDIDATES_H

#include <jansson.h>

#include "engine/changes/outcome.h"
#include "engine/changes/target.h"

struct fp_candidates;

void fp_candidates_new(struct fp_candidates **out);
void fp_candidates_free(struct fp_candidates *c);

/* Looks for the feature of LINE (engine/worker/job.h; borrowed until the end of the call) in T. MADE: the key that the plan's own trial gave a create, which
 * is no candidate for it. */
void fp_candidates_want(struct fp_candidates *c, struct fp_target *t, const json_t *line, enum fp_class class, const json_t *made);

/* The passes. EACH takes over the body of a candidates event, in the order of the changes; a create without any has none. */
enum fp_status fp_candidates_find(struct fp_candidates *c, void (*each)(void *arg, json_t *candidates), void *arg, struct fp_error *err);

#endif
