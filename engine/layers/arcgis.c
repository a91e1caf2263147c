/* arcgisfeatureserver and arcgismapserver (spec/layers.md 2.15, 2.16). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/layers/network.h"
#include "engine/project/source.h"

/* QGIS' type of the service's word; 0: there is none. */
static int geometry_type(const json_t *info)
{
	static const struct {
		const char *word;
		int type;
	} types[] = {{"esriGeometryPoint", 1}, {"esriGeometryMultipoint", 4}, {"esriGeometryPolyline", 11}, {"esriGeometryPolygon", 6}, {"esriGeometryEnvelope", 3}};
	const char *word = fp_json_str_or(info, "geometryType", "");

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].type + (fp_json_bool(info, "hasZ", 0) ? 1000 : 0) + (fp_json_bool(info, "hasM", 0) ? 2000 : 0);
	return strcmp(fp_json_str_or(info, "type", ""), "Table") == 0 ? 100 : 0; /* since QGIS 3.26 */
}

/* SUMMARY is what the reference says of it. */
static void fail(struct fp_check *c, const char *summary, const char *reason)
{
	fp_verdict_provider(c, "%s", summary);
	fp_web_not_expected(c, reason);
}

/* The description of the layer; NULL: the verdict is given. */
static json_t *get(struct fp_check *c, const char *url, const struct fp_query *q, const char *summary)
{
	json_t *info = NULL;
	const json_t *error;
	struct fp_web w;

	if (fp_web_fetch(c, &w, url, q)) {
		info = fp_web_json(c, &w);
		fp_web_clear(&w);
	}
	error = json_object_get(info, "error");
	if (error) {
		fail(c, summary, fp_json_str_or(error, "message", "the service reports an error"));
		json_decref(info);
		return NULL;
	}
	if (!info && c->v->status == FP_LAYER_INVALID_DATAPROVIDER)
		fp_verdict_provider(c, "%s", summary);
	return info;
}

/* The service's own layers, for whoever gave the address of the service and not of a layer. */
static void offer_layers(struct fp_check *c, const json_t *info)
{
	const json_t *layer;
	size_t i;

	json_array_foreach(json_object_get(info, "layers"), i, layer)
		fp_verdict_instead(c, "%s (/%lld)", fp_json_str_or(layer, "name", ""), (long long)fp_json_int(layer, "id", 0));
}

static void check_objects(struct fp_check *c, const char *url, const struct fp_query *q, const json_t *info)
{
	static const char absent[] = "Failed to determine objectIdFieldName and/or objectIds";
	char *ask = fp_asprintf("%s/query?f=json&where=1=1&returnIdsOnly=true", url);
	json_t *answer = get(c, ask, q, absent), *field;
	const char *key = fp_json_str_or(answer, "objectIdFieldName", "");
	size_t i;

	if (answer && (!*key || !json_is_array(json_object_get(answer, "objectIds")))) {
		fail(c, absent, "the service does not tell its features");
	} else if (answer) {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", fp_json_str_or(info, "name", ""));
		c->v->wkb_type = geometry_type(info);
		json_array_foreach(json_object_get(info, "fields"), i, field)
			if (!c->v->pk && strcmp(fp_json_str_or(field, "name", ""), key) == 0)
				c->v->pk = fp_strdup(key);
	}
	json_decref(answer);
	free(ask);
}

void fp_check_arcgis_features(struct fp_check *c)
{
	struct fp_uri u;
	struct fp_query q;
	const char *url;
	json_t *info;
	char *full;

	fp_uri_parse(&u, c->layer->datasource);
	fp_web_login(&q, &u);
	url = fp_uri_get(&u, "url");
	full = fp_web_with(url, "f=json");
	info = get(c, full, &q, "getLayerInfo failed");
	if (info && geometry_type(info) != 100 && !json_is_object(json_object_get(info, "extent"))) {
		fail(c, "Could not retrieve layer extent", json_object_get(info, "layers") ? "the address names a service and no layer of it" :
			"the address names no layer of a service");
		offer_layers(c, info);
	} else if (info && geometry_type(info) == 0) {
		fail(c, "Failed to determine geometry type", "the service tells no geometry type");
	} else if (info) {
		check_objects(c, url, &q, info);
	}
	json_decref(info);
	free(full);
	fp_query_clear(&q);
	fp_uri_clear(&u);
}

/* QGIS takes every map server for valid, even one that is not there. */
void fp_check_arcgis_map(struct fp_check *c)
{
	fp_verdict_ok(c, FP_BY_DEFINITION);
}
