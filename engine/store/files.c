#include "engine/store/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/path.h"
#include "engine/store/activity.h"
#include "engine/store/list.h"
#include "engine/store/stage.h"

static const struct fp_filter_key keys[] = {
	{.key = "name", .type = FP_FILTER_LIKE, .sql = "fold(f.name) LIKE ? ESCAPE '\\'"},
	{0},
};

static const struct fp_sort sorts[] = {{"name", "f.name", 0}, {"size", "f.size", 1}, {0}};

#define SELECT "SELECT f.name, v.version, (SELECT count(*) FROM file_version n WHERE n.file_id = f.id), v.size, v.sha256, v.md5, v.at, v.by, v.path " \
	"FROM file f JOIN file_version v ON v.file_id = f.id"

static const struct fp_list list = {
	.from = "file f",
	.id = "f.id",
	.project = "f.removed = 0 AND f.project_id", /* always asked of one project */
	.select = SELECT " AND v.version = f.version",
	.join = "f.id = k.id",
	.keys = keys,
	.text = "fold(f.name) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_file_each *each;
	void *arg;
	const char *home;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	char *path = fp_path_join(c->home, fp_db_text(st, 8));
	struct fp_file_row r = {
		.name = fp_db_text(st, 0), .version = sqlite3_column_int64(st, 1), .versions = sqlite3_column_int64(st, 2),
		.digest.size = sqlite3_column_int64(st, 3), .at = sqlite3_column_int64(st, 6), .by = fp_db_text(st, 7), .path = path,
	};

	snprintf(r.digest.sha256, sizeof r.digest.sha256, "%s", fp_db_text(st, 4));
	snprintf(r.digest.md5, sizeof r.digest.md5, "%s", fp_db_text(st, 5));
	c->each(c->arg, &r);
	free(path);
}

enum fp_status fp_file_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_file_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg, s->home};

	fp_assert(q->project_id);
	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

enum fp_status fp_file_get(struct fp_store *s, const char *project_id, const char *name, int64_t version, fp_file_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg, s->home};
	const struct fp_list one = {.select = SELECT};
	char *what = version ? fp_asprintf("version %lld of file \"%s\" in this project", (long long)version, name)
		: fp_asprintf("file \"%s\" in this project", name);
	enum fp_status st = fp_list_one(s, &one,
		"f.project_id = ?1 AND f.name = ?2 AND v.version = CASE WHEN ?3 THEN ?3 WHEN f.removed THEN 0 ELSE f.version END",
		FP_VALS(fp_t(project_id), fp_t(name), fp_i(version)), row, &c, what, err);

	free(what);
	return st;
}

enum fp_status fp_file_versions(struct fp_store *s, const char *project_id, const char *name, fp_file_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg, s->home};
	sqlite3_stmt *st;
	int more = 1, any = 0;
	enum fp_status rc = fp_db_stmt(s, &st, err, SELECT " WHERE f.project_id = ? AND f.name = ? ORDER BY v.version DESC",
		FP_VALS(fp_t(project_id), fp_t(name)));

	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more) {
			row(&c, st);
			any = 1;
		}
	}
	fp_db_end(s, st);
	if (rc == FP_OK && !any)
		rc = fp_fail(err, FP_E_NOTFOUND, "there is no file \"%s\" in this project", name);
	return rc;
}

/* Files that came together were published in one transaction, each with its own time: one within these ms belongs to it. */
#define TOGETHER "5000"

enum fp_status fp_file_with_journals(struct fp_store *s, const char *project_id, const char *name, int64_t version, fp_file_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg, s->home};
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_file_get(s, project_id, name, version, each, arg, err);

	if (rc == FP_OK)
		rc = fp_db_stmt(s, &st, err, "WITH main AS (SELECT v.at, f.version = v.version AND NOT f.removed AS current, coalesce((SELECT min(n.at)"
			" FROM file_version n WHERE n.file_id = f.id AND n.version > v.version), 1 << 62) AS until FROM file f JOIN file_version v"
			" ON v.file_id = f.id WHERE f.project_id = ?1 AND f.name = ?2 AND v.version = ?3) "
			SELECT " JOIN main m WHERE f.project_id = ?1 AND f.name IN (?2 || '-wal', ?2 || '-journal') AND v.size > 0 AND CASE WHEN m.current"
			" THEN v.version = f.version AND NOT f.removed ELSE v.version = (SELECT max(o.version) FROM file_version o WHERE o.file_id = f.id"
			" AND o.at <= m.at + " TOGETHER " AND o.at < m.until) AND (NOT f.removed OR v.at >= m.at - " TOGETHER ") END",
			FP_VALS(fp_t(project_id), fp_t(name), fp_i(version)));
	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more)
			row(&c, st);
	}
	fp_db_end(s, st);
	return rc;
}

/* The versions stay: a removed file can be restored. */
enum fp_status fp_file_remove(struct fp_store *s, const char *project_id, const char *name, const char *who, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	st = fp_db_run(s, err, "UPDATE file SET removed = 1 WHERE project_id = ? AND name = ? AND removed = 0",
		FP_VALS(fp_t(project_id), fp_t(name)));
	if (st == FP_OK && fp_db_changes(s) == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no file \"%s\" in this project", name);
	if (st == FP_OK)
		st = fp_project_file_choose(s, project_id, err);
	if (st == FP_OK)
		st = fp_activity_add(s, who, "remove file", project_id, err, "%s", name);
	return fp_store_end(s, st, err);
}
