#include "engine/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/store/db.h"

#define BUSY_MS 10000

/* Which watchers a row of a table concerns. All tables keep a rowid, so SQLite reports every row; nobody can forget to. */
static const struct {
	const char *table;
	unsigned kinds;
} watched[] = {
	{"change", FP_KIND_CHANGE}, {"attempt", FP_KIND_CHANGE}, {"deltafile", FP_KIND_CHANGE}, {"change_count", FP_KIND_PROJECT},
	{"job", FP_KIND_JOB}, {"job_step", FP_KIND_JOB}, {"job_log", FP_KIND_LOG}, {"layer", FP_KIND_LAYER},
	{"check_run", FP_KIND_LAYER}, {"verdict", FP_KIND_LAYER},
	{"project", FP_KIND_PROJECT}, {"file", FP_KIND_FILE}, {"file_version", FP_KIND_FILE}, {"activity", FP_KIND_ACTIVITY},
	{"secret", FP_KIND_SECRET}, {"package", FP_KIND_PACKAGE},
};

static void on_row(void *arg, int op, const char *db, const char *table, sqlite3_int64 rowid)
{
	struct fp_store *s = arg;

	(void)op;
	(void)db;
	(void)rowid;
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		if (strcmp(watched[i].table, table) == 0)
			s->touched |= watched[i].kinds;
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct fp_store *s = arg;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	return SQLITE_OK;
}

/* fold(TEXT): the caseless key that filters compare. */
static void sql_fold(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *t = (const char *)sqlite3_value_text(argv[0]);

	(void)argc;
	if (t)
		sqlite3_result_text(ctx, fp_text_fold(t), -1, free);
}

static enum fp_status no_store(const char *home, struct fp_error *err)
{
	enum fp_status st = fp_fail(err, FP_E_NOTFOUND, "there is no home in %s", home);

	fp_error_hint(err, "make one with: fieldpost init --home %s", home);
	return st;
}

static enum fp_status check_folder(const char *home, const char *db, int create, struct fp_error *err)
{
	struct stat sb;
	const char *net;
	enum fp_status st;

	if (create) {
		st = fp_fs_mkdirs(home, err);
		if (st != FP_OK)
			return st;
	}
	if (stat(home, &sb) != 0)
		return errno == ENOENT || errno == ENOTDIR ? no_store(home, err) : fp_fail_errno(err, errno, "cannot look at %s", home);
	if (!S_ISDIR(sb.st_mode))
		return fp_fail(err, FP_E_INVALID, "%s is no folder, so it cannot be a home", home);
	if (!create && lstat(db, &sb) != 0 && errno == ENOENT)
		return no_store(home, err);
	if (fp_fs_is_network(home, &net)) {
		st = fp_fail(err, FP_E_REFUSED, "%s lies on a network file system (%s), where a store would be damaged", home, net);
		fp_error_hint(err, "use a folder on a local disk");
		return st;
	}
	if (access(home, R_OK | W_OK | X_OK) != 0 || (access(db, R_OK | W_OK) != 0 && errno != ENOENT)) {
		st = fp_fail_errno(err, errno, "the home %s cannot be written", home);
		fp_error_hint(err, "it must belong to the user who runs fieldpost (uid %ld)", (long)geteuid());
		return st;
	}
	return FP_OK;
}

static enum fp_status open_gate(struct fp_store *s, struct fp_error *err)
{
	char *path = fp_path_join(s->home, "store.lock");
	enum fp_status st = FP_OK;

	s->gate = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->gate < 0)
		st = fp_fail_errno(err, errno, "cannot open %s", path);
	free(path);
	return st;
}

