/* Memory of checks: the runs of Check project layers, and how long each verdict on a layer held. Writing is engine/queue's business. */
#ifndef FP_STORE_CHECKS_H
#define FP_STORE_CHECKS_H

#include "engine/store/store.h"

struct fp_check_row {
	int64_t job_id, at;
	const char *project_id, *project_name;
	const char *trigger, *by;      /* why its job ran, and who asked for it */
	const char *verdict;           /* of its job, in one line */
	const char *counts;            /* JSON object: layers by status */
	int64_t previous_at;           /* of the run that it is compared with, 0: none is known */
	int64_t fixed, broke, changed, added, gone;
};
typedef void fp_check_each(void *arg, const struct fp_check_row *row);
/* Newest first. Filter keys: after before, text in the job's verdict. Sort: when. */
enum fp_status fp_check_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_check_each *each, void *arg,
	struct fp_error *err);

struct fp_verdict_row {
	int64_t first_job, since;      /* the run that began it */
	int64_t last_job, until;       /* the last one in which it held, 0: it holds */
	int64_t ended_job, ended;      /* the run that said otherwise, 0: none */
	const char *name, *status;
	int is_valid;                  /* as in struct fp_layer_row */
	const char *cause, *owner, *sentence, *detail, *remedy;
};
typedef void fp_verdict_each(void *arg, const struct fp_verdict_row *row);
/* Of one layer, newest first; nothing when there never was one. Where the run that ended one did not begin the next, the layer was gone meanwhile. */
enum fp_status fp_verdict_list(struct fp_store *s, const char *project_id, const char *layer_id, fp_verdict_each *each, void *arg, struct fp_error *err);
/* The id of a layer that was checked at any time, by id or by a name that only one has or had (without regard to case). Caller frees. */
enum fp_status fp_verdict_find(struct fp_store *s, char **layer_id, const char *project_id, const char *id_or_name, struct fp_error *err);

#endif
