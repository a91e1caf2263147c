/* Tiles by address and in MBTiles files: shared by the raster (wms) and the vector kind. */
#ifndef FP_LAYERS_TILES_H
#define FP_LAYERS_TILES_H

#include "engine/layers/provider.h"

/* 1 when URL has a place for x, y and z. */
int fp_tiles_has_template(const char *url);
/* 1 when QGIS could fetch it: http, https or file. */
int fp_tiles_is_fetchable(const char *url);

/* The MBTiles file that URL names ("file:./a.mbtiles"; vector tiles write the path alone): ok when it is SQLite with a table "metadata", whose
 * "format" is FORMAT unless that is NULL; else invalid. */
void fp_tiles_mbtiles(struct fp_check *c, const char *url, const char *format);

#endif
