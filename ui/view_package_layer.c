/* A layer of a package: what became of it, all that was left out of it, and both verdicts. ARG: "12 trees_1a2b3c", of package 12. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/packages.h"
#include "ui/app.h"
#include "ui/explain.h"
#include "ui/format.h"
#include "ui/package_text.h"
#include "ui/views.h"

struct data { int found; };

static const struct { const char *action, *means; } actions[] = {
	{ "offline", "offline: its features are in data.gpkg, devices edit them" },
	{ "copy", "copy: its files are in the package" },
	{ "online", "online: devices read it where it is" },
	{ "untouched", "untouched: it stays as the project has it" },
	{ "removed", "removed: it is not in the package" },
};

static const char *meaning(const char *action)
{
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].action, action) == 0)
			return actions[i].means;
	return action;
}

static void add_verdict(struct fp_view *v, const char *title, const char *text)
{
	json_t *verdict = NULL;
	const char *code;

	if (!*text || fp_json_parse(&verdict, text, strlen(text), NULL))
		return;
	code = fp_json_str_or(verdict, "error_code", "");
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "%s", title);
	fp_explain_fact(v, strcmp(code, "no_error") == 0 ? FP_STYLE_GOOD : FP_STYLE_BAD, "Status", code);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Error summary", fp_json_str_or(verdict, "error_summary", ""));
	fp_explain_fact(v, FP_STYLE_NORMAL, "Provider summary", fp_json_str_or(verdict, "provider_summary", ""));
	fp_explain_fact(v, FP_STYLE_NORMAL, "Data source", fp_json_str_or(verdict, "datasource", ""));
	fp_explain(v, verdict);
	json_decref(verdict);
}

static void add(void *arg, const struct fp_package_layer_row *r)
{
	struct fp_view *v = arg;
	struct data *d = v->data;
	char count[FP_FORMAT_SIZE];

	if (strcmp(r->id, strchr(v->arg, ' ') + 1) != 0)
		return;
	d->found = 1;
	free(v->label);
	v->label = fp_strdup(*r->name ? r->name : r->id);
	free(v->head);
	v->head = fp_asprintf("%s in package %.*s: %s", v->label, (int)strcspn(v->arg, " "), v->arg, r->action);
	fp_explain_fact(v, strcmp(r->action, "removed") == 0 ? FP_STYLE_WARN : FP_STYLE_NORMAL, "Action", meaning(r->action));
	fp_explain_fact(v, FP_STYLE_NORMAL, "Table", r->table);
	if (*r->table)
		fp_explain_fact(v, FP_STYLE_NORMAL, "Features", fp_format_count(count, r->features));
	fp_explain_fact(v, FP_STYLE_NORMAL, "Key", *r->pk || !*r->table ? r->pk : "none that QField could use");
	fp_explain_fact(v, FP_STYLE_WARN, "Read-only", r->read_only ? "yes: devices cannot edit it" : "");
	fp_explain_fact(v, FP_STYLE_NORMAL, "Layer id", r->id);
	if (r->n_skipped)
		fp_rows_line(&v->lines, FP_STYLE_HEADER, "Left out: %s row%s", fp_format_count(count, r->n_skipped), fp_text_s(r->n_skipped));
	fp_package_add_skipped(v, 2, r->skipped, SIZE_MAX, NULL);
	if (r->n_warnings)
		fp_rows_line(&v->lines, FP_STYLE_HEADER, "Warnings");
	fp_package_add_warnings(v, 2, r->warnings, SIZE_MAX, NULL);
	add_verdict(v, "In the project", r->source);
	add_verdict(v, "In the package", r->packaged);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	int64_t package = strtoll(v->arg, NULL, 10);
	enum fp_status st;

	d->found = 0;
	st = fp_package_layers(v->console->store, package, 0, INT32_MAX, add, v, err);
	if (st == FP_OK && !d->found)
		st = fp_fail(err, FP_E_NOTFOUND, "package %lld has no layer %s, or is gone", (long long)package, strchr(v->arg, ' ') + 1);
	return st;
}

const struct fp_view_ops fp_view_package_layer = {
	.name = "package-layer", .title = "Layer", .context = FP_IN_TEXT, .watch = FP_KIND_PACKAGE, .data_size = sizeof(struct data), .load = load,
};
