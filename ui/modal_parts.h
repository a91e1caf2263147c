/* The three modals, for modal.c alone. */
#ifndef FP_UI_MODAL_PARTS_H
#define FP_UI_MODAL_PARTS_H

#include "ui/modal.h"

void fp_prompt_make_room(struct fp_prompt *p); /* so much that its text never moves: nothing stays behind in freed memory */
unsigned fp_prompt_key(struct fp_console *c, int key);
void fp_prompt_paint(struct fp_console *c, int *y, int *x, int *show);
unsigned fp_menu_key(struct fp_console *c, int key);
void fp_menu_paint(struct fp_console *c, int *y, int *x);
unsigned fp_ask_key(struct fp_console *c, int key, int *used);
void fp_ask_paint(struct fp_console *c, int *y, int *x, int *show);

#endif
