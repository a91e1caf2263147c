#include "engine/changes/target_ogr.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"

/* Files that Fieldpost has been shown to write well, and why not others that GDAL writes anew from what it understood of them. */
static const struct fp_ogr_format formats[] = {
	{.driver = "ESRI Shapefile", .parts = 1, .repack = 1, .indexes = {"qix", "sbn"}},
	{.driver = "GeoJSON", .ingest = 1},
	{.driver = "CSV", .overlay = 1},
	{.driver = "MapInfo File", .parts = 1, .numbers = 1, .plane = 1, .grain = 1e-6, .indexes = {"ind", "IND"}},
	{.driver = "ODS", .never = "formulas and formats would be lost"},
	{.driver = "XLSX", .never = "formulas and formats would be lost"},
	{.driver = "FlatGeobuf", .never = "the order of its features and its description would be lost"},
	{.driver = "LIBKML", .never = "styles and folders would be lost"},
	{.driver = "KML", .never = "styles and folders would be lost"},
	{.driver = "OpenFileGDB", .never = "its domains and relationships could be lost"},
};

const char *fp_ogr_message(const struct fp_file *f, const char *fallback)
{
	static char text[300];
	const char *msg = CPLGetLastErrorMsg(), *at;
	size_t n = strlen(f->path) - strlen(fp_path_base(f->path));

	if (!*msg)
		return fallback;
	at = strstr(msg, f->path); /* the job's folder means nothing to a reader */
	if (at)
		snprintf(text, sizeof text, "%.*s%s", (int)(at - msg), msg, at + n);
	else
		snprintf(text, sizeof text, "%s", msg);
	return text;
}

/* PATH is a copy of ours, but what is in it came from outside: it goes through the same door as everything. */
static enum fp_status open_with_gate(GDALDatasetH *out, const char *path, int update, struct fp_error *err)
{
	char *folder = fp_path_dir(path);
	struct fp_gdal_name name = {"", path, "", folder};
	enum fp_status st = fp_gdal_open(out, &name, FP_USE_VECTOR, update, NULL, err);

	free(folder);
	return st;
}

static void forget(struct fp_ogr_file *f)
{
	while (f->n_undo > 0)
		OGR_F_Destroy(f->undo[--f->n_undo].before);
}

static enum fp_status mark(struct fp_file *file, struct fp_error *err)
{
	(void)err;
	forget((struct fp_ogr_file *)file);
	return FP_OK;
}

static enum fp_status back(struct fp_file *file, struct fp_error *err)
{
	struct fp_ogr_file *f = (struct fp_ogr_file *)file;
	enum fp_status st = FP_OK;

	for (size_t i = f->n_undo; st == FP_OK && i-- > 0;)
		st = fp_ogr_restore(&f->undo[i], err);
	forget(f);
	return st;
}

static enum fp_status on(struct fp_file *file, struct fp_error *err)
{
	return mark(file, err);
}

/* GDAL's close says nothing of a full disk: what was written is opened again and counted. */
static enum fp_status recount(struct fp_ogr_file *f, const int64_t *counts, char *const *names, struct fp_error *err)
{
	GDALDatasetH ds = NULL;
	struct fp_error why;
	enum fp_status st = open_with_gate(&ds, f->file.path, 0, &why);

	if (st != FP_OK)
		st = fp_fail(err, FP_E_IO, "%s was not written completely: %s", f->file.name, why.msg);
	for (size_t i = 0; st == FP_OK && i < f->n_layers; i++) {
		OGRLayerH l = GDALDatasetGetLayerByName(ds, names[i]);
		int64_t n = l ? OGR_L_GetFeatureCount(l, 1) : -1;
		if (n != counts[i])
			st = fp_fail(err, FP_E_IO, "%s was not written completely: %lld features instead of %lld", f->file.name, (long long)n,
				(long long)counts[i]);
	}
	if (ds)
		GDALClose(ds);
	return st;
}

static enum fp_status close_file(struct fp_ogr_file *f, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	if (!f->ds)
		return FP_OK;
	CPLErrorReset();
	GDALFlushCache(f->ds);
	if (CPLGetLastErrorType() < CE_Failure)
		GDALClose(f->ds);
	if (CPLGetLastErrorType() >= CE_Failure)
		st = fp_fail(err, FP_E_IO, "cannot write %s: %s", f->file.name, fp_ogr_message(&f->file, "unknown error"));
	f->ds = NULL;
	return st;
}

/* A spatial index that stood beside the shapes is made anew: readers would trust the old one. */
static void index_shapes(struct fp_ogr_file *f)
{
	for (size_t i = 0; f->had_index && i < f->n_layers; i++) {
		char *sql = fp_asprintf("CREATE SPATIAL INDEX ON \"%s\"", OGR_L_GetName(f->layers[i]->real));

		GDALDatasetReleaseResultSet(f->ds, GDALDatasetExecuteSQL(f->ds, sql, NULL, NULL));
		free(sql);
	}
}

