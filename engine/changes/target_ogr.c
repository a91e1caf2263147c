#include "engine/changes/target_ogr.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"

/* Files that Fieldpost has been shown to write well. */
static const struct fp_ogr_format formats[] = {
	{.driver = "ESRI Shapefile", .parts = 1, .repack = 1},
	{.driver = "GeoJSON", .ingest = 1},
	{.driver = "CSV", .overlay = 1},
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
	enum fp_status st = open_with_gate(&ds, f->file.path, 0, err);

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

static int has_index(const char *path)
{
	static const char *const suffixes[] = {"qix", "sbn"};
	const char *dot = strrchr(path, '.');
	int has = 0;

	for (size_t i = 0; dot && i < sizeof suffixes / sizeof *suffixes; i++) {
		char *beside = fp_asprintf("%.*s%s", (int)(dot - path + 1), path, suffixes[i]);
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

enum fp_status fp_ogr_open(struct fp_file **out, const char *path, struct fp_error *err)
{
	struct fp_ogr_file *f;
	struct fp_error why;
	GDALDatasetH ds;
	const char *said;

	CPLErrorReset();
	if (open_with_gate(&ds, path, 1, &why) != FP_OK) {
		said = CPLGetLastErrorMsg();
		return fp_fail(err, FP_E_REFUSED, "%s is no GeoPackage, shapefile, GeoJSON or CSV file that can be written: %s", fp_path_base(path),
			*said ? said : why.msg);
	}
	if (!format_of(ds)) {
		fp_fail(err, FP_E_REFUSED, "files of the format %s are not written yet", GDALGetDriverShortName(GDALGetDatasetDriver(ds)));
		GDALClose(ds);
		return FP_E_REFUSED;
	}
	f = fp_alloc(sizeof *f);
	f->file.ops = &ops;
	f->file.path = fp_strdup(path);
	f->ds = ds;
	f->format = format_of(ds);
	f->had_index = f->format->repack && has_index(path);
	*out = &f->file;
	return FP_OK;
}
