#include "engine/layers/vrt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/layers/formats.h"
#include "engine/layers/gate.h"
#include "engine/project/xml.h"

#define VRT_MAX (4 << 20)

static enum fp_status read_vrt(xmlDoc **doc, const char *path, struct fp_error *err)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_xml *x;
	enum fp_status st = fp_fs_read(&b, path, VRT_MAX, err);

	if (st != FP_OK)
		return st;
	x = fp_xml_new(NULL);
	st = fp_xml_feed(x, b.data, b.len, err);
	if (st == FP_OK)
		st = fp_xml_finish(x, doc, err);
	fp_xml_free(x);
	fp_buf_free(&b);
	return st;
}

static int is_named(const xmlNode *n, const char *name)
{
	return strcasecmp((const char *)n->name, name) == 0;
}

/* The elements that name a file. */
static int is_source(const xmlNode *n)
{
	return is_named(n, "SourceFilename") || is_named(n, "SrcDataSource") || is_named(n, "SourceDataset");
}

/* Elements beyond plain mosaics and plain tables: each is a way to run code or to read what is not data. */
static const char *forbidden(const xmlNode *n)
{
	static const char *const names[] = {"PixelFunctionType", "PixelFunctionCode", "PixelFunctionLanguage", "SrcSQL", "SourceSQL", "Sql",
		"GDALWarpOptions", "PansharpeningOptions", "ProcessingSteps", "Group", "OpenOptions", "OOI", NULL};
	static const char *const classes[] = {"VRTRawRasterBand", "VRTWarpedDataset", "VRTPansharpenedDataset", "VRTDerivedRasterBand",
		"VRTProcessedDataset", NULL};
	char *class = fp_xml_attr(n, "subClass");
	const char *found = NULL;

	for (const char *const *p = names; *p && !found; p++)
		if (is_named(n, *p))
			found = *p;
	for (const char *const *p = classes; *p && !found; p++)
		if (strcasecmp(class, *p) == 0)
			found = *p;
	free(class);
	return found;
}

/* A source path as GDAL resolves it. Caller frees. */
static char *resolve(const char *vrt, const char *source)
{
	char *dir = fp_path_dir(vrt), *joined = *source == '/' ? fp_strdup(source) : fp_path_join(dir, source), *folded = fp_path_fold(joined);

	free(dir);
	free(joined);
	return folded;
}

static enum fp_status check_source(const xmlNode *n, const char *vrt, const char *root, unsigned use, struct fp_error *err)
{
	char *source = fp_xml_text(n), *path = resolve(vrt, source), *real = NULL;
	enum fp_gate gate = fp_gate(&real, root, *source == '/' || strchr(source, ':') || strchr("<{[", *source) ? source : path);
	struct fp_sniff s = {0};
	enum fp_status st = FP_OK;

	if (*source != '/' && !fp_xml_attr_is(n, "relativeToVRT", "1")) /* GDAL would look in whatever folder we run in */
		st = fp_fail(err, FP_E_REFUSED, "the VRT points to \"%s\" without saying from where", source);
	else if (gate != FP_GATE_PASS && gate != FP_GATE_MISSING)
		st = fp_fail(err, FP_E_REFUSED, "the VRT points to \"%s\", which is no file of the project", source);
	else if (gate == FP_GATE_MISSING && strchr(source, ':'))
		st = fp_fail(err, FP_E_REFUSED, "the VRT points to \"%s\", which is no plain path", source);
	else if (real && (fp_sniff(&s, real) != 0 || s.magic == FP_MAGIC_VRT || s.magic == FP_MAGIC_SERVICE || s.magic == FP_MAGIC_FOLDER))
		st = fp_fail(err, FP_E_REFUSED, "the VRT points to \"%s\", which is no plain data file", source);
	else if (real && s.magic == FP_MAGIC_NONE && !fp_format_known(real, use))
		st = fp_fail(err, FP_E_REFUSED, "the VRT points to \"%s\", whose format is not known", source);
	free(source);
	free(path);
	free(real);
	return st;
}

static enum fp_status check_tree(const xmlNode *n, const char *vrt, const char *root, unsigned use, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (; n && st == FP_OK; n = n->next) {
		if (n->type != XML_ELEMENT_NODE)
			continue;
		if (forbidden(n))
			return fp_fail(err, FP_E_REFUSED, "the VRT uses %s, which is not run here", forbidden(n));
		st = is_source(n) ? check_source(n, vrt, root, use, err) : check_tree(n->children, vrt, root, use, err);
	}
	return st;
}

enum fp_status fp_vrt_check(const char *path, const char *root, unsigned use, struct fp_error *err)
{
	xmlDoc *doc;
	enum fp_status st = read_vrt(&doc, path, err);

	if (st != FP_OK)
		return st == FP_E_INVALID ? st : fp_fail(err, FP_E_REFUSED, "the VRT is too large to be checked");
	st = check_tree(xmlDocGetRootElement(doc), path, root, use, err);
	xmlFreeDoc(doc);
	return st;
}

static void missing_in(struct fp_strv *missing, const xmlNode *n, const char *vrt)
{
	for (; n; n = n->next) {
		if (n->type == XML_ELEMENT_NODE && is_source(n)) {
			char *source = fp_xml_text(n), *path = resolve(vrt, source);
			if (access(path, F_OK) != 0 && !fp_strv_has(missing, source))
				fp_strv_add(missing, source);
			free(source);
			free(path);
		} else {
			missing_in(missing, n->children, vrt);
		}
	}
}

void fp_vrt_missing(struct fp_strv *missing, const char *path)
{
	xmlDoc *doc;

	if (read_vrt(&doc, path, NULL) != FP_OK)
		return;
	missing_in(missing, xmlDocGetRootElement(doc), path);
	xmlFreeDoc(doc);
}

static void members_in(struct fp_strv *paths, const xmlNode *n, const char *vrt)
{
	for (; n; n = n->next) {
		if (n->type == XML_ELEMENT_NODE && is_source(n)) {
			char *source = fp_xml_text(n);
			fp_strv_take(paths, resolve(vrt, source));
			free(source);
		} else {
			members_in(paths, n->children, vrt);
		}
	}
}

void fp_vrt_members(struct fp_strv *paths, const char *path)
{
	xmlDoc *doc;

	if (read_vrt(&doc, path, NULL) != FP_OK)
		return;
	members_in(paths, xmlDocGetRootElement(doc), path);
	xmlFreeDoc(doc);
}
