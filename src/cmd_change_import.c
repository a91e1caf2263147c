/* fieldpost change import: deltafiles that lie in files, in a device's folder or in the inbox. */
#include <errno.h>
#include <stdlib.h>

#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/queue/inbox.h"
#include "engine/queue/queue.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

static void add_file(void *arg, const struct fp_imported *f)
{
	json_t *o = json_object(), *others = json_array();

	for (size_t i = 0; i < f->result->others.n; i++)
		json_array_append_new(others, json_string(f->result->others.items[i]));
	fp_row_text(o, "file", f->path);
	fp_row_int(o, "new", f->result->accepted);
	fp_row_int(o, "known", f->result->known);
	fp_row_int(o, "differing", f->result->differing);
	fp_row_text(o, "reason", f->reason);
	json_object_set_new(o, "kept", json_boolean(f->kept));
	json_object_set_new(o, "deltafile", f->result->file ? json_integer(f->result->file) : json_null());
	fp_row_text(o, "project", f->project);
	json_object_set_new(o, "differing_uuids", others);
	json_array_append_new(arg, o);
}

static const struct fp_column import_columns[] = {
	{"File", "file", FP_CELL_TEXT}, {"New", "new", FP_CELL_TEXT}, {"Known", "known", FP_CELL_TEXT}, {"Differing", "differing", FP_CELL_TEXT},
	{"Why not", "reason", FP_CELL_TEXT}, {0},
};

/* The deltafiles of one device's project name one project; where they name several, somebody may have taken the wrong folder. */
static size_t count_projects(const json_t *files)
{
	json_t *seen = json_object(), *f;
	size_t i, n;

	json_array_foreach(files, i, f)
		if (*fp_json_str_or(f, "project", ""))
			json_object_set_new(seen, fp_json_str(f, "project"), json_true());
	n = json_object_size(seen);
	json_decref(seen);
	return n;
}

static void tell_differing(const json_t *files)
{
	const json_t *f, *uuid;
	size_t i, k;

	json_array_foreach(files, i, f)
		json_array_foreach(json_object_get(f, "differing_uuids"), k, uuid)
			fp_say("change %s is known with another content, the first one stays\n", json_string_value(uuid));
}

static void print_import(struct fp_invocation *inv, json_t *files, const struct fp_import *sum, const struct fp_trigger *t)
{
	size_t projects = count_projects(files);
	json_t *answer;

	inv->exit_code = sum->faulty || sum->differing;
	tell_differing(files);
	if (projects > 1)
		fp_say("these deltafiles name %zu different projects; all their changes came to this one\n", projects);
	if (sum->deep)
		fp_say("%lld file(s) lie more than %d folders deep and were not looked at\n", (long long)sum->deep, FP_IMPORT_DEPTH);
	if (!inv->json && json_array_size(files))
		fp_print_table(inv, files, import_columns);
	answer = json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I}", "files", files, "new", (json_int_t)sum->accepted, "known", (json_int_t)sum->known, "differing",
		(json_int_t)sum->differing, "faulty", (json_int_t)sum->faulty, "passed_over", (json_int_t)sum->passed, "links", (json_int_t)sum->links);
	if (t)
		fp_outcome_job(answer, t);
	fp_outcome_print(inv, answer, "%lld deltafile%s read, %lld faulty; %lld other JSON file%s and %lld link%s passed over. %lld change%s came in, %lld known "
		"already, %lld of them with another content.", (long long)sum->taken, fp_text_s(sum->taken), (long long)sum->faulty, (long long)sum->passed,
		fp_text_s(sum->passed), (long long)sum->links, fp_text_s(sum->links), (long long)sum->accepted, fp_text_s(sum->accepted),
		(long long)(sum->known + sum->differing), (long long)sum->differing);
}

static enum fp_status from_inbox(struct fp_invocation *inv, const char *project, json_t *files, struct fp_import *sum, struct fp_error *err)
{
	struct fp_inbox *inbox = fp_inbox_new(inv->store, &inv->config);
	enum fp_status st = fp_inbox_take(inbox, project, fp_who(), sum, add_file, files, err);

	fp_inbox_free(inbox);
	return st;
}

/* A path that is named may be a link; what lies below may not. */
static enum fp_status from_path(struct fp_invocation *inv, const char *project, const char *named, json_t *files, struct fp_import *sum, struct fp_error *err)
{
	char *path = realpath(named, NULL);
	int64_t found = sum->taken + sum->faulty;
	enum fp_status st = path ? fp_import_path(inv->store, project, path, fp_who(), sum, add_file, files, err) : fp_fail_errno(err, errno, "cannot read %s", named);

	free(path);
	if (st == FP_OK && sum->taken + sum->faulty == found)
		fp_say("there is no deltafile in %s\n", named);
	return st;
}

static enum fp_status import(struct fp_invocation *inv, struct fp_error *err)
{
	int inbox = fp_opt(inv, "inbox") != NULL;
	json_t *files = json_array();
	struct fp_import sum = {0};
	char id[FP_UUID_SIZE];
	struct fp_trigger t;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK && inbox == (inv->argc > 1))
		st = fp_fail(err, FP_E_USAGE, "name the files and folders to import, or --inbox");
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Import the changes in %s to project \"%s\"?", inbox ? "its inbox" : inv->argc == 2 ? inv->argv[1] : "these files", inv->argv[0]);
	if (st == FP_OK && inbox)
		st = from_inbox(inv, id, files, &sum, err);
	for (int i = 1; st == FP_OK && i < inv->argc; i++)
		st = from_path(inv, id, inv->argv[i], files, &sum, err);
	if (sum.taken && !inbox) { /* what came in before something failed is to be applied, too */
		enum fp_status asked = fp_queue_trigger(inv->store, &t, id, FP_JOB_DELTA_APPLY, "import", fp_who(), st == FP_OK ? err : NULL);
		st = st == FP_OK ? asked : st;
	}
	if (st == FP_OK)
		print_import(inv, files, &sum, sum.taken && !inbox ? &t : NULL);
	else
		json_decref(files);
	return st;
}

const struct fp_command fp_cmd_change_import = {
	.name = "change import", .args = "NAME [PATH...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = import,
	.help = "Import deltafiles (up to 256 MB each) from files and copied QField folders, two folders deep; what is known by its uuid stays one (exit code 1 when "
		"something was faulty or differs).",
	.options = {{"inbox", NULL, "take what lies in the project's inbox, settled or not"}},
};
