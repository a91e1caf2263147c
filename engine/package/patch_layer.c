/* <maplayer> (spec/package.md 4.1 to 4.6). */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/check.h"
#include "engine/package/patch.h"
#include "engine/project/source.h"
#include "engine/project/xml.h"

static int by_id(const void *id, const void *layer)
{
	return strcmp(id, ((const struct fp_pack_layer *)layer)->def->id);
}

struct fp_pack_layer *fp_patch_find(const struct fp_patch *t, const char *id)
{
	return bsearch(id, t->p->layers, t->p->n_layers, sizeof *t->p->layers, by_id);
}

int fp_patch_is_removed(const struct fp_patch *t, const char *id)
{
	const struct fp_pack_layer *l = fp_patch_find(t, id);

	return l && l->action == FP_PACK_REMOVE;
}

/* The layer that NODE defines. The reader numbers short ids that come again; of longer ones all are like the first. */
struct fp_pack_layer *fp_patch_defined(struct fp_patch *t, xmlNode *node)
{
	enum { IGNORED = 10 }; /* as engine/project/layerdefs.c has it */
	char *id = fp_xml_text(fp_xml_child(node, "id"));
	struct fp_pack_layer *l = NULL;

	if (strlen(id) <= IGNORED) {
		json_int_t n = json_integer_value(json_object_get(t->met, id)) + 1;
		json_object_set_new(t->met, id, json_integer(n));
		if (n > 1) {
			char *numbered = fp_asprintf("%s (%lld)", id, (long long)n);
			l = fp_patch_find(t, numbered);
			free(numbered);
		}
	}
	if (!l)
		l = fp_patch_find(t, id);
	free(id);
	return l;
}

static const char *provider_of(const struct fp_pack_layer *l)
{
	return l->provider ? l->provider : fp_layer_provider(l->def);
}

static const char *source_of(const struct fp_pack_layer *l)
{
	return l->datasource ? l->datasource : l->def->datasource;
}

static int holds_secret(const char *source)
{
	char *clean = fp_source_redact(source);
	int secret = strcmp(clean, source) != 0;

	free(clean);
	return secret;
}

void fp_patch_point(const struct fp_pack_layer *l, xmlNode *node, const char *provider, const char *source)
{
	if (holds_secret(source_of(l)))
		return;
	if (xmlHasProp(node, (const xmlChar *)source))
		fp_patch_attr(node, source, source_of(l));
	if (xmlHasProp(node, (const xmlChar *)provider))
		fp_patch_attr(node, provider, provider_of(l));
}

static void set_source(const struct fp_pack_layer *l, xmlNode *node)
{
	xmlNode *source = fp_patch_child(node, "datasource"), *provider = fp_patch_child(node, "provider");

	if (l->datasource)
		fp_patch_text(source ? source : fp_patch_append(node, "datasource"), l->datasource);
	if (!l->provider)
		return;
	if (!provider)
		provider = fp_patch_append(node, "provider");
	fp_patch_text(provider, l->provider);
	if (l->action == FP_PACK_OFFLINE)
		fp_patch_attr(provider, "encoding", "UTF-8");
}

static void set_key(const struct fp_patch *t, const struct fp_pack_layer *l, xmlNode *node)
{
	static const char found[] = "QFieldSync/sourceDataPrimaryKeys", none[] = "QFieldSync/unsupported_source_pk";

	fp_patch_no_property(node, l->pk ? none : found);
	fp_patch_property(t, node, l->pk ? found : none, "QString", l->pk ? l->pk : "1");
}

/* A package that is packaged again must not say of a layer where its features were the last time. */
static void set_origin(const struct fp_patch *t, const struct fp_pack_layer *l, xmlNode *node)
{
	static const char *const keys[] = {"isOfflineEditable", "layerNameSuffix", "remoteLayerId", "remoteProvider", "remoteSource"};
	char *source;

	if (l->action != FP_PACK_OFFLINE) {
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			fp_patch_no_property(node, keys[i]);
		return;
	}
	source = fp_patch_remote_source(t->p, l->def);
	fp_patch_property(t, node, "isOfflineEditable", "bool", "true");
	fp_patch_property(t, node, "layerNameSuffix", "QString", "");
	fp_patch_property(t, node, "remoteLayerId", "QString", l->def->id);
	fp_patch_property(t, node, "remoteProvider", "QString", fp_layer_provider(l->def));
	fp_patch_property(t, node, "remoteSource", "QString", source);
	free(source);
}

