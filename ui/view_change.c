#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/changes.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/views.h"
#include "ui/wrap.h"

struct data { int64_t id; };

static void add_text(struct fp_view *v, unsigned style, int indent, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void add_text(struct fp_view *v, unsigned style, int indent, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	fp_wrap(&v->lines, style, v->width, indent, b.data);
	fp_buf_free(&b);
}

/* ---- old and requested ---- */

static void add_value(struct fp_view *v, unsigned style, const char *label, const json_t *value)
{
	char *text = json_is_string(value) ? fp_asprintf("\"%s\"", json_string_value(value)) : value ? fp_json_dump(value) : fp_strdup("(not sent)");

	add_text(v, style, 14, "    %-9s %s", label, text);
	free(text);
}

static void add_field(struct fp_view *v, const char *name, const json_t *old, const json_t *requested)
{
	int same = old && requested && json_equal(old, requested);

	add_text(v, FP_STYLE_BOLD, 2, "  %s%s", name, same ? " (unchanged)" : "");
	if (old)
		add_value(v, FP_STYLE_NORMAL, "old", old);
	if (requested)
		add_value(v, same ? FP_STYLE_DIM : FP_STYLE_GOOD, "requested", requested);
}

static void add_fields(struct fp_view *v, const json_t *old, const json_t *requested)
{
	json_t *a = json_object_get(old, "attributes"), *b = json_object_get(requested, "attributes"), *value;
	const json_t *g = json_object_get(old, "geometry"), *h = json_object_get(requested, "geometry");
	const char *key;

	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Fields");
	json_object_foreach(b, key, value)
		add_field(v, key, json_object_get(a, key), value);
	json_object_foreach(a, key, value)
		if (!json_object_get(b, key))
			add_field(v, key, value, NULL);
	if (g || h)
		add_field(v, "geometry", g, h);
	if (json_object_size(a) + json_object_size(b) == 0 && !g && !h)
		fp_rows_line(&v->lines, FP_STYLE_DIM, "  none");
}

/* ---- the whole ---- */

static void add_raw(struct fp_view *v, const json_t *body)
{
	char *text = json_dumps(body, JSON_INDENT(2) | JSON_ENCODE_ANY);

	fp_rows_line(&v->lines, FP_STYLE_HEADER, "As it came");
	if (text)
		fp_wrap(&v->lines, FP_STYLE_DIM, v->width, 0, text);
	free(text);
}

static void add_change(void *arg, const struct fp_change_row *r)
{
	struct fp_view *v = arg;
	enum fp_action staged = fp_staging_get(&v->console->staging, r->id);
	char time[FP_FORMAT_SIZE], age[FP_FORMAT_SIZE];
	json_t *body = NULL;

	((struct data *)v->data)->id = r->id;
	snprintf(v->project, sizeof v->project, "%s", r->project_id);
	free(v->project_name);
	v->project_name = fp_strdup(r->project_name);
	free(v->head);
	v->head = fp_asprintf("%s on %s, feature %s: %s", r->method, r->layer_name, *r->feature_pk ? r->feature_pk : "(new)", r->status);
	add_text(v, fp_status_style(r->status), 10, "Status    %s%s%s", r->status, *r->msg ? ": " : "", r->msg);
	add_text(v, staged ? FP_STYLE_STAGED : FP_STYLE_DIM, 10, "Action    %s", staged ? fp_action_word(staged) : "none staged (a)");
	add_text(v, FP_STYLE_NORMAL, 10, "Pushed    %s (%s) by %s", fp_format_time(time, r->created_at, 19), fp_format_age(age, r->created_at),
		r->created_by);
	add_text(v, FP_STYLE_NORMAL, 10, "Layer     %s (%s)", r->layer_name, r->layer_id);
	add_text(v, FP_STYLE_NORMAL, 10, "Keys      here %s, on the device %s, client %s", *r->feature_pk ? r->feature_pk : "none", r->local_pk,
		*r->client_id ? r->client_id : "unknown");
	if (r->job_id) {
		size_t from = v->lines.n;
		add_text(v, FP_STYLE_NORMAL, 10, "Last job  %lld", (long long)r->job_id);
		fp_rows_link(&v->lines, from, "job %lld", (long long)r->job_id);
	}
	if (r->body && fp_json_parse(&body, r->body, strlen(r->body), NULL) == FP_OK)
		add_fields(v, json_object_get(body, "old"), json_object_get(body, "new"));
	if (body)
		add_raw(v, body);
	json_decref(body);
}

static void add_attempt(void *arg, const struct fp_attempt_row *r)
{
	struct fp_view *v = arg;
	char time[FP_FORMAT_SIZE];
	size_t from = v->lines.n;

	add_text(v, fp_status_style(r->outcome), 4, "  %s %s by %s in job %lld: %s%s%s", fp_format_time(time, r->at, 19), r->action, r->who,
		(long long)r->job_id, *r->outcome ? r->outcome : "not ended", *r->msg ? ", " : "", r->msg);
	if (*r->conflicts)
		add_text(v, FP_STYLE_NORMAL, 6, "    conflicts: %s", r->conflicts);
	if (*r->provider_errors)
		add_text(v, FP_STYLE_NORMAL, 6, "    the driver said: %s", r->provider_errors);
	fp_rows_link(&v->lines, from, "job %lld", (long long)r->job_id);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st = fp_change_get(v->console->store, *v->project ? v->project : NULL, v->arg, add_change, v, err);
	size_t before;

	if (st)
		return st;
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Attempts");
	before = v->lines.n;
	st = fp_change_attempts(v->console->store, d->id, add_attempt, v, err);
	if (v->lines.n == before)
		fp_rows_line(&v->lines, FP_STYLE_DIM, "  none yet");
	return st;
}

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	fp_staging_menu(c, m, &((struct data *)v->data)->id, 1, "Action");
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	(void)v;
	return fp_staging_chosen(c, item);
}

const struct fp_view_ops fp_view_change = {
	.name = "change", .title = "Change", .context = FP_IN_TEXT | FP_IN_CHANGE, .watch = FP_KIND_CHANGE, .data_size = sizeof(struct data),
	.load = load, .menu = menu, .chosen = chosen,
};
