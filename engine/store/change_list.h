/* Filter, order, count and rank of changes, for millions of them: by facet (data/schema/005_search.sql), not by change. */
#ifndef FP_STORE_CHANGE_LIST_H
#define FP_STORE_CHANGE_LIST_H

#include "engine/store/db.h"

/* The ids of Q's changes from OFFSET on, in its order; LIMIT < 0: all. A status other than FP_OK from EACH ends it. */
typedef enum fp_status fp_change_id_each(void *arg, int64_t id, struct fp_error *err);
enum fp_status fp_change_ids(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_change_id_each *each, void *arg,
	struct fp_error *err);

/* So many changes or fewer are searched in indexes, more are walked along. A test sets it to go both ways with few changes. */
extern int64_t fp_change_few;

#endif
