#include "engine/store/jobs.h"

#include <stdlib.h>

#include "engine/store/list.h"

static const char *const statuses[] = {"ok", "invalid_dataprovider", "invalid_layer", "localized_dataprovider", "missing_dataprovider",
	"not_checked", NULL};
static const char *const valid[] = {"true", "false", "unknown", NULL};
static const char *const changes[] = {"fixed", "broke", "changed", "new", "gone", "any", NULL};

/* What is neither valid nor gone: as in the index that groups are read from. */
#define PROBLEM "l.is_valid < 1 AND l.changed <> 'gone'"

static const struct fp_filter_key keys[] = {
	{.key = "status", .type = FP_FILTER_WORD, .sql = "l.status = ?", .words = statuses},
	{.key = "name", .type = FP_FILTER_FOLD, .sql = "fold(l.name) = ?"},
	{.key = "provider", .type = FP_FILTER_FOLD, .sql = "fold(l.provider) = ?"},
	{.key = "valid", .type = FP_FILTER_WORD, .sql = "l.is_valid = CASE ? WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE -1 END", .words = valid},
	{.key = "changed", .type = FP_FILTER_WORD, .sql = "l.id IN (SELECT id FROM layer WHERE changed <> '' AND ? IN (changed, 'any'))", .words = changes},
	{.key = "cause", .type = FP_FILTER_TEXT, .sql = "l.cause = ?"},
	{.key = "owner", .type = FP_FILTER_FOLD, .sql = "fold(l.owner) = ?"},
	{.key = "group", .type = FP_FILTER_INT, .sql = "l.id IN (SELECT l.id FROM layer g JOIN layer l ON l.status = g.status AND l.cause = g.cause "
		"AND l.sentence = g.sentence AND " PROBLEM " WHERE g.id = ?)"},
	{0},
};

static const struct fp_sort sorts[] = {
	{"id", "l.layer_id", 0}, {"name", "l.name", 0}, {"valid", "l.is_valid", 0}, {"status", "l.status", 0}, {"changed", "l.changed", 1}, {0},
};

static const struct fp_list list = {
	.from = "layer l",
	.id = "l.id",
	.project = "l.project_id",
	.select = "SELECT l.id, l.project_id, p.name, l.layer_id, l.name, l.type, l.provider, l.crs, l.datasource, l.is_valid, l.status, "
		"l.error_summary, l.provider_summary, l.confidence, l.detail, l.remedy, l.pk, l.filename, l.warnings, l.json, "
		"(SELECT max(job_id) FROM check_run WHERE project_id = l.project_id), p.checked_at, "
		"l.cause, l.owner, l.sentence, l.changed, l.since, l.previous "
		"FROM layer l JOIN project p ON p.id = l.project_id",
	.join = "l.id = k.id",
	.keys = keys,
	.text = "fold(l.name || ' ' || l.layer_id || ' ' || l.datasource || ' ' || l.error_summary || ' ' || l.provider_summary || ' ' || l.detail) "
		"LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_layer_each *each;
	void *arg;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_layer_row r = {
		.id = sqlite3_column_int64(st, 0), .project_id = fp_db_text(st, 1), .project_name = fp_db_text(st, 2), .layer_id = fp_db_text(st, 3),
		.name = fp_db_text(st, 4), .type = fp_db_text(st, 5), .provider = fp_db_text(st, 6), .crs = fp_db_text(st, 7),
		.datasource = fp_db_text(st, 8), .is_valid = sqlite3_column_int(st, 9), .status = fp_db_text(st, 10),
		.error_summary = fp_db_text(st, 11), .provider_summary = fp_db_text(st, 12), .confidence = fp_db_text(st, 13),
		.detail = fp_db_text(st, 14), .remedy = fp_db_text(st, 15), .pk = fp_db_text(st, 16), .filename = fp_db_text(st, 17),
		.warnings = fp_db_text(st, 18), .json = fp_db_text(st, 19), .job_id = sqlite3_column_int64(st, 20),
		.at = sqlite3_column_int64(st, 21), .cause = fp_db_text(st, 22), .owner = fp_db_text(st, 23), .sentence = fp_db_text(st, 24),
		.changed = fp_db_text(st, 25), .since = sqlite3_column_int64(st, 26), .previous = fp_db_text(st, 27),
	};

	c->each(c->arg, &r);
}

