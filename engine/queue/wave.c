#include "engine/queue/wave.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

static int by_id(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int fp_wave_takes(struct fp_wave *w, const struct fp_change_row *r)
{
	if (strcmp(r->status, "applied") != 0)
		return 0;
	if (!r->undone_by && !(r->undo_of && w->n && bsearch(&r->undo_of, w->passed, w->n, sizeof *w->passed, by_id)))
		return 1;
	FP_GROW(w->passed, w->n, w->cap);
	w->passed[w->n++] = r->id;
	return 0;
}

void fp_wave_clear(struct fp_wave *w)
{
	free(w->passed);
	*w = (struct fp_wave){0};
}
