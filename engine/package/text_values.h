/* The columns of a text table as QGIS 3.22 finds them out, and its fields as values (rows_text.c). */
#ifndef FP_PACKAGE_TEXT_VALUES_H
#define FP_PACKAGE_TEXT_VALUES_H

#include "engine/base/buf.h"
#include "engine/package/rows.h"

enum fp_text_type { FP_TEXT_INT, FP_TEXT_LONG, FP_TEXT_DOUBLE, FP_TEXT_STAMP, FP_TEXT_DATE, FP_TEXT_TIME, FP_TEXT_STRING, FP_TEXT_TYPES };

/* What the fields of a column could be so far. Zeroed at first. */
struct fp_text_guess {
	int seen;
	int never[FP_TEXT_TYPES]; /* of that type a field was not */
};
void fp_text_look(struct fp_text_guess *g, const char *field, const char *decimal_point);
enum fp_text_type fp_text_guessed(const struct fp_text_guess *g);

/* The types that the file beside PATH tells ("trees.csvt"), of the first columns, at most MAX. */
size_t fp_text_told(enum fp_text_type *types, size_t max, const char *path);

/* COLUMN's type. */
void fp_text_column(struct fp_row_column *column, enum fp_text_type type);

/* FIELD as a value of TYPE; NULL where it is empty or none. V borrows from FIELD and TEXT. */
void fp_text_value(struct fp_row_value *v, struct fp_buf *text, enum fp_text_type type, const char *field, const char *decimal_point);

#endif
