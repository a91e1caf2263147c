#include "engine/layers/diagnose.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/attachments.h"
#include "engine/layers/formats.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/network.h"
#include "engine/layers/similar.h"
#include "engine/project/source.h"

static char *with_slashes(const char *path)
{
	char *s = fp_strdup(path);

	for (char *p = s; *p; p++)
		if (*p == '\\')
			*p = '/';
	return s;
}

static int is_drive(const char *p)
{
	return isalpha((unsigned char)p[0]) && p[1] == ':' && (p[2] == '/' || p[2] == '\\');
}

static int is_share(const char *p)
{
	return strncmp(p, "//", 2) == 0 || strncmp(p, "\\\\", 2) == 0 || (is_drive(p) && strchr("cdeCDE", p[0]) == NULL);
}

static int is_elsewhere(const char *written)
{
	return written[0] == '/' || is_drive(written) || strncmp(written, "file:", 5) == 0;
}

/* The path is right but for how it is spelt, or where it lies. */
static void say_spelling(struct fp_check *c, const char *written, const char *resolved, const char *found)
{
	const char *a = fp_path_base(written), *b = fp_path_base(found);

	if (strcmp(a, b) == 0)
		fp_verdict_cause(c, "file_moved", FP_SLOTS({"FILENAME", resolved}, {"FOUND", found}));
	else if (strcasecmp(a, b) == 0)
		fp_verdict_cause(c, "case_differs", FP_SLOTS({"WRITTEN", a}, {"FOUND", b}));
	else
		fp_verdict_cause(c, "name_looks_alike", FP_SLOTS({"WRITTEN", a}, {"FOUND", b}));
}

static void diagnose_missing(struct fp_check *c, const char *written, const char *resolved)
{
	char *slashed = with_slashes(written), *decoded = fp_percent_decode(slashed, strlen(slashed)), *nearest, *found = fp_similar_file(c->k, decoded, &nearest);

	if (is_share(written)) {
		fp_verdict_detail(c, "the path \"%s\" is on a network drive or another disk", written);
		fp_verdict_cause(c, "network_drive", FP_SLOTS({"WRITTEN", written}, {"FOUND", found}));
	} else if (is_elsewhere(written)) {
		fp_verdict_detail(c, "the file is on the author's computer only: \"%s\"", written);
		fp_verdict_cause(c, "on_authors_computer", FP_SLOTS({"WRITTEN", written}, {"FOUND", found}));
	} else if (strchr(written, '\\')) {
		fp_verdict_detail(c, "the path contains back-slashes: \"%s\"", written);
		fp_verdict_cause(c, "backslashes", FP_SLOTS({"WRITTEN", written}, {"FOUND", found}));
	} else if (found) {
		fp_verdict_detail(c, "file \"%s\" was not uploaded, but \"%s\" was", resolved, found);
		if (strcmp(slashed, decoded) != 0)
			fp_verdict_cause(c, "percent_encoded", FP_SLOTS({"WRITTEN", written}, {"FOUND", found}));
		else
			say_spelling(c, decoded, resolved, found);
	} else {
		fp_verdict_detail(c, "file \"%s\" was not uploaded", resolved);
		fp_verdict_cause(c, "file_missing", FP_SLOTS({"FILENAME", resolved}));
	}
	if (found || nearest)
		fp_verdict_instead(c, "./%s", found ? found : nearest);
	free(nearest);
	free(slashed);
	free(decoded);
	free(found);
}

static void gate_outside(struct fp_check *c, const char *written, const char *resolved)
{
	if (is_share(written) || is_elsewhere(written)) {
		diagnose_missing(c, written, resolved);
		return;
	}
	fp_verdict_detail(c, "the path points outside the project folder");
	fp_verdict_cause(c, "outside_project", FP_SLOTS({"WRITTEN", written}));
}

void fp_diagnose_gate(struct fp_check *c, enum fp_gate gate, const char *written, const char *resolved)
{
	char *host, *missing;

	switch (gate) {
	case FP_GATE_NETWORK:
		host = fp_network_host(written);
		fp_verdict_not_checked(c, "network_file", FP_SLOTS({"HOST", host}));
		free(host);
		return;
	case FP_GATE_DATABASE:
		fp_verdict_not_checked(c, "database_in_file", FP_NOSLOTS);
		return;
	case FP_GATE_INLINE:
		fp_verdict_not_checked(c, "inline_data", FP_NOSLOTS);
		return;
	case FP_GATE_QGIS:
		fp_verdict_not_checked(c, "part_of_qgis", FP_SLOTS({"WRITTEN", written}));
		return;
	case FP_GATE_SPECIAL:
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "\"%s\" is no file that can be read", resolved);
		fp_verdict_cause(c, "no_file", FP_SLOTS({"FILENAME", resolved}));
		return;
	case FP_GATE_ATTACHED: /* somewhere that only fp_layer_file() looks into */
	case FP_GATE_OUTSIDE:
	case FP_GATE_MISSING:
	case FP_GATE_PASS:
		fp_verdict_invalid(c);
		missing = fp_remedy_text("file_missing", FP_REMEDY_SENTENCE, FP_SLOTS({"FILENAME", resolved}));
		fp_verdict_error(c, "%s", missing);
		free(missing);
		if (gate == FP_GATE_OUTSIDE)
			gate_outside(c, written, resolved);
		else
			diagnose_missing(c, written, resolved);
	}
}

/* Size and kind of what was found, for the stage "readable". 0: whoever runs this may not read it, and the verdict is given: a file that nobody looked into is
 * not damaged. */
