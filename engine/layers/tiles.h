/* Tiles by address and in MBTiles files: shared by the raster (wms) and the vector kind. */
#ifndef FP_LAYERS_TILES_H
#define FP_LAYERS_TILES_H

#include "engine/layers/provider.h"

/* 1 when URL has a place for x, y and z. */
int fp_tiles_has_template(const char *url);
/* 1 when QGIS could fetch it: http, https or file. */
int fp_tiles_is_fetchable(const char *url);

/* The MBTiles file of a raster layer, an address "file:./a.mbtiles": ok when it is there. */
void fp_tiles_raster_mbtiles(struct fp_check *c, const char *url);
/* That of a vector tile layer, a path: ok when it is SQLite with a table "metadata", whose "format" is "pbf". */
void fp_tiles_vector_mbtiles(struct fp_check *c, const char *url);

#endif
