/* fieldpost project ...: what there is, and what it is made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/fs.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/queue.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

#define LEFT_OUT_SHOWN 10

static json_t *project_row(const struct fp_project_row *r)
{
	json_t *o = json_object();

	fp_row_text(o, "id", r->id);
	fp_row_text(o, "name", r->name);
	fp_row_text(o, "status", r->status);
	fp_row_int(o, "problems", r->problems);
	fp_row_int(o, "changes", r->changes);
	fp_row_int(o, "pending", r->pending);
	fp_row_int(o, "conflict", r->conflict);
	fp_row_int(o, "failed", r->failed);
	fp_row_text(o, "job_type", r->job_type);
	fp_row_text(o, "job_status", r->job_status);
	fp_row_int(o, "job_id", r->job_id);
	fp_row_time(o, "job_at", r->job_at);
	fp_row_int(o, "files", r->files);
	fp_row_int(o, "size", r->size);
	fp_row_text(o, "project_file", r->project_file);
	fp_row_text(o, "title", r->title);
	fp_row_text(o, "crs", r->crs);
	fp_row_time(o, "created_at", r->created_at);
	fp_row_time(o, "checked_at", r->checked_at);
	fp_row_time(o, "packaged_at", r->packaged_at);
	json_object_set_new(o, "overwrite_conflicts", json_boolean(r->overwrite_conflicts));
	fp_row_text(o, "network", r->network);
	return o;
}

static void add_row(void *arg, const struct fp_project_row *r)
{
	json_array_append_new(arg, project_row(r));
}

static const struct fp_column list_columns[] = {
	{"Name", "name", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT}, {"Problems", "problems", FP_CELL_TEXT},
	{"Pending", "pending", FP_CELL_TEXT}, {"Conflict", "conflict", FP_CELL_TEXT}, {"Failed", "failed", FP_CELL_TEXT},
	{"Job", "job_id", FP_CELL_TEXT}, {"Type", "job_type", FP_CELL_TEXT}, {"State", "job_status", FP_CELL_TEXT},
	{"Files", "files", FP_CELL_TEXT}, {"Size", "size", FP_CELL_BYTES}, {0},
};

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_project_list(s, q, 0, limit, add_row, rows, err);
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){fetch, 0, "projects", "project", NULL, list_columns}, err);
}

const struct fp_command fp_cmd_project_list = {
	.name = "project list", .args = "[FILTER...]", .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List the projects.",
	.options = {FP_LIST_OPTIONS},
};

static void take_details(void *arg, const struct fp_project_row *r)
{
	json_t *o = project_row(r);

	fp_row_json(o, "facts", r->facts);
	*(json_t **)arg = o;
}

static const struct fp_column show_columns[] = {
	{"name", "name", FP_CELL_TEXT}, {"id", "id", FP_CELL_TEXT}, {"status", "status", FP_CELL_TEXT}, {"problems", "problems", FP_CELL_TEXT},
	{"project file", "project_file", FP_CELL_TEXT}, {"title", "title", FP_CELL_TEXT}, {"CRS", "crs", FP_CELL_TEXT},
	{"files", "files", FP_CELL_TEXT}, {"size", "size", FP_CELL_BYTES}, {"changes", "changes", FP_CELL_TEXT},
	{"pending", "pending", FP_CELL_TEXT}, {"conflict", "conflict", FP_CELL_TEXT}, {"failed", "failed", FP_CELL_TEXT},
	{"overwrite_conflicts", "overwrite_conflicts", FP_CELL_TEXT}, {"network", "network", FP_CELL_TEXT},
	{"network checks", "network_checks", FP_CELL_TEXT}, {"created", "created_at", FP_CELL_TIME},
	{"checked", "checked_at", FP_CELL_TIME}, {0},
};

static enum fp_status show(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	json_t *row;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_project_get(inv->store, id, take_details, &row, err);
	if (st == FP_OK) {
		json_object_set_new(row, "network_checks", json_boolean(fp_project_network_on(fp_json_str_or(row, "network", ""), inv->config.network_checks)));
		fp_print_row(inv, row, show_columns);
	}
	return st;
}

const struct fp_command fp_cmd_project_show = {
	.name = "project show", .args = "NAME", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = show,
	.help = "Show one project.",
};

/* What is hidden never comes in (QFieldCloud's jobs stumble over it), and what was left out is said. */
struct left_out {
	json_t *names;
};

static enum fp_status note_left_out(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct left_out *l = arg;

	(void)size;
	(void)err;
	if (!regular || fp_name_hidden(name))
		json_array_append_new(l->names, fp_json_text(name));
	return FP_OK;
}

static void say_left_out(const json_t *names)
{
	size_t n = json_array_size(names);

	for (size_t i = 0; i < n && i < LEFT_OUT_SHOWN; i++)
		fp_say("left out (hidden, or no regular file): %s\n", json_string_value(json_array_get(names, i)));
	if (n > LEFT_OUT_SHOWN)
		fp_say("left out: %zu more\n", n - LEFT_OUT_SHOWN);
}

