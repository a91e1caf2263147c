/* WFS (spec/layers.md 2.12). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/network.h"
#include "engine/project/source.h"

struct source {
	struct fp_uri u;
	struct fp_query q;  /* of the old form, http://host/wfs?SERVICE=WFS&TYPENAME=a */
	struct fp_query login;
	char *url;
	const char *layer, *version;
};

static const char *query_get(const struct fp_query *q, const char *key)
{
	for (size_t i = 0; i < q->keys.n; i++)
		if (strcasecmp(q->keys.items[i], key) == 0)
			return q->values.items[i];
	return "";
}

/* The old form is an address with everything in it; what is not WFS' own in it belongs to the server. */
static void take_apart(struct source *s, const char *text)
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
	fp_web_login(&s->login, &s->u);
}

static void clear(struct source *s)
{
	fp_uri_clear(&s->u);
	fp_query_clear(&s->q);
	fp_query_clear(&s->login);
	free(s->url);
}

/* A name without prefix means the only one that ends like it. */
static int offers(const struct fp_strv *names, const char *wanted)
{
	size_t n = strlen(wanted), alike = 0;

	if (fp_strv_has(names, wanted))
		return 1;
	for (size_t i = 0; i < names->n && !strchr(wanted, ':'); i++) {
		size_t k = strlen(names->items[i]);
		alike += k > n && names->items[i][k - n - 1] == ':' && strcmp(names->items[i] + k - n, wanted) == 0;
	}
	return alike == 1;
}

/* A layer made by SELECT names what it selects from; any other filter QGIS does not take here. 0: the verdict is given. */
static int check_sql(struct fp_check *c, const char *sql, const struct fp_strv *names)
{
	const char *from = strcasestr(sql, " from "), *end;
	char *name;
	int known;

	if (!*sql)
		return 1;
	if (strncasecmp(sql, "SELECT ", 7) != 0 || !from) {
		fp_verdict_invalid(c);
		fp_verdict_cause(c, "bad_filter", FP_SLOTS({"REASON", "it is no SELECT statement"}));
		return 0;
	}
	from += 6 + strspn(from + 6, " \"");
	end = from + strcspn(from, from[-1] == '"' ? "\"" : " ,;\n");
	name = fp_strndup(from, (size_t)(end - from));
	known = offers(names, name);
	if (!known)
		fp_web_no_layer(c, name, names);
	free(name);
	return known;
}

/* 1 when the service offers the layer; 0: the verdict is given. */
static int check_capabilities(struct fp_check *c, const struct source *s, const struct fp_web *w)
{
	xmlDoc *doc = fp_web_xml(c, w);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	struct fp_strv names = {0};
	int ok = 0;

	for (const xmlNode *n = fp_xml_path(root, "FeatureTypeList/FeatureType"); n; n = fp_xml_next(n))
		fp_strv_take(&names, fp_xml_text(fp_xml_child(n, "Name")));
	if (root && strcmp((const char *)root->name, "WFS_Capabilities") != 0) {
		char *what = fp_asprintf("no capabilities but <%s>", (const char *)root->name);
		fp_web_not_expected(c, what);
		free(what);
	} else if (root && !offers(&names, s->layer)) {
		fp_web_no_layer(c, s->layer, &names);
	} else {
		ok = root && check_sql(c, s->u.sql, &names);
	}
	fp_strv_free(&names);
	xmlFreeDoc(doc);
	return ok;
}

/* The type of the first element below NODE that is a geometry, by the name that GML gives it; -1 when there is none. */
static int geometry_of(const xmlNode *node)
{
	static const struct {
		const char *word;
		int type;
	} types[] = {
		{"Point", 1}, {"LineString", 2}, {"Curve", 2}, {"Polygon", 3}, {"Surface", 3}, {"MultiPoint", 4}, {"MultiLineString", 5}, {"MultiCurve", 5},
		{"MultiPolygon", 6}, {"MultiSurface", 6}, {"MultiGeometry", 7},
	};
	int type = -1;

	for (const xmlNode *n = node->children; n && type < 0; n = n->next) {
		char *text = n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, "element") == 0 ? fp_xml_attr(n, "type") : fp_strdup("");
		const char *colon = strchr(text, ':'), *word = colon ? colon + 1 : text, *tail = strstr(word, "PropertyType");

		for (size_t i = 0; tail && i < sizeof types / sizeof *types; i++)
			if (strlen(types[i].word) == (size_t)(tail - word) && strncmp(types[i].word, word, (size_t)(tail - word)) == 0)
				type = types[i].type;
		if (tail && strncmp(word, "Geometry", 8) == 0)
			type = 0;
		free(text);
		if (type < 0 && n->type == XML_ELEMENT_NODE)
			type = geometry_of(n);
	}
	return type;
}

static void check_schema(struct fp_check *c, const struct fp_web *w)
{
	xmlDoc *doc = fp_web_xml(c, w);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

	if (root && strcmp((const char *)root->name, "schema") == 0) {
		int type = geometry_of(root);
		fp_verdict_ok(c, FP_BY_CHECKED);
		c->v->wkb_type = type < 0 ? 100 : type == 0 ? -1 : type; /* of any type: QGIS looks at the features, we at what the project remembers */
	} else if (root) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the service describes no such feature type");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_FAIL, "%s", c->v->detail);
	}
	xmlFreeDoc(doc);
}

void fp_check_wfs(struct fp_check *c)
{
	struct source s;
	struct fp_web w;
	const char *version;
	char *first, *second, *query, *layer;

	take_apart(&s, c->layer->datasource);
	version = strcasecmp(s.version, "auto") == 0 ? "" : s.version;
	layer = fp_web_escape(s.layer);
	query = fp_asprintf("SERVICE=WFS&REQUEST=GetCapabilities%s%s", *version ? "&VERSION=" : "", version);
	first = fp_web_with(s.url, query);
	free(query);
	query = fp_asprintf("SERVICE=WFS&REQUEST=DescribeFeatureType&VERSION=%s&TYPENAME=%s", *version ? version : "1.1.0", layer);
	second = fp_web_with(s.url, query);
	if (fp_web_fetch(c, &w, first, &s.login)) {
		int offered = check_capabilities(c, &s, &w);
		fp_web_clear(&w);
		if (offered)
			fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", s.layer);
		if (offered && fp_web_fetch(c, &w, second, &s.login)) {
			check_schema(c, &w);
			fp_web_clear(&w);
		}
	}
	free(layer);
	free(query);
	free(first);
	free(second);
	clear(&s);
}
