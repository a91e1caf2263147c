#include "src/layer_reports.h"

#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/store/checks.h"
#include "engine/store/jobs.h"
#include "src/listing.h"

static json_t *valid_json(int is_valid)
{
	return is_valid < 0 ? json_null() : json_boolean(is_valid);
}

/* "" is null: there is none. */
static void text_or_null(json_t *row, const char *key, const char *text)
{
	json_object_set_new(row, key, *text ? fp_json_text(text) : json_null());
}

/* ---- the same failure of many layers ---- */

struct groups { json_t *rows; int invalid; };

static void add_group(void *arg, const struct fp_group_row *r)
{
	struct groups *g = arg;
	json_t *o = json_object();

	fp_row_int(o, "group", r->id);
	fp_row_text(o, "status", r->status);
	json_object_set_new(o, "is_valid", valid_json(r->is_valid));
	text_or_null(o, "cause", r->cause);
	fp_row_text(o, "sentence", r->sentence);
	fp_row_text(o, "owner", r->owner);
	fp_row_text(o, "remedy", r->remedy);
	fp_row_int(o, "layers", r->layers);
	fp_row_int(o, "projects", r->projects);
	fp_row_json(o, "names", r->names);
	json_array_append_new(g->rows, o);
	g->invalid |= r->is_valid == 0;
}

static const struct fp_column group_columns[] = {
	{"Group", "group", FP_CELL_TEXT}, {"Layers", "layers", FP_CELL_TEXT}, {"Projects", "projects", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT},
	{"What is wrong", "sentence", FP_CELL_TEXT}, {"Whose job", "owner", FP_CELL_TEXT}, {"What to do", "remedy", FP_CELL_TEXT},
	{"Such as", "names", FP_CELL_LIST}, {0},
};

enum fp_status fp_layer_groups_print(struct fp_invocation *inv, const struct fp_query *q, int64_t limit, struct fp_error *err)
{
	struct groups g = {json_array(), 0};
	enum fp_status st = fp_layer_groups(inv->store, q, FP_GROUP_SENTENCE, 0, limit, add_group, &g, err);

	if (st != FP_OK) {
		json_decref(g.rows);
		return st;
	}
	inv->exit_code = g.invalid;
	fp_print_rows(inv, "groups", g.rows, group_columns, "layer that is not ok");
	return FP_OK;
}

/* ---- runs ---- */

static void add_run(void *arg, const struct fp_check_row *r)
{
	json_t *o = json_object();

	fp_row_int(o, "job", r->job_id);
	fp_row_time(o, "at", r->at);
	fp_row_text(o, "project_id", r->project_id);
	fp_row_text(o, "project", r->project_name);
	fp_row_text(o, "trigger", r->trigger);
	fp_row_text(o, "created_by", r->by);
	fp_row_text(o, "verdict", r->verdict);
	fp_row_json(o, "counts", r->counts);
	fp_row_time(o, "compared_with", r->previous_at);
	fp_row_int(o, "fixed", r->fixed);
	fp_row_int(o, "broke", r->broke);
	fp_row_int(o, "changed", r->changed);
	fp_row_int(o, "new", r->added);
	fp_row_int(o, "gone", r->gone);
	json_array_append_new(arg, o);
}

static const struct fp_column run_columns[] = {
	{"When", "at", FP_CELL_TIME}, {"Project", "project", FP_CELL_TEXT}, {"Job", "job", FP_CELL_TEXT}, {"Why", "trigger", FP_CELL_TEXT},
	{"By", "created_by", FP_CELL_TEXT}, {"Verdict", "verdict", FP_CELL_TEXT}, {0},
};

enum fp_status fp_layer_runs_print(struct fp_invocation *inv, const struct fp_query *q, int64_t limit, struct fp_error *err)
{
	json_t *rows = json_array();
	enum fp_status st = fp_check_list(inv->store, q, 0, limit, add_run, rows, err);

	if (st != FP_OK)
		json_decref(rows);
	else
		fp_print_rows(inv, "runs", rows, run_columns, "check that finished well");
	return st;
}

/* ---- one layer ---- */

static void add_verdict(void *arg, const struct fp_verdict_row *r)
{
	json_t *o = json_object();

	fp_row_text(o, "name", r->name);
	fp_row_int(o, "first_job", r->first_job);
	fp_row_time(o, "since", r->since);
	json_object_set_new(o, "last_job", r->last_job ? json_integer(r->last_job) : json_null());
	fp_row_time(o, "until", r->until);
	json_object_set_new(o, "ended_job", r->ended_job ? json_integer(r->ended_job) : json_null());
	json_object_set_new(o, "is_valid", valid_json(r->is_valid));
	fp_row_text(o, "status", r->status);
	text_or_null(o, "cause", r->cause);
	fp_row_text(o, "owner", r->owner);
	fp_row_text(o, "sentence", r->sentence);
	fp_row_text(o, "detail", r->detail);
	fp_row_text(o, "remedy", r->remedy);
	json_array_append_new(arg, o);
}

static const struct fp_column verdict_columns[] = {
	{"Since", "since", FP_CELL_TIME}, {"Job", "first_job", FP_CELL_TEXT}, {"Until", "until", FP_CELL_TIME}, {"Job", "last_job", FP_CELL_TEXT},
	{"Layer Name", "name", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT}, {"What was wrong", "sentence", FP_CELL_TEXT}, {0},
};

enum fp_status fp_layer_history_print(struct fp_invocation *inv, const char *project_id, const char *layer, struct fp_error *err)
{
	json_t *rows = json_array();
	char *id;
	enum fp_status st = fp_verdict_find(inv->store, &id, project_id, layer, err);

	if (st == FP_OK)
		st = fp_verdict_list(inv->store, project_id, id, add_verdict, rows, err);
	free(id);
	if (st != FP_OK)
		json_decref(rows);
	else
		fp_print_rows(inv, "verdicts", rows, verdict_columns, "verdict");
	return st;
}
