/* data/schema/NNN_name.sql, applied in order, each in one transaction with its user_version. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/store/db.h"

#define SQL_MAX (1 << 20)

static int is_migration(const struct dirent *d)
{
	const char *n = d->d_name;

	return strlen(n) > 7 && strspn(n, "0123456789") == 3 && n[3] == '_' && fp_path_has_suffix(n, ".sql");
}

/* Names in order: the N-th (from 1) brings version N. */
static enum fp_status find_migrations(struct fp_strv *names, struct fp_error *err)
{
	char *dir = fp_data_path("schema");
	struct dirent **list;
	int n = scandir(dir, &list, is_migration, alphasort);
	enum fp_status st = FP_OK;

	for (int i = 0; i < n; i++) {
		if (st == FP_OK && atoi(list[i]->d_name) != i + 1)
			st = fp_fail(err, FP_E_CORRUPT, "%s: there is no migration %03d", dir, i + 1);
		fp_strv_add(names, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (n <= 0) {
		st = fp_fail(err, FP_E_NOTFOUND, "the schema is missing: no files in %s", dir);
		fp_error_hint(err, "fieldpost is not installed completely; FIELDPOST_DATA may name its data folder");
	}
	free(dir);
	return st;
}

struct header {
	int64_t application, version, objects;
};

static enum fp_status read_header(struct fp_store *s, struct header *h, struct fp_error *err)
{
	enum fp_status st = fp_db_int(s, &h->application, err, "PRAGMA application_id", FP_NOVALS);

	if (st == FP_OK)
		st = fp_db_int(s, &h->version, err, "PRAGMA user_version", FP_NOVALS);
	if (st == FP_OK)
		st = fp_db_int(s, &h->objects, err, "SELECT count(*) FROM sqlite_schema", FP_NOVALS);
	return st;
}

static enum fp_status judge_header(struct fp_store *s, const struct header *h, size_t newest, int create, struct fp_error *err)
{
	enum fp_status st;

	if (h->application == 0 && h->version == 0 && h->objects == 0) {
		if (create)
			return FP_OK;
		st = fp_fail(err, FP_E_NOTFOUND, "the home %s was never finished", s->home);
		fp_error_hint(err, "finish it with: fieldpost init --home %s", s->home);
		return st;
	}
	if (h->application != FP_APPLICATION_ID) {
		st = fp_fail(err, FP_E_INVALID, "%s is a database of another program", s->path);
		fp_error_hint(err, "name another --home");
		return st;
	}
	if (h->version > (int64_t)newest) {
		st = fp_fail(err, FP_E_VERSION, "%s was made by a newer fieldpost (schema %lld, this one knows %zu)", s->path,
			(long long)h->version, newest);
		fp_error_hint(err, "install that version here; nothing was changed");
		return st;
	}
	return FP_OK;
}

/* "store-before-2.db": once per version; a copy that is there already came from the same step. */
static enum fp_status keep_copy(struct fp_store *s, int version, struct fp_error *err)
{
	char *to = fp_asprintf("%s/store-before-%d.db", s->home, version);
	enum fp_status st = access(to, F_OK) == 0 ? FP_OK : fp_store_backup(s, to, err);

	free(to);
	return st;
}

static enum fp_status apply(struct fp_store *s, const char *name, int version, struct fp_error *err)
{
	char *below = fp_path_join("schema", name), *path = fp_data_path(below);
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status st = fp_fs_read(&sql, path, SQL_MAX, err);
	int rc;

	if (st == FP_OK) {
		fp_buf_addf(&sql, "\n;PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", FP_APPLICATION_ID, version);
		rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(s->db, sql.data, NULL, NULL, NULL);
		if (rc != SQLITE_OK) {
			char *what = fp_asprintf("cannot bring the store to schema %d", version);
			st = fp_db_fail(s, rc, what, err);
			free(what);
		}
		if (!sqlite3_get_autocommit(s->db))
			sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	fp_buf_free(&sql);
	free(path);
	free(below);
	return st;
}

/* Inside the gate: another process may have done it all meanwhile. */
static enum fp_status bring_up(struct fp_store *s, const struct fp_strv *names, int create, struct fp_error *err)
{
	struct header h = {0};
	enum fp_status st = read_header(s, &h, err);
	int rc;

	if (st == FP_OK)
		st = judge_header(s, &h, names->n, create, err);
	if (st != FP_OK)
		return st;
	if (h.version == 0) {
		rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			return fp_db_fail(s, rc, "cannot make the store", err);
	}
	for (size_t v = (size_t)h.version; st == FP_OK && v < names->n; v++) {
		if (h.version > 0) /* a store that is only being made has nothing to keep */
			st = keep_copy(s, (int)v + 1, err);
		if (st == FP_OK)
			st = apply(s, names->items[v], (int)v + 1, err);
	}
	return st;
}

enum fp_status fp_migrate(struct fp_store *s, int create, struct fp_error *err)
{
	struct fp_strv names = {0};
	struct header h = {0};
	enum fp_status st = find_migrations(&names, err);

	if (st == FP_OK)
		st = read_header(s, &h, err);
	if (st == FP_OK)
		st = judge_header(s, &h, names.n, create, err);
	if (st == FP_OK && h.version < (int64_t)names.n && s->read_only) {
		st = fp_fail(err, FP_E_VERSION, "%s has the older schema %lld and cannot be brought up to date read-only", s->path, (long long)h.version);
		fp_error_hint(err, "open it once without --read-only");
	} else if (st == FP_OK && h.version < (int64_t)names.n) {
		st = fp_gate_lock(s, err);
		if (st == FP_OK) {
			st = bring_up(s, &names, create, err);
			fp_gate_unlock(s);
		}
	}
	fp_strv_free(&names);
	return st;
}
