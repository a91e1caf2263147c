/* What is shown, taken elsewhere: the clipboard, a file. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/term.h"

#define TEXT_WIDTH 200 /* columns of an exported table */

struct export {
	struct fp_view *v;
	struct fp_buf *to;
	json_t *array;
};

static int is_text(const struct fp_column *col)
{
	return col->type == FP_CELL_TEXT || col->type == FP_CELL_TAIL || col->type == FP_CELL_STATUS || col->type == FP_CELL_HIDDEN;
}

static int is_time(const struct fp_column *col)
{
	return col->type == FP_CELL_TIME || col->type == FP_CELL_AGE;
}

static json_t *json_cell(const struct fp_column *col, const struct fp_rows *rows, size_t i, size_t cell)
{
	int64_t num = fp_rows_cell_num(rows, i, cell);
	char iso[FP_TIME_ISO_SIZE];

	if (is_text(col))
		return fp_json_text(fp_rows_cell(rows, i, cell));
	if (is_time(col))
		return num ? json_string(fp_time_iso(iso, num)) : json_null();
	return json_integer(num);
}

static enum fp_status add_json(void *arg, const struct fp_rows *rows, size_t i, struct fp_error *err)
{
	struct export *e = arg;
	const struct fp_column *col = e->v->ops->columns;
	json_t *o;

	(void)err;
	if (!col) {
		json_array_append_new(e->array, fp_json_text(fp_rows_cell(rows, i, 0)));
		return FP_OK;
	}
	o = json_object();
	for (size_t c = 0; col[c].title; c++)
		json_object_set_new(o, col[c].name, json_cell(&col[c], rows, i, c));
	json_array_append_new(e->array, o);
	return FP_OK;
}

static void add_quoted(struct fp_buf *to, const char *text)
{
	struct fp_buf clean = FP_BUF_INIT;

	fp_text_sanitise(&clean, text, strlen(text));
	if (!strpbrk(clean.data, ",\"")) {
		fp_buf_add(to, clean.data, clean.len);
	} else {
		fp_buf_addc(to, '"');
		for (const char *p = clean.data; *p; p++) {
			if (*p == '"')
				fp_buf_addc(to, '"');
			fp_buf_addc(to, *p);
		}
		fp_buf_addc(to, '"');
	}
	fp_buf_free(&clean);
}

static enum fp_status add_csv(void *arg, const struct fp_rows *rows, size_t i, struct fp_error *err)
{
	struct export *e = arg;
	const struct fp_column *col = e->v->ops->columns;
	char iso[FP_TIME_ISO_SIZE];

	(void)err;
	for (size_t c = 0; c == 0 || (col && col[c].title); c++) {
		int64_t num = fp_rows_cell_num(rows, i, c);
		if (c > 0)
			fp_buf_addc(e->to, ',');
		if (!col || is_text(&col[c]))
			add_quoted(e->to, fp_rows_cell(rows, i, c));
		else if (is_time(&col[c]))
			fp_buf_adds(e->to, num ? fp_time_iso(iso, num) : "");
		else
			fp_buf_addf(e->to, "%lld", (long long)num);
	}
	fp_buf_adds(e->to, "\r\n");
	return FP_OK;
}

static void add_padded(struct fp_buf *to, const char *text, int width)
{
	struct fp_buf clean = FP_BUF_INIT;
	int used;

	fp_text_sanitise(&clean, text, strlen(text));
	fp_buf_add(to, clean.data, clean.len);
	for (used = fp_text_width(clean.data); used < width + 1; used++)
		fp_buf_addc(to, ' ');
	fp_buf_free(&clean);
}

static void end_line(struct fp_buf *to)
{
	while (to->len > 0 && to->data[to->len - 1] == ' ')
		to->data[--to->len] = '\0';
	fp_buf_addc(to, '\n');
}

static enum fp_status add_text(void *arg, const struct fp_rows *rows, size_t i, struct fp_error *err)
{
	struct export *e = arg;
	const struct fp_column *col = e->v->ops->columns;
	int widths[FP_COLUMNS_MAX], n = col ? fp_table_layout(e->v, TEXT_WIDTH, widths) : 0;
	struct fp_buf cell = FP_BUF_INIT;

