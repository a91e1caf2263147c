/* Geometries as text: what is no WKT is refused with its place, and what is becomes the same numbers. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/changes/shape.h"

TestSuite(shape, .timeout = 20);

static void read_it(struct fp_shape *s, const char *wkt)
{
	struct fp_error err = {0};

	cr_assert_eq(fp_shape_read(s, wkt, FP_SHAPE_VERTICES_MAX, &err), FP_OK, "%s: %s", wkt, err.msg);
}

static void becomes(const char *wkt, const char *geojson)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_shape s;

	read_it(&s, wkt);
	fp_shape_geojson(&b, &s);
	cr_assert_str_eq(b.data, geojson, "%s: %s\nnot %s", wkt, b.data, geojson);
	fp_buf_free(&b);
	fp_shape_clear(&s);
}

Test(shape, what_is_no_wkt_is_refused_with_its_place)
{
	static const char *const cases[] = {
		"", " ", "5", "EMPTY", "POINT", "POINT (", "POINT ()", "POINT (1)", "POINT (1 )", "POINT (1 2", "POINT (1 2))", "POINT (1 2) x", "POINT (1,2)",
		"POINT (1 2, 3 4)", "POINT (1 2 3 4 5)", "POINT Z (1 2 3 4)", "POINT (1 b)", "POINT (0x10 2)", "POINT (inf 1)", "POINT (1e999 1)",
		"POINT (1 2e)", "POINT (1--2 3)", "POINTS (1 2)", "POINT ZZ (1 2)", "SRID=4326;POINT (1 2)", "LINESTRING (1 2, )", "LINESTRING (, 1 2)",
		"LINESTRING ((1 2, 3 4))", "LINESTRING (1 2 3 4", "POLYGON (1 2, 3 4)", "POLYGON ((1 2, 3 4)", "MULTIPOINT (1 2, LINESTRING (1 2, 3 4))",
		"MULTILINESTRING (POINT (1 2))", "MULTIPOLYGON ((1 2, 3 4))", "GEOMETRYCOLLECTION (1 2)", "GEOMETRYCOLLECTION ((1 2))", "GEOMETRYCOLLECTION (EMPTY)",
		"COMPOUNDCURVE (POINT (1 2))", "CURVEPOLYGON (POLYGON ((1 2)))", "POINT EMPTY EMPTY", "POINT (1 2) POINT (3 4)", "\xff\xfe", "POINT (\xff 2)",
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_error err = {0};
		struct fp_shape s;
		char *exact = fp_strdup(cases[i]); /* so that a read beyond the end is seen */
		cr_assert_eq(fp_shape_read(&s, exact, FP_SHAPE_VERTICES_MAX, &err), FP_E_INVALID, "%s", cases[i]);
		cr_assert(strstr(err.msg, "expected at byte"), "%s", err.msg);
		cr_assert_null(s.vertices);
		free(exact);
	}
}

Test(shape, every_beginning_of_a_geometry_is_refused_and_none_crashes)
{
	const char *wkt = "GEOMETRYCOLLECTION ZM (MULTIPOLYGON ZM (((1 2 3 4, 5 6 7 8, 1 2 3 4), (9 9 9 9)), EMPTY), CURVEPOLYGON (COMPOUNDCURVE "
		"(CIRCULARSTRING (1 1 nan 1, 2 -2e1 2 2), (2 2 2 2, 1 1 1 1))), MULTIPOINT (1 2 3 4, (5 6 7 8)))";
	struct fp_shape s;

	for (size_t n = 0; n < strlen(wkt); n++) {
		char *cut = fp_strndup(wkt, n);
		cr_assert_eq(fp_shape_read(&s, cut, FP_SHAPE_VERTICES_MAX, NULL), FP_E_INVALID, "%s", cut);
		free(cut);
	}
	read_it(&s, wkt);
	fp_shape_clear(&s);
}

Test(shape, too_many_vertices_and_too_deep_a_nest_are_refused)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};
	struct fp_shape s;

	cr_assert_eq(fp_shape_read(&s, "LINESTRING (1 1, 2 2, 3 3)", 2, &err), FP_E_FULL);
	cr_assert_str_eq(err.msg, "the geometry has more than 2 vertices");
	cr_assert_eq(fp_shape_read(&s, "LINESTRING (1 1, 2 2, 3 3)", 3, &err), FP_OK);
	fp_shape_clear(&s);
	for (int i = 0; i < 100000; i++)
		fp_buf_adds(&b, "GEOMETRYCOLLECTION (");
	cr_assert_eq(fp_shape_read(&s, b.data, 10, &err), FP_E_FULL);
	fp_buf_clear(&b);
	fp_buf_adds(&b, "COMPOUNDCURVE (");
	for (int i = 0; i < 100000; i++)
		fp_buf_adds(&b, "COMPOUNDCURVE (");
	cr_assert_eq(fp_shape_read(&s, b.data, 10, &err), FP_E_FULL);
	fp_buf_free(&b);
}

