/* Differences between two versions of a file as lines for people: for the command and for the console. */
#ifndef FP_QUEUE_DIFF_TEXT_H
#define FP_QUEUE_DIFF_TEXT_H

#include <jansson.h>

#include "engine/base/buf.h"

/* Bodies of events (engine/worker/job.h) as sanitised lines to B's end, each with its newline. Values and lines are cut so that a line has COLUMNS columns;
 * 0: nothing is cut. */
void fp_difference_text(struct fp_buf *b, const json_t *difference, int columns);
void fp_table_text(struct fp_buf *b, const json_t *table);

#endif
