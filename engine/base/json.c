#include "engine/base/json.h"

#include <sodium.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"

enum fp_status fp_json_parse(json_t **out, const char *text, size_t len, struct fp_error *err)
{
	json_error_t e;

	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!*out)
		return fp_fail(err, FP_E_INVALID, "not JSON: %s at line %d, column %d", e.text, e.line, e.column);
	return FP_OK;
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
