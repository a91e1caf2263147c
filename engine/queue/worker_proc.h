/* A worker process as its parent sees it: started, listened to, stopped, reaped. The parent does not trust it: events are parsed, checked
 * against the protocol (engine/worker/job.h) and capped in size and number; everything else it says is ignored with a log line. */
#ifndef FP_QUEUE_WORKER_PROC_H
#define FP_QUEUE_WORKER_PROC_H

#include <jansson.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "engine/base/config.h"
#include "engine/base/error.h"

struct fp_worker;

enum fp_event_kind {
	FP_EVENT_HELLO, FP_EVENT_STEP, FP_EVENT_LOG, FP_EVENT_PROGRESS, FP_EVENT_PROJECT, FP_EVENT_LAYER, FP_EVENT_DELTA,
	FP_EVENT_FILE, FP_EVENT_PACKED, FP_EVENT_PACKAGED_LAYER, FP_EVENT_PACKAGE, FP_EVENT_CANDIDATES, FP_EVENT_COMMIT, FP_EVENT_COMMITTED,
	FP_EVENT_DIFFERENCE, FP_EVENT_TABLE, FP_EVENT_PAST, FP_EVENT_TRANSACTION, FP_EVENT_RESULT
};
/* BODY is borrowed and holds the members that engine/worker/job.h names for KIND, with the right types. */
typedef void fp_worker_event(void *arg, enum fp_event_kind kind, const json_t *body);

/* How a worker ended. */
struct fp_worker_end {
	int exited, exit_code; /* exited normally, with that code */
	int signal;            /* else killed by it */
	int got_result, ok;    /* a result event came, and what it said */
	enum fp_status code;   /* FP_OK, or the class of the failure */
	char message[512], hint[256];
	long peak_kb;          /* largest resident size */
	double cpu_s;
};

/* Sets the members "limits" and "sandbox" of DESCRIPTION as the configuration has them. */
void fp_worker_set_limits(json_t *description, const struct fp_config *c);

/* fork+exec of fieldpost-worker in its own process group, with a clean environment (plus the description's secrets), only the socket inherited,
 * PDEATHSIG set; sends DESCRIPTION. */
enum fp_status fp_worker_start(struct fp_worker **out, const json_t *description, struct fp_error *err);

pid_t fp_worker_pid(const struct fp_worker *w);
int fp_worker_fd(const struct fp_worker *w);    /* poll for POLLIN, then fp_worker_read(); -1 once it is closed */
int fp_worker_pidfd(const struct fp_worker *w); /* poll for POLLIN, then fp_worker_reap(); -1 where the kernel has none: reap by the clock */

/* Delivers what has arrived without blocking. FP_E_INVALID: it broke the protocol (the caller kills it). */
enum fp_status fp_worker_read(struct fp_worker *w, fp_worker_event *on, void *arg, struct fp_error *err);

/* Lets a worker that sent a commit event commit: call it when what the event says is written down for good. FP_E_CRASHED: it does not listen. */
enum fp_status fp_worker_let_commit(struct fp_worker *w, struct fp_error *err);

/* SIG to the whole group; safe to call at any time. */
void fp_worker_signal(struct fp_worker *w, int sig);

/* 1 and *END when it has ended (its group is killed, its socket drained through ON first), 0 when it still runs. */
int fp_worker_reap(struct fp_worker *w, struct fp_worker_end *end, fp_worker_event *on, void *arg);

/* Kills and reaps what still runs. NULL is fine. */
void fp_worker_free(struct fp_worker *w);

/* All of it in one call for commands without a home (a commit is let through at once): TERM at LIMIT_MS, KILL after 2 s more; SIGINT, SIGTERM and SIGHUP end it as
 * FP_E_CANCELLED. Returns FP_OK when the worker's result was ok; else
 * ERR says why (its own message, or signal, limit and step). */
enum fp_status fp_worker_run(const json_t *description, int64_t limit_ms, fp_worker_event *on, void *arg,
	struct fp_worker_end *end, struct fp_error *err);

#endif
