#include <string.h>

#include "ui/app.h"
#include "ui/format.h"

static const struct { const char *word; unsigned style; } words[] = {
	{ "ok", FP_STYLE_GOOD }, { "finished", FP_STYLE_GOOD }, { "applied", FP_STYLE_GOOD }, { "yes", FP_STYLE_GOOD },
	{ "failed", FP_STYLE_BAD }, { "error", FP_STYLE_BAD }, { "conflict", FP_STYLE_BAD }, { "not_applied", FP_STYLE_BAD },
	{ "unpermitted", FP_STYLE_BAD }, { "no", FP_STYLE_BAD }, { "invalid_dataprovider", FP_STYLE_BAD }, { "invalid_layer", FP_STYLE_BAD },
	{ "missing_dataprovider", FP_STYLE_BAD }, { "localized_dataprovider", FP_STYLE_WARN }, { "pending", FP_STYLE_WARN },
	{ "queued", FP_STYLE_BUSY }, { "started", FP_STYLE_BUSY }, { "busy", FP_STYLE_BUSY }, { "warning", FP_STYLE_WARN },
	{ "fixed", FP_STYLE_GOOD }, { "broke", FP_STYLE_BAD }, { "changed", FP_STYLE_WARN }, { "gone", FP_STYLE_DIM },
	{ "stopped", FP_STYLE_WARN }, { "ignored", FP_STYLE_DIM }, { "not_checked", FP_STYLE_DIM }, { "skipped", FP_STYLE_DIM },
};

unsigned fp_status_style(const char *word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].style;
	return FP_STYLE_NORMAL;
}

static int wanted(const struct fp_view *v, const struct fp_column *col)
{
	return col->type != FP_CELL_HIDDEN && !((col->flags & FP_COL_ALL) && *v->project);
}

static int needed(const struct fp_column *columns, const int *widths, int n)
{
	int sum = 1; /* the mark */

	for (int i = 0; i < n; i++)
		sum += widths[i] ? columns[i].min + 1 : 0;
	return sum - 1;
}

/* Leaves out what has the highest number until the rest fits. */
static void drop_columns(const struct fp_column *columns, int *widths, int n, int width)
{
	while (needed(columns, widths, n) > width) {
		int worst = -1;
		for (int i = 0; i < n; i++)
			if (widths[i] && columns[i].drop > 0 && (worst < 0 || columns[i].drop >= columns[worst].drop))
				worst = i;
		if (worst < 0)
			return;
		widths[worst] = 0;
	}
}

int fp_table_layout(const struct fp_view *v, int width, int widths[FP_COLUMNS_MAX])
{
	const struct fp_column *columns = v->ops->columns;
	int n = 0, left, flexible = 0;

	for (; columns[n].title; n++) {
		fp_assert(n < FP_COLUMNS_MAX);
		widths[n] = wanted(v, &columns[n]) ? columns[n].min : 0;
	}
	drop_columns(columns, widths, n, width);
	left = width - needed(columns, widths, n);
	for (int i = 0; i < n && left > 0; i++) {
		int more = columns[i].want - columns[i].min;
		if (!widths[i])
			continue;
		if (columns[i].want == 0) {
			flexible++;
		} else if (more > 0) {
			more = more < left ? more : left;
			widths[i] += more;
			left -= more;
		}
	}
	for (int i = 0; i < n && left > 0 && flexible > 0; i++) {
		if (widths[i] && columns[i].want == 0) {
			int share = left / flexible--;
			widths[i] += share;
			left -= share;
		}
	}
	return n;
}

int fp_table_column_at(const struct fp_view *v, int width, int x)
{
	int widths[FP_COLUMNS_MAX], n = fp_table_layout(v, width, widths), at = 1;

	for (int i = 0; i < n; i++) {
		if (!widths[i])
			continue;
		if (x >= at && x < at + widths[i])
			return i;
		at += widths[i] + 1;
	}
	return -1;
}

