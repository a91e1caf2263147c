/* Rows of services of the web: they come in pages, each of which is a file that GDAL reads, one after the other. What a service is asked for its kind
 * knows (rows_wfs.c, rows_oapif.c). */
#ifndef FP_PACKAGE_ROWS_WEB_H
#define FP_PACKAGE_ROWS_WEB_H

#include <gdal.h>

#include "engine/package/row_filter.h"
#include "engine/package/text_values.h"
#include "engine/package/web.h"

struct fp_web_rows;
struct fp_web_kind {
	const char *file; /* what a page is called */
	/* The address of the next page, caller frees. NULL: there is no more. */
	char *(*next)(struct fp_web_rows *r);
	/* PAGE is in the file PATH: what it says of the others. */
	enum fp_status (*take)(struct fp_web_rows *r, const struct fp_web_page *page, const char *path, struct fp_error *err);
	void (*free)(struct fp_web_rows *r); /* the whole of R */
};

struct fp_web_rows {
	struct fp_rows rows;
	const struct fp_web_kind *kind;
	struct fp_package *package;       /* borrowed */
	struct fp_web_service service;
	struct fp_rows_wanted wanted;
	enum fp_text_type *types;         /* of columns whose values are texts in every page; NULL: GDAL finds them out */
	OGRFieldType *was;                /* then: what they were in the first page */
	int swap;                         /* x and y of every geometry are the other way round */
	const char *axes;                 /* GDAL's setting for what axes mean, NULL: its own */

	/* how far it is */
	int64_t expected, most;           /* features: as many as the service says; as many as are wanted. -1: nobody knows */
	int64_t received, in_page;
	int begun;

	/* of rows_web.c alone */
	struct fp_row_filter *filter;
	char *path;
	GDALDatasetH ds;
	OGRLayerH layer;
	OGRFeatureH feature;
	int *fields;                      /* of the page, by column; -1: it has none */
	int id;                           /* the field that tells a feature's own id, -1: none */
	char *first;                      /* the id of the page's first feature, NULL: it has none */
	struct fp_row_value *values;
	struct fp_value *made;
	struct fp_buf *texts;
	struct fp_buf wkb;
};

/* R, whose columns are known, is ready to be read. It is freed when it is not. */
enum fp_status fp_web_rows_begin(struct fp_web_rows *r, struct fp_error *err);
/* R as far as every kind has it, for its free(). */
void fp_web_rows_clear(struct fp_web_rows *r);
/* R is zeroed, of LAYER. Its rows are told as fp_rows_free() wants them from here on. FP_E_REFUSED: its login is saved in somebody's QGIS. */
enum fp_status fp_web_rows_init(struct fp_web_rows *r, const struct fp_web_kind *kind, struct fp_package *p, const struct fp_pack_layer *layer,
	const struct fp_rows_wanted *wanted, struct fp_error *err);
/* The one layer in the file PATH of a page, through the gate; NULL *DS: it holds none. */
enum fp_status fp_web_rows_open_page(GDALDatasetH *ds, OGRLayerH *layer, const struct fp_web_rows *r, const char *path, struct fp_error *err);

#endif
