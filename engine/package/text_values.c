#include "engine/package/text_values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/layers/delimited_point.h"

#define TOLD_MAX (64 << 10)

/* ---- numbers ---- */

static int is_whole(int64_t *value, const char *field, int64_t min, int64_t max)
{
	const char *p = field, *digits;
	char *end;

	while (isspace((unsigned char)*p))
		p++;
	digits = p + (*p == '+' || *p == '-');
	if (!isdigit((unsigned char)*digits))
		return 0;
	errno = 0;
	*value = strtoll(p, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	return !*end && errno == 0 && *value >= min && *value <= max;
}

/* ---- dates and times, as Qt reads ISO's ---- */

struct moment {
	int year, month, day, hour, minute, second, ms;
	int zone;         /* it has one, and EAST minutes of it */
	int east;
};

/* N digits at P, which have to be a number of MIN to MAX. */
static int digits(int *out, const char *p, int n, int min, int max)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)p[i]))
			return 0;
		*out = *out * 10 + (p[i] - '0');
	}
	return *out >= min && *out <= max;
}

static int is_separator(char c)
{
	return c && (unsigned char)c < 0x80 && !isalnum((unsigned char)c);
}

/* Ten characters; a digit may not follow. */
static int take_date(struct moment *m, const char *p)
{
	static const int days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap;

	if (strlen(p) < 10 || !digits(&m->year, p, 4, 1, 9999) || !is_separator(p[4]) || !digits(&m->month, p + 5, 2, 1, 12) || !is_separator(p[7]) ||
			!digits(&m->day, p + 8, 2, 1, 31) || isdigit((unsigned char)p[10]))
		return 0;
	leap = m->year % 4 == 0 && (m->year % 100 != 0 || m->year % 400 == 0);
	return m->day <= days[m->month] + (m->month == 2 && leap);
}

/* "10:00", "10:00:00", "10:00:00.5"; of a fraction three digits count. Returns where it ends, NULL when it is none. */
static const char *take_time(struct moment *m, const char *p)
{
	if (!digits(&m->hour, p, 2, 0, 24) || p[2] != ':' || !digits(&m->minute, p + 3, 2, 0, 59))
		return NULL;
	p += 5;
	if (*p == ':') {
		int two = isdigit((unsigned char)p[1]) && isdigit((unsigned char)p[2]);
		if (!digits(&m->second, p + 1, two ? 2 : 1, 0, 59))
			return NULL;
		p += two ? 3 : 2;
		if (*p == '.' || *p == ',') {
			int scale = 100;
			for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
				m->ms += (*p - '0') * scale;
		}
	}
	return m->hour < 24 || (m->minute == 0 && m->second == 0 && m->ms == 0) ? p : NULL;
}

/* "Z", "+02", "+02:00", "-0230". */
static int take_zone(struct moment *m, const char *p)
{
	int sign = *p == '-' ? -1 : 1, hours, minutes = 0;

	while (isspace((unsigned char)*p))
		p++;
	if (!*p || strcasecmp(p, "UTC") == 0)
		return 1;
	m->zone = 1;
	if (strcasecmp(p, "Z") == 0)
		return 1;
	if ((*p != '+' && *p != '-') || !digits(&hours, p + 1, 2, 0, 23))
		return 0;
	p += 3;
	p += *p == ':';
	if (*p && (!digits(&minutes, p, 2, 0, 59) || p[2]))
		return 0;
	m->east = sign * (hours * 60 + minutes);
	return 1;
}

static int is_date(struct moment *m, const char *field)
{
	*m = (struct moment){0};
	return take_date(m, field);
}

static int is_time(struct moment *m, const char *field)
{
	const char *end;

	*m = (struct moment){0};
	end = take_time(m, field);
	m->hour %= 24;
	return end && !*end;
}

static int is_stamp(struct moment *m, const char *field)
{
	const char *end;

	*m = (struct moment){0};
	if (!take_date(m, field) || (field[10] != 'T' && field[10] != ' '))
		return 0;
	end = take_time(m, field + 11);
	return end && take_zone(m, end);
}

/* In UTC where there is a zone. Milliseconds as in pg_decode.c. */
static void add_stamp(struct fp_buf *b, const struct moment *m)
{
	struct tm tm = {.tm_year = m->year - 1900, .tm_mon = m->month - 1, .tm_mday = m->day, .tm_hour = m->hour, .tm_min = m->minute, .tm_sec = m->second};
	time_t t = timegm(&tm) - (time_t)m->east * 60;

	gmtime_r(&t, &tm);
	fp_buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (m->ms)
		fp_buf_addf(b, ".%03d1", m->ms);
	fp_buf_adds(b, m->zone ? "Z" : "");
}

/* ---- what a column is ---- */

static int could_be(enum fp_text_type type, const char *field, const char *decimal_point)
{
	struct moment m;
	int64_t i;
	double r;

	switch (type) {
	case FP_TEXT_INT:
		return is_whole(&i, field, INT32_MIN, INT32_MAX);
	case FP_TEXT_LONG:
		return is_whole(&i, field, INT64_MIN, INT64_MAX);
	case FP_TEXT_DOUBLE:
		return fp_delimited_number(&r, decimal_point, field);
	case FP_TEXT_STAMP:
		return is_stamp(&m, field);
	case FP_TEXT_DATE:
		return is_date(&m, field);
	case FP_TEXT_TIME:
		return is_time(&m, field);
	default:
		return 1;
	}
}

