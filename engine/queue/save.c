/* The Action column: what would become of staged actions, and Save all. The ledger decides, not the status: what was applied once is not applied
 * again unless somebody says "force". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/queue/rules.h"
#include "engine/store/activity.h"
#include "engine/store/db.h"

const char *fp_action_word(enum fp_action a)
{
	static const char *const words[] = {
		[FP_ACTION_NONE] = "none", [FP_ACTION_APPLY] = "apply", [FP_ACTION_REAPPLY] = "re-apply", [FP_ACTION_FORCE] = "force",
		[FP_ACTION_IGNORE] = "ignore",
	};

	fp_assert((size_t)a < sizeof words / sizeof *words);
	return words[a];
}

/* A change as the plan sees it. */
struct state {
	int found, pending, ignored;
	int64_t taken_by, applied_by; /* jobs, 0: none */
	char project_id[37];
};

static enum fp_status look(struct fp_store *s, struct state *c, int64_t id, struct fp_error *err)
{
	sqlite3_stmt *st;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT project_id, status = 'pending', status = 'ignored', taken_by, "
		"(SELECT job_id FROM attempt WHERE change_id = c.id AND outcome IN ('applied', 'already_applied') ORDER BY id DESC LIMIT 1) "
		"FROM change c WHERE id = ?", FP_VALS(fp_i(id)));

	memset(c, 0, sizeof *c);
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &c->found, err);
	if (rc == FP_OK && c->found) {
		snprintf(c->project_id, sizeof c->project_id, "%s", fp_db_text(st, 0));
		c->pending = sqlite3_column_int(st, 1);
		c->ignored = sqlite3_column_int(st, 2);
		c->taken_by = sqlite3_column_int64(st, 3);
		c->applied_by = sqlite3_column_int64(st, 4);
	}
	fp_db_end(s, st);
	return rc;
}

static void judge(struct fp_staged *g, const struct state *c)
{
	g->will = 0;
	g->why[0] = '\0';
	if (g->action == FP_ACTION_NONE)
		return;
	if (!c->found)
		snprintf(g->why, sizeof g->why, "is not there any more");
	else if (c->taken_by)
		snprintf(g->why, sizeof g->why, "is being applied now by job %lld", (long long)c->taken_by);
	else if (c->applied_by && g->action != FP_ACTION_FORCE && !(g->action == FP_ACTION_IGNORE && c->pending))
		snprintf(g->why, sizeof g->why, "already applied in job %lld", (long long)c->applied_by);
	else if (c->ignored && g->action == FP_ACTION_IGNORE)
		snprintf(g->why, sizeof g->why, "is ignored already");
	else
		g->will = 1;
}

/* What will come of G, and the change C that it is about. */
static enum fp_status weigh(struct fp_store *s, struct fp_staged *g, struct state *c, struct fp_error *err)
{
	enum fp_status st = look(s, c, g->change_id, err);

	if (st == FP_OK)
		judge(g, c);
	return st;
}

enum fp_status fp_queue_plan(struct fp_store *s, struct fp_staged *staged, size_t n, struct fp_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct state c;
		enum fp_status st = weigh(s, &staged[i], &c, err);
		if (st != FP_OK)
			return st;
	}
	return FP_OK;
}

/* A pending change keeps a stronger wish; a wish to force that is taken back leaves what the ledger knows. */
static enum fp_status write_wish(struct fp_store *s, const struct fp_staged *g, const struct state *c, const char *who, struct fp_error *err)
{
	const char *action = g->action == FP_ACTION_FORCE ? "force" : "re-apply";

	if (g->action == FP_ACTION_IGNORE)
		return fp_db_run(s, err, "UPDATE change SET status = ?, updated_at = ? WHERE id = ?",
			FP_VALS(fp_t(c->applied_by ? "applied" : "ignored"), fp_i(fp_now_ms()), fp_i(g->change_id)));
	if (c->pending && g->action == FP_ACTION_APPLY)
		return FP_OK;
	return fp_db_run(s, err, "UPDATE change SET status = 'pending', action = ?, wanted_by = ?, updated_at = ? WHERE id = ?",
		FP_VALS(fp_t(action), fp_t(who), fp_i(fp_now_ms()), fp_i(g->change_id)));
}

/* What was saved for one project. */
struct batch {
	char project_id[37];
	int64_t n[FP_ACTION_IGNORE + 1];
};
struct batches {
	struct batch *items;
	size_t n, cap;
};

static void count(struct batches *b, const char *project_id, enum fp_action action)
{
	size_t i = b->n;

	while (i > 0 && strcmp(b->items[i - 1].project_id, project_id) != 0)
		i--;
	if (i == 0) {
		FP_GROW(b->items, b->n, b->cap);
		memset(&b->items[b->n], 0, sizeof *b->items);
		memcpy(b->items[b->n].project_id, project_id, sizeof b->items[b->n].project_id);
		i = ++b->n;
	}
	b->items[i - 1].n[action]++;
}

static enum fp_status close_batch(struct fp_store *s, const struct batch *b, const char *who, struct fp_trigger *t, size_t *n_t, struct fp_error *err)
{
	int64_t again = b->n[FP_ACTION_REAPPLY] + b->n[FP_ACTION_FORCE];
	enum fp_status st = fp_activity_add(s, who, "save changes", b->project_id, err, "apply %lld, re-apply %lld, force %lld, ignore %lld",
		(long long)b->n[FP_ACTION_APPLY], (long long)b->n[FP_ACTION_REAPPLY], (long long)b->n[FP_ACTION_FORCE],
		(long long)b->n[FP_ACTION_IGNORE]);

	if (st != FP_OK || b->n[FP_ACTION_APPLY] + again == 0)
		return st;
	fp_trigger_clear(&t[*n_t]);
	return fp_rules_trigger(s, &t[(*n_t)++], b->project_id, FP_JOB_DELTA_APPLY, again ? "re-apply" : "apply pending", who, err);
}

static enum fp_status save(struct fp_store *s, struct fp_staged *staged, size_t n, const char *who, struct batches *b, struct fp_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct state c;
		enum fp_status st = weigh(s, &staged[i], &c, err);
		if (st != FP_OK)
			return st;
		if (!staged[i].will)
			continue;
		st = write_wish(s, &staged[i], &c, who, err);
		if (st != FP_OK)
			return st;
		count(b, c.project_id, staged[i].action);
	}
	return FP_OK;
}

enum fp_status fp_queue_save(struct fp_store *s, struct fp_staged *staged, size_t n, const char *who, struct fp_trigger **t, size_t *n_t,
	struct fp_error *err)
{
	struct batches b = {0};
	enum fp_status st = fp_store_begin(s, err);

	*t = NULL;
	*n_t = 0;
	if (st != FP_OK)
		return st;
	st = save(s, staged, n, who, &b, err);
	*t = fp_alloc((b.n + 1) * sizeof **t);
	for (size_t i = 0; st == FP_OK && i < b.n; i++)
		st = close_batch(s, &b.items[i], who, *t, n_t, err);
	st = fp_store_end(s, st, err);
	if (st != FP_OK) {
		free(*t);
		*t = NULL;
		*n_t = 0;
	}
	free(b.items);
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
