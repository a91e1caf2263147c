/* What became of transactions that were recorded: the worker told it, the database is asked, or a person says it. Nothing else decides. */
#include "engine/queue/queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/question.h"
#include "engine/queue/run.h"
#include "engine/store/activity.h"
#include "engine/store/db.h"

#define WAITING "Waiting for the database to say what became of the changes"
#define LONGEST_WAIT_S 60

/* ---- the rows ---- */

static void forget(struct fp_run *r)
{
	for (size_t i = 0; i < r->n_transactions; i++) {
		struct fp_run_transaction *t = &r->transactions[i];
		free(t->layer_id);
		free(t->database);
		free(t->txid);
		free(t->message);
	}
	r->n_transactions = 0;
}

void fp_settle_clear(struct fp_run *r)
{
	fp_question_free(r->question);
	r->question = NULL;
	json_decref(r->answers);
	r->answers = NULL;
	json_decref(r->commit);
	r->commit = NULL;
	forget(r);
	free(r->transactions);
	r->transactions = NULL;
	r->cap_transactions = 0;
}

/* A database that took the changes back gave a reason for it; where they were lost with their worker, there is none. */
static enum fp_fate fate_of(const char *state, const char *message)
{
	return strcmp(state, "committed") == 0 ? FP_FATE_KEPT : strcmp(state, "unknown") == 0 ? FP_FATE_UNKNOWN
		: strcmp(state, "aborted") != 0 ? FP_FATE_OPEN : *message ? FP_FATE_REFUSED : FP_FATE_LOST;
}

static enum fp_status load(struct fp_run *r, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT connection, layer_id, database, txid, state, message FROM job_transaction WHERE job_id = ?"
		" ORDER BY connection", FP_VALS(fp_i(r->job_id)));

	forget(r);
	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(r->store, st, &row, err)) == FP_OK && row) {
		FP_GROW(r->transactions, r->n_transactions, r->cap_transactions);
		r->transactions[r->n_transactions++] = (struct fp_run_transaction){sqlite3_column_int64(st, 0), fate_of(fp_db_text(st, 4), fp_db_text(st, 5)),
			fp_strdup(fp_db_text(st, 1)), fp_strdup(fp_db_text(st, 2)), fp_strdup(fp_db_text(st, 3)), fp_strdup(fp_db_text(st, 5))};
	}
	fp_db_end(r->store, st);
	return rc;
}

static int has(const struct fp_run *r, enum fp_fate fate)
{
	for (size_t i = 0; i < r->n_transactions; i++)
		if (r->transactions[i].fate == fate)
			return 1;
	return 0;
}

int fp_settle_kept(const struct fp_run *r)
{
	return has(r, FP_FATE_KEPT) || has(r, FP_FATE_UNKNOWN);
}

int fp_settle_lost(const struct fp_run *r)
{
	return has(r, FP_FATE_LOST);
}

/* ---- what a delta comes to ---- */

static const struct fp_run_transaction *transaction_of(const struct fp_run *r, const json_t *d)
{
	const json_t *c = json_object_get(d, "connection");

	for (size_t i = 0; json_is_integer(c) && i < r->n_transactions; i++)
		if (r->transactions[i].connection == json_integer_value(c))
			return &r->transactions[i];
	return NULL;
}

/* Not what the worker told: that held as long as the transaction did. */
static json_t *instead(const json_t *d, const char *status, const struct fp_error *words)
{
	static const char *const gone[] = {"modified_pk", "hash_after", "inverse", "details"};
	json_t *e = json_copy((json_t *)(uintptr_t)d);

	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		json_object_del(e, gone[i]);
	json_object_set_new(e, "status", json_string(status));
	json_object_set_new(e, "msg", json_string(words->msg));
	json_object_set_new(e, "e_type", json_string("ERROR"));
	return e;
}

json_t *fp_settle_delta(const struct fp_run *r, const json_t *d, const char **txid)
{
	const struct fp_run_transaction *t = transaction_of(r, d);
	const char *status = fp_json_str_or(d, "status", "");
	int rests = strcmp(status, "applied") == 0 || strcmp(status, "already_applied") == 0; /* on the transaction: what failed, failed */
	struct fp_error words;

	*txid = t && strcmp(status, "applied") == 0 ? t->txid : "";
	if (t ? t->fate == FP_FATE_LOST : r->files_lost && !json_object_get(d, "connection"))
		return NULL;
	if (t && rests && t->fate == FP_FATE_REFUSED) {
		fp_fail(&words, FP_E_REFUSED, "Failed to commit changes: %s", t->message);
		return instead(d, "not_applied", &words);
	}
	if (t && rests && t->fate == FP_FATE_UNKNOWN) {
		fp_fail(&words, FP_E_UNKNOWN, "Nobody can say whether this was applied: database %.150s no longer knows what became of transaction %s. Compare the"
			" feature with the change; then ignore the change, or apply it once more", t->database, t->txid);
		return instead(d, "error", &words);
	}
	return json_incref((json_t *)(uintptr_t)d);
}

/* ---- asking ---- */

static void take_answer(void *run, enum fp_event_kind kind, const json_t *body)
{
	struct fp_run *r = run;

	if (kind == FP_EVENT_TRANSACTION && json_array_size(r->answers) < r->n_transactions)
		json_array_append_new(r->answers, json_deep_copy(body));
}

static json_t *open_transactions(const struct fp_run *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_transactions; i++) {
		const struct fp_run_transaction *t = &r->transactions[i];
		if (t->fate == FP_FATE_OPEN)
			json_array_append_new(list, json_pack("{s:I,s:o,s:o,s:s}", "connection", (json_int_t)t->connection, "layer_id", fp_json_text(t->layer_id),
				"database", fp_json_text(t->database), "txid", t->txid));
	}
	return list;
}