static enum fp_status fill(struct fp_invocation *inv, const char *id, const char *from, json_t *answer, struct fp_error *err)
{
	struct left_out l = {json_array()};
	struct fp_trigger t;
	int64_t files, hidden;
	enum fp_status st = fp_fs_walk(from, note_left_out, &l, err);

	if (st == FP_OK)
		st = fp_queue_upload_folder(inv->store, &t, id, from, fp_who(), &files, &hidden, err);
	if (st == FP_OK) {
		say_left_out(l.names);
		fp_row_int(answer, "files", files);
		json_object_set(answer, "left_out", l.names);
		fp_outcome_job(answer, &t);
	}
	json_decref(l.names);
	return st;
}

static enum fp_status create(struct fp_invocation *inv, struct fp_error *err)
{
	const char *from = fp_opt(inv, "from"), *name = inv->argv[0];
	char id[FP_UUID_SIZE];
	struct stat sb;
	json_t *answer;
	enum fp_status st;

	if (from && (stat(from, &sb) != 0 || !S_ISDIR(sb.st_mode)))
		return fp_fail(err, FP_E_NOTFOUND, "there is no folder %s", from);
	st = fp_confirm(inv, err, "Make project \"%s\"%s%s?", name, from ? " from " : "", from ? from : "");
	if (st == FP_OK)
		st = fp_project_create(inv->store, id, name, fp_who(), err);
	if (st != FP_OK)
		return st;
	answer = json_pack("{s:s}", "id", id);
	fp_row_text(answer, "name", name);
	if (from)
		st = fill(inv, id, from, answer, err);
	if (st != FP_OK) { /* all or nothing */
		fp_project_delete(inv->store, id, fp_who(), NULL);
		json_decref(answer);
		return st;
	}
	fp_outcome_print(inv, answer, "Made project \"%s\" (%s) with %lld file%s.", name, id, (long long)fp_json_int(answer, "files", 0),
			fp_text_s(fp_json_int(answer, "files", 0)));
	return FP_OK;
}

const struct fp_command fp_cmd_project_create = {
	.name = "project create", .args = "NAME", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = create,
	.help = "Make a project; with --from, put every file of a folder into it (hidden ones are reported and left out).",
	.options = {{"from", "DIR", "the folder to take the files from"}},
};

static enum fp_status set(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	for (int i = 1; i < inv->argc && st == FP_OK; i++)
		if (!strchr(inv->argv[i], '='))
			st = fp_fail(err, FP_E_USAGE, "\"%s\" is no KEY=VALUE", inv->argv[i]);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Change %d setting(s) of project \"%s\"?", inv->argc - 1, inv->argv[0]);
	if (st == FP_OK)
		st = fp_store_begin(inv->store, err);
	if (st != FP_OK)
		return st;
	for (int i = 1; i < inv->argc && st == FP_OK; i++) {
		char *value = strchr(inv->argv[i], '='), *key = fp_strndup(inv->argv[i], (size_t)(value - inv->argv[i]));
		st = fp_project_set(inv->store, id, key, value + 1, fp_who(), err);
		free(key);
	}
	if (st != FP_OK) {
		fp_store_rollback(inv->store);
		return st;
	}
	st = fp_store_commit(inv->store, err);
	if (st == FP_OK)
		fp_outcome_print(inv, json_pack("{s:s}", "id", id), "Done.");
	return st;
}

const struct fp_command fp_cmd_project_set = {
	.name = "project set", .args = "NAME KEY=VALUE...", .min_args = 2, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = set,
	.help = "Change settings of a project: name; overwrite_conflicts (true: the last change wins, false: conflicts are kept for a person); "
		"network (on, off, or default: as the configuration says).",
};

static void take_counts(void *arg, const struct fp_project_row *r)
{
	*(json_t **)arg = project_row(r);
}

static enum fp_status drop(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	json_t *row = NULL;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_project_get(inv->store, id, take_counts, &row, err);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Delete project \"%s\" with %lld file%s, all versions, and %lld change%s (%lld pending)? There is no way back.",
			fp_json_str_or(row, "name", ""), (long long)fp_json_int(row, "files", 0), fp_text_s(fp_json_int(row, "files", 0)),
			(long long)fp_json_int(row, "changes", 0), fp_text_s(fp_json_int(row, "changes", 0)),
			(long long)fp_json_int(row, "pending", 0));
	if (st == FP_OK)
		st = fp_project_delete(inv->store, id, fp_who(), err);
	if (st == FP_OK)
		fp_outcome_print(inv, json_pack("{s:s}", "id", id), "Deleted project \"%s\".", fp_json_str_or(row, "name", ""));
	json_decref(row);
	return st;
}

const struct fp_command fp_cmd_project_delete = {
	.name = "project delete", .args = "NAME", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = drop,
	.help = "Delete a project with its files, changes and jobs.",
};
