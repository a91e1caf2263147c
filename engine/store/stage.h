/* Bytes on their way to become a version of a project file: brought beside their place first (slow, outside the gate), named by a row last.
 *
 * On disk: HOME/projects/<project id>/files/<hash of the name>-<last part of the name>/<version>. The hash keeps a file "a" and a file "a/b", or two
 * names that a file system takes for one, apart; only the row knows the path. */
#ifndef FP_STORE_STAGE_H
#define FP_STORE_STAGE_H

#include "engine/base/fs.h"
#include "engine/store/store.h"

#define FP_BASE_ANY (-1) /* whatever is current: an upload */

struct fp_stage {
	char *name;             /* project file name */
	char *tmp;              /* where the bytes are, in the folder where they will stay; NULL after publishing */
	struct fp_digest digest;
};

/* Makes the place for NAME; TMP is where the caller puts the bytes (a new name every time). Checks the name. */
enum fp_status fp_stage_place(struct fp_store *s, struct fp_stage *g, const char *project_id, const char *name, struct fp_error *err);
/* The same, and copies LOCAL_PATH there, fsyncs and digests it. */
enum fp_status fp_stage_copy(struct fp_store *s, struct fp_stage *g, const char *project_id, const char *name, const char *local_path,
	struct fp_error *err);
/* Inside a transaction: the bytes get their version number and their row. BASE: the version that must still be current (0: the name must be new or
 * removed), else FP_E_CONFLICT. The same content as the current version makes no new one: *CHANGED 0. The bytes' final place is durable before the row. */
enum fp_status fp_stage_publish(struct fp_store *s, struct fp_stage *g, const char *project_id, int64_t base, const char *by,
	int64_t *version, int *changed, struct fp_error *err);
/* Removes the bytes when they were not published. */
void fp_stage_clear(struct fp_stage *g);

/* Inside a transaction: recomputes which file is the project file. */
enum fp_status fp_project_file_choose(struct fp_store *s, const char *project_id, struct fp_error *err);

#endif