/* The project as the job saw it knows the way; what was uploaded since may lead elsewhere, and is asked only when the former is gone. */
static enum fp_status ask(struct fp_run *r, struct fp_error *err)
{
	char *in = fp_path_join(r->work, "in"), *project = fp_path_join(in, r->project_file);
	enum fp_status st = fp_question_new(&r->question, r->store, r->conf, r->project_id, "settle", err);

	json_decref(r->answers);
	r->answers = json_array();
	if (st == FP_OK && *r->project_file && access(project, F_OK) == 0) {
		fp_question_say(r->question, "input", fp_json_text(in));
		fp_question_say(r->question, "project_file", fp_json_text(r->project_file));
	}
	if (st == FP_OK) {
		fp_question_say(r->question, "transactions", open_transactions(r));
		st = fp_question_start(r->question, take_answer, r, err);
		fp_failpoint("settle:asked");
	}
	free(in);
	free(project);
	return st;
}

/* Keeps the answers that decide; WHY gets the reason of one that does not. */
static enum fp_status keep_answers(struct fp_run *r, struct fp_error *why, struct fp_error *err)
{
	static const char *const words[] = {"committed", "aborted", "unknown"};
	const json_t *a;
	size_t i;
	enum fp_status st = fp_store_begin(r->store, err);

	if (st != FP_OK)
		return st;
	json_array_foreach(r->answers, i, a) {
		const char *status = fp_json_str(a, "status"), *message = fp_json_str(a, "message"), *state = NULL;
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (strcmp(words[k], status) == 0)
				state = words[k];
		if (state && st == FP_OK)
			st = fp_db_run(r->store, err, "UPDATE job_transaction SET state = ? WHERE job_id = ? AND connection = ? AND state = 'recorded'",
				FP_VALS(fp_t(state), fp_i(r->job_id), fp_i(fp_json_int(a, "connection", -1))));
		else if (!state)
			fp_fail(why, FP_E_UNKNOWN, "%s", *message ? message : "the transaction is still in progress");
	}
	st = fp_store_end(r->store, st, err);
	fp_failpoint("settle:answered");
	return st;
}

/* People see what is waited for; the log has every new reason once. */
static void tell_waiting(struct fp_run *r, const struct fp_error *why)
{
	if (strcmp(why->msg, r->unsettled) != 0) {
		json_t *line = json_pack("{s:s,s:o}", "level", "warning", "text", json_sprintf(WAITING ": %s", why->msg));
		fp_run_record(r, FP_EVENT_LOG, line);
		json_decref(line);
		memcpy(r->unsettled, why->msg, sizeof r->unsettled);
	}
	r->asked++;
	if (fp_store_begin(r->store, NULL) != FP_OK)
		return;
	fp_store_end(r->store, fp_db_run(r->store, NULL, "UPDATE job SET step = ?, done = 0, total = 0 WHERE id = ?", FP_VALS(fp_t(WAITING), fp_i(r->job_id))), NULL);
}

static void end_question(struct fp_run *r, enum fp_status st, struct fp_error *why)
{
	int wait = r->asked < 6 ? 1 << r->asked : LONGEST_WAIT_S;
	struct fp_error err;

	if (st == FP_OK)
		fp_fail(why, FP_E_UNKNOWN, "no answer came");
	if (json_array_size(r->answers) && keep_answers(r, why, &err) != FP_OK)
		*why = err;
	fp_question_free(r->question);
	r->question = NULL;
	r->ask_at = fp_monotonic_ms() + wait * 1000;
	if (load(r, &err) != FP_OK || has(r, FP_FATE_OPEN))
		tell_waiting(r, why);
}

void fp_settle_step(struct fp_run *r, int *done)
{
	struct fp_error why = {0};
	int ended = 0;
	enum fp_status st = fp_run_flush(r, 1, &why);

	if (st == FP_OK)
		st = load(r, &why);
	*done = st == FP_OK && !has(r, FP_FATE_OPEN);
	r->unclosed = why;
	if (*done || st != FP_OK)
		return;
	if (r->question) {
		st = fp_question_step(r->question, &ended, &why);
	} else if (fp_monotonic_ms() >= r->ask_at) {
		st = ask(r, &why);
		ended = st != FP_OK;
	}
	if (ended)
		end_question(r, st, &why);
}

int fp_settle_waits(const struct fp_run *r)
{
	return r->asked > 0 && !r->question;
}

/* ---- a person's word ---- */

enum fp_status fp_queue_settle(struct fp_store *s, int64_t job_id, int applied, const char *who, struct fp_error *err)
{
	char *project = NULL, *step = NULL;
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	st = fp_db_str(s, &project, err, "SELECT project_id FROM job WHERE id = ?", FP_VALS(fp_i(job_id)));
	if (st == FP_OK && !project)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no job %lld", (long long)job_id);
	if (st == FP_OK)
		st = fp_db_str(s, &step, err, "SELECT step FROM job WHERE id = ? AND status = 'started'", FP_VALS(fp_i(job_id)));
	if (st == FP_OK && (!step || strcmp(step, WAITING) != 0)) {
		st = fp_fail(err, FP_E_REFUSED, "job %lld does not wait for a database", (long long)job_id);
		fp_error_hint(err, "only a database that was asked in vain can be spoken for; engines ask");
	}
	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE job_transaction SET state = ? WHERE job_id = ? AND state = 'recorded'",
			FP_VALS(fp_t(applied ? "committed" : "aborted"), fp_i(job_id)));
	if (st == FP_OK)
		st = fp_activity_add(s, who, "settle", project, err, "job %lld: %s, in a person's word", (long long)job_id, applied ? "applied" : "not applied");
	free(project);
	free(step);
	return fp_store_end(s, st, err);
}
