/* Values between PostgreSQL's texts and ours. The server parses and judges; what it would change without a word is refused here (O4). */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/changes/key.h"
#include "engine/changes/pg.h"
#include "engine/changes/temporal.h"

char *fp_pg_quoted(const char *name)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addc(&b, '"');
	for (; *name; name++)
		fp_buf_adds(&b, *name == '"' ? "\"\"" : (char[]){*name, 0});
	fp_buf_addc(&b, '"');
	return fp_buf_take(&b);
}

/* ---- reading ---- */

void fp_pg_value_select(struct fp_buf *sql, const struct fp_pg_layer *l, size_t i)
{
	char *q = fp_pg_quoted(l->target.columns[i].name);

	fp_buf_addf(sql, l->target.columns[i].kind == FP_KIND_LIST ? "pg_catalog.to_json(%s)::pg_catalog.text" : "%s", q);
	free(q);
}

unsigned char *fp_pg_unhex(const char *hex, size_t n, size_t *len)
{
	unsigned char *bytes;

	if (n < 2 || hex[0] != '\\' || hex[1] != 'x')
		return NULL;
	bytes = fp_alloc(n / 2 + 1);
	if (sodium_hex2bin(bytes, n / 2 + 1, hex + 2, n - 2, NULL, len, NULL) == 0)
		return bytes;
	free(bytes);
	return NULL;
}

/* "2024-03-01 10:20:30.5+00" is "2024-03-01T10:20:30.5Z" to everybody else. What is no such text ("infinity") stays. */
static void read_datetime(struct fp_value *v, const char *text, size_t len)
{
	fp_value_set_text(v, FP_TEXT, text, len);
	if (len < 19 || text[10] != ' ')
		return;
	v->text[10] = 'T';
	if (len > 22 && strcmp(v->text + len - 3, "+00") == 0) {
		v->text[len - 3] = 'Z';
		v->text[len - 2] = '\0';
		v->len = len - 2;
	}
}

static void read_bytes(struct fp_value *v, const char *text, size_t len)
{
	size_t n = 0;
	unsigned char *bytes = fp_pg_unhex(text, len, &n);

	fp_value_set_text(v, FP_BLOB, bytes, n);
	free(bytes);
}

void fp_pg_value_read(struct fp_value *v, const struct fp_pg_layer *l, size_t i, const char *text, size_t len)
{
	fp_value_clear(v);
	if (!text)
		return;
	switch (l->target.columns[i].kind) {
	case FP_KIND_BOOL:
		v->type = FP_INT;
		v->i = *text == 't';
		break;
	case FP_KIND_INT:
		v->type = FP_INT;
		v->i = strtoll(text, NULL, 10);
		break;
	case FP_KIND_REAL:
		v->type = FP_REAL;
		v->r = strtod(text, NULL);
		break;
	case FP_KIND_DATETIME:
		read_datetime(v, text, len);
		break;
	case FP_KIND_BLOB:
		read_bytes(v, text, len);
		break;
	default:
		fp_value_set_text(v, FP_TEXT, text, len);
	}
}

/* ---- writing ---- */

/* numeric(6,2) would make 1.24 of 1.239. What is only the noise of a binary fraction may go. */
static int is_rounded(double r, int scale)
{
	double unit = pow(10, scale);

	return scale >= 0 && fabs(r) < 1e15 && fabs(r - round(r * unit) / unit) > 1e-9 * fmax(1, fabs(r));
}

/* '{"a","b"}' of ["a","b"]. */
static char *array_text(const struct fp_value *v)
{
	json_t *list = json_loadb(v->text, v->len, JSON_DECODE_ANY, NULL), *item;
	struct fp_buf b = FP_BUF_INIT;
	size_t i;

	fp_buf_addc(&b, '{');
	json_array_foreach(list, i, item) {
		char *text = json_is_string(item) ? fp_strdup(json_string_value(item)) : fp_json_dump(item);
		fp_buf_adds(&b, i ? ",\"" : "\"");
		for (const char *p = text; *p; p++) {
			if (*p == '"' || *p == '\\')
				fp_buf_addc(&b, '\\');
			fp_buf_addc(&b, *p);
		}
		fp_buf_addc(&b, '"');
		free(text);
	}
	fp_buf_addc(&b, '}');
	json_decref(list);
	return fp_buf_take(&b);
}

