#include "engine/package/gpkg_writer.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <errno.h>
#include <gdal.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/layers/formats.h"
#include "engine/layers/sqlite.h"
#include "engine/package/gpkg_source.h"
#include "engine/package/sorter.h"

/* From here on pages are twice as large, which saves a sixth of the time; below, a package of many small layers would be twice as large itself. */
#define MANY_ROWS 50000

struct fp_gpkg {
	char *path, *scratch;
	GDALDatasetH ds; /* until the declarations end */
	sqlite3 *db;     /* from then on */
	int finished;
};

enum fp_status fp_gpkg_fail(sqlite3 *db, int rc, const char *what, struct fp_error *err)
{
	int e = (rc & 0xFF) == SQLITE_IOERR ? sqlite3_system_errno(db) : 0;
	int full = (rc & 0xFF) == SQLITE_FULL || e == ENOSPC || e == EDQUOT || e == EFBIG;

	return fp_fail(err, full ? FP_E_FULL : FP_E_IO, "%s: %s", what, full ? "the disk is full" : sqlite3_errmsg(db));
}

static enum fp_status execute(struct fp_gpkg *g, const char *sql, struct fp_error *err)
{
	int rc = sqlite3_exec(g->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? FP_OK : fp_gpkg_fail(g->db, rc, "cannot write " FP_PACKAGE_DATA, err);
}

/* ---- definitions, by GDAL ---- */

static enum fp_status gdal_fail(const char *what, struct fp_error *err)
{
	const char *said = CPLGetLastErrorMsg();
	int full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || strstr(said, "is full");

	return fp_fail(err, full ? FP_E_FULL : FP_E_IO, "cannot write %s: %s", what, full ? "the disk is full" : *said ? said : "GDAL gives no reason");
}

static GDALDriverH driver(void)
{
	struct fp_strv names = {0};

	fp_formats_allow(&names, FP_PACKAGE_DATA, FP_MAGIC_SQLITE, FP_USE_VECTOR);
	fp_strv_free(&names);
	return GDALGetDriverByName("GPKG");
}

enum fp_status fp_gpkg_new(struct fp_gpkg **out, const char *path, const char *scratch, int64_t rows, struct fp_error *err)
{
	struct fp_gpkg *g = fp_alloc(sizeof *g);

	CPLSetThreadLocalConfigOption("OGR_SQLITE_SYNCHRONOUS", "OFF");
	CPLSetThreadLocalConfigOption("OGR_SQLITE_PRAGMA", rows >= MANY_ROWS ? "page_size=8192" : NULL);
	CPLErrorReset();
	errno = 0;
	unlink(path);
	g->path = fp_strdup(path);
	g->scratch = fp_strdup(scratch);
	g->ds = GDALCreate(driver(), path, 0, 0, 0, GDT_Unknown, NULL);
	if (!g->ds || GDALDatasetStartTransaction(g->ds, 0) != OGRERR_NONE) {
		fp_gpkg_free(g);
		return gdal_fail(FP_PACKAGE_DATA, err);
	}
	*out = g;
	return FP_OK;
}

static int add_field(OGRLayerH l, const struct fp_row_column *c)
{
	OGRFieldDefnH d = OGR_Fld_Create(c->name, c->type);
	OGRErr e;

	OGR_Fld_SetSubType(d, c->subtype);
	OGR_Fld_SetWidth(d, c->type == OFTString ? c->width : 0);
	if (c->alias)
		OGR_Fld_SetAlternativeName(d, c->alias);
	e = OGR_L_CreateField(l, d, 0);
	OGR_Fld_Destroy(d);
	return e == OGRERR_NONE ? 0 : -1;
}

enum fp_status fp_gpkg_declare(struct fp_gpkg *g, const struct fp_gpkg_table *t, struct fp_error *err)
{
	char **o = CSLSetNameValue(NULL, "FID", t->local_key);
	OGRLayerH l;

	o = CSLSetNameValue(o, "GEOMETRY_NAME", t->geometry_name);
	o = CSLSetNameValue(o, "SPATIAL_INDEX", "YES");
	o = CSLSetNameValue(o, "IDENTIFIER", t->name);
	o = CSLSetNameValue(o, "DESCRIPTION", t->comment ? t->comment : "");
	CPLErrorReset();
	errno = 0;
	l = GDALDatasetCreateLayer(g->ds, t->name, t->srs, t->geometry, o);
	CSLDestroy(o);
	if (!l)
		return gdal_fail(t->name, err);
	for (size_t i = 0; i < t->n_columns; i++)
		if (add_field(l, &t->columns[i]) != 0)
			return gdal_fail(t->columns[i].name, err);
	return FP_OK;
}

/* The file is nobody's before it is finished: no journal, no waiting for the disk. */
enum fp_status fp_gpkg_begin(struct fp_gpkg *g, struct fp_error *err)
{
	static const char *const steps[] = {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA locking_mode = EXCLUSIVE",
		"PRAGMA cache_size = -2048", "PRAGMA temp_store = MEMORY"};
	enum fp_status st = FP_OK;
	OGRErr e;

