/* What one feature was in each version of the file that its layer lies in, as a question (engine/queue/question.h). */
#ifndef FP_QUEUE_FEATURE_PAST_H
#define FP_QUEUE_FEATURE_PAST_H

#include "engine/queue/question.h"

struct fp_feature_state {
	int64_t version, at;      /* of the file */
	const char *file, *by;
	int present;              /* the feature is in it */
	const char *hash;         /* engine/changes/target.h; "" when not present */
	const json_t *attributes; /* NULL when not present */
	const json_t *geometry;   /* WKT, json null, or NULL: the layer has none */
	const json_t *changed;    /* names of the fields that differ from the version before, "geometry" among them; NULL: nothing can be said (one of the two
	                           * lacks the feature or could not be read) */
	const char *fault;        /* why this version could not be read, "" */
};
/* All borrowed. */
typedef void fp_feature_each(void *arg, const struct fp_feature_state *s);

struct fp_feature_past;

/* The newest version first, one call for each. The file is the one of the newest check of layers: FP_E_NOTFOUND when there was none, FP_E_REFUSED when the layer
 * lies in no file of the project. The answer may be FP_E_REFUSED, too: a layer in several files (shapefiles); FP_E_CONFLICT: it lies elsewhere now. */
enum fp_status fp_feature_past_start(struct fp_feature_past **out, struct fp_store *s, const struct fp_config *conf, const char *project_id,
	const char *layer_id, const char *key, fp_feature_each *each, void *arg, struct fp_error *err);

/* As those of a question. */
int fp_feature_past_fd(const struct fp_feature_past *p);
int64_t fp_feature_past_left(const struct fp_feature_past *p);
enum fp_status fp_feature_past_step(struct fp_feature_past *p, int *done, struct fp_error *err);
enum fp_status fp_feature_past_wait(struct fp_feature_past *p, struct fp_error *err);
void fp_feature_past_free(struct fp_feature_past *p); /* NULL is fine */

#endif
