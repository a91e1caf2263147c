#include "engine/layers/wfs_source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/network.h"

/* ---- the source ---- */

static const char *query_get(const struct fp_query *q, const char *key)
{
	for (size_t i = 0; i < q->keys.n; i++)
		if (strcasecmp(q->keys.items[i], key) == 0)
			return q->values.items[i];
	return "";
}

/* The old form is an address with everything in it. */
void fp_wfs_source_parse(struct fp_wfs_source *s, const char *text)
{
	static const char own[] = "SERVICE&VERSION&REQUEST&TYPENAME&TYPENAMES&SRSNAME&BBOX&FILTER&OUTPUTFORMAT&RESULTTYPE&MAXFEATURES&COUNT";
	const char *mark = strchr(text, '?');
	int old;

	memset(s, 0, sizeof *s);
	fp_uri_parse(&s->u, text);
	fp_query_parse(&s->q, mark ? mark + 1 : "");
	old = !*fp_uri_get(&s->u, "url") && strncmp(text, "http", 4) == 0;
	s->url = fp_web_without(old ? text : fp_uri_get(&s->u, "url"), own);
	s->layer = old ? query_get(&s->q, "TYPENAME") : fp_uri_get(&s->u, "typename");
	s->version = old ? query_get(&s->q, "VERSION") : fp_uri_get(&s->u, "version");
	s->srs = old ? query_get(&s->q, "SRSNAME") : fp_uri_get(&s->u, "srsname");
	s->filter = old ? query_get(&s->q, "FILTER") : *s->u.sql ? s->u.sql : fp_uri_get(&s->u, "filter");
	if (strcasecmp(s->version, "auto") == 0)
		s->version = "";
	fp_web_login(&s->login, &s->u);
}

void fp_wfs_source_clear(struct fp_wfs_source *s)
{
	fp_uri_clear(&s->u);
	fp_query_clear(&s->q);
	fp_query_clear(&s->login);
	free(s->url);
}

char *fp_wfs_capabilities_url(const struct fp_wfs_source *s)
{
	char *query = fp_asprintf("SERVICE=WFS&REQUEST=GetCapabilities%s%s", *s->version ? "&VERSION=" : "", s->version), *url = fp_web_with(s->url, query);

	free(query);
	return url;
}

char *fp_wfs_schema_url(const struct fp_wfs_source *s)
{
	char *layer = fp_web_escape(s->layer), *query, *url;

	query = fp_asprintf("SERVICE=WFS&REQUEST=DescribeFeatureType&VERSION=%s&TYPENAME=%s", *s->version ? s->version : "1.1.0", layer);
	url = fp_web_with(s->url, query);
	free(layer);
	free(query);
	return url;
}

/* ---- the schema ---- */

static int is_called(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

static const char *local(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

/* QGIS' number of the geometry that an element of TYPE holds, or that is referred to by REF ("gml:pointProperty"); -1: none. */
static int geometry_type(const char *type, const char *ref)
{
	static const struct {
		const char *word;
		int type;
	} types[] = {
		{"Point", 1}, {"LineString", 2}, {"Curve", 2}, {"Polygon", 3}, {"Surface", 3}, {"MultiPoint", 4}, {"MultiLineString", 5}, {"MultiCurve", 5},
		{"MultiPolygon", 6}, {"MultiSurface", 6}, {"MultiGeometry", 7}, {"Geometry", 0},
	};
	const char *word = local(*type ? type : ref), *tail = strstr(word, *type ? "PropertyType" : "Property");

	for (size_t i = 0; tail && i < sizeof types / sizeof *types; i++)
		if (strlen(types[i].word) == (size_t)(tail - word) && strncasecmp(types[i].word, word, (size_t)(tail - word)) == 0)
			return types[i].type;
	return -1;
}

static void add_element(struct fp_wfs_schema *s, const xmlNode *n)
{
	char *name = fp_xml_attr(n, "name"), *type = fp_xml_attr(n, "type"), *ref = fp_xml_attr(n, "ref");
	int wkb = s->geometry ? -1 : geometry_type(type, ref);

	if (wkb >= 0) {
		s->geometry = fp_strdup(*name ? name : local(ref));
		s->wkb = wkb;
	} else if (*name) {
		FP_GROW(s->fields, s->n, s->cap);
		s->fields[s->n++] = (struct fp_wfs_field){fp_strdup(name), fp_strdup(type)};
	}
	free(name);
	free(type);
	free(ref);
}

/* Every element below N, however deep, as QGIS looks for them. */
static void add_elements(struct fp_wfs_schema *s, const xmlNode *n)
{
	for (const xmlNode *c = n ? n->children : NULL; c; c = c->next) {
		if (is_called(c, "element"))
			add_element(s, c);
		if (c->type == XML_ELEMENT_NODE)
			add_elements(s, c);
	}
}

/* The child of ROOT that is a KIND called NAME, NULL: none. */
static const xmlNode *find(const xmlNode *root, const char *kind, const char *name)
{
	const xmlNode *n = fp_xml_child(root, kind);

	while (n && !fp_xml_attr_is(n, "name", name))
		n = fp_xml_next(n);
	return n;
}

void fp_wfs_schema_read(struct fp_wfs_schema *s, const xmlNode *root, const char *layer)
{
	const xmlNode *element = find(root, "element", local(layer)), *type = NULL;
	char *name = element ? fp_xml_attr(element, "type") : fp_strdup("");

	memset(s, 0, sizeof *s);
	if (*name)
		type = find(root, "complexType", local(name));
	else if (element)
		type = fp_xml_child(element, "complexType");
	free(name);
	for (const xmlNode *c = type ? NULL : fp_xml_child(root, "complexType"); c; c = fp_xml_next(c))
		add_elements(s, c);
	add_elements(s, type);
}

void fp_wfs_schema_clear(struct fp_wfs_schema *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->fields[i].name);
		free(s->fields[i].type);
	}
	free(s->fields);
	free(s->geometry);
	memset(s, 0, sizeof *s);
}
