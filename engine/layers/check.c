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

const char *fp_layer_provider(const struct fp_layer_def *l)
{
	const char *name = implied_provider(l);
	const struct fp_provider *p = fp_provider_find(name);

	return p ? p->name : name;
}

static int serves(const struct fp_provider *p, const char *type)
{
	const char *at = strstr(p->types, type);

	return at && at[-1] == ' ' && at[strlen(type)] == ' ';
}

static void missing_provider(struct fp_check *c, const char *name, const struct fp_provider *p)
{
	const char *type = c->layer->type;

	fp_verdict_missing_provider(c);
	if (strcmp(type, "raster") == 0)
		fp_verdict_error(c, "Cannot instantiate the '%s' data provider", name);
	if (p)
		fp_verdict_detail(c, "provider \"%s\" does not serve %s layers", name, type);
	else
		fp_verdict_detail(c, "there is no provider \"%s\"", name);
	fp_verdict_cause(c, "kind_unsupported", FP_SLOTS({"TYPE", type}, {"PROVIDER", name}));
}

/* QGIS replaces a saved login first of all and gives the layer up when it cannot. */
static int needs_saved_login(struct fp_check *c)
{
	int bare = 0;
	char *login = fp_source_authcfg(c->layer->datasource, &bare);

	if (login && bare) {
		fp_verdict_missing_provider(c);
		fp_verdict_detail(c, "saved QGIS authentication is used (\"%s\")", login);
		fp_verdict_cause(c, "saved_login", FP_SLOTS({"AUTHCFG", login}));
	}
	free(login);
	return bare;
}

static void localized(struct fp_check *c)
{
	static const char key[] = "localized:";
	const char *name = strstr(c->layer->datasource, key) + sizeof key - 1;
	char *dataset = fp_strndup(name, strcspn(name, "|&"));

	c->v->status = FP_LAYER_LOCALIZED_DATAPROVIDER;
	c->v->confidence = FP_BY_DEFINITION;
	*c->v->detail = '\0';
	c->v->cause = NULL; /* it knows better */
	fp_verdict_detail(c, "shared dataset \"%s\" not available", dataset);
	fp_verdict_cause(c, "localized", FP_SLOTS({"NAME", dataset}));
	free(dataset);
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
	const char *name;

	if (strcmp(c->layer->type, "annotation") == 0 || strcmp(c->layer->type, "group") == 0) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		return;
	}
	if (needs_saved_login(c))
		return;
	name = implied_provider(c->layer);
	p = fp_provider_find(name);
	if (!p || !serves(p, c->layer->type)) {
		missing_provider(c, p ? p->name : name, p);
		return;
	}
	c->p = p;
	p->check(c);
	if (fp_source_is_localized(c->layer->datasource) && c->v->status != FP_LAYER_OK && c->v->status != FP_LAYER_MISSING_DATAPROVIDER)
		localized(c);
	if (strcmp(c->layer->type, "raster") == 0 && !*c->v->error_summary &&
			(c->v->status == FP_LAYER_INVALID_DATAPROVIDER || c->v->status == FP_LAYER_LOCALIZED_DATAPROVIDER))
		fp_verdict_error(c, "Provider is not valid (provider: %s, URI: %s", p->name, c->layer->datasource);
}

/* What a check looks at by the kind of its source, in the order of enum fp_stage. */
#define S(x) (1u << FP_STAGE_##x)
static const unsigned chains[] = {
	[FP_CHAIN_NONE] = S(SOURCE),
	[FP_CHAIN_FILE] = S(SOURCE) | S(PATH) | S(EXISTS) | S(READABLE) | S(DRIVER) | S(LAYER) | S(KEY) | S(FILTER) | S(ROWS),
	[FP_CHAIN_RASTER] = S(SOURCE) | S(PATH) | S(EXISTS) | S(READABLE) | S(DRIVER) | S(LAYER),
	[FP_CHAIN_QUERY] = S(SOURCE) | S(LAYER),
	[FP_CHAIN_DATABASE] = S(SOURCE) | S(NAME) | S(ADDRESS) | S(PORT) | S(TLS) | S(LOGIN) | S(DATABASE) | S(TABLE) | S(GEOMETRY) | S(KEY) | S(FILTER),
	[FP_CHAIN_WEB] = S(SOURCE) | S(NAME) | S(ADDRESS) | S(PORT) | S(TLS) | S(ANSWER) | S(LAYER),
};
#undef S

/* Puts the failure at the first stage of which the check said nothing, and says of the others that nobody came there. */
static void finish_stages(struct fp_check *c)
{
	unsigned chain = chains[c->p ? c->p->chain : FP_CHAIN_NONE];
	enum fp_mark mark = c->v->status == FP_LAYER_OK ? FP_MARK_NONE : c->v->status == FP_LAYER_NOT_CHECKED ? FP_MARK_UNKNOWN : FP_MARK_FAIL;
	int placed = mark == FP_MARK_NONE;

	for (int s = 0; s < FP_STAGES; s++)
		placed |= c->v->stages[s].mark == FP_MARK_FAIL || (c->v->stages[s].mark == FP_MARK_UNKNOWN && mark == FP_MARK_UNKNOWN);
	for (int s = 0, past = 0; s < FP_STAGES; s++) {
		if (c->v->stages[s].mark == FP_MARK_NONE && (chain & (1u << s))) {
			if (!placed)
				fp_stage(c, (enum fp_stage)s, mark, "%s", *c->v->detail ? c->v->detail : c->v->sentence);
			else if (past)
				fp_stage(c, (enum fp_stage)s, FP_MARK_NOT_REACHED, "%s", "");
			placed = 1;
		}
		past |= mark != FP_MARK_NONE && (c->v->stages[s].mark == FP_MARK_FAIL || c->v->stages[s].mark == FP_MARK_UNKNOWN);
	}
}

static struct fp_check begin(struct fp_verdict *v, const struct fp_checker *k, const struct fp_layer_def *layer)
{
	struct fp_check c = {.k = k, .project = k->project, .layer = layer, .v = v};

	memset(v, 0, sizeof *v);
	v->error_summary = fp_strdup("");
	v->provider_summary = fp_strdup("");
	v->sentence = fp_strdup("");
	v->detail = fp_strdup("");
	v->remedy = fp_strdup("");
	v->wkb_type = FP_WKB_UNKNOWN;
	fp_stage(&c, FP_STAGE_SOURCE, FP_MARK_OK, "%s", layer->datasource);
	return c;
}

void fp_layer_check(struct fp_verdict *v, const struct fp_checker *k, const struct fp_layer_def *layer)
{
	struct fp_check c = begin(v, k, layer);

	judge(&c);
	if (v->wkb_type == FP_WKB_UNKNOWN) /* what the project remembers is what QGIS tells of a layer that it cannot open */
		v->wkb_type = fp_wkb_type(layer->wkb_type);
	warn_in_general(&c);
	finish_stages(&c);
}

void fp_layer_unjudged(struct fp_verdict *v, const struct fp_checker *k, const struct fp_layer_def *layer, const char *key, const char *reason)
{
	struct fp_check c = begin(v, k, layer);

	v->wkb_type = fp_wkb_type(layer->wkb_type);
	fp_verdict_not_checked(&c, key, FP_SLOTS({"REASON", reason}, {"SECONDS", reason}));
	fp_stage(&c, FP_STAGE_READABLE, FP_MARK_UNKNOWN, "%s", v->sentence);
}
