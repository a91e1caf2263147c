/* Secrets of projects: values for the environment of jobs, and PostgreSQL services (pg_service.conf). Write-only: what is set is given to the project's
 * own jobs and to nothing else; no row, message or activity holds it. */
#ifndef FP_STORE_SECRETS_H
#define FP_STORE_SECRETS_H

#include <jansson.h>

#include "engine/store/store.h"

#define FP_SECRET_NAME_MAX 100
#define FP_SECRET_VALUE_MAX (16 << 10)
#define FP_SECRETS_MAX (32 << 10) /* bytes that all secrets of a project take in a job's description, so that it always fits */

/* A secret; or, with STATE "missing", a service that layers of the newest check use and no secret defines. */
struct fp_secret_row {
	const char *key;               /* what the row is: unique in all lists */
	const char *project_id, *project_name;
	const char *name;              /* "" when missing */
	const char *type;              /* pgservice, envvar */
	const char *state;             /* set, missing */
	const char *services;          /* JSON array: names of the sections of a pgservice */
	const char *used_by;           /* JSON array of {"id","name"}: layers of the newest check */
	int64_t set_at, tested_at;     /* 0: never */
	const char *set_by;
	int test_ok;                   /* 1, 0; -1: not tested, or there is nothing to test */
	const char *test_said;
};
typedef void fp_secret_each(void *arg, const struct fp_secret_row *row);

/* By name, what is missing first. Filter keys: name type state service project, text. Sort: name type state set. */
enum fp_status fp_secret_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_secret_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_secret_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);
enum fp_status fp_secret_get(struct fp_store *s, const char *project_id, const char *name, fp_secret_each *each, void *arg, struct fp_error *err);

/* FP_E_INVALID when NAME is no name of a secret, FP_E_REFUSED when it would change how programs start or read data. */
enum fp_status fp_secret_name_check(const char *name, struct fp_error *err);

/* Sets NAME to LEN bytes of VALUE, in place of what it was. TYPE "envvar": one line of text; "pgservice": a pg_service.conf with at least one section,
 * none of which another secret of the project has. The first secret of a home makes its key. */
enum fp_status fp_secret_set(struct fp_store *s, const char *project_id, const char *name, const char *type, const char *value, size_t len,
	const char *who, struct fp_error *err);
enum fp_status fp_secret_remove(struct fp_store *s, const char *project_id, const char *name, const char *who, struct fp_error *err);

/* Keeps what a test said of the secret that was set at SET_AT; nothing when it was set again since. OK: 1, 0 or -1 as in the row. */
enum fp_status fp_secret_tested(struct fp_store *s, const char *project_id, const char *name, int64_t set_at, int ok, const char *said,
	const char *who, struct fp_error *err);

/* What a job of the project gets: *ENVVARS an object name -> value, *PGSERVICE all services as one text ("" for none). Both to fp_secrets_wipe(). */
enum fp_status fp_secrets_for_job(struct fp_store *s, const char *project_id, json_t **envvars, char **pgservice, struct fp_error *err);
/* Overwrites and frees them; NULL is fine. */
void fp_secrets_wipe(json_t *envvars, char *pgservice);

/* Makes the home's key where there is none, unless secrets were encrypted with one that is gone. */
enum fp_status fp_secrets_make_key(struct fp_store *s, struct fp_error *err);

/* For doctor: calls EACH with every secret of the home that does not open with its key. */
typedef void fp_secret_shut(void *arg, const char *project_name, const char *name);
enum fp_status fp_secrets_check(struct fp_store *s, fp_secret_shut *each, void *arg, struct fp_error *err);

#endif
