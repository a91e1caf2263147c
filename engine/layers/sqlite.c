#include "engine/layers/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/layers/formats.h"
#include "engine/layers/gdal_gate.h"

#define CELL_MAX (16 << 20)
#define STEPS 1000      /* of SQLite's machine between two looks at the bound */
#define LOOKS_MAX 20000 /* some tenths of a second */

/* Only reading, and no function that reaches out of the database. */
static int authorize(void *arg, int action, const char *a, const char *b, const char *database, const char *trigger)
{
	static const char *const denied[] = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", NULL};

	(void)arg;
	(void)a;
	(void)database;
	(void)trigger;
	if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE)
		return SQLITE_OK;
	if (action != SQLITE_FUNCTION)
		return SQLITE_DENY;
	for (const char *const *d = denied; *d; d++)
		if (b && sqlite3_stricmp(b, *d) == 0)
			return SQLITE_DENY;
	return SQLITE_OK;
}

static char *as_uri(const char *path, int immutable)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "file:");
	for (const char *p = path; *p; p++) {
		if (strchr("%?#", *p))
			fp_buf_addf(&b, "%%%02X", (unsigned char)*p);
		else
			fp_buf_addc(&b, *p);
	}
	fp_buf_addf(&b, "?mode=ro%s", immutable ? "&immutable=1" : "");
	return fp_buf_take(&b);
}

enum fp_status fp_sqlite_uri(char **out, const char *path, struct fp_error *err)
{
	const char *settled;
	enum fp_status st = fp_gdal_quiet_copy(&settled, path, 0, err);

	*out = st == FP_OK ? as_uri(settled, settled == path) : NULL; /* a copy may have a -wal to be read */
	return st;
}

enum fp_status fp_sqlite_open(sqlite3 **db, const char *path, struct fp_error *err)
{
	enum { HOW = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX }; /* there are no threads */
	char *uri;
	enum fp_status st = fp_sqlite_uri(&uri, path, err);

	*db = NULL;
	if (st != FP_OK)
		return st;
	if (sqlite3_open_v2(uri, db, HOW, NULL) != SQLITE_OK)
		st = fp_fail(err, FP_E_INVALID, "%s", *db ? sqlite3_errmsg(*db) : "out of memory");
	free(uri);
	if (st != FP_OK) {
		sqlite3_close(*db);
		*db = NULL;
		return st;
	}
	sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(*db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
	sqlite3_limit(*db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, CELL_MAX);
	return FP_OK;
}

static int is_beyond_us(const char *message)
{
	static const char *const starts[] = {"no such function", "no such module", "not authorized", "access to", "prohibited", "unsafe use of"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (strncmp(message, starts[i], strlen(starts[i])) == 0)
			return 1;
	return strstr(message, "prohibited") != NULL;
}

/* The caller finalises *STMT, also when this fails. */
static enum fp_status prepare(sqlite3_stmt **stmt, sqlite3 *db, const char *sql, struct fp_error *err)
{
	*stmt = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, stmt, NULL) != SQLITE_OK)
		return fp_fail(err, is_beyond_us(sqlite3_errmsg(db)) ? FP_E_REFUSED : FP_E_INVALID, "%s", sqlite3_errmsg(db));
	return *stmt ? FP_OK : fp_fail(err, FP_E_INVALID, "incomplete input");
}

enum fp_status fp_sqlite_compile_on(sqlite3 *db, const char *sql, struct fp_strv *columns, struct fp_error *err)
{
	sqlite3_stmt *stmt;
	enum fp_status st;

	sqlite3_set_authorizer(db, authorize, NULL);
	st = prepare(&stmt, db, sql, err);
	for (int i = 0; columns && st == FP_OK && i < sqlite3_column_count(stmt); i++)
		fp_strv_add(columns, sqlite3_column_name(stmt, i));
	sqlite3_finalize(stmt);
	sqlite3_set_authorizer(db, NULL, NULL);
	return st;
}

static int count_looks(void *arg)
{
	return ++*(int *)arg > LOOKS_MAX;
}

static enum fp_status step(struct fp_buf *bytes, sqlite3 *db, sqlite3_stmt *stmt, struct fp_error *err)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		if (sqlite3_column_type(stmt, 0) == SQLITE_BLOB && sqlite3_column_bytes(stmt, 0) > 0)
			fp_buf_add(bytes, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
		return FP_OK;
	case SQLITE_DONE:
		return fp_fail(err, FP_E_NOTFOUND, "it gives no row");
	case SQLITE_INTERRUPT:
		return fp_fail(err, FP_E_TIMEOUT, "it takes too long");
	default:
		return fp_fail(err, FP_E_INVALID, "%s", sqlite3_errmsg(db));
	}
}

enum fp_status fp_sqlite_first(struct fp_buf *bytes, sqlite3 *db, const char *sql, struct fp_error *err)
{
	sqlite3_stmt *stmt;
	enum fp_status st;
	int looks = 0;

	sqlite3_set_authorizer(db, authorize, NULL);
	sqlite3_progress_handler(db, STEPS, count_looks, &looks);
	st = prepare(&stmt, db, sql, err);
	if (st == FP_OK)
		st = step(bytes, db, stmt, err);
	sqlite3_finalize(stmt);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	sqlite3_set_authorizer(db, NULL, NULL);
	return st;
}

enum fp_status fp_sqlite_compile(const char *path, const char *sql, struct fp_error *err)
{
	sqlite3 *db;
	enum fp_status st = fp_sqlite_open(&db, path, err);

	if (st != FP_OK)
		return st;
	st = fp_sqlite_compile_on(db, sql, NULL, err);
	sqlite3_close(db);
	return st;
}

int fp_sqlite_is_rasterlite(const char *path)
{
	static const char sql[] = "SELECT 1 FROM sqlite_master a JOIN sqlite_master b ON b.name = replace(a.name, '_rasters', '_metadata')"
		" WHERE a.name LIKE '%\\_rasters' ESCAPE '\\'";
	struct fp_sniff s;
	sqlite3 *db;
	sqlite3_stmt *stmt = NULL;
	int found = 0;

	if (fp_sniff(&s, path) != 0 || s.magic != FP_MAGIC_SQLITE || fp_sqlite_open(&db, path, NULL) != FP_OK)
		return 0;
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK)
		found = sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return found;
}

char *fp_sqlite_quote(const char *name)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addc(&b, '"');
	for (; *name; name++) {
		if (*name == '"')
			fp_buf_addc(&b, '"');
		fp_buf_addc(&b, *name);
	}
	fp_buf_addc(&b, '"');
	return fp_buf_take(&b);
}
