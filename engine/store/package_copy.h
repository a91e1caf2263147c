/* A package out of the home into a folder, whole or not at all; in steps, so that an event loop or a command can go on and stop in between. */
#ifndef FP_STORE_PACKAGE_COPY_H
#define FP_STORE_PACKAGE_COPY_H

#include "engine/store/store.h"

struct fp_package_copy;

/* How far it is. */
struct fp_package_copied {
	int64_t package;              /* its job */
	const char *to;               /* the folder's absolute path, borrowed */
	int64_t files, bytes;         /* that are there */
	int64_t all_files, all_bytes; /* of those that it has, attachments too */
};

/* Package JOB_ID of PROJECT_ID (0: the newest) goes to DIR, which is new or empty and not in the home. Its bytes stay in the home for so long, whatever becomes of
 * its rows. */
enum fp_status fp_package_copy_new(struct fp_package_copy **out, struct fp_store *s, const char *project_id, int64_t job_id, const char *dir, struct fp_error *err);

/* Copies and checks about BYTES more. *DONE becomes 1 when all of it is in its place; FP_E_CORRUPT: a file is not what was published. */
enum fp_status fp_package_copy_step(struct fp_package_copy *c, int64_t bytes, int *done, struct fp_error *err);

struct fp_package_copied fp_package_copy_state(const struct fp_package_copy *c);

/* Removes what was made unless it is done. NULL is fine. */
void fp_package_copy_free(struct fp_package_copy *c);

#endif
