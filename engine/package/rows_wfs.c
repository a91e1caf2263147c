/* Rows of a WFS, asked for as QGIS 3.22 asks: by the names of the layer's source, in pages where the service hands them out, without a filter of the
 * service's own unless the author wrote it in its language. */
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/layers/network.h"
#include "engine/layers/wfs_source.h"
#include "engine/package/rows_web.h"

#define PAGE 1000 /* features, where the service names no number */

struct wfs_rows {
	struct fp_web_rows web;
	struct fp_wfs_source source;
	char *version;            /* that the service speaks */
	char *srs_name;           /* as it is asked for */
	int code, north_first;    /* EPSG's code, 0: none; its first axis goes north */
	const char *query;        /* the author's filter in XML, NULL: none; borrowed from WANTED */
	int64_t page;             /* features a page, 0: all at once */
	char *gfs;                /* what GDAL is told of the features, so that it guesses nothing */
};

/* ---- what the service says ---- */

static int is_at_least(const struct wfs_rows *r, const char *version)
{
	return strcmp(r->version, version) >= 0;
}

/* "EPSG:4326", "urn:ogc:def:crs:EPSG::4326", "http://www.opengis.net/def/crs/EPSG/0/4326", "...epsg.xml#4326"; 0: none of EPSG's. */
static int code_of(const char *srs)
{
	const char *p = srs + strlen(srs);

	if (strcasestr(srs, "CRS84"))
		return 4326;
	while (p > srs && p[-1] >= '0' && p[-1] <= '9')
		p--;
	return strcasestr(srs, "epsg") && p > srs && strchr(":/#", p[-1]) ? atoi(p) : 0;
}

static void take_srs(struct wfs_rows *r, const xmlNode *type)
{
	static const char *const names[] = {"DefaultCRS", "DefaultSRS", "SRS"};
	char *own = fp_strdup(""), text[32];
	OGRSpatialReferenceH srs;

	for (size_t i = 0; type && !*own && i < sizeof names / sizeof *names; i++) {
		free(own);
		own = fp_xml_text(fp_xml_child(type, names[i]));
	}
	r->code = code_of(*r->source.srs ? r->source.srs : own);
	if (r->code && is_at_least(r, "1.1.0"))
		r->srs_name = fp_asprintf("urn:ogc:def:crs:EPSG::%d", r->code);
	else
		r->srs_name = r->code ? fp_asprintf("EPSG:%d", r->code) : fp_strdup(*r->source.srs ? r->source.srs : own);
	free(own);
	snprintf(text, sizeof text, "EPSG:%d", r->code);
	srs = r->code ? fp_rows_srs(text) : NULL;
	if (srs)
		r->north_first = OSREPSGTreatsAsLatLong(srs) || OSREPSGTreatsAsNorthingEasting(srs);
	r->web.rows.srs = srs;
}

/* The text of the first element called NAME in or below N, "" when there is none; caller frees. */
static char *constraint(const xmlNode *root, const char *name)
{
	const xmlNode *list[] = {fp_xml_child(root, "OperationsMetadata"), NULL};
	const xmlNode *operation = fp_xml_child(list[0], "Operation");

	for (const xmlNode *c = fp_xml_child(list[0], "Constraint"); c; c = fp_xml_next(c))
		if (fp_xml_attr_is(c, "name", name))
			return fp_xml_text(fp_xml_child(c, "DefaultValue"));
	for (; operation; operation = fp_xml_next(operation))
		for (const xmlNode *c = fp_xml_attr_is(operation, "name", "GetFeature") ? fp_xml_child(operation, "Constraint") : NULL; c; c = fp_xml_next(c))
			if (fp_xml_attr_is(c, "name", name))
				return fp_xml_text(fp_xml_child(c, "DefaultValue"));
	return fp_strdup("");
}

