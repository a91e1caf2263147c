/* data/remedies.yaml: for each cause of a failure one sentence, whose job it is, and what to do next (spec/layers.md section 6). */
#ifndef FP_LAYERS_REMEDY_H
#define FP_LAYERS_REMEDY_H

#include <stddef.h>

#include "engine/base/error.h"

/* A value for "{NAME}". VALUE NULL: there is none. */
struct fp_slot {
	const char *name, *value;
};
#define FP_SLOTS(...) (const struct fp_slot[]){__VA_ARGS__}, sizeof((const struct fp_slot[]){__VA_ARGS__}) / sizeof(struct fp_slot)
#define FP_NOSLOTS NULL, 0

/* Reads the file, once per process: before the walls are up, behind which it cannot be read. FP_E_INVALID: it lacks something. */
enum fp_status fp_remedies_load(struct fp_error *err);

/* Whose job cause KEY is: "project author", "database administrator", "this server", "nobody". Borrowed. KEY must exist. */
const char *fp_remedy_owner(const char *key);

enum fp_remedy_part { FP_REMEDY_SENTENCE, FP_REMEDY_NEXT };
/* A part of it with its slots filled; a part in [[ ]] whose slots have no value is left out. Caller frees. */
char *fp_remedy_text(const char *key, enum fp_remedy_part part, const struct fp_slot *slots, size_t n) __attribute__((malloc, returns_nonnull));

#endif
