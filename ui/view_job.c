#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/jobs.h"
#include "engine/store/packages.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/job_text.h"
#include "ui/views.h"
#include "ui/wrap.h"

/* The log goes on below the lines of load(); its rows are numbered from 1 without a gap. */

/* IN_VAIN: it should have made a package. AMOUNT: while load() runs, what is said of the step that runs. */
struct data { int64_t id; int active, opened, in_vain; unsigned lacks; char *amount; };

static unsigned verdict_style(const struct fp_job_row *r)
{
	return strcmp(r->status, "failed") == 0 ? FP_STYLE_BAD : FP_STYLE_NORMAL;
}

static void add_facts(struct fp_view *v, const struct fp_job_row *r)
{
	char time[FP_FORMAT_SIZE], age[FP_FORMAT_SIZE], span[FP_FORMAT_SIZE], bytes[FP_FORMAT_SIZE];
	struct fp_buf b = FP_BUF_INIT;
	size_t from = v->lines.n;

	fp_rows_line(&v->lines, FP_STYLE_NORMAL, "Project   %s", r->project_name);
	fp_rows_link(&v->lines, from, "project %s", r->project_id);
	fp_buf_addf(&b, "Asked for %s (%s) by %s, because of: %s", fp_format_time(time, r->created_at, 19), fp_format_age(age, r->created_at),
		r->created_by, r->trigger);
	fp_wrap(&v->lines, FP_STYLE_NORMAL, v->width, 10, b.data);
	fp_buf_clear(&b);
	if (r->started_at)
		fp_buf_addf(&b, "Started   %s, %s %s", fp_format_time(time, r->started_at, 19), r->finished_at ? "took" : "runs for",
			fp_format_span(span, fp_job_took(r)));
	if (r->peak_kb > 0)
		fp_buf_addf(&b, ", peak memory %s", fp_format_bytes(bytes, r->peak_kb * 1024));
	if (r->signal)
		fp_buf_addf(&b, ", ended by signal %lld", (long long)r->signal);
	if (b.len > 0)
		fp_wrap(&v->lines, FP_STYLE_NORMAL, v->width, 10, b.data);
	if (strcmp(r->status, "stopped") == 0)
		fp_rows_line(&v->lines, FP_STYLE_NORMAL, "Stopped   %s (%s)", fp_format_time(time, r->finished_at, 19), fp_format_age(age, r->finished_at));
	fp_buf_free(&b);
}

/* A flat JSON object in words: "layers 4, ok 2"; what is true is named alone, what is false with "no". */
static void add_object(struct fp_view *v, const char *label, const char *json)
{
	struct fp_buf b = FP_BUF_INIT;
	json_t *root = NULL, *value;
	const char *key, *between = " ";

	if (!*json || fp_json_parse(&root, json, strlen(json), NULL))
		return;
	fp_buf_adds(&b, label);
	json_object_foreach(root, key, value) {
		char *text = json_is_string(value) ? fp_strdup(json_string_value(value)) : fp_json_dump(value);
		if (json_is_boolean(value))
			fp_buf_addf(&b, "%s%s%s", between, json_is_true(value) ? "" : "no ", key);
		else
			fp_buf_addf(&b, "%s%s %s", between, key, text);
		between = ", ";
		free(text);
	}
	fp_wrap(&v->lines, FP_STYLE_DIM, v->width, 10, b.data);
	fp_buf_free(&b);
	json_decref(root);
}

static void add_job(void *arg, const struct fp_job_row *r)
{
	struct fp_view *v = arg;
	struct data *d = v->data;
	struct fp_buf b = FP_BUF_INIT;

	d->active = fp_job_active(r);
	d->lacks = fp_job_lacks(r->type, r->status);
	d->in_vain = strcmp(r->type, "package") == 0 && (strcmp(r->status, "failed") == 0 || strcmp(r->status, "stopped") == 0);
	v->live = d->active;
	if (!d->opened)
		v->follow = d->active;
	d->opened = 1;
	snprintf(v->project, sizeof v->project, "%s", r->project_id);
	free(v->project_name);
	v->project_name = fp_strdup(r->project_name);
	fp_job_sentence(&b, r);
	free(v->head);
	v->head = fp_asprintf("%s %s: %s", r->type, r->status, b.data);
	fp_wrap(&v->lines, verdict_style(r), v->width, 0, b.data);
	fp_buf_clear(&b);
	if (d->active)
		fp_job_amount(&b, r);
	d->amount = fp_strdup(b.len ? b.data : "");
	if (*r->hint)
		fp_wrap(&v->lines, FP_STYLE_BOLD, v->width, 2, r->hint);
	add_facts(v, r);
	if (strcmp(r->type, "process_projectfile") == 0 && strcmp(r->status, "finished") == 0) {
		fp_rows_line(&v->lines, FP_STYLE_NORMAL, "Layers    as this project's newest check found them: Enter");
		fp_rows_link(&v->lines, v->lines.n - 1, "layers %s", r->project_id);
	}
	if (strcmp(r->type, "delta_apply") == 0 && !d->active && strcmp(r->status, "pending") != 0) {
		fp_rows_line(&v->lines, FP_STYLE_NORMAL, "Changes   what became of each: Enter");
		fp_rows_link(&v->lines, v->lines.n - 1, "changes %s job:%lld", r->project_id, (long long)r->id);
	}
	if (strcmp(r->type, "package") == 0 && strcmp(r->status, "finished") == 0) {
		fp_rows_line(&v->lines, FP_STYLE_NORMAL, "Package   what is in it: Enter");
		fp_rows_link(&v->lines, v->lines.n - 1, "package %lld", (long long)r->id);
	}
	add_object(v, "Result   ", r->result);
	add_object(v, "Sandbox  ", r->sandbox);
	fp_buf_free(&b);
}