	CPLErrorReset();
	errno = 0;
	e = GDALDatasetCommitTransaction(g->ds);
	GDALClose(g->ds);
	g->ds = NULL;
	if (e != OGRERR_NONE || CPLGetLastErrorType() >= CE_Failure)
		return gdal_fail(FP_PACKAGE_DATA, err);
	if (sqlite3_open_v2(g->path, &g->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return fp_gpkg_fail(g->db, sqlite3_errcode(g->db), "cannot open " FP_PACKAGE_DATA, err);
	sqlite3_extended_result_codes(g->db, 1);
	sqlite3_db_config(g->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL); /* sources are attached to it */
	if (fp_gpkg_functions(g->db) != SQLITE_OK)
		return fp_gpkg_fail(g->db, SQLITE_NOMEM, "cannot register functions", err);
	for (size_t i = 0; st == FP_OK && i < sizeof steps / sizeof *steps; i++)
		st = execute(g, steps[i], err);
	return st;
}

/* ---- rows ---- */

/* Runs FORMAT with NAME as %q or %w. */
static enum fp_status run(struct fp_gpkg *g, const char *format, const char *name, struct fp_error *err)
{
	char *sql = sqlite3_mprintf(format, name);
	enum fp_status st = execute(g, sql, err);

	sqlite3_free(sql);
	return st;
}

/* Takes the table's triggers away, and says how to make them again: what they do row by row is done here at the end, for all. */
static enum fp_status lift_triggers(struct fp_gpkg *g, const char *table, struct fp_strv *names, struct fp_strv *again, struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = FP_OK;
	int rc = sqlite3_prepare_v2(g->db, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 ORDER BY rowid", -1, &s, NULL);

	if (rc != SQLITE_OK)
		return fp_gpkg_fail(g->db, rc, "cannot read the triggers", err);
	sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		fp_strv_add(names, (const char *)sqlite3_column_text(s, 0));
		fp_strv_add(again, (const char *)sqlite3_column_text(s, 1));
	}
	sqlite3_finalize(s);
	if (rc != SQLITE_DONE)
		return fp_gpkg_fail(g->db, rc, "cannot read the triggers", err);
	for (size_t i = 0; st == FP_OK && i < names->n; i++)
		st = run(g, "DROP TRIGGER \"%w\"", names->items[i], err);
	return st;
}

static int srs_of(struct fp_gpkg *g, const char *table)
{
	sqlite3_stmt *s = NULL;
	int id = 0;

	if (sqlite3_prepare_v2(g->db, "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?1", -1, &s, NULL) == SQLITE_OK) {
		sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
		if (sqlite3_step(s) == SQLITE_ROW)
			id = sqlite3_column_int(s, 0);
	}
	sqlite3_finalize(s);
	return id;
}

static enum fp_status rows_failed(struct fp_gpkg *g, int rc, const struct fp_gpkg_source *s, struct fp_error *err)
{
	char *what = fp_asprintf("it ended after %lld rows", (long long)s->out->read);
	enum fp_status st = fp_gpkg_fail(g->db, rc, what, err);

	free(what);
	return st;
}

static enum fp_status insert(struct fp_gpkg *g, struct fp_gpkg_source *s, struct fp_error *err)
{
	char *sql = fp_gpkg_source_insert(s);
	int rc = fp_gpkg_source_register(g->db, s);

	s->status = FP_OK;
	s->err = err;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(g->db, sql, NULL, NULL, NULL);
	free(sql);
	if (s->status != FP_OK)
		return s->status;
	s->out->written = rc == SQLITE_OK ? sqlite3_changes64(g->db) : 0;
	return rc == SQLITE_OK ? FP_OK : rows_failed(g, rc, s, err);
}

static enum fp_status write_index(struct fp_gpkg *g, const struct fp_gpkg_source *s, struct fp_error *err)
{
	char *name = fp_asprintf("rtree_%s_%s", s->table->name, s->table->geometry_name);
	enum fp_status st = fp_rtree_write(s->index, g->db, name, err);

	free(name);
	return st;
}

static enum fp_status write_contents(struct fp_gpkg *g, const struct fp_gpkg_source *s, struct fp_error *err)
{
	static const char *const sql[] = {
		"UPDATE gpkg_ogr_contents SET feature_count = ?2 WHERE table_name = ?1",
		"UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1",
	};
	const double *e = s->out->extent;
	enum fp_status st = FP_OK;

	for (int i = 0; st == FP_OK && i < (e[0] <= e[2] ? 2 : 1); i++) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(g->db, sql[i], -1, &stmt, NULL);
		sqlite3_bind_text(stmt, 1, s->table->name, -1, SQLITE_STATIC);
		if (i == 0)
			sqlite3_bind_int64(stmt, 2, s->out->written);
		for (int k = 0; i == 1 && k < 4; k++)
			sqlite3_bind_double(stmt, 2 + k, e[k]);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(stmt);
		sqlite3_finalize(stmt);
		if (rc != SQLITE_DONE)
			st = fp_gpkg_fail(g->db, rc, "cannot write what the table holds", err);
	}
	return st;
}

/* None of the rows is of the type that readers should see first (the area of interest leaves those out): the table says so itself. */
static enum fp_status declare_lead(struct fp_gpkg *g, const struct fp_gpkg_source *s, struct fp_error *err)
{
	OGRwkbGeometryType t = s->table->lead;
	char *sql = sqlite3_mprintf("UPDATE gpkg_geometry_columns SET geometry_type_name = upper(replace(%Q, ' ', '')), z = %d, m = %d"
		" WHERE table_name = %Q", OGRGeometryTypeToName(OGR_GT_Flatten(t)), OGR_GT_HasZ(t), OGR_GT_HasM(t), s->table->name);
	enum fp_status st = execute(g, sql, err);

