#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/project_acts.h"
#include "ui/views.h"
#include "ui/wrap.h"

#define PAGE 500

struct search { struct fp_view *v; int found; };

static void fact(struct fp_view *v, unsigned style, const char *label, const char *text)
{
	char *line = fp_asprintf("%-16s %s", label, text);

	if (*text)
		fp_wrap(&v->lines, style, v->width, 17, line);
	free(line);
}

static void add_warnings(struct fp_view *v, const char *warnings)
{
	json_t *root = NULL, *w;
	size_t i;

	if (!*warnings || fp_json_parse(&root, warnings, strlen(warnings), NULL))
		return;
	json_array_foreach(root, i, w)
		fact(v, FP_STYLE_WARN, i ? "" : "Warnings", json_is_string(w) ? json_string_value(w) : "");
	json_decref(root);
}

static void add_raw(struct fp_view *v, const char *json)
{
	json_t *root = NULL;
	char *text;

	if (!*json || fp_json_parse(&root, json, strlen(json), NULL))
		return;
	text = json_dumps(root, JSON_INDENT(2));
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "The whole verdict");
	fp_wrap(&v->lines, FP_STYLE_DIM, v->width, 0, text);
	free(text);
	json_decref(root);
}

static void add(void *arg, const struct fp_layer_row *r)
{
	struct search *s = arg;
	struct fp_view *v = s->v;
	char age[FP_FORMAT_SIZE], *checked;
	size_t from;

	if (s->found || strcmp(r->layer_id, v->arg) != 0)
		return;
	s->found = 1;
	free(v->label);
	v->label = fp_strdup(r->name);
	free(v->head);
	v->head = fp_asprintf("%s: %s", r->name, r->status);
	fact(v, fp_status_style(r->status), "Status", r->status);
	fact(v, FP_STYLE_NORMAL, "Is valid", r->is_valid > 0 ? "yes" : r->is_valid == 0 ? "no" : "not known");
	fact(v, FP_STYLE_BAD, "Error summary", r->error_summary);
	fact(v, FP_STYLE_BAD, "Provider summary", r->provider_summary);
	fact(v, FP_STYLE_NORMAL, "In words", r->detail);
	fact(v, FP_STYLE_BOLD, "What to do", r->remedy);
	add_warnings(v, r->warnings);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "The layer");
	fact(v, FP_STYLE_NORMAL, "Layer id", r->layer_id);
	fact(v, FP_STYLE_NORMAL, "Type", r->type);
	fact(v, FP_STYLE_NORMAL, "Data provider", r->provider);
	fact(v, FP_STYLE_NORMAL, "Data source", r->datasource);
	fact(v, FP_STYLE_NORMAL, "File", r->filename);
	fact(v, FP_STYLE_NORMAL, "CRS", r->crs);
	fact(v, FP_STYLE_NORMAL, "Primary key", r->pk);
	from = v->lines.n;
	checked = fp_asprintf("%s in job %lld, %s", r->confidence, (long long)r->job_id, fp_format_age(age, r->at));
	fact(v, FP_STYLE_NORMAL, "Checked", checked);
	fp_rows_link(&v->lines, from, "job %lld", (long long)r->job_id);
	free(checked);
	add_raw(v, r->json);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct search s = { v, 0 };
	struct fp_query q = { .project_id = v->project };
	enum fp_status st;
	int64_t n = 0;

	st = fp_layer_count(v->console->store, &q, &n, err);
	for (int64_t at = 0; st == FP_OK && !s.found && at < n; at += PAGE)
		st = fp_layer_list(v->console->store, &q, at, PAGE, add, &s, err);
	if (st == FP_OK && !s.found)
		fp_wrap(&v->lines, FP_STYLE_WARN, v->width, 0, "The newest check does not know this layer: it was removed from the project, or never was in it.");
	return st;
}

const struct fp_view_ops fp_view_layer = {
	.name = "layer", .title = "Layer", .context = FP_IN_TEXT | FP_IN_LAYER, .watch = FP_KIND_LAYER, .load = load, .menu = fp_project_menu_here, .chosen = fp_project_chosen,
};
