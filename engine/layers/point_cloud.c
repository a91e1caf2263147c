/* Point clouds (spec/layers.md 2.18): by their first bytes, for GDAL cannot read them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/network.h"
#include "engine/project/source.h"

enum { HEAD = 512 };

/* What each kind begins with; COPC is LAS with its own mark at a fixed place. */
static int is_las(const char *head, size_t n)
{
	return n >= 4 && memcmp(head, "LASF", 4) == 0;
}

static int is_copc(const char *head, size_t n)
{
	enum { MARK_AT = 377 };

	return is_las(head, n) && n >= MARK_AT + 4 && memcmp(head + MARK_AT, "copc", 4) == 0;
}

static int is_object(const char *head, size_t n)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n", head[i]) && head[i])
		i++;
	return i < n && head[i] == '{';
}

/* NEEDS: what would have to read the rest before it can be called good. */
static const struct kind {
	const char *provider, *name;
	int (*is)(const char *head, size_t n);
	const char *needs;
} kinds[] = {{"pdal", "LAS", is_las, "PDAL"}, {"copc", "COPC", is_copc, "PDAL"}, {"ept", "EPT", is_object, NULL}, {"vpc", "virtual", is_object, "PDAL"}};

static const struct kind *kind_of(const char *provider)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].provider, provider) == 0)
			return &kinds[i];
	return NULL;
}

static void check_file(struct fp_check *c, const struct kind *k, const char *real)
{
	char head[HEAD];
	int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;

	if (fd >= 0)
		close(fd);
	if (n > 0 && k->is(head, (size_t)n)) {
		fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "%s by its first bytes", k->name);
		if (k->needs)
			fp_verdict_not_checked(c, "needs_qgis", FP_SLOTS({"LIB", k->needs}));
		else
			fp_verdict_ok(c, FP_BY_HEADER);
		return;
	}
	fp_verdict_invalid(c);
	fp_verdict_cause(c, "point_cloud_broken", FP_SLOTS({"FILENAME", real}, {"KIND", k->name}));
	fp_verdict_detail(c, "%s", c->v->sentence);
}

/* What every ept.json has. */
static int describes_points(const json_t *ept)
{
	return json_is_array(json_object_get(ept, "bounds")) && json_is_array(json_object_get(ept, "schema")) && json_is_string(json_object_get(ept, "dataType"));
}

static void check_remote(struct fp_check *c, const char *url)
{
	json_t *ept = NULL;
	struct fp_web w;

	if (fp_web_fetch(c, &w, url, NULL)) {
		ept = fp_web_json(c, &w);
		fp_web_clear(&w);
	}
	if (ept && describes_points(ept))
		fp_verdict_ok(c, FP_BY_EXISTENCE);
	else if (ept)
		fp_web_not_expected(c, "no description of an EPT point cloud");
	json_decref(ept);
	if (c->v->status != FP_LAYER_INVALID_DATAPROVIDER)
		return;
	fp_verdict_error(c, "Error transferring %s", url);
	fp_verdict_provider(c, "Error transferring %s", url);
}

void fp_check_point_cloud(struct fp_check *c)
{
	const char *source = c->layer->datasource;
	char *path, *real;

	if (strncmp(source, "http", 4) == 0) {
		check_remote(c, source);
		return;
	}
	path = fp_source_resolve(c->layer->home, source);
	real = fp_layer_file(c, source, path);
	if (real)
		check_file(c, kind_of(c->p->name), real);
	/* A QGIS that is built without PDAL, as this server is, says so first; what is wrong with the file it does not see, and we do. */
	if (c->v->status == FP_LAYER_INVALID_DATAPROVIDER && kind_of(c->p->name)->needs)
		fp_verdict_missing_provider(c);
	free(path);
	free(real);
}
