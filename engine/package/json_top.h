/* Some members of a JSON object too large to be held: read past, piece by piece. */
#ifndef FP_PACKAGE_JSON_TOP_H
#define FP_PACKAGE_JSON_TOP_H

#include <jansson.h>

#include "engine/base/error.h"

struct fp_json_top;

/* WANTED: names of members, NULL ends them; borrowed. */
struct fp_json_top *fp_json_top_new(const char *const *wanted) __attribute__((returns_nonnull));
void fp_json_top_feed(struct fp_json_top *t, const char *bytes, size_t n);
/* The object with the wanted members that it has, a new reference. FP_E_INVALID: it was none, or it broke off. What lies between is not looked at. */
enum fp_status fp_json_top_finish(struct fp_json_top *t, json_t **out, struct fp_error *err);
void fp_json_top_free(struct fp_json_top *t);

#endif
