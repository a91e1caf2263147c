#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "engine/base/path.h"
#include "engine/store/secrets.h"
#include "ui/app.h"
#include "ui/keys.h"
#include "ui/modal_parts.h"

#define LONGEST 1000 /* bytes that can be typed; of a secret, as many as it may have */

static size_t longest(const struct fp_prompt *p)
{
	return p->hidden ? FP_SECRET_VALUE_MAX : LONGEST;
}

void fp_prompt_make_room(struct fp_prompt *p)
{
	fp_buf_reserve(&p->text, longest(p));
}

static size_t before(const struct fp_prompt *p)
{
	size_t at = p->at;

	while (at > 0 && ((unsigned char)p->text.data[--at] & 0xC0) == 0x80)
		;
	return at;
}

static size_t behind(const struct fp_prompt *p)
{
	size_t at = p->at;

	if (at < p->text.len)
		at++;
	while (at < p->text.len && ((unsigned char)p->text.data[at] & 0xC0) == 0x80)
		at++;
	return at;
}

static void cut(struct fp_prompt *p, size_t from, size_t to)
{
	memmove(p->text.data + from, p->text.data + to, p->text.len - to + 1);
	p->text.len -= to - from;
	p->at = from;
}

static void insert(struct fp_prompt *p, int key)
{
	utf8proc_uint8_t bytes[4];
	size_t n = (size_t)utf8proc_encode_char(key, bytes);
	size_t tail = p->text.len - p->at;

	if (p->text.len + n > longest(p)) {
		p->cut = 1;
		return;
	}
	fp_buf_add(&p->text, bytes, n);
	memmove(p->text.data + p->at + n, p->text.data + p->at, tail);
	memcpy(p->text.data + p->at, bytes, n);
	p->at += n;
}

static size_t word_before(const struct fp_prompt *p)
{
	size_t at = p->at;

	while (at > 0 && p->text.data[at - 1] == ' ')
		at--;
	while (at > 0 && p->text.data[at - 1] != ' ')
		at--;
	return at;
}

/* Tab: the next candidate, all the way round and back to what was typed. */
static int complete(struct fp_console *c, struct fp_prompt *p)
{
	if (!p->complete)
		return 0;
	if (p->candidates.n == 0) {
		p->complete(c, p->text.data, &p->candidates);
		if (p->candidates.n == 0)
			return 0;
		fp_strv_add(&p->candidates, p->text.data);
		p->candidate = 0;
	} else {
		p->candidate = (p->candidate + 1) % p->candidates.n;
	}
	fp_buf_clear(&p->text);
	fp_buf_adds(&p->text, p->candidates.items[p->candidate]);
	p->at = p->text.len;
	return 1;
}

/* 1 when the text changed. */
static int edit(struct fp_prompt *p, int key)
{
	size_t len = p->text.len;

	switch (key) {
	case FP_KEY_LEFT: p->at = before(p); return 0;
	case FP_KEY_RIGHT: p->at = behind(p); return 0;
	case FP_KEY_HOME: case FP_KEY_CTRL('a'): p->at = 0; return 0;
	case FP_KEY_END: case FP_KEY_CTRL('e'): p->at = len; return 0;
	case FP_KEY_BACKSPACE: if (p->at > 0) cut(p, before(p), p->at); break;
	case FP_KEY_DELETE: case FP_KEY_CTRL('d'): if (p->at < len) cut(p, p->at, behind(p)); break;
	case FP_KEY_CTRL('u'): if (p->at > 0) cut(p, 0, p->at); break;
	case FP_KEY_CTRL('k'): if (p->at < len) cut(p, p->at, len); break;
	case FP_KEY_CTRL('w'): if (p->at > 0) cut(p, word_before(p), p->at); break;
	default:
		if (key >= ' ' && key < 0x110000)
			insert(p, key);
	}
	return p->text.len != len;
}

static char *full_path(const char *text)
{
	const char *home = getenv("HOME");

	return home && text[0] == '~' && text[1] == '/' ? fp_path_join(home, text + 2) : fp_strdup(text);
}

static unsigned leave(struct fp_console *c, int entered)
{
	struct fp_prompt p = c->modal.prompt;
	char *text = p.path ? full_path(p.text.data) : fp_strdup(p.text.data);
	unsigned todo = FP_DO_PAINT;

	fp_modal_close(c); /* first: what is entered may open the next one */
	if (entered && p.cut)
		todo |= fp_complain(c, "That is longer than %zu bytes, and its end is missing: nothing was done.", longest(&p));
	else if (entered)
		todo |= p.enter(c, text);
	else if (p.cancelled)
		todo |= p.cancelled(c);
	if (p.hidden)
		sodium_memzero(text, strlen(text));
	free(text);
	return todo;
}

unsigned fp_prompt_key(struct fp_console *c, int key)
{
	struct fp_prompt *p = &c->modal.prompt;
	int empty = p->text.len == 0, changed;

	if (key == FP_KEY_ENTER)
		return leave(c, 1);
	if (key == FP_KEY_ESC || key == FP_KEY_CTRL('c') || key == FP_KEY_CTRL('g') || (key == FP_KEY_BACKSPACE && empty))
		return leave(c, 0);
	if (key == FP_KEY_TAB) {
		changed = complete(c, p);
	} else {
		fp_strv_free(&p->candidates);
		changed = edit(p, key);
	}
	return FP_DO_PAINT | (changed && p->changed ? p->changed(c, p->text.data) : FP_DO_NOTHING);
}

/* A mark for each character of the first N bytes. */
static char *marks(const struct fp_prompt *p, size_t n)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)p->text.data[i] & 0xC0) != 0x80)
			fp_buf_addc(&b, '*');
	return fp_buf_take(&b);
}

void fp_prompt_paint(struct fp_console *c, int *y, int *x, int *show)
{
	const struct fp_prompt *p = &c->modal.prompt;
	char *text = p->hidden ? marks(p, p->text.len) : fp_strdup(p->text.data), *left = p->hidden ? marks(p, p->at) : fp_strndup(p->text.data, p->at);
	int lines, columns, label = fp_draw_width(p->label), cursor = fp_draw_width(left), room, skip;

	fp_draw_size(&lines, &columns);
	room = columns - label - 1;
	skip = cursor > room ? cursor - room : 0;
	fp_draw_text(lines - 2, 0, label, FP_STYLE_KEY, p->label);
	fp_draw_from(lines - 2, label, columns - label, skip, FP_STYLE_NORMAL, text);
	*y = lines - 2;
	*x = label + cursor - skip;
	*show = 1;
	free(text);
	free(left);
}