void fp_table_cell(struct fp_buf *to, const struct fp_column *column, const struct fp_rows *rows, size_t row, size_t cell, int width)
{
	int64_t num = fp_rows_cell_num(rows, row, cell);
	char text[FP_FORMAT_SIZE] = "";

	switch (column->type) {
	case FP_CELL_TEXT: case FP_CELL_TAIL: case FP_CELL_STATUS: case FP_CELL_HIDDEN: fp_buf_adds(to, fp_rows_cell(rows, row, cell)); return;
	case FP_CELL_INT: fp_format_count(text, num); break;
	case FP_CELL_SIZE: fp_format_bytes(text, num); break;
	case FP_CELL_TIME: fp_format_time(text, num, width); break;
	case FP_CELL_AGE: fp_format_age(text, num); break;
	case FP_CELL_SPAN: if (num > 0) fp_format_span(text, num); break;
	}
	fp_buf_adds(to, text);
}

static int numeric(const struct fp_column *col)
{
	return col->type == FP_CELL_INT || col->type == FP_CELL_SIZE || col->type == FP_CELL_SPAN;
}

static void paint_header(const struct fp_view *v, int y, const int *widths, int n)
{
	int x = 1;

	fp_draw_field(y, 0, v->width, FP_STYLE_HEADER, "");
	for (int i = 0; i < n; i++) {
		const struct fp_column *col = &v->ops->columns[i];
		int sorted = v->sort && col->sort && strcmp(v->sort, col->sort) == 0;
		if (!widths[i])
			continue;
		if (sorted)
			fp_draw_text(y, x + widths[i] - 1, 1, FP_STYLE_HEADER, v->reverse ? "\u25BC" : "\u25B2");
		(numeric(col) && !sorted ? fp_draw_right : fp_draw_field)(y, x, widths[i] - sorted, FP_STYLE_HEADER, col->title);
		x += widths[i] + 1;
	}
}

static void paint_cell(const struct fp_column *col, int y, int x, int width, unsigned style, const char *text)
{
	int excess = col->type == FP_CELL_TAIL ? fp_draw_width(text) - width : 0;

	if (excess > 0) {
		fp_draw_text(y, x, 1, style, "\u2026");
		fp_draw_from(y, x + 1, width - 1, excess + 1, style, text);
	} else {
		(numeric(col) ? fp_draw_right : fp_draw_field)(y, x, width, style, text);
	}
}

static void paint_row(const struct fp_view *v, int y, size_t i, const int *widths, int n)
{
	const struct fp_row *row = &v->window.row[i];
	int64_t place = v->window_at + (int64_t)i;
	unsigned selected = place == v->cursor ? FP_STYLE_SELECTED : 0;
	int marked = v->marks.n > 0 && fp_marks_has(&v->marks, fp_rows_key(&v->window, i));
	int in_range = v->range_from >= 0 && (place - v->range_from) * (place - v->cursor) <= 0, x = 1;
	static struct fp_buf text = FP_BUF_INIT;

	fp_draw_field(y, 0, v->width, FP_STYLE_NORMAL | selected, "");
	if (marked || in_range)
		fp_draw_text(y, 0, 1, FP_STYLE_STAGED | selected, in_range && !marked ? "|" : "*");
	for (int c = 0; c < n; c++) {
		const struct fp_column *col = &v->ops->columns[c];
		const struct fp_cell *cell = &v->window.cell[row->cell + (size_t)c];
		unsigned style = cell->style ? cell->style : row->style;
		if (!widths[c])
			continue;
		fp_buf_clear(&text);
		fp_table_cell(&text, col, &v->window, i, (size_t)c, widths[c]);
		if (!style && col->type == FP_CELL_STATUS)
			style = fp_status_style(text.data);
		style |= selected | (selected && v->focus == c ? FP_STYLE_FOCUS : 0);
		if (text.len > 0 || (style & FP_STYLE_FOCUS))
			paint_cell(col, y, x, widths[c], style, text.data);
		x += widths[c] + 1;
	}
}

void fp_table_paint(const struct fp_view *v, int top)
{
	int widths[FP_COLUMNS_MAX], n = fp_table_layout(v, v->width, widths);

	paint_header(v, top - 1, widths, n);
	for (int i = 0; i < v->height; i++) {
		int64_t index = fp_view_index(v, v->top + i);
		if (index >= 0 && v->top + i < v->count)
			paint_row(v, top + i, (size_t)index, widths, n);
	}
}
