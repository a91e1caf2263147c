/* fieldpost check: Check project layers on a plain project file. Never writes beside the project. */
#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "src/commands.h"
#include "src/layer_explain.h"
#include "src/layer_table.h"
#include "src/output.h"
#include "src/plain.h"

struct answer {
	json_t *project, *layers;
};

static void take(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct answer *a = arg;

	if (kind == FP_EVENT_PROJECT)
		json_object_update(a->project, (json_t *)(size_t)body);
	else if (kind == FP_EVENT_LAYER)
		json_array_append(a->layers, (json_t *)(size_t)body);
}

static void print_text(const struct answer *a, const struct fp_invocation *inv)
{
	const char *crs = fp_json_str_or(a->project, "crs", "");

	fp_print("%s: \"%s\", CRS %s, %zu layer%s", fp_json_str_or(a->project, "file", ""), fp_json_str_or(a->project, "title", ""),
		*crs ? crs : "none", json_array_size(a->layers), fp_text_s((int64_t)json_array_size(a->layers)));
	fp_layer_table_print(inv, a->layers, 0);
}

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	struct answer a = {json_object(), json_array()};
	struct fp_plain p;
	enum fp_status st = fp_plain_begin(&p, inv->argv[0], err);

	p.network = fp_plain_network(inv);
	if (st == FP_OK && p.network)
		st = fp_plain_services(&p, err);
	if (st == FP_OK)
		st = fp_plain_run(&p, inv, "process_projectfile", inv->config.job_limit_s[0], NULL, NULL, take, &a, err);
	fp_plain_end(&p);
	if (st == FP_OK) {
		inv->exit_code = fp_layers_invalid(a.layers);
		if (fp_opt(inv, "explain"))
			st = fp_layer_explain(inv, a.layers, fp_opt(inv, "explain"), err);
		else if (inv->json)
			fp_print_json(json_pack("{s:O,s:O}", "project", a.project, "layers", a.layers));
		else
			print_text(&a, inv);
	}
	json_decref(a.project);
	json_decref(a.layers);
	return st;
}

const struct fp_command fp_cmd_check = {
	.name = "check",
	.args = "PROJECT",
	.min_args = 1,
	.max_args = 1,
	.flags = FP_CMD_CONFIG,
	.help = "Check project layers of a .qgs or .qgz file, without a home (exit code 1 when a layer is invalid).",
	.options = {FP_NETWORK_OPTIONS("ask databases and web services too; services are those of the file that $PGSERVICEFILE names"),
		{"explain", "LAYER", "explain one layer, by name or id: what was looked at, whose job it is, what to do"}},
	.run = run,
};
