/* What people do, and the jobs that come of it. The one way in for commands, console and, later, the HTTP API. spec/jobs.md. */
#ifndef FP_QUEUE_QUEUE_H
#define FP_QUEUE_QUEUE_H

#include <jansson.h>
#include <stddef.h>

#include "engine/store/store.h"

enum fp_job_type { FP_JOB_PROCESS_PROJECTFILE, FP_JOB_PACKAGE, FP_JOB_DELTA_APPLY };
const char *fp_job_type_word(enum fp_job_type t);
int fp_job_type_parse(enum fp_job_type *t, const char *word); /* 0, or -1 */

/* What became of a wish for a job: a new job, or the rule that says why there is none. */
struct fp_trigger {
	int64_t job_id;      /* 0: refused, or already on its way */
	int64_t pending_id;  /* the pending job that will do it as well, 0 when none */
	const char *rule;    /* "" or the rule's name: no_project_file, attachment_folder, already_pending, never_processed, nothing_new, nothing_to_apply */
	char sentence[256];  /* the same for a person: "A delta_apply job is already pending (job 12); it will take these changes too." */
};

/* Asks for a job. A refusal by rule is FP_OK with T->job_id 0 and T->rule set. */
enum fp_status fp_queue_trigger(struct fp_store *s, struct fp_trigger *t, const char *project_id, enum fp_job_type type, const char *trigger,
	const char *who, struct fp_error *err);

/* Files: stored, and process_projectfile triggered (one job for uploads in quick succession). NAMES[i] is stored from PATHS[i]; all or none. */
enum fp_status fp_queue_upload(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *const *names,
	const char *const *paths, size_t n, const char *who, struct fp_error *err);

/* Every file of folder FROM (hidden ones are left out and counted in HIDDEN). */
enum fp_status fp_queue_upload_folder(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *from, const char *who,
	int64_t *files, int64_t *hidden, struct fp_error *err);

/* An old version becomes current again, as a new version; or a file is removed, and its versions are kept. Process_projectfile is triggered. *NEW (may be NULL):
 * the version that is current now. */
enum fp_status fp_queue_restore(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, int64_t version, const char *who,
	int64_t *new, struct fp_error *err);
enum fp_status fp_queue_remove(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, const char *who, struct fp_error *err);

/* A secret is set or removed (engine/store/secrets.h), and process_projectfile triggered: the layers that use it are checked again. */
enum fp_status fp_queue_secret_set(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, const char *type,
	const char *value, size_t len, const char *who, struct fp_error *err);
enum fp_status fp_queue_secret_remove(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, const char *who,
	struct fp_error *err);

/* A deltafile: kept (also when it is faulty, with its reason; then FP_E_INVALID), and delta_apply triggered. Another status says
 * that nothing was kept: it is too large (FP_E_FULL), or the store cannot be written. The caller clears RESULT (fp_push_result_clear()). */
struct fp_push_result;
enum fp_status fp_queue_push(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *text, size_t len, const char *who,
	struct fp_push_result *result, struct fp_error *err);
/* The same without the job, for who brings several files and asks for it in the end. */
enum fp_status fp_queue_keep(struct fp_store *s, const char *project_id, const char *text, size_t len, const char *who,
	struct fp_push_result *result, struct fp_error *err);

/* What is to be done with a change, as the Action column stages it. */
enum fp_action {
	FP_ACTION_NONE, FP_ACTION_APPLY, FP_ACTION_REAPPLY,
	FP_ACTION_FORCE,    /* also what was applied already, once more */
	FP_ACTION_IGNORE, FP_ACTION_RESTORE, /* kept and not applied; and back to what it was */
	FP_ACTION_UNDO
};
const char *fp_action_word(enum fp_action a); /* "apply", "re-apply", "force", "ignore", "unignore", "undo" */

/* How conflicts are met. */
enum fp_meeting { FP_MEET_AS_PROJECT, FP_MEET_OVERWRITE, FP_MEET_MANUAL };

/* What a person made of a change (engine/changes/amend.h). Shared by reference count, as JSON is. */
struct fp_amendment {
	const char *kind;    /* static: "resolve", "retarget"; NULL: there is none */
	json_t *detail;      /* what was decided */
	json_t *delta;       /* what stands in for the body; NULL: nothing is left to apply */
};

/* One staged action (engine/queue/plan.h says what comes of it). Zero is a good start. */
struct fp_staged {
	int64_t change_id;
	enum fp_action action;
	enum fp_meeting meeting;
	struct fp_amendment amendment; /* borrowed from whoever staged it */
};

/* Why ACTION makes no sense for a change, by the ledger alone: "already applied in job 7", "is being applied now by job 8". WHY is "" when it does. */
enum fp_status fp_queue_objection(struct fp_store *s, int64_t change_id, enum fp_action action, char why[128], struct fp_error *err);
/* All changes from ID on (that one and those that came later in its project), oldest first; caller frees. */
enum fp_status fp_queue_this_and_newer(struct fp_store *s, int64_t change_id, int64_t **ids, size_t *n, struct fp_error *err);

/* A pending job is stopped at once; for a running one the wish is recorded and its engine carries it out. */
enum fp_status fp_queue_cancel(struct fp_store *s, int64_t job_id, const char *who, struct fp_error *err);
/* A new job of the same type for a job that ended; the trigger rules hold. */
enum fp_status fp_queue_retry(struct fp_store *s, struct fp_trigger *t, int64_t job_id, const char *who, struct fp_error *err);
/* A person's word on what became of the changes of a job that waits for a database (settle.c); its engine goes on by it. FP_E_REFUSED: it does not wait. */
enum fp_status fp_queue_settle(struct fp_store *s, int64_t job_id, int applied, const char *who, struct fp_error *err);

#endif
