/* A geometry written as text (WKT, as deltas carry it), read exactly and without GDAL: for drawing and for GeoJSON.
 *
 * All types are read, in either case and with Z, M or ZM apart or not: Point, LineString, Polygon, Triangle, CircularString, CompoundCurve, CurvePolygon,
 * their Multis, MultiCurve, MultiSurface, TIN, PolyhedralSurface, GeometryCollection. A curve is given as the line of its control points. */
#ifndef FP_CHANGES_SHAPE_H
#define FP_CHANGES_SHAPE_H

#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct fp_vertex {
	double x, y;
	double z, m; /* NAN where there is none */
};

enum fp_part_kind { FP_PART_POINT, FP_PART_LINE, FP_PART_RING };

/* A point, a line, or a ring of a polygon: vertices FIRST to FIRST + N - 1. */
struct fp_shape_part {
	enum fp_part_kind kind;
	int hole;         /* a ring, and not the first of its polygon */
	size_t first, n;  /* n > 0 */
};

enum fp_shape_class { FP_SHAPE_POINT, FP_SHAPE_LINE, FP_SHAPE_POLYGON, FP_SHAPE_MULTI_POINT, FP_SHAPE_MULTI_LINE, FP_SHAPE_MULTI_POLYGON, FP_SHAPE_COLLECTION };

/* How the parts belong together, for who needs it: geometries in the order of the text, each followed by the ones inside it, which are one deeper. */
struct fp_shape_node {
	enum fp_shape_class class;
	int depth;        /* 0: the whole */
	size_t first, n;  /* parts of this one and of all inside it */
};

struct fp_shape {
	const char *type; /* "MultiPolygon": the word without Z or M; static */
	int has_z, has_m;
	struct fp_vertex *vertices;
	size_t n_vertices, cap_vertices;
	struct fp_shape_part *parts;
	size_t n_parts, cap_parts;
	struct fp_shape_node *nodes;
	size_t n_nodes, cap_nodes;
	double xmin, ymin, xmax, ymax; /* of all vertices; all 0 when there is none: the geometry is EMPTY */
};

#define FP_SHAPE_VERTICES_MAX 1000000

/* Reads WKT. FP_E_INVALID says what is wrong and at which byte; FP_E_FULL: it has more than LIMIT vertices (or is nested deeper than 40). "nan" is read
 * as 0, and a missing Z or M is none, as applying does. S is to be cleared when it was read. */
enum fp_status fp_shape_read(struct fp_shape *s, const char *wkt, size_t limit, struct fp_error *err);
void fp_shape_clear(struct fp_shape *s);

/* S as a GeoJSON geometry (RFC 7946) to B's end, every number so that it reads back as the same: x, y, z; M has no place there. */
void fp_shape_geojson(struct fp_buf *b, const struct fp_shape *s);

#endif
