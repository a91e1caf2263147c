/* Between the files of this room: what a provider's check gets, and the words it answers with. */
#ifndef FP_LAYERS_PROVIDER_H
#define FP_LAYERS_PROVIDER_H

#include "engine/layers/check.h"
#include "engine/layers/gate.h"
#include "engine/layers/remedy.h"

struct fp_check {
	const struct fp_checker *k;
	const struct fp_project *project; /* k->project */
	const struct fp_layer_def *layer;
	const struct fp_provider *p;      /* NULL while none is chosen */
	struct fp_verdict *v;
};

/* What is looked at, one after the other (check.c has the table). */
enum fp_chain { FP_CHAIN_NONE, FP_CHAIN_FILE, FP_CHAIN_RASTER, FP_CHAIN_QUERY, FP_CHAIN_DATABASE, FP_CHAIN_WEB };

/* One row of the provider table (providers.c). */
typedef void fp_provider_check(struct fp_check *c);
struct fp_provider {
	const char *name;         /* as QGIS spells it */
	const char *types;        /* the layer types it serves, with a blank before and after each */
	enum fp_chain chain;
	fp_provider_check *check;
	const char *needs;        /* for checks that serve several: what would be needed, or which form is meant */
};

/* The row for NAME, exact spelling first, then whatever the case; NULL: no such provider. */
const struct fp_provider *fp_provider_find(const char *name);

/* The checks, one file each. */
fp_provider_check fp_check_ogr, fp_check_gdal, fp_check_delimitedtext, fp_check_spatialite, fp_check_gpx, fp_check_memory, fp_check_virtual, fp_check_mesh,
	fp_check_point_cloud;
fp_provider_check fp_check_postgres, fp_check_postgresraster, fp_check_wms, fp_check_wfs, fp_check_oapif, fp_check_wcs, fp_check_arcgis_features,
	fp_check_arcgis_map, fp_check_vector_tiles, fp_check_tiled_scene;
fp_provider_check fp_check_client; /* what needs a client that this program does not have */

/* Verdicts. The last one given counts. */
void fp_verdict_ok(struct fp_check *c, enum fp_confidence confidence);
void fp_verdict_invalid(struct fp_check *c);
void fp_verdict_missing_provider(struct fp_check *c);

/* Why: cause KEY of data/remedies.yaml with its SLOTS gives sentence, owner and remedy. The first cause stays. */
void fp_verdict_cause(struct fp_check *c, const char *key, const struct fp_slot *slots, size_t n);
/* The same and FP_LAYER_NOT_CHECKED; the sentence is the detail too where there is none. */
void fp_verdict_not_checked(struct fp_check *c, const char *key, const struct fp_slot *slots, size_t n);

/* Texts of one line; sanitised, secrets redacted, with the upload's folder taken off paths. The first detail stays. */
void fp_verdict_error(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));    /* the reference's two columns */
void fp_verdict_provider(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_verdict_detail(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_verdict_warn(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fp_verdict_instead(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NAMES, those nearest to WANTED first. */
void fp_verdict_instead_of(struct fp_check *c, const char *wanted, const struct fp_strv *names);
void fp_verdict_uses(struct fp_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What STAGE found; the last word counts. */
void fp_stage(struct fp_check *c, enum fp_stage stage, enum fp_mark mark, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Records PATH, as fp_source_resolve() made it, as the verdict's file: relative to the upload when it lies there, whether it exists or not. */
void fp_verdict_file(struct fp_check *c, const char *path);

/* QGIS' number of a geometry type by its name ("MultiPolygonZ", "NoGeometry"), -1 when it is none. */
int fp_wkb_type(const char *name);

#endif
