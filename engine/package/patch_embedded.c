#include <stdlib.h>
#include <string.h>

#include "engine/package/patch.h"
#include "engine/project/container.h"
#include "engine/project/source.h"

static int is(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

int fp_patch_is_stub(const struct fp_patch *t, const xmlNode *node)
{
	char *id = fp_xml_attr(node, "id");
	const struct fp_pack_layer *l = fp_xml_attr_is(node, "embedded", "1") ? fp_patch_find(t, id) : NULL;

	free(id);
	return l && l->def->from;
}

struct other {
	struct fp_patch *t;
	const char *path;
	json_t *done;      /* ids of layers that EACH has had: the first of an id is the layer */
	enum fp_status (*each)(void *arg, xmlNode *node, struct fp_pack_layer *l, struct fp_error *err);
	void *arg;
};

static int walk(void *arg, const char *name, int depth)
{
	(void)arg;
	return depth == 0 || (depth == 1 && strcmp(name, "projectlayers") == 0);
}

static enum fp_status pass(void *arg, xmlNode *element, struct fp_error *err)
{
	(void)arg;
	(void)element;
	(void)err;
	return FP_OK;
}

static enum fp_status pieces(void *arg, xmlNode *parent, int depth, struct fp_error *err)
{
	struct other *o = arg;
	struct fp_pack_layer *l;
	char *id;

	if (depth != 1 || !is(parent->last, "maplayer") || fp_xml_attr_is(parent->last, "embedded", "1"))
		return FP_OK;
	id = fp_xml_text(fp_xml_child(parent->last, "id"));
	l = fp_patch_find(o->t, id);
	if (!l || !l->def->from || strcmp(l->def->from, o->path) != 0 || json_object_get(o->done, id))
		l = NULL;
	else
		json_object_set_new(o->done, id, json_true());
	free(id);
	return l ? o->each(o->arg, parent->last, l, err) : FP_OK;
}

static enum fp_status read_other(struct other *o, struct fp_error *err)
{
	static const struct fp_xml_pieces to = {.walk = walk, .open = pass, .pieces = pieces, .close = pass};
	struct fp_xml *x = fp_xml_new_pieces(&to, o);
	enum fp_status st = fp_container_read(x, o->path, err);

	if (st == FP_OK)
		st = fp_xml_end(x, err);
	fp_xml_free(x);
	return st;
}

enum fp_status fp_patch_embedded(struct fp_patch *t, enum fp_status (*each)(void *arg, xmlNode *node, struct fp_pack_layer *l, struct fp_error *err), void *arg,
	struct fp_error *err)
{
	struct other o = {.t = t, .done = json_object(), .each = each, .arg = arg};
	struct fp_strv read = {0};
	enum fp_status st = FP_OK;

	for (size_t i = 0; i < t->p->n_layers && st == FP_OK; i++) {
		o.path = t->p->layers[i].def->from;
		if (!o.path || fp_strv_has(&read, o.path))
			continue;
		fp_strv_add(&read, o.path);
		st = read_other(&o, err);
	}
	json_decref(o.done);
	fp_strv_free(&read);
	return st;
}

int fp_patch_is_embedded(const xmlNode *group)
{
	char *embedded = fp_patch_get_property(group, "embedded");
	int yes = strcmp(embedded, "1") == 0;

	free(embedded);
	return yes;
}

void fp_patch_own(xmlNode *node)
{
	static const char *const keys[] = {"embedded", "embedded_project", "embedded-invisible-layers"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		fp_patch_no_property(node, keys[i]);
}

/* The path of the project that GROUP is embedded from, as the reader found it good; NULL when none of its layers was. Borrowed. */
static const char *project_of(const struct fp_patch *t, const xmlNode *group)
{
	char *written = fp_patch_get_property(group, "embedded_project"), *path = fp_source_resolve(t->p->project->home, written);
	const char *found = NULL;

	for (size_t i = 0; i < t->p->n_layers && !found; i++)
		if (t->p->layers[i].def->from && strcmp(t->p->layers[i].def->from, path) == 0)
			found = t->p->layers[i].def->from;
	free(written);
	free(path);
	return found;
}

static int keep_tree(const char *parent, int depth, const char *name)
{
	(void)parent;
	return depth != 1 || strcmp(name, "layer-tree-group") == 0;
}

static xmlDoc *read_tree(const char *path)
{
	struct fp_xml *x = fp_xml_new(keep_tree);
	xmlDoc *doc = NULL;
	struct fp_error err;

	if (fp_container_read(x, path, &err) == FP_OK)
		fp_xml_finish(x, &doc, &err);
	fp_xml_free(x);
	return doc;
}

/* The layer tree of the project at PATH, read once. */
static xmlDoc *tree_of(struct fp_patch *t, const char *path)
{
	for (size_t i = 0; i < t->n_trees; i++)
		if (strcmp(t->others.items[i], path) == 0)
			return t->trees[i];
	FP_GROW(t->trees, t->n_trees, t->cap_trees);
	fp_strv_add(&t->others, path);
	t->trees[t->n_trees] = read_tree(path);
	return t->trees[t->n_trees++];
}

void fp_patch_forget_trees(struct fp_patch *t)
{
	for (size_t i = 0; i < t->n_trees; i++)
		if (t->trees[i])
			xmlFreeDoc(t->trees[i]);
	free(t->trees);
	fp_strv_free(&t->others);
}

static xmlNode *find_group(xmlNode *parent, const char *name)
{
	for (xmlNode *n = parent->children; n; n = n->next) {
		xmlNode *found;
		if (!is(n, "layer-tree-group"))
			continue;
		found = fp_xml_attr_is(n, "name", name) ? n : find_group(n, name);
		if (found)
			return found;
	}
	return NULL;
}

/* What the other project embeds itself is not followed: one level only, as the layers are read. */
static int is_ours(const struct fp_patch *t, const xmlNode *n)
{
	char *id;
	const struct fp_pack_layer *l;

	if (is(n, "layer-tree-group"))
		return !fp_patch_is_embedded(n);
	if (!is(n, "layer-tree-layer"))
		return 0;
	id = fp_xml_attr(n, "id");
	l = fp_patch_find(t, id);
	free(id);
	return l && l->def->from;
}

static int prune(void *arg, xmlNode *n)
{
	if (!is(n, "layer-tree-group") && !is(n, "layer-tree-layer"))
		return 0;
	if (is_ours(arg, n))
		return 1;
	fp_patch_drop(n);
	return 0;
}

/* Which layers of an embedded group are not shown is said at the group, by their ids. */
static struct fp_strv invisible(const xmlNode *group)
{
	static const char key[] = "embedded-invisible-layers";
	const xmlNode *holder = fp_xml_child(group, "customproperties");
	struct fp_strv ids = {0};

	for (const xmlNode *n = fp_xml_path(holder, "Option/Option"); n; n = fp_xml_next(n))
		for (const xmlNode *v = fp_xml_attr_is(n, "name", key) ? fp_xml_child(n, "Option") : NULL; v; v = fp_xml_next(v))
			fp_strv_take(&ids, fp_xml_attr(v, "value"));
	for (const xmlNode *n = fp_xml_child(holder, "property"); n; n = fp_xml_next(n))
		for (const xmlNode *v = fp_xml_attr_is(n, "key", key) ? fp_xml_child(n, "value") : NULL; v; v = fp_xml_next(v))
			fp_strv_take(&ids, fp_xml_text(v));
	return ids;
}

static int show(void *arg, xmlNode *n)
{
	if (is(n, "layer-tree-layer")) {
		char *id = fp_xml_attr(n, "id");
		fp_patch_attr(n, "checked", fp_strv_has(arg, id) ? "Qt::Unchecked" : "Qt::Checked");
		free(id);
	}
	return is(n, "layer-tree-group");
}

/* The nodes are moved: a group that is embedded twice is there once, as each of its layers is. */
static void take_children(struct fp_patch *t, xmlNode *group, xmlNode *from)
{
	struct fp_strv hidden = invisible(group);

	for (xmlNode *n = from->children, *next; n; n = next) {
		next = n->next;
		if (is_ours(t, n)) {
			xmlAddChild(group, xmlDocCopyNode(n, group->doc, 1));
			xmlUnlinkNode(n);
			xmlFreeNode(n);
		}
	}
	fp_patch_walk(group, prune, t);
	fp_patch_walk(group, show, &hidden);
	fp_patch_own(group);
	fp_strv_free(&hidden);
}

int fp_patch_embedded_group(struct fp_patch *t, xmlNode *group)
{
	const char *path = project_of(t, group);
	xmlDoc *doc = path ? tree_of(t, path) : NULL;
	char *name = fp_xml_attr(group, "name");
	xmlNode *found = doc ? find_group(xmlDocGetRootElement(doc), name) : NULL;

	if (found)
		take_children(t, group, found);
	free(name);
	return found != NULL;
}
