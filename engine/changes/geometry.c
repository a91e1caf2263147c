#include "engine/changes/geometry.h"

#include <cpl_conv.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"

static int blank(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return !*s;
}

/* What stands for missing ordinates becomes nan, as in the reference. */
static void set_missing(OGRGeometryH g, double mark)
{
	int n = OGR_G_GetGeometryCount(g);

	for (int i = 0; i < n; i++)
		set_missing(OGR_G_GetGeometryRef(g, i), mark);
	n = n > 0 ? 0 : OGR_G_GetPointCount(g);
	for (int i = 0; i < n; i++) {
		double x, y, z, m;
		OGR_G_GetPointZM(g, i, &x, &y, &z, &m);
		z = z == mark ? NAN : z;
		m = m == mark ? NAN : m;
		if (OGR_G_Is3D(g) && OGR_G_IsMeasured(g))
			OGR_G_SetPointZM(g, i, x, y, z, m);
		else if (OGR_G_Is3D(g))
			OGR_G_SetPoint(g, i, x, y, z);
		else if (OGR_G_IsMeasured(g))
			OGR_G_SetPointM(g, i, x, y, m);
	}
}

enum fp_status fp_geom_from_wkt(OGRGeometryH *out, const char *wkt, struct fp_error *err)
{
	struct fp_buf clean = FP_BUF_INIT;
	char *rest;
	int ok, form;

	*out = NULL;
	if (blank(wkt))
		return fp_fail(err, FP_E_REFUSED, "Empty WKT string!");
	form = fp_wkt_clean(&clean, wkt);
	rest = clean.data;
	ok = form >= 0 && OGR_G_CreateFromWkt(&rest, NULL, out) == OGRERR_NONE && *out && blank(rest);
	fp_buf_free(&clean);
	if (ok && form == 1)
		set_missing(*out, strtod(FP_WKT_MISSING, NULL));
	if (ok)
		return FP_OK;
	if (*out)
		OGR_G_DestroyGeometry(*out);
	*out = NULL;
	return fp_fail(err, FP_E_REFUSED, "Null geometry from wkt='%.120s'", wkt);
}

/* What may become what, and how. Everything else does not fit. */
#define MAX_FROM 12
static const struct fit {
	OGRwkbGeometryType to;
	OGRwkbGeometryType from[MAX_FROM]; /* ends with wkbUnknown */
} fits[] = {
	{wkbPoint, {wkbPoint}},
	{wkbLineString, {wkbLineString, wkbCircularString, wkbCompoundCurve}},
	{wkbPolygon, {wkbPolygon, wkbTriangle, wkbCurvePolygon}},
	{wkbMultiPoint, {wkbMultiPoint, wkbPoint}},
	{wkbMultiLineString, {wkbMultiLineString, wkbLineString, wkbCircularString, wkbCompoundCurve, wkbMultiCurve}},
	{wkbMultiPolygon, {wkbMultiPolygon, wkbPolygon, wkbTriangle, wkbCurvePolygon, wkbMultiSurface, wkbTIN, wkbPolyhedralSurface}},
	{wkbGeometryCollection, {wkbGeometryCollection, wkbPoint, wkbLineString, wkbPolygon, wkbMultiPoint, wkbMultiLineString, wkbMultiPolygon}},
	{wkbCircularString, {wkbCircularString}},
	{wkbCompoundCurve, {wkbCompoundCurve, wkbLineString, wkbCircularString}},
	{wkbCurvePolygon, {wkbCurvePolygon, wkbPolygon, wkbTriangle}},
	{wkbMultiCurve, {wkbMultiCurve, wkbLineString, wkbCircularString, wkbCompoundCurve, wkbMultiLineString}},
	{wkbMultiSurface, {wkbMultiSurface, wkbPolygon, wkbTriangle, wkbCurvePolygon, wkbMultiPolygon}},
	{wkbTriangle, {wkbTriangle}},
	{wkbTIN, {wkbTIN}},
	{wkbPolyhedralSurface, {wkbPolyhedralSurface, wkbTIN}},
};

static OGRwkbGeometryType flat(OGRGeometryH g)
{
	return OGR_GT_Flatten(OGR_G_GetGeometryType(g));
}

static int may_become(OGRwkbGeometryType from, OGRwkbGeometryType to)
{
	for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
		for (int k = 0; fits[i].to == to && k < MAX_FROM && fits[i].from[k] != wkbUnknown; k++)
			if (fits[i].from[k] == from)
				return 1;
	return 0;
}

static int is_collection(OGRwkbGeometryType t)
{
	return OGR_GT_IsSubClassOf(t, wkbGeometryCollection);
}

/* A collection of one part is that part where the layer wants no collection. */
static void unwrap(OGRGeometryH *g, OGRwkbGeometryType want)
{
	while (is_collection(flat(*g)) && OGR_G_GetGeometryCount(*g) == 1 && !may_become(flat(*g), want)) {
		OGRGeometryH part = OGR_G_Clone(OGR_G_GetGeometryRef(*g, 0));
		OGR_G_DestroyGeometry(*g);
		*g = part;
	}
}

