#include "engine/store/activity.h"

#include <stdarg.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/store/jobs.h"
#include "engine/store/list.h"

enum fp_status fp_activity_add(struct fp_store *s, const char *who, const char *what, const char *project_id, struct fp_error *err,
	const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	enum fp_status st;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	st = fp_db_run(s, err,
		"INSERT INTO activity (at, who, what, project_id, project_name, detail) "
		"VALUES (?1, ?2, ?3, coalesce(?4, ''), coalesce((SELECT name FROM project WHERE id = ?4), ''), ?5)",
		FP_VALS(fp_i(fp_now_ms()), fp_t(who), fp_t(what), fp_t(project_id), fp_t(b.data)));
	fp_buf_free(&b);
	return st;
}

static const struct fp_filter_key keys[] = {
	{.key = "user", .type = FP_FILTER_FOLD, .sql = "fold(a.who) = ?"},
	{.key = "what", .type = FP_FILTER_FOLD, .sql = "a.what = ?"},
	{.key = "project", .type = FP_FILTER_FOLD, .sql = "a.project_id = ? OR fold(a.project_name) = ?"},
	{.key = "after", .type = FP_FILTER_TIME, .sql = "a.at >= ?", .all = 1},
	{.key = "before", .type = FP_FILTER_TIME, .sql = "a.at < ?", .all = 1},
	{0},
};

static const struct fp_sort sorts[] = {
	{"when", "a.id", 1}, {"who", "a.who", 0}, {"what", "a.what", 0}, {"project", "a.project_name", 0}, {0},
};

static const struct fp_list list = {
	.from = "activity a",
	.id = "a.id",
	.project = "a.project_id",
	.select = "SELECT a.id, a.at, a.who, a.what, a.project_name, a.detail FROM activity a",
	.join = "a.id = k.id",
	.keys = keys,
	.text = "fold(a.detail || ' ' || a.what || ' ' || a.project_name) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_activity_each *each;
	void *arg;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_activity_row r = {
		.id = sqlite3_column_int64(st, 0), .at = sqlite3_column_int64(st, 1), .who = fp_db_text(st, 2), .what = fp_db_text(st, 3),
		.project_name = fp_db_text(st, 4), .detail = fp_db_text(st, 5),
	};

	c->each(c->arg, &r);
}

enum fp_status fp_activity_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_activity_each *each,
	void *arg, struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

enum fp_status fp_activity_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_list_count(s, &list, q, n, err);
}
