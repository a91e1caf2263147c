/* The trigger rules of spec/jobs.md, in one table. */
#ifndef FP_QUEUE_RULES_H
#define FP_QUEUE_RULES_H

#include "engine/queue/queue.h"

void fp_trigger_clear(struct fp_trigger *t);

/* Inside a transaction, T cleared: a new pending job, or the rule that says why there is none. Says nothing in the activity: that is for people's deeds. */
enum fp_status fp_rules_trigger(struct fp_store *s, struct fp_trigger *t, const char *project_id, enum fp_job_type type, const char *why,
	const char *who, struct fp_error *err);

#endif
