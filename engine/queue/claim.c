#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/path.h"
#include "engine/queue/run.h"
#include "engine/store/attachments.h"
#include "engine/store/db.h"
#include "engine/store/projects.h"

/* The next job of its project, in a project that has none active. A process_projectfile waits until its uploads have settled; a clock that was set
 * back must not make it wait for ever. */
#define NEXT \
	"SELECT j.id FROM job j WHERE j.status = 'pending'" \
	" AND NOT EXISTS (SELECT 1 FROM job a WHERE a.project_id = j.project_id AND a.status IN ('queued', 'started'))" \
	" AND NOT EXISTS (SELECT 1 FROM job b WHERE b.project_id = j.project_id AND b.status = 'pending' AND b.id < j.id)" \
	" AND (j.type <> 'process_projectfile' OR j.touched_at NOT BETWEEN ?1 - ?2 AND ?1)" \
	" ORDER BY j.id LIMIT 1"

static enum fp_status claim(struct fp_store *s, int64_t settle_ms, int64_t *job, struct fp_error *err)
{
	struct fp_proc_id me;
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc;

	if (fp_proc_id(&me, 0) != 0)
		return fp_fail(err, FP_E_IO, "cannot read /proc, without which a dead engine could not be told from a living one");
	rc = fp_db_stmt(s, &st, err, "UPDATE job SET status = 'queued', queued_at = ?1, owner_pid = ?3, owner_start = ?4, owner_boot = ?5"
		" WHERE id = (" NEXT ") RETURNING id",
		FP_VALS(fp_i(fp_now_ms()), fp_i(settle_ms), fp_i(me.pid), fp_i(me.start), fp_t(me.boot_id)));
	if (rc != FP_OK)
		return rc;
	*job = 0;
	do {
		rc = fp_db_next(s, st, &row, err);
		if (rc == FP_OK && row)
			*job = sqlite3_column_int64(st, 0);
	} while (rc == FP_OK && row);
	fp_db_end(s, st);
	return rc;
}

struct fp_run *fp_run_new(struct fp_store *s, const struct fp_config *conf, int64_t job_id)
{
	struct fp_run *r = fp_alloc(sizeof *r);
	char name[32];

	snprintf(name, sizeof name, "work/%lld", (long long)job_id);
	r->store = s;
	r->conf = conf;
	r->job_id = job_id;
	r->work = fp_path_join(fp_store_home(s), name);
	r->waiting = json_array();
	return r;
}

enum fp_status fp_run_load(struct fp_run *r, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT j.type, j.project_id, p.project_file, p.overwrite_conflicts, p.network"
		" FROM job j JOIN project p ON p.id = j.project_id WHERE j.id = ?", FP_VALS(fp_i(r->job_id)));

	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	if (rc == FP_OK && row) {
		fp_assert(fp_job_type_parse(&r->type, fp_db_text(st, 0)) == 0);
		memcpy(r->project_id, fp_db_text(st, 1), 36);
		r->project_file = fp_strdup(fp_db_text(st, 2));
		r->overwrite_conflicts = sqlite3_column_int(st, 3);
		r->network = fp_project_network_on(fp_db_text(st, 4), r->conf->network_checks);
	}
	fp_db_end(r->store, st);
	return rc;
}

static enum fp_status load_files(struct fp_run *r, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT f.name, f.version, v.path FROM file f"
		" JOIN file_version v ON v.file_id = f.id AND v.version = f.version"
		" WHERE f.project_id = ? AND f.removed = 0 ORDER BY f.name", FP_VALS(fp_t(r->project_id)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(r->store, st, &row, err)) == FP_OK && row) {
		FP_GROW(r->files, r->n_files, r->cap_files);
		r->files[r->n_files++] = (struct fp_base_file){
			fp_strdup(fp_db_text(st, 0)), fp_path_join(fp_store_home(r->store), fp_db_text(st, 2)), sqlite3_column_int64(st, 1)};
	}
	fp_db_end(r->store, st);
	return rc;
}

/* The oldest plan that waits, whole, since it is carried out whole or not at all; else what was pushed, as many as a job may have, in the order in which
 * they came. From here on nobody else can take or decide about them. */
static enum fp_status take_changes(struct fp_run *r, struct fp_error *err)
{
	enum fp_status st;

