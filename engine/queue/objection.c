/* What the ledger alone says of an action on a change. The ledger decides, not the status: what was applied once is not applied again unless somebody says
 * "force". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/queue/plan_parts.h"
#include "engine/store/db.h"

const char *fp_action_word(enum fp_action a)
{
	static const char *const words[] = {
		[FP_ACTION_NONE] = "none", [FP_ACTION_APPLY] = "apply", [FP_ACTION_REAPPLY] = "re-apply", [FP_ACTION_FORCE] = "force",
		[FP_ACTION_IGNORE] = "ignore", [FP_ACTION_RESTORE] = "unignore", [FP_ACTION_UNDO] = "undo",
	};

	fp_assert((size_t)a < sizeof words / sizeof *words);
	return words[a];
}

#define APPLIED "(SELECT job_id FROM attempt WHERE change_id = c.id AND outcome IN ('applied', 'already_applied') ORDER BY id DESC LIMIT 1)"
#define WRITTEN "EXISTS (SELECT 1 FROM attempt a JOIN attempt_inverse i ON i.attempt_id = a.id WHERE a.change_id = c.id AND a.outcome = 'applied')"

enum fp_status fp_plan_look(struct fp_store *s, struct fp_change_state *c, int64_t id, struct fp_error *err)
{
	sqlite3_stmt *st;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT project_id, status, taken_by, " APPLIED ", updated_at, uuid, method, plan_id, undone_by, attempts, "
		WRITTEN " FROM change c WHERE id = ?", FP_VALS(fp_i(id)));

	memset(c, 0, sizeof *c);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &c->found, err);
	if (rc == FP_OK && c->found) {
		snprintf(c->project_id, sizeof c->project_id, "%s", fp_db_text(st, 0));
		snprintf(c->status, sizeof c->status, "%s", fp_db_text(st, 1));
		c->taken_by = sqlite3_column_int64(st, 2);
		c->applied_by = sqlite3_column_int64(st, 3);
		c->touched_at = sqlite3_column_int64(st, 4);
		snprintf(c->uuid, sizeof c->uuid, "%s", fp_db_text(st, 5));
		snprintf(c->method, sizeof c->method, "%s", fp_db_text(st, 6));
		c->planned = strcmp(c->status, "pending") == 0 ? sqlite3_column_int64(st, 7) : 0;
		c->undone_by = sqlite3_column_int64(st, 8);
		c->attempts = sqlite3_column_int64(st, 9);
		c->written = sqlite3_column_int(st, 10);
	}
	fp_db_end(s, st);
	return rc;
}

static void object_to_undo(const struct fp_change_state *c, char why[128])
{
	if (c->undone_by)
		snprintf(why, 128, "is undone already");
	else if (!c->applied_by)
		snprintf(why, 128, "was never applied");
	else if (!c->written)
		snprintf(why, 128, "wrote nothing that is on record");
}

void fp_plan_object(const struct fp_change_state *c, enum fp_action action, char why[128])
{
	int ignored = strcmp(c->status, "ignored") == 0, pending = strcmp(c->status, "pending") == 0;

	why[0] = '\0';
	if (!c->found)
		snprintf(why, 128, "is not there any more");
	else if (c->taken_by)
		snprintf(why, 128, "is being applied now by job %lld", (long long)c->taken_by);
	else if (c->planned && action != FP_ACTION_IGNORE)
		snprintf(why, 128, "is on its way already, with plan %lld", (long long)c->planned);
	else if (action == FP_ACTION_UNDO)
		object_to_undo(c, why);
	else if (action == FP_ACTION_RESTORE && !ignored)
		snprintf(why, 128, "is not ignored");
	else if (action == FP_ACTION_IGNORE && ignored)
		snprintf(why, 128, "is ignored already");
	else if (c->applied_by && action != FP_ACTION_FORCE && action != FP_ACTION_RESTORE && !(action == FP_ACTION_IGNORE && pending))
		snprintf(why, 128, "already applied in job %lld", (long long)c->applied_by);
}

enum fp_status fp_queue_objection(struct fp_store *s, int64_t change_id, enum fp_action action, char why[128], struct fp_error *err)
{
	struct fp_change_state c;
	enum fp_status st = fp_plan_look(s, &c, change_id, err);

	why[0] = '\0';
	if (st == FP_OK && action != FP_ACTION_NONE)
		fp_plan_object(&c, action, why);
	return st;
}

enum fp_status fp_queue_this_and_newer(struct fp_store *s, int64_t change_id, int64_t **ids, size_t *n, struct fp_error *err)
{
	size_t cap = 0;
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc;

	*ids = NULL;
	*n = 0;
	rc = fp_db_stmt(s, &st, err,
		"SELECT id FROM change WHERE project_id = (SELECT project_id FROM change WHERE id = ?1) AND id >= ?1 ORDER BY id", FP_VALS(fp_i(change_id)));
	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && row) {
		rc = fp_db_next(s, st, &row, err);
		if (rc == FP_OK && row) {
			FP_GROW(*ids, *n, cap);
			(*ids)[(*n)++] = sqlite3_column_int64(st, 0);
		}
	}
	fp_db_end(s, st);
	if (rc == FP_OK && *n == 0)
		rc = fp_fail(err, FP_E_NOTFOUND, "there is no change %lld", (long long)change_id);
	if (rc != FP_OK) {
		free(*ids);
		*ids = NULL;
		*n = 0;
	}
	return rc;
}
