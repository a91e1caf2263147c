/* fieldpost change plan, apply, ignore, un-ignore, undo: what the console's Action column does, for a SELECTION of changes. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "src/change_plan.h"
#include "src/commands.h"
#include "src/selection.h"

static enum fp_status make(struct fp_change_plan *c, struct fp_error *err)
{
	char project[FP_UUID_SIZE];
	enum fp_status st = fp_selection_each(c->inv, project, 0, fp_change_plan_add, c, err);

	return st == FP_OK ? fp_change_plan_make(c, err) : st;
}

static enum fp_status plan(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_change_plan c = {.inv = inv, .action = fp_opt(inv, "force") ? FP_ACTION_FORCE : fp_opt(inv, "ignore") ? FP_ACTION_IGNORE
		: fp_opt(inv, "undo") ? FP_ACTION_UNDO : FP_ACTION_NONE};
	enum fp_status st = fp_change_plan_meeting(&c, err);

	if (st == FP_OK)
		st = make(&c, err);
	if (st == FP_OK)
		fp_change_plan_print(&c);
	fp_change_plan_clear(&c);
	return st;
}

/* Meeting: the command has an option for it. */
static enum fp_status save(struct fp_invocation *inv, enum fp_action action, int meeting, const char *deed, struct fp_error *err)
{
	struct fp_change_plan c = {.inv = inv, .action = action};
	enum fp_status st = meeting ? fp_change_plan_meeting(&c, err) : FP_OK;

	if (st == FP_OK)
		st = make(&c, err);

	if (st == FP_OK)
		st = fp_change_plan_save(&c, deed, fp_opt(inv, "reason"), err);
	fp_change_plan_clear(&c);
	return st;
}

static enum fp_status apply(struct fp_invocation *inv, struct fp_error *err)
{
	int force = fp_opt(inv, "force") != NULL;

	return save(inv, force ? FP_ACTION_FORCE : FP_ACTION_NONE, 1, force ? "Apply, even where applied already," : "Apply or re-apply", err);
}

static enum fp_status ignore(struct fp_invocation *inv, struct fp_error *err)
{
	return save(inv, FP_ACTION_IGNORE, 0, "Ignore", err);
}

static enum fp_status unignore(struct fp_invocation *inv, struct fp_error *err)
{
	return save(inv, FP_ACTION_RESTORE, 0, "No longer ignore", err);
}

#define REASON_OPTION {"reason", "TEXT", "kept in the ledger"}
#define FORCE_OPTION {"force", NULL, "also what was applied already, once more"}

const struct fp_command fp_cmd_change_plan = {
	.name = "change plan", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = plan,
	.help = "Say what applying the selected changes would do to the data as it is now, change by change; writes nothing.",
	.options = {FP_SELECTION_OPTIONS, FORCE_OPTION, FP_MEETING_OPTION, {"ignore", NULL, "say what ignoring them would do"},
		{"undo", NULL, "say what undoing them would do"}},
};

const struct fp_command fp_cmd_change_apply = {
	.name = "change apply", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = apply,
	.help = "Apply or re-apply the selected changes exactly as planned, in the order in which they came: one delta_apply job.",
	.options = {FP_SELECTION_OPTIONS, FORCE_OPTION, FP_MEETING_OPTION, REASON_OPTION},
};

const struct fp_command fp_cmd_change_ignore = {
	.name = "change ignore", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = ignore,
	.help = "Ignore the selected changes: they are kept and not applied.",
	.options = {FP_SELECTION_OPTIONS, REASON_OPTION},
};

const struct fp_command fp_cmd_change_unignore = {
	.name = "change unignore", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = unignore,
	.help = "Bring ignored changes back to what they were before.",
	.options = {FP_SELECTION_OPTIONS, REASON_OPTION},
};
