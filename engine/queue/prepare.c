/* The work folder: in/ (the project's files, by hard link to their immutable versions), out/, scratch/, and the deltas to apply. */
#include <errno.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"
#include "engine/store/secrets.h"
#include "engine/worker/job.h"

#define FILES_A_TIME 256

static int by_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct fp_base_file *)file)->name);
}

static int has_file(const struct fp_run *r, const char *name)
{
	return r->n_files && bsearch(name, r->files, r->n_files, sizeof *r->files, by_name);
}

/* The store holds a file "a" and a file "a/b" side by side; a folder cannot. */
static enum fp_status check_layout(const struct fp_run *r, const char *name, struct fp_error *err)
{
	char *folder = fp_strdup(name);
	enum fp_status st = FP_OK;

	for (char *slash = strchr(folder, '/'); slash && st == FP_OK; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (has_file(r, folder)) {
			st = fp_fail(err, FP_E_INVALID, "the project has a file \"%s\" and a file \"%s\", which no folder can hold", folder, name);
			fp_error_hint(err, "remove one of them");
		}
		*slash = '/';
	}
	free(folder);
	return st;
}

/* Behind Landlock a worker cannot write through a link to an immutable version; without it nothing keeps one that runs as root from it. */
static int links_are_safe(void)
{
	static long abi;

	if (!abi)
		abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi > 0;
}

/* A link where that is safe and possible, else a copy. */
static enum fp_status place(const struct fp_run *r, const struct fp_base_file *f, struct fp_error *err)
{
	char *in = fp_path_join(r->work, "in"), *to = fp_path_join(in, f->name), *dir = fp_path_dir(to);
	enum fp_status st = check_layout(r, f->name, err);

	if (st == FP_OK)
		st = fp_fs_mkdirs(dir, err);
	if (st == FP_OK && access(f->path, F_OK) != 0) {
		st = fp_fail(err, FP_E_CORRUPT, "version %lld of %s is gone from the home", (long long)f->version, f->name);
		fp_error_hint(err, "see fieldpost doctor; upload the file again");
	}
	if (st == FP_OK && (!links_are_safe() || link(f->path, to) != 0))
		st = fp_fs_copy(f->path, to, err);
	free(in);
	free(to);
	free(dir);
	return st;
}

static enum fp_status write_deltas(const struct fp_run *r, struct fp_error *err)
{
	char *path = fp_path_join(r->work, "deltas.jsonl");
	FILE *f = fopen(path, "wxe");
	sqlite3_stmt *q;
	int row;
	enum fp_status st;

	if (!f) {
		st = fp_fail_errno(err, errno, "cannot create %s", path);
		free(path);
		return st;
	}
	st = fp_db_stmt(r->store, &q, err, "SELECT b.body, k.source_pk,"
		" c.action <> 'force' AND EXISTS (SELECT 1 FROM attempt a WHERE a.change_id = c.id AND a.outcome = 'applied')"
		" FROM change c JOIN change_body b ON b.change_id = c.id LEFT JOIN keymap k ON k.project_id = c.project_id"
		" AND k.client_id = c.client_id AND k.local_layer_id = c.local_layer_id AND k.local_pk = c.local_pk"
		" WHERE c.taken_by = ? ORDER BY c.id", FP_VALS(fp_i(r->job_id)));
	while (st == FP_OK && (st = fp_db_next(r->store, q, &row, err)) == FP_OK && row) {
		json_t *pk = sqlite3_column_type(q, 1) == SQLITE_NULL ? json_null() : fp_json_text(fp_db_text(q, 1));
		char *pk_text = fp_json_dump(pk);

		fprintf(f, "{\"delta\":%s,\"mapped_pk\":%s,\"ledger\":%s}\n", fp_db_text(q, 0), pk_text,
			sqlite3_column_int(q, 2) ? "\"applied\"" : "null");
		free(pk_text);
		json_decref(pk);
	}
	if (q)
		fp_db_end(r->store, q);
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
	if (st == FP_OK && (!*r->project_file || !has_file(r, r->project_file))) {
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

static void add_places(json_t *d, const struct fp_run *r)
{
	static const char *const places[][2] = {{"input", "in"}, {"output", "out"}, {"scratch", "scratch"}, {"deltas", "deltas.jsonl"}};

	for (size_t i = 0; i < 4; i++) {
		int used = strcmp(places[i][0], "deltas") != 0 || r->type == FP_JOB_DELTA_APPLY;
		char *path = used ? fp_path_join(r->work, places[i][1]) : fp_strdup("");
		json_object_set_new(d, places[i][0], fp_json_text(path));
		free(path);
	}
}

enum fp_status fp_run_description(json_t **out, const struct fp_run *r, struct fp_error *err)
{
	const struct fp_config *c = r->conf;
	json_t *secrets, *d;
	char *pgservice;
	enum fp_status st = fp_secrets_for_job(r->store, r->project_id, &secrets, &pgservice, err);

	if (st != FP_OK)
		return st;
	d = json_pack("{s:i,s:I,s:s,s:O,s:o,s:{s:b,s:s,s:b,s:b},s:O,s:s}", "protocol", FP_PROTOCOL, "job",
		(json_int_t)r->job_id, "type", fp_job_type_word(r->type), "steps", json_object_get(r->workflow, "steps"), "project_file",
		fp_json_text(r->project_file), "options", "overwrite_conflicts", r->overwrite_conflicts, "conflicts", "strict", "inverse", 0,
		"dry_run", 0, "secrets", secrets, "pgservice", pgservice);
	fp_assert(d);
	fp_worker_set_limits(d, c);
	if (r->network)
		json_object_set_new(d, "network", json_pack("{s:s}", "allow", c->network_allow));
	add_places(d, r);
	json_decref(secrets); /* the description has it */
	fp_secrets_wipe(NULL, pgservice);
	*out = d;
	return FP_OK;
}

void fp_run_description_free(json_t *d)
{
	fp_json_wipe(json_object_get(d, "secrets"));
	fp_json_wipe(json_object_get(d, "pgservice"));
	json_decref(d);
}
