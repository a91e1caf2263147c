#include "engine/layers/similar.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/nearest.h"
#include "engine/base/path.h"
#include "engine/base/text.h"

#define FILES_MAX 5000 /* of the upload are looked at */

/* How many path parts, from the end, A and B have in common. */
static size_t common_tail(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), parts = 0;

	for (;;) {
		size_t la = 0, lb = 0;
		while (la < na && a[na - la - 1] != '/')
			la++;
		while (lb < nb && b[nb - lb - 1] != '/')
			lb++;
		if (la == 0 || la != lb || memcmp(a + na - la, b + nb - lb, la) != 0)
			break;
		parts++;
		if (na == la || nb == lb)
			break;
		na -= la + 1;
		nb -= lb + 1;
	}
	return parts;
}

static enum fp_status take(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct fp_upload *u = arg;

	(void)size;
	if (regular) {
		fp_strv_add(&u->names, name);
		fp_strv_take(&u->folded, fp_text_fold(name));
	}
	return u->names.n < FILES_MAX ? FP_OK : fp_fail(err, FP_E_CANCELLED, "enough");
}

static void list(struct fp_upload *u, const char *root)
{
	if (!u->listed)
		fp_fs_walk(root, take, u, NULL);
	u->listed = 1;
}

void fp_upload_clear(struct fp_upload *u)
{
	fp_strv_free(&u->names);
	fp_strv_free(&u->folded);
	u->listed = 0;
}

static const char *extension(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot ? dot : "";
}

/* A third of the name may be written differently. */
static char *nearest_name(const struct fp_upload *u, const char *folded)
{
	const char *base = fp_path_base(folded), *ext = extension(base);
	int best = 2 + (int)(strlen(base) - strlen(ext)) / 3;
	char *found = NULL;

	for (size_t i = 0; i < u->names.n; i++) {
		const char *there = fp_path_base(u->folded.items[i]);
		int d = strcmp(extension(there), ext) == 0 ? fp_name_distance(base, there) : FP_NAMES_APART;
		if (d > best || (found && d == best))
			continue;
		best = d;
		free(found);
		found = fp_strdup(u->names.items[i]);
	}
	return found;
}

char *fp_similar_file(const struct fp_checker *k, const char *path, char **nearest)
{
	struct fp_upload own = {0}, *u = k->upload ? k->upload : &own;
	char *folded = fp_text_fold(path);
	size_t most = 0, at = 0;
	char *found;

	list(u, k->project->root);
	for (size_t i = 0; i < u->names.n; i++) {
		size_t parts = common_tail(u->folded.items[i], folded);
		if (parts > most) {
			most = parts;
			at = i;
		}
	}
	found = most ? fp_strdup(u->names.items[at]) : NULL;
	*nearest = most ? NULL : nearest_name(u, folded);
	free(folded);
	fp_upload_clear(&own);
	return found;
}
