/* Save all: what the plan said becomes wishes for a job, if nothing moved since. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/deltafile.h"
#include "engine/queue/lines.h"
#include "engine/queue/plan_parts.h"
#include "engine/queue/rules.h"
#include "engine/store/activity.h"
#include "engine/store/changes.h"
#include "engine/store/db.h"

struct saving {
	struct fp_plan *p;
	const struct fp_plan_part *part;
	const char *who, *reason;
	int64_t plan_id, undo_file, now;
	int64_t n[FP_ACTION_UNDO + 1];
	int wishes; /* something for a job to do */
};

/* ---- what must not have moved ---- */

static enum fp_status check_item(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	struct fp_change_state c;
	enum fp_status st = fp_plan_look(v->p->store, &c, i->staged.change_id, err);

	if (st == FP_OK && (!c.found || c.touched_at != i->touched_at || strcmp(c.status, i->status) != 0))
		st = fp_fail(err, FP_E_CONFLICT, "change %.8s was %s when the plan was made and is %s now; nothing was saved", i->uuid, i->status,
			c.found ? c.planned ? "on its way with somebody else's plan" : c.status : "gone");
	return st;
}

static enum fp_status check_base(struct saving *v, struct fp_error *err)
{
	sqlite3_stmt *q;
	size_t n = 0;
	int row;
	enum fp_status st;

	if (!v->part->base)
		return FP_OK;
	st = fp_db_stmt(v->p->store, &q, err, "SELECT name, version FROM file WHERE project_id = ? AND removed = 0", FP_VALS(fp_t(v->part->project_id)));
	if (st != FP_OK)
		return st;
	while ((st = fp_db_next(v->p->store, q, &row, err)) == FP_OK && row && ++n)
		if (fp_json_int(v->part->base, fp_db_text(q, 0), 0) != sqlite3_column_int64(q, 1))
			break;
	if (st == FP_OK && row)
		st = fp_fail(err, FP_E_CONFLICT, "%s changed since the plan was made; nothing was saved", fp_db_text(q, 0));
	else if (st == FP_OK && n != json_object_size(v->part->base))
		st = fp_fail(err, FP_E_CONFLICT, "a file was removed since the plan was made; nothing was saved");
	fp_db_end(v->p->store, q);
	return st;
}

/* ---- wishes ---- */

static enum fp_status begin_plan(struct saving *v, struct fp_error *err)
{
	int64_t changes = 0;
	enum fp_status st;

	for (size_t i = v->part->from; i < v->part->until; i++)
		changes += v->p->items[i].will && v->p->items[i].tried;
	if (!changes)
		return FP_OK;
	v->wishes = 1;
	st = fp_db_run(v->p->store, err, "INSERT INTO plan (project_id, at, who, reason, changes) VALUES (?, ?, ?, ?, ?)",
		FP_VALS(fp_t(v->part->project_id), fp_i(v->now), fp_t(v->who), fp_t(v->reason), fp_i(changes)));
	v->plan_id = fp_db_last_id(v->p->store);
	return st;
}

static enum fp_status keep_amendment(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	const struct fp_amendment *a = &i->staged.amendment;
	json_t *layers = json_object_get(a->detail, "layers");
	char *detail = fp_json_dump(a->detail), *delta = a->delta ? fp_json_dump(a->delta) : NULL, *pk = NULL;
	const char *layer, *target;
	struct fp_store *s = v->p->store;
	enum fp_status st = fp_db_run(s, err, "INSERT INTO amendment (change_id, at, who, kind, reason, detail, delta)"
		" SELECT ?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, body) FROM change_body WHERE change_id = ?1",
		FP_VALS(fp_i(i->staged.change_id), fp_i(v->now), fp_t(v->who), fp_t(a->kind), fp_t(v->reason), fp_t(detail), fp_t(delta)));

	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE change SET amendment_id = ? WHERE id = ?", FP_VALS(fp_i(fp_db_last_id(s)), fp_i(i->staged.change_id)));
	if (st == FP_OK && json_object_size(layers) && a->delta) {
		layer = fp_delta_layer_id(a->delta);
		st = fp_db_run(s, err, "UPDATE change SET target_layer_id = ?1, layer_name = coalesce((SELECT name FROM layer WHERE project_id = ?3 AND"
			" layer_id = ?1), layer_name) WHERE id = ?2", FP_VALS(fp_t(layer), fp_i(i->staged.change_id), fp_t(i->project_id)));
	}
	if (st == FP_OK)
		st = fp_db_str(s, &pk, err, "SELECT coalesce(nullif(c.target_pk, ''), k.source_pk, c.source_pk) FROM change c LEFT JOIN keymap k ON"
			" k.project_id = c.project_id AND k.client_id = c.client_id AND k.local_layer_id = c.local_layer_id AND k.local_pk = c.local_pk"
			" WHERE c.id = ?", FP_VALS(fp_i(i->staged.change_id)));
	target = pk ? fp_amend_target(a, pk) : NULL;
	if (st == FP_OK && target)
		st = fp_db_run(s, err, "UPDATE change SET target_pk = ? WHERE id = ?", FP_VALS(fp_t(target), fp_i(i->staged.change_id)));
	free(pk);
	free(detail);
	free(delta);
	return st;
}

