/* Save all: what will be done with each staged change, then the question, then the deed. */
#include <stdlib.h>
#include <string.h>

#include "engine/store/changes.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/views.h"

#define ASK_NUMBER_FROM 51 /* more than 50 writes: the number has to be typed */

struct data { struct fp_staged *plan; size_t n; };

static const struct fp_column columns[] = {
	{ "Will be done", "will", NULL, FP_CELL_STATUS, 12, 12, 0, 0 },
	{ "Action", "action", NULL, FP_CELL_TEXT, 8, 8, 0, 0 },
	{ "Because", "why", NULL, FP_CELL_TEXT, 27, 0, 1, 0 },
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 5, FP_COL_ALL },
	{ "Status", "status", NULL, FP_CELL_STATUS, 11, 11, 3, 0 },
	{ "Method", "method", NULL, FP_CELL_TEXT, 6, 6, 4, 0 },
	{ "Layer", "layer", NULL, FP_CELL_TEXT, 8, 16, 2, 0 },
	{ "Feature", "feature_pk", NULL, FP_CELL_TEXT, 7, 10, 6, 0 },
	{ "Uuid", "uuid", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	const struct fp_staging *s = &v->console->staging;
	struct data *d = v->data;

	free(d->plan);
	d->n = s->n;
	d->plan = fp_realloc(NULL, s->n, sizeof *d->plan);
	if (s->n > 0)
		memcpy(d->plan, s->item, s->n * sizeof *d->plan);
	return fp_queue_plan(v->console->store, d->plan, d->n, err);
}

static void close_plan(struct fp_view *v)
{
	free(((struct data *)v->data)->plan);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	(void)q;
	(void)err;
	*n = (int64_t)((struct data *)v->data)->n;
	return FP_OK;
}

struct target { struct fp_rows *to; const struct fp_staged *item; int found; };

static void add(void *arg, const struct fp_change_row *r)
{
	struct target *t = arg;

	if (r->id != t->item->change_id)
		return;
	t->found = 1;
	fp_rows_text(t->to, r->project_name);
	fp_rows_text(t->to, r->status);
	fp_rows_text(t->to, r->method);
	fp_rows_text(t->to, r->layer_name);
	fp_rows_text(t->to, r->feature_pk);
	fp_rows_text(t->to, r->uuid);
}

static enum fp_status add_item(struct fp_view *v, const struct fp_staged *item, struct fp_rows *to, struct fp_error *err)
{
	struct target t = { to, item, 0 };
	struct fp_query all = {0};
	int64_t offset = -1;
	enum fp_status st;

	fp_rows_add(to, item->change_id, NULL);
	fp_rows_text(to, item->will ? "yes" : "no");
	fp_rows_text(to, fp_action_word(item->action));
	fp_rows_text(to, item->why);
	st = fp_change_rank(v->console->store, &all, item->change_id, &offset, err);
	if (st == FP_OK && offset >= 0)
		st = fp_change_list(v->console->store, &all, offset, 1, add, &t, err);
	for (int i = 0; !t.found && i < 6; i++)
		fp_rows_text(to, i == 0 ? "" : "gone");
	return st;
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st = FP_OK;

	(void)q;
	for (size_t i = (size_t)offset; i < d->n && limit > 0 && st == FP_OK; i++, limit--)
		st = add_item(v, &d->plan[i], to, err);
	return st;
}

const struct fp_view_ops fp_view_plan = {
	.name = "plan", .title = "Save all", .context = FP_IN_PLAN, .watch = FP_KIND_CHANGE, .columns = columns,
	.empty = "Nothing is staged. a, or Enter on the Action column of Changes, stages what is to be done.",
	.data_size = sizeof(struct data), .load = load, .close = close_plan, .count = count, .rows = rows,
};

/* ---- the question and the deed ---- */

static int64_t writes(const struct data *d)
{
	int64_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->plan[i].will;
	return n;
}

static int same_plan(const struct fp_staged *a, const struct fp_staged *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].change_id != b[i].change_id || a[i].action != b[i].action || a[i].will != b[i].will)
			return 0;
	return 1;
}

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
	struct fp_staged *now = fp_realloc(NULL, d->n, sizeof *now);
	struct fp_trigger *t = NULL;
	struct fp_error err;
	size_t n = 0;
	enum fp_status st;

	(void)arg;
	memcpy(now, d->plan, d->n * sizeof *now);
	st = fp_queue_plan(c->store, now, d->n, &err);
	if (st == FP_OK && !same_plan(now, d->plan, d->n)) {
		free(now);
		fp_complain(c, "Something changed since this plan was shown, so nothing was saved. This is the plan now; w asks again.");
		return FP_DO_RELOAD;
	}
	if (st == FP_OK)
		st = fp_queue_save(c->store, now, d->n, c->who, &t, &n, &err);
	free(now);
	if (st)
		return fp_show_error(c, &err) | FP_DO_RELOAD;
	say_jobs(c, t, n, writes(d));
	free(t);
	fp_staging_clear(&c->staging);
	fp_marks_clear(&fp_top(c)->marks);
	fp_pop(c);
	fp_marks_clear(&fp_top(c)->marks);
	return FP_DO_RELOAD;
}

static unsigned ask(struct fp_console *c)
{
	const struct data *d = fp_top(c)->data;
	int64_t will = writes(d), not = (int64_t)d->n - will;
	char done[FP_FORMAT_SIZE], left[FP_FORMAT_SIZE];

	if (will == 0)
		return fp_complain(c, "None of the staged actions can be done: the list says why. Esc goes back.");
	return fp_ask_open(c, will >= ASK_NUMBER_FROM ? will : 0, save_now, 0, "Save all: %s will be done in original order, %s will not. Do it?",
		fp_format_count(done, will), fp_format_count(left, not));
}

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
