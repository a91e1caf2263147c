#include "ui/view.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"

#define PAGE 500 /* rows a query when all of them are walked */

struct fp_view *fp_view_new(const struct fp_view_ops *ops, struct fp_console *c, const char *project, const char *project_name, const char *arg)
{
	struct fp_view *v = fp_alloc(sizeof *v);

	v->ops = ops;
	v->console = c;
	v->data = ops->data_size ? fp_alloc(ops->data_size) : NULL;
	strncpy(v->project, project ? project : "", sizeof v->project - 1);
	v->project_name = fp_strdup(project_name ? project_name : "");
	v->arg = fp_strdup(arg ? arg : "");
	v->filter = fp_strdup("");
	v->window = v->lines = (struct fp_rows)FP_ROWS_INIT;
	v->focus = -1;
	v->range_from = -1;
	v->height = 20;
	v->width = 80;
	v->stale = 1;
	return v;
}

void fp_view_free(struct fp_view *v)
{
	if (!v)
		return;
	if (v->ops->close)
		v->ops->close(v);
	fp_rows_free(&v->window);
	fp_rows_free(&v->lines);
	fp_marks_clear(&v->marks);
	free(v->data);
	free(v->project_name);
	free(v->arg);
	free(v->label);
	free(v->head);
	free(v->filter);
	free(v->filter_before);
	free(v->range_key);
	free(v->key);
	free(v->search);
	free(v);
}

struct fp_query fp_view_query(const struct fp_view *v)
{
	return (struct fp_query){
		.project_id = *v->project ? v->project : NULL, .filter = v->filter, .sort = v->sort, .reverse = v->reverse,
	};
}

static void clamp(struct fp_view *v)
{
	if (v->cursor >= v->count)
		v->cursor = v->count - 1;
	if (v->cursor < 0)
		v->cursor = 0;
	if (v->top > v->cursor)
		v->top = v->cursor;
	if (v->cursor >= v->top + v->height)
		v->top = v->cursor - v->height + 1;
	if (v->top > v->count - v->height)
		v->top = v->count - v->height;
	if (v->top < 0)
		v->top = 0;
}

void fp_view_size(struct fp_view *v, int height, int width)
{
	v->height = height > 0 ? height : 1;
	v->width = width;
	clamp(v);
}

int64_t fp_view_index(const struct fp_view *v, int64_t row)
{
	int64_t i = row - v->window_at;

	return row >= 0 && i >= 0 && i < (int64_t)v->window.n ? i : -1;
}

/* The item under the cursor, remembered so that it is found again wherever it moves to. */
static void remember(struct fp_view *v)
{
	int64_t i = fp_view_index(v, v->cursor);

	free(v->key);
	v->key = i >= 0 && v->ops->columns ? fp_strdup(fp_rows_key(&v->window, (size_t)i)) : NULL;
}

/* Rows OFFSET.. of lines and store together. */
static enum fp_status read_rows(struct fp_view *v, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct fp_query q = fp_view_query(v);
	int64_t own = (int64_t)v->lines.n;

	for (; offset < own && limit > 0; offset++, limit--)
		fp_rows_copy(to, &v->lines, (size_t)offset, 1);
	if (limit <= 0 || !v->ops->rows)
		return FP_OK;
	return v->ops->rows(v, &q, offset - own, limit, to, err);
}

/* The same rows, counted from the end of the list: a store walks over OFFSET rows, so the way is never longer than half the list. */
static enum fp_status read_from_end(struct fp_view *v, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct fp_query q = fp_view_query(v);
	enum fp_status st;

	if (limit > v->count - offset)
		limit = v->count - offset;
	q.reverse = !q.reverse;
	st = v->ops->rows(v, &q, v->count - offset - limit, limit, to, err);
	for (size_t i = 0, k = to->n; i + 1 < k; i++) {
		struct fp_row row = to->row[i];
		to->row[i] = to->row[--k];
		to->row[k] = row;
	}
	return st;
}

static enum fp_status read_window(struct fp_view *v, struct fp_error *err)
{
	int from_end = v->ops->rank && v->window_at > v->count / 2; /* lists of the store, long enough to know their ranks */

