#include "engine/layers/delimited_reader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/buf.h"

#define PREFIX_MAX (1 << 20)
#define LOOK_AT 50 /* records that are looked at for the number of columns when there is no header */

enum kind { CSV, WHITESPACE, REGEXP };
struct reader {
	enum kind kind;
	char *delimiters, *quotes, *escapes;
	regex_t regexp;
	int anchored; /* its groups are the fields; else it stands between fields */
	const char *at;
};

static enum fp_status read_prefix(struct fp_buf *b, const char *path, struct fp_error *err)
{
	char *bytes = fp_alloc(PREFIX_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? pread(fd, bytes, PREFIX_MAX, 0) : -1;
	enum fp_status st = n < 0 ? fp_fail_errno(err, errno, "cannot read it") : FP_OK;

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] == '\0' && i > 3 && bytes[0] != '\xff' && bytes[0] != '\xfe')
			bytes[i] = ' ';
	if (st == FP_OK)
		fp_buf_add(b, bytes, (size_t)n);
	free(bytes);
	return st;
}

/* Into UTF-8; an unknown encoding leaves the bytes alone. */
static void decode(struct fp_buf *b, const char *encoding)
{
	struct fp_buf out = FP_BUF_INIT;
	char *in = b->data, piece[4096];
	size_t left = b->len;
	iconv_t cd;

	if (!*encoding || strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "System") == 0)
		return;
	cd = iconv_open("UTF-8", encoding);
	if (cd == (iconv_t)-1)
		return;
	while (left > 0) {
		char *to = piece;
		size_t room = sizeof piece;
		size_t rc = iconv(cd, &in, &left, &to, &room);
		fp_buf_add(&out, piece, sizeof piece - room);
		if (rc != (size_t)-1 || errno == EINVAL)
			break;
		if (errno == EILSEQ) {
			fp_buf_addc(&out, '?');
			in++;
			left--;
		}
	}
	iconv_close(cd);
	fp_buf_free(b);
	*b = out;
}

/* "\t" and "\n" as QGIS spells them in a source. Caller frees. */
static char *unescape(const char *s)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (; *s; s++) {
		if (*s == '\\' && s[1] == 't') {
			fp_buf_addc(&b, '\t');
			s++;
		} else {
			fp_buf_addc(&b, *s);
		}
	}
	return fp_buf_take(&b);
}

/* Perl's shorthands that QGIS users write, in POSIX terms. NULL: beyond POSIX. Caller frees. */
static char *as_posix(const char *perl)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (const char *p = perl; *p; p++) {
		if (p[0] == '\\' && p[1] == 'd') {
			fp_buf_adds(&b, "[0-9]");
			p++;
		} else if (p[0] == '\\' && p[1] == 't') {
			fp_buf_addc(&b, '\t');
			p++;
		} else if (p[0] == '\\' && p[1]) {
			fp_buf_add(&b, p, 2);
			p++;
		} else if ((p[0] == '(' && p[1] == '?') || (strchr("*+?}", p[0]) && (p[1] == '?' || p[1] == '+'))) {
			fp_buf_free(&b);
			return NULL;
		} else {
			fp_buf_addc(&b, *p);
		}
	}
	return fp_buf_take(&b);
}

static enum fp_status compile(struct reader *r, const char *pattern, struct fp_error *err)
{
	char *posix = as_posix(pattern), why[100];
	int rc;

	if (!posix)
		return fp_fail(err, FP_E_REFUSED, "only QGIS can run the regular expression \"%s\"", pattern);
	rc = regcomp(&r->regexp, posix, REG_EXTENDED);
	free(posix);
	if (rc == 0) {
		r->anchored = *pattern == '^';
		return FP_OK;
	}
	regerror(rc, &r->regexp, why, sizeof why);
	return fp_fail(err, FP_E_INVALID, "the regular expression \"%s\" is not valid: %s", pattern, why);
}

static const char *end_of_line(const char *p)
{
	return p + strcspn(p, "\r\n");
}

static const char *next_line(const char *p)
{
	p = end_of_line(p);
	p += *p == '\r';
	return p + (*p == '\n');
}

