/* Data sources of rasters as QGIS writes them (spec/layers.md 2.2): a path, or a subdataset by one of the prefixes whose inner path QGIS resolves. */
#ifndef FP_LAYERS_RASTER_SOURCE_H
#define FP_LAYERS_RASTER_SOURCE_H

#include "engine/base/mem.h"

/* A source taken apart: before + path + after, as in struct fp_gdal_name. All owned. */
struct fp_raster_source {
	char *before, *path, *after;
	char *written;      /* the path as the project spells it, with archive prefix and inner path */
	int is_subdataset;  /* it has a prefix: "GPKG:" ... */
	int opens;          /* a driver that we have opens those */
	struct fp_strv options;
};
void fp_raster_source_parse(struct fp_raster_source *r, const char *home, const char *source);
void fp_raster_source_clear(struct fp_raster_source *r);

#endif