static const xmlNode *type_called(const xmlNode *root, const char *layer)
{
	for (const xmlNode *n = fp_xml_path(root, "FeatureTypeList/FeatureType"); n; n = fp_xml_next(n)) {
		char *name = fp_xml_text(fp_xml_child(n, "Name"));
		const char *colon = strchr(name, ':');
		int found = strcmp(name, layer) == 0 || (!strchr(layer, ':') && colon && strcmp(colon + 1, layer) == 0);
		free(name);
		if (found)
			return n;
	}
	return NULL;
}

static enum fp_status ask_capabilities(struct wfs_rows *r, struct fp_error *err)
{
	char *url = fp_wfs_capabilities_url(&r->source), *pages, *count;
	const xmlNode *root;
	xmlDoc *doc;
	enum fp_status st = fp_web_ask_xml(&doc, &r->web.service, url, err);

	free(url);
	if (st != FP_OK)
		return st;
	root = xmlDocGetRootElement(doc);
	r->version = fp_xml_attr(root, "version");
	if (!*r->version) {
		free(r->version);
		r->version = fp_strdup("1.0.0");
	}
	take_srs(r, type_called(root, r->source.layer));
	pages = constraint(root, "ImplementsResultPaging");
	count = constraint(root, "CountDefault");
	if (is_at_least(r, "2.0.0") && strcasecmp(pages, "TRUE") == 0 && strcasecmp(fp_uri_get(&r->source.u, "pagingEnabled"), "false") != 0)
		r->page = atoi(count) > 0 && atoi(count) < PAGE ? atoi(count) : PAGE;
	free(pages);
	free(count);
	xmlFreeDoc(doc);
	return FP_OK;
}

/* QGIS 3.22 goes by parts of words; what it does not know is a text, and so are dates and yes or no. */
static enum fp_text_type type_of(const char *type)
{
	static const struct {
		const char *part;
		enum fp_text_type type;
	} parts[] = {
		{"double", FP_TEXT_DOUBLE}, {"float", FP_TEXT_DOUBLE}, {"decimal", FP_TEXT_DOUBLE}, {"int", FP_TEXT_INT}, {"short", FP_TEXT_INT},
		{"long", FP_TEXT_LONG}, {"dateTime", FP_TEXT_STAMP},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcasestr(type, parts[i].part))
			return parts[i].type;
	return FP_TEXT_STRING;
}

static void add_tag(struct fp_buf *b, const char *tag, const char *text)
{
	char *clean = CPLEscapeString(text, -1, CPLES_XML);

	fp_buf_addf(b, "<%s>%s</%s>", tag, clean, tag);
	CPLFree(clean);
}

static void add_named(struct fp_buf *b, const char *kind, const char *name, const char *type)
{
	fp_buf_addf(b, "<%s>", kind);
	add_tag(b, "Name", name);
	add_tag(b, "ElementPath", name);
	fp_buf_addf(b, "<Type>%s</Type></%s>", type, kind);
}

static void take_fields(struct wfs_rows *r, const struct fp_wfs_schema *s)
{
	const char *colon = strchr(r->source.layer, ':'), *name = colon ? colon + 1 : r->source.layer;
	struct fp_rows *rows = &r->web.rows;
	struct fp_buf gfs = FP_BUF_INIT;

	rows->columns = fp_alloc((s->n + 1) * sizeof *rows->columns);
	r->web.types = fp_alloc((s->n + 1) * sizeof *r->web.types);
	fp_buf_adds(&gfs, "<GMLFeatureClassList><SequentialLayers>true</SequentialLayers><GMLFeatureClass>");
	add_tag(&gfs, "Name", name);
	add_tag(&gfs, "ElementPath", name);
	if (s->geometry)
		add_named(&gfs, "GeomPropertyDefn", s->geometry, "0");
	for (size_t i = 0; i < s->n; i++) {
		struct fp_row_column *c = &rows->columns[rows->n_columns++];
		r->web.types[i] = type_of(s->fields[i].type);
		c->name = fp_strdup(s->fields[i].name);
		fp_text_column(c, r->web.types[i]);
		add_named(&gfs, "PropertyDefn", c->name, "String");
	}
	fp_buf_adds(&gfs, "</GMLFeatureClass></GMLFeatureClassList>\n");
	r->gfs = fp_buf_take(&gfs);
}

