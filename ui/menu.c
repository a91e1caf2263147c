#include <stdlib.h>
#include <string.h>

#include "ui/app.h"
#include "ui/keys.h"
#include "ui/modal_parts.h"

#define TITLE_MAX 42 /* columns for which a menu becomes wider; a name may be longer */

static unsigned choose(struct fp_console *c)
{
	struct fp_menu *m = &c->modal.menu;
	struct fp_menu_item *it = &m->items[m->at];
	unsigned (*chosen)(struct fp_console *, int) = m->chosen;
	int item = it->item;

	if (it->reason)
		return fp_complain(c, "%s: not now. %s.", it->label, it->reason);
	fp_modal_close(c);
	return FP_DO_PAINT | chosen(c, item);
}

/* The first letter of an entry goes there; pressed again, to the next one. */
static void jump(struct fp_menu *m, int key)
{
	for (size_t step = 1; step <= m->n; step++) {
		size_t i = (m->at + step) % m->n;
		int first = (unsigned char)m->items[i].label[0];
		if ((first | 0x20) == (key | 0x20) && key >= 'A') {
			m->at = i;
			return;
		}
	}
}

unsigned fp_menu_key(struct fp_console *c, int key)
{
	struct fp_menu *m = &c->modal.menu;

	switch (key) {
	case FP_KEY_ENTER: case ' ': return choose(c);
	case FP_KEY_ESC: case 'q': case FP_KEY_CTRL('c'): fp_modal_close(c); break;
	case FP_KEY_DOWN: case 'j': m->at = (m->at + 1) % m->n; break;
	case FP_KEY_UP: case 'k': m->at = (m->at + m->n - 1) % m->n; break;
	case FP_KEY_HOME: case 'g': m->at = 0; break;
	case FP_KEY_END: case 'G': m->at = m->n - 1; break;
	default: jump(m, key);
	}
	return FP_DO_PAINT;
}

void fp_menu_paint(struct fp_console *c, int *y, int *x)
{
	const struct fp_menu *m = &c->modal.menu;
	int lines, columns, title = fp_draw_width(m->title), width = (title < TITLE_MAX ? title : TITLE_MAX) + 6, height, top, left, first = 0;
	int line = (int)(fp_top(c)->cursor - fp_top(c)->top) + fp_body_top();

	fp_draw_size(&lines, &columns);
	for (size_t i = 0; i < m->n; i++) {
		int w = fp_draw_width(m->items[i].label) + (m->items[i].reason ? fp_draw_width(m->items[i].reason) + 3 : 0) + 4;
		width = w > width ? w : width;
	}
	width = width > columns - 2 ? columns - 2 : width;
	height = (int)m->n + 2 > lines - 3 ? lines - 3 : (int)m->n + 2;
	top = line + 1 + height <= lines - 2 ? line + 1 : line - height; /* below the row it is about, else above it */
	top = top < 1 ? 1 : top;
	left = (columns - width) / 2;
	if ((int)m->at >= height - 2)
		first = (int)m->at - (height - 3);
	fp_draw_box(top, left, height, width);
	fp_draw_text(top, left + 2, width - 4, FP_STYLE_BOLD, m->title);
	for (int i = 0; i < height - 2 && first + i < (int)m->n; i++) {
		const struct fp_menu_item *it = &m->items[first + i];
		unsigned style = (it->reason ? FP_STYLE_DIM : FP_STYLE_NORMAL) | (first + i == (int)m->at ? FP_STYLE_SELECTED : 0);
		struct fp_buf b = FP_BUF_INIT;
		fp_buf_addf(&b, it->reason ? " %s (%s)" : " %s", it->label, it->reason);
		fp_draw_field(top + 1 + i, left + 1, width - 2, style, b.data);
		fp_buf_free(&b);
	}
	*y = top + 1 + (int)m->at - first;
	*x = left + 1;
}
