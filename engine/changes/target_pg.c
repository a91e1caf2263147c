#include "engine/changes/target_pg.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/pg.h"
#include "engine/layers/postgres.h"
#include "engine/prober/ask.h"
#include "engine/prober/postgres.h"

/* ---- connecting ---- */

static const char cannot[] = "Cannot start editing layer";

/* The question that LAYER asks of its database; NULL: it cannot be asked. */
static json_t *question_of(const struct fp_layer_def *layer, struct fp_error *err)
{
	json_t *q = fp_pg_question(layer, cannot, err);

	if (q && fp_pg_is_query(q)) {
		json_decref(q);
		fp_fail(err, FP_E_REFUSED, "%s: it is a query, and queries can only be read", cannot);
		return NULL;
	}
	return q;
}

enum fp_status fp_pg_address(char **out, const struct fp_layer_def *layer, struct fp_error *err)
{
	json_t *q = question_of(layer, err);

	if (!q)
		return FP_E_REFUSED;
	*out = fp_pg_address_of(q);
	json_decref(q);
	return FP_OK;
}

static enum fp_status dial(PGconn **out, const json_t *question, const struct fp_apply_options *o, struct fp_error *err)
{
	const struct fp_pg_reach reach = {o->allow, o->pgservice, o->any_address};
	enum fp_status st = fp_pg_dial(out, question, &reach, cannot, err);

	if (st == FP_E_IO)
		fp_error_hint(err, "nothing was applied; apply the pending changes when it does");
	return st;
}

/* ---- the session ---- */

static enum fp_status mark(struct fp_file *f, struct fp_error *err)
{
	(void)err;
	fp_pg_later((struct fp_pg_session *)f, "SAVEPOINT change");
	return FP_OK;
}

/* 1 when nothing was sent since the mark: then there is nothing to keep or to take back. */
static int unmark(struct fp_pg_session *s)
{
	int is = s->n_queue && strcmp(s->queue[s->n_queue - 1], "SAVEPOINT change") == 0;

	s->n_queue -= (size_t)is;
	return is;
}

static enum fp_status on(struct fp_file *f, struct fp_error *err)
{
	struct fp_pg_session *s = (struct fp_pg_session *)f;

	(void)err;
	if (!unmark(s))
		fp_pg_later(s, "RELEASE SAVEPOINT change");
	return FP_OK;
}

static enum fp_status back(struct fp_file *f, struct fp_error *err)
{
	struct fp_pg_session *s = (struct fp_pg_session *)f;

	(void)err;
	if (!unmark(s)) {
		fp_pg_later(s, "ROLLBACK TO SAVEPOINT change");
		fp_pg_later(s, "RELEASE SAVEPOINT change");
	}
	return FP_OK;
}

/* The parts of "parks on 7309…": the identifier is the cluster's own, and the same on its standbys. */
static const char identity_sql[] = "SELECT pg_catalog.current_database(), CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
	" THEN (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()) ELSE '' END";

static enum fp_status identify(struct fp_pg_session *s, char out[160], struct fp_error *err)
{
	const struct fp_pg_step step = {.sql = identity_sql};
	PGresult *res;
	enum fp_status st = fp_pg_look(s, &step, 0, &res, "the database does not say who it is", err);

	if (st != FP_OK)
		return st;
	snprintf(out, 160, "%.100s%s%.40s", PQgetvalue(res, 0, 0), *PQgetvalue(res, 0, 1) ? " on " : "", PQgetvalue(res, 0, 1));
	PQclear(res);
	return FP_OK;
}

/* A server that crashes before its log is on the disk forgets our transaction and hands its number out again: whoever asks by that number later would hear
 * of a stranger's. Another transaction that is committed now brings the log to the disk, and ours with it. A server that refuses that message to this login
 * leaves only this gap. */
static enum fp_status settle_number(const struct fp_pg_session *s, struct fp_error *err)
{
	static const char *const commands[] = {"SET statement_timeout = 60000", "SET synchronous_commit = local",
		"SELECT pg_catalog.pg_logical_emit_message(true, 'fieldpost', '')"};
	PGconn *conn = NULL;
	enum fp_status st = dial(&conn, s->question, s->options, err);