/* The row of LIST for the field NAME, NULL when there is none. */
static xmlNode *row_of(xmlNode *list, const char *row, const char *attr, const char *name)
{
	for (xmlNode *n = fp_patch_child(list, row); n; n = (xmlNode *)fp_xml_next(n))
		if (fp_xml_attr_is(n, attr, name))
			return n;
	return NULL;
}

static xmlNode *list_of(xmlNode *layer, const char *name)
{
	xmlNode *n = fp_patch_child(layer, name);

	return n ? n : fp_patch_append(layer, name);
}

/* A form does not show NAME. Configuration flags came with 3.16 and changed their word for none; a reader passes over one that it does not know. */
static void hide(const struct fp_patch *t, xmlNode *node, const char *name, xmlNode *(*add)(xmlNode *parent, const char *name))
{
	enum { FLAGS_SINCE = 316, NO_FLAG_SINCE = 331 };
	xmlNode *list = list_of(node, "fieldConfiguration"), *n = row_of(list, "field", "name", name);

	if (n)
		fp_patch_drop(n);
	n = add(list, "field");
	fp_patch_attr(n, "name", name);
	if (t->version >= FLAGS_SINCE)
		fp_patch_attr(n, "configurationFlags", t->version >= NO_FLAG_SINCE ? "NoFlag" : "None");
	n = fp_patch_append(n, "editWidget");
	fp_patch_attr(n, "type", "Hidden");
	fp_patch_append(fp_patch_append(n, "config"), "Option");
}

/* The local key of a layer that is joined with all its fields is a field here too. */
static void hide_joined(const struct fp_patch *t, xmlNode *node)
{
	for (const xmlNode *n = fp_xml_path(node, "vectorjoins/join"); n; n = fp_xml_next(n)) {
		char *id = fp_xml_attr(n, "joinLayerId"), *name;
		const struct fp_pack_layer *l = fp_patch_find(t, id);
		free(id);
		if (!l || l->action != FP_PACK_OFFLINE || fp_xml_child(n, "joinFieldsSubset"))
			continue;
		name = fp_xml_attr_is(n, "hasCustomPrefix", "1") ? fp_xml_attr(n, "customPrefix") : fp_asprintf("%s_", l->def->name);
		id = fp_asprintf("%s%s", name, t->p->tables[l->table].local_key);
		hide(t, node, id, fp_patch_append);
		free(id);
		free(name);
	}
}

enum { NOT_NULL = 1, UNIQUE = 2 };

static xmlNode *constraint(xmlNode *n, const char *field, int bits, const char *not_null, const char *unique)
{
	char text[16];

	snprintf(text, sizeof text, "%d", bits);
	if (field)
		fp_patch_attr(n, "field", field);
	fp_patch_attr(n, "constraints", text);
	fp_patch_attr(n, "notnull_strength", not_null);
	fp_patch_attr(n, "unique_strength", unique);
	if (!xmlHasProp(n, (const xmlChar *)"exp_strength"))
		fp_patch_attr(n, "exp_strength", "0");
	return n;
}

/* What the table of data.gpkg does not say any more is said here: NOT NULL and UNIQUE. And what the source fills in by itself is not asked of people. */
static void constrain_field(xmlNode *list, const struct fp_pack_field *f)
{
	xmlNode *n = row_of(list, "constraint", "field", f->name);
	int ask = f->not_null && !f->has_default, had, bits;
	char *text, *not_null, *unique;

	if (!n) {
		bits = (ask ? NOT_NULL : 0) | (f->unique ? UNIQUE : 0);
		if (bits)
			constraint(fp_patch_append(list, "constraint"), f->name, bits, ask ? "1" : "0", f->unique ? "1" : "0");
		return;
	}
	text = fp_xml_attr(n, "constraints");
	had = atoi(text);
	bits = (f->has_default ? had & ~NOT_NULL : had | (ask ? NOT_NULL : 0)) | (f->unique ? UNIQUE : 0);
	if (bits != had || f->has_default) {
		not_null = bits & ~had & NOT_NULL ? fp_strdup("1") : f->has_default ? fp_strdup("0") : fp_xml_attr(n, "notnull_strength");
		unique = bits & ~had & UNIQUE ? fp_strdup("1") : fp_xml_attr(n, "unique_strength");
		constraint(n, NULL, bits, not_null, unique);
		free(not_null);
		free(unique);
	}
	free(text);
}

