/* A package as JSON rows, as package list, show and get print it. */
#ifndef FP_SRC_PACKAGE_ROWS_H
#define FP_SRC_PACKAGE_ROWS_H

#include <jansson.h>

#include "engine/store/packages.h"

/* One row. New reference. */
json_t *fp_package_row_json(const struct fp_package_row *r);
/* Callback: ARG is a json_t *, which gets it. */
void fp_package_take_row(void *arg, const struct fp_package_row *r);
/* {"name","size","sha256","etag","is_attachment","created_at"} of each file; FP_OK adds them to ROWS. */
enum fp_status fp_package_add_files(json_t *rows, struct fp_store *s, int64_t job_id, struct fp_error *err);

/* Copies of LAYERS ({"action","table","features"}) for a table: one that has none in data.gpkg says under "features" where they are instead. New reference. */
json_t *fp_package_layers_shown(const json_t *layers);

#endif
