/* A plan: what applying, ignoring or undoing changes would do to the data as it is now, change by change, asked of a worker that tries it on a copy; and
 * then exactly that, or nothing. */
#ifndef FP_QUEUE_PLAN_H
#define FP_QUEUE_PLAN_H

#include <jansson.h>

#include "engine/base/config.h"
#include "engine/queue/queue.h"

/* Words of a plan beyond those of engine/worker/job.h: what needs no look at the data. */
#define FP_PLAN_WILL_IGNORE "will_ignore"
#define FP_PLAN_WILL_RESTORE "will_restore" /* an ignored change goes back to what it was */
#define FP_PLAN_LEFT_ALONE "left_alone"

struct fp_plan_item {
	struct fp_staged staged;
	char uuid[64], project_id[37];
	const char *method;     /* static */
	const char *class;      /* static: will_apply, already_applied, conflict, target_missing, would_duplicate, blocked, impossible, or one of the above */
	int will;               /* something is done with it when the plan is saved */
	char *why;              /* one sentence, "" when there is nothing to say */
	char *hash;             /* of the feature as it was found, "" for none */
	json_t *details;        /* conflicts field by field, NULL: none */
	json_t *candidates;     /* NULL: none */
	json_t *current;        /* the feature as it is now, NULL: none */
	char *blocked_by;       /* uuid, NULL */

	/* of the plan's own */
	char status[16];        /* of the change when it was looked at, with its time: what must not have moved */
	int64_t touched_at;
	char *delta;            /* of an undo: what takes the change back */
	char undo_uuid[40];
	int tried, again, answered; /* its class comes from a worker; it was tried before; the worker spoke of it */
	int forced_duplicate;   /* the worker would have applied it, the data holds its like under another key */
};

struct fp_plan;

/* STAGED is copied; items stand in the order in which they will be carried out: project by project, in their original order, undos after all
 * others and the newest first. Reads the store, starts nothing. */
enum fp_status fp_plan_new(struct fp_plan **out, struct fp_store *s, const struct fp_config *conf, const struct fp_staged *staged, size_t n,
	struct fp_error *err);
void fp_plan_free(struct fp_plan *p); /* NULL is fine */

/* Goes on; *DONE when every item has its class. A project whose data cannot be looked at (no project file, a worker that died) is no fault: its items are
 * "impossible", and say why. */
enum fp_status fp_plan_step(struct fp_plan *p, int *done, struct fp_error *err);
int fp_plan_fd(const struct fp_plan *p);       /* poll for POLLIN, at most so many ms, then step; -1: step at once */
int64_t fp_plan_left(const struct fp_plan *p);
enum fp_status fp_plan_wait(struct fp_plan *p, struct fp_error *err);
/* Changes looked at, of all. */
void fp_plan_progress(const struct fp_plan *p, int64_t *done, int64_t *total);

const struct fp_plan_item *fp_plan_items(const struct fp_plan *p, size_t *n);
int64_t fp_plan_writes(const struct fp_plan *p); /* how many will be done something with */

/* Carries the plan out: one delta_apply job a project, in one transaction. FP_E_CONFLICT: a change or a file moved since the plan was made; nothing was
 * written, and a new plan is due. REASON is kept in the ledger. T (N_T of them, caller frees the array) tells of each project's job. */
enum fp_status fp_plan_save(struct fp_plan *p, const char *who, const char *reason, struct fp_trigger **t, size_t *n_t, struct fp_error *err);

#endif
