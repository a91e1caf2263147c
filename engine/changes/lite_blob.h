/* The geometry blob of SpatiaLite (its manual, "BLOB-Geometry"): a header with the envelope, then the body of WKB whose parts are marked otherwise. */
#ifndef FP_CHANGES_LITE_BLOB_H
#define FP_CHANGES_LITE_BLOB_H

#include <sqlite3.h>
#include <stddef.h>

struct fp_lite_head {
	int srid;
	int type;            /* 1 to 7, with 1000 for Z, 2000 for M, 3000 for both */
	double envelope[4];  /* min x, max x, min y, max y */
};

/* 0, or -1 when it is no such blob. */
int fp_lite_blob_head(struct fp_lite_head *out, const unsigned char *blob, size_t n);

/* ISO WKB of a blob, *WKB_LEN bytes, caller frees; NULL when it is none. Compressed ones are read, too. */
unsigned char *fp_lite_blob_wkb(const unsigned char *blob, size_t n, size_t *wkb_len);

/* The blob of WKB as fp_geom_wkb() makes it; *N bytes, caller frees. NULL: SpatiaLite has no such geometry (curves, surfaces in space, nothing). */
unsigned char *fp_lite_blob_new(const unsigned char *wkb, size_t wkb_len, int srid, size_t *n);

/* The SQL functions that SpatiaLite's own triggers call: GeometryConstraints, RTreeAlign, MbrMinX and its like (also as ST_MinX ...). */
int fp_lite_functions(sqlite3 *db);

#endif
