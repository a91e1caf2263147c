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

enum fp_run_state {
	FP_RUN_PREPARING, FP_RUN_WORKING, FP_RUN_STOPPING,
	FP_RUN_RECORDING,  /* its worker waits to commit in databases, and what it did is being written down */
	FP_RUN_COMMITTING, /* its worker commits: nothing but a limit of time ends it now */
	FP_RUN_SETTLING,   /* the databases are asked what became of it */
	FP_RUN_COLLECTING, FP_RUN_CLOSING, FP_RUN_DONE, FP_RUN_STATES
};

/* A file of the project as the job found it: what publishing holds the present against. */
struct fp_base_file {
	char *name, *path;
	int64_t version;
};

/* A transaction of the job in somebody else's database, and what its changes come to: as they were told; not applied, in the database's words; given back, as
 * if they had never been tried; or nobody can say. FP_FATE_OPEN: that is to be found out. */
enum fp_fate { FP_FATE_OPEN, FP_FATE_KEPT, FP_FATE_REFUSED, FP_FATE_LOST, FP_FATE_UNKNOWN };
struct fp_run_transaction {
	int64_t connection;
	enum fp_fate fate;
	char *layer_id, *database, *txid, *message;
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
	struct fp_strv folders;      /* package: attachment folders of the project (engine/store/attachments.h) */
	size_t attached;             /* of FILES, how many were looked at for being attachments */

	json_t *commit;              /* the worker's commit event, NULL before it */
	int recorded;                /* it is written down: from here on nothing is given back before it is known what the databases did */
	size_t secured;              /* of ANNOUNCED, how many are safe on the disk */
	struct fp_error breach;      /* of the protocol, by what the worker says of commits */
	struct fp_run_transaction *transactions;
	size_t n_transactions, cap_transactions;
	struct fp_question *question; /* asks the databases, NULL: not now */
	json_t *answers;             /* of that question */
	int64_t ask_at;              /* monotonic ms */
	int asked;                   /* in vain, so many times */
	char unsettled[512];         /* why, as the log has it */
	int files_lost;              /* the files that it made cannot be published, WHY_LOST says why: their changes are given back */
	struct fp_error why_lost;
	int left;                    /* to another engine: the work folder stays */

	struct fp_error fault;       /* why it fails, FP_OK while it does not */
	struct fp_error unclosed;    /* why that could not be written yet */
	int requeue;                 /* a follow-up job is due: it was no fault of this one */
};

/* A run of JOB_ID in PREPARING, with nothing but its folder's name; and what the store says of its job and project. */
struct fp_run *fp_run_new(struct fp_store *s, const struct fp_config *conf, int64_t job_id);
enum fp_status fp_run_load(struct fp_run *r, struct fp_error *err);
/* claim.c: takes the next job that may run. *OUT is NULL when there is none. *WAITING: jobs are pending, claimable or not. */
enum fp_status fp_run_claim(struct fp_run **out, int *waiting, struct fp_store *s, const struct fp_config *conf, struct fp_error *err);
void fp_run_free(struct fp_run *r); /* kills and removes what is left of it on disk */

/* prepare.c: a few files at a time; *DONE when the work folder is complete. */
enum fp_status fp_run_prepare(struct fp_run *r, int *done, struct fp_error *err);
/* The file of the project as the job found it, NULL: none of this name. FILES are in the order of their names. */
const struct fp_base_file *fp_run_file(const struct fp_run *r, const char *name);
/* The description (engine/worker/job.h), with the project's secrets: to be overwritten by fp_description_free(). */
enum fp_status fp_run_description(json_t **out, const struct fp_run *r, struct fp_error *err);

/* record.c: takes an event of the worker; writes what waits, now or when it is due. */
void fp_run_record(void *run, enum fp_event_kind kind, const json_t *body);
enum fp_status fp_run_flush(struct fp_run *r, int now, struct fp_error *err);
/* Marks the job started by the worker that runs. */
enum fp_status fp_run_started(struct fp_run *r, struct fp_error *err);

/* spool.c: results.jsonl. EACH gets every line's kind ("layer", "delta", "file", "end") and body. */
typedef enum fp_status fp_spool_line(void *arg, const char *kind, const json_t *body, struct fp_error *err);
void fp_spool_add(struct fp_run *r, const char *kind, const json_t *body);
enum fp_status fp_spool_each(struct fp_run *r, fp_spool_line *each, void *arg, struct fp_error *err);
/* Makes it complete and durable: TOLD deltas and the announced files. Reopened, it has them again; anything less is FP_E_CORRUPT and r->spool NULL. */
enum fp_status fp_spool_seal(struct fp_run *r, int64_t told, struct fp_error *err);
enum fp_status fp_spool_reopen(struct fp_run *r, struct fp_error *err);
void fp_spool_close(struct fp_run *r);
/* The version that a file of the project had when the job began, 0: none. */
int64_t fp_run_base(const struct fp_run *r, const char *name);