void fp_text_look(struct fp_text_guess *g, const char *field, const char *decimal_point)
{
	if (!*field)
		return;
	g->seen = 1;
	for (enum fp_text_type t = 0; t < FP_TEXT_STRING; t++)
		if (!g->never[t])
			g->never[t] = !could_be(t, field, decimal_point);
}

enum fp_text_type fp_text_guessed(const struct fp_text_guess *g)
{
	enum fp_text_type t = 0;

	while (t < FP_TEXT_STRING && (!g->seen || g->never[t]))
		t++;
	return t;
}

/* The words of such a file. Those without a type are passed over as if they stood there not at all, as in QGIS. */
static const struct {
	const char *word;
	enum fp_text_type type;
} words[] = {
	{"integer", FP_TEXT_INT}, {"real", FP_TEXT_DOUBLE}, {"double", FP_TEXT_DOUBLE}, {"string", FP_TEXT_STRING}, {"datetime", FP_TEXT_STAMP},
	{"date", FP_TEXT_DATE}, {"time", FP_TEXT_TIME}, {"longlong", FP_TEXT_TYPES}, {"long", FP_TEXT_TYPES}, {"int8", FP_TEXT_TYPES},
};

/* ' "real(5.2)" ' at P, which ends before a comma. NULL: it is no such word. */
static const char *take_word(enum fp_text_type *type, const char *p)
{
	size_t i = 0, n, quoted;

	p += strspn(p, " \t");
	quoted = *p == '"';
	p += quoted;
	n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	while (i < sizeof words / sizeof *words && (strlen(words[i].word) != n || strncasecmp(words[i].word, p, n) != 0))
		i++;
	if (i == sizeof words / sizeof *words)
		return NULL;
	*type = words[i].type;
	p += n;
	if (*p == '(') {
		n = strspn(p + 1, "0123456789.");
		if (n == 0 || p[n + 1] != ')')
			return NULL;
		p += n + 2;
	}
	if (quoted && *p++ != '"')
		return NULL;
	p += strspn(p, " \t");
	return !*p || *p == ',' ? p : NULL;
}

size_t fp_text_told(enum fp_text_type *types, size_t max, const char *path)
{
	char *name = fp_asprintf("%st", path);
	struct fp_buf b = FP_BUF_INIT;
	const char *p;
	size_t n = 0;

	if (access(name, R_OK) != 0)
		name[strlen(path)] = 'T';
	if (fp_fs_read(&b, name, TOLD_MAX, NULL) != FP_OK)
		fp_buf_clear(&b);
	free(name);
	while (b.len && strchr("\r\n", b.data[b.len - 1]))
		b.data[--b.len] = '\0';
	for (p = b.len && !strpbrk(b.data, "\r\n") ? b.data : NULL; p && *p; p += *p == ',') {
		enum fp_text_type t;
		p = take_word(&t, p);
		if (p && t != FP_TEXT_TYPES && n < max)
			types[n++] = t;
		if (!p)
			n = 0;
		if (!p)
			break;
	}
	fp_buf_free(&b);
	return n;
}

void fp_text_column(struct fp_row_column *column, enum fp_text_type type)
{
	static const OGRFieldType types[] = {[FP_TEXT_INT] = OFTInteger, [FP_TEXT_LONG] = OFTInteger64, [FP_TEXT_DOUBLE] = OFTReal, [FP_TEXT_STAMP] = OFTDateTime,
		[FP_TEXT_DATE] = OFTDate, [FP_TEXT_TIME] = OFTString, [FP_TEXT_STRING] = OFTString};

	column->type = types[type];
}

void fp_text_value(struct fp_row_value *v, struct fp_buf *text, enum fp_text_type type, const char *field, const char *decimal_point)
{
	struct moment m;
	int ok = *field != '\0';

	*v = (struct fp_row_value){.type = FP_NULL};
	fp_buf_clear(text);
	if (!ok)
		return;
	switch (type) {
	case FP_TEXT_INT:
	case FP_TEXT_LONG:
		if (is_whole(&v->i, field, type == FP_TEXT_INT ? INT32_MIN : INT64_MIN, type == FP_TEXT_INT ? INT32_MAX : INT64_MAX))
			v->type = FP_INT;
		return;
	case FP_TEXT_DOUBLE:
		if (fp_delimited_number(&v->r, decimal_point, field) && !isnan(v->r))
			v->type = FP_REAL;
		return;
	case FP_TEXT_DATE:
		ok = is_date(&m, field);
		if (ok)
			fp_buf_addf(text, "%04d-%02d-%02d", m.year, m.month, m.day);
		break;
	case FP_TEXT_TIME:
		ok = is_time(&m, field);
		if (ok)
			fp_buf_addf(text, "%02d:%02d:%02d.%03d", m.hour, m.minute, m.second, m.ms);
		break;
	case FP_TEXT_STAMP:
		ok = is_stamp(&m, field);
		if (ok)
			add_stamp(text, &m);
		break;
	default:
		*v = (struct fp_row_value){.type = FP_TEXT, .text = field, .len = strlen(field)};
		return;
	}
	if (ok)
		*v = (struct fp_row_value){.type = FP_TEXT, .text = text->data, .len = text->len};
}