static struct fp_val meeting(const struct fp_plan_item *i)
{
	if (i->staged.meeting == FP_MEET_AS_PROJECT && !i->staged.amendment.kind)
		return fp_t(NULL);
	return fp_i(i->staged.meeting == FP_MEET_OVERWRITE);
}

/* A plan whose changes were judged "will_apply", or that a person forces over what is there, is held to that; what was pending anyway is held to
 * whatever was said of it. */
static enum fp_status wish(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	int will_apply = strcmp(i->class, "will_apply") == 0 || i->forced_duplicate;
	const char *action = i->staged.action == FP_ACTION_FORCE ? "force" : i->staged.action == FP_ACTION_APPLY ? NULL : "re-apply";

	return fp_db_run(v->p->store, err, "UPDATE change SET return_status = status, status = 'pending', action = coalesce(?1, action), wanted_by = ?2,"
		" updated_at = ?3, plan_id = ?4, planned_class = ?5, planned_hash = ?6, overwrite = ?7 WHERE id = ?8",
		FP_VALS(fp_t(action), fp_t(v->who), fp_i(v->now), fp_i(v->plan_id), fp_t(will_apply ? "will_apply" : i->class), fp_t(i->hash), meeting(i),
			fp_i(i->staged.change_id)));
}

/* A pending wish that is taken back leaves what the ledger knows. */
static enum fp_status ignore(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	struct fp_change_state c;
	enum fp_status st = fp_plan_look(v->p->store, &c, i->staged.change_id, err);
	int decided = i->staged.amendment.kind != NULL;

	if (st != FP_OK)
		return st;
	return fp_db_run(v->p->store, err, "UPDATE change SET return_status = iif(return_status <> '', return_status, status), status = ?1, updated_at = ?2,"
		" plan_id = NULL, planned_class = '', planned_hash = '', msg = iif(?3, 'decided: the data stays as it is', msg) WHERE id = ?4",
		FP_VALS(fp_t(c.applied_by && !decided ? "applied" : "ignored"), fp_i(v->now), fp_i(decided), fp_i(i->staged.change_id)));
}

static enum fp_status restore(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	enum fp_status st = fp_db_run(v->p->store, err, "UPDATE change SET status = iif(return_status IN ('', 'ignored', 'started'), 'pending', return_status),"
		" return_status = '', updated_at = ?1 WHERE id = ?2", FP_VALS(fp_i(v->now), fp_i(i->staged.change_id)));

	v->wishes |= strcmp(i->status, "ignored") == 0;
	return st;
}

/* All undos of a plan came as one deltafile from here. */
static enum fp_status open_undo_file(struct saving *v, struct fp_error *err)
{
	char uuid[FP_UUID_SIZE];
	struct fp_deltafile none = {0};
	char *text = fp_asprintf("{\"undo\":\"%s\"}", fp_uuid_new(uuid));
	enum fp_status st;

	none.id = uuid;
	st = fp_change_keep_file(v->p->store, &v->undo_file, v->part->project_id, none.id, text, strlen(text), NULL, v->who, err);
	free(text);
	return st;
}

