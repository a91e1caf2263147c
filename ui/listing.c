/* Filter, search, marks and order. */
#include <stdlib.h>
#include <string.h>

#include "ui/actions.h"
#include "ui/app.h"

/* ---- filter ---- */

static unsigned filter_entered(struct fp_console *c, const char *text)
{
	struct fp_error err;

	if (fp_view_filter(fp_top(c), text, &err))
		return fp_show_error(c, &err);
	return FP_DO_RELOAD;
}

/* While it is typed: what is not yet a filter changes nothing, and says nothing. */
static unsigned filter_changed(struct fp_console *c, const char *text)
{
	return fp_view_filter(fp_top(c), text, NULL) ? FP_DO_NOTHING : FP_DO_RELOAD;
}

static unsigned filter_cancelled(struct fp_console *c)
{
	struct fp_view *v = fp_top(c);

	return fp_view_filter(v, v->filter_before ? v->filter_before : "", NULL) ? FP_DO_PAINT : FP_DO_RELOAD;
}

static void filter_complete(struct fp_console *c, const char *text, struct fp_strv *to)
{
	const char *word = strrchr(text, ' ');
	const char *const *words = fp_top(c)->ops->filter_words;
	size_t head;

	word = word ? word + 1 : text;
	word += *word == '-';
	head = (size_t)(word - text);
	for (; words && *words; words++)
		if (strncmp(*words, word, strlen(word)) == 0)
			fp_strv_take(to, fp_asprintf("%.*s%s", (int)head, text, *words));
}

unsigned fp_act_filter(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt slash = {
		.label = "/", .enter = filter_entered, .changed = filter_changed, .cancelled = filter_cancelled, .complete = filter_complete,
	};

	struct fp_view *v = fp_top(c);

	if (*arg)
		return filter_entered(c, arg);
	free(v->filter_before);
	v->filter_before = fp_strdup(v->filter);
	return fp_prompt_open(c, &slash, v->filter);
}

/* ---- search ---- */

static unsigned search(struct fp_console *c, int backwards)
{
	struct fp_view *v = fp_top(c);
	struct fp_error err;
	int found;

	if (!v->search)
		return fp_complain(c, "Nothing was searched yet: / searches.");
	if (fp_view_search(v, v->search, backwards, &found, &err))
		return fp_show_error(c, &err);
	return found ? FP_DO_PAINT : fp_complain(c, "\"%s\" does not occur here.", v->search);
}

static unsigned search_entered(struct fp_console *c, const char *text)
{
	struct fp_view *v = fp_top(c);

	if (*text) {
		free(v->search);
		v->search = fp_strdup(text);
	}
	return search(c, 0);
}

unsigned fp_act_search(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt slash = { .label = "/", .enter = search_entered };

	return *arg ? search_entered(c, arg) : fp_prompt_open(c, &slash, "");
}

unsigned fp_act_search_next(struct fp_console *c, const char *arg)
{
	(void)arg;
	return search(c, 0);
}

unsigned fp_act_search_previous(struct fp_console *c, const char *arg)
{
	(void)arg;
	return search(c, 1);
}

/* ---- marks ---- */

unsigned fp_act_mark(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	if (!v->key)
		return FP_DO_NOTHING;
	if (fp_marks_has(&v->marks, v->key))
		fp_marks_remove(&v->marks, v->key);
	else
		fp_marks_add(&v->marks, v->key);
	fp_view_move_to(v, v->cursor + 1);
	return FP_DO_PAINT;
}

struct range { struct fp_view *v; int64_t at, from, to; };

static enum fp_status mark_in_range(void *arg, const struct fp_rows *rows, size_t i, struct fp_error *err)
{
	struct range *r = arg;

	(void)err;
	if (r->at >= r->from && r->at <= r->to)
		fp_marks_add(&r->v->marks, fp_rows_key(rows, i));
	r->at++;
	return FP_OK;
}

static unsigned mark_rows(struct fp_console *c, int64_t from, int64_t to)
{
	struct range r = { fp_top(c), 0, from < to ? from : to, from < to ? to : from };
	struct fp_error err;

	r.v->range_from = -1;
	if (fp_view_walk(r.v, mark_in_range, &r, &err))
		return fp_show_error(c, &err);
	return FP_DO_PAINT;
}

unsigned fp_act_range(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	if (v->range_from >= 0)
		return mark_rows(c, v->range_from, v->cursor);
	if (v->key) {
		v->range_from = v->cursor;
		free(v->range_key);
		v->range_key = fp_strdup(v->key);
	}
	return FP_DO_PAINT;
}

unsigned fp_act_mark_all(struct fp_console *c, const char *arg)
{
	(void)arg;
	return mark_rows(c, 0, fp_top(c)->count);
}

unsigned fp_act_unmark(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	fp_marks_clear(&v->marks);
	v->marks_hidden = 0;
	v->range_from = -1;
	return FP_DO_PAINT;
}

/* ---- order ---- */

static unsigned sort_chosen(struct fp_console *c, int item)
{
	struct fp_view *v = fp_top(c);

	v->sort = v->ops->columns[item].sort;
	return FP_DO_RELOAD;
}

unsigned fp_act_sort(struct fp_console *c, const char *arg)
{
	const struct fp_column *columns = fp_top(c)->ops->columns;
	struct fp_menu m = { .chosen = sort_chosen };

	for (int i = 0; *arg && columns[i].title; i++)
		if (columns[i].sort && strcmp(arg, columns[i].sort) == 0)
			return sort_chosen(c, i);
	if (*arg)
		return fp_complain(c, "There is no sorting by \"%s\" here; s lists what there is.", arg);
	m.title = fp_strdup("Sort by");
	for (int i = 0; columns[i].title; i++)
		if (columns[i].sort)
			fp_menu_add(&m, i, columns[i].title, NULL);
	return fp_menu_open(c, &m);
}

unsigned fp_act_reverse(struct fp_console *c, const char *arg)
{
	(void)arg;
	fp_top(c)->reverse = !fp_top(c)->reverse;
	return FP_DO_RELOAD;
}