/* A column without a zone drops the zone that a text has, and with it the instant: it gets the one of UTC, as which it is read. */
static char *datetime_text(const struct fp_pg_column *c, const struct fp_value *v)
{
	char text[FP_TIME_ISO_SIZE];
	int64_t ms;

	if (strcmp(c->type, "timestamp") != 0 || fp_temporal_read(&ms, FP_KIND_DATETIME, v->text) != 0)
		return fp_strndup(v->text, v->len);
	return fp_strndup(fp_time_iso(text, ms), 23);
}

static char *bytes_text(const struct fp_value *v)
{
	char *text = fp_alloc(v->len * 2 + 3);

	text[0] = '\\';
	text[1] = 'x';
	sodium_bin2hex(text + 2, v->len * 2 + 1, (const unsigned char *)v->text, v->len);
	return text;
}

enum fp_status fp_pg_value_write(char **text, const struct fp_pg_layer *l, size_t i, const struct fp_value *v, struct fp_error *err)
{
	const struct fp_pg_column *c = &l->types[i];
	char number[FP_REAL_SIZE];

	*text = NULL;
	switch (v->type) {
	case FP_NULL:
		return FP_OK;
	case FP_INT:
		*text = l->target.columns[i].kind == FP_KIND_BOOL ? fp_strdup(v->i ? "t" : "f") : fp_asprintf("%lld", (long long)v->i);
		return FP_OK;
	case FP_REAL:
		fp_text_real(number, v->r);
		if (is_rounded(v->r, c->scale))
			return fp_fail(err, FP_E_REFUSED, "Failed to commit changes: column \"%.100s\" has %d decimals, %s has more", l->target.columns[i].name,
				c->scale, number);
		*text = fp_strdup(number);
		return FP_OK;
	case FP_BLOB:
		*text = bytes_text(v);
		return FP_OK;
	case FP_TEXT:
		break;
	}
	*text = l->target.columns[i].kind == FP_KIND_LIST ? array_text(v) : l->target.columns[i].kind == FP_KIND_DATETIME ? datetime_text(c, v)
		: fp_strndup(v->text, v->len);
	return FP_OK;
}

/* The column's SRID stands behind the type; that there is one is said by a bit of it. */
char *fp_pg_geometry(const unsigned char *wkb, size_t n, int srid)
{
	unsigned char head[9] = {wkb[0], wkb[1], wkb[2], wkb[3], wkb[4] | 0x20, (unsigned char)srid, (unsigned char)(srid >> 8),
		(unsigned char)(srid >> 16), (unsigned char)(srid >> 24)};
	char *hex = fp_alloc((n + 4) * 2 + 1);

	fp_assert(n >= 5 && wkb[0] == 1);
	sodium_bin2hex(hex, sizeof head * 2 + 1, head, sizeof head);
	sodium_bin2hex(hex + sizeof head * 2, (n - 5) * 2 + 1, wkb + 5, n - 5);
	return hex;
}

/* ---- keys ---- */

static int is_uuid(const char *text)
{
	size_t digits = 0;

	for (const char *p = text; *p; p++) {
		if (strchr("0123456789abcdefABCDEF", *p))
			digits++;
		else if (*p != '-')
			return 0;
	}
	return digits == 32 && (strlen(text) == 32 || strlen(text) == 36);
}

int fp_pg_value_key(const struct fp_pg_layer *l, const char *text, char out[64], const char **key)
{
	const struct fp_column *c = &l->target.columns[l->target.key];
	int64_t i;

	*key = text;
	if (c->kind == FP_KIND_INT || c->kind == FP_KIND_REAL) {
		if (fp_key_number(&i, text) != 0 || i < c->min || i > c->max)
			return 0;
		snprintf(out, 64, "%lld", (long long)i);
		*key = out;
	}
	return strcmp(l->types[l->target.key].type, "uuid") != 0 || is_uuid(text);
}
