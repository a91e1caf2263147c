/* Projects and their settings. Rows given to a callback are borrowed for the time of the call. */
#ifndef FP_STORE_PROJECTS_H
#define FP_STORE_PROJECTS_H

#include <jansson.h>

#include "engine/store/store.h"

struct fp_project_row {
	const char *id, *name;         /* uuid; unique without regard to case */
	const char *status;            /* ok: usable; busy: a job is queued or started; failed: the last process_projectfile failed or there is none */
	const char *project_file;      /* "" while there is none */
	const char *title, *crs;       /* from the last good process_projectfile, "" before */
	int64_t problems;              /* layers that are not valid in the last check, plus a failed or missing project file */
	int64_t changes, pending, conflict, failed; /* pending: + started; failed: error + not_applied + unpermitted */
	const char *job_type, *job_status; /* the active job, else the newest one; "" when none */
	int64_t job_id, job_at;        /* 0 when none; when it reached that status */
	int64_t files, size;           /* current versions: count, bytes */
	int64_t created_at, checked_at, packaged_at; /* 0: never */
	int overwrite_conflicts;       /* setting: 1 "last one wins" (QFieldCloud's default), 0 manual */
	const char *network;           /* setting: "default" (as the home says), "on", "off" */
	const char *facts;             /* JSON object of contract.md's check --json "project", "" before the first check */
};
typedef void fp_project_each(void *arg, const struct fp_project_row *row);

/* NAME: 1 to 100 bytes of UTF-8 without control characters or "/". ID gets the new uuid. */
enum fp_status fp_project_create(struct fp_store *s, char id[37], const char *name, const char *who, struct fp_error *err);
/* By id or name (without regard to case). */
enum fp_status fp_project_find(struct fp_store *s, char id[37], const char *name_or_id, struct fp_error *err);
enum fp_status fp_project_get(struct fp_store *s, const char *id, fp_project_each *each, void *arg, struct fp_error *err);
/* By name. Filter keys: status, name, text. Sort: name status problems pending size. */
enum fp_status fp_project_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_project_each *each,
	void *arg, struct fp_error *err);
enum fp_status fp_project_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);
/* Settings by table: "name", "overwrite_conflicts" (true|false), "network" (on|off|default). FP_E_USAGE names the valid keys. */
enum fp_status fp_project_set(struct fp_store *s, const char *id, const char *key, const char *value, const char *who, struct fp_error *err);
/* Whether a project with setting NETWORK may ask the network in a home that says HOME_SAYS. */
int fp_project_network_on(const char *network, int home_says);
/* Rows first, then the files; refused while a job is active (FP_E_REFUSED). */
enum fp_status fp_project_delete(struct fp_store *s, const char *id, const char *who, struct fp_error *err);

#endif