	if (st != FP_OK)
		return fp_fail(err, FP_E_IO, "the database cannot be told to keep its log, so nothing was committed");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		PQclear(PQexec(conn, commands[i]));
	if (PQstatus(conn) != CONNECTION_OK)
		st = fp_fail(err, FP_E_IO, "the database closed the connection before anything was committed");
	PQfinish(conn);
	return st;
}

static enum fp_status transaction(struct fp_file *f, struct fp_transaction *out, struct fp_error *err)
{
	struct fp_pg_session *s = (struct fp_pg_session *)f;
	const struct fp_pg_step step = {.sql = "SELECT pg_catalog.txid_current()"};
	PGresult *res;
	enum fp_status st = identify(s, out->database, err);

	if (st == FP_OK)
		st = fp_pg_look(s, &step, 0, &res, "the database does not name its transaction", err);
	if (st != FP_OK)
		return st;
	snprintf(out->txid, sizeof out->txid, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	return settle_number(s, err);
}

/* A connection that is gone before COMMIT is sent has taken everything back; one that goes after it leaves the question open. */
static enum fp_status commit(struct fp_file *f, struct fp_error *err)
{
	struct fp_pg_session *s = (struct fp_pg_session *)f;
	const struct fp_pg_step step = {.sql = "COMMIT"};
	struct fp_error why;
	PGresult *res = NULL;
	enum fp_status st = fp_pg_batch(s, NULL, 0, NULL, "", &why);

	if (st != FP_OK)
		return fp_fail(err, FP_E_IO, "nothing was committed: %s", why.msg);
	st = fp_pg_batch(s, &step, 1, &res, "the database took the changes back", &why);
	if (PQresultStatus(res) == PGRES_COMMAND_OK) /* it has spoken, whatever became of the connection then */
		st = strcmp(PQcmdStatus(res), "COMMIT") == 0 ? FP_OK
			: fp_fail(&why, FP_E_REFUSED, "the database took the changes back and gave no reason");
	PQclear(res);
	if (st == FP_E_IO)
		return fp_fail(err, FP_E_UNKNOWN, "nobody can say yet whether the changes were committed: %s", why.msg);
	return st == FP_OK ? st : fp_fail(err, st, "%s", why.msg);
}

static void session_free(struct fp_file *f)
{
	struct fp_pg_session *s = (struct fp_pg_session *)f;
	const struct fp_pg_step step = {.sql = "ROLLBACK"};
	struct fp_error ignored;

	/* said and not only hung up, so that nothing is locked any more when this returns */
	s->n_queue = 0;
	if (s->conn && PQstatus(s->conn) == CONNECTION_OK && PQtransactionStatus(s->conn) != PQTRANS_IDLE)
		fp_pg_batch(s, &step, 1, NULL, "", &ignored);
	PQfinish(s->conn);
	json_decref(s->question);
	free(f->name);
	free(f->path);
	free(s);
}

static const struct fp_file_ops ops = {
	.mark = mark, .back = back, .on = on, .commit = commit, .transaction = transaction, .free = session_free
};

/* Constraints speak up in the change that breaks them. One snapshot for all: what another program changes meanwhile is not overwritten, since the server
 * refuses that. The search_path stays the role's own, as in QGIS: triggers may count on it. */
static enum fp_status set_up(struct fp_pg_session *s, int read_only, struct fp_error *err)
{
	const struct fp_pg_step steps[] = {
		{.sql = read_only ? "BEGIN READ ONLY" : "BEGIN ISOLATION LEVEL REPEATABLE READ"}, {.sql = fp_pg_settings},
		{.sql = "SET CONSTRAINTS ALL IMMEDIATE"},
		{.sql = "SELECT pg_catalog.current_setting('transaction_read_only'), pg_catalog.pg_is_in_recovery()"},
	};
	PGresult *results[4];
	enum fp_status st = fp_pg_batch(s, steps, 4, results, "the database cannot be written", err);

