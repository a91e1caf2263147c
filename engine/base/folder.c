/* Folders that people name for what is made for them. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"

/* Without the slashes at its end, so that something can lie beside it. */
static char *without_slashes(const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return fp_strndup(dir, n);
}

static enum fp_status is_empty(const char *dir, struct fp_error *err)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	enum fp_status st = FP_OK;

	if (!d && errno == ENOTDIR)
		return fp_fail(err, FP_E_EXISTS, "%s exists and is no folder", dir);
	if (!d)
		return fp_fail_errno(err, errno, "cannot use folder %s", dir);
	while (st == FP_OK && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			st = fp_fail(err, FP_E_EXISTS, "folder %s exists and is not empty", dir);
	closedir(d);
	return st;
}

/* DIR is not there: its parent is. */
static enum fp_status in_parent(char **to, const char *dir, struct fp_error *err)
{
	char *parent = fp_path_dir(dir), real[PATH_MAX];
	struct stat sb;
	enum fp_status st = FP_OK;

	if (!realpath(parent, real) || stat(real, &sb) != 0)
		st = fp_fail_errno(err, errno, "cannot make folder %s in %s", fp_path_base(dir), parent);
	else if (!S_ISDIR(sb.st_mode))
		st = fp_fail(err, FP_E_EXISTS, "cannot make folder %s: %s is no folder", dir, parent);
	else
		*to = fp_path_join(real, fp_path_base(dir));
	free(parent);
	return st;
}

enum fp_status fp_fs_free_folder(char **to, const char *dir, struct fp_error *err)
{
	char *plain = without_slashes(dir), real[PATH_MAX];
	struct stat sb;
	enum fp_status st;

	*to = NULL;
	if (!*plain)
		st = fp_fail(err, FP_E_INVALID, "a folder has to have a name");
	else if (lstat(plain, &sb) != 0)
		st = errno == ENOENT ? in_parent(to, plain, err) : fp_fail_errno(err, errno, "cannot use folder %s", plain);
	else if (!realpath(plain, real))
		st = fp_fail_errno(err, errno, "cannot use folder %s", plain);
	else
		st = is_empty(plain, err);
	if (st == FP_OK && !*to)
		*to = fp_strdup(real);
	if (st != FP_OK)
		fp_error_hint(err, "name a folder that is empty, or a new one in a folder that is there");
	free(plain);
	return st;
}

static mode_t mask;

static int set_mode(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)ftw;
	if (flag == FTW_SL)
		return 0;
	return chmod(path, (flag == FTW_F ? 0666 : 0777) & ~mask);
}

enum fp_status fp_fs_usual_modes(const char *path, struct fp_error *err)
{
	mask = umask(077);
	umask(mask);
	if (nftw(path, set_mode, 16, FTW_PHYS) != 0)
		return fp_fail_errno(err, errno, "cannot set the permissions of %s", path);
	return FP_OK;
}
