/* The shape of a deltafile, version 1.0 (spec/deltas.md section 1). Only for deltafile.c. */
#ifndef FP_CHANGES_SCHEMA_H
#define FP_CHANGES_SCHEMA_H

#include <jansson.h>

#include "engine/base/error.h"

/* FP_E_INVALID with the first fault and the place where it is. HEAD is all that is no delta (its deltas an empty array); delta I is looked at by itself. */
enum fp_status fp_deltafile_check_head(const json_t *head, struct fp_error *err);
enum fp_status fp_deltafile_check_delta(const json_t *delta, size_t i, struct fp_error *err);

#endif
