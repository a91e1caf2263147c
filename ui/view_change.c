#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/queue/plan.h"
#include "engine/store/changes.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/shape_map.h"
#include "ui/views.h"
#include "ui/wrap.h"

#define MAP_ROWS 6

/* The change, and what it comes to in the data as it is: asked of a worker when the view opens. */
struct data {
	int64_t id;
	char status[16];
	struct fp_plan *plan;
	int done;
	json_t *body;      /* as it came */
};

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

/* ---- old, requested and current ---- */

static const struct fp_plan_item *item_of(const struct data *d)
{
	size_t n = 0;
	const struct fp_plan_item *items = d->done ? fp_plan_items(d->plan, &n) : NULL;

	return n ? items : NULL;
}

static void add_value(struct fp_view *v, unsigned style, const char *label, const json_t *value)
{
	char *text = json_is_string(value) ? fp_asprintf("\"%s\"", json_string_value(value)) : json_is_null(value) ? fp_strdup("NULL")
		: fp_json_words(value);

	add_text(v, style, 14, "    %-9s %s", label, text);
	free(text);
}

static int alike(const json_t *a, const json_t *b)
{
	return json_is_number(a) && json_is_number(b) ? json_number_value(a) == json_number_value(b) : json_equal(a, b);
}

/* CURRENT NULL: nobody has looked, or the layer has no such field. */
static void add_field(struct fp_view *v, const char *name, const json_t *old, const json_t *requested, const json_t *current)
{
	int same = old && requested && json_equal(old, requested), moved = current && old && !alike(old, current);

	add_text(v, FP_STYLE_BOLD, 2, "  %s%s", name, same ? " (unchanged)" : "");
	if (old)
		add_value(v, FP_STYLE_NORMAL, "old", old);
	if (requested)
		add_value(v, same ? FP_STYLE_DIM : FP_STYLE_GOOD, "requested", requested);
	if (current)
		add_value(v, moved && !(requested && alike(requested, current)) ? FP_STYLE_WARN : FP_STYLE_DIM, "current", current);
}

static void add_fields(struct fp_view *v, const json_t *old, const json_t *requested, const json_t *current)
{
	json_t *a = json_object_get(old, "attributes"), *b = json_object_get(requested, "attributes"), *value;
	const json_t *c = json_object_get(current, "attributes");
	const json_t *g = json_object_get(old, "geometry"), *h = json_object_get(requested, "geometry"), *now = json_object_get(current, "geometry");
	const char *key;

	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Fields");
	json_object_foreach(b, key, value)
		add_field(v, key, json_object_get(a, key), value, json_object_get(c, key));
	json_object_foreach(a, key, value)
		if (!json_object_get(b, key))
			add_field(v, key, value, NULL, json_object_get(c, key));
	if (g || h)
		add_field(v, "geometry", g, h, now);
	if (g || h)
		fp_shape_map(&v->lines, v->width, MAP_ROWS, fp_draw_is_ascii(), json_string_value(g), json_string_value(h), json_string_value(now));
	if (json_object_size(a) + json_object_size(b) == 0 && !g && !h)
		fp_rows_line(&v->lines, FP_STYLE_DIM, "  none");
}

static void add_candidates(struct fp_view *v, const struct fp_plan_item *i)
{
	const json_t *c;
	size_t k;

	json_array_foreach(i->candidates, k, c)
		add_text(v, FP_STYLE_NORMAL, 12, "          feature %s: %s (%s)", fp_json_str_or(c, "key", ""), fp_json_str_or(c, "text", ""),
			fp_json_str_or(c, "why", ""));
}

