/* A conflict, field by field: what the device saw, what it wants, what is there now, and what a person decides. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/amend.h"
#include "engine/queue/plan.h"
#include "engine/store/changes.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/views.h"

struct data {
	int64_t id;
	struct fp_plan *plan;   /* what the conflict is; then what the decision comes to */
	int done;
	json_t *details;        /* the conflict */
	json_t *decisions;      /* as fp_amend_resolve() takes them */
	struct fp_amendment amendment; /* the decision is complete and tried */
	char *reason;
};

static const struct fp_column columns[] = {
	{ "Field", "field", NULL, FP_CELL_TEXT, 10, 14, 0, 0 },
	{ "Base", "base", NULL, FP_CELL_TEXT, 8, 0, 3, 0 },
	{ "Device", "requested", NULL, FP_CELL_TEXT, 10, 0, 0, 0 },
	{ "Current", "current", NULL, FP_CELL_TEXT, 10, 0, 0, 0 },
	{ "Decision", "decision", NULL, FP_CELL_TEXT, 10, 14, 0, FP_COL_MENU },
	{ 0 },
};

static void take_id(void *arg, const struct fp_change_row *r)
{
	*(int64_t *)arg = r->id;
}

/* ---- plans ---- */

static enum fp_status ask(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	const struct fp_staged g = { .change_id = d->id, .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_MANUAL, .amendment = d->amendment };

	fp_plan_free(d->plan);
	d->plan = NULL;
	d->done = 0;
	return fp_plan_new(&d->plan, v->console->store, v->console->conf, &g, 1, err);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st;

	if (d->plan)
		return FP_OK;
	d->decisions = json_object();
	free(v->label);
	v->label = fp_asprintf("Conflict");
	st = fp_change_get(v->console->store, *v->project ? v->project : NULL, v->arg, take_id, &d->id, err);
	return st == FP_OK ? ask(v, err) : st;
}

static void forget_amendment(struct data *d)
{
	json_decref(d->amendment.detail);
	json_decref(d->amendment.delta);
	d->amendment = (struct fp_amendment){ 0 };
}

static void close_conflict(struct fp_view *v)
{
	struct data *d = v->data;

	fp_plan_free(d->plan);
	json_decref(d->details);
	json_decref(d->decisions);
	forget_amendment(d);
	free(d->reason);
}

static struct fp_plan *waits_for(struct fp_view *v)
{
	struct data *d = v->data;

	return d->done ? NULL : d->plan;
}

static int is_open(const json_t *detail)
{
	return strcmp(fp_json_str_or(detail, "level", ""), "parallel") != 0;
}

static unsigned save_now(struct fp_console *c, int64_t arg)
{
	struct data *d = fp_top(c)->data;
	struct fp_trigger *t;
	struct fp_error err;
	size_t n;
	enum fp_status st = fp_plan_save(d->plan, c->who, d->reason ? d->reason : "", &t, &n, &err);

	(void)arg;
	forget_amendment(d);
	if (st) { /* the conflict is looked at anew; decisions stay */
		fp_show_error(c, &err);
		ask(fp_top(c), &err);
		return FP_DO_RELOAD;
	}
	if (n && t[0].job_id)
		fp_note(c, "Decided. Job %lld carries it out.", (long long)t[0].job_id);
	else
		fp_note(c, n ? "Decided. %s" : "Decided: the data stays as it is.%s", n ? t[0].sentence : "");
	free(t);
	fp_pop(c);
	return FP_DO_RELOAD;
}

/* The conflict is known; or what the decision comes to. */
static unsigned planned(struct fp_console *c, struct fp_view *v)
{
	struct data *d = v->data;
	size_t n;
	const struct fp_plan_item *i = fp_plan_items(d->plan, &n);

	d->done = 1;
	*c->message = '\0';
	if (d->amendment.kind && n && i->will)
		return fp_ask_open(c, 0, save_now, 0, "The decision can be carried out%s%s. Do it?", *i->why ? ": " : "", i->why);
	if (d->amendment.kind) {
		forget_amendment(d);
		return fp_complain(c, "The decision cannot be carried out now: %s, %s", n ? i->class : "", n ? i->why : "");
	}
	json_decref(d->details);
	d->details = n ? json_incref(i->details) : NULL;
	if (n && strcmp(i->class, "conflict") != 0)
		fp_note(c, "This is no conflict now: %s%s%s", i->class, *i->why ? ", " : "", i->why);
	return FP_DO_RELOAD;
}

/* ---- rows ---- */

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	(void)q;
	(void)err;
	*n = (int64_t)json_array_size(((struct data *)v->data)->details);
	return FP_OK;
}

static void add_json(struct fp_rows *to, const json_t *value)
{
	char *text = fp_json_words(value);

	fp_rows_text(to, json_is_null(value) ? "NULL" : text);
	free(text);
}

