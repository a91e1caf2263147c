#include "engine/layers/delimited_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"

static const char replacement[] = "\xef\xbf\xbd";

#define PART (256 << 10)

struct fp_delimited_text {
	int fd;
	iconv_t cd;            /* (iconv_t)-1: it is UTF-8, or as good as ASCII */
	int unknown;           /* nobody here knows the encoding */
	char *encoding;
	int64_t bound, at;     /* bytes that may be read, and were */
	int begun, whole;
	struct fp_buf raw;     /* read, and not decoded for want of the next byte */
};

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

/* Into UTF-8, with marks for what is no character of CD's. What is only the beginning of one stays in IN, unless it is the LAST part. */
static void convert(struct fp_buf *out, struct fp_buf *in, iconv_t cd, int last)
{
	char *from = in->data, piece[4096];
	size_t left = in->len;

	while (left > 0) {
		char *to = piece;
		size_t room = sizeof piece;
		size_t rc = iconv(cd, &from, &left, &to, &room);
		fp_buf_add(out, piece, sizeof piece - room);
		if (rc != (size_t)-1 || errno == EINVAL)
			break;
		if (errno == EILSEQ) {
			fp_buf_adds(out, replacement);
			from++;
			left--;
		}
	}
	fp_buf_drop(in, last ? in->len : in->len - left);
}

/* Marks for what is no UTF-8, and for NUL: no column and no number has one. */
static void mend(struct fp_buf *out, struct fp_buf *in, int last)
{
	const char *p = in->data, *end = p + in->len;

	while (p < end) {
		unsigned char c = (unsigned char)*p;
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (!last && n > (size_t)(end - p))
			break;
		if (c != '\0' && n <= (size_t)(end - p) && (n == 1 || fp_text_valid(p, n))) {
			fp_buf_add(out, p, n);
			p += n;
		} else {
			fp_buf_adds(out, replacement);
			p++;
		}
	}
	fp_buf_drop(in, (size_t)(p - in->data));
}

enum fp_status fp_delimited_text_open(struct fp_delimited_text **out, const char *path, const char *encoding, int64_t bound, struct fp_error *err)
{
	int is_utf8 = !*encoding || strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0 || strcasecmp(encoding, "System") == 0;
	struct fp_delimited_text *t = fp_alloc(sizeof *t);
	char *name = iconv_name(encoding);
	struct stat sb;

	*t = (struct fp_delimited_text){.fd = open(path, O_RDONLY | O_CLOEXEC), .cd = is_utf8 ? (iconv_t)-1 : iconv_open("UTF-8", name),
		.encoding = fp_strdup(encoding), .bound = bound, .whole = 1, .raw = FP_BUF_INIT};
	t->unknown = !is_utf8 && t->cd == (iconv_t)-1;
	free(name);
	*out = t;
	if (t->fd < 0 || fstat(t->fd, &sb) != 0)
		return fp_fail_errno(err, errno, "cannot read it");
	return sb.st_size == 0 ? fp_fail(err, FP_E_INVALID, "the file is empty") : FP_OK;
}

void fp_delimited_text_free(struct fp_delimited_text *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	if (t->cd != (iconv_t)-1)
		iconv_close(t->cd);
	fp_buf_free(&t->raw);
	free(t->encoding);
	free(t);
}

/* The next bytes into RAW. *LAST: no others come. */
static enum fp_status read_part(struct fp_delimited_text *t, int *last, struct fp_error *err)
{
	size_t want = t->bound && t->bound - t->at < PART ? (size_t)(t->bound - t->at) : PART;
	char *part = fp_alloc(PART + 1), over;
	ssize_t n = want ? pread(t->fd, part, want, t->at) : 0;

	if (n > 0) {
		fp_buf_add(&t->raw, part, (size_t)n);
		t->at += n;
	}
	free(part);
	if (n < 0)
		return fp_fail_errno(err, errno, "cannot read it");
	if (t->bound && t->at == t->bound)
		t->whole = pread(t->fd, &over, 1, t->at) <= 0;
	*last = n == 0 || (t->bound && t->at == t->bound);
	return FP_OK;
}

enum fp_status fp_delimited_text_read(struct fp_delimited_text *t, struct fp_buf *text, int *more, struct fp_error *err)
{
	size_t before = text->len;
	int last = 0;
	struct fp_buf decoded = FP_BUF_INIT;
	enum fp_status st = FP_OK;

	while (st == FP_OK && !last && text->len == before) {
		st = read_part(t, &last, err);
		if (st == FP_OK && t->unknown && !is_ascii(&t->raw))
			st = fp_fail(err, FP_E_REFUSED, "the encoding \"%s\" is not known here", t->encoding);
		if (st != FP_OK)
			break;
		if (t->cd != (iconv_t)-1) {
			convert(&decoded, &t->raw, t->cd, last);
			mend(text, &decoded, 1); /* what iconv gives are whole characters */
		} else {
			mend(text, &t->raw, last);
		}
		if (!t->begun && text->len >= before + 3 && memcmp(text->data + before, "\xef\xbb\xbf", 3) == 0) {
			memmove(text->data + before, text->data + before + 3, text->len - before - 3 + 1);
			text->len -= 3;
		}
		t->begun = t->begun || text->len > before;
	}
	fp_buf_free(&decoded);
	*more = text->len > before;
	return st;
}

int fp_delimited_text_whole(const struct fp_delimited_text *t)
{
	return t->whole;
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
