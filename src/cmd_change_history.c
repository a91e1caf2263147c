/* fieldpost change history: a feature's life, from a change or by its name. */
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/queue/feature_past.h"
#include "engine/store/changes.h"
#include "engine/store/history.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/output.h"

static void take_id(void *arg, const struct fp_change_row *r)
{
	*(int64_t *)arg = r->id;
}

static enum fp_status find(const struct fp_invocation *inv, struct fp_feature_name *f, struct fp_error *err)
{
	const char *layer = fp_opt(inv, "layer"), *key = fp_opt(inv, "key");
	char project[FP_UUID_SIZE];
	int64_t id = 0;
	enum fp_status st = fp_project_find(inv->store, project, inv->argv[0], err);

	if (st != FP_OK)
		return st;
	if ((inv->argc == 2) == (layer || key) || !layer != !key)
		return fp_fail(err, FP_E_USAGE, "name a change by its uuid, or a feature by --layer and --key");
	if (layer)
		return fp_feature_named(inv->store, f, project, layer, key, err);
	st = fp_change_get(inv->store, project, inv->argv[1], take_id, &id, err);
	return st == FP_OK ? fp_feature_of_change(inv->store, f, id, err) : st;
}

static void add(void *arg, const struct fp_history_row *r)
{
	json_t *o = json_object();

	fp_row_time(o, "at", r->at);
	fp_row_text(o, "kind", r->kind);
	fp_row_text(o, "uuid", r->uuid);
	fp_row_text(o, "method", r->method);
	fp_row_text(o, "who", r->who);
	fp_row_text(o, "client_id", r->client_id);
	fp_row_text(o, "outcome", r->outcome);
	fp_row_text(o, "text", r->text);
	fp_row_text(o, "hash_before", r->hash_before);
	fp_row_text(o, "hash_after", r->hash_after);
	json_object_set_new(o, "job_id", r->job_id ? json_integer(r->job_id) : json_null());
	json_object_set_new(o, "version", r->version ? json_integer(r->version) : json_null());
	json_array_append_new(arg, o);
}

/* ---- what the data says ---- */

static const char *what_became(const struct fp_feature_state *s)
{
	return *s->fault ? "unreadable" : !s->present ? "not there" : !s->changed ? "there" : json_array_size(s->changed) ? "changed" : "same";
}

/* "survey.gpkg: height_m, species" */
static void tell_changed(json_t *row, const struct fp_feature_state *s)
{
	struct fp_buf b = FP_BUF_INIT;
	const json_t *name;
	size_t i;

	fp_buf_addf(&b, "%s%s", s->file, *s->fault ? ": " : "");
	fp_buf_adds(&b, s->fault);
	json_array_foreach(s->changed, i, name)
		fp_buf_addf(&b, "%s%s", i ? ", " : ": ", json_string_value(name));
	fp_row_text(row, "text", b.data);
	fp_buf_free(&b);
}

static void add_state(void *rows, const struct fp_feature_state *s)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (fp_json_int(row, "version", 0) != s->version)
			continue;
		fp_row_text(row, "outcome", what_became(s));
		fp_row_text(row, "hash_after", s->hash);
		json_object_set(row, "attributes", s->attributes ? (json_t *)(uintptr_t)s->attributes : json_null());
		json_object_set(row, "geometry", s->geometry ? (json_t *)(uintptr_t)s->geometry : json_null());
		tell_changed(row, s);
	}
}

/* The ledger is told all the same when the data cannot be looked at. */
static void look_at_data(const struct fp_invocation *inv, const struct fp_feature_name *f, json_t *rows)
{
	struct fp_feature_past *past = NULL;
	struct fp_error err;
	enum fp_status st = fp_feature_past_start(&past, inv->store, &inv->config, f->project_id, f->layer_id, f->key, add_state, rows, &err);

	if (st == FP_OK)
		st = fp_feature_past_wait(past, &err);
	if (st != FP_OK)
		fp_say("what the feature was in each version of its file cannot be told: %s\n", err.msg);
	fp_feature_past_free(past);
}

static const struct fp_column columns[] = {
	{"When", "at", FP_CELL_TIME}, {"What", "kind", FP_CELL_TEXT}, {"Method", "method", FP_CELL_TEXT}, {"Outcome", "outcome", FP_CELL_TEXT},
	{"Who", "who", FP_CELL_TEXT}, {"Device", "client_id", FP_CELL_TAIL}, {"Job", "job_id", FP_CELL_TEXT}, {"Version", "version", FP_CELL_TEXT},
	{"Change", "uuid", FP_CELL_TAIL}, {"Text", "text", FP_CELL_TEXT}, {0},
};

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_feature_name f;
	json_t *rows;
	enum fp_status st = find(inv, &f, err);

	if (st != FP_OK)
		return st;
	rows = json_array();
	st = fp_history_list(inv->store, &f, 0, INT64_MAX, add, rows, err);
	if (st == FP_OK && *f.file)
		look_at_data(inv, &f, rows);
	if (st == FP_OK)
		fp_print_rows(inv, "history", json_incref(rows), columns, "trace of that feature");
	json_decref(rows);
	return st;
}

const struct fp_command fp_cmd_change_history = {
	.name = "change history", .args = "NAME [UUID]", .min_args = 1, .max_args = 2, .flags = FP_CMD_HOME, .run = run,
	.help = "Tell the life of a feature, newest first: what devices wanted of it, what became of that, what people decided, and what it was in each version of its file.",
	.options = {{"layer", "LAYER", "the layer of the feature, by id or name"}, {"key", "KEY", "its key in the source"}},
};