static void set_dimensions(OGRGeometryH g, const struct fp_geom_type *type)
{
	if (type->z != FP_DIM_MAY)
		OGR_G_Set3D(g, type->z == FP_DIM_YES);
	if (type->m != FP_DIM_MAY)
		OGR_G_SetMeasured(g, type->m == FP_DIM_YES);
}

static OGRwkbGeometryType wanted_type(OGRGeometryH g, const struct fp_geom_type *type)
{
	OGRwkbGeometryType multi = OGR_GT_GetCollection(type->flat);

	return type->parts && flat(g) == multi ? multi : type->flat;
}

enum fp_status fp_geom_fit(OGRGeometryH *g, const struct fp_geom_type *type, struct fp_error *err)
{
	OGRwkbGeometryType was = flat(*g), want = wanted_type(*g, type);

	if (want == wkbNone)
		return fp_fail(err, FP_E_REFUSED, "the layer has no geometry, this change brings a %s", OGRGeometryTypeToName(was));
	if (want != wkbUnknown && was != want) {
		unwrap(g, want);
		if (!may_become(flat(*g), want))
			return fp_fail(err, FP_E_REFUSED, "a %s does not fit into a layer of type %s", OGRGeometryTypeToName(was),
				OGRGeometryTypeToName(want));
		if (OGR_G_IsEmpty(*g)) {
			OGR_G_DestroyGeometry(*g);
			*g = OGR_G_CreateGeometry(want);
		}
		if (OGR_GT_IsNonLinear(flat(*g)) && !OGR_GT_IsNonLinear(want)) {
			OGRGeometryH linear = OGR_G_GetLinearGeometry(*g, 0, NULL);
			OGR_G_DestroyGeometry(*g);
			*g = linear;
		}
		if (flat(*g) != want)
			*g = OGR_G_ForceTo(*g, want, NULL); /* Z and M stay; asked for, they would keep it from making curves and polygons of triangles */
		if (flat(*g) != want)
			return fp_fail(err, FP_E_REFUSED, "a %s could not be made a %s", OGRGeometryTypeToName(was), OGRGeometryTypeToName(want));
	}
	set_dimensions(*g, type);
	return FP_OK;
}

static int same_number(double a, double b, double grain)
{
	if (isnan(a))
		a = 0;
	if (isnan(b))
		b = 0;
	return a == b || fabs(a - b) <= fmax(grain, 1e-12 * fmax(1, fmax(fabs(a), fabs(b))));
}

int fp_geom_near(OGRGeometryH a, OGRGeometryH b, double grain)
{
	int n;

	if (!a || !b)
		return !a && !b;
	if (OGR_G_GetGeometryType(a) != OGR_G_GetGeometryType(b) || OGR_G_IsEmpty(a) != OGR_G_IsEmpty(b))
		return 0;
	n = OGR_G_GetGeometryCount(a);
	if (n != OGR_G_GetGeometryCount(b) || OGR_G_GetPointCount(a) != OGR_G_GetPointCount(b))
		return 0;
	for (int i = 0; i < n; i++)
		if (!fp_geom_near(OGR_G_GetGeometryRef(a, i), OGR_G_GetGeometryRef(b, i), grain))
			return 0;
	n = n > 0 || OGR_G_IsEmpty(a) ? 0 : OGR_G_GetPointCount(a);
	for (int i = 0; i < n; i++) {
		double p[4], q[4];
		OGR_G_GetPointZM(a, i, &p[0], &p[1], &p[2], &p[3]);
		OGR_G_GetPointZM(b, i, &q[0], &q[1], &q[2], &q[3]);
		for (int k = 0; k < 4; k++)
			if (!same_number(p[k], q[k], grain))
				return 0;
	}
	return 1;
}

int fp_geom_same(OGRGeometryH a, OGRGeometryH b)
{
	return fp_geom_near(a, b, 0);
}

unsigned char *fp_geom_wkb(OGRGeometryH g, size_t *n)
{
	unsigned char *wkb;
	OGRErr e;

	*n = 0;
	if (!g)
		return NULL;
	*n = (size_t)OGR_G_WkbSize(g);
	wkb = fp_alloc(*n);
	e = OGR_G_ExportToIsoWkb(g, wkbNDR, wkb);
	fp_assert(e == OGRERR_NONE);
	return wkb;
}

OGRGeometryH fp_geom_from_wkb(const unsigned char *wkb, size_t n)
{
	OGRGeometryH g = NULL;

	if (!wkb || n > INT32_MAX || OGR_G_CreateFromWkb(wkb, NULL, &g, (int)n) != OGRERR_NONE)
		return NULL;
	return g;
}

void fp_geom_show(struct fp_buf *out, OGRGeometryH g)
{
	char *wkt = NULL, field[200];

	if (!g) {
		fp_buf_adds(out, "NULL");
		return;
	}
	if (OGR_G_ExportToIsoWkt(g, &wkt) == OGRERR_NONE) {
		fp_text_into(field, sizeof field, wkt);
		fp_buf_adds(out, field);
	}
	CPLFree(wkt);
}
