#include "engine/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t fp_now_ms(void)
{
	return now(CLOCK_REALTIME);
}

int64_t fp_monotonic_ms(void)
{
	return now(CLOCK_MONOTONIC);
}

char *fp_time_iso(char out[FP_TIME_ISO_SIZE], int64_t ms)
{
	int64_t s = ms / 1000, frac = ms % 1000;
	time_t t;
	struct tm tm;

	if (frac < 0) {
		frac += 1000;
		s--;
	}
	t = (time_t)s;
	if (!gmtime_r(&t, &tm) || tm.tm_year > 8099 || tm.tm_year < -1900) {
		snprintf(out, FP_TIME_ISO_SIZE, "1970-01-01T00:00:00.000+00:00");
		return out;
	}
	snprintf(out, FP_TIME_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03d+00:00", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)frac);
	return out;
}

/* Exactly N digits at *P within [LO, HI]. */
static int digits(const char **p, int n, int lo, int hi, int *value)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return -1;
		v = v * 10 + ((*p)[i] - '0');
	}
	*p += n;
	*value = v;
	return v < lo || v > hi ? -1 : 0;
}

static int zone(const char **p, int *minutes)
{
	int sign, h, m = 0;

	*minutes = 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return 0;
	}
	if (**p != '+' && **p != '-')
		return 0;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (digits(p, 2, 0, 23, &h))
		return -1;
	if (**p == ':')
		(*p)++;
	if (isdigit((unsigned char)**p) && digits(p, 2, 0, 59, &m))
		return -1;
	*minutes = sign * (h * 60 + m);
	return 0;
}

int fp_time_parse(int64_t *ms, const char *text)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct tm tm = {0};
	const char *p = text;
	int frac = 0, offset;

	if (digits(&p, 4, 0, 9999, &tm.tm_year) || *p++ != '-' || digits(&p, 2, 1, 12, &tm.tm_mon) || *p++ != '-' ||
			digits(&p, 2, 1, month_days[tm.tm_mon - 1], &tm.tm_mday))
		return -1;
	if (tm.tm_mon == 2 && tm.tm_mday == 29 &&
			(tm.tm_year % 4 != 0 || (tm.tm_year % 100 == 0 && tm.tm_year % 400 != 0)))
		return -1;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p++;
		if (digits(&p, 2, 0, 23, &tm.tm_hour) || *p++ != ':' || digits(&p, 2, 0, 59, &tm.tm_min))
			return -1;
		if (*p == ':') {
			p++;
			if (digits(&p, 2, 0, 60, &tm.tm_sec))
				return -1;
			if (*p == '.') {
				int scale = 100;
				if (!isdigit((unsigned char)*++p))
					return -1;
				for (; isdigit((unsigned char)*p); p++, scale /= 10)
					frac += (*p - '0') * scale;
			}
		}
		if (zone(&p, &offset))
			return -1;
	} else {
		offset = 0;
	}
	if (*p)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ms = ((int64_t)timegm(&tm) - (int64_t)offset * 60) * 1000 + frac;
	return 0;
}

char *fp_time_span(char out[16], int64_t ms)
{
	long long s = ms / 1000;

	if (ms < 0)
		snprintf(out, 16, "0 s");
	else if (s < 10)
		snprintf(out, 16, "%lld.%lld s", s, (long long)(ms % 1000) / 100);
	else if (s < 90)
		snprintf(out, 16, "%lld s", s);
	else if (s < 90 * 60)
		snprintf(out, 16, "%lld min", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, 16, "%lld h", s / 3600);
	else
		snprintf(out, 16, "%.0f d", (double)(s / 86400));
	return out;
}
