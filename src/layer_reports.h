/* What `layers` prints beside the layers themselves: the same failure of many, the runs of the check, how one layer was in them. */
#ifndef FP_SRC_LAYER_REPORTS_H
#define FP_SRC_LAYER_REPORTS_H

#include "src/command.h"

/* Q and LIMIT as fp_list_query() gives them. The exit code is 1 when a group is of invalid layers. */
enum fp_status fp_layer_groups_print(struct fp_invocation *inv, const struct fp_query *q, int64_t limit, struct fp_error *err);
enum fp_status fp_layer_runs_print(struct fp_invocation *inv, const struct fp_query *q, int64_t limit, struct fp_error *err);
/* LAYER: an id or a name. */
enum fp_status fp_layer_history_print(struct fp_invocation *inv, const char *project_id, const char *layer, struct fp_error *err);

#endif
