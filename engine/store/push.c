/* A deltafile comes in: kept as it came, its changes as pending. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/changes/deltafile.h"
#include "engine/store/activity.h"
#include "engine/store/changes.h"
#include "engine/store/db.h"

#define FIELDS_BYTES_MAX 1000
#define PIECE ((size_t)1 << 20)

/* Piece by piece, so that a large file does not come to stand in memory a second time. */
static enum fp_status write_text(struct fp_store *s, int64_t id, const char *text, size_t len, struct fp_error *err)
{
	sqlite3_blob *blob = NULL;
	int rc = sqlite3_blob_open(s->db, "main", "deltafile", "text", id, 1, &blob);

	for (size_t at = 0; rc == SQLITE_OK && at < len; at += PIECE)
		rc = sqlite3_blob_write(blob, text + at, (int)(len - at < PIECE ? len - at : PIECE), (int)at);
	sqlite3_blob_close(blob);
	return rc == SQLITE_OK ? FP_OK : fp_db_fail(s, rc, "cannot keep the deltafile", err);
}

enum fp_status fp_change_keep_file(struct fp_store *s, int64_t *id, const char *project_id, const char *uuid, const char *text, size_t len,
	const char *reason, const char *who, struct fp_error *err)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[crypto_hash_sha256_BYTES * 2 + 1];
	enum fp_status st;

	crypto_hash_sha256(hash, (const unsigned char *)text, len);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	*id = 0;
	st = fp_db_int(s, id, err, "SELECT id FROM deltafile WHERE project_id = ? AND sha256 = ?", FP_VALS(fp_t(project_id), fp_t(hex)));
	if (st != FP_OK || *id)
		return st; /* the very same file again */
	st = fp_db_run(s, err, "INSERT INTO deltafile (project_id, uuid, sha256, at, by, reason, text) VALUES (?, ?, ?, ?, ?, ?, zeroblob(?))",
		FP_VALS(fp_t(project_id), fp_t(uuid), fp_t(hex), fp_i(fp_now_ms()), fp_t(who), fp_t(reason ? reason : ""), fp_i((int64_t)len)));
	*id = fp_db_last_id(s);
	return st == FP_OK ? write_text(s, *id, text, len, err) : st;
}

/* "species, height, geometry": what a change touches, for people. */
static void list_fields(struct fp_buf *b, const json_t *delta)
{
	const json_t *new = json_object_get(delta, "new");
	const char *name;
	json_t *v;

	json_object_foreach(json_object_get(new, "attributes"), name, v) {
		if (b->len > FIELDS_BYTES_MAX) {
			fp_buf_adds(b, ", ...");
			return;
		}
		fp_buf_adds(b, b->len ? ", " : "");
		fp_text_sanitise(b, name, strlen(name));
	}
	if (json_object_get(new, "geometry"))
		fp_buf_adds(b, b->len ? ", geometry" : "geometry");
}

/* 1 when that uuid is known in this project; *SAME says whether it says the same. */
static enum fp_status known(struct fp_store *s, const char *project_id, const char *uuid, const json_t *delta, int *is_known, int *same,
	struct fp_error *err)
{
	char *body;
	json_t *old;
	enum fp_status st = fp_db_str(s, &body, err,
		"SELECT b.body FROM change c JOIN change_body b ON b.change_id = c.id WHERE c.project_id = ? AND c.uuid = ?",
		FP_VALS(fp_t(project_id), fp_t(uuid)));

	*is_known = body != NULL;
	*same = 0;
	if (body && fp_json_parse(&old, body, strlen(body), NULL) == FP_OK) {
		*same = json_equal(old, delta);
		json_decref(old);
	}
	free(body);
	return st;
}

