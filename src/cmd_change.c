/* fieldpost change push, list, show: changes come in and are looked at. What is done with them: src/cmd_change_act.c. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/changes/deltafile.h"
#include "engine/queue/queue.h"
#include "engine/store/changes.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

static enum fp_status push(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_buf text = FP_BUF_INIT;
	struct fp_push_result r = {0};
	char id[FP_UUID_SIZE];
	struct fp_trigger t;
	json_t *answer;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_fs_read(&text, inv->argv[1], FP_DELTAFILE_MAX, err);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Push %s to project \"%s\"?", inv->argv[1], inv->argv[0]);
	if (st == FP_OK)
		st = fp_queue_push(inv->store, &t, id, text.data, text.len, fp_who(), &r, err);
	fp_buf_free(&text);
	if (st != FP_OK) {
		fp_push_result_clear(&r);
		return st;
	}
	for (size_t i = 0; i < r.others.n; i++)
		fp_say("change %s is known with another content, the first one stays\n", r.others.items[i]);
	inv->exit_code = r.differing > 0;
	answer = json_pack("{s:I,s:I,s:I}", "accepted", (json_int_t)r.accepted, "known", (json_int_t)r.known, "differing", (json_int_t)r.differing);
	fp_outcome_job(answer, &t);
	fp_outcome_print(inv, answer, "%lld changes came in, %lld were known already.", (long long)r.accepted, (long long)(r.known + r.differing));
	fp_push_result_clear(&r);
	return FP_OK;
}

const struct fp_command fp_cmd_change_push = {
	.name = "change push", .args = "NAME DELTAS", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = push,
	.help = "Push a deltafile to a project, whatever project id stands in it. A faulty one is kept with its reason, and nothing of it is applied.",
};

static json_t *change_row(const struct fp_change_row *r)
{
	json_t *o = json_object();

	fp_row_text(o, "uuid", r->uuid);
	fp_row_int(o, "id", r->id);
	fp_row_text(o, "project", r->project_name);
	fp_row_text(o, "status", r->status);
	fp_row_text(o, "method", r->method);
	fp_row_text(o, "layer_id", r->layer_id);
	fp_row_text(o, "layer_name", r->layer_name);
	fp_row_text(o, "feature_pk", r->feature_pk);
	fp_row_text(o, "local_pk", r->local_pk);
	fp_row_text(o, "source_pk", r->source_pk);
	fp_row_text(o, "client_id", r->client_id);
	fp_row_text(o, "fields", r->fields);
	fp_row_text(o, "msg", r->msg);
	fp_row_time(o, "created_at", r->created_at);
	fp_row_text(o, "created_by", r->created_by);
	fp_row_time(o, "updated_at", r->updated_at);
	json_object_set_new(o, "job_id", r->job_id ? json_integer(r->job_id) : json_null());
	fp_row_int(o, "attempts", r->attempts);
	fp_row_text(o, "deltafile_id", r->deltafile_id);
	return o;
}

static void add_row(void *arg, const struct fp_change_row *r)
{
	json_array_append_new(arg, change_row(r));
}

static const struct fp_column list_columns[] = {
	{"UUID", "uuid", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT}, {"Method", "method", FP_CELL_TEXT},
	{"Layer", "layer_name", FP_CELL_TEXT}, {"Feature", "feature_pk", FP_CELL_TEXT}, {"When", "created_at", FP_CELL_TIME},
	{"Who", "created_by", FP_CELL_TEXT}, {"Fields", "fields", FP_CELL_TEXT}, {"Message", "msg", FP_CELL_TEXT}, {0},
};

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_change_list(s, q, 0, limit, add_row, rows, err);
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){fetch, 1, "changes", "change", list_columns}, err);
}

const struct fp_command fp_cmd_change_list = {
	.name = "change list", .args = "NAME [FILTER...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List the changes of a project, newest first. A filter is words and KEY:VALUE, as in status:conflict user:field-1 -method:delete bark.",
	.options = {FP_LIST_OPTIONS},
};

static void take_change(void *arg, const struct fp_change_row *r)
{
	json_t *o = change_row(r);

	fp_row_json(o, "delta", r->body);
	*(json_t **)arg = o;
}

static void add_attempt(void *arg, const struct fp_attempt_row *r)
{
	json_t *o = json_object();

	fp_row_int(o, "job_id", r->job_id);
	fp_row_time(o, "at", r->at);
	fp_row_text(o, "action", r->action);
	fp_row_text(o, "who", r->who);
	fp_row_text(o, "outcome", r->outcome);
	fp_row_text(o, "msg", r->msg);
	fp_row_text(o, "e_type", r->e_type);
	fp_row_text(o, "feature_pk", r->feature_pk);
	fp_row_text(o, "modified_pk", r->modified_pk);
	fp_row_text(o, "hash_before", r->hash_before);
	fp_row_text(o, "hash_after", r->hash_after);
	fp_row_json(o, "conflicts", r->conflicts);
	fp_row_json(o, "provider_errors", r->provider_errors);
	json_array_append_new(arg, o);
}

static const struct fp_column show_columns[] = {
	{"uuid", "uuid", FP_CELL_TEXT}, {"project", "project", FP_CELL_TEXT}, {"status", "status", FP_CELL_TEXT},
	{"message", "msg", FP_CELL_TEXT}, {"method", "method", FP_CELL_TEXT}, {"layer", "layer_name", FP_CELL_TEXT},
	{"layer id", "layer_id", FP_CELL_TEXT}, {"feature", "feature_pk", FP_CELL_TEXT}, {"local key", "local_pk", FP_CELL_TEXT},
	{"source key", "source_pk", FP_CELL_TEXT}, {"client", "client_id", FP_CELL_TEXT}, {"pushed", "created_at", FP_CELL_TIME},
	{"by", "created_by", FP_CELL_TEXT}, {"deltafile", "deltafile_id", FP_CELL_TEXT}, {0},
};
static const struct fp_column field_columns[] = {{"Field", "field", FP_CELL_TEXT}, {"Old", "old", FP_CELL_TEXT}, {"New", "new", FP_CELL_TEXT}, {0}};
static const struct fp_column attempt_columns[] = {
	{"Attempt", "at", FP_CELL_TIME}, {"Job", "job_id", FP_CELL_TEXT}, {"Action", "action", FP_CELL_TEXT}, {"Who", "who", FP_CELL_TEXT},
	{"Outcome", "outcome", FP_CELL_TEXT}, {"Message", "msg", FP_CELL_TEXT}, {0},
};

static json_t *member(const json_t *side, const char *field, int is_geometry)
{
	json_t *v = json_object_get(is_geometry ? side : json_object_get(side, "attributes"), field);

	return v ? json_incref(v) : NULL;
}

static void add_field(json_t *rows, const json_t *old, const json_t *new, const char *field, int is_geometry)
{
	json_t *row = json_object(), *a = member(old, field, is_geometry), *b = member(new, field, is_geometry);

	fp_row_text(row, "field", field);
	json_object_set_new(row, "old", a ? a : json_string(""));
	json_object_set_new(row, "new", b ? b : json_string(""));
	json_array_append_new(rows, row);
}

/* Old and new per field, those of new first in their order. */
static json_t *fields(const json_t *delta)
{
	json_t *rows = json_array(), *old = json_object_get(delta, "old"), *new = json_object_get(delta, "new");
	json_t *a = json_object_get(old, "attributes"), *b = json_object_get(new, "attributes"), *v;
	const char *field;

	json_object_foreach(b, field, v)
		add_field(rows, old, new, field, 0);
	json_object_foreach(a, field, v)
		if (!json_object_get(b, field))
			add_field(rows, old, new, field, 0);
	if (json_object_get(old, "geometry") || json_object_get(new, "geometry"))
		add_field(rows, old, new, "geometry", 1);
	return rows;
}

