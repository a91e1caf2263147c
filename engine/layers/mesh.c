/* mdal (spec/layers.md 2.8): path, or Driver:"path"[:sub]. Its content is QGIS' own business; the first bytes tell the formats that are known by them, and
 * the files that are no mesh in any format. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/formats.h"
#include "engine/project/source.h"

static int begins_with(const char *path, const char *start)
{
	char bytes[16] = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? pread(fd, bytes, sizeof bytes, 0) : -1;

	if (fd >= 0)
		close(fd);
	return n >= (ssize_t)strlen(start) && memcmp(bytes, start, strlen(start)) == 0;
}

static int is_no_mesh(const char *path)
{
	static const enum fp_magic others[] = {FP_MAGIC_EMPTY, FP_MAGIC_FOLDER, FP_MAGIC_LFS, FP_MAGIC_HTML, FP_MAGIC_TIFF, FP_MAGIC_PNG, FP_MAGIC_JPEG,
		FP_MAGIC_SQLITE};
	struct fp_sniff s = {0};

	fp_sniff(&s, path);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (s.magic == others[i])
			return 1;
	return 0;
}

/* DRIVER: as written, "" when MDAL may choose. A driver that exists is not told from one that does not, so only the two are known. */
static void check_file(struct fp_check *c, const char *real, const char *driver)
{
	static const struct {
		const char *start, *driver;
	} known[] = {{"MESH2D", "2DM"}, {"ply\n", "PLY"}, {"ply\r", "PLY"}};

	if (is_no_mesh(real)) {
		fp_verdict_invalid(c);
		fp_diagnose_content(c, real, NULL, "it is no mesh");
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (begins_with(real, known[i].start) && (!*driver || strcmp(driver, known[i].driver) == 0)) {
			fp_verdict_ok(c, FP_BY_HEADER);
			fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "%s", known[i].driver);
			return;
		}
	fp_verdict_not_checked(c, "needs_qgis", FP_SLOTS({"LIB", "MDAL"}));
}

void fp_check_mesh(struct fp_check *c)
{
	const char *source = c->layer->datasource, *quote = strstr(source, ":\"");
	char *driver = quote ? fp_strndup(source, (size_t)(quote - source)) : fp_strdup("");
	char *written = quote ? fp_strndup(quote + 2, strcspn(quote + 2, "\"")) : fp_strdup(source);
	char *path = fp_source_resolve(c->layer->home, written), *real = fp_layer_file(c, written, path);

	if (real)
		check_file(c, real, driver);
	free(driver);
	free(written);
	free(path);
	free(real);
}
