/* data.gpkg: GDAL makes the file and the definitions of its tables, so that readers find everything that GDAL would write; rows then go in through SQLite
 * itself, a table at a time, and each table's spatial index is built at once (engine/package/rtree.h). */
#ifndef FP_PACKAGE_GPKG_WRITER_H
#define FP_PACKAGE_GPKG_WRITER_H

#include <jansson.h>
#include <sqlite3.h>

#include "engine/package/rows.h"

/* A table to be. All borrowed. */
struct fp_gpkg_table {
	const char *name, *local_key;
	const char *geometry_name;
	OGRwkbGeometryType geometry; /* wkbNone: a table without geometry */
	OGRwkbGeometryType lead;     /* of a table of any type: the type that its first row should have, as readers go by that; wkbUnknown: no matter */
	OGRSpatialReferenceH srs;    /* NULL: none */
	const struct fp_row_column *columns;
	size_t n_columns;
	const char *comment;         /* NULL */
};

/* What became of the rows. */
struct fp_gpkg_loaded {
	int64_t read, written;
	int64_t damaged;   /* of those written: without their geometry, which cannot be read */
	int64_t misfits;   /* of those written: of another geometry type than the table, as they were in the source */
	double extent[4];  /* min x, min y, max x, max y; min > max: nothing */
	json_t *skipped;   /* [{"reason","count"}], owned; NULL: none */
	void (*tick)(void *arg, int64_t read); /* every thousand rows; may be NULL */
	void *arg;
};

struct fp_gpkg;

/* The new file PATH for about ROWS rows in all; SCRATCH is for files that nobody sees. Nothing of it counts before fp_gpkg_finish(). */
enum fp_status fp_gpkg_new(struct fp_gpkg **out, const char *path, const char *scratch, int64_t rows, struct fp_error *err);
enum fp_status fp_gpkg_declare(struct fp_gpkg *g, const struct fp_gpkg_table *t, struct fp_error *err);
/* Ends the declarations; from here on rows are loaded. */
enum fp_status fp_gpkg_begin(struct fp_gpkg *g, struct fp_error *err);
/* Loads every row of ROWS, whose columns are those of T, into the empty table. OUT is initialised by the caller; what it says holds in every case. */
enum fp_status fp_gpkg_load(struct fp_gpkg *g, const struct fp_gpkg_table *t, struct fp_rows *rows, struct fp_gpkg_loaded *out, struct fp_error *err);
/* 1: every row of TABLE, which is loaded, passes FILTER, an author's SQL as in a WHERE. 0: one does not, or it fails or takes too long. */
int fp_gpkg_passes(struct fp_gpkg *g, const char *table, const char *filter);
/* The file is whole, on the disk and alone. */
enum fp_status fp_gpkg_finish(struct fp_gpkg *g, struct fp_error *err);
void fp_gpkg_free(struct fp_gpkg *g); /* NULL is fine. What was not finished is removed */

/* The status for SQLite's RC: FP_E_FULL also for quotas and limits of file size. */
enum fp_status fp_gpkg_fail(sqlite3 *db, int rc, const char *what, struct fp_error *err);

#endif
