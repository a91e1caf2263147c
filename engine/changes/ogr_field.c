#include <cpl_string.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/target_ogr.h"

static enum fp_kind kind_of(OGRFieldDefnH field)
{
	OGRFieldSubType sub = OGR_Fld_GetSubType(field);

	switch (OGR_Fld_GetType(field)) {
	case OFTInteger:
		return sub == OFSTBoolean ? FP_KIND_BOOL : FP_KIND_INT;
	case OFTInteger64:
		return FP_KIND_INT;
	case OFTReal:
		return FP_KIND_REAL;
	case OFTString:
		return sub == OFSTJSON ? FP_KIND_JSON : FP_KIND_TEXT;
	case OFTStringList:
	case OFTIntegerList:
	case OFTInteger64List:
	case OFTRealList:
		return FP_KIND_LIST;
	case OFTDate:
		return FP_KIND_DATE;
	case OFTTime:
		return FP_KIND_TIME;
	case OFTDateTime:
		return FP_KIND_DATETIME;
	case OFTBinary:
		return FP_KIND_BLOB;
	default:
		return FP_KIND_OTHER;
	}
}

void fp_ogr_column(struct fp_target *t, OGRFieldDefnH field)
{
	struct fp_column *c = fp_target_add_column(t, OGR_Fld_GetNameRef(field), kind_of(field));

	/* A width is no bound: shapefiles widen their columns, and what does not go in is seen when it is read back. */
	if (c->kind == FP_KIND_INT && OGR_Fld_GetType(field) == OFTInteger) {
		c->min = OGR_Fld_GetSubType(field) == OFSTInt16 ? INT16_MIN : INT32_MIN;
		c->max = OGR_Fld_GetSubType(field) == OFSTInt16 ? INT16_MAX : INT32_MAX;
	}
}

static void get_time(struct fp_value *v, OGRFeatureH f, int field, OGRFieldType type)
{
	int y, mo, d, h, mi, zone;
	char text[64], ms[8] = "", offset[8] = "";
	float s;
	long all;

	OGR_F_GetFieldAsDateTimeEx(f, field, &y, &mo, &d, &h, &mi, &s, &zone);
	all = lroundf(s * 1000);
	if (all % 1000)
		snprintf(ms, sizeof ms, ".%03d", (int)(all % 1000));
	if (zone == 100)
		snprintf(offset, sizeof offset, "Z");
	else if (zone > 1)
		snprintf(offset, sizeof offset, "%c%02d:%02d", zone > 100 ? '+' : '-', abs(zone - 100) / 4 % 100, abs(zone - 100) % 4 * 15);
	if (type == OFTDate)
		snprintf(text, sizeof text, "%04d-%02d-%02d", y, mo, d);
	else if (type == OFTTime)
		snprintf(text, sizeof text, "%02d:%02d:%02d%s", h, mi, (int)(all / 1000), ms);
	else
		snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%s%s", y, mo, d, h, mi, (int)(all / 1000), ms, offset);
	fp_value_set_text(v, FP_TEXT, text, strlen(text));
}

static void get_list(struct fp_value *v, OGRFeatureH f, int field, OGRFieldType type)
{
	json_t *list = json_array();
	char *text;
	int n = 0;

	if (type == OFTStringList) {
		for (char **s = OGR_F_GetFieldAsStringList(f, field); s && *s; s++)
			json_array_append_new(list, fp_json_text(*s));
	} else if (type == OFTIntegerList) {
		const int *i = OGR_F_GetFieldAsIntegerList(f, field, &n);
		for (int k = 0; k < n; k++)
			json_array_append_new(list, json_integer(i[k]));
	} else if (type == OFTInteger64List) {
		const GIntBig *i = OGR_F_GetFieldAsInteger64List(f, field, &n);
		for (int k = 0; k < n; k++)
			json_array_append_new(list, json_integer(i[k]));
	} else {
		const double *r = OGR_F_GetFieldAsDoubleList(f, field, &n);
		for (int k = 0; k < n; k++)
			json_array_append_new(list, isfinite(r[k]) ? json_real(r[k]) : json_null());
	}
	text = fp_json_dump(list);
	fp_value_set_text(v, FP_TEXT, text, strlen(text));
	free(text);
	json_decref(list);
}

