#include "ui/modal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ui/app.h"
#include "ui/keys.h"
#include "ui/modal_parts.h"

static void clear_prompt(struct fp_prompt *p)
{
	if (p->hidden)
		sodium_memzero(p->text.data, p->text.cap);
	fp_buf_free(&p->text);
	fp_strv_free(&p->candidates);
}

static void clear_menu(struct fp_menu *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].label);
		free(m->items[i].reason);
	}
	free(m->items);
	free(m->title);
	*m = (struct fp_menu){0};
}

static void clear_ask(struct fp_ask *a)
{
	free(a->question);
	a->question = NULL;
	fp_buf_free(&a->typed);
}

void fp_modal_close(struct fp_console *c)
{
	switch (c->modal.kind) {
	case FP_MODAL_PROMPT: clear_prompt(&c->modal.prompt); break;
	case FP_MODAL_MENU: clear_menu(&c->modal.menu); break;
	case FP_MODAL_ASK: clear_ask(&c->modal.ask); break;
	case FP_MODAL_NONE: break;
	}
	c->modal.kind = FP_MODAL_NONE;
}

unsigned fp_prompt_open(struct fp_console *c, const struct fp_prompt *p, const char *text)
{
	fp_modal_close(c);
	c->modal.kind = FP_MODAL_PROMPT;
	c->modal.prompt = *p;
	c->modal.prompt.text = (struct fp_buf)FP_BUF_INIT;
	fp_prompt_make_room(&c->modal.prompt);
	fp_buf_adds(&c->modal.prompt.text, text);
	c->modal.prompt.at = strlen(text);
	c->modal.prompt.candidates = (struct fp_strv){0};
	return FP_DO_PAINT;
}

void fp_menu_add(struct fp_menu *m, int item, const char *label, const char *reason)
{
	FP_GROW(m->items, m->n, m->cap);
	m->items[m->n++] = (struct fp_menu_item){ .item = item, .label = fp_strdup(label), .reason = fp_strdup_null(reason) };
}

unsigned fp_menu_open(struct fp_console *c, struct fp_menu *m)
{
	if (m->n == 0) {
		clear_menu(m);
		return fp_note(c, "Nothing can be done here.");
	}
	fp_modal_close(c);
	c->modal.kind = FP_MODAL_MENU;
	c->modal.menu = *m;
	*m = (struct fp_menu){0};
	for (m = &c->modal.menu; m->at + 1 < m->n && m->items[m->at].reason; m->at++)
		;
	return FP_DO_PAINT;
}

unsigned fp_ask_open(struct fp_console *c, int64_t number, unsigned (*yes)(struct fp_console *c, int64_t arg), int64_t arg, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	fp_modal_close(c);
	c->modal.kind = FP_MODAL_ASK;
	c->modal.ask = (struct fp_ask){ .question = fp_buf_take(&b), .number = number, .yes = yes, .arg = arg, .typed = FP_BUF_INIT };
	return FP_DO_PAINT;
}

unsigned fp_modal_key(struct fp_console *c, int key, int *used)
{
	*used = 1;
	switch (c->modal.kind) {
	case FP_MODAL_PROMPT: return fp_prompt_key(c, key);
	case FP_MODAL_MENU: return fp_menu_key(c, key);
	case FP_MODAL_ASK: return fp_ask_key(c, key, used);
	case FP_MODAL_NONE: break;
	}
	*used = 0;
	return FP_DO_NOTHING;
}

void fp_modal_paint(struct fp_console *c, int *cursor_y, int *cursor_x, int *cursor_show)
{
	switch (c->modal.kind) {
	case FP_MODAL_PROMPT: fp_prompt_paint(c, cursor_y, cursor_x, cursor_show); break;
	case FP_MODAL_MENU: fp_menu_paint(c, cursor_y, cursor_x); break;
	case FP_MODAL_ASK: fp_ask_paint(c, cursor_y, cursor_x, cursor_show); break;
	case FP_MODAL_NONE: break;
	}
}
