#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "engine/base/mem.h"
#include "engine/changes/lite_blob.h"
#include "engine/layers/wkt.h"

static int head_of(struct fp_lite_head *h, sqlite3_value *v)
{
	if (sqlite3_value_type(v) != SQLITE_BLOB)
		return -1;
	return fp_lite_blob_head(h, sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
}

static void envelope_side(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct fp_lite_head h;

	(void)n;
	if (head_of(&h, v[0]) == 0)
		sqlite3_result_double(c, h.envelope[(intptr_t)sqlite3_user_data(c)]);
}

/* GeometryConstraints(geometry, type, srid [, dimensions]): 1 when a column of that type may hold it. Type 0 and "GEOMETRY" take any; the layouts before 4.0
 * write the type as a word and the dimensions behind it. */
static void constraints(sqlite3_context *c, int n, sqlite3_value **v)
{
	static const char *const dimensions[] = {"XY", "XYZ", "XYM", "XYZM"};
	struct fp_lite_head h;
	int type, ok;

	if (sqlite3_value_type(v[0]) == SQLITE_NULL) {
		sqlite3_result_int(c, 1);
		return;
	}
	if (head_of(&h, v[0]) != 0 || h.srid != sqlite3_value_int(v[2])) {
		sqlite3_result_int(c, 0);
		return;
	}
	type = sqlite3_value_type(v[1]) == SQLITE_TEXT ? fp_wkb_word((const char *)sqlite3_value_text(v[1])) : sqlite3_value_int(v[1]);
	ok = type <= 0 || type % 1000 == 0 || h.type % 1000 == type % 1000;
	if (sqlite3_value_type(v[1]) != SQLITE_TEXT)
		ok &= h.type / 1000 == type / 1000;
	else if (n > 3 && sqlite3_value_text(v[3]))
		ok &= h.type < 4000 && strcasecmp(dimensions[h.type / 1000], (const char *)sqlite3_value_text(v[3])) == 0;
	sqlite3_result_int(c, ok);
}

/* RTreeAlign(index, row, geometry): the row's entry in a spatial index is made anew. */
static void align(sqlite3_context *c, int n, sqlite3_value **v)
{
	sqlite3 *db = sqlite3_context_db_handle(c);
	struct fp_lite_head h;
	sqlite3_stmt *s = NULL;
	char *sql;
	int rc;

	(void)n;
	if (head_of(&h, v[2]) != 0) {
		sqlite3_result_int(c, 1);
		return;
	}
	sql = sqlite3_mprintf("INSERT INTO \"%w\" (pkid, xmin, xmax, ymin, ymax) VALUES (?, ?, ?, ?, ?)", sqlite3_value_text(v[0]));
	rc = sql ? sqlite3_prepare_v2(db, sql, -1, &s, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(s, 1, sqlite3_value_int64(v[1]));
		for (int i = 0; i < 4; i++)
			sqlite3_bind_double(s, 2 + i, h.envelope[i]);
		sqlite3_step(s);
		rc = sqlite3_finalize(s);
	}
	if (rc != SQLITE_OK)
		sqlite3_result_error(c, "the spatial index cannot be written", -1);
	else
		sqlite3_result_int(c, 1);
}

int fp_lite_functions(sqlite3 *db)
{
	static const char *const sides[][4] = {
		{"MbrMinX", "MbrMaxX", "MbrMinY", "MbrMaxY"}, {"ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"},
	};
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int rc = sqlite3_create_function(db, "GeometryConstraints", 3, flags, NULL, constraints, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "GeometryConstraints", 4, flags, NULL, constraints, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "RTreeAlign", 3, SQLITE_UTF8, NULL, align, NULL, NULL);
	for (int i = 0; i < 2; i++)
		for (intptr_t k = 0; rc == SQLITE_OK && k < 4; k++)
			rc = sqlite3_create_function(db, sides[i][k], 1, flags, (void *)k, envelope_side, NULL, NULL);
	return rc;
}
