#include "engine/store/checks.h"

#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/store/list.h"

static const struct fp_filter_key keys[] = {
	{.key = "after", .type = FP_FILTER_TIME, .sql = "r.at >= ?", .all = 1},
	{.key = "before", .type = FP_FILTER_TIME, .sql = "r.at < ?", .all = 1},
	{0},
};

static const struct fp_sort sorts[] = {{"when", "r.job_id", 1}, {0}};

static const struct fp_list list = {
	.from = "check_run r",
	.id = "r.job_id",
	.project = "r.project_id",
	.select = "SELECT r.job_id, r.at, r.project_id, p.name, j.\"trigger\", j.created_by, j.result, r.previous_at, r.fixed, r.broke, r.changed, r.new, "
		"r.gone, j.verdict FROM check_run r JOIN job j ON j.id = r.job_id JOIN project p ON p.id = r.project_id",
	.join = "r.job_id = k.id",
	.keys = keys,
	.text = "(SELECT fold(verdict) FROM job WHERE id = r.job_id) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_check_each *each;
	void *arg;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_check_row r = {
		.job_id = sqlite3_column_int64(st, 0), .at = sqlite3_column_int64(st, 1), .project_id = fp_db_text(st, 2), .project_name = fp_db_text(st, 3),
		.trigger = fp_db_text(st, 4), .by = fp_db_text(st, 5), .counts = fp_db_text(st, 6), .previous_at = sqlite3_column_int64(st, 7),
		.fixed = sqlite3_column_int64(st, 8), .broke = sqlite3_column_int64(st, 9), .changed = sqlite3_column_int64(st, 10),
		.added = sqlite3_column_int64(st, 11), .gone = sqlite3_column_int64(st, 12),
		.verdict = fp_db_text(st, 13),
	};

	c->each(c->arg, &r);
}

enum fp_status fp_check_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_check_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

/* The one that holds, then those that did. Jobs outlive the runs that retention removed: so times are theirs. */
enum fp_status fp_verdict_list(struct fp_store *s, const char *project_id, const char *layer_id, fp_verdict_each *each, void *arg, struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT since_job, since, NULL, NULL, NULL, NULL, name, status, is_valid, cause, owner, sentence, detail, remedy"
		" FROM layer WHERE project_id = ?1 AND layer_id = ?2 AND changed <> 'gone'"
		" UNION ALL SELECT * FROM (SELECT v.first_job, b.finished_at, v.last_job, l.finished_at, e.job_id, e.at, v.name, v.status, v.is_valid, v.cause,"
		"  v.owner, v.sentence, iif(v.detail = '', v.sentence, v.detail), v.remedy FROM verdict v JOIN job b ON b.id = v.first_job"
		"  JOIN job l ON l.id = v.last_job LEFT JOIN check_run e ON e.job_id = (SELECT min(job_id) FROM check_run"
		"   WHERE project_id = v.project_id AND job_id > v.last_job)"
		"  WHERE v.project_id = ?1 AND v.layer_id = ?2 ORDER BY v.first_job DESC)", FP_VALS(fp_t(project_id), fp_t(layer_id)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(s, st, &more, err)) == FP_OK && more) {
		struct fp_verdict_row r = {
			.first_job = sqlite3_column_int64(st, 0), .since = sqlite3_column_int64(st, 1), .last_job = sqlite3_column_int64(st, 2),
			.until = sqlite3_column_int64(st, 3), .ended_job = sqlite3_column_int64(st, 4), .ended = sqlite3_column_int64(st, 5),
			.name = fp_db_text(st, 6), .status = fp_db_text(st, 7), .is_valid = sqlite3_column_int(st, 8), .cause = fp_db_text(st, 9),
			.owner = fp_db_text(st, 10), .sentence = fp_db_text(st, 11), .detail = fp_db_text(st, 12), .remedy = fp_db_text(st, 13),
		};
		each(arg, &r);
	}
	fp_db_end(s, st);
	return rc;
}

/* Layers that are or were called so. */
static enum fp_status find_name(struct fp_store *s, char **layer_id, const char *project_id, const char *name, struct fp_error *err)
{
	char *folded = fp_text_fold(name);
	sqlite3_stmt *st = NULL;
	int row;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT count(*), min(layer_id), group_concat(layer_id, ', ') FROM"
		" (SELECT layer_id FROM verdict WHERE project_id = ?1 AND fold(name) = ?2 UNION SELECT layer_id FROM layer WHERE project_id = ?1 AND fold(name) = ?2)",
		FP_VALS(fp_t(project_id), fp_t(folded)));

	if (rc == FP_OK)
		rc = fp_db_next(s, st, &row, err);
	if (rc == FP_OK && sqlite3_column_int64(st, 0) == 0) {
		rc = fp_fail(err, FP_E_NOTFOUND, "no check knows a layer \"%s\" in this project", name);
	} else if (rc == FP_OK && sqlite3_column_int64(st, 0) > 1) {
		rc = fp_fail(err, FP_E_USAGE, "more than one layer is or was called \"%s\"", name);
		fp_error_hint(err, "name one by its id: %s", fp_db_text(st, 2));
	} else if (rc == FP_OK) {
		*layer_id = fp_strdup(fp_db_text(st, 1));
	}
	fp_db_end(s, st);
	free(folded);
	return rc;
}

enum fp_status fp_verdict_find(struct fp_store *s, char **layer_id, const char *project_id, const char *id_or_name, struct fp_error *err)
{
	enum fp_status st;

	*layer_id = NULL;
	st = fp_db_str(s, layer_id, err, "SELECT layer_id FROM layer WHERE project_id = ?1 AND layer_id = ?2"
		" UNION SELECT layer_id FROM verdict WHERE project_id = ?1 AND layer_id = ?2", FP_VALS(fp_t(project_id), fp_t(id_or_name)));
	return st == FP_OK && !*layer_id ? find_name(s, layer_id, project_id, id_or_name, err) : st;
}
