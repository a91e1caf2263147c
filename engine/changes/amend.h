/* What a person makes of a delta before it is applied: a decision on a conflict, another target. The body of the change stays as it came; the result stands
 * in for it. */
#ifndef FP_CHANGES_AMEND_H
#define FP_CHANGES_AMEND_H

#include <jansson.h>

#include "engine/base/error.h"

/* The delta that carries DECISIONS out, new reference. DETAILS are the conflicts as a plan told them (engine/worker/job.h); DECISIONS is
 * {"field": "device"|"current"|"base"|{"value": ANY}}, the geometry by the name "geometry". What was decided is believed in its current state, so that it is
 * a conflict again when it moves meanwhile; what is no conflict stays as the device wants it. *OUT is NULL when nothing is left to apply: all stays as it
 * is. FP_E_USAGE: a decision is missing or names what is no conflict; a delete knows "device" (delete) and "current" (keep) only, for all fields. */
enum fp_status fp_amend_resolve(json_t **out, const json_t *delta, const json_t *details, const json_t *decisions, struct fp_error *err);

/* DELTA for another target, new reference. MAPPING is {"layers": {"old id": "new id"}, "fields": {"old": "new"}, "keys": {"old": "new"}}, each optional: names
 * that are not in it stay. *TOUCHED: something changed. */
json_t *fp_amend_retarget(const json_t *delta, const json_t *mapping, int *touched);

#endif
