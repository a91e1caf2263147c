/* wms: WMS, WMTS, and tiles by address or in an MBTiles file (spec/layers.md 2.13). */
#include <ogr_srs_api.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/network.h"
#include "engine/layers/tiles.h"
#include "engine/project/source.h"

struct source {
	struct fp_query q;
	struct fp_strv layers;
	int has_layers;          /* "layers" stands there, though it may be empty */
	const char *url, *matrix; /* MATRIX: NULL when it is no WMTS */
	char *bare;              /* the old form: the whole source is the address */
};

static const char *value(const struct source *s, const char *key)
{
	const char *v = fp_query_get(&s->q, key);

	return v ? v : "";
}

/* Before QGIS 1.9 a source was "url=..." or the address alone. */
static void take_old_form(struct source *s, const char *text)
{
	const char *at = strstr(text, "url=");

	if (strstr(text, "type=") || strstr(text, "crs=") || strstr(text, "format="))
		return;
	s->bare = fp_strdup(at ? at + 4 : text);
	s->url = s->bare;
}

static void take_apart(struct source *s, const char *text)
{
	memset(s, 0, sizeof *s);
	fp_query_parse(&s->q, text);
	s->url = value(s, "url");
	s->matrix = fp_query_get(&s->q, "tileMatrixSet");
	for (size_t i = 0; i < s->q.keys.n; i++)
		if (strcmp(s->q.keys.items[i], "layers") == 0) {
			s->has_layers = 1;
			fp_strv_add(&s->layers, s->q.values.items[i]);
		}
	take_old_form(s, text);
}

static void clear(struct source *s)
{
	fp_query_clear(&s->q);
	fp_strv_free(&s->layers);
	free(s->bare);
}

/* The reference prints such a text in both columns. */
static void invalid(struct fp_check *c, const char *text)
{
	fp_verdict_invalid(c);
	fp_verdict_error(c, "%s", text);
	fp_verdict_provider(c, "%s", text);
}

/* Names in the children CHILD of every element ELEMENT below NODE. */
static void collect(struct fp_strv *to, const xmlNode *node, const char *element, const char *child)
{
	for (const xmlNode *n = node->children; n; n = n->next) {
		const xmlNode *name;
		if (n->type != XML_ELEMENT_NODE)
			continue;
		name = strcmp((const char *)n->name, element) == 0 ? fp_xml_child(n, child) : NULL;
		if (name)
			fp_strv_take(to, fp_xml_text(name));
		collect(to, n, element, child);
	}
}

static void check_wmts(struct fp_check *c, const struct source *s, const xmlNode *root)
{
	static const char absent[] = "Tile layer or tile matrix set not found";
	struct fp_strv layers = {0}, sets = {0};
	const char *wanted = s->layers.n ? s->layers.items[0] : "";

	collect(&layers, root, "Layer", "Identifier");
	collect(&sets, root, "TileMatrixSet", "Identifier");
	if (s->layers.n != 1) {
		invalid(c, "Number of tile layers must be one");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", "the layer names not exactly one tile layer"}));
	} else if (!fp_strv_has(&layers, wanted)) {
		invalid(c, absent);
		fp_web_no_layer(c, wanted, &layers);
	} else if (s->matrix && *s->matrix && !fp_strv_has(&sets, s->matrix)) {
		invalid(c, absent);
		fp_web_no_layer(c, s->matrix, &sets);
	} else {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", wanted);
	}
	fp_strv_free(&layers);
	fp_strv_free(&sets);
}

/* A CRS that PROJ does not know leaves QGIS without an extent. */
static int knows_crs(const char *crs)
{
	OGRSpatialReferenceH srs;
	int known;

	if (strncasecmp(crs, "EPSG:", 5) != 0)
		return 1;
	srs = OSRNewSpatialReference(NULL);
	known = OSRImportFromEPSG(srs, atoi(crs + 5)) == OGRERR_NONE;
	OSRDestroySpatialReference(srs);
	return known;
}

static void check_layers(struct fp_check *c, const struct source *s, const xmlNode *root)
{
	static const char no_extent[] = "Cannot calculate extent";
	struct fp_strv offered = {0};
	size_t named = 0, missing = 0;
	const char *first = "";

	collect(&offered, root, "Layer", "Name");
	for (size_t i = 0; i < s->layers.n; i++) {
		if (!*s->layers.items[i])
			continue;
		named++;
		if (!fp_strv_has(&offered, s->layers.items[i]) && missing++ == 0)
			first = s->layers.items[i];
	}
	if (!s->has_layers || (named && missing == named)) {
		invalid(c, no_extent);
		fp_web_no_layer(c, first, &offered);
	} else if (!knows_crs(value(s, "crs"))) {
		invalid(c, no_extent);
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", "the layer's CRS is unknown"}));
	} else {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, missing ? FP_MARK_WARN : FP_MARK_OK, "%zu of %zu layers are offered", named - missing, named);
		if (missing)
			fp_verdict_warn(c, "the service does not offer layer \"%s\"%s", first, missing > 1 ? " and others" : "");
	}
	fp_strv_free(&offered);
}

static void check_capabilities(struct fp_check *c, const struct source *s, const xmlNode *root)
{
	const char *name = (const char *)root->name;

	if (strcmp(name, "Capabilities") == 0)
		check_wmts(c, s, root);
	else if (strcmp(name, "WMS_Capabilities") != 0 && strcmp(name, "WMT_MS_Capabilities") != 0) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "no capabilities but <%s>", name);
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_ANSWER, FP_MARK_FAIL, "%s", c->v->detail);
	} else if (s->matrix) {
		invalid(c, "Tile layer or tile matrix set not found");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", "it is no tile service (WMTS)"}));
	} else {
		check_layers(c, s, root);
	}
}

static int is_wmts_address(const char *url)
{
	return strcasestr(url, "SERVICE=WMTS") || strcasestr(url, "/WMTSCapabilities.xml");
}

static void ask(struct fp_check *c, const struct source *s)
{
	char *url = is_wmts_address(s->url) ? fp_strdup(s->url) : fp_web_with(s->url, "SERVICE=WMS&REQUEST=GetCapabilities");
	struct fp_web w;
	xmlDoc *doc;

	if (fp_web_fetch(c, &w, url, &s->q)) {
		doc = fp_web_xml(c, &w);
		if (doc)
			check_capabilities(c, s, xmlDocGetRootElement(doc));
		xmlFreeDoc(doc);
		fp_web_clear(&w);
	}
	free(url);
}

void fp_check_wms(struct fp_check *c)
{
	struct source s;

	take_apart(&s, c->layer->datasource);
	if (strcmp(value(&s, "type"), "xyz") == 0) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		if (!(fp_tiles_has_template(s.url) || strstr(s.url, "{q}")) || !fp_tiles_is_fetchable(s.url))
			fp_verdict_warn(c, "the address has no {x}, {y}, {z} or does not begin with http or file: no tile will be shown");
	} else if (strcmp(value(&s, "type"), "mbtiles") == 0) {
		fp_tiles_raster_mbtiles(c, value(&s, "url"));
		if (c->v->status == FP_LAYER_INVALID_DATAPROVIDER)
			invalid(c, "Cannot open MBTiles database");
	} else {
		ask(c, &s);
	}
	clear(&s);
}
