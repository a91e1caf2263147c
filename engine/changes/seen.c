#include "engine/changes/seen.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"

#define PLACE_BITS 40
#define PLACE (((uint64_t)1 << PLACE_BITS) - 1)

void fp_seen_begin(struct fp_seen *s, size_t most)
{
	size_t n = 64;

	while (n / 4 * 3 < most)
		n *= 2;
	s->slots = fp_alloc(n * sizeof *s->slots);
	s->mask = n - 1;
	randombytes_buf(s->key, sizeof s->key);
}

void fp_seen_clear(struct fp_seen *s)
{
	free(s->slots);
	*s = (struct fp_seen){0};
}

/* A slot holds the upper bits of the hash and the place, from 1 on. */
int fp_seen_add(struct fp_seen *s, const char *name, size_t at, fp_seen_same *same, void *arg, size_t *first)
{
	uint64_t hash, *slot;

	fp_assert(at < PLACE);
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)name, strlen(name), s->key);
	for (size_t i = hash & s->mask; *(slot = &s->slots[i]); i = (i + 1) & s->mask) {
		if ((*slot & ~PLACE) != (hash & ~PLACE))
			continue;
		*first = (size_t)(*slot & PLACE) - 1;
		if (same(arg, *first, name))
			return 1;
	}
	*slot = (hash & ~PLACE) | (at + 1);
	return 0;
}
