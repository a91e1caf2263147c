#include "engine/store/check.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/base/text.h"
#include "engine/store/db.h"
#include "engine/store/package_folder.h"
#include "engine/store/secret_key.h"
#include "engine/store/secrets.h"

#define SHOWN_MAX 10
#define TMP_AGE_S 3600 /* an upload under way touches its temporary file more often than this */

struct check {
	struct fp_store *s;
	int repair;
	fp_check_report *report;
	void *arg;
	int64_t faults, shown, more, removed;
	struct fp_strv garbage, folders; /* paths */
};

static void say(struct check *c, enum fp_finding f, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(struct check *c, enum fp_finding f, const char *fmt, ...)
{
	struct fp_buf raw = FP_BUF_INIT, line = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&raw, fmt, ap);
	va_end(ap);
	fp_text_sanitise(&line, raw.data, raw.len);
	c->faults += f == FP_FINDING_FAULT;
	c->report(c->arg, f, line.data);
	fp_buf_free(&raw);
	fp_buf_free(&line);
}

/* 1 for the first few of a kind; the others are counted for done(). */
static int show(struct check *c)
{
	if (c->shown < SHOWN_MAX) {
		c->shown++;
		return 1;
	}
	c->more++;
	return 0;
}

static void done(struct check *c, enum fp_finding f, const char *good)
{
	if (c->more)
		say(c, f, "... and %lld more", (long long)c->more);
	else if (!c->shown)
		say(c, FP_FINDING_GOOD, "%s", good);
	c->shown = c->more = 0;
}

/* Fixed in 3.51.3, and carried back to 3.50.7 and 3.44.6. */
static int has_wal_reset_fix(int version)
{
	return version >= 3051003 || (version >= 3050007 && version < 3051000) || (version >= 3044006 && version < 3045000);
}

static void library(struct check *c)
{
	if (has_wal_reset_fix(sqlite3_libversion_number()))
		say(c, FP_FINDING_GOOD, "SQLite %s, with the fix of the WAL-reset bug", sqlite3_libversion());
	else
		say(c, FP_FINDING_NOTE, "SQLite %s has the WAL-reset bug; Fieldpost's writer gate keeps clear of it, other programs that write store.db do not",
			sqlite3_libversion());
}

/* Every row of SQL is a fault, told by its one column. */
static enum fp_status query(struct check *c, const char *sql, const char *what, const char *good, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(c->s, &st, err, sql, FP_NOVALS);

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(c->s, st, &row, err)) == FP_OK && row)
		if (show(c))
			say(c, FP_FINDING_FAULT, "%s: %s", what, fp_db_text(st, 0));
	fp_db_end(c->s, st);
	if (rc == FP_OK)
		done(c, FP_FINDING_FAULT, good);
	return rc;
}

static const struct {
	const char *sql, *what, *good;
} queries[] = {
	{"SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'", "database damaged", "the database is sound"},
	{"SELECT format('row %d of %s points at a missing %s', rowid, \"table\", parent) FROM pragma_foreign_key_check", "reference broken",
		"every reference has its row"},
	{"SELECT format('%s counts %d %s changes, there are %d', p.name, c.n, c.status, "
		"(SELECT count(*) FROM change x WHERE x.project_id = c.project_id AND x.status = c.status)) "
		"FROM change_count c JOIN project p ON p.id = c.project_id "
		"WHERE c.n <> (SELECT count(*) FROM change x WHERE x.project_id = c.project_id AND x.status = c.status)", "counter wrong",
		"the counters of changes are right"},
	{"SELECT name FROM project p WHERE files <> (SELECT count(*) FROM file f WHERE f.project_id = p.id AND removed = 0) "
		"OR bytes <> (SELECT coalesce(sum(size), 0) FROM file f WHERE f.project_id = p.id AND removed = 0)", "size wrong of project",
		"the sizes of projects are right"},
	{"SELECT format('change %s is started, but job %d is %s', c.uuid, j.id, j.status) FROM change c JOIN job j ON j.id = c.taken_by "
		"WHERE j.status NOT IN ('queued', 'started')", "change stuck", "no change is stuck"},
	{"SELECT format('change %s was applied %d times without being forced', c.uuid, count(*)) FROM attempt a JOIN change c ON c.id = a.change_id "
		"WHERE a.outcome = 'applied' AND a.action <> 'force' GROUP BY a.change_id HAVING count(*) > 1", "applied twice",
		"no change was applied twice"},
};

static enum fp_status rows_without_file(struct check *c, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(c->s, &st, err, "SELECT v.path, v.size, f.name, v.version, p.name FROM file_version v "
		"JOIN file f ON f.id = v.file_id JOIN project p ON p.id = f.project_id", FP_NOVALS);

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(c->s, st, &row, err)) == FP_OK && row) {
		char *path = fp_path_join(c->s->home, fp_db_text(st, 0));
		struct stat sb;
		int missing = lstat(path, &sb) != 0;
		if ((missing || !S_ISREG(sb.st_mode) || sb.st_size != sqlite3_column_int64(st, 1)) && show(c))
			say(c, FP_FINDING_FAULT, "%s of version %lld of %s in project %s: %s", missing ? "missing: the bytes" : "changed: the bytes",
				(long long)sqlite3_column_int64(st, 3), fp_db_text(st, 2), fp_db_text(st, 4), path);
		free(path);
	}
	fp_db_end(c->s, st);
	if (rc == FP_OK)
		done(c, FP_FINDING_FAULT, "every file version has its bytes");
	return rc;
}

