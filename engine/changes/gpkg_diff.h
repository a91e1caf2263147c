/* Two versions of a GeoPackage, feature by feature: tables of features and of attributes are read side by side in the order of their keys, in one pass
 * and flat memory. Worker only.
 *
 * A table with an INTEGER primary key in both versions is compared by it. Any other is compared by whole rows: one that differs is one that is gone and one
 * that came. A column that only one version has holds null in the other. A table that only one version has is counted and not told row by row. */
#ifndef FP_CHANGES_GPKG_DIFF_H
#define FP_CHANGES_GPKG_DIFF_H

#include <jansson.h>

#include "engine/base/error.h"

#define FP_DIFFERENCE_MAX (1 << 20) /* bytes of values that one difference tells */

struct fp_gpkg_diff {
	const char *before, *after; /* absolute paths; nothing is written beside them */
	const char *table;          /* "": all */
	int summary;                /* no difference is told, only counted */
	/* Bodies of the events of these names (engine/worker/job.h); take them over. A table comes after its differences. */
	void (*difference)(void *arg, json_t *body);
	void (*done)(void *arg, json_t *body);
	void *arg;
};

/* FP_E_REFUSED: not both are GeoPackages; FP_E_NOTFOUND: neither has the table. */
enum fp_status fp_gpkg_diff(const struct fp_gpkg_diff *d, struct fp_error *err);

#endif
