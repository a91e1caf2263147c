#include "engine/changes/scan.h"

#include <string.h>

void fp_scan_begin(struct fp_scan *s, const char *text, size_t len, size_t at)
{
	*s = (struct fp_scan){.text = text, .len = len, .at = at + 1, .first = 1};
}

static int is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

size_t fp_scan_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && is_blank(text[at]))
		at++;
	return at;
}

/* AT stands at the quote; the byte behind the other one, or LEN. */
static size_t past_string(const char *text, size_t len, size_t at)
{
	for (at++; at < len; at++) {
		const char *quote = memchr(text + at, '"', len - at);
		size_t end = quote ? (size_t)(quote - text) : len, slashes = 0;

		while (end - slashes > at && text[end - slashes - 1] == '\\')
			slashes++;
		at = end;
		if (slashes % 2 == 0)
			return end < len ? end + 1 : len;
	}
	return len;
}

/* Brackets are counted, not matched: a piece whose brackets do not match is no JSON, which its parser finds. */
static size_t past_value(const char *text, size_t len, size_t at)
{
	size_t depth = 0;

	while (at < len) {
		char c = text[at];
		if (c == '"') {
			at = past_string(text, len, at);
			if (depth == 0)
				return at;
		} else if (c == '{' || c == '[') {
			depth++;
			at++;
		} else if (depth == 0 && (is_blank(c) || c == ',' || c == ']' || c == '}')) {
			return at;
		} else {
			at++;
			if ((c == '}' || c == ']') && --depth == 0)
				return at;
		}
	}
	return at;
}

static enum fp_scanned bad(struct fp_scan *s, const char *fault)
{
	s->fault = s->at < s->len ? fault : "premature end of input";
	return FP_SCAN_BAD;
}

static enum fp_scanned next(struct fp_scan *s, char closing, const char *fault)
{
	s->at = fp_scan_blanks(s->text, s->len, s->at);
	if (s->at < s->len && s->text[s->at] == closing) {
		s->at++;
		return FP_SCAN_END;
	}
	if (!s->first) {
		if (s->at == s->len || s->text[s->at] != ',')
			return bad(s, fault);
		s->at = fp_scan_blanks(s->text, s->len, s->at + 1);
	}
	s->first = 0;
	return s->at < s->len ? FP_SCAN_PIECE : bad(s, fault);
}

static void value_piece(struct fp_scan *s, struct fp_piece *value)
{
	size_t end = past_value(s->text, s->len, s->at);

	*value = (struct fp_piece){s->at, end - s->at};
	s->at = end;
}

enum fp_scanned fp_scan_member(struct fp_scan *s, struct fp_piece *key, struct fp_piece *value)
{
	enum fp_scanned got = next(s, '}', "\",\" or \"}\" expected");

	if (got != FP_SCAN_PIECE)
		return got;
	if (s->text[s->at] != '"')
		return bad(s, "a name in quotes expected");
	value_piece(s, key);
	s->at = fp_scan_blanks(s->text, s->len, s->at);
	if (s->at == s->len || s->text[s->at] != ':')
		return bad(s, "\":\" expected");
	s->at = fp_scan_blanks(s->text, s->len, s->at + 1);
	value_piece(s, value);
	return FP_SCAN_PIECE;
}

enum fp_scanned fp_scan_element(struct fp_scan *s, struct fp_piece *value)
{
	enum fp_scanned got = next(s, ']', "\",\" or \"]\" expected");

	if (got == FP_SCAN_PIECE)
		value_piece(s, value);
	return got;
}
