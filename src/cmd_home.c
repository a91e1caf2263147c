/* fieldpost init, backup, audit: the home as a whole. */
#include "engine/store/jobs.h"
#include "engine/store/secrets.h"
#include "engine/store/store.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

static enum fp_status init(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_store *s;
	json_t *answer;
	enum fp_status st = fp_confirm(inv, err, "Make a home in %s?", inv->home);

	if (st == FP_OK)
		st = fp_store_open(&s, inv->home, FP_STORE_CREATE, err);
	if (st != FP_OK)
		return st;
	st = fp_secrets_make_key(s, err);
	if (st != FP_OK) {
		fp_store_close(s);
		return st;
	}
	answer = json_object();
	fp_row_text(answer, "home", fp_store_home(s));
	fp_outcome_print(inv, answer, "The home is %s.", fp_store_home(s));
	fp_store_close(s);
	return FP_OK;
}

const struct fp_command fp_cmd_init = {
	.name = "init", .args = "", .flags = FP_CMD_WRITES, .run = init,
	.help = "Make the home, where it is not there yet.",
};

static enum fp_status backup(struct fp_invocation *inv, struct fp_error *err)
{
	json_t *answer;
	enum fp_status st = fp_store_backup(inv->store, inv->argv[0], err);

	if (st != FP_OK)
		return st;
	answer = json_object();
	fp_row_text(answer, "file", inv->argv[0]);
	fp_outcome_print(inv, answer, "Wrote %s: projects, changes and jobs. Copy %s/projects too: the versions of files stand there and never change. "
		"The key of the secrets is not in it: keep a copy of %s/secret.key elsewhere, or set the secrets again.",
		inv->argv[0], fp_store_home(inv->store), fp_store_home(inv->store));
	return FP_OK;
}

const struct fp_command fp_cmd_backup = {
	.name = "backup", .args = "FILE", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = backup,
	.help = "Copy the store to a new file while everything goes on. The folder projects and, for secrets, secret.key of the home belong to a full copy.",
};

static void add_row(void *arg, const struct fp_activity_row *r)
{
	json_t *o = json_object();

	fp_row_int(o, "id", r->id);
	fp_row_time(o, "at", r->at);
	fp_row_text(o, "who", r->who);
	fp_row_text(o, "what", r->what);
	fp_row_text(o, "project", r->project_name);
	fp_row_text(o, "detail", r->detail);
	json_array_append_new(arg, o);
}

static const struct fp_column columns[] = {
	{"When", "at", FP_CELL_TIME}, {"Who", "who", FP_CELL_TEXT}, {"What", "what", FP_CELL_TEXT}, {"Project", "project", FP_CELL_TEXT},
	{"Detail", "detail", FP_CELL_TEXT}, {0},
};

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_activity_list(s, q, 0, limit, add_row, rows, err);
}

static enum fp_status audit(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){fetch, 0, "activity", "activity", NULL, columns}, err);
}

const struct fp_command fp_cmd_audit = {
	.name = "audit", .args = "[FILTER...]", .max_args = -1, .flags = FP_CMD_HOME, .run = audit,
	.help = "Who did what, newest first.",
	.options = {FP_LIST_OPTIONS},
};
