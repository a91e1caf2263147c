/* The home's store: SQLite in WAL mode behind one writer gate. House.md section 3; spec/anchors.md section 4.
 *
 * Every write transaction and every checkpoint happens inside the gate (flock on HOME/store.lock). Reads never wait for it.
 * Several processes use one home at the same time. A store handle must not be carried over fork(). */
#ifndef FP_STORE_STORE_H
#define FP_STORE_STORE_H

#include <stdint.h>

#include "engine/base/error.h"

struct fp_store;

enum fp_store_flags {
	FP_STORE_CREATE = 1,    /* make the home and the store when they are absent (`fieldpost init`) */
	FP_STORE_READ_ONLY = 2  /* refuse writes with one clear line */
};

/* Opens HOME/store.db and brings its schema up to date (a copy is kept beside it first). Refuses, each with one line: no home there
 * (FP_E_NOTFOUND, hint `fieldpost init`), a network file system, a folder that cannot be written, a newer schema (FP_E_VERSION), a foreign
 * database (FP_E_INVALID). */
enum fp_status fp_store_open(struct fp_store **out, const char *home, int flags, struct fp_error *err);
void fp_store_close(struct fp_store *s); /* NULL is fine */
const char *fp_store_home(const struct fp_store *s);
int fp_store_read_only(const struct fp_store *s);

/* Kinds of things that views watch. */
enum fp_kind {
	FP_KIND_PROJECT = 1, FP_KIND_FILE = 2, FP_KIND_CHANGE = 4, FP_KIND_JOB = 8, FP_KIND_LOG = 16, FP_KIND_LAYER = 32,
	FP_KIND_ACTIVITY = 64, FP_KIND_SECRET = 128, FP_KIND_PACKAGE = 256
};
#define FP_KINDS 9
/* The kinds of which something was committed, by any process including this one, since the last call (bits of enum fp_kind). The first call returns
 * all. Costs microseconds when nothing happened (PRAGMA data_version): call it from an event loop every 50 to 100 ms. */
unsigned fp_store_changed(struct fp_store *s);

/* One writer transaction, gate included. Nests (only the outermost commits); a rollback inside makes the outer commit fail. */
enum fp_status fp_store_begin(struct fp_store *s, struct fp_error *err);
enum fp_status fp_store_commit(struct fp_store *s, struct fp_error *err);
void fp_store_rollback(struct fp_store *s);

/* A consistent copy of the store into the new file PATH (online backup). */
enum fp_status fp_store_backup(struct fp_store *s, const char *path, struct fp_error *err);

/* What all lists are asked with. Zero-initialise. FILTER is the one grammar of console and commands (engine/store/filter.h):
 * `status:conflict user:field-1 layer:trees after:2026-11-01 -method:delete text`. SORT names a column of the list, NULL is the list's own order. */
struct fp_query {
	const char *project_id; /* NULL: all projects */
	const char *filter;     /* NULL or "": all rows */
	const char *sort;
	int reverse;
};

#endif
