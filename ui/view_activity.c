#include <string.h>

#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "When", "at", "when", FP_CELL_TIME, 11, 19, 0, 0 },
	{ "Who", "who", "who", FP_CELL_TEXT, 8, 12, 0, 0 },
	{ "What", "what", "what", FP_CELL_TEXT, 10, 16, 0, 0 },
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 2, FP_COL_ALL },
	{ "Detail", "detail", NULL, FP_CELL_TEXT, 12, 0, 1, 0 },
	{ 0 },
};

static void add(void *arg, const struct fp_activity_row *r)
{
	struct fp_rows *to = arg;

	fp_rows_add(to, r->id, NULL);
	fp_rows_num(to, r->at);
	fp_rows_text(to, r->who);
	fp_rows_text(to, r->what);
	fp_rows_text(to, r->project_name);
	fp_rows_text(to, r->detail);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	return fp_activity_list(v->console->store, q, offset, limit, add, to, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_activity_count(v->console->store, q, n, err);
}

const struct fp_view_ops fp_view_activity = {
	.name = "activity", .title = "Activity", .context = FP_IN_LIST | FP_IN_ACTIVITY, .watch = FP_KIND_ACTIVITY, .columns = columns,
	.empty = "Nobody did anything here yet.",
	.count = count, .rows = rows, .peek = { "detail" },
};
