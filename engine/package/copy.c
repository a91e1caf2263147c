/* Copying what is planned. A database that changes were still being written to is copied by SQLite, so that it arrives whole and alone. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/changes/quiet.h"
#include "engine/layers/formats.h"
#include "engine/layers/gdal_gate.h"
#include "engine/package/plan.h"

static enum fp_status fail_sqlite(struct fp_error *err, sqlite3 *db, int rc, const char *name)
{
	if (rc == SQLITE_FULL || (db && (sqlite3_system_errno(db) == ENOSPC || sqlite3_system_errno(db) == EDQUOT)))
		return fp_fail(err, FP_E_FULL, "no space left to copy \"%s\" into the package", name);
	return fp_fail(err, FP_E_IO, "cannot copy the database \"%s\": %s", name, db ? sqlite3_errmsg(db) : "out of memory");
}

static int run_backup(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (!b)
		return sqlite3_errcode(to);
	rc = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	if (rc != SQLITE_DONE)
		return rc;
	return sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
}

/* FROM is a copy of ours: SQLite may mend it. */
static enum fp_status back_up(const char *from, const char *to, const char *name, struct fp_error *err)
{
	sqlite3 *a = NULL, *b = NULL;
	enum fp_status st = FP_OK;
	int rc = sqlite3_open_v2(from, &a, SQLITE_OPEN_READWRITE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(to, &b, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK)
		rc = run_backup(a, b);
	if (rc != SQLITE_OK)
		st = fail_sqlite(err, b ? b : a, rc, name);
	sqlite3_close(a);
	sqlite3_close(b);
	return st;
}

static enum fp_status copy_database(const char *from, const char *to, const char *name, struct fp_error *err)
{
	struct fp_quiet quiet;
	const char *copy;
	enum fp_status st = fp_quiet_hold(&quiet, from, err);

	if (st == FP_OK) {
		st = fp_gdal_quiet_copy(&copy, from, 0, err);
		if (st == FP_OK)
			st = back_up(copy, to, name, err);
	}
	fp_quiet_release(&quiet);
	return st;
}

static int is_database(const char *path)
{
	struct fp_sniff s;

	return fp_sqlite_has_leftover(path) && fp_sniff(&s, path) == 0 && s.magic == FP_MAGIC_SQLITE;
}

static enum fp_status copy_bytes(const char *from, const char *to, const char *name, struct fp_error *err)
{
	struct fp_error why;
	enum fp_status st = fp_fs_copy(from, to, &why);

	if (st == FP_E_FULL) {
		st = fp_fail(err, FP_E_FULL, "no space left to copy \"%s\" into the package", name);
		fp_error_hint(err, "make room on the disk and package again");
	} else if (st == FP_E_NOTFOUND) {
		st = fp_fail(err, FP_E_CONFLICT, "the file \"%s\" has vanished while the project was packaged", name);
	} else if (st != FP_OK) {
		st = fp_fail(err, st, "\"%s\" cannot be copied into the package: %s", name, why.msg);
	}
	return st;
}

static int is_as_seen(const char *path, const struct fp_pack_seen *seen)
{
	struct stat sb;

	return stat(path, &sb) == 0 && sb.st_size == seen->size && sb.st_mtim.tv_sec == seen->changed.tv_sec && sb.st_mtim.tv_nsec == seen->changed.tv_nsec;
}

/* Makes the folder of TO unless it was the last one to be made; *MADE is that one. */
static enum fp_status make_folder(char **made, const char *to, struct fp_error *err)
{
	char *dir = fp_path_dir(to);

	if (*made && strcmp(*made, dir) == 0) {
		free(dir);
		return FP_OK;
	}
	free(*made);
	*made = dir;
	return fp_fs_mkdirs(dir, err);
}

static enum fp_status copy_one(char **made, const struct fp_pack_file *f, const struct fp_pack_seen *seen, const char *output, struct fp_error *err)
{
	char *to = fp_path_join(output, f->to);
	enum fp_status st = make_folder(made, to, err);

	if (st == FP_OK)
		st = is_database(f->from) ? copy_database(f->from, to, f->to, err) : copy_bytes(f->from, to, f->to, err);
	if (st == FP_OK && !is_as_seen(f->from, seen)) {
		st = fp_fail(err, FP_E_CONFLICT, "the file \"%s\" changed while the project was packaged", f->to);
		fp_error_hint(err, "package again when nobody writes to it");
	}
	free(to);
	return st;
}

enum fp_status fp_plan_copy(struct fp_pack_plan *plan, struct fp_error *err)
{
	struct fp_package *p = plan->p;
	enum fp_status st = FP_OK;
	int64_t done = 0;
	char *made = NULL;

	for (size_t i = 0; i < p->n_files && st == FP_OK; i++) {
		st = copy_one(&made, &p->files[i], &plan->seen[i], p->output, err);
		done += plan->seen[i].size;
		if (p->progress)
			p->progress(p->arg, done, plan->total);
	}
	free(made);
	return st;
}
