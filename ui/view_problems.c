#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "Layers", "layers", NULL, FP_CELL_INT, 6, 6, 0, 0 },
	{ "Projects", "projects", NULL, FP_CELL_INT, 8, 8, 3, FP_COL_ALL },
	{ "Status", "status", NULL, FP_CELL_STATUS, 20, 20, 0, 0 },
	{ "What is wrong", "sentence", NULL, FP_CELL_TEXT, 12, 0, 0, 0 },
	{ "Whose job", "owner", NULL, FP_CELL_TEXT, 14, 14, 2, 0 },
	{ "Such as", "names", NULL, FP_CELL_TEXT, 25, 0, 4, 0 },
	{ "Cause", "cause", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Remedy", "remedy", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static void add_names(struct fp_rows *to, const char *names)
{
	struct fp_buf b = FP_BUF_INIT;
	json_t *root = NULL, *name;
	size_t i;

	if (fp_json_parse(&root, names, strlen(names), NULL) == FP_OK)
		json_array_foreach(root, i, name)
			fp_buf_addf(&b, "%s%s", i ? ", " : "", json_is_string(name) ? json_string_value(name) : "");
	fp_rows_text(to, b.len ? b.data : "");
	json_decref(root);
	fp_buf_free(&b);
}

static void add(void *arg, const struct fp_group_row *r)
{
	struct fp_rows *to = arg;

	fp_rows_add(to, r->id, NULL);
	fp_rows_num(to, r->layers);
	fp_rows_num(to, r->projects);
	fp_rows_text(to, r->status);
	fp_rows_text(to, r->sentence);
	fp_rows_text(to, r->owner);
	add_names(to, r->names);
	fp_rows_text(to, r->cause);
	fp_rows_text(to, r->remedy);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	return fp_layer_groups(v->console->store, q, FP_GROUP_SENTENCE, offset, limit, add, to, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_layer_group_count(v->console->store, q, FP_GROUP_SENTENCE, n, err);
}

static unsigned open_layers(struct fp_console *c, struct fp_view *v)
{
	char *filter = fp_asprintf("%s%sgroup:%s", v->filter, *v->filter ? " " : "", v->key);
	unsigned todo = fp_push(c, &fp_view_layers, *v->project ? v->project : NULL, v->project_name, NULL);
	struct fp_error err;

	if (fp_top(c)->ops == &fp_view_layers)
		todo |= fp_view_filter(fp_top(c), filter, &err) ? fp_show_error(c, &err) : FP_DO_RELOAD;
	free(filter);
	return todo;
}

static const char *const words[] = {
	"status:invalid_dataprovider", "status:invalid_layer", "status:localized_dataprovider", "status:missing_dataprovider", "status:not_checked",
	"valid:false", "changed:any", "changed:broke", "cause:", "owner:", "name:", "provider:", NULL,
};

const struct fp_view_ops fp_view_problems = {
	.name = "problems", .title = "Problems", .context = FP_IN_LIST | FP_IN_PROBLEMS, .watch = FP_KIND_LAYER | FP_KIND_PROJECT, .columns = columns,
	.filter_words = words,
	.empty = "There is no problem: every layer that was checked is ok. 4 lists them.",
	.count = count, .rows = rows, .peek = { "remedy", "sentence" }, .open = open_layers,
};
