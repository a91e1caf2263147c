/* Rows as a table of SQLite's (sqlite.org/vtab.html), so that one INSERT ... SELECT puts all of them where they belong. Only for gpkg_writer.c. */
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

/* Makes S a table called NAME: local key, geometry (when there is one), columns. S must outlive its use. */
int fp_gpkg_source_register(sqlite3 *db, const char *name, struct fp_gpkg_source *s);

#endif
