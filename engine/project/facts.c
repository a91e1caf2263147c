/* Title, CRS, extent and the other facts about a project as a whole (spec/layers.md 1.2, 1.3, 1.5). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/path.h"
#include "engine/project/reader.h"

/* A property's node by its path, in both forms (1.3) and without regard to case: "QFieldSync" and "qfieldsync" stand side by side in real files, so
 * that a wrong turn is taken back. */
static const xmlNode *property(const xmlNode *from, const char *path)
{
	size_t n = strcspn(path, "/");

	for (const xmlNode *c = from ? from->children : NULL; c; c = c->next) {
		char *name;
		int same;
		const xmlNode *found = NULL;
		if (c->type != XML_ELEMENT_NODE)
			continue;
		name = strcmp((const char *)c->name, "properties") == 0 ? fp_reader_attr(c, "name") : fp_strdup((const char *)c->name);
		same = strncasecmp(name, path, n) == 0 && !name[n];
		free(name);
		if (same)
			found = path[n] ? property(c, path + n + 1) : c;
		if (found)
			return found;
	}
	return NULL;
}

static char *property_text(const xmlNode *root, const char *path)
{
	return fp_reader_text(property(fp_xml_child(root, "properties"), path));
}

/* "USER:100000" is a private CRS of the author's computer. */
static char *without_private(char *authid)
{
	if (strncasecmp(authid, "USER:", 5) == 0)
		*authid = '\0';
	return authid;
}

/* Keeps A unless it is empty. Takes both over. */
static char *either(char *a, char *b)
{
	if (*a) {
		free(b);
		return a;
	}
	free(a);
	return b;
}

static const xmlNode *map_canvas(const xmlNode *root)
{
	const xmlNode *unnamed = NULL;

	for (const xmlNode *n = fp_xml_child(root, "mapcanvas"); n; n = fp_xml_next(n)) {
		if (fp_xml_attr_is(n, "name", "theMapCanvas"))
			return n;
		if (!unnamed && fp_xml_attr_is(n, "name", ""))
			unnamed = n;
	}
	return unnamed;
}

static char *project_crs(const xmlNode *root, const char *version)
{
	char *enabled, *crs;
	int on, old = atoi(version) < 3;

	enabled = property_text(root, "SpatialRefSys/ProjectionsEnabled");
	on = *enabled && strcmp(enabled, "0") != 0 && strcasecmp(enabled, "false") != 0;
	free(enabled);
	if (!old && !on)
		return fp_strdup("");
	crs = either(fp_reader_crs(fp_xml_path(root, "projectCrs/spatialrefsys")), property_text(root, "SpatialRefSys/ProjectCrs"));
	if (old)
		crs = either(crs, fp_reader_crs(fp_xml_path(map_canvas(root), "destinationsrs/spatialrefsys")));
	return without_private(crs);
}

int fp_reader_extent_valid(const double e[4])
{
	for (int i = 0; i < 4; i++)
		if (!isfinite(e[i]))
			return 0;
	return e[0] <= e[2] && e[1] <= e[3];
}

static double number(char *text)
{
	char *end;
	double d = strtod(text, &end);

	if (end == text)
		d = NAN;
	free(text);
	return d;
}

static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};

int fp_reader_extent(double e[4], const xmlNode *node)
{
	for (int i = 0; i < 4; i++)
		e[i] = number(fp_reader_text(fp_xml_child(node, sides[i])));
	return fp_reader_extent_valid(e);
}

/* The union of the extents of the layers that lie in the project's CRS; others cannot be added without transforming them. */
static int union_of_layers(double e[4], const struct fp_reader *r)
{
	int any = 0;

	for (size_t k = 0; k < r->n_nodes; k++) {
		double l[4];
		char *crs = fp_reader_crs(fp_xml_path(r->nodes[k], "srs/spatialrefsys"));
		if (strcmp(crs, r->project->crs) == 0 && fp_reader_extent(l, fp_xml_child(r->nodes[k], "extent"))) {
			for (int i = 0; i < 4; i++)
				if (!any || (i < 2 ? l[i] < e[i] : l[i] > e[i]))
					e[i] = l[i];
			any = 1;
		}
		free(crs);
	}
	return any;
}

