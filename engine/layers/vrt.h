/* VRT files read by ourselves before GDAL may (spec/layers.md 4.2 no. 2): every source must be a file of the upload, and nothing in it may be code,
 * SQL, raw access to bytes or another VRT. */
#ifndef FP_LAYERS_VRT_H
#define FP_LAYERS_VRT_H

#include "engine/base/error.h"
#include "engine/base/mem.h"

/* FP_E_REFUSED with the reason, or FP_OK. PATH is the file, ROOT the upload, USE as in engine/layers/formats.h. */
enum fp_status fp_vrt_check(const char *path, const char *root, unsigned use, struct fp_error *err);

/* Adds the sources of the VRT at PATH that are not there, as they are written. */
void fp_vrt_missing(struct fp_strv *missing, const char *path);

/* Adds the paths that the sources of the VRT at absolute PATH have, one for each time, whether they are there or not and wherever that is. */
void fp_vrt_members(struct fp_strv *paths, const char *path);

#endif
