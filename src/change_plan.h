/* What the commands about selected changes share: they are staged, planned against the data, shown, and saved. */
#ifndef FP_SRC_CHANGE_PLAN_H
#define FP_SRC_CHANGE_PLAN_H

#include "engine/queue/plan.h"
#include "engine/store/changes.h"
#include "src/command.h"

/* A selected change and what is staged for it. */
struct fp_chosen {
	struct fp_staged staged; /* its amendment is owned */
	json_t *row;             /* what is said of it; owned */
	json_t *delta;           /* as it stands, for whoever wants to amend it; owned, NULL unless set */
};

struct fp_change_plan {
	struct fp_invocation *inv;
	enum fp_action action;   /* NONE: apply what is pending, re-apply what is not */
	enum fp_meeting meeting;
	struct fp_chosen *chosen;
	size_t n, cap;
	struct fp_plan *plan;
};

/* For the entry of a command that meets conflicts. */
#define FP_MEETING_OPTION {"conflicts", "overwrite|manual", "how conflicts are met this time, whatever the project says"}
/* Reads it. */
enum fp_status fp_change_plan_meeting(struct fp_change_plan *c, struct fp_error *err);

/* Stages a change; an fp_change_each for fp_selection_each(). */
void fp_change_plan_add(void *arg, const struct fp_change_row *r);

/* The one of that change; after the plan was made. */
struct fp_chosen *fp_change_plan_find(const struct fp_change_plan *c, int64_t change_id);

/* Makes the plan of what is staged, in place of an earlier one. */
enum fp_status fp_change_plan_make(struct fp_change_plan *c, struct fp_error *err);

/* Prints it; exit code 1 when something will not be done. */
void fp_change_plan_print(struct fp_change_plan *c);

/* Asks "DEED 3 of 4 selected changes of project ...?", saves, prints. A plan that the data ran away from is made anew and printed: FP_E_CONFLICT. */
enum fp_status fp_change_plan_save(struct fp_change_plan *c, const char *deed, const char *reason, struct fp_error *err);

void fp_change_plan_clear(struct fp_change_plan *c);

#endif
