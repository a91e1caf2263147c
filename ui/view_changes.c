#include <stdlib.h>
#include <string.h>

#include "engine/store/changes.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "When", "created_at", "when", FP_CELL_TIME, 11, 11, 5, 0 },
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 10, FP_COL_ALL },
	{ "Who", "created_by", "who", FP_CELL_TEXT, 6, 10, 8, 0 },
	{ "Method", "method", "method", FP_CELL_TEXT, 6, 6, 4, 0 },
	{ "Layer", "layer", "layer", FP_CELL_TEXT, 10, 0, 0, 0 },
	{ "Feature", "feature_pk", NULL, FP_CELL_TEXT, 7, 10, 7, 0 },
	{ "Status", "status", "status", FP_CELL_STATUS, 11, 11, 0, 0 },
	{ "Action", "action", NULL, FP_CELL_TEXT, 8, 8, 0, FP_COL_MENU },
	{ "Fields", "fields", NULL, FP_CELL_TEXT, 14, 0, 9, 0 },
	{ "Outcome", "msg", NULL, FP_CELL_TEXT, 20, 0, 11, 0 },
	{ "Uuid", "uuid", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Project id", "project_id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

struct target { struct fp_console *c; struct fp_rows *to; };

static void add(void *arg, const struct fp_change_row *r)
{
	struct target *t = arg;
	enum fp_action staged = fp_staging_get(&t->c->staging, r->id);

	fp_rows_add(t->to, r->id, NULL);
	fp_rows_num(t->to, r->created_at);
	fp_rows_text(t->to, r->project_name);
	fp_rows_text(t->to, r->created_by);
	fp_rows_text(t->to, r->method);
	fp_rows_text(t->to, r->layer_name);
	fp_rows_text(t->to, r->feature_pk);
	fp_rows_text(t->to, r->status);
	fp_rows_text(t->to, staged ? fp_action_word(staged) : "");
	fp_rows_cell_style(t->to, staged ? FP_STYLE_STAGED : FP_STYLE_NORMAL);
	fp_rows_text(t->to, r->fields);
	fp_rows_text(t->to, r->msg);
	fp_rows_text(t->to, r->uuid);
	fp_rows_text(t->to, r->project_id);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct target t = { v->console, to };

	return fp_change_list(v->console->store, q, offset, limit, add, &t, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_change_count(v->console->store, q, n, err);
}

static enum fp_status rank(struct fp_view *v, const struct fp_query *q, const char *key, int64_t *offset, struct fp_error *err)
{
	return fp_change_rank(v->console->store, q, strtoll(key, NULL, 10), offset, err);
}

static unsigned open_change(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_change, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"), fp_view_cell(v, "uuid"));
}

/* What is marked, else the row under the cursor. */
static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	size_t n = v->marks.n > 0 ? v->marks.n : v->key ? 1 : 0;
	int64_t *ids = fp_realloc(NULL, n, sizeof *ids);
	char *name = fp_asprintf("%s %s", fp_view_cell(v, "layer"), fp_view_cell(v, "feature_pk"));

	for (size_t i = 0; i < n; i++)
		ids[i] = strtoll(v->marks.n > 0 ? v->marks.key[i] : v->key, NULL, 10);
	fp_staging_menu(c, m, ids, n, name);
	free(name);
	free(ids);
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	(void)v;
	return fp_staging_chosen(c, item);
}

static const char *const words[] = {
	"status:pending", "status:started", "status:applied", "status:conflict", "status:not_applied", "status:error", "status:ignored",
	"status:unpermitted", "method:create", "method:patch", "method:delete", "layer:", "user:", "client:", "job:", "uuid:", "after:", "before:", NULL,
};

const struct fp_view_ops fp_view_changes = {
	.name = "changes", .title = "Changes", .context = FP_IN_LIST | FP_IN_CHANGES, .watch = FP_KIND_CHANGE | FP_KIND_PROJECT, .columns = columns,
	.filter_words = words,
	.empty = "No change was pushed yet. Devices push them, or: fieldpost change push PROJECT DELTAS.json",
	.count = count, .rows = rows, .rank = rank, .peek = { "msg", "fields" }, .open = open_change, .menu = menu, .chosen = chosen,
};
