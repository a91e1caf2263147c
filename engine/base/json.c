#include "engine/base/json.h"

#include <sodium.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"

static void place(const char *whole, size_t at, int *line, int *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < at; i++) {
		if (whole[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if ((whole[i] & 0xC0) != 0x80) {
			(*column)++;
		}
	}
}

enum fp_status fp_json_fail_at(struct fp_error *err, const char *whole, size_t at, const char *fault)
{
	int line, column;

	place(whole, at, &line, &column);
	return fp_fail(err, FP_E_INVALID, "not JSON: %s at line %d, column %d", fault, line, column);
}

enum fp_status fp_json_parse_part(json_t **out, const char *text, size_t len, const char *whole, size_t at, struct fp_error *err)
{
	json_error_t e;
	int line, column;

	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (*out)
		return FP_OK;
	place(whole, at, &line, &column);
	return fp_fail(err, FP_E_INVALID, "not JSON: %s at line %d, column %d", e.text, line + e.line - 1, e.line == 1 ? column + e.column - 1 : e.column);
}

enum fp_status fp_json_parse(json_t **out, const char *text, size_t len, struct fp_error *err)
{
	return fp_json_parse_part(out, text, len, text, 0, err);
}

const char *fp_json_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *fp_json_str_or(const json_t *object, const char *key, const char *fallback)
{
	const char *s = fp_json_str(object, key);

	return s ? s : fallback;
}

int64_t fp_json_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(object, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : fallback;
}

int fp_json_bool(const json_t *object, const char *key, int fallback)
{
	const json_t *v = json_object_get(object, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

json_t *fp_json_text(const char *text)
{
	struct fp_buf b = FP_BUF_INIT;
	json_t *v;

	if (!text)
		return json_null();
	v = json_string(text);
	if (v)
		return v;
	fp_text_sanitise_lines(&b, text, strlen(text));
	v = json_string(b.data);
	fp_buf_free(&b);
	fp_assert(v);
	return v;
}

char *fp_json_dump(const json_t *value)
{
	char *s = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	fp_assert(s);
	return s;
}

char *fp_json_words(const json_t *value)
{
	char number[FP_REAL_SIZE];

	if (!value || json_is_null(value))
		return fp_strdup("");
	if (json_is_string(value))
		return fp_strdup(json_string_value(value));
	return json_is_real(value) ? fp_strdup(fp_text_real(number, json_real_value(value))) : fp_json_dump(value);
}

void fp_json_wipe(json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value))
		sodium_memzero((void *)(uintptr_t)json_string_value(value), json_string_length(value));
	json_object_foreach(value, key, member)
		fp_json_wipe(member);
	json_array_foreach(value, i, member)
		fp_json_wipe(member);
}
