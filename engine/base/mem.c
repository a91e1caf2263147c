#include "engine/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("fieldpost: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *fp_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *fp_realloc(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *fp_strdup(const char *s)
{
	return checked(strdup(s));
}

char *fp_strdup_null(const char *s)
{
	return s ? fp_strdup(s) : NULL;
}

char *fp_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *fp_vasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;
	int n = vasprintf(&s, fmt, ap);

	return checked(n < 0 ? NULL : s);
}

char *fp_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = fp_vasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void fp_strv_take(struct fp_strv *v, char *s)
{
	FP_GROW(v->items, v->n, v->cap);
	v->items[v->n++] = s;
}

void fp_strv_add(struct fp_strv *v, const char *s)
{
	fp_strv_take(v, fp_strdup(s));
}

int fp_strv_has(const struct fp_strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->items[i], s) == 0)
			return 1;
	return 0;
}

void fp_strv_free(struct fp_strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct fp_strv){0};
}
