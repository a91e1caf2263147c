#include "engine/store/faulty.h"

#include "engine/store/db.h"

#define PIECE 65536

enum fp_status fp_faulty_list(struct fp_store *s, const char *project_id, fp_faulty_each *each, void *arg, struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT id, at, length(text), uuid, by, reason FROM deltafile WHERE project_id = ? AND reason <> '' ORDER BY id DESC", FP_VALS(fp_t(project_id)));

	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more) {
			struct fp_faulty_row r = {
				.id = sqlite3_column_int64(st, 0), .at = sqlite3_column_int64(st, 1), .size = sqlite3_column_int64(st, 2),
				.uuid = fp_db_text(st, 3), .by = fp_db_text(st, 4), .reason = fp_db_text(st, 5),
			};
			each(arg, &r);
		}
	}
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_faulty_write(struct fp_store *s, const char *project_id, int64_t id, FILE *to, struct fp_error *err)
{
	sqlite3_blob *blob = NULL;
	char block[PIECE];
	int64_t found = 0;
	int rc, size;
	enum fp_status st = fp_db_int(s, &found, err, "SELECT id FROM deltafile WHERE id = ? AND project_id = ? AND reason <> ''",
		FP_VALS(fp_i(id), fp_t(project_id)));

	if (st == FP_OK && !found)
		st = fp_fail(err, FP_E_NOTFOUND, "this project has no faulty deltafile %lld", (long long)id);
	if (st != FP_OK)
		return st;
	rc = sqlite3_blob_open(s->db, "main", "deltafile", "text", id, 0, &blob);
	size = rc == SQLITE_OK ? sqlite3_blob_bytes(blob) : 0;
	for (int at = 0; rc == SQLITE_OK && at < size; at += PIECE) {
		int n = size - at < PIECE ? size - at : PIECE;
		rc = sqlite3_blob_read(blob, block, n, at);
		if (rc == SQLITE_OK && fwrite(block, 1, (size_t)n, to) != (size_t)n)
			break; /* whoever opened the file sees it there */
	}
	sqlite3_blob_close(blob);
	return rc == SQLITE_OK ? FP_OK : fp_db_fail(s, rc, "cannot read the deltafile", err);
}
