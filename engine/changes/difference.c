#include "engine/changes/difference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/changes/effect.h"

#define VALUE_MAX (128 << 10) /* bytes of one value */
#define CUT_TO 200

void fp_difference_begin(struct fp_difference *d, size_t max)
{
	d->fields = json_array();
	d->left = max;
}

/* VALUE (taken over) as far as there is room. */
static json_t *bounded(struct fp_difference *d, json_t *value, json_t *field)
{
	size_t size = json_dumpb(value, NULL, 0, JSON_ENCODE_ANY), most = d->left < VALUE_MAX ? d->left : VALUE_MAX;
	json_t *cut;

	if (size <= most) {
		d->left -= size;
		return value;
	}
	json_object_set_new(field, "cut", json_true());
	if (json_is_string(value) && json_string_length(value) > CUT_TO && most > CUT_TO * 6) { /* a byte may be six in JSON */
		const char *text = json_string_value(value);
		cut = json_stringn(text, fp_text_floor(text, CUT_TO));
		d->left -= CUT_TO;
	} else {
		cut = json_null();
	}
	json_decref(value);
	return cut;
}

static json_t *add(struct fp_difference *d, const char *name, int geometry, json_t *before, json_t *after)
{
	json_t *field = json_object();

	json_object_set_new(field, "field", fp_json_text(name));
	json_object_set_new(field, "geometry", json_boolean(geometry));
	if (before)
		json_object_set_new(field, "before", bounded(d, before, field));
	if (after)
		json_object_set_new(field, "after", bounded(d, after, field));
	json_array_append_new(d->fields, field);
	return field;
}

static json_t *stored_json(const struct fp_stored *s)
{
	return !s ? NULL : s->value ? fp_value_json(s->value, s->column) : json_null();
}

void fp_difference_field(struct fp_difference *d, const char *name, const struct fp_stored *before, const struct fp_stored *after)
{
	add(d, name, 0, stored_json(before), stored_json(after));
}

int fp_stored_same(const struct fp_stored *a, const struct fp_stored *b)
{
	if (!a->value || !b->value)
		return (!a->value || a->value->type == FP_NULL) && (!b->value || b->value->type == FP_NULL);
	return fp_value_equal(a->value, b->value, b->column);
}

/* ---- geometry ---- */

static int64_t vertices(OGRGeometryH g)
{
	int64_t n = 0;

	if (!g)
		return 0;
	if (OGR_G_GetGeometryCount(g) == 0)
		return OGR_G_GetPointCount(g);
	for (int i = 0; i < OGR_G_GetGeometryCount(g); i++)
		n += vertices(OGR_G_GetGeometryRef(g, i));
	return n;
}

static int is_point(OGRGeometryH g)
{
	return g && wkbFlatten(OGR_G_GetGeometryType(g)) == wkbPoint && !OGR_G_IsEmpty(g);
}

void fp_difference_geometry(struct fp_difference *d, const struct fp_feature *before, const struct fp_feature *after)
{
	OGRGeometryH a = before ? fp_geom_from_wkb(before->wkb, before->wkb_len) : NULL, b = after ? fp_geom_from_wkb(after->wkb, after->wkb_len) : NULL;
	json_t *field = add(d, "geometry", 1, before ? fp_wkb_json(before->wkb, before->wkb_len) : NULL, after ? fp_wkb_json(after->wkb, after->wkb_len) : NULL);

	if (is_point(a) && is_point(b))
		json_object_set_new(field, "moved", json_real(hypot(OGR_G_GetX(a, 0) - OGR_G_GetX(b, 0), OGR_G_GetY(a, 0) - OGR_G_GetY(b, 0))));
	json_object_set_new(field, "vertices", json_pack("[I,I]", (json_int_t)vertices(a), (json_int_t)vertices(b)));
	OGR_G_DestroyGeometry(a);
	OGR_G_DestroyGeometry(b);
}

int fp_feature_same_geometry(const struct fp_feature *a, const struct fp_feature *b)
{
	OGRGeometryH ga, gb;
	unsigned char *wa, *wb;
	size_t na = 0, nb = 0;
	int same;

	if (!a->wkb || !b->wkb)
		return a->wkb == b->wkb;
	if (a->wkb_len == b->wkb_len && memcmp(a->wkb, b->wkb, a->wkb_len) == 0)
		return 1;
	ga = fp_geom_from_wkb(a->wkb, a->wkb_len);
	gb = fp_geom_from_wkb(b->wkb, b->wkb_len);
	wa = fp_geom_wkb(ga, &na);
	wb = fp_geom_wkb(gb, &nb);
	same = wa && wb && na == nb && memcmp(wa, wb, na) == 0;
	free(wa);
	free(wb);
	OGR_G_DestroyGeometry(ga);
	OGR_G_DestroyGeometry(gb);
	return same;
}
