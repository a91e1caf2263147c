/* The table of Check project layers, for `check` and `layers`. */
#ifndef FP_SRC_LAYER_TABLE_H
#define FP_SRC_LAYER_TABLE_H

#include <jansson.h>

#include "src/command.h"

enum fp_layer_columns { FP_LAYER_CHANGED = 1, FP_LAYER_PROJECT = 2 };
/* LAYERS: the array of contract.md's check --json, borrowed, with what MORE (enum fp_layer_columns) asks for beside the six columns. Under the table
 * stands, for each layer that has them, its real cause and what to do. */
void fp_layer_table_print(const struct fp_invocation *inv, const json_t *layers, unsigned more);

/* 1 when a layer is known to be invalid: the exit code of both commands. */
int fp_layers_invalid(const json_t *layers);

#endif
