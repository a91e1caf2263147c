/* A secret changed, so what was found with the old one, or without it, is looked at again: in the same transaction. */
#include "engine/store/secrets.h"

#include "engine/queue/rules.h"
#include "engine/store/db.h"

enum fp_status fp_queue_secret_set(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, const char *type,
	const char *value, size_t len, const char *who, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	fp_trigger_clear(t);
	if (st != FP_OK)
		return st;
	st = fp_secret_set(s, project_id, name, type, value, len, who, err);
	if (st == FP_OK)
		st = fp_rules_trigger(s, t, project_id, FP_JOB_PROCESS_PROJECTFILE, "secret", who, err);
	return fp_store_end(s, st, err);
}

enum fp_status fp_queue_secret_remove(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, const char *who,
	struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	fp_trigger_clear(t);
	if (st != FP_OK)
		return st;
	st = fp_secret_remove(s, project_id, name, who, err);
	if (st == FP_OK)
		st = fp_rules_trigger(s, t, project_id, FP_JOB_PROCESS_PROJECTFILE, "secret", who, err);
	return fp_store_end(s, st, err);
}
