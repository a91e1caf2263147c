/* Jobs, their steps and logs, and the verdicts on layers, as they are read. Writing is engine/queue's business. */
#ifndef FP_STORE_JOBS_H
#define FP_STORE_JOBS_H

#include "engine/store/store.h"

struct fp_job_row {
	int64_t id;
	const char *type;              /* process_projectfile package delta_apply */
	const char *status;            /* pending queued started finished failed stopped */
	const char *project_id, *project_name, *created_by;
	const char *trigger;           /* upload, push, apply pending, re-apply, manual, retry, recovery, secret */
	int64_t created_at, started_at, finished_at; /* 0: not yet */
	int64_t position;              /* of a pending job in its project's queue: 1 is next; 0 otherwise */
	const char *step;              /* name of the running or failed step, "" */
	int64_t done, total;           /* progress of that step, 0 of 0 when unknown */
	int64_t step_started_at;       /* of the running step, 0 when none runs */
	const char *verdict;           /* one line: what came of it, or why it failed */
	const char *hint;              /* what to do next, "" */
	const char *error_class;       /* enum fp_status word, "" */
	int64_t signal, peak_kb;
	const char *sandbox;           /* JSON of the hello event, "" */
	const char *result;            /* JSON object with counts, "" */
	int cancel_requested;
};
typedef void fp_job_each(void *arg, const struct fp_job_row *row);

/* Newest first. Filter keys: status type project id after before, text in verdict. Sort: when type status project took. */
enum fp_status fp_job_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_job_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_job_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);
enum fp_status fp_job_rank(struct fp_store *s, const struct fp_query *q, int64_t id, int64_t *offset, struct fp_error *err);
enum fp_status fp_job_get(struct fp_store *s, int64_t id, fp_job_each *each, void *arg, struct fp_error *err);

struct fp_step_row { const char *id, *name, *state, *message; int64_t started_at, finished_at; }; /* pending started finished failed skipped */
typedef void fp_step_each(void *arg, const struct fp_step_row *row);
enum fp_status fp_job_steps(struct fp_store *s, int64_t job_id, fp_step_each *each, void *arg, struct fp_error *err);

struct fp_log_row { int64_t seq, at; const char *level, *step, *text; }; /* text: sanitised, one line */
typedef void fp_log_each(void *arg, const struct fp_log_row *row);
/* Lines with seq > AFTER, oldest first. */
enum fp_status fp_job_log_lines(struct fp_store *s, int64_t job_id, int64_t after, int64_t limit, fp_log_each *each, void *arg, struct fp_error *err);
enum fp_status fp_job_log_count(struct fp_store *s, int64_t job_id, int64_t *n, struct fp_error *err);

struct fp_layer_row {
	int64_t id;
	const char *project_id, *project_name;
	const char *layer_id, *name, *type, *provider, *crs, *datasource;
	int is_valid;                  /* 1, 0, or -1: not known */
	const char *status, *error_summary, *provider_summary, *confidence, *detail, *remedy, *pk, *filename;
	const char *warnings;          /* JSON array */
	const char *json;              /* the whole verdict */
	int64_t job_id, at;            /* the newest check */
	const char *cause, *owner;     /* a key, whose job it is; "" when not known */
	const char *sentence;          /* what is wrong in one sentence; "" when it is valid */
	const char *changed;           /* against the check before: fixed broke changed new gone, "" when nothing did */
	int64_t since;                 /* the check that this verdict holds from */
	const char *previous;          /* status before that, "" when none is known */
};
typedef void fp_layer_each(void *arg, const struct fp_layer_row *row);
/* Of the newest check, by layer id, with the layers that are gone since the one before: not_checked, not known to be valid. Filter keys: status name
 * provider valid changed (a word, or any) cause owner group (below), text. Sort: name id valid status changed. */
enum fp_status fp_layer_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_layer_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_layer_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);
/* One of them; FP_E_NOTFOUND. */
enum fp_status fp_layer_get(struct fp_store *s, const char *project_id, const char *layer_id, fp_layer_each *each, void *arg, struct fp_error *err);

/* The same failure of many layers. By sentence: those that say the same. By cause: those with the same cause, whatever they say. Layers without a
 * cause are the same when their sentence is. */
enum fp_group_by { FP_GROUP_SENTENCE, FP_GROUP_CAUSE };
struct fp_group_row {
	int64_t id;                    /* as in group:ID, which finds its layers (of FP_GROUP_SENTENCE) */
	const char *status;
	int is_valid;                  /* 0, or -1: not known */
	const char *cause, *sentence, *owner, *remedy; /* of its first layer, which is not that of the others where the group is by cause */
	int64_t layers, projects;
	const char *names;             /* JSON array of the first few names */
};
typedef void fp_group_each(void *arg, const struct fp_group_row *row);
/* Failures first, then what was not checked; the largest first. What is valid or gone is in no group. Filter as above; the order is fixed. */
enum fp_status fp_layer_groups(struct fp_store *s, const struct fp_query *q, enum fp_group_by by, int64_t offset, int64_t limit, fp_group_each *each,
	void *arg, struct fp_error *err);
enum fp_status fp_layer_group_count(struct fp_store *s, const struct fp_query *q, enum fp_group_by by, int64_t *n, struct fp_error *err);

struct fp_activity_row { int64_t id, at; const char *who, *what, *project_name, *detail; };
typedef void fp_activity_each(void *arg, const struct fp_activity_row *row);
enum fp_status fp_activity_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_activity_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_activity_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);

#endif
