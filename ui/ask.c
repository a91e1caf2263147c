#include <stdlib.h>
#include <string.h>

#include "ui/app.h"
#include "ui/keys.h"
#include "ui/modal_parts.h"

static unsigned answer(struct fp_console *c, int yes)
{
	unsigned (*act)(struct fp_console *, int64_t) = c->modal.ask.yes;
	int64_t arg = c->modal.ask.arg;

	fp_modal_close(c);
	return FP_DO_PAINT | (yes ? act(c, arg) : fp_note(c, "Nothing was done."));
}

static unsigned typed(struct fp_console *c)
{
	struct fp_ask *a = &c->modal.ask;

	if (a->typed.len > 0 && strtoll(a->typed.data, NULL, 10) == a->number)
		return answer(c, 1);
	fp_buf_clear(&a->typed);
	return fp_complain(c, "That is not the number: type %lld, or press Esc to leave it.", (long long)a->number);
}

unsigned fp_ask_key(struct fp_console *c, int key, int *used)
{
	struct fp_ask *a = &c->modal.ask;

	if (key == FP_KEY_ESC || key == 'n' || key == 'N' || key == 'q' || key == FP_KEY_CTRL('c'))
		return answer(c, 0);
	if (a->number == 0) {
		if (key == 'y' || key == 'Y')
			return answer(c, 1);
		if (key == FP_KEY_ENTER)
			return answer(c, 0);
	} else {
		if (key == FP_KEY_ENTER)
			return typed(c);
		if (key >= '0' && key <= '9' && a->typed.len < 12) {
			fp_buf_addc(&a->typed, (char)key);
			return FP_DO_PAINT;
		}
		if (key == FP_KEY_BACKSPACE && a->typed.len > 0) {
			a->typed.data[--a->typed.len] = '\0';
			return FP_DO_PAINT;
		}
	}
	*used = key < FP_KEY_UP || key > FP_KEY_END; /* arrows and pages scroll what is asked about; anything else does nothing */
	return FP_DO_NOTHING;
}

void fp_ask_paint(struct fp_console *c, int *y, int *x, int *show)
{
	const struct fp_ask *a = &c->modal.ask;
	struct fp_buf b = FP_BUF_INIT;
	int lines, columns;

	fp_draw_size(&lines, &columns);
	if (a->number > 0)
		fp_buf_addf(&b, "%s Type %lld to do it: %s", a->question, (long long)a->number, a->typed.data);
	else
		fp_buf_addf(&b, "%s [y/N] ", a->question);
	fp_paint_message(FP_STYLE_BADGE, b.data, x);
	*y = lines - 2;
	*show = 1;
	fp_buf_free(&b);
}
