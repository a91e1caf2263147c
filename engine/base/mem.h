/* Allocation that cannot fail: out of memory aborts the process (a console says so; a worker's death is a failed job). */
#ifndef FP_BASE_MEM_H
#define FP_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *fp_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));           /* zeroed */
void *fp_realloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull, alloc_size(2, 3))); /* overflow-checked */
char *fp_strdup(const char *s) __attribute__((malloc, returns_nonnull, nonnull(1)));
char *fp_strdup_null(const char *s); /* NULL stays NULL */
char *fp_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull, nonnull(1)));
char *fp_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *fp_vasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* Makes room for one more element in a growing array: ITEMS, N and CAP are lvalues. Amortised doubling. */
#define FP_GROW(items, n, cap) do { \
	if ((n) == (cap)) { \
		(cap) = (cap) ? (cap) * 2 : 8; \
		(items) = fp_realloc((items), (cap), sizeof *(items)); \
	} } while (0)

/* A list that owns its strings. Zero-initialise. */
struct fp_strv {
	char **items;
	size_t n, cap;
};
void fp_strv_add(struct fp_strv *v, const char *s);       /* copies */
void fp_strv_take(struct fp_strv *v, char *s);            /* moves */
int fp_strv_has(const struct fp_strv *v, const char *s);
void fp_strv_free(struct fp_strv *v);

#endif
