/* OAPIF, OGC API Features (spec/layers.md 2.12): QGIS asks the landing page, its description, the collection and its first items. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/layers/network.h"
#include "engine/layers/oapif.h"
#include "engine/project/source.h"

struct source {
	struct fp_uri u;
	struct fp_query login;
	const char *url, *collection;
};

const char *fp_oapif_link(const json_t *page, const char *relation, const char *type)
{
	const char *found = NULL;
	const json_t *link;
	size_t i;

	json_array_foreach(json_object_get(page, "links"), i, link) {
		if (strcmp(fp_json_str_or(link, "rel", ""), relation) != 0 || !fp_json_str(link, "href"))
			continue;
		if (strncmp(fp_json_str_or(link, "type", ""), type, strlen(type)) == 0)
			return fp_json_str(link, "href");
		found = found ? found : fp_json_str(link, "href");
	}
	return found;
}

/* The JSON object at URL; NULL: the verdict is given. */
static json_t *get(struct fp_check *c, const struct source *s, const char *url)
{
	json_t *page = NULL;
	struct fp_web w;

	if (fp_web_fetch(c, &w, url, &s->login)) {
		page = fp_web_json(c, &w);
		fp_web_clear(&w);
	}
	return page;
}

/* What COLLECTIONS lists, when the collection itself does not answer. */
static void offer_others(struct fp_check *c, const struct source *s, const char *collections)
{
	struct fp_strv names = {0};
	const json_t *one;
	struct fp_web w;
	json_t *page = NULL;
	size_t i;

	if (!fp_web_get(c, &w, collections, &s->login))
		return;
	page = w.status == 200 ? json_loadb(w.body, w.len, 0, NULL) : NULL;
	json_array_foreach(json_object_get(page, "collections"), i, one)
		if (fp_json_str(one, "id"))
			fp_strv_add(&names, fp_json_str(one, "id"));
	fp_web_no_layer(c, s->collection, &names);
	fp_strv_free(&names);
	json_decref(page);
	fp_web_clear(&w);
}

char *fp_oapif_collection(const char *collections, const char *name)
{
	char *id = fp_web_escape(name), *url = fp_asprintf("%s/%s", collections, id);

	free(id);
	return url;
}

char *fp_oapif_first_items(const char *collection)
{
	return fp_asprintf("%s/items?limit=10", collection);
}

/* The field by which QField can tell features apart, as far as the first ones have it. */
static void find_key(struct fp_check *c, const json_t *items)
{
	const char *name;
	json_t *feature, *value;
	size_t i;

	json_array_foreach(json_object_get(items, "features"), i, feature)
		json_object_foreach(json_object_get(feature, "properties"), name, value)
			if (!c->v->pk && strcasecmp(name, "fid") == 0)
				c->v->pk = fp_strdup(name);
}

/* QGIS' type of the first item's geometry, no geometry when there is no item. */
static int type_of_items(const json_t *items)
{
	const json_t *first = json_array_get(json_object_get(items, "features"), 0), *geometry = json_object_get(first, "geometry");
	int type = fp_wkb_type(fp_json_str_or(geometry, "type", "NoGeometry"));

	return type < 0 ? 0 : type;
}

static void check_collection(struct fp_check *c, const struct source *s, const char *collections)
{
	char *one = fp_oapif_collection(collections, s->collection), *items = fp_oapif_first_items(one);
	struct fp_web w;
	json_t *page;
	int found;

	if (fp_web_get(c, &w, one, &s->login)) {
		found = w.status == 200 && *s->collection;
		fp_web_clear(&w);
		page = found ? get(c, s, items) : NULL;
		if (!found)
			offer_others(c, s, collections);
		if (page) {
			fp_verdict_ok(c, FP_BY_CHECKED);
			fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", s->collection);
			c->v->wkb_type = type_of_items(page);
			find_key(c, page);
		}
		json_decref(page);
	}
	free(one);
	free(items);
}

void fp_check_oapif(struct fp_check *c)
{
	struct source s = {0};
	json_t *page, *api = NULL;

	fp_uri_parse(&s.u, c->layer->datasource);
	fp_web_login(&s.login, &s.u);
	s.url = fp_uri_get(&s.u, "url");
	s.collection = fp_uri_get(&s.u, "typename");
	page = get(c, &s, s.url);
	if (page && fp_oapif_link(page, "data", FP_OAPIF_JSON) && fp_oapif_link(page, "service-desc", FP_OAPIF_DESCRIPTION)) {
		api = get(c, &s, fp_oapif_link(page, "service-desc", FP_OAPIF_DESCRIPTION));
		if (api)
			check_collection(c, &s, fp_oapif_link(page, "data", FP_OAPIF_JSON));
	} else if (page) {
		fp_web_not_expected(c, "no landing page of OGC API Features");
	}
	json_decref(api);
	json_decref(page);
	fp_query_clear(&s.login);
	fp_uri_clear(&s.u);
}
