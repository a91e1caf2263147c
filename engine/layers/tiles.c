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

/* Vector tiles are looked into by QGIS; pictures only when they are drawn, so for these the file has to be there and no more. */
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
	if (!format) {
		fp_verdict_ok(c, found ? FP_BY_CHECKED : FP_BY_EXISTENCE);
		if (!found)
			fp_verdict_warn(c, "the file is no MBTiles file (%s): no tile will be shown", err.msg);
	} else if (!found) {
		broken(c, real, err.msg);
	} else if (strcmp(found, format) != 0) {
		broken(c, real, "it holds no vector tiles");
	} else {
		fp_verdict_ok(c, FP_BY_CHECKED);
	}
	if (found && c->v->status == FP_LAYER_OK)
		fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "MBTiles (%s)", found);
	free(found);
}

static void check_path(struct fp_check *c, const char *written, const char *path, const char *format)
{
	char *real = fp_layer_file(c, written, path);

	if (real)
		check_file(c, real, format);
	free(real);
}

static void wrong_form(struct fp_check *c, const char *url, const char *form)
{
	fp_verdict_invalid(c);
	fp_verdict_detail(c, "\"%s\" is not written as %s", url, form);
	fp_verdict_cause(c, "no_file", FP_SLOTS({"FILENAME", url}));
}

void fp_tiles_vector_mbtiles(struct fp_check *c, const char *url)
{
	char *path;

	if (strncmp(url, "file:", 5) == 0) {
		wrong_form(c, url, "a path");
		return;
	}
	path = fp_source_resolve(c->layer->home, url);
	check_path(c, url, path, "pbf");
	free(path);
}

void fp_tiles_raster_mbtiles(struct fp_check *c, const char *url)
{
	char *written, *path;

	if (!*url) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		fp_verdict_warn(c, "the source names no file: no tile will be shown");
		return;
	}
	if (strncmp(url, "file:", 5) != 0) {
		wrong_form(c, url, "an address that begins with file:");
		return;
	}
	written = fp_percent_decode(url + 5, strlen(url + 5));
	if (strncmp(written, "///", 3) == 0)
		memmove(written, written + 2, strlen(written + 2) + 1);
	path = fp_source_resolve(c->layer->home, written);
	check_path(c, written, path, NULL);
	free(written);
	free(path);
}
