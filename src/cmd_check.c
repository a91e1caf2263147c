/* fieldpost check: Check project layers on a plain project file. Never writes beside the project. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "src/commands.h"
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

static void print_table(const struct answer *a, const struct fp_invocation *inv)
{
	static const char *const titles[] = {"Layer Name", "Layer Id", "Is Valid", "Status", "Error Summary", "Provider Summary"};
	struct fp_table *t = fp_table_new(titles, 6);
	const json_t *l;
	size_t i;

	json_array_foreach(a->layers, i, l) {
		const json_t *valid = json_object_get(l, "is_valid");
		const char *id = fp_json_str_or(l, "id", "");
		size_t n = strlen(id);
		char *shown = fp_asprintf("...%s", n > 6 ? id + n - 6 : id);
		const char *cells[] = {fp_json_str(l, "name"), shown, json_is_null(valid) ? "?" : json_is_true(valid) ? "True" : "False",
			fp_json_str(l, "status"), fp_json_str(l, "error_summary"), fp_json_str(l, "provider_summary")};
		fp_table_row(t, cells);
		free(shown);
	}
	fp_print("%s: \"%s\", CRS %s, %zu layers", fp_json_str_or(a->project, "file", ""), fp_json_str_or(a->project, "title", ""),
		*fp_json_str_or(a->project, "crs", "") ? fp_json_str(a->project, "crs") : "none", json_array_size(a->layers));
	fp_table_print(t, inv);
	fp_table_free(t);
	json_array_foreach(a->layers, i, l) {
		const char *remedy = fp_json_str_or(l, "remedy", ""), *detail = fp_json_str_or(l, "detail", "");
		if (*remedy || *detail)
			fp_print("%s: %s%s%s", fp_json_str_or(l, "name", ""), detail, *detail && *remedy ? " -- " : "", remedy);
	}
}

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	struct answer a = {json_object(), json_array()};
	struct fp_plain p;
	const json_t *l;
	size_t i;
	enum fp_status st = fp_plain_begin(&p, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_plain_run(&p, inv, "process_projectfile", inv->config.job_limit_s[0], NULL, NULL, take, &a, err);
	fp_plain_end(&p);
	if (st == FP_OK) {
		json_array_foreach(a.layers, i, l)
			if (json_is_false(json_object_get(l, "is_valid")))
				inv->exit_code = 1;
		if (inv->json)
			fp_print_json(json_pack("{s:O,s:O}", "project", a.project, "layers", a.layers));
		else
			print_table(&a, inv);
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
	.help = "Check project layers of a .qgs or .qgz file, without a home.",
	.run = run,
};
