/* fieldpost change push, list, show: changes come in and are looked at. What is done with them: src/cmd_change_act.c. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/changes/deltafile.h"
#include "engine/queue/queue.h"
#include "engine/store/changes.h"
#include "engine/store/projects.h"
#include "src/change_rows.h"
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
	fp_outcome_print(inv, answer, "%lld change%s came in, %lld %s known already.", (long long)r.accepted, fp_text_s(r.accepted),
		(long long)(r.known + r.differing), r.known + r.differing == 1 ? "was" : "were");
	fp_push_result_clear(&r);
	return FP_OK;
}

const struct fp_command fp_cmd_change_push = {
	.name = "change push", .args = "NAME DELTAS", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = push,
	.help = "Push a deltafile to a project, whatever project id stands in it. A faulty one is kept with its reason, and nothing of it is applied.",
};

static void add_row(void *arg, const struct fp_change_row *r)
{
	json_array_append_new(arg, fp_change_json(r));
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
	return fp_list_print(inv, &(struct fp_listing){fetch, 1, "changes", "change", NULL, list_columns}, err);
}

const struct fp_command fp_cmd_change_list = {
	.name = "change list", .args = "NAME [FILTER...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List the changes of a project, newest first. A filter is words and KEY:VALUE, as in status:conflict user:field-1 -method:delete bark.",
	.options = {FP_LIST_OPTIONS},
};

static void take_change(void *arg, const struct fp_change_row *r)
{
	*(json_t **)arg = fp_change_json(r);
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

static void print_change(struct fp_invocation *inv, json_t *row)
{
	json_t *f;

	if (inv->json) {
		fp_print_json(row);
		return;
	}
	f = fp_change_fields_json(json_object_get(row, "delta"));
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
	json_t *row = NULL, *attempts = NULL;
	enum fp_status st = project ? fp_project_find(inv->store, id, project, err) : FP_OK;

	if (st == FP_OK)
		st = fp_change_get(inv->store, project ? id : NULL, inv->argv[0], take_change, &row, err);
	if (st != FP_OK)
		return st;
	st = fp_change_attempts_json(inv->store, fp_json_int(row, "id", 0), &attempts, err);
	if (st != FP_OK) {
		json_decref(row);
		return st;
	}
	json_object_set_new(row, "attempt_list", attempts);
	print_change(inv, row);
	return FP_OK;
}

const struct fp_command fp_cmd_change_show = {
	.name = "change show", .args = "UUID", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = show,
	.help = "Show a change: its fields, and every attempt to apply it.",
	.options = {{"project", "NAME", "of this project (the same deltafile may have been pushed to several)"}},
};
