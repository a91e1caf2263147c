/* Keys of features as deltas write them: text, whatever the column is. */
#ifndef FP_CHANGES_KEY_H
#define FP_CHANGES_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/changes/value.h"

/* The whole number that TEXT is: "7", "00202" and "203.0" are, "", "abc" and "1.5" are not (spec/deltas.md 3.3). 0 or -1. */
int fp_key_number(int64_t *out, const char *text);

/* 1 when the stored value V is the key that TEXT names. */
int fp_key_is(const struct fp_value *v, const char *text);

/* Where features lie, by key, for files that have no index of their own: 24 bytes a feature. Entries are candidates: whoever asks reads the
 * feature and compares, so nothing is ever taken out. Zero-initialise. */
struct fp_key_index {
	struct fp_key_slot { uint64_t hash; int64_t fid; int used, hidden; } *slots;
	size_t n, cap;
};
void fp_key_index_add(struct fp_key_index *x, const struct fp_value *key, int64_t fid, int hidden);
/* The next candidate for TEXT after *CURSOR (0 at first), or NULL. */
const struct fp_key_slot *fp_key_index_next(const struct fp_key_index *x, const char *text, size_t *cursor);
void fp_key_index_free(struct fp_key_index *x);

#endif
