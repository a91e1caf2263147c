#include "engine/layers/diagnose.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/formats.h"
#include "engine/layers/gdal_gate.h"
#include "engine/project/source.h"

#define SEARCH_MAX 5000 /* files looked at when searching the upload for one of the same name */

/* How many path parts, from the end, A and B have in common without regard to case and to how accents are written. */
static size_t common_tail(const char *a, const char *b)
{
	char *fa = fp_text_fold(a), *fb = fp_text_fold(b);
	size_t na = strlen(fa), nb = strlen(fb), parts = 0;

	for (;;) {
		size_t la = 0, lb = 0;
		while (la < na && fa[na - la - 1] != '/')
			la++;
		while (lb < nb && fb[nb - lb - 1] != '/')
			lb++;
		if (la == 0 || la != lb || memcmp(fa + na - la, fb + nb - lb, la) != 0)
			break;
		parts++;
		if (na == la || nb == lb)
			break;
		na -= la + 1;
		nb -= lb + 1;
	}
	free(fa);
	free(fb);
	return parts;
}

struct search {
	const char *wanted;
	char *found;
	size_t parts, seen;
};

static enum fp_status look_at(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct search *s = arg;
	size_t parts = regular ? common_tail(name, s->wanted) : 0;

	(void)size;
	if (parts > s->parts) {
		free(s->found);
		s->found = fp_strdup(name);
		s->parts = parts;
	}
	return ++s->seen < SEARCH_MAX ? FP_OK : fp_fail(err, FP_E_CANCELLED, "enough");
}

/* The file of the upload whose path ends most like PATH, or NULL. Caller frees. */
static char *similar(const struct fp_check *c, const char *path)
{
	struct search s = {.wanted = path};

	fp_fs_walk(c->project->root, look_at, &s, NULL);
	return s.found;
}

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

static void say_found(struct fp_check *c, const char *found)
{
	if (found)
		fp_verdict_remedy(c, "You uploaded \"%s\": re-link the layer to it, save the project with relative paths, and upload it again.", found);
	else
		fp_verdict_remedy(c, "In QGIS set Project Properties, General, Save paths to relative, move the data under the project folder, save, and upload "
			"both.");
}

/* The path is right but for how it is spelt. */
static void say_spelling(struct fp_check *c, const char *written, const char *found)
{
	const char *a = fp_path_base(written), *b = fp_path_base(found);

	if (strcasecmp(a, b) == 0 && strcmp(a, b) != 0)
		fp_verdict_remedy(c, "Upper and lower case differ: the project says \"%s\", uploaded is \"%s\". Rename one of them.", a, b);
	else if (strcmp(a, b) == 0)
		fp_verdict_remedy(c, "A file of that name lies at \"%s\": move it to where the project looks for it, or re-link the layer.", found);
	else
		fp_verdict_remedy(c, "The names \"%s\" and \"%s\" look alike but are written with different characters. Rename the file.", a, b);
}

static void diagnose_missing(struct fp_check *c, const char *written, const char *resolved)
{
	char *slashed = with_slashes(written), *decoded = fp_percent_decode(slashed, strlen(slashed)), *found = similar(c, decoded);

	if (is_share(written)) {
		fp_verdict_detail(c, "the path \"%s\" is on a network drive or another disk", written);
		fp_verdict_remedy(c, "The path uses a network drive or another folder outside the project. Copy the data next to the project and re-link it.");
	} else if (is_elsewhere(written)) {
		fp_verdict_detail(c, "the file is on the author's computer only: \"%s\"", written);
		say_found(c, found);
	} else if (strchr(written, '\\')) {
		fp_verdict_detail(c, "the path contains back-slashes: \"%s\"", written);
		if (found)
			fp_verdict_remedy(c, "The path contains back-slashes; \"%s\" was uploaded. Re-save the project with a current QGIS, or re-link the layer.", found);
		else
			fp_verdict_remedy(c, "The path contains back-slashes. Re-open and re-save the project with a current QGIS, or re-link the layer.");
	} else if (found) {
		fp_verdict_detail(c, "file \"%s\" was not uploaded, but \"%s\" was", resolved, found);
		say_spelling(c, decoded, found);
	} else {
		fp_verdict_detail(c, "file \"%s\" was not uploaded", resolved);
		fp_verdict_remedy(c, "The file was not uploaded, or lies elsewhere. Put it inside the project folder, save the project with relative paths, and upload "
			"again.");
	}
	free(slashed);
	free(decoded);
	free(found);
}

