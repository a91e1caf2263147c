#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/changes/pg.h"

#define ANSWER_MS 100000 /* longer than the statement_timeout of target_pg.c: the server ends what takes too long, this ends a server that is gone */

const char fp_pg_settings[] = "SELECT pg_catalog.set_config(k, v, true) FROM (VALUES ('standard_conforming_strings', 'on'), ('DateStyle', 'ISO, YMD'),"
	" ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'), ('bytea_output', 'hex'), ('extra_float_digits', '3'), ('statement_timeout', '60000'),"
	" ('lock_timeout', '5000'), ('idle_in_transaction_session_timeout', '900000'), ('tcp_keepalives_idle', '60'), ('row_security', 'on'),"
	" ('xmloption', 'content'),"
	" ('synchronous_commit', pg_catalog.replace(pg_catalog.current_setting('synchronous_commit'), 'off', 'local'))) AS settings (k, v)";

void fp_pg_statement_free(struct fp_pg_statement *s)
{
	free(s->sql);
	*s = (struct fp_pg_statement){0};
}

void fp_pg_later(struct fp_pg_session *s, const char *command)
{
	fp_assert(s->n_queue < FP_PG_QUEUE);
	s->queue[s->n_queue++] = command;
}

/* ---- what the server says ---- */

/* SQLSTATEs that say more in our words than in the server's. */
static const struct state {
	const char *code, *says; /* NULL: the server's own words */
	int lost;                /* nothing can be done with this connection any more */
} states[] = {
	{"55P03", "the table is locked by another program", 0},
	{"40001", "another program changed the same row at the same moment", 0},
	{"40P01", "another program and this one waited for each other's rows", 0},
	{"57014", "it took too long", 0},
	{"57P01", NULL, 1}, {"57P02", NULL, 1}, {"57P03", NULL, 1}, {"25P02", NULL, 1}, {"25P03", NULL, 1}, {"25P04", NULL, 1},
};

static enum fp_status lost(struct fp_pg_session *s, const char *words, struct fp_error *err)
{
	char *text = fp_strdup(words && *words ? words : PQerrorMessage(s->conn));
	size_t n;
	enum fp_status st;

	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	for (n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	st = fp_fail(err, FP_E_IO, "the database closed the connection: %s", *text ? text : "it gave no reason");
	free(text);
	return st;
}

enum fp_status fp_pg_refused(struct fp_pg_session *s, const PGresult *res, const char *what, struct fp_error *err)
{
	const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE), *words = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);

	if (!code || PQstatus(s->conn) == CONNECTION_BAD || strncmp(code, "08", 2) == 0)
		return lost(s, words ? words : PQresultErrorMessage(res), err);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (strcmp(states[i].code, code) != 0)
			continue;
		return states[i].lost ? lost(s, words, err) : fp_fail(err, FP_E_REFUSED, "%s: %s", what, states[i].says);
	}
	if (detail)
		return fp_fail(err, FP_E_REFUSED, "%s: %s (%s)", what, words, detail);
	return fp_fail(err, FP_E_REFUSED, "%s: %s", what, words ? words : "the database gave no reason");
}

/* ---- the pipeline ---- */

static int wait_for(PGconn *conn, short events, int64_t deadline)
{
	struct pollfd p = {.fd = PQsocket(conn), .events = events};
	int64_t left = deadline - fp_monotonic_ms();

	return p.fd < 0 || left <= 0 || poll(&p, 1, (int)left) == 0 ? -1 : 0;
}

static int flush(struct fp_pg_session *s, int64_t deadline)
{
	int rc;

	while ((rc = PQflush(s->conn)) == 1)
		if (wait_for(s->conn, POLLIN | POLLOUT, deadline) != 0 || PQconsumeInput(s->conn) != 1)
			return -1;
	return rc;
}

/* The next result; NULL between those of two statements, or when the connection is lost. */
static PGresult *next(struct fp_pg_session *s, int64_t deadline, int *gone)
{
	while (PQisBusy(s->conn))
		if (wait_for(s->conn, POLLIN, deadline) != 0 || PQconsumeInput(s->conn) != 1) {
			*gone = 1;
			return NULL;
		}
	return PQgetResult(s->conn);
}

/* Receives what one statement gave. The first failure of a batch decides: what comes after it was not even tried. */
static void receive(struct fp_pg_session *s, PGresult **out, int64_t deadline, int *gone)
{
	PGresult *res;

	*out = NULL;
	while (!*gone && (res = next(s, deadline, gone))) {
		PQclear(*out);
		*out = res;
	}
	*gone = *gone || !*out;
}

