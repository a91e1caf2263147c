/* The <maplayer> elements of a project and of those it embeds (spec/layers.md 1.2, 1.4). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/project/reader.h"
#include "engine/project/source.h"

/* Types that become a row. QGIS drops any other, and plugin layers when their plugin is not there. */
static const char *const types[] = {"vector", "raster", "mesh", "vector-tile", "point-cloud", "annotation", "group", "tiled-scene", NULL};

static const char too_many[] = "the project has more than 10000 layers: the rest was left out";

/* Takes TEXT over. */
static void note(struct fp_project *p, char *text)
{
	if (p->notes.n < FP_NOTES_MAX) {
		fp_strv_take(&p->notes, text);
		return;
	}
	if (p->notes.n == FP_NOTES_MAX)
		fp_strv_add(&p->notes, "there is more to be said of this project than is said here");
	free(text);
}

/* Where LAYERS of the project has the layer with that id; -1 when it has none. */
static json_int_t index_of(const struct fp_reader *r, const char *id)
{
	const json_t *i = json_object_get(r->ids, id);

	return i ? json_integer_value(i) : -1;
}

static char *lower(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return s;
}

static int is_row(const char *type)
{
	for (const char *const *t = types; *t; t++)
		if (strcmp(*t, type) == 0)
			return 1;
	return 0;
}

/* The field of that name, made when there is none. INDEX knows them. Takes NAME over. */
static struct fp_field_def *field(struct fp_layer_def *l, json_t *index, char *name)
{
	const json_t *known = json_object_get(index, name);
	struct fp_field_def *f;

	if (known) {
		free(name);
		return &l->fields[json_integer_value(known)];
	}
	json_object_set_new(index, name, json_integer((json_int_t)l->n_fields));
	FP_GROW(l->fields, l->n_fields, l->cap_fields);
	f = &l->fields[l->n_fields++];
	*f = (struct fp_field_def){.name = name};
	return f;
}

/* Field names in the places where the versions of QGIS write all of them: 3.x fieldConfiguration and defaults, 2.x edittypes. */
static void read_fields(struct fp_layer_def *l, const xmlNode *layer)
{
	json_t *index = json_object();

	for (const xmlNode *n = fp_xml_path(layer, "fieldConfiguration/field"); n; n = fp_xml_next(n))
		field(l, index, fp_reader_attr(n, "name"));
	for (const xmlNode *n = fp_xml_path(layer, "edittypes/edittype"); n; n = fp_xml_next(n))
		field(l, index, fp_reader_attr(n, "name"));
	for (const xmlNode *n = fp_xml_path(layer, "defaults/default"); n; n = fp_xml_next(n)) {
		struct fp_field_def *f = field(l, index, fp_reader_attr(n, "field"));
		char *expression = fp_reader_attr(n, "expression");
		if (!f->default_expression && *expression) {
			f->default_expression = expression;
			f->default_on_update = fp_xml_attr_is(n, "applyOnUpdate", "1");
		} else {
			free(expression);
		}
	}
	for (const xmlNode *n = fp_xml_path(layer, "expressionfields/field"); n; n = fp_xml_next(n))
		fp_strv_take(&l->joined_fields, fp_reader_attr(n, "name"));
	json_decref(index);
}

/* A custom property of a layer or a tree group, in both forms: <property key= value=> and <Option name= value=>. NULL: it has none. */
static char *find_property(const xmlNode *node, const char *key)
{
	const xmlNode *holder = fp_xml_child(node, "customproperties");

	for (const xmlNode *n = fp_xml_child(holder, "property"); n; n = fp_xml_next(n))
		if (fp_xml_attr_is(n, "key", key))
			return fp_reader_attr(n, "value");
	for (const xmlNode *n = fp_xml_path(holder, "Option/Option"); n; n = fp_xml_next(n))
		if (fp_xml_attr_is(n, "name", key))
			return fp_reader_attr(n, "value");
	return NULL;
}

static char *custom_property(const xmlNode *node, const char *key)
{
	char *value = find_property(node, key);

	return value ? value : fp_strdup("");
}

/* Whether the layer becomes a row: a known type, an id that is not taken (the first wins), and room. */
static int accept(const struct fp_reader *r, const char *id, const char *type, int embedded)
{
	struct fp_project *p = r->project;

	if (!is_row(type)) {
		note(p, fp_asprintf("layer \"%s\" of type \"%s\" skipped: QGIS opens it only with the plugin that made it", id, type));
		return 0;
	}
	if (p->n_layers == FP_LAYERS_MAX) {
		if (!fp_strv_has(&p->notes, too_many))
			fp_strv_add(&p->notes, too_many);
		return 0;
	}
	if (index_of(r, id) < 0)
		return 1;
	if (!embedded)
		note(p, fp_asprintf("two layers have the id \"%s\": only the first is read", id));
	return 0;
}

