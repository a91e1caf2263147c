/* Applying changes to the files of a project: a session opens what the changes touch, one by one and at the first touch, writes every file once,
 * and says at the end which files are new. Rules: spec/deltas.md sections 3 and 4. Worker only. */
#ifndef FP_CHANGES_APPLY_H
#define FP_CHANGES_APPLY_H

#include <jansson.h>

#include "engine/base/error.h"
#include "engine/project/project.h"

struct fp_apply_options {
	const char *input;   /* absolute: the project's files, read-only */
	const char *output;  /* absolute and empty: gets the files that change, under their project names */
	int overwrite;       /* apply in spite of conflicts */
	int reference;       /* conflicts exactly as the reference finds them: no geometry, no look at what is there already (O2, O9) */
	int inverse;         /* the changes are inverses (O10) */
	int dry_run;         /* OUTPUT stays empty */
};

struct fp_apply;

/* PROJECT and the strings of OPTIONS must outlive the session. */
void fp_apply_new(struct fp_apply **out, const struct fp_project *project, const struct fp_apply_options *options);

/* One line of the worker's input, {"delta","mapped_pk","ledger"} (engine/worker/job.h). *RESULT: the delta event's body, a new reference. A change
 * that cannot be applied is a result, too; a status other than FP_OK means that the job cannot go on. */
enum fp_status fp_apply_line(struct fp_apply *a, const json_t *line, json_t **result, struct fp_error *err);

/* Writes and closes the files, and calls FILE for each whose content changed. */
typedef void fp_apply_file(void *arg, const char *name);
enum fp_status fp_apply_finish(struct fp_apply *a, fp_apply_file *file, void *arg, struct fp_error *err);

/* What was not finished leaves OUTPUT as it is: the caller throws it away. */
void fp_apply_free(struct fp_apply *a);

#endif