	return (from_end ? read_from_end : read_rows)(v, v->window_at, 3 * (int64_t)v->height, &v->window, err);
}

enum fp_status fp_view_fetch(struct fp_view *v, struct fp_error *err)
{
	int64_t end = v->top + v->height < v->count ? v->top + v->height : v->count;
	enum fp_status st;

	if (v->window.n > 0 && v->top >= v->window_at && end <= v->window_at + (int64_t)v->window.n) {
		remember(v);
		return FP_OK;
	}
	fp_rows_clear(&v->window);
	v->window_at = v->top > v->height ? v->top - v->height : 0;
	st = v->count > 0 ? read_window(v, err) : FP_OK;
	remember(v);
	return st;
}

/* Page by page, for lists that cannot say where a row stands. */
static enum fp_status find_key(struct fp_view *v, const struct fp_query *q, const char *key, int64_t *offset, struct fp_error *err)
{
	struct fp_rows page = FP_ROWS_INIT;
	enum fp_status st = FP_OK;

	*offset = -1;
	for (int64_t at = 0; at < v->count && *offset < 0; at += PAGE) {
		fp_rows_clear(&page);
		st = v->ops->rows(v, q, at, PAGE, &page, err);
		if (st || page.n == 0)
			break;
		for (size_t i = 0; i < page.n && *offset < 0; i++)
			if (strcmp(fp_rows_key(&page, i), key) == 0)
				*offset = at + (int64_t)i;
	}
	fp_rows_free(&page);
	return st;
}

static enum fp_status rank(struct fp_view *v, const struct fp_query *q, const char *key, int64_t *offset, struct fp_error *err)
{
	*offset = -1;
	return v->ops->rank ? v->ops->rank(v, q, key, offset, err) : find_key(v, q, key, offset, err);
}

/* Where the item under the cursor stands now: the cursor follows it, and it keeps its line of the screen unless the list is at its beginning. */
static enum fp_status follow_item(struct fp_view *v, const struct fp_query *q, struct fp_error *err)
{
	int64_t offset, line = v->cursor - v->top;
	enum fp_status st;

	if (!v->key || !v->ops->columns)
		return FP_OK;
	st = rank(v, q, v->key, &offset, err);
	if (st == FP_OK && v->range_from >= 0)
		st = rank(v, q, v->range_key, &v->range_from, err);
	if (st || offset < 0)
		return st;
	v->cursor = offset;
	if (v->top > 0 || offset < line)
		v->top = offset - line;
	if (v->top < 0)
		v->top = 0;
	return FP_OK;
}

enum fp_status fp_view_walk(struct fp_view *v, fp_view_each *each, void *arg, struct fp_error *err)
{
	struct fp_rows page = FP_ROWS_INIT;
	enum fp_status st = FP_OK;

	for (int64_t at = 0; st == FP_OK; at += PAGE) {
		fp_rows_clear(&page);
		st = read_rows(v, at, PAGE, &page, err);
		for (size_t i = 0; i < page.n && st == FP_OK; i++)
			st = each(arg, &page, i, err);
		if (page.n < PAGE)
			break;
	}
	fp_rows_free(&page);
	return st;
}

static enum fp_status count_marked(void *arg, const struct fp_rows *rows, size_t i, struct fp_error *err)
{
	struct fp_view *v = arg;

	(void)err;
	if (fp_marks_has(&v->marks, fp_rows_key(rows, i)))
		v->marks_hidden--;
	return FP_OK;
}

static enum fp_status count_rows(struct fp_view *v, struct fp_error *err)
{
	struct fp_query q = fp_view_query(v);
	enum fp_status st = FP_OK;

	v->count = 0;
	if (v->ops->count)
		st = v->ops->count(v, &q, &v->count, err);
	v->total = v->count;
	if (st == FP_OK && v->ops->columns && *v->filter) {
		q.filter = NULL;
		st = v->ops->count(v, &q, &v->total, err);
	}
	v->count += (int64_t)v->lines.n;
	return st;
}

enum fp_status fp_view_reload(struct fp_view *v, struct fp_error *err)
{
	struct fp_query q = fp_view_query(v);
	enum fp_status st = FP_OK;

