/* Answers that were given, so that nothing is asked twice and a dead host costs its time once. */
#ifndef FP_PROBER_CACHE_H
#define FP_PROBER_CACHE_H

#include <jansson.h>

struct fp_cache;
struct fp_cache *fp_cache_new(void) __attribute__((returns_nonnull));
void fp_cache_free(struct fp_cache *c);

/* The answer to QUESTION: that to the same question, or that to another one which got no further than a connection to the same place, with the same
 * login. Borrowed; NULL when there is none. */
const json_t *fp_cache_find(const struct fp_cache *c, const json_t *question);

/* ANSWER is not taken over. */
void fp_cache_keep(struct fp_cache *c, const json_t *question, json_t *answer);

#endif
