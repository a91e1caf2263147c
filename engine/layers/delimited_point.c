#include "engine/layers/delimited_point.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/layers/delimited_text.h"
#include "engine/layers/regexp.h"

/* TEXT with C for every WHAT. Caller frees. */
static char *replaced(const char *text, const char *what, char c)
{
	size_t n = what ? strlen(what) : 0;
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	while (*text) {
		int here = n > 0 && strncmp(text, what, n) == 0;
		fp_buf_addc(&b, here ? c : *text);
		text += here ? n : 1;
	}
	return fp_buf_take(&b);
}

static const char *past_blanks(const char *p)
{
	size_t n;

	while ((n = fp_delimited_space(p, strlen(p))) > 0)
		p += n;
	return p;
}

static const char *past_digits(const char *p)
{
	return p + strspn(p, "0123456789");
}

/* Where the number at P ends, P itself when it is none: digits with or without a point, an exponent, "inf", "nan"; no grouping, no hexadecimals. */
static const char *past_number(const char *p)
{
	const char *start = p + (*p == '+' || *p == '-'), *whole = past_digits(start), *part, *end;

	if (strncasecmp(start, "inf", 3) == 0 || (start == p && strncasecmp(p, "nan", 3) == 0))
		return start + 3;
	part = *whole == '.' ? past_digits(whole + 1) : whole;
	if (part - start <= (*whole == '.'))
		return p;
	if (tolower((unsigned char)*part) != 'e')
		return part;
	end = past_digits(part + 1 + (part[1] == '+' || part[1] == '-'));
	return isdigit((unsigned char)end[-1]) ? end : p;
}

static int is_number(const char *text)
{
	char *plain = replaced(text, "\xe2\x88\x92", '-'); /* the minus of typographers */
	const char *p = past_blanks(plain), *end = past_number(p);
	double value;
	int is;

	errno = 0;
	value = strtod(p, NULL);
	is = end > p && !*past_blanks(end) && !(errno == ERANGE && (value == 0 || isinf(value)));
	free(plain);
	return is;
}

/* A sign or hemisphere in front or behind, degrees, perhaps minutes, then the smallest part, with anything between them that is neither digit nor point. */
static int is_dms(const char *text)
{
	static const char grammar[] = "^\\s*([-+nsew]\\s*)?\\d{1,3}(?:[^0-9.]+[0-5]?\\d)?[^0-9.]+[0-5]?\\d(?:\\.\\d+)?[^0-9.,]*?([-+nsew])?\\s*$";
	struct fp_regexp *r;
	const size_t *spans;
	int found;

	fp_assert(fp_regexp_new(&r, grammar, 1, NULL) == FP_OK);
	found = fp_regexp_find(r, &spans, text, strlen(text), 0) > 0;
	found = found && (spans[2] == (size_t)-1 || spans[4] == (size_t)-1);
	fp_regexp_free(r);
	return found;
}

int fp_delimited_is_coordinate(const struct fp_delimited_point *how, const char *field)
{
	char *text = replaced(field, how->decimal_point, '.');
	int is = how->dms ? is_dms(text) : is_number(text);

	free(text);
	return is;
}
