/* Save all: what will be done with each staged change, tried on the data as it is, then the question, then the deed. */
#include <stdlib.h>
#include <string.h>

#include "engine/queue/plan.h"
#include "engine/store/changes.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/views.h"

#define ASK_NUMBER_FROM 51 /* more than 50 writes: the number has to be typed */

struct data {
	struct fp_plan *plan;
	int done, ask; /* ASK: when it is done */
};

static const struct fp_column columns[] = {
	{ "Plan", "class", NULL, FP_CELL_STATUS, 15, 15, 0, 0 },
	{ "Action", "action", NULL, FP_CELL_TEXT, 8, 9, 0, 0 },
	{ "Because", "why", NULL, FP_CELL_TEXT, 27, 0, 1, 0 },
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 5, FP_COL_ALL },
	{ "Will be done", "will", NULL, FP_CELL_STATUS, 12, 12, 7, 0 },
	{ "Status", "status", NULL, FP_CELL_STATUS, 11, 11, 3, 0 },
	{ "Method", "method", NULL, FP_CELL_TEXT, 6, 6, 4, 0 },
	{ "Layer", "layer", NULL, FP_CELL_TEXT, 8, 16, 2, 0 },
	{ "Feature", "feature_pk", NULL, FP_CELL_TEXT, 7, 10, 6, 0 },
	{ "Uuid", "uuid", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Project id", "project_id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static enum fp_status make(struct fp_view *v, struct fp_error *err)
{
	const struct fp_staging *s = &v->console->staging;
	struct data *d = v->data;

	fp_plan_free(d->plan);
	d->plan = NULL;
	d->done = 0;
	return fp_plan_new(&d->plan, v->console->store, v->console->conf, s->item, s->n, err);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;

	return d->plan ? FP_OK : make(v, err);
}

static void close_plan(struct fp_view *v)
{
	fp_plan_free(((struct data *)v->data)->plan);
}

static struct fp_plan *waits_for(struct fp_view *v)
{
	struct data *d = v->data;

	return d->done ? NULL : d->plan;
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	struct data *d = v->data;
	size_t all = 0;

	(void)q;
	(void)err;
	if (d->plan)
		fp_plan_items(d->plan, &all);
	*n = (int64_t)all;
	return FP_OK;
}

struct target { struct fp_rows *to; int found; };

static void add(void *arg, const struct fp_change_row *r)
{
	struct target *t = arg;

	t->found = 1;
	fp_rows_text(t->to, r->status);
	fp_rows_text(t->to, r->method);
	fp_rows_text(t->to, r->layer_name);
	fp_rows_text(t->to, r->feature_pk);
	fp_rows_text(t->to, r->uuid);
	fp_rows_text(t->to, r->project_id);
}

static void add_project(void *arg, const struct fp_change_row *r)
{
	fp_rows_text(arg, r->project_name);
}

static enum fp_status add_item(struct fp_view *v, const struct fp_plan_item *item, struct fp_rows *to, struct fp_error *err)
{
	const struct data *d = v->data;
	struct target t = { to, 0 };
	enum fp_status st;

	fp_rows_add(to, item->staged.change_id, NULL);
	fp_rows_text(to, d->done || item->answered || !item->tried ? item->class : "...");
	fp_rows_text(to, fp_action_word(item->staged.action));
	fp_rows_text(to, item->why);
	st = fp_change_get(v->console->store, item->project_id, item->uuid, add_project, to, err);
	if (st == FP_E_NOTFOUND)
		fp_rows_text(to, "");
	fp_rows_text(to, item->will ? "yes" : "no");
	if (st == FP_OK)
		st = fp_change_get(v->console->store, item->project_id, item->uuid, add, &t, err);
	for (int i = 0; !t.found && i < 6; i++)
		fp_rows_text(to, i == 0 ? "gone" : "");
	return st == FP_E_NOTFOUND ? FP_OK : st;
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st = FP_OK;
	const struct fp_plan_item *items;
	size_t n;

	(void)q;
	items = fp_plan_items(d->plan, &n);
	for (size_t i = (size_t)offset; i < n && limit > 0 && st == FP_OK; i++, limit--)
		st = add_item(v, &items[i], to, err);
	return st;
}

static unsigned open_change(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_change, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"), fp_view_cell(v, "uuid"));
}

/* ---- the question and the deed ---- */

static void say_jobs(struct fp_console *c, const struct fp_trigger *t, size_t n, int64_t done)
{
	struct fp_buf b = FP_BUF_INIT;
	char count[FP_FORMAT_SIZE];

	fp_buf_addf(&b, "%s saved.", fp_format_count(count, done));
	for (size_t i = 0; i < n; i++) {
		if (t[i].job_id)
			fp_buf_addf(&b, " Job %lld carries it out: press 3 for the jobs.", (long long)t[i].job_id);
		else if (*t[i].sentence)
			fp_buf_addf(&b, " %s", t[i].sentence);
	}
	fp_note(c, "%s", b.data);
	fp_buf_free(&b);
}

static unsigned save_now(struct fp_console *c, int64_t arg)
{
	struct data *d = fp_top(c)->data;
	struct fp_trigger *t = NULL;
	struct fp_error err, again;
	size_t n = 0;
	enum fp_status st = fp_plan_save(d->plan, c->who, "", &t, &n, &err);

	(void)arg;
	if (st == FP_E_CONFLICT && make(fp_top(c), &again) == FP_OK)
		return fp_complain(c, "%s. This is the plan as it is now; w asks again.", err.msg) | FP_DO_RELOAD;
	if (st)
		return fp_show_error(c, &err) | FP_DO_RELOAD;
	say_jobs(c, t, n, fp_plan_writes(d->plan));
	free(t);
	fp_staging_clear(&c->staging);
	fp_marks_clear(&fp_top(c)->marks);
	fp_pop(c);
	fp_marks_clear(&fp_top(c)->marks);
	return FP_DO_RELOAD;
}

static unsigned ask(struct fp_console *c)
{
	struct data *d = fp_top(c)->data;
	char done[FP_FORMAT_SIZE], left[FP_FORMAT_SIZE];
	int64_t will;
	size_t n;

	if (!d->plan || !d->done) {
		d->ask = 1;
		return fp_note(c, "The changes are tried on the data...");
	}
	d->ask = 0;
	*c->message = '\0'; /* the question needs its line */
	will = fp_plan_writes(d->plan);
	fp_plan_items(d->plan, &n);
	if (will == 0)
		return fp_complain(c, "None of the staged actions can be done: the list says why. Esc goes back.");
	return fp_ask_open(c, will >= ASK_NUMBER_FROM ? will : 0, save_now, 0, "Save all: %s will be done in original order, %s will not. Do it?",
		fp_format_count(done, will), fp_format_count(left, (int64_t)n - will));
}

static unsigned planned(struct fp_console *c, struct fp_view *v)
{
	struct data *d = v->data;

	d->done = 1;
	return d->ask ? ask(c) : FP_DO_NOTHING;
}

const struct fp_view_ops fp_view_plan = {
	.name = "plan", .title = "Save all", .context = FP_IN_PLAN, .watch = 0, .columns = columns,
	.empty = "Nothing is staged. a, or Enter on the Action column of Changes, stages what is to be done.",
	.data_size = sizeof(struct data), .load = load, .close = close_plan, .count = count, .rows = rows, .peek = { "why" }, .open = open_change,
	.plan = waits_for, .planned = planned,
};

unsigned fp_act_save(struct fp_console *c, const char *arg)
{
	struct fp_view *top = fp_top(c);

	(void)arg;
	if (c->staging.n == 0)
		return fp_note(c, "Nothing is staged: a, or Enter on the Action column, chooses what is to be done with a change.");
	if (top->ops == &fp_view_plan)
		return ask(c);
	fp_push(c, &fp_view_plan, NULL, NULL, NULL);
	return fp_top(c)->ops == &fp_view_plan ? ask(c) : FP_DO_PAINT;
}
