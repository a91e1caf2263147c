#include "engine/layers/url_query.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

/* The byte that the escape at P stands for, -1 when there is none. */
static int escaped_byte(const char *p, const char *end)
{
	char hex[3] = {0};

	if (end - p < 3 || *p != '%' || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
		return -1;
	memcpy(hex, p + 1, 2);
	return (int)strtol(hex, NULL, 16);
}

/* The character beyond ASCII that the escapes at P spell: its bytes, 0 when they spell none. */
static size_t escaped_character(char bytes[4], const char *p, const char *end)
{
	for (size_t n = 0; n < 4; n++) {
		int c = escaped_byte(p + 3 * n, end);
		if (c < 0x80)
			return 0;
		bytes[n] = (char)c;
		if (fp_text_valid(bytes, n + 1))
			return n + 1;
	}
	return 0;
}

static int is_decoded(int c)
{
	return c > 0 && c < 0x80 && (isalnum(c) || strchr(" \"#&-.<=>\\^_`{|}~", c));
}

static char *decode(const char *p, size_t length)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *end = p + length;

	fp_buf_add(&b, "", 0);
	while (p < end) {
		char bytes[4];
		size_t n = escaped_character(bytes, p, end);
		int c = escaped_byte(p, end);
		if (n > 0) {
			fp_buf_add(&b, bytes, n);
			p += 3 * n;
		} else if (is_decoded(c)) {
			fp_buf_addc(&b, (char)c);
			p += 3;
		} else if ((unsigned char)*p < ' ' || (*p == '%' && c < 0)) {
			fp_buf_addf(&b, "%%%02X", (unsigned char)*p++);
		} else {
			fp_buf_addc(&b, *p++);
		}
	}
	return fp_buf_take(&b);
}

static void add(struct fp_query *q, const char *item, size_t n)
{
	const char *equals = memchr(item, '=', n);
	size_t k = equals ? (size_t)(equals - item) : n;
	char *key = decode(item, k);

	if (fp_query_get(q, key)) {
		free(key);
		return;
	}
	fp_strv_take(&q->keys, key);
	fp_strv_take(&q->values, equals ? decode(equals + 1, n - k - 1) : fp_strdup(""));
}

void fp_url_query_parse(struct fp_query *q, const char *source)
{
	const char *end = source + strcspn(source, "#"), *p = memchr(source, '?', (size_t)(end - source));

	memset(q, 0, sizeof *q);
	while (p && ++p < end) {
		size_t n = strcspn(p, "&#");
		if (n > 0)
			add(q, p, n);
		p += n;
	}
}
