/* What a package says of what it left out and of what should be known: as lines of a text view. */
#ifndef FP_UI_PACKAGE_TEXT_H
#define FP_UI_PACKAGE_TEXT_H

#include <stddef.h>

#include "ui/view.h"

/* Adds to V's lines, indented, one entry each: of SKIPPED ("12 rows left out: ..."), and of WARNINGS ("sentence (code)"), both JSON as
 * engine/store/packages.h has it. No more than MAX entries, then how many more there are. The lines lead to LINK (ui/rows.h), NULL: nowhere. */
void fp_package_add_skipped(struct fp_view *v, int indent, const char *skipped, size_t max, const char *link);
void fp_package_add_warnings(struct fp_view *v, int indent, const char *warnings, size_t max, const char *link);

#endif
