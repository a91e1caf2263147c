/* Inside of the PostgreSQL target: the connection (target_pg.c, pg_connect.c, pg_session.c) and its layers (pg_define.c, pg_layer.c, pg_value.c). Who reads
 * layers for a package connects and asks through it, too. */
#ifndef FP_CHANGES_PG_H
#define FP_CHANGES_PG_H

#include <jansson.h>
#include <libpq-fe.h>

#include "engine/base/buf.h"
#include "engine/changes/target.h"
#include "engine/project/project.h"

/* ---- connecting (pg_connect.c) ---- */

/* Where a connection may go (struct fp_apply_options says what the members mean). */
struct fp_pg_reach {
	const char *allow, *pgservice;
	int any_address;
};

/* What LAYER asks of its database (engine/prober/prober.h), of a table or of a query; a new reference. NULL: it cannot be asked, and ERR says why, beginning
 * with CANNOT. */
json_t *fp_pg_question(const struct fp_layer_def *layer, const char *cannot, struct fp_error *err);
int fp_pg_is_query(const json_t *question);
/* What tells its connection from others; caller frees. */
char *fp_pg_address_of(const json_t *question) __attribute__((malloc, returns_nonnull));

/* Connects as QUESTION says, and without waiting in libpq from then on. FP_E_REFUSED: there is no connection, and why, beginning with CANNOT; FP_E_IO: the
 * server is there and takes none now. */
enum fp_status fp_pg_dial(PGconn **out, const json_t *question, const struct fp_pg_reach *reach, const char *cannot, struct fp_error *err);

/* ---- the session: statements in a pipeline (pg_session.c) ---- */

#define FP_PG_QUEUE 12

struct fp_pg_session {
	struct fp_file file;
	PGconn *conn;
	int dry_run;
	json_t *question;                /* how it was connected, for a second connection to the same */
	const struct fp_apply_options *options;
	char prefix[24];                 /* of the names of prepared statements: behind a pooler others may have some, too */
	int n_statements;
	const char *queue[FP_PG_QUEUE];  /* commands that go ahead of the next statement: they cost no round trip of their own */
	size_t n_queue;
};

/* How texts look and how long is waited, for the transaction in which it is run. */
extern const char fp_pg_settings[];

/* A statement that is prepared at its first use. */
struct fp_pg_statement {
	char *sql;       /* owned */
	char name[40];   /* "" until it is prepared */
};
void fp_pg_statement_free(struct fp_pg_statement *s);

/* One statement of a batch: prepared or, with SQL, once. */
struct fp_pg_step {
	struct fp_pg_statement *statement;
	const char *sql;
	int n;
	const char *const *values;       /* as text, NULL: null */
};

/* Runs STEPS one after the other in one round trip; RESULTS[i] is the caller's, even when a later one fails. FP_E_REFUSED: the server refused one, with WHAT
 * and its words in ERR, and the transaction needs to go back to a mark. FP_E_IO: the connection is lost. Of statements that return nothing RESULTS
 * may be NULL. */
enum fp_status fp_pg_batch(struct fp_pg_session *s, const struct fp_pg_step *steps, size_t n, PGresult **results, const char *what, struct fp_error *err);

/* One statement that only reads: when the server refuses it, the transaction is as before. READ_ONLY: of words that the project wrote, which must not
 * change anything. */
enum fp_status fp_pg_look(struct fp_pg_session *s, const struct fp_pg_step *step, int read_only, PGresult **result, const char *what, struct fp_error *err);

/* Tells ERR why the server refused with RES: FP_E_REFUSED, WHAT and its words; FP_E_IO when the connection is lost with it. RES NULL: it is lost. */
enum fp_status fp_pg_refused(struct fp_pg_session *s, const PGresult *res, const char *what, struct fp_error *err);

/* COMMAND (static) goes ahead of the next batch. */
void fp_pg_later(struct fp_pg_session *s, const char *command);

/* The table that QUESTION names, found as the check finds it (engine/prober/postgres_relation.c): without a schema the search_path decides. */
struct fp_pg_table {
	char *oid, *schema;
	char *from;      /* "schema"."table" */
	char kind;       /* pg_class.relkind */
};
/* FP_E_REFUSED: there is none that may be read. OUT is zeroed before and cleared after in any case. */
enum fp_status fp_pg_find_table(struct fp_pg_session *s, struct fp_pg_table *out, const json_t *question, const char *cannot, struct fp_error *err);
void fp_pg_table_clear(struct fp_pg_table *t);

/* ---- layers ---- */

#define FP_PG_STATEMENTS 32
#define FP_PG_KEYS 8

struct fp_pg_column {
	char *type;      /* of the domain's base, in pg_type's words */
	char *element;   /* of an array: its elements' type, else NULL */
	int scale;       /* of numeric(p,s), -1: any */
	int identity;    /* GENERATED ALWAYS AS IDENTITY */
};

struct fp_pg_layer {
	struct fp_target target;
	char *table;                  /* "schema"."table" */
	char *name;                   /* the same for people */
	char *geom;                   /* quoted geometry column, NULL: none */
	char *postgis;                /* "schema". of PostGIS, "" when it has none */
	int srid;
	char *filter;
	char *sequence;               /* that hands out the key, quoted; NULL: none */
	int may_set;                  /* it */
	int64_t handed;               /* the largest key that the sequence need not hand out any more */
	struct fp_pg_column *types;   /* beside target.columns */
	struct fp_pg_statement find, find_any, read, set_sequence;
	struct { char *shape; struct fp_pg_statement statement; } cache[FP_PG_STATEMENTS];
	size_t n_cached, next_victim;
	char *keys[FP_PG_KEYS];       /* of the features last met: a feature's number is where its key stands here */
	int64_t n_keys;
	PGresult *known;              /* the row (or none) of feature KNOWN_FID, read ahead for the next who reads it */
	int64_t known_fid;
};

static inline struct fp_pg_session *fp_pg_session_of(const struct fp_pg_layer *l)
{
	return (struct fp_pg_session *)l->target.file;
}

/* NAME with the quotes that it needs. Caller frees. */
char *fp_pg_quoted(const char *name) __attribute__((malloc, returns_nonnull));

/* Fills in what the database says of LAYER's table. */
enum fp_status fp_pg_define(struct fp_pg_layer *l, const json_t *question, const struct fp_layer_def *layer, struct fp_error *err);

/* ---- values (pg_value.c) ---- */

/* What stands in a SELECT for column I. Appends. */
void fp_pg_value_select(struct fp_buf *sql, const struct fp_pg_layer *l, size_t i);

/* The server's text (NULL: null) as the column's value. */
void fp_pg_value_read(struct fp_value *v, const struct fp_pg_layer *l, size_t i, const char *text, size_t len);

/* The parameter's text for V: NULL for null, else the caller's. FP_E_REFUSED: the column's type would change it. */
enum fp_status fp_pg_value_write(char **text, const struct fp_pg_layer *l, size_t i, const struct fp_value *v, struct fp_error *err);

/* Whether TEXT can be a key of the key's column at all; what cannot is asked of no server. */
int fp_pg_value_key(const struct fp_pg_layer *l, const char *text, char out[64], const char **key);

/* Bytes between the server's hex and us. */
unsigned char *fp_pg_unhex(const char *hex, size_t n, size_t *len);
char *fp_pg_geometry(const unsigned char *wkb, size_t n, int srid);   /* hex EWKB; caller frees */

#endif
