#include "engine/layers/check.h"

#include <stdlib.h>
#include <string.h>

#include "engine/layers/provider.h"
#include "engine/project/source.h"

/* Without a <provider> element QGIS decides by type and source; an empty one means gdal for a raster and nothing for the rest. */
static const char *implied_provider(const struct fp_layer_def *l)
{
	static const char *const by_type[][2] = {{"vector-tile", "vectortile"}, {"mesh", "mdal"}, {"point-cloud", "pdal"}, {"tiled-scene", "cesiumtiles"}};

	if (l->provider && *l->provider)
		return l->provider;
	if (strcmp(l->type, "raster") == 0)
		return "gdal";
	if (strcmp(l->type, "vector") == 0)
		return l->provider ? "" : strstr(l->datasource, "dbname=") ? "postgres" : "ogr";
	for (size_t i = 0; i < sizeof by_type / sizeof *by_type; i++)
		if (strcmp(l->type, by_type[i][0]) == 0)
			return by_type[i][1];
	return "";
}

static int serves(const struct fp_provider *p, const char *type)
{
	const char *at = strstr(p->types, type);

	return at && at[-1] == ' ' && at[strlen(type)] == ' ';
}

static void missing_provider(struct fp_check *c, const struct fp_provider *p)
{
	const char *type = c->layer->type;

	c->v->status = FP_LAYER_MISSING_DATAPROVIDER;
	c->v->confidence = FP_BY_DEFINITION;
	fp_verdict_provider(c, "No data provider available");
	if (strcmp(type, "raster") == 0)
		fp_verdict_error(c, "Cannot instantiate the '%s' data provider", c->provider);
	if (p)
		fp_verdict_detail(c, "provider \"%s\" does not serve %s layers", c->provider, type);
	else
		fp_verdict_detail(c, "there is no provider \"%s\"", c->provider);
	fp_verdict_remedy(c, "Layer kind \"%s/%s\" cannot be used here. Export it to GeoPackage or GeoTIFF and add that.", type, c->provider);
}

/* QGIS replaces a saved login first of all and gives the layer up when it cannot. */
static int needs_saved_login(struct fp_check *c)
{
	int bare = 0;
	char *login = fp_source_authcfg(c->layer->datasource, &bare);

	if (login && bare) {
		c->v->status = FP_LAYER_MISSING_DATAPROVIDER;
		c->v->confidence = FP_BY_DEFINITION;
		fp_verdict_provider(c, "No data provider available");
		fp_verdict_detail(c, "saved QGIS authentication is used (\"%s\")", login);
		fp_verdict_remedy(c, "Such logins stay on your computer. Use basic credentials in the address or a service, or make the service public for this "
			"server.");
	}
	free(login);
	return bare;
}

static void localized(struct fp_check *c)
{
	static const char key[] = "localized:";
	const char *name = strstr(c->layer->datasource, key) + sizeof key - 1;

	c->v->status = FP_LAYER_LOCALIZED_DATAPROVIDER;
	c->v->confidence = FP_BY_DEFINITION;
	*c->v->detail = *c->v->remedy = '\0';
	fp_verdict_detail(c, "shared dataset \"%.*s\" not available", (int)strcspn(name, "|&"), name);
	fp_verdict_remedy(c, "The layer lies in a shared (localized) folder and works only on devices that have it. Upload the dataset as shared data, or "
		"ignore this.");
}

static int is_spatial(const struct fp_check *c)
{
	return c->v->wkb_type != 100 && strcmp(c->layer->geometry, "No geometry") != 0 &&
		(strcmp(c->layer->type, "vector") == 0 || strcmp(c->layer->type, "raster") == 0);
}

static void warn_in_general(struct fp_check *c)
{
	char *redacted = fp_source_redact(c->layer->datasource);

	if (strcmp(redacted, c->layer->datasource) != 0)
		fp_verdict_warn(c, "a password or token stands in clear text in the project");
	if (c->v->status == FP_LAYER_OK && !*c->layer->crs && is_spatial(c))
		fp_verdict_warn(c, "the layer has no CRS");
	free(redacted);
}

static void judge(struct fp_check *c)
{
	const struct fp_provider *p;

	if (strcmp(c->layer->type, "annotation") == 0 || strcmp(c->layer->type, "group") == 0) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		return;
	}
	if (needs_saved_login(c))
		return;
	c->provider = implied_provider(c->layer);
	p = fp_provider_find(c->provider);
	if (!p || !serves(p, c->layer->type)) {
		missing_provider(c, p);
		return;
	}
	c->provider = p->name;
	p->check(c);
	if (fp_source_is_localized(c->layer->datasource) && c->v->status != FP_LAYER_OK && c->v->status != FP_LAYER_MISSING_DATAPROVIDER)
		localized(c);
	if (strcmp(c->layer->type, "raster") == 0 && !*c->v->error_summary &&
			(c->v->status == FP_LAYER_INVALID_DATAPROVIDER || c->v->status == FP_LAYER_LOCALIZED_DATAPROVIDER))
		fp_verdict_error(c, "Provider is not valid (provider: %s, URI: %s", p->name, c->layer->datasource);
}

void fp_layer_check(struct fp_verdict *v, const struct fp_project *p, const struct fp_layer_def *layer)
{
	struct fp_check c = {.project = p, .layer = layer, .v = v};

	memset(v, 0, sizeof *v);
	v->error_summary = fp_strdup("");
	v->provider_summary = fp_strdup("");
	v->detail = fp_strdup("");
	v->remedy = fp_strdup("");
	v->wkb_type = -1;
	judge(&c);
	if (v->wkb_type < 0) /* what the project remembers is what QGIS tells of a layer that it cannot open */
		v->wkb_type = fp_wkb_type(layer->wkb_type);
	warn_in_general(&c);
}