static void read_extent(struct fp_reader *r, const xmlNode *root)
{
	struct fp_project *p = r->project;
	const xmlNode *view = fp_xml_path(root, "ProjectViewSettings/DefaultViewExtent");

	p->has_extent = fp_reader_extent(p->extent, fp_xml_child(map_canvas(root), "extent"));
	if (!p->has_extent && view) {
		for (int i = 0; i < 4; i++)
			p->extent[i] = number(fp_reader_attr(view, sides[i]));
		p->has_extent = fp_reader_extent_valid(p->extent);
	}
	if (!p->has_extent)
		p->has_extent = union_of_layers(p->extent, r);
}

static char *background(const xmlNode *root)
{
	static const char *const parts[] = {"Gui/CanvasColorRedPart", "Gui/CanvasColorGreenPart", "Gui/CanvasColorBluePart"};
	unsigned rgb[3];

	for (int i = 0; i < 3; i++) {
		char *text = property_text(root, parts[i]);
		int v = *text ? atoi(text) : 255;
		rgb[i] = v < 0 || v > 255 ? 255 : (unsigned)v;
		free(text);
	}
	return fp_asprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
}

static void read_dirs(struct fp_strv *dirs, const xmlNode *root, const char *key)
{
	const xmlNode *n = property(fp_xml_child(root, "properties"), key);

	for (n = fp_xml_child(n, "value"); n && dirs->n < FP_DIRS_MAX; n = fp_xml_next(n)) {
		char *dir = fp_reader_text(n);
		if (*dir && strlen(dir) <= FP_NAME_MAX && !fp_strv_has(dirs, dir))
			fp_strv_add(dirs, dir);
		free(dir);
	}
}

/* A flag of the project from QGIS 3.26 on, an element of its own before. */
static int provider_defaults(const xmlNode *root)
{
	char *flags = fp_reader_attr(fp_xml_child(root, "projectFlags"), "set"), *active = fp_reader_attr(fp_xml_child(root, "evaluateDefaultValues"), "active");
	int is = strstr(flags, "EvaluateDefaultValuesOnProviderSide") || strcmp(active, "1") == 0;

	free(flags);
	free(active);
	return is;
}

/* What packaging wants to know (spec/package.md 1.2). An area may be as long as it likes. */
static void read_package(struct fp_project *p, const xmlNode *root)
{
	const xmlNode *properties = fp_xml_child(root, "properties");
	char *only = property_text(root, "qfieldsync/offlineCopyOnlyAoi");

	read_dirs(&p->attachment_dirs, root, "QFieldSync/attachmentDirs");
	if (p->attachment_dirs.n == 0)
		fp_strv_add(&p->attachment_dirs, "DCIM");
	read_dirs(&p->data_dirs, root, "QFieldSync/dataDirs");
	p->area = fp_xml_text(property(properties, "qfieldsync/areaOfInterest"));
	p->area_crs = fp_xml_text(property(properties, "qfieldsync/areaOfInterestCrs"));
	p->area_only = strcmp(only, "true") == 0 || strcmp(only, "1") == 0;
	p->image = property_text(root, "Image/ImagePath");
	p->provider_defaults = provider_defaults(root);
	free(only);
}

void fp_reader_facts(struct fp_reader *r)
{
	struct fp_project *p = r->project;
	const xmlNode *root = xmlDocGetRootElement(r->docs[0].doc);

	p->qgis_version = fp_reader_attr(root, "version");
	p->title = either(fp_reader_text(fp_xml_path(root, "projectMetadata/title")), fp_reader_text(fp_xml_child(root, "title")));
	p->crs = project_crs(root, p->qgis_version);
	p->background_color = background(root);
	read_package(p, root);
	read_extent(r, root);
}
