#include "engine/changes/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/changes/temporal.h"

void fp_value_clear(struct fp_value *v)
{
	free(v->text);
	*v = (struct fp_value){0};
}

void fp_value_set_text(struct fp_value *v, enum fp_value_type type, const void *bytes, size_t len)
{
	fp_value_clear(v);
	v->type = type;
	v->text = fp_alloc(len + 1);
	if (len)
		memcpy(v->text, bytes, len);
	v->len = len;
}

void fp_value_copy(struct fp_value *to, const struct fp_value *from)
{
	if (from->text) {
		fp_value_set_text(to, from->type, from->text, from->len);
		return;
	}
	fp_value_clear(to);
	*to = *from;
}

/* Exact, unlike a conversion of either to the other. */
static int same_number(const json_t *a, const json_t *b)
{
	const json_t *i = json_is_real(a) ? b : a;
	double r = json_real_value(json_is_real(a) ? a : b);
	json_int_t n;

	if (json_is_real(a) && json_is_real(b))
		return json_real_value(a) == json_real_value(b);
	n = json_is_integer(i) ? json_integer_value(i) : json_is_true(i);
	if (!json_is_real(a) && !json_is_real(b)) {
		const json_t *j = b;
		return n == (json_is_integer(j) ? json_integer_value(j) : json_is_true(j));
	}
	return r >= -0x1p63 && r < 0x1p63 && r == floor(r) && (json_int_t)r == n;
}

static int is_number(const json_t *v)
{
	return json_is_number(v) || json_is_boolean(v);
}

int fp_json_same(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *v;
	size_t i;

	if (is_number(a) && is_number(b))
		return same_number(a, b);
	if (json_typeof(a) != json_typeof(b))
		return 0;
	if (json_is_object(a)) {
		if (json_object_size(a) != json_object_size(b))
			return 0;
		json_object_foreach((json_t *)(uintptr_t)a, key, v) {
			const json_t *w = json_object_get(b, key);
			if (!w || !fp_json_same(v, w))
				return 0;
		}
		return 1;
	}
	if (json_is_array(a)) {
		if (json_array_size(a) != json_array_size(b))
			return 0;
		json_array_foreach(a, i, v)
			if (!fp_json_same(v, json_array_get(b, i)))
				return 0;
		return 1;
	}
	return json_equal(a, b);
}

static json_t *document(const struct fp_value *v)
{
	return v->type == FP_TEXT ? json_loadb(v->text, v->len, JSON_DECODE_ANY, NULL) : NULL;
}

/* A stored number as JSON, so that one comparison serves. New reference. */
static json_t *number_json(const struct fp_value *v, const struct fp_column *column)
{
	if (v->type == FP_REAL)
		return json_real(isfinite(v->r) ? v->r : 0);
	return column->kind == FP_KIND_BOOL ? json_boolean(v->i != 0) : json_integer(v->i);
}

static enum fp_status matches_time(int *same, const struct fp_value *stored, const struct fp_column *column, const json_t *json,
	struct fp_error *err)
{
	int64_t a, b;

	if (json_is_null(json))
		return FP_OK;
	if (!json_is_string(json)) {
		struct fp_buf shown = FP_BUF_INIT;
		fp_json_show(&shown, json);
		fp_fail(err, FP_E_INVALID, "The old value %s of \"%s\" is no text, and the column holds a date or time", shown.data, column->name);
		fp_buf_free(&shown);
		return FP_E_INVALID;
	}
	*same = fp_temporal_read(&a, column->kind, stored->text) == 0 && fp_temporal_read(&b, column->kind, json_string_value(json)) == 0 &&
		a == b;
	return FP_OK;
}

enum fp_status fp_value_matches(int *same, const struct fp_value *stored, const struct fp_column *column, const json_t *json,
	struct fp_error *err)
{
	json_t *ours = NULL;

	*same = 0;
	if (stored->type == FP_NULL) {
		*same = json_is_null(json);
		return FP_OK;
	}
	if (stored->type == FP_TEXT && (column->kind == FP_KIND_DATE || column->kind == FP_KIND_TIME || column->kind == FP_KIND_DATETIME))
		return matches_time(same, stored, column, json, err);
	if (stored->type == FP_INT || stored->type == FP_REAL)
		ours = number_json(stored, column);
	else if (column->kind == FP_KIND_JSON || column->kind == FP_KIND_LIST)
		ours = document(stored);
	if (ours)
		*same = fp_json_same(ours, json);
	else if (json_is_string(json))
		*same = stored->len == json_string_length(json) && memcmp(stored->text, json_string_value(json), stored->len) == 0;
	json_decref(ours);
	return FP_OK;
}

int fp_value_equal(const struct fp_value *a, const struct fp_value *b, const struct fp_column *column)
{
	int64_t ta, tb;

	if (a->type != b->type) {
		const struct fp_value *i = a->type == FP_INT ? a : b, *r = a->type == FP_INT ? b : a;
		return i->type == FP_INT && r->type == FP_REAL && fabs(r->r) < 0x1p63 && (int64_t)r->r == i->i && r->r == floor(r->r);
	}
	switch (a->type) {
	case FP_NULL:
		return 1;
	case FP_INT:
		return a->i == b->i;
	case FP_REAL:
		return a->r == b->r || (isnan(a->r) && isnan(b->r));
	case FP_TEXT:
	case FP_BLOB:
		break;
	}
	if (a->len == b->len && memcmp(a->text, b->text, a->len) == 0)
		return 1;
	if (a->type == FP_BLOB)
		return 0;
	if (column->kind == FP_KIND_JSON || column->kind == FP_KIND_LIST) {
		json_t *ja = document(a), *jb = document(b);
		int same = ja && jb && fp_json_same(ja, jb);
		json_decref(ja);
		json_decref(jb);
		return same;
	}
	return fp_temporal_read(&ta, column->kind, a->text) == 0 && fp_temporal_read(&tb, column->kind, b->text) == 0 && ta == tb;
}

static void show_text(struct fp_buf *out, const char *text, size_t len)
{
	char field[200];
	char *copy = fp_strndup(text, len);

	fp_text_into(field, sizeof field, copy);
	free(copy);
	fp_buf_adds(out, field);
}

void fp_value_show(struct fp_buf *out, const struct fp_value *v, const struct fp_column *column)
{
	char number[32];

	switch (v->type) {
	case FP_NULL:
		fp_buf_adds(out, "NULL");
		break;
	case FP_INT:
		if (column->kind == FP_KIND_BOOL)
			fp_buf_adds(out, v->i ? "True" : "False");
		else
			fp_buf_addf(out, "%lld", (long long)v->i);
		break;
	case FP_REAL:
		fp_text_real(number, v->r);
		fp_buf_adds(out, number);
		break;
	case FP_TEXT:
	case FP_BLOB:
		show_text(out, v->text, v->len);
		break;
	}
}

void fp_json_show(struct fp_buf *out, const json_t *json)
{
	char number[32], *text;

	switch (json_typeof(json)) {
	case JSON_NULL:
		fp_buf_adds(out, "None");
		break;
	case JSON_TRUE:
		fp_buf_adds(out, "True");
		break;
	case JSON_FALSE:
		fp_buf_adds(out, "False");
		break;
	case JSON_STRING:
		show_text(out, json_string_value(json), json_string_length(json));
		break;
	case JSON_REAL:
		fp_text_real(number, json_real_value(json));
		fp_buf_adds(out, number);
		break;
	case JSON_INTEGER:
	case JSON_OBJECT:
	case JSON_ARRAY:
		text = fp_json_dump(json);
		show_text(out, text, strlen(text));
		free(text);
		break;
	}
}
