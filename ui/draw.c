#include "ui/draw.h"

#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#include "engine/base/text.h"

#define LINE_MAX_COLUMNS 1024

static int ascii_only;
static attr_t attributes[FP_STYLES];

static const struct { attr_t mono, colour_attr; short fg; } looks[FP_STYLES] = {
	[FP_STYLE_NORMAL] = { A_NORMAL, A_NORMAL, -1 },
	[FP_STYLE_DIM] = { A_DIM, A_DIM, -1 },
	[FP_STYLE_BOLD] = { A_BOLD, A_BOLD, -1 },
	[FP_STYLE_BAR] = { A_BOLD, A_BOLD, COLOR_CYAN },
	[FP_STYLE_TAB] = { A_NORMAL, A_NORMAL, -1 },
	[FP_STYLE_TAB_OPEN] = { A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE, -1 },
	[FP_STYLE_HEADER] = { A_UNDERLINE, A_UNDERLINE, COLOR_CYAN },
	[FP_STYLE_GOOD] = { A_NORMAL, A_NORMAL, COLOR_GREEN },
	[FP_STYLE_BAD] = { A_BOLD, A_BOLD, COLOR_RED },
	[FP_STYLE_WARN] = { A_BOLD, A_NORMAL, COLOR_YELLOW },
	[FP_STYLE_BUSY] = { A_BOLD, A_BOLD, COLOR_BLUE },
	[FP_STYLE_KEY] = { A_BOLD, A_BOLD, COLOR_CYAN },
	[FP_STYLE_BADGE] = { A_REVERSE, A_REVERSE, COLOR_YELLOW },
	[FP_STYLE_ERROR] = { A_REVERSE | A_BOLD, A_REVERSE | A_BOLD, COLOR_RED },
	[FP_STYLE_STAGED] = { A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE, COLOR_MAGENTA },
};

/* What stands for the console's own signs on a terminal that has ASCII only; anything else is "?". */
static const struct { utf8proc_int32_t sign; char ascii; } marks[] = {
	{ 0x2026, '~' }, { 0x203A, '>' }, { 0x00B7, '-' }, { 0x2013, '-' }, { 0x2014, '-' }, { 0x2192, '>' }, { 0x2018, '\'' }, { 0x2019, '\'' },
	{ 0x201C, '"' }, { 0x201D, '"' }, { 0x2500, '-' }, { 0x2502, '|' }, { 0x250C, '+' }, { 0x2510, '+' }, { 0x2514, '+' }, { 0x2518, '+' },
	{ 0x25B2, '^' }, { 0x25BC, 'v' }, { 0x25CF, '*' }, { 0x00A0, ' ' }, { 0x00D7, 'x' },
};

void fp_draw_setup(int ascii, int colour)
{
	ascii_only = ascii;
	for (int i = 0; i < FP_STYLES; i++) {
		attributes[i] = colour ? looks[i].colour_attr : looks[i].mono;
		if (colour && looks[i].fg >= 0) {
			init_pair((short)(i + 1), looks[i].fg, -1);
			attributes[i] |= (attr_t)COLOR_PAIR(i + 1);
		}
	}
}

int fp_draw_is_ascii(void)
{
	return ascii_only;
}

void fp_draw_size(int *lines, int *columns)
{
	getmaxyx(stdscr, *lines, *columns);
}

static attr_t attr_of(unsigned style)
{
	attr_t a = attributes[style & 0xFF];

	if (style & FP_STYLE_SELECTED)
		a = (a & ~(attr_t)A_DIM) | A_REVERSE;
	if (style & FP_STYLE_FOCUS)
		a ^= A_REVERSE | A_BOLD;
	return a;
}

/* One character for the terminal; its columns are returned. */
static int to_cell(utf8proc_int32_t c, wchar_t *to)
{
	int w;

	if (ascii_only && c >= 0x80) {
		w = utf8proc_charwidth(c);
		*to = L'?';
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
			if (marks[i].sign == c)
				*to = (wchar_t)marks[i].ascii;
		return w > 0; /* what takes no column of its own is left out */
	}
	w = wcwidth((wchar_t)c);
	if (w < 0) { /* this system's tables do not know it: nor will the terminal */
		*to = 0xFFFD;
		return 1;
	}
	*to = (wchar_t)c;
	return w;
}

/* TEXT as cells from column SKIP on, at most WIDTH columns; *MORE becomes 1 when something is left over at the end. Returns the columns. */
static int to_cells(wchar_t *cells, size_t *n, int width, int skip, const char *text, int *more)
{
	static struct fp_buf clean = FP_BUF_INIT;
	const utf8proc_uint8_t *p;
	int used = 0, passed = 0, skipping = 0;
	size_t i = 0;

	fp_buf_clear(&clean);
	fp_text_sanitise(&clean, text, strlen(text));
	p = (const utf8proc_uint8_t *)clean.data;
	*n = 0;
	*more = 0;
	while (i < clean.len) {
		utf8proc_int32_t c = p[i];
		utf8proc_ssize_t bytes = 1;
		wchar_t cell;
		int w;
		if (c >= 0x80)
			bytes = utf8proc_iterate(p + i, (utf8proc_ssize_t)(clean.len - i), &c);
		i += (size_t)bytes;
		w = c < 0x80 ? (cell = (wchar_t)c, 1) : to_cell(c, &cell);
		if (w == 0 && (ascii_only || skipping || *n == 0))
			continue;
		if (passed < skip) {
			passed += w;
			skipping = 1;
			continue;
		}
		skipping = 0;
		if (used + w > width || *n + 1 >= LINE_MAX_COLUMNS) {
			*more = 1;
			break;
		}
		cells[(*n)++] = cell;
		used += w;
	}
	return used;
}

