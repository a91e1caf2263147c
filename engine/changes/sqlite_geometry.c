#include <cpl_conv.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/changes/lite_blob.h"
#include "engine/changes/target_sqlite.h"

static unsigned char *iso(OGRGeometryH g, size_t *n)
{
	unsigned char *wkb = fp_geom_wkb(g, n);

	OGR_G_DestroyGeometry(g);
	return wkb;
}

static unsigned char *from_gpkg(const unsigned char *bytes, size_t len, size_t *n)
{
	struct fp_gpkg_blob blob;
	unsigned char *wkb;

	if (fp_gpkg_blob_read(&blob, bytes, len, 0) != 0)
		return NULL;
	*n = blob.wkb_len;
	wkb = fp_alloc(*n);
	memcpy(wkb, blob.wkb, *n);
	return wkb;
}

static unsigned char *from_wkb(const unsigned char *bytes, size_t len, size_t *n)
{
	return iso(fp_geom_from_wkb(bytes, len), n);
}

static unsigned char *from_wkt(const unsigned char *bytes, size_t len, size_t *n)
{
	char *text = fp_strndup((const char *)bytes, len), *rest = text;
	OGRGeometryH g = NULL;

	OGR_G_CreateFromWkt(&rest, NULL, &g);
	free(text);
	return iso(g, n);
}

static unsigned char *to_gpkg(const struct fp_feature *f, int srs_id, size_t *n)
{
	return fp_gpkg_blob_new(f->wkb, f->wkb_len, srs_id, n);
}

static unsigned char *to_lite(const struct fp_feature *f, int srs_id, size_t *n)
{
	return fp_lite_blob_new(f->wkb, f->wkb_len, srs_id, n);
}

/* As GDAL writes it: with the high bit for Z. */
static unsigned char *to_wkb(const struct fp_feature *f, int srs_id, size_t *n)
{
	OGRGeometryH g = fp_geom_from_wkb(f->wkb, f->wkb_len);
	unsigned char *wkb = NULL;

	(void)srs_id;
	if (!g)
		return NULL;
	*n = (size_t)OGR_G_WkbSize(g);
	wkb = fp_alloc(*n);
	OGR_G_ExportToWkb(g, wkbNDR, wkb);
	OGR_G_DestroyGeometry(g);
	return wkb;
}

static unsigned char *to_wkt(const struct fp_feature *f, int srs_id, size_t *n)
{
	OGRGeometryH g = fp_geom_from_wkb(f->wkb, f->wkb_len);
	char *wkt = NULL, *copy = NULL;

	(void)srs_id;
	if (g && OGR_G_ExportToWkt(g, &wkt) == OGRERR_NONE) {
		*n = strlen(wkt);
		copy = fp_strdup(wkt);
	}
	CPLFree(wkt);
	OGR_G_DestroyGeometry(g);
	return (unsigned char *)copy;
}

static const struct form {
	unsigned char *(*from)(const unsigned char *bytes, size_t len, size_t *n);
	unsigned char *(*to)(const struct fp_feature *f, int srs_id, size_t *n);
} forms[] = {
	[FP_FORM_GPKG] = {from_gpkg, to_gpkg}, [FP_FORM_LITE] = {fp_lite_blob_wkb, to_lite}, [FP_FORM_WKB] = {from_wkb, to_wkb},
	[FP_FORM_WKT] = {from_wkt, to_wkt},
};

void fp_sqlfile_take_geometry(const struct fp_sqlfile_layer *l, struct fp_feature *out, sqlite3_stmt *s)
{
	const unsigned char *bytes = sqlite3_column_blob(s, 0);
	size_t n = 0;
	unsigned char *wkb = bytes ? forms[l->form].from(bytes, (size_t)sqlite3_column_bytes(s, 0), &n) : NULL;

	fp_feature_set_wkb(out, wkb, n);
}

enum fp_status fp_sqlfile_bind_geometry(const struct fp_sqlfile_layer *l, sqlite3_stmt *s, int at, const struct fp_feature *f, struct fp_error *err)
{
	unsigned char *bytes;
	size_t n;

	if (!f->wkb) {
		sqlite3_bind_null(s, at);
		return FP_OK;
	}
	bytes = forms[l->form].to(f, l->srs_id, &n);
	if (!bytes)
		return fp_fail(err, FP_E_REFUSED, "Failed to commit changes: SpatiaLite holds neither empty geometries nor curves and surfaces");
	if (l->form == FP_FORM_WKT)
		sqlite3_bind_text64(s, at, (char *)bytes, n, free, SQLITE_UTF8);
	else
		sqlite3_bind_blob64(s, at, bytes, n, free);
	return FP_OK;
}
