/* Values and geometries by themselves: JSON to column, comparison, dates, WKT. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <cpl_conv.h>
#include <cpl_error.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/changes/change.h"
#include "engine/changes/geometry.h"
#include "engine/changes/key.h"
#include "engine/changes/temporal.h"

static void begin(void)
{
	CPLSetErrorHandler(CPLQuietErrorHandler);
}

TestSuite(apply_values, .init = begin, .timeout = 20);

static json_t *parse(const char *text)
{
	json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert(v != NULL, "%s", text);
	return v;
}

/* What a column of KIND stores for JSON, as text; "!" when it is refused. Caller frees. */
static char *stored(enum fp_kind kind, const char *json)
{
	struct fp_column c = {.name = (char[]){"c"}, .kind = kind, .min = INT32_MIN, .max = INT32_MAX};
	struct fp_value v = {0};
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};
	json_t *j = parse(json);
	enum fp_status st = fp_value_from_json(&v, &c, j, &err);

	if (st == FP_OK) {
		fp_value_show(&b, &v, &c);
	} else {
		cr_assert_eq(st, FP_E_REFUSED);
		cr_assert(strstr(err.msg, "Column \"c\"") != NULL, "%s", err.msg);
		fp_buf_addc(&b, '!');
	}
	fp_value_clear(&v);
	json_decref(j);
	return fp_buf_take(&b);
}