/* What would come of it now: of one that was applied, of its undo. */
static void add_now(struct fp_view *v, const struct data *d)
{
	const struct fp_plan_item *i = item_of(d);
	int applied = strcmp(d->status, "applied") == 0;

	if (!i)
		add_text(v, FP_STYLE_DIM, 10, "Now       %s", d->plan ? "the data is looked at..." : "not looked at");
	else
		add_text(v, fp_status_style(i->class), 10, "Now       %s%s%s%s", applied ? "an undo: " : "", i->class, *i->why ? ", " : "", i->why);
	if (i)
		add_candidates(v, i);
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
	struct data *d = v->data;
	const struct fp_plan_item *now = item_of(d);
	enum fp_action staged = fp_staging_get(&v->console->staging, r->id);
	char time[FP_FORMAT_SIZE], age[FP_FORMAT_SIZE];
	json_t *body = NULL;

	d->id = r->id;
	snprintf(d->status, sizeof d->status, "%s", r->status);
	snprintf(v->project, sizeof v->project, "%s", r->project_id);
	free(v->project_name);
	v->project_name = fp_strdup(r->project_name);
	free(v->head);
	v->head = fp_asprintf("%s on %s, feature %s: %s", r->method, r->layer_name, *r->feature_pk ? r->feature_pk : "(new)", r->status);
	add_text(v, fp_status_style(r->status), 10, "Status    %s%s%s", r->status, *r->msg ? ": " : "", r->msg);
	add_text(v, staged ? FP_STYLE_STAGED : FP_STYLE_DIM, 10, "Action    %s", staged ? fp_action_word(staged) : "none staged (a)");
	add_now(v, d);
	add_text(v, FP_STYLE_NORMAL, 10, "Pushed    %s (%s) by %s", fp_format_time(time, r->created_at, 19), fp_format_age(age, r->created_at),
		r->created_by);
	add_text(v, FP_STYLE_NORMAL, 10, "Layer     %s (%s)", r->layer_name, r->layer_id);
	add_text(v, FP_STYLE_NORMAL, 10, "Keys      here %s, on the device %s, client %s", *r->feature_pk ? r->feature_pk : "none", r->local_pk,
		*r->client_id ? r->client_id : "unknown");
	if (r->undo_of)
		add_text(v, FP_STYLE_NORMAL, 10, "Undo      of an earlier change (H tells the feature's life)");
	if (r->undone_by)
		add_text(v, FP_STYLE_NORMAL, 10, "Undone    by a later change (H tells the feature's life)");
	if (*r->target_layer_id || *r->target_pk)
		add_text(v, FP_STYLE_NORMAL, 10, "Directed  to layer %s, feature %s", *r->target_layer_id ? r->target_layer_id : r->layer_id,
			*r->target_pk ? r->target_pk : r->source_pk);
	if (r->job_id) {
		size_t from = v->lines.n;
		add_text(v, FP_STYLE_NORMAL, 10, "Last job  %lld", (long long)r->job_id);
		fp_rows_link(&v->lines, from, "job %lld", (long long)r->job_id);
	}
	if (r->body && fp_json_parse(&body, r->body, strlen(r->body), NULL) == FP_OK)
		add_fields(v, json_object_get(body, "old"), json_object_get(body, "new"), now ? now->current : NULL);
	json_decref(d->body);
	d->body = body;
}

static void add_attempt(void *arg, const struct fp_attempt_row *r)
{
	struct fp_view *v = arg;
	char time[FP_FORMAT_SIZE];
	size_t from = v->lines.n;

	add_text(v, fp_status_style(r->outcome), 4, "  %s %s by %s in job %lld: %s%s%s", fp_format_time(time, r->at, 19), r->action, r->who,
		(long long)r->job_id, *r->outcome ? r->outcome : "not ended", *r->msg ? ", " : "", r->msg);
	if (r->plan_id)
		add_text(v, FP_STYLE_NORMAL, 6, "    plan %lld said %s%s%s", (long long)r->plan_id, r->planned, *r->reason ? ": " : "", r->reason);
	if (*r->layer_id && *r->modified_pk)
		add_text(v, FP_STYLE_NORMAL, 6, "    on feature %s of %s%s%s", r->modified_pk, r->layer_id, *r->txid ? ", transaction " : "", r->txid);
	if (*r->hash_after)
		add_text(v, FP_STYLE_DIM, 6, "    the feature was %.12s, is %.12s", *r->hash_before ? r->hash_before : "not there", r->hash_after);
	if (*r->conflicts)
		add_text(v, FP_STYLE_NORMAL, 6, "    conflicts: %s", r->conflicts);
	if (*r->provider_errors)
		add_text(v, FP_STYLE_NORMAL, 6, "    the driver said: %s", r->provider_errors);
	fp_rows_link(&v->lines, from, "job %lld", (long long)r->job_id);
}

/* Of one that was applied, what undoing it would meet. */
static enum fp_status ask_now(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	const struct fp_staged g = { .change_id = d->id, .meeting = FP_MEET_MANUAL, .action = strcmp(d->status, "applied") == 0 ? FP_ACTION_UNDO
		: strcmp(d->status, "pending") == 0 ? FP_ACTION_APPLY : FP_ACTION_REAPPLY };

	if (d->plan || strcmp(d->status, "started") == 0)
		return FP_OK;
	return fp_plan_new(&d->plan, v->console->store, v->console->conf, &g, 1, err);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	char before[sizeof d->status];
	enum fp_status st;
	size_t lines;

	memcpy(before, d->status, sizeof before);
	st = fp_change_get(v->console->store, *v->project ? v->project : NULL, v->arg, add_change, v, err);
	if (st == FP_OK && strcmp(before, d->status) != 0) { /* another question now */
		fp_plan_free(d->plan);
		d->plan = NULL;
		d->done = 0;
	}
	if (st == FP_OK)
		st = ask_now(v, err);
	if (st)
		return st;
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Attempts");
	lines = v->lines.n;
	st = fp_change_attempts(v->console->store, d->id, add_attempt, v, err);
	if (v->lines.n == lines)
		fp_rows_line(&v->lines, FP_STYLE_DIM, "  none yet");
	if (d->body)
		add_raw(v, d->body);
	return st;
}

static void close_change(struct fp_view *v)
{
	struct data *d = v->data;

	fp_plan_free(d->plan);
	json_decref(d->body);
}

static struct fp_plan *waits_for(struct fp_view *v)
{
	struct data *d = v->data;

	return d->done ? NULL : d->plan;
}

static unsigned planned(struct fp_console *c, struct fp_view *v)
{
	(void)c;
	((struct data *)v->data)->done = 1;
	return FP_DO_RELOAD;
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
	.load = load, .close = close_change, .menu = menu, .chosen = chosen, .plan = waits_for, .planned = planned,
};
