/* The difference between two versions of a project file, feature by feature, as a question (engine/queue/question.h). */
#ifndef FP_QUEUE_FILE_DIFF_H
#define FP_QUEUE_FILE_DIFF_H

#include "engine/queue/question.h"

struct fp_file_diff {
	const char *project_id, *file;
	int64_t before, after;  /* versions; AFTER 0: the current one, BEFORE 0: the one before AFTER */
	const char *table;      /* "": all */
	int summary;            /* only a table event for each table */
};

/* Fills in the versions. FP_E_NOTFOUND: there is no such file or version, or none before it. */
enum fp_status fp_file_diff_versions(struct fp_store *s, struct fp_file_diff *d, struct fp_error *err);

/* Starts the worker. ON gets events of the kinds difference and table. The answer may be FP_E_REFUSED: it is no GeoPackage; FP_E_NOTFOUND: no such table. */
enum fp_status fp_file_diff_start(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const struct fp_file_diff *d,
	fp_worker_event *on, void *arg, struct fp_error *err);

#endif
