#include "ui/marks.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

/* Where KEY stands or would stand. */
static size_t place(const struct fp_marks *m, const char *key, int *there)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(m->key[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*there = low < m->n && strcmp(m->key[low], key) == 0;
	return low;
}

int fp_marks_has(const struct fp_marks *m, const char *key)
{
	int there;

	place(m, key, &there);
	return there;
}

void fp_marks_add(struct fp_marks *m, const char *key)
{
	int there;
	size_t at = place(m, key, &there);

	if (there)
		return;
	FP_GROW(m->key, m->n, m->cap);
	memmove(m->key + at + 1, m->key + at, (m->n - at) * sizeof *m->key);
	m->key[at] = fp_strdup(key);
	m->n++;
}

void fp_marks_remove(struct fp_marks *m, const char *key)
{
	int there;
	size_t at = place(m, key, &there);

	if (!there)
		return;
	free(m->key[at]);
	m->n--;
	memmove(m->key + at, m->key + at + 1, (m->n - at) * sizeof *m->key);
}

void fp_marks_clear(struct fp_marks *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->key[i]);
	free(m->key);
	*m = (struct fp_marks){0};
}
