/* arcgisfeatureserver and arcgismapserver (spec/layers.md 2.15, 2.16). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/layers/network.h"
#include "engine/project/source.h"

static void check_info(struct fp_check *c, const struct fp_web *w)
{
	json_t *info = fp_web_json(c, w);
	const json_t *error = json_object_get(info, "error");

	if (info && !error && (json_object_get(info, "fields") || json_object_get(info, "geometryType"))) {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", fp_json_str_or(info, "name", ""));
	} else if (info) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "%s", error ? fp_json_str_or(error, "message", "the service reports an error") : "the address names no layer of the service");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_FAIL, "%s", c->v->detail);
	}
	json_decref(info);
}

void fp_check_arcgis_features(struct fp_check *c)
{
	struct fp_uri u;
	struct fp_web w;
	char *full;

	fp_uri_parse(&u, c->layer->datasource);
	full = fp_web_with(fp_uri_get(&u, "url"), "f=json");
	if (!*fp_uri_get(&u, "url")) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the source has no address");
		fp_verdict_cause(c, "source_empty", FP_NOSLOTS);
	} else if (fp_web_fetch(c, &w, full, NULL)) {
		check_info(c, &w);
		fp_web_clear(&w);
	}
	if (c->v->status == FP_LAYER_INVALID_DATAPROVIDER)
		fp_verdict_provider(c, "getLayerInfo failed");
	free(full);
	fp_uri_clear(&u);
}

/* QGIS takes every map server for valid, even one that is not there. */
void fp_check_arcgis_map(struct fp_check *c)
{
	fp_verdict_ok(c, FP_BY_DEFINITION);
}
