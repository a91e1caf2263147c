/* Logs do not stay for ever, nor do old checks and packages; the jobs they belong to do. */
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"
#include "engine/store/package_folder.h"

#define JOBS_A_TIME 50

static int64_t days_ago(int64_t days)
{
	return fp_now_ms() - days * 86400000;
}

static enum fp_status retain_logs(struct fp_store *s, const struct fp_config *conf, int *more, struct fp_error *err)
{
	int64_t before = days_ago(conf->log_keep_days), due = 0;
	enum fp_status st = fp_db_int(s, &due, err, "SELECT 1 FROM job j WHERE j.finished_at < ? AND EXISTS (SELECT 1 FROM job_log l WHERE l.job_id = j.id)"
		" LIMIT 1", FP_VALS(fp_i(before)));

	*more = due != 0;
	if (st != FP_OK || !due)
		return st;
	st = fp_store_begin(s, err);
	if (st != FP_OK)
		return st;
	st = fp_db_run(s, err, "DELETE FROM job_log WHERE job_id IN (SELECT j.id FROM job j WHERE j.finished_at < ?"
		" AND EXISTS (SELECT 1 FROM job_log l WHERE l.job_id = j.id) LIMIT ?)", FP_VALS(fp_i(before), fp_i(JOBS_A_TIME)));
	return fp_store_end(s, st, err);
}

/* Runs of one project, but for its newest: that is what its layers are, and what the next run is compared with. Then the verdicts that no run is left of. */
static enum fp_status forget_checks(struct fp_store *s, const char *project_id, int64_t before, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	st = fp_db_run(s, err, "DELETE FROM check_run WHERE project_id = ?1 AND at < ?2 AND job_id < (SELECT max(job_id) FROM check_run WHERE project_id = ?1)",
		FP_VALS(fp_t(project_id), fp_i(before)));
	if (st == FP_OK)
		st = fp_db_run(s, err, "DELETE FROM verdict WHERE project_id = ?1 AND last_job < (SELECT min(job_id) FROM check_run WHERE project_id = ?1)",
			FP_VALS(fp_t(project_id)));
	return fp_store_end(s, st, err);
}

static enum fp_status retain_checks(struct fp_store *s, const struct fp_config *conf, int *more, struct fp_error *err)
{
	int64_t before = days_ago(conf->check_keep_days);
	char *project = NULL;
	enum fp_status st = fp_db_str(s, &project, err, "SELECT r.project_id FROM check_run r WHERE r.at < ? AND EXISTS (SELECT 1 FROM check_run n"
		" WHERE n.project_id = r.project_id AND n.job_id > r.job_id) LIMIT 1", FP_VALS(fp_i(before)));

	if (st == FP_OK && project) {
		*more = 1;
		st = forget_checks(s, project, before, err);
	}
	free(project);
	return st;
}

/* Packages of one project beyond the newest: the rows first, so that nobody begins to read what goes. */
static enum fp_status retain_packages(struct fp_store *s, const struct fp_config *conf, int *removed, struct fp_error *err)
{
	char *project = NULL;
	enum fp_status st = fp_db_str(s, &project, err, "SELECT project_id FROM package GROUP BY project_id HAVING count(*) > ? LIMIT 1",
		FP_VALS(fp_i(conf->packages_keep)));

	*removed = st == FP_OK && project;
	if (*removed) {
		st = fp_store_begin(s, err);
		if (st == FP_OK)
			st = fp_store_end(s, fp_db_run(s, err, "DELETE FROM package WHERE project_id = ?1 AND job_id NOT IN (SELECT job_id FROM package"
				" WHERE project_id = ?1 ORDER BY job_id DESC LIMIT ?2)", FP_VALS(fp_t(project), fp_i(conf->packages_keep))), err);
	}
	free(project);
	return st;
}

static void add_path(void *paths, const char *path)
{
	fp_strv_add(paths, path);
}

/* Folders that no row names: of packages that went, and what a crash left behind. One that is being read is left for later. */
static enum fp_status sweep_packages(struct fp_store *s, struct fp_error *err)
{
	struct fp_strv paths = {0};
	enum fp_status st = fp_gate_lock(s, err);

	if (st == FP_OK) {
		st = fp_package_folders_unlisted(s, add_path, &paths, err);
		fp_gate_unlock(s);
	}
	for (size_t i = 0; st == FP_OK && i < paths.n; i++) /* a job's id never comes again, so nobody begins to list it now */
		fp_package_folder_remove(paths.items[i], NULL);
	fp_strv_free(&paths);
	return st;
}

enum fp_status fp_retain(struct fp_store *s, const struct fp_config *conf, int *more, struct fp_error *err)
{
	int removed = 0;
	enum fp_status st = retain_logs(s, conf, more, err);

	if (st == FP_OK)
		st = retain_checks(s, conf, more, err);
	if (st == FP_OK)
		st = retain_packages(s, conf, &removed, err);
	if (st == FP_OK && (removed || !*more))
		st = sweep_packages(s, err);
	*more |= removed;
	return st;
}
