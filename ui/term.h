/* The terminal: taken, given back on every way out, asked for keys. Only this file and draw.c know curses. */
#ifndef FP_UI_TERM_H
#define FP_UI_TERM_H

#include <stddef.h>

#include "engine/base/error.h"

struct fp_term_options {
	int ascii, no_mouse;
	int memory;          /* no terminal: a screen in memory, LINES by COLUMNS of the environment */
};

/* Takes the terminal. From here on until fp_term_close(), what is written to stderr is kept and shown afterwards, and a fatal signal first gives the
 * terminal back. FP_E_USAGE when the terminal cannot show the console. */
enum fp_status fp_term_open(const struct fp_term_options *o, struct fp_error *err);
void fp_term_close(void);

/* 1: the terminal is one, and can do what the console needs; else 0 with a fault that says what to use instead. */
enum fp_status fp_term_usable(struct fp_error *err);

int fp_term_fd(void); /* to poll for input; -1 without a terminal */

struct fp_click { int y, x; enum { FP_CLICK_LEFT, FP_CLICK_DOUBLE, FP_CLICK_WHEEL_UP, FP_CLICK_WHEEL_DOWN } what; };

/* The next key that is there, FP_KEY_NONE when there is none. For FP_KEY_MOUSE *CLICK is filled. */
int fp_term_key(struct fp_click *click);

void fp_term_resize(void);  /* after SIGWINCH */
void fp_term_suspend(void); /* gives the terminal back, stops this process, takes it again */
void fp_term_repaint(void); /* the next flush draws everything anew */

/* Puts TEXT into the clipboard of whatever terminal shows us (OSC 52). */
void fp_term_copy(const char *text, size_t len);

#endif
