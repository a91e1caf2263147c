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

int fp_delimited_number(double *value, const char *decimal_point, const char *field)
{
	char *text = replaced(field, decimal_point, '.'), *plain = replaced(text, "\xe2\x88\x92", '-'); /* the minus of typographers */
	const char *p = past_blanks(plain), *end = past_number(p);
	int is;

	errno = 0;
	*value = strtod(p, NULL);
	is = end > p && !*past_blanks(end) && !(errno == ERANGE && (*value == 0 || isinf(*value)));
	free(plain);
	free(text);
	return is;
}

/* A sign or hemisphere in front or behind, degrees, perhaps minutes, then the smallest part, with anything between them that is neither digit nor point. */
enum { FRONT = 1, DEGREES, MINUTES, LAST, BEHIND };

static int is_dms(double *value, const char *text)
{
	static const char grammar[] = "^\\s*([-+nsew]\\s*)?(\\d{1,3})(?:[^0-9.]+([0-5]?\\d))?[^0-9.]+([0-5]?\\d(?:\\.\\d+)?)[^0-9.,]*?([-+nsew])?\\s*$";
	static struct fp_regexp *compiled; /* a table asks for millions */
	const size_t *at;
	size_t sign;

	fp_assert(compiled || fp_regexp_new(&compiled, grammar, 1, NULL) == FP_OK);
	if (fp_regexp_find(compiled, &at, text, strlen(text), 0) <= 0 || (at[2 * FRONT] != (size_t)-1 && at[2 * BEHIND] != (size_t)-1))
		return 0;
	*value = strtod(text + at[2 * LAST], NULL);
	if (at[2 * MINUTES] != (size_t)-1)
		*value = (double)strtol(text + at[2 * MINUTES], NULL, 10) + *value / 60;
	*value = (double)strtol(text + at[2 * DEGREES], NULL, 10) + *value / 60;
	sign = at[2 * FRONT] != (size_t)-1 ? at[2 * FRONT] : at[2 * BEHIND];
	if (sign != (size_t)-1 && strchr("swSW-", text[sign]))
		*value = -*value;
	return 1;
}

int fp_delimited_coordinate(double *value, const struct fp_delimited_point *how, const char *field)
{
	char *text;
	int is;

	if (!how->dms)
		return fp_delimited_number(value, how->decimal_point, field);
	text = replaced(field, how->decimal_point, '.');
	is = is_dms(value, text);
	free(text);
	return is;
}
