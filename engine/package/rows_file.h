/* A table in a file, as GDAL knows it: what rows_ogr.c and rows_sqlite.c begin with. */
#ifndef FP_PACKAGE_ROWS_FILE_H
#define FP_PACKAGE_ROWS_FILE_H

#include <gdal.h>
#include <sqlite3.h>

#include "engine/changes/quiet.h"
#include "engine/package/rows.h"
#include "engine/project/source.h"

struct fp_rows_file {
	struct fp_ogr_source source;
	char *real;                 /* the file, without symbolic links */
	GDALDatasetH ds;
	OGRLayerH layer, result;    /* RESULT: of a filter that is a query of its own; it is LAYER, too */
	const char *driver;
	int fid_first;              /* the first column is the feature's number */
	OGRwkbGeometryType only;    /* of geometries of several types, those of this one (and its multi form) are the layer's; wkbUnknown: all */
	uint64_t state;             /* of the files, when it was opened */
	sqlite3 *db;                /* fp_rows_file_sqlite() */
	char *ds_key, *db_key;      /* under which they are kept when it is closed, NULL: not at all */
	struct fp_quiet quiet;
};

/* F is to be closed in every case. FP_E_INVALID: a filter is none. */
enum fp_status fp_rows_file_open(struct fp_rows_file *f, const struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_strv *filters,
	struct fp_error *err);
/* The same as far as GDAL has no part in it: source, file and state. */
enum fp_status fp_rows_file_find(struct fp_rows_file *f, const struct fp_package *p, const struct fp_pack_layer *layer, struct fp_error *err);
/* Columns, geometry, srs. */
void fp_rows_file_describe(struct fp_rows_file *f, struct fp_rows *rows, const struct fp_pack_layer *layer);
/* FP_E_CONFLICT: somebody wrote to it since it was opened. */
enum fp_status fp_rows_file_unchanged(const struct fp_rows_file *f, struct fp_error *err);
/* Opens it with SQLite, too: as f->db, for reading, and nobody writes to it meanwhile. FP_E_BUSY: somebody does; FP_E_REFUSED: GDAL may be able to. */
enum fp_status fp_rows_file_sqlite(struct fp_rows_file *f, struct fp_error *err);
/* Whether it is unchanged after SQLite read N rows of it and RC was no SQLITE_ROW; of any other RC than SQLITE_DONE, why reading ended. */
enum fp_status fp_rows_file_ended(const struct fp_rows_file *f, int rc, int64_t n, struct fp_error *err);
/* Of a shapefile, the rows that only one of its .shx and .dbf holds: nobody shows them, and nobody says so. 0 for other files. */
int64_t fp_rows_file_unmatched(const struct fp_rows_file *f);
/* A database stays open for the next that opens it (engine/layers/kept.h). */
void fp_rows_file_close(struct fp_rows_file *f);

/* Column I of the row that S is at. */
void fp_rows_take_sqlite(struct fp_row_value *v, sqlite3_stmt *s, int i);
/* Field I of F (rows_ogr.c). V borrows from F and, where it had to be written out, from MADE. */
void fp_rows_take_ogr(struct fp_row_value *v, struct fp_value *made, OGRFeatureH f, int i);
/* 1: a filter that is a query of its own. */
int fp_rows_is_query(const char *filter);

#endif
