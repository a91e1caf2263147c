/* The table of Check project layers, for `check` and `layers`. */
#ifndef FP_SRC_LAYER_TABLE_H
#define FP_SRC_LAYER_TABLE_H

#include <jansson.h>

#include "src/command.h"

/* LAYERS: the array of contract.md's check --json, borrowed. Under the table stands, for each layer that has them, its real cause and what to do. */
void fp_layer_table_print(const struct fp_invocation *inv, const json_t *layers);

/* 1 when a layer is known to be invalid: the exit code of both commands. */
int fp_layers_invalid(const json_t *layers);

#endif
