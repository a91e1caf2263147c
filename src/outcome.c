#include "src/outcome.h"

#include <stdarg.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "src/output.h"

static json_t *id_or_null(int64_t id)
{
	return id ? json_integer(id) : json_null();
}

json_t *fp_outcome_trigger(const struct fp_trigger *t)
{
	return json_pack("{s:o,s:o,s:s,s:o}", "job_id", id_or_null(t->job_id), "pending_id", id_or_null(t->pending_id), "rule", t->rule,
		"sentence", fp_json_text(t->sentence));
}

void fp_outcome_job(json_t *answer, const struct fp_trigger *t)
{
	json_object_set_new(answer, "job", fp_outcome_trigger(t));
}

void fp_outcome_print(const struct fp_invocation *inv, json_t *answer, const char *fmt, ...)
{
	struct fp_buf line = FP_BUF_INIT;
	const char *sentence = fp_json_str_or(json_object_get(answer, "job"), "sentence", "");
	va_list ap;

	if (inv->json) {
		fp_print_json(answer);
		return;
	}
	va_start(ap, fmt);
	fp_buf_vaddf(&line, fmt, ap);
	va_end(ap);
	fp_print("%s%s%s", line.data, *sentence ? " " : "", sentence);
	fp_buf_free(&line);
	json_decref(answer);
}
