/* The columns of a text table as QGIS 3.22 finds them out, and its fields as values (rows_text.c). Measured with it: a column is of the first of these types
 * that every field of it which is not empty has; a column of empty fields is text.
 *   INT     32 bits; signs, leading zeros ("007") and spaces around it are fine. Not "0x10", "1 000", "1,000"
 *   LONG    64 bits. QGIS 3.22 says so of the column and hands out texts as they stand (" 12345678901"): the numbers they mean are kept here
 *   DOUBLE  with the table's decimal point: "1.5", ".5", "5.", "1e5", "inf", "nan", whole numbers past 64 bits; not "1e400". A decimal comma lets "1,000" be 1
 *   STAMP   "2024-01-01T10:00:00", a space for the T, fractions, zones
 *   DATE    "2024-01-01", "2024/01/02"; what follows the day does not matter, so stamps among dates are dates. Not "2024-13-01"
 *   TIME    "10:00", "10:00:00"; not "9:05:00"
 *   STRING  everything else: "true", "yes", "NULL" too
 * With detectTypes=no all are text. A file beside it (trees.csvt) comes before that: one line of the words integer, real, double, string, date, time, datetime,
 * alone or with a width. long, longlong and int8 are passed over as if they stood there not at all; any other word (integer64, boolean), or a second line, and
 * the file counts for nothing. */
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
