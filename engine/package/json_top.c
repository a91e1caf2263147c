#include "engine/package/json_top.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

#define VALUE_MAX (1 << 20)

struct fp_json_top {
	const char *const *wanted;
	int64_t depth;
	int begun, broken;
	int in_string, escaped;
	int at_key;              /* at depth 1: what comes is the name of a member */
	int capture;             /* what comes is the value of a wanted one */
	struct fp_buf name, value;
	json_t *found;
};

struct fp_json_top *fp_json_top_new(const char *const *wanted)
{
	struct fp_json_top *t = fp_alloc(sizeof *t);

	t->wanted = wanted;
	t->name = t->value = (struct fp_buf)FP_BUF_INIT;
	t->found = json_object();
	return t;
}

void fp_json_top_free(struct fp_json_top *t)
{
	if (!t)
		return;
	fp_buf_free(&t->name);
	fp_buf_free(&t->value);
	json_decref(t->found);
	free(t);
}

static void begin_value(struct fp_json_top *t)
{
	t->at_key = 0;
	for (const char *const *w = t->wanted; *w; w++)
		t->capture = t->capture || strcmp(*w, t->name.data) == 0;
	fp_buf_clear(&t->value);
}

static void end_value(struct fp_json_top *t)
{
	json_t *v = t->capture ? json_loadb(t->value.data, t->value.len, JSON_DECODE_ANY, NULL) : NULL;

	if (v)
		json_object_set_new(t->found, t->name.data, v);
	else if (t->capture)
		t->broken = 1;
	t->capture = 0;
	t->at_key = 1;
	fp_buf_clear(&t->name);
}

static void take_outside(struct fp_json_top *t, char c)
{
	switch (c) {
	case '"':
		t->in_string = 1;
		break;
	case '{':
	case '[':
		t->broken = t->broken || (!t->begun && c == '[') || (t->begun && t->depth == 0);
		t->at_key = t->depth++ == 0;
		t->begun = 1;
		break;
	case '}':
	case ']':
		if (t->depth-- == 1)
			end_value(t);
		break;
	case ':':
		if (t->depth == 1 && t->at_key)
			begin_value(t);
		break;
	case ',':
		if (t->depth == 1)
			end_value(t);
		break;
	default:
		t->broken = t->broken || (t->depth <= 0 && !isspace((unsigned char)c));
		break;
	}
}

static void take(struct fp_json_top *t, char c)
{
	int was_key = t->in_string && t->at_key && t->depth == 1, was_value = t->capture;

	if (!t->in_string) {
		take_outside(t, c);
		was_value = was_value && t->capture && !(t->depth == 1 && c == ':' && t->value.len == 0);
	} else if (t->escaped) {
		t->escaped = 0;
	} else if (c == '\\') {
		t->escaped = 1;
	} else if (c == '"') {
		t->in_string = 0;
		was_key = 0;
	}
	if (was_key && t->name.len < 256)
		fp_buf_addc(&t->name, c);
	if (was_value && t->value.len < VALUE_MAX)
		fp_buf_addc(&t->value, c);
}

void fp_json_top_feed(struct fp_json_top *t, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && !t->broken; i++)
		take(t, bytes[i]);
}

enum fp_status fp_json_top_finish(struct fp_json_top *t, json_t **out, struct fp_error *err)
{
	*out = NULL;
	if (t->broken || !t->begun)
		return fp_fail(err, FP_E_INVALID, "no JSON object came");
	if (t->depth != 0)
		return fp_fail(err, FP_E_INVALID, "the answer breaks off");
	*out = json_incref(t->found);
	return FP_OK;
}