/* What was written to is read: a home that was copied without its times has all its bytes. */
static const char *fault_of_package_file(const char *path, int64_t size, int64_t at, const char *sha256)
{
	struct fp_digest d;

	switch (fp_package_file_look(path, size, at)) {
	case FP_PACKAGE_FILE_GOOD:
		return NULL;
	case FP_PACKAGE_FILE_MISSING:
		return "missing: a file";
	case FP_PACKAGE_FILE_SUSPECTED:
		if (fp_fs_digest(&d, path, NULL) == FP_OK && strcmp(d.sha256, sha256) == 0)
			return NULL;
		break;
	case FP_PACKAGE_FILE_CHANGED:
		break;
	}
	return "changed: a file";
}

static enum fp_status packages_without_file(struct check *c, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(c->s, &st, err, "SELECT k.project_id, k.job_id, f.name, f.size, p.name, k.at, f.sha256 FROM package_file f JOIN package k"
		" ON k.job_id = f.job_id JOIN project p ON p.id = k.project_id", FP_NOVALS);

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(c->s, st, &row, err)) == FP_OK && row) {
		char *folder = fp_package_folder(c->s, fp_db_text(st, 0), sqlite3_column_int64(st, 1)), *path = fp_path_join(folder, fp_db_text(st, 2));
		const char *fault = fault_of_package_file(path, sqlite3_column_int64(st, 3), sqlite3_column_int64(st, 5), fp_db_text(st, 6));
		if (fault && show(c))
			say(c, FP_FINDING_FAULT, "%s of package %lld of project %s: %s; package it again", fault, (long long)sqlite3_column_int64(st, 1), fp_db_text(st, 4), path);
		free(folder);
		free(path);
	}
	fp_db_end(c->s, st);
	if (rc == FP_OK)
		done(c, FP_FINDING_FAULT, "every package has its files");
	return rc;
}

static void unlisted_package(void *arg, const char *path)
{
	struct check *c = arg;

	if (show(c))
		say(c, FP_FINDING_GARBAGE, "%s: no package is listed there", path);
	fp_strv_add(&c->folders, path);
}

/* Asked inside the gate, as files without a row are. One that is being read stays. */
static enum fp_status packages_without_row(struct check *c, struct fp_error *err)
{
	enum fp_status st = fp_package_folders_unlisted(c->s, unlisted_package, c, err);

	for (size_t i = 0; st == FP_OK && c->repair && i < c->folders.n; i++)
		c->removed += fp_package_folder_remove(c->folders.items[i], NULL) == FP_OK;
	if (st == FP_OK)
		done(c, FP_FINDING_GARBAGE, "every folder of a package is listed");
	return st;
}

static int is_young(const char *path)
{
	struct stat sb;

	return lstat(path, &sb) == 0 && sb.st_mtime > time(NULL) - TMP_AGE_S;
}

/* A version without a row. Asked inside the gate, where nobody is between renaming and committing; only temporary files may still be in use. */
static enum fp_status each_file(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct check *c = arg;
	char *below = fp_path_join("projects", name), *path = fp_path_join(c->s->home, below);
	int64_t known = 0;
	enum fp_status st = FP_OK;

	(void)regular;
	(void)size;
	if (strlen(name) < 43 || strncmp(name + 36, "/files/", 7) != 0)
		known = 1; /* packages: by folder */
	else if (fp_path_base(name)[0] != '.')
		st = fp_db_int(c->s, &known, err, "SELECT 1 FROM file_version WHERE path = ?", FP_VALS(fp_t(below)));
	else
		known = is_young(path);
	if (st == FP_OK && !known) {
		if (show(c))
			say(c, FP_FINDING_GARBAGE, "%s: no row names it", path);
		fp_strv_take(&c->garbage, path);
		path = NULL;
	}
	free(path);
	free(below);
	return st;
}

static enum fp_status files_without_row(struct check *c, struct fp_error *err)
{
	char *projects = fp_path_join(c->s->home, "projects");
	enum fp_status st = access(projects, F_OK) == 0 ? fp_fs_walk(projects, each_file, c, err) : FP_OK;

	for (size_t i = 0; st == FP_OK && c->repair && i < c->garbage.n; i++)
		c->removed += unlink(c->garbage.items[i]) == 0;
	if (st == FP_OK)
		done(c, FP_FINDING_GARBAGE, "every file has its row");
	free(projects);
	return st;
}

static enum fp_status work_folders(struct check *c, struct fp_error *err)
{
	char *work = fp_path_join(c->s->home, "work");
	DIR *d = opendir(work);
	const struct dirent *e;
	enum fp_status st = FP_OK;

