/* Which table of which file a vector layer of a project is. */
#ifndef FP_CHANGES_LAYER_SOURCE_H
#define FP_CHANGES_LAYER_SOURCE_H

#include "engine/base/error.h"
#include "engine/project/project.h"
#include "engine/project/source.h"

/* S of a layer of the providers ogr and spatialite; to be cleared in every case. FP_E_REFUSED: it is a query. */
enum fp_status fp_layer_source(struct fp_ogr_source *s, const struct fp_layer_def *l, struct fp_error *err);

#endif
