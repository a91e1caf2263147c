/* fieldpost change undo: one change, a job, or everything since a time, taken back as a plan. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/queue/wave.h"
#include "engine/store/projects.h"
#include "src/change_plan.h"
#include "src/commands.h"
#include "src/selection.h"

struct all {
	struct fp_change_plan *c;
	struct fp_wave wave;
};

static void add(void *arg, const struct fp_change_row *r)
{
	struct all *all = arg;

	if (fp_wave_takes(&all->wave, r))
		fp_change_plan_add(all->c, r);
}

/* --job and --since are filters. */
static enum fp_status by_filter(struct fp_change_plan *c, char *filter, struct fp_error *err)
{
	struct fp_invocation *inv = c->inv;
	struct all all = {.c = c};
	char project[FP_UUID_SIZE];
	struct fp_query q = {.filter = filter, .reverse = 1};
	enum fp_status st = fp_project_find(inv->store, project, inv->argv[0], err);

	q.project_id = project;
	if (st == FP_OK)
		st = fp_change_list(inv->store, &q, 0, INT64_MAX, add, &all, err);
	fp_wave_clear(&all.wave);
	if (st == FP_OK && c->n == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "nothing that was applied matches \"%s\"", filter);
	free(filter);
	return st;
}

static enum fp_status select_changes(struct fp_change_plan *c, struct fp_error *err)
{
	struct fp_invocation *inv = c->inv;
	const char *job = fp_opt(inv, "job"), *since = fp_opt(inv, "since");
	char project[FP_UUID_SIZE];

	if (!job && !since)
		return fp_selection_each(inv, project, 0, fp_change_plan_add, c, err);
	if ((job && since) || inv->argc > 1 || fp_opt(inv, "filter") || fp_opt(inv, "this-and-newer"))
		return fp_fail(err, FP_E_USAGE, "name the changes by their uuids, or by one of --job, --since, --filter and --this-and-newer");
	return by_filter(c, fp_asprintf(job ? "job:%s" : "applied-after:%s", job ? job : since), err);
}

static enum fp_status undo(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_change_plan c = {.inv = inv, .action = FP_ACTION_UNDO};
	enum fp_status st = select_changes(&c, err);

	if (st == FP_OK)
		st = fp_change_plan_make(&c, err);
	if (st == FP_OK && fp_opt(inv, "preview"))
		fp_change_plan_print(&c);
	else if (st == FP_OK)
		st = fp_change_plan_save(&c, "Undo", fp_opt(inv, "reason"), err);
	fp_change_plan_clear(&c);
	return st;
}

const struct fp_command fp_cmd_change_undo = {
	.name = "change undo", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .preview = "preview", .run = undo,
	.help = "Take applied changes back: what they made is removed, what they changed or deleted becomes what it was. An undo can be undone.",
	.options = {FP_SELECTION_OPTIONS, {"job", "ID", "all that a job applied"}, {"since", "TIME", "all that was applied since then"},
		{"preview", NULL, "show the plan and write nothing"}, {"reason", "TEXT", "kept in the ledger"}},
};
