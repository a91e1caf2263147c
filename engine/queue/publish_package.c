/* A package becomes true. Its files are hashed and put into WORK/package, a piece at a time, where the worker never could write; then that folder is renamed
 * to its place and the rows name it, in one transaction. What lies there without rows after a crash is garbage: nobody lists it, and doctor and retention
 * sweep it. The packages before it are not touched. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/base/path.h"
#include "engine/queue/package_rows.h"
#include "engine/queue/run.h"
#include "engine/store/attachments.h"
#include "engine/store/db.h"
#include "engine/store/package_folder.h"

#define HASH_BYTES_A_TIME (4 << 20)
#define LINKS_A_TIME 256
#define SYNCED_ALONE 256 /* more files than these are brought to the disk all at once */

static char *folder_of(const struct fp_run *r)
{
	return fp_path_join(r->work, "package");
}

/* The place of NAME in the package, its folder made; caller frees. */
static enum fp_status place(const struct fp_run *r, char **to, const char *name, struct fp_error *err)
{
	char *folder = folder_of(r), *dir;
	enum fp_status st;

	*to = fp_path_join(folder, name);
	dir = fp_path_dir(*to);
	st = fp_fs_mkdirs(dir, err);
	free(dir);
	free(folder);
	return st;
}

/* The path of the project's file NAME as the job found it, when it has these bytes; "" when it has others. */
static enum fp_status same_bytes(const struct fp_run *r, char **path, const char *name, const struct fp_digest *d, struct fp_error *err)
{
	const char *slash = strrchr(r->project_file, '/');
	char *below = slash ? fp_asprintf("%.*s/%s", (int)(slash - r->project_file), r->project_file, name) : fp_strdup(name);
	const struct fp_base_file *f = fp_run_file(r, below);
	int64_t same = 0;
	enum fp_status st = FP_OK;

	*path = NULL;
	if (f)
		st = fp_db_int(r->store, &same, err, "SELECT 1 FROM file f JOIN file_version v ON v.file_id = f.id WHERE f.project_id = ? AND f.name = ?"
			" AND v.version = ? AND v.sha256 = ?", FP_VALS(fp_t(r->project_id), fp_t(below), fp_i(f->version), fp_t(d->sha256)));
	if (same)
		*path = fp_strdup(f->path);
	free(below);
	return st;
}

/* A copy of what the home has already costs a link, as long as the file system has one left. */
static enum fp_status take_over(const struct fp_run *r, const char *made, const char *name, const struct fp_digest *d, struct fp_error *err)
{
	char *to = NULL, *same = NULL;
	struct stat sb;
	enum fp_status st = place(r, &to, name, err);

	if (st == FP_OK && lstat(to, &sb) == 0)
		st = fp_fail(err, FP_E_INVALID, "the worker announced \"%s\" twice", name);
	if (st == FP_OK)
		st = same_bytes(r, &same, name, d, err);
	if (st == FP_OK && (!same || link(same, to) != 0) && (chmod(made, 0400) != 0 || rename(made, to) != 0))
		st = fp_fail_errno(err, errno, "cannot take over %s", made);
	free(to);
	free(same);
	return st;
}

static enum fp_status hash_piece(struct fp_run *r, int *hashed, const char *path, struct fp_digest *d, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	if (!r->hasher) {
		st = fp_hasher_new(&r->hasher, path, err);
		if (st == FP_OK)
			fp_hasher_etag_only(r->hasher);
	}
	if (st == FP_OK)
		st = fp_hasher_step(r->hasher, HASH_BYTES_A_TIME, hashed, d, err);
	if (st == FP_OK && *hashed) {
		fp_hasher_free(r->hasher);
		r->hasher = NULL;
	}
	return st;
}

/* The next piece of the file whose turn it is. */
static enum fp_status collect_made(struct fp_run *r, struct fp_error *err)
{
	const char *name = r->announced.items[r->hashed];
	char *out = fp_path_join(r->work, "out"), *made = fp_path_join(out, name);
	struct fp_digest d;
	int hashed = 0;
	enum fp_status st = r->hasher ? FP_OK : fp_run_validate(r, name, err);

