/* fieldpost layers: Check project layers of a project in the home, as the last process_projectfile found them. */
#include <stdlib.h>

#include "engine/base/ids.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/layer_explain.h"
#include "src/layer_table.h"
#include "src/listing.h"
#include "src/output.h"

static void add_row(void *arg, const struct fp_layer_row *r)
{
	json_t *holder = json_object(), *layer;

	fp_row_json(holder, "layer", r->json); /* the verdict as the check gave it */
	layer = json_object_get(holder, "layer");
	if (json_is_object(layer))
		json_array_append(arg, layer);
	json_decref(holder);
}

static void take_checked(void *arg, const struct fp_project_row *r)
{
	*(int64_t *)arg = r->checked_at;
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct fp_query q = {.project_id = id};
	int64_t limit, checked = 0;
	json_t *rows = json_array();
	enum fp_status st = fp_list_query(&q, &limit, inv, 1, err);

	if (st == FP_OK)
		st = fp_project_find(inv->store, id, inv->argv[0], err);
	if (st == FP_OK)
		st = fp_project_get(inv->store, id, take_checked, &checked, err);
	if (st == FP_OK)
		st = fp_layer_list(inv->store, &q, 0, limit, add_row, rows, err);
	fp_list_query_clear(&q);
	if (st == FP_OK) {
		if (!checked)
			fp_say("the layers of this project have not been checked yet: process_projectfile has not succeeded\n");
		inv->exit_code = fp_layers_invalid(rows);
		if (fp_opt(inv, "explain"))
			st = fp_layer_explain(inv, rows, fp_opt(inv, "explain"), err);
		else if (inv->json)
			fp_print_json(json_pack("{s:O}", "layers", rows));
		else
			fp_layer_table_print(inv, rows);
	}
	json_decref(rows);
	return st;
}

const struct fp_command fp_cmd_layers = {
	.name = "layers", .args = "NAME [FILTER...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "Check project layers: what the last check found (exit code 1 when a layer is invalid).",
	.options = {{"explain", "LAYER", "explain one layer, by name or id: what was looked at, whose job it is, what to do"}, FP_LIST_OPTIONS},
};
