/* JSON to column values: one function a kind, chosen by a table. Whatever would change the value on the way is refused (O4). */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/changes/temporal.h"
#include "engine/changes/value.h"

static enum fp_status refuse(const struct fp_column *c, const json_t *json, const char *reason, struct fp_error *err)
{
	struct fp_buf shown = FP_BUF_INIT;

	fp_json_show(&shown, json);
	fp_fail(err, FP_E_REFUSED, "Column \"%s\": %s%s%s %s", c->name, json_is_string(json) ? "\"" : "", shown.data,
		json_is_string(json) ? "\"" : "", reason);
	fp_buf_free(&shown);
	return FP_E_REFUSED;
}

/* The text of a JSON string without the blanks around it; NULL when nothing is left. */
static const char *trimmed(const json_t *json, size_t *len)
{
	const char *s = json_string_value(json);
	size_t n = strlen(s);

	while (n > 0 && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	*len = n;
	return n ? s : NULL;
}

/* A decimal number and nothing else: no hexadecimal, no nan, no locale. */
static int read_real(double *r, const char *s, size_t len)
{
	char copy[400], *end;

	if (len >= sizeof copy || strspn(s, "+-.eE0123456789") < len)
		return -1;
	memcpy(copy, s, len);
	copy[len] = '\0';
	*r = strtod(copy, &end);
	return *end || end == copy || !isfinite(*r) ? -1 : 0;
}

static int read_integer(int64_t *i, const char *s, size_t len)
{
	char copy[32], *end;

	if (len >= sizeof copy || strspn(s, "+-0123456789") < len)
		return -1;
	memcpy(copy, s, len);
	copy[len] = '\0';
	errno = 0;
	*i = strtoll(copy, &end, 10);
	return *end || end == copy || errno ? -1 : 0;
}

static int integral(int64_t *i, double r)
{
	if (!(r >= -0x1p63 && r < 0x1p63) || r != floor(r))
		return -1;
	*i = (int64_t)r;
	return 0;
}

static enum fp_status from_int(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	const char *s;
	int64_t i = 0;
	double r;
	size_t len;

	if (json_is_integer(json)) {
		i = json_integer_value(json);
	} else if (json_is_boolean(json)) {
		i = json_is_true(json);
	} else if (json_is_real(json)) {
		if (integral(&i, json_real_value(json)) != 0)
			return refuse(c, json, fabs(json_real_value(json)) < 0x1p63 ? "is no whole number" : "is out of range", err);
	} else if (json_is_string(json)) {
		s = trimmed(json, &len);
		if (!s)
			return FP_OK;
		if (read_integer(&i, s, len) != 0 && (read_real(&r, s, len) != 0 || integral(&i, r) != 0))
			return refuse(c, json, "is no whole number", err);
	} else {
		return refuse(c, json, "is no number", err);
	}
	if (i < c->min || i > c->max)
		return refuse(c, json, "is out of range", err);
	out->type = FP_INT;
	out->i = i;
	return FP_OK;
}

static enum fp_status from_bool(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	static const struct { const char *word; int value; } words[] = {{"true", 1}, {"false", 0}, {"1", 1}, {"0", 0}};
	int value = -1;

	if (json_is_boolean(json)) {
		value = json_is_true(json);
	} else if (json_is_number(json)) {
		double r = json_number_value(json);
		value = r == 1 ? 1 : r == 0 ? 0 : -1;
	} else if (json_is_string(json)) {
		size_t len;
		const char *s = trimmed(json, &len);
		if (!s)
			return FP_OK;
		for (size_t w = 0; w < sizeof words / sizeof *words; w++)
			if (strlen(words[w].word) == len && strncasecmp(words[w].word, s, len) == 0)
				value = words[w].value;
	}
	if (value < 0)
		return refuse(c, json, "is neither true nor false", err);
	out->type = FP_INT;
	out->i = value;
	return FP_OK;
}

static enum fp_status from_real(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	const char *s;
	double r = 0;
	size_t len;

	if (json_is_real(json)) {
		r = json_real_value(json);
	} else if (json_is_integer(json)) {
		int64_t back;
		r = (double)json_integer_value(json);
		if (integral(&back, r) != 0 || back != json_integer_value(json))
			return refuse(c, json, "has more digits than a real number holds", err);
	} else if (json_is_boolean(json)) {
		r = json_is_true(json);
	} else if (json_is_string(json)) {
		s = trimmed(json, &len);
		if (!s)
			return FP_OK;
		if (read_real(&r, s, len) != 0)
			return refuse(c, json, "is no number", err);
	} else {
		return refuse(c, json, "is no number", err);
	}
	out->type = FP_REAL;
	out->r = r;
	return FP_OK;
}

/* A document as text whose numbers read back as they are, with as few digits as that takes. */
static void set_document(struct fp_value *out, const json_t *json, size_t flags, const char *tail)
{
	for (size_t digits = 15; digits <= 17; digits++) {
		char *text = json_dumps(json, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
		json_t *back = json_loads(text, JSON_DECODE_ANY, NULL);

		if (digits == 17 || (back && json_equal(back, json))) {
			struct fp_buf b = FP_BUF_INIT;
			fp_buf_adds(&b, text);
			fp_buf_adds(&b, tail);
			fp_value_set_text(out, FP_TEXT, b.data, b.len);
			fp_buf_free(&b);
			digits = 17;
		}
		json_decref(back);
		free(text);
	}
}

static enum fp_status from_text(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	char *text, number[32];

	(void)c;
	(void)err;
	switch (json_typeof(json)) {
	case JSON_STRING:
		fp_value_set_text(out, FP_TEXT, json_string_value(json), json_string_length(json));
		break;
	case JSON_REAL:
		fp_text_real(number, json_real_value(json));
		fp_value_set_text(out, FP_TEXT, number, strlen(number));
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		set_document(out, json, JSON_INDENT(4) | JSON_SORT_KEYS, "\n");
		break;
	default:
		text = fp_json_dump(json);
		fp_value_set_text(out, FP_TEXT, text, strlen(text));
		free(text);
		break;
	}
	return FP_OK;
}

static enum fp_status from_document(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	(void)c;
	(void)err;
	set_document(out, json, JSON_COMPACT, "");
	return FP_OK;
}

static enum fp_status from_list(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	const json_t *v;
	size_t i;

	if (!json_is_array(json))
		return refuse(c, json, "is no list", err);
	json_array_foreach(json, i, v)
		if (json_is_object(v) || json_is_array(v) || json_is_null(v))
			return refuse(c, json, "has elements that the list cannot hold", err);
	return from_document(out, c, json, err);
}

static enum fp_status from_time(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	char text[40];

	if (json_is_string(json) && json_string_length(json) == 0)
		return FP_OK;
	if (!json_is_string(json) || fp_temporal_text(text, c->kind, json_string_value(json)) != 0)
		return refuse(c, json, c->kind == FP_KIND_DATE ? "is no date" : c->kind == FP_KIND_TIME ? "is no time" : "is no date and time", err);
	fp_value_set_text(out, FP_TEXT, text, strlen(text));
	return FP_OK;
}

static enum fp_status from_blob(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	enum fp_status st;

	if (json_is_object(json) || json_is_array(json))
		return refuse(c, json, "is no text that could be stored as bytes", err);
	if (json_is_string(json) && json_string_length(json) == 0)
		return FP_OK;
	st = from_text(out, c, json, err);
	out->type = FP_BLOB;
	return st;
}

static enum fp_status from_other(struct fp_value *out, const struct fp_column *c, const json_t *json, struct fp_error *err)
{
	(void)out;
	return refuse(c, json, "goes into a column of a type that is not written yet", err);
}

enum fp_status fp_value_from_json(struct fp_value *out, const struct fp_column *column, const json_t *json, struct fp_error *err)
{
	typedef enum fp_status from_fn(struct fp_value *, const struct fp_column *, const json_t *, struct fp_error *);
	static from_fn *const from[] = {
		[FP_KIND_BOOL] = from_bool, [FP_KIND_INT] = from_int, [FP_KIND_REAL] = from_real, [FP_KIND_TEXT] = from_text,
		[FP_KIND_JSON] = from_document, [FP_KIND_LIST] = from_list, [FP_KIND_DATE] = from_time, [FP_KIND_TIME] = from_time,
		[FP_KIND_DATETIME] = from_time, [FP_KIND_BLOB] = from_blob, [FP_KIND_OTHER] = from_other
	};

	if (column->generated)
		return fp_fail(err, FP_E_REFUSED, "Unable to change attribute \"%.100s\": the database computes it", column->name);
	fp_value_clear(out); /* nothing set means NULL: null itself, and "" where it is no value */
	return json_is_null(json) ? FP_OK : from[column->kind](out, column, json, err);
}