/* SQLite would make it readable for everybody. An existing one is never opened by hand: closing it would drop all locks of this process. */
static void make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static enum fp_status open_db(struct fp_store *s, int create, struct fp_error *err)
{
	int rc;

	if (create)
		make_private(s->path);
	rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), NULL);

	if (rc != SQLITE_OK)
		return fp_db_fail(s, rc, "cannot open the store", err);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	sqlite3_wal_autocheckpoint(s->db, 0);
	sqlite3_create_function_v2(s->db, "fold", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_fold, NULL, NULL, NULL);
	sqlite3_update_hook(s->db, on_row, s);
	sqlite3_wal_hook(s->db, on_wal, s);
	rc = sqlite3_exec(s->db, "PRAGMA mmap_size = 0; PRAGMA synchronous = FULL; PRAGMA cache_size = -8000; PRAGMA journal_size_limit = 67108864", NULL, NULL, NULL);
	return rc == SQLITE_OK ? FP_OK : fp_db_fail(s, rc, "cannot open the store", err);
}

enum fp_status fp_store_open(struct fp_store **out, const char *home, int flags, struct fp_error *err)
{
	struct fp_store *s = fp_alloc(sizeof *s);
	int create = (flags & FP_STORE_CREATE) != 0;
	enum fp_status st;

	s->home = home[0] == '/' ? fp_path_fold(home) : NULL;
	if (!s->home) { /* paths go into job descriptions, whose reader has another working folder */
		char *cwd = getcwd(NULL, 0), *whole = fp_path_join(cwd ? cwd : "/", home);
		s->home = fp_path_fold(whole);
		free(whole);
		free(cwd);
	}
	s->path = fp_path_join(s->home, "store.db");
	s->gate = -1;
	s->read_only = (flags & FP_STORE_READ_ONLY) != 0;
	s->seen_version = s->seen_commits = -1;
	for (size_t i = 0; i < sizeof s->seen / sizeof *s->seen; i++)
		s->seen[i] = -1;
	st = check_folder(s->home, s->path, create, err);
	if (st == FP_OK)
		st = open_gate(s, err);
	if (st == FP_OK)
		st = open_db(s, create, err);
	if (st == FP_OK)
		st = fp_migrate(s, create, err);
	if (st != FP_OK) {
		fp_store_close(s);
		return st;
	}
	*out = s;
	return FP_OK;
}

void fp_store_close(struct fp_store *s)
{
	if (!s)
		return;
	fp_assert(s->depth == 0);
	fp_db_free_cache(s);
	free(s->passing.key);
	if (s->db) {
		/* The last one to close checkpoints, and that belongs inside the gate like every checkpoint. */
		int gated = s->gate >= 0 && fp_gate_lock(s, NULL) == FP_OK;
		if (!gated)
			sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_close(s->db);
	}
	if (s->gate >= 0)
		close(s->gate);
	free(s->home);
	free(s->path);
	free(s);
}

const char *fp_store_home(const struct fp_store *s)
{
	return s->home;
}

int fp_store_read_only(const struct fp_store *s)
{
	return s->read_only;
}

enum fp_status fp_store_backup(struct fp_store *s, const char *path, struct fp_error *err)
{
	char *tmp = fp_asprintf("%s.%ld.tmp", path, (long)getpid());
	sqlite3 *to = NULL;
	enum fp_status st = FP_OK;
	int rc;

	if (access(path, F_OK) == 0) {
		free(tmp);
		return fp_fail(err, FP_E_EXISTS, "%s exists already", path);
	}
	unlink(tmp);
	rc = sqlite3_open_v2(tmp, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_backup *b = sqlite3_backup_init(to, "main", s->db, "main");
		rc = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(to);
		if (b)
			sqlite3_backup_finish(b);
	}
	if (rc == SQLITE_OK || rc == SQLITE_DONE) /* the copy shall be one file that anybody can read anywhere */
		rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		st = rc == SQLITE_FULL || (sqlite3_system_errno(to) == ENOSPC) ? fp_fail(err, FP_E_FULL, "no space left for %s", path)
			: fp_fail(err, FP_E_IO, "cannot write %s: %s", path, sqlite3_errmsg(to));
	sqlite3_close(to);
	if (st == FP_OK)
		st = fp_fs_publish(tmp, path, err);
	if (st != FP_OK)
		unlink(tmp);
	free(tmp);
	return st;
}
