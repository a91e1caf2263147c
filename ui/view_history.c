/* A feature's life, newest first. What is opened is a change; its first line names the feature. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/store/changes.h"
#include "engine/store/history.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/views.h"

struct data { struct fp_feature_name feature; };

static const struct fp_column columns[] = {
	{ "When", "at", NULL, FP_CELL_TIME, 11, 11, 0, 0 },
	{ "What", "kind", NULL, FP_CELL_TEXT, 7, 7, 0, 0 },
	{ "Method", "method", NULL, FP_CELL_TEXT, 6, 6, 4, 0 },
	{ "Outcome", "outcome", NULL, FP_CELL_STATUS, 11, 11, 0, 0 },
	{ "Who", "who", NULL, FP_CELL_TEXT, 6, 10, 2, 0 },
	{ "Device", "client_id", NULL, FP_CELL_TAIL, 8, 10, 5, 0 },
	{ "Job", "job_id", NULL, FP_CELL_TEXT, 5, 5, 3, 0 },
	{ "Text", "text", NULL, FP_CELL_TEXT, 12, 0, 0, 0 },
	{ "Uuid", "uuid", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

static void take_id(void *arg, const struct fp_change_row *r)
{
	*(int64_t *)arg = r->id;
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	int64_t id = 0;
	enum fp_status st;

	if (*d->feature.key)
		return FP_OK;
	st = fp_change_get(v->console->store, *v->project ? v->project : NULL, v->arg, take_id, &id, err);
	if (st == FP_OK)
		st = fp_feature_of_change(v->console->store, &d->feature, id, err);
	if (st == FP_OK) {
		free(v->label);
		v->label = fp_asprintf("Life of %s %s", d->feature.layer_name, d->feature.key);
	}
	return st;
}

static void add(void *arg, const struct fp_history_row *r)
{
	struct fp_rows *to = arg;
	char *version = r->version ? fp_asprintf("version %lld of %s", (long long)r->version, r->text) : NULL;
	char *job = r->job_id ? fp_asprintf("%lld", (long long)r->job_id) : NULL;
	char *key = fp_asprintf("%lld %s %s %lld", (long long)r->at, r->kind, r->uuid, (long long)(r->version + r->job_id));

	fp_rows_add(to, 0, key);
	fp_rows_num(to, r->at);
	fp_rows_text(to, r->kind);
	fp_rows_text(to, r->method);
	fp_rows_text(to, r->outcome);
	fp_rows_text(to, r->who);
	fp_rows_text(to, r->client_id);
	fp_rows_text(to, job);
	fp_rows_text(to, version ? version : r->text);
	fp_rows_text(to, r->uuid);
	free(version);
	free(job);
	free(key);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	(void)q;
	return fp_history_list(v->console->store, &((struct data *)v->data)->feature, offset, limit, add, to, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	(void)q;
	return fp_history_count(v->console->store, &((struct data *)v->data)->feature, n, err);
}

static unsigned open_change(struct fp_console *c, struct fp_view *v)
{
	const char *uuid = fp_view_cell(v, "uuid");

	return *uuid ? fp_push(c, &fp_view_change, v->project, v->project_name, uuid) : fp_note(c, "The versions of a file are in Files (5).");
}

const struct fp_view_ops fp_view_history = {
	.name = "history", .title = "Life of a feature", .context = FP_IN_HISTORY, .watch = FP_KIND_CHANGE | FP_KIND_FILE, .columns = columns,
	.empty = "Nothing is known of this feature.", .data_size = sizeof(struct data), .load = load, .count = count, .rows = rows, .peek = { "text" },
	.open = open_change,
};

unsigned fp_act_history(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	const char *uuid = *arg ? arg : v->ops->columns ? fp_view_cell(v, "uuid") : v->arg;
	const char *project = !*arg && v->ops->columns ? fp_view_cell(v, "project_id") : v->project;

	if (!*uuid)
		return fp_complain(c, "Whose? Put the cursor on a change, or :history UUID");
	return fp_push(c, &fp_view_history, *project ? project : v->project, v->project_name, uuid);
}
