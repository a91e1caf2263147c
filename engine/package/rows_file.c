#include "engine/package/rows_file.h"

#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/layer_source.h"
#include "engine/layers/gate.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/kept.h"
#include "engine/layers/sqlite.h"
#include "engine/layers/wkt.h"

#define CELL_MAX (1 << 30)

static const struct fp_rows_file nothing = {.only = wkbUnknown, .quiet = {-1, -1}};

int fp_rows_is_query(const char *filter)
{
	return strncasecmp(filter, "SELECT ", 7) == 0;
}

/* ---- has it changed ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * 0x100000001b3ull + 0x9e3779b97f4a7c15ull;
}

static uint64_t add_state(uint64_t h, const char *path)
{
	struct stat sb;

	if (stat(path, &sb) != 0)
		return mix(h, 1);
	h = mix(mix(h, (uint64_t)sb.st_ino), (uint64_t)sb.st_size);
	return mix(mix(h, (uint64_t)sb.st_mtim.tv_sec), (uint64_t)sb.st_mtim.tv_nsec);
}

/* Of the file that is named, and of its log. */
static uint64_t own_state(const struct fp_rows_file *f)
{
	char *wal = fp_asprintf("%s-wal", f->real);
	uint64_t h = add_state(add_state(0, f->real), wal);

	free(wal);
	return h;
}

/* Of all that GDAL opened. */
static uint64_t state_of(const struct fp_rows_file *f)
{
	char **files = f->ds ? GDALGetFileList(f->ds) : NULL;
	uint64_t h = own_state(f);

	for (char **p = files; p && *p; p++)
		h = add_state(h, *p);
	CSLDestroy(files);
	return h;
}

static enum fp_status changed(const struct fp_rows_file *f, struct fp_error *err)
{
	fp_fail(err, FP_E_CONFLICT, "%s was written to while it was read", fp_path_base(f->real));
	fp_error_hint(err, "package again when nobody works on it");
	return FP_E_CONFLICT;
}

enum fp_status fp_rows_file_unchanged(const struct fp_rows_file *f, struct fp_error *err)
{
	return state_of(f) == f->state ? FP_OK : changed(f, err);
}

enum fp_status fp_rows_file_ended(const struct fp_rows_file *f, int rc, int64_t n, struct fp_error *err)
{
	if (rc == SQLITE_DONE)
		return fp_rows_file_unchanged(f, err);
	return fp_fail(err, (rc & 0xFF) == SQLITE_CORRUPT ? FP_E_CORRUPT : FP_E_IO, "reading ended after %lld rows: %s", (long long)n, sqlite3_errmsg(f->db));
}

/* ---- opening ---- */

static enum fp_status pass_gate(struct fp_rows_file *f, const struct fp_package *p, struct fp_error *err)
{
	switch (fp_gate(&f->real, p->project->root, f->source.path)) {
	case FP_GATE_PASS:
		break;
	case FP_GATE_MISSING:
		return fp_fail(err, FP_E_NOTFOUND, "%s is missing", fp_path_base(f->source.path));
	default:
		return fp_fail(err, FP_E_REFUSED, "its source is no file of the project");
	}
	if (strstr(f->source.inner, ".."))
		return fp_fail(err, FP_E_REFUSED, "its source is no file of the project");
	return FP_OK;
}

static enum fp_status find_layer(struct fp_rows_file *f, struct fp_error *err)
{
	const char *name = f->source.layername;
	size_t n = name ? strcspn(name, "(") : 0;

	f->layer = name ? GDALDatasetGetLayerByName(f->ds, name) : GDALDatasetGetLayer(f->ds, f->source.layerid > 0 ? f->source.layerid : 0);
	if (!f->layer && name && name[n]) { /* SpatiaLite: "table(geometry)" */
		char *table = fp_strndup(name, n);
		f->layer = GDALDatasetGetLayerByName(f->ds, table);
		free(table);
	}
	if (f->layer)
		return FP_OK;
	return name ? fp_fail(err, FP_E_NOTFOUND, "%s has no layer \"%s\"", fp_path_base(f->real), name)
		: fp_fail(err, FP_E_NOTFOUND, "%s has no layer number %d", fp_path_base(f->real), f->source.layerid);
}

