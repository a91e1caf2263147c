#include "engine/prober/answer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"

#define WORDS_MAX 1024
#define SECRET_LEAST 4

json_t *fp_answer_words(const char *words)
{
	char *line = fp_strdup(words), *clean, cut[WORDS_MAX];
	size_t n = strlen(line);
	json_t *v;

	while (n && strchr(" \r\n\t", line[n - 1]))
		line[--n] = '\0';
	for (char *p = line; *p; p++)
		if (strchr("\r\n\t", *p))
			*p = ' ';
	clean = fp_text_clean(line);
	fp_text_into(cut, sizeof cut, clean);
	v = json_string(cut);
	free(clean);
	free(line);
	return v;
}

void fp_answer_fault(json_t *answer, const char *stage, const char *cause, const char *fmt, ...)
{
	struct fp_buf words = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&words, fmt, ap);
	va_end(ap);
	json_object_set_new(answer, "stage", json_string(stage));
	json_object_set_new(answer, "cause", json_string(cause));
	json_object_set_new(answer, "error", fp_answer_words(words.data));
	fp_buf_free(&words);
}

static json_t *without(const char *text, const char *secret)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *hit;
	json_t *v;

	for (; (hit = strstr(text, secret)); text = hit + strlen(secret)) {
		fp_buf_add(&b, text, (size_t)(hit - text));
		fp_buf_adds(&b, "***");
	}
	fp_buf_adds(&b, text);
	v = json_string(b.data);
	fp_buf_free(&b);
	return v;
}

void fp_answer_redact(json_t *answer, const char *secret)
{
	static const char *const said[] = {"error", "filter_error", "url", "content_type"};

	if (strlen(secret) < SECRET_LEAST)
		return;
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		const char *text = fp_json_str_or(answer, said[i], "");
		if (strstr(text, secret))
			json_object_set_new(answer, said[i], without(text, secret));
	}
}
