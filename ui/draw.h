/* The one writer. Everything that the console shows goes through fp_draw_text(), which sanitises it, turns it into ASCII where the terminal needs
 * that, and cuts it to its field. No other file of ui/ writes text to curses. */
#ifndef FP_UI_DRAW_H
#define FP_UI_DRAW_H

#include "engine/base/buf.h"

enum fp_style {
	FP_STYLE_NORMAL, FP_STYLE_DIM, FP_STYLE_BOLD, FP_STYLE_BAR, FP_STYLE_TAB, FP_STYLE_TAB_OPEN, FP_STYLE_HEADER,
	FP_STYLE_GOOD, FP_STYLE_BAD, FP_STYLE_WARN, FP_STYLE_BUSY, FP_STYLE_KEY, FP_STYLE_BADGE, FP_STYLE_ERROR, FP_STYLE_STAGED, FP_STYLES,
	FP_STYLE_SELECTED = 0x100, /* added to one of the above: the row under the cursor */
	FP_STYLE_FOCUS = 0x200     /* the cell under the cursor */
};

/* ASCII 1: every other character is shown by a sensible mark or "?". COLOUR 0: bold, underline and reverse only. */
void fp_draw_setup(int ascii, int colour);
int fp_draw_is_ascii(void);
void fp_draw_size(int *lines, int *columns);

/* Writes TEXT (any bytes) at Y, X into at most WIDTH columns; what does not fit ends in an ellipsis. Returns the columns used. */
int fp_draw_text(int y, int x, int width, unsigned style, const char *text);
/* The same, the rest of WIDTH filled with blanks of that style. */
void fp_draw_field(int y, int x, int width, unsigned style, const char *text);
/* The same, against the right edge of the field. */
void fp_draw_right(int y, int x, int width, unsigned style, const char *text);
/* The columns that TEXT takes when it is drawn. */
int fp_draw_width(const char *text);
/* Draws from column SKIP of TEXT on. */
void fp_draw_from(int y, int x, int width, int skip, unsigned style, const char *text);

void fp_draw_clear(void);
void fp_draw_box(int y, int x, int height, int width);
/* Puts the cursor at Y, X (SHOW 1: visible) and brings the screen up to date. */
void fp_draw_flush(int y, int x, int show);

/* The screen as text, trailing blanks removed; with ATTRIBUTES a second block with one letter a cell: b bold, u underlined, r reversed, a digit
 * for a colour, "." for none. */
void fp_draw_dump(struct fp_buf *to, int attributes);

#endif
