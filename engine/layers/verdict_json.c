/* A verdict as the JSON that scripts and the store see. */
#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/layers/check.h"
#include "engine/project/source.h"

static const char *const status_words[] = {"ok", "invalid_dataprovider", "invalid_layer", "localized_dataprovider", "missing_dataprovider",
	"not_checked"};
static const char *const confidence_words[] = {"checked", "header-only", "existence-only", "by-definition", "not-checked"};
static const char *const stage_words[FP_STAGES] = {
	[FP_STAGE_SOURCE] = "source", [FP_STAGE_PATH] = "path", [FP_STAGE_EXISTS] = "exists", [FP_STAGE_READABLE] = "readable",
	[FP_STAGE_DRIVER] = "driver", [FP_STAGE_NAME] = "name", [FP_STAGE_ADDRESS] = "address", [FP_STAGE_PORT] = "port", [FP_STAGE_TLS] = "TLS",
	[FP_STAGE_LOGIN] = "login", [FP_STAGE_DATABASE] = "database", [FP_STAGE_ANSWER] = "answer", [FP_STAGE_LAYER] = "layer", [FP_STAGE_TABLE] = "table",
	[FP_STAGE_GEOMETRY] = "geometry", [FP_STAGE_KEY] = "key", [FP_STAGE_FILTER] = "filter", [FP_STAGE_ROWS] = "rows",
};
static const char *const mark_words[] = {
	[FP_MARK_NONE] = "", [FP_MARK_OK] = "ok", [FP_MARK_WARN] = "warning", [FP_MARK_FAIL] = "fail", [FP_MARK_UNKNOWN] = "unknown",
	[FP_MARK_NOT_REACHED] = "not reached",
};

const char *fp_layer_status_word(enum fp_layer_status s)
{
	return status_words[s];
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? fp_json_text(text) : json_null();
}

static json_t *texts(const struct fp_strv *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(a, fp_json_text(v->items[i]));
	return a;
}

static json_t *stages(const struct fp_verdict *v)
{
	json_t *a = json_array();

	for (int s = 0; s < FP_STAGES; s++)
		if (v->stages[s].mark != FP_MARK_NONE)
			json_array_append_new(a, json_pack("{s:s,s:s,s:o}", "stage", stage_words[s], "mark", mark_words[v->stages[s].mark], "text",
				fp_json_text(v->stages[s].text ? v->stages[s].text : "")));
	return a;
}

json_t *fp_verdict_json(const struct fp_verdict *v, const struct fp_layer_def *layer)
{
	char *source = fp_source_redact(layer->datasource), *clean = fp_text_clean(source);
	json_t *valid = v->status == FP_LAYER_OK ? json_true() : v->status == FP_LAYER_NOT_CHECKED ? json_null() : json_false();
	json_t *o = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", fp_json_text(layer->id), "name", fp_json_text(layer->name),
		"type", fp_json_text(layer->type), "provider", fp_json_text(layer->provider ? layer->provider : ""), "crs", fp_json_text(layer->crs),
		"wkb_type", v->wkb_type == FP_WKB_UNKNOWN ? json_null() : json_integer(v->wkb_type), "pk", text_or_null(v->pk),
		"filename", text_or_null(v->filename), "datasource", fp_json_text(clean));

	fp_assert(o);
	json_object_set_new(o, "is_valid", valid);
	json_object_set_new(o, "status", json_string(fp_layer_status_word(v->status)));
	json_object_set_new(o, "error_summary", fp_json_text(v->error_summary));
	json_object_set_new(o, "provider_summary", fp_json_text(v->provider_summary));
	json_object_set_new(o, "confidence", json_string(confidence_words[v->confidence]));
	json_object_set_new(o, "cause", text_or_null(v->cause));
	json_object_set_new(o, "owner", text_or_null(v->owner));
	json_object_set_new(o, "sentence", fp_json_text(v->sentence));
	json_object_set_new(o, "detail", fp_json_text(v->detail));
	json_object_set_new(o, "remedy", fp_json_text(v->remedy));
	json_object_set_new(o, "warnings", texts(&v->warnings));
	json_object_set_new(o, "instead", texts(&v->instead));
	json_object_set_new(o, "uses", texts(&v->uses));
	json_object_set_new(o, "stages", stages(v));
	free(source);
	free(clean);
	return o;
}
