/* Long text on lines. */
#ifndef FP_UI_WRAP_H
#define FP_UI_WRAP_H

#include "ui/rows.h"

/* Adds TEXT as lines of at most WIDTH columns, broken between words where possible; every line but the first begins with INDENT blanks. Newlines in
 * TEXT break, other control characters are shown as marks. */
void fp_wrap(struct fp_rows *to, unsigned style, int width, int indent, const char *text);

/* The same, formatted; the lines lead to COMMAND (fp_rows_link), NULL: nowhere. */
void fp_wrap_link(struct fp_rows *to, unsigned style, int width, int indent, const char *command, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

#endif
