/* What becomes of a plan when its job ends. Inside a transaction. */
#ifndef FP_QUEUE_PLAN_END_H
#define FP_QUEUE_PLAN_END_H

#include "engine/store/store.h"

/* Carried out. 0: there is none. */
enum fp_status fp_plan_done(struct fp_store *s, int64_t plan_id, struct fp_error *err);

/* Not carried out: its changes that still wait go back to what they were, with WHY as their message. STATE is "moved" or "cancelled". */
enum fp_status fp_plan_withdraw(struct fp_store *s, int64_t plan_id, const char *state, const char *why, struct fp_error *err);

/* All plans of a project that wait. */
enum fp_status fp_plan_withdraw_all(struct fp_store *s, const char *project_id, const char *state, const char *why, struct fp_error *err);

/* The plan whose changes job JOB has taken, 0: none. */
enum fp_status fp_plan_of_job(struct fp_store *s, int64_t *plan_id, int64_t job, struct fp_error *err);

#endif
