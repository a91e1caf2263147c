/* A sorted set of row keys. Zero-initialise. */
#ifndef FP_UI_MARKS_H
#define FP_UI_MARKS_H

#include <stddef.h>

struct fp_marks {
	char **key;
	size_t n, cap;
};

int fp_marks_has(const struct fp_marks *m, const char *key);
void fp_marks_add(struct fp_marks *m, const char *key);
void fp_marks_remove(struct fp_marks *m, const char *key);
void fp_marks_clear(struct fp_marks *m);

#endif
