/* gpx (spec/layers.md 2.7): path?type=waypoint|route|track, a well-formed file. QGIS never shows its parser a file without a byte, so that one is fine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/formats.h"
#include "engine/project/source.h"
#include "engine/project/xml.h"

static int keep_nothing(const char *parent, int depth, const char *name)
{
	(void)parent;
	(void)depth;
	(void)name;
	return 0;
}

static enum fp_status parse(const char *path, struct fp_error *err)
{
	enum { PIECE = 1 << 16 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct fp_xml *x;
	char *piece;
	xmlDoc *doc = NULL;
	enum fp_status st = FP_OK;
	ssize_t n = 0;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open it");
	x = fp_xml_new_strict(keep_nothing);
	piece = fp_alloc(PIECE);
	while (st == FP_OK && (n = read(fd, piece, PIECE)) > 0)
		st = fp_xml_feed(x, piece, (size_t)n, err);
	if (st == FP_OK && n < 0)
		st = fp_fail_errno(err, errno, "cannot read it");
	if (st == FP_OK)
		st = fp_xml_finish(x, &doc, err);
	xmlFreeDoc(doc);
	fp_xml_free(x);
	free(piece);
	close(fd);
	return st;
}

static const char *type_of(const char *source)
{
	const char *mark = strchr(source, '?');

	return mark && strncmp(mark, "?type=", 6) == 0 ? mark + 6 : NULL;
}

/* TYPE up to the first "&". QGIS never shows an empty file to its parser and so calls it valid. */
static void check_file(struct fp_check *c, const char *real, const char *type)
{
	static const char waypoint[] = "waypoint";
	size_t n = strcspn(type, "&");
	struct fp_error err;
	struct fp_sniff s;

	fp_verdict_invalid(c);
	if (n == 0) {
		fp_verdict_detail(c, "the source does not say which part of the file it means (type=)");
		fp_verdict_cause(c, "gpx_type_missing", FP_NOSLOTS);
		return;
	}
	if (fp_sniff(&s, real) == 0 && s.magic == FP_MAGIC_EMPTY) {
		fp_verdict_warn(c, "the file is empty: the layer will show nothing");
	} else if (parse(real, &err) != FP_OK) {
		fp_diagnose_content(c, real, NULL, err.msg);
		return;
	}
	fp_verdict_ok(c, FP_BY_CHECKED);
	c->v->wkb_type = n == sizeof waypoint - 1 && strncasecmp(type, waypoint, n) == 0 ? 1 : 2;
}

/* Unless the type follows the first "?" at once, all of the source is a path for QGIS. */
void fp_check_gpx(struct fp_check *c)
{
	const char *source = c->layer->datasource, *type = type_of(source);
	char *written = fp_strndup(source, type ? (size_t)(type - source) - 6 : strlen(source));
	char *path = fp_source_resolve(c->layer->home, written), *real = fp_layer_file(c, written, path);

	if (real)
		check_file(c, real, type ? type : "");
	free(written);
	free(path);
	free(real);
}
