/* Names that were seen, without keeping them: a hash and a place for each, 8 bytes. Only for deltafile.c. */
#ifndef FP_CHANGES_SEEN_H
#define FP_CHANGES_SEEN_H

#include <stddef.h>
#include <stdint.h>

struct fp_seen {
	uint64_t *slots;
	size_t mask;
	unsigned char key[16]; /* of the hash, random, so that nobody can write names that collide */
};

/* Room for MOST names. */
void fp_seen_begin(struct fp_seen *s, size_t most);
void fp_seen_clear(struct fp_seen *s);

/* Adds NAME, which stands at place AT (below 2^40). When SAME says of a place before that the same name stands there, 1, and *FIRST is that place. */
typedef int fp_seen_same(void *arg, size_t at, const char *name);
int fp_seen_add(struct fp_seen *s, const char *name, size_t at, fp_seen_same *same, void *arg, size_t *first);

#endif