static enum fp_status ask_schema(struct wfs_rows *r, const struct fp_pack_layer *layer, struct fp_error *err)
{
	char *url = fp_wfs_schema_url(&r->source);
	struct fp_wfs_schema s;
	xmlDoc *doc;
	enum fp_status st = fp_web_ask_xml(&doc, &r->web.service, url, err);

	free(url);
	if (st != FP_OK)
		return st;
	fp_wfs_schema_read(&s, xmlDocGetRootElement(doc), r->source.layer);
	take_fields(r, &s);
	r->web.rows.geometry = s.geometry ? fp_rows_geometry(layer) : wkbNone;
	if (!s.geometry && r->web.rows.srs) {
		OSRRelease(r->web.rows.srs);
		r->web.rows.srs = NULL;
	}
	fp_wfs_schema_clear(&s);
	xmlFreeDoc(doc);
	return FP_OK;
}

/* ---- what it is asked ---- */

static int is_on(const struct wfs_rows *r, const char *key)
{
	return strcmp(fp_uri_get(&r->source.u, key), "1") == 0;
}

static void add_value(struct fp_buf *b, const char *key, const char *value)
{
	char *text = fp_web_escape(value);

	fp_buf_addf(b, "&%s=%s", key, text);
	free(text);
}

/* The corners in the order of the axes, which only newer versions mind; and then they are told what they are. */
static void add_box(struct fp_buf *b, const struct wfs_rows *r)
{
	const double *w = r->web.wanted.rect;
	int newer = is_at_least(r, "1.1.0"), swap = (newer && r->north_first && !is_on(r, "IgnoreAxisOrientation")) != is_on(r, "InvertAxisOrientation");

	fp_buf_addf(b, "&BBOX=%.17g,%.17g,%.17g,%.17g", w[swap], w[!swap], w[2 + swap], w[2 + !swap]);
	if (newer)
		fp_buf_addf(b, ",%s", r->srs_name);
}

static char *features_url(const struct wfs_rows *r, const char *more)
{
	struct fp_buf b = FP_BUF_INIT;
	char *url;

	fp_buf_addf(&b, "SERVICE=WFS&REQUEST=GetFeature&VERSION=%s", r->version);
	add_value(&b, is_at_least(r, "2.0.0") ? "TYPENAMES" : "TYPENAME", r->source.layer);
	fp_buf_adds(&b, more);
	if (*r->srs_name)
		add_value(&b, "SRSNAME", r->srs_name);
	if (r->query)
		add_value(&b, "FILTER", r->query);
	else if (r->web.wanted.has_rect && r->web.rows.geometry != wkbNone && r->code)
		add_box(&b, r);
	url = fp_web_with(r->source.url, b.data);
	fp_buf_free(&b);
	return url;
}

static char *next_page(struct fp_web_rows *web)
{
	const struct wfs_rows *r = (const struct wfs_rows *)web;
	char more[96] = "";

	if (web->begun && (r->page == 0 || web->in_page == 0 || (web->expected >= 0 && web->received >= web->expected)))
		return NULL;
	if (r->page)
		snprintf(more, sizeof more, "&STARTINDEX=%lld&COUNT=%lld", (long long)web->received, (long long)r->page);
	else if (web->most >= 0)
		snprintf(more, sizeof more, "&%s=%lld", is_at_least(r, "2.0.0") ? "COUNT" : "MAXFEATURES", (long long)web->most);
	return features_url(r, more);
}

/* How many features a collection says there are; -1: it does not. Before 2.0 it says so only when nothing else is asked. */
static int64_t matched(const xmlDoc *doc, const char *attribute)
{
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	char *text = root ? fp_xml_attr(root, attribute) : fp_strdup(""), *end;
	int64_t n = strtoll(text, &end, 10);

	n = *text && !*end && n >= 0 ? n : -1;
	free(text);
	return n;
}

