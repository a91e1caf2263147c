#include "ui/explain.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "ui/wrap.h"

#define LABEL 17 /* columns in front of a fact */

void fp_explain_fact(struct fp_view *v, unsigned style, const char *label, const char *text)
{
	char *line = fp_asprintf("%-*s%s", LABEL, label, text);

	if (*text)
		fp_wrap(&v->lines, style, v->width, LABEL, line);
	free(line);
}

static void list(struct fp_view *v, unsigned style, const char *label, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
		if (json_is_string(text))
			fp_explain_fact(v, style, i ? "" : label, json_string_value(text));
}

/* A mark is a word and a style, so that it can be read without colours too. */
static void stage(struct fp_view *v, const char *name, const char *mark, const char *text)
{
	static const struct {
		const char *mark, *shown;
		unsigned style;
	} marks[] = {{"ok", "ok", FP_STYLE_NORMAL}, {"warning", "WARN", FP_STYLE_WARN}, {"fail", "FAIL", FP_STYLE_BAD}, {"unknown", "?", FP_STYLE_WARN},
		{"not reached", "-", FP_STYLE_DIM}};
	char *label;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (strcmp(marks[i].mark, mark) != 0)
			continue;
		label = fp_asprintf("%-4s %s", marks[i].shown, name);
		if (strlen(label) >= LABEL - 1) { /* a long name has its finding below it */
			fp_rows_line(&v->lines, marks[i].style, "%s", label);
			fp_explain_fact(v, marks[i].style, "", text);
		} else if (*text) {
			fp_explain_fact(v, marks[i].style, label, text);
		} else {
			fp_rows_line(&v->lines, marks[i].style, "%s", label);
		}
		free(label);
	}
}

void fp_explain(struct fp_view *v, const json_t *verdict)
{
	const char *sentence = fp_json_str_or(verdict, "sentence", ""), *detail = fp_json_str_or(verdict, "detail", "");
	const json_t *s;
	size_t i;

	fp_explain_fact(v, FP_STYLE_BAD, "What is wrong", sentence);
	if (strcmp(sentence, detail) != 0)
		fp_explain_fact(v, FP_STYLE_NORMAL, "In detail", detail);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Whose job", fp_json_str_or(verdict, "owner", ""));
	fp_explain_fact(v, FP_STYLE_BOLD, "Next step", fp_json_str_or(verdict, "remedy", ""));
	list(v, FP_STYLE_BOLD, "Instead", json_object_get(verdict, "instead"));
	list(v, FP_STYLE_WARN, "Warnings", json_object_get(verdict, "warnings"));
	list(v, FP_STYLE_NORMAL, "Needs the secret", json_object_get(verdict, "uses"));
	if (json_array_size(json_object_get(verdict, "stages")))
		fp_rows_line(&v->lines, FP_STYLE_HEADER, "What was looked at");
	json_array_foreach(json_object_get(verdict, "stages"), i, s)
		stage(v, fp_json_str_or(s, "stage", ""), fp_json_str_or(s, "mark", ""), fp_json_str_or(s, "text", ""));
}
