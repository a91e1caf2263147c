#include "tests/apply_fixture.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <criterion/new/assert.h>
#include <cpl_error.h>
#include <ogr_srs_api.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"

void fixture_open(struct fixture *f)
{
	char dir[] = "/tmp/fp-apply-XXXXXX";
	struct fp_error err;

	GDALAllRegister();
	CPLSetErrorHandler(CPLQuietErrorHandler);
	memset(f, 0, sizeof *f);
	cr_assert(mkdtemp(dir) != NULL);
	f->dir = fp_strdup(dir);
	f->in = fp_path_join(dir, "in");
	f->out = fp_path_join(dir, "out");
	cr_assert_eq(fp_fs_mkdirs(f->in, &err), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(f->out, &err), FP_OK);
	f->project.home = f->in;
	f->options = (struct fp_apply_options){.input = f->in, .output = f->out};
	f->results = json_array();
}

void fixture_close(struct fixture *f)
{
	struct fp_error err;

	fp_apply_free(f->session);
	cr_assert_eq(fp_fs_remove_tree(f->dir, &err), FP_OK);
	for (size_t i = 0; i < f->project.n_layers; i++) {
		struct fp_layer_def *l = &f->project.layers[i];
		char *owned[] = {l->id, l->name, l->type, l->provider, l->encoding, l->datasource, l->crs, l->wkb_type, l->geometry, l->home};
		for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
			free(owned[k]);
		for (size_t k = 0; k < l->n_fields; k++) {
			free(l->fields[k].name);
			free(l->fields[k].default_expression);
		}
		free(l->fields);
		fp_strv_free(&l->joined_fields);
	}
	free(f->project.layers);
	fp_strv_free(&f->files);
	json_decref(f->results);
	free(f->dir);
	free(f->in);
	free(f->out);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct fp_layer_def *)a)->id, ((const struct fp_layer_def *)b)->id);
}

struct fp_layer_def *fixture_layer(struct fixture *f, const char *id, const char *type, const char *provider, const char *source)
{
	struct fp_project *p = &f->project;

	FP_GROW(p->layers, p->n_layers, p->cap_layers);
	p->layers[p->n_layers++] = (struct fp_layer_def){
		.id = fp_strdup(id), .name = fp_strdup(id), .type = fp_strdup(type), .provider = fp_strdup_null(provider), .encoding = fp_strdup(""),
		.datasource = fp_strdup(source), .crs = fp_strdup(""), .wkb_type = fp_strdup(""), .geometry = fp_strdup(""), .home = fp_strdup(f->in),
	};
	qsort(p->layers, p->n_layers, sizeof *p->layers, by_id);
	for (size_t i = 0;; i++)
		if (strcmp(p->layers[i].id, id) == 0)
			return &p->layers[i];
}

static OGRFieldDefnH field(OGRLayerH l, const char *name, OGRFieldType type, OGRFieldSubType sub)
{
	OGRFieldDefnH d = OGR_Fld_Create(name, type);

	OGR_Fld_SetSubType(d, sub);
	cr_assert_eq(OGR_L_CreateField(l, d, 1), OGRERR_NONE);
	OGR_Fld_Destroy(d);
	return NULL;
}

void fixture_points(struct fixture *f)
{
	char *path = fp_path_join(f->in, "data.gpkg");
	GDALDatasetH ds = GDALCreate(GDALGetDriverByName("GPKG"), path, 0, 0, 0, GDT_Unknown, NULL);
	OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
	OGRLayerH l;

	OSRImportFromEPSG(srs, 2056);
	l = GDALDatasetCreateLayer(ds, "points", srs, wkbPoint, NULL);
	field(l, "txt", OFTString, OFSTNone);
	field(l, "i32", OFTInteger, OFSTNone);
	field(l, "dbl", OFTReal, OFSTNone);
	field(l, "bl", OFTInteger, OFSTBoolean);
	field(l, "dt", OFTDate, OFSTNone);
	field(l, "ts", OFTDateTime, OFSTNone);
	for (int i = 1; i <= 3; i++) {
		OGRFeatureH o = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		OGR_G_SetPoint_2D(g, 0, i, i);
		OGR_F_SetGeometryDirectly(o, g);
		OGR_F_SetFieldString(o, 0, (char[]){(char)('a' + i - 1), 0});
		OGR_F_SetFieldInteger(o, 1, 10 * i);
		cr_assert_eq(OGR_L_CreateFeature(l, o), OGRERR_NONE);
		OGR_F_Destroy(o);
	}
	OSRDestroySpatialReference(srs);
	GDALClose(ds);
	free(path);
	fixture_layer(f, "points", "vector", "ogr", "./data.gpkg|layername=points");
}

