#include "engine/store/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

#define CACHE_MAX 96

enum fp_status fp_db_fail(struct fp_store *s, int rc, const char *what, struct fp_error *err)
{
	const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
	int sys = s->db ? sqlite3_system_errno(s->db) : 0;
	enum fp_status st;

	if (!sys && rc == SQLITE_IOERR_WRITE) /* a COMMIT does not record it */
		sys = errno;
	switch (rc & 0xff) {
	case SQLITE_FULL:
		st = fp_fail(err, FP_E_FULL, "%s: no space left for %s", what, s->path);
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (sys == ENOSPC || sys == EFBIG || sys == EDQUOT)
			st = fp_fail(err, FP_E_FULL, "%s: no space left for %s", what, s->path);
		else if (sys)
			st = fp_fail_errno(err, sys, "%s (%s)", what, s->path);
		else
			st = fp_fail(err, FP_E_IO, "%s (%s): %s", what, s->path, why);
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		st = fp_fail(err, FP_E_BUSY, "%s: %s is held by another process", what, s->path);
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		st = fp_fail(err, FP_E_DENIED, "%s: %s cannot be written", what, s->path);
		break;
	case SQLITE_NOTADB:
		st = fp_fail(err, FP_E_INVALID, "%s is no Fieldpost store, or it is damaged", s->path);
		fp_error_hint(err, "name another --home, or restore a backup");
		break;
	case SQLITE_CORRUPT:
		st = fp_fail(err, FP_E_CORRUPT, "%s: %s is damaged (%s)", what, s->path, why);
		fp_error_hint(err, "see what is left with: fieldpost doctor; restore a backup if there is one");
		break;
	case SQLITE_CONSTRAINT:
		if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
			st = fp_fail(err, FP_E_NOTFOUND, "%s: what it belongs to was deleted meanwhile", what);
		else
			st = fp_fail(err, FP_E_INTERNAL, "%s: %s", what, why);
		break;
	default:
		st = fp_fail(err, FP_E_INTERNAL, "%s: %s", what, why);
		break;
	}
	return st;
}

static struct fp_cached *find(struct fp_store *s, const char *sql)
{
	for (size_t i = 0; i < s->n_cache; i++)
		if (strcmp(s->cache[i].sql, sql) == 0)
			return &s->cache[i];
	return NULL;
}

/* Room for one more: a new place, or that of the one that nobody asked for longest. */
static struct fp_cached *room(struct fp_store *s)
{
	struct fp_cached *oldest = NULL;

	if (s->n_cache < CACHE_MAX) {
		FP_GROW(s->cache, s->n_cache, s->cap_cache);
		return &s->cache[s->n_cache++];
	}
	for (size_t i = 0; i < s->n_cache; i++)
		if (!sqlite3_stmt_busy(s->cache[i].st) && (!oldest || s->cache[i].used < oldest->used))
			oldest = &s->cache[i];
	if (oldest) {
		sqlite3_finalize(oldest->st);
		free(oldest->sql);
	}
	return oldest;
}

static void bind(sqlite3_stmt *st, const struct fp_val *v, size_t n)
{
	fp_assert(sqlite3_bind_parameter_count(st) == (int)n);
	for (size_t i = 0; i < n; i++) {
		int at = (int)i + 1, rc = SQLITE_OK;
		if (v[i].type == FP_VAL_NULL)
			rc = sqlite3_bind_null(st, at);
		else if (v[i].type == FP_VAL_INT)
			rc = sqlite3_bind_int64(st, at, v[i].i);
		else if (v[i].type == FP_VAL_TEXT)
			rc = sqlite3_bind_text(st, at, v[i].t, (int)v[i].i, SQLITE_STATIC);
		else
			rc = sqlite3_bind_blob64(st, at, v[i].t, (sqlite3_uint64)v[i].i, SQLITE_STATIC);
		fp_assert(rc == SQLITE_OK);
	}
}

enum fp_status fp_db_stmt(struct fp_store *s, sqlite3_stmt **out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n)
{
	struct fp_cached *c = find(s, sql), *place;
	sqlite3_stmt *st;
	int rc;

