/* A QGIS project file (.qgs, .qgz), read and never written: facts and layer definitions, without QGIS and without opening any data.
 * Rules: spec/layers.md sections 1 and 3. Lives in fieldpost-worker (libxml2, libzip); input is hostile. */
#ifndef FP_PROJECT_PROJECT_H
#define FP_PROJECT_PROJECT_H

#include <stddef.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"

/* A field of a vector layer as the project configures it. */
struct fp_field_def {
	char *name;
	char *default_expression; /* QGIS expression, NULL when none (spec/deltas.md O5) */
	int default_on_update;
};

/* A <maplayer>. Strings are never NULL unless said; all owned. */
struct fp_layer_def {
	char *id, *name;
	char *type;        /* lower case: vector raster mesh vector-tile point-cloud plugin annotation group tiled-scene */
	char *provider;    /* NULL: no <provider> element; may be "" */
	char *encoding;    /* provider/@encoding or "" */
	char *datasource;  /* as written; may hold passwords: print it only through fp_source_redact() */
	char *crs;         /* srs/spatialrefsys/authid, "" when none or USER:n */
	char *wkb_type;    /* @wkbType as written ("MultiPolygon"), "" when absent */
	char *geometry;    /* @geometry as written, "" when absent */
	int read_only;     /* @readOnly is 1 */
	char *home;        /* folder against which the source is resolved: the project's, or the other project's for an embedded layer */
	char *from;        /* the other project that the layer is embedded from, absolute; NULL: it is this project's own */
	struct fp_field_def *fields;
	size_t n_fields, cap_fields;
	struct fp_strv joined_fields;     /* names added by joins and expression fields: they exist for comparison, not for writing */
	char *cloud_action;  /* custom property QFieldSync/cloud_action, NULL when absent (spec/package.md 1.3) */
};

struct fp_project {
	char *path, *home;      /* absolute, folded */
	char *root;             /* the uploaded tree: home or a folder above it; no source may lead out of it */
	char *title, *crs, *qgis_version, *background_color; /* "" when unknown; colour "#rrggbb" */
	int has_extent;
	double extent[4];       /* xmin ymin xmax ymax, map units of the project CRS */
	struct fp_strv attachment_dirs; /* "DCIM" when the project names none */
	struct fp_layer_def *layers;    /* sorted by id, as the reference prints them */
	size_t n_layers, cap_layers;
	struct fp_strv data_dirs;       /* further folders that belong into a package (QFieldSync/dataDirs) */
	char *area, *area_crs;  /* area of interest as WKT and its CRS, "" when unset; AREA_ONLY: packages hold nothing outside it */
	int area_only;
	int provider_defaults;  /* databases are asked for defaults before a feature is saved (EvaluateDefaultValuesOnProviderSide) */
	char *image;            /* of the image decoration (Image/ImagePath), "" when none */
	struct fp_strv notes;   /* what a reader should know: dropped plugin layers, missing embedded projects */
};

/* Opens the project at absolute PATH, which lies somewhere below the uploaded folder ROOT and may use all of it; NULL: its own folder is all. Limits of
 * spec/layers.md 1.1 and rule 4.2 no. 7 hold. FP_E_INVALID: not a QGIS project, with the reason ("empty file", "XML broken at line 12", "no .qgs inside the
 * archive", "unpacks to more than 256 MB"). */
enum fp_status fp_project_open_below(struct fp_project **out, const char *path, const char *root, struct fp_error *err);
void fp_project_free(struct fp_project *p);

/* The layer with that id, or NULL. */
const struct fp_layer_def *fp_project_layer(const struct fp_project *p, const char *id);

#endif
