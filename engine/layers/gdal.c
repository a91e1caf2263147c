/* gdal (spec/layers.md 2.2): a raster file, or a subdataset by one of the prefixes whose inner path QGIS resolves. */
#include <cpl_string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/diagnose.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/raster_source.h"
#include "engine/layers/sqlite.h"
#include "engine/layers/vrt.h"
#include "engine/project/source.h"

/* "GTIFF_DIR:1:" and other subdatasets of forms that are not opened here. */
static int is_other_subdataset(const char *source)
{
	size_t n = strspn(source, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return n > 1 && source[n] == ':';
}

/* 1 when the path in such a source is relative: QGIS does not resolve it, so nothing can be found there. */
static int names_relative(const char *source)
{
	return strstr(source, ":./") || strstr(source, ":../") || strstr(source, ":\"./") || strstr(source, ":\"../");
}

/* The source as QGIS has it when its path is resolved. Caller frees. */
static char *resolved(const struct fp_raster_source *r)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "%s%s%s", r->before, r->path, r->after);
	for (size_t i = 0; i < r->options.n; i++)
		fp_buf_addf(&b, "|option:%s", r->options.items[i]);
	return fp_buf_take(&b);
}

static void says_nothing(struct fp_check *c, const struct fp_raster_source *r)
{
	char *uri = *r->path ? resolved(r) : fp_strdup("");

	fp_verdict_invalid(c);
	fp_verdict_error(c, "Provider is not valid (provider: gdal, URI: %s", uri);
	free(uri);
}

/* The reference prints this in both columns, never the file sentence; what it prints behind it is in our detail. */
static void cannot_open(struct fp_check *c, const struct fp_raster_source *r)
{
	char *uri = resolved(r);

	fp_verdict_invalid(c);
	fp_verdict_error(c, "Cannot open GDAL dataset %s:", uri);
	fp_verdict_provider(c, "%s", c->v->error_summary);
	free(uri);
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

static void check_opened(struct fp_check *c, const struct fp_raster_source *r, GDALDatasetH ds, const char *path)
{
	char count[16];
	int n;

	fp_stage(c, FP_STAGE_DRIVER, FP_MARK_OK, "%s", GDALGetDriverShortName(GDALGetDatasetDriver(ds)));
	if (GDALGetRasterCount(ds) > 0 && GDALGetRasterBand(ds, 1)) {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%d x %d pixels, %d band%s", GDALGetRasterXSize(ds), GDALGetRasterYSize(ds), GDALGetRasterCount(ds),
			fp_text_s(GDALGetRasterCount(ds)));
		warn_about(c, ds, path);
		return;
	}
	n = CSLCount(GDALGetMetadata(ds, "SUBDATASETS")) / 2;
	if (n == 0) {
		fp_verdict_invalid(c);
		fp_verdict_error(c, "Cannot get GDAL raster band: ");
		fp_verdict_provider(c, "Cannot get GDAL raster band: ");
		fp_verdict_detail(c, "\"%s\" holds no raster band", r->path);
	} else {
		says_nothing(c, r);
		fp_verdict_detail(c, "\"%s\" is a container of %d rasters and the layer names none of them", r->path, n);
	}
	snprintf(count, sizeof count, "%d", n);
	fp_verdict_cause(c, "no_raster_band", FP_SLOTS({"FILENAME", r->path}, {"COUNT", n ? count : NULL}));
}

/* No raster: QGIS asks the drivers of features too, and what they open lacks a band (but for vector tiles, which have some). */
static void judge_features(struct fp_check *c, const struct fp_raster_source *r, const struct fp_gdal_name *name, const struct fp_gdal_messages *m,
	const char *reason)
{
	struct fp_gdal_messages ignored;
	GDALDatasetH ds;

	fp_gdal_collect(&ignored, NULL);
	fp_gdal_open(&ds, name, FP_USE_RASTER | FP_USE_VECTOR, 0, &r->options, NULL);
	if (ds) {
		check_opened(c, r, ds, name->path);
		GDALClose(ds);
	} else {
		cannot_open(c, r);
		fp_diagnose_content(c, name->path, m, reason);
	}
	fp_gdal_collect_end();
	fp_strv_free(&ignored.texts);
}

static void open_and_check(struct fp_check *c, const struct fp_raster_source *r, const char *real)
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
	} else if (fp_sqlite_is_rasterlite(real)) {
		fp_verdict_not_checked(c, "foreign_format", FP_SLOTS({"REASON", "this version does not open Rasterlite databases"}));
	} else {
		judge_features(c, r, &name, &m, err.msg);
	}
	fp_gdal_collect_end();
	fp_strv_free(&m.texts);
}

static void not_opened_here(struct fp_check *c, const struct fp_raster_source *r)
{
	char kind[13];

	snprintf(kind, sizeof kind, "%s%s", r->before, r->written);
	fp_verdict_not_checked(c, "subdataset", FP_SLOTS({"KIND", kind}));
}

void fp_check_gdal(struct fp_check *c)
{
	struct fp_raster_source r;
	char *real = NULL;

	fp_raster_source_parse(&r, c->layer->home, c->layer->datasource);
	if (!r.is_subdataset && r.path[0] != '/' && is_other_subdataset(r.written) && !names_relative(r.written))
		not_opened_here(c, &r);
	else if (*r.after == '/' && strstr(r.after, ".."))
		fp_diagnose_gate(c, FP_GATE_OUTSIDE, r.written, r.path);
	else
		real = fp_layer_file(c, r.written, r.path);
	if (real && r.is_subdataset && !r.opens)
		not_opened_here(c, &r);
	else if (real)
		open_and_check(c, &r, real);
	else if (!*r.path)
		says_nothing(c, &r);
	else if (c->v->status != FP_LAYER_NOT_CHECKED)
		cannot_open(c, &r);
	free(real);
	fp_raster_source_clear(&r);
}
