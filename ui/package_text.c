#include "ui/package_text.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "ui/format.h"
#include "ui/wrap.h"

typedef void add_fn(struct fp_view *v, int indent, const json_t *entry, const char *link);

static void add_entries(struct fp_view *v, int indent, const char *json, size_t max, const char *link, add_fn *add)
{
	char count[FP_FORMAT_SIZE];
	json_t *root = NULL;
	const json_t *entry;
	size_t i, n;

	if (!*json || fp_json_parse(&root, json, strlen(json), NULL))
		return;
	n = json_array_size(root);
	json_array_foreach(root, i, entry)
		if (i < max)
			add(v, indent, entry, link);
	if (n > max)
		fp_wrap_link(&v->lines, FP_STYLE_WARN, v->width, indent, link, "%*sand %s more: Enter", indent, "", fp_format_count(count, (int64_t)(n - max)));
	json_decref(root);
}

static void add_skipped(struct fp_view *v, int indent, const json_t *entry, const char *link)
{
	char count[FP_FORMAT_SIZE];
	int64_t n = fp_json_int(entry, "count", 0);

	fp_wrap_link(&v->lines, FP_STYLE_WARN, v->width, indent + 2, link, "%*s%s row%s left out: %s", indent, "", fp_format_count(count, n), fp_text_s(n),
		fp_json_str_or(entry, "reason", "no reason was given"));
}

static void add_warning(struct fp_view *v, int indent, const json_t *entry, const char *link)
{
	const char *code = fp_json_str_or(entry, "code", ""), *detail = fp_json_str_or(entry, "detail", "");

	fp_wrap_link(&v->lines, FP_STYLE_WARN, v->width, indent + 2, link, *detail ? "%*s%s (%s)" : "%*s%s%s", indent, "", detail, code);
}

void fp_package_add_skipped(struct fp_view *v, int indent, const char *skipped, size_t max, const char *link)
{
	add_entries(v, indent, skipped, max, link, add_skipped);
}

void fp_package_add_warnings(struct fp_view *v, int indent, const char *warnings, size_t max, const char *link)
{
	add_entries(v, indent, warnings, max, link, add_warning);
}