	sqlite3_free(sql);
	return st;
}

static enum fp_status load(struct fp_gpkg *g, struct fp_gpkg_source *s, struct fp_error *err)
{
	struct fp_strv names = {0}, again = {0};
	enum fp_status st = lift_triggers(g, s->table->name, &names, &again, err);

	if (st == FP_OK)
		st = insert(g, s, err);
	if (st == FP_OK && s->lead_open)
		st = declare_lead(g, s, err);
	if (st == FP_OK && s->index)
		st = write_index(g, s, err);
	for (size_t i = 0; st == FP_OK && i < again.n; i++)
		st = execute(g, again.items[i], err);
	if (st == FP_OK)
		st = write_contents(g, s, err);
	fp_strv_free(&names);
	fp_strv_free(&again);
	return st;
}

enum fp_status fp_gpkg_load(struct fp_gpkg *g, const struct fp_gpkg_table *t, struct fp_rows *rows, struct fp_gpkg_loaded *out, struct fp_error *err)
{
	struct fp_gpkg_source s = {.table = t, .rows = rows, .out = out, .srs_id = srs_of(g, t->name), .blob = FP_BUF_INIT};
	enum fp_status st = rows->direct ? run(g, "ATTACH %Q AS " FP_ROWS_ATTACHED, rows->direct->uri, err) : FP_OK;

	out->extent[0] = out->extent[1] = INFINITY;
	out->extent[2] = out->extent[3] = -INFINITY;
	if (t->geometry != wkbNone)
		fp_rtree_new(&s.index, g->scratch, FP_SORTER_RUN);
	if (st == FP_OK)
		st = execute(g, "BEGIN", err);
	if (st == FP_OK)
		st = load(g, &s, err);
	if (st == FP_OK)
		st = execute(g, "COMMIT", err);
	if (st == FP_OK && rows->direct)
		st = execute(g, "DETACH " FP_ROWS_ATTACHED, err);
	if (st == FP_OK && rows->direct)
		st = rows->direct->done(rows, err);
	fp_rtree_free(s.index);
	fp_buf_free(&s.blob);
	return st;
}

int fp_gpkg_passes(struct fp_gpkg *g, const char *table, const char *filter)
{
	char *name = fp_sqlite_quote(table), *sql = fp_asprintf("SELECT 1 FROM main.%s WHERE NOT coalesce((%s\n), 0)", name, filter);
	struct fp_buf bytes = FP_BUF_INIT;
	struct fp_error why;
	enum fp_status st = fp_sqlite_first(&bytes, g->db, sql, &why);

	fp_buf_free(&bytes);
	free(name);
	free(sql);
	return st == FP_E_NOTFOUND;
}

/* ---- the end ---- */

enum fp_status fp_gpkg_finish(struct fp_gpkg *g, struct fp_error *err)
{
	enum fp_status st = execute(g, "PRAGMA journal_mode = DELETE", err);

	if (st == FP_OK && sqlite3_close(g->db) != SQLITE_OK)
		st = fp_gpkg_fail(g->db, SQLITE_BUSY, "cannot close " FP_PACKAGE_DATA, err);
	if (st == FP_OK) {
		g->db = NULL;
		g->finished = 1;
	}
	return st;
}

void fp_gpkg_free(struct fp_gpkg *g)
{
	if (!g)
		return;
	if (g->ds)
		GDALClose(g->ds);
	sqlite3_close_v2(g->db);
	CPLSetThreadLocalConfigOption("OGR_SQLITE_SYNCHRONOUS", NULL);
	CPLSetThreadLocalConfigOption("OGR_SQLITE_PRAGMA", NULL);
	if (!g->finished)
		unlink(g->path);
	free(g->path);
	free(g->scratch);
	free(g);
}