static int is_sqlite(const struct fp_rows_file *f)
{
	return strcmp(f->driver, "GPKG") == 0 || strcmp(f->driver, "SQLite") == 0;
}

static void add_column(struct fp_buf *b, const char *before, const char *name)
{
	char *quoted = fp_sqlite_quote(name);

	fp_buf_adds(b, before);
	fp_buf_adds(b, quoted);
	free(quoted);
}

/* SQLite cannot look into archives: SQL is compiled where there is such a table and nothing else. */
static enum fp_status compile_elsewhere(const struct fp_rows_file *f, const char *sql, struct fp_error *err)
{
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(f->layer);
	const char *fid = OGR_L_GetFIDColumn(f->layer), *geometry = OGR_L_GetGeometryColumn(f->layer);
	struct fp_buf b = FP_BUF_INIT;
	sqlite3 *db = NULL;
	enum fp_status st;

	add_column(&b, "CREATE TABLE ", OGR_L_GetName(f->layer));
	add_column(&b, " (", *fid ? fid : "rowid");
	if (*geometry)
		add_column(&b, ", ", geometry);
	for (int i = 0; i < OGR_FD_GetFieldCount(defn); i++)
		add_column(&b, ", ", OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(defn, i)));
	fp_buf_adds(&b, ")");
	if (sqlite3_open(":memory:", &db) != SQLITE_OK || sqlite3_exec(db, b.data, NULL, NULL, NULL) != SQLITE_OK)
		st = fp_fail(err, FP_E_INVALID, "its filter cannot be looked at: %s", sqlite3_errmsg(db));
	else
		st = fp_sqlite_compile_on(db, sql, NULL, err);
	sqlite3_close(db);
	fp_buf_free(&b);
	return st;
}

/* What SQLite itself cannot compile for want of a function may be good for GDAL, which has more of them. Nothing else is. */
static enum fp_status look_at_filter(const struct fp_rows_file *f, const char *sql, struct fp_error *err)
{
	char *name, *whole;
	enum fp_status st;

	if (!is_sqlite(f)) /* GDAL's own language opens other files in whole queries only */
		return fp_rows_is_query(sql) && (strstr(sql, "'.") || strstr(sql, "\"."))
			? fp_fail(err, FP_E_INVALID, "its filter reads other files") : FP_OK;
	name = fp_sqlite_quote(OGR_L_GetName(f->layer));
	whole = fp_rows_is_query(sql) ? fp_strdup(sql) : fp_asprintf("SELECT 1 FROM %s WHERE %s", name, sql);
	st = *f->source.vsi ? compile_elsewhere(f, whole, err) : fp_sqlite_compile(f->real, whole, err);
	free(name);
	free(whole);
	if (st == FP_E_REFUSED && strncmp(err->msg, "no such function", 16) == 0)
		return FP_OK;
	return st == FP_OK ? FP_OK : *f->source.vsi ? FP_E_REFUSED : FP_E_INVALID;
}

static enum fp_status apply_filters(struct fp_rows_file *f, const struct fp_strv *filters, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	char *either;

	for (size_t i = 0; filters && st == FP_OK && i < filters->n; i++)
		st = look_at_filter(f, filters->items[i], err);
	if (st != FP_OK || !filters || filters->n == 0)
		return st;
	CPLErrorReset();
	if (filters->n == 1 && fp_rows_is_query(filters->items[0])) {
		f->result = GDALDatasetExecuteSQL(f->ds, filters->items[0], NULL, NULL);
		f->layer = f->result;
		return f->layer ? FP_OK : fp_fail(err, FP_E_INVALID, "its filter cannot be used: %s", CPLGetLastErrorMsg());
	}
	either = fp_rows_either(filters);
	if (OGR_L_SetAttributeFilter(f->layer, either) != OGRERR_NONE)
		st = fp_fail(err, FP_E_INVALID, "its filter cannot be used: %s", CPLGetLastErrorMsg());
	free(either);
	return st;
}

