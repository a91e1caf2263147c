#include "engine/package/rows_web.h"

#include <cpl_conv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"
#include "engine/package/rows_file.h"

/* ---- pages ---- */

enum fp_status fp_web_rows_open_page(GDALDatasetH *ds, OGRLayerH *layer, const struct fp_web_rows *r, const char *path, struct fp_error *err)
{
	const struct fp_gdal_name name = {"", path, "", r->package->scratch};
	struct fp_error why;
	enum fp_status st;

	CPLSetThreadLocalConfigOption("GML_SWAP_COORDINATES", r->axes);
	st = fp_gdal_open(ds, &name, FP_USE_VECTOR, 0, NULL, &why);
	CPLSetThreadLocalConfigOption("GML_SWAP_COORDINATES", NULL);
	if (st != FP_OK)
		return fp_fail(err, FP_E_IO, "what the server sends cannot be read: %s", why.msg);
	*layer = GDALDatasetGetLayer(*ds, 0);
	return FP_OK;
}

static void close_page(struct fp_web_rows *r)
{
	OGR_F_Destroy(r->feature);
	r->feature = NULL;
	if (r->ds)
		GDALClose(r->ds);
	r->ds = NULL;
	r->layer = NULL;
}

static void find_fields(struct fp_web_rows *r)
{
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(r->layer);

	for (size_t i = 0; i < r->rows.n_columns; i++)
		r->fields[i] = OGR_FD_GetFieldIndex(defn, r->rows.columns[i].name);
	r->id = OGR_FD_GetFieldIndex(defn, "gml_id");
}

/* *MORE 0: there is no other page. */
static enum fp_status next_page(struct fp_web_rows *r, int *more, struct fp_error *err)
{
	char *url = r->kind->next(r);
	struct fp_web_page page;
	enum fp_status st;

	*more = url != NULL;
	if (!url)
		return FP_OK;
	r->begun = 1;
	r->in_page = 0;
	st = fp_web_download(&page, r->path, &r->service, url, err);
	free(url);
	if (st == FP_OK) {
		st = r->kind->take(r, &page, r->path, err);
		fp_web_page_clear(&page);
	}
	if (st == FP_OK)
		st = fp_web_rows_open_page(&r->ds, &r->layer, r, r->path, err);
	if (st == FP_OK && r->layer)
		find_fields(r);
	return st;
}

/* A server that takes no notice of where a page begins would be asked for ever. */
static enum fp_status look_at_first(struct fp_web_rows *r, struct fp_error *err)
{
	const char *id = r->id >= 0 ? OGR_F_GetFieldAsString(r->feature, r->id) : "";
	int same = r->first && *id && strcmp(r->first, id) == 0;

	free(r->first);
	r->first = *id ? fp_strdup(id) : NULL;
	return same ? fp_fail(err, FP_E_IO, "the server sends the same features again: it does not hand them out in pages as it promises") : FP_OK;
}

/* Rows that vanish, or that nobody asked for, are no package. */
static enum fp_status complete(const struct fp_web_rows *r, struct fp_error *err)
{
	int64_t wanted = r->most >= 0 && r->most < r->expected ? r->most : r->expected;

	if (r->expected < 0 || r->received >= wanted)
		return FP_OK;
	fp_fail(err, FP_E_IO, "the server sent %lld of the %lld features that it says it has", (long long)r->received, (long long)wanted);
	fp_error_hint(err, "package again; when it never sends more, let the layer stay online (no action)");
	return FP_E_IO;
}

static enum fp_status step(struct fp_web_rows *r, int *more, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	*more = 0;
	if (r->most >= 0 && r->received >= r->most)
		return FP_OK;
	while (st == FP_OK) {
		int page = 1;
		if (!r->ds)
			st = next_page(r, &page, err);
		if (st != FP_OK || !page)
			return st != FP_OK ? st : complete(r, err);
		OGR_F_Destroy(r->feature);
		CPLErrorReset();
		r->feature = r->layer ? OGR_L_GetNextFeature(r->layer) : NULL;
		if (r->feature)
			break;
		if (CPLGetLastErrorType() >= CE_Failure)
			return fp_fail(err, FP_E_IO, "reading ended after %lld features: %s", (long long)r->received, CPLGetLastErrorMsg());
		close_page(r);
	}
	r->received++;
	*more = 1;
	return r->in_page++ == 0 ? look_at_first(r, err) : FP_OK;
}

/* ---- rows ---- */

static enum fp_text_type kind_of(OGRFieldType type)
{
	switch (type) {
	case OFTInteger:
		return FP_TEXT_INT;
	case OFTInteger64:
		return FP_TEXT_LONG;
	case OFTReal:
		return FP_TEXT_DOUBLE;
	case OFTDate:
		return FP_TEXT_DATE;
	case OFTDateTime:
		return FP_TEXT_STAMP;
	default:
		return FP_TEXT_STRING;
	}
}

/* A page of its own may have taken a column for something else than the first one did. */
static void take_value(struct fp_web_rows *r, size_t i)
{
	int field = r->fields[i];
	OGRFieldType type;

	r->values[i] = (struct fp_row_value){.type = FP_NULL};
	if (field < 0 || !OGR_F_IsFieldSetAndNotNull(r->feature, field))
		return;
	type = OGR_Fld_GetType(OGR_F_GetFieldDefnRef(r->feature, field));
	if (r->types)
		fp_text_value(&r->values[i], &r->texts[i], r->types[i], OGR_F_GetFieldAsString(r->feature, field), ".");
	else if (type == r->was[i])
		fp_rows_take_ogr(&r->values[i], &r->made[i], r->feature, field);
	else
		fp_text_value(&r->values[i], &r->texts[i], kind_of(r->rows.columns[i].type), OGR_F_GetFieldAsString(r->feature, field), ".");
}

