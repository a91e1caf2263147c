/* One job in the hands of this engine: what the files of engine/queue share about it. */
#ifndef FP_QUEUE_RUN_H
#define FP_QUEUE_RUN_H

#include <jansson.h>
#include <stdio.h>

#include "engine/base/config.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/proc.h"
#include "engine/queue/queue.h"
#include "engine/queue/worker_proc.h"

enum fp_run_state { FP_RUN_PREPARING, FP_RUN_WORKING, FP_RUN_STOPPING, FP_RUN_COLLECTING, FP_RUN_CLOSING, FP_RUN_DONE, FP_RUN_STATES };

/* A file of the project as the job found it: what publishing holds the present against. */
struct fp_base_file {
	char *name, *path;
	int64_t version;
};

struct fp_run {
	struct fp_store *store;      /* borrowed */
	const struct fp_config *conf;
	int64_t job_id;
	enum fp_job_type type;
	char project_id[37];
	char *project_file;          /* "" when there is none */
	int overwrite_conflicts, network;
	char *work;                  /* HOME/work/<job> */
	enum fp_run_state state;

	struct fp_base_file *files;
	size_t n_files, cap_files, linked; /* LINKED: how many stand in the input folder already */
	json_t *workflow;
	int64_t changes;             /* that this job took */
	int64_t plan_id;             /* whose they are, 0: pushed ones */

	struct fp_worker *worker;
	struct fp_worker_end end;
	int64_t deadline, step_deadline, kill_at, retry_at; /* monotonic ms, 0: none */
	char step[64];               /* id of the running step */
	int64_t step_limit_ms;       /* and how long it may run */

	json_t *waiting;             /* events not yet in the store: [{"kind","at","step","body"}] */
	int64_t flushed_at;
	int64_t log_seq, log_dropped, log_told; /* lines kept; over the limit; of those, told in the log */

	FILE *spool;                 /* layer and delta events, a line each, in a file: memory stays flat */
	json_t *facts;               /* of the project event */
	struct fp_strv announced;    /* changed files, in order */
	struct fp_digest *digests;   /* one for each announced file */
	size_t hashed;
	struct fp_hasher *hasher;

	struct fp_error fault;       /* why it fails, FP_OK while it does not */
	struct fp_error unclosed;    /* why that could not be written yet */
	int requeue;                 /* a follow-up job is due: it was no fault of this one */
};

/* claim.c: takes the next job that may run. *OUT is NULL when there is none. *WAITING: jobs are pending, claimable or not. */
enum fp_status fp_run_claim(struct fp_run **out, int *waiting, struct fp_store *s, const struct fp_config *conf, struct fp_error *err);
void fp_run_free(struct fp_run *r); /* kills and removes what is left of it on disk */

/* prepare.c: a few files at a time; *DONE when the work folder is complete. */
enum fp_status fp_run_prepare(struct fp_run *r, int *done, struct fp_error *err);
/* The description (engine/worker/job.h), with the project's secrets: to be overwritten by fp_description_free(). */
enum fp_status fp_run_description(json_t **out, const struct fp_run *r, struct fp_error *err);

/* record.c: takes an event of the worker; writes what waits, now or when it is due. */
void fp_run_record(void *run, enum fp_event_kind kind, const json_t *body);
enum fp_status fp_run_flush(struct fp_run *r, int now, struct fp_error *err);
/* Marks the job started by the worker that runs. */
enum fp_status fp_run_started(struct fp_run *r, struct fp_error *err);

/* publish.c: validates and hashes what the worker made, a piece at a time; then publishes all of it in one transaction. */
enum fp_status fp_run_collect(struct fp_run *r, int *done, struct fp_error *err);
enum fp_status fp_run_publish(struct fp_run *r, struct fp_error *err);

/* recover.c: ends a job that publishes nothing: its changes go back to what they were, R->fault says why. */
enum fp_status fp_run_close(struct fp_run *r, struct fp_error *err);
/* Frees what engines left behind that are proven dead, and work folders of nobody. */
enum fp_status fp_recover(struct fp_store *s, struct fp_error *err);

/* retain.c: removes logs older than log_keep_days, of a few jobs at a time, and checks older than check_keep_days, of one project at a time; *MORE when
 * there may be others. */
enum fp_status fp_retain(struct fp_store *s, const struct fp_config *conf, int *more, struct fp_error *err);

#endif
