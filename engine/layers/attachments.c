#include "engine/layers/attachments.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"

#define TOTAL_MAX ((zip_uint64_t)64 << 20)
#define RATIO_MAX 200
#define MEMBERS_MAX 2000

/* A name that is one part of a path and not a special one. */
static int is_plain(const char *name)
{
	return *name && *name != '.' && !strpbrk(name, "/\\");
}

/* 1 for NAME and for what goes with it: the files of one shapefile share their name up to the dot. */
static int shares_stem(const char *member, const char *name)
{
	size_t n = strcspn(name, ".");

	return is_plain(member) && strncmp(member, name, n) == 0 && (member[n] == '.' || strcmp(member, name) == 0);
}

static enum fp_status read_member(struct fp_buf *b, zip_t *z, zip_uint64_t i, zip_uint64_t *left, struct fp_error *err)
{
	char piece[65536];
	zip_stat_t s;
	zip_file_t *f;
	zip_int64_t n;

	if (zip_stat_index(z, i, 0, &s) != 0 || !(s.valid & ZIP_STAT_SIZE) || !(s.valid & ZIP_STAT_COMP_SIZE) || s.size / RATIO_MAX > s.comp_size)
		return fp_fail(err, FP_E_REFUSED, "an attachment is packed more than %d times", RATIO_MAX);
	f = s.size <= *left ? zip_fopen_index(z, i, 0) : NULL;
	if (!f)
		return fp_fail(err, FP_E_REFUSED, "an attachment cannot be unpacked or is larger than %d MB", (int)(TOTAL_MAX >> 20));
	fp_buf_add(b, "", 0);
	while ((n = zip_fread(f, piece, sizeof piece)) > 0 && (zip_uint64_t)n <= *left) {
		fp_buf_add(b, piece, (size_t)n);
		*left -= (zip_uint64_t)n;
	}
	zip_fclose(f);
	return n == 0 ? FP_OK : fp_fail(err, FP_E_REFUSED, "an attachment is damaged or larger than it says");
}

static enum fp_status unpack(zip_t *z, const char *name, const char *dir, struct fp_error *err)
{
	zip_int64_t n = zip_get_num_entries(z, 0);
	zip_uint64_t left = TOTAL_MAX;
	enum fp_status st = FP_OK;

	if (n > MEMBERS_MAX)
		return fp_fail(err, FP_E_REFUSED, "the attachments are more than %d", MEMBERS_MAX);
	if (zip_name_locate(z, name, 0) < 0)
		return fp_fail(err, FP_E_NOTFOUND, "no attachment \"%s\"", name);
	for (zip_int64_t i = 0; i < n && st == FP_OK; i++) {
		const char *member = zip_get_name(z, (zip_uint64_t)i, 0);
		struct fp_buf b = FP_BUF_INIT;
		char *to;
		if (!member || !shares_stem(member, name))
			continue;
		to = fp_path_join(dir, member);
		st = read_member(&b, z, (zip_uint64_t)i, &left, err);
		if (st == FP_OK)
			st = fp_fs_write_atomic(to, b.data, b.len, err);
		fp_buf_free(&b);
		free(to);
	}
	return st;
}

/* The archive's path; caller frees. */
static char *archive_of(const struct fp_project *p)
{
	size_t n = strlen(p->path);

	if (fp_path_has_suffix(p->path, ".qgz"))
		return fp_strdup(p->path);
	if (fp_path_has_suffix(p->path, ".qgs"))
		n -= 4;
	return fp_asprintf("%.*s_attachments.zip", (int)n, p->path);
}

static enum fp_status unpack_from(const struct fp_project *p, const char *name, const char *dir, struct fp_error *err)
{
	char *archive = archive_of(p), *real = NULL;
	enum fp_gate gate = fp_gate(&real, p->root, archive);
	enum fp_status st = FP_E_NOTFOUND;
	zip_t *z = NULL;

	if (gate == FP_GATE_PASS) {
		z = zip_open(real, ZIP_RDONLY, NULL);
		st = z ? fp_fs_mkdirs(dir, err) : fp_fail(err, FP_E_REFUSED, "the archive of attachments is damaged");
	} else if (gate != FP_GATE_MISSING) {
		st = fp_fail(err, FP_E_REFUSED, "the archive of attachments lies outside the project");
	}
	if (st == FP_OK)
		st = unpack(z, name, dir, err);
	if (z)
		zip_discard(z);
	free(archive);
	free(real);
	return st;
}

enum fp_status fp_attachment(char **path, const struct fp_check *c, const char *name, struct fp_error *err)
{
	const char *scratch = fp_gdal_scratch();
	char *dir;
	enum fp_status st = FP_OK;

	if (!is_plain(name) || !scratch || strcmp(c->layer->home, c->project->home) != 0)
		return fp_fail(err, FP_E_REFUSED, "it is not a plain attachment of this project, or there is no place for a copy");
	dir = fp_path_join(scratch, "attachments");
	*path = fp_path_join(dir, name);
	if (access(*path, F_OK) != 0)
		st = unpack_from(c->project, name, dir, err);
	free(dir);
	if (st != FP_OK) {
		free(*path);
		*path = NULL;
	}
	return st;
}
