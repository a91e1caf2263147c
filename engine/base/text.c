#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "engine/base/mem.h"

#define REPLACEMENT 0xFFFD
#define MAX_MARKS 8

static int is_bidi_control(utf8proc_int32_t c)
{
	return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static int is_mark(utf8proc_int32_t c)
{
	utf8proc_category_t k = utf8proc_category(c);

	return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F);
}

/* The code point that is shown for C; LINES keeps newlines. */
static utf8proc_int32_t visible(utf8proc_int32_t c, int lines)
{
	if (lines && c == '\n')
		return c;
	if (lines && c == '\t')
		return ' ';
	if (c < 0x20)
		return 0x2400 + c;
	if (c < 0x7F)
		return c;
	if (c == 0x7F)
		return 0x2421;
	if (c < 0xA0 || is_bidi_control(c))
		return REPLACEMENT;
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CN: /* unassigned, and what a terminal may treat in its own way */
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return REPLACEMENT;
	case UTF8PROC_CATEGORY_CF:
		return c == 0x200D || c == 0x00AD ? c : REPLACEMENT;
	default:
		return c;
	}
}

static void sanitise(struct fp_buf *b, const char *text, size_t len, int lines)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	size_t i = 0;
	int marks = 0;

	while (i < len) {
		utf8proc_int32_t c;
		utf8proc_uint8_t out[4];
		utf8proc_ssize_t n;
		size_t run = i;

		/* Plain ASCII is nearly everything: copy it in runs. */
		while (run < len && p[run] >= 0x20 && p[run] < 0x7F)
			run++;
		if (run > i) {
			fp_buf_add(b, p + i, run - i);
			i = run;
			marks = 0;
			continue;
		}
		n = utf8proc_iterate(p + i, (utf8proc_ssize_t)(len - i), &c);
		if (n <= 0) {
			c = REPLACEMENT;
			n = 1;
		} else {
			c = visible(c, lines);
		}
		i += (size_t)n;
		if (is_mark(c)) {
			if (++marks > MAX_MARKS)
				continue;
		} else {
			marks = 0;
		}
		fp_buf_add(b, out, (size_t)utf8proc_encode_char(c, out));
	}
	if (len == 0)
		fp_buf_add(b, "", 0);
}

void fp_text_sanitise(struct fp_buf *b, const char *text, size_t len)
{
	sanitise(b, text, len, 0);
}

void fp_text_sanitise_lines(struct fp_buf *b, const char *text, size_t len)
{
	sanitise(b, text, len, 1);
}

char *fp_text_clean(const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	sanitise(&b, text, strlen(text), 0);
	return fp_buf_take(&b);
}

void fp_text_into(char *to, size_t size, const char *text)
{
	static const char dots[] = "...";
	struct fp_buf b = FP_BUF_INIT;
	size_t n;

	sanitise(&b, text, strlen(text), 0);
	if (b.len < size) {
		memcpy(to, b.data, b.len + 1);
	} else {
		n = fp_text_floor(b.data, size - sizeof dots);
		memcpy(to, b.data, n);
		memcpy(to + n, dots, sizeof dots);
	}
	fp_buf_free(&b);
}

/* One grapheme cluster from P: its bytes in *LEN, its columns returned. */
static int cluster(const char *p, size_t *len)
{
	utf8proc_int32_t prev, c, state = 0;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &prev);
	size_t used;
	int width;

	if (n <= 0) {
		*len = 1;
		return 1;
	}
	used = (size_t)n;
	width = utf8proc_charwidth(prev);
	while (p[used]) {
		n = utf8proc_iterate((const utf8proc_uint8_t *)p + used, -1, &c);
		if (n <= 0 || utf8proc_grapheme_break_stateful(prev, c, &state))
			break;
		if (utf8proc_charwidth(c) > width)
			width = utf8proc_charwidth(c);
		used += (size_t)n;
		prev = c;
	}
	*len = used;
	return width;
}

size_t fp_text_fit(const char *text, int columns, int *used)
{
	size_t at = 0, n;
	int w = 0;

	while (text[at]) {
		int cw;
		if ((unsigned char)text[at] < 0x80 && (unsigned char)text[at + 1] < 0x80) {
			n = 1;
			cw = 1;
		} else {
			cw = cluster(text + at, &n);
		}
		if (w + cw > columns)
			break;
		w += cw;
		at += n;
	}
	if (used)
		*used = w;
	return at;
}

int fp_text_width(const char *text)
{
	int w;

	fp_text_fit(text, 1 << 30, &w);
	return w;
}

size_t fp_text_floor(const char *text, size_t limit)
{
	while (limit > 0 && ((unsigned char)text[limit] & 0xC0) == 0x80)
		limit--;
	return limit;
}

int fp_text_valid(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(len - i), &c);
		if (n <= 0)
			return 0;
		i += (size_t)n;
	}
	return 1;
}

char *fp_text_fold(const char *text)
{
	utf8proc_uint8_t *out = NULL;
	char *ascii = fp_strdup(text), *p = ascii;

	for (; *p && (unsigned char)*p < 0x80; p++) /* most texts, and a list may fold very many */
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
	if (!*p)
		return ascii;
	free(ascii);
	if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &out,
			UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD) < 0)
		return fp_strdup(text);
	return (char *)out;
}

int fp_text_contains(const char *haystack, const char *folded_needle)
{
	char *h = fp_text_fold(haystack);
	int found = strstr(h, folded_needle) != NULL;

	free(h);
	return found;
}

char *fp_text_real(char out[FP_REAL_SIZE], double r)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, FP_REAL_SIZE, "%.*g", digits, r);
		if (strtod(out, NULL) == r)
			break;
	}
	return out;
}

const char *fp_text_s(int64_t n)
{
	return n == 1 ? "" : "s";
}

char *fp_text_count(char out[FP_COUNT_SIZE], int64_t n)
{
	char digits[24];
	size_t len, at = 0;

	snprintf(digits, sizeof digits, "%lld", (long long)n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

char *fp_text_bytes(char out[FP_COUNT_SIZE], int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 999.5 && unit < 4) {
		n /= 1000;
		unit++;
	}
	snprintf(out, FP_COUNT_SIZE, n < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return out;
}
