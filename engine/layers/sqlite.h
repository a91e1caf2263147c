/* SQL that a project's author wrote, on a private read-only handle with an authorizer (spec/layers.md 4.2 no. 4): compiled, and never run but for the first
 * row of a query, with a bound. */
#ifndef FP_LAYERS_SQLITE_H
#define FP_LAYERS_SQLITE_H

#include <sqlite3.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/mem.h"

/* Opens the SQLite file PATH, which passed the gate, for reading without writing anything beside it. FP_E_INVALID: it is none. */
enum fp_status fp_sqlite_open(sqlite3 **db, const char *path, struct fp_error *err);

/* *OUT: the URI that reads it so; caller frees. */
enum fp_status fp_sqlite_uri(char **out, const char *path, struct fp_error *err);

/* Compiles SQL, a query, against it; the names of what it gives are added to COLUMNS (may be NULL). FP_E_INVALID: SQLite's reason (no such column ...);
 * FP_E_REFUSED: it uses functions or modules that only GDAL or SpatiaLite have, or things that are forbidden, so nothing can be said about it. */
enum fp_status fp_sqlite_compile_on(sqlite3 *db, const char *sql, struct fp_strv *columns, struct fp_error *err);

/* Runs SQL, a query, for the first column of its first row, added to BYTES when it is a blob. FP_E_NOTFOUND: no row; FP_E_TIMEOUT: it takes too long; else as
 * above. */
enum fp_status fp_sqlite_first(struct fp_buf *bytes, sqlite3 *db, const char *sql, struct fp_error *err);

/* Opens and compiles. */
enum fp_status fp_sqlite_compile(const char *path, const char *sql, struct fp_error *err);

/* 1 when PATH is an SQLite file with Rasterlite's pairs of tables. */
int fp_sqlite_is_rasterlite(const char *path);

/* NAME as an SQL identifier; caller frees. */
char *fp_sqlite_quote(const char *name);

#endif
