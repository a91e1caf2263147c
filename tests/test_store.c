#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/deltafile.h"
#include "engine/queue/queue.h"
#include "engine/store/activity.h"
#include "engine/store/changes.h"
#include "engine/store/db.h"
#include "engine/store/files.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"
#include "put_file.h"

TestSuite(store, .timeout = 60);

static char *folder;
static struct fp_error err;

static char *home_path(const char *name)
{
	static char template[] = "/tmp/fp-store-XXXXXX";

	if (!folder)
		folder = mkdtemp(template);
	cr_assert_not_null(folder);
	return fp_path_join(folder, name);
}

static void gone(void)
{
	if (folder)
		fp_fs_remove_tree(folder, NULL);
}

static struct fp_store *fresh(void)
{
	struct fp_store *s;
	char *home = home_path("home");

	atexit(gone);
	cr_assert_eq(fp_store_open(&s, home, FP_STORE_CREATE, &err), FP_OK, "%s", err.msg);
	free(home);
	return s;
}

static char *write_file(const char *name, const char *text)
{
	char *path = home_path(name);

	cr_assert_eq(fp_fs_write_atomic(path, text, strlen(text), &err), FP_OK, "%s", err.msg);
	return path;
}

static void sql(struct fp_store *s, const char *text)
{
	char *why = NULL;

	cr_assert_eq(sqlite3_exec(s->db, text, NULL, NULL, &why), SQLITE_OK, "%s", why);
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int64_t number(struct fp_store *s, const char *text)
{
	int64_t n = -1;

	cr_assert_eq(fp_db_int(s, &n, &err, text, FP_NOVALS), FP_OK, "%s", err.msg);
	return n;
}

static void refuses_to_open(const char *home, int flags, enum fp_status code, const char *message)
{
	struct fp_store *s = NULL;

	memset(&err, 0, sizeof err);
	cr_assert_eq(fp_store_open(&s, home, flags, &err), code, "%s", err.msg);
	cr_assert(strstr(err.msg, message) != NULL, "\"%s\" does not say \"%s\"", err.msg, message);
	cr_assert_null(strchr(err.msg, '\n'));
	cr_assert_neq(err.hint[0], '\0', "no hint with: %s", err.msg);
	cr_assert_null(s);
}

Test(store, a_home_that_is_not_there_is_named_and_not_made)
{
	char *home = home_path("nowhere");

	atexit(gone);
	refuses_to_open(home, 0, FP_E_NOTFOUND, "there is no home in");
	cr_assert_eq(access(home, F_OK), -1);
	cr_assert_eq(mkdir(home, 0700), 0);
	refuses_to_open(home, 0, FP_E_NOTFOUND, "there is no home in");
	cr_assert(strstr(err.hint, "fieldpost init") != NULL);
	free(home);
}

Test(store, a_newer_schema_is_refused_and_left_as_it_is)
{
	struct fp_store *s = fresh();
	char *home = home_path("home");

	sql(s, "PRAGMA user_version = 999");
	fp_store_close(s);
	refuses_to_open(home, 0, FP_E_VERSION, "newer fieldpost");
	refuses_to_open(home, FP_STORE_CREATE, FP_E_VERSION, "newer fieldpost");
	free(home);
}

Test(store, a_database_of_another_program_is_refused_untouched)
{
	char *home = home_path("home"), *path = home_path("home/store.db");
	struct fp_digest before, after;
	sqlite3 *db;

	atexit(gone);
	cr_assert_eq(mkdir(home, 0700), 0);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "CREATE TABLE t (x); INSERT INTO t VALUES (1)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	cr_assert_eq(fp_fs_digest(&before, path, &err), FP_OK);
	refuses_to_open(home, FP_STORE_CREATE, FP_E_INVALID, "another program");
	cr_assert_eq(fp_fs_digest(&after, path, &err), FP_OK);
	cr_assert_str_eq(before.sha256, after.sha256);
	free(path);
	free(home);
}

Test(store, a_file_that_is_no_database_is_refused)
{
	char *home = home_path("home"), *path = home_path("home/store.db"), text[4096];

	atexit(gone);
	memset(text, 'x', sizeof text);
	cr_assert_eq(mkdir(home, 0700), 0);
	cr_assert_eq(fp_fs_write_atomic(path, text, sizeof text, &err), FP_OK);
	refuses_to_open(home, 0, FP_E_INVALID, "no Fieldpost store");
	free(path);
	free(home);
}

Test(store, a_folder_that_cannot_be_written_is_refused)
{
	struct fp_store *s = fresh(), *again;
	char *home = home_path("home");
	int status;
	pid_t pid;

	fp_store_close(s);
	cr_assert_eq(chmod(folder, 0755), 0);
	cr_assert_eq(chmod(home, 0555), 0);
	pid = fork();
	if (pid == 0) { /* root may write everywhere: ask as somebody else */
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(3);
		if (fp_store_open(&again, home, 0, &err) != FP_E_DENIED || !strstr(err.msg, "cannot be written"))
			_exit(1);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(exit_code(status), 0, "%d", exit_code(status));
	chmod(home, 0700);
	free(home);
}

Test(store, read_only_reads_and_refuses_every_write)
{
	struct fp_store *s = fresh(), *r;
	char *home = home_path("home"), id[37];
	struct fp_query q = {0};
	int64_t n;

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(fp_store_open(&r, home, FP_STORE_READ_ONLY, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_project_count(r, &q, &n, &err), FP_OK);
	cr_assert_eq(n, 1);
	cr_assert_eq(fp_project_create(r, id, "Trees", "anna", &err), FP_E_DENIED);
	cr_assert(strstr(err.msg, "read-only") != NULL);
	fp_store_close(r);
	fp_store_close(s);
	free(home);
}

Test(store, the_store_is_readable_for_its_owner_alone)
{
	struct fp_store *s;
	char *home = home_path("home"), *path = home_path("home/store.db");
	struct stat sb;

	umask(0);
	s = fresh();
	cr_assert_eq(stat(path, &sb), 0);
	cr_assert_eq(sb.st_mode & 07777, 0600);
	fp_store_close(s);
	free(path);
	free(home);
}

Test(store, settings_of_the_connection_are_those_that_keep_commits_safe)
{
	struct fp_store *s = fresh();
	char *mode;

	cr_assert_eq(number(s, "PRAGMA synchronous"), 2);
	cr_assert_eq(number(s, "PRAGMA wal_autocheckpoint"), 0);
	cr_assert_eq(number(s, "PRAGMA foreign_keys"), 1);
	cr_assert_eq(number(s, "PRAGMA trusted_schema"), 0);
	cr_assert_eq(number(s, "PRAGMA application_id"), FP_APPLICATION_ID);
	cr_assert_eq(fp_db_str(s, &mode, &err, "PRAGMA journal_mode", FP_NOVALS), FP_OK);
	cr_assert_str_eq(mode, "wal");
	free(mode);
	fp_store_close(s);
}

Test(store, an_upgrade_keeps_a_copy_of_the_store_first)
{
	char *home = home_path("home"), *data = home_path("data"), *schema = home_path("data/schema"), *copy = home_path("home/store-before-2.db");
	char *from = fp_asprintf("%s/schema/001_store.sql", getenv("FIELDPOST_DATA")), *one = fp_path_join(schema, "001_store.sql"), id[37];
	char *two = fp_path_join(schema, "002_more.sql"), *three = fp_path_join(schema, "003_broken.sql");
	struct fp_store *s;
	sqlite3 *db;

	cr_assert_eq(fp_fs_mkdirs(schema, &err), FP_OK);
	cr_assert_eq(fp_fs_copy(from, one, &err), FP_OK, "%s", err.msg);
	setenv("FIELDPOST_DATA", data, 1);
	s = fresh();
	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	fp_store_close(s);
	cr_assert_eq(access(copy, F_OK), -1);
	cr_assert_eq(fp_fs_write_atomic(two, "CREATE TABLE more (x INTEGER) STRICT;", 37, &err), FP_OK);
	cr_assert_eq(fp_store_open(&s, home, FP_STORE_READ_ONLY, &err), FP_E_VERSION);
	cr_assert(strstr(err.msg, "older schema 1") != NULL, "%s", err.msg);
	s = fresh();
	cr_assert_eq(number(s, "PRAGMA user_version"), 2);
	cr_assert_eq(number(s, "SELECT count(*) FROM more"), 0);
	fp_store_close(s);
	cr_assert_eq(sqlite3_open(copy, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "SELECT name FROM project", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	/* A migration that fails halfway leaves nothing of itself. */
	cr_assert_eq(fp_fs_write_atomic(three, "CREATE TABLE third (x INTEGER) STRICT; CREATE TABLE more (x);", 61, &err), FP_OK);
	cr_assert_eq(fp_store_open(&s, home, 0, &err), FP_E_INTERNAL);
	cr_assert(strstr(err.msg, "schema 3") != NULL, "%s", err.msg);
	cr_assert_eq(unlink(three), 0);
	cr_assert_eq(fp_store_open(&s, home, 0, &err), FP_OK);
	cr_assert_eq(number(s, "SELECT count(*) FROM sqlite_schema WHERE name = 'third'"), 0);
	fp_store_close(s);
	free(from);
	free(one);
	free(two);
	free(three);
	free(copy);
	free(schema);
	free(data);
	free(home);
}

Test(store, the_schema_itself_refuses_jobs_whose_state_and_times_disagree)
{
	static const char *const bad[] = {
		"UPDATE job SET status = 'started' WHERE id = 1",
		"UPDATE job SET status = 'queued', queued_at = 1 WHERE id = 1",
		"UPDATE job SET status = 'finished', finished_at = 3, verdict = '' WHERE id = 1",
		"UPDATE job SET finished_at = 3 WHERE id = 1",
		"UPDATE job SET owner_pid = 3, owner_start = 1, owner_boot = 'x' WHERE id = 1",
		"UPDATE job SET status = 'done' WHERE id = 1",
		"INSERT INTO job (project_id, type, \"trigger\", created_by, created_at, touched_at) SELECT project_id, type, 't', 'a', 1, 1 FROM job",
	};
	struct fp_store *s = fresh();
	char id[37], *insert;

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	insert = fp_asprintf("INSERT INTO job (project_id, type, \"trigger\", created_by, created_at, touched_at) VALUES ('%s', 'delta_apply', 't', 'a', 1, 1)", id);
	sql(s, insert);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(sqlite3_exec(s->db, bad[i], NULL, NULL, NULL) & 0xff, SQLITE_CONSTRAINT, "%s", bad[i]);
	sql(s, "UPDATE job SET status = 'queued', queued_at = 1, owner_pid = 3, owner_start = 1, owner_boot = 'x' WHERE id = 1");
	sql(s, insert);
	cr_assert_eq(sqlite3_exec(s->db, "UPDATE job SET status = 'queued', queued_at = 1, owner_pid = 3, owner_start = 1, owner_boot = 'x' WHERE id = 2",
		NULL, NULL, NULL) & 0xff, SQLITE_CONSTRAINT, "two active jobs of one project");
	free(insert);
	fp_store_close(s);
}

Test(store, changes_of_any_process_are_seen_by_kind)
{
	struct fp_store *a = fresh(), *b;
	char *home = home_path("home"), id[37];

	cr_assert_eq(fp_store_open(&b, home, 0, &err), FP_OK);
	cr_assert_eq(fp_store_changed(a), (1U << FP_KINDS) - 1);
	cr_assert_eq(fp_store_changed(b), (1U << FP_KINDS) - 1);
	cr_assert_eq(fp_store_changed(a), 0);
	cr_assert_eq(fp_project_create(a, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(fp_store_changed(a), (unsigned)(FP_KIND_PROJECT | FP_KIND_ACTIVITY));
	cr_assert_eq(fp_store_changed(b), (unsigned)(FP_KIND_PROJECT | FP_KIND_ACTIVITY));
	cr_assert_eq(fp_store_changed(a), 0);
	cr_assert_eq(fp_store_changed(b), 0);
	fp_store_close(a);
	fp_store_close(b);
	free(home);
}

Test(store, a_transaction_nests_and_a_failure_inside_takes_all_back)
{
	struct fp_store *s = fresh();

	cr_assert_eq(fp_store_begin(s, &err), FP_OK);
	cr_assert_eq(fp_activity_add(s, "anna", "test", NULL, &err, "one"), FP_OK);
	cr_assert_eq(fp_store_begin(s, &err), FP_OK);
	cr_assert_eq(fp_activity_add(s, "anna", "test", NULL, &err, "two"), FP_OK);
	fp_store_rollback(s);
	cr_assert_neq(fp_store_commit(s, &err), FP_OK);
	cr_assert_eq(number(s, "SELECT count(*) FROM activity"), 0);
	cr_assert_eq(fp_store_begin(s, &err), FP_OK);
	cr_assert_eq(fp_activity_add(s, "anna", "test", NULL, &err, "three"), FP_OK);
	cr_assert_eq(fp_store_commit(s, &err), FP_OK);
	cr_assert_eq(number(s, "SELECT count(*) FROM activity"), 1);
	fp_store_close(s);
}

/* What many processes write at once, with checkpoints in between, is all there. */
Test(store, commits_of_many_processes_are_all_kept)
{
	enum { WRITERS = 4, COMMITS = 150 };
	struct fp_store *s = fresh();
	char *home = home_path("home");
	pid_t pids[WRITERS];

	fp_store_close(s);
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			char *big = fp_alloc(20001);
			memset(big, 'x', 20000);
			if (fp_store_open(&s, home, 0, &err) != FP_OK)
				_exit(1);
			for (int i = 0; i < COMMITS; i++)
				if (fp_store_begin(s, &err) != FP_OK || fp_activity_add(s, "w", "test", NULL, &err, "%d %s", i, big) != FP_OK ||
						fp_store_commit(s, &err) != FP_OK)
					_exit(2);
			fp_store_close(s);
			_exit(0);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;
		cr_assert_eq(waitpid(pids[w], &status, 0), pids[w]);
		cr_assert_eq(exit_code(status), 0, "%d", exit_code(status));
	}
	cr_assert_eq(fp_store_open(&s, home, 0, &err), FP_OK);
	cr_assert_eq(number(s, "SELECT count(*) FROM activity"), WRITERS * COMMITS);
	cr_assert_eq(number(s, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
	fp_store_close(s);
	free(home);
}

Test(store, a_home_made_by_many_at_once_is_made_once)
{
	char *home = home_path("home");
	struct fp_store *s;
	pid_t pids[8];

	atexit(gone);
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char id[37], name[8];
			snprintf(name, sizeof name, "P%d", i);
			if (fp_store_open(&s, home, FP_STORE_CREATE, &err) != FP_OK || fp_project_create(s, id, name, "x", &err) != FP_OK)
				_exit(1);
			fp_store_close(s);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;
		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert_eq(exit_code(status), 0, "%d", exit_code(status));
	}
	s = fresh();
	cr_assert_eq(number(s, "SELECT count(*) FROM project"), 8);
	fp_store_close(s);
	free(home);
}

Test(store, a_writer_killed_inside_a_transaction_blocks_nobody_and_leaves_nothing)
{
	struct fp_store *s = fresh();
	char *home = home_path("home");
	int ready[2], status;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	fp_store_close(s);
	pid = fork();
	if (pid == 0) {
		if (fp_store_open(&s, home, 0, &err) != FP_OK || fp_store_begin(s, &err) != FP_OK ||
				fp_activity_add(s, "w", "test", NULL, &err, "half") != FP_OK)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	cr_assert_eq(read(ready[0], &(char){0}, 1), 1);
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(fp_store_open(&s, home, 0, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(number(s, "SELECT count(*) FROM activity"), 0);
	cr_assert_eq(fp_store_begin(s, &err), FP_OK);
	cr_assert_eq(fp_store_commit(s, &err), FP_OK);
	fp_store_close(s);
	free(home);
}

Test(store, a_backup_is_one_file_that_opens_as_a_store)
{
	struct fp_store *s = fresh(), *b;
	char id[37], found[37], *dir = home_path("backup"), *path = home_path("backup/store.db");

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(mkdir(dir, 0700), 0);
	cr_assert_eq(fp_store_backup(s, path, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_store_backup(s, path, &err), FP_E_EXISTS);
	cr_assert_eq(fp_store_open(&b, dir, 0, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_project_find(b, found, "bees", &err), FP_OK);
	cr_assert_str_eq(found, id);
	fp_store_close(b);
	fp_store_close(s);
	free(dir);
	free(path);
}

Test(store, project_names_are_checked_and_unique_without_regard_to_case)
{
	static const char *const bad[] = {"", "a/b", "a\tb", " a", "a ", "\xff", "a\033[2J"};
	struct fp_store *s = fresh();
	char id[37], other[37], found[37];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(fp_project_create(s, id, bad[i], "anna", &err), FP_E_INVALID, "%s", bad[i]);
	cr_assert_eq(fp_project_create(s, id, "Bäume", "anna", &err), FP_OK);
	cr_assert_eq(fp_project_create(s, other, "BÄUME", "anna", &err), FP_E_EXISTS);
	cr_assert_eq(fp_project_create(s, other, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(fp_project_find(s, found, "bäume", &err), FP_OK);
	cr_assert_str_eq(found, id);
	cr_assert_eq(fp_project_find(s, found, id, &err), FP_OK);
	cr_assert_str_eq(found, id);
	cr_assert_eq(fp_project_find(s, found, "wasps", &err), FP_E_NOTFOUND);
	cr_assert_eq(fp_project_set(s, id, "name", "bees", "anna", &err), FP_E_EXISTS);
	cr_assert_eq(fp_project_set(s, id, "name", "BÄUME", "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_project_set(s, id, "overwrite_conflicts", "maybe", "anna", &err), FP_E_USAGE);
	cr_assert_eq(fp_project_set(s, id, "colour", "red", "anna", &err), FP_E_USAGE);
	cr_assert(strstr(err.msg, "overwrite_conflicts") != NULL);
	cr_assert_eq(fp_project_delete(s, id, "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_project_delete(s, id, "anna", &err), FP_E_NOTFOUND);
	fp_store_close(s);
}

static void take_file(void *arg, const struct fp_file_row *r)
{
	struct fp_buf *b = arg;

	fp_buf_addf(b, "%s@%lld/%lld ", r->name, (long long)r->version, (long long)r->versions);
	cr_assert_eq(access(r->path, R_OK), 0, "%s", r->path);
}

static void files_are(struct fp_store *s, const char *id, const char *want)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_query q = {.project_id = id};

	cr_assert_eq(fp_file_list(s, &q, 0, -1, take_file, &b, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(b.data, want);
	fp_buf_free(&b);
}

static void take_content(void *arg, const struct fp_file_row *r)
{
	cr_assert_eq(fp_fs_read(arg, r->path, 1 << 20, &err), FP_OK);
}

Test(store, a_file_and_a_folder_of_the_same_name_live_side_by_side)
{
	struct fp_store *s = fresh();
	char id[37], *one = write_file("one", "1"), *two = write_file("two", "2");

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(put_file(s, id, "a", one, NULL, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(put_file(s, id, "a/1", two, NULL, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(put_file(s, id, "a/1/1", one, NULL, &err), FP_OK, "%s", err.msg);
	files_are(s, id, "a@1/1 a/1@1/1 a/1/1@1/1 ");
	cr_assert_eq(put_file(s, id, "../x", one, NULL, &err), FP_E_INVALID);
	cr_assert_eq(put_file(s, id, "x", "/dev/null", NULL, &err), FP_E_INVALID);
	fp_store_close(s);
	free(one);
	free(two);
}

Test(store, versions_are_kept_restored_and_outlive_removal)
{
	struct fp_store *s = fresh();
	char id[37], *one = write_file("one", "1"), *two = write_file("two", "2");
	struct fp_buf b = FP_BUF_INIT;
	struct fp_trigger t;
	int64_t v;

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(put_file(s, id, "d/t.csv", one, &v, &err), FP_OK);
	cr_assert_eq(v, 1);
	cr_assert_eq(put_file(s, id, "d/t.csv", one, &v, &err), FP_OK);
	cr_assert_eq(v, 1, "the same content is no new version");
	cr_assert_eq(put_file(s, id, "d/t.csv", two, &v, &err), FP_OK);
	cr_assert_eq(v, 2);
	cr_assert_eq(fp_queue_restore(s, &t, id, "d/t.csv", 1, "anna", NULL, &err), FP_OK);
	files_are(s, id, "d/t.csv@3/3 ");
	cr_assert_eq(fp_file_get(s, id, "d/t.csv", 0, take_content, &b, &err), FP_OK);
	cr_assert_str_eq(b.data, "1");
	cr_assert_eq(fp_file_remove(s, id, "d/t.csv", "anna", &err), FP_OK);
	cr_assert_eq(fp_file_remove(s, id, "d/t.csv", "anna", &err), FP_E_NOTFOUND);
	files_are(s, id, "");
	cr_assert_eq(number(s, "SELECT files * 100 + bytes FROM project"), 0);
	cr_assert_eq(fp_file_get(s, id, "d/t.csv", 0, take_content, &b, &err), FP_E_NOTFOUND);
	cr_assert_eq(fp_queue_restore(s, &t, id, "d/t.csv", 2, "anna", NULL, &err), FP_OK, "%s", err.msg);
	files_are(s, id, "d/t.csv@4/4 ");
	cr_assert_eq(number(s, "SELECT files * 100 + bytes FROM project"), 101);
	cr_assert_eq(fp_queue_restore(s, &t, id, "d/t.csv", 9, "anna", NULL, &err), FP_E_NOTFOUND);
	fp_buf_free(&b);
	fp_store_close(s);
	free(one);
	free(two);
}

Test(store, the_project_file_is_the_highest_visible_one)
{
	static const struct { const char *name, *chosen; } steps[] = {
		{"readme.txt", ""}, {"a/b/deep.qgs", "a/b/deep.qgs"}, {".hidden/x.qgs", "a/b/deep.qgs"}, {"a/p.QGS", "a/b/deep.qgs"},
		{"a/p.qgz", "a/p.qgz"}, {"z.qgs", "z.qgs"}, {"b.qgz", "b.qgz"},
	};
	struct fp_store *s = fresh();
	char id[37], *one = write_file("one", "1"), *now;

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		cr_assert_eq(put_file(s, id, steps[i].name, one, NULL, &err), FP_OK);
		cr_assert_eq(fp_db_str(s, &now, &err, "SELECT project_file FROM project", FP_NOVALS), FP_OK);
		cr_assert_str_eq(now, steps[i].chosen);
		free(now);
	}
	fp_store_close(s);
	free(one);
}

Test(store, a_full_disk_is_one_clear_line_and_loses_nothing)
{
	struct fp_store *s = fresh();
	char id[37], *home = home_path("home"), *small = write_file("small", "1"), *path = home_path("big"), *big = fp_alloc(400000);
	int status;
	pid_t pid;

	memset(big, 'x', 400000);
	cr_assert_eq(fp_fs_write_atomic(path, big, 400000, &err), FP_OK);
	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(put_file(s, id, "f", small, NULL, &err), FP_OK);
	fp_store_close(s);
	pid = fork();
	if (pid == 0) {
		struct rlimit l = {300000, 300000};
		enum fp_status st = FP_OK;
		signal(SIGXFSZ, SIG_IGN);
		if (fp_store_open(&s, home, 0, &err) != FP_OK || setrlimit(RLIMIT_FSIZE, &l) != 0)
			_exit(1);
		if (put_file(s, id, "f", path, NULL, &err) != FP_E_FULL || !strstr(err.msg, "cannot"))
			_exit(2);
		for (int i = 0; i < 10 && st == FP_OK; i++) { /* the store itself */
			if (fp_store_begin(s, &err) != FP_OK)
				_exit(3);
			st = fp_activity_add(s, "anna", "test", NULL, &err, "%.100000s", big);
			st = fp_store_end(s, st, &err);
		}
		if (st != FP_E_FULL || !strstr(err.msg, "no space left"))
			_exit(4);
		fp_store_close(s);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(exit_code(status), 0, "%d", exit_code(status));
	cr_assert_eq(fp_store_open(&s, home, 0, &err), FP_OK, "%s", err.msg);
	files_are(s, id, "f@1/1 ");
	cr_assert_eq(number(s, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
	fp_store_close(s);
	free(big);
	free(home);
	free(small);
	free(path);
}

#define HEAD "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],\"deltas\":["

static struct fp_push_result push(struct fp_store *s, const char *project, const char *text)
{
	struct fp_deltafile d;
	struct fp_push_result r;

	cr_assert_eq(fp_deltafile_parse(&d, text, strlen(text), &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_change_push(s, project, &d, text, strlen(text), NULL, "anna", &r, &err), FP_OK, "%s", err.msg);
	fp_deltafile_clear(&d);
	return r;
}

static char *delta(const char *uuid, const char *method, const char *layer, const char *value)
{
	return fp_asprintf("{\"uuid\":\"%s\",\"localPk\":\"5\",\"sourcePk\":\"7\",\"localLayerId\":\"%s\",\"sourceLayerId\":\"%s\","
		"\"method\":\"%s\",\"old\":{\"attributes\":{\"kind\":\"x\"}},\"new\":{\"attributes\":{\"Größe\":\"%s\"},\"geometry\":\"Point (1 2)\"}}",
		uuid, layer, layer, method, value);
}

static void take_change(void *arg, const struct fp_change_row *r)
{
	fp_buf_addf(arg, "%s ", r->uuid);
}

static void changes_are(struct fp_store *s, const char *filter, const char *sort, const char *want)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_query q = {.filter = filter, .sort = sort};
	int64_t n, found = 0;

	cr_assert_eq(fp_change_list(s, &q, 0, -1, take_change, &b, &err), FP_OK, "%s: %s", filter, err.msg);
	cr_assert_str_eq(b.data, want, "%s: %s", filter, b.data);
	cr_assert_eq(fp_change_count(s, &q, &n, &err), FP_OK);
	for (const char *p = b.data; *p; p++)
		found += *p == ' ';
	cr_assert_eq(n, found);
	fp_buf_free(&b);
}

static void filter_is_refused(struct fp_store *s, const char *filter, const char *message)
{
	struct fp_query q = {.filter = filter};
	int64_t n;

	cr_assert_eq(fp_change_count(s, &q, &n, &err), FP_E_USAGE, "%s", filter);
	cr_assert(strstr(err.msg, message) != NULL, "%s", err.msg);
}

static struct fp_store *with_changes(char id[37])
{
	struct fp_store *s = fresh();
	char *d1 = delta("u1", "patch", "trees", "42"), *d2 = delta("u2", "create", "bees", "1"), *d3 = delta("u3", "delete", "trees", "2");
	char *text = fp_asprintf(HEAD "%s,%s,%s]}", d1, d2, d3);
	struct fp_push_result r;

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	r = push(s, id, text);
	cr_assert_eq(r.accepted, 3);
	sql(s, "UPDATE change SET status = 'conflict', msg = 'the 100% other' , fold = 'the 100% other grösse' WHERE uuid = 'u3'");
	free(d1);
	free(d2);
	free(d3);
	free(text);
	return s;
}

Test(store, one_filter_grammar_finds_what_it_says)
{
	char id[37];
	struct fp_store *s = with_changes(id);

	changes_are(s, NULL, NULL, "u3 u2 u1 ");
	changes_are(s, "status:conflict", NULL, "u3 ");
	changes_are(s, "-status:conflict", NULL, "u2 u1 ");
	changes_are(s, "method:patch method:create", NULL, "u2 u1 ");
	changes_are(s, "layer:TREES -method:delete", NULL, "u1 ");
	changes_are(s, "user:ANNA uuid:u2", NULL, "u2 ");
	changes_are(s, "GRÖSSE", NULL, "u3 u2 u1 ");
	changes_are(s, "100%", NULL, "u3 ");
	changes_are(s, "\"100% other\"", NULL, "u3 ");
	changes_are(s, "-\"100% other\"", NULL, "u2 u1 ");
	changes_are(s, "1_0", NULL, "");
	changes_are(s, "after:2001-01-01 before:2100-01-01", NULL, "u3 u2 u1 ");
	changes_are(s, "before:2001-01-01", NULL, "");
	changes_are(s, "user:\"x' OR 1=1 --\"", NULL, "");
	changes_are(s, NULL, "method", "u2 u3 u1 ");
	filter_is_refused(s, "colour:red", "this list has status, method, layer");
	filter_is_refused(s, "status:done", "there are pending, started");
	filter_is_refused(s, "after:yesterday", "takes a date");
	filter_is_refused(s, "job:x", "takes a number");
	filter_is_refused(s, "\"open", "not closed");
	filter_is_refused(s, "status:", "nothing follows");
	fp_store_close(s);
}

Test(store, rank_and_pages_agree_with_the_list)
{
	char id[37];
	struct fp_store *s = with_changes(id);
	struct fp_query q = {.project_id = id}, by_method = {.sort = "method"}, filtered = {.filter = "status:pending"}, wrong = {.sort = "size"};
	struct fp_buf b = FP_BUF_INIT;
	int64_t at;

	cr_assert_eq(fp_change_rank(s, &q, 1, &at, &err), FP_OK);
	cr_assert_eq(at, 2);
	cr_assert_eq(fp_change_rank(s, &by_method, 1, &at, &err), FP_OK);
	cr_assert_eq(at, 2);
	cr_assert_eq(fp_change_rank(s, &filtered, 2, &at, &err), FP_OK);
	cr_assert_eq(at, 0);
	cr_assert_eq(fp_change_rank(s, &filtered, 3, &at, &err), FP_OK);
	cr_assert_eq(at, -1);
	cr_assert_eq(fp_change_rank(s, &q, 99, &at, &err), FP_OK);
	cr_assert_eq(at, -1);
	q.reverse = 1;
	cr_assert_eq(fp_change_rank(s, &q, 1, &at, &err), FP_OK);
	cr_assert_eq(at, 0);
	cr_assert_eq(fp_change_list(s, &q, 1, 1, take_change, &b, &err), FP_OK);
	cr_assert_str_eq(b.data, "u2 ");
	cr_assert_eq(fp_change_list(s, &wrong, 0, 1, take_change, &b, &err), FP_E_USAGE);
	cr_assert(strstr(err.msg, "when, who") != NULL);
	fp_buf_free(&b);
	fp_store_close(s);
}

Test(store, a_change_pushed_again_is_known_and_never_overwritten)
{
	char id[37], *same = delta("u1", "patch", "trees", "42"), *other = delta("u2", "create", "bees", "9"), *text;
	struct fp_store *s = with_changes(id);
	struct fp_push_result r;
	char *body;

	text = fp_asprintf(HEAD "%s,%s]}", same, other);
	r = push(s, id, text);
	cr_assert_eq(r.accepted, 0);
	cr_assert_eq(r.known, 1);
	cr_assert_eq(r.differing, 1);
	cr_assert_eq(r.others.n, 1);
	cr_assert_str_eq(r.others.items[0], "u2");
	cr_assert_eq(number(s, "SELECT count(*) FROM activity WHERE detail = 'change u2 is known with another content, the first one stays'"), 1);
	fp_push_result_clear(&r);
	cr_assert_eq(fp_db_str(s, &body, &err, "SELECT body FROM change_body WHERE change_id = 2", FP_NOVALS), FP_OK);
	cr_assert(strstr(body, "\"1\"") != NULL);
	cr_assert_eq(number(s, "SELECT n FROM change_count WHERE status = 'pending'"), 2);
	free(body);
	free(same);
	free(other);
	free(text);
	fp_store_close(s);
}

Test(store, a_faulty_deltafile_is_kept_as_it_came_with_its_reason)
{
	struct fp_store *s = fresh();
	char id[37], *reason;
	struct fp_push_result r;

	cr_assert_eq(fp_project_create(s, id, "Bees", "anna", &err), FP_OK);
	cr_assert_eq(fp_change_push(s, id, NULL, "{\"x\":\xff", 6, "not JSON at line 1", "anna", &r, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(number(s, "SELECT count(*) FROM change"), 0);
	cr_assert_eq(number(s, "SELECT text = x'7b2278223aff' FROM deltafile"), 1);
	cr_assert_eq(fp_db_str(s, &reason, &err, "SELECT reason FROM deltafile", FP_NOVALS), FP_OK);
	cr_assert_str_eq(reason, "not JSON at line 1");
	free(reason);
	fp_store_close(s);
}
