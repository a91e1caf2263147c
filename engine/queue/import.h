/* Deltafiles that lie in a file or in a copied folder, as a device has it: QField keeps its changes as deltafile.json beside the project file, below
 * cloud_projects/<user>/<project id>/. */
#ifndef FP_QUEUE_IMPORT_H
#define FP_QUEUE_IMPORT_H

#include "engine/store/changes.h"

#define FP_IMPORT_DEPTH 2 /* folders below the one that is named */

/* One deltafile that was looked at. */
struct fp_imported {
	const char *path;            /* as named, and below it */
	const char *project;         /* the project id that stands in it, "" */
	const char *reason;          /* "": it was taken; else why not */
	int kept;                    /* it is in the store, with its reason */
	const struct fp_push_result *result;
};
typedef void fp_imported_each(void *arg, const struct fp_imported *f);

struct fp_import {
	int64_t taken, faulty;       /* deltafiles */
	int64_t passed;              /* JSON that is no deltafile */
	int64_t links, deep;         /* symbolic links and special files, files below FP_IMPORT_DEPTH: not looked at */
	int64_t accepted, known, differing;
};

/* Keeps every deltafile in PATH, a regular file or a folder: one named *.json or *deltafile*, and then in its name or in its text a deltafile. What is known
 * is known by its uuid. Nothing is applied and no job is asked for. SUM is added to. A fault of a file is told by EACH (may be NULL) and counted; a status
 * says that PATH cannot be read or the store not be written. */
enum fp_status fp_import_path(struct fp_store *s, const char *project_id, const char *path, const char *who, struct fp_import *sum,
	fp_imported_each *each, void *arg, struct fp_error *err);

/* 1 when a file of that name is looked at. */
int fp_import_is_candidate(const char *name);
void fp_import_add(struct fp_import *to, const struct fp_import *from);

#endif
