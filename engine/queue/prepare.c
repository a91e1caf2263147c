/* The work folder: in/ (the project's files, by hard link to their immutable versions), out/, scratch/, and the deltas to apply. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/path.h"
#include "engine/queue/describe.h"
#include "engine/queue/lines.h"
#include "engine/queue/run.h"

#define FILES_A_TIME 256

static int by_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct fp_base_file *)file)->name);
}

const struct fp_base_file *fp_run_file(const struct fp_run *r, const char *name)
{
	return r->n_files ? bsearch(name, r->files, r->n_files, sizeof *r->files, by_name) : NULL;
}

/* The store holds a file "a" and a file "a/b" side by side; a folder cannot. */
static enum fp_status check_layout(const struct fp_run *r, const char *name, struct fp_error *err)
{
	char *folder = fp_strdup(name);
	enum fp_status st = FP_OK;

	for (char *slash = strchr(folder, '/'); slash && st == FP_OK; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (fp_run_file(r, folder)) {
			st = fp_fail(err, FP_E_INVALID, "the project has a file \"%s\" and a file \"%s\", which no folder can hold", folder, name);
			fp_error_hint(err, "remove one of them");
		}
		*slash = '/';
	}
	free(folder);
	return st;
}

static enum fp_status place(const struct fp_run *r, const struct fp_base_file *f, struct fp_error *err)
{
	char *in = fp_path_join(r->work, "in");
	enum fp_status st = check_layout(r, f->name, err);

	if (st == FP_OK && access(f->path, F_OK) != 0) {
		st = fp_fail(err, FP_E_CORRUPT, "version %lld of %s is gone from the home", (long long)f->version, f->name);
		fp_error_hint(err, "see fieldpost doctor; upload the file again");
	}
	if (st == FP_OK)
		st = fp_place_file(in, f->name, f->path, err);
	free(in);
	return st;
}

static enum fp_status write_deltas(const struct fp_run *r, struct fp_error *err)
{
	char *path = fp_path_join(r->work, "deltas.jsonl");
	FILE *f = fopen(path, "wxe");
	enum fp_status st;

	if (!f) {
		st = fp_fail_errno(err, errno, "cannot create %s", path);
		free(path);
		return st;
	}
	st = fp_lines_of_job(r->store, f, r->job_id, err);
	if ((ferror(f) | fclose(f)) && st == FP_OK)
		st = fp_fail_errno(err, errno, "cannot write %s", path);
	free(path);
	return st;
}

static enum fp_status begin(struct fp_run *r, struct fp_error *err)
{
	static const char *const folders[] = {"in", "out", "scratch"};
	enum fp_status st = fp_fs_remove_tree(r->work, err);

	for (size_t i = 0; st == FP_OK && i < 3; i++) {
		char *dir = fp_path_join(r->work, folders[i]);
		st = fp_fs_mkdirs(dir, err);
		free(dir);
	}
	if (st == FP_OK && (!*r->project_file || !fp_run_file(r, r->project_file))) {
		st = fp_fail(err, FP_E_NOTFOUND, "the project has no project file (.qgs or .qgz)");
		fp_error_hint(err, "upload one");
	}
	if (st == FP_OK) {
		char *path = fp_path_join(r->work, "results.jsonl");
		r->spool = fopen(path, "w+xe"); /* out of the worker's reach */
		if (!r->spool)
			st = fp_fail_errno(err, errno, "cannot create %s", path);
		free(path);
	}
	return st;
}

enum fp_status fp_run_prepare(struct fp_run *r, int *done, struct fp_error *err)
{
	enum fp_status st = r->spool ? FP_OK : begin(r, err);
	size_t until = r->linked + FILES_A_TIME;

	*done = 0;
	for (; st == FP_OK && r->linked < r->n_files && r->linked < until; r->linked++)
		st = place(r, &r->files[r->linked], err);
	if (st != FP_OK || r->linked < r->n_files)
		return st;
	*done = 1;
	return r->type == FP_JOB_DELTA_APPLY ? write_deltas(r, err) : FP_OK;
}

enum fp_status fp_run_description(json_t **out, const struct fp_run *r, struct fp_error *err)
{
	struct fp_describe what = {.project_id = r->project_id, .type = fp_job_type_word(r->type), .project_file = r->project_file, .work = r->work,
		.job = r->job_id, .steps = json_object_get(r->workflow, "steps"), .deltas = r->type == FP_JOB_DELTA_APPLY,
		.overwrite = r->overwrite_conflicts, .network = r->network};

	return fp_description_new(out, r->store, r->conf, &what, err);
}