/* A service that cannot count is none the worse for it. */
static void count(struct wfs_rows *r)
{
	char *url;
	xmlDoc *doc;

	if (!is_at_least(r, "1.1.0"))
		return;
	url = features_url(r, "&RESULTTYPE=hits");
	if (fp_web_ask_xml(&doc, &r->web.service, url, NULL) == FP_OK) {
		r->web.rows.about = matched(doc, is_at_least(r, "2.0.0") ? "numberMatched" : "numberOfFeatures");
		xmlFreeDoc(doc);
	}
	r->web.expected = is_at_least(r, "2.0.0") ? -1 : r->web.rows.about;
	free(url);
}

/* What GDAL is told of the file has to be newer than that. */
static enum fp_status take_page(struct fp_web_rows *web, const struct fp_web_page *page, const char *path, struct fp_error *err)
{
	const struct wfs_rows *r = (const struct wfs_rows *)web;
	const xmlNode *root = page->xml ? xmlDocGetRootElement(page->xml) : NULL;
	char *gfs;
	enum fp_status st;

	if (!root || strcmp((const char *)root->name, "FeatureCollection") != 0)
		return fp_fail(err, FP_E_IO, "no features came but %s%s%s", root ? "<" : "something else", root ? (const char *)root->name : "", root ? ">" : "");
	if (is_at_least(r, "2.0.0") && matched(page->xml, "numberMatched") >= 0)
		web->expected = matched(page->xml, "numberMatched");
	gfs = fp_strndup(path, strlen(path) - 3);
	path = gfs;
	gfs = fp_asprintf("%sgfs", path);
	free((char *)path);
	st = fp_fs_write_atomic(gfs, r->gfs, strlen(r->gfs), err);
	free(gfs);
	return st;
}

/* ---- opening ---- */

static void wfs_free(struct fp_web_rows *web)
{
	struct wfs_rows *r = (struct wfs_rows *)web;

	fp_web_rows_clear(web);
	fp_wfs_source_clear(&r->source);
	free(r->version);
	free(r->srs_name);
	free(r->gfs);
	free(r);
}

static const struct fp_web_kind kind = {"web-page.gml", next_page, take_page, wfs_free};

static enum fp_status prepare(struct wfs_rows *r, const struct fp_pack_layer *layer, struct fp_error *err)
{
	const char *most = fp_uri_get(&r->source.u, "maxNumFeatures");
	const struct fp_strv *filters = r->web.wanted.filters;
	enum fp_status st;

	if (*r->source.u.sql)
		return fp_fail(err, FP_E_REFUSED, "it is made by a SELECT, which only QGIS can ask a service for");
	if (filters && filters->n == 1 && filters->items[0][0] == '<') {
		r->query = filters->items[0];
		r->web.wanted.filters = NULL;
	}
	r->web.service.url = r->source.url;
	r->web.service.login = &r->source.login;
	r->web.most = atoll(most) > 0 ? atoll(most) : -1;
	r->web.swap = is_on(r, "InvertAxisOrientation");
	r->web.axes = is_on(r, "IgnoreAxisOrientation") ? "NO" : NULL;
	st = ask_capabilities(r, err);
	if (st == FP_OK)
		st = ask_schema(r, layer, err);
	if (st != FP_OK)
		return st;
	count(r);
	return fp_web_rows_begin(&r->web, err);
}

enum fp_status fp_rows_wfs(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct wfs_rows *r = fp_alloc(sizeof *r);
	enum fp_status st = fp_web_rows_init(&r->web, &kind, p, layer, wanted, err);

	fp_wfs_source_parse(&r->source, layer->def->datasource);
	if (st == FP_OK)
		st = prepare(r, layer, err);
	if (st == FP_OK)
		*out = &r->web.rows;
	else
		fp_rows_free(&r->web.rows);
	return st;
}