	if (st == FP_OK && !read_only && strcmp(PQgetvalue(results[3], 0, 0), "on") == 0)
		st = fp_fail(err, FP_E_REFUSED, *PQgetvalue(results[3], 0, 1) == 't' ? "this database is a standby, it can only be read"
			: "this login may only read (default_transaction_read_only)");
	for (size_t i = 0; i < 4; i++)
		PQclear(results[i]);
	return st;
}

static enum fp_status open_session(struct fp_pg_session **out, const json_t *question, const struct fp_apply_options *o, int read_only, struct fp_error *err)
{
	struct fp_pg_session *s = fp_alloc(sizeof *s);
	struct fp_error why;
	enum fp_status st;

	s->file.ops = &ops;
	s->dry_run = o->dry_run;
	s->question = json_incref((json_t *)(uintptr_t)question);
	s->options = o;
	snprintf(s->prefix, sizeof s->prefix, "fieldpost_%08x", randombytes_random());
	st = dial(&s->conn, question, o, err);
	if (st == FP_OK) {
		fp_assert(PQenterPipelineMode(s->conn));
		st = set_up(s, read_only, &why);
		if (st != FP_OK) /* a connection that was cut says nothing about the layer: it ends the job, as it does later */
			fp_fail(err, st, "%s%s%s", st == FP_E_REFUSED ? cannot : "", st == FP_E_REFUSED ? ": " : "", why.msg);
	}
	if (st == FP_OK)
		*out = s;
	else
		session_free(&s->file);
	return st;
}

enum fp_status fp_pg_open(struct fp_file **out, const struct fp_layer_def *layer, const struct fp_apply_options *options, struct fp_error *err)
{
	json_t *question = question_of(layer, err);
	struct fp_pg_session *s = NULL;
	enum fp_status st = question ? open_session(&s, question, options, 0, err) : FP_E_REFUSED;

	json_decref(question);
	if (st == FP_OK)
		*out = &s->file;
	return st;
}

int fp_pg_same(const struct fp_file *a, const struct fp_file *b)
{
	typedef char *get_fn(const PGconn *);
	static get_fn *const parts[] = {PQhost, PQhostaddr, PQport, PQdb, PQuser};
	const PGconn *x = ((const struct fp_pg_session *)a)->conn, *y = ((const struct fp_pg_session *)b)->conn;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *p = parts[i](x), *q = parts[i](y);
		if (strcmp(p ? p : "", q ? q : "") != 0)
			return 0;
	}
	return 1;
}

/* ---- after a crash ---- */

static enum fp_status ask_status(struct fp_pg_session *s, const char *database, const char *txid, const char **status, struct fp_error *err)
{
	static const char *const words[] = {"committed", "aborted", "in progress"};
	const struct fp_pg_step step = {.sql = "SELECT pg_catalog.txid_status($1::pg_catalog.int8)", .n = 1, .values = &txid};
	char here[160];
	PGresult *res = NULL;
	enum fp_status st = identify(s, here, err);

	*status = "unknown";
	if (st != FP_OK || strcmp(here, database) != 0)
		return st;
	st = fp_pg_look(s, &step, 0, &res, "the database does not say what became of it", err);
	if (st == FP_E_REFUSED) /* a server that never had such a transaction, or is too old to know */
		return FP_OK;
	for (size_t i = 0; st == FP_OK && i < sizeof words / sizeof *words; i++)
		if (strcmp(PQgetvalue(res, 0, 0), words[i]) == 0)
			*status = words[i];
	PQclear(res);
	return st;
}

enum fp_status fp_pg_transaction_status(const struct fp_layer_def *layer, const struct fp_apply_options *options, const char *database, const char *txid,
	const char **status, struct fp_error *err)
{
	json_t *question = question_of(layer, err);
	struct fp_pg_session *s = NULL;
	enum fp_status st = question ? open_session(&s, question, options, 1, err) : FP_E_REFUSED;

	json_decref(question);
	if (st == FP_OK) {
		st = ask_status(s, database, txid, status, err);
		session_free(&s->file);
	}
	return st;
}
