/* What names layers beside the layers: tree, legend, order, themes, snapping, relations (spec/package.md 4.5, 4.7). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/package/patch.h"
#include "engine/project/xml.h"

static int is(const xmlNode *n, const char *name)
{
	return strcmp((const char *)n->name, name) == 0;
}

static int names_removed(const struct fp_patch *t, const xmlNode *n, const char *attr)
{
	char *id = fp_xml_attr(n, attr);
	int removed = fp_patch_is_removed(t, id);

	free(id);
	return removed;
}

/* Removes the layer, or points it to its source. 1: it stays. */
static int tree_layer(const struct fp_patch *t, xmlNode *n)
{
	char *id = fp_xml_attr(n, "id");
	const struct fp_pack_layer *l = fp_patch_find(t, id);
	int stays = !l || l->action != FP_PACK_REMOVE;

	free(id);
	if (!stays)
		fp_patch_drop(n);
	else if (l && l->action != FP_PACK_UNTOUCHED)
		fp_patch_point(l, n, "providerKey", "source");
	if (stays && l && l->def->from)
		fp_patch_own(n);
	return stays;
}

static void custom_order(const struct fp_patch *t, xmlNode *order)
{
	for (xmlNode *n = fp_patch_child(order, "item"), *next; n; n = next) {
		char *id = fp_xml_text(n);
		next = (xmlNode *)fp_xml_next(n);
		if (fp_patch_is_removed(t, id))
			fp_patch_drop(n);
		free(id);
	}
}

/* 1: GROUP holds a layer, at whatever depth, or may hold one when somebody finds the project that it is embedded from. */
static int group(struct fp_patch *t, xmlNode *g)
{
	int holds = fp_patch_is_embedded(g) && !fp_patch_embedded_group(t, g);

	for (xmlNode *n = g->children, *next; n; n = next) {
		next = n->next;
		if (n->type != XML_ELEMENT_NODE)
			continue;
		if (is(n, "layer-tree-layer")) {
			holds |= tree_layer(t, n);
		} else if (is(n, "custom-order")) {
			custom_order(t, n);
		} else if (is(n, "layer-tree-group")) {
			if (group(t, n))
				holds = 1;
			else
				fp_patch_drop(n);
		}
	}
	return holds;
}

void fp_patch_tree(struct fp_patch *t, xmlNode *root)
{
	group(t, root);
}

/* The legends of print layouts have trees of their own. */
static int layout_tree(void *arg, xmlNode *n)
{
	if (is(n, "layer-tree-layer"))
		return tree_layer(arg, n);
	return 1;
}

void fp_patch_layouts(struct fp_patch *t, xmlNode *layouts)
{
	fp_patch_walk(layouts, layout_tree, t);
}

/* Elements that go with the layer that an attribute names, wherever they stand below the root's child. */
static const struct {
	const char *below, *element, *attr;
} named[] = {
	{"layerorder", "layer", "id"},
	{"visibility-presets", "layer", "id"},
	{"visibility-presets", "checked-legend-nodes", "id"},
	{"visibility-presets", "expanded-legend-nodes", "id"},
	{"snapping-settings", "layer-setting", "id"},
	{"mapcanvas", "layer", "id"},
	{"relations", "relation", "referencingLayer"},
	{"relations", "relation", "referencedLayer"},
	{"polymorphicRelations", "relation", "referencingLayer"},
};

struct list {
	const struct fp_patch *t;
	const xmlNode *top;
};

/* "a,b" without the layers that are gone; a relation to none of them any more goes too. */
static int referenced(const struct fp_patch *t, xmlNode *n)
{
	char *ids = fp_xml_attr(n, "referencedLayerIds");
	struct fp_buf b = FP_BUF_INIT;
	int had = *ids != '\0', dropped;

	for (const char *p = ids; *p;) {
		size_t len = strcspn(p, ",");
		char *id = fp_strndup(p, len);
		if (!fp_patch_is_removed(t, id))
			fp_buf_addf(&b, "%s%s", b.len ? "," : "", id);
		free(id);
		p += len + (p[len] == ',');
	}
	dropped = had && b.len == 0;
	if (dropped)
		fp_patch_drop(n);
	else if (strcmp(b.data, ids) != 0)
		fp_patch_attr(n, "referencedLayerIds", b.data);
	fp_buf_free(&b);
	free(ids);
	return !dropped;
}

static int legend_layer(const struct fp_patch *t, xmlNode *n)
{
	int removed = 0;

	for (const xmlNode *f = fp_xml_path(n, "filegroup/legendlayerfile"); f && !removed; f = fp_xml_next(f))
		removed = names_removed(t, f, "layerid");
	if (removed)
		fp_patch_drop(n);
	return !removed;
}

static int in_list(void *arg, xmlNode *n)
{
	const struct list *l = arg;

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (is(l->top, named[i].below) && is(n, named[i].element) && names_removed(l->t, n, named[i].attr)) {
			fp_patch_drop(n);
			return 0;
		}
	if (is(n, "legendlayer"))
		return legend_layer(l->t, n);
	if (is(l->top, "polymorphicRelations") && is(n, "relation"))
		return referenced(l->t, n);
	return 1;
}

void fp_patch_lists(struct fp_patch *t, xmlNode *element)
{
	struct list l = {.t = t, .top = element};

	fp_patch_walk(element, in_list, &l);
}
