#include "src/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"

#define COLUMNS_MIN 20

static void vwrite(FILE *to, const char *fmt, va_list ap, const char *end)
{
	struct fp_buf raw = FP_BUF_INIT, clean = FP_BUF_INIT;

	fp_buf_vaddf(&raw, fmt, ap);
	fp_text_sanitise_lines(&clean, raw.data, raw.len);
	fputs(clean.data, to);
	fputs(end, to);
	fflush(to);
	fp_buf_free(&raw);
	fp_buf_free(&clean);
}

void fp_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwrite(stderr, fmt, ap, "");
	va_end(ap);
}

void fp_print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwrite(stdout, fmt, ap, "\n");
	va_end(ap);
}

void fp_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(1)); /* what cannot be written is main()'s to say */
	fputc('\n', stdout);
	json_decref(value);
}

struct fp_table {
	const char *const *titles;
	size_t n;            /* columns */
	struct fp_strv cells; /* row after row, sanitised */
	int *widths;
};

struct fp_table *fp_table_new(const char *const *titles, size_t n)
{
	struct fp_table *t = fp_alloc(sizeof *t);

	t->titles = titles;
	t->n = n;
	t->widths = fp_alloc(n * sizeof *t->widths);
	for (size_t i = 0; i < n; i++)
		t->widths[i] = fp_text_width(titles[i]);
	return t;
}

void fp_table_row(struct fp_table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->n; i++) {
		char *clean = fp_text_clean(cells[i] ? cells[i] : "");
		int w = fp_text_width(clean);
		if (w > t->widths[i])
			t->widths[i] = w;
		fp_strv_take(&t->cells, clean);
	}
}

/* Where there is no room for all, the widest columns give way, so that one long name does not push what is said of it off the screen. */
static void make_room(struct fp_table *t, int columns)
{
	enum { LEAST = 19 /* a time */, BETWEEN = 2 };
	int total = -BETWEEN;

	for (size_t i = 0; i < t->n; i++)
		total += t->widths[i] + BETWEEN;
	while (columns >= 0 && total > columns) {
		int *widest = t->widths;
		for (size_t i = 1; i < t->n; i++)
			if (t->widths[i] > *widest)
				widest = &t->widths[i];
		if (*widest <= LEAST)
			return;
		--*widest;
		total--;
	}
}

/* Returns the columns that CELL takes in WIDTH. */
static int add_cell(struct fp_buf *b, const char *cell, int width)
{
	static const char mark[] = "...";
	int used = fp_text_width(cell);

	if (used <= width) {
		fp_buf_adds(b, cell);
		return used;
	}
	fp_buf_add(b, cell, fp_text_fit(cell, width - (int)strlen(mark), &used));
	fp_buf_adds(b, mark);
	return used + (int)strlen(mark);
}

/* COLUMNS < 0: no limit. */
static void print_line(const struct fp_table *t, char *const *cells, int columns)
{
	struct fp_buf b = FP_BUF_INIT;
	size_t cut;

	for (size_t i = 0; i < t->n; i++) {
		int pad = t->widths[i] - add_cell(&b, cells[i], t->widths[i]);
		if (i + 1 < t->n)
			fp_buf_addf(&b, "%*s", pad + 2, "");
	}
	while (b.len > 0 && b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	cut = columns < 0 ? b.len : fp_text_fit(b.data, columns, NULL);
	fwrite(b.data, 1, cut, stdout);
	fputc('\n', stdout);
	fp_buf_free(&b);
}

/* What the user says in COLUMNS goes before what the terminal says of itself. */
static int terminal_columns(void)
{
	const char *said = getenv("COLUMNS");
	struct winsize ws;
	int n = said ? atoi(said) : 0;

	if (n <= 0 && ioctl(1, TIOCGWINSZ, &ws) == 0)
		n = ws.ws_col;
	return n >= COLUMNS_MIN ? n : -1;
}

int fp_output_is_terminal(const struct fp_invocation *inv)
{
	return !inv->plain && isatty(1);
}

void fp_table_print(struct fp_table *t, const struct fp_invocation *inv)
{
	int columns = fp_output_is_terminal(inv) ? terminal_columns() : -1;

	make_room(t, columns);
	print_line(t, (char *const *)(void *)(size_t)t->titles, columns);
	for (size_t i = 0; i < t->cells.n; i += t->n)
		print_line(t, t->cells.items + i, columns);
}

void fp_table_free(struct fp_table *t)
{
	if (!t)
		return;
	fp_strv_free(&t->cells);
	free(t->widths);
	free(t);
}
