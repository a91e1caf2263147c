#include "tests/package_rows.h"

#include <criterion/criterion.h>
#include <cpl_conv.h>
#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"

void rows_begin(struct rows_fixture *f, const char *provider, const char *source, const char *pk, int wkb_type)
{
	GDALAllRegister();
	memset(f, 0, sizeof *f);
	f->def = (struct fp_layer_def){.id = fp_strdup("trees"), .name = fp_strdup("Trees"), .type = fp_strdup("vector"), .provider = fp_strdup(provider),
		.datasource = fp_strdup(source), .encoding = fp_strdup(""), .home = fp_strdup("")};
	f->project.area = f->project.area_crs = (char *)"";
	f->package.project = &f->project;
	f->layer = (struct fp_pack_layer){.def = &f->def, .pk = fp_strdup_null(pk), .table = -1, .verdict = json_pack("{s:i}", "wkb_type", wkb_type)};
}

void rows_end(struct rows_fixture *f)
{
	char *owned[] = {f->def.id, f->def.name, f->def.type, f->def.provider, f->def.datasource, f->def.encoding, f->def.home, f->layer.pk};

	fp_rows_free(f->rows);
	fp_rows_close_databases(&f->package);
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	json_decref(f->layer.verdict);
	memset(f, 0, sizeof *f);
}

enum fp_status rows_open(struct rows_fixture *f, const struct fp_rows_wanted *wanted)
{
	static const struct fp_rows_wanted everything;

	fp_rows_free(f->rows);
	f->rows = NULL;
	return fp_rows_open(&f->rows, &f->package, &f->layer, wanted ? wanted : &everything, &f->err);
}

const char *rows_columns(const struct rows_fixture *f)
{
	static char text[8192];
	struct fp_buf b = FP_BUF_INIT;

	for (size_t i = 0; i < f->rows->n_columns; i++) {
		const struct fp_row_column *c = &f->rows->columns[i];
		fp_buf_addf(&b, "%s%s:%s", i ? " " : "", c->name, OGR_GetFieldTypeName(c->type));
		if (c->subtype != OFSTNone)
			fp_buf_addf(&b, "/%s", OGR_GetFieldSubTypeName(c->subtype));
		if (c->width)
			fp_buf_addf(&b, "(%d)", c->width);
		fp_buf_addf(&b, "%s%s%s", c->not_null ? "!" : "", c->unique ? "*" : "", c->has_default ? "=" : "");
	}
	snprintf(text, sizeof text, "%s", b.data);
	fp_buf_free(&b);
	return text;
}

static void add_value(struct fp_buf *b, const struct fp_row_value *v)
{
	switch (v->type) {
	case FP_NULL:
		fp_buf_adds(b, "NULL");
		break;
	case FP_INT:
		fp_buf_addf(b, "%lld", (long long)v->i);
		break;
	case FP_REAL:
		fp_buf_addf(b, "%.17g", v->r);
		break;
	case FP_TEXT:
		fp_buf_add(b, v->text, v->len);
		break;
	case FP_BLOB:
		fp_buf_adds(b, "0x");
		for (size_t i = 0; i < v->len; i++)
			fp_buf_addf(b, "%02x", (unsigned char)v->text[i]);
	}
}

static void add_geometry(struct fp_buf *b, const struct fp_row *row)
{
	OGRGeometryH g = NULL;
	char *wkt;

	if (row->form == FP_ROW_NO_GEOMETRY)
		return;
	cr_assert_eq(row->form, FP_ROW_WKB);
	cr_assert_eq(OGR_G_CreateFromWkb(row->geometry, NULL, &g, (int)row->geometry_len), OGRERR_NONE);
	OGR_G_ExportToIsoWkt(g, &wkt);
	fp_buf_addf(b, "|%s", wkt);
	CPLFree(wkt);
	OGR_G_DestroyGeometry(g);
}

const char *rows_text(struct rows_fixture *f, enum fp_status *st)
{
	static char text[65536];
	struct fp_buf b = FP_BUF_INIT;
	enum fp_status got;
	int more = 1;

	while (more) {
		struct fp_row row = {0};
		got = f->rows->ops->next(f->rows, &row, &more, &f->err);
		if (got != FP_OK || !more)
			break;
		for (size_t i = 0; i < f->rows->n_columns; i++) {
			fp_buf_adds(&b, i ? "|" : "");
			add_value(&b, &row.values[i]);
		}
		add_geometry(&b, &row);
		fp_buf_addc(&b, '\n');
	}
	if (st)
		*st = got;
	else
		cr_assert_eq(got, FP_OK, "%s", f->err.msg);
	snprintf(text, sizeof text, "%s", b.data);
	fp_buf_free(&b);
	return text;
}