/* What stands between "://" and the next "/", without a login. Caller frees. */
static char *host_of(const char *address)
{
	const char *p = strstr(address, "://"), *at;
	size_t n;

	p = p ? p + 3 : address;
	n = strcspn(p, "/?#&");
	at = memchr(p, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	return fp_strndup(p, n);
}

static void gate_network(struct fp_check *c, const char *written)
{
	char *host = host_of(written);

	fp_verdict_not_checked(c, "Not checked: network checks are switched off on this server (%s).", host);
	fp_verdict_remedy(c, "For work without a network export the layer to a GeoPackage.");
	free(host);
}

void fp_diagnose_gate(struct fp_check *c, enum fp_gate gate, const char *written, const char *resolved)
{
	switch (gate) {
	case FP_GATE_NETWORK:
		gate_network(c, written);
		return;
	case FP_GATE_DATABASE:
		fp_verdict_not_checked(c, "Not checked: the source is a database connection inside a file provider.");
		fp_verdict_remedy(c, "Add the layer again with the provider of that database.");
		return;
	case FP_GATE_INLINE:
		fp_verdict_not_checked(c, "Not checked: the source holds inline data or instructions instead of a path.");
		fp_verdict_remedy(c, "Save the data as a file in the project folder and add that.");
		return;
	case FP_GATE_QGIS:
		fp_verdict_not_checked(c, "Not checked: \"%s\" is part of QGIS itself, which is not installed here.", written);
		return;
	case FP_GATE_ATTACHED:
		fp_verdict_not_checked(c, "Not checked: \"%s\" lies in the project's attachments, which this version does not unpack.", written);
		fp_verdict_remedy(c, "Save the file in the project folder and re-link the layer to it.");
		return;
	case FP_GATE_OUTSIDE:
		fp_verdict_invalid(c);
		fp_verdict_error(c, "File \"%s\" missing.", resolved);
		if (is_share(written) || is_elsewhere(written)) {
			diagnose_missing(c, written, resolved);
			return;
		}
		fp_verdict_detail(c, "the path points outside the project folder");
		fp_verdict_remedy(c, "The path uses a folder outside the project. Copy the data next to the project and re-link it.");
		return;
	case FP_GATE_SPECIAL:
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "\"%s\" is no file that can be read", resolved);
		return;
	case FP_GATE_MISSING:
	case FP_GATE_PASS:
		fp_verdict_invalid(c);
		fp_verdict_error(c, "File \"%s\" missing.", resolved);
		diagnose_missing(c, written, resolved);
	}
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
			fp_verdict_remedy(c, "Shapefile incomplete: .%s missing. Upload .shp, .shx, .dbf and .prj together, or convert it to a GeoPackage.", sides[i]);
			return;
		}
}

void fp_diagnose_content(struct fp_check *c, const char *path, const struct fp_gdal_messages *messages, const char *reason)
{
	static const struct {
		enum fp_magic magic;
		const char *reason;
	} known[] = {{FP_MAGIC_EMPTY, "the file is empty"}, {FP_MAGIC_LFS, "the file is a Git-LFS pointer, not the data"},
		{FP_MAGIC_HTML, "the file is a web page, not data"}};
	struct fp_sniff s = {0};
	char *said = messages ? fp_name_list(&messages->texts, 8) : fp_strdup("");

	fp_sniff(&s, path);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (s.magic == known[i].magic)
			fp_verdict_detail(c, "%s", known[i].reason);
	if (fp_path_has_suffix(path, ".shp"))
		diagnose_shapefile(c, path);
	if (*said)
		fp_verdict_detail(c, "%s", said);
	if (s.magic == FP_MAGIC_FOLDER)
		fp_verdict_detail(c, "\"%s\" is a folder", path);
	fp_verdict_detail(c, "%s", *reason ? reason : "its content is not what its name says");
	fp_verdict_remedy(c, "File is empty or damaged (\"%s\"). Open it in QGIS, export a fresh copy, and upload again.", c->v->detail);
	free(said);
}
