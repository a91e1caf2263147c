/* Rows of a layer as the packaging room reads them (engine/package/rows.h), as text. */
#ifndef FP_TESTS_PACKAGE_ROWS_H
#define FP_TESTS_PACKAGE_ROWS_H

#include "engine/package/rows.h"

struct rows_fixture {
	struct fp_package package;
	struct fp_project project;
	struct fp_layer_def def;
	struct fp_pack_layer layer;
	struct fp_rows *rows;
	struct fp_error err;
};

/* A layer "Trees" of SOURCE, with key PK (NULL: none) and QGIS' number of its geometry type. What it is of stays the caller's. */
void rows_begin(struct rows_fixture *f, const char *provider, const char *source, const char *pk, int wkb_type);
void rows_end(struct rows_fixture *f);

/* Opens it; WANTED may be NULL for everything. */
enum fp_status rows_open(struct rows_fixture *f, const struct fp_rows_wanted *wanted);

/* "id:Integer! name:String(20) tags:String/JSON when:DateTime=": ! not null, * unique, = has a default. Static. */
const char *rows_columns(const struct rows_fixture *f);

/* Every row that is left, "1|oak|NULL|POINT (1 2)", a line each; *ST (may be NULL) is how it ended. Static. */
const char *rows_text(struct rows_fixture *f, enum fp_status *st);

#endif
