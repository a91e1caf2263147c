/* Moving about: rows, pages, tabs, in and out. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/actions.h"
#include "ui/app.h"

static unsigned to_row(struct fp_console *c, int64_t row)
{
	fp_view_move_to(fp_top(c), row);
	return FP_DO_PAINT;
}

unsigned fp_act_down(struct fp_console *c, const char *arg)
{
	(void)arg;
	return to_row(c, fp_top(c)->cursor + 1);
}

unsigned fp_act_up(struct fp_console *c, const char *arg)
{
	(void)arg;
	return to_row(c, fp_top(c)->cursor - 1);
}

unsigned fp_act_page_down(struct fp_console *c, const char *arg)
{
	(void)arg;
	fp_view_scroll(fp_top(c), fp_top(c)->height);
	return FP_DO_PAINT;
}

unsigned fp_act_page_up(struct fp_console *c, const char *arg)
{
	(void)arg;
	fp_view_scroll(fp_top(c), -fp_top(c)->height);
	return FP_DO_PAINT;
}

unsigned fp_act_first(struct fp_console *c, const char *arg)
{
	(void)arg;
	return to_row(c, 0);
}

unsigned fp_act_last(struct fp_console *c, const char *arg)
{
	(void)arg;
	return to_row(c, fp_top(c)->count - 1);
}

/* The next column that is shown; -1 is the whole row. */
static unsigned move_focus(struct fp_view *v, int step)
{
	int widths[FP_COLUMNS_MAX], n = fp_table_layout(v, v->width, widths), at = v->focus;

	if (at >= n || (at >= 0 && !widths[at]))
		at = -1;
	do
		at += step;
	while (at >= 0 && at < n && !widths[at]);
	if (at < n)
		v->focus = at < -1 ? -1 : at;
	return FP_DO_PAINT;
}

unsigned fp_act_left(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	if (v->ops->columns)
		return move_focus(v, -1);
	v->skip = v->skip > 8 ? v->skip - 8 : 0;
	return FP_DO_PAINT;
}

unsigned fp_act_right(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	if (v->ops->columns)
		return move_focus(v, 1);
	if (v->skip < 4000)
		v->skip += 8;
	return FP_DO_PAINT;
}

static unsigned follow_link(struct fp_console *c, struct fp_view *v)
{
	int64_t i = fp_view_index(v, v->cursor);
	char *command;
	unsigned todo;

	if (i < 0 || !*fp_rows_key(&v->window, (size_t)i))
		return fp_note(c, "This line leads nowhere.");
	command = fp_strdup(fp_rows_key(&v->window, (size_t)i));
	todo = fp_console_command(c, command);
	free(command);
	return todo;
}

unsigned fp_act_open(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	if (v->ops->columns && v->focus >= 0 && (v->ops->columns[v->focus].flags & FP_COL_MENU))
		return fp_act_menu(c, arg);
	if (!v->ops->columns)
		return follow_link(c, v);
	if (!v->ops->open || v->count == 0)
		return fp_note(c, "There is nothing to open here.");
	return v->ops->open(c, v);
}

static unsigned menu_chosen(struct fp_console *c, int item)
{
	return fp_top(c)->ops->chosen(c, fp_top(c), item);
}

unsigned fp_act_menu(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	struct fp_menu m = { .chosen = menu_chosen };

	(void)arg;
	if (v->ops->menu)
		v->ops->menu(c, v, &m);
	return fp_menu_open(c, &m);
}

unsigned fp_act_back(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	struct fp_error err;

	(void)arg;
	if (v->range_from >= 0) {
		v->range_from = -1;
		return FP_DO_PAINT;
	}
	if (*v->filter) {
		if (fp_view_filter(v, "", &err))
			return fp_show_error(c, &err);
		return FP_DO_RELOAD;
	}
	return c->depth == 1 ? fp_note(c, "This is the first view: q quits.") : fp_pop(c);
}

unsigned fp_act_close(struct fp_console *c, const char *arg)
{
	return c->depth == 1 ? fp_act_quit(c, arg) : fp_pop(c);
}

static unsigned really_quit(struct fp_console *c, int64_t arg)
{
	(void)c;
	(void)arg;
	return FP_DO_QUIT;
}

unsigned fp_act_quit(struct fp_console *c, const char *arg)
{
	int running = c->engine ? fp_engine_running(c->engine) : 0;

	(void)arg;
	if (running > 0)
		return fp_ask_open(c, 0, really_quit, 0,
			"%d job%s run%s in this console and would be interrupted: nothing of %s is published, and a new job follows with the next engine. Quit?",
			running, fp_text_s(running), running == 1 ? "s" : "", running == 1 ? "it" : "them");
	if (c->getting.copy)
		return fp_ask_open(c, 0, really_quit, 0, "A package is being copied out, and nothing of it would be left. Quit?");
	if (c->staging.n > 0)
		return fp_ask_open(c, 0, really_quit, 0, "%zu staged action%s not saved and would be lost. Quit?", c->staging.n,
			c->staging.n == 1 ? " is" : "s are");
	return FP_DO_QUIT;
}

static unsigned step_tab(struct fp_console *c, int step)
{
	int n = 0, at = -1;

	for (; fp_tabs[n].ops; n++)
		for (int i = 0; i < c->depth; i++)
			if (c->stack[i]->ops == fp_tabs[n].ops)
				at = n;
	return fp_switch(c, fp_tabs[(at + step + n) % n].ops);
}

unsigned fp_act_next_tab(struct fp_console *c, const char *arg)
{
	(void)arg;
	return step_tab(c, 1);
}

unsigned fp_act_previous_tab(struct fp_console *c, const char *arg)
{
	(void)arg;
	return step_tab(c, -1);
}

unsigned fp_act_follow(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	v->follow = !v->follow;
	return v->follow ? FP_DO_RELOAD : FP_DO_PAINT;
}

unsigned fp_act_refresh(struct fp_console *c, const char *arg)
{
	(void)c;
	(void)arg;
	return FP_DO_RELOAD;
}

unsigned fp_act_pause(struct fp_console *c, const char *arg)
{
	(void)arg;
	c->paused = !c->paused;
	return c->paused ? FP_DO_PAINT : FP_DO_RELOAD;
}

unsigned fp_act_suspend(struct fp_console *c, const char *arg)
{
	(void)c;
	(void)arg;
	return FP_DO_SUSPEND | FP_DO_RELOAD;
}

unsigned fp_act_redraw(struct fp_console *c, const char *arg)
{
	(void)c;
	(void)arg;
	return FP_DO_REPAINT | FP_DO_PAINT;
}
