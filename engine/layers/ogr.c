/* ogr (spec/layers.md 2.1): path, tokens, layer, filter. */
#include <ctype.h>
#include <ogr_api.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/layers/diagnose.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/kept.h"
#include "engine/layers/sqlite.h"
#include "engine/layers/vrt.h"
#include "engine/project/source.h"

#define PEEK_MAX 10 /* features that QGIS looks at */

struct opened {
	const struct fp_ogr_source *source;
	const char *path; /* the real file */
	GDALDatasetH ds;
	OGRLayerH layer;
	const char *driver;
};

static void list_layers(struct fp_strv *names, GDALDatasetH ds)
{
	int n = GDALDatasetGetLayerCount(ds);

	for (int i = 0; i < n && i < 40; i++) {
		OGRLayerH l = GDALDatasetGetLayer(ds, i);
		if (l)
			fp_strv_add(names, OGR_L_GetName(l));
	}
}

/* Who closes a file that was written in WAL mode turns that off again: so it was uploaded without its "-wal". */
static int lacks_its_wal(const char *path)
{
	struct fp_sniff s;

	return fp_sniff(&s, path) == 0 && s.wal_mode;
}

static void no_such_layer(struct fp_check *c, GDALDatasetH ds, const char *path, const char *what, const char *wanted)
{
	struct fp_strv names = {0};
	char *list;

	list_layers(&names, ds);
	list = fp_name_list(&names, 12);
	fp_verdict_detail(c, "no layer %s in file; it has: %s", what, *list ? list : "none");
	if (fp_sqlite_has_leftover(path) || lacks_its_wal(path))
		fp_verdict_cause(c, "wal_left", FP_NOSLOTS);
	fp_verdict_cause(c, "layer_missing", FP_SLOTS({"NAME", what}, {"LIST", *list ? list : "none"}));
	fp_verdict_instead_of(c, wanted, &names);
	free(list);
	fp_strv_free(&names);
}

/* The layer that the source names; NULL after saying why there is none. */
static OGRLayerH find_layer(struct fp_check *c, const struct opened *o)
{
	const struct fp_ogr_source *s = o->source;
	OGRLayerH l = NULL;
	char *what;

	if (s->layername)
		l = *s->layername ? GDALDatasetGetLayerByName(o->ds, s->layername) : NULL;
	else
		l = GDALDatasetGetLayer(o->ds, s->layerid > 0 ? s->layerid : 0);
	if (l)
		return l;
	what = s->layername ? fp_asprintf("\"%s\"", s->layername) : fp_asprintf("number %d", s->layerid);
	no_such_layer(c, o->ds, o->path, what, s->layername ? s->layername : "");
	free(what);
	return NULL;
}

static int is_sqlite_driver(const char *driver)
{
	return strcmp(driver, "GPKG") == 0 || strcmp(driver, "SQLite") == 0;
}

static void bad_filter(struct fp_check *c, const char *reason)
{
	fp_verdict_invalid(c);
	fp_verdict_detail(c, "filter cannot be used: %s", reason);
	fp_verdict_cause(c, "bad_filter", FP_SLOTS({"REASON", reason}));
	fp_stage(c, FP_STAGE_FILTER, FP_MARK_FAIL, "%s", reason);
}

/* The driver's own key unless that is a field too, else a field called "fid"; a name with a comma cannot be a key in QField. */
static char *primary_key(OGRLayerH layer)
{
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(layer);
	const char *fid = OGR_L_GetFIDColumn(layer);
	int i;

	if (*fid && OGR_FD_GetFieldIndex(defn, fid) < 0)
		return strchr(fid, ',') ? NULL : fp_strdup(fid);
	i = OGR_FD_GetFieldIndex(defn, "fid");
	return i >= 0 ? fp_strdup(OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(defn, i))) : NULL;
}

