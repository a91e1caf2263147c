/* A question to a worker: a short run that changes nothing and is no job (a plan, a difference, a feature's past). In steps, so that an event loop can go
 * on in between. Its steps are data/workflows/TYPE.yaml. */
#ifndef FP_QUEUE_QUESTION_H
#define FP_QUEUE_QUESTION_H

#include "engine/base/config.h"
#include "engine/queue/worker_proc.h"
#include "engine/store/store.h"

struct fp_question;

/* Makes the work folder (FP_PROC_FOLDER) with the current version of every project file. FP_E_NOTFOUND: there is no project file. */
enum fp_status fp_question_new(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const char *project_id, const char *type,
	struct fp_error *err);
/* The same with an empty in/ and without the project's secrets: about what is linked into it, and not about the project. */
enum fp_status fp_question_about_files(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const char *project_id,
	const char *type, struct fp_error *err);
void fp_question_free(struct fp_question *q); /* ends the worker, removes the folder; NULL is fine */

/* Before the start: one more file for the worker to see; the folder, for a deltas.jsonl; a member of the description (takes VALUE over). */
enum fp_status fp_question_link(struct fp_question *q, const char *name, const char *path, struct fp_error *err);
/* A version of a project file, with the journals that are part of it, as in/FOLDER/NAME. *FILES (may be NULL): how many these are. */
enum fp_status fp_question_link_version(struct fp_question *q, const char *folder, const char *name, int64_t version, size_t *files, struct fp_error *err);
const char *fp_question_work(const struct fp_question *q);
void fp_question_say(struct fp_question *q, const char *member, json_t *value);
/* Version of each file as it was linked, {"name": 3}; borrowed. */
const json_t *fp_question_base(const struct fp_question *q);

/* ON gets each event as it arrives. */
enum fp_status fp_question_start(struct fp_question *q, fp_worker_event *on, void *arg, struct fp_error *err);

int fp_question_fd(const struct fp_question *q);       /* poll for POLLIN, at most so many ms, then step */
int64_t fp_question_left(const struct fp_question *q);

/* Takes what has arrived. *DONE: the worker ended, well when FP_OK is returned. */
enum fp_status fp_question_step(struct fp_question *q, int *done, struct fp_error *err);
/* To the end; SIGINT, SIGTERM and SIGHUP end it as FP_E_CANCELLED. */
enum fp_status fp_question_wait(struct fp_question *q, struct fp_error *err);

#endif