Test(apply_values, conversions_lose_nothing_or_do_not_happen)
{
	static const struct { enum fp_kind kind; const char *json, *want; } cases[] = {
		{FP_KIND_INT, "7", "7"}, {FP_KIND_INT, "\" 7 \"", "7"}, {FP_KIND_INT, "7.0", "7"}, {FP_KIND_INT, "\"7.0\"", "7"}, {FP_KIND_INT, "true", "1"},
		{FP_KIND_INT, "\"\"", "NULL"}, {FP_KIND_INT, "null", "NULL"}, {FP_KIND_INT, "\"0x10\"", "!"}, {FP_KIND_INT, "1e300", "!"},
		{FP_KIND_INT, "\"99999999999999999999\"", "!"}, {FP_KIND_INT, "{}", "!"}, {FP_KIND_INT, "2147483648", "!"}, {FP_KIND_INT, "-2147483648", "-2147483648"},
		{FP_KIND_REAL, "1", "1"}, {FP_KIND_REAL, "\"1.5\"", "1.5"}, {FP_KIND_REAL, "0.30000000000000004", "0.30000000000000004"},
		{FP_KIND_REAL, "1.7976931348623157e+308", "1.7976931348623157e+308"}, {FP_KIND_REAL, "\"inf\"", "!"}, {FP_KIND_REAL, "\"1e999\"", "!"},
		{FP_KIND_REAL, "false", "0"}, {FP_KIND_REAL, "\"\"", "NULL"}, {FP_KIND_REAL, "[]", "!"},
		{FP_KIND_BOOL, "true", "True"}, {FP_KIND_BOOL, "0", "False"}, {FP_KIND_BOOL, "1.0", "True"}, {FP_KIND_BOOL, "\"TRUE\"", "True"},
		{FP_KIND_BOOL, "\"\"", "NULL"}, {FP_KIND_BOOL, "0.5", "!"}, {FP_KIND_BOOL, "-1", "!"},
		{FP_KIND_TEXT, "5", "5"}, {FP_KIND_TEXT, "1.5", "1.5"}, {FP_KIND_TEXT, "1e20", "1e+20"}, {FP_KIND_TEXT, "0.1", "0.1"}, {FP_KIND_TEXT, "true", "true"},
		{FP_KIND_TEXT, "\"\"", ""}, {FP_KIND_TEXT, "\"é漢😀\"", "é漢😀"},
		{FP_KIND_JSON, "{\"b\":0.1}", "{\"b\":0.1}"}, {FP_KIND_JSON, "\"{}\"", "\"{}\""}, {FP_KIND_JSON, "\"\"", "\"\""}, {FP_KIND_JSON, "null", "NULL"},
		{FP_KIND_LIST, "[1,\"x\"]", "[1,\"x\"]"}, {FP_KIND_LIST, "\"x\"", "!"}, {FP_KIND_LIST, "[[1]]", "!"}, {FP_KIND_LIST, "[null]", "!"},
		{FP_KIND_DATE, "\"2024-05-06\"", "2024-05-06"}, {FP_KIND_DATE, "\"2024/05/06\"", "2024-05-06"}, {FP_KIND_DATE, "\"2024-05-06T23:30:00Z\"", "2024-05-06"},
		{FP_KIND_DATE, "\"\"", "NULL"}, {FP_KIND_DATE, "\"2024-05-06x\"", "!"}, {FP_KIND_DATE, "\"2024-5-6\"", "!"}, {FP_KIND_DATE, "5", "!"},
		{FP_KIND_DATE, "\"2024-02-30\"", "!"},
		{FP_KIND_DATETIME, "\"2024-05-06T01:02:03\"", "2024-05-06T01:02:03.000Z"}, {FP_KIND_DATETIME, "\"2024-05-06 01:02\"", "2024-05-06T01:02:00.000Z"},
		{FP_KIND_DATETIME, "\"2024-05-06T01:02:03.5\"", "2024-05-06T01:02:03.500Z"}, {FP_KIND_DATETIME, "\"2024-05-06T01:02:03.123999Z\"", "2024-05-06T01:02:03.123Z"},
		{FP_KIND_DATETIME, "\"2024-05-06T01:02:03+02:00\"", "2024-05-06T01:02:03.000+02:00"},
		{FP_KIND_DATETIME, "\"1960-05-06T01:02:03.25-0530\"", "1960-05-06T01:02:03.250-05:30"},
		{FP_KIND_DATETIME, "\"2024-05-06\"", "2024-05-06T00:00:00.000Z"}, {FP_KIND_DATETIME, "\"bad\"", "!"}, {FP_KIND_DATETIME, "7", "!"},
		{FP_KIND_TIME, "\"10:20:30\"", "10:20:30.000"}, {FP_KIND_TIME, "\"10:20\"", "10:20:00.000"}, {FP_KIND_TIME, "\"25:00:00\"", "!"},
		{FP_KIND_BLOB, "\"foo\"", "foo"}, {FP_KIND_BLOB, "5", "5"}, {FP_KIND_BLOB, "\"\"", "NULL"}, {FP_KIND_BLOB, "[1]", "!"},
		{FP_KIND_OTHER, "1", "!"}, {FP_KIND_OTHER, "null", "NULL"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = stored(cases[i].kind, cases[i].json);
		cr_assert_str_eq(got, cases[i].want, "%s: %s instead of %s", cases[i].json, got, cases[i].want);
		free(got);
	}
}

Test(apply_values, objects_in_text_columns_look_as_qgis_writes_them)
{
	struct fp_column c = {.name = (char[]){"c"}, .kind = FP_KIND_TEXT};
	struct fp_value v = {0};
	struct fp_error err;
	json_t *j = parse("{\"b\":[1,2],\"a\":1}");

	cr_assert_eq(fp_value_from_json(&v, &c, j, &err), FP_OK);
	cr_assert_str_eq(v.text, "{\n    \"a\": 1,\n    \"b\": [\n        1,\n        2\n    ]\n}\n");
	fp_value_clear(&v);
	json_decref(j);
}

/* 1 same, 0 not, -1 cannot be compared. */
static int matches(enum fp_kind kind, const struct fp_value *v, const char *json)
{
	struct fp_column c = {.name = (char[]){"c"}, .kind = kind};
	struct fp_error err;
	json_t *j = parse(json);
	int same;
	enum fp_status st = fp_value_matches(&same, v, &c, j, &err);

	json_decref(j);
	return st == FP_OK ? same : -1;
}

#define TEXT(s) {FP_TEXT, .text = (char *)(s), .len = sizeof(s) - 1}

Test(apply_values, comparison_is_the_references)
{
	static const struct { enum fp_kind kind; struct fp_value v; const char *json; int same; } cases[] = {
		{FP_KIND_INT, {FP_INT, .i = 5}, "5", 1}, {FP_KIND_INT, {FP_INT, .i = 5}, "5.0", 1}, {FP_KIND_INT, {FP_INT, .i = 5}, "\"5\"", 0},
		{FP_KIND_INT, {FP_INT, .i = 1}, "true", 1}, {FP_KIND_INT, {FP_INT, .i = 5}, "true", 0}, {FP_KIND_INT, {FP_INT, .i = 0}, "false", 1},
		{FP_KIND_INT, {FP_INT, .i = 9007199254740993}, "9007199254740993", 1}, {FP_KIND_INT, {FP_INT, .i = 9007199254740993}, "9007199254740992", 0},
		{FP_KIND_INT, {FP_INT, .i = 9007199254740993}, "9007199254740992.0", 0}, {FP_KIND_INT, {FP_INT, .i = 5}, "null", 0},
		{FP_KIND_INT, {FP_INT, .i = 5}, "1e300", 0},
		{FP_KIND_REAL, {FP_REAL, .r = 0.1}, "0.1", 1}, {FP_KIND_REAL, {FP_REAL, .r = 0.1}, "0.10000000000000002", 0}, {FP_KIND_REAL, {FP_REAL, .r = 1}, "1", 1},
		{FP_KIND_REAL, {FP_REAL, .r = 1}, "\"1\"", 0}, {FP_KIND_REAL, {FP_REAL, .r = 1}, "true", 1},
		{FP_KIND_BOOL, {FP_INT, .i = 1}, "true", 1}, {FP_KIND_BOOL, {FP_INT, .i = 1}, "1", 1}, {FP_KIND_BOOL, {FP_INT, .i = 1}, "\"true\"", 0},
		{FP_KIND_TEXT, {.type = FP_NULL}, "null", 1}, {FP_KIND_TEXT, {.type = FP_NULL}, "\"\"", 0}, {FP_KIND_TEXT, {.type = FP_NULL}, "\"NULL\"", 0},
		{FP_KIND_TEXT, TEXT("abc"), "\"abc\"", 1}, {FP_KIND_TEXT, TEXT("abc"), "\"ABC\"", 0},
		{FP_KIND_TEXT, TEXT(""), "null", 0}, {FP_KIND_TEXT, TEXT("123"), "123", 0},
		{FP_KIND_TEXT, TEXT("é"), "\"e\\u0301\"", 0},
		{FP_KIND_DATE, TEXT("2024-03-01"), "\"2024-03-01garbage\"", 1},
		{FP_KIND_DATE, TEXT("2024-03-01"), "\"2024/03/01\"", 1},
		{FP_KIND_DATE, TEXT("2024-03-01"), "\"2024-3-1\"", 0}, {FP_KIND_DATE, TEXT("2024-03-01"), "\"\"", 0},
		{FP_KIND_DATE, TEXT("2024-03-01"), "20240301", -1}, {FP_KIND_DATE, TEXT("2024-03-01"), "null", 0},
		{FP_KIND_DATE, {.type = FP_NULL}, "20240301", 0},
		{FP_KIND_DATETIME, TEXT("2024-03-01T10:20:30.123Z"), "\"2024-03-01T11:20:30.1239+01:00\"", 1},
		{FP_KIND_DATETIME, TEXT("2024-03-01T10:20:30.123Z"), "\"2024-03-01T10:20:30\"", 0},
		{FP_KIND_DATETIME, TEXT("2024-03-01T10:20:30"), "\"2024-03-01 10:20:30Z\"", 1},
		{FP_KIND_DATETIME, TEXT("2024-03-01T10:20:30"), "[]", -1},
		{FP_KIND_JSON, TEXT("{\"a\":1}"), "{\"a\":1.0}", 1}, {FP_KIND_JSON, TEXT("{\"a\":1}"), "\"{\\\"a\\\":1}\"", 0},
		{FP_KIND_JSON, TEXT("broken{"), "\"broken{\"", 1}, {FP_KIND_JSON, TEXT("{\"a\":1}"), "{\"a\":1,\"b\":2}", 0},
		{FP_KIND_BLOB, {FP_BLOB, .text = (char *)"foo", .len = 3}, "\"foo\"", 1}, {FP_KIND_BLOB, {FP_BLOB, .text = (char *)"foo", .len = 3}, "\"Zm9v\"", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_eq(matches(cases[i].kind, &cases[i].v, cases[i].json), cases[i].same, "case %zu: %s", i, cases[i].json);
}

Test(apply_values, only_literals_are_defaults_that_need_no_qgis)
{
	static const char *const literals[][2] = {
		{"'a'", "\"a\""}, {" 'it''s' ", "\"it's\""}, {"''", "\"\""}, {"7", "7"}, {"-1.5", "-1.5"}, {"TRUE", "true"}, {"null", "null"}
	};
	static const char *const others[] = {"", " ", "now()", "'a' || 'b'", "'open", "'a\\n'", "\"field\"", "[1]", "{\"a\":1}", "@user", "1 + 1", "'"};

	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
		json_t *got = fp_default_literal(literals[i][0]), *want = parse(literals[i][1]);
		cr_assert(got != NULL, "%s", literals[i][0]);
		cr_assert_eq(json_equal(got, want), 1, "%s", literals[i][0]);
		json_decref(got);
		json_decref(want);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		cr_assert_null(fp_default_literal(others[i]), "%s", others[i]);
}

Test(apply_values, keys_are_found_by_number_and_text_and_twins_are_counted)
{
	struct fp_key_index x = {0};
	const struct fp_key_slot *s;
	size_t cursor = 0;
	int64_t i;

	for (int k = 0; k < 5000; k++) {
		struct fp_value v = {.type = FP_INT, .i = k % 2500};
		fp_key_index_add(&x, &v, k, 0);
		fp_key_index_add(&x, &v, k, 0);
	}
	for (int k = 0; k < 100; k++) {
		struct fp_value v = {0};
		char text[16];
		snprintf(text, sizeof text, "k%d", k);
		fp_value_set_text(&v, FP_TEXT, text, strlen(text));
		fp_key_index_add(&x, &v, 10000 + k, 0);
		fp_value_clear(&v);
	}
	cr_assert_eq(x.n, 5100);
	for (i = 0; (s = fp_key_index_next(&x, "0017.0", &cursor)); i += s->fid)
		;
	cr_assert_eq(i, 17 + 2517);
	cursor = 0;
	s = fp_key_index_next(&x, "k42", &cursor);
	cr_assert_eq(s->fid, 10042);
	cr_assert_null(fp_key_index_next(&x, "k42", &cursor));
	cursor = 0;
	cr_assert_null(fp_key_index_next(&x, "nothing", &cursor));
	fp_key_index_free(&x);
	cursor = 0;
	cr_assert_null(fp_key_index_next(&x, "1", &cursor));
}

/* ---- WKT ---- */

static char *read_wkt(const char *wkt)
{
	OGRGeometryH g;
	struct fp_error err = {0};
	char *text = NULL;

	if (fp_geom_from_wkt(&g, wkt, &err) != FP_OK) {
		cr_assert_null(g);
		cr_assert(strstr(err.msg, "WKT") != NULL || strstr(err.msg, "wkt") != NULL, "%s", err.msg);
		return fp_strdup("!");
	}
	OGR_G_ExportToIsoWkt(g, &text);
	OGR_G_DestroyGeometry(g);
	return text;
}

Test(apply_values, wkt_is_read_as_the_reference_reads_it)
{
	static const char *const cases[][2] = {
		{"Point (1 2)", "POINT (1 2)"}, {"PointZ (1 2 3)", "POINT Z (1 2 3)"}, {"point z(1 2 3)", "POINT Z (1 2 3)"}, {"POINTM(1 2 4)", "POINT M (1 2 4)"},
		{"PointZM (1 2 3 4)", "POINT ZM (1 2 3 4)"}, {"PointZ (1 2 nan)", "POINT Z (1 2 0)"}, {"PointZ (1 2 -NaN)", "POINT Z (1 2 0)"},
		{"POINTZ (666 0)", "POINT Z (666 0 nan)"}, {"POINTZM (666 0)", "POINT ZM (666 0 nan nan)"}, {"POINT EMPTY", "POINT EMPTY"},
		{"LineStringZ (0 0, 1 1 5)", "LINESTRING Z (0 0 nan,1 1 5)"}, {"Polygon ((0 0, 4 0, 4 4))", "POLYGON ((0 0,4 0,4 4))"},
		{"MULTIPOINT(1 2,3 4)", "MULTIPOINT ((1 2),(3 4))"}, {"  Point\n(1\t2)  ", "POINT (1 2)"}, {"POINT (1e3 -2.5E-1)", "POINT (1000.0 -0.25)"},
		{"GeometryCollection (Point (1 2), PointZ (3 4))", "GEOMETRYCOLLECTION Z (POINT Z (1 2 0),POINT Z (3 4 nan))"},
		{"CompoundCurveZ ((0 0, 1 0 1), CircularStringZ (1 0 1, 2 1, 3 0 1))", "COMPOUNDCURVE Z ((0 0 nan,1 0 1),CIRCULARSTRING Z (1 0 1,2 1 nan,3 0 1))"},
		{"", "!"}, {"   ", "!"}, {"garbage", "!"}, {"Point (1)", "!"}, {"Point (a b)", "!"}, {"SRID=4326;POINT(1 2)", "!"}, {"Point (1 2", "!"},
		{"Point (1 2))", "!"}, {"Point (1 2) x", "!"}, {"Point (1 inf)", "!"}, {"Point (1 2); DROP TABLE x", "!"}, {"Point", "!"}, {"(1 2)", "!"},
		{"Point (1e999 0)", "!"}, {"Point (- 0)", "!"}, {"Point (1 2) Point (1 2)", "!"}, {"PointZMX (1 2)", "!"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = read_wkt(cases[i][0]);
		cr_assert_str_eq(got, cases[i][1], "%s: %s instead of %s", cases[i][0], got, cases[i][1]);
		free(got);
	}
}

Test(apply_values, wkt_of_any_depth_and_every_prefix_is_survived)
{
	const char *wkt = "GeometryCollection Z (CompoundCurve ((0 0, 1 0), CircularString (1 0, 2 nan, 3 0)), TIN (((0 0, 1 0, 0 1, 0 0))))";
	struct fp_buf deep = FP_BUF_INIT;

	for (size_t n = 0; n < strlen(wkt); n++) {
		char *cut = fp_strndup(wkt, n), *got = read_wkt(cut);
		cr_assert_str_eq(got, "!", "%s", cut);
		free(got);
		free(cut);
	}
	for (int i = 0; i < 10000; i++)
		fp_buf_adds(&deep, "GeometryCollection (");
	free(read_wkt(deep.data));
	fp_buf_free(&deep);
	for (int i = 0; i < 10000; i++)
		fp_buf_addc(&deep, '(');
	free(read_wkt(deep.data));
	fp_buf_free(&deep);
}

static int fits(const char *wkt, OGRwkbGeometryType type, enum fp_dimension z, const char *want)
{
	struct fp_geom_type t = {.flat = type, .z = z, .m = FP_DIM_NO};
	struct fp_error err;
	OGRGeometryH g;
	char *text = NULL;
	int ok;

	cr_assert_eq(fp_geom_from_wkt(&g, wkt, &err), FP_OK, "%s", wkt);
	ok = fp_geom_fit(&g, &t, &err) == FP_OK;
	OGR_G_ExportToIsoWkt(g, &text);
	if (ok)
		cr_assert_str_eq(text, want, "%s: %s instead of %s", wkt, text, want);
	else
		cr_assert_str_eq(want, "!", "%s: %s", wkt, err.msg);
	CPLFree(text);
	OGR_G_DestroyGeometry(g);
	return ok;
}

Test(apply_values, a_second_part_never_becomes_a_hole_and_a_line_never_a_point)
{
	fits("MultiPolygon (((0 0,4 0,4 4,0 0)))", wkbPolygon, FP_DIM_NO, "POLYGON ((0 0,4 0,4 4,0 0))");
	fits("MultiPolygon (((0 0,4 0,4 4,0 0)),((10 10,14 10,14 14,10 10)))", wkbPolygon, FP_DIM_NO, "!");
	fits("LineString (0 0,1 1)", wkbPoint, FP_DIM_NO, "!");
	fits("LineString (0 0,1 1)", wkbMultiLineString, FP_DIM_YES, "MULTILINESTRING Z ((0 0 0,1 1 0))");
	fits("GeometryCollection (Point (1 2))", wkbMultiPoint, FP_DIM_NO, "MULTIPOINT ((1 2))");
	fits("GeometryCollection (Point (1 2), Point (3 4))", wkbPoint, FP_DIM_NO, "!");
	fits("PointZ (1 2 3)", wkbPoint, FP_DIM_MAY, "POINT Z (1 2 3)");
	fits("Polygon EMPTY", wkbMultiPolygon, FP_DIM_NO, "MULTIPOLYGON EMPTY");
	fits("Triangle ((0 0,1 0,0 1,0 0))", wkbPolygon, FP_DIM_NO, "POLYGON ((0 0,1 0,0 1,0 0))");
	fits("TIN (((0 0,1 0,0 1,0 0)))", wkbPolygon, FP_DIM_NO, "!");
	fits("LineString (0 0,1 1)", wkbCompoundCurve, FP_DIM_NO, "COMPOUNDCURVE ((0 0,1 1))");
	fits("LineString (0 0)", wkbCompoundCurve, FP_DIM_NO, "!");
	fits("LineStringZ (0 0 1,1 1 2)", wkbCompoundCurve, FP_DIM_NO, "COMPOUNDCURVE ((0 0,1 1))");
	fits("PolygonZ ((0 0 1,1 0 1,0 1 1,0 0 1))", wkbCurvePolygon, FP_DIM_NO, "CURVEPOLYGON ((0 0,1 0,0 1,0 0))");
	fits("PolygonZ ((0 0 1,1 0 1,0 1 1,0 0 1))", wkbCurvePolygon, FP_DIM_YES, "CURVEPOLYGON Z ((0 0 1,1 0 1,0 1 1,0 0 1))");
	fits("TriangleZ ((0 0 1,1 0 1,0 1 1,0 0 1))", wkbPolygon, FP_DIM_YES, "POLYGON Z ((0 0 1,1 0 1,0 1 1,0 0 1))");
	fits("TIN Z (((0 0 1,1 0 1,0 1 1,0 0 1)))", wkbMultiPolygon, FP_DIM_YES, "MULTIPOLYGON Z (((0 0 1,1 0 1,0 1 1,0 0 1)))");
	fits("Point (1 2)", wkbUnknown, FP_DIM_NO, "POINT (1 2)");
}
