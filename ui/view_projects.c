#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/store/packages.h"
#include "engine/store/projects.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/project_acts.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	/* title, name, sort, type, min, want, drop, flags */
	{ "Name", "name", "name", FP_CELL_TEXT, 15, 0, 0, 0 },
	{ "Status", "status", "status", FP_CELL_STATUS, 6, 6, 0, 0 },
	{ "Problems", "problems", "problems", FP_CELL_INT, 8, 8, 0, 0 },
	{ "Pending", "pending", "pending", FP_CELL_INT, 7, 7, 0, 0 },
	{ "Conflict", "conflict", NULL, FP_CELL_INT, 8, 8, 2, 0 },
	{ "Failed", "failed", NULL, FP_CELL_INT, 6, 6, 3, 0 },
	{ "Last job", "job", NULL, FP_CELL_TEXT, 20, 38, 4, 0 },
	{ "Packaged", "packaged", NULL, FP_CELL_TEXT, 19, 19, 5, 0 },
	{ "Size", "size", "size", FP_CELL_SIZE, 7, 7, 6, 0 },
	{ "Files", "files", NULL, FP_CELL_INT, 5, 5, 7, 0 },
	{ "Title", "title", NULL, FP_CELL_TEXT, 20, 0, 8, 0 },
	{ "Packaged at", "packaged_at", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Last job at", "job_at", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Id", "id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

struct target { struct fp_store *s; struct fp_rows *to; };

static void counter(struct fp_rows *to, int64_t n, unsigned style)
{
	fp_rows_num(to, n);
	fp_rows_cell_style(to, n > 0 ? style : FP_STYLE_DIM);
}

static void add_package(void *arg, const struct fp_package_row *r)
{
	struct fp_rows *to = arg;
	char age[FP_FORMAT_SIZE], *text = fp_asprintf("%s, %s", r->freshness.stale ? "stale" : "current", fp_format_age(age, r->at));

	fp_rows_text(to, text);
	fp_rows_cell_style(to, r->freshness.stale ? FP_STYLE_WARN : FP_STYLE_GOOD);
	free(text);
}

/* Projects without a package are the most, and cost nothing. */
static void add_packaged(struct target *t, const struct fp_project_row *r)
{
	if (r->packaged_at && fp_package_get(t->s, r->id, 0, add_package, t->to, NULL) == FP_OK)
		return;
	fp_rows_text(t->to, "never");
	fp_rows_cell_style(t->to, FP_STYLE_DIM);
}

static void add(void *arg, const struct fp_project_row *r)
{
	struct target *t = arg;
	struct fp_rows *to = t->to;
	struct fp_buf job = FP_BUF_INIT;
	char age[FP_FORMAT_SIZE], iso[FP_TIME_ISO_SIZE];

	fp_rows_add(to, 0, r->id);
	fp_rows_text(to, r->name);
	fp_rows_text(to, r->status);
	counter(to, r->problems, FP_STYLE_BAD);
	counter(to, r->pending, FP_STYLE_WARN);
	counter(to, r->conflict, FP_STYLE_BAD);
	counter(to, r->failed, FP_STYLE_BAD);
	fp_buf_addf(&job, "%s %s, %s", r->job_status, fp_format_age(age, r->job_at), r->job_type);
	fp_rows_text(to, r->job_id ? job.data : "none yet");
	fp_rows_cell_style(to, r->job_id ? fp_status_style(r->job_status) : FP_STYLE_DIM);
	add_packaged(t, r);
	fp_rows_num(to, r->size);
	fp_rows_num(to, r->files);
	fp_rows_text(to, r->title);
	fp_rows_text(to, r->packaged_at ? fp_time_iso(iso, r->packaged_at) : "");
	fp_rows_text(to, r->job_at ? fp_time_iso(iso, r->job_at) : "");
	fp_rows_text(to, r->id);
	fp_buf_free(&job);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct target t = { v->console->store, to };

	return fp_project_list(t.s, q, offset, limit, add, &t, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_project_count(v->console->store, q, n, err);
}

static unsigned open_project(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_project, fp_view_cell(v, "id"), fp_view_cell(v, "name"), NULL);
}

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	if (v->count > 0)
		fp_project_menu(c, m, fp_view_cell(v, "id"), fp_view_cell(v, "name"));
}

static const char *const words[] = { "status:ok", "status:busy", "status:failed", "name:", NULL };

const struct fp_view_ops fp_view_projects = {
	.name = "projects", .title = "Projects", .context = FP_IN_LIST | FP_IN_PROJECTS,
	.watch = FP_KIND_PROJECT | FP_KIND_FILE | FP_KIND_CHANGE | FP_KIND_JOB | FP_KIND_LAYER | FP_KIND_PACKAGE,
	.columns = columns, .filter_words = words,
	.empty = "This home has no project yet. Make one from a folder with a QGIS project: fieldpost project create NAME --from DIR",
	.count = count, .rows = rows, .open = open_project, .menu = menu, .chosen = fp_project_chosen,
};
