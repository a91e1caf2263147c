/* fieldpost job ...: the queue, what ran, its steps and logs. */
#include <poll.h>
#include <string.h>

#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/queue/queue.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

#define LOG_PAGE 1000
#define FOLLOW_MS 100

static json_t *job_row(const struct fp_job_row *r)
{
	json_t *o = json_object();

	fp_row_int(o, "id", r->id);
	fp_row_text(o, "type", r->type);
	fp_row_text(o, "status", r->status);
	fp_row_text(o, "project", r->project_name);
	fp_row_text(o, "project_id", r->project_id);
	fp_row_text(o, "trigger", r->trigger);
	fp_row_text(o, "created_by", r->created_by);
	fp_row_time(o, "created_at", r->created_at);
	fp_row_time(o, "started_at", r->started_at);
	fp_row_time(o, "finished_at", r->finished_at);
	fp_row_int(o, "position", r->position);
	fp_row_text(o, "step", r->step);
	fp_row_int(o, "done", r->done);
	fp_row_int(o, "total", r->total);
	fp_row_text(o, "verdict", r->verdict);
	fp_row_text(o, "hint", r->hint);
	fp_row_text(o, "error_class", r->error_class);
	fp_row_int(o, "signal", r->signal);
	fp_row_int(o, "peak_kb", r->peak_kb);
	json_object_set_new(o, "cancel_requested", json_boolean(r->cancel_requested));
	return o;
}

static void add_row(void *arg, const struct fp_job_row *r)
{
	json_array_append_new(arg, job_row(r));
}

static const struct fp_column list_columns[] = {
	{"Job", "id", FP_CELL_TEXT}, {"Type", "type", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT}, {"Project", "project", FP_CELL_TEXT},
	{"Created", "created_at", FP_CELL_TIME}, {"Started", "started_at", FP_CELL_TIME}, {"Finished", "finished_at", FP_CELL_TIME},
	{"Why", "trigger", FP_CELL_TEXT}, {"Verdict", "verdict", FP_CELL_TEXT}, {0},
};

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_job_list(s, q, 0, limit, add_row, rows, err);
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){fetch, 0, "jobs", "job", NULL, list_columns}, err);
}

const struct fp_command fp_cmd_job_list = {
	.name = "job list", .args = "[FILTER...]", .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List the jobs, newest first, as in: job list status:failed project:bees.",
	.options = {FP_LIST_OPTIONS},
};

static void take_job(void *arg, const struct fp_job_row *r)
{
	json_t *o = job_row(r);

	fp_row_json(o, "sandbox", r->sandbox);
	fp_row_json(o, "result", r->result);
	*(json_t **)arg = o;
}

static void add_step(void *arg, const struct fp_step_row *r)
{
	json_t *o = json_object();

	fp_row_text(o, "id", r->id);
	fp_row_text(o, "name", r->name);
	fp_row_text(o, "state", r->state);
	fp_row_text(o, "message", r->message);
	fp_row_time(o, "started_at", r->started_at);
	fp_row_time(o, "finished_at", r->finished_at);
	json_array_append_new(arg, o);
}

static const struct fp_column show_columns[] = {
	{"job", "id", FP_CELL_TEXT}, {"type", "type", FP_CELL_TEXT}, {"project", "project", FP_CELL_TEXT}, {"status", "status", FP_CELL_TEXT},
	{"verdict", "verdict", FP_CELL_TEXT}, {"next", "hint", FP_CELL_TEXT}, {"why", "trigger", FP_CELL_TEXT}, {"by", "created_by", FP_CELL_TEXT},
	{"created", "created_at", FP_CELL_TIME}, {"started", "started_at", FP_CELL_TIME}, {"finished", "finished_at", FP_CELL_TIME},
	{"peak memory kB", "peak_kb", FP_CELL_TEXT}, {"sandbox", "sandbox", FP_CELL_TEXT}, {"result", "result", FP_CELL_TEXT}, {0},
};
static const struct fp_column step_columns[] = {
	{"Step", "name", FP_CELL_TEXT}, {"State", "state", FP_CELL_TEXT}, {"Started", "started_at", FP_CELL_TIME},
	{"Finished", "finished_at", FP_CELL_TIME}, {"Message", "message", FP_CELL_TEXT}, {0},
};

