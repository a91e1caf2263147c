/* Filters of layers whose source cannot evaluate them: expressions of QGIS, the same as SQL as long as they are simple ones: 1/2 is not. */
#ifndef FP_PACKAGE_ROW_FILTER_H
#define FP_PACKAGE_ROW_FILTER_H

#include "engine/package/rows.h"

struct fp_row_filter;

/* One of FILTERS must hold for a row with the columns of ROWS. *OUT NULL: there are none. FP_E_REFUSED: SQLite does not understand one, or
 * does so in its own way. */
enum fp_status fp_row_filter_new(struct fp_row_filter **out, const struct fp_rows *rows, const struct fp_strv *filters, struct fp_error *err);
/* F NULL: everything passes. */
int fp_row_filter_passes(struct fp_row_filter *f, const struct fp_row_value *values);
void fp_row_filter_free(struct fp_row_filter *f); /* NULL is fine */

#endif
