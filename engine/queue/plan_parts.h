/* Inside of plans: what objection.c, plan.c, plan_lines.c and plan_save.c share. */
#ifndef FP_QUEUE_PLAN_PARTS_H
#define FP_QUEUE_PLAN_PARTS_H

#include <stdio.h>

#include "engine/queue/plan.h"
#include "engine/queue/question.h"

/* A change as the ledger knows it. */
struct fp_change_state {
	int found, written;
	char status[16], method[8], uuid[64], project_id[37];
	int64_t taken_by, applied_by, planned, undone_by; /* jobs, a plan, a change; 0: none */
	int64_t touched_at, attempts;
};
enum fp_status fp_plan_look(struct fp_store *s, struct fp_change_state *c, int64_t id, struct fp_error *err);

/* WHY is "" when ACTION makes sense. */
void fp_plan_object(const struct fp_change_state *c, enum fp_action action, char why[128]);

/* The items of one project, and the data that they were tried on. */
struct fp_plan_part {
	char project_id[37];
	size_t from, until;
	json_t *base;        /* version of each file; NULL: the data was not looked at */
};

struct fp_plan {
	struct fp_store *store;
	const struct fp_config *conf;
	struct fp_plan_item *items;
	size_t n;
	struct fp_plan_part *parts;
	size_t n_parts, at;  /* AT: the part that is looked at */
	json_t *by_uuid;     /* number of an item, by the uuid that the worker knows it by */
	struct fp_question *question;
	int64_t looked_at;
};

/* Writes the line of an undo, and keeps its delta and uuid in I; neither when the effect of its change cannot be read. */
enum fp_status fp_plan_undo(struct fp_plan *p, struct fp_plan_item *i, FILE *f, struct fp_error *err);

#endif
