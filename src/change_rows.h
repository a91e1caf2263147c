/* Changes as JSON rows, for whatever shows or writes them. */
#ifndef FP_SRC_CHANGE_ROWS_H
#define FP_SRC_CHANGE_ROWS_H

#include <jansson.h>

#include "engine/store/changes.h"

/* A change, with member "delta" when its body was read. New reference. */
json_t *fp_change_json(const struct fp_change_row *r);

/* The attempts of a change, the newest first. New reference in *ROWS. */
enum fp_status fp_change_attempts_json(struct fp_store *s, int64_t change_id, json_t **rows, struct fp_error *err);

/* [{"field","old","new"}] of a delta: the fields of new in their order, then those of old alone, then geometry. New reference. */
json_t *fp_change_fields_json(const json_t *delta);

#endif
