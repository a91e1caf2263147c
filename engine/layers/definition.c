/* What needs no look at any data: layers that are valid by definition, and those that need a client, a network or QGIS itself (spec/layers.md 2.13,
 * 2.16, 2.17, 2.20). */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/diagnose.h"
#include "engine/project/source.h"

static const char plain_remedy[] = "For work without a network export the layer to a GeoPackage or GeoTIFF.";

void fp_check_definition(struct fp_check *c)
{
	fp_verdict_ok(c, FP_BY_DEFINITION);
}

/* The host of a source, wherever its grammar puts it. Caller frees. */
static char *host_of(const char *source)
{
	struct fp_query q;
	struct fp_uri u;
	char *host = NULL;
	const char *url, *p;

	fp_query_parse(&q, source);
	fp_uri_parse(&u, source);
	url = fp_query_get(&q, "url");
	if (!url || !*url)
		url = *fp_uri_get(&u, "url") ? fp_uri_get(&u, "url") : source;
	p = strstr(url, "://");
	if (*fp_uri_get(&u, "service"))
		host = fp_asprintf("service \"%s\"", fp_uri_get(&u, "service"));
	else if (*fp_uri_get(&u, "host"))
		host = fp_strdup(fp_uri_get(&u, "host"));
	else if (p)
		host = fp_strndup(p + 3, strcspn(p + 3, "/?#&"));
	else
		host = fp_strdup("this server itself");
	p = strrchr(host, '@');
	if (p)
		memmove(host, p + 1, strlen(p + 1) + 1);
	fp_query_clear(&q);
	fp_uri_clear(&u);
	return host;
}

static int is_this_machine(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 || strcmp(host, "0.0.0.0") == 0;
}

void fp_check_network(struct fp_check *c)
{
	char *login = fp_source_authcfg(c->layer->datasource, NULL), *host = host_of(c->layer->datasource);

	if (login) {
		fp_verdict_not_checked(c, "Not checked: the source uses a saved QGIS authentication (\"%s\") that never leaves your computer.", login);
		fp_verdict_remedy(c, "Such logins stay on your computer. Use basic credentials in the address or a service, or make the service public for this "
			"server.");
	} else {
		fp_verdict_not_checked(c, "Not checked: network checks are switched off on this server (%s).", host);
		if (is_this_machine(host))
			fp_verdict_remedy(c, "\"%s\" means the machine where the check runs, not your PC. Use the public name or address, or export the layer to a "
				"GeoPackage.", host);
		fp_verdict_remedy(c, "%s", plain_remedy);
	}
	free(login);
	free(host);
}

static const char *needs(const struct fp_check *c)
{
	return fp_provider_find(c->provider)->needs;
}

void fp_check_client(struct fp_check *c)
{
	fp_verdict_not_checked(c, "Not checked: this server has no \"%s\" client.", c->provider);
	fp_verdict_remedy(c, "Layer kind \"%s/%s\" cannot be used here: %s is not available on the device. Export it to GeoPackage or GeoTIFF.", c->layer->type,
		c->provider, needs(c));
}

void fp_check_virtual(struct fp_check *c)
{
	if (!*c->layer->datasource) {
		fp_verdict_invalid(c);
		fp_verdict_provider(c, "Malformed URL");
		fp_verdict_detail(c, "the virtual layer has no query");
		fp_verdict_remedy(c, "Remove the layer, or write its query again.");
		return;
	}
	fp_verdict_not_checked(c, "Not checked: only QGIS can run the query of a virtual layer.");
	fp_verdict_remedy(c, "Export the layer to a GeoPackage when it must work everywhere.");
}

/* Meshes, point clouds, tile sets: their content is QGIS' own business, but a file that is not there is not there. The path is the whole source,
 * the part in quotes behind a driver's name, or its url. */
void fp_check_existence(struct fp_check *c)
{
	const char *source = c->layer->datasource, *quote = strstr(source, ":\"");
	struct fp_query q;
	char *written, *path, *real = NULL;
	enum fp_gate gate;

	fp_query_parse(&q, source);
	if (quote)
		written = fp_strndup(quote + 2, strcspn(quote + 2, "\""));
	else
		written = fp_strdup(fp_query_get(&q, "url") ? fp_query_get(&q, "url") : source);
	path = fp_source_resolve(c->layer->home, strncmp(written, "file:", 5) == 0 ? written + 5 : written);
	gate = *path ? fp_gate(&real, c->project->root, path) : FP_GATE_SPECIAL;
	if (gate == FP_GATE_PASS) {
		fp_verdict_file(c, real);
		fp_verdict_not_checked(c, "Not fully checked: file is present, its content needs QGIS (%s).", needs(c));
	} else {
		fp_diagnose_gate(c, gate, written, path);
	}
	fp_query_clear(&q);
	free(written);
	free(path);
	free(real);
}

static int has_template(const char *url)
{
	return strstr(url, "{x}") && strstr(url, "{z}") && (strstr(url, "{y}") || strstr(url, "{-y}"));
}

static int is_fetchable(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 || strncmp(url, "file:", 5) == 0;
}

void fp_check_wms(struct fp_check *c)
{
	struct fp_query q;
	const char *type, *url;

	fp_query_parse(&q, c->layer->datasource);
	type = fp_query_get(&q, "type") ? fp_query_get(&q, "type") : "";
	url = fp_query_get(&q, "url") ? fp_query_get(&q, "url") : "";
	if (strcmp(type, "xyz") == 0) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		if (!(has_template(url) || strstr(url, "{q}")) || !is_fetchable(url))
			fp_verdict_warn(c, "the address has no {x}, {y}, {z} or does not begin with http or file: no tile will be shown");
	} else if (strcmp(type, "mbtiles") == 0) {
		fp_verdict_not_checked(c, "Not checked: this version does not open MBTiles as a tile service.");
		fp_verdict_remedy(c, "Add the .mbtiles file as an ordinary raster layer.");
	} else {
		fp_check_network(c);
	}
	fp_query_clear(&q);
}

/* One provider "vectortile" with type= before QGIS 3.32, one provider a type since. */
void fp_check_vectortile(struct fp_check *c)
{
	struct fp_query q;
	const char *type, *url;

	fp_query_parse(&q, c->layer->datasource);
	type = fp_query_get(&q, "type") ? fp_query_get(&q, "type") : "";
	url = fp_query_get(&q, "url") ? fp_query_get(&q, "url") : "";
	if (fp_query_get(&q, "serviceType") || strcmp(type, "arcgis") == 0 || strcmp(c->provider, "arcgisvectortileservice") == 0) {
		fp_check_network(c);
	} else if (strcmp(type, "mbtiles") == 0 || strcmp(type, "vtpk") == 0) {
		fp_check_existence(c);
	} else if (strcmp(type, "xyz") != 0) {
		c->v->status = FP_LAYER_MISSING_DATAPROVIDER;
		fp_verdict_provider(c, "No data provider available");
		fp_verdict_detail(c, "vector tiles of type \"%s\" are unknown", type);
		fp_verdict_remedy(c, "Add the vector tile layer again.");
	} else if (has_template(url)) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
	} else {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the address has no {x}, {y} and {z}");
		fp_verdict_remedy(c, "Correct the address of the tiles: it must hold {x}, {y} and {z}.");
	}
	fp_query_clear(&q);
}
