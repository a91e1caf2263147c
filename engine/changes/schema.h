/* The shape of a deltafile, version 1.0 (spec/deltas.md section 1). Only for deltafile.c. */
#ifndef FP_CHANGES_SCHEMA_H
#define FP_CHANGES_SCHEMA_H

#include <jansson.h>

#include "engine/base/error.h"

/* FP_E_INVALID with the first fault and the place where it is. */
enum fp_status fp_deltafile_check(const json_t *root, struct fp_error *err);

#endif
