/* Applying changes to the files of a project: a session opens what the changes touch, one by one and at the first touch, writes every file once,
 * and says at the end which files are new. Rules: spec/deltas.md sections 3 and 4. Worker only. */
#ifndef FP_CHANGES_APPLY_H
#define FP_CHANGES_APPLY_H

#include <jansson.h>

#include "engine/base/error.h"
#include "engine/changes/target.h"
#include "engine/project/project.h"

struct fp_apply_options {
	const char *input;   /* absolute: the project's files, read-only */
	const char *output;  /* absolute and empty: gets the files that change, under their project names */
	int overwrite;       /* apply in spite of conflicts */
	int reference;       /* conflicts exactly as the reference finds them: no geometry, no look at what is there already (O2, O9) */
	int inverse;         /* the changes are inverses (O10) */
	int dry_run;         /* OUTPUT stays empty, no database keeps anything */
	int record;          /* outcomes say what takes them back */
	int plan;            /* outcomes are classified, and say what is there now; with dry_run */
	int any_address;     /* databases may lie anywhere; else where ALLOW lets through (engine/prober/prober.h) */
	const char *allow;   /* NULL: the network is off, only services of PGSERVICE are reached */
	const char *pgservice; /* "" for none */
};

struct fp_apply;

/* PROJECT and the strings of OPTIONS must outlive the session. */
void fp_apply_new(struct fp_apply **out, const struct fp_project *project, const struct fp_apply_options *options);

/* One line of the worker's input, {"delta","mapped_pk","ledger"} (engine/worker/job.h). *RESULT: the delta event's body, a new reference. A change
 * that cannot be applied is a result, too; a status other than FP_OK means that the job cannot go on. */
enum fp_status fp_apply_line(struct fp_apply *a, const json_t *line, json_t **result, struct fp_error *err);

/* Plans: what stands in the data for those whose feature is missing, and for creates that were tried before. EACH takes over the body of a candidates event. */
enum fp_status fp_apply_candidates(struct fp_apply *a, void (*each)(void *arg, json_t *candidates), void *arg, struct fp_error *err);

/* A transaction that waits to be committed. */
struct fp_apply_transaction {
	int connection;          /* as the outcomes name it */
	const char *layer_id;    /* of a layer in it */
	struct fp_transaction is;
};

/* How a session ends: FILE is called for each file whose content changed; then, when a database holds changes, READY, which returns when these
 * transactions are written down for good; then COMMITTED for each of them. Not OK without a MESSAGE: the database has nothing of it, and gave no reason. */
struct fp_apply_end {
	void *arg;
	void (*file)(void *arg, const char *name);
	enum fp_status (*ready)(void *arg, const struct fp_apply_transaction *t, size_t n, struct fp_error *err);
	void (*committed)(void *arg, int connection, int ok, const char *message);
};

/* Writes and closes everything. FP_E_UNKNOWN: a database did not answer when it was to commit; FP_E_IO: one was gone before that. */
enum fp_status fp_apply_finish(struct fp_apply *a, const struct fp_apply_end *end, struct fp_error *err);

/* What was not finished leaves OUTPUT as it is: the caller throws it away. */
void fp_apply_free(struct fp_apply *a);

#endif
