#include "engine/store/packages.h"

#include <stdlib.h>

#include "engine/store/list.h"
#include "engine/store/package_folder.h"

static const struct fp_filter_key keys[] = {
	{.key = "project", .type = FP_FILTER_FOLD, .sql = "g.project_id IN (SELECT id FROM project WHERE name_fold = ?)"},
	{.key = "after", .type = FP_FILTER_TIME, .sql = "g.at >= ?", .all = 1},
	{.key = "before", .type = FP_FILTER_TIME, .sql = "g.at < ?", .all = 1},
	{0},
};

static const struct fp_sort sorts[] = {{"when", "g.job_id", 1}, {"size", "g.bytes", 1}, {"features", "g.features", 1}, {0}};

static const struct fp_list list = {
	.from = "package g",
	.id = "g.job_id",
	.project = "g.project_id",
	.select = "SELECT g.job_id, g.project_id, p.name, j.\"trigger\", j.created_by, g.basis_at, g.at,"
		" g.job_id = (SELECT max(job_id) FROM package WHERE project_id = g.project_id), g.files, g.bytes, g.attachments, g.attachment_bytes, g.layers,"
		" g.offline, g.copied, g.online, g.untouched, g.removed, g.features, g.skipped, g.warnings, g.notes, j.verdict"
		" FROM package g JOIN job j ON j.id = g.job_id JOIN project p ON p.id = g.project_id",
	.join = "g.job_id = k.id",
	.keys = keys,
	.text = "(SELECT fold(verdict) FROM job WHERE id = g.job_id) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	struct fp_store *s;
	fp_package_each *each;
	void *arg;
	enum fp_status st; /* of what was read for a row */
	struct fp_error *err;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_package_row r = {
		.job_id = sqlite3_column_int64(st, 0), .project_id = fp_db_text(st, 1), .project_name = fp_db_text(st, 2), .trigger = fp_db_text(st, 3),
		.by = fp_db_text(st, 4), .basis_at = sqlite3_column_int64(st, 5), .at = sqlite3_column_int64(st, 6), .newest = sqlite3_column_int(st, 7),
		.files = sqlite3_column_int64(st, 8), .bytes = sqlite3_column_int64(st, 9), .attachments = sqlite3_column_int64(st, 10),
		.attachment_bytes = sqlite3_column_int64(st, 11), .layers = sqlite3_column_int64(st, 12), .offline = sqlite3_column_int64(st, 13),
		.copied = sqlite3_column_int64(st, 14), .online = sqlite3_column_int64(st, 15), .untouched = sqlite3_column_int64(st, 16),
		.removed = sqlite3_column_int64(st, 17), .features = sqlite3_column_int64(st, 18), .skipped = sqlite3_column_int64(st, 19),
		.warnings = sqlite3_column_int64(st, 20), .notes = fp_db_text(st, 21), .verdict = fp_db_text(st, 22),
	};
	char *folder = fp_package_folder(c->s, r.project_id, r.job_id);

	r.folder = folder;
	if (c->st == FP_OK)
		c->st = fp_package_freshness(c->s, &r.freshness, r.project_id, r.job_id, c->err);
	if (c->st == FP_OK)
		c->each(c->arg, &r);
	free(folder);
}

enum fp_status fp_package_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_package_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {s, each, arg, FP_OK, err};
	enum fp_status st = fp_list_rows(s, &list, q, offset, limit, row, &c, err);

	return st == FP_OK ? c.st : st;
}

enum fp_status fp_package_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_list_count(s, &list, q, n, err);
}

enum fp_status fp_package_before(struct fp_store *s, const char *project_id, int64_t job_id, int64_t *found, struct fp_error *err)
{
	*found = 0;
	return fp_db_int(s, found, err, "SELECT max(job_id) FROM package WHERE project_id = ?1 AND (?2 = 0 OR job_id < ?2)",
		FP_VALS(fp_t(project_id), fp_i(job_id)));
}

