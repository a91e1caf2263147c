/* Features and changes told as JSON: what a change found, and what takes it back. What is told can be applied again: fp_value_from_json() and
 * fp_geom_from_wkt() make the same of it. */
#ifndef FP_CHANGES_EFFECT_H
#define FP_CHANGES_EFFECT_H

#include "engine/changes/change.h"

/* New references. A value that JSON cannot hold (bytes that are no UTF-8) is {"base64": TEXT}. */
json_t *fp_value_json(const struct fp_value *v, const struct fp_column *c);
json_t *fp_wkb_json(const unsigned char *wkb, size_t n); /* WKT, or null */

/* {"attributes","geometry"} of all columns of T. */
json_t *fp_feature_json(const struct fp_feature *f, const struct fp_target *t);

/* {"method","old","new"}: takes back what W wrote (O10). */
json_t *fp_work_inverse(const struct fp_work *w);

/* Notes that FIELD (NULL: the geometry) is not what the change believed: out->details. */
void fp_work_detail(struct fp_work *w, const char *field, const json_t *base);

#endif
