/* What takes the keys while it is there: a line to type on, a menu, a question. One at a time. */
#ifndef FP_UI_MODAL_H
#define FP_UI_MODAL_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"

struct fp_console;

/* A line of text. */
struct fp_prompt {
	const char *label;                                                  /* ":" or "/" or "Export to: " */
	unsigned (*enter)(struct fp_console *c, const char *text);          /* Enter */
	unsigned (*changed)(struct fp_console *c, const char *text);        /* after every change; may be NULL */
	unsigned (*cancelled)(struct fp_console *c);                        /* Esc; may be NULL */
	void (*complete)(struct fp_console *c, const char *text, struct fp_strv *to); /* whole lines that TEXT may become; may be NULL */
	int path;                                                           /* "~/" at its beginning is the home of whoever types */
	int hidden;                                                         /* shown as marks, and overwritten when it is done with */
	struct fp_buf text;
	size_t at;                                                          /* cursor, in bytes */
	int cut;                                                            /* more was typed than there is room for */
	struct fp_strv candidates;                                          /* while Tab is pressed again and again */
	size_t candidate;
};

struct fp_menu_item {
	int item;
	char *label;
	char *reason;  /* NULL: can be chosen; else why not */
};
struct fp_menu {
	char *title;
	unsigned (*chosen)(struct fp_console *c, int item);
	struct fp_menu_item *items;
	size_t n, cap, at;
};

/* A yes-or-no question; the answer is no unless told otherwise. NUMBER > 0: that number has to be typed instead of "y". */
struct fp_ask {
	char *question;
	int64_t number;
	unsigned (*yes)(struct fp_console *c, int64_t arg);
	int64_t arg;
	struct fp_buf typed;
};

struct fp_modal {
	enum fp_modal_kind { FP_MODAL_NONE, FP_MODAL_PROMPT, FP_MODAL_MENU, FP_MODAL_ASK } kind;
	struct fp_prompt prompt;
	struct fp_menu menu;
	struct fp_ask ask;
};

/* Each takes the place of what was there. */
unsigned fp_prompt_open(struct fp_console *c, const struct fp_prompt *p, const char *text);
unsigned fp_menu_open(struct fp_console *c, struct fp_menu *m); /* moves *M; an empty one says that nothing is possible */
unsigned fp_ask_open(struct fp_console *c, int64_t number, unsigned (*yes)(struct fp_console *c, int64_t arg), int64_t arg, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* REASON NULL: it can be chosen. Both are copied. */
void fp_menu_add(struct fp_menu *m, int item, const char *label, const char *reason);

void fp_modal_close(struct fp_console *c);

/* *USED 0: the key is not for the modal and goes on to the view below (a question lets the list be scrolled). */
unsigned fp_modal_key(struct fp_console *c, int key, int *used);
void fp_modal_paint(struct fp_console *c, int *cursor_y, int *cursor_x, int *cursor_show);

#endif
