#include <criterion/criterion.h>
#include <gdal.h>
#include <limits.h>
#include <ogr_api.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"
#include "tests/layer_files.h"

char *files_upload, *files_other;
static char top[64];
static char *scratch;

char *files_at(const char *name)
{
	return fp_path_join(files_upload, name);
}

void files_put(const char *name, const char *text)
{
	char *path = files_at(name);

	cr_assert_eq(fp_fs_write_atomic(path, text, strlen(text), NULL), FP_OK);
	free(path);
}

static GDALDriverH driver(const char *name, const char *like)
{
	struct fp_strv names = {0};

	fp_formats_allow(&names, like, FP_MAGIC_NONE, FP_USE_VECTOR | FP_USE_RASTER);
	fp_strv_free(&names);
	return GDALGetDriverByName(name);
}

static void add_layer(GDALDatasetH ds, const char *name, OGRwkbGeometryType type)
{
	OGRLayerH l = GDALDatasetCreateLayer(ds, name, NULL, type, NULL);
	OGRFieldDefnH f = OGR_Fld_Create("val", OFTInteger);

	cr_assert(l);
	OGR_L_CreateField(l, f, 1);
	OGR_Fld_Destroy(f);
	for (int i = 0; i < 3; i++) {
		OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGR_F_SetFieldInteger(feature, 0, i);
		if (type != wkbNone) {
			OGRGeometryH g = OGR_G_CreateGeometry(type == wkbUnknown ? wkbPoint : type);
			OGR_G_AddPoint_2D(g, i, i);
			if (type != wkbPoint && type != wkbUnknown)
				OGR_G_AddPoint_2D(g, i + 1, i);
			OGR_F_SetGeometryDirectly(feature, g);
		}
		cr_assert_eq(OGR_L_CreateFeature(l, feature), OGRERR_NONE);
		OGR_F_Destroy(feature);
	}
}

void files_vector(const char *folder, const char *name, const char *driver_name)
{
	char *path = fp_path_join(folder, name);
	GDALDatasetH ds = GDALCreate(driver(driver_name, name), path, 0, 0, 0, GDT_Unknown, NULL);

	cr_assert(ds);
	add_layer(ds, "pts", wkbPoint);
	if (strcmp(driver_name, "GPKG") == 0) {
		add_layer(ds, "Two Words", wkbLineString);
		add_layer(ds, "any", wkbUnknown);
		add_layer(ds, "table", wkbNone);
	}
	GDALClose(ds);
	free(path);
}

void files_raster(const char *name, int georeferenced)
{
	double t[6] = {0, 1, 0, 4, 0, -1};
	char *path = files_at(name);
	GDALDatasetH ds = GDALCreate(driver("GTiff", name), path, 64, 64, 1, GDT_Byte, NULL);

	cr_assert(ds);
	if (georeferenced)
		GDALSetGeoTransform(ds, t);
	GDALFillRaster(GDALGetRasterBand(ds, 1), 7, 0);
	GDALClose(ds);
	free(path);
}

void files_sql(const char *name, const char *sql)
{
	char *path = files_at(name);
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	free(path);
}

void files_copy(const char *from, const char *to)
{
	char *f = files_at(from), *t = files_at(to);

	cr_assert_eq(fp_fs_copy(f, t, NULL), FP_OK);
	free(f);
	free(t);
}

void files_setup(void)
{
	char real[PATH_MAX];

	strcpy(top, "/tmp/fp-layers-XXXXXX");
	cr_assert(mkdtemp(top));
	cr_assert(realpath(top, real));
	files_upload = fp_path_join(real, "upload");
	files_other = fp_path_join(real, "other");
	scratch = fp_path_join(real, "scratch");
	cr_assert_eq(fp_fs_mkdirs(files_upload, NULL), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(files_other, NULL), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(scratch, NULL), FP_OK);
	fp_gdal_init(scratch);
	files_vector(files_upload, "a.gpkg", "GPKG");
}

void files_teardown(void)
{
	fp_fs_remove_tree(top, NULL);
	free(files_upload);
	free(files_other);
	free(scratch);
}

static void escape(struct fp_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>", *text))
			fp_buf_addf(b, "&#%d;", *text);
		else
			fp_buf_addc(b, *text);
	}
}

struct fp_verdict files_judged(const char *type, const char *provider, const char *source)
{
	struct fp_buf xml = FP_BUF_INIT;
	struct fp_project *p = NULL;
	struct fp_error err = {0};
	struct fp_verdict v;
	char *path = files_at("project.qgs");

	fp_buf_addf(&xml, "<qgis version='3.40'><projectlayers><maplayer type='%s'><id>layer_under_test</id><layername>L</layername><datasource>", type);
	escape(&xml, source);
	fp_buf_adds(&xml, "</datasource>");
	if (provider)
		fp_buf_addf(&xml, "<provider>%s</provider>", provider);
	fp_buf_adds(&xml, "<srs><spatialrefsys><authid>EPSG:4326</authid></spatialrefsys></srs></maplayer></projectlayers></qgis>");
	files_put("project.qgs", xml.data);
	fp_buf_free(&xml);
	cr_assert_eq(fp_project_open_below(&p, path, NULL, &err), FP_OK, "%s", err.msg);
	fp_layer_check(&v, &(struct fp_checker){.project = p, .prober = -1}, &p->layers[0]);
	fp_project_free(p);
	free(path);
	return v;
}

int files_says(const struct fp_verdict *v, const char *text)
{
	for (size_t i = 0; i < v->warnings.n; i++)
		if (strstr(v->warnings.items[i], text))
			return 1;
	return strstr(v->sentence, text) || strstr(v->error_summary, text) || strstr(v->detail, text) || strstr(v->remedy, text) || strstr(v->provider_summary, text);
}

void files_hold(const struct expected *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct expected *e = &cases[i];
		struct fp_verdict v = files_judged(e->type, e->provider, e->source);
		cr_expect_str_eq(fp_layer_status_word(v.status), e->status, "%s: %s (%s)", e->source, fp_layer_status_word(v.status), v.detail);
		if (e->says)
			cr_expect(files_says(&v, e->says), "%s lacks \"%s\": %s | %s | %s | %s", e->source, e->says, v.error_summary, v.sentence, v.detail, v.remedy);
		else
			cr_expect(!v.cause && !*v.detail && !*v.remedy && v.warnings.n == 0, "%s: %s %s", e->source, v.detail, v.remedy);
		cr_expect(strlen(v.detail) <= 300);
		fp_verdict_clear(&v);
	}
}
