#include "ui/shape_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/changes/shape.h"

#define VERTICES_MAX 100000 /* more dots than any terminal has */

/* Dots, two columns and four rows a cell, for each layer of the map. */
struct canvas {
	int columns, rows;       /* cells */
	unsigned char *dots[3];  /* of the cell's 8 bits, as braille numbers them */
	double x, y, scale;      /* lower left corner; units a dot */
};

static void dot(struct canvas *c, int layer, int x, int y)
{
	static const unsigned char bits[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

	if (x < 0 || y < 0 || x >= c->columns * 2 || y >= c->rows * 4)
		return;
	c->dots[layer][y / 4 * c->columns + x / 2] |= bits[y % 4][x % 2];
}

static void place(const struct canvas *c, const struct fp_vertex *v, int *x, int *y)
{
	*x = (int)lround((v->x - c->x) / c->scale);
	*y = c->rows * 4 - 1 - (int)lround((v->y - c->y) / c->scale);
}

static void line(struct canvas *c, int layer, const struct fp_vertex *a, const struct fp_vertex *b)
{
	int x0, y0, x1, y1, steps;

	place(c, a, &x0, &y0);
	place(c, b, &x1, &y1);
	steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);
	for (int i = 0; i <= steps; i++)
		dot(c, layer, x0 + (steps ? (x1 - x0) * i / steps : 0), y0 + (steps ? (y1 - y0) * i / steps : 0));
}

static void draw(struct canvas *c, int layer, const struct fp_shape *s)
{
	for (size_t p = 0; p < s->n_parts; p++) {
		const struct fp_shape_part *part = &s->parts[p];
		const struct fp_vertex *v = s->vertices + part->first;
		if (part->n == 1)
			line(c, layer, v, v);
		for (size_t i = 0; i + 1 < part->n; i++)
			line(c, layer, v + i, v + i + 1);
	}
}

struct shapes {
	struct fp_shape s[3];
	int there[3];
};

/* The box that holds all, with some air; *SOME 0 when there is nothing to draw. */
static void frame(struct canvas *c, const struct shapes *g, int *some)
{
	double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY, w, h;

	for (int i = 0; i < 3; i++) {
		if (!g->there[i] || g->s[i].n_vertices == 0)
			continue;
		x0 = fmin(x0, g->s[i].xmin), y0 = fmin(y0, g->s[i].ymin);
		x1 = fmax(x1, g->s[i].xmax), y1 = fmax(y1, g->s[i].ymax);
	}
	*some = x1 > x0 || y1 > y0; /* one place is no map */
	if (!*some)
		return;
	w = c->columns * 2 - 5, h = c->rows * 4 - 5;
	c->scale = fmax((x1 - x0) / w, (y1 - y0) / h);
	c->x = (x0 + x1) / 2 - c->scale * (c->columns * 2 - 1) / 2;
	c->y = (y0 + y1) / 2 - c->scale * (c->rows * 4 - 1) / 2;
}

/* What a cell shows: braille dots of all; in ASCII the mark of whoever is there. */
static void put_cell(struct fp_buf *b, const struct canvas *c, int at, int ascii)
{
	static const char marks[] = " o+*#*#*"; /* by old 1, new 2, current 4 */
	unsigned all = c->dots[0][at] | c->dots[1][at] | c->dots[2][at], who = 0;

	for (unsigned i = 0; i < 3; i++)
		who |= c->dots[i][at] ? 1u << i : 0;
	if (ascii) {
		fp_buf_addc(b, marks[who == 4 ? 3 : who]);
	} else {
		char utf8[4] = { (char)0xE2, (char)(0xA0 | all >> 6), (char)(0x80 | (all & 0x3F)), '\0' };
		fp_buf_adds(b, utf8);
	}
}

static unsigned row_style(const struct canvas *c, int row)
{
	int seen[3] = { 0 };

	for (int i = 0; i < c->columns; i++)
		for (int k = 0; k < 3; k++)
			seen[k] |= c->dots[k][row * c->columns + i];
	return seen[1] ? FP_STYLE_GOOD : seen[2] ? FP_STYLE_WARN : FP_STYLE_NORMAL;
}

static void add_map(struct fp_rows *to, struct canvas *c, const struct shapes *g, int ascii)
{
	struct fp_buf b = FP_BUF_INIT;

	for (int i = 0; i < 3; i++) {
		c->dots[i] = fp_alloc((size_t)(c->columns * c->rows));
		if (g->there[i])
			draw(c, i, &g->s[i]);
	}
	for (int row = 0; row < c->rows; row++) {
		fp_buf_clear(&b);
		fp_buf_adds(&b, "    ");
		for (int i = 0; i < c->columns; i++)
			put_cell(&b, c, row * c->columns + i, ascii);
		fp_rows_line(to, row_style(c, row), "%s", b.data);
	}
	for (int i = 0; i < 3; i++)
		free(c->dots[i]);
	fp_buf_free(&b);
}

static void describe(struct fp_rows *to, const struct shapes *g)
{
	const struct fp_shape *a = &g->s[0], *b = &g->s[1];
	double dx, dy;

	if (g->there[0] && g->there[1] && a->n_vertices && b->n_vertices) {
		dx = (b->xmin + b->xmax - a->xmin - a->xmax) / 2;
		dy = (b->ymin + b->ymax - a->ymin - a->ymax) / 2;
		fp_rows_line(to, FP_STYLE_NORMAL, "    moved by %.6g (east %.6g, north %.6g); %s, %zu vertices, before %zu", hypot(dx, dy), dx, dy, b->type,
			b->n_vertices, a->n_vertices);
		return;
	}
	for (int i = 1; i >= 0; i--)
		if (g->there[i] && g->s[i].n_vertices) {
			fp_rows_line(to, FP_STYLE_NORMAL, "    %s%s, %zu vertices, %.6g by %.6g", i ? "" : "was ", g->s[i].type, g->s[i].n_vertices,
				g->s[i].xmax - g->s[i].xmin, g->s[i].ymax - g->s[i].ymin);
			return;
		}
}

void fp_shape_map(struct fp_rows *to, int width, int height, int ascii, const char *old, const char *new, const char *current)
{
	const char *wkt[3] = { old, new, current };
	struct canvas c = { .columns = width - 8 < 60 ? width - 8 : 60, .rows = height };
	struct shapes g = { 0 };
	int some = 0;

	if (current && ((old && strcmp(old, current) == 0) || (new && strcmp(new, current) == 0)))
		wkt[2] = NULL;
	for (int i = 0; i < 3; i++)
		g.there[i] = wkt[i] && *wkt[i] && fp_shape_read(&g.s[i], wkt[i], VERTICES_MAX, NULL) == FP_OK;
	if (c.columns > 4 && c.rows > 1)
		frame(&c, &g, &some);
	describe(to, &g);
	if (some)
		add_map(to, &c, &g, ascii);
	for (int i = 0; i < 3; i++)
		if (g.there[i])
			fp_shape_clear(&g.s[i]);
}
