/* One change on one layer: found, compared, planned, written, read back. The only place that knows what create, patch and delete mean. */
#ifndef FP_CHANGES_CHANGE_H
#define FP_CHANGES_CHANGE_H

#include "engine/changes/apply.h"
#include "engine/changes/outcome.h"
#include "engine/changes/target.h"

struct fp_change {
	const struct fp_apply_options *options;
	const struct fp_layer_def *layer;
	struct fp_target *target;
	const json_t *delta;
	const char *mapped_pk; /* what the source calls the feature, NULL: unknown */
	int overwrite;         /* apply in spite of conflicts */
};

/* OUT has been initialised. A status other than FP_OK means that the job cannot go on. */
enum fp_status fp_change_apply(const struct fp_change *c, struct fp_outcome *out, struct fp_error *err);

/* QGIS' default expression when it is a literal ('text', 7, true, NULL): new reference, or NULL when it needs QGIS. */
json_t *fp_default_literal(const char *expression);

/* ---- shared by the sources of this part (change.c, create.c, conflict.c) ---- */

/* The change while it is worked on. */
struct fp_work {
	const struct fp_change *c;
	struct fp_target *t;
	struct fp_outcome *out;
	struct fp_error *err;       /* = &out->error */
	int64_t fid;
	struct fp_feature before, after, stored; /* STORED: read back after writing */
	char *set;                  /* columns of AFTER that are written */
	int set_geometry;
	int written;
};

/* Fills out->conflicts with the differences between `old` and the stored feature. FP_E_INVALID: `old` cannot be compared. */
enum fp_status fp_work_compare(struct fp_work *w);

/* The member KEY of the delta's `old` or `new`; NULL when absent. */
const json_t *fp_work_part(const struct fp_work *w, const char *state, const char *part);

/* The geometry that the layer would store for WKT (JSON string). Caller destroys. */
enum fp_status fp_work_geometry(const struct fp_work *w, OGRGeometryH *out, const json_t *wkt);

enum fp_status fp_work_create(struct fp_work *w);

/* Runs WRITE between a mark and its end, which ends by verifying: kept, or as if it never was. */
enum fp_status fp_work_write(struct fp_work *w, enum fp_status (*write)(struct fp_work *w));

/* Reads feature w->fid back: FP_E_REFUSED when what is stored is not what was meant; fills hash_after and modified_pk. */
enum fp_status fp_work_verify(struct fp_work *w);

#endif
