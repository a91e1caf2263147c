/* What differs between a version of a file and the one before it, as a worker finds it. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/queue/diff_text.h"
#include "engine/queue/file_diff.h"
#include "ui/app.h"
#include "ui/views.h"

#define LINES_MAX 20000 /* nobody reads more; the command streams them */

struct data {
	struct fp_question *question; /* NULL: not asked yet, or answered */
	int asked, full;
	struct fp_file_diff diff;
	struct fp_strv lines;
	char *table;                  /* whose heading was added last */
	char *end;                    /* what is said at the end, "": nothing; NULL while it runs */
	int is_fault;
};

static void add_lines(struct data *d, char *text)
{
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && rest;)
		if (d->lines.n < LINES_MAX)
			fp_strv_add(&d->lines, line);
	d->full = d->lines.n >= LINES_MAX;
}

static void on_event(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct fp_view *v = arg;
	struct data *d = v->data;
	struct fp_buf b = FP_BUF_INIT;
	const char *table;

	if (d->full || (kind != FP_EVENT_DIFFERENCE && kind != FP_EVENT_TABLE))
		return;
	table = fp_json_str(body, "table");
	if (!d->table || strcmp(d->table, table) != 0) {
		free(d->table);
		d->table = fp_strdup(table);
		fp_text_sanitise(&b, table, strlen(table));
		fp_buf_addc(&b, '\n');
	}
	if (kind == FP_EVENT_TABLE)
		fp_table_text(&b, body);
	else
		fp_difference_text(&b, body, v->width > 20 ? v->width : 20);
	add_lines(d, b.data);
	fp_buf_free(&b);
}

/* "7 data.gpkg": version 7 of it. */
static enum fp_status ask(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	char *file;
	enum fp_status st;

	d->diff = (struct fp_file_diff){ .project_id = v->project, .after = strtoll(v->arg, &file, 10), .table = "" };
	d->diff.file = file + (*file == ' ');
	d->asked = 1;
	st = fp_file_diff_versions(v->console->store, &d->diff, err);
	if (st == FP_OK)
		st = fp_file_diff_start(&d->question, v->console->store, v->console->conf, &d->diff, on_event, v, err);
	return st;
}

static void end(struct data *d, enum fp_status st, const struct fp_error *err)
{
	fp_question_free(d->question);
	d->question = NULL;
	d->is_fault = st != FP_OK;
	d->end = st != FP_OK ? fp_strdup(err->msg) : d->full ? fp_asprintf("More than %d lines: fieldpost file diff writes them all.", LINES_MAX)
		: d->lines.n ? fp_strdup("") : fp_strdup("It has no tables of features or attributes.");
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st = d->asked ? FP_OK : ask(v, err);

	if (st)
		return st;
	if (d->full && d->question)
		end(d, FP_OK, NULL);
	free(v->label);
	v->label = fp_asprintf("Version %lld", (long long)d->diff.after);
	free(v->head);
	v->head = fp_asprintf("%s: version %lld, then version %lld%s%s", d->diff.file, (long long)d->diff.before, (long long)d->diff.after, d->end ? "" : ". ",
		d->end ? "" : "Comparing...");
	if (d->end && *d->end)
		fp_rows_line(&v->lines, d->is_fault ? FP_STYLE_BAD : FP_STYLE_DIM, "%s", d->end);
	return FP_OK;
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	(void)q;
	(void)err;
	*n = (int64_t)((struct data *)v->data)->lines.n;
	return FP_OK;
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	const struct data *d = v->data;

	(void)q;
	(void)err;
	for (size_t i = (size_t)offset; i < d->lines.n && limit > 0; i++, limit--)
		fp_rows_line(to, d->lines.items[i][0] == ' ' ? FP_STYLE_NORMAL : FP_STYLE_HEADER, "%s", d->lines.items[i]);
	return FP_OK;
}

static struct fp_question *question(struct fp_view *v)
{
	return ((struct data *)v->data)->question;
}

static unsigned answered(struct fp_console *c, struct fp_view *v, enum fp_status st, const struct fp_error *err)
{
	(void)c;
	end(v->data, st, err);
	return FP_DO_RELOAD;
}

static void close_view(struct fp_view *v)
{
	struct data *d = v->data;

	fp_question_free(d->question);
	fp_strv_free(&d->lines);
	free(d->table);
	free(d->end);
}

const struct fp_view_ops fp_view_difference = {
	.name = "difference", .title = "Difference", .context = FP_IN_TEXT, .watch = 0, .data_size = sizeof(struct data), .load = load, .close = close_view,
	.count = count, .rows = rows, .question = question, .answered = answered,
};