static enum fp_status show(struct fp_invocation *inv, struct fp_error *err)
{
	json_t *row, *steps = json_array();
	int64_t id;
	enum fp_status st = fp_parse_number(&id, inv->argv[0], "a job", err);

	if (st == FP_OK)
		st = fp_job_get(inv->store, id, take_job, &row, err);
	if (st != FP_OK) {
		json_decref(steps);
		return st;
	}
	st = fp_job_steps(inv->store, id, add_step, steps, err);
	if (st == FP_OK) {
		json_object_set(row, "steps", steps);
		fp_print_row(inv, json_incref(row), show_columns);
		if (!inv->json && json_array_size(steps)) {
			fp_print("%s", "");
			fp_print_table(inv, steps, step_columns);
		}
	}
	json_decref(steps);
	json_decref(row);
	return st;
}

const struct fp_command fp_cmd_job_show = {
	.name = "job show", .args = "JOB", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = show,
	.help = "Show a job and its steps.",
};

/* The lines of a job so far, and how far that is. */
struct log {
	struct fp_invocation *inv;
	json_t *rows; /* --json: kept until the end */
	int64_t last;
	size_t page;
};

static void each_line(void *arg, const struct fp_log_row *r)
{
	struct log *l = arg;
	json_t *o = json_object();

	fp_row_int(o, "seq", r->seq);
	fp_row_time(o, "at", r->at);
	fp_row_text(o, "level", r->level);
	fp_row_text(o, "step", r->step);
	fp_row_text(o, "text", r->text);
	l->last = r->seq;
	l->page++;
	if (l->inv->json) {
		json_array_append_new(l->rows, o);
		return;
	}
	fp_print("%s  %-7s  %s", fp_json_str_or(o, "at", ""), r->level, r->text);
	json_decref(o);
}

static enum fp_status read_lines(struct log *l, int64_t id, struct fp_error *err)
{
	enum fp_status st;

	do {
		l->page = 0;
		st = fp_job_log_lines(l->inv->store, id, l->last, LOG_PAGE, each_line, l, err);
	} while (st == FP_OK && l->page == LOG_PAGE);
	return st;
}

enum state { WAITS, RUNS, ENDED_WELL, ENDED_BADLY };

static void take_state(void *arg, const struct fp_job_row *r)
{
	enum state *state = arg;

	*state = strcmp(r->status, "pending") == 0 ? WAITS : strcmp(r->status, "finished") == 0 ? ENDED_WELL
		: strcmp(r->status, "failed") == 0 || strcmp(r->status, "stopped") == 0 ? ENDED_BADLY : RUNS;
}

/* The state is read before the lines: so none that was written before the end is missed. */
static enum fp_status follow(struct log *l, int64_t id, enum state state, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	if (state == WAITS)
		fp_say("job %lld waits; jobs run while a console or \"fieldpost engine run\" does\n", (long long)id);
	while (st == FP_OK && state < ENDED_WELL) {
		poll(NULL, 0, FOLLOW_MS);
		if (!(fp_store_changed(l->inv->store) & (FP_KIND_JOB | FP_KIND_LOG)))
			continue;
		st = fp_job_get(l->inv->store, id, take_state, &state, err);
		if (st == FP_OK)
			st = read_lines(l, id, err);
	}
	l->inv->exit_code = state != ENDED_WELL;
	return st;
}

static enum fp_status log_lines(struct fp_invocation *inv, struct fp_error *err)
{
	struct log l = {inv, json_array(), 0, 0};
	enum state state;
	int64_t id;
	enum fp_status st = fp_parse_number(&id, inv->argv[0], "a job", err);

	if (st == FP_OK)
		st = fp_job_get(inv->store, id, take_state, &state, err);
	if (st == FP_OK)
		st = read_lines(&l, id, err);
	if (st == FP_OK && fp_opt(inv, "follow"))
		st = follow(&l, id, state, err);
	if (st == FP_OK && inv->json)
		fp_print_json(json_pack("{s:O}", "log", l.rows));
	json_decref(l.rows);
	return st;
}

const struct fp_command fp_cmd_job_log = {
	.name = "job log", .args = "JOB", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = log_lines,
	.help = "Print the log of a job; with --follow, until the job has ended (exit code 1 when it did not finish well).",
	.options = {{"follow", NULL, "stay until the job has ended"}},
};