static void add_decision(struct fp_rows *to, const struct data *d, const json_t *detail)
{
	const json_t *said = json_object_get(d->decisions, fp_json_str_or(detail, "field", ""));

	if (!is_open(detail))
		fp_rows_text(to, "(merges)");
	else if (json_is_object(said))
		add_json(to, json_object_get(said, "value"));
	else
		fp_rows_text(to, json_is_string(said) ? json_string_value(said) : "?");
	fp_rows_cell_style(to, !is_open(detail) ? FP_STYLE_DIM : said ? FP_STYLE_STAGED : FP_STYLE_WARN);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct data *d = v->data;
	const json_t *detail;

	(void)q;
	(void)err;
	for (size_t i = (size_t)offset; (detail = json_array_get(d->details, i)) && limit-- > 0; i++) {
		fp_rows_add(to, (int64_t)i + 1, NULL);
		fp_rows_text(to, fp_json_str_or(detail, "field", ""));
		add_json(to, json_object_get(detail, "base"));
		add_json(to, json_object_get(detail, "requested"));
		add_json(to, json_object_get(detail, "current"));
		add_decision(to, d, detail);
	}
	return FP_OK;
}

/* ---- deciding ---- */

static unsigned decide(struct fp_console *c, json_t *said)
{
	struct fp_view *v = fp_top(c);
	struct data *d = v->data;
	const json_t *detail = json_array_get(d->details, (size_t)v->cursor);

	if (!detail || !is_open(detail)) {
		json_decref(said);
		return fp_complain(c, detail ? "This field merges by itself: the device did not change it." : "There is nothing to decide.");
	}
	json_object_set_new(d->decisions, fp_json_str_or(detail, "field", ""), said);
	fp_view_move_to(v, v->cursor + 1);
	return FP_DO_RELOAD;
}

unsigned fp_act_take_device(struct fp_console *c, const char *arg)
{
	(void)arg;
	return decide(c, json_string("device"));
}

unsigned fp_act_take_current(struct fp_console *c, const char *arg)
{
	(void)arg;
	return decide(c, json_string("current"));
}

unsigned fp_act_take_base(struct fp_console *c, const char *arg)
{
	(void)arg;
	return decide(c, json_string("base"));
}

/* JSON when it can be, else text. */
static unsigned value_entered(struct fp_console *c, const char *text)
{
	json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

	return decide(c, json_pack("{s:o}", "value", v ? v : fp_json_text(text)));
}

unsigned fp_act_edit_value(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt prompt = { .label = "Value: ", .enter = value_entered };

	return *arg ? value_entered(c, arg) : fp_prompt_open(c, &prompt, fp_view_cell(fp_top(c), "requested"));
}

static unsigned reason_entered(struct fp_console *c, const char *text)
{
	struct fp_view *v = fp_top(c);
	struct data *d = v->data;
	json_t *body = NULL;
	struct fp_error err;
	enum fp_status st = fp_change_delta(c->store, &body, d->id, &err);

	free(d->reason);
	d->reason = fp_strdup(text);
	if (st == FP_OK)
		st = fp_amend_resolve(&d->amendment.delta, body, d->details, d->decisions, &err);
	json_decref(body);
	if (st != FP_OK)
		return fp_show_error(c, &err);
	d->amendment.kind = "resolve";
	d->amendment.detail = json_pack("{s:O,s:O}", "decisions", d->decisions, "conflicts", d->details);
	if (ask(v, &err) != FP_OK)
		return fp_show_error(c, &err);
	return fp_note(c, "The decision is tried on the data...") | FP_DO_RELOAD;
}

unsigned fp_act_save_decision(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt prompt = { .label = "Reason, kept in the ledger: ", .enter = reason_entered };
	struct data *d = fp_top(c)->data;
	const json_t *detail;
	size_t i, open = 0;

	json_array_foreach(d->details, i, detail) {
		open++;
		if (is_open(detail) && !json_object_get(d->decisions, fp_json_str_or(detail, "field", "")))
			return fp_complain(c, "\"%s\" is not decided yet: d device, c current, b base, E a value of your own.", fp_json_str_or(detail, "field", ""));
	}
	if (open == 0)
		return fp_complain(c, "There is nothing to decide.");
	return *arg ? reason_entered(c, arg) : fp_prompt_open(c, &prompt, "");
}

enum { DEVICE, CURRENT, BASE, VALUE };

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	static const char *const labels[] = { "What the device wants", "What is there now", "What was there before", "A value of your own" };

	(void)v;
	m->title = fp_asprintf(" %s ", fp_view_cell(fp_top(c), "field"));
	for (int i = DEVICE; i <= VALUE; i++)
		fp_menu_add(m, i, labels[i], c->read_only ? "read-only" : NULL);
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	static unsigned (*const acts[])(struct fp_console *, const char *) = { fp_act_take_device, fp_act_take_current, fp_act_take_base, fp_act_edit_value };

	(void)v;
	return acts[item](c, "");
}

const struct fp_view_ops fp_view_conflict = {
	.name = "conflict", .title = "Conflict", .context = FP_IN_CONFLICT, .columns = columns,
	.empty = "Nothing is in the way of this change, or the data is still looked at.", .data_size = sizeof(struct data), .load = load,
	.close = close_conflict, .count = count, .rows = rows, .peek = { "requested", "current" }, .menu = menu, .chosen = chosen, .plan = waits_for,
	.planned = planned,
};

unsigned fp_act_conflict(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	const char *uuid = *arg ? arg : v->ops->columns ? fp_view_cell(v, "uuid") : v->arg;
	const char *project = !*arg && v->ops->columns ? fp_view_cell(v, "project_id") : v->project;

	if (!*uuid)
		return fp_complain(c, "Which? Put the cursor on a change, or :conflict UUID");
	return fp_push(c, &fp_view_conflict, *project ? project : v->project, v->project_name, uuid);
}