/* QGIS ignores ids of up to 10 characters and invents others, so there two layers may share one and both are opened. We keep what the file says
 * and number what comes after. Takes ID over. */
static char *numbered(const struct fp_reader *r, char *id, int embedded)
{
	enum { IGNORED = 10 };
	char *first = id;
	json_int_t n;

	if (embedded || strlen(id) > IGNORED || index_of(r, id) < 0)
		return id;
	n = json_integer_value(json_object_get(r->numbers, first));
	n = n ? n + 1 : 2;
	for (id = NULL; !id || index_of(r, id) >= 0; n++) {
		free(id);
		id = fp_asprintf("%s (%lld)", first, (long long)n);
	}
	json_object_set_new(r->numbers, first, json_integer(n - 1));
	free(first);
	return id;
}

/* Adds the layer that NODE of document DOC defines. */
static void add_layer(struct fp_reader *r, size_t doc, const xmlNode *node)
{
	struct fp_project *p = r->project;
	char *id = fp_reader_text(fp_xml_child(node, "id")), *type = lower(fp_reader_attr(node, "type"));
	const xmlNode *provider = fp_xml_child(node, "provider");
	struct fp_layer_def *l;

	id = numbered(r, id, doc != 0);
	if (!accept(r, id, type, doc != 0)) {
		free(id);
		free(type);
		return;
	}
	json_object_set_new(r->ids, id, json_integer((json_int_t)p->n_layers));
	FP_GROW(p->layers, p->n_layers, p->cap_layers);
	l = &p->layers[p->n_layers++];
	*l = (struct fp_layer_def){.id = id, .type = type};
	l->name = fp_reader_text(fp_xml_child(node, "layername"));
	l->provider = provider ? fp_reader_text(provider) : NULL;
	l->encoding = fp_reader_attr(provider, "encoding");
	l->datasource = fp_reader_text(fp_xml_child(node, "datasource"));
	l->crs = fp_reader_crs(fp_xml_path(node, "srs/spatialrefsys"));
	l->wkb_type = fp_reader_attr(node, "wkbType");
	l->geometry = fp_reader_attr(node, "geometry");
	l->read_only = fp_xml_attr_is(node, "readOnly", "1");
	l->home = fp_strdup(r->docs[doc].home);
	l->from = doc ? fp_strdup(r->docs[doc].path) : NULL;
	l->cloud_action = find_property(node, "QFieldSync/cloud_action");
	read_fields(l, node);
	FP_GROW(r->nodes, r->n_nodes, r->cap_nodes);
	r->nodes[r->n_nodes++] = node;
}

/* The index of the embedded project that is written as PATH, or 0 with a note when it cannot be had. */
static size_t other_project(struct fp_reader *r, const char *path, const char *what)
{
	struct fp_project *p = r->project;
	char *full = fp_source_resolve(p->home, path), real[4096];
	struct fp_error err;
	size_t i = 1;

	while (i < r->n_docs && strcmp(r->docs[i].path, full) != 0)
		i++;
	if (i < r->n_docs) {
		free(full);
		return r->docs[i].doc ? i : 0;
	}
	if (full[0] != '/' || !fp_path_below(full, p->root) || (realpath(full, real) && !fp_path_below(real, p->root)))
		note(p, fp_asprintf("%s: embedded project \"%s\" points outside the project folder", what, path));
	else if (access(full, F_OK) != 0)
		note(p, fp_asprintf("%s: missing project file \"%s\"", what, path));
	else if (r->n_docs > FP_PROJECTS_MAX)
		note(p, fp_asprintf("%s: more than %d embedded projects, \"%s\" was not read", what, FP_PROJECTS_MAX, path));
	else if (fp_reader_open(r, full, &err) != FP_OK)
		note(p, fp_asprintf("%s: embedded project \"%s\" cannot be read: %s", what, path, err.msg));
	free(full);
	return i < r->n_docs && r->docs[i].doc ? i : 0;
}

static const xmlNode *first_layer(const struct fp_reader *r, size_t doc)
{
	return fp_xml_path(xmlDocGetRootElement(r->docs[doc].doc), "projectlayers/maplayer");
}

/* Adds layer ID of document DOC; one level only, so what that one embeds itself stays out. */
static void add_embedded(struct fp_reader *r, size_t doc, const char *id)
{
	for (const xmlNode *n = first_layer(r, doc); n; n = fp_xml_next(n)) {
		char *text;
		int same;
		if (fp_xml_attr_is(n, "embedded", "1"))
			continue;
		text = fp_reader_text(fp_xml_child(n, "id"));
		same = strcmp(text, id) == 0;
		free(text);
		if (same) {
			add_layer(r, doc, n);
			return;
		}
	}
}

