/* A small project in the upload of tests/layer_files.h, taken through the first steps of a package. */
#ifndef FP_TESTS_PACKAGE_FIXTURE_H
#define FP_TESTS_PACKAGE_FIXTURE_H

#include "engine/package/package.h"
#include "tests/layer_files.h"

struct wanted_layer {
	const char *type, *provider, *source; /* PROVIDER NULL: it has none */
	const char *action; /* QFieldSync/cloud_action, NULL: it has none */
};

/* Writes project NAME ("sub/trees.qgs") with those layers and PROPERTIES (XML, may be ""), opens and checks it, and decides. */
struct fp_package *package_decided(const char *name, const char *properties, const struct wanted_layer *layers, size_t n);
void package_done(struct fp_package *p); /* frees it and its project */

/* The verdict's status and key as they would be, without a file: for decisions alone. VALID: 1, 0, -1 nobody knows. */
struct fp_package *package_judged(const struct wanted_layer *layer, int valid, const char *pk);

int package_warns(const struct fp_package *p, size_t layer, const char *code); /* LAYER: its number; SIZE_MAX: the project */
char *package_at(const char *name);                                         /* a path in the output; caller frees */
int package_has(const char *name);                                          /* 1: such a file was written */
const char *package_source(const struct fp_package *p, size_t layer);       /* as it stands in the package */

/* Runs SQL on the SQLite file NAME of the upload, with the functions that triggers of GeoPackages and SpatiaLite call. */
void package_sql(const char *name, const char *sql);
/* The first value that SQL gives of data.gpkg, "" for none; {N} in it is the table of layer N. Static. */
const char *package_value(const struct fp_package *p, const char *sql);

#endif
