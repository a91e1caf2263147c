/* The columns of a PostgreSQL layer as QGIS has them, what the server is asked for in each, and how its bytes become values (rows_pg.c). Columns of types
 * that QGIS does not show (intervals, ranges, composites ...) are none. */
#ifndef FP_PACKAGE_PG_COLUMNS_H
#define FP_PACKAGE_PG_COLUMNS_H

#include "engine/base/buf.h"
#include "engine/changes/pg.h"
#include "engine/package/rows.h"

/* What the server sends for a column, in its binary form. */
enum fp_pg_form {
	FP_PG_INT, FP_PG_FLOAT, FP_PG_REAL, FP_PG_TEXT, FP_PG_BYTES, FP_PG_DATE, FP_PG_TIME, FP_PG_STAMP, FP_PG_STAMPTZ, FP_PG_LIST, FP_PG_HSTORE
};
enum fp_pg_element { FP_PG_WORDS, FP_PG_NUMBERS, FP_PG_BOOLS, FP_PG_JSONS, FP_PG_STAMPS };

struct fp_pg_taken {
	enum fp_pg_form form;
	enum fp_pg_element element; /* of a list */
	struct fp_buf text;         /* the last value that had to be made */
};

/* The relation that columns are taken from. */
struct fp_pg_relation {
	const PGresult *described;  /* SELECT * FROM it LIMIT 0 */
	int geometry;               /* the column of it that is the layer's geometry, -1: none */
	const char *key;            /* the only column of its key, NULL: none, or a row has no name */
	int table;                  /* it is one, and no view or query */
	int evaluated;              /* the project has defaults evaluated before a feature is saved: QGIS then leaves to the database what is generated only */
};

/* Fills in R's columns and TAKEN (an array beside them, the caller's), and appends what stands for them in the SELECT, a comma before each but the first. */
enum fp_status fp_pg_columns(struct fp_pg_session *s, struct fp_rows *r, struct fp_pg_taken **taken, struct fp_buf *select, const struct fp_pg_relation *of,
	const char *what, struct fp_error *err);

/* The value of N BYTES as the server sent them. What QGIS takes for NULL is NULL: infinite numbers and times, dates of years that have more than four
 * digits. V borrows from BYTES and TAKEN. */
void fp_pg_decode(struct fp_row_value *v, struct fp_pg_taken *taken, const char *bytes, size_t n);

/* WKB of surfaces in pieces (PolyhedralSurface, TIN, Triangle) in place as the polygons that QGIS takes them for. */
void fp_pg_polygons(unsigned char *wkb, size_t n);

#endif
