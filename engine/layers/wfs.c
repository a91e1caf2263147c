/* WFS and OAPIF (spec/layers.md 2.12). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/layers/network.h"
#include "engine/project/source.h"

struct source {
	struct fp_uri u;
	struct fp_query q;  /* of the old form, http://host/wfs?SERVICE=WFS&TYPENAME=a */
	struct fp_query login; /* "username" and "password" as fp_web_get() wants them */
	char *url;
	const char *layer;
};

static const char *query_get(const struct fp_query *q, const char *key)
{
	for (size_t i = 0; i < q->keys.n; i++)
		if (strcasecmp(q->keys.items[i], key) == 0)
			return q->values.items[i];
	return "";
}

static void take_apart(struct source *s, const char *text)
{
	const char *mark = strchr(text, '?');

	memset(s, 0, sizeof *s);
	fp_uri_parse(&s->u, text);
	fp_query_parse(&s->q, mark ? mark + 1 : "");
	if (*fp_uri_get(&s->u, "url") || strncmp(text, "http", 4) != 0) {
		s->url = fp_strdup(fp_uri_get(&s->u, "url"));
		s->layer = fp_uri_get(&s->u, "typename");
	} else {
		s->url = fp_strndup(text, strcspn(text, "?"));
		s->layer = query_get(&s->q, "TYPENAME");
	}
	fp_strv_add(&s->login.keys, "username");
	fp_strv_add(&s->login.values, *fp_uri_get(&s->u, "username") ? fp_uri_get(&s->u, "username") : fp_uri_get(&s->u, "user"));
	fp_strv_add(&s->login.keys, "password");
	fp_strv_add(&s->login.values, fp_uri_get(&s->u, "password"));
}

static void clear(struct source *s)
{
	fp_uri_clear(&s->u);
	fp_query_clear(&s->q);
	fp_query_clear(&s->login);
	free(s->url);
}

/* A name without prefix means the one that ends like it. */
static int offers(const struct fp_strv *names, const char *wanted)
{
	size_t n = strlen(wanted);

	if (fp_strv_has(names, wanted))
		return 1;
	for (size_t i = 0; i < names->n && !strchr(wanted, ':'); i++) {
		size_t k = strlen(names->items[i]);
		if (k > n && names->items[i][k - n - 1] == ':' && strcmp(names->items[i] + k - n, wanted) == 0)
			return 1;
	}
	return 0;
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
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "no capabilities but <%s>", (const char *)root->name);
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_ANSWER, FP_MARK_FAIL, "%s", c->v->detail);
	} else if (root && !offers(&names, s->layer)) {
		fp_web_no_layer(c, s->layer, &names);
	} else {
		ok = root != NULL;
	}
	fp_strv_free(&names);
	xmlFreeDoc(doc);
	return ok;
}

static void check_schema(struct fp_check *c, const struct fp_web *w)
{
	xmlDoc *doc = fp_web_xml(c, w);

	if (doc && strcmp((const char *)xmlDocGetRootElement(doc)->name, "schema") == 0) {
		fp_verdict_ok(c, FP_BY_CHECKED);
	} else if (doc) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the service describes no such feature type");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_FAIL, "%s", c->v->detail);
	}
	xmlFreeDoc(doc);
}

static char *version_of(const struct source *s)
{
	const char *v = fp_uri_get(&s->u, "version");

	return *v && strcasecmp(v, "auto") != 0 ? fp_asprintf("&VERSION=%s", v) : fp_strdup("");
}

/* TEXT as a value in an address. Caller frees. */
static char *escaped(const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (; *text; text++) {
		if (strchr(" %&#+?", *text))
			fp_buf_addf(&b, "%%%02X", (unsigned char)*text);
		else
			fp_buf_addc(&b, *text);
	}
	return fp_buf_take(&b);
}

void fp_check_wfs(struct fp_check *c)
{
	struct source s;
	struct fp_web w;
	char *version, *first, *second, *query, *layer;

	take_apart(&s, c->layer->datasource);
	if (!*s.url) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the source has no address");
		fp_verdict_cause(c, "source_empty", FP_NOSLOTS);
		clear(&s);
		return;
	}
	version = version_of(&s);
	layer = escaped(s.layer);
	query = fp_asprintf("SERVICE=WFS&REQUEST=GetCapabilities%s", version);
	first = fp_web_with(s.url, query);
	free(query);
	query = fp_asprintf("SERVICE=WFS&REQUEST=DescribeFeatureType&VERSION=%s&TYPENAME=%s", *version ? version + 9 : "1.1.0", layer);
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
	free(version);
	free(layer);
	free(query);
	free(first);
	free(second);
	clear(&s);
}

/* The address behind a link of the landing page. Borrowed, NULL when there is none. */
static const char *link_to(const json_t *page, const char *const *relations)
{
	const json_t *link;
	size_t i;

	json_array_foreach(json_object_get(page, "links"), i, link)
		for (const char *const *r = relations; *r; r++)
			if (strcmp(fp_json_str_or(link, "rel", ""), *r) == 0 && fp_json_str(link, "href"))
				return fp_json_str(link, "href");
	return NULL;
}

static void list_collections(struct fp_check *c, const struct source *s, const char *url)
{
	struct fp_strv names = {0};
	const json_t *one;
	struct fp_web w;
	json_t *page;
	size_t i;

	if (!fp_web_fetch(c, &w, url, &s->login))
		return;
	page = fp_web_json(c, &w);
	json_array_foreach(json_object_get(page, "collections"), i, one)
		if (fp_json_str(one, "id"))
			fp_strv_add(&names, fp_json_str(one, "id"));
	if (page && fp_strv_has(&names, s->layer))
		fp_verdict_ok(c, FP_BY_CHECKED);
	else if (page)
		fp_web_no_layer(c, s->layer, &names);
	fp_strv_free(&names);
	json_decref(page);
	fp_web_clear(&w);
}

void fp_check_oapif(struct fp_check *c)
{
	static const char *const data[] = {"data", "http://www.opengis.net/def/rel/ogc/1.0/data", NULL};
	struct source s;
	struct fp_web w;
	json_t *page = NULL;

	take_apart(&s, c->layer->datasource);
	if (!*s.url) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the source has no address");
		fp_verdict_cause(c, "source_empty", FP_NOSLOTS);
	} else if (fp_web_fetch(c, &w, s.url, &s.login)) {
		page = fp_web_json(c, &w);
		fp_web_clear(&w);
	}
	if (page && link_to(page, data)) {
		list_collections(c, &s, link_to(page, data));
		if (c->v->status == FP_LAYER_OK)
			fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", s.layer);
	} else if (page) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "no landing page of OGC API Features");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_ANSWER, FP_MARK_FAIL, "%s", c->v->detail);
	}
	json_decref(page);
	clear(&s);
}
