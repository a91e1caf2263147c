/* A geometry as a map of braille dots, or of plain marks on a terminal that has none; what moved, and how far. */
#ifndef FP_UI_SHAPE_MAP_H
#define FP_UI_SHAPE_MAP_H

#include "ui/rows.h"

/* Adds lines of at most WIDTH columns: what changed between the geometries OLD and NEW in a sentence, and a map of both, HEIGHT rows high. WKT; NULL or
 * "" for none. CURRENT, what is stored now, is drawn too when it is given and is neither. */
void fp_shape_map(struct fp_rows *to, int width, int height, int ascii, const char *old, const char *new, const char *current);

#endif
