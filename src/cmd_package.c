/* fieldpost package list, show, compare: what a home packaged. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/output.h"
#include "src/package_rows.h"

static void add_row(void *arg, const struct fp_package_row *r)
{
	json_array_append_new(arg, fp_package_row_json(r));
}

static const struct fp_column list_columns[] = {
	{"Package", "id", FP_CELL_TEXT}, {"When", "packaged_at", FP_CELL_TIME}, {"State of", "basis_at", FP_CELL_TIME},
	{"Freshness", "freshness", FP_CELL_TEXT}, {"Layers", "layers", FP_CELL_TEXT}, {"Offline", "offline", FP_CELL_TEXT},
	{"Features", "features", FP_CELL_TEXT}, {"Left out", "skipped", FP_CELL_TEXT}, {"Files", "files", FP_CELL_TEXT}, {"Size", "size", FP_CELL_BYTES},
	{"Warnings", "warnings", FP_CELL_TEXT}, {0},
};

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_package_list(s, q, 0, limit, add_row, rows, err);
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){fetch, 1, "packages", "package", "make one with: fieldpost job trigger NAME package",
		list_columns}, err);
}

const struct fp_command fp_cmd_package_list = {
	.name = "package list", .args = "NAME [FILTER...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List the packages of a project, newest first, and what came since each.",
	.options = {FP_LIST_OPTIONS},
};

/* ---- one ---- */

/* The project ARGV[0] and the package that TEXT names; 0: its newest. */
static enum fp_status find(struct fp_invocation *inv, char id[FP_UUID_SIZE], int64_t *job, const char *text, struct fp_error *err)
{
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	*job = 0;
	return st == FP_OK && text ? fp_parse_number(job, text, "a package", err) : st;
}

static void add_layer(void *arg, const struct fp_package_layer_row *l)
{
	json_t *o = json_object();

	fp_row_text(o, "id", l->id);
	fp_row_text(o, "name", l->name);
	fp_row_text(o, "action", l->action);
	json_object_set_new(o, "table", *l->table ? fp_json_text(l->table) : json_null());
	fp_row_int(o, "features", l->features);
	json_object_set_new(o, "pk", *l->pk ? fp_json_text(l->pk) : json_null());
	json_object_set_new(o, "read_only", json_boolean(l->read_only));
	fp_row_json(o, "skipped", l->skipped);
	fp_row_json(o, "warnings", l->warnings);
	fp_row_json(o, "source", l->source);
	fp_row_json(o, "packaged", l->packaged);
	json_array_append_new(arg, o);
}

static const struct fp_column show_columns[] = {
	{"package", "id", FP_CELL_TEXT}, {"project", "project", FP_CELL_TEXT}, {"packaged", "packaged_at", FP_CELL_TIME}, {"state of", "basis_at", FP_CELL_TIME},
	{"freshness", "freshness", FP_CELL_TEXT}, {"verdict", "verdict", FP_CELL_TEXT}, {"by", "created_by", FP_CELL_TEXT}, {"why", "trigger", FP_CELL_TEXT},
	{"attachments", "attachments", FP_CELL_TEXT}, {"folder", "folder", FP_CELL_TEXT}, {0},
};
static const struct fp_column layer_columns[] = {
	{"Layer", "name", FP_CELL_TEXT}, {"Action", "action", FP_CELL_TEXT}, {"Table", "table", FP_CELL_TEXT}, {"Features", "features", FP_CELL_TEXT},
	{"Key", "pk", FP_CELL_TEXT}, {"Read-only", "read_only", FP_CELL_TEXT}, {0},
};
static const struct fp_column file_columns[] = {
	{"File", "name", FP_CELL_TEXT}, {"Size", "size", FP_CELL_BYTES}, {"SHA-256", "sha256", FP_CELL_TEXT}, {0},
};

