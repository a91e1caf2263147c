#include <string.h>

#include "engine/store/files.h"
#include "ui/app.h"
#include "ui/project_acts.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "Path", "name", "name", FP_CELL_TEXT, 16, 0, 0, 0 },
	{ "Size", "size", "size", FP_CELL_SIZE, 7, 8, 0, 0 },
	{ "Version", "version", NULL, FP_CELL_INT, 7, 7, 2, 0 },
	{ "Kept", "versions", NULL, FP_CELL_INT, 4, 4, 3, 0 },
	{ "When", "at", "when", FP_CELL_TIME, 11, 19, 1, 0 },
	{ "Who", "by", NULL, FP_CELL_TEXT, 8, 14, 4, 0 },
	{ "SHA-256", "sha256", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static void add(void *arg, const struct fp_file_row *r)
{
	struct fp_rows *to = arg;

	fp_rows_add(to, 0, r->name);
	fp_rows_text(to, r->name);
	fp_rows_num(to, r->digest.size);
	fp_rows_num(to, r->version);
	fp_rows_num(to, r->versions);
	fp_rows_num(to, r->at);
	fp_rows_text(to, r->by);
	fp_rows_text(to, r->digest.sha256);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	if (*v->project)
		return FP_OK;
	fp_fail(err, FP_E_USAGE, "files belong to a project");
	fp_error_hint(err, "open one first: Enter in Projects, or :files PROJECT");
	return FP_E_USAGE;
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	return fp_file_list(v->console->store, q, offset, limit, add, to, err);
}

static void add_one(void *arg, const struct fp_file_row *r)
{
	(void)r;
	++*(int64_t *)arg;
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	*n = 0;
	return fp_file_list(v->console->store, q, 0, INT32_MAX, add_one, n, err);
}

static unsigned open_file(struct fp_console *c, struct fp_view *v)
{
	return fp_push(c, &fp_view_versions, v->project, v->project_name, v->key);
}

const struct fp_view_ops fp_view_files = {
	.name = "files", .title = "Files", .context = FP_IN_LIST | FP_IN_FILES, .watch = FP_KIND_FILE | FP_KIND_PROJECT, .columns = columns,
	.empty = "This project has no file yet. Upload some: fieldpost file put PROJECT PATH...",
	.load = load, .count = count, .rows = rows, .open = open_file, .menu = fp_project_menu_here, .chosen = fp_project_chosen,
};
