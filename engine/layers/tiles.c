#include "engine/layers/tiles.h"

#include <stdlib.h>
#include <string.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/sqlite.h"
#include "engine/project/source.h"

int fp_tiles_has_template(const char *url)
{
	return strstr(url, "{x}") && strstr(url, "{z}") && (strstr(url, "{y}") || strstr(url, "{-y}"));
}

int fp_tiles_is_fetchable(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 || strncmp(url, "file:", 5) == 0;
}

/* The format that the file says it has, NULL when it cannot be asked. Caller frees. */
static char *format_of(sqlite3 *db, struct fp_error *err)
{
	sqlite3_stmt *st;
	char *format = NULL;
	int rc;

	if (sqlite3_prepare_v2(db, "SELECT value FROM metadata ORDER BY name = 'format' DESC LIMIT 1", -1, &st, NULL) != SQLITE_OK) {
		fp_fail(err, FP_E_INVALID, "%s", sqlite3_errmsg(db));
		return NULL;
	}
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		format = fp_strdup(rc == SQLITE_ROW && sqlite3_column_text(st, 0) ? (const char *)sqlite3_column_text(st, 0) : "");
	else
		fp_fail(err, FP_E_INVALID, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return format;
}

static void broken(struct fp_check *c, const char *real, const char *reason)
{
	char *why = fp_asprintf(": %s", reason);

	fp_verdict_detail(c, "%s", reason);
	fp_verdict_cause(c, "tiles_not_mbtiles", FP_SLOTS({"FILENAME", real}, {"REASON", why}));
	free(why);
}

static void check_file(struct fp_check *c, const char *real, const char *format)
{
	struct fp_error err;
	sqlite3 *db;
	char *found = NULL;

	fp_verdict_invalid(c);
	if (fp_sqlite_open(&db, real, &err) == FP_OK) {
		found = format_of(db, &err);
		sqlite3_close(db);
	}
	if (!found)
		broken(c, real, err.msg);
	else if (format && strcmp(found, format) != 0)
		broken(c, real, "it holds no vector tiles");
	else {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "MBTiles (%s)", found);
	}
	free(found);
}

void fp_tiles_mbtiles(struct fp_check *c, const char *url, const char *format)
{
	int is_url = strncmp(url, "file:", 5) == 0;
	char *written = is_url ? fp_percent_decode(url + 5, strlen(url + 5)) : fp_strdup(url);
	char *path, *real;

	if (strncmp(written, "///", 3) == 0)
		memmove(written, written + 2, strlen(written + 2) + 1);
	path = is_url || format ? fp_source_resolve(c->layer->home, written) : fp_strdup(written); /* QGIS resolves no other form */
	real = fp_layer_file(c, written, path);
	if (real)
		check_file(c, real, format);
	free(written);
	free(path);
	free(real);
}
