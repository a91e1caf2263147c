/* fieldpost change plan, apply, ignore: what the console's Action column does, for a SELECTION of changes. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/queue/queue.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"
#include "src/selection.h"

/* The selected changes, and what is staged for each. */
struct selection {
	enum fp_action action;  /* NONE: apply what is pending, re-apply what is not */
	struct fp_staged *staged;
	json_t **rows;          /* what is said of each */
	size_t n, cap, cap_rows;
};

static void add(void *arg, const struct fp_change_row *r)
{
	struct selection *s = arg;
	struct fp_staged *g;
	json_t *o;

	FP_GROW(s->staged, s->n, s->cap);
	FP_GROW(s->rows, s->n, s->cap_rows);
	g = &s->staged[s->n];
	memset(g, 0, sizeof *g);
	g->change_id = r->id;
	g->action = s->action != FP_ACTION_NONE ? s->action : strcmp(r->status, "pending") == 0 ? FP_ACTION_APPLY : FP_ACTION_REAPPLY;
	o = json_object();
	fp_row_text(o, "uuid", r->uuid);
	fp_row_text(o, "status", r->status);
	fp_row_text(o, "method", r->method);
	fp_row_text(o, "layer_name", r->layer_name);
	fp_row_text(o, "feature_pk", r->feature_pk);
	s->rows[s->n++] = o;
}

static void clear(struct selection *s)
{
	for (size_t i = 0; i < s->n; i++)
		json_decref(s->rows[i]);
	free(s->rows);
	free(s->staged);
}

static enum fp_status make_plan(struct selection *s, const struct fp_invocation *inv, struct fp_error *err)
{
	char project[FP_UUID_SIZE];
	enum fp_status st = fp_selection_each(inv, project, 0, add, s, err);

	return st == FP_OK ? fp_queue_plan(inv->store, s->staged, s->n, err) : st;
}

static size_t count_will(const struct selection *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->staged[i].will != 0;
	return n;
}

/* Rows with what the plan, or the saving, said of them. */
static json_t *told(const struct selection *s)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < s->n; i++) {
		json_object_set_new(s->rows[i], "action", json_string(fp_action_word(s->staged[i].action)));
		json_object_set_new(s->rows[i], "will", json_boolean(s->staged[i].will));
		fp_row_text(s->rows[i], "why", s->staged[i].why);
		json_array_append(rows, s->rows[i]);
	}
	return rows;
}

static const struct fp_column columns[] = {
	{"UUID", "uuid", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT}, {"Method", "method", FP_CELL_TEXT},
	{"Layer", "layer_name", FP_CELL_TEXT}, {"Feature", "feature_pk", FP_CELL_TEXT}, {"Action", "action", FP_CELL_TEXT},
	{"Will", "will", FP_CELL_VALID}, {"Why not", "why", FP_CELL_TEXT}, {0},
};

static enum fp_status plan(struct fp_invocation *inv, struct fp_error *err)
{
	struct selection s = {.action = fp_opt(inv, "force") ? FP_ACTION_FORCE : fp_opt(inv, "ignore") ? FP_ACTION_IGNORE : FP_ACTION_NONE};
	enum fp_status st = make_plan(&s, inv, err);

	if (st == FP_OK) {
		fp_print_rows(inv, "changes", told(&s), columns, "change");
		inv->exit_code = count_will(&s) < s.n;
	}
	clear(&s);
	return st;
}

static void print_saved(struct fp_invocation *inv, const struct selection *s, const struct fp_trigger *t, size_t n_t)
{
	json_t *jobs = json_array(), *rows = told(s);

	for (size_t i = 0; i < n_t; i++)
		json_array_append_new(jobs, fp_outcome_trigger(&t[i]));
	inv->exit_code = count_will(s) < s->n;
	if (inv->json) {
		fp_print_json(json_pack("{s:o,s:o}", "changes", rows, "jobs", jobs));
		return;
	}
	if (inv->exit_code)
		fp_print_table(inv, rows, columns);
	fp_print("%zu of %zu changes staged and saved.", count_will(s), s->n);
	for (size_t i = 0; i < n_t; i++)
		fp_print("%s", t[i].sentence);
	json_decref(rows);
	json_decref(jobs);
}

/* The question shows how many; the plan in full is "change plan". */
static enum fp_status save(struct fp_invocation *inv, enum fp_action action, struct fp_error *err)
{
	struct selection s = {.action = action};
	struct fp_trigger *t = NULL;
	size_t n_t = 0;
	enum fp_status st = make_plan(&s, inv, err);

	if (st == FP_OK)
		st = fp_confirm(inv, err, "%s %zu of %zu selected changes of project \"%s\"?", action == FP_ACTION_IGNORE ? "Ignore"
			: action == FP_ACTION_FORCE ? "Apply, even where applied already," : "Apply or re-apply", count_will(&s), s.n, inv->argv[0]);
	if (st == FP_OK)
		st = fp_queue_save(inv->store, s.staged, s.n, fp_who(), &t, &n_t, err);
	if (st == FP_OK)
		print_saved(inv, &s, t, n_t);
	free(t);
	clear(&s);
	return st;
}

static enum fp_status apply(struct fp_invocation *inv, struct fp_error *err)
{
	return save(inv, fp_opt(inv, "force") ? FP_ACTION_FORCE : FP_ACTION_NONE, err);
}

static enum fp_status ignore(struct fp_invocation *inv, struct fp_error *err)
{
	return save(inv, FP_ACTION_IGNORE, err);
}

#define FORCE_OPTION {"force", NULL, "also what was applied already, once more"}

const struct fp_command fp_cmd_change_plan = {
	.name = "change plan", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = plan,
	.help = "Say what applying the selected changes would do; writes nothing.",
	.options = {FP_SELECTION_OPTIONS, FORCE_OPTION, {"ignore", NULL, "say what ignoring them would do"}},
};

const struct fp_command fp_cmd_change_apply = {
	.name = "change apply", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = apply,
	.help = "Apply or re-apply the selected changes, in the order in which they came: one delta_apply job.",
	.options = {FP_SELECTION_OPTIONS, FORCE_OPTION},
};

const struct fp_command fp_cmd_change_ignore = {
	.name = "change ignore", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = ignore,
	.help = "Ignore the selected changes: they are kept and not applied.",
	.options = {FP_SELECTION_OPTIONS},
};