static void constrain(const struct fp_pack_layer *l, const struct fp_pack_table *table, xmlNode *node)
{
	xmlNode *list = list_of(node, "constraints"), *n = row_of(list, "constraint", "field", table->local_key);

	if (n)
		fp_patch_drop(n);
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct fp_pack_field *f = &table->fields[i], loose = {.name = f->name};
		constrain_field(list, l->query && (!l->pk || strcmp(f->name, l->pk) != 0) ? &loose : f);
	}
	constraint(fp_patch_prepend(list, "constraint"), table->local_key, NOT_NULL | UNIQUE, "1", "1");
}

/* A relation as a layer repeats it, with the source of the layer at its other end (4.5). */
static void relations(const struct fp_patch *t, xmlNode *list)
{
	for (xmlNode *n = fp_patch_child(list, "relation"), *next; n; n = next) {
		char *id = fp_xml_attr(n, "layerId");
		const struct fp_pack_layer *l = fp_patch_find(t, id);
		next = (xmlNode *)fp_xml_next(n);
		free(id);
		if (l && l->action == FP_PACK_REMOVE)
			fp_patch_drop(n);
		else if (l)
			fp_patch_point(l, n, "providerKey", "dataSource");
	}
}

/* The layer that a value relation means: by its id; or, as the plugin mends it when the id leads nowhere, by its source or its name. */
static struct fp_pack_layer *value_layer(const struct fp_patch *t, const char *id, const char *source, const char *name)
{
	struct fp_pack_layer *named = NULL;

	if (fp_patch_find(t, id))
		return fp_patch_find(t, id);
	for (size_t i = 0; i < t->p->n_layers; i++) {
		struct fp_pack_layer *l = &t->p->layers[i];
		if (*source && strcmp(l->def->datasource, source) == 0)
			return l;
		if (*name && !named && strcmp(l->def->name, name) == 0)
			named = l;
	}
	return named;
}

struct widgets {
	struct fp_patch *t;
	struct fp_pack_layer *layer; /* may be NULL */
};

/* Widgets repeat the source of the layer that they take values from beside its id: a hint, which often names a file of the author's computer. What the
 * widget of a relation says is only for the one who configures it, so that it stays unless there is a password in it. */
static const struct hint {
	const char *source, *id, *name, *provider;
	int secrets_only;
} hints[] = {
	{"LayerSource", "Layer", "LayerName", "LayerProviderName", 0},
	{"ReferencedLayerDataSource", "ReferencedLayerId", "ReferencedLayerName", "ReferencedLayerProviderKey", 1},
};

static const struct hint *hint_of(xmlNode *n)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (fp_xml_attr_is(n, "name", hints[i].source) && row_of(n->parent, "Option", "name", hints[i].id))
			return &hints[i];
	return NULL;
}

static char *option(xmlNode *map, const char *name)
{
	return fp_xml_attr(row_of(map, "Option", "name", name), "value");
}

static void point_hint(const struct widgets *w, xmlNode *n, const struct hint *h)
{
	xmlNode *provider = row_of(n->parent, "Option", "name", h->provider);
	char *id = option(n->parent, h->id), *name = option(n->parent, h->name), *source = fp_xml_attr(n, "value");
	const struct fp_pack_layer *l = value_layer(w->t, id, source, name);

	if (l && l->action != FP_PACK_REMOVE) {
		fp_patch_point(l, n, "", "value");
		if (provider)
			fp_patch_attr(provider, "value", provider_of(l));
	} else if (*id || *name) {
		fp_patch_attr(n, "value", "");
		fp_package_warn(w->t->p, w->layer, "value_relation", 1, "a list of values is taken from the layer \"%s\", which is not in the package",
			*name ? name : id);
	}
	free(id);
	free(name);
	free(source);
}

