#include "engine/store/jobs.h"
#include "engine/store/list.h"

static const char *const statuses[] = {"ok", "invalid_dataprovider", "invalid_layer", "localized_dataprovider", "missing_dataprovider",
	"not_checked", NULL};
static const char *const valid[] = {"true", "false", "unknown", NULL};

static const struct fp_filter_key keys[] = {
	{.key = "status", .type = FP_FILTER_WORD, .sql = "l.status = ?", .words = statuses},
	{.key = "name", .type = FP_FILTER_FOLD, .sql = "fold(l.name) = ?"},
	{.key = "provider", .type = FP_FILTER_FOLD, .sql = "fold(l.provider) = ?"},
	{.key = "valid", .type = FP_FILTER_WORD, .sql = "l.is_valid = CASE ? WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE -1 END", .words = valid},
	{0},
};

static const struct fp_sort sorts[] = {
	{"id", "l.layer_id", 0}, {"name", "l.name", 0}, {"valid", "l.is_valid", 0}, {"status", "l.status", 0}, {0},
};

static const struct fp_list list = {
	.from = "layer l",
	.id = "l.id",
	.project = "l.project_id",
	.select = "SELECT l.id, l.project_id, p.name, l.layer_id, l.name, l.type, l.provider, l.crs, l.datasource, l.is_valid, l.status, "
		"l.error_summary, l.provider_summary, l.confidence, l.detail, l.remedy, l.pk, l.filename, l.warnings, l.json, l.job_id, l.at "
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
		.at = sqlite3_column_int64(st, 21),
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
