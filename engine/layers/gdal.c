/* gdal (spec/layers.md 2.2): a raster file, or a subdataset by one of the prefixes whose inner path QGIS resolves. */
#include <cpl_string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/path.h"
#include "engine/layers/diagnose.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/vrt.h"
#include "engine/project/source.h"

/* A source taken apart: before + path + after, as in struct fp_gdal_name. */
struct raster {
	char *before, *path, *after, *written;
	struct fp_strv options;
};

static void clear(struct raster *r)
{
	free(r->before);
	free(r->path);
	free(r->after);
	free(r->written);
	fp_strv_free(&r->options);
}

/* PREFIX:path:tail or PREFIX:"path":tail. 1 when SOURCE has that form. */
static int take_prefixed(struct raster *r, const char *source, const char *prefix, int quoted)
{
	size_t n = strlen(prefix);
	const char *path = source + n, *colon;

	if (strncmp(source, prefix, n) != 0)
		return 0;
	colon = strrchr(path, ':');
	if (!colon || colon == path || !colon[1])
		return 0;
	r->before = fp_asprintf("%s%s", prefix, quoted ? "\"" : "");
	r->after = fp_asprintf("%s%s", quoted ? "\"" : "", colon);
	while (path < colon && *path == '"')
		path++;
	while (colon > path && colon[-1] == '"')
		colon--;
	r->written = fp_strndup(path, (size_t)(colon - path));
	return 1;
}

static void take_options(struct raster *r, char *text)
{
	static const char key[] = "|option:";
	char *p;

	while ((p = strcasestr(text, key))) {
		size_t n = strcspn(p + sizeof key - 1, "|");
		fp_strv_take(&r->options, fp_strndup(p + sizeof key - 1, n));
		memmove(p, p + sizeof key - 1 + n, strlen(p + sizeof key - 1 + n) + 1);
	}
}

static void take_apart(struct raster *r, const struct fp_layer_def *layer)
{
	char *text = fp_strdup(layer->datasource), *resolved;
	const char *vsi;

	take_options(r, text);
	if (!take_prefixed(r, text, "GPKG:", 0) && !take_prefixed(r, text, "NETCDF:", 1)) {
		r->before = fp_strdup("");
		r->after = fp_strdup("");
		r->written = fp_strdup(text);
	}
	free(text);
	resolved = fp_source_resolve(layer->home, r->written);
	vsi = fp_source_written_vsi(resolved);
	if (*vsi) { /* only archives that the source spells out have an inner path */
		struct fp_ogr_source s;
		fp_ogr_source_parse(&s, layer->home, r->written);
		free(r->before);
		free(r->after);
		r->before = fp_strdup(vsi);
		r->path = fp_strdup(s.path);
		r->after = fp_strdup(s.inner);
		fp_ogr_source_clear(&s);
		free(resolved);
		return;
	}
	if (!*r->before) {
		free(r->before);
		r->before = fp_strdup(fp_source_implied_vsi(resolved));
	}
	r->path = resolved;
}

