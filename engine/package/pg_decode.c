/* Values of PostgreSQL's binary form, and texts of it that are JSON to everybody else. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/package/pg_columns.h"

#define DAYS_BEFORE_2000 730425 /* since 0000-03-01 in the Gregorian calendar, where years begin in March */
#define US_A_DAY INT64_C(86400000000)

static int64_t number_of(const char *bytes, size_t n)
{
	const unsigned char *b = (const unsigned char *)bytes;
	uint64_t u = n && (b[0] & 0x80) && n > 1 ? UINT64_MAX : 0; /* a bool is one byte, and never negative */

	for (size_t i = 0; i < n; i++)
		u = u << 8 | b[i];
	return (int64_t)u;
}

static void set_text(struct fp_row_value *v, const struct fp_buf *text)
{
	v->type = FP_TEXT;
	v->text = text->data;
	v->len = text->len;
}

static void set_real(struct fp_row_value *v, double r)
{
	v->type = isfinite(r) ? FP_REAL : FP_NULL;
	v->r = r;
}

/* ---- dates and times ---- */

/* "2024-03-01" of days since 2000-01-01. 0: QGIS knows no such date. Years before Christ lose their sign there. */
static int add_date(struct fp_buf *b, int64_t days)
{
	int64_t z = days + DAYS_BEFORE_2000, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), month = (5 * of_year + 2) / 153;
	int64_t year = year_of_era + era * 400 + (month >= 10);

	year = year <= 0 ? 1 - year : year;
	fp_buf_addf(b, "%04d-%02d-%02d", (int)year, (int)(month < 10 ? month + 3 : month - 9), (int)(of_year - (153 * month + 2) / 5 + 1));
	return year <= 9999;
}

/* "10:11:12.346": to the millisecond, as QGIS takes it. MOMENT: of a moment, which GDAL reads as a binary fraction and QGIS cuts: 12.346 would be 12.345 there,
 * 12.3461 is not. Whole seconds of it have no fraction. */
