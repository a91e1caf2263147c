/* Rows of OGC API Features, as QGIS 3.22 asks for them: what the columns are is what the first ten features have, and each page names the next one. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/layers/network.h"
#include "engine/layers/oapif.h"
#include "engine/package/rows_file.h"
#include "engine/package/rows_web.h"

#define PAGE 1000 /* features, where the service allows that many */

struct oapif_rows {
	struct fp_web_rows web;
	struct fp_uri u;
	struct fp_query login;
	char *collection;
	int64_t page;
	char *next;             /* the address that the last page named, NULL: none */
	char *asked;            /* that of the last page */
};

/* The largest page that the description of a service lets ask for: its parameter "limit", wherever it is described. */
static void find_limit(const json_t *o, int64_t *limit)
{
	const json_t *child;
	const char *key;
	size_t i;

	if (json_is_object(o) && strcmp(fp_json_str_or(o, "name", ""), "limit") == 0) {
		int64_t most = fp_json_int(json_object_get(o, "schema"), "maximum", 0);
		if (most > 0 && most < *limit)
			*limit = most;
	}
	json_object_foreach((json_t *)o, key, child)
		find_limit(child, limit);
	json_array_foreach(o, i, child)
		find_limit(child, limit);
}

static enum fp_status ask_service(struct oapif_rows *r, struct fp_error *err)
{
	const struct fp_web_service *s = &r->web.service;
	const char *data, *described;
	json_t *page, *api = NULL;
	enum fp_status st = fp_web_ask_json(&page, s, s->url, err);

	if (st != FP_OK)
		return st;
	data = fp_oapif_link(page, "data", FP_OAPIF_JSON);
	described = fp_oapif_link(page, "service-desc", FP_OAPIF_DESCRIPTION);
	if (!data || !described)
		st = fp_fail(err, FP_E_IO, "the server has no landing page of OGC API Features any more");
	if (st == FP_OK)
		st = fp_web_ask_json(&api, s, described, err);
	if (st == FP_OK) {
		r->collection = fp_oapif_collection(data, fp_uri_get(&r->u, "typename"));
		r->page = PAGE;
		find_limit(api, &r->page);
	}
	json_decref(page);
	json_decref(api);
	return st;
}

/* ---- what its features are ---- */

static void take_layer(struct oapif_rows *r, OGRLayerH layer, const struct fp_pack_layer *of)
{
	struct fp_rows_file f = {.layer = layer, .driver = "GeoJSON", .only = wkbUnknown, .source.geometrytype = (char *)""};
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(layer);

	fp_rows_file_describe(&f, &r->web.rows, of);
	r->web.rows.about = -1;
	r->web.was = fp_alloc((r->web.rows.n_columns + 1) * sizeof *r->web.was);
	for (size_t i = 0; i < r->web.rows.n_columns; i++)
		r->web.was[i] = OGR_Fld_GetType(OGR_FD_GetFieldDefn(defn, (int)i));
}

static enum fp_status describe(struct oapif_rows *r, const struct fp_pack_layer *layer, struct fp_error *err)
{
	char *url = fp_oapif_first_items(r->collection);
	GDALDatasetH ds = NULL;
	OGRLayerH first = NULL;
	enum fp_status st = fp_web_ask_file(r->web.path, &r->web.service, url, err);

	free(url);
	if (st == FP_OK)
		st = fp_web_rows_open_page(&ds, &first, &r->web, r->web.path, err);
	if (st == FP_OK && !first)
		st = fp_fail(err, FP_E_IO, "no features came");
	if (st == FP_OK)
		take_layer(r, first, layer);
	if (ds)
		GDALClose(ds);
	return st;
}

/* ---- what it is asked ---- */

static char *first_url(const struct oapif_rows *r)
{
	const double *w = r->web.wanted.rect;
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "%s/items?limit=%lld", r->collection, (long long)r->page);
	if (r->web.wanted.has_rect && r->web.rows.geometry != wkbNone)
		fp_buf_addf(&b, "&bbox=%.17g,%.17g,%.17g,%.17g", w[0], w[1], w[2], w[3]);
	return fp_buf_take(&b);
}

static char *next_page(struct fp_web_rows *web)
{
	struct oapif_rows *r = (struct oapif_rows *)web;

	if (web->begun && !r->next)
		return NULL;
	free(r->asked);
	r->asked = web->begun ? r->next : first_url(r);
	r->next = NULL;
	return fp_strdup(r->asked);
}

/* HREF as it is meant on a page of the service. */
static char *absolute(const struct oapif_rows *r, const char *href)
{
	if (*href != '/' || href[1] == '/')
		return fp_strdup(href);
	return fp_asprintf("%.*s%s", (int)fp_web_server(r->asked), r->asked, href);
}

static enum fp_status take_page(struct fp_web_rows *web, const struct fp_web_page *page, const char *path, struct fp_error *err)
{
	struct oapif_rows *r = (struct oapif_rows *)web;
	int64_t matched = fp_json_int(page->json, "numberMatched", -1);
	const char *next = fp_oapif_link(page->json, "next", "application/geo+json");

	(void)path;
	if (!page->json)
		return fp_fail(err, FP_E_IO, "no features came but something else");
	if (matched >= 0)
		web->expected = web->rows.about = matched;
	r->next = next ? absolute(r, next) : NULL;
	if (r->next && strcmp(r->next, r->asked) == 0)
		return fp_fail(err, FP_E_IO, "the server sends the same features again: a page names itself as the next one");
	return FP_OK;
}

/* ---- opening ---- */

static void oapif_free(struct fp_web_rows *web)
{
	struct oapif_rows *r = (struct oapif_rows *)web;

	fp_web_rows_clear(web);
	fp_uri_clear(&r->u);
	fp_query_clear(&r->login);
	free(r->collection);
	free(r->next);
	free(r->asked);
	free(r);
}

static const struct fp_web_kind kind = {"web-page.geojson", next_page, take_page, oapif_free};

enum fp_status fp_rows_oapif(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct oapif_rows *r = fp_alloc(sizeof *r);
	enum fp_status st = fp_web_rows_init(&r->web, &kind, p, layer, wanted, err);

	fp_uri_parse(&r->u, layer->def->datasource);
	fp_web_login(&r->login, &r->u);
	r->web.service.url = fp_uri_get(&r->u, "url");
	r->web.service.login = &r->login;
	if (st == FP_OK)
		st = ask_service(r, err);
	if (st == FP_OK)
		st = describe(r, layer, err);
	if (st == FP_OK)
		st = fp_web_rows_begin(&r->web, err);
	if (st == FP_OK)
		*out = &r->web.rows;
	else
		fp_rows_free(&r->web.rows);
	return st;
}
