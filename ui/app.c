#include "ui/app.h"

#include <stdlib.h>
#include <string.h>

#include "engine/queue/plan.h"
#include "engine/queue/question.h"
#include "engine/queue/secret_test.h"
#include "ui/actions.h"
#include "ui/keys.h"
#include "ui/term.h"
#include "ui/views.h"

void fp_console_init(struct fp_console *c, struct fp_store *s, const struct fp_config *conf, const struct fp_console_options *o)
{
	*c = (struct fp_console){ .store = s, .conf = conf, .o = *o, .who = o->who ? o->who : "console", .secret = FP_SECRET_FORM_INIT };
	c->read_only = o->read_only || fp_store_read_only(s);
	c->stack[c->depth++] = fp_view_new(&fp_view_projects, c, NULL, NULL, NULL);
}

void fp_console_fini(struct fp_console *c)
{
	fp_modal_close(c);
	while (c->depth > 0)
		fp_view_free(c->stack[--c->depth]);
	fp_staging_clear(&c->staging);
	fp_engine_free(c->engine);
	c->engine = NULL;
	fp_secret_form_clear(&c->secret);
	fp_get_clear(&c->getting);
	fp_secret_test_free(c->test);
	c->test = NULL;
}

struct fp_plan *fp_console_plan(struct fp_console *c)
{
	struct fp_view *v = fp_top(c);

	return v->ops->plan ? v->ops->plan(v) : NULL;
}

unsigned fp_console_step_plan(struct fp_console *c)
{
	struct fp_plan *p = fp_console_plan(c);
	struct fp_view *v = fp_top(c);
	struct fp_error err;
	int done;

	if (fp_plan_step(p, &done, &err))
		return fp_show_error(c, &err);
	v->stale = 1;
	return done ? FP_DO_RELOAD | v->ops->planned(c, v) : FP_DO_RELOAD;
}

struct fp_question *fp_console_question(struct fp_console *c)
{
	struct fp_view *v = fp_top(c);

	return v->ops->question ? v->ops->question(v) : NULL;
}

unsigned fp_console_step_question(struct fp_console *c)
{
	struct fp_view *v = fp_top(c);
	struct fp_error err = {0};
	int done;
	enum fp_status st = fp_question_step(fp_console_question(c), &done, &err);

	v->stale = 1;
	return done ? FP_DO_RELOAD | v->ops->answered(c, v, st, &err) : FP_DO_RELOAD;
}

struct fp_view *fp_top(struct fp_console *c)
{
	return c->stack[c->depth - 1];
}

/* ---- messages ---- */

static void say(struct fp_console *c, int is_error, const char *fmt, va_list ap)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_vaddf(&b, fmt, ap);
	snprintf(c->message, sizeof c->message, "%s", b.data);
	c->message_is_error = is_error;
	fp_buf_free(&b);
}

unsigned fp_note(struct fp_console *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, 0, fmt, ap);
	va_end(ap);
	return FP_DO_PAINT;
}

unsigned fp_complain(struct fp_console *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, 1, fmt, ap);
	va_end(ap);
	return FP_DO_PAINT;
}

unsigned fp_show_error(struct fp_console *c, const struct fp_error *err)
{
	if (*err->hint)
		return fp_complain(c, "%s: %s.", err->msg, err->hint);
	return fp_complain(c, "%s.", err->msg);
}

/* ---- the stack ---- */

static void drop_to(struct fp_console *c, int depth)
{
	while (c->depth > depth)
		fp_view_free(c->stack[--c->depth]);
}

static unsigned push(struct fp_console *c, struct fp_view *v)
{
	int lines, columns;
	struct fp_error err;

	fp_draw_size(&lines, &columns);
	fp_view_size(v, fp_body_height(), columns);
	if (fp_view_reload(v, &err)) {
		fp_view_free(v);
		return fp_show_error(c, &err);
	}
	if (c->depth == FP_DEPTH) { /* the oldest but the root makes room */
		fp_view_free(c->stack[1]);
		memmove(c->stack + 1, c->stack + 2, (FP_DEPTH - 2) * sizeof *c->stack);
		c->depth--;
	}
	c->stack[c->depth++] = v;
	return FP_DO_PAINT;
}

unsigned fp_push(struct fp_console *c, const struct fp_view_ops *ops, const char *project, const char *project_name, const char *arg)
{
	return push(c, fp_view_new(ops, c, project, project_name, arg));
}

unsigned fp_pop(struct fp_console *c)
{
	if (c->depth > 1)
		drop_to(c, c->depth - 1);
	return fp_top(c)->stale ? FP_DO_RELOAD : FP_DO_PAINT;
}

/* Where a view of OPS and PROJECT is in the stack, -1. */
static int find(const struct fp_console *c, const struct fp_view_ops *ops, const char *project)
{
	for (int i = c->depth - 1; i >= 0; i--)
		if (c->stack[i]->ops == ops && strcmp(c->stack[i]->project, project ? project : "") == 0)
			return i;
	return -1;
}

