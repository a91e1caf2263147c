/* The checks of a project's layers, in child processes of the worker: a file that crashes or hangs a reader costs its own row and nothing else
 * (spec/layers.md 4.2 no. 5). */
#ifndef FP_WORKER_CHECK_CHILD_H
#define FP_WORKER_CHECK_CHILD_H

#include <jansson.h>

#include "engine/layers/check.h"
#include "engine/prober/prober.h"

/* LAYER has been judged: VERDICT as in fp_verdict_json(), borrowed. */
typedef void fp_layer_judged(void *arg, const struct fp_layer_def *layer, const json_t *verdict);

/* Judges all layers of P in order. One child does it; when it dies at a layer, another looks at that one alone, and a third goes on behind it. PROBER
 * may be NULL: network checks are off. VARIABLES: names of the project's secrets of that kind. */
enum fp_status fp_check_in_children(const struct fp_project *p, struct fp_prober *prober, const struct fp_strv *variables, fp_layer_judged *each, void *arg,
	struct fp_error *err);

#endif
