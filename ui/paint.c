#include <string.h>

#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/wrap.h"

#define TABS_FROM_LINES 15 /* below, the line of tabs is left to the body */

static int tabs_shown(void)
{
	int lines, columns;

	fp_draw_size(&lines, &columns);
	return lines >= TABS_FROM_LINES;
}

int fp_body_top(void)
{
	return tabs_shown() ? 3 : 2;
}

int fp_body_height(void)
{
	int lines, columns;

	fp_draw_size(&lines, &columns);
	return lines - fp_body_top() - 2;
}

void fp_paint_message(unsigned style, const char *text, int *end)
{
	struct fp_rows wrapped = FP_ROWS_INIT;
	int lines, columns, first;

	fp_draw_size(&lines, &columns);
	fp_wrap(&wrapped, style, columns - 1, 0, text);
	first = lines - 1 - (int)wrapped.n;
	for (size_t i = 0; i < wrapped.n; i++)
		fp_draw_field(first + (int)i, 0, columns, style, fp_rows_cell(&wrapped, i, 0));
	if (end)
		*end = fp_draw_width(fp_rows_cell(&wrapped, wrapped.n - 1, 0));
	fp_rows_free(&wrapped);
}

/* Where V is, for the breadcrumb: "Changes", "bees", "Job 12", "Change 5f3a0c1e". */
static void add_crumb(struct fp_buf *b, const struct fp_view *v)
{
	fp_buf_adds(b, v->label ? v->label : v->ops->title);
	if (!v->label && *v->arg)
		fp_buf_addf(b, " %.8s", v->arg);
}

/* The way here; where there is no room for all of it, its end. */
static void paint_crumbs(struct fp_console *c, int room)
{
	struct fp_buf b = FP_BUF_INIT;
	int first = 0;

	do {
		fp_buf_clear(&b);
		if (first > 0)
			fp_buf_adds(&b, "\u2026 \u203A ");
		for (int i = first; i < c->depth; i++) {
			add_crumb(&b, c->stack[i]);
			fp_buf_adds(&b, i + 1 < c->depth ? " \u203A " : "");
		}
	} while (fp_draw_width(b.data) > room && ++first < c->depth);
	fp_draw_text(0, 0, room, FP_STYLE_BAR, b.data);
	fp_buf_free(&b);
}

static void paint_bar(struct fp_console *c, int columns)
{
	struct fp_buf badge = FP_BUF_INIT;
	int x;

	if (c->paused)
		fp_buf_adds(&badge, " PAUSED ");
	if (c->read_only)
		fp_buf_adds(&badge, " READ-ONLY ");
	else if (c->o.no_engine)
		fp_buf_adds(&badge, " no engine here ");
	else if (c->engine && fp_engine_running(c->engine) > 0)
		fp_buf_addf(&badge, " %d running ", fp_engine_running(c->engine));
	x = columns - fp_draw_width(badge.data);
	if (badge.len > 0)
		fp_draw_text(0, x, columns - x, FP_STYLE_BADGE, badge.data);
	paint_crumbs(c, x - 1);
	fp_buf_free(&badge);
}

#define TABS_MAX 12

/* Which tabs are shown with their names, the others with their keys alone: where it is narrow the open one, and then as many as there is room for, from the
 * left on. Returns the blanks between two of them. */
static int name_tabs(const struct fp_view_ops *open, int columns, int named[TABS_MAX])
{
	int n = 0, names = 0, left;

	for (; fp_tabs[n].ops; n++) {
		fp_assert(n < TABS_MAX);
		named[n] = fp_tabs[n].ops == open;
		names += fp_draw_width(fp_tabs[n].ops->title) + 1;
	}
	left = columns - (2 * n - 1);
	if (names <= left) {
		for (int i = 0; i < n; i++)
			named[i] = 1;
		return names + n - 1 <= left ? 2 : 1;
	}
	for (int i = 0; i < n; i++)
		left -= named[i] ? fp_draw_width(fp_tabs[i].ops->title) + 1 : 0;
	for (int i = 0; i < n; i++) {
		int width = fp_draw_width(fp_tabs[i].ops->title) + 1;
		if (named[i])
			continue;
		if (width > left)
			break;
		named[i] = 1;
		left -= width;
	}
	return 1;
}

