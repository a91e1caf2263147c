#include "engine/store/history.h"

#include <stdio.h>

#include "engine/store/db.h"

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* The file of the layer, its name. */
static enum fp_status complete(struct fp_store *s, struct fp_feature_name *f, struct fp_error *err)
{
	sqlite3_stmt *q;
	int row;
	enum fp_status st = fp_db_stmt(s, &q, err, "SELECT layer_id, name, filename FROM layer WHERE project_id = ?1 AND (layer_id = ?2 OR name = ?2)"
		" ORDER BY layer_id <> ?2", FP_VALS(fp_t(f->project_id), fp_t(f->layer_id)));

	if (st != FP_OK)
		return st;
	st = fp_db_next(s, q, &row, err);
	if (st == FP_OK && row) {
		char id[sizeof f->layer_id];
		copy(id, sizeof id, fp_db_text(q, 0));
		copy(f->layer_name, sizeof f->layer_name, fp_db_text(q, 1));
		copy(f->file, sizeof f->file, fp_db_text(q, 2));
		copy(f->layer_id, sizeof f->layer_id, id);
	}
	fp_db_end(s, q);
	return st;
}

enum fp_status fp_feature_of_change(struct fp_store *s, struct fp_feature_name *f, int64_t change_id, struct fp_error *err)
{
	sqlite3_stmt *q;
	int row;
	enum fp_status st = fp_db_stmt(s, &q, err, "SELECT c.project_id, coalesce(nullif(a.layer_id, ''), nullif(c.target_layer_id, ''), c.layer_id), c.layer_name,"
		" coalesce(nullif(a.modified_pk, ''), nullif(c.target_pk, ''), k.source_pk, nullif(c.source_pk, ''), '')"
		" FROM change c LEFT JOIN attempt a ON a.change_id = c.id AND a.outcome = 'applied'"
		" LEFT JOIN keymap k ON k.project_id = c.project_id AND k.client_id = c.client_id AND k.local_layer_id = c.local_layer_id"
		" AND k.local_pk = c.local_pk WHERE c.id = ? ORDER BY a.id DESC LIMIT 1", FP_VALS(fp_i(change_id)));

	*f = (struct fp_feature_name){0};
	if (st != FP_OK)
		return st;
	st = fp_db_next(s, q, &row, err);
	if (st == FP_OK && !row)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no change %lld", (long long)change_id);
	if (st == FP_OK) {
		copy(f->project_id, sizeof f->project_id, fp_db_text(q, 0));
		copy(f->layer_id, sizeof f->layer_id, fp_db_text(q, 1));
		copy(f->layer_name, sizeof f->layer_name, fp_db_text(q, 2));
		copy(f->key, sizeof f->key, fp_db_text(q, 3));
	}
	fp_db_end(s, q);
	if (st == FP_OK && !*f->key)
		st = fp_fail(err, FP_E_NOTFOUND, "the source knows no feature of this change: it made none yet");
	return st == FP_OK ? complete(s, f, err) : st;
}

enum fp_status fp_feature_named(struct fp_store *s, struct fp_feature_name *f, const char *project_id, const char *layer, const char *key,
	struct fp_error *err)
{
	*f = (struct fp_feature_name){0};
	copy(f->project_id, sizeof f->project_id, project_id);
	copy(f->layer_id, sizeof f->layer_id, layer);
	copy(f->layer_name, sizeof f->layer_name, layer);
	copy(f->key, sizeof f->key, key);
	return complete(s, f, err);
}

/* Changes that were applied to the feature; those that wait and name it by the source's key, or by what a device calls it. */
#define CHANGES \
	"WITH one(id) AS (SELECT a.change_id FROM attempt a JOIN change c ON c.id = a.change_id WHERE a.layer_id = ?2 AND a.modified_pk = ?3 AND c.project_id = ?1" \
	" UNION SELECT id FROM change WHERE project_id = ?1 AND source_pk = ?3 AND layer_id = ?2" \
	" AND status IN ('pending', 'conflict', 'not_applied', 'error', 'ignored')" \
	" UNION SELECT c.id FROM keymap k JOIN change c ON c.project_id = k.project_id AND c.local_layer_id = k.local_layer_id AND c.local_pk = k.local_pk" \
	" AND c.client_id = k.client_id AND c.status IN ('pending', 'conflict', 'not_applied', 'error', 'ignored')" \
	" WHERE k.project_id = ?1 AND k.source_pk = ?3 AND c.layer_id = ?2)," \
	" event(at, kind, uuid, method, who, client_id, outcome, text, hash_before, hash_after, job_id, version, part) AS (" \
	" SELECT c.created_at, iif(c.undo_of, 'undo', 'pushed'), c.uuid, c.method, c.created_by, c.client_id, c.status, c.fields, '', '', 0, 0, 0" \
	" FROM one JOIN change c ON c.id = one.id" \
	" UNION ALL SELECT a.at, 'attempt', c.uuid, c.method, a.who, c.client_id, a.outcome, a.msg, a.hash_before, a.hash_after, a.job_id, 0, 2" \
	" FROM one JOIN attempt a ON a.change_id = one.id JOIN change c ON c.id = one.id" \
	" UNION ALL SELECT m.at, 'decided', c.uuid, c.method, m.who, c.client_id, m.kind, m.reason, '', '', 0, 0, 1" \
	" FROM one JOIN amendment m ON m.change_id = one.id JOIN change c ON c.id = one.id" \
	" UNION ALL SELECT v.at, 'file', '', '', v.by, '', '', f.name, '', '', iif(v.by GLOB 'job [0-9]*', CAST(substr(v.by, 5) AS INTEGER), 0), v.version, 3" \
	" FROM file f JOIN file_version v ON v.file_id = f.id WHERE f.project_id = ?1 AND f.name = ?4)"

enum fp_status fp_history_list(struct fp_store *s, const struct fp_feature_name *f, int64_t offset, int64_t limit, fp_history_each *each, void *arg,
	struct fp_error *err)
{
	sqlite3_stmt *q;
	int row;
	enum fp_status st = fp_db_stmt(s, &q, err, CHANGES " SELECT at, kind, uuid, method, who, client_id, outcome, text, hash_before, hash_after, job_id, version"
		" FROM event ORDER BY at DESC, part DESC, uuid LIMIT ?6 OFFSET ?5",
		FP_VALS(fp_t(f->project_id), fp_t(f->layer_id), fp_t(f->key), fp_t(f->file), fp_i(offset), fp_i(limit)));

	if (st != FP_OK)
		return st;
	while ((st = fp_db_next(s, q, &row, err)) == FP_OK && row) {
		const struct fp_history_row r = {
			.at = sqlite3_column_int64(q, 0), .kind = fp_db_text(q, 1), .uuid = fp_db_text(q, 2), .method = fp_db_text(q, 3), .who = fp_db_text(q, 4),
			.client_id = fp_db_text(q, 5), .outcome = fp_db_text(q, 6), .text = fp_db_text(q, 7), .hash_before = fp_db_text(q, 8),
			.hash_after = fp_db_text(q, 9), .job_id = sqlite3_column_int64(q, 10), .version = sqlite3_column_int64(q, 11),
		};
		each(arg, &r);
	}
	fp_db_end(s, q);
	return st;
}

enum fp_status fp_history_count(struct fp_store *s, const struct fp_feature_name *f, int64_t *n, struct fp_error *err)
{
	*n = 0;
	return fp_db_int(s, n, err, CHANGES " SELECT count(*) FROM event", FP_VALS(fp_t(f->project_id), fp_t(f->layer_id), fp_t(f->key), fp_t(f->file)));
}
