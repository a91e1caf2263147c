#include "engine/queue/queue.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/changes/deltafile.h"
#include "engine/queue/plan_end.h"
#include "engine/queue/rules.h"
#include "engine/store/activity.h"
#include "engine/store/changes.h"
#include "engine/store/db.h"

static const char *const types[] = {
	[FP_JOB_PROCESS_PROJECTFILE] = "process_projectfile", [FP_JOB_PACKAGE] = "package", [FP_JOB_DELTA_APPLY] = "delta_apply",
};
#define N_TYPES (sizeof types / sizeof *types)

const char *fp_job_type_word(enum fp_job_type t)
{
	fp_assert((size_t)t < N_TYPES);
	return types[t];
}

int fp_job_type_parse(enum fp_job_type *t, const char *word)
{
	for (size_t i = 0; i < N_TYPES; i++) {
		if (strcmp(types[i], word) != 0)
			continue;
		*t = (enum fp_job_type)i;
		return 0;
	}
	return -1;
}

enum fp_status fp_queue_trigger(struct fp_store *s, struct fp_trigger *t, const char *project_id, enum fp_job_type type, const char *why,
	const char *who, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	fp_trigger_clear(t);
	if (st != FP_OK)
		return st;
	st = fp_rules_trigger(s, t, project_id, type, why, who, err);
	if (st == FP_OK && t->job_id)
		st = fp_activity_add(s, who, "trigger", project_id, err, "%s (%s): job %lld", types[type], why, (long long)t->job_id);
	return fp_store_end(s, st, err);
}

static enum fp_status keep(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *text, size_t len, const char *who,
	struct fp_push_result *result, struct fp_error *err)
{
	struct fp_deltafile d;
	struct fp_error why, not_kept;
	enum fp_status st = fp_deltafile_parse(&d, text, len, &why);

	memset(result, 0, sizeof *result);
	if (st == FP_E_INVALID) {
		if (fp_change_push(s, project_id, NULL, text, len, why.msg, who, result, &not_kept) == FP_OK) {
			fp_error_hint(&why, "the file was kept with this reason; nothing of it is applied");
		} else {
			fp_error_hint(&why, "and the file could not be kept: %s", not_kept.msg);
			st = why.code = not_kept.code;
		}
	}
	if (st != FP_OK) {
		if (err)
			*err = why;
		return st;
	}
	st = fp_store_begin(s, err);
	if (st == FP_OK) {
		st = fp_change_push(s, project_id, &d, text, len, NULL, who, result, err);
		if (st == FP_OK && t)
			st = fp_rules_trigger(s, t, project_id, FP_JOB_DELTA_APPLY, "push", who, err);
		st = fp_store_end(s, st, err);
	}
	fp_deltafile_clear(&d);
	return st;
}

enum fp_status fp_queue_push(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *text, size_t len, const char *who,
	struct fp_push_result *result, struct fp_error *err)
{
	fp_trigger_clear(t);
	return keep(s, t, project_id, text, len, who, result, err);
}

enum fp_status fp_queue_keep(struct fp_store *s, const char *project_id, const char *text, size_t len, const char *who,
	struct fp_push_result *result, struct fp_error *err)
{
	return keep(s, NULL, project_id, text, len, who, result, err);
}

enum fp_status fp_queue_cancel(struct fp_store *s, int64_t job_id, const char *who, struct fp_error *err)
{
	char *status = NULL, *project = NULL, *verdict = fp_asprintf("Cancelled by %s before it started.", who);
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK) {
		free(verdict);
		return st;
	}
	st = fp_db_str(s, &status, err, "SELECT status FROM job WHERE id = ?", FP_VALS(fp_i(job_id)));
	if (st == FP_OK)
		st = fp_db_str(s, &project, err, "SELECT project_id FROM job WHERE id = ?", FP_VALS(fp_i(job_id)));
	if (st == FP_OK && !status)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no job %lld", (long long)job_id);
	else if (st == FP_OK && strcmp(status, "pending") == 0)
		st = fp_db_run(s, err, "UPDATE job SET status = 'stopped', finished_at = ?, verdict = ?, error_class = 'cancelled', cancelled_by = ? WHERE id = ?",
			FP_VALS(fp_i(fp_now_ms()), fp_t(verdict), fp_t(who), fp_i(job_id)));
	else if (st == FP_OK && (strcmp(status, "queued") == 0 || strcmp(status, "started") == 0))
		st = fp_db_run(s, err, "UPDATE job SET cancelled_by = iif(cancel_requested, cancelled_by, ?), cancel_requested = 1 WHERE id = ?",
			FP_VALS(fp_t(who), fp_i(job_id)));
	else if (st == FP_OK)
		st = fp_fail(err, FP_E_REFUSED, "job %lld has ended already (%s)", (long long)job_id, status);
	if (st == FP_OK && strcmp(status, "pending") == 0)
		st = fp_plan_withdraw_all(s, project, "cancelled", verdict, err);
	if (st == FP_OK)
		st = fp_activity_add(s, who, "cancel", project, err, "job %lld", (long long)job_id);
	free(status);
	free(project);
	free(verdict);
	return fp_store_end(s, st, err);
}

static enum fp_status job_to_retry(struct fp_store *s, int64_t job_id, char **project, enum fp_job_type *type, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row, ended = 0;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT project_id, type, status IN ('finished', 'failed', 'stopped') FROM job WHERE id = ?",
		FP_VALS(fp_i(job_id)));

	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &row, err);
	if (rc == FP_OK && row) {
		*project = fp_strdup(fp_db_text(st, 0));
		fp_assert(fp_job_type_parse(type, fp_db_text(st, 1)) == 0);
		ended = sqlite3_column_int(st, 2);
	}
	fp_db_end(s, st);
	if (rc == FP_OK && !row)
		return fp_fail(err, FP_E_NOTFOUND, "there is no job %lld", (long long)job_id);
	if (rc == FP_OK && !ended)
		return fp_fail(err, FP_E_REFUSED, "job %lld has not ended yet", (long long)job_id);
	return rc;
}

enum fp_status fp_queue_retry(struct fp_store *s, struct fp_trigger *t, int64_t job_id, const char *who, struct fp_error *err)
{
	char *project = NULL;
	enum fp_job_type type = FP_JOB_PROCESS_PROJECTFILE;
	enum fp_status st;

	fp_trigger_clear(t);
	st = job_to_retry(s, job_id, &project, &type, err);
	if (st == FP_OK)
		st = fp_queue_trigger(s, t, project, type, "retry", who, err);
	free(project);
	return st;
}
