#include "ui/wrap.h"

#include <string.h>

#include "engine/base/text.h"

/* The bytes of TEXT that make the next line of at most COLUMNS; never 0 unless TEXT is empty. */
static size_t line_end(const char *text, size_t len, int columns)
{
	size_t fit = fp_text_fit(text, columns, NULL), end;

	if (fit >= len)
		return len;
	for (end = fit; end > 0 && text[end] != ' '; end--)
		;
	if (end > 0)
		return end;
	return fit > 0 ? fit : 1;
}

static void wrap_line(struct fp_rows *to, unsigned style, int width, int indent, const char *text, int *first)
{
	do {
		int room = *first ? width : width - indent;
		size_t n = line_end(text, strlen(text), room > 1 ? room : 1);
		fp_rows_line(to, style, "%*s%.*s", *first ? 0 : indent, "", (int)n, text);
		text += n;
		text += strspn(text, " ");
		*first = 0;
	} while (*text);
}

void fp_wrap(struct fp_rows *to, unsigned style, int width, int indent, const char *text)
{
	struct fp_buf clean = FP_BUF_INIT;
	int first = 1;
	char *line, *end;

	fp_text_sanitise_lines(&clean, text, strlen(text));
	for (line = clean.data; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		wrap_line(to, style, width, indent, line, &first);
	}
	fp_buf_free(&clean);
}

void fp_wrap_link(struct fp_rows *to, unsigned style, int width, int indent, const char *command, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	size_t from = to->n;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	fp_wrap(to, style, width, indent, b.data);
	if (command)
		fp_rows_link(to, from, "%s", command);
	fp_buf_free(&b);
}
