/* Geometries of deltas: from WKT, into what a layer holds, and compared (spec/deltas.md 3.5b, O2, O3). Worker only (GDAL). */
#ifndef FP_CHANGES_GEOMETRY_H
#define FP_CHANGES_GEOMETRY_H

#include <ogr_api.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum fp_dimension { FP_DIM_NO, FP_DIM_YES, FP_DIM_MAY };

/* What a layer holds. */
struct fp_geom_type {
	OGRwkbGeometryType flat; /* without Z and M; wkbNone: no geometry, wkbUnknown: any type */
	enum fp_dimension z, m;
	int parts;               /* the format does not tell a line from several, nor a polygon (shapefiles) */
	double grain;            /* how far a stored coordinate may be from what was written; 0: not at all */
};

/* Puts WKT into the form that GDAL reads as the reference reads it: "nan" becomes 0, "PointZ" and "Point Z" are one. Returns 0; 1 when Z and M
 * ordinates are missing, which then stand as FP_WKT_MISSING (GDAL reads no nan); -1 when it is no WKT ("SRID=..;" is none, either). */
#define FP_WKT_MISSING "-1.2345678901234567e+300"
int fp_wkt_clean(struct fp_buf *out, const char *wkt);

/* A geometry that the caller destroys. FP_E_REFUSED with the reference's words: "Empty WKT string!", "Null geometry from wkt='...'". */
enum fp_status fp_geom_from_wkt(OGRGeometryH *out, const char *wkt, struct fp_error *err);

/* Replaces *G by what the layer holds of it: single to multi, one part to single, curves to lines where the layer has none, Z and M dropped or
 * added as 0. FP_E_REFUSED when it cannot fit; *G stays the caller's in every case. */
enum fp_status fp_geom_fit(OGRGeometryH *g, const struct fp_geom_type *type, struct fp_error *err);

/* 1 when type, parts and coordinates are the same (a relative 1e-12 is forgiven: a device prints with 17 decimals, and GRAIN); nan counts as 0. NULL is no
 * geometry. */
int fp_geom_near(OGRGeometryH a, OGRGeometryH b, double grain);
int fp_geom_same(OGRGeometryH a, OGRGeometryH b); /* no grain */

/* ISO WKB, little endian; *N bytes, caller frees. NULL for NULL. */
unsigned char *fp_geom_wkb(OGRGeometryH g, size_t *n);

/* NULL for nothing and for what is no WKB. Caller destroys. */
OGRGeometryH fp_geom_from_wkb(const unsigned char *wkb, size_t n);

/* WKT for people, cut at 200 bytes; "NULL" for NULL. */
void fp_geom_show(struct fp_buf *out, OGRGeometryH g);

#endif