static void paint_tabs(struct fp_console *c, int columns)
{
	const struct fp_view_ops *open = fp_top(c)->ops;
	int named[TABS_MAX], gap = name_tabs(open, columns, named), x = 0;

	for (int i = 0; fp_tabs[i].ops; i++) {
		char key[2] = { fp_tabs[i].key, '\0' };
		x += fp_draw_text(1, x, columns - x, FP_STYLE_KEY, key);
		if (named[i])
			x += 1 + fp_draw_text(1, x + 1, columns - x - 1, fp_tabs[i].ops == open ? FP_STYLE_TAB_OPEN : FP_STYLE_TAB, fp_tabs[i].ops->title);
		x += gap;
	}
}

int fp_tab_at(struct fp_console *c, int x)
{
	int lines, columns, named[TABS_MAX], gap, at = 0;

	fp_draw_size(&lines, &columns);
	gap = name_tabs(fp_top(c)->ops, columns, named);
	for (int i = 0; fp_tabs[i].ops; i++) {
		int width = 1 + (named[i] ? 1 + fp_draw_width(fp_tabs[i].ops->title) : 0);
		if (x >= at && x < at + width)
			return i;
		at += width + gap;
	}
	return -1;
}

static void paint_text(struct fp_view *v, int top)
{
	if (v->head)
		fp_draw_field(top - 1, 0, v->width, FP_STYLE_BOLD, v->head);
	for (int i = 0; i < v->height; i++) {
		int64_t index = fp_view_index(v, v->top + i);
		unsigned selected = v->top + i == v->cursor ? FP_STYLE_SELECTED : 0;
		if (index >= 0 && v->top + i < v->count)
			fp_draw_from(top + i, 0, v->width, v->skip, v->window.row[index].style | selected, fp_rows_cell(&v->window, (size_t)index, 0));
	}
}

static void paint_empty(struct fp_view *v, int top)
{
	struct fp_rows lines = FP_ROWS_INIT;
	const char *text = *v->filter ? "The filter shows none of these rows. Esc clears it, / changes it." : v->ops->empty;

	fp_wrap(&lines, FP_STYLE_NORMAL, v->width - 4, 0, text ? text : "There is nothing here.");
	for (size_t i = 0; i < lines.n && (int)i + 1 < v->height; i++)
		fp_draw_text(top + 1 + (int)i, 2, v->width - 3, FP_STYLE_NORMAL, fp_rows_cell(&lines, i, 0));
	fp_rows_free(&lines);
}

static void add_counts(struct fp_buf *b, const struct fp_view *v)
{
	char n[FP_FORMAT_SIZE], of[FP_FORMAT_SIZE];

	if (v->ops->context & FP_IN_TEXT)
		fp_buf_addf(b, "line %s of %s", fp_format_count(n, v->count ? v->cursor + 1 : 0), fp_format_count(of, v->count));
	else if (*v->filter)
		fp_buf_addf(b, "%s of %s  filter: %s", fp_format_count(n, v->count), fp_format_count(of, v->total), v->filter);
	else
		fp_buf_addf(b, "%s of %s", fp_format_count(n, v->count ? v->cursor + 1 : 0), fp_format_count(of, v->count));
	if (v->follow)
		fp_buf_adds(b, "  following");
	if (v->marks.n > 0)
		fp_buf_addf(b, "  %s marked", fp_format_count(n, (int64_t)v->marks.n));
	if (v->marks_hidden > 0)
		fp_buf_addf(b, " (%s hidden by the filter)", fp_format_count(n, v->marks_hidden));
	if (v->range_from >= 0)
		fp_buf_adds(b, "  range: v ends it");
}

/* What the row's cells may have no room for: the cell under the cursor, else what the view says is worth it. */
static void add_peek(struct fp_buf *b, const struct fp_view *v)
{
	const char *text = "";

	if (!v->ops->columns || v->count == 0)
		return;
	if (v->focus >= 0)
		text = fp_view_cell(v, v->ops->columns[v->focus].name);
	for (int i = 0; v->ops->peek[i] && !*text; i++)
		text = fp_view_cell(v, v->ops->peek[i]);
	if (*text)
		fp_buf_addf(b, "  %s", text);
}

