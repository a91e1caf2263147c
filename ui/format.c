#include "ui/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"

int64_t fp_ui_now(void)
{
	static int64_t fixed = -1;

	if (fixed < 0) {
		const char *text = getenv("FIELDPOST_NOW_MS");
		fixed = text ? strtoll(text, NULL, 10) : 0;
	}
	return fixed > 0 ? fixed : fp_now_ms();
}

char *fp_format_count(char out[FP_FORMAT_SIZE], int64_t n)
{
	return fp_text_count(out, n);
}

char *fp_format_bytes(char out[FP_FORMAT_SIZE], int64_t bytes)
{
	return fp_text_bytes(out, bytes);
}

char *fp_format_time(char out[FP_FORMAT_SIZE], int64_t ms, int width)
{
	time_t t = (time_t)(ms / 1000), now = (time_t)(fp_ui_now() / 1000);
	struct tm then, today;

	out[0] = '\0';
	if (ms == 0)
		return out;
	localtime_r(&t, &then);
	localtime_r(&now, &today);
	if (width >= 19)
		strftime(out, FP_FORMAT_SIZE, "%Y-%m-%d %H:%M:%S", &then);
	else if (width >= 16)
		strftime(out, FP_FORMAT_SIZE, "%Y-%m-%d %H:%M", &then);
	else if (then.tm_year != today.tm_year)
		strftime(out, FP_FORMAT_SIZE, "%Y-%m-%d", &then);
	else
		strftime(out, FP_FORMAT_SIZE, "%m-%d %H:%M", &then);
	return out;
}

char *fp_format_span(char out[FP_FORMAT_SIZE], int64_t ms)
{
	if (ms >= 0 && ms < 1000)
		snprintf(out, FP_FORMAT_SIZE, "%lld ms", (long long)ms);
	else
		fp_time_span(out, ms);
	return out;
}

char *fp_format_age(char out[FP_FORMAT_SIZE], int64_t ms)
{
	char span[16];
	int64_t age = fp_ui_now() - ms;

	out[0] = '\0';
	if (ms == 0)
		return out;
	if (age < 10000) /* tenths of a second would only flicker */
		snprintf(out, FP_FORMAT_SIZE, "%lld s ago", age > 0 ? (long long)age / 1000 : 0LL);
	else
		snprintf(out, FP_FORMAT_SIZE, "%s ago", fp_time_span(span, age));
	return out;
}
