/* Where the bytes of packages lie, and who may take them away: rows go first, then, when nobody reads, the folder. */
#ifndef FP_STORE_PACKAGE_FOLDER_H
#define FP_STORE_PACKAGE_FOLDER_H

#include "engine/store/store.h"

/* HOME/projects/<project>/packages/<job>; caller frees. */
char *fp_package_folder(const struct fp_store *s, const char *project_id, int64_t job_id);

/* Inside the gate, where nobody is between placing a folder and naming it: EACH gets every folder below HOME/projects/.../packages that no row names. */
typedef void fp_package_folder_each(void *arg, const char *path);
enum fp_status fp_package_folders_unlisted(struct fp_store *s, fp_package_folder_each *each, void *arg, struct fp_error *err);

/* A file of a package that was published AT, by its look alone: nobody reads it. One that was written to later is suspected, whatever it holds. */
enum fp_package_file_look {
	FP_PACKAGE_FILE_GOOD,
	FP_PACKAGE_FILE_MISSING,
	FP_PACKAGE_FILE_CHANGED,   /* another size, or no file */
	FP_PACKAGE_FILE_SUSPECTED
};
enum fp_package_file_look fp_package_file_look(const char *path, int64_t size, int64_t at);

/* FP_E_BUSY: somebody holds it (fp_package_hold()). */
enum fp_status fp_package_folder_remove(const char *path, struct fp_error *err);

#endif