static void add_step(void *arg, const struct fp_step_row *r)
{
	struct fp_view *v = arg;
	int64_t until = r->finished_at ? r->finished_at : fp_ui_now();
	struct fp_buf b = FP_BUF_INIT;
	char span[FP_FORMAT_SIZE];

	fp_buf_addf(&b, "  %-9s %s", r->state, r->name);
	if (r->started_at)
		fp_buf_addf(&b, ", %s", fp_format_span(span, until - r->started_at));
	if (strcmp(r->state, "started") == 0)
		fp_buf_adds(&b, ((struct data *)v->data)->amount);
	if (*r->message)
		fp_buf_addf(&b, ": %s", r->message);
	fp_wrap(&v->lines, fp_status_style(r->state), v->width, 12, b.data);
	fp_buf_free(&b);
}

/* Whoever sees that it failed asks what devices get now. */
static enum fp_status add_newest(struct fp_view *v, struct fp_error *err)
{
	int64_t newest = 0;
	enum fp_status st = fp_package_before(v->console->store, v->project, 0, &newest, err);

	if (st == FP_OK && newest) {
		fp_rows_line(&v->lines, FP_STYLE_NORMAL, "Devices   get package %lld: Enter", (long long)newest);
		fp_rows_link(&v->lines, v->lines.n - 1, "package %lld", (long long)newest);
	} else if (st == FP_OK) {
		fp_rows_line(&v->lines, FP_STYLE_WARN, "Devices   get nothing: there is no package yet");
	}
	return st;
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st;
	int64_t n = 0;

	d->id = strtoll(v->arg, NULL, 10);
	st = fp_job_get(v->console->store, d->id, add_job, v, err);
	if (st == FP_OK && d->in_vain)
		st = add_newest(v, err);
	if (st)
		return st;
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Steps");
	st = fp_job_steps(v->console->store, d->id, add_step, v, err);
	free(d->amount);
	d->amount = NULL;
	if (st == FP_OK)
		st = fp_job_log_count(v->console->store, d->id, &n, err);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, n > 0 ? "Log" : d->active ? "Log (nothing yet)" : "Log (nothing was written, or it was removed by age)");
	return st;
}

static void add_line(void *arg, const struct fp_log_row *r)
{
	struct fp_rows *to = arg;
	char time[FP_FORMAT_SIZE];
	int alarm = strcmp(r->level, "error") == 0, warning = strcmp(r->level, "warning") == 0;

	fp_rows_line(to, alarm ? FP_STYLE_BAD : warning ? FP_STYLE_WARN : FP_STYLE_NORMAL, "%s %s%s", fp_format_time(time, r->at, 19) + 11,
		alarm ? "ERROR " : warning ? "WARNING " : "", r->text);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	(void)q;
	return fp_job_log_lines(v->console->store, ((struct data *)v->data)->id, offset, limit, add_line, to, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	(void)q;
	return fp_job_log_count(v->console->store, ((struct data *)v->data)->id, n, err);
}

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	fp_job_menu(c, m, ((struct data *)v->data)->id);
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	(void)v;
	return fp_job_chosen(c, item);
}

static unsigned without(const struct fp_view *v)
{
	return ((struct data *)v->data)->lacks;
}

const struct fp_view_ops fp_view_job = {
	.name = "job", .title = "Job", .context = FP_IN_TEXT | FP_IN_JOB | FP_IN_APPLIED | FP_IN_ACTIVE, .without = without, .watch = FP_KIND_JOB | FP_KIND_LOG,
	.data_size = sizeof(struct data), .load = load, .count = count, .rows = rows, .menu = menu, .chosen = chosen,
};
