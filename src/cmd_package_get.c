/* fieldpost package get: a package out of the home, whole or not at all. */
#include <stdlib.h>

#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/package_copy.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/interrupt.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"
#include "src/package_rows.h"
#include "src/progress_line.h"

#define BYTES_A_STEP (8 << 20)

static enum fp_status bring(struct fp_invocation *inv, struct fp_package_copy *c, const struct fp_interrupt *i, struct fp_error *err)
{
	struct fp_progress_line p;
	int done = 0;
	enum fp_status st = FP_OK;

	fp_progress_begin(&p, inv);
	fp_progress_step(&p, "copying bytes");
	while (st == FP_OK && !done) {
		struct fp_package_copied at = fp_package_copy_state(c);
		fp_progress_amount(&p, at.bytes, at.all_bytes);
		st = fp_interrupted(i, err);
		if (st == FP_OK)
			st = fp_package_copy_step(c, BYTES_A_STEP, &done, err);
	}
	fp_progress_end(&p);
	return st;
}

static enum fp_status copy_out(struct fp_invocation *inv, const char *project_id, int64_t job, const char *dir, struct fp_error *err)
{
	struct fp_package_copy *c = NULL;
	struct fp_package_copied at;
	struct fp_interrupt i;
	char size[FP_COUNT_SIZE];
	json_t *answer;
	enum fp_status st;

	fp_interrupt_begin(&i);
	st = fp_package_copy_new(&c, inv->store, project_id, job, dir, err);
	if (st == FP_OK)
		st = bring(inv, c, &i, err);
	if (st == FP_OK) {
		at = fp_package_copy_state(c);
		answer = json_pack("{s:I,s:I,s:I}", "package", (json_int_t)at.package, "files", (json_int_t)at.files, "size", (json_int_t)at.bytes);
		fp_row_text(answer, "output", dir);
		fp_outcome_print(inv, answer, "Wrote package %lld into %s: %lld file%s, %s.", (long long)at.package, dir, (long long)at.files, fp_text_s(at.files),
			fp_text_bytes(size, at.bytes));
	}
	fp_package_copy_free(c);
	fp_interrupt_end(&i);
	return st;
}

/* "trees-12": where it goes when nobody says. */
static char *default_dir(const json_t *row)
{
	return fp_asprintf("%s-%lld", fp_json_str(row, "project"), (long long)fp_json_int(row, "id", 0));
}

static enum fp_status print_manifest(const struct fp_invocation *inv, json_t *row, struct fp_error *err)
{
	json_t *files = json_array();
	enum fp_status st = fp_package_add_files(files, inv->store, fp_json_int(row, "id", 0), err);

	if (st == FP_OK)
		fp_print_json(json_pack("{s:O,s:O,s:O,s:O}", "package", json_object_get(row, "id"), "packaged_at", json_object_get(row, "packaged_at"), "basis_at",
			json_object_get(row, "basis_at"), "files", files));
	json_decref(files);
	return st;
}

static enum fp_status get(struct fp_invocation *inv, struct fp_error *err)
{
	const char *to = fp_opt(inv, "output"), *package = fp_opt(inv, "package");
	char id[FP_UUID_SIZE], *dir = NULL;
	json_t *row = NULL;
	int64_t job = 0;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK && to && (fp_opt(inv, "manifest") || !*to))
		st = fp_fail(err, FP_E_USAGE, *to ? "--manifest prints, it writes no folder: leave out -o" : "-o needs the name of a folder");
	if (st == FP_OK && package)
		st = fp_parse_number(&job, package, "--package", err);
	if (st == FP_OK)
		st = fp_package_get(inv->store, id, job, fp_package_take_row, &row, err);
	if (st == FP_OK && fp_opt(inv, "manifest")) {
		st = print_manifest(inv, row, err);
	} else if (st == FP_OK) {
		dir = to ? fp_strdup(to) : default_dir(row);
		st = copy_out(inv, id, fp_json_int(row, "id", 0), dir, err);
	}
	free(dir);
	json_decref(row);
	return st;
}

const struct fp_command fp_cmd_package_get = {
	.name = "package get", .args = "NAME", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = get,
	.help = "Copy a package out of the home, into a folder that is new or empty, whole or not at all.",
	.options = {{"package", "PACKAGE", "another than the newest, by its job"}, {"output", "DIR", "where to (-o; default: NAME-PACKAGE, here)"},
		{"manifest", NULL, "print its files with size, SHA-256 and ETag as JSON, and copy nothing"}},
};
