/* Inside of the GeoPackage target: the file (target_gpkg.c) and its layers (gpkg_layer.c). */
#ifndef FP_CHANGES_TARGET_GPKG_H
#define FP_CHANGES_TARGET_GPKG_H

#include <sqlite3.h>

#include "engine/changes/target.h"

#define FP_GPKG_STATEMENTS 32

struct fp_gpkg {
	struct fp_file file;
	sqlite3 *db;
	sqlite3_stmt *mark, *back, *on;
	struct fp_gpkg_layer **layers; /* borrowed from whoever opened them: commit() brings their tables' bookkeeping up to date */
	size_t n_layers, cap_layers;
};

struct fp_gpkg_layer {
	struct fp_target target;
	char *table;
	char *row;          /* quoted name of the row's number: the key column or rowid */
	char *geom;         /* quoted geometry column, NULL: none */
	char *filter;
	int srs_id;
	int row_is_key;
	int changed;
	int has_extent;
	double extent[4];   /* of what was written: min x, max x, min y, max y */
	sqlite3_stmt *find, *find_any, *read;
	struct { char *shape; sqlite3_stmt *stmt; } cache[FP_GPKG_STATEMENTS]; /* by verb, geometry and columns: n_columns + 2 bytes */
	size_t n_cached, next_victim;
};

/* The status for SQLite's RC and its message; WHAT says what was tried. */
enum fp_status fp_gpkg_fail(sqlite3 *db, int rc, const char *what, struct fp_error *err);
enum fp_status fp_gpkg_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql, struct fp_error *err);
/* Runs a statement to its end and resets it. */
enum fp_status fp_gpkg_run(sqlite3 *db, sqlite3_stmt *stmt, const char *what, struct fp_error *err);

enum fp_status fp_gpkg_open_layer(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err);

#endif