static void print_warnings(const char *of, const json_t *list)
{
	const json_t *w;
	size_t i;

	json_array_foreach(list, i, w)
		fp_print("%s%s%s", of, *of ? ": " : "", fp_json_str_or(w, "detail", fp_json_str_or(w, "code", "")));
}

static void print_left_out(const char *layer, const json_t *list)
{
	char n[FP_COUNT_SIZE];
	const json_t *e;
	size_t i;

	json_array_foreach(list, i, e)
		fp_print("%s: %s left out: %s", layer, fp_text_count(n, fp_json_int(e, "count", 0)), fp_json_str_or(e, "reason", ""));
}

/* Attachments are counted, not listed: people know their photos. */
static void print_shown(const struct fp_invocation *inv, json_t *row, const json_t *layers, const json_t *files)
{
	json_t *own = json_array(), *shown = fp_package_layers_shown(layers), *v;
	size_t i;

	json_array_foreach(files, i, v)
		if (!fp_json_bool(v, "is_attachment", 0))
			json_array_append(own, v);
	fp_print_row(inv, json_incref(row), show_columns);
	fp_print_table(inv, shown, layer_columns);
	print_warnings("", json_object_get(row, "notes"));
	json_array_foreach(layers, i, v) {
		print_left_out(fp_json_str_or(v, "name", ""), json_object_get(v, "skipped"));
		print_warnings(fp_json_str_or(v, "name", ""), json_object_get(v, "warnings"));
	}
	fp_print_table(inv, own, file_columns);
	json_decref(own);
	json_decref(shown);
}

static enum fp_status show(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	json_t *row = NULL, *layers = json_array(), *files = json_array();
	int64_t job;
	enum fp_status st = find(inv, id, &job, inv->argc > 1 ? inv->argv[1] : NULL, err);

	if (st == FP_OK)
		st = fp_package_get(inv->store, id, job, fp_package_take_row, &row, err);
	if (st == FP_OK) {
		job = fp_json_int(row, "id", 0);
		st = fp_package_layers(inv->store, job, 0, INT64_MAX, add_layer, layers, err);
	}
	if (st == FP_OK)
		st = fp_package_add_files(files, inv->store, job, err);
	if (st == FP_OK && inv->json)
		fp_print_json(json_pack("{s:O,s:O,s:O}", "package", row, "layers", layers, "files", files));
	else if (st == FP_OK)
		print_shown(inv, row, layers, files);
	json_decref(row);
	json_decref(layers);
	json_decref(files);
	return st;
}

const struct fp_command fp_cmd_package_show = {
	.name = "package show", .args = "NAME [PACKAGE]", .min_args = 1, .max_args = 2, .flags = FP_CMD_HOME, .run = show,
	.help = "Show a package (the newest, or the one of a job): layers, what was left out and why, files.",
};

/* ---- two ---- */

static void size_or_null(json_t *o, const char *key, int64_t n)
{
	json_object_set_new(o, key, n < 0 ? json_null() : json_integer((json_int_t)n));
}

static void add_file_diff(void *arg, const struct fp_package_file_diff *d)
{
	json_t *o = json_object();

	fp_row_text(o, "change", d->change);
	fp_row_text(o, "name", d->name);
	size_or_null(o, "before", d->before);
	size_or_null(o, "after", d->after);
	json_object_set_new(o, "is_attachment", json_boolean(d->is_attachment));
	json_array_append_new(arg, o);
}

static void add_layer_diff(void *arg, const struct fp_package_layer_diff *d)
{
	json_t *o = json_object();

	fp_row_text(o, "change", d->change);
	fp_row_text(o, "id", d->id);
	fp_row_text(o, "name", d->name);
	json_object_set_new(o, "action_before", *d->action_before ? json_string(d->action_before) : json_null());
	json_object_set_new(o, "action_after", *d->action_after ? json_string(d->action_after) : json_null());
	size_or_null(o, "before", d->before);
	size_or_null(o, "after", d->after);
	fp_row_int(o, "skipped_before", d->skipped_before);
	fp_row_int(o, "skipped_after", d->skipped_after);
	fp_row_int(o, "applied", d->applied);
	json_array_append_new(arg, o);
}

