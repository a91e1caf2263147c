/* Deltafiles: parsed and validated in the parent (no GDAL here). spec/deltas.md section 1, rule O1. */
#ifndef FP_CHANGES_DELTAFILE_H
#define FP_CHANGES_DELTAFILE_H

#include <jansson.h>
#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/ids.h"
#include "engine/changes/scan.h"

/* A deltafile may have so many bytes, and what is no delta in it (clientPks above all) so many: that much is held in memory. */
#define FP_DELTAFILE_MAX (256LL << 20)
#define FP_DELTAFILE_HEAD_MAX (16LL << 20)

struct fp_deltafile {
	json_t *head;              /* owned: all its members; deltas is empty, they are read one by one */
	const char *id;            /* borrowed from head */
	const json_t *client_pks;  /* borrowed object or NULL */
	size_t n;                  /* deltas */
	/* for fp_deltafile_next() */
	const char *text;
	size_t len, begin;
	struct fp_scan scan;
	struct fp_buf clean;
};

/* Reads LEN bytes of JSON and checks the schema of all of it, one delta at a time. TEXT must live as long as D. FP_E_INVALID names the first fault and
 * where it is ("deltas[3].method is \"upsert\", expected create, patch or delete"), or says that too much stands beside the deltas; FP_E_FULL: it is
 * larger than FP_DELTAFILE_MAX. "\u0000" escapes are stripped first; an integer too large for 64 bits is read as a real number, so that one absurd value is
 * a fault of its delta and not of the file. `old`, `new`, `clientId` and `clientPks` may be missing (O1): whether a delta can do without is decided when it
 * is applied. */
enum fp_status fp_deltafile_parse(struct fp_deltafile *d, const char *text, size_t len, struct fp_error *err);
void fp_deltafile_clear(struct fp_deltafile *d);

/* The deltas in the order of the file: new reference; NULL behind the last one, and then from the first on again. */
json_t *fp_deltafile_next(struct fp_deltafile *d);

/* What a file is before it is parsed: 1 when a member "deltas" stands in it at the top or, where it is no JSON, anywhere. ID and PROJECT get what stands in
 * it, or "". */
int fp_deltafile_looks_like(const char *text, size_t len, char id[FP_UUID_SIZE], char project[FP_UUID_SIZE]);

/* What a delta is about, borrowed from it; never NULL, "" when absent. LAYER_ID is sourceLayerId, or localLayerId when that is empty. */
const char *fp_delta_uuid(const json_t *delta);
const char *fp_delta_method(const json_t *delta);
const char *fp_delta_layer_id(const json_t *delta);
const char *fp_delta_client_id(const json_t *delta);

/* The key that CLIENT_PKS (may be NULL) knows for DELTA's local key: "<clientId>__<layerId>__<localPk>", or the older "<clientId>__<localPk>".
 * Caller frees; NULL when it knows none. */
char *fp_delta_mapped_pk(const json_t *client_pks, const json_t *delta);

/* The delta that undoes DELTA (rule O10): old and new swapped, create and delete swapped. New reference. */
json_t *fp_delta_inverse(const json_t *delta);

/* Writes the worker's input (engine/worker/job.h "deltas") for a whole deltafile; inverse: inverted and in reverse order. PATH must not exist;
 * on failure it is removed. */
enum fp_status fp_deltafile_write_jsonl(struct fp_deltafile *d, int inverse, const char *path, struct fp_error *err);

#endif