unsigned fp_switch_to(struct fp_console *c, const struct fp_view_ops *ops, const char *project, const char *project_name)
{
	int at = find(c, ops, project), base;

	if (at >= 0) {
		drop_to(c, at + 1);
		return fp_top(c)->stale ? FP_DO_RELOAD : FP_DO_PAINT;
	}
	base = project && ops != &fp_view_project ? find(c, &fp_view_project, project) : -1;
	drop_to(c, base > 0 ? base + 1 : 1);
	if (project && base < 0 && ops != &fp_view_project) { /* read when it is come back to */
		c->stack[c->depth] = fp_view_new(&fp_view_project, c, project, project_name, NULL);
		c->stack[c->depth++]->label = fp_strdup(project_name);
	}
	return fp_push(c, ops, project, project_name, NULL);
}

unsigned fp_switch(struct fp_console *c, const struct fp_view_ops *ops)
{
	char project[FP_UUID_SIZE];
	char *name;
	unsigned todo;

	if (ops == &fp_view_projects) {
		drop_to(c, 1);
		return fp_top(c)->stale ? FP_DO_RELOAD : FP_DO_PAINT;
	}
	memcpy(project, fp_top(c)->project, sizeof project);
	name = fp_strdup(fp_top(c)->project_name);
	todo = fp_switch_to(c, ops, *project ? project : NULL, name);
	free(name);
	return todo;
}

/* ---- keys ---- */

static unsigned click_row(struct fp_console *c, const struct fp_click *click)
{
	struct fp_view *v = fp_top(c);
	int64_t row = v->top + click->y - fp_body_top();

	if (click->y < fp_body_top() || click->y >= fp_body_top() + v->height || row >= v->count)
		return FP_DO_NOTHING;
	if (row == v->cursor || click->what == FP_CLICK_DOUBLE) { /* a second click opens */
		fp_view_move_to(v, row);
		if (v->ops->columns)
			v->focus = fp_table_column_at(v, v->width, click->x);
		return fp_act_open(c, "");
	}
	fp_view_move_to(v, row);
	return FP_DO_PAINT;
}

static unsigned click_at(struct fp_console *c, const struct fp_click *click)
{
	struct fp_view *v = fp_top(c);

	if (click->what == FP_CLICK_WHEEL_UP || click->what == FP_CLICK_WHEEL_DOWN) {
		fp_view_scroll(v, click->what == FP_CLICK_WHEEL_UP ? -3 : 3);
		return FP_DO_PAINT;
	}
	if (click->y == 1 && fp_body_top() == 3) {
		int tab = fp_tab_at(c, click->x);
		return tab >= 0 ? fp_switch(c, fp_tabs[tab].ops) : FP_DO_NOTHING;
	}
	return click_row(c, click);
}

unsigned fp_console_key(struct fp_console *c, int key, const struct fp_click *click)
{
	const struct fp_act *a;
	unsigned todo = *c->message ? FP_DO_PAINT : FP_DO_NOTHING;
	int used;

	c->message[0] = '\0';
	if (key == FP_KEY_MOUSE)
		return todo | (c->modal.kind == FP_MODAL_NONE ? click_at(c, click) : FP_DO_NOTHING);
	todo |= fp_modal_key(c, key, &used);
	if (used)
		return todo;
	a = fp_act_by_key(key, fp_top(c)->ops->context);
	return a ? todo | fp_act_run(c, a, "") : todo;
}

unsigned fp_console_changed(struct fp_console *c, unsigned kinds)
{
	for (int i = 0; i < c->depth; i++)
		if (c->stack[i]->ops->watch & kinds)
			c->stack[i]->stale = 1;
	return fp_top(c)->stale && !c->paused ? FP_DO_RELOAD : FP_DO_NOTHING;
}

/* ---- the only place that reads and draws ---- */

void fp_console_read(struct fp_console *c, unsigned todo)
{
	struct fp_view *v = fp_top(c);
	int lines, columns;
	struct fp_error err;

	fp_draw_size(&lines, &columns);
	if (v->width != columns && !v->ops->columns)
		v->stale = 1; /* texts are broken to the width */
	fp_view_size(v, fp_body_height(), columns);
	if (((todo & FP_DO_RELOAD) || v->stale) && fp_view_reload(v, &err))
		fp_show_error(c, &err);
	if (fp_view_fetch(v, &err))
		fp_show_error(c, &err);
}

void fp_console_do(struct fp_console *c, unsigned todo)
{
	if (todo & FP_DO_SUSPEND)
		fp_term_suspend();
	if (todo & FP_DO_REPAINT)
		fp_term_repaint();
	if (todo == FP_DO_NOTHING)
		return;
	fp_console_read(c, todo);
	fp_paint(c);
}