void fixture_sql(struct fixture *f, const char *sql)
{
	char *path = fp_path_join(f->in, "data.gpkg"), *message = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(fp_gpkg_functions(db), SQLITE_OK); /* the triggers of the spatial index want them */
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK, "%s", message);
	sqlite3_close(db);
	free(path);
}

char *fixture_query(struct fixture *f, const char *file, const char *sql)
{
	char *path = fp_path_join(f->out, file), *text;
	sqlite3_stmt *s = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK, "%s", path);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	text = fp_strdup(sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0) ? (const char *)sqlite3_column_text(s, 0) : "");
	sqlite3_finalize(s);
	sqlite3_close(db);
	free(path);
	return text;
}

void fixture_expect(struct fixture *f, const char *sql, const char *want)
{
	char *got = fixture_query(f, "data.gpkg", sql);

	cr_assert_str_eq(got, want, "%s: %s instead of %s", sql, got, want);
	free(got);
}

void fixture_write(struct fixture *f, const char *name, const char *text)
{
	char *path = fp_path_join(f->in, name), *dir = fp_path_dir(path);
	struct fp_error err;

	cr_assert_eq(fp_fs_mkdirs(dir, &err), FP_OK);
	cr_assert_eq(fp_fs_write_atomic(path, text, strlen(text), &err), FP_OK, "%s", err.msg);
	free(dir);
	free(path);
}

char *fixture_read(struct fixture *f, const char *name)
{
	char *path = fp_path_join(f->out, name);
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err;
	int there = fp_fs_read(&b, path, 1 << 20, &err) == FP_OK;

	free(path);
	return there ? fp_buf_take(&b) : NULL;
}

static json_t *quoted_json(const char *text)
{
	char *copy = fp_strdup(text);
	struct fp_error err;
	json_t *v;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	cr_assert_eq(fp_json_parse(&v, copy, strlen(copy), &err), FP_OK, "%s: %s", copy, err.msg);
	free(copy);
	return v;
}

static const json_t *apply_line(struct fixture *f, json_t *text)
{
	struct fp_error err;
	json_t *result;

	if (!f->session)
		fp_apply_new(&f->session, &f->project, &f->options);
	cr_assert_eq(fp_apply_line(f->session, text, &result, &err), FP_OK, "%s", err.msg);
	json_decref(text);
	json_array_append_new(f->results, result);
	return result;
}

const json_t *line(struct fixture *f, const char *text)
{
	return apply_line(f, quoted_json(text));
}

const json_t *delta(struct fixture *f, const char *method, const char *layer, const char *pk, const char *old, const char *new)
{
	char uuid[32];
	json_t *d;

	snprintf(uuid, sizeof uuid, "uuid-%d", f->n++);
	d = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "uuid", uuid, "clientId", "client", "localPk", pk, "sourcePk", pk, "localLayerId", layer,
		"sourceLayerId", layer, "method", method);
	if (old)
		json_object_set_new(d, "old", quoted_json(old));
	if (new)
		json_object_set_new(d, "new", quoted_json(new));
	return apply_line(f, json_pack("{s:o,s:n,s:n}", "delta", d, "mapped_pk", "ledger"));
}

static void take_file(void *arg, const char *name)
{
	fp_strv_add(arg, name);
}

enum fp_status finish(struct fixture *f)
{
	struct fp_error err = {0};
	enum fp_status st;

	fp_strv_free(&f->files);
	st = fp_apply_finish(f->session, &(struct fp_apply_end){.arg = &f->files, .file = take_file}, &err);
	if (st != FP_OK)
		cr_log_info("%s", err.msg);
	fp_apply_free(f->session);
	f->session = NULL;
	json_array_clear(f->results);
	return st;
}

void advance(struct fixture *f)
{
	for (size_t i = 0; i < f->files.n; i++) {
		char *from = fp_path_join(f->out, f->files.items[i]), *to = fp_path_join(f->in, f->files.items[i]);
		cr_assert_eq(rename(from, to), 0);
		free(from);
		free(to);
	}
}

void is(const json_t *result, const char *status, const char *message)
{
	const char *msg = fp_json_str_or(result, "msg", "");

	cr_assert_str_eq(fp_json_str_or(result, "status", ""), status, "%s: %s", fp_json_str_or(result, "status", ""), msg);
	cr_assert(strstr(msg, message) != NULL, "\"%s\" lacks \"%s\"", msg, message);
}

static enum fp_status list_one(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct fp_buf *b = arg;

	(void)regular;
	(void)size;
	(void)err;
	fp_buf_addf(b, "%s%s", b->len ? " " : "", name);
	return FP_OK;
}

char *fixture_list(struct fixture *f)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err;

	cr_assert_eq(fp_fs_walk(f->out, list_one, &b, &err), FP_OK);
	return fp_buf_take(&b);
}
