/* Files of a project and their immutable versions. They come in through engine/queue/queue.h. */
#ifndef FP_STORE_FILES_H
#define FP_STORE_FILES_H

#include "engine/base/fs.h"
#include "engine/store/store.h"

struct fp_file_row {
	const char *name;              /* project file name */
	int64_t version;               /* 1, 2, ... of this file */
	int64_t versions;              /* how many are kept */
	struct fp_digest digest;
	int64_t at;
	const char *by;                /* who, or "job 12" */
	const char *path;              /* absolute path of the version's bytes */
};
typedef void fp_file_each(void *arg, const struct fp_file_row *row);

enum fp_status fp_file_get(struct fp_store *s, const char *project_id, const char *name, int64_t version, fp_file_each *each, void *arg,
	struct fp_error *err); /* VERSION 0: the current one */
enum fp_status fp_file_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_file_each *each, void *arg,
	struct fp_error *err); /* current versions, by name */
enum fp_status fp_file_versions(struct fp_store *s, const char *project_id, const char *name, fp_file_each *each, void *arg,
	struct fp_error *err); /* newest first */
/* VERSION of a database, then the journals ("-wal", "-journal") that lay beside it when it came, for what is in them is part of it; of the current version
 * those that lie there now. */
enum fp_status fp_file_with_journals(struct fp_store *s, const char *project_id, const char *name, int64_t version, fp_file_each *each, void *arg,
	struct fp_error *err);
/* Its versions are kept. Does not trigger jobs: engine/queue/queue.h does. */
enum fp_status fp_file_remove(struct fp_store *s, const char *project_id, const char *name, const char *who, struct fp_error *err);

#endif
