/* A feature's life: what devices wanted of it, what became of that, and when its file changed. */
#ifndef FP_STORE_HISTORY_H
#define FP_STORE_HISTORY_H

#include "engine/store/store.h"

/* Which feature: the layer and the key by which the source knows it. */
struct fp_feature_name {
	char project_id[37];
	char layer_id[256], layer_name[128], key[128];
	char file[1024];     /* of the layer, from the last check; "" when it is none */
};

/* The feature that a change is about: where its last attempt wrote, else where it would. FP_E_NOTFOUND. */
enum fp_status fp_feature_of_change(struct fp_store *s, struct fp_feature_name *f, int64_t change_id, struct fp_error *err);
/* LAYER is an id or a name. */
enum fp_status fp_feature_named(struct fp_store *s, struct fp_feature_name *f, const char *project_id, const char *layer, const char *key,
	struct fp_error *err);

struct fp_history_row {
	int64_t at;
	const char *kind;       /* pushed: a change came; undo: it was made here, to take one back; attempt: an outcome; decided: a person's word; file: a new version */
	const char *uuid;       /* of the change, "" for a file */
	const char *method, *who;
	const char *client_id;  /* the device, "" */
	const char *outcome;    /* of an attempt; the status of a change that waits; "" */
	const char *text;       /* fields, a message, a reason, a file name */
	const char *hash_before, *hash_after; /* of the feature, of an attempt */
	int64_t job_id;         /* 0: none */
	int64_t version;        /* of a file, 0 */
};
typedef void fp_history_each(void *arg, const struct fp_history_row *row);

/* Newest first. File versions between which the feature may not have changed are among them: only the data can say. */
enum fp_status fp_history_list(struct fp_store *s, const struct fp_feature_name *f, int64_t offset, int64_t limit, fp_history_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_history_count(struct fp_store *s, const struct fp_feature_name *f, int64_t *n, struct fp_error *err);

#endif
