/* What is staged to be done with changes, until it is saved. Kept by the console, so that it outlives the view. */
#ifndef FP_UI_STAGING_H
#define FP_UI_STAGING_H

#include "engine/queue/queue.h"

struct fp_staging {
	struct fp_staged *item; /* sorted by change id: the original order */
	size_t n, cap;
	struct fp_staged *undo; /* as it was before the last step */
	size_t n_undo;
	int can_undo;
	int64_t *target;        /* what the menu that is open is about */
	size_t n_target;
};

enum fp_action fp_staging_get(const struct fp_staging *s, int64_t change_id);
/* Begins a step that fp_staging_undo() takes back. */
void fp_staging_step(struct fp_staging *s);
void fp_staging_set(struct fp_staging *s, int64_t change_id, enum fp_action a, enum fp_meeting m); /* FP_ACTION_NONE: takes it off */
int fp_staging_undo(struct fp_staging *s); /* 0 when there is nothing to undo */
void fp_staging_clear(struct fp_staging *s);

/* ui/restage.c: the drop-down of the Action column, about the N changes IDS (copied); NAME says which one it is. */
struct fp_console;
struct fp_menu;
void fp_staging_menu(struct fp_console *c, struct fp_menu *m, const int64_t *ids, size_t n, const char *name);
unsigned fp_staging_chosen(struct fp_console *c, int item);

#endif