/* A refusal by a rule is an answer of exit code 3, but for a job that is on its way already: then the wish comes true all the same. */
static enum fp_status answer_trigger(struct fp_invocation *inv, const struct fp_trigger *t, struct fp_error *err)
{
	json_t *answer;

	if (!t->job_id && !t->pending_id) {
		fp_fail(err, FP_E_REFUSED, "no job: %s", t->sentence);
		fp_error_hint(err, "rule %s", t->rule);
		return FP_E_REFUSED;
	}
	answer = fp_outcome_trigger(t);
	fp_outcome_print(inv, answer, "%s", t->sentence);
	return FP_OK;
}

static enum fp_status trigger(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	enum fp_job_type type;
	struct fp_trigger t;
	enum fp_status st;

	if (fp_job_type_parse(&type, inv->argv[1]) != 0)
		return fp_fail(err, FP_E_USAGE, "there is no job type \"%s\"; there are process_projectfile, package, delta_apply", inv->argv[1]);
	st = fp_project_find(inv->store, id, inv->argv[0], err);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Ask for a %s job of project \"%s\"?", inv->argv[1], inv->argv[0]);
	if (st == FP_OK)
		st = fp_queue_trigger(inv->store, &t, id, type, type == FP_JOB_DELTA_APPLY ? "apply pending" : "manual", fp_who(), err);
	return st == FP_OK ? answer_trigger(inv, &t, err) : st;
}

const struct fp_command fp_cmd_job_trigger = {
	.name = "job trigger", .args = "NAME TYPE", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = trigger,
	.help = "Ask for a job: process_projectfile, package, or delta_apply for all pending changes.",
};

static enum fp_status cancel(struct fp_invocation *inv, struct fp_error *err)
{
	int64_t id;
	enum fp_status st = fp_parse_number(&id, inv->argv[0], "a job", err);

	if (st == FP_OK)
		st = fp_confirm(inv, err, "Cancel job %lld?", (long long)id);
	if (st == FP_OK)
		st = fp_queue_cancel(inv->store, id, fp_who(), err);
	if (st == FP_OK)
		fp_outcome_print(inv, json_pack("{s:I}", "id", (json_int_t)id), "Job %lld is cancelled; its engine stops it when it runs.", (long long)id);
	return st;
}

const struct fp_command fp_cmd_job_cancel = {
	.name = "job cancel", .args = "JOB", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = cancel,
	.help = "Cancel a job that waits or runs; nothing of it is published.",
};

static enum fp_status retry(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_trigger t;
	int64_t id;
	enum fp_status st = fp_parse_number(&id, inv->argv[0], "a job", err);

	if (st == FP_OK)
		st = fp_confirm(inv, err, "Ask for job %lld once more?", (long long)id);
	if (st == FP_OK)
		st = fp_queue_retry(inv->store, &t, id, fp_who(), err);
	return st == FP_OK ? answer_trigger(inv, &t, err) : st;
}

const struct fp_command fp_cmd_job_retry = {
	.name = "job retry", .args = "JOB", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = retry,
	.help = "Ask once more for a job that has ended.",
};

static enum fp_status settle(struct fp_invocation *inv, struct fp_error *err)
{
	const char *word = inv->argv[1];
	int applied = strcmp(word, "applied") == 0;
	int64_t id;
	enum fp_status st = fp_parse_number(&id, inv->argv[0], "a job", err);

	if (st == FP_OK && !applied && strcmp(word, "not-applied") != 0)
		return fp_fail(err, FP_E_USAGE, "a job is settled as applied or as not-applied, not as \"%s\"", word);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Settle job %lld without its database, as %s? When that is wrong, changes are %s.", (long long)id, word,
			applied ? "lost" : "applied twice");
	if (st == FP_OK)
		st = fp_queue_settle(inv->store, id, applied, fp_who(), err);
	if (st == FP_OK)
		fp_outcome_print(inv, json_pack("{s:I,s:s}", "id", (json_int_t)id, "settled", word),
			"Job %lld is settled as %s; its engine, or the next one that runs, goes on by that.", (long long)id, word);
	return st;
}

const struct fp_command fp_cmd_job_settle = {
	.name = "job settle", .args = "JOB OUTCOME", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = settle,
	.help = "Say that the changes of a job are applied, or not-applied, in a database that it waits for and that will never answer again.",
};
