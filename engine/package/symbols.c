/* Pictures that symbols and layouts name (section 4.9): shipped where they are; those outside the project's folder travel inside the project, as QGIS writes
 * embedded pictures. */
#include <stdlib.h>
#include <string.h>
#include <limits.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/layers/gate.h"
#include "engine/package/plan.h"
#include "engine/project/container.h"
#include "engine/project/source.h"

#define INSIDE_MAX (4 << 20)

static int is_picture(const char *name)
{
	static const char *const ends[] = {".svg", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (fp_path_has_suffix(name, ends[i]))
			return 1;
	return 0;
}

/* Of an option, of an old property, of a layout's picture. */
static int may_name_one(const char *attribute)
{
	return strcmp(attribute, "value") == 0 || strcmp(attribute, "v") == 0 || strcmp(attribute, "file") == 0;
}

static char *base64(const struct fp_buf *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes->data;
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "base64:");
	for (size_t i = 0; i < bytes->len; i += 3) {
		size_t left = bytes->len - i;
		unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0U);
		fp_buf_addc(&b, digits[v >> 18]);
		fp_buf_addc(&b, digits[v >> 12 & 63]);
		fp_buf_addc(&b, left > 1 ? digits[v >> 6 & 63] : '=');
		fp_buf_addc(&b, left > 2 ? digits[v & 63] : '=');
	}
	return fp_buf_take(&b);
}

static void replace(struct fp_package *p, const char *value, char *by)
{
	if (strcmp(value, by) != 0)
		json_object_set_new(p->replaced, value, json_string(by));
	free(by);
}

static void embed(struct fp_package *p, const char *value, const char *real)
{
	struct fp_buf bytes = FP_BUF_INIT;

	if (fp_fs_read(&bytes, real, INSIDE_MAX, NULL) == FP_OK)
		replace(p, value, base64(&bytes));
	else
		fp_package_warn(p, NULL, "not_copied", 1, "the picture \"%s\" lies outside the project's folder and is not in the package", fp_path_base(real));
	fp_buf_free(&bytes);
}

static void see(void *arg, const char *attribute, const char *bytes, size_t n)
{
	struct fp_pack_plan *plan = arg;
	const char *relative;
	char *value, *path, *amp, *real = NULL;

	if (n < 5 || n >= PATH_MAX || !may_name_one(attribute) || strncmp(bytes, "base64:", 7) == 0)
		return;
	value = fp_strndup(bytes, n);
	while ((amp = strstr(value, "&#38;")))
		memmove(amp + 1, amp + 5, strlen(amp + 5) + 1);
	path = is_picture(value) && !json_object_get(plan->p->replaced, value) ? fp_source_resolve(plan->p->project->home, value) : NULL;
	if (path && *path == '/' && fp_gate(&real, plan->p->project->root, path) == FP_GATE_PASS) {
		char *folded = fp_path_fold(path);
		relative = fp_plan_relative(plan, folded);
		if (!relative)
			embed(plan->p, value, real);
		else if (fp_plan_file(plan, folded, relative, 0) != FP_PLAN_NO && *value == '/')
			replace(plan->p, value, fp_asprintf("./%s", relative));
		free(folded);
	}
	free(real);
	free(path);
	free(value);
}

static int keep_nothing(const char *parent, int depth, const char *name)
{
	(void)parent;
	(void)depth;
	(void)name;
	return 0;
}

enum fp_status fp_plan_symbols(struct fp_pack_plan *plan, struct fp_error *err)
{
	struct fp_xml *x = fp_xml_new(keep_nothing);
	xmlDoc *doc = NULL;
	enum fp_status st;

	fp_xml_visit_attributes(x, see, plan);
	st = fp_container_read(x, plan->p->project->path, err);
	if (st == FP_OK)
		st = fp_xml_finish(x, &doc, err);
	xmlFreeDoc(doc);
	fp_xml_free(x);
	return st;
}
