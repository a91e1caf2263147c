#include "ui/rows.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"

void fp_rows_clear(struct fp_rows *r)
{
	fp_buf_clear(&r->text);
	r->n = r->n_cell = 0;
}

void fp_rows_free(struct fp_rows *r)
{
	fp_buf_free(&r->text);
	free(r->row);
	free(r->cell);
	*r = (struct fp_rows)FP_ROWS_INIT;
}

static size_t keep(struct fp_rows *r, const char *text)
{
	size_t at = r->text.len;

	fp_buf_add(&r->text, text ? text : "", text ? strlen(text) + 1 : 1);
	return at;
}

void fp_rows_add(struct fp_rows *r, int64_t id, const char *key)
{
	size_t at = r->text.len;

	FP_GROW(r->row, r->n, r->cap);
	if (key) {
		keep(r, key);
	} else {
		fp_buf_addf(&r->text, "%lld", (long long)id);
		fp_buf_addc(&r->text, '\0');
	}
	r->row[r->n++] = (struct fp_row){ .id = id, .key = at, .cell = r->n_cell };
}

static struct fp_cell *new_cell(struct fp_rows *r)
{
	fp_assert(r->n > 0);
	FP_GROW(r->cell, r->n_cell, r->cap_cell);
	r->cell[r->n_cell] = (struct fp_cell){0};
	return &r->cell[r->n_cell++];
}

void fp_rows_text(struct fp_rows *r, const char *text)
{
	struct fp_cell *c = new_cell(r);

	c->text = keep(r, text);
}

void fp_rows_num(struct fp_rows *r, int64_t num)
{
	struct fp_cell *c = new_cell(r);

	c->text = keep(r, "");
	c->num = num;
}

void fp_rows_cell_style(struct fp_rows *r, unsigned style)
{
	fp_assert(r->n_cell > 0);
	r->cell[r->n_cell - 1].style = style;
}

void fp_rows_style(struct fp_rows *r, unsigned style)
{
	fp_assert(r->n > 0);
	r->row[r->n - 1].style = style;
}

void fp_rows_line(struct fp_rows *r, unsigned style, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	fp_rows_add(r, 0, "");
	fp_rows_text(r, b.data);
	fp_rows_style(r, style);
	fp_buf_free(&b);
}

void fp_rows_link(struct fp_rows *r, size_t from, const char *fmt, ...)
{
	size_t at = r->text.len;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&r->text, fmt, ap);
	va_end(ap);
	fp_buf_addc(&r->text, '\0');
	for (size_t i = from; i < r->n; i++)
		r->row[i].key = at;
}

void fp_rows_copy(struct fp_rows *to, const struct fp_rows *from, size_t i, size_t columns)
{
	fp_rows_add(to, from->row[i].id, fp_rows_key(from, i));
	fp_rows_style(to, from->row[i].style);
	for (size_t c = 0; c < columns; c++) {
		fp_rows_text(to, fp_rows_cell(from, i, c));
		to->cell[to->n_cell - 1].num = fp_rows_cell_num(from, i, c);
		to->cell[to->n_cell - 1].style = from->cell[from->row[i].cell + c].style;
	}
}

const char *fp_rows_key(const struct fp_rows *r, size_t i)
{
	fp_assert(i < r->n);
	return r->text.data + r->row[i].key;
}

const char *fp_rows_cell(const struct fp_rows *r, size_t i, size_t column)
{
	fp_assert(i < r->n && r->row[i].cell + column < r->n_cell);
	return r->text.data + r->cell[r->row[i].cell + column].text;
}

int64_t fp_rows_cell_num(const struct fp_rows *r, size_t i, size_t column)
{
	fp_assert(i < r->n && r->row[i].cell + column < r->n_cell);
	return r->cell[r->row[i].cell + column].num;
}