enum fp_status fp_layer_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_layer_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

enum fp_status fp_layer_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_list_count(s, &list, q, n, err);
}

enum fp_status fp_layer_get(struct fp_store *s, const char *project_id, const char *layer_id, fp_layer_each *each, void *arg, struct fp_error *err)
{
	struct ctx c = {each, arg};
	char *what = fp_asprintf("layer \"%s\" in the newest check", layer_id);
	enum fp_status st = fp_list_one(s, &list, "l.project_id = ? AND l.layer_id = ?", FP_VALS(fp_t(project_id), fp_t(layer_id)), row, &c, what, err);

	free(what);
	return st;
}

/* ---- the same failure of many layers ---- */

#define NAMES 3
static const char *const said[] = {[FP_GROUP_SENTENCE] = "l.sentence", [FP_GROUP_CAUSE] = "iif(l.cause = '', l.sentence, '')"};

enum fp_status fp_layer_groups(struct fp_store *s, const struct fp_query *q, enum fp_group_by by, int64_t offset, int64_t limit, fp_group_each *each,
	void *arg, struct fp_error *err)
{
	struct fp_where w = FP_WHERE_INIT;
	struct fp_buf sql = FP_BUF_INIT;
	sqlite3_stmt *st = NULL;
	int more = 1;
	enum fp_status rc = fp_list_where(&w, &list, q, err);

	if (rc == FP_OK) {
		FP_GROW(w.v, w.n, w.cap);
		w.v[w.n++] = fp_i(limit);
		FP_GROW(w.v, w.n, w.cap);
		w.v[w.n++] = fp_i(offset);
		fp_buf_addf(&sql, "WITH g AS MATERIALIZED (SELECT l.status, l.cause, %s AS said, l.status = 'not_checked' AS unknown, count(*) AS n,"
			" count(DISTINCT l.project_id) AS projects, min(l.id) AS first FROM layer l%s AND " PROBLEM " GROUP BY 1, 2, 3"
			" ORDER BY unknown, n DESC, first LIMIT ?%zu OFFSET ?%zu)", said[by], w.sql.data, w.n - 1, w.n);
		fp_buf_addf(&sql, " SELECT g.first, g.status, f.is_valid, g.cause, f.sentence, f.owner, f.remedy, g.n, g.projects,"
			" (SELECT json_group_array(name) FROM (SELECT l.name FROM layer l%s AND " PROBLEM " AND l.status = g.status AND l.cause = g.cause"
			" AND %s = g.said ORDER BY l.id LIMIT %d)) FROM g JOIN layer f ON f.id = g.first ORDER BY g.unknown, g.n DESC, g.first",
			w.sql.data, said[by], NAMES);
		rc = fp_db_stmt(s, &st, err, sql.data, w.v, w.n);
	}
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more) {
			struct fp_group_row r = {sqlite3_column_int64(st, 0), fp_db_text(st, 1), sqlite3_column_int(st, 2), fp_db_text(st, 3), fp_db_text(st, 4),
				fp_db_text(st, 5), fp_db_text(st, 6), sqlite3_column_int64(st, 7), sqlite3_column_int64(st, 8), fp_db_text(st, 9)};
			each(arg, &r);
		}
	}
	fp_db_end(s, st);
	fp_buf_free(&sql);
	fp_where_free(&w);
	return rc;
}

enum fp_status fp_layer_group_count(struct fp_store *s, const struct fp_query *q, enum fp_group_by by, int64_t *n, struct fp_error *err)
{
	struct fp_where w = FP_WHERE_INIT;
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status rc = fp_list_where(&w, &list, q, err);

	*n = 0;
	if (rc == FP_OK) {
		fp_buf_addf(&sql, "SELECT count(*) FROM (SELECT 1 FROM layer l%s AND " PROBLEM " GROUP BY l.status, l.cause, %s)", w.sql.data, said[by]);
		rc = fp_db_int(s, n, err, sql.data, w.v, w.n);
	}
	fp_buf_free(&sql);
	fp_where_free(&w);
	return rc;
}
