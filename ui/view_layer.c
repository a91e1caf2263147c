#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/checks.h"
#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/explain.h"
#include "ui/format.h"
#include "ui/project_acts.h"
#include "ui/views.h"
#include "ui/wrap.h"

/* While load() runs: the job that began the verdict above. */
struct data { int64_t newer_job; };

static void explain(struct fp_view *v, const char *json)
{
	json_t *verdict = NULL;

	if (*json && fp_json_parse(&verdict, json, strlen(json), NULL) == FP_OK)
		fp_explain(v, verdict);
	json_decref(verdict);
}

static void add_since(struct fp_view *v, const struct fp_layer_row *r)
{
	char time[FP_FORMAT_SIZE], age[FP_FORMAT_SIZE];
	char *line = fp_asprintf("%s, %s%s%s", fp_format_time(time, r->since, 19), fp_format_age(age, r->since), *r->previous ? "; before that " : "",
		r->previous);

	fp_explain_fact(v, fp_status_style(r->changed), "Changed", r->changed);
	fp_explain_fact(v, FP_STYLE_NORMAL, "Since", line);
	free(line);
}

static void add(void *arg, const struct fp_layer_row *r)
{
	struct fp_view *v = arg;
	char age[FP_FORMAT_SIZE], *checked;
	size_t from;

	free(v->label);
	v->label = fp_strdup(r->name);
	free(v->head);
	v->head = fp_asprintf("%s: %s", r->name, strcmp(r->changed, "gone") == 0 ? r->changed : r->status);
	fp_explain_fact(v, fp_status_style(r->status), "Status", r->status);
	add_since(v, r);
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

/* ---- history ---- */

static void add_event(struct fp_view *v, int64_t at, int64_t job, const char *status, const char *sentence)
{
	char time[FP_FORMAT_SIZE], *command = fp_asprintf("job %lld", (long long)job);

	fp_wrap_link(&v->lines, fp_status_style(status), v->width, 22, command, "  %s job %lld: %s%s%s", fp_format_time(time, at, 19), (long long)job, status,
		*sentence ? ". " : "", sentence);
	free(command);
}

/* The beginning of each verdict is an event; so is the run in which the layer was not there, where no other verdict began. */
static void add_verdict(void *arg, const struct fp_verdict_row *r)
{
	struct fp_view *v = arg;
	struct data *d = v->data;

	if (!d->newer_job)
		fp_rows_line(&v->lines, FP_STYLE_HEADER, "History");
	if (r->ended_job && r->ended_job != d->newer_job)
		add_event(v, r->ended, r->ended_job, "gone", "");
	add_event(v, r->since, r->first_job, r->status, r->sentence);
	d->newer_job = r->first_job;
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st = fp_layer_get(v->console->store, v->project, v->arg, add, v, err);

	if (st == FP_E_NOTFOUND) {
		fp_wrap(&v->lines, FP_STYLE_WARN, v->width, 0, "The newest check does not know this layer: it was removed from the project, or never was in it.");
		st = FP_OK;
	}
	if (st == FP_OK)
		st = fp_verdict_list(v->console->store, v->project, v->arg, add_verdict, v, err);
	*d = (struct data){0};
	return st;
}

const struct fp_view_ops fp_view_layer = {
	.name = "layer", .title = "Layer", .context = FP_IN_TEXT | FP_IN_LAYER, .watch = FP_KIND_LAYER,
	.data_size = sizeof(struct data), .load = load, .menu = fp_project_menu_here, .chosen = fp_project_chosen,
};