static void add_trimmed(struct fp_strv *fields, const char *s, size_t n)
{
	while (n > 0 && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	fp_strv_take(fields, fp_strndup(s, n));
}

/* One record whose quoted fields may span lines. */
static void csv_record(struct reader *r, struct fp_strv *fields)
{
	struct fp_buf field = FP_BUF_INIT;
	char quote = '\0';
	const char *p;

	for (p = r->at; *p; p++) {
		if (quote && strchr(r->escapes, *p) && p[1] && strchr(r->quotes, p[1])) {
			fp_buf_addc(&field, *++p);
		} else if (quote && *p == quote) {
			quote = '\0';
		} else if (quote) {
			fp_buf_addc(&field, *p);
		} else if (*p == '\r' || *p == '\n') {
			break;
		} else if (strchr(r->delimiters, *p)) {
			add_trimmed(fields, field.data, field.len);
			fp_buf_clear(&field);
		} else if (strchr(r->quotes, *p) && field.len == 0) {
			quote = *p;
		} else {
			fp_buf_addc(&field, *p);
		}
	}
	add_trimmed(fields, field.data, field.len);
	fp_buf_free(&field);
	r->at = next_line(p);
}

static void whitespace_record(struct reader *r, struct fp_strv *fields)
{
	const char *end = end_of_line(r->at), *p = r->at;

	while (p < end) {
		size_t n = strcspn(p, " \t\r\n");
		if (n > 0)
			add_trimmed(fields, p, n);
		p += n + (p[n] == ' ' || p[n] == '\t');
	}
	r->at = next_line(end);
}

static void regexp_record(struct reader *r, struct fp_strv *fields)
{
	enum { GROUPS = 100 };
	char *line = fp_strndup(r->at, (size_t)(end_of_line(r->at) - r->at)), *p = line;
	regmatch_t m[GROUPS];

	if (r->anchored) {
		if (regexec(&r->regexp, line, GROUPS, m, 0) == 0)
			for (int i = 1; i < GROUPS && m[i].rm_so >= 0; i++)
				add_trimmed(fields, line + m[i].rm_so, (size_t)(m[i].rm_eo - m[i].rm_so));
	} else {
		while (regexec(&r->regexp, p, 1, m, p == line ? 0 : REG_NOTBOL) == 0 && m[0].rm_eo > 0) {
			add_trimmed(fields, p, (size_t)m[0].rm_so);
			p += m[0].rm_eo;
		}
		add_trimmed(fields, p, strlen(p));
	}
	free(line);
	r->at = next_line(r->at);
}

static void next_record(struct reader *r, struct fp_strv *fields)
{
	static void (*const by_kind[])(struct reader *, struct fp_strv *) = {csv_record, whitespace_record, regexp_record};

	by_kind[r->kind](r, fields);
}

static const char *option(const struct fp_query *q, const char *key, const char *fallback)
{
	const char *v = fp_query_get(q, key);

	return v ? v : fallback;
}

static enum fp_status set_up(struct reader *r, const struct fp_query *q, struct fp_error *err)
{
	const char *type = option(q, "type", "csv");

	r->kind = strcasecmp(type, "regexp") == 0 ? REGEXP : strcasecmp(type, "whitespace") == 0 ? WHITESPACE : CSV;
	if (r->kind == REGEXP) {
		enum fp_status st = compile(r, option(q, "delimiter", ","), err);
		if (st != FP_OK)
			return st;
	}
	r->delimiters = unescape(option(q, "delimiter", ","));
	r->quotes = fp_strdup(option(q, "quote", "\""));
	r->escapes = fp_strdup(option(q, "escape", "\""));
	return FP_OK;
}

static void tear_down(struct reader *r)
{
	if (r->kind == REGEXP)
		regfree(&r->regexp);
	free(r->delimiters);
	free(r->quotes);
	free(r->escapes);
}

/* "field_1" ... as many as the widest of the first records has. */
static void invent_names(struct reader *r, struct fp_strv *names)
{
	size_t widest = 0;

	for (int i = 0; i < LOOK_AT && *r->at; i++) {
		struct fp_strv fields = {0};
		next_record(r, &fields);
		if (fields.n > widest)
			widest = fields.n;
		fp_strv_free(&fields);
	}
	for (size_t i = 1; i <= widest; i++)
		fp_strv_take(names, fp_asprintf("field_%zu", i));
}

enum fp_status fp_delimited_columns(struct fp_strv *names, const char *path, const struct fp_query *q, struct fp_error *err)
{
	struct fp_buf text = FP_BUF_INIT;
	struct reader r = {0};
	long skip = atol(option(q, "skipLines", "0"));
	enum fp_status st = read_prefix(&text, path, err);

	if (st == FP_OK)
		st = set_up(&r, q, err);
	if (st != FP_OK) {
		fp_buf_free(&text);
		return st;
	}
	decode(&text, option(q, "encoding", ""));
	r.at = text.data;
	if (strncmp(r.at, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	while (skip-- > 0 && *r.at)
		r.at = next_line(r.at);
	if (!*r.at)
		st = fp_fail(err, FP_E_INVALID, text.len ? "no data behind the lines to skip" : "the file is empty");
	else if (strcasecmp(option(q, "useHeader", "yes"), "no") == 0)
		invent_names(&r, names);
	else
		next_record(&r, names);
	tear_down(&r);
	fp_buf_free(&text);
	return st;
}
