/* The drop-down of the Action column. Choosing only stages; saving is ui/view_plan.c. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/queue/wave.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"

enum { THIS_AND_NEWER = FP_ACTION_UNDO + 1, OVERWRITE };

static const struct { int item; const char *label; } choices[] = {
	{ FP_ACTION_APPLY, "Apply" }, { FP_ACTION_REAPPLY, "Re-apply" }, { THIS_AND_NEWER, "Re-apply this and newer" },
	{ OVERWRITE, "Re-apply, overwriting" }, { FP_ACTION_FORCE, "Force re-apply" }, { FP_ACTION_IGNORE, "Ignore" },
	{ FP_ACTION_RESTORE, "No longer ignore" }, { FP_ACTION_UNDO, "Undo" }, { FP_ACTION_NONE, "None" },
};

/* Why ITEM makes no sense for one change, NULL when it does; WHY is the room for it. */
static const char *objection(struct fp_console *c, int64_t id, int item, char why[128])
{
	if (c->read_only)
		return "read-only";
	if (item == FP_ACTION_NONE || item == THIS_AND_NEWER)
		return NULL;
	if (fp_queue_objection(c->store, id, item == OVERWRITE ? FP_ACTION_REAPPLY : (enum fp_action)item, why, NULL) || !*why)
		return NULL;
	return why;
}

void fp_staging_menu(struct fp_console *c, struct fp_menu *m, const int64_t *ids, size_t n, const char *name)
{
	char room[128];
	char count[FP_FORMAT_SIZE];

	if (n == 0)
		return;
	free(c->staging.target);
	c->staging.target = fp_realloc(NULL, n, sizeof *ids);
	memcpy(c->staging.target, ids, n * sizeof *ids);
	c->staging.n_target = n;
	m->title = n == 1 ? fp_asprintf(" %s ", name) : fp_asprintf(" %s marked changes ", fp_format_count(count, (int64_t)n));
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
		fp_menu_add(m, choices[i].item, choices[i].label, n == 1 || c->read_only ? objection(c, ids[0], choices[i].item, room) : NULL);
}

static enum fp_status stage_newer(struct fp_console *c, int64_t id, struct fp_error *err)
{
	int64_t *ids;
	size_t n;
	enum fp_status st = fp_queue_this_and_newer(c->store, id, &ids, &n, err);

	for (size_t i = 0; st == FP_OK && i < n; i++)
		fp_staging_set(&c->staging, ids[i], FP_ACTION_REAPPLY, FP_MEET_AS_PROJECT);
	if (st == FP_OK)
		free(ids);
	return st;
}

unsigned fp_staging_chosen(struct fp_console *c, int item)
{
	struct fp_staging *s = &c->staging;
	enum fp_status st = FP_OK;
	char count[FP_FORMAT_SIZE];
	struct fp_error err;

	fp_staging_step(s);
	for (size_t i = 0; i < s->n_target && st == FP_OK; i++) {
		if (item == THIS_AND_NEWER)
			st = stage_newer(c, s->target[i], &err);
		else
			fp_staging_set(s, s->target[i], item == OVERWRITE ? FP_ACTION_REAPPLY : (enum fp_action)item,
				item == OVERWRITE ? FP_MEET_OVERWRITE : FP_MEET_AS_PROJECT);
	}
	if (st) {
		fp_staging_undo(s);
		return fp_show_error(c, &err) | FP_DO_RELOAD;
	}
	fp_note(c, "%s staged, nothing is written yet: w saves all, z takes this back.", fp_format_count(count, (int64_t)s->n));
	return FP_DO_RELOAD;
}

/* ---- undoing all of something ---- */

struct all {
	struct fp_staging *s;
	struct fp_wave wave;
};

static void stage_undo(void *arg, const struct fp_change_row *r)
{
	struct all *all = arg;

	if (fp_wave_takes(&all->wave, r))
		fp_staging_set(all->s, r->id, FP_ACTION_UNDO, FP_MEET_AS_PROJECT);
}

/* FILTER is freed. */
static unsigned undo_all(struct fp_console *c, const char *project, char *filter)
{
	struct fp_query q = { .project_id = project, .filter = filter, .reverse = 1 };
	struct all all = { .s = &c->staging };
	struct fp_error err;
	enum fp_status st;

	if (c->staging.n > 0) {
		free(filter);
		return fp_complain(c, "Other actions are staged: save them (w) or take them back (z) first.");
	}
	fp_staging_step(&c->staging);
	st = fp_change_list(c->store, &q, 0, INT64_MAX, stage_undo, &all, &err);
	fp_wave_clear(&all.wave);
	free(filter);
	if (st) {
		fp_staging_undo(&c->staging);
		return fp_show_error(c, &err);
	}
	return c->staging.n ? fp_act_save(c, "") : fp_complain(c, "Nothing that was applied there can be undone.");
}

unsigned fp_act_undo_job(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	const char *job = v->ops->columns ? v->key : v->arg;

	(void)arg;
	if (job && v->ops->without(v) & FP_IN_APPLIED)
		return fp_complain(c, "Job %s has applied no changes: there is nothing to undo.", job);
	return job ? undo_all(c, NULL, fp_asprintf("job:%s", job)) : fp_complain(c, "There is no job here.");
}

unsigned fp_act_undo_since(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	if (!*arg || !*v->project)
		return fp_complain(c, "Since when? Open a project, then :undo-since TIME, as in 2026-11-25 or 2026-11-25T14:00");
	return undo_all(c, v->project, fp_asprintf("applied-after:%s", arg));
}

unsigned fp_act_undo(struct fp_console *c, const char *arg)
{
	(void)arg;
	if (!fp_staging_undo(&c->staging))
		return fp_complain(c, "There is no staging to take back. What was saved is undone by cancelling its job (x in Jobs) while it waits.");
	fp_note(c, "Taken back.");
	return FP_DO_RELOAD;
}
