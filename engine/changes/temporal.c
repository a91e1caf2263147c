#include "engine/changes/temporal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"

static int all_digits(const char *p, int n)
{
	for (int i = 0; i < n; i++)
		if (!isdigit((unsigned char)p[i]))
			return 0;
	return 1;
}

/* YYYY?MM?DD into the form with dashes. */
static int date_part(char out[11], const char *text)
{
	if (strnlen(text, 10) < 10 || !all_digits(text, 4) || !all_digits(text + 5, 2) || !all_digits(text + 8, 2) ||
			isdigit((unsigned char)text[4]) || isdigit((unsigned char)text[7]))
		return -1;
	snprintf(out, 11, "%.4s-%.2s-%.2s", text, text + 5, text + 8);
	return 0;
}

/* A time of day is read as one of the first day of the epoch, so that there is one reader. */
static int time_of_day(int64_t *when, const char *text)
{
	char full[64];

	if (strlen(text) > 40 || !all_digits(text, 2) || strpbrk(text, "Zz+-"))
		return -1;
	snprintf(full, sizeof full, "1970-01-01T%s", text);
	return fp_time_parse(when, full);
}

int fp_temporal_read(int64_t *when, enum fp_kind kind, const char *text)
{
	char date[11];

	switch (kind) {
	case FP_KIND_DATE:
		return date_part(date, text) == 0 ? fp_time_parse(when, date) : -1;
	case FP_KIND_DATETIME:
		return fp_time_parse(when, text);
	case FP_KIND_TIME:
		return time_of_day(when, text);
	default:
		return -1;
	}
}


static void zone_part(char out[8], const char *text)
{
	const char *z = strpbrk(text + 10, "+-"), *minutes;

	if (!z) { /* Z, or none: the reference stores both as UTC */
		snprintf(out, 8, "Z");
		return;
	}
	minutes = z[3] == ':' ? z + 4 : z + 3;
	snprintf(out, 8, "%.3s:%.2s", z, isdigit((unsigned char)*minutes) ? minutes : "00");
}

int fp_temporal_text(char out[40], enum fp_kind kind, const char *text)
{
	char zone[8];
	int64_t ms;
	const char *t;

	if (fp_temporal_read(&ms, kind, text) != 0)
		return -1;
	switch (kind) {
	case FP_KIND_DATE:
		date_part(out, text);
		return text[10] == '\0' || text[10] == 'T' || text[10] == ' ' ? 0 : -1;
	case FP_KIND_TIME:
		snprintf(out, 40, "%.5s:%.2s.%03d", text, text[5] == ':' ? text + 6 : "00", (int)(ms % 1000));
		return 0;
	default:
		break;
	}
	t = text[10] ? text + 11 : "00:00:00";
	zone_part(zone, text[10] ? text : "0000-00-00");
	/* GeoPackage wants the milliseconds written out, even when there are none */
	snprintf(out, 40, "%.10sT%.5s:%.2s.%03d%s", text, t, t[5] == ':' ? t + 6 : "00", (int)(((ms % 1000) + 1000) % 1000), zone);
	return 0;
}
