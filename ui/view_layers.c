#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/project_acts.h"
#include "ui/views.h"

/* Is Valid goes first where it is narrow: Status says the same in more words. Then the summary that the line below shows in full. */
static const struct fp_column columns[] = {
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 5, FP_COL_ALL },
	{ "Layer Name", "name", "name", FP_CELL_TEXT, 11, 0, 0, 0 },
	{ "Layer Id", "id", "id", FP_CELL_TAIL, 8, 16, 3, 0 },
	{ "Is Valid", "is_valid", "valid", FP_CELL_STATUS, 8, 8, 7, 0 },
	{ "Status", "status", "status", FP_CELL_STATUS, 20, 22, 0, 0 },
	{ "Changed", "changed", "changed", FP_CELL_STATUS, 7, 7, 4, 0 },
	{ "Error Summary", "error_summary", NULL, FP_CELL_TEXT, 13, 0, 2, 0 },
	{ "Provider Summary", "provider_summary", NULL, FP_CELL_TEXT, 14, 0, 6, 0 },
	{ "Provider", "provider", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Detail", "detail", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Remedy", "remedy", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Cause", "cause", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Owner", "owner", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Sentence", "sentence", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Since", "since", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Previous", "previous", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Project id", "project_id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static void add(void *arg, const struct fp_layer_row *r)
{
	struct fp_rows *to = arg;
	char *key = fp_asprintf("%s/%s", r->project_id, r->layer_id), iso[FP_TIME_ISO_SIZE];

	fp_rows_add(to, r->id, key);
	fp_rows_text(to, r->project_name);
	fp_rows_text(to, r->name);
	fp_rows_text(to, r->layer_id);
	fp_rows_text(to, r->is_valid > 0 ? "yes" : r->is_valid == 0 ? "no" : "unknown");
	fp_rows_text(to, r->status);
	fp_rows_text(to, r->changed);
	fp_rows_text(to, r->error_summary);
	fp_rows_text(to, r->provider_summary);
	fp_rows_text(to, r->provider);
	fp_rows_text(to, r->detail);
	fp_rows_text(to, r->remedy);
	fp_rows_text(to, r->cause);
	fp_rows_text(to, r->owner);
	fp_rows_text(to, r->sentence);
	fp_rows_text(to, fp_time_iso(iso, r->since));
	fp_rows_text(to, r->previous);
	fp_rows_text(to, r->project_id);
	free(key);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	return fp_layer_list(v->console->store, q, offset, limit, add, to, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_layer_count(v->console->store, q, n, err);
}

static unsigned open_layer(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_layer, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"), fp_view_cell(v, "id"));
}

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	if (*v->project)
		fp_project_menu(c, m, v->project, v->project_name);
	else if (v->count > 0)
		fp_project_menu(c, m, fp_view_cell(v, "project_id"), fp_view_cell(v, "project"));
}

static const char *const words[] = {
	"status:ok", "status:invalid_dataprovider", "status:invalid_layer", "status:localized_dataprovider", "status:missing_dataprovider",
	"status:not_checked", "valid:true", "valid:false", "valid:unknown", "changed:any", "changed:fixed", "changed:broke", "changed:changed",
	"changed:new", "changed:gone", "cause:", "owner:", "name:", "provider:", NULL,
};

const struct fp_view_ops fp_view_layers = {
	.name = "layers", .title = "Layers", .context = FP_IN_LIST | FP_IN_LAYERS, .watch = FP_KIND_LAYER | FP_KIND_PROJECT, .columns = columns,
	.filter_words = words,
	.empty = "No layer was checked yet. The check runs when a project file is uploaded; a asks for it now.",
	.count = count, .rows = rows, .peek = { "sentence", "error_summary", "provider_summary" }, .open = open_layer, .menu = menu, .chosen = fp_project_chosen,
};
