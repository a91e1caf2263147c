/* Keys and their names. A key is a Unicode code point, or one of enum fp_key. */
#ifndef FP_UI_KEYS_H
#define FP_UI_KEYS_H

enum fp_key {
	FP_KEY_NONE = 0, FP_KEY_TAB = 9, FP_KEY_ENTER = 13, FP_KEY_ESC = 27, FP_KEY_BACKSPACE = 127,
	FP_KEY_UP = 0x110000, FP_KEY_DOWN, FP_KEY_LEFT, FP_KEY_RIGHT, FP_KEY_PGUP, FP_KEY_PGDN, FP_KEY_HOME, FP_KEY_END, FP_KEY_BACKTAB, FP_KEY_DELETE,
	FP_KEY_F1, FP_KEY_MOUSE, FP_KEY_OTHER
};
#define FP_KEY_CTRL(letter) ((letter) & 0x1F)

/* The key that *TEXT begins with ("<PgDn>", "<C-l>", "j"), *TEXT moved behind it; FP_KEY_NONE at the end or when "<...>" names no key. */
int fp_key_next(const char **text);

/* 1 when KEYS ("j <Down>") names KEY. */
int fp_key_in(const char *keys, int key);

#endif