	v->stale = v->live = 0;
	fp_rows_clear(&v->window);
	v->window_at = 0;
	if (v->ops->load) {
		fp_rows_clear(&v->lines);
		st = v->ops->load(v, err);
	}
	if (st == FP_OK)
		st = count_rows(v, err);
	if (st == FP_OK)
		st = follow_item(v, &q, err);
	if (v->follow)
		v->cursor = v->count - 1;
	clamp(v);
	if (st == FP_OK && v->marks.n > 0) {
		v->marks_hidden = (int64_t)v->marks.n;
		if (*v->filter)
			st = fp_view_walk(v, count_marked, v, err);
		else
			v->marks_hidden = 0;
	}
	return st;
}

void fp_view_move_to(struct fp_view *v, int64_t row)
{
	v->cursor = row;
	clamp(v);
	v->follow = v->follow && v->cursor == v->count - 1;
	/* Not the item left behind: a reload before the next fetch must not lead back to it. */
	remember(v);
}

void fp_view_scroll(struct fp_view *v, int64_t rows)
{
	int64_t last = v->count > v->height ? v->count - v->height : 0;

	v->top += rows;
	if (v->top > last)
		v->top = last;
	if (v->top < 0)
		v->top = 0;
	fp_view_move_to(v, v->cursor + rows);
}

int fp_view_column(const struct fp_view *v, const char *name)
{
	for (int i = 0; v->ops->columns && v->ops->columns[i].title; i++)
		if (strcmp(v->ops->columns[i].name, name) == 0)
			return i;
	return -1;
}

const char *fp_view_cell(const struct fp_view *v, const char *column)
{
	int64_t i = fp_view_index(v, v->cursor);
	int c = fp_view_column(v, column);

	fp_assert(c >= 0);
	return i < 0 ? "" : fp_rows_cell(&v->window, (size_t)i, (size_t)c);
}

int64_t fp_view_cell_num(const struct fp_view *v, const char *column)
{
	int64_t i = fp_view_index(v, v->cursor);
	int c = fp_view_column(v, column);

	fp_assert(c >= 0);
	return i < 0 ? 0 : fp_rows_cell_num(&v->window, (size_t)i, (size_t)c);
}

enum fp_status fp_view_filter(struct fp_view *v, const char *filter, struct fp_error *err)
{
	char *old = v->filter;
	struct fp_query q;
	int64_t n;
	enum fp_status st;

	v->filter = fp_strdup(filter);
	q = fp_view_query(v);
	st = v->ops->count(v, &q, &n, err);
	if (st) {
		free(v->filter);
		v->filter = old;
		return st;
	}
	free(old);
	v->stale = 1;
	return FP_OK;
}

/* ---- searching texts ---- */

static enum fp_status line_matches(struct fp_view *v, int64_t row, struct fp_rows *page, int64_t *page_at, const char *folded, int *yes,
	struct fp_error *err)
{
	enum fp_status st;

	if (row < *page_at || row >= *page_at + (int64_t)page->n) {
		fp_rows_clear(page);
		*page_at = row - row % PAGE;
		st = read_rows(v, *page_at, PAGE, page, err);
		if (st)
			return st;
	}
	*yes = row - *page_at < (int64_t)page->n && fp_text_contains(fp_rows_cell(page, (size_t)(row - *page_at), 0), folded);
	return FP_OK;
}

enum fp_status fp_view_search(struct fp_view *v, const char *text, int backwards, int *found, struct fp_error *err)
{
	struct fp_rows page = FP_ROWS_INIT;
	int64_t page_at = 0;
	char *folded = fp_text_fold(text);
	enum fp_status st = FP_OK;

	*found = 0;
	for (int64_t step = 1; step <= v->count && !*found && st == FP_OK; step++) {
		int64_t row = (v->cursor + (backwards ? -step : step) % v->count + v->count) % v->count;
		st = line_matches(v, row, &page, &page_at, folded, found, err);
		if (*found) {
			v->follow = 0;
			fp_view_move_to(v, row);
		}
	}
	free(folded);
	fp_rows_free(&page);
	return st;
}