/* The layer has the fields that the query gives, and only a key that is among them. */
static void keep_key_of(struct fp_check *c, const struct fp_strv *columns)
{
	const char *fid = NULL;

	for (size_t i = 0; i < columns->n; i++) {
		if (c->v->pk && strcasecmp(columns->items[i], c->v->pk) == 0)
			return;
		if (!fid && strcasecmp(columns->items[i], "fid") == 0)
			fid = columns->items[i];
	}
	free(c->v->pk);
	c->v->pk = fp_strdup_null(fid);
}

static enum fp_status compile_select(struct fp_check *c, const char *path, const char *sql, struct fp_error *err)
{
	struct fp_strv columns = {0};
	sqlite3 *db;
	enum fp_status st = fp_sqlite_open(&db, path, err);

	if (st != FP_OK)
		return st;
	st = fp_sqlite_compile_on(db, sql, &columns, err);
	if (st == FP_OK)
		keep_key_of(c, &columns);
	sqlite3_close(db);
	fp_strv_free(&columns);
	return st;
}

/* A filter that is a whole query. GDAL's own dialect can open other files ('file'.table): such a query is not run. */
static void check_select(struct fp_check *c, const struct opened *o, struct fp_gdal_messages *m)
{
	const char *sql = o->source->subset;
	struct fp_error err;
	enum fp_status st;
	OGRLayerH result;

	if (is_sqlite_driver(o->driver)) {
		st = compile_select(c, o->path, sql, &err);
		if (st == FP_E_INVALID)
			bad_filter(c, err.msg);
		else if (st != FP_OK)
			fp_verdict_not_checked(c, "filter_not_run", FP_SLOTS({"REASON", err.msg}));
		return;
	}
	if (strstr(sql, "'.") || strstr(sql, "\".")) {
		fp_verdict_not_checked(c, "filter_not_run", FP_SLOTS({"REASON", "it reads other files"}));
		return;
	}
	result = GDALDatasetExecuteSQL(o->ds, sql, NULL, NULL);
	if (result) {
		free(c->v->pk);
		c->v->pk = primary_key(result);
		GDALDatasetReleaseResultSet(o->ds, result);
	} else {
		bad_filter(c, m->texts.n ? m->texts.items[m->texts.n - 1] : "the query gives nothing");
	}
}

/* GeoPackages take any text as a filter and then show nothing: QGIS calls that valid, so do we, but aloud. */
static void warn_unusable_filter(struct fp_check *c, const struct opened *o)
{
	char *quoted = fp_sqlite_quote(OGR_L_GetName(o->layer)), *sql = fp_asprintf("SELECT 1 FROM %s WHERE %s", quoted, o->source->subset);
	struct fp_error err;

	if (fp_sqlite_compile(o->path, sql, &err) == FP_E_INVALID) {
		fp_verdict_warn(c, "the filter cannot be used, so the layer will look empty: %s", err.msg);
		fp_stage(c, FP_STAGE_FILTER, FP_MARK_WARN, "%s", err.msg);
	}
	free(quoted);
	free(sql);
}

static void check_filter(struct fp_check *c, const struct opened *o, struct fp_gdal_messages *m)
{
	const char *sql = o->source->subset;

	if (!*sql)
		return;
	fp_stage(c, FP_STAGE_FILTER, FP_MARK_OK, "%s", sql);
	if (strncasecmp(sql, "SELECT ", 7) == 0)
		check_select(c, o, m);
	else if (is_sqlite_driver(o->driver))
		warn_unusable_filter(c, o);
	else if (OGR_L_SetAttributeFilter(o->layer, sql) != OGRERR_NONE)
		bad_filter(c, m->texts.n ? m->texts.items[m->texts.n - 1] : sql);
}

/* A layer that declares no type is what the first geometry of its first features is, and a plain table when they have none. */
static OGRwkbGeometryType peek(OGRLayerH layer)
{
	OGRwkbGeometryType type = wkbNone;

	OGR_L_ResetReading(layer);
	for (int i = 0; i < PEEK_MAX && type == wkbNone; i++) {
		OGRFeatureH f = OGR_L_GetNextFeature(layer);
		OGRGeometryH g = f ? OGR_F_GetGeometryRef(f) : NULL;
		if (g)
			type = OGR_G_GetGeometryType(g);
		OGR_F_Destroy(f);
		if (!f)
			break;
	}
	OGR_L_ResetReading(layer);
	return type;
}

