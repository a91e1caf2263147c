/* Changes (deltas), their attempts, and the client-to-source key map. Statuses as in spec/deltas.md section 2. */
#ifndef FP_STORE_CHANGES_H
#define FP_STORE_CHANGES_H

#include <jansson.h>

#include "engine/base/mem.h"
#include "engine/store/store.h"

struct fp_change_row {
	int64_t id;                    /* order of arrival in this home */
	const char *uuid, *project_id, *project_name;
	const char *status;            /* pending started applied conflict not_applied error ignored unpermitted */
	const char *method, *layer_id, *layer_name, *local_pk, *source_pk, *client_id;
	const char *feature_pk;        /* key in the source when known, else the delta's own */
	const char *msg;               /* of the last attempt, "" before */
	const char *fields;            /* "species, height, geometry": what it touches */
	const char *created_by, *deltafile_id;
	int64_t created_at, updated_at; /* when it was pushed; when its status last moved */
	int64_t job_id;                /* of the last attempt, 0 before */
	int64_t attempts;
	int64_t undo_of, undone_by;    /* the change that this one takes back; the one that took this one back; 0: none */
	const char *target_layer_id, *target_pk; /* where a person directed it, "" */
	const char *return_status;     /* of one that is planned or ignored: what it was */
	const char *body;              /* the delta's JSON; NULL in lists */
	const char *mapped_pk;         /* what the key map calls its feature; NULL when it knows none, and in lists */
};
typedef void fp_change_each(void *arg, const struct fp_change_row *row);

struct fp_attempt_row {
	int64_t job_id, at;
	const char *action;            /* apply, re-apply, force */
	const char *who, *outcome, *msg, *e_type, *feature_pk, *modified_pk, *hash_before, *hash_after;
	const char *conflicts, *provider_errors; /* JSON or "" */
	const char *details;           /* JSON, conflicts field by field, or "" */
	int64_t plan_id;               /* 0: it was pushed */
	const char *planned, *reason;  /* what the plan said, and why somebody wanted it, "" */
	const char *layer_id, *txid;   /* where it was written; in which database transaction, "" for a file */
	int overwrote;
};
typedef void fp_attempt_each(void *arg, const struct fp_attempt_row *row);

/* Newest first. Filter keys: status method layer user client job uuid after before, text in message or fields. Sort: when who method layer status. */
enum fp_status fp_change_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_change_each *each, void *arg,
	struct fp_error *err);
/* The same with bodies. */
enum fp_status fp_change_list_bodies(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_change_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_change_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);
/* The offset at which change ID stands in that list; -1 when the filter hides it. */
enum fp_status fp_change_rank(struct fp_store *s, const struct fp_query *q, int64_t id, int64_t *offset, struct fp_error *err);
/* With body. PROJECT_ID NULL: any project. */
enum fp_status fp_change_get(struct fp_store *s, const char *project_id, const char *uuid, fp_change_each *each, void *arg,
	struct fp_error *err);
/* The delta as it is to be applied: the body, or what a person made of it. New reference. */
enum fp_status fp_change_delta(struct fp_store *s, json_t **out, int64_t change_id, struct fp_error *err);
enum fp_status fp_change_attempts(struct fp_store *s, int64_t change_id, fp_attempt_each *each, void *arg, struct fp_error *err);

/* Keeps a deltafile: all of its changes as pending, or, when REASON is given, only the file and why it was refused. Changes that are known already
 * (same uuid in this project) are counted in KNOWN and left alone. TEXT is kept as it came. No job is triggered here. RESULT is cleared first, and is
 * to be cleared by the caller afterwards. */
struct fp_deltafile;
struct fp_push_result {
	int64_t accepted, known, differing; /* differing: known uuid, other content (kept as it was); each is told in the activity, too */
	struct fp_strv others;              /* the uuids of these */
	int64_t file;                       /* the row that keeps the file, 0: it could not be kept */
};
void fp_push_result_clear(struct fp_push_result *r);
enum fp_status fp_change_push(struct fp_store *s, const char *project_id, struct fp_deltafile *d, const char *text, size_t len,
	const char *reason, const char *who, struct fp_push_result *result, struct fp_error *err);

/* Inside a transaction, what a push is made of. The file: *ID is that of the same bytes when they came before. UUID is what the file calls itself, "" for
 * nothing. */
enum fp_status fp_change_keep_file(struct fp_store *s, int64_t *id, const char *project_id, const char *uuid, const char *text, size_t len,
	const char *reason, const char *who, struct fp_error *err);
/* A change, pending. */
enum fp_status fp_change_keep(struct fp_store *s, int64_t *id, const char *project_id, int64_t file, const json_t *delta, const char *who,
	int64_t now, struct fp_error *err);

#endif
