/* The rows that describe a package, from the job's spool: what the worker told of its layers, and the files that the engine put in their place. */
#ifndef FP_QUEUE_PACKAGE_ROWS_H
#define FP_QUEUE_PACKAGE_ROWS_H

#include "engine/base/buf.h"
#include "engine/queue/run.h"

/* A file that lies in WORK/package, into the spool. AT: when its bytes came to be. */
void fp_package_file_spool(struct fp_run *r, const char *name, const struct fp_digest *d, int64_t at, int is_attachment);

/* Inside a transaction: the package of R with its files and layers. FP_E_INVALID: what was told of it does not add up, or a layer of
 * a database that is in the package before cannot be read any more. */
enum fp_status fp_package_rows_write(struct fp_run *r, struct fp_error *err);
/* Then: its verdict, and the counts as a new object. */
enum fp_status fp_package_rows_describe(struct fp_run *r, struct fp_buf *verdict, json_t **counts, struct fp_error *err);

#endif
