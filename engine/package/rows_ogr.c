#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/changes/target_ogr.h"
#include "engine/package/rows_file.h"

struct ogr_rows {
	struct fp_rows rows;
	struct fp_rows_file file;
	OGRFeatureH feature;
	struct fp_row_value *values;
	struct fp_value *made;     /* what has to be written out: dates, lists */
	struct fp_buf wkb;
	int has_rect;
	int64_t n, unmatched;
};

/* Bytes that are no letters in the encoding of the file are marks, as QGIS shows them. */
static const char *valid_text(struct fp_value *made, const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	if (fp_text_valid(text, strlen(text)))
		return text;
	for (size_t n; *text; text += n) {
		unsigned char c = (unsigned char)*text;
		n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (n > 1 && (strnlen(text, n) < n || !fp_text_valid(text, n))) {
			fp_buf_adds(&b, "\xEF\xBF\xBD");
			n = 1;
		} else {
			fp_buf_add(&b, text, n);
		}
	}
	fp_value_set_text(made, FP_TEXT, b.data, b.len);
	fp_buf_free(&b);
	return made->text;
}

static void take_time(OGRFeatureH f, int field, struct fp_row_value *v, struct fp_value *made)
{
	int y, mo, d, h, mi, zone;
	float s;
	char text[32];
	long ms;

	OGR_F_GetFieldAsDateTimeEx(f, field, &y, &mo, &d, &h, &mi, &s, &zone);
	ms = lroundf(s * 1000);
	fp_value_set_text(made, FP_TEXT, text, (size_t)snprintf(text, sizeof text, "%02d:%02d:%02ld.%03ld", h, mi, ms / 1000, ms % 1000));
	*v = (struct fp_row_value){.type = FP_TEXT, .text = made->text, .len = made->len};
}

void fp_rows_take_ogr(struct fp_row_value *v, struct fp_value *made, OGRFeatureH f, int field)
{
	v->type = FP_NULL;
	if (!OGR_F_IsFieldSetAndNotNull(f, field))
		return;
	switch (OGR_Fld_GetType(OGR_F_GetFieldDefnRef(f, field))) {
	case OFTInteger:
	case OFTInteger64:
		v->type = FP_INT;
		v->i = OGR_F_GetFieldAsInteger64(f, field);
		break;
	case OFTReal:
		v->type = FP_REAL;
		v->r = OGR_F_GetFieldAsDouble(f, field);
		break;
	case OFTString:
		v->type = FP_TEXT;
		v->text = valid_text(made, OGR_F_GetFieldAsString(f, field));
		v->len = strlen(v->text);
		break;
	case OFTTime: /* as a GeoPackage would have it, had it a type for it */
		take_time(f, field, v, made);
		break;
	default:
		fp_ogr_get(made, f, field);
		*v = (struct fp_row_value){made->type, made->i, made->r, made->text, made->len};
		break;
	}
}

static OGRwkbGeometryType single(OGRGeometryH g)
{
	OGRwkbGeometryType t = OGR_GT_Flatten(OGR_G_GetGeometryType(g));

	return t >= wkbMultiPoint && t <= wkbMultiPolygon ? t - 3 : t;
}

/* 1 when the layer shows the feature: what it leaves out is no row of it. */
static int is_shown(const struct ogr_rows *r)
{
	OGRGeometryH g = OGR_F_GetGeometryRef(r->feature);

	if (r->file.only != wkbUnknown && (!g || single(g) != r->file.only))
		return 0;
	return !r->has_rect || (g && !OGR_G_IsEmpty(g));
}

static enum fp_status take_geometry(struct ogr_rows *r, struct fp_row *row, struct fp_error *err)
{
	OGRGeometryH g = r->rows.geometry == wkbNone ? NULL : OGR_F_GetGeometryRef(r->feature);
	enum fp_status st = fp_rows_take_geometry(row, &r->wkb, g, r->n, err);

	if (!g && r->rows.geometry != wkbNone && CPLGetLastErrorType() >= CE_Failure) /* there is one, which nobody can read */
		row->form = FP_ROW_WKB;
	return st;
}

/* The next feature that is shown; NULL at the end. */
static enum fp_status step(struct ogr_rows *r, struct fp_error *err)
{
	do {
		OGR_F_Destroy(r->feature);
		CPLErrorReset();
		r->feature = OGR_L_GetNextFeature(r->file.layer);
	} while (r->feature && !is_shown(r));
	if (r->feature) {
		r->n++;
		return FP_OK;
	}
	if (CPLGetLastErrorType() >= CE_Failure)
		return fp_fail(err, FP_E_IO, "reading ended after %lld rows: %s", (long long)r->n, CPLGetLastErrorMsg());
	if (r->unmatched > 0)
		fp_rows_skip(&r->rows.skipped, "the .shx and the .dbf of the shapefile do not hold the same rows", r->unmatched);
	r->unmatched = 0;
	return fp_rows_file_unchanged(&r->file, err);
}

static enum fp_status next(struct fp_rows *rows, struct fp_row *row, int *more, struct fp_error *err)
{
	struct ogr_rows *r = (struct ogr_rows *)rows;
	enum fp_status st = step(r, err);
	int first = r->file.fid_first;

	*more = st == FP_OK && r->feature;
	if (!*more)
		return st;
	if (first)
		r->values[0] = (struct fp_row_value){.type = FP_INT, .i = OGR_F_GetFID(r->feature)};
	for (size_t i = (size_t)first; i < rows->n_columns; i++)
		fp_rows_take_ogr(&r->values[i], &r->made[i], r->feature, (int)i - first);
	row->values = r->values;
	return take_geometry(r, row, err);
}

static void rows_free(struct fp_rows *rows)
{
	struct ogr_rows *r = (struct ogr_rows *)rows;

	OGR_F_Destroy(r->feature);
	for (size_t i = 0; r->made && i < rows->n_columns; i++)
		fp_value_clear(&r->made[i]);
	fp_rows_file_close(&r->file);
	free(r->made);
	free(r->values);
	fp_buf_free(&r->wkb);
	free(r);
}

static const struct fp_rows_ops ops = {.next = next, .free = rows_free};

enum fp_status fp_rows_ogr(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct ogr_rows *r = fp_alloc(sizeof *r);
	enum fp_status st = fp_rows_file_open(&r->file, p, layer, wanted->filters, err);

	r->rows.ops = &ops;
	r->wkb = (struct fp_buf)FP_BUF_INIT;
	if (st != FP_OK) {
		fp_rows_free(&r->rows);
		return st;
	}
	fp_rows_file_describe(&r->file, &r->rows, layer);
	r->values = fp_alloc((r->rows.n_columns + 1) * sizeof *r->values);
	r->made = fp_alloc((r->rows.n_columns + 1) * sizeof *r->made);
	r->has_rect = wanted->has_rect && r->rows.geometry != wkbNone;
	if (r->has_rect)
		OGR_L_SetSpatialFilterRect(r->file.layer, wanted->rect[0], wanted->rect[1], wanted->rect[2], wanted->rect[3]);
	if (!r->has_rect && (!wanted->filters || wanted->filters->n == 0))
		r->unmatched = fp_rows_file_unmatched(&r->file);
	OGR_L_ResetReading(r->file.layer);
	*out = &r->rows;
	return FP_OK;
}
