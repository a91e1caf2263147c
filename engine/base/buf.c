#include "engine/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"

char fp_buf_empty[1];

static void room(struct fp_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 64;

	fp_assert(n < (size_t)-1 / 2 - b->len);
	while (cap < b->len + n + 1)
		cap *= 2;
	if (cap != b->cap) {
		b->data = fp_realloc(b->cap ? b->data : NULL, cap, 1);
		b->cap = cap;
	}
}

void fp_buf_reserve(struct fp_buf *b, size_t n)
{
	room(b, n);
	b->data[b->len] = '\0';
}

void fp_buf_add(struct fp_buf *b, const void *bytes, size_t n)
{
	room(b, n);
	if (n)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void fp_buf_adds(struct fp_buf *b, const char *s)
{
	fp_buf_add(b, s, strlen(s));
}

void fp_buf_addc(struct fp_buf *b, char c)
{
	fp_buf_add(b, &c, 1);
}

void fp_buf_vaddf(struct fp_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	fp_assert(n >= 0);
	room(b, (size_t)n);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
	va_end(again);
	b->len += (size_t)n;
}

void fp_buf_addf(struct fp_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void fp_buf_drop(struct fp_buf *b, size_t n)
{
	fp_assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = '\0';
}

void fp_buf_clear(struct fp_buf *b)
{
	b->len = 0;
	if (b->cap)
		b->data[0] = '\0';
}

char *fp_buf_take(struct fp_buf *b)
{
	char *s = b->cap ? b->data : fp_strdup("");

	*b = (struct fp_buf)FP_BUF_INIT;
	return s;
}

void fp_buf_free(struct fp_buf *b)
{
	if (b->cap)
		free(b->data);
	*b = (struct fp_buf)FP_BUF_INIT;
}