	while (d && st == FP_OK && (e = readdir(d))) {
		int64_t active = 0;
		char *path;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fp_proc_of_folder(e->d_name) == 1)
			continue;
		st = fp_db_int(c->s, &active, err, "SELECT 1 FROM job WHERE id = CAST(? AS INTEGER) AND status IN ('queued', 'started')",
			FP_VALS(fp_t(e->d_name)));
		if (st != FP_OK || active)
			continue;
		path = fp_path_join(work, e->d_name);
		if (show(c))
			say(c, FP_FINDING_GARBAGE, "%s: no job works there", path);
		if (c->repair)
			c->removed += fp_fs_remove_tree(path, NULL) == FP_OK;
		free(path);
	}
	if (d)
		closedir(d);
	if (st == FP_OK)
		done(c, FP_FINDING_GARBAGE, "every work folder has its job or process");
	free(work);
	return st;
}

static enum fp_status stale_jobs(struct check *c, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(c->s, &st, err,
		"SELECT id, type, owner_pid, owner_start, owner_boot FROM job WHERE status IN ('queued', 'started')", FP_NOVALS);

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(c->s, st, &row, err)) == FP_OK && row) {
		struct fp_proc_id owner = {.pid = sqlite3_column_int64(st, 2), .start = sqlite3_column_int64(st, 3)};
		snprintf(owner.boot_id, sizeof owner.boot_id, "%s", fp_db_text(st, 4));
		if (!fp_proc_alive(&owner) && show(c))
			say(c, FP_FINDING_NOTE, "job %lld (%s): its engine (process %lld) is dead; the next engine frees it: fieldpost engine run --once",
				(long long)sqlite3_column_int64(st, 0), fp_db_text(st, 1), (long long)owner.pid);
	}
	fp_db_end(c->s, st);
	if (rc == FP_OK)
		done(c, FP_FINDING_NOTE, "every active job has a living engine");
	return rc;
}

static void shut_secret(void *arg, const char *project, const char *name)
{
	struct check *c = arg;

	if (show(c))
		say(c, FP_FINDING_FAULT, "secret %s of project %s does not open with secret.key: set it again", name, project);
}

/* Whoever runs the jobs owns the home; a key of somebody else's is either not readable to them or not in their hands. */
static void key_owner(struct check *c)
{
	char *path = fp_secret_key_path(c->s->home);
	struct stat home, key;

	if (stat(c->s->home, &home) == 0 && lstat(path, &key) == 0 && home.st_uid != key.st_uid && show(c))
		say(c, FP_FINDING_FAULT, "%s belongs to uid %ld, the home to uid %ld: chown it", path, (long)key.st_uid, (long)home.st_uid);
	free(path);
}

static enum fp_status secrets(struct check *c, struct fp_error *err)
{
	struct fp_error why = {0};
	int64_t n = 0;
	enum fp_status rc = fp_db_int(c->s, &n, err, "SELECT count(*) FROM secret", FP_NOVALS);

	if (rc != FP_OK)
		return rc;
	rc = fp_secrets_check(c->s, shut_secret, c, &why);
	if (rc == FP_E_NOTFOUND && n == 0)
		say(c, FP_FINDING_GOOD, "no secret is set; the first one makes secret.key");
	else if (rc != FP_OK)
		say(c, FP_FINDING_FAULT, "%s (%s)", why.msg, why.hint);
	if (rc != FP_OK)
		return FP_OK;
	key_owner(c);
	done(c, FP_FINDING_FAULT, "secret.key is private, and every secret opens with it");
	return FP_OK;
}

enum fp_status fp_store_check(struct fp_store *s, int repair, fp_check_report *report, void *arg, int64_t *faults, struct fp_error *err)
{
	struct check c = {.s = s, .repair = repair, .report = report, .arg = arg};
	enum fp_status st = FP_OK;

	if (repair && s->read_only)
		return fp_fail(err, FP_E_DENIED, "nothing can be repaired: %s was opened read-only", s->home);
	library(&c);
	for (size_t i = 0; st == FP_OK && i < sizeof queries / sizeof *queries; i++)
		st = query(&c, queries[i].sql, queries[i].what, queries[i].good, err);
	if (st == FP_OK)
		st = rows_without_file(&c, err);
	if (st == FP_OK)
		st = packages_without_file(&c, err);
	if (st == FP_OK)
		st = stale_jobs(&c, err);
	if (st == FP_OK)
		st = secrets(&c, err);
	if (st == FP_OK)
		st = fp_gate_lock(s, err);
	if (st == FP_OK) {
		st = files_without_row(&c, err);
		if (st == FP_OK)
			st = packages_without_row(&c, err);
		if (st == FP_OK)
			st = work_folders(&c, err);
		fp_gate_unlock(s);
	}
	if (st == FP_OK && repair)
		say(&c, FP_FINDING_GOOD, "removed %lld", (long long)c.removed);
	fp_strv_free(&c.garbage);
	fp_strv_free(&c.folders);
	*faults = c.faults;
	return st;
}
