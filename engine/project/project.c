#include "engine/project/project.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/project/container.h"
#include "engine/project/reader.h"

/* What the facts need (spec/layers.md 1.2). Below these everything is kept. */
static const char *const of_project[] = {"title", "projectMetadata", "projectCrs", "properties", "mapcanvas", "ProjectViewSettings",
	"layer-tree-group", "projectlayers", "projectFlags", "evaluateDefaultValues", NULL};
static const char *const of_layer[] = {"id", "layername", "datasource", "provider", "srs", "extent", "defaults", "fieldConfiguration", "edittypes",
	"vectorjoins", "expressionfields", "customproperties", NULL};

static int is_one_of(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static int keep(const char *parent, int depth, const char *name)
{
	if (depth == 1)
		return is_one_of(of_project, name);
	if (depth == 3 && strcmp(parent, "maplayer") == 0)
		return is_one_of(of_layer, name);
	return 1;
}

static char *cut(char *text)
{
	if (strlen(text) > FP_TEXT_MAX)
		text[fp_text_floor(text, FP_TEXT_MAX)] = '\0';
	return text;
}

char *fp_reader_text(const xmlNode *node)
{
	return cut(fp_xml_text(node));
}

char *fp_reader_attr(const xmlNode *node, const char *name)
{
	return cut(fp_xml_attr(node, name));
}

enum fp_status fp_reader_open(struct fp_reader *r, const char *path, struct fp_error *err)
{
	struct fp_xml *x = fp_xml_new(keep);
	xmlDoc *doc = NULL;
	enum fp_status st = fp_container_read(x, path, err);

	if (st == FP_OK)
		st = fp_xml_finish(x, &doc, err);
	fp_xml_free(x);
	if (st == FP_OK && strcmp((const char *)xmlDocGetRootElement(doc)->name, "qgis") != 0) {
		st = fp_fail(err, FP_E_INVALID, "not a QGIS project: it begins with <%s>, not <qgis>", (const char *)xmlDocGetRootElement(doc)->name);
		xmlFreeDoc(doc);
		doc = NULL;
	}
	r->docs[r->n_docs].path = fp_strdup(path);
	r->docs[r->n_docs].home = fp_path_dir(path);
	r->docs[r->n_docs++].doc = doc;
	return st;
}

void fp_reader_clear(struct fp_reader *r)
{
	for (size_t i = 0; i < r->n_docs; i++) {
		free(r->docs[i].path);
		free(r->docs[i].home);
		if (r->docs[i].doc)
			xmlFreeDoc(r->docs[i].doc);
	}
	free(r->nodes);
	json_decref(r->ids);
	json_decref(r->numbers);
}

enum fp_status fp_project_open_below(struct fp_project **out, const char *path, const char *root, struct fp_error *err)
{
	struct fp_project *p = fp_alloc(sizeof *p);
	struct fp_reader r = {.project = p, .ids = json_object(), .numbers = json_object()};
	enum fp_status st;

	p->path = fp_path_fold(path);
	p->home = fp_path_dir(p->path);
	p->root = root ? fp_path_fold(root) : fp_strdup(p->home);
	st = fp_reader_open(&r, p->path, err);
	if (st == FP_OK) {
		fp_reader_layers(&r);
		fp_reader_facts(&r);
		*out = p;
	} else {
		fp_project_free(p);
	}
	fp_reader_clear(&r);
	return st;
}

static void free_layer(struct fp_layer_def *l)
{
	for (size_t i = 0; i < l->n_fields; i++) {
		free(l->fields[i].name);
		free(l->fields[i].default_expression);
	}
	free(l->fields);
	free(l->id);
	free(l->name);
	free(l->type);
	free(l->provider);
	free(l->encoding);
	free(l->datasource);
	free(l->crs);
	free(l->wkb_type);
	free(l->geometry);
	free(l->home);
	free(l->from);
	fp_strv_free(&l->joined_fields);
	free(l->cloud_action);
}

void fp_project_free(struct fp_project *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_layers; i++)
		free_layer(&p->layers[i]);
	free(p->layers);
	free(p->path);
	free(p->home);
	free(p->root);
	free(p->title);
	free(p->crs);
	free(p->qgis_version);
	free(p->background_color);
	free(p->area);
	free(p->area_crs);
	free(p->image);
	fp_strv_free(&p->attachment_dirs);
	fp_strv_free(&p->data_dirs);
	fp_strv_free(&p->notes);
	free(p);
}

const struct fp_layer_def *fp_project_layer(const struct fp_project *p, const char *id)
{
	for (size_t i = 0; i < p->n_layers; i++)
		if (strcmp(p->layers[i].id, id) == 0)
			return &p->layers[i];
	return NULL;
}