/* The type that "|geometrytype=" picks, -1 when QGIS knows no such word there. */
static int picked_type(const char *word)
{
	static const char *const words[] = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"};
	enum { NONE = 100, Z = 1000 };

	for (int i = 0; i < (int)(sizeof words / sizeof *words); i++) {
		size_t n = strlen(words[i]);
		if (strncmp(word, words[i], n) == 0 && (word[n] == '\0' || strcmp(word + n, "25D") == 0))
			return i + 1 + (word[n] ? Z : 0);
	}
	return strcmp(word, "None") == 0 ? NONE : -1;
}

static int declared_type(OGRLayerH layer)
{
	OGRwkbGeometryType t = OGR_L_GetGeomType(layer);
	int flat;

	if (t == wkbUnknown)
		t = peek(layer);
	flat = (int)OGR_GT_Flatten(t);
	if (flat == wkbNone)
		return wkbNone;
	if (flat == wkbTIN || flat == wkbPolyhedralSurface)
		flat = wkbMultiPolygon;
	return flat + (OGR_GT_HasZ(t) ? 1000 : 0) + (OGR_GT_HasM(t) ? 2000 : 0);
}

static int wkb_type(const struct opened *o)
{
	int picked = picked_type(o->source->geometrytype), t = picked >= 0 ? picked : declared_type(o->layer), flat = t % 1000;

	/* A shapefile's lines and polygons may have parts, so QGIS takes them for multi ones. */
	if (strcmp(o->driver, "ESRI Shapefile") == 0 && (flat == wkbLineString || flat == wkbPolygon))
		t += wkbMultiPoint - wkbPoint;
	return t;
}

static void warn_about_file(struct fp_check *c, const struct opened *o)
{
	const char *p = o->path;
	struct fp_strv gone = {0};

	if (strcmp(o->driver, "ESRI Shapefile") == 0 && fp_path_has_suffix(p, ".shp") && OGR_FD_GetFieldCount(OGR_L_GetLayerDefn(o->layer)) == 0)
		fp_verdict_warn(c, "shapefile incomplete: .dbf missing, the layer has no attributes");
	if (fp_sqlite_has_leftover(p))
		fp_verdict_warn(c, "the file was still open when it was uploaded (a \"-wal\" file is present): close QGIS before uploading");
	if (strcmp(o->driver, "OGR_VRT") == 0)
		fp_vrt_missing(&gone, p);
	for (size_t i = 0; i < gone.n; i++)
		fp_verdict_warn(c, "the VRT's source \"%s\" is missing", gone.items[i]);
	fp_strv_free(&gone);
}

/* The count that a GeoPackage keeps beside its tables, -1 when it does not: counting the rows would read all of them. */
static int64_t kept_count(const struct opened *o)
{
	char *sql = sqlite3_mprintf("SELECT feature_count FROM gpkg_ogr_contents WHERE lower(table_name) = lower(%Q)", OGR_L_GetName(o->layer));
	OGRLayerH result = GDALDatasetExecuteSQL(o->ds, sql, NULL, NULL);
	OGRFeatureH f = result ? OGR_L_GetNextFeature(result) : NULL;
	int64_t n = f && OGR_F_IsFieldSetAndNotNull(f, 0) ? OGR_F_GetFieldAsInteger64(f, 0) : -1;

	OGR_F_Destroy(f);
	if (result)
		GDALDatasetReleaseResultSet(o->ds, result);
	sqlite3_free(sql);
	return n;
}

static void count_rows(struct fp_check *c, const struct opened *o)
{
	int64_t n = strcmp(o->driver, "GPKG") == 0 ? kept_count(o) : strcmp(o->driver, "SQLite") == 0 ? -1 : OGR_L_GetFeatureCount(o->layer, 0);

	if (n >= 0)
		fp_stage(c, FP_STAGE_ROWS, FP_MARK_OK, "%lld", (long long)n);
}