static void print_change(struct fp_invocation *inv, json_t *row)
{
	json_t *f;

	if (inv->json) {
		fp_print_json(row);
		return;
	}
	f = fields(json_object_get(row, "delta"));
	fp_print_row(inv, json_incref(row), show_columns);
	if (json_array_size(f)) {
		fp_print("%s", "");
		fp_print_table(inv, f, field_columns);
	}
	if (json_array_size(json_object_get(row, "attempt_list"))) {
		fp_print("%s", "");
		fp_print_table(inv, json_object_get(row, "attempt_list"), attempt_columns);
	}
	json_decref(f);
	json_decref(row);
}

static enum fp_status show(struct fp_invocation *inv, struct fp_error *err)
{
	const char *project = fp_opt(inv, "project");
	char id[FP_UUID_SIZE];
	json_t *row = NULL, *attempts;
	enum fp_status st = project ? fp_project_find(inv->store, id, project, err) : FP_OK;

	if (st == FP_OK)
		st = fp_change_get(inv->store, project ? id : NULL, inv->argv[0], take_change, &row, err);
	if (st != FP_OK)
		return st;
	attempts = json_array();
	st = fp_change_attempts(inv->store, fp_json_int(row, "id", 0), add_attempt, attempts, err);
	json_object_set_new(row, "attempt_list", attempts);
	if (st == FP_OK)
		print_change(inv, row);
	else
		json_decref(row);
	return st;
}

const struct fp_command fp_cmd_change_show = {
	.name = "change show", .args = "UUID", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = show,
	.help = "Show a change: its fields, and every attempt to apply it.",
	.options = {{"project", "NAME", "of this project (the same deltafile may have been pushed to several)"}},
};
