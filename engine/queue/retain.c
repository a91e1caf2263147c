/* Logs do not stay for ever; the jobs they belong to do. */
#include "engine/base/clock.h"
#include "engine/queue/run.h"
#include "engine/store/db.h"

#define JOBS_A_TIME 50

enum fp_status fp_retain(struct fp_store *s, const struct fp_config *conf, int *more, struct fp_error *err)
{
	int64_t before = fp_now_ms() - conf->log_keep_days * 86400000, due = 0;
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
