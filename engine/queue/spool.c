/* The spool: what a worker says of layers and changes, a line each, in results.jsonl of the job's work folder, so that memory stays flat. Sealed before a
 * database commits, it holds all that another engine needs to publish the job: what was told, the files that were made, and what each is based on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/queue/run.h"

void fp_spool_add(struct fp_run *r, const char *kind, const json_t *body)
{
	char *text = fp_json_dump(body);

	fprintf(r->spool, "{\"%s\":%s}\n", kind, text);
	free(text);
}

enum fp_status fp_spool_each(struct fp_run *r, fp_spool_line *each, void *arg, struct fp_error *err)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	enum fp_status st = FP_OK;

	if (fflush(r->spool) != 0 || fseek(r->spool, 0, SEEK_SET) != 0 || ferror(r->spool))
		return fp_fail(err, FP_E_FULL, "the job's results could not be kept in a temporary file");
	while (st == FP_OK && (n = getline(&line, &cap, r->spool)) > 0) {
		json_t *e = NULL, *body;
		const char *kind;

		st = fp_json_parse(&e, line, (size_t)n, err);
		json_object_foreach(e, kind, body)
			if (st == FP_OK)
				st = each(arg, kind, body, err);
		json_decref(e);
	}
	free(line);
	if (st == FP_OK && ferror(r->spool))
		st = fp_fail(err, FP_E_IO, "the job's results cannot be read again");
	return st;
}

int64_t fp_run_base(const struct fp_run *r, const char *name)
{
	for (size_t i = 0; i < r->n_files; i++)
		if (strcmp(r->files[i].name, name) == 0)
			return r->files[i].version;
	return 0;
}

enum fp_status fp_spool_seal(struct fp_run *r, int64_t told, struct fp_error *err)
{
	char *work = NULL, *home = NULL;
	json_t *line;
	enum fp_status st = FP_OK;

	if (fseek(r->spool, 0, SEEK_END) != 0)
		return fp_fail_errno(err, errno, "the job's results cannot be kept");
	for (size_t i = 0; i < r->announced.n; i++) {
		line = json_pack("{s:o,s:I}", "name", fp_json_text(r->announced.items[i]), "base", (json_int_t)fp_run_base(r, r->announced.items[i]));
		fp_spool_add(r, "file", line);
		json_decref(line);
	}
	line = json_pack("{s:I,s:o}", "told", (json_int_t)told, "project_file", fp_json_text(r->project_file));
	fp_spool_add(r, "end", line);
	json_decref(line);
	if (fflush(r->spool) != 0 || ferror(r->spool) || fsync(fileno(r->spool)) != 0)
		st = fp_fail_errno(err, errno, "the job's results cannot be kept");
	work = fp_path_dir(r->work);
	home = fp_path_dir(work);
	if (st == FP_OK)
		st = fp_fs_sync_dir(r->work, err);
	if (st == FP_OK)
		st = fp_fs_sync_dir(work, err);
	if (st == FP_OK)
		st = fp_fs_sync_dir(home, err);
	free(work);
	free(home);
	return st;
}

struct reading {
	struct fp_run *r;
	int64_t deltas, told; /* TOLD: as the seal says, -1 before it was read */
};

static enum fp_status read_back(void *arg, const char *kind, const json_t *body, struct fp_error *err)
{
	struct reading *g = arg;
	struct fp_run *r = g->r;
	const char *name = fp_json_str_or(body, "name", "");

	if (strcmp(kind, "delta") == 0) {
		g->deltas++;
	} else if (strcmp(kind, "file") == 0) {
		enum fp_status st = fp_name_check(name, err);
		if (st != FP_OK)
			return st;
		fp_strv_add(&r->announced, name);
		FP_GROW(r->files, r->n_files, r->cap_files);
		r->files[r->n_files++] = (struct fp_base_file){fp_strdup(name), fp_strdup(""), fp_json_int(body, "base", 0)};
	} else if (strcmp(kind, "end") == 0) {
		g->told = fp_json_int(body, "told", -1);
		free(r->project_file);
		r->project_file = fp_strdup(fp_json_str_or(body, "project_file", ""));
	}
	return FP_OK;
}

enum fp_status fp_spool_reopen(struct fp_run *r, struct fp_error *err)
{
	char *path = fp_path_join(r->work, "results.jsonl");
	struct reading g = {r, 0, -1};
	enum fp_status st = FP_OK;

	r->spool = fopen(path, "re");
	if (!r->spool)
		st = fp_fail_errno(err, errno, "cannot open %s", path);
	if (st == FP_OK)
		st = fp_spool_each(r, read_back, &g, err);
	if (st == FP_OK && g.told != g.deltas)
		st = fp_fail(err, FP_E_CORRUPT, "%s is not complete", path);
	if (st != FP_OK)
		fp_spool_close(r);
	free(path);
	return st;
}

void fp_spool_close(struct fp_run *r)
{
	if (r->spool)
		fclose(r->spool);
	r->spool = NULL;
}