	if (st == FP_OK)
		st = hash_piece(r, &hashed, made, &d, err);
	if (st == FP_OK && hashed && r->announced.n <= SYNCED_ALONE)
		st = fp_run_sync(r, name, err);
	if (st == FP_OK && hashed)
		st = take_over(r, made, name, &d, err);
	if (st == FP_OK && hashed) {
		fp_package_file_spool(r, name, &d, fp_now_ms(), 0);
		r->hashed++;
	}
	free(out);
	free(made);
	return st;
}

/* ---- attachments: nobody copied them for the worker ---- */

/* What an attachment is called in the package: the project file's own folder is its root. */
static const char *name_in_package(const struct fp_run *r, const char *name)
{
	const char *slash = strrchr(r->project_file, '/');
	size_t n = slash ? (size_t)(slash - r->project_file) + 1 : 0;

	return strncmp(name, r->project_file, n) == 0 ? name + n : name;
}

/* What the store knows of a version; ETAG "": nobody knows it yet. */
static enum fp_status known_digest(const struct fp_run *r, const struct fp_base_file *f, struct fp_digest *d, int64_t *at, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT v.size, v.sha256, v.etag, v.at FROM file f JOIN file_version v ON v.file_id = f.id"
		" WHERE f.project_id = ? AND f.name = ? AND v.version = ?", FP_VALS(fp_t(r->project_id), fp_t(f->name), fp_i(f->version)));

	memset(d, 0, sizeof *d);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	if (rc == FP_OK && row) {
		d->size = sqlite3_column_int64(st, 0);
		snprintf(d->sha256, sizeof d->sha256, "%s", fp_db_text(st, 1));
		snprintf(d->etag, sizeof d->etag, "%s", fp_db_text(st, 2));
		*at = sqlite3_column_int64(st, 3);
	}
	fp_db_end(r->store, st);
	return rc == FP_OK && !row ? fp_fail(err, FP_E_CORRUPT, "version %lld of %s is gone from the store", (long long)f->version, f->name) : rc;
}

static enum fp_status attach(struct fp_run *r, const struct fp_base_file *f, const struct fp_digest *d, int64_t at, struct fp_error *err)
{
	const char *name = name_in_package(r, f->name);
	char *to = NULL;
	struct stat sb;
	enum fp_status st = place(r, &to, name, err);

	if (st == FP_OK && lstat(to, &sb) == 0) { /* a layer lives there, and the worker has brought it */
		free(to);
		return FP_OK;
	}
	if (st == FP_OK && link(f->path, to) != 0) {
		st = fp_fs_copy(f->path, to, err);
		if (st == FP_OK && chmod(to, 0400) != 0)
			st = fp_fail_errno(err, errno, "cannot protect %s", to);
		if (st == FP_OK)
			st = fp_fs_sync(to, err);
	}
	if (st == FP_OK)
		fp_package_file_spool(r, name, d, at, 1);
	free(to);
	return st;
}

/* What a device pushed, at the root of the project, stands before what lay beside the project file. */
static int is_covered(const struct fp_run *r, const char *name)
{
	const char *short_name = name_in_package(r, name);

	return short_name != name && fp_run_file(r, short_name) && fp_attachment_is(&r->folders, short_name);
}

/* *DONE when this file was dealt with; else a piece of it was hashed. */
static enum fp_status collect_attachment(struct fp_run *r, const struct fp_base_file *f, int *done, struct fp_error *err)
{
	struct fp_digest d, read;
	int64_t at = 0;
	enum fp_status st;

	*done = 1;
	if (!fp_attachment_is(&r->folders, f->name) || is_covered(r, f->name))
		return FP_OK;
	st = known_digest(r, f, &d, &at, err);
	if (st == FP_OK && !*d.etag) {
		st = hash_piece(r, done, f->path, &read, err);
		if (st == FP_OK && *done && strcmp(read.sha256, d.sha256) != 0)
			st = fp_fail(err, FP_E_CORRUPT, "version %lld of %s is not what it was when it came", (long long)f->version, f->name);
		memcpy(d.etag, read.etag, sizeof d.etag);
	}
	return st == FP_OK && *done ? attach(r, f, &d, at, err) : st;
}

/* ---- durable ---- */