enum fp_status fp_rows_file_find(struct fp_rows_file *f, const struct fp_package *p, const struct fp_pack_layer *layer, struct fp_error *err)
{
	enum fp_status st;

	*f = nothing;
	st = fp_layer_source(&f->source, layer->def, err);
	if (st == FP_OK)
		st = pass_gate(f, p, err);
	if (st == FP_OK)
		f->state = state_of(f);
	return st;
}

enum fp_status fp_rows_file_open(struct fp_rows_file *f, const struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_strv *filters,
	struct fp_error *err)
{
	struct fp_gdal_name name;
	struct fp_error why;
	enum fp_status st = fp_rows_file_find(f, p, layer, err);

	if (st != FP_OK)
		return st;
	name = (struct fp_gdal_name){f->source.vsi, f->real, f->source.inner, p->project->root};
	f->ds_key = *f->source.vsi ? NULL : fp_kept_key("rows", f->real, &f->source.options);
	f->ds = fp_kept_take(f->ds_key);
	if (!f->ds)
		st = fp_gdal_open(&f->ds, &name, FP_USE_VECTOR, 0, &f->source.options, &why);
	if (st != FP_OK)
		return fp_fail(err, st == FP_E_INVALID ? FP_E_IO : st, "%s cannot be opened: %s", fp_path_base(f->real), why.msg);
	f->driver = GDALGetDriverShortName(GDALGetDatasetDriver(f->ds));
	if (own_state(f) != f->state) /* while a copy of it was made, perhaps */
		return changed(f, err);
	f->state = state_of(f);
	st = find_layer(f, err);
	return st == FP_OK ? apply_filters(f, filters, err) : st;
}

enum fp_status fp_rows_file_sqlite(struct fp_rows_file *f, struct fp_error *err)
{
	enum fp_status st;

	if (fp_quiet_hold(&f->quiet, f->real, NULL) != FP_OK)
		return fp_fail(err, FP_E_BUSY, "another program is writing to %s: try again when it has finished", fp_path_base(f->real));
	f->db_key = fp_kept_key("sqlite", f->real, NULL);
	f->db = fp_kept_take(f->db_key);
	st = f->db ? FP_OK : fp_sqlite_open(&f->db, f->real, err);
	if (st != FP_OK)
		return st;
	sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, CELL_MAX);
	sqlite3_extended_result_codes(f->db, 1);
	return FP_OK;
}

static void close_dataset(void *ds)
{
	GDALClose(ds);
}

static void close_database(void *db)
{
	sqlite3_close(db);
}

/* Whoever gets it next finds it as if it had just been opened. */
static void give_dataset(struct fp_rows_file *f)
{
	if (f->result)
		GDALDatasetReleaseResultSet(f->ds, f->result);
	if (!is_sqlite(f)) {
		free(f->ds_key);
		f->ds_key = NULL;
	}
	if (f->ds_key && f->layer && !f->result) {
		OGR_L_SetAttributeFilter(f->layer, NULL);
		OGR_L_SetSpatialFilter(f->layer, NULL);
		OGR_L_ResetReading(f->layer);
	}
	fp_kept_give(f->ds_key, f->ds, close_dataset);
	f->ds_key = NULL;
}

void fp_rows_file_close(struct fp_rows_file *f)
{
	if (f->db) {
		fp_kept_give(f->db_key, f->db, close_database);
		f->db_key = NULL;
	}
	fp_quiet_release(&f->quiet);
	if (f->ds)
		give_dataset(f);
	free(f->ds_key);
	free(f->db_key);
	free(f->real);
	fp_ogr_source_clear(&f->source);
	*f = nothing;
}

/* ---- what it is ---- */

