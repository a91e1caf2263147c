#include "engine/store/package_copy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/packages.h"

struct fp_package_copy {
	struct fp_store *s;
	char *folder, *to, *tmp; /* of the package; where it goes; and what lies beside that until all of it is there */
	int hold;
	FILE *list;                        /* of its files, "SIZE SHA-256 NAME" each with a NUL: rows may go while bytes stay, and there may be very many photos */
	int wrote;                         /* 0: not all of it */
	struct fp_package_copied at;
	char *name, sha256[FP_SHA256_HEX]; /* the file that is copied */
	int64_t size, read;                /* READ: once to copy and once to check it */
	struct fp_copier *copier;          /* first this, then that; NULL, NULL: the next file */
	struct fp_hasher *hasher;
	int done;
};

static void take(void *arg, const struct fp_package_row *r)
{
	struct fp_package_copy *c = arg;

	c->folder = fp_strdup(r->folder);
	c->at.package = r->job_id;
}

static enum fp_status not_in_home(const struct fp_package_copy *c, struct fp_error *err)
{
	char home[PATH_MAX];

	if (realpath(fp_store_home(c->s), home) && fp_path_below(c->to, home)) {
		fp_fail(err, FP_E_REFUSED, "folder %s lies in the home, which is Fieldpost's own", c->to);
		fp_error_hint(err, "name another one");
		return FP_E_REFUSED;
	}
	return FP_OK;
}

static void list_file(void *arg, const struct fp_package_file_row *f)
{
	struct fp_package_copy *c = arg;

	c->wrote &= fprintf(c->list, "%lld %s %s", (long long)f->size, f->sha256, f->name) > 0 && fputc('\0', c->list) == 0;
	c->at.all_files++;
	c->at.all_bytes += f->size;
}

static enum fp_status list_files(struct fp_package_copy *c, struct fp_error *err)
{
	enum fp_status st;

	c->list = tmpfile();
	c->wrote = c->list != NULL;
	if (!c->list)
		return fp_fail_errno(err, errno, "cannot make a temporary file");
	st = fp_package_files(c->s, c->at.package, 0, INT64_MAX, list_file, c, err);
	if (st == FP_OK && (!c->wrote || fflush(c->list) != 0))
		st = fp_fail_errno(err, errno, "cannot write a temporary file");
	rewind(c->list);
	return st;
}

enum fp_status fp_package_copy_new(struct fp_package_copy **out, struct fp_store *s, const char *project_id, int64_t job_id, const char *dir, struct fp_error *err)
{
	struct fp_package_copy *c = fp_alloc(sizeof *c);
	enum fp_status st;

	c->s = s;
	c->hold = -1;
	st = fp_package_get(s, project_id, job_id, take, c, err);
	if (st == FP_OK)
		st = fp_fs_free_folder(&c->to, dir, err);
	if (st == FP_OK)
		st = not_in_home(c, err);
	if (st == FP_OK)
		st = fp_package_hold(s, c->at.package, &c->hold, err);
	if (st == FP_OK)
		st = list_files(c, err);
	if (st == FP_OK) {
		c->tmp = fp_asprintf("%s.%ld.fieldpost-new", c->to, (long)getpid());
		st = fp_fs_mkdirs(c->tmp, err);
	}
	if (st == FP_OK)
		*out = c;
	else
		fp_package_copy_free(c);
	return st;
}

/* ---- file by file ---- */

static enum fp_status next_file(struct fp_package_copy *c, struct fp_error *err)
{
	char *from, *to, *dir, *line = NULL;
	size_t size = 0;
	long long bytes;
	int at = 0;
	enum fp_status st;

