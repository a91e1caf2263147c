/* fieldpost layers: Check project layers of projects in the home, as the last process_projectfile found them, and what the ones before it found. */
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/layer_explain.h"
#include "src/layer_reports.h"
#include "src/layer_table.h"
#include "src/listing.h"
#include "src/output.h"

struct rows { json_t *layers; int all; };

static void add_row(void *arg, const struct fp_layer_row *r)
{
	struct rows *to = arg;
	json_t *holder = json_object(), *layer;

	fp_row_json(holder, "layer", r->json); /* the verdict as the check gave it */
	layer = json_object_get(holder, "layer");
	if (json_is_object(layer)) {
		fp_row_text(layer, "changed", r->changed);
		fp_row_time(layer, "since", r->since);
		json_object_set_new(layer, "previous", *r->previous ? fp_json_text(r->previous) : json_null());
		if (to->all) {
			fp_row_text(layer, "project_id", r->project_id);
			fp_row_text(layer, "project", r->project_name);
		}
		json_array_append(to->layers, layer);
	}
	json_decref(holder);
}

static void take_checked(void *arg, const struct fp_project_row *r)
{
	*(int64_t *)arg = r->checked_at;
}

static enum fp_status print_layers(struct fp_invocation *inv, const struct fp_query *q, int64_t limit, struct fp_error *err)
{
	struct rows rows = {json_array(), q->project_id == NULL};
	enum fp_status st = fp_layer_list(inv->store, q, 0, limit, add_row, &rows, err);

	if (st == FP_OK) {
		inv->exit_code = fp_layers_invalid(rows.layers);
		if (fp_opt(inv, "explain"))
			st = fp_layer_explain(inv, rows.layers, fp_opt(inv, "explain"), err);
		else if (inv->json)
			fp_print_json(json_pack("{s:O}", "layers", rows.layers));
		else
			fp_layer_table_print(inv, rows.layers, FP_LAYER_CHANGED | (rows.all ? FP_LAYER_PROJECT : 0));
	}
	json_decref(rows.layers);
	return st;
}

static enum fp_status print(struct fp_invocation *inv, const struct fp_query *q, int64_t limit, struct fp_error *err)
{
	if (fp_opt(inv, "group"))
		return fp_layer_groups_print(inv, q, limit, err);
	if (fp_opt(inv, "layer"))
		return fp_layer_history_print(inv, q->project_id, fp_opt(inv, "layer"), err);
	return fp_opt(inv, "runs") ? fp_layer_runs_print(inv, q, limit, err) : print_layers(inv, q, limit, err);
}

static enum fp_status check_options(const struct fp_invocation *inv, struct fp_error *err)
{
	int all = fp_opt(inv, "all") != NULL, layer = fp_opt(inv, "layer") != NULL;

	if (!all && inv->argc == 0)
		return fp_fail(err, FP_E_USAGE, "layers needs a project, or --all");
	if (layer && (all || !fp_opt(inv, "runs")))
		return fp_fail(err, FP_E_USAGE, "--layer goes with --runs and a project: layers NAME --runs --layer LAYER");
	if (layer && inv->argc > 1)
		return fp_fail(err, FP_E_USAGE, "--layer takes no filter: it shows all that is known of the layer");
	if (fp_opt(inv, "group") && fp_opt(inv, "runs"))
		return fp_fail(err, FP_E_USAGE, "--group and --runs are two different lists");
	if (fp_opt(inv, "group") && (fp_opt(inv, "sort") || fp_opt(inv, "reverse")))
		return fp_fail(err, FP_E_USAGE, "groups have one order: failures before what was not checked, the largest first");
	return FP_OK;
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	int all = fp_opt(inv, "all") != NULL;
	char id[FP_UUID_SIZE];
	struct fp_query q = {.project_id = all ? NULL : id};
	int64_t limit, checked = 1;
	enum fp_status st = check_options(inv, err);

	if (st == FP_OK)
		st = fp_list_query(&q, &limit, inv, !all, err);
	if (st == FP_OK && !all)
		st = fp_project_find(inv->store, id, inv->argv[0], err);
	if (st == FP_OK && !all)
		st = fp_project_get(inv->store, id, take_checked, &checked, err);
	if (st == FP_OK && !checked)
		fp_say("the layers of this project have not been checked yet: process_projectfile has not succeeded\n");
	if (st == FP_OK)
		st = print(inv, &q, limit, err);
	fp_list_query_clear(&q);
	return st;
}

const struct fp_command fp_cmd_layers = {
	.name = "layers", .args = "NAME|--all [FILTER...]", .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "Check project layers: what the last check found, and what changed since the one before it (exit code 1 when a layer is invalid).",
	.options = {
		FP_LIST_OPTIONS, {"explain", "LAYER", "explain one layer, by name or id: what was looked at, whose job it is, what to do"},
		{"all", NULL, "of all projects, without NAME"}, {"group", NULL, "the same failure once, with its layers counted"},
		{"runs", NULL, "the runs of the check, newest first"}, {"layer", "LAYER", "with --runs: how a layer was in them, by id or name"},
	},
};