static void embed_layer(struct fp_reader *r, const xmlNode *node)
{
	char *id = fp_reader_attr(node, "id"), *path = fp_reader_attr(node, "project"), *what = fp_asprintf("embedded layer \"%s\"", id);
	size_t doc = other_project(r, path, what);

	if (doc)
		add_embedded(r, doc, id);
	free(id);
	free(path);
	free(what);
}

static void embed_tree(struct fp_reader *r, size_t doc, const xmlNode *group)
{
	for (const xmlNode *n = fp_xml_child(group, "layer-tree-layer"); n; n = fp_xml_next(n)) {
		char *id = fp_reader_attr(n, "id");
		add_embedded(r, doc, id);
		free(id);
	}
	for (const xmlNode *n = fp_xml_child(group, "layer-tree-group"); n; n = fp_xml_next(n))
		embed_tree(r, doc, n);
}

static const xmlNode *find_group(const xmlNode *parent, const char *name)
{
	for (const xmlNode *n = fp_xml_child(parent, "layer-tree-group"); n; n = fp_xml_next(n)) {
		const xmlNode *found = fp_xml_attr_is(n, "name", name) ? n : find_group(n, name);
		if (found)
			return found;
	}
	return NULL;
}

static void embed_group(struct fp_reader *r, const xmlNode *group, const char *path)
{
	char *name = fp_reader_attr(group, "name"), *what = fp_asprintf("embedded group \"%s\"", name);
	size_t doc = other_project(r, path, what);
	const xmlNode *found = doc ? find_group(xmlDocGetRootElement(r->docs[doc].doc), name) : NULL;

	if (found)
		embed_tree(r, doc, found);
	else if (doc)
		note(r->project, fp_asprintf("%s: project \"%s\" has no such group", what, path));
	free(name);
	free(what);
}

static void embed_groups(struct fp_reader *r, const xmlNode *parent)
{
	for (const xmlNode *n = fp_xml_child(parent, "layer-tree-group"); n; n = fp_xml_next(n)) {
		char *embedded = custom_property(n, "embedded"), *path = custom_property(n, "embedded_project");
		if (strcmp(embedded, "1") == 0 && *path)
			embed_group(r, n, path);
		else
			embed_groups(r, n);
		free(embedded);
		free(path);
	}
}

/* One joined field: the prefix is the join's own, or the joined layer's name and "_". */
static void add_joined(struct fp_reader *r, struct fp_layer_def *l, const xmlNode *join, const struct fp_layer_def *from, const char *name)
{
	char *prefix = fp_xml_attr_is(join, "hasCustomPrefix", "1") ? fp_reader_attr(join, "customPrefix") : fp_asprintf("%s_", from->name);
	fp_strv_take(&l->joined_fields, fp_asprintf("%s%s", prefix, name));
	free(prefix);
	r->n_joined++;
}

static void read_join(struct fp_reader *r, struct fp_layer_def *l, const xmlNode *join)
{
	char *id = fp_reader_attr(join, "joinLayerId");
	json_int_t index = index_of(r, id);
	const struct fp_layer_def *from;
	const xmlNode *subset = fp_xml_child(join, "joinFieldsSubset");

	free(id);
	if (index < 0 || r->n_joined >= FP_JOINED_MAX)
		return;
	from = &r->project->layers[index];
	for (const xmlNode *n = fp_xml_child(subset, "field"); n; n = fp_xml_next(n)) {
		char *name = fp_reader_attr(n, "name");
		add_joined(r, l, join, from, name);
		free(name);
	}
	for (size_t i = 0; !subset && i < from->n_fields; i++)
		if (!fp_xml_attr_is(join, "joinFieldName", from->fields[i].name))
			add_joined(r, l, join, from, from->fields[i].name);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct fp_layer_def *)a)->id, ((const struct fp_layer_def *)b)->id);
}

void fp_reader_layers(struct fp_reader *r)
{
	struct fp_project *p = r->project;

	for (const xmlNode *n = first_layer(r, 0); n; n = fp_xml_next(n)) {
		if (fp_xml_attr_is(n, "embedded", "1"))
			embed_layer(r, n);
		else
			add_layer(r, 0, n);
	}
	embed_groups(r, xmlDocGetRootElement(r->docs[0].doc));
	for (size_t i = 0; i < p->n_layers; i++)
		for (const xmlNode *j = fp_xml_path(r->nodes[i], "vectorjoins/join"); j; j = fp_xml_next(j))
			read_join(r, &p->layers[i], j);
	if (p->n_layers)
		qsort(p->layers, p->n_layers, sizeof *p->layers, by_id);
}