static int widget(void *arg, xmlNode *n)
{
	const struct hint *h = strcmp((const char *)n->name, "Option") == 0 ? hint_of(n) : NULL;
	char *source;

	if (!h)
		return 1;
	source = fp_xml_attr(n, "value");
	if (!h->secrets_only || holds_secret(source))
		point_hint(arg, n, h);
	free(source);
	return 1;
}

static int is_type(const struct fp_pack_layer *l, const char *type)
{
	return strcmp(l->def->type, type) == 0;
}

/* QGIS gives a layer without any custom property those of its provider, which it forgets as soon as there is one. */
static void keep_defaults(const struct fp_patch *t, const struct fp_pack_layer *l, xmlNode *node)
{
	static const struct {
		const char *provider, *of, *format;
	} identify[] = {{"gdal", "", "Value"}, {"wcs", "", "Value"}, {"postgresraster", "", "Value"}, {"arcgismapserver", "", "Feature"}, {"wms", "type=xyz", "Value"},
		{"wms", "type=mbtiles", "Value"}};

	for (size_t i = 0; i < sizeof identify / sizeof *identify && is_type(l, "raster") && !fp_patch_child(node, "customproperties"); i++)
		if (strcmp(fp_layer_provider(l->def), identify[i].provider) == 0 && strstr(l->def->datasource, identify[i].of))
			fp_patch_property(t, node, "identify/format", "QString", identify[i].format);
}

static void set_properties(const struct fp_patch *t, const struct fp_pack_layer *l, xmlNode *node)
{
	fp_patch_property(t, node, "QFieldSync/remoteLayerId", "QString", l->def->id);
	if (is_type(l, "vector"))
		set_key(t, l, node);
	set_origin(t, l, node);
}

static void set_form(const struct fp_patch *t, const struct fp_pack_layer *l, xmlNode *node)
{
	hide_joined(t, node);
	if (l->action == FP_PACK_OFFLINE)
		hide(t, node, t->p->tables[l->table].local_key, fp_patch_prepend);
}

static int is_ours(const struct fp_pack_layer *l)
{
	return l && l->action != FP_PACK_UNTOUCHED && !is_type(l, "annotation") && !is_type(l, "group");
}

static void set_relations(const struct fp_patch *t, xmlNode *node)
{
	relations(t, fp_patch_child(node, "referencedLayers"));
	relations(t, fp_patch_child(node, "referencingLayers"));
}

/* A style that the layer keeps beside its own takes the place of all that it repeats, custom properties too, as soon as somebody changes to it. */
static void set_styles(const struct fp_patch *t, const struct fp_pack_layer *l, xmlNode *node)
{
	for (const xmlNode *n = fp_xml_path(node, "map-layer-style-manager/map-layer-style"); n; n = fp_xml_next(n)) {
		xmlNode *style = fp_patch_child((xmlNode *)n, "qgis");
		set_relations(t, style);
		if (!is_ours(l))
			continue;
		if (fp_patch_child(style, "customproperties"))
			set_properties(t, l, style);
		if (fp_patch_child(style, "fieldConfiguration"))
			set_form(t, l, style);
		if (fp_patch_child(style, "constraints") && l->action == FP_PACK_OFFLINE)
			constrain(l, &t->p->tables[l->table], style);
	}
}

int fp_patch_layer(struct fp_patch *t, xmlNode *node, struct fp_pack_layer *l)
{
	struct widgets w = {.t = t, .layer = l};

	if (l && l->action == FP_PACK_REMOVE)
		return 0;
	fp_patch_walk(node, widget, &w);
	set_relations(t, node);
	set_styles(t, l, node);
	if (!is_ours(l))
		return 1;
	set_source(l, node);
	keep_defaults(t, l, node);
	set_properties(t, l, node);
	set_form(t, l, node);
	if (l->read_only)
		fp_patch_attr(node, "readOnly", "1");
	if (l->action == FP_PACK_OFFLINE)
		constrain(l, &t->p->tables[l->table], node);
	return 1;
}