enum fp_status fp_change_keep(struct fp_store *s, int64_t *id, const char *project_id, int64_t file, const json_t *delta, const char *who,
	int64_t now, struct fp_error *err)
{
	struct fp_buf fields = FP_BUF_INIT;
	char *fold, *body = fp_json_dump(delta);
	const char *layer = fp_delta_layer_id(delta), *local = fp_json_str_or(delta, "localLayerId", "");
	enum fp_status st;

	list_fields(&fields, delta);
	fold = fp_text_fold(fields.data);
	st = fp_db_run(s, err,
		"INSERT INTO change (project_id, deltafile_id, uuid, wanted_by, method, layer_id, local_layer_id, layer_name, local_pk, source_pk, "
		"client_id, fields, fold, created_by, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
		"coalesce(?8, (SELECT name FROM layer WHERE project_id = ?1 AND layer_id = ?6), ''), ?9, ?10, ?11, ?12, ?13, ?4, ?14, ?14)",
		FP_VALS(fp_t(project_id), fp_i(file), fp_t(fp_delta_uuid(delta)), fp_t(who), fp_t(fp_delta_method(delta)), fp_t(layer),
			fp_t(*local ? local : layer), fp_t(fp_json_str(delta, "localLayerName")), fp_t(fp_json_str_or(delta, "localPk", "")),
			fp_t(fp_json_str_or(delta, "sourcePk", "")), fp_t(fp_delta_client_id(delta)), fp_t(fields.data), fp_t(fold), fp_i(now)));
	*id = fp_db_last_id(s);
	if (st == FP_OK)
		st = fp_db_run(s, err, "INSERT INTO change_body (change_id, body) VALUES (?, ?)", FP_VALS(fp_i(*id), fp_t(body)));
	free(fold);
	free(body);
	fp_buf_free(&fields);
	return st;
}

static enum fp_status keep_changes(struct fp_store *s, const char *project_id, struct fp_deltafile *d, const char *who,
	struct fp_push_result *result, struct fp_error *err)
{
	int64_t now = fp_now_ms();
	enum fp_status st = FP_OK;
	json_t *delta;

	while ((delta = fp_deltafile_next(d))) {
		int is_known = 0, same = 0;
		int64_t id;
		if (st == FP_OK)
			st = known(s, project_id, fp_delta_uuid(delta), delta, &is_known, &same, err);
		if (st == FP_OK && !is_known)
			st = fp_change_keep(s, &id, project_id, result->file, delta, who, now, err);
		if (st == FP_OK && is_known && !same) {
			fp_strv_add(&result->others, fp_delta_uuid(delta));
			st = fp_activity_add(s, who, "push", project_id, err, "change %s is known with another content, the first one stays",
				fp_delta_uuid(delta));
		}
		result->accepted += !is_known;
		result->known += is_known && same;
		result->differing += is_known && !same;
		json_decref(delta);
	}
	return st;
}

void fp_push_result_clear(struct fp_push_result *r)
{
	fp_strv_free(&r->others);
	memset(r, 0, sizeof *r);
}

enum fp_status fp_change_push(struct fp_store *s, const char *project_id, struct fp_deltafile *d, const char *text, size_t len,
	const char *reason, const char *who, struct fp_push_result *result, struct fp_error *err)
{
	char id[FP_UUID_SIZE], project[FP_UUID_SIZE];
	enum fp_status st = fp_store_begin(s, err);

	memset(result, 0, sizeof *result);
	if (st != FP_OK)
		return st;
	if (!d)
		fp_deltafile_looks_like(text, len, id, project);
	st = fp_change_keep_file(s, &result->file, project_id, d ? d->id : id, text, len, reason, who, err);
	if (st == FP_OK && !reason)
		st = keep_changes(s, project_id, d, who, result, err);
	if (st == FP_OK)
		st = reason ? fp_activity_add(s, who, "push refused", project_id, err, "%s", reason)
			: fp_activity_add(s, who, "push", project_id, err, "%lld new, %lld known, %lld known with another content",
				(long long)result->accepted, (long long)result->known, (long long)result->differing);
	st = fp_store_end(s, st, err);
	if (st != FP_OK)
		result->file = 0;
	return st;
}
