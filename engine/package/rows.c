#include "engine/package/rows.h"

#include <ctype.h>
#include <cpl_error.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/layers/check.h"

/* An opener that leaves *OUT NULL leaves the source to the next row of its provider. */
static const struct {
	const char *provider;
	fp_rows_opener *open;
} openers[] = {
	{"ogr", fp_rows_sqlite},
	{"ogr", fp_rows_ogr},
	{"spatialite", fp_rows_spatialite},
	{"postgres", fp_rows_postgres},
	{"delimitedtext", fp_rows_text},
	{"memory", fp_rows_memory},
	{"WFS", fp_rows_wfs},
	{"OAPIF", fp_rows_oapif},
};

enum fp_status fp_rows_open(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	const char *provider = fp_layer_provider(layer->def);
	enum fp_status st = FP_OK;

	*out = NULL;
	for (size_t i = 0; st == FP_OK && !*out && i < sizeof openers / sizeof *openers; i++)
		if (strcmp(openers[i].provider, provider) == 0)
			st = openers[i].open(out, p, layer, wanted, err);
	if (st == FP_OK && !*out)
		st = fp_fail(err, FP_E_REFUSED, "layers of the provider \"%s\" cannot be made offline", provider);
	return st;
}

void fp_rows_free(struct fp_rows *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_columns; i++) {
		free(r->columns[i].name);
		free(r->columns[i].comment);
		free(r->columns[i].alias);
	}
	free(r->columns);
	free(r->comment);
	if (r->srs)
		OSRRelease(r->srs);
	json_decref(r->skipped);
	r->ops->free(r);
}

char *fp_rows_either(const struct fp_strv *filters)
{
	struct fp_buf b = FP_BUF_INIT;

	if (!filters || filters->n == 0)
		return NULL;
	for (size_t i = 0; i < filters->n; i++)
		fp_buf_addf(&b, "%s(%s\n)", i ? " OR " : "", filters->items[i]);
	return fp_buf_take(&b);
}

enum fp_status fp_rows_take_geometry(struct fp_row *row, struct fp_buf *wkb, OGRGeometryH g, int64_t n, struct fp_error *err)
{
	row->form = FP_ROW_NO_GEOMETRY;
	row->geometry_len = 0;
	if (!g)
		return FP_OK;
	fp_buf_clear(wkb);
	row->geometry_len = (size_t)OGR_G_WkbSize(g);
	fp_buf_reserve(wkb, row->geometry_len);
	if (OGR_G_ExportToIsoWkb(g, wkbNDR, (unsigned char *)wkb->data) != OGRERR_NONE)
		return fp_fail(err, FP_E_IO, "the geometry of row %lld cannot be read: %s", (long long)n, CPLGetLastErrorMsg());
	row->form = FP_ROW_WKB;
	row->geometry = (const unsigned char *)wkb->data;
	return FP_OK;
}

void fp_rows_skip(json_t **skipped, const char *reason, int64_t count)
{
	json_t *entry;
	size_t i;

	if (!*skipped)
		*skipped = json_array();
	json_array_foreach(*skipped, i, entry)
		if (strcmp(fp_json_str_or(entry, "reason", ""), reason) == 0) {
			json_object_set_new(entry, "count", json_integer(fp_json_int(entry, "count", 0) + count));
			return;
		}
	json_array_append_new(*skipped, json_pack("{s:o,s:I}", "reason", fp_json_text(reason), "count", (json_int_t)count));
}

/* "EPSG:2056" and the like, WKT, or PROJ's own text. GDAL would take a file's name or an address, too, which no project has any business to give it. */
OGRSpatialReferenceH fp_rows_srs(const char *text)
{
	OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
	char *wkt = (char *)text;
	size_t n = 0;
	OGRErr e = OGRERR_FAILURE;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	if (n > 0 && text[n] == ':' && text[n + 1 + strspn(text + n + 1, "0123456789")] == '\0')
		e = OSRSetFromUserInput(srs, text);
	else if (text[0] == '+')
		e = OSRImportFromProj4(srs, text);
	else if (strchr(text, '['))
		e = OSRImportFromWkt(srs, &wkt);
	if (e == OGRERR_NONE)
		return srs;
	OSRRelease(srs);
	return NULL;
}

OGRwkbGeometryType fp_rows_geometry(const struct fp_pack_layer *layer)
{
	int64_t type = fp_json_int(layer->verdict, "wkb_type", 0);

	if (type < 0) /* QGIS' "25D" is OGR's */
		return (OGRwkbGeometryType)type;
	if (type == wkbNone)
		return wkbNone;
	return OGR_GT_SetModifier((OGRwkbGeometryType)(type % 1000), type / 1000 == 1 || type / 1000 == 3, type / 1000 == 2 || type / 1000 == 3);
}

#define EDGE_POINTS 21 /* a side of the area is bent when it is transformed: that many points of it are */

static int transform(double rect[4], const OGREnvelope *area, OGRSpatialReferenceH from, OGRSpatialReferenceH to)
{
	OGRSpatialReferenceH target = OSRClone(to);
	OGRCoordinateTransformationH t;
	int ok;

	OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
	OSRSetAxisMappingStrategy(target, OAMS_TRADITIONAL_GIS_ORDER);
	t = OCTNewCoordinateTransformation(from, target);
	ok = t && OCTTransformBounds(t, area->MinX, area->MinY, area->MaxX, area->MaxY, &rect[0], &rect[1], &rect[2], &rect[3], EDGE_POINTS);
	if (t)
		OCTDestroyCoordinateTransformation(t);
	OSRRelease(target);
	return ok;
}

int fp_rows_area(double rect[4], const struct fp_package *p, OGRSpatialReferenceH srs)
{
	const struct fp_project *project = p->project;
	OGRSpatialReferenceH from;
	OGRGeometryH g = NULL;
	OGREnvelope area;
	char *wkt = project->area;
	int ok;

	if (!project->area_only || !*project->area || !*project->area_crs)
		return 0;
	if (OGR_G_CreateFromWkt(&wkt, NULL, &g) != OGRERR_NONE || !g || OGR_G_IsEmpty(g)) {
		OGR_G_DestroyGeometry(g);
		return -1;
	}
	OGR_G_GetEnvelope(g, &area);
	OGR_G_DestroyGeometry(g);
	from = fp_rows_srs(project->area_crs);
	ok = from && srs && transform(rect, &area, from, srs);
	if (from)
		OSRRelease(from);
	return ok ? 1 : -1;
}
