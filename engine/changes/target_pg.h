/* PostgreSQL as a target of changes: one connection and one transaction a job and database, a savepoint a change. Worker only. */
#ifndef FP_CHANGES_TARGET_PG_H
#define FP_CHANGES_TARGET_PG_H

#include "engine/changes/apply.h"
#include "engine/project/project.h"

/* What tells the connection that LAYER asks for from others, as its source writes it; caller frees. FP_E_REFUSED: such a source is not written at all. */
enum fp_status fp_pg_address(char **out, const struct fp_layer_def *layer, struct fp_error *err);

/* Connects as LAYER's source says and begins a transaction. A service of OPTIONS' pgservice may lie anywhere, since the operator wrote it; what the
 * source itself names only where OPTIONS let it. FP_E_REFUSED: there is no connection, and why; FP_E_IO: the server is there and takes none now, or cut
 * it: nothing is wrong with the changes. */
enum fp_status fp_pg_open(struct fp_file **out, const struct fp_layer_def *layer, const struct fp_apply_options *options, struct fp_error *err);

/* 1 when both lead to the same database of the same server as the same user. */
int fp_pg_same(const struct fp_file *a, const struct fp_file *b);

/* The layer in F, a connection of fp_pg_open(). FP_E_REFUSED: it cannot be written, and why. */
enum fp_status fp_pg_open_layer(struct fp_file *f, struct fp_target **out, const struct fp_layer_def *layer, struct fp_error *err);

/* What became of transaction TXID of DATABASE (struct fp_transaction), asked through the connection that LAYER names. *STATUS, static: "committed",
 * "aborted", "in progress" or "unknown" (too long ago, or the connection leads to another database now). An error: nobody could be asked. */
enum fp_status fp_pg_transaction_status(const struct fp_layer_def *layer, const struct fp_apply_options *options, const char *database, const char *txid,
	const char **status, struct fp_error *err);

#endif
