/* PostgreSQL, through libpq. Everything that waits does so by poll() against DEADLINE; libpq itself never waits and never resolves a name.
 *
 * What a project says becomes a parameter, a quoted identifier or, where it is SQL (a query, a filter), part of ONE statement: the extended protocol
 * takes no second one. It runs in a read-only transaction that it cannot turn into another, since that has a snapshot by then. */
#ifndef FP_PROBER_POSTGRES_H
#define FP_PROBER_POSTGRES_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdint.h>

struct fp_pg {
	PGconn *conn;
	int64_t deadline; /* fp_monotonic_ms() */
	json_t *answer;
	char state[6];    /* SQLSTATE with which the server refused the connection, "" for none */
};

/* Connects as QUESTION, its service and the environment say, to addresses that may be connected to. 0, or -1 when ANSWER says what failed. */
struct fp_asker;
int fp_pg_connect(struct fp_pg *pg, struct fp_asker *asker, const json_t *question);

/* Tells PG's answer why the connection attempt on CONN failed, and its state. LAST is the last state CONN was in, TLS_TRIED whether it was in
 * CONNECTION_SSL_STARTUP. */
void fp_pg_connect_fault(struct fp_pg *pg, PGconn *conn, ConnStatusType last, int tls_tried);

/* One statement with N text parameters. NULL when it failed in such a way that nothing more can be asked; ANSWER says so, as a failure of STAGE. */
PGresult *fp_pg_run(struct fp_pg *pg, const char *stage, const char *sql, int n, const char *const values[]);

/* The same, and a refusal of the server is a failure of STAGE as well. */
PGresult *fp_pg_ask(struct fp_pg *pg, const char *stage, const char *sql, int n, const char *const values[]);

/* The server's own sentence of a failed RES, borrowed. */
const char *fp_pg_words(const PGresult *res);

/* The table, query or raster that QUESTION names (postgres_relation.c). */
void fp_pg_relation(struct fp_pg *pg, const json_t *question);

/* Tells ANSWER that SCHEMA.TABLE is missing, and what is there instead (postgres_tables.c). */
void fp_pg_table_missing(struct fp_pg *pg, const char *schema, const char *table);

#endif
