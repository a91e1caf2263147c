/* A growing byte string, always NUL-terminated once anything was added. Zero-initialise with FP_BUF_INIT. */
#ifndef FP_BASE_BUF_H
#define FP_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct fp_buf {
	char *data; /* never NULL after FP_BUF_INIT: an empty buffer points at a static "" */
	size_t len, cap;
};
extern char fp_buf_empty[1];
#define FP_BUF_INIT { fp_buf_empty, 0, 0 }

void fp_buf_reserve(struct fp_buf *b, size_t n); /* room for N bytes more: adding them moves nothing */
void fp_buf_add(struct fp_buf *b, const void *bytes, size_t n);
void fp_buf_adds(struct fp_buf *b, const char *s);
void fp_buf_addc(struct fp_buf *b, char c);
void fp_buf_addf(struct fp_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_buf_vaddf(struct fp_buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void fp_buf_drop(struct fp_buf *b, size_t n); /* removes N bytes from the front */
void fp_buf_clear(struct fp_buf *b);          /* keeps the memory */
char *fp_buf_take(struct fp_buf *b);          /* moves the string out (caller frees), leaves B empty */
void fp_buf_free(struct fp_buf *b);

#endif