/* commit.c: takes a commit event (a breach goes to r->breach). Then secures the made files, one a call; then writes down for good what was told, made and is to
 * be committed, after which r->recorded is set and the worker may commit. What fails before leaves nothing behind in a database. */
void fp_commit_wanted(struct fp_run *r, const json_t *body);
enum fp_status fp_commit_secure(struct fp_run *r, int *done, struct fp_error *err);
enum fp_status fp_commit_record(struct fp_run *r, struct fp_error *err);

/* settle.c: finds out what became of the transactions of a recorded run; *DONE when all are known. It asks again and again, later and later; r->unclosed says
 * when it is the store that keeps it from going on. */
void fp_settle_step(struct fp_run *r, int *done);
/* 1 when it waits for a database that was asked before. */
int fp_settle_waits(const struct fp_run *r);
/* 1 when a database holds changes of the job, or might: they must not be given back. */
int fp_settle_kept(const struct fp_run *r);
/* 1 when one has nothing of the job, and gave no reason. */
int fp_settle_lost(const struct fp_run *r);
/* What the delta event D comes to, a new reference; NULL: its change is given back. *TXID: of the transaction that holds it, "" for files; borrowed. */
json_t *fp_settle_delta(const struct fp_run *r, const json_t *d, const char **txid);
void fp_settle_clear(struct fp_run *r);

/* adopt.c: takes over a recorded job whose engine is proven dead; *OUT is NULL when there is none. */
enum fp_status fp_run_adopt(struct fp_run **out, struct fp_store *s, const struct fp_config *conf, struct fp_error *err);
/* Lets another engine take over a recorded run. */
void fp_run_leave(struct fp_run *r);
/* FP_E_CANCELLED when another engine has taken it over. Inside a transaction. */
enum fp_status fp_run_mine(const struct fp_run *r, struct fp_error *err);
/* Ends a job of which a database holds changes but which cannot be published: all its changes become errors that say so. */
enum fp_status fp_run_lose(struct fp_run *r, struct fp_error *err);

/* publish.c: validates and hashes what the worker made, a piece at a time; then publishes all of it in one transaction, or, with r->files_lost, what
 * databases hold. */
enum fp_status fp_run_validate(const struct fp_run *r, const char *name, struct fp_error *err);
enum fp_status fp_run_sync(const struct fp_run *r, const char *name, struct fp_error *err);
/* The status of a delta event as the ledger has it, NULL when it is none. Static. */
const char *fp_run_outcome(const char *status);
void fp_run_files_lost(struct fp_run *r, const struct fp_error *why);
enum fp_status fp_run_collect(struct fp_run *r, int *done, struct fp_error *err);
enum fp_status fp_run_publish(struct fp_run *r, struct fp_error *err);
/* Inside a transaction: the job ends well. FP_E_CANCELLED: somebody wished otherwise meanwhile, or another engine has it. */
enum fp_status fp_run_finish(struct fp_run *r, const char *verdict, const json_t *result, struct fp_error *err);

/* publish_package.c: the same for a package. What is published lies complete and synced in WORK/package, and is one folder from there on. */
enum fp_status fp_run_collect_package(struct fp_run *r, int *done, struct fp_error *err);
enum fp_status fp_run_publish_package(struct fp_run *r, struct fp_error *err);

/* recover.c: ends a job that publishes nothing: its changes go back to what they were, R->fault says why. */
enum fp_status fp_run_close(struct fp_run *r, struct fp_error *err);
/* Inside a transaction: every change that the job still has goes back to what it was, and its ledger says why. */
enum fp_status fp_run_give_back(struct fp_store *s, int64_t job_id, const char *why, struct fp_error *err);
/* An orphaned worker dies with its engine (PDEATHSIG); this is for the moment in between, and for its children. */
void fp_run_kill_worker(const struct fp_proc_id *worker);
/* Frees what engines left behind that are proven dead, and work folders of nobody. */
enum fp_status fp_recover(struct fp_store *s, struct fp_error *err);

/* retain.c: removes logs older than log_keep_days, of a few jobs at a time, checks older than check_keep_days and packages beyond packages_keep, of one project
 * at a time; *MORE when there may be others. */
enum fp_status fp_retain(struct fp_store *s, const struct fp_config *conf, int *more, struct fp_error *err);

#endif
