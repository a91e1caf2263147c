#include "ui/staging.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

static size_t place(const struct fp_staging *s, int64_t id)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->item[mid].change_id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

enum fp_action fp_staging_get(const struct fp_staging *s, int64_t change_id)
{
	size_t at = place(s, change_id);

	return at < s->n && s->item[at].change_id == change_id ? s->item[at].action : FP_ACTION_NONE;
}

void fp_staging_step(struct fp_staging *s)
{
	free(s->undo);
	s->undo = fp_realloc(NULL, s->n, sizeof *s->undo);
	if (s->n > 0)
		memcpy(s->undo, s->item, s->n * sizeof *s->undo);
	s->n_undo = s->n;
	s->can_undo = 1;
}

void fp_staging_set(struct fp_staging *s, int64_t change_id, enum fp_action a, enum fp_meeting m)
{
	size_t at = place(s, change_id);
	int there = at < s->n && s->item[at].change_id == change_id;

	if (there && a == FP_ACTION_NONE) {
		s->n--;
		memmove(s->item + at, s->item + at + 1, (s->n - at) * sizeof *s->item);
		return;
	}
	if (a == FP_ACTION_NONE)
		return;
	if (!there) {
		FP_GROW(s->item, s->n, s->cap);
		memmove(s->item + at + 1, s->item + at, (s->n - at) * sizeof *s->item);
		s->n++;
	}
	s->item[at] = (struct fp_staged){ .change_id = change_id, .action = a, .meeting = m };
}

int fp_staging_undo(struct fp_staging *s)
{
	if (!s->can_undo)
		return 0;
	free(s->item);
	s->item = s->undo;
	s->n = s->n_undo;
	s->cap = s->n_undo ? s->n_undo : 1;
	s->undo = NULL;
	s->can_undo = 0;
	return 1;
}

void fp_staging_clear(struct fp_staging *s)
{
	free(s->item);
	free(s->undo);
	free(s->target);
	*s = (struct fp_staging){0};
}
