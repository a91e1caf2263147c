/* Where the bytes of packages lie, and who may take them away: rows go first, then, when nobody reads, the folder. */
#ifndef FP_STORE_PACKAGE_FOLDER_H
#define FP_STORE_PACKAGE_FOLDER_H

#include "engine/store/store.h"

/* HOME/projects/<project>/packages/<job>; caller frees. */
char *fp_package_folder(const struct fp_store *s, const char *project_id, int64_t job_id);

/* Inside the gate, where nobody is between placing a folder and naming it: EACH gets every folder below HOME/projects/.../packages that no row names. */
typedef void fp_package_folder_each(void *arg, const char *path);
enum fp_status fp_package_folders_unlisted(struct fp_store *s, fp_package_folder_each *each, void *arg, struct fp_error *err);

/* FP_E_BUSY: somebody holds it (fp_package_hold()). */
enum fp_status fp_package_folder_remove(const char *path, struct fp_error *err);

#endif
