#include "engine/layers/delimited_point.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/layers/regexp.h"

/* FIELD with every WHAT replaced by a point. Caller frees. */
static char *with_points(const char *field, const char *what)
{
	size_t n = what ? strlen(what) : 0;
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	while (*field) {
		int here = n > 0 && strncmp(field, what, n) == 0;
		fp_buf_addc(&b, here ? '.' : *field);
		field += here ? n : 1;
	}
	return fp_buf_take(&b);
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
	const char *p = text, *end;

	while (isspace((unsigned char)*p))
		p++;
	end = past_number(p);
	if (end == p)
		return 0;
	while (isspace((unsigned char)*end))
		end++;
	errno = 0;
	strtod(p, NULL);
	return *end == '\0' && errno != ERANGE;
}

/* A sign or hemisphere, degrees, perhaps minutes, then the smallest part, with anything between them that is neither digit nor point. */
static int is_dms(const char *text)
{
	static const char grammar[] = "^\\s*([-+nsew]\\s*)?\\d{1,3}([^0-9.]+[0-5]?\\d)?[^0-9.]+[0-5]?\\d(\\.\\d+)?[^0-9.]*[-+nsew]?\\s*$";
	struct fp_regexp *r;
	const size_t *spans;
	int found;

	fp_assert(fp_regexp_new(&r, grammar, 1, NULL) == FP_OK);
	found = fp_regexp_find(r, &spans, text, strlen(text), 0) > 0;
	fp_regexp_free(r);
	return found;
}

int fp_delimited_is_coordinate(const struct fp_delimited_point *how, const char *field)
{
	char *text = with_points(field, how->decimal_point);
	int is = how->dms ? is_dms(text) : is_number(text);

	free(text);
	return is;
}
