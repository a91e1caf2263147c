/* Small files and verdicts about them, for the suites of the layers room. */
#ifndef FP_TESTS_LAYER_FILES_H
#define FP_TESTS_LAYER_FILES_H

#include <stddef.h>

#include "engine/layers/check.h"

/* Folders of a test: what was uploaded, what belongs to somebody else, and scratch. */
extern char *files_upload, *files_other;

void files_setup(void);    /* with a.gpkg: layers "pts" (3 points), "Two Words" (lines), "any" (any geometry), "table" (none) */
void files_teardown(void);

char *files_at(const char *name); /* its path in the upload; caller frees */
void files_put(const char *name, const char *text);
void files_copy(const char *from, const char *to);
void files_sql(const char *name, const char *sql); /* runs SQL on the SQLite file NAME */
void files_vector(const char *folder, const char *name, const char *driver);
void files_raster(const char *name, int georeferenced);

/* The verdict about one layer of a project in the upload; the caller clears it. PROVIDER may be NULL: no such element. */
struct fp_verdict files_judged(const char *type, const char *provider, const char *source);

/* 1 when TEXT stands in one of the verdict's texts. */
int files_says(const struct fp_verdict *v, const char *text);

struct expected {
	const char *type, *provider, *source, *status, *says; /* NULL: it has nothing to say */
};
void files_hold(const struct expected *cases, size_t n);
#define HOLD(cases) files_hold(cases, sizeof cases / sizeof *cases)

#endif
