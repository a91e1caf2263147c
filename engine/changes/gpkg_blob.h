/* The geometry blob of a GeoPackage (its specification, 2.1.3): a header, an envelope for all but points, then ISO WKB. */
#ifndef FP_CHANGES_GPKG_BLOB_H
#define FP_CHANGES_GPKG_BLOB_H

#include <sqlite3.h>
#include <stddef.h>

struct fp_gpkg_blob {
	int empty;
	int has_envelope;          /* 0 for what is empty */
	double envelope[4];        /* min x, max x, min y, max y */
	const unsigned char *wkb;  /* borrowed from the blob */
	size_t wkb_len;
};

/* 0, or -1 when it is no such blob. Without an envelope in the header it is computed when ENVELOPE is asked for. */
int fp_gpkg_blob_read(struct fp_gpkg_blob *out, const unsigned char *blob, size_t n, int envelope);

/* The blob of WKB; *N bytes, caller frees. */
unsigned char *fp_gpkg_blob_new(const unsigned char *wkb, size_t wkb_len, int srs_id, size_t *n);

/* 1 and the envelope (min x, max x, min y, max y), or 0 for what is empty or no WKB. */
int fp_gpkg_wkb_envelope(double envelope[4], const unsigned char *wkb, size_t n);

/* The SQL functions that the triggers of GeoPackages call: ST_IsEmpty, ST_MinX, ST_MaxX, ST_MinY, ST_MaxY. */
int fp_gpkg_functions(sqlite3 *db);

#endif