static const struct fp_column layer_diff_columns[] = {
	{"Layer", "name", FP_CELL_TEXT}, {"Change", "change", FP_CELL_TEXT}, {"Was", "action_before", FP_CELL_TEXT}, {"Is", "action_after", FP_CELL_TEXT},
	{"Features", "before", FP_CELL_TEXT}, {"Now", "after", FP_CELL_TEXT}, {"Changes", "applied", FP_CELL_TEXT},
	{"Left out", "skipped_before", FP_CELL_TEXT}, {"Now", "skipped_after", FP_CELL_TEXT},
	{0},
};
static const struct fp_column file_diff_columns[] = {
	{"File", "name", FP_CELL_TEXT}, {"Change", "change", FP_CELL_TEXT}, {"Size", "before", FP_CELL_BYTES}, {"Now", "after", FP_CELL_BYTES}, {0},
};

static enum fp_status one_is_there(struct fp_store *s, const char *id, int64_t job, struct fp_error *err)
{
	json_t *row = NULL;
	enum fp_status st = fp_package_get(s, id, job, fp_package_take_row, &row, err);

	json_decref(row);
	return st;
}

/* Without two names: the one named, or else the one before the newest, against the newest. The newest by its name is held against the one before it. */
static enum fp_status choose(struct fp_invocation *inv, int64_t *old, int64_t *new, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	enum fp_status st = find(inv, id, old, inv->argc > 1 ? inv->argv[1] : NULL, err);

	*new = 0;
	if (st == FP_OK && inv->argc > 2)
		st = fp_parse_number(new, inv->argv[2], "a package", err);
	else if (st == FP_OK)
		st = fp_package_before(inv->store, id, 0, new, err);
	if (st == FP_OK)
		st = one_is_there(inv->store, id, *new, err);
	if (st == FP_OK && (*old == 0 || (*old == *new && inv->argc == 2))) {
		st = fp_package_before(inv->store, id, *new, old, err);
		if (st == FP_OK && !*old)
			st = fp_fail(err, FP_E_NOTFOUND, "there is no package before package %lld to compare it with", (long long)*new);
	}
	return st == FP_OK ? one_is_there(inv->store, id, *old, err) : st;
}

static void print_compared(const struct fp_invocation *inv, int64_t old, int64_t new, const json_t *layers, const json_t *files)
{
	fp_print("Package %lld, and what is different in package %lld:", (long long)old, (long long)new);
	fp_print_table(inv, layers, layer_diff_columns);
	if (json_array_size(files))
		fp_print_table(inv, files, file_diff_columns);
	else
		fp_print("All files are the same.");
}

static enum fp_status compare(struct fp_invocation *inv, struct fp_error *err)
{
	json_t *layers = json_array(), *files = json_array();
	int64_t old = 0, new = 0;
	enum fp_status st = choose(inv, &old, &new, err);

	if (st == FP_OK)
		st = fp_package_compare_layers(inv->store, old, new, 0, INT64_MAX, add_layer_diff, layers, err);
	if (st == FP_OK)
		st = fp_package_compare_files(inv->store, old, new, 0, INT64_MAX, add_file_diff, files, err);
	if (st == FP_OK && inv->json)
		fp_print_json(json_pack("{s:I,s:I,s:O,s:O}", "before", (json_int_t)old, "after", (json_int_t)new, "layers", layers, "files", files));
	else if (st == FP_OK)
		print_compared(inv, old, new, layers, files);
	json_decref(layers);
	json_decref(files);
	return st;
}

const struct fp_command fp_cmd_package_compare = {
	.name = "package compare", .args = "NAME [PACKAGE [PACKAGE]]", .min_args = 1, .max_args = 3, .flags = FP_CMD_HOME, .run = compare,
	.help = "Compare two packages: files that came, went or changed, and the features of each layer (the newest with the one before it, if none is named).",
};
