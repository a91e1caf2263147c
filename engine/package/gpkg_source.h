/* One INSERT ... SELECT puts all rows of a source where they belong: out of a table of ours (sqlite.org/vtab.html), or out of the source's own with functions
 * of ours that take the geometries. Only for gpkg_writer.c. */
#ifndef FP_PACKAGE_GPKG_SOURCE_H
#define FP_PACKAGE_GPKG_SOURCE_H

#include <sqlite3.h>

#include "engine/base/buf.h"
#include "engine/package/gpkg_writer.h"
#include "engine/package/rtree.h"

struct fp_gpkg_source {
	const struct fp_gpkg_table *table;
	struct fp_rows *rows;
	struct fp_gpkg_loaded *out;
	struct fp_rtree *index;   /* gets the boxes; NULL: no geometry */
	int srs_id;
	/* the row that it is at */
	struct fp_row row;
	int64_t fid, last_fid;
	int lead_open;            /* fid 1 is kept for a row of the leading type */
	struct fp_buf blob;
	int has_geometry;
	int at_end;
	/* what went wrong */
	enum fp_status status;
	struct fp_error *err;
};

/* Makes S a part of DB; it must outlive its use. */
int fp_gpkg_source_register(sqlite3 *db, struct fp_gpkg_source *s);
/* The INSERT of all its rows into the table, which is empty: their local keys count from 1. Caller frees. */
char *fp_gpkg_source_insert(const struct fp_gpkg_source *s);

#endif
