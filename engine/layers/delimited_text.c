#include "engine/layers/delimited_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <utf8proc.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"

static const char replacement[] = "\xef\xbf\xbd";

static enum fp_status read_prefix(struct fp_buf *b, int *whole, const char *path, struct fp_error *err)
{
	char *bytes = fp_alloc(FP_DELIMITED_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? pread(fd, bytes, FP_DELIMITED_MAX + 1, 0) : -1;
	enum fp_status st = n < 0 ? fp_fail_errno(err, errno, "cannot read it") : n == 0 ? fp_fail(err, FP_E_INVALID, "the file is empty") : FP_OK;

	if (fd >= 0)
		close(fd);
	*whole = n <= FP_DELIMITED_MAX;
	if (st == FP_OK)
		fp_buf_add(b, bytes, *whole ? (size_t)n : FP_DELIMITED_MAX);
	free(bytes);
	return st;
}

static int is_ascii(const struct fp_buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->data[i] >= 0x80 || b->data[i] == '\0')
			return 0;
	return 1;
}

/* iconv's name for what Qt calls NAME. Caller frees. */
static char *iconv_name(const char *name)
{
	struct fp_buf b = FP_BUF_INIT;

	if (strcasecmp(name, "Apple Roman") == 0)
		return fp_strdup("MACINTOSH");
	fp_buf_add(&b, "", 0);
	for (; *name; name++)
		if (*name != ' ')
			fp_buf_addc(&b, *name);
	return fp_buf_take(&b);
}

/* Into UTF-8, with marks for what is no character of CD's. */
static void convert(struct fp_buf *b, iconv_t cd)
{
	struct fp_buf out = FP_BUF_INIT;
	char *in = b->data, piece[4096];
	size_t left = b->len;

	fp_buf_add(&out, "", 0);
	while (left > 0) {
		char *to = piece;
		size_t room = sizeof piece;
		size_t rc = iconv(cd, &in, &left, &to, &room);
		fp_buf_add(&out, piece, sizeof piece - room);
		if (rc != (size_t)-1 || errno == EINVAL)
			break;
		if (errno == EILSEQ) {
			fp_buf_adds(&out, replacement);
			in++;
			left--;
		}
	}
	fp_buf_free(b);
	*b = out;
}

/* Marks for what is no UTF-8, and for NUL: no column and no number has one. */
static void mend(struct fp_buf *b)
{
	struct fp_buf out = FP_BUF_INIT;
	const char *p = b->data, *end = p + b->len;

	fp_buf_add(&out, "", 0);
	while (p < end) {
		unsigned char c = (unsigned char)*p;
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (c != '\0' && n <= (size_t)(end - p) && (n == 1 || fp_text_valid(p, n))) {
			fp_buf_add(&out, p, n);
			p += n;
		} else {
			fp_buf_adds(&out, replacement);
			p++;
		}
	}
	fp_buf_free(b);
	*b = out;
}

static enum fp_status decode(struct fp_buf *b, const char *encoding, struct fp_error *err)
{
	int is_utf8 = !*encoding || strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0 || strcasecmp(encoding, "System") == 0;
	char *name = iconv_name(encoding);
	iconv_t cd = is_utf8 ? (iconv_t)-1 : iconv_open("UTF-8", name);

	free(name);
	if (cd != (iconv_t)-1) {
		convert(b, cd);
		iconv_close(cd);
	} else if (!is_utf8 && !is_ascii(b)) {
		return fp_fail(err, FP_E_REFUSED, "the encoding \"%s\" is not known here", encoding);
	}
	mend(b);
	return FP_OK;
}

static void drop_cut_line(struct fp_buf *b)
{
	size_t n = b->len;

	while (n > 0 && b->data[n - 1] != '\n' && b->data[n - 1] != '\r')
		n--;
	if (n > 0) {
		b->len = n;
		b->data[n] = '\0';
	}
}

enum fp_status fp_delimited_text(struct fp_buf *text, int *whole, const char *path, const char *encoding, struct fp_error *err)
{
	enum fp_status st = read_prefix(text, whole, path, err);

	if (st == FP_OK)
		st = decode(text, encoding, err);
	if (st != FP_OK)
		return st;
	if (strncmp(text->data, "\xef\xbb\xbf", 3) == 0)
		fp_buf_drop(text, 3);
	if (!*whole)
		drop_cut_line(text);
	return FP_OK;
}

size_t fp_delimited_space(const char *p, size_t n)
{
	utf8proc_int32_t code;
	utf8proc_ssize_t size;

	if (n == 0 || (unsigned char)*p < 0x80)
		return n > 0 && isspace((unsigned char)*p);
	size = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &code);
	if (size < 0)
		return 0;
	switch (utf8proc_category(code)) {
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return (size_t)size;
	default:
		return code == 0x85 ? (size_t)size : 0;
	}
}