static void add_field(struct fp_rows *rows, OGRFieldDefnH d)
{
	struct fp_row_column *c = &rows->columns[rows->n_columns++];
	const char *alias = OGR_Fld_GetAlternativeNameRef(d), *text = OGR_Fld_GetDefault(d);

	c->name = fp_strdup(OGR_Fld_GetNameRef(d));
	c->type = OGR_Fld_GetType(d);
	c->subtype = OGR_Fld_GetSubType(d);
	c->alias = alias && *alias ? fp_strdup(alias) : NULL;
	c->has_default = text && strcmp(text, "''") != 0 && !OGR_Fld_IsDefaultDriverSpecific(d);
	c->not_null = !OGR_Fld_IsNullable(d);
	c->unique = OGR_Fld_IsUnique(d);
	switch (c->type) {
	case OFTInteger:
		if (c->subtype != OFSTBoolean && c->subtype != OFSTInt16)
			c->subtype = OFSTNone;
		break;
	case OFTString:
		c->width = OGR_Fld_GetWidth(d);
		if (c->width > 0 && OGR_Fld_GetPrecision(d) > 0) /* as QGIS counts: the point takes one */
			c->width--;
		if (c->subtype != OFSTJSON)
			c->subtype = OFSTNone;
		break;
	case OFTIntegerList:
	case OFTInteger64List:
	case OFTRealList:
	case OFTStringList:
		c->type = OFTString;
		c->subtype = OFSTJSON;
		break;
	case OFTInteger64:
	case OFTReal:
	case OFTDate:
	case OFTDateTime:
	case OFTBinary:
		c->subtype = OFSTNone;
		break;
	default: /* a time, and whatever comes yet */
		c->type = OFTString;
		c->subtype = OFSTNone;
		break;
	}
}

static OGRwkbGeometryType single(OGRwkbGeometryType t)
{
	t = OGR_GT_Flatten(t);
	return t >= wkbMultiPoint && t <= wkbMultiPolygon ? t - 3 : t;
}

/* A layer of files that declare no type is of any type: QGIS goes by what it meets first, and all of it is kept here. */
static OGRwkbGeometryType type_of(struct fp_rows_file *f, const struct fp_pack_layer *layer)
{
	OGRwkbGeometryType t = OGR_L_GetGeomType(f->layer);
	OGRwkbGeometryType said = fp_rows_geometry(layer);
	int word = fp_wkb_word(f->source.geometrytype); /* the old ones, with "25D", are negative */
	OGRwkbGeometryType asked = word == -1 ? wkbUnknown : single((OGRwkbGeometryType)(word < 0 ? word & 0xFF : word % 1000));
	int any = OGR_GT_Flatten(t) == wkbUnknown;

	if (asked != wkbUnknown && (any || (asked != wkbNone && single(t) != asked))) /* of a table of another type that is no row at all */
		f->only = asked;
	if (any && asked != wkbUnknown)
		return wkbUnknown;
	if (t == wkbNone || OGR_GT_Flatten(t) == wkbUnknown)
		return OGR_GT_Flatten(t);
	return said == wkbNone || OGR_GT_Flatten(said) == wkbUnknown ? t : said;
}

void fp_rows_file_describe(struct fp_rows_file *f, struct fp_rows *rows, const struct fp_pack_layer *layer)
{
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(f->layer);
	const char *fid = OGR_L_GetFIDColumn(f->layer), *comment = GDALGetMetadataItem(f->layer, "DESCRIPTION", NULL);
	int n = OGR_FD_GetFieldCount(defn);

	f->fid_first = *fid && OGR_FD_GetFieldIndex(defn, fid) < 0;
	rows->columns = fp_alloc(((size_t)n + 1) * sizeof *rows->columns);
	if (f->fid_first)
		rows->columns[rows->n_columns++] = (struct fp_row_column){.name = fp_strdup(fid), .type = OFTInteger64, .has_default = 1, .not_null = 1, .unique = 1};
	for (int i = 0; i < n; i++)
		add_field(rows, OGR_FD_GetFieldDefn(defn, i));
	rows->language = !is_sqlite(f) ? FP_IN_GDAL : strcmp(f->driver, "GPKG") == 0 ? FP_IN_GEOPACKAGE : FP_IN_SQLITE;
	rows->geometry = type_of(f, layer);
	rows->srs = OGR_L_GetSpatialRef(f->layer);
	if (rows->srs)
		rows->srs = OSRClone(rows->srs);
	rows->comment = comment && *comment ? fp_strdup(comment) : NULL;
	rows->about = OGR_L_GetFeatureCount(f->layer, 0);
}
