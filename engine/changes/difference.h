/* What differs between two states of a feature, told as JSON in bounded size. Worker only. */
#ifndef FP_CHANGES_DIFFERENCE_H
#define FP_CHANGES_DIFFERENCE_H

#include "engine/changes/target.h"

/* An array of {"field","geometry":bool,"before","after"}; a state that does not exist has no member. What is too long is cut, and "cut" says so. A geometry
 * is WKT, and has "vertices":[of before, of after] and, where a point is one in both states, how far it "moved" in the layer's unit. */
struct fp_difference {
	json_t *fields;
	size_t left; /* bytes that values may still take */
};
void fp_difference_begin(struct fp_difference *d, size_t max);

/* BEFORE or AFTER may be NULL: there is no such state. Each with the column that it is a value of. */
struct fp_stored {
	const struct fp_value *value;
	const struct fp_column *column;
};
void fp_difference_field(struct fp_difference *d, const char *name, const struct fp_stored *before, const struct fp_stored *after);
void fp_difference_geometry(struct fp_difference *d, const struct fp_feature *before, const struct fp_feature *after);

/* 1 when both mean the same; NULL values are null. */
int fp_stored_same(const struct fp_stored *a, const struct fp_stored *b);
/* 1 when both are the same geometry, however their bytes are ordered. */
int fp_feature_same_geometry(const struct fp_feature *a, const struct fp_feature *b);

#endif
