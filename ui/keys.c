#include "ui/keys.h"

#include <string.h>
#include <strings.h>
#include <utf8proc.h>

static const struct { const char *name; int key; } names[] = {
	{ "Enter", FP_KEY_ENTER }, { "Esc", FP_KEY_ESC }, { "Tab", FP_KEY_TAB }, { "S-Tab", FP_KEY_BACKTAB }, { "Space", ' ' },
	{ "Backspace", FP_KEY_BACKSPACE }, { "Delete", FP_KEY_DELETE }, { "Up", FP_KEY_UP }, { "Down", FP_KEY_DOWN }, { "Left", FP_KEY_LEFT },
	{ "Right", FP_KEY_RIGHT }, { "PgUp", FP_KEY_PGUP }, { "PgDn", FP_KEY_PGDN }, { "Home", FP_KEY_HOME }, { "End", FP_KEY_END },
	{ "F1", FP_KEY_F1 }, { "lt", '<' },
};

static int named(const char *name, size_t len)
{
	if (len == 3 && strncasecmp(name, "C-", 2) == 0)
		return FP_KEY_CTRL(name[2]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].name) == len && strncasecmp(names[i].name, name, len) == 0)
			return names[i].key;
	return FP_KEY_NONE;
}

int fp_key_next(const char **text)
{
	const char *p = *text, *end;
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	if (!*p)
		return FP_KEY_NONE;
	end = *p == '<' ? strchr(p, '>') : NULL;
	if (end) {
		*text = end + 1;
		return named(p + 1, (size_t)(end - p - 1));
	}
	n = utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &c);
	if (n <= 0)
		return FP_KEY_NONE;
	*text = p + n;
	return (int)c;
}

int fp_key_in(const char *keys, int key)
{
	while (*keys) {
		if (fp_key_next(&keys) == key)
			return 1;
		while (*keys == ' ')
			keys++;
	}
	return 0;
}
