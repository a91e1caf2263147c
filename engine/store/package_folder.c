#include "engine/store/package_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/db.h"
#include "engine/store/packages.h"

char *fp_package_folder(const struct fp_store *s, const char *project_id, int64_t job_id)
{
	return fp_asprintf("%s/projects/%s/packages/%lld", s->home, project_id, (long long)job_id);
}

enum fp_package_file_look fp_package_file_look(const char *path, int64_t size, int64_t at)
{
	struct stat sb;

	if (lstat(path, &sb) != 0)
		return FP_PACKAGE_FILE_MISSING;
	if (!S_ISREG(sb.st_mode) || sb.st_size != size)
		return FP_PACKAGE_FILE_CHANGED;
	return (int64_t)sb.st_mtim.tv_sec * 1000 + sb.st_mtim.tv_nsec / 1000000 > at ? FP_PACKAGE_FILE_SUSPECTED : FP_PACKAGE_FILE_GOOD;
}

enum fp_status fp_package_is_whole(struct fp_store *s, int64_t job_id, int *whole, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT k.project_id, f.name, f.size, k.at FROM package_file f JOIN package k ON k.job_id = f.job_id"
		" WHERE f.job_id = ? AND f.is_attachment = 0", FP_VALS(fp_i(job_id)));

	*whole = rc == FP_OK;
	if (rc != FP_OK)
		return rc;
	while (*whole && (rc = fp_db_next(s, st, &row, err)) == FP_OK && row) {
		char *folder = fp_package_folder(s, fp_db_text(st, 0), job_id), *path = fp_path_join(folder, fp_db_text(st, 1));
		*whole = fp_package_file_look(path, sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3)) == FP_PACKAGE_FILE_GOOD;
		free(folder);
		free(path);
	}
	fp_db_end(s, st);
	return rc;
}

/* The folder FD is locked: LOCK_SH by those who read, LOCK_EX by who takes it away. */
static int open_locked(const char *path, int how)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, how | LOCK_NB) != 0) {
		int why = errno;
		close(fd);
		errno = why;
		fd = -1;
	}
	return fd;
}

/* Whoever removes a package takes its row first, then the lock: what is listed when the lock is held stays. */
enum fp_status fp_package_hold(struct fp_store *s, int64_t job_id, int *hold, struct fp_error *err)
{
	char *project = NULL, *path = NULL;
	int64_t listed = 0;
	enum fp_status st = fp_db_str(s, &project, err, "SELECT project_id FROM package WHERE job_id = ?", FP_VALS(fp_i(job_id)));

	*hold = -1;
	if (st == FP_OK && project) {
		path = fp_package_folder(s, project, job_id);
		*hold = open_locked(path, LOCK_SH);
		st = fp_db_int(s, &listed, err, "SELECT 1 FROM package WHERE job_id = ?", FP_VALS(fp_i(job_id)));
	}
	if (st == FP_OK && !listed) {
		st = fp_fail(err, FP_E_NOTFOUND, "package %lld was removed: newer ones took its place", (long long)job_id);
	} else if (st == FP_OK && *hold < 0) {
		st = fp_fail(err, FP_E_CORRUPT, "the folder of package %lld cannot be opened: %s", (long long)job_id, path);
		fp_error_hint(err, "see fieldpost doctor; package the project again");
	}
	if (st != FP_OK) {
		fp_package_release(*hold);
		*hold = -1;
	}
	free(project);
	free(path);
	return st;
}

void fp_package_release(int hold)
{
	if (hold >= 0)
		close(hold);
}

enum fp_status fp_package_folder_remove(const char *path, struct fp_error *err)
{
	int fd = open_locked(path, LOCK_EX);
	enum fp_status st;

	if (fd < 0 && errno == ENOENT)
		return FP_OK;
	if (fd < 0 && errno == EWOULDBLOCK)
		return fp_fail(err, FP_E_BUSY, "%s is being read", path);
	st = fp_fs_remove_tree(path, err); /* also what is no folder */
	if (fd >= 0)
		close(fd);
	return st;
}

static enum fp_status look(struct fp_store *s, const char *packages, const char *project, fp_package_folder_each *each, void *arg, struct fp_error *err)
{
	DIR *d = opendir(packages);
	const struct dirent *e;
	enum fp_status st = FP_OK;

	while (d && st == FP_OK && (e = readdir(d))) {
		int64_t listed = 0;
		char *path;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		st = fp_db_int(s, &listed, err, "SELECT 1 FROM package WHERE project_id = ? AND CAST(job_id AS TEXT) = ?", FP_VALS(fp_t(project), fp_t(e->d_name)));
		if (st != FP_OK || listed)
			continue;
		path = fp_path_join(packages, e->d_name);
		each(arg, path);
		free(path);
	}
	if (d)
		closedir(d);
	return st;
}

enum fp_status fp_package_folders_unlisted(struct fp_store *s, fp_package_folder_each *each, void *arg, struct fp_error *err)
{
	char *projects = fp_path_join(s->home, "projects");
	DIR *d = opendir(projects);
	const struct dirent *e;
	enum fp_status st = FP_OK;

	while (d && st == FP_OK && (e = readdir(d))) {
		char *project, *packages;
		if (*e->d_name == '.')
			continue;
		project = fp_path_join(projects, e->d_name);
		packages = fp_path_join(project, "packages");
		st = look(s, packages, e->d_name, each, arg, err);
		free(project);
		free(packages);
	}
	if (d)
		closedir(d);
	free(projects);
	return st;
}
