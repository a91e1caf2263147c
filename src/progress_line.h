/* One line on stderr that says how far a worker is: for people at a terminal, and for nobody else. */
#ifndef FP_SRC_PROGRESS_LINE_H
#define FP_SRC_PROGRESS_LINE_H

#include "engine/queue/worker_proc.h"
#include "src/command.h"

struct fp_progress_line {
	int on;               /* 0: stderr is no terminal, or --json or --plain was asked for */
	char step[64];        /* that runs */
	int64_t step_at, shown_at;
};

void fp_progress_begin(struct fp_progress_line *p, const struct fp_invocation *inv);

/* What the worker told: a step and progress are shown, anything else is nothing to it. At most ten times a second. */
void fp_progress_event(struct fp_progress_line *p, enum fp_event_kind kind, const json_t *body);

/* The same for work that is done here: what is done now, in a few words; and how far it is. */
void fp_progress_step(struct fp_progress_line *p, const char *says);
void fp_progress_amount(struct fp_progress_line *p, int64_t done, int64_t total);

/* Takes the line away, so that what is printed next has it to itself. */
void fp_progress_end(struct fp_progress_line *p);

#endif
