/* The console in memory: keys go in, the screen comes out. One at a time. */
#ifndef FP_TESTS_UI_SCREEN_H
#define FP_TESTS_UI_SCREEN_H

#include "ui/app.h"

struct ui {
	struct fp_store *store;
	struct fp_config conf;
	struct fp_console c;
	char *screen; /* as ui_screen() saw it last */
};

/* Takes the home over. OPTIONS may be NULL. No engine runs. */
void ui_open(struct ui *u, struct fp_store *home, int lines, int columns, const struct fp_console_options *options);
void ui_close(struct ui *u);

/* Keys as in scripts ("jj<Enter>"), or a command (":jobs bees"). */
void ui_do(struct ui *u, const char *keys);
/* What another process committed reaches the views. */
void ui_tick(struct ui *u);
void ui_resize(struct ui *u, int lines, int columns);

/* The screen as text; borrowed until the next call. */
const char *ui_screen(struct ui *u);
int ui_shows(struct ui *u, const char *text);
/* The line of the screen on which the cursor's row is. */
const char *ui_row(struct ui *u);

#endif