static void check_opened(struct fp_check *c, struct opened *o, struct fp_gdal_messages *m)
{
	o->driver = GDALGetDriverShortName(GDALGetDatasetDriver(o->ds));
	fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "%s", o->driver);
	if (GDALDatasetGetLayerCount(o->ds) == 0) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the file holds no vector layer");
		fp_verdict_cause(c, "no_vector_layer", FP_SLOTS({"KIND", "vector"}));
		return;
	}
	o->layer = find_layer(c, o);
	if (!o->layer) {
		fp_verdict_invalid(c);
		return;
	}
	fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", OGR_L_GetName(o->layer));
	fp_verdict_ok(c, FP_BY_CHECKED);
	c->v->pk = primary_key(o->layer);
	check_filter(c, o, m);
	fp_stage(c, FP_STAGE_KEY, c->v->pk ? FP_MARK_OK : FP_MARK_WARN, "%s", c->v->pk ? c->v->pk : "no primary key: features are told apart by their order");
	if (c->v->status != FP_LAYER_OK)
		return;
	c->v->wkb_type = wkb_type(o);
	count_rows(c, o);
	warn_about_file(c, o);
}

static void close_dataset(void *ds)
{
	GDALClose(ds);
}

/* Only SQLite's are kept, which hold little memory. */
static void keep_or_close(char *key, struct opened *o)
{
	if (!is_sqlite_driver(o->driver)) {
		free(key);
		key = NULL;
	}
	fp_kept_give(key, o->ds, close_dataset);
}

/* Where GDAL gave up because of a setting of ours (gdal_gate.c), nothing is known about the file. */
static int hit_our_limit(const struct fp_gdal_messages *m)
{
	for (size_t i = 0; i < m->texts.n; i++)
		if (strstr(m->texts.items[i], "OGR_GEOJSON_MAX_OBJ_SIZE"))
			return 1;
	return 0;
}

static void open_and_check(struct fp_check *c, const struct fp_ogr_source *s, const char *real)
{
	char *key = *s->vsi ? NULL : fp_kept_key("check", real, &s->options);
	struct opened o = {.source = s, .path = real};
	struct fp_gdal_name name = {s->vsi, real, s->inner, c->project->root};
	struct fp_gdal_messages m;
	struct fp_error err;
	enum fp_status st;

	fp_gdal_collect(&m, c->project->root);
	o.ds = fp_kept_take(key);
	st = o.ds ? FP_OK : fp_gdal_open(&o.ds, &name, FP_USE_VECTOR, 0, &s->options, &err);
	if (st == FP_OK) {
		check_opened(c, &o, &m);
		keep_or_close(key, &o);
		key = NULL;
	} else if (st != FP_E_INVALID) {
		fp_verdict_not_checked(c, "foreign_format", FP_SLOTS({"REASON", err.msg}));
	} else if (hit_our_limit(&m)) {
		fp_verdict_not_checked(c, "too_large", FP_SLOTS({"FILENAME", real}));
	} else {
		fp_verdict_invalid(c);
		fp_diagnose_content(c, real, &m, err.msg);
	}
	fp_gdal_collect_end();
	fp_strv_free(&m.texts);
	free(key);
}

/* The path as the project spells it: the source up to its first token. Caller frees. */
static char *as_written(const char *source)
{
	return fp_strndup(source, strcspn(source, "|"));
}

void fp_check_ogr(struct fp_check *c)
{
	struct fp_ogr_source s;
	char *real = NULL, *written = as_written(c->layer->datasource);

	fp_ogr_source_parse(&s, c->layer->home, c->layer->datasource);
	if (strstr(s.inner, ".."))
		fp_diagnose_gate(c, FP_GATE_OUTSIDE, written, s.path);
	else
		real = fp_layer_file(c, written, s.path);
	if (real)
		open_and_check(c, &s, real);
	free(real);
	free(written);
	fp_ogr_source_clear(&s);
}
