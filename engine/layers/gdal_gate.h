/* The one door to GDAL, for checking and for applying: configuration, allow-list and messages (spec/layers.md 4.2 nos. 2 and 3). */
#ifndef FP_LAYERS_GDAL_GATE_H
#define FP_LAYERS_GDAL_GATE_H

#include <gdal.h>

#include "engine/base/error.h"
#include "engine/layers/formats.h"

/* Once per process, before anything else of GDAL. SCRATCH is a writable folder for temporary files and copies, kept by reference; NULL: none. */
void fp_gdal_init(const char *scratch);

/* That folder, or NULL. */
const char *fp_gdal_scratch(void);

/* What to open. The name that GDAL gets is before + path + after; PATH has passed the gate (engine/layers/gate.h), the other two are ours or
 * were checked by their grammar. */
struct fp_gdal_name {
	const char *before; /* "", "/vsizip/", "GPKG:", "NETCDF:\"" ... */
	const char *path;
	const char *after;  /* "", "/inner.shp", ":table", "\":variable" ... */
	const char *root;   /* the uploaded tree, for what a VRT may point to */
};

/* Opens it with the drivers that its name and content allow. USE: FP_USE_VECTOR, FP_USE_RASTER or both; UPDATE: for writing (never in a check). Open
 * OPTIONS (may be NULL) are those of a project: only harmless ones are passed on.
 * FP_E_REFUSED: it may be good but is not for us to open; err says why (a web service, a VRT that points elsewhere, a foreign format).
 * FP_E_INVALID: GDAL cannot open it; what it said reached whoever collects messages. */
enum fp_status fp_gdal_open(GDALDatasetH *out, const struct fp_gdal_name *name, unsigned use, int update, const struct fp_strv *options,
	struct fp_error *err);

/* Collects GDAL's messages until fp_gdal_collect_end(): each once, sanitised, without the folder ROOT in front of paths. Nests. */
struct fp_gdal_messages {
	struct fp_strv texts;
	const char *root;
};
void fp_gdal_collect(struct fp_gdal_messages *m, const char *root);
void fp_gdal_collect_end(void);

/* An SQLite file that changes were still being written to ("-wal" or "-journal" beside it) is read from a copy in the scratch folder, where
 * SQLite may tidy up. *OUT is PATH itself when there is no need, and when there is an error; borrowed, a copy for the life of the process. */
enum fp_status fp_gdal_quiet_copy(const char **out, const char *path, int always, struct fp_error *err);

/* 1 when a "-wal" or "-journal" that holds something lies beside PATH. */
int fp_sqlite_has_leftover(const char *path);

#endif