	if (c && !sqlite3_stmt_busy(c->st)) {
		c->used = ++s->clock;
		st = c->st;
	} else {
		rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
		if (rc != SQLITE_OK)
			return fp_db_fail(s, rc, "cannot read the store", err);
		place = c ? NULL : room(s); /* the second of two at once is not kept */
		if (place)
			*place = (struct fp_cached){fp_strdup(sql), st, ++s->clock};
	}
	bind(st, v, n);
	*out = st;
	return FP_OK;
}

enum fp_status fp_db_next(struct fp_store *s, sqlite3_stmt *st, int *row, struct fp_error *err)
{
	int rc;

	errno = 0;
	rc = sqlite3_step(st);
	*row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return FP_OK;
	return fp_db_fail(s, rc, s->depth > 0 ? "cannot write the store" : "cannot read the store", err);
}

void fp_db_end(struct fp_store *s, sqlite3_stmt *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < s->n_cache; i++) {
		if (s->cache[i].st != st)
			continue;
		sqlite3_reset(st);
		sqlite3_clear_bindings(st);
		return;
	}
	sqlite3_finalize(st);
}

static enum fp_status run_to_end(struct fp_store *s, sqlite3_stmt *st, struct fp_error *err)
{
	int row = 1;
	enum fp_status rc = FP_OK;

	while (rc == FP_OK && row)
		rc = fp_db_next(s, st, &row, err);
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_db_run(struct fp_store *s, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n)
{
	sqlite3_stmt *st;
	enum fp_status rc = fp_db_stmt(s, &st, err, sql, v, n);

	if (rc != FP_OK)
		return rc;
	fp_assert(sqlite3_stmt_readonly(st) || s->depth > 0);
	return run_to_end(s, st, err);
}

enum fp_status fp_db_cache(struct fp_store *s, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n)
{
	sqlite3_stmt *st;
	enum fp_status rc = fp_db_stmt(s, &st, err, sql, v, n);

	return rc == FP_OK ? run_to_end(s, st, err) : rc;
}

/* The statement at its first row, or NULL in *OUT when there is none or its first cell is NULL. */
static enum fp_status first_cell(struct fp_store *s, sqlite3_stmt **out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n)
{
	int row = 0;
	enum fp_status rc = fp_db_stmt(s, out, err, sql, v, n);

	if (rc != FP_OK) {
		*out = NULL;
		return rc;
	}
	rc = fp_db_next(s, *out, &row, err);
	if (rc != FP_OK || !row || sqlite3_column_type(*out, 0) == SQLITE_NULL) {
		fp_db_end(s, *out);
		*out = NULL;
	}
	return rc;
}

enum fp_status fp_db_int(struct fp_store *s, int64_t *out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n)
{
	sqlite3_stmt *st;
	enum fp_status rc = first_cell(s, &st, err, sql, v, n);

	if (st)
		*out = sqlite3_column_int64(st, 0);
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_db_str(struct fp_store *s, char **out, struct fp_error *err, const char *sql, const struct fp_val *v, size_t n)
{
	sqlite3_stmt *st;
	enum fp_status rc = first_cell(s, &st, err, sql, v, n);

	*out = st ? fp_strdup(fp_db_text(st, 0)) : NULL;
	fp_db_end(s, st);
	return rc;
}

int64_t fp_db_changes(struct fp_store *s)
{
	return sqlite3_changes64(s->db);
}

int64_t fp_db_last_id(struct fp_store *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

const char *fp_db_text(sqlite3_stmt *st, int c)
{
	const char *t = (const char *)sqlite3_column_text(st, c);

	return t ? t : "";
}

void fp_db_free_cache(struct fp_store *s)
{
	for (size_t i = 0; i < s->n_cache; i++) {
		sqlite3_finalize(s->cache[i].st);
		free(s->cache[i].sql);
	}
	free(s->cache);
	s->cache = NULL;
	s->n_cache = s->cap_cache = 0;
}
