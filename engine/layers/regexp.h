/* Regular expressions of Perl's kind, as QGIS has them, bounded in time and memory: those of a project are hostile. */
#ifndef FP_LAYERS_REGEXP_H
#define FP_LAYERS_REGEXP_H

#include <stddef.h>

#include "engine/base/error.h"

struct fp_regexp;

/* FP_E_INVALID with the reason: not a regular expression; FP_E_REFUSED: one that would match parts of characters. */
enum fp_status fp_regexp_new(struct fp_regexp **out, const char *pattern, int caseless, struct fp_error *err);
void fp_regexp_free(struct fp_regexp *r);

/* The number of its groups. */
size_t fp_regexp_groups(const struct fp_regexp *r);

/* Looks in N bytes of valid UTF-8 TEXT from byte FROM on. 0: not found; -1: it would take too long; else one more than the number of the last group that
 * took part. Group I (0: the whole match) begins at (*spans)[2 * I] and ends before the number behind it; both are SIZE_MAX when it took no part.
 * Spans are borrowed until the next call. */
int fp_regexp_find(struct fp_regexp *r, const size_t **spans, const char *text, size_t n, size_t from);

#endif