static int look_into(struct fp_check *c, const char *written, const char *real)
{
	struct stat sb;

	if (access(real, R_OK) != 0) {
		const char *why = strerror(errno);
		fp_verdict_invalid(c);
		fp_stage(c, FP_STAGE_READABLE, FP_MARK_FAIL, "%s", why);
		fp_verdict_detail(c, "\"%s\" cannot be read: %s", written, why);
		fp_verdict_cause(c, "file_denied", FP_SLOTS({"FILENAME", written}, {"REASON", why}));
		return 0;
	}
	if (stat(real, &sb) != 0)
		return 1;
	if (S_ISDIR(sb.st_mode))
		fp_stage(c, FP_STAGE_READABLE, FP_MARK_OK, "a folder");
	else
		fp_stage(c, FP_STAGE_READABLE, FP_MARK_OK, "%lld byte%s", (long long)sb.st_size, fp_text_s(sb.st_size));
	return 1;
}

/* The copy of an attachment, or NULL and the verdict is given. */
static char *attached(struct fp_check *c, const char *written, const char *name)
{
	char *copy = NULL;
	struct fp_error err;
	enum fp_status st = fp_attachment(&copy, c, name, &err);

	if (st == FP_E_NOTFOUND)
		fp_diagnose_gate(c, FP_GATE_MISSING, written, name);
	else if (st != FP_OK)
		fp_verdict_not_checked(c, "attachment", FP_SLOTS({"WRITTEN", written}, {"REASON", err.msg}));
	else
		fp_stage(c, FP_STAGE_EXISTS, FP_MARK_OK, "%s, among the project's attachments", name);
	return copy;
}

char *fp_layer_file(struct fp_check *c, const char *written, const char *path)
{
	static const char scheme[] = "attachment:";
	char *real = NULL;
	enum fp_gate gate;

	if (!*path) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the data source is empty");
		fp_verdict_cause(c, "source_empty", FP_NOSLOTS);
		return NULL;
	}
	gate = fp_gate(&real, c->project->root, path);
	if (gate == FP_GATE_ATTACHED)
		return attached(c, written, path + sizeof scheme - 1);
	if (gate == FP_GATE_PASS || gate == FP_GATE_MISSING || gate == FP_GATE_OUTSIDE || gate == FP_GATE_SPECIAL)
		fp_verdict_file(c, path);
	if (gate == FP_GATE_PASS || gate == FP_GATE_MISSING)
		fp_stage(c, FP_STAGE_PATH, FP_MARK_OK, "%s", path);
	if (gate != FP_GATE_PASS) {
		fp_diagnose_gate(c, gate, written, path);
		return NULL;
	}
	fp_stage(c, FP_STAGE_EXISTS, FP_MARK_OK, "%s", real);
	if (look_into(c, path, real))
		return real;
	free(real);
	return NULL;
}

char *fp_name_list(const struct fp_strv *names, size_t max)
{
	struct fp_buf b = FP_BUF_INIT;

	for (size_t i = 0; i < names->n && i < max; i++)
		fp_buf_addf(&b, "%s%s", i ? ", " : "", names->items[i]);
	if (names->n > max)
		fp_buf_adds(&b, ", ...");
	return fp_buf_take(&b);
}

/* The side file of a shapefile with EXTENSION exists, in either case. */
static int has_side(const char *shp, const char *extension)
{
	int found = 0;

	for (int upper = 0; upper < 2; upper++) {
		char *side = fp_asprintf("%.*s%s", (int)strlen(shp) - 3, shp, extension);
		for (char *p = side + strlen(side) - 3; upper && *p; p++)
			*p = (char)toupper((unsigned char)*p);
		found |= access(side, F_OK) == 0;
		free(side);
	}
	return found;
}

static void diagnose_shapefile(struct fp_check *c, const char *path)
{
	static const char *const sides[] = {"shx", "dbf"};

	for (int i = 0; i < 2; i++)
		if (!has_side(path, sides[i])) {
			fp_verdict_detail(c, "shapefile incomplete: .%s missing", sides[i]);
			fp_verdict_cause(c, "shapefile_incomplete", FP_SLOTS({"EXT", sides[i]}));
			return;
		}
}

void fp_diagnose_content(struct fp_check *c, const char *path, const struct fp_gdal_messages *messages, const char *reason)
{
	static const struct {
		enum fp_magic magic;
		const char *cause, *detail;
	} known[] = {{FP_MAGIC_EMPTY, "file_empty", "the file is empty"}, {FP_MAGIC_LFS, "lfs_pointer", "the file is a Git-LFS pointer, not the data"},
		{FP_MAGIC_HTML, "web_page", "the file is a web page, not data"}, {FP_MAGIC_FOLDER, "is_folder", "it is a folder"}};
	struct fp_sniff s = {0};
	char *said = messages ? fp_name_list(&messages->texts, 8) : fp_strdup("");

	fp_sniff(&s, path);
	if (*said)
		fp_stage(c, FP_STAGE_DRIVER, FP_MARK_FAIL, "%s", said);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (s.magic == known[i].magic && (s.magic != FP_MAGIC_FOLDER || !*said)) {
			fp_verdict_detail(c, "%s", known[i].detail);
			fp_verdict_cause(c, known[i].cause, FP_SLOTS({"FILENAME", path}));
		}
	if (fp_path_has_suffix(path, ".shp"))
		diagnose_shapefile(c, path);
	if (*said)
		fp_verdict_detail(c, "%s", said);
	fp_verdict_detail(c, "%s", *reason ? reason : "its content is not what its name says");
	fp_verdict_cause(c, "file_damaged", FP_SLOTS({"REASON", c->v->detail}));
	free(said);
}
