/* "Explain this layer": the verdict of Check project layers as lines of a text view. */
#ifndef FP_UI_EXPLAIN_H
#define FP_UI_EXPLAIN_H

#include <jansson.h>

#include "ui/view.h"

/* Adds to V's lines: the sentence, whose job it is, the next step, what would work instead, and every stage with its mark. VERDICT: a layer object of
 * contract.md's check --json. */
void fp_explain(struct fp_view *v, const json_t *verdict);

/* "LABEL            TEXT", wrapped under the text; nothing when TEXT is empty. */
void fp_explain_fact(struct fp_view *v, unsigned style, const char *label, const char *text);

#endif
