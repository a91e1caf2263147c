#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/store/jobs.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/job_text.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "Job", "id", "when", FP_CELL_INT, 5, 6, 0, 0 },
	{ "Type", "type", "type", FP_CELL_TEXT, 11, 19, 0, 0 },
	{ "Status", "status", "status", FP_CELL_STATUS, 8, 8, 0, 0 },
	{ "Project", "project", "project", FP_CELL_TEXT, 9, 16, 4, FP_COL_ALL },
	{ "Started", "started_at", NULL, FP_CELL_TIME, 11, 11, 6, 0 },
	{ "Took", "took_ms", "took", FP_CELL_SPAN, 6, 7, 3, 0 },
	{ "What came of it", "verdict", NULL, FP_CELL_TEXT, 28, 0, 5, 0 },
	{ "By", "created_by", NULL, FP_CELL_TEXT, 8, 10, 7, 0 },
	{ "Because of", "trigger", NULL, FP_CELL_TEXT, 8, 13, 8, 0 },
	{ "Created", "created_at", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Project id", "project_id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

struct target { struct fp_view *v; struct fp_rows *to; };

static void add(void *arg, const struct fp_job_row *r)
{
	struct target *t = arg;
	struct fp_buf text = FP_BUF_INIT;
	char iso[FP_TIME_ISO_SIZE];

	t->v->live |= fp_job_active(r);
	fp_rows_add(t->to, r->id, NULL);
	fp_rows_num(t->to, r->id);
	fp_rows_text(t->to, r->type);
	fp_rows_text(t->to, r->status);
	fp_rows_text(t->to, r->project_name);
	fp_rows_num(t->to, r->started_at);
	fp_rows_num(t->to, fp_job_took(r));
	fp_job_sentence(&text, r);
	fp_rows_text(t->to, text.data);
	fp_rows_text(t->to, r->created_by);
	fp_rows_text(t->to, r->trigger);
	fp_rows_text(t->to, fp_time_iso(iso, r->created_at));
	fp_rows_text(t->to, r->project_id);
	fp_buf_free(&text);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct target t = { v, to };

	return fp_job_list(v->console->store, q, offset, limit, add, &t, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_job_count(v->console->store, q, n, err);
}

static enum fp_status rank(struct fp_view *v, const struct fp_query *q, const char *key, int64_t *offset, struct fp_error *err)
{
	return fp_job_rank(v->console->store, q, strtoll(key, NULL, 10), offset, err);
}

static unsigned without(const struct fp_view *v)
{
	return fp_job_lacks(fp_view_cell(v, "type"), fp_view_cell(v, "status"));
}

static unsigned open_job(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_job, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"), v->key);
}

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	if (v->key)
		fp_job_menu(c, m, strtoll(v->key, NULL, 10));
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	(void)v;
	return fp_job_chosen(c, item);
}

static const char *const words[] = {
	"status:pending", "status:queued", "status:started", "status:finished", "status:failed", "status:stopped", "type:process_projectfile",
	"type:package", "type:delta_apply", "project:", "id:", "after:", "before:", NULL,
};

const struct fp_view_ops fp_view_jobs = {
	.name = "jobs", .title = "Jobs", .context = FP_IN_LIST | FP_IN_JOBS | FP_IN_APPLIED | FP_IN_ACTIVE,
	.without = without, .watch = FP_KIND_JOB, .columns = columns, .filter_words = words,
	.empty = "There is no job yet. Jobs come of uploads, of pushed changes and of Save all in Changes; a asks for one.",
	.count = count, .rows = rows, .rank = rank, .peek = { "verdict" }, .open = open_job, .menu = menu, .chosen = chosen,
};