/* "HDF5:", "GTIFF_DIR:1:" and other subdatasets of formats or forms that are not opened here. */
static int is_other_subdataset(const char *source)
{
	size_t n = strspn(source, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return n > 1 && source[n] == ':';
}

/* The reference prints this in both columns, never the file sentence; what it prints behind it is in our detail. */
static void cannot_open(struct fp_check *c, const struct raster *r)
{
	fp_verdict_invalid(c);
	fp_verdict_error(c, "Cannot open GDAL dataset %s%s%s:", r->before, r->path, r->after);
	fp_verdict_provider(c, "%s", c->v->error_summary);
}

static int has_georeference(GDALDatasetH ds)
{
	double t[6];

	return GDALGetGeoTransform(ds, t) == CE_None || GDALGetGCPCount(ds) > 0 || GDALGetMetadata(ds, "RPC") != NULL;
}

static void warn_about(struct fp_check *c, GDALDatasetH ds, const char *path)
{
	GDALRasterBandH band = GDALGetRasterBand(ds, 1);
	double pixel;
	struct fp_strv gone = {0};

	if (!has_georeference(ds))
		fp_verdict_warn(c, "the raster has no georeference: it will lie at 0/0");
	if (strcmp(GDALGetDriverShortName(GDALGetDatasetDriver(ds)), "VRT") == 0)
		fp_vrt_missing(&gone, path);
	for (size_t i = 0; i < gone.n; i++)
		fp_verdict_warn(c, "the VRT's tile \"%s\" is missing", gone.items[i]);
	if (gone.n == 0 && GDALRasterIO(band, GF_Read, GDALGetRasterXSize(ds) - 1, GDALGetRasterYSize(ds) - 1, 1, 1, &pixel, 1, 1, GDT_Float64,
			0, 0) != CE_None)
		fp_verdict_warn(c, "its last pixel cannot be read: the file seems cut off");
	fp_strv_free(&gone);
}

static void check_opened(struct fp_check *c, const struct raster *r, GDALDatasetH ds, const char *path)
{
	char count[16];
	int n;

	fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "%s", GDALGetDriverShortName(GDALGetDatasetDriver(ds)));
	if (GDALGetRasterCount(ds) > 0 && GDALGetRasterBand(ds, 1)) {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%d x %d pixels, %d bands", GDALGetRasterXSize(ds), GDALGetRasterYSize(ds), GDALGetRasterCount(ds));
		warn_about(c, ds, path);
		return;
	}
	n = CSLCount(GDALGetMetadata(ds, "SUBDATASETS")) / 2;
	fp_verdict_invalid(c);
	if (n == 0) {
		fp_verdict_error(c, "Cannot get GDAL raster band: ");
		fp_verdict_provider(c, "Cannot get GDAL raster band: ");
		fp_verdict_detail(c, "\"%s\" holds no raster band", r->path);
	} else {
		fp_verdict_detail(c, "\"%s\" is a container of %d rasters and the layer names none of them", r->path, n);
	}
	snprintf(count, sizeof count, "%d", n);
	fp_verdict_cause(c, "no_raster_band", FP_SLOTS({"FILENAME", r->path}, {"COUNT", n ? count : NULL}));
}

static void open_and_check(struct fp_check *c, const struct raster *r, const char *real)
{
	struct fp_gdal_name name = {r->before, real, r->after, c->project->root};
	struct fp_gdal_messages m;
	struct fp_error err;
	GDALDatasetH ds;
	enum fp_status st;

	fp_gdal_collect(&m, c->project->root);
	st = fp_gdal_open(&ds, &name, FP_USE_RASTER, 0, &r->options, &err);
	if (st == FP_OK) {
		check_opened(c, r, ds, real);
		GDALClose(ds);
	} else if (st == FP_E_REFUSED) {
		fp_verdict_not_checked(c, "foreign_format", FP_SLOTS({"REASON", err.msg}));
	} else {
		cannot_open(c, r);
		fp_diagnose_content(c, real, &m, err.msg);
	}
	fp_gdal_collect_end();
	fp_strv_free(&m.texts);
}

void fp_check_gdal(struct fp_check *c)
{
	struct raster r = {0};
	char *real = NULL, kind[13];

	take_apart(&r, c->layer);
	if (is_other_subdataset(r.written) && r.path[0] != '/') {
		snprintf(kind, sizeof kind, "%s", r.written);
		fp_verdict_not_checked(c, "subdataset", FP_SLOTS({"KIND", kind}));
	} else {
		real = fp_layer_file(c, r.written, r.path);
	}
	if (real)
		open_and_check(c, &r, real);
	else if (c->v->status != FP_LAYER_NOT_CHECKED && *r.path)
		cannot_open(c, &r);
	free(real);
	clear(&r);
}
