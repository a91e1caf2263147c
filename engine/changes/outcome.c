#include "engine/changes/outcome.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/changes/deltafile.h"

#define NOTES_MAX 2000

void fp_outcome_init(struct fp_outcome *o)
{
	*o = (struct fp_outcome){.status = FP_APPLIED, .notes = FP_BUF_INIT, .connection = -1};
}

void fp_outcome_clear(struct fp_outcome *o)
{
	fp_buf_free(&o->notes);
	json_decref(o->conflicts);
	json_decref(o->modified_pk);
	json_decref(o->details);
	json_decref(o->inverse);
	json_decref(o->current);
	o->conflicts = o->modified_pk = o->details = o->inverse = o->current = NULL;
}

void fp_outcome_note(struct fp_outcome *o, const char *fmt, ...)
{
	va_list ap;

	if (o->notes.len > NOTES_MAX)
		return;
	if (o->notes.len)
		fp_buf_addc(&o->notes, ' ');
	va_start(ap, fmt);
	fp_buf_vaddf(&o->notes, fmt, ap);
	va_end(ap);
}

/* A name or key from the delta, which may be of any length; it is shown as it is unless it would burst the event. */
static json_t *short_text(const char *text)
{
	char field[1000];

	if (strlen(text) < sizeof field)
		return json_string(text);
	fp_text_into(field, sizeof field, text);
	return json_string(field);
}

static json_t *message(const struct fp_outcome *o)
{
	static const char *const said[] = {
		[FP_APPLIED] = "Successfully applied delta!", [FP_CONFLICT] = "There are conflicts with the already existing feature!",
		[FP_ALREADY_APPLIED] = "Already applied: nothing was changed",
	};
	struct fp_buf b = FP_BUF_INIT, clean = FP_BUF_INIT;
	json_t *text;

	fp_buf_adds(&b, o->status == FP_NOT_APPLIED || o->status == FP_FAULTY ? o->error.msg : said[o->status]);
	if (o->notes.len)
		fp_buf_addf(&b, " %s", o->notes.data);
	fp_text_sanitise_lines(&clean, b.data, b.len);
	text = json_string(clean.data);
	fp_buf_free(&b);
	fp_buf_free(&clean);
	return text;
}

const char *fp_class_word(enum fp_class c)
{
	static const char *const class_words[] = {
		[FP_CLASS_NONE] = "", [FP_CLASS_WILL_APPLY] = "will_apply", [FP_CLASS_ALREADY_APPLIED] = "already_applied",
		[FP_CLASS_CONFLICT] = "conflict", [FP_CLASS_TARGET_MISSING] = "target_missing", [FP_CLASS_WOULD_DUPLICATE] = "would_duplicate",
		[FP_CLASS_BLOCKED] = "blocked", [FP_CLASS_IMPOSSIBLE] = "impossible",
	};

	fp_assert((size_t)c < sizeof class_words / sizeof *class_words);
	return class_words[c];
}

static json_t *hash(const char *hex)
{
	return *hex ? json_string(hex) : json_null();
}

json_t *fp_outcome_json(const struct fp_outcome *o, const json_t *delta)
{
	static const char *const words[] = {
		[FP_APPLIED] = "applied", [FP_CONFLICT] = "conflict", [FP_NOT_APPLIED] = "not_applied", [FP_FAULTY] = "error",
		[FP_ALREADY_APPLIED] = "already_applied",
	};
	static const char *const types[] = {[FP_CONFLICT] = "CONFLICT", [FP_NOT_APPLIED] = "ERROR", [FP_FAULTY] = "ERROR", [FP_ALREADY_APPLIED] = NULL};
	json_t *e = json_object();

	json_object_set_new(e, "delta_id", json_string(fp_delta_uuid(delta)));
	json_object_set_new(e, "layer_id", short_text(fp_delta_layer_id(delta)));
	json_object_set_new(e, "method", json_string(fp_delta_method(delta)));
	json_object_set_new(e, "status", json_string(words[o->status]));
	json_object_set_new(e, "msg", message(o));
	json_object_set_new(e, "feature_pk", short_text(fp_json_str_or(delta, "sourcePk", "")));
	json_object_set(e, "modified_pk", o->modified_pk ? o->modified_pk : json_null());
	json_object_set(e, "conflicts", o->conflicts ? o->conflicts : json_null());
	json_object_set_new(e, "provider_errors", o->driver_message ? json_pack("[o]", fp_json_text(o->driver_message)) : json_null());
	json_object_set_new(e, "e_type", types[o->status] ? json_string(types[o->status]) : json_null());
	json_object_set_new(e, "hash_before", hash(o->hash_before));
	json_object_set_new(e, "hash_after", hash(o->hash_after));
	json_object_set_new(e, "client_id", short_text(fp_delta_client_id(delta)));
	json_object_set_new(e, "local_pk", short_text(fp_json_str_or(delta, "localPk", "")));
	if (o->connection >= 0)
		json_object_set_new(e, "connection", json_integer(o->connection));
	if (o->details)
		json_object_set(e, "details", o->details);
	if (o->inverse)
		json_object_set(e, "inverse", o->inverse);
	if (o->class != FP_CLASS_NONE)
		json_object_set_new(e, "class", json_string(fp_class_word(o->class)));
	if (o->blocked_by)
		json_object_set_new(e, "blocked_by", short_text(o->blocked_by));
	if (o->current)
		json_object_set(e, "current", o->current);
	return e;
}
