/* Transactions: the gate around every one, revisions for those who watch, a checkpoint when the log has grown. */
#include "engine/store/db.h"

#define WAL_PAGES_MAX 1000

enum fp_status fp_store_begin(struct fp_store *s, struct fp_error *err)
{
	enum fp_status st;

	if (s->depth > 0) {
		s->depth++;
		return FP_OK;
	}
	if (s->read_only)
		return fp_fail(err, FP_E_DENIED, "nothing can be written: %s was opened read-only", s->home);
	st = fp_gate_lock(s, err);
	if (st != FP_OK)
		return st;
	s->depth = 1;
	s->broken = 0;
	s->touched = 0;
	st = fp_db_run(s, err, "BEGIN IMMEDIATE", FP_NOVALS);
	if (st != FP_OK) {
		s->depth = 0;
		fp_gate_unlock(s);
	}
	return st;
}

static void leave(struct fp_store *s)
{
	if (!sqlite3_get_autocommit(s->db)) /* after a full disk SQLite has rolled back already */
		fp_db_run(s, NULL, "ROLLBACK", FP_NOVALS);
	s->depth = 0;
	fp_gate_unlock(s);
}

/* What is left to do later is no fault of the commit: it is done. */
static void checkpoint(struct fp_store *s)
{
	if (s->wal_pages >= WAL_PAGES_MAX && sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK)
		s->wal_pages = 0;
}

enum fp_status fp_store_commit(struct fp_store *s, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	fp_assert(s->depth > 0);
	if (s->depth > 1) {
		s->depth--;
		return FP_OK;
	}
	if (s->broken)
		st = fp_fail(err, FP_E_INTERNAL, "a part of this transaction failed, so none of it was kept");
	if (st == FP_OK && s->touched)
		st = fp_db_run(s, err, "UPDATE revision SET n = n + 1 WHERE kind & ?", FP_VALS(fp_i(s->touched)));
	if (st == FP_OK)
		st = fp_db_run(s, err, "COMMIT", FP_NOVALS);
	if (st == FP_OK) {
		s->commits++;
		checkpoint(s);
	}
	leave(s);
	return st;
}

void fp_store_rollback(struct fp_store *s)
{
	fp_assert(s->depth > 0);
	s->broken = 1;
	if (s->depth > 1)
		s->depth--;
	else
		leave(s);
}

enum fp_status fp_store_end(struct fp_store *s, enum fp_status st, struct fp_error *err)
{
	if (st == FP_OK)
		return fp_store_commit(s, err);
	fp_store_rollback(s);
	return st;
}

unsigned fp_store_changed(struct fp_store *s)
{
	sqlite3_stmt *st;
	int64_t version = s->seen_version;
	unsigned kinds = 0;
	int row = 1;

	if (fp_db_int(s, &version, NULL, "PRAGMA data_version", FP_NOVALS) != FP_OK)
		return 0;
	if (version == s->seen_version && s->commits == s->seen_commits)
		return 0;
	if (fp_db_stmt(s, &st, NULL, "SELECT kind, n FROM revision", FP_NOVALS) != FP_OK)
		return 0;
	while (fp_db_next(s, st, &row, NULL) == FP_OK && row) {
		int kind = sqlite3_column_int(st, 0), bit = __builtin_ctz((unsigned)kind | 1U << FP_KINDS);
		int64_t n = sqlite3_column_int64(st, 1);
		if (bit < FP_KINDS && s->seen[bit] != n) {
			s->seen[bit] = n;
			kinds |= (unsigned)kind;
		}
	}
	fp_db_end(s, st);
	s->seen_version = version;
	s->seen_commits = s->commits;
	return kinds;
}
