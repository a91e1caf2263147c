/* Attachment folders: what lies in them is no part of a package's data, and starts no job. */
#ifndef FP_STORE_ATTACHMENTS_H
#define FP_STORE_ATTACHMENTS_H

#include "engine/base/mem.h"
#include "engine/store/store.h"

/* The project's own, as process_projectfile found them, DCIM before that. Names of files of the project begin with one of them and a "/": the folders as they
 * are, where devices put what they push, and, for a project file in a folder of its own, those beside it. */
enum fp_status fp_attachment_folders(struct fp_store *s, struct fp_strv *folders, const char *project_id, struct fp_error *err);
int fp_attachment_is(const struct fp_strv *folders, const char *name);

#endif
