/* Check project layers: one verdict a layer. Lives in fieldpost-worker; spec/layers.md sections 2, 3, 4.2. */
#ifndef FP_LAYERS_CHECK_H
#define FP_LAYERS_CHECK_H

#include <jansson.h>

#include "engine/project/project.h"

enum fp_layer_status {
	FP_LAYER_OK, FP_LAYER_INVALID_DATAPROVIDER, FP_LAYER_INVALID, FP_LAYER_LOCALIZED_DATAPROVIDER,
	FP_LAYER_MISSING_DATAPROVIDER, FP_LAYER_NOT_CHECKED
};
enum fp_confidence { FP_BY_CHECKED, FP_BY_HEADER, FP_BY_EXISTENCE, FP_BY_DEFINITION, FP_BY_NOT_CHECKED };

struct fp_verdict {
	enum fp_layer_status status;
	enum fp_confidence confidence;
	char *error_summary, *provider_summary; /* the reference's two columns, "" when empty */
	char *detail;   /* the real cause in a driver's words, "" when none; sanitised, job folder stripped, at most 300 bytes */
	char *remedy;   /* what to do next, "" when valid */
	char *filename; /* resolved file inside the project, relative, or NULL */
	char *pk;       /* primary key field or NULL */
	int wkb_type;   /* QGIS' number of the geometry type, -1 when unknown */
	struct fp_strv warnings;
};

/* Judges one layer of P. Never fails: what cannot be judged is FP_LAYER_NOT_CHECKED with its sentence. */
void fp_layer_check(struct fp_verdict *v, const struct fp_project *p, const struct fp_layer_def *layer);
void fp_verdict_clear(struct fp_verdict *v);

/* "ok", "invalid_dataprovider" ... */
const char *fp_layer_status_word(enum fp_layer_status s);

/* The layer object of contract.md's `check --json`. New reference. */
json_t *fp_verdict_json(const struct fp_verdict *v, const struct fp_layer_def *layer);

#endif