	if (getdelim(&line, &size, '\0', c->list) <= 0 || sscanf(line, "%lld %64s %n", &bytes, c->sha256, &at) != 2 || !at) {
		free(line);
		return fp_fail(err, FP_E_IO, "the list of the files of package %lld cannot be read back", (long long)c->at.package);
	}
	c->name = fp_strdup(line + at);
	c->size = bytes;
	free(line);
	from = fp_path_join(c->folder, c->name);
	to = fp_path_join(c->tmp, c->name);
	dir = fp_path_dir(to);
	st = fp_fs_mkdirs(dir, err);
	if (st == FP_OK)
		st = fp_copier_new(&c->copier, from, to, err);
	free(from);
	free(to);
	free(dir);
	return st;
}

static enum fp_status copy_some(struct fp_package_copy *c, int64_t bytes, struct fp_error *err)
{
	char *to;
	int end;
	enum fp_status st = fp_copier_step(c->copier, bytes, &end, err);

	c->read = end || c->read + bytes > c->size ? c->size : c->read + bytes;
	if (st != FP_OK || !end)
		return st;
	fp_copier_free(c->copier);
	c->copier = NULL;
	to = fp_path_join(c->tmp, c->name);
	st = fp_hasher_new(&c->hasher, to, err);
	free(to);
	return st;
}

/* What goes out is what was published, or it does not go out. */
static enum fp_status check_some(struct fp_package_copy *c, int64_t bytes, struct fp_error *err)
{
	struct fp_digest d;
	int end;
	enum fp_status st = fp_hasher_step(c->hasher, bytes, &end, &d, err);

	c->read = c->read + bytes > 2 * c->size ? 2 * c->size : c->read + bytes;
	if (st != FP_OK || !end)
		return st;
	fp_hasher_free(c->hasher);
	c->hasher = NULL;
	if (strcmp(d.sha256, c->sha256) != 0) {
		st = fp_fail(err, FP_E_CORRUPT, "\"%s\" of package %lld is damaged in the home", c->name, (long long)c->at.package);
		fp_error_hint(err, "remove that file from the folder that package show names, then package the project again");
	}
	c->at.files++;
	c->at.bytes += c->size;
	c->read = 0;
	free(c->name);
	c->name = NULL;
	return st;
}

static enum fp_status put_in_place(struct fp_package_copy *c, int *done, struct fp_error *err)
{
	enum fp_status st = fp_fs_usual_modes(c->tmp, err);

	if (st == FP_OK && rename(c->tmp, c->to) != 0) /* over an empty folder, too */
		st = fp_fail_errno(err, errno, "cannot put the package into %s", c->to);
	c->done = *done = st == FP_OK;
	return st;
}

/* Of a small file, as most are, opening costs more than its bytes. */
enum fp_status fp_package_copy_step(struct fp_package_copy *c, int64_t bytes, int *done, struct fp_error *err)
{
	enum { A_FILE = 32 << 10 };
	enum fp_status st = FP_OK;

	*done = 0;
	while (st == FP_OK && bytes > 0 && !*done) {
		if (!c->copier && !c->hasher) {
			st = c->at.files == c->at.all_files ? put_in_place(c, done, err) : next_file(c, err);
			continue;
		}
		st = c->copier ? copy_some(c, bytes, err) : check_some(c, bytes, err);
		bytes -= c->size > A_FILE ? c->size : A_FILE;
	}
	return st;
}

struct fp_package_copied fp_package_copy_state(const struct fp_package_copy *c)
{
	struct fp_package_copied at = c->at;

	at.to = c->to;
	at.bytes += c->read / 2;
	return at;
}

void fp_package_copy_free(struct fp_package_copy *c)
{
	if (!c)
		return;
	fp_copier_free(c->copier);
	fp_hasher_free(c->hasher);
	if (c->list)
		fclose(c->list);
	if (c->tmp && !c->done)
		fp_fs_remove_tree(c->tmp, NULL);
	if (c->hold >= 0)
		fp_package_release(c->hold);
	free(c->folder);
	free(c->to);
	free(c->tmp);
	free(c->name);
	free(c);
}