static void paint_status(struct fp_console *c, struct fp_view *v, int y, int columns)
{
	struct fp_buf b = FP_BUF_INIT, right = FP_BUF_INIT;
	int width;

	add_counts(&b, v);
	add_peek(&b, v);
	fp_get_badge(&right, c);
	if (c->staging.n > 0)
		fp_buf_addf(&right, "%s %zu staged, w saves ", right.len ? "," : "", c->staging.n);
	width = fp_draw_width(right.data);
	fp_draw_text(y, 0, columns - width - 1, FP_STYLE_DIM, b.data);
	if (width > 0)
		fp_draw_text(y, columns - width, width, FP_STYLE_STAGED, right.data);
	fp_buf_free(&b);
	fp_buf_free(&right);
}

/* The main keys of this place, as many as there is room for; help always. */
static void paint_keys(struct fp_console *c, int y, int columns)
{
	const struct fp_view *v = fp_top(c);
	unsigned context = v->ops->context & ~(v->ops->without ? v->ops->without(v) : 0u);
	int x = 0, room = columns - 7;

	for (const struct fp_act *a = fp_acts; a->name; a++) {
		char key[24];
		int width;
		if (!a->last || !(a->where & context))
			continue;
		fp_act_first_key(a, key, sizeof key);
		width = fp_draw_width(key) + 1 + fp_draw_width(a->last);
		if (x + width > room)
			continue;
		x += fp_draw_text(y, x, room - x, a->writes && c->read_only ? FP_STYLE_DIM : FP_STYLE_KEY, key) + 1;
		x += fp_draw_text(y, x, room - x, a->writes && c->read_only ? FP_STYLE_DIM : FP_STYLE_NORMAL, a->last) + 2;
	}
	fp_draw_text(y, columns - 6, 1, FP_STYLE_KEY, "?");
	fp_draw_text(y, columns - 4, 4, FP_STYLE_NORMAL, "help");
}

static int paint_too_small(int lines, int columns)
{
	struct fp_rows text = FP_ROWS_INIT;
	struct fp_buf b = FP_BUF_INIT;

	if (lines >= FP_MIN_LINES && columns >= FP_MIN_COLUMNS)
		return 0;
	fp_buf_addf(&b, "Fieldpost needs %d columns and %d lines; this terminal has %d and %d. Make it larger, or press Q to quit.", FP_MIN_COLUMNS,
		FP_MIN_LINES, columns, lines);
	fp_wrap(&text, FP_STYLE_NORMAL, columns, 0, b.data);
	for (size_t i = 0; i < text.n && (int)i < lines; i++)
		fp_draw_text((int)i, 0, columns, FP_STYLE_NORMAL, fp_rows_cell(&text, i, 0));
	fp_draw_flush(0, 0, 0);
	fp_rows_free(&text);
	fp_buf_free(&b);
	return 1;
}

void fp_paint(struct fp_console *c)
{
	struct fp_view *v = fp_top(c);
	int lines, columns, top = fp_body_top(), cursor_y, cursor_x = 0, cursor_show = 0;

	fp_draw_size(&lines, &columns);
	fp_draw_clear();
	if (paint_too_small(lines, columns))
		return;
	paint_bar(c, columns);
	if (tabs_shown())
		paint_tabs(c, columns);
	if (v->ops->columns)
		fp_table_paint(v, top);
	else
		paint_text(v, top);
	if (v->count == 0)
		paint_empty(v, top);
	paint_status(c, v, lines - 2, columns);
	paint_keys(c, lines - 1, columns);
	cursor_y = top + (int)(v->cursor - v->top);
	fp_modal_paint(c, &cursor_y, &cursor_x, &cursor_show);
	if (*c->message && c->modal.kind != FP_MODAL_PROMPT)
		fp_paint_message(c->message_is_error ? FP_STYLE_ERROR : FP_STYLE_BOLD, c->message, NULL);
	fp_draw_flush(cursor_y, cursor_x, cursor_show);
}
