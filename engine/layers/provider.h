/* Between the files of this room: what a provider's check gets, and the words it answers with. */
#ifndef FP_LAYERS_PROVIDER_H
#define FP_LAYERS_PROVIDER_H

#include "engine/layers/check.h"
#include "engine/layers/gate.h"

struct fp_check {
	const struct fp_project *project;
	const struct fp_layer_def *layer;
	const char *provider; /* its name as the table spells it */
	struct fp_verdict *v;
};

/* One row of the provider table (providers.c). */
typedef void fp_provider_check(struct fp_check *c);
struct fp_provider {
	const char *name;
	const char *types;        /* the layer types it serves, with a blank before and after each */
	fp_provider_check *check;
	const char *needs;        /* for fp_check_client() and fp_check_existence(): what would be needed */
};

/* The row for NAME, exact spelling first, then whatever the case; NULL: no such provider. */
const struct fp_provider *fp_provider_find(const char *name);

/* The checks, one file each. */
fp_provider_check fp_check_ogr, fp_check_gdal, fp_check_delimitedtext, fp_check_spatialite, fp_check_gpx, fp_check_memory;
fp_provider_check fp_check_definition;                     /* valid whatever the source says */
fp_provider_check fp_check_wms, fp_check_vectortile;       /* by their template, else not checked */
fp_provider_check fp_check_network, fp_check_client, fp_check_existence, fp_check_virtual;

/* Verdicts. The last one given counts. */
void fp_verdict_ok(struct fp_check *c, enum fp_confidence confidence);
void fp_verdict_invalid(struct fp_check *c);
void fp_verdict_not_checked(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Texts of one line; sanitised, secrets redacted, with the upload's folder taken off paths. The first detail and the first remedy stay. */
void fp_verdict_error(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));    /* the reference's two columns */
void fp_verdict_provider(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_verdict_detail(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_verdict_remedy(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_verdict_warn(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Records the file as the verdict's, relative to the upload, when it lies there. */
void fp_verdict_file(struct fp_check *c, const char *path);

/* QGIS' number of a geometry type by its name ("MultiPolygonZ", "NoGeometry"), -1 when it is none. */
int fp_wkb_type(const char *name);

#endif