static int put(int y, int x, int width, int skip, unsigned style, const char *text)
{
	static wchar_t cells[LINE_MAX_COLUMNS + 8];
	int lines, columns, used, more;
	size_t n;

	fp_draw_size(&lines, &columns);
	if (y < 0 || y >= lines || x < 0 || x >= columns)
		return 0;
	if (width > columns - x)
		width = columns - x;
	if (width > LINE_MAX_COLUMNS)
		width = LINE_MAX_COLUMNS;
	if (width <= 0)
		return 0;
	used = to_cells(cells, &n, width, skip, text, &more);
	if (more) { /* make room for the ellipsis: a wide character may need two columns taken back */
		while (n > 0 && used > width - 1) {
			int w = wcwidth(cells[--n]);
			used -= w > 0 ? w : 0;
		}
		while (n > 0 && used == width - 1 && wcwidth(cells[n - 1]) == 0)
			n--;
		cells[n++] = ascii_only ? L'~' : 0x2026;
		used++;
	}
	attrset(attr_of(style));
	mvaddnwstr(y, x, cells, (int)n);
	return used;
}

int fp_draw_text(int y, int x, int width, unsigned style, const char *text)
{
	return put(y, x, width, 0, style, text);
}

static void blanks(int y, int x, int width, unsigned style)
{
	int lines, columns;

	fp_draw_size(&lines, &columns);
	if (y < 0 || y >= lines || x < 0 || x >= columns || width <= 0)
		return;
	if (width > columns - x)
		width = columns - x;
	attrset(attr_of(style));
	mvhline(y, x, ' ' | attr_of(style), width);
}

void fp_draw_field(int y, int x, int width, unsigned style, const char *text)
{
	int used = put(y, x, width, 0, style, text);

	blanks(y, x + used, width - used, style);
}

void fp_draw_right(int y, int x, int width, unsigned style, const char *text)
{
	int w = fp_draw_width(text);

	if (w < width) {
		blanks(y, x, width - w, style);
		x += width - w;
		width = w;
	}
	put(y, x, width, 0, style, text);
}

void fp_draw_from(int y, int x, int width, int skip, unsigned style, const char *text)
{
	int used = put(y, x, width, skip, style, text);

	blanks(y, x + used, width - used, style);
}

int fp_draw_width(const char *text)
{
	static wchar_t cells[LINE_MAX_COLUMNS + 8];
	size_t n;
	int more;

	return to_cells(cells, &n, LINE_MAX_COLUMNS, 0, text, &more);
}

void fp_draw_clear(void)
{
	erase();
}

void fp_draw_box(int y, int x, int height, int width)
{
	struct fp_buf edge = FP_BUF_INIT;

	for (int i = 0; i < width - 2; i++)
		fp_buf_adds(&edge, "\u2500");
	for (int i = 0; i < height; i++) {
		int first = i == 0, last = i == height - 1;
		blanks(y + i, x, width, FP_STYLE_NORMAL);
		put(y + i, x, 1, 0, FP_STYLE_NORMAL, first ? "\u250C" : last ? "\u2514" : "\u2502");
		if (first || last)
			put(y + i, x + 1, width - 2, 0, FP_STYLE_NORMAL, edge.data);
		put(y + i, x + width - 1, 1, 0, FP_STYLE_NORMAL, first ? "\u2510" : last ? "\u2518" : "\u2502");
	}
	fp_buf_free(&edge);
}

void fp_draw_flush(int y, int x, int show)
{
	attrset(A_NORMAL);
	move(y, x);
	curs_set(show);
	refresh();
}

static char letter_of(const cchar_t *cell)
{
	wchar_t w[CCHARW_MAX + 1];
	attr_t a;
	short pair;

	if (getcchar(cell, w, &a, &pair, NULL) == ERR)
		return '.';
	if (a & A_REVERSE)
		return 'r';
	if (pair > 0)
		return (char)('0' + looks[pair - 1].fg);
	return a & A_UNDERLINE ? 'u' : a & A_BOLD ? 'b' : a & A_DIM ? 'd' : '.';
}

static void dump_line(struct fp_buf *to, int y, int columns, int letters)
{
	size_t begin = to->len;
	int last_width = 1;

	for (int x = 0; x < columns; x += last_width) {
		wchar_t w[CCHARW_MAX + 1] = { L' ' };
		char bytes[MB_LEN_MAX + 1];
		cchar_t cell;
		attr_t a;
		short pair;
		last_width = 1;
		if (mvin_wch(y, x, &cell) == ERR)
			continue;
		if (letters) {
			fp_buf_addc(to, letter_of(&cell));
			continue;
		}
		getcchar(&cell, w, &a, &pair, NULL);
		if (wcwidth(w[0]) > 1)
			last_width = wcwidth(w[0]);
		for (int i = 0; w[i]; i++) {
			utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)w[i], (utf8proc_uint8_t *)bytes);
			fp_buf_add(to, bytes, (size_t)n);
		}
	}
	while (to->len > begin && (to->data[to->len - 1] == ' ' || (letters && to->data[to->len - 1] == '.')))
		to->data[--to->len] = '\0';
	fp_buf_addc(to, '\n');
}

void fp_draw_dump(struct fp_buf *to, int with_attributes)
{
	int lines, columns;

	fp_draw_size(&lines, &columns);
	for (int letters = 0; letters <= (with_attributes != 0); letters++)
		for (int y = 0; y < lines; y++)
			dump_line(to, y, columns, letters);
}