	if (r->type != FP_JOB_DELTA_APPLY)
		return FP_OK;
	st = fp_db_int(r->store, &r->plan_id, err, "SELECT min(plan_id) FROM change WHERE project_id = ? AND status = 'pending' AND plan_id > 0",
		FP_VALS(fp_t(r->project_id)));
	if (st == FP_OK && r->plan_id)
		st = fp_db_run(r->store, err, "UPDATE change SET prior_status = status, status = 'started', taken_by = ?1, updated_at = ?2"
			" WHERE project_id = ?3 AND status = 'pending' AND plan_id = ?4",
			FP_VALS(fp_i(r->job_id), fp_i(fp_now_ms()), fp_t(r->project_id), fp_i(r->plan_id)));
	else if (st == FP_OK)
		st = fp_db_run(r->store, err, "UPDATE change SET prior_status = status, status = 'started', taken_by = ?1, updated_at = ?2"
			" WHERE id IN (SELECT id FROM change WHERE project_id = ?3 AND status = 'pending' ORDER BY id LIMIT ?4)",
			FP_VALS(fp_i(r->job_id), fp_i(fp_now_ms()), fp_t(r->project_id), fp_i(r->conf->batch_changes)));
	r->changes = fp_db_changes(r->store);
	return st;
}

/* What a package shows is the state of now. */
static enum fp_status keep_basis(struct fp_run *r, struct fp_error *err)
{
	enum fp_status st = fp_attachment_folders(r->store, &r->folders, r->project_id, err);

	for (size_t i = 0; st == FP_OK && i < r->n_files; i++)
		if (!fp_attachment_is(&r->folders, r->files[i].name))
			st = fp_db_run(r->store, err, "INSERT INTO package_base (job_id, file_id, version) SELECT ?, id, ? FROM file WHERE project_id = ? AND name = ?",
				FP_VALS(fp_i(r->job_id), fp_i(r->files[i].version), fp_t(r->project_id), fp_t(r->files[i].name)));
	return st;
}

static enum fp_status plan_steps(struct fp_run *r, struct fp_error *err)
{
	const json_t *step;
	size_t i;
	enum fp_status st = fp_workflow_read(&r->workflow, fp_job_type_word(r->type), err);

	json_array_foreach(json_object_get(r->workflow, "steps"), i, step)
		if (st == FP_OK)
			st = fp_db_run(r->store, err, "INSERT INTO job_step (job_id, seq, step, name) VALUES (?, ?, ?, ?)",
				FP_VALS(fp_i(r->job_id), fp_i((int64_t)i), fp_t(json_string_value(json_object_get(step, "id"))),
					fp_t(json_string_value(json_object_get(step, "name")))));
	return st;
}

enum fp_status fp_run_claim(struct fp_run **out, int *waiting, struct fp_store *s, const struct fp_config *conf, struct fp_error *err)
{
	struct fp_run *r = NULL;
	int64_t next = 0, pending = 0, job = 0;
	enum fp_status st;

	*out = NULL;
	st = fp_db_int(s, &pending, err, "SELECT 1 FROM job WHERE status = 'pending' LIMIT 1", FP_NOVALS);
	*waiting = pending != 0;
	if (st != FP_OK || !pending)
		return st;
	/* Looking costs microseconds, the gate does not: it is entered only when there is something to take. */
	st = fp_db_int(s, &next, err, NEXT, FP_VALS(fp_i(fp_now_ms()), fp_i(conf->upload_settle_ms)));
	if (st != FP_OK || !next)
		return st;
	st = fp_store_begin(s, err);
	if (st != FP_OK)
		return st;
	st = claim(s, conf->upload_settle_ms, &job, err);
	if (st == FP_OK && job) {
		r = fp_run_new(s, conf, job);
		st = fp_run_load(r, err);
		if (st == FP_OK)
			st = load_files(r, err);
		if (st == FP_OK)
			st = take_changes(r, err);
		if (st == FP_OK && r->type == FP_JOB_PACKAGE)
			st = keep_basis(r, err);
		if (st == FP_OK)
			st = plan_steps(r, err);
	}
	st = fp_store_end(s, st, err);
	if (st != FP_OK) {
		fp_run_free(r);
		return st;
	}
	*out = r;
	return FP_OK;
}

void fp_run_free(struct fp_run *r)
{
	if (!r)
		return;
	fp_worker_free(r->worker);
	fp_settle_clear(r);
	if (!r->left)
		fp_fs_remove_tree(r->work, NULL);
	for (size_t i = 0; i < r->n_files; i++) {
		free(r->files[i].name);
		free(r->files[i].path);
	}
	free(r->files);
	free(r->project_file);
	free(r->work);
	json_decref(r->workflow);
	json_decref(r->waiting);
	json_decref(r->facts);
	fp_spool_close(r);
	fp_strv_free(&r->announced);
	fp_strv_free(&r->folders);
	free(r->digests);
	fp_hasher_free(r->hasher);
	free(r);
}