/* Why there is none: a job that made none, one that is gone, or no job at all. */
static enum fp_status not_found(struct fp_store *s, const char *project_id, int64_t job_id, struct fp_error *err)
{
	char *status = NULL;
	enum fp_status st;

	if (!job_id) {
		fp_fail(err, FP_E_NOTFOUND, "this project has no package yet");
		fp_error_hint(err, "make one with: fieldpost job trigger NAME package");
		return FP_E_NOTFOUND;
	}
	st = fp_db_str(s, &status, err, "SELECT status FROM job WHERE id = ? AND project_id = ? AND type = 'package'", FP_VALS(fp_i(job_id), fp_t(project_id)));
	if (st == FP_OK && status && *status == 'f' && status[1] == 'i')
		st = fp_fail(err, FP_E_NOTFOUND, "package %lld was removed: newer ones took its place", (long long)job_id);
	else if (st == FP_OK && status)
		st = fp_fail(err, FP_E_NOTFOUND, "job %lld is %s and has published no package", (long long)job_id, status);
	else if (st == FP_OK)
		st = fp_fail(err, FP_E_NOTFOUND, "this project has no package %lld", (long long)job_id);
	if (st == FP_E_NOTFOUND)
		fp_error_hint(err, "see which there are with: fieldpost package list NAME");
	free(status);
	return st;
}

enum fp_status fp_package_get(struct fp_store *s, const char *project_id, int64_t job_id, fp_package_each *each, void *arg, struct fp_error *err)
{
	struct ctx c = {s, each, arg, FP_OK, err};
	enum fp_status st = fp_list_one(s, &list, "g.project_id = ?1 AND g.job_id = iif(?2, ?2, (SELECT max(job_id) FROM package WHERE project_id = ?1))",
		FP_VALS(fp_t(project_id), fp_i(job_id)), row, &c, "such package", err);

	if (st == FP_E_NOTFOUND)
		return not_found(s, project_id, job_id, err);
	return st == FP_OK ? c.st : st;
}

enum fp_status fp_package_files(struct fp_store *s, int64_t job_id, int64_t offset, int64_t limit, fp_package_file_each *each, void *arg,
	struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT name, size, at, sha256, etag, is_attachment FROM package_file WHERE job_id = ?"
		" ORDER BY is_attachment, name LIMIT ? OFFSET ?", FP_VALS(fp_i(job_id), fp_i(limit), fp_i(offset)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(s, st, &more, err)) == FP_OK && more)
		each(arg, &(struct fp_package_file_row){fp_db_text(st, 0), sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2), fp_db_text(st, 3),
			fp_db_text(st, 4), sqlite3_column_int(st, 5)});
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_package_layers(struct fp_store *s, int64_t job_id, int64_t offset, int64_t limit, fp_package_layer_each *each, void *arg,
	struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT layer_id, name, action, \"table\", features, pk, read_only,"
		" (SELECT coalesce(sum(json_extract(value, '$.count')), 0) FROM json_each(l.skipped)), json_array_length(l.warnings), skipped, warnings, source,"
		" packaged FROM package_layer l WHERE job_id = ? ORDER BY id LIMIT ? OFFSET ?", FP_VALS(fp_i(job_id), fp_i(limit), fp_i(offset)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(s, st, &more, err)) == FP_OK && more)
		each(arg, &(struct fp_package_layer_row){fp_db_text(st, 0), fp_db_text(st, 1), fp_db_text(st, 2), fp_db_text(st, 3), sqlite3_column_int64(st, 4),
			fp_db_text(st, 5), sqlite3_column_int(st, 6), sqlite3_column_int64(st, 7), sqlite3_column_int64(st, 8), fp_db_text(st, 9), fp_db_text(st, 10),
			fp_db_text(st, 11), fp_db_text(st, 12)});
	fp_db_end(s, st);
	return rc;
}