static enum fp_status undo(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	struct fp_store *s = v->p->store;
	json_t *delta = NULL;
	int64_t id = 0;
	enum fp_status st = v->undo_file ? FP_OK : open_undo_file(v, err);

	if (st == FP_OK)
		st = fp_json_parse(&delta, i->delta, strlen(i->delta), err);
	if (st == FP_OK)
		st = fp_change_keep(s, &id, v->part->project_id, v->undo_file, delta, v->who, v->now, err);
	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE change SET undo_of = ?1, return_status = 'ignored', plan_id = ?2, planned_class = 'will_apply', planned_hash = ?3,"
			" overwrite = 0, wanted_by = ?4, target_pk = source_pk WHERE id = ?5",
			FP_VALS(fp_i(i->staged.change_id), fp_i(v->plan_id), fp_t(i->hash), fp_t(v->who), fp_i(id)));
	json_decref(delta);
	return st;
}

static enum fp_status save_item(struct saving *v, const struct fp_plan_item *i, struct fp_error *err)
{
	enum fp_status st = i->staged.amendment.kind ? keep_amendment(v, i, err) : FP_OK;

	if (st != FP_OK)
		return st;
	v->n[i->staged.action]++;
	if (strcmp(i->class, FP_PLAN_WILL_IGNORE) == 0)
		return ignore(v, i, err);
	if (strcmp(i->class, FP_PLAN_WILL_RESTORE) == 0)
		return restore(v, i, err);
	return i->staged.action == FP_ACTION_UNDO ? undo(v, i, err) : wish(v, i, err);
}

static enum fp_status tell(struct saving *v, struct fp_error *err)
{
	struct fp_buf b = FP_BUF_INIT;
	enum fp_status st;

	for (int a = FP_ACTION_APPLY; a <= FP_ACTION_UNDO; a++)
		if (v->n[a])
			fp_buf_addf(&b, "%s%s %lld", b.len ? ", " : "", fp_action_word((enum fp_action)a), (long long)v->n[a]);
	st = fp_activity_add(v->p->store, v->who, "save changes", v->part->project_id, err, "%s%s%s", b.len ? b.data : "nothing", *v->reason ? ": " : "",
		v->reason);
	fp_buf_free(&b);
	return st;
}

static enum fp_status save_part(struct saving *v, struct fp_trigger *t, size_t *n_t, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	int any = 0;

	for (size_t i = v->part->from; st == FP_OK && i < v->part->until; i++) {
		any |= v->p->items[i].will;
		if (v->p->items[i].will)
			st = check_item(v, &v->p->items[i], err);
	}
	if (st == FP_OK)
		st = check_base(v, err);
	if (st == FP_OK && any)
		st = begin_plan(v, err);
	for (size_t i = v->part->from; st == FP_OK && i < v->part->until; i++)
		if (v->p->items[i].will)
			st = save_item(v, &v->p->items[i], err);
	if (st == FP_OK && any)
		st = tell(v, err);
	if (st != FP_OK || !v->wishes)
		return st;
	fp_trigger_clear(&t[*n_t]);
	return fp_rules_trigger(v->p->store, &t[(*n_t)++], v->part->project_id, FP_JOB_DELTA_APPLY,
		v->n[FP_ACTION_UNDO] ? "undo" : v->n[FP_ACTION_REAPPLY] + v->n[FP_ACTION_FORCE] ? "re-apply" : "apply pending", v->who, err);
}

enum fp_status fp_plan_save(struct fp_plan *p, const char *who, const char *reason, struct fp_trigger **t, size_t *n_t, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(p->store, err);

	*t = NULL;
	*n_t = 0;
	if (st != FP_OK)
		return st;
	*t = fp_alloc((p->n_parts + 1) * sizeof **t);
	for (size_t i = 0; st == FP_OK && i < p->n_parts; i++) {
		struct saving v = {.p = p, .part = &p->parts[i], .who = who, .reason = reason, .now = fp_now_ms()};
		st = save_part(&v, *t, n_t, err);
	}
	st = fp_store_end(p->store, st, err);
	if (st != FP_OK) {
		free(*t);
		*t = NULL;
		*n_t = 0;
	}
	return st;
}
