/* SQL as the rooms store and queue write it: prepared once, bound by type, errors as one line. The only header that shows sqlite3.
 *
 *	fp_db_run(s, err, "UPDATE job SET step = ? WHERE id = ?", FP_VALS(fp_t(step), fp_i(id)));
 */
#ifndef FP_STORE_DB_H
#define FP_STORE_DB_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/store/store.h"

#define FP_APPLICATION_ID 0x46504f53 /* "FPOS" */

struct fp_cached {
	char *sql;
	sqlite3_stmt *st;
	uint64_t used; /* when, for the choice of whom to forget */
};

/* The filter of changes whose facets stand in temp.change_passing, and how many changes pass it (engine/store/change_list.c). */
struct fp_passing {
	char *key;                /* with the project; NULL: none */
	int64_t n, version, commits;
};

struct fp_store {
	sqlite3 *db;
	char *home, *path;
	int gate;               /* descriptor of HOME/store.lock */
	int read_only;
	int depth, broken;      /* transactions begun; one inside was rolled back */
	unsigned touched;       /* kinds written in this transaction */
	int wal_pages;          /* after the last commit */
	int64_t commits;        /* own ones, which data_version does not count */
	int64_t seen_version, seen_commits, seen[FP_KINDS]; /* what fp_store_changed() saw last; seen by kind's bit number */
	struct fp_cached *cache;
	size_t n_cache, cap_cache;
	uint64_t clock;
	struct fp_passing passing;
};

/* A value to bind. */
struct fp_val {
	enum { FP_VAL_NULL, FP_VAL_INT, FP_VAL_TEXT, FP_VAL_BLOB } type;
	int64_t i;     /* the integer, or the length of a text or blob (-1: up to NUL) */
	const char *t;
};
static inline struct fp_val fp_i(int64_t i)
{
	return (struct fp_val){FP_VAL_INT, i, NULL};
}
static inline struct fp_val fp_t(const char *t) /* NULL binds NULL */
{
	return (struct fp_val){t ? FP_VAL_TEXT : FP_VAL_NULL, -1, t};
}
static inline struct fp_val fp_b(const void *bytes, size_t n)
{
	return (struct fp_val){FP_VAL_BLOB, (int64_t)n, bytes};
}
#define FP_VALS(...) (const struct fp_val[]){__VA_ARGS__}, sizeof((const struct fp_val[]){__VA_ARGS__}) / sizeof(struct fp_val)
#define FP_NOVALS NULL, 0

/* Records what SQLite says about RC: full disk, busy, corrupt ... WHAT names the deed ("cannot read the store"). */
enum fp_status fp_db_fail(struct fp_store *s, int rc, const char *what, struct fp_error *err);

/* A statement, prepared or from the cache, bound and before its first row. End it with fp_db_end(). Texts are bound without a copy: they must live
 * until then. */
enum fp_status fp_db_stmt(struct fp_store *s, sqlite3_stmt **out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n);
/* *ROW is 1 when there is a (next) row, 0 at the end. */
enum fp_status fp_db_next(struct fp_store *s, sqlite3_stmt *st, int *row, struct fp_error *err);
void fp_db_end(struct fp_store *s, sqlite3_stmt *st);

/* Runs to the end. */
enum fp_status fp_db_run(struct fp_store *s, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n);
/* The same for what belongs to this connection alone, temporary tables: no transaction, no gate. */
enum fp_status fp_db_cache(struct fp_store *s, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n);
/* First column of the first row into *OUT; *OUT stays when there is none or it is NULL. */
enum fp_status fp_db_int(struct fp_store *s, int64_t *out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n);
/* The same as text: a new string in *OUT, or NULL. */
enum fp_status fp_db_str(struct fp_store *s, char **out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n);
/* Rows that the last fp_db_run() changed. */
int64_t fp_db_changes(struct fp_store *s);
int64_t fp_db_last_id(struct fp_store *s);

/* Column C as text, "" for NULL; borrowed until the next step. */
const char *fp_db_text(sqlite3_stmt *st, int c);

/* Ends a write begun with fp_store_begin(): commits when ST is FP_OK, else rolls back and returns ST. */
enum fp_status fp_store_end(struct fp_store *s, enum fp_status st, struct fp_error *err);

/* The gate alone, for checkpoints, migrations and closing. Bounded: FP_E_BUSY after 20 s. */
enum fp_status fp_gate_lock(struct fp_store *s, struct fp_error *err);
void fp_gate_unlock(struct fp_store *s);

/* Brings the schema up to date, from data/schema (engine/store/migrate.c). */
enum fp_status fp_migrate(struct fp_store *s, int create, struct fp_error *err);

void fp_db_free_cache(struct fp_store *s);

#endif