static void flip(OGRGeometryH g)
{
	for (int i = 0; i < OGR_G_GetGeometryCount(g); i++)
		flip(OGR_G_GetGeometryRef(g, i));
	for (int i = 0; i < OGR_G_GetPointCount(g); i++) {
		double x, y, z;
		OGR_G_GetPoint(g, i, &x, &y, &z);
		if (OGR_G_Is3D(g))
			OGR_G_SetPoint(g, i, y, x, z);
		else
			OGR_G_SetPoint_2D(g, i, y, x);
	}
}

/* The feature's geometry as QGIS shows it: of straight lines, and several where the layer's type is several. NULL: none. It is still the feature's. */
static OGRGeometryH geometry_of(struct fp_web_rows *r)
{
	OGRGeometryH g = r->rows.geometry == wkbNone ? NULL : OGR_F_GetGeometryRef(r->feature);
	OGRwkbGeometryType want = OGR_GT_Flatten(r->rows.geometry), is;

	if (!g)
		return NULL;
	if (r->swap)
		flip(g);
	is = OGR_GT_Flatten(OGR_G_GetGeometryType(g));
	if (want == wkbUnknown || is == want || !(OGR_GT_IsNonLinear(is) || OGR_GT_GetCollection(is) == want))
		return g;
	g = OGR_G_ForceTo(OGR_F_StealGeometry(r->feature), OGR_GT_SetModifier(want, OGR_G_Is3D(g), 0), NULL);
	OGR_F_SetGeometryDirectly(r->feature, g);
	return g;
}

static int is_inside(const struct fp_web_rows *r, OGRGeometryH g)
{
	const double *want = r->wanted.rect;
	OGREnvelope e;

	if (!r->wanted.has_rect || r->rows.geometry == wkbNone)
		return 1;
	if (!g || OGR_G_IsEmpty(g))
		return 0;
	OGR_G_GetEnvelope(g, &e);
	return e.MinX <= want[2] && e.MaxX >= want[0] && e.MinY <= want[3] && e.MaxY >= want[1];
}

static enum fp_status next(struct fp_rows *rows, struct fp_row *row, int *more, struct fp_error *err)
{
	struct fp_web_rows *r = (struct fp_web_rows *)rows;
	enum fp_status st;

	while ((st = step(r, more, err)) == FP_OK && *more) {
		OGRGeometryH g = geometry_of(r);
		if (!is_inside(r, g))
			continue;
		for (size_t i = 0; i < rows->n_columns; i++)
			take_value(r, i);
		if (!fp_row_filter_passes(r->filter, r->values))
			continue;
		row->values = r->values;
		return fp_rows_take_geometry(row, &r->wkb, g, r->received, err);
	}
	*more = 0;
	return st;
}

/* ---- opening ---- */

static void rows_free(struct fp_rows *rows)
{
	struct fp_web_rows *r = (struct fp_web_rows *)rows;

	r->kind->free(r);
}

static const struct fp_rows_ops ops = {.next = next, .free = rows_free};

enum fp_status fp_web_rows_init(struct fp_web_rows *r, const struct fp_web_kind *kind, struct fp_package *p, const struct fp_pack_layer *layer,
	const struct fp_rows_wanted *wanted, struct fp_error *err)
{
	char *login = fp_source_authcfg(layer->def->datasource, NULL);
	enum fp_status st = FP_OK;

	r->rows.ops = &ops;
	r->rows.about = -1;
	r->kind = kind;
	r->package = p;
	r->service.package = p;
	r->wanted = *wanted;
	r->expected = r->most = -1;
	r->id = -1;
	r->wkb = (struct fp_buf)FP_BUF_INIT;
	r->path = fp_path_join(p->scratch, kind->file);
	if (login)
		st = fp_fail(err, FP_E_REFUSED, "its login \"%s\" is saved in somebody's QGIS", login);
	free(login);
	return st;
}

enum fp_status fp_web_rows_begin(struct fp_web_rows *r, struct fp_error *err)
{
	size_t n = r->rows.n_columns + 1;

	r->rows.language = FP_IN_QGIS;
	r->fields = fp_alloc(n * sizeof *r->fields);
	r->values = fp_alloc(n * sizeof *r->values);
	r->made = fp_alloc(n * sizeof *r->made);
	r->texts = fp_alloc(n * sizeof *r->texts);
	for (size_t i = 0; i < n; i++)
		r->texts[i] = (struct fp_buf)FP_BUF_INIT;
	return fp_row_filter_new(&r->filter, &r->rows, r->wanted.filters, err);
}

void fp_web_rows_clear(struct fp_web_rows *r)
{
	close_page(r);
	for (size_t i = 0; r->texts && i < r->rows.n_columns; i++) {
		fp_buf_free(&r->texts[i]);
		fp_value_clear(&r->made[i]);
	}
	if (r->begun)
		unlink(r->path);
	fp_row_filter_free(r->filter);
	fp_buf_free(&r->wkb);
	free(r->texts);
	free(r->made);
	free(r->values);
	free(r->fields);
	free(r->types);
	free(r->was);
	free(r->first);
	free(r->path);
}