Test(shape, every_type_becomes_the_same_geojson)
{
	becomes("POINT (1 2)", "{\"type\":\"Point\",\"coordinates\":[1,2]}");
	becomes("Point(1 2)", "{\"type\":\"Point\",\"coordinates\":[1,2]}");
	becomes("  point  Z ( 1.5  -2e3 7 ) ", "{\"type\":\"Point\",\"coordinates\":[1.5,-2000,7]}");
	becomes("PointZ (1 2 3)", "{\"type\":\"Point\",\"coordinates\":[1,2,3]}");
	becomes("POINT M (1 2 3)", "{\"type\":\"Point\",\"coordinates\":[1,2]}");
	becomes("POINTZM(1 2 3 4)", "{\"type\":\"Point\",\"coordinates\":[1,2,3]}");
	becomes("POINT (1 2 3)", "{\"type\":\"Point\",\"coordinates\":[1,2,3]}");
	becomes("POINT EMPTY", "{\"type\":\"Point\",\"coordinates\":[]}");
	becomes("LineString (0 0, 1 1)", "{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1]]}");
	becomes("LINESTRING Z EMPTY", "{\"type\":\"LineString\",\"coordinates\":[]}");
	becomes("POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
		"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,0],[4,4],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}");
	becomes("TRIANGLE ((0 0, 4 0, 4 4, 0 0))", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,0],[4,4],[0,0]]]}");
	becomes("MULTIPOINT (1 2, (3 4), EMPTY)", "{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]}");
	becomes("MULTIPOINT EMPTY", "{\"type\":\"MultiPoint\",\"coordinates\":[]}");
	becomes("MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "{\"type\":\"MultiLineString\",\"coordinates\":[[[0,0],[1,1]],[[2,2],[3,3]]]}");
	becomes("MultiPolygonZ (((0 0 1, 1 0 1, 1 1 1, 0 0 1)), ((5 5 2, 6 5 2, 6 6 2, 5 5 2), (5.1 5 2, 5.2 5 2, 5.1 5 2)))",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0,1],[1,0,1],[1,1,1],[0,0,1]]],[[[5,5,2],[6,5,2],[6,6,2],[5,5,2]],[[5.1,5,2],[5.2,5,2],[5.1,5,2]]]]}");
	becomes("TIN (((0 0, 1 0, 1 1, 0 0)), ((0 0, 1 1, 0 1, 0 0)))",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,1],[0,1],[0,0]]]]}");
	becomes("GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1), MULTIPOINT (1 1, 2 2)), POINT EMPTY)",
		"{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]},{\"type\":\"GeometryCollection\",\"geometries\":["
		"{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1]]},{\"type\":\"MultiPoint\",\"coordinates\":[[1,1],[2,2]]}]},"
		"{\"type\":\"Point\",\"coordinates\":[]}]}");
	becomes("GEOMETRYCOLLECTION EMPTY", "{\"type\":\"GeometryCollection\",\"geometries\":[]}");
}

Test(shape, curves_become_the_lines_of_their_control_points)
{
	becomes("CIRCULARSTRING (0 0, 1 1, 2 0)", "{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1],[2,0]]}");
	becomes("COMPOUNDCURVE ((0 0, 1 1), CIRCULARSTRING (1 1, 2 2, 3 1), (3 1, 4 4))",
		"{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1],[2,2],[3,1],[4,4]]}");
	becomes("CURVEPOLYGON (CIRCULARSTRING (0 0, 2 2, 4 0, 2 -2, 0 0), (1 0, 2 0, 2 1, 1 0))",
		"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[4,0],[2,-2],[0,0]],[[1,0],[2,0],[2,1],[1,0]]]}");
	becomes("CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 2 2, 4 0), (4 0, 0 0)))",
		"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[4,0],[0,0]]]}");
	becomes("MULTICURVE ((0 0, 1 1), CIRCULARSTRING (1 1, 2 2, 3 1))",
		"{\"type\":\"MultiLineString\",\"coordinates\":[[[0,0],[1,1]],[[1,1],[2,2],[3,1]]]}");
	becomes("MULTISURFACE (((0 0, 1 0, 0 0)), CURVEPOLYGON (CIRCULARSTRING (0 0, 2 2, 0 0)))",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[0,0]]],[[[0,0],[2,2],[0,0]]]]}");
}

Test(shape, numbers_stay_what_they_are)
{
	becomes("POINT (2600000.1234567891 0.1)", "{\"type\":\"Point\",\"coordinates\":[2600000.123456789,0.1]}");
	becomes("POINT (0.10000000000000002 1e-300)", "{\"type\":\"Point\",\"coordinates\":[0.10000000000000002,1e-300]}");
	becomes("POINT Z (nan -NaN 3)", "{\"type\":\"Point\",\"coordinates\":[0,0,3]}");
	becomes("POINTZ (666 0)", "{\"type\":\"Point\",\"coordinates\":[666,0]}");
}

Test(shape, parts_say_what_they_are_and_where)
{
	struct fp_shape s;

	read_it(&s, "GEOMETRYCOLLECTION (POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 1 1)), POINT Z (9 -3 7), LINESTRING M (5 6 7, 7 8 9))");
	cr_assert_str_eq(s.type, "GeometryCollection");
	cr_assert(s.has_z && s.has_m);
	cr_assert_eq(s.n_vertices, 10);
	cr_assert_eq(s.n_parts, 4);
	cr_assert(s.parts[0].kind == FP_PART_RING && !s.parts[0].hole && s.parts[0].n == 4);
	cr_assert(s.parts[1].kind == FP_PART_RING && s.parts[1].hole && s.parts[1].first == 4);
	cr_assert(s.parts[2].kind == FP_PART_POINT && s.parts[2].n == 1 && s.vertices[s.parts[2].first].z == 7);
	cr_assert(s.parts[3].kind == FP_PART_LINE && s.parts[3].n == 2 && isnan(s.vertices[s.parts[3].first].z) && s.vertices[s.parts[3].first].m == 7);
	cr_assert(s.xmin == 0 && s.ymin == -3 && s.xmax == 9 && s.ymax == 8);
	fp_shape_clear(&s);
	read_it(&s, "MULTIPOLYGON EMPTY");
	cr_assert_eq(s.n_vertices, 0);
	cr_assert_eq(s.n_parts, 0);
	cr_assert(s.xmin == 0 && s.xmax == 0);
	fp_shape_clear(&s);
}
