/* Geometries written as text (WKT), and their types by name and number as QGIS has them. */
#ifndef FP_LAYERS_WKT_H
#define FP_LAYERS_WKT_H

#include <ogr_api.h>
#include <stddef.h>

enum fp_wkt {
	FP_WKT_NONE,    /* QGIS finds no geometry in it */
	FP_WKT_GOOD,
	FP_WKT_DOUBTFUL /* broken or unusual: QGIS takes some of these and refuses others */
};

/* What TEXT is. FP_WKT_GOOD gives QGIS' number of its type. A prefix "SRID=4326;" or "7 " is passed over. */
enum fp_wkt fp_wkt_type(int *wkb, const char *text);

/* The same, and the geometry, NULL when OGR cannot make one of it. The caller destroys it. */
enum fp_wkt fp_wkt_geometry(OGRGeometryH *g, int *wkb, const char *text);

/* QGIS' number of the type that TEXT begins with: what stands before a "(", blanks and case do not count. -1: none. The old words with "25D" have numbers
 * of their own, which are negative. */
int fp_wkb_word(const char *text);

/* The class of a type: 1 points, 2 lines, 3 polygons, 0 none of them (a collection). */
int fp_wkb_class(int wkb);

/* 1 for types of several parts. */
int fp_wkb_is_multi(int wkb);

#endif
