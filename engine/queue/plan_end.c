#include "engine/queue/plan_end.h"

#include "engine/base/clock.h"
#include "engine/store/db.h"

enum fp_status fp_plan_done(struct fp_store *s, int64_t plan_id, struct fp_error *err)
{
	return plan_id ? fp_db_run(s, err, "UPDATE plan SET state = 'done' WHERE id = ?", FP_VALS(fp_i(plan_id))) : FP_OK;
}

enum fp_status fp_plan_withdraw(struct fp_store *s, int64_t plan_id, const char *state, const char *why, struct fp_error *err)
{
	enum fp_status st = fp_db_run(s, err, "UPDATE change SET status = return_status, return_status = '', plan_id = NULL, planned_class = '',"
		" planned_hash = '', overwrite = NULL, action = 'apply', msg = ?2, fold = fold(?2 || ' ' || fields), updated_at = ?3"
		" WHERE plan_id = ?1 AND status = 'pending' AND return_status <> ''",
		FP_VALS(fp_i(plan_id), fp_t(why), fp_i(fp_now_ms())));

	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE plan SET state = ?, why = ? WHERE id = ?", FP_VALS(fp_t(state), fp_t(why), fp_i(plan_id)));
	return st;
}

enum fp_status fp_plan_withdraw_all(struct fp_store *s, const char *project_id, const char *state, const char *why, struct fp_error *err)
{
	int64_t id;
	enum fp_status st;

	do {
		id = 0;
		st = fp_db_int(s, &id, err, "SELECT min(plan_id) FROM change WHERE project_id = ? AND status = 'pending' AND plan_id > 0",
			FP_VALS(fp_t(project_id)));
		if (st == FP_OK && id)
			st = fp_plan_withdraw(s, id, state, why, err);
	} while (st == FP_OK && id);
	return st;
}

enum fp_status fp_plan_of_job(struct fp_store *s, int64_t *plan_id, int64_t job, struct fp_error *err)
{
	*plan_id = 0;
	return fp_db_int(s, plan_id, err, "SELECT max(plan_id) FROM change WHERE taken_by = ?", FP_VALS(fp_i(job)));
}
