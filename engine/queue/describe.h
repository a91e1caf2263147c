/* What the worker is told about a project, whoever runs it: its files in a work folder, and the description (engine/worker/job.h). */
#ifndef FP_QUEUE_DESCRIBE_H
#define FP_QUEUE_DESCRIBE_H

#include <jansson.h>

#include "engine/base/config.h"
#include "engine/store/store.h"

/* Brings version file FROM into folder IN as NAME: a link where that is safe and possible, else a copy. */
enum fp_status fp_place_file(const char *in, const char *name, const char *from, struct fp_error *err);

struct fp_describe {
	const char *project_id, *type, *work; /* WORK: the folder with in, out and scratch */
	const char *project_file; /* NULL: the project is not opened, and its secrets stay here */
	int64_t job;             /* 0: it is none */
	const json_t *steps;
	int deltas;              /* WORK has a deltas.jsonl */
	int overwrite, network;  /* as the project says */
};

/* A new description, with the project's secrets: to be overwritten by fp_description_free(). */
enum fp_status fp_description_new(json_t **out, struct fp_store *s, const struct fp_config *conf, const struct fp_describe *what, struct fp_error *err);
void fp_description_free(json_t *d); /* NULL is fine */

#endif