static int is_folder(const char *path)
{
	struct stat sb;

	return lstat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static enum fp_status sync_folders(const char *path, struct fp_error *err)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	enum fp_status st = d ? FP_OK : fp_fail_errno(err, errno, "cannot read %s", path);

	while (st == FP_OK && (e = readdir(d))) {
		char *below;
		if ((e->d_type != DT_DIR && e->d_type != DT_UNKNOWN) || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		below = fp_path_join(path, e->d_name);
		if (is_folder(below))
			st = sync_folders(below, err);
		free(below);
	}
	if (d)
		closedir(d);
	return st == FP_OK ? fp_fs_sync_dir(path, err) : st;
}

static enum fp_status sync_all(const char *path, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum fp_status st = FP_OK;

	if (fd < 0 || syncfs(fd) != 0)
		st = fp_fail_errno(err, errno, "cannot bring %s to the disk", path);
	if (fd >= 0)
		close(fd);
	return st;
}

static enum fp_status make_durable(const struct fp_run *r, struct fp_error *err)
{
	char *folder = folder_of(r);
	enum fp_status st = r->announced.n > SYNCED_ALONE ? sync_all(folder, err) : sync_folders(folder, err);

	free(folder);
	return st;
}

enum fp_status fp_run_collect_package(struct fp_run *r, int *done, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	size_t until;
	int dealt = 1;

	*done = 0;
	if (r->announced.n == 0)
		return fp_fail(err, FP_E_INVALID, "the worker made no package");
	if (r->hashed < r->announced.n)
		return collect_made(r, err);
	for (until = r->attached + LINKS_A_TIME; st == FP_OK && dealt && r->attached < r->n_files && r->attached < until; r->attached += (size_t)dealt)
		st = collect_attachment(r, &r->files[r->attached], &dealt, err);
	if (st != FP_OK || r->attached < r->n_files)
		return st;
	st = make_durable(r, err);
	*done = st == FP_OK;
	return st;
}

/* ---- one transaction ---- */

static enum fp_status make_place(const char *to, struct fp_error *err)
{
	char *packages = fp_path_dir(to), *project = fp_path_dir(packages), *projects = fp_path_dir(project);
	enum fp_status st = fp_fs_mkdirs(packages, err);

	if (st == FP_OK)
		st = fp_fs_sync_dir(project, err);
	if (st == FP_OK)
		st = fp_fs_sync_dir(projects, err);
	free(packages);
	free(project);
	free(projects);
	return st;
}

static enum fp_status move(const struct fp_run *r, const char *to, struct fp_error *err)
{
	char *from = folder_of(r), *packages = fp_path_dir(to);
	enum fp_status st = FP_OK;

	if (rename(from, to) != 0)
		st = fp_fail_errno(err, errno, "cannot put the package in its place, %s", to);
	else
		st = fp_fs_sync_dir(packages, err);
	free(from);
	free(packages);
	return st;
}

static enum fp_status end_job(struct fp_run *r, struct fp_error *err)
{
	struct fp_buf verdict = FP_BUF_INIT;
	json_t *counts;
	enum fp_status st = fp_package_rows_describe(r, &verdict, &counts, err);

	if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE project SET packaged_at = ? WHERE id = ?", FP_VALS(fp_i(fp_now_ms()), fp_t(r->project_id)));
	if (st == FP_OK)
		st = fp_run_finish(r, verdict.data, counts, err);
	json_decref(counts);
	fp_buf_free(&verdict);
	return st;
}

/* The folder is moved last, when all else is known to be well; still inside, so that whoever holds the gate sees no folder that is about to be listed. */
static enum fp_status publish(struct fp_run *r, const char *to, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(r->store, err);

	if (st != FP_OK)
		return st;
	st = fp_package_rows_write(r, err);
	if (st == FP_OK)
		st = end_job(r, err);
	fp_failpoint("package:rows");
	if (st == FP_OK)
		st = move(r, to, err);
	fp_failpoint("package:placed");
	return fp_store_end(r->store, st, err);
}

enum fp_status fp_run_publish_package(struct fp_run *r, struct fp_error *err)
{
	char *to = fp_package_folder(r->store, r->project_id, r->job_id);
	int64_t listed = 0;
	enum fp_status st = fp_run_flush(r, 1, err);

	fp_failpoint("package:before");
	if (st == FP_OK)
		st = make_place(to, err);
	if (st == FP_OK)
		st = publish(r, to, err);
	fp_failpoint("package:after");
	if (st != FP_OK && fp_db_int(r->store, &listed, NULL, "SELECT 1 FROM package WHERE job_id = ?", FP_VALS(fp_i(r->job_id))) == FP_OK && !listed)
		fp_package_folder_remove(to, NULL);
	free(to);
	return st;
}