/* Whether one of the files of FORMAT's indexes stands beside PATH. */
static int has_index(const char *path, const struct fp_ogr_format *format)
{
	const char *dot = strrchr(path, '.');
	int has = 0;

	for (const char *const *suffix = format->indexes; dot && *suffix; suffix++) {
		char *beside = fp_asprintf("%.*s%s", (int)(dot - path + 1), path, *suffix);
		has |= access(beside, F_OK) == 0;
		free(beside);
	}
	return has;
}

static enum fp_status commit(struct fp_file *file, struct fp_error *err)
{
	struct fp_ogr_file *f = (struct fp_ogr_file *)file;
	int64_t *counts = fp_alloc((f->n_layers + 1) * sizeof *counts);
	struct fp_strv names = {0};
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < f->n_layers; i++)
		st = fp_ogr_layer_finish(f->layers[i], err);
	for (size_t i = 0; st == FP_OK && i < f->n_layers; i++) {
		counts[i] = OGR_L_GetFeatureCount(f->layers[i]->real, 1);
		fp_strv_add(&names, OGR_L_GetName(f->layers[i]->real));
	}
	if (st == FP_OK) {
		index_shapes(f);
		st = close_file(f, err);
	}
	if (st == FP_OK)
		st = recount(f, counts, names.items, err);
	fp_strv_free(&names);
	free(counts);
	return st;
}

static void file_free(struct fp_file *file)
{
	struct fp_ogr_file *f = (struct fp_ogr_file *)file;

	forget(f);
	free(f->undo);
	if (f->ds)
		GDALClose(f->ds);
	if (f->memory)
		GDALClose(f->memory);
	free(f->layers);
	free(file->name);
	free(file->path);
	free(f);
}

static const struct fp_file_ops ops = {
	.open_layer = fp_ogr_open_layer, .mark = mark, .back = back, .on = on, .commit = commit, .free = file_free
};

static const struct fp_ogr_format *format_of(GDALDatasetH ds)
{
	const char *name = GDALGetDriverShortName(GDALGetDatasetDriver(ds));

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(name, formats[i].driver) == 0)
			return &formats[i];
	return NULL;
}

/* Kinds that drivers above would write otherwise than they were: not packed again, or one feature a line as a collection. NULL: PATH is none. */
static const char *other_kind(const char *path)
{
	static const struct { const char *suffix, *kind; } kinds[] = {
		{".shz", "zipped shapefiles"}, {".zip", "zipped shapefiles"}, {".geojsonl", "files of the format GeoJSONSeq"},
		{".geojsons", "files of the format GeoJSONSeq"}, {".jsonl", "files of the format GeoJSONSeq"}, {".ndjson", "files of the format GeoJSONSeq"},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (fp_path_has_suffix(path, kinds[i].suffix))
			return kinds[i].kind;
	return NULL;
}

/* Why PATH, which does not open for writing, is not written: WHY is the gate's word. */
static enum fp_status refuse(const char *path, const struct fp_error *why, struct fp_error *err)
{
	char *said = fp_strdup(CPLGetLastErrorMsg());
	struct fp_error ignored;
	GDALDatasetH ds;

	if (open_with_gate(&ds, path, 0, &ignored) == FP_OK) {
		fp_fail(err, FP_E_REFUSED, "files of the format %s can only be read", GDALGetDriverShortName(GDALGetDatasetDriver(ds)));
		GDALClose(ds);
	} else {
		fp_fail(err, FP_E_REFUSED, "%s is no GeoPackage, shapefile, GeoJSON, CSV or MapInfo file that can be written: %s", fp_path_base(path),
			*said ? said : why->msg);
	}
	free(said);
	return FP_E_REFUSED;
}

enum fp_status fp_ogr_open(struct fp_file **out, const char *path, struct fp_error *err)
{
	const struct fp_ogr_format *format;
	struct fp_ogr_file *f;
	struct fp_error why;
	GDALDatasetH ds;

	if (other_kind(path))
		return fp_fail(err, FP_E_REFUSED, "%s can only be read", other_kind(path));
	CPLErrorReset();
	if (open_with_gate(&ds, path, 1, &why) != FP_OK)
		return refuse(path, &why, err);
	format = format_of(ds);
	if (!format || format->never) {
		fp_fail(err, FP_E_REFUSED, "files of the format %s can only be read%s%s", GDALGetDriverShortName(GDALGetDatasetDriver(ds)),
			format ? ": writing one anew, " : "", format ? format->never : "");
		GDALClose(ds);
		return FP_E_REFUSED;
	}
	if (!format->repack && has_index(path, format)) {
		GDALClose(ds);
		return fp_fail(err, FP_E_REFUSED, "%s has indexed columns (.ind), which GDAL would leave behind", fp_path_base(path));
	}
	f = fp_alloc(sizeof *f);
	f->file.ops = &ops;
	f->file.path = fp_strdup(path);
	f->ds = ds;
	f->format = format;
	f->had_index = has_index(path, format);
	*out = &f->file;
	return FP_OK;
}