void fp_ogr_get(struct fp_value *v, OGRFeatureH f, int field)
{
	OGRFieldType type = OGR_Fld_GetType(OGR_F_GetFieldDefnRef(f, field));
	const char *text;
	int n;

	fp_value_clear(v);
	if (!OGR_F_IsFieldSetAndNotNull(f, field))
		return;
	switch (type) {
	case OFTInteger:
	case OFTInteger64:
		v->type = FP_INT;
		v->i = OGR_F_GetFieldAsInteger64(f, field);
		break;
	case OFTReal:
		v->type = FP_REAL;
		v->r = OGR_F_GetFieldAsDouble(f, field);
		break;
	case OFTDate:
	case OFTTime:
	case OFTDateTime:
		get_time(v, f, field, type);
		break;
	case OFTStringList:
	case OFTIntegerList:
	case OFTInteger64List:
	case OFTRealList:
		get_list(v, f, field, type);
		break;
	case OFTBinary:
		text = (const char *)OGR_F_GetFieldAsBinary(f, field, &n);
		fp_value_set_text(v, FP_BLOB, text, (size_t)n);
		break;
	default:
		text = OGR_F_GetFieldAsString(f, field);
		fp_value_set_text(v, FP_TEXT, text, strlen(text));
		break;
	}
}

/* From the forms that temporal.h writes. */
static void set_time(OGRFeatureH f, int field, const char *text, enum fp_kind kind)
{
	int y = 0, mo = 0, d = 0, h = 0, mi = 0, zh = 0, zm = 0, zone = 0;
	const char *z = strlen(text) > 10 ? strpbrk(text + 10, "Z+-") : NULL;
	double s = 0;

	if (kind == FP_KIND_DATE) {
		sscanf(text, "%4d-%2d-%2d", &y, &mo, &d);
	} else if (kind == FP_KIND_TIME) {
		sscanf(text, "%2d:%2d:%lf", &h, &mi, &s);
	} else {
		sscanf(text, "%4d-%2d-%2dT%2d:%2d:%lf", &y, &mo, &d, &h, &mi, &s);
		if (z && *z == 'Z')
			zone = 100;
		else if (z && sscanf(z + 1, "%2d:%2d", &zh, &zm) == 2)
			zone = 100 + (*z == '-' ? -1 : 1) * (zh * 4 + zm / 15);
	}
	OGR_F_SetFieldDateTimeEx(f, field, y, mo, d, h, mi, (float)s, zone);
}

static void set_list(OGRFeatureH f, int field, const char *text)
{
	json_t *list = json_loads(text, 0, NULL), *v;
	size_t i, n = json_array_size(list);
	OGRFieldType type = OGR_Fld_GetType(OGR_F_GetFieldDefnRef(f, field));

	if (type == OFTStringList) {
		char **strings = NULL;
		json_array_foreach(list, i, v) {
			char *other = json_is_string(v) ? NULL : fp_json_dump(v);
			strings = CSLAddString(strings, other ? other : json_string_value(v));
			free(other);
		}
		OGR_F_SetFieldStringList(f, field, strings);
		CSLDestroy(strings);
	} else if (type == OFTRealList) {
		double *r = fp_alloc((n + 1) * sizeof *r);
		json_array_foreach(list, i, v)
			r[i] = json_number_value(v);
		OGR_F_SetFieldDoubleList(f, field, (int)n, r);
		free(r);
	} else {
		GIntBig *k = fp_alloc((n + 1) * sizeof *k);
		json_array_foreach(list, i, v)
			k[i] = json_is_integer(v) ? json_integer_value(v) : (GIntBig)json_number_value(v);
		OGR_F_SetFieldInteger64List(f, field, (int)n, k);
		free(k);
	}
	json_decref(list);
}

void fp_ogr_set(OGRFeatureH f, int field, const struct fp_value *v, const struct fp_column *c)
{
	switch (v->type) {
	case FP_NULL:
		OGR_F_SetFieldNull(f, field);
		break;
	case FP_INT:
		OGR_F_SetFieldInteger64(f, field, v->i);
		break;
	case FP_REAL:
		OGR_F_SetFieldDouble(f, field, v->r);
		break;
	case FP_BLOB:
		OGR_F_SetFieldBinary(f, field, (int)v->len, v->text);
		break;
	case FP_TEXT:
		if (c->kind == FP_KIND_DATE || c->kind == FP_KIND_TIME || c->kind == FP_KIND_DATETIME)
			set_time(f, field, v->text, c->kind);
		else if (c->kind == FP_KIND_LIST)
			set_list(f, field, v->text);
		else
			OGR_F_SetFieldString(f, field, v->text);
		break;
	}
}
