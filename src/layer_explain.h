/* "Explain this layer": what was looked at, what failed first, whose job it is, what to do and what would work instead; for check and layers. */
#ifndef FP_SRC_LAYER_EXPLAIN_H
#define FP_SRC_LAYER_EXPLAIN_H

#include <jansson.h>

#include "src/command.h"

/* Explains the one of LAYERS (objects of check --json) that WHICH names: its id, its name, or the end of its id as the table shows it; as text, or the
 * layer's object with --json. FP_E_NOTFOUND, or FP_E_USAGE when several fit. */
enum fp_status fp_layer_explain(const struct fp_invocation *inv, const json_t *layers, const char *which, struct fp_error *err);

#endif
