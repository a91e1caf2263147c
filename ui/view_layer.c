#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/explain.h"
#include "ui/format.h"
#include "ui/project_acts.h"
#include "ui/views.h"
#include "ui/wrap.h"

#define PAGE 500

struct search { struct fp_view *v; int found; };

static void explain(struct fp_view *v, const char *json)
{
	json_t *verdict = NULL;

	if (*json && fp_json_parse(&verdict, json, strlen(json), NULL) == FP_OK)
		fp_explain(v, verdict);
	json_decref(verdict);
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
	fp_explain_fact(v, fp_status_style(r->status), "Status", r->status);
	explain(v, r->json);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "The layer");
	fp_explain_fact(v, FP_STYLE_NORMAL, "Error summary", r->error_summary);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Provider summary", r->provider_summary);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Layer id", r->layer_id);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Type", r->type);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Data provider", r->provider);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Data source", r->datasource);
	fp_explain_fact(v, FP_STYLE_NORMAL, "File", r->filename);
	fp_explain_fact(v, FP_STYLE_NORMAL, "CRS", r->crs);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Primary key", r->pk);
	from = v->lines.n;
	checked = fp_asprintf("%s in job %lld, %s", r->confidence, (long long)r->job_id, fp_format_age(age, r->at));
	fp_explain_fact(v, FP_STYLE_NORMAL, "Checked", checked);
	fp_rows_link(&v->lines, from, "job %lld", (long long)r->job_id);
	free(checked);
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
