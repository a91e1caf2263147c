/* Vector tiles: one provider "vectortile" with type= before QGIS 3.32, one provider a type since (spec/layers.md 2.17). */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "engine/base/json.h"
#include "engine/layers/diagnose.h"
#include "engine/layers/network.h"
#include "engine/layers/tiles.h"
#include "engine/project/source.h"

static void check_xyz(struct fp_check *c, const char *url)
{
	if (fp_tiles_has_template(url)) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		return;
	}
	fp_verdict_invalid(c);
	fp_verdict_detail(c, "the address has no {x}, {y} and {z}");
	fp_verdict_cause(c, "tiles_template", FP_NOSLOTS);
}

/* An Esri tile package is a ZIP archive; what is in it only QGIS reads. */
static void check_vtpk(struct fp_check *c, const char *url)
{
	char *path = fp_source_resolve(c->layer->home, url), *real = fp_layer_file(c, url, path);
	zip_t *archive;

	if (real) {
		archive = zip_open(real, ZIP_RDONLY, NULL);
		if (archive) {
			fp_verdict_not_checked(c, "needs_qgis", FP_SLOTS({"LIB", "Esri tile packages"}));
			zip_discard(archive);
		} else {
			fp_verdict_invalid(c);
			fp_diagnose_content(c, real, NULL, "it is no tile package");
		}
	}
	free(path);
	free(real);
}

/* The service has to say where its tiles are. */
static void check_service(struct fp_check *c, const char *url)
{
	char *full = fp_web_with(url, "f=pjson");
	json_t *info = NULL;
	const char *tiles;
	struct fp_web w;

	if (fp_web_fetch(c, &w, full, NULL)) {
		info = fp_web_json(c, &w);
		fp_web_clear(&w);
	}
	tiles = json_string_value(json_array_get(json_object_get(info, "tiles"), 0));
	if (info && tiles && fp_tiles_has_template(tiles))
		fp_verdict_ok(c, FP_BY_EXISTENCE);
	else if (info)
		fp_web_not_expected(c, fp_json_str_or(json_object_get(info, "error"), "message", "the address is no vector tile service"));
	json_decref(info);
	free(full);
}

static void unknown_type(struct fp_check *c, const char *type)
{
	fp_verdict_missing_provider(c);
	fp_verdict_detail(c, "vector tiles of type \"%s\" are unknown", type);
	fp_verdict_cause(c, "tiles_unknown", FP_SLOTS({"TYPE", type}));
}

void fp_check_vector_tiles(struct fp_check *c)
{
	struct fp_query q;
	const char *type, *url, *service;

	fp_query_parse(&q, c->layer->datasource);
	type = fp_query_get(&q, "type") ? fp_query_get(&q, "type") : c->p->needs ? c->p->needs : "";
	url = fp_query_get(&q, "url") ? fp_query_get(&q, "url") : "";
	service = fp_query_get(&q, "serviceType");
	if (strcmp(service ? service : type, "arcgis") == 0)
		check_service(c, url);
	else if (strcmp(type, "mbtiles") == 0)
		fp_tiles_vector_mbtiles(c, url);
	else if (strcmp(type, "vtpk") == 0)
		check_vtpk(c, url);
	else if (strcmp(type, "xyz") == 0)
		check_xyz(c, url);
	else
		unknown_type(c, type);
	fp_query_clear(&q);
}