static int send_step(struct fp_pg_session *s, const struct fp_pg_step *step, int *prepares)
{
	struct fp_pg_statement *p = step->statement;

	*prepares = 0;
	if (!p)
		return PQsendQueryParams(s->conn, step->sql, step->n, NULL, step->values, NULL, NULL, 0);
	if (!*p->name) {
		*prepares = 1;
		snprintf(p->name, sizeof p->name, "%s_%d", s->prefix, s->n_statements++);
		if (!PQsendPrepare(s->conn, p->name, p->sql, step->n, NULL))
			return 0;
	}
	return PQsendQueryPrepared(s->conn, p->name, step->n, step->values, NULL, NULL, 0);
}

static int failed(const PGresult *res)
{
	ExecStatusType st = PQresultStatus(res);

	return st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK;
}

/* Takes the answers of everything that was sent, in order, up to the sync. */
static enum fp_status collect(struct fp_pg_session *s, size_t queued, const struct fp_pg_step *steps, const char *prepares, size_t n, PGresult **results,
	const char *what, struct fp_error *err)
{
	int64_t deadline = fp_monotonic_ms() + ANSWER_MS;
	enum fp_status st = FP_OK;
	PGresult *res = NULL;
	int gone = 0;

	for (size_t i = 0; !gone && i < queued; i++) {
		receive(s, &res, deadline, &gone);
		if (!gone && st == FP_OK && failed(res)) /* our own commands do not fail unless something is very wrong */
			st = lost(s, PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), err);
		PQclear(res);
	}
	for (size_t i = 0; !gone && i < n; i++) {
		for (int k = prepares[i]; !gone && k >= 0; k--) {
			receive(s, &res, deadline, &gone);
			if (!gone && st == FP_OK && failed(res)) {
				st = fp_pg_refused(s, res, what, err);
			}
			if (k && !gone && failed(res))
				*steps[i].statement->name = '\0';
			if (k || !results)
				PQclear(res);
			else
				results[i] = res;
		}
	}
	res = gone ? NULL : next(s, deadline, &gone);
	if (st != FP_E_IO && (!res || PQresultStatus(res) != PGRES_PIPELINE_SYNC)) /* not the end of the batch, but of everything */
		st = lost(s, res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL, err);
	PQclear(res);
	return st;
}

enum fp_status fp_pg_batch(struct fp_pg_session *s, const struct fp_pg_step *steps, size_t n, PGresult **results, const char *what, struct fp_error *err)
{
	char prepares[8] = {0};
	size_t queued = s->n_queue;
	int ok = PQstatus(s->conn) == CONNECTION_OK, first;

	fp_assert(n <= sizeof prepares);
	for (size_t i = 0; results && i < n; i++)
		results[i] = NULL;
	s->n_queue = 0;
	for (size_t i = 0; ok && i < queued; i++)
		ok = PQsendQueryParams(s->conn, s->queue[i], 0, NULL, NULL, NULL, NULL, 0);
	for (size_t i = 0; ok && i < n; i++) {
		ok = send_step(s, &steps[i], &first);
		prepares[i] = (char)first;
	}
	ok = ok && PQpipelineSync(s->conn) && flush(s, fp_monotonic_ms() + ANSWER_MS) == 0;
	if (!ok) {
		/* what the server said last explains it, when it did: it said so before it hung up */
		PQconsumeInput(s->conn);
		return lost(s, NULL, err);
	}
	return collect(s, queued, steps, prepares, n, results, what, err);
}

enum fp_status fp_pg_look(struct fp_pg_session *s, const struct fp_pg_step *step, int read_only, PGresult **result, const char *what, struct fp_error *err)
{
	struct fp_pg_step steps[2] = {*step, {.sql = "RELEASE SAVEPOINT look"}};
	PGresult *results[2];
	enum fp_status st;

	fp_pg_later(s, "SAVEPOINT look");
	if (read_only)
		fp_pg_later(s, "SET TRANSACTION READ ONLY");
	st = fp_pg_batch(s, steps, 2, results, what, err);
	PQclear(results[1]);
	if (st == FP_OK) {
		*result = results[0];
		return FP_OK;
	}
	PQclear(results[0]);
	*result = NULL;
	if (st == FP_E_REFUSED) {
		fp_pg_later(s, "ROLLBACK TO SAVEPOINT look");
		fp_pg_later(s, "RELEASE SAVEPOINT look");
	}
	return st;
}
