#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/store/packages.h"
#include "ui/app.h"
#include "ui/project_acts.h"
#include "ui/views.h"

/* When it was made and what came since stay longest: they say whether devices get what is there now. */
static const struct fp_column columns[] = {
	{ "When", "at", "when", FP_CELL_TIME, 11, 11, 0, 0 },
	{ "Package", "id", NULL, FP_CELL_INT, 7, 7, 3, 0 },
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 1, FP_COL_ALL },
	{ "State of", "basis_at", NULL, FP_CELL_TIME, 11, 11, 8, 0 },
	{ "Files", "files", NULL, FP_CELL_INT, 5, 5, 5, 0 },
	{ "Size", "size", "size", FP_CELL_SIZE, 6, 8, 6, 0 },
	{ "Offline", "offline", NULL, FP_CELL_INT, 7, 7, 9, 0 },
	{ "Copied", "copied", NULL, FP_CELL_INT, 6, 6, 10, 0 },
	{ "Removed", "removed", NULL, FP_CELL_INT, 7, 7, 11, 0 },
	{ "Features", "features", "features", FP_CELL_INT, 9, 10, 2, 0 },
	{ "Left out", "skipped", NULL, FP_CELL_INT, 8, 8, 4, 0 },
	{ "Warnings", "warnings", NULL, FP_CELL_INT, 8, 8, 7, 0 },
	{ "Freshness", "freshness", NULL, FP_CELL_TEXT, 31, 0, 0, 0 },
	{ "Stale", "stale", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Newest", "newest", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "By", "by", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Because of", "trigger", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Verdict", "verdict", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Project id", "project_id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static void counter(struct fp_rows *to, int64_t n, unsigned style)
{
	fp_rows_num(to, n);
	fp_rows_cell_style(to, n > 0 ? style : FP_STYLE_DIM);
}

static void add(void *arg, const struct fp_package_row *r)
{
	struct fp_rows *to = arg;

	fp_rows_add(to, r->job_id, NULL);
	fp_rows_num(to, r->at);
	fp_rows_num(to, r->job_id);
	fp_rows_text(to, r->project_name);
	fp_rows_num(to, r->basis_at);
	fp_rows_num(to, r->files);
	fp_rows_num(to, r->bytes);
	fp_rows_num(to, r->offline);
	fp_rows_num(to, r->copied);
	fp_rows_num(to, r->removed);
	fp_rows_num(to, r->features);
	counter(to, r->skipped, FP_STYLE_WARN);
	counter(to, r->warnings, FP_STYLE_WARN);
	fp_rows_text(to, r->freshness.text);
	fp_rows_cell_style(to, !r->newest ? FP_STYLE_DIM : r->freshness.stale ? FP_STYLE_WARN : FP_STYLE_GOOD);
	fp_rows_text(to, r->freshness.stale ? "yes" : "no");
	fp_rows_text(to, r->newest ? "yes" : "no");
	fp_rows_text(to, r->by);
	fp_rows_text(to, r->trigger);
	fp_rows_text(to, r->verdict);
	fp_rows_text(to, r->project_id);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	return fp_package_list(v->console->store, q, offset, limit, add, to, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_package_count(v->console->store, q, n, err);
}

static unsigned open_package(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_package, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"), v->key);
}

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	if (*v->project)
		fp_project_menu(c, m, v->project, v->project_name);
	else if (v->count > 0)
		fp_project_menu(c, m, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"));
}

static const char *const words[] = { "project:", "after:", "before:", NULL };

const struct fp_view_ops fp_view_packages = {
	.name = "packages", .title = "Packages", .context = FP_IN_LIST | FP_IN_PACKAGES,
	.watch = FP_KIND_PACKAGE | FP_KIND_PROJECT | FP_KIND_FILE | FP_KIND_CHANGE, .columns = columns, .filter_words = words,
	.empty = "There is no package yet. A package is what devices take along; they ask for one when they download or synchronize. In a project, a makes one.",
	.count = count, .rows = rows, .peek = { "verdict" }, .open = open_package, .menu = menu, .chosen = fp_project_chosen,
};
