/* Inside of the SQLite target, which GeoPackages, SpatiaLite databases and plain tables share: the file (target_sqlite.c), what a layer is
 * (sqlite_describe.c), how geometries are stored (sqlite_geometry.c), and the operations (sqlite_layer.c). */
#ifndef FP_CHANGES_TARGET_SQLITE_H
#define FP_CHANGES_TARGET_SQLITE_H

#include <sqlite3.h>

#include "engine/changes/target.h"

#define FP_SQLFILE_STATEMENTS 32

/* How geometries are stored. The last two are those that GDAL makes without SpatiaLite. */
enum fp_sqlfile_form { FP_FORM_GPKG, FP_FORM_LITE, FP_FORM_WKB, FP_FORM_WKT };

struct fp_sqlfile {
	struct fp_file file;
	int is_gpkg;
	int reading;                 /* opened by fp_sqlfile_open_reading() */
	sqlite3 *db;
	sqlite3_stmt *mark, *back, *on;
	struct fp_sqlfile_layer **layers; /* borrowed from whoever opened them: commit() brings their tables' bookkeeping up to date */
	size_t n_layers, cap_layers;
};

struct fp_sqlfile_layer {
	struct fp_target target;
	char *table;
	char *row;          /* quoted name of the row's number: the key column or rowid */
	char *geom;         /* quoted geometry column, NULL: none */
	char *filter;
	enum fp_sqlfile_form form;
	int srs_id;
	int row_is_key;
	int changed;
	int has_extent;
	double extent[4];   /* of what was written: min x, max x, min y, max y */
	sqlite3_stmt *find, *find_any, *read;
	struct { char *shape; sqlite3_stmt *stmt; } cache[FP_SQLFILE_STATEMENTS]; /* by verb, geometry and columns: n_columns + 2 bytes */
	size_t n_cached, next_victim;
};

/* The status for SQLite's RC and its message; WHAT says what was tried. */
enum fp_status fp_sqlfile_fail(sqlite3 *db, int rc, const char *what, struct fp_error *err);
enum fp_status fp_sqlfile_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql, struct fp_error *err);
/* Runs a statement to its end and resets it. */
enum fp_status fp_sqlfile_run(sqlite3 *db, sqlite3_stmt *stmt, const char *what, struct fp_error *err);

/* A statement that gives features: the geometry, the columns, the row's number. CONDITION is SQL behind WHERE. */
enum fp_status fp_sqlfile_prepare_features(sqlite3_stmt **out, struct fp_sqlfile_layer *l, const char *condition, struct fp_error *err);
/* The row it is at. OUT has been initialised with n_columns. */
void fp_sqlfile_take_feature(const struct fp_sqlfile_layer *l, struct fp_feature *out, sqlite3_stmt *s);

/* Fills TARGET, table, row and geometry of a layer whose file and filter are set. LAYER is a table, or "table(column)" where a table has more than one
 * geometry; "table()" leaves its geometry aside. */
enum fp_status fp_sqlfile_describe(struct fp_sqlfile_layer *l, const char *layer, int index, struct fp_error *err);

/* The geometry of the statement's first column; none when it cannot be read. */
void fp_sqlfile_take_geometry(const struct fp_sqlfile_layer *l, struct fp_feature *out, sqlite3_stmt *s);
/* FP_E_REFUSED: the table cannot hold it. */
enum fp_status fp_sqlfile_bind_geometry(const struct fp_sqlfile_layer *l, sqlite3_stmt *s, int at, const struct fp_feature *f, struct fp_error *err);

enum fp_status fp_sqlfile_open_layer(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err);

#endif
