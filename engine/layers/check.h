/* Check project layers: one verdict a layer, and why. Lives in fieldpost-worker; spec/layers.md sections 2, 3, 4.2, 6. */
#ifndef FP_LAYERS_CHECK_H
#define FP_LAYERS_CHECK_H

#include <jansson.h>

#include "engine/project/project.h"

enum fp_layer_status {
	FP_LAYER_OK, FP_LAYER_INVALID_DATAPROVIDER, FP_LAYER_INVALID, FP_LAYER_LOCALIZED_DATAPROVIDER,
	FP_LAYER_MISSING_DATAPROVIDER, FP_LAYER_NOT_CHECKED
};
enum fp_confidence { FP_BY_CHECKED, FP_BY_HEADER, FP_BY_EXISTENCE, FP_BY_DEFINITION, FP_BY_NOT_CHECKED };

/* What a check looks at, one after the other; which of them depends on the provider (struct fp_provider). */
enum fp_stage {
	FP_STAGE_SOURCE, FP_STAGE_PATH, FP_STAGE_EXISTS, FP_STAGE_READABLE, FP_STAGE_DRIVER,                     /* files */
	FP_STAGE_NAME, FP_STAGE_ADDRESS, FP_STAGE_PORT, FP_STAGE_TLS, FP_STAGE_LOGIN, FP_STAGE_DATABASE, FP_STAGE_ANSWER, /* networks */
	FP_STAGE_LAYER, FP_STAGE_TABLE, FP_STAGE_GEOMETRY, FP_STAGE_KEY, FP_STAGE_FILTER, FP_STAGE_ROWS,
	FP_STAGES
};
enum fp_mark { FP_MARK_NONE, FP_MARK_OK, FP_MARK_WARN, FP_MARK_FAIL, FP_MARK_UNKNOWN, FP_MARK_NOT_REACHED };

#define FP_WKB_UNKNOWN (-1)

struct fp_verdict {
	enum fp_layer_status status;
	enum fp_confidence confidence;
	char *error_summary, *provider_summary; /* the reference's two columns, "" when empty */
	const char *cause, *owner; /* key in data/remedies.yaml and whose job it is; NULL when there is nothing to mend. Borrowed */
	char *sentence; /* what is wrong, in one sentence, "" likewise */
	char *detail;   /* the real cause in a driver's words, "" when none; sanitised, job folder stripped, at most 300 bytes */
	char *remedy;   /* what to do next, "" when valid */
	char *filename; /* resolved file, relative to the upload when it lies there, whether it exists or not; NULL: none is named */
	char *pk;       /* primary key field or NULL */
	int wkb_type;   /* QGIS' number of the geometry type (the "25D" ones are negative), FP_WKB_UNKNOWN when unknown */
	struct fp_strv warnings;
	struct fp_strv instead; /* what would work instead: files, layers, columns, the best first */
	struct fp_strv uses;    /* secrets that it relies on: "service:NAME", "env:PGPASSWORD" */
	struct {
		enum fp_mark mark;
		char *text; /* what was found there, may be NULL */
	} stages[FP_STAGES];
};

/* The files of an upload, listed when they are first asked for. Zero-initialise. */
struct fp_upload {
	int listed;
	struct fp_strv names, folded; /* parallel; FOLDED by fp_text_fold() */
};
void fp_upload_clear(struct fp_upload *u);

/* What the checks of one project share. */
struct fp_checker {
	const struct fp_project *project;
	struct fp_strv variables; /* names of the environment variables that are secrets of the project */
	struct fp_upload *upload; /* where they are kept; NULL: listed each time */
	int prober; /* a session (engine/prober/prober.h), -1: network checks are off */
};

/* Judges one layer. Never fails: what cannot be judged is FP_LAYER_NOT_CHECKED with its sentence. */
void fp_layer_check(struct fp_verdict *v, const struct fp_checker *k, const struct fp_layer_def *layer);

/* The verdict about a layer that nobody could judge: cause KEY (reader_crashed, reader_hung) with REASON. */
void fp_layer_unjudged(struct fp_verdict *v, const struct fp_checker *k, const struct fp_layer_def *layer, const char *key, const char *reason);
void fp_verdict_clear(struct fp_verdict *v);

/* The provider that opens L as QGIS spells it, also where the project leaves it out; "" when none does. Borrowed. */
const char *fp_layer_provider(const struct fp_layer_def *l);

/* "ok", "invalid_dataprovider" ... */
const char *fp_layer_status_word(enum fp_layer_status s);

/* The layer object of contract.md's `check --json`, and beside it "cause", "owner", "sentence", "instead", "uses" and
 * "stages":[{"stage":"exists","mark":"ok"|"warning"|"fail"|"unknown"|"not reached","text"}]. New reference. */
json_t *fp_verdict_json(const struct fp_verdict *v, const struct fp_layer_def *layer);

#endif