	(void)err;
	if (!col)
		add_padded(e->to, fp_rows_cell(rows, i, 0), 0);
	for (int c = 0; c < n; c++) {
		if (!widths[c])
			continue;
		fp_buf_clear(&cell);
		fp_table_cell(&cell, &col[c], rows, i, (size_t)c, widths[c]);
		add_padded(e->to, cell.data, widths[c]);
	}
	end_line(e->to);
	fp_buf_free(&cell);
	return FP_OK;
}

static void add_header(struct export *e, int csv)
{
	const struct fp_column *col = e->v->ops->columns;
	int widths[FP_COLUMNS_MAX], n = col ? fp_table_layout(e->v, TEXT_WIDTH, widths) : 0;

	for (int c = 0; c < n; c++) {
		if (csv)
			fp_buf_addf(e->to, c ? ",%s" : "%s", col[c].name);
		else if (widths[c])
			add_padded(e->to, col[c].title, widths[c]);
	}
	if (csv)
		fp_buf_adds(e->to, n ? "\r\n" : "line\r\n");
	else if (n)
		end_line(e->to);
}

static enum fp_status make(struct export *e, const char *path, struct fp_error *err)
{
	enum fp_status st;
	char *text;
	json_t *root;

	if (fp_path_has_suffix(path, ".json")) {
		e->array = json_array();
		st = fp_view_walk(e->v, add_json, e, err);
		root = json_pack("{s:o}", e->v->ops->columns ? e->v->ops->name : "lines", e->array);
		text = json_dumps(root, JSON_INDENT(1));
		fp_buf_adds(e->to, text);
		fp_buf_addc(e->to, '\n');
		free(text);
		json_decref(root);
		return st;
	}
	add_header(e, fp_path_has_suffix(path, ".csv"));
	return fp_view_walk(e->v, fp_path_has_suffix(path, ".csv") ? add_csv : add_text, e, err);
}

static unsigned export_to(struct fp_console *c, const char *path)
{
	struct fp_buf to = FP_BUF_INIT;
	struct export e = { .v = fp_top(c), .to = &to };
	struct fp_error err;
	enum fp_status st;

	if (!fp_path_has_suffix(path, ".json") && !fp_path_has_suffix(path, ".csv") && !fp_path_has_suffix(path, ".txt"))
		return fp_complain(c, "The name says what is written: it has to end in .json, .csv or .txt.");
	if (access(path, F_OK) == 0)
		return fp_complain(c, "%s exists already: take another name.", path);
	st = make(&e, path, &err);
	if (st == FP_OK)
		st = fp_fs_write_atomic(path, to.data, to.len, &err);
	fp_buf_free(&to);
	if (st)
		return fp_show_error(c, &err);
	return fp_note(c, "Wrote %lld row%s to %s.", (long long)e.v->count, fp_text_s(e.v->count), path);
}

unsigned fp_act_export(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt ask = { .label = "Export to: ", .enter = export_to, .path = 1 };
	char name[64];

	if (*arg)
		return export_to(c, arg);
	snprintf(name, sizeof name, "%s.%s", fp_top(c)->ops->name, fp_top(c)->ops->columns ? "csv" : "txt");
	return fp_prompt_open(c, &ask, name);
}

unsigned fp_act_copy(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	const struct fp_column *col = v->ops->columns;
	struct fp_buf raw = FP_BUF_INIT, text = FP_BUF_INIT;
	int64_t i = fp_view_index(v, v->cursor);

	(void)arg;
	if (i < 0)
		return fp_note(c, "There is nothing to copy here.");
	for (int cell = 0; cell == 0 || (col && col[cell].title); cell++) {
		if (col && (v->focus >= 0 ? v->focus != cell : col[cell].type == FP_CELL_HIDDEN))
			continue;
		if (raw.len > 0)
			fp_buf_adds(&raw, "  ");
		if (col)
			fp_table_cell(&raw, &col[cell], &v->window, (size_t)i, (size_t)cell, 19);
		else
			fp_buf_adds(&raw, fp_rows_cell(&v->window, (size_t)i, 0));
	}
	fp_text_sanitise(&text, raw.data, raw.len);
	fp_term_copy(text.data, text.len);
	fp_buf_free(&raw);
	fp_buf_free(&text);
	return fp_note(c, "Copied, if this terminal takes it (OSC 52).");
}
