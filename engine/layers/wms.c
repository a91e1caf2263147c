/* wms: WMS, WMTS, and tiles by address or in an MBTiles file (spec/layers.md 2.13). */
#include <ogr_srs_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/network.h"
#include "engine/layers/tiles.h"
#include "engine/project/source.h"

struct source {
	struct fp_query q;
	struct fp_strv layers;
	size_t styles;           /* as many as layers, or QGIS does not take the source */
	const char *url, *matrix; /* MATRIX: NULL when it is no WMTS */
	char *bare;              /* the old form: the whole source is the address */
};

static const char *value(const struct source *s, const char *key)
{
	const char *v = fp_query_get(&s->q, key);

	return v ? v : "";
}

/* Before QGIS 1.9 a source was the address alone, or "url=..." among others between commas. */
static void take_old_form(struct source *s, const char *text)
{
	const char *at = text;

	if (strstr(text, "type=") || strstr(text, "crs=") || strstr(text, "format="))
		return;
	while (strncmp(text, "http:", 5) != 0 && *at && strncmp(at, "url=", 4) != 0) {
		at += strcspn(at, ",");
		at += *at == ',';
	}
	at += strncmp(at, "url=", 4) == 0 ? 4 : 0;
	s->bare = fp_strndup(at, at == text ? strlen(at) : strcspn(at, ","));
	s->url = s->bare;
}

static void take_apart(struct source *s, const char *text)
{
	memset(s, 0, sizeof *s);
	fp_query_parse(&s->q, text);
	s->url = value(s, "url");
	s->matrix = fp_query_get(&s->q, "tileMatrixSet");
	for (size_t i = 0; i < s->q.keys.n; i++) {
		if (strcmp(s->q.keys.items[i], "layers") == 0)
			fp_strv_add(&s->layers, s->q.values.items[i]);
		s->styles += strcmp(s->q.keys.items[i], "styles") == 0;
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

/* The same of WMS' layers that say where they lie, by themselves or (INHERITED) by what they are in. */
static void collect_placed(struct fp_strv *to, const xmlNode *node, int inherited)
{
	static const char *const boxes[] = {"EX_GeographicBoundingBox", "LatLonBoundingBox", "BoundingBox"};

	for (const xmlNode *n = node->children; n; n = n->next) {
		int placed = inherited;
		if (n->type != XML_ELEMENT_NODE)
			continue;
		for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
			placed = placed || fp_xml_child(n, boxes[i]);
		if (placed && strcmp((const char *)n->name, "Layer") == 0 && fp_xml_child(n, "Name"))
			fp_strv_take(to, fp_xml_text(fp_xml_child(n, "Name")));
		collect_placed(to, n, placed);
	}
}

static void check_wmts(struct fp_check *c, const struct source *s, const xmlNode *root)
{
	static const char absent[] = "Tile layer or tile matrix set not found";
	struct fp_strv layers = {0}, sets = {0};
	const char *wanted = s->layers.n ? s->layers.items[0] : "";

	collect(&layers, root, "Layer", "Identifier");
	collect(&sets, root, "TileMatrixSet", "Identifier");
	if (layers.n == 0) {
		invalid(c, "Tile layer not found");
		fp_web_not_expected(c, "it is no tile service (WMTS)");
	} else if (s->layers.n != 1) {
		invalid(c, "Number of tile layers must be one");
		fp_web_not_expected(c, "the layer names not exactly one tile layer");
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

/* AUTHORITY:CODE and nothing else: what PROJ takes besides would be a file or an address. */
static int is_code(const char *crs)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t n = strspn(crs, letters), k = crs[n] == ':' ? strspn(crs + n + 1, letters) : 0;

	return n && k && !crs[n + 1 + k];
}

/* A CRS that PROJ does not know leaves QGIS without an extent. None at all is EPSG:4326. */
static int knows_crs(const char *crs)
{
	OGRSpatialReferenceH srs;
	int known;

	if (!*crs || strcmp(crs, "CRS:84") == 0)
		return 1;
	srs = OSRNewSpatialReference(NULL);
	known = is_code(crs) && OSRSetFromUserInput(srs, crs) == OGRERR_NONE;
	OSRDestroySpatialReference(srs);
	return known;
}

/* Why QGIS finds no extent though the service answered. */
static void no_extent(struct fp_check *c, const struct fp_strv *offered, const char *first, int unplaced)
{
	invalid(c, "Cannot calculate extent");
	if (unplaced)
		fp_web_not_expected(c, "the service does not say where the layer lies");
	else if (*first)
		fp_web_no_layer(c, first, offered);
	else
		fp_web_not_expected(c, "the source names no layer of the service");
}

static void check_layers(struct fp_check *c, const struct source *s, const xmlNode *root)
{
	struct fp_strv offered = {0}, placed = {0};
	size_t named = 0, missing = 0, unplaced = 0;
	const char *first = "";

	collect(&offered, root, "Layer", "Name");
	collect_placed(&placed, root, 0);
	for (size_t i = 0; i < s->layers.n; i++) {
		const char *name = s->layers.items[i];
		if (!*name)
			continue;
		named++;
		if (!fp_strv_has(&offered, name) && missing++ == 0)
			first = name;
		unplaced += fp_strv_has(&offered, name) && !fp_strv_has(&placed, name);
	}
	if (s->layers.n == 0 || (named && missing + unplaced == named)) {
		no_extent(c, &offered, first, unplaced > 0);
	} else if (!knows_crs(value(s, "crs"))) {
		invalid(c, "Cannot calculate extent");
		fp_web_not_expected(c, "the layer's CRS is unknown");
	} else {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, missing ? FP_MARK_WARN : FP_MARK_OK, "%zu of %zu layers are offered", named - missing, named);
		if (missing)
			fp_verdict_warn(c, "the service does not offer layer \"%s\"%s", first, missing > 1 ? " and others" : "");
	}
	fp_strv_free(&offered);
	fp_strv_free(&placed);
}

/* QGIS knows the root by its name as it is written, and asks for tiles only whoever names a tile matrix set. */
static void check_capabilities(struct fp_check *c, const struct source *s, const xmlNode *root)
{
	static const char *const names[] = {"Capabilities", "WMS_Capabilities", "WMT_MS_Capabilities"};
	char *what = fp_asprintf("no capabilities but <%s%s%s>", root->ns && root->ns->prefix ? (const char *)root->ns->prefix : "",
		root->ns && root->ns->prefix ? ":" : "", (const char *)root->name);
	int known = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		known = known || (strcmp((const char *)root->name, names[i]) == 0 && !(root->ns && root->ns->prefix));
	if (!known)
		fp_web_not_expected(c, what);
	else if (s->matrix)
		check_wmts(c, s, root);
	else
		check_layers(c, s, root);
	free(what);
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
	} else if (s.styles != s.layers.n && !s.bare) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "%zu layers and %zu styles are named", s.layers.n, s.styles);
		fp_verdict_cause(c, "layers_and_styles", FP_NOSLOTS);
	} else {
		ask(c, &s);
	}
	clear(&s);
}
