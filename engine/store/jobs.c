#include "engine/store/jobs.h"

#include <stdio.h>

#include "engine/store/list.h"

static const char *const statuses[] = {"pending", "queued", "started", "finished", "failed", "stopped", NULL};
static const char *const types[] = {"process_projectfile", "package", "delta_apply", NULL};

static const struct fp_filter_key keys[] = {
	{.key = "status", .type = FP_FILTER_WORD, .sql = "j.status = ?", .words = statuses},
	{.key = "type", .type = FP_FILTER_WORD, .sql = "j.type = ?", .words = types},
	{.key = "project", .type = FP_FILTER_FOLD, .sql = "j.project_id IN (SELECT id FROM project WHERE id = ? OR name_fold = ?)"},
	{.key = "id", .type = FP_FILTER_INT, .sql = "j.id = ?"},
	{.key = "after", .type = FP_FILTER_TIME, .sql = "j.created_at >= ?", .all = 1},
	{.key = "before", .type = FP_FILTER_TIME, .sql = "j.created_at < ?", .all = 1},
	{0},
};

static const struct fp_sort sorts[] = {
	{"when", "j.id", 1}, {"type", "j.type", 0}, {"status", "j.status", 0},
	{"project", "(SELECT name_fold FROM project WHERE id = j.project_id)", 0}, {"took", "j.finished_at - j.started_at", 1}, {0},
};

static const struct fp_list list = {
	.from = "job j",
	.id = "j.id",
	.project = "j.project_id",
	.select = "SELECT j.id, j.type, j.status, j.project_id, p.name, j.created_by, j.\"trigger\", j.created_at, j.started_at, j.finished_at, "
		"CASE j.status WHEN 'pending' THEN (SELECT count(*) FROM job b WHERE b.project_id = j.project_id AND b.status = 'pending' AND b.id <= j.id) "
		"ELSE 0 END, j.step, j.done, j.total, j.verdict, j.hint, j.error_class, j.signal, j.peak_kb, j.sandbox, j.result, j.cancel_requested, "
		"(SELECT max(started_at) FROM job_step WHERE job_id = j.id AND state = 'started') FROM job j JOIN project p ON p.id = j.project_id",
	.join = "j.id = k.id",
	.keys = keys,
	.text = "fold(j.verdict) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_job_each *each;
	void *arg;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_job_row r = {
		.id = sqlite3_column_int64(st, 0), .type = fp_db_text(st, 1), .status = fp_db_text(st, 2), .project_id = fp_db_text(st, 3),
		.project_name = fp_db_text(st, 4), .created_by = fp_db_text(st, 5), .trigger = fp_db_text(st, 6),
		.created_at = sqlite3_column_int64(st, 7), .started_at = sqlite3_column_int64(st, 8), .finished_at = sqlite3_column_int64(st, 9),
		.position = sqlite3_column_int64(st, 10), .step = fp_db_text(st, 11), .done = sqlite3_column_int64(st, 12),
		.total = sqlite3_column_int64(st, 13), .verdict = fp_db_text(st, 14), .hint = fp_db_text(st, 15), .error_class = fp_db_text(st, 16),
		.signal = sqlite3_column_int64(st, 17), .peak_kb = sqlite3_column_int64(st, 18), .sandbox = fp_db_text(st, 19),
		.result = fp_db_text(st, 20), .cancel_requested = sqlite3_column_int(st, 21),
		.step_started_at = sqlite3_column_int64(st, 22),
	};

	c->each(c->arg, &r);
}

enum fp_status fp_job_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_job_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

enum fp_status fp_job_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_list_count(s, &list, q, n, err);
}

enum fp_status fp_job_rank(struct fp_store *s, const struct fp_query *q, int64_t id, int64_t *offset, struct fp_error *err)
{
	return fp_list_rank(s, &list, q, fp_i(id), offset, err);
}

enum fp_status fp_job_get(struct fp_store *s, int64_t id, fp_job_each *each, void *arg, struct fp_error *err)
{
	struct ctx c = {each, arg};
	char what[40];

	snprintf(what, sizeof what, "job %lld", (long long)id);
	return fp_list_one(s, &list, "j.id = ?", FP_VALS(fp_i(id)), row, &c, what, err);
}

enum fp_status fp_job_steps(struct fp_store *s, int64_t job_id, fp_step_each *each, void *arg, struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT step, name, state, message, started_at, finished_at FROM job_step WHERE job_id = ? ORDER BY seq", FP_VALS(fp_i(job_id)));

	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more) {
			struct fp_step_row r = {fp_db_text(st, 0), fp_db_text(st, 1), fp_db_text(st, 2), fp_db_text(st, 3),
				sqlite3_column_int64(st, 4), sqlite3_column_int64(st, 5)};
			each(arg, &r);
		}
	}
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_job_log_lines(struct fp_store *s, int64_t job_id, int64_t after, int64_t limit, fp_log_each *each, void *arg,
	struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT seq, at, level, step, text FROM job_log WHERE job_id = ? AND seq > ? ORDER BY seq LIMIT ?",
		FP_VALS(fp_i(job_id), fp_i(after), fp_i(limit)));

	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more) {
			struct fp_log_row r = {sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), fp_db_text(st, 2), fp_db_text(st, 3),
				fp_db_text(st, 4)};
			each(arg, &r);
		}
	}
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_job_log_count(struct fp_store *s, int64_t job_id, int64_t *n, struct fp_error *err)
{
	*n = 0;
	return fp_db_int(s, n, err, "SELECT count(*) FROM job_log WHERE job_id = ?", FP_VALS(fp_i(job_id)));
}