static void add_time(struct fp_buf *b, int64_t us, int moment)
{
	int64_t s = us / 1000000, ms = (us % 1000000 + 500) / 1000;

	ms = ms > 999 ? 999 : ms;
	fp_buf_addf(b, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	if (ms || !moment)
		fp_buf_addf(b, ".%03d%s", (int)ms, moment ? "1" : "");
}

static void decode_moment(struct fp_row_value *v, struct fp_pg_taken *t, int64_t i)
{
	int64_t day, us;

	if (t->form == FP_PG_DATE) {
		if (i != INT32_MAX && i != INT32_MIN && add_date(&t->text, i))
			set_text(v, &t->text);
		return;
	}
	if (t->form == FP_PG_TIME) {
		add_time(&t->text, i, 0);
		if (i < US_A_DAY)
			set_text(v, &t->text);
		return;
	}
	if (i == INT64_MAX || i == INT64_MIN)
		return;
	day = i / US_A_DAY - (i % US_A_DAY < 0);
	us = i - day * US_A_DAY;
	if (!add_date(&t->text, day))
		return;
	fp_buf_addc(&t->text, 'T');
	add_time(&t->text, us, 1);
	fp_buf_adds(&t->text, t->form == FP_PG_STAMPTZ ? "Z" : "");
	set_text(v, &t->text);
}

/* ---- texts that become JSON ---- */

static void add_string(struct fp_buf *b, const char *s, size_t n)
{
	fp_buf_addc(b, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			fp_buf_addc(b, '\\');
		if ((unsigned char)s[i] < ' ')
			fp_buf_addf(b, "\\u%04x", (unsigned)s[i]);
		else
			fp_buf_addc(b, s[i]);
	}
	fp_buf_addc(b, '"');
}

/* The word at *P, which ends before STOP or at the end: in quotes with backslashes, or bare. */
static int take_word(struct fp_buf *word, const char **p, const char *end, const char *stop)
{
	const char *q = *p;
	int quoted = q < end && *q == '"', depth = 0;

	fp_buf_clear(word);
	fp_buf_add(word, "", 0);
	for (q += quoted; q < end && (quoted ? *q != '"' : depth > 0 || !strchr(stop, *q)); q++) {
		if (!quoted) /* a list in a list stays as it is written */
			depth += (*q == '{') - (*q == '}');
		else if (*q == '\\' && q + 1 < end)
			q++;
		fp_buf_addc(word, *q);
	}
	*p = q + (quoted && q < end);
	return quoted;
}

static int is_json_number(const char *s)
{
	return *s && s[strspn(s, "0123456789+-.eE")] == '\0';
}

static void add_element(struct fp_buf *b, enum fp_pg_element kind, struct fp_buf *word, int quoted)
{
	const char *s = word->data;
	int null = !quoted && strcmp(s, "NULL") == 0;

	if (kind == FP_PG_STAMPS && !null && word->len > 10 && s[10] == ' ')
		word->data[10] = 'T';
	if (kind != FP_PG_WORDS && null) /* of words it is one, as QGIS reads it */
		fp_buf_adds(b, "null");
	else if (*s == '{' && kind != FP_PG_JSONS)
		add_string(b, s, word->len);
	else if (kind == FP_PG_NUMBERS)
		fp_buf_adds(b, is_json_number(s) ? s : "null");
	else if (kind == FP_PG_BOOLS)
		fp_buf_adds(b, *s == 't' ? "true" : "false");
	else if (kind == FP_PG_JSONS)
		fp_buf_add(b, s, word->len);
	else
		add_string(b, s, word->len);
}

/* '{1,NULL,3}' as [1,null,3]. Bounds in front of it, '[0:1]={...}', say nothing to us. */
static void decode_list(struct fp_row_value *v, struct fp_pg_taken *t, const char *p, size_t n)
{
	const char *end = p + n, *open = memchr(p, '{', n);
	struct fp_buf word = FP_BUF_INIT;

	if (!open || end[-1] != '}')
		return;
	fp_buf_addc(&t->text, '[');
	for (p = open + 1; p < end - 1; p += p < end - 1) {
		int quoted = take_word(&word, &p, end - 1, ",");
		fp_buf_adds(&t->text, t->text.len > 1 ? "," : "");
		add_element(&t->text, t->element, &word, quoted);
	}
	fp_buf_addc(&t->text, ']');
	fp_buf_free(&word);
	set_text(v, &t->text);
}

/* '"a"=>"1", "b"=>NULL' as {"a":"1","b":"NULL"}, as QGIS reads it. */
static void decode_hstore(struct fp_row_value *v, struct fp_pg_taken *t, const char *p, size_t n)
{
	const char *end = p + n;
	struct fp_buf word = FP_BUF_INIT;

	fp_buf_addc(&t->text, '{');
	while (p < end) {
		take_word(&word, &p, end, "=");
		fp_buf_adds(&t->text, t->text.len > 1 ? "," : "");
		add_string(&t->text, word.data, word.len);
		fp_buf_addc(&t->text, ':');
		p += p + 2 <= end ? 2 : 0; /* => */
		take_word(&word, &p, end, ",");
		add_string(&t->text, word.data, word.len);
		while (p < end && (*p == ',' || *p == ' '))
			p++;
	}
	fp_buf_addc(&t->text, '}');
	fp_buf_free(&word);
	set_text(v, &t->text);
}

void fp_pg_decode(struct fp_row_value *v, struct fp_pg_taken *taken, const char *bytes, size_t n)
{
	int64_t bits;
	double r;

	*v = (struct fp_row_value){.type = FP_NULL};
	fp_buf_clear(&taken->text);
	switch (taken->form) {
	case FP_PG_INT:
		v->type = FP_INT;
		v->i = number_of(bytes, n);
		break;
	case FP_PG_FLOAT:
		bits = number_of(bytes, n);
		memcpy(&r, &bits, sizeof r);
		set_real(v, r);
		break;
	case FP_PG_REAL:
		fp_buf_add(&taken->text, bytes, n);
		set_real(v, strtod(taken->text.data, NULL));
		break;
	case FP_PG_TEXT:
	case FP_PG_BYTES:
		v->type = taken->form == FP_PG_TEXT ? FP_TEXT : FP_BLOB;
		v->text = bytes;
		v->len = n;
		break;
	case FP_PG_LIST:
		decode_list(v, taken, bytes, n);
		break;
	case FP_PG_HSTORE:
		decode_hstore(v, taken, bytes, n);
		break;
	default:
		decode_moment(v, taken, number_of(bytes, n));
	}
}

/* ---- geometries ---- */

static uint32_t word_at(const unsigned char *p, int little)
{
	return little ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24
		: (uint32_t)p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}

/* The pieces of such a surface are polygons or triangles, laid out alike; nothing lies deeper. Returns where the one at P ends. */
static unsigned char *to_polygons(unsigned char *p, const unsigned char *end, int depth)
{
	int little = end - p >= 9 && *p == 1;
	uint32_t type = end - p >= 9 ? word_at(p + 1, little) : 0, flat = type % 1000, n, points, size;

	if (flat != 15 && flat != 16 && flat != 17 && (depth == 0 || flat != 3))
		return NULL;
	size = 8 * (type / 1000 == 0 ? 2 : type / 1000 == 3 ? 4 : 3);
	n = word_at(p + 5, little);
	type = type / 1000 * 1000 + (flat == 15 || flat == 16 ? 6 : 3);
	for (int i = 0; i < 4; i++)
		p[1 + i] = (unsigned char)(type >> 8 * (little ? i : 3 - i));
	p += 9;
	for (; p && n; n--) {
		if (flat == 15 || flat == 16) {
			p = depth == 0 ? to_polygons(p, end, 1) : NULL;
			continue;
		}
		points = end - p >= 4 ? word_at(p, little) : 0;
		if (end - p < 4 || (uint64_t)points * size > (uint64_t)(end - p - 4))
			return NULL;
		p += 4 + (size_t)points * size;
	}
	return p;
}

void fp_pg_polygons(unsigned char *wkb, size_t n)
{
	if (n >= 5)
		to_polygons(wkb, wkb + n, 0);
}
