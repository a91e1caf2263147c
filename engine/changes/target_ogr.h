/* Inside of the OGR target: the file (target_ogr.c), its layers (ogr_layer.c), and values between OGR's fields and ours (ogr_field.c). */
#ifndef FP_CHANGES_TARGET_OGR_H
#define FP_CHANGES_TARGET_OGR_H

#include <gdal.h>

#include "engine/changes/key.h"
#include "engine/changes/target.h"

/* How a driver's files are worked on. */
struct fp_ogr_format {
	const char *driver;
	const char *never; /* why they are not, though GDAL would; NULL: they are */
	int parts;   /* lines and polygons of several parts are no type of their own */
	int overlay; /* reads features only one after the other: worked on in memory, written in order */
	int ingest;  /* numbers its features anew at the first change */
	int repack;  /* deleted features stay in the file until it is packed */
	int numbers; /* numbers new features itself */
	int plane;   /* holds neither Z nor M */
	const char *indexes[3]; /* extensions of the files that hold its indexes, ends with NULL */
	double grain; /* coordinates are kept in steps of at most that; 0: as they are */
};

struct fp_ogr_undo {
	struct fp_ogr_layer *layer;
	int64_t fid;
	OGRFeatureH before; /* NULL: there was none */
};

struct fp_ogr_file {
	struct fp_file file;
	GDALDatasetH ds, memory;
	const struct fp_ogr_format *format;
	int had_index;                /* a spatial index beside the shapes */
	struct fp_ogr_layer **layers; /* borrowed */
	size_t n_layers, cap_layers;
	struct fp_ogr_undo *undo;     /* since the mark */
	size_t n_undo, cap_undo;
};

struct fp_ogr_layer {
	struct fp_target target;
	OGRLayerH real, work;  /* the file's layer; the one that is worked on */
	char *filter;
	struct fp_key_index index;
	int indexed, deleted;
	int64_t *touched;      /* overlay: features to write at the end */
	size_t n_touched, cap_touched;
	int64_t last_fid;      /* overlay: the highest of the file as it was */
	int64_t next_fid;      /* for the next new feature; known once indexed */
};

/* GDAL's last message (without the path of the job's folder), or FALLBACK. */
const char *fp_ogr_message(const struct fp_file *f, const char *fallback);

enum fp_status fp_ogr_open_layer(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err);

/* Makes FID what it was at the mark. */
enum fp_status fp_ogr_restore(const struct fp_ogr_undo *u, struct fp_error *err);
/* Writes what an overlay holds back; packs. */
enum fp_status fp_ogr_layer_finish(struct fp_ogr_layer *l, struct fp_error *err);

void fp_ogr_column(struct fp_target *t, OGRFieldDefnH field);
void fp_ogr_get(struct fp_value *v, OGRFeatureH f, int field);
void fp_ogr_set(OGRFeatureH f, int field, const struct fp_value *v, const struct fp_column *c);

#endif
