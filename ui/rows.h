/* Rows of a view as they came from the store: cells of text and numbers, not yet formatted, not yet sanitised (the writer does that). One block of
 * memory, used again for every window, so that scrolling allocates nothing. */
#ifndef FP_UI_ROWS_H
#define FP_UI_ROWS_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "ui/draw.h"

struct fp_cell {
	size_t text;         /* offset into the text block */
	int64_t num;
	unsigned style;      /* FP_STYLE_NORMAL: by the column's type */
};

struct fp_row {
	int64_t id;          /* 0 when the row has none */
	size_t key;          /* what the row is, whatever place it stands at: text, unique in the list */
	size_t cell;         /* index of the first cell */
	unsigned style;
};

struct fp_rows {
	struct fp_buf text;
	struct fp_row *row;
	size_t n, cap;
	struct fp_cell *cell;
	size_t n_cell, cap_cell;
};
#define FP_ROWS_INIT { FP_BUF_INIT, NULL, 0, 0, NULL, 0, 0 }

void fp_rows_clear(struct fp_rows *r); /* keeps the memory */
void fp_rows_free(struct fp_rows *r);

/* Begins a row. KEY NULL: the number ID is the key. */
void fp_rows_add(struct fp_rows *r, int64_t id, const char *key);
/* The next cells of the row begun last, one for each column in order. TEXT NULL is "". */
void fp_rows_text(struct fp_rows *r, const char *text);
void fp_rows_num(struct fp_rows *r, int64_t num);
/* The style of the cell added last; of the whole row begun last. */
void fp_rows_cell_style(struct fp_rows *r, unsigned style);
void fp_rows_style(struct fp_rows *r, unsigned style);

/* A row of one cell: a line of text views. */
void fp_rows_line(struct fp_rows *r, unsigned style, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Lines FROM and later lead to COMMAND (a `:` command without the colon) when they are opened. Copied. */
void fp_rows_link(struct fp_rows *r, size_t from, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Row I of FROM once more, in TO. */
void fp_rows_copy(struct fp_rows *to, const struct fp_rows *from, size_t i, size_t columns);

/* Borrowed until rows are added or cleared. */
const char *fp_rows_key(const struct fp_rows *r, size_t i);
const char *fp_rows_cell(const struct fp_rows *r, size_t i, size_t column);
int64_t fp_rows_cell_num(const struct fp_rows *r, size_t i, size_t column);

#endif
