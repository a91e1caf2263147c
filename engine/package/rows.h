/* Where the rows of a table of data.gpkg come from: one small set of operations over every kind of source. Values are borrowed from the source until the
 * next row: a million of them cost no allocation. */
#ifndef FP_PACKAGE_ROWS_H
#define FP_PACKAGE_ROWS_H

#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"
#include "engine/changes/value.h"
#include "engine/package/package.h"

/* A column as it stands in data.gpkg (section 3.4, "Field types"). */
struct fp_row_column {
	char *name;
	OGRFieldType type;
	OGRFieldSubType subtype;
	int width;               /* of strings, 0: any */
	char *comment;           /* of the source's column, NULL: none */
	char *alias;             /* another name that the source gives it, NULL: none */
	int has_default, not_null, unique;
};

struct fp_row_value {
	enum fp_value_type type;
	int64_t i;
	double r;
	const char *text;        /* borrowed; FP_TEXT and FP_BLOB */
	size_t len;
};

/* How a geometry comes. */
enum fp_row_form { FP_ROW_NO_GEOMETRY, FP_ROW_WKB, FP_ROW_GPKG };

struct fp_row {
	struct fp_row_value *values; /* n_columns of them; owned by the source */
	enum fp_row_form form;       /* of this row */
	const unsigned char *geometry;
	size_t geometry_len;
};

/* Rows that SQLite itself can take out of another of its databases, values as they are stored: asking for them one by one takes as long again. */
#define FP_ROWS_ATTACHED "source"
struct fp_rows;
struct fp_rows_direct {
	char *uri;               /* of the database, which is attached as FP_ROWS_ATTACHED, and stays so for the next that has it in the same STATE */
	uint64_t state;
	char *from;              /* SQL: what stands behind FROM */
	char *where;             /* SQL, NULL: every row */
	char *geometry;          /* SQL of a GeoPackage's blob, NULL: none */
	enum fp_status (*done)(struct fp_rows *r, struct fp_error *err); /* after the last row: it is still what it was */
};

/* What a source's filters are written in: what shows the same rows in one of them may show others in the next (group_filter.c). */
enum fp_row_language { FP_IN_SQLITE, FP_IN_GEOPACKAGE /* with GDAL's functions */, FP_IN_POSTGRESQL, FP_IN_GDAL, FP_IN_QGIS };

struct fp_rows {
	const struct fp_rows_ops *ops;
	enum fp_row_language language;
	struct fp_row_column *columns; /* in the provider's order, the source key among them; owned */
	size_t n_columns;
	OGRwkbGeometryType geometry;   /* wkbNone: no geometry column; wkbUnknown: any */
	OGRSpatialReferenceH srs;      /* owned; NULL: none */
	char *comment;                 /* of the table, NULL */
	int64_t about;                 /* how many rows there are, -1: nobody knows */
	json_t *skipped;               /* rows that the source itself could not give, [{"reason","count"}]; owned, may be NULL */
	struct fp_rows_direct *direct; /* the same rows for SQLite; owned by the source, mostly NULL */
};

struct fp_rows_ops {
	/* *MORE 0 at the end. The row that was counted but cannot be read goes to SKIPPED. */
	enum fp_status (*next)(struct fp_rows *r, struct fp_row *row, int *more, struct fp_error *err);
	void (*free)(struct fp_rows *r);
};

/* What of it is wanted. */
struct fp_rows_wanted {
	const struct fp_strv *filters; /* the provider's SQL, one of them must hold; NULL: every row */
	int has_rect;
	double rect[4];                /* min x, min y, max x, max y in the source's own coordinates */
};

/* Opens the table behind LAYER of the package. FP_E_REFUSED: such a source cannot be made offline, and why (fp_package_warn not_convertible); FP_E_INVALID:
 * the filter is none for this source; anything else: it could not be read. */
enum fp_status fp_rows_open(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err);
void fp_rows_free(struct fp_rows *r); /* NULL is fine */

/* Closes the databases of P and what it asks the web with. To be called when its last table is read; fp_package_free() does so, too. */
void fp_rows_close_databases(struct fp_package *p);

/* The implementations, by provider; a table in rows.c names them. */
typedef enum fp_status fp_rows_opener(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err);
fp_rows_opener fp_rows_sqlite;   /* rows_sqlite.c: tables of GeoPackages; provider ogr */
fp_rows_opener fp_rows_ogr;      /* rows_ogr.c: every other file of provider ogr */
fp_rows_opener fp_rows_spatialite; /* rows_spatialite.c: provider spatialite */
fp_rows_opener fp_rows_postgres; /* rows_pg.c */
fp_rows_opener fp_rows_text;     /* rows_text.c: delimitedtext */
fp_rows_opener fp_rows_memory; /* rows_memory.c: scratch layers, which have no rows */
fp_rows_opener fp_rows_wfs;      /* rows_wfs.c: WFS, through rows_web.c */
fp_rows_opener fp_rows_oapif;    /* rows_oapif.c: OGC API Features, likewise */

/* "(a) OR (b)", each on a line of its own, as it may end in a comment; NULL for no filters. Caller frees. */
char *fp_rows_either(const struct fp_strv *filters);
/* ROW's geometry is G (NULL: none), written out into WKB; N: which row it is, for the error. */
enum fp_status fp_rows_take_geometry(struct fp_row *row, struct fp_buf *wkb, OGRGeometryH g, int64_t n, struct fp_error *err);

/* Adds COUNT to the entry of REASON. */
void fp_rows_skip(json_t **skipped, const char *reason, int64_t count);

/* "EPSG:2056", WKT or PROJ's text; the caller releases it. NULL: it is none of them. */
OGRSpatialReferenceH fp_rows_srs(const char *text);

/* The geometry type that the check found in LAYER, wkbNone for none, wkbUnknown when it did not find out. */
OGRwkbGeometryType fp_rows_geometry(const struct fp_pack_layer *layer);

/* The rectangle of the area of interest in the coordinates of SRS; 0: none is set, or it does not hold for this layer (section 3.4, AOI); -1: it cannot be
 * transformed, and all rows are to be taken. */
int fp_rows_area(double rect[4], const struct fp_package *p, OGRSpatialReferenceH srs);

#endif
