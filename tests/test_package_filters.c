/* What becomes of the filters of layers that go offline: which of them stay, in which table, and which rows are there. */
#include <cpl_conv.h>
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/package/group.h"
#include "tests/package_fixture.h"

static void setup(void)
{
	files_setup();
	files_put("g.geojson", "{\"type\":\"FeatureCollection\",\"features\":["
		"{\"type\":\"Feature\",\"properties\":{\"fid\":1,\"name\":\"oak\",\"n\":1},\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,1]}},"
		"{\"type\":\"Feature\",\"properties\":{\"fid\":2,\"name\":\"OAK\",\"n\":2},\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,1]}},"
		"{\"type\":\"Feature\",\"properties\":{\"fid\":3,\"name\":\"elm\",\"n\":null},\"geometry\":{\"type\":\"Point\",\"coordinates\":[3,1]}}]}");
	files_put("t.csv", "fid,name,n\n1,a,1\n2,b,2\n");
}

TestSuite(package_filters, .timeout = 60, .init = setup, .fini = files_teardown);

/* A layer and what it is in the package. */
struct filtered {
	const char *provider, *source;
	const char *left;  /* of the filter, with what leads to it; "" when it is dropped, NULL: the layer is not offline */
	int rows;          /* of its table */
};

static struct fp_package *packaged(const struct filtered *f, size_t n)
{
	struct wanted_layer *layers = fp_alloc(n * sizeof *layers);
	struct fp_error err = {0};
	struct fp_package *p;

	for (size_t i = 0; i < n; i++)
		layers[i] = (struct wanted_layer){"vector", f[i].provider, f[i].source, NULL};
	p = package_decided("p.qgs", "", layers, n);
	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	free(layers);
	return p;
}

static void become(const struct filtered *f, size_t n)
{
	struct fp_package *p = packaged(f, n);

	for (size_t i = 0; i < n; i++) {
		const struct fp_pack_layer *l = &p->layers[i];
		const char *left = l->datasource ? strstr(l->datasource, "|subset=") : NULL;

		cr_expect_eq(l->table >= 0, f[i].left != NULL, "%s", f[i].source);
		if (!f[i].left || l->table < 0)
			continue;
		cr_expect_str_eq(left ? left : "", f[i].left, "%s", f[i].source);
		cr_expect_eq(p->tables[l->table].written, f[i].rows, "%s: %lld rows", f[i].source, (long long)p->tables[l->table].written);
		cr_expect_eq(package_warns(p, i, "filter_dropped"), strstr(f[i].source, "subset=") && !*f[i].left, "%s", f[i].source);
	}
	package_done(p);
}
#define BECOME(cases) become(cases, sizeof cases / sizeof *cases)

Test(package_filters, what_only_qgis_can_evaluate_is_not_taken_offline)
{
	static const struct filtered cases[] = {
		{"delimitedtext", "file:./t.csv?type=csv&geomType=none&subset=%22name%22%20ILIKE%20'A'", NULL, 0},
		{"delimitedtext", "file:./t.csv?type=csv&geomType=none&subset=%22n%22%20%2F%202%20%3E%200.4", NULL, 0},
		{"delimitedtext", "file:./t.csv?type=csv&geomType=none&subset=%22name%22%20%3D%20'a'", "|subset=\"name\" = 'a'", 1},
	};

	BECOME(cases);
}

Test(package_filters, a_query_keeps_its_words_where_its_table_can_have_its_name)
{
	static const struct filtered cases[] = {
		{"ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM \"pts\" WHERE fid % 2 = 1", "|subset=SELECT * FROM \"pts\" WHERE fid % 2 = 1", 3},
		{"ogr", "./a.gpkg|layername=pts|subset=select * from pts where fid = 2", "|subset=select * from pts where fid = 2", 3},
		{"ogr", "./a.gpkg|layername=pts|subset=SELECT fid, geom FROM pts WHERE fid > 1", "", 2},
		{"ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM pts ORDER BY fid LIMIT 1", "", 1},
		{"ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM pts WHERE fid = (SELECT max(fid) FROM pts)", "", 1},
	};
	struct fp_package *p;

	BECOME(cases);
	p = packaged(cases, 1);
	cr_expect_str_eq(p->tables[0].name, "pts");
	cr_expect_str_eq(p->layers[0].datasource, "./data.gpkg|layername=pts|subset=SELECT * FROM \"pts\" WHERE fid % 2 = 1");
	cr_expect(p->layers[0].query, "nothing but the key is known to be bound in it");
	package_done(p);
}

Test(package_filters, two_tables_of_one_name_cannot_both_have_it)
{
	static const struct filtered cases[] = {
		{"ogr", "./a.gpkg|layername=pts|subset=SELECT * FROM pts WHERE fid > 1", "|subset=SELECT * FROM pts WHERE fid > 1", 2},
		{"ogr", "./b.gpkg|layername=pts|subset=SELECT * FROM pts WHERE fid > 2", "", 1},
	};

	files_copy("a.gpkg", "b.gpkg");
	BECOME(cases);
}

Test(package_filters, a_text_is_another_to_gdal_than_to_sqlite)
{
	static const struct filtered cases[] = {
		{"ogr", "./g.geojson|subset=name = 'oak'", "", 2},
		{"ogr", "./g.geojson|subset=name = 'elm'", "|subset=name = 'elm'", 1},
		{"ogr", "./g.geojson|subset=NOT n = 1", "", 2},
		{"ogr", "./g.geojson|subset=name ILIKE 'o%'", "", 2},
		{"ogr", "./g.geojson|subset=n > 0", "|subset=n > 0", 2},
		{"ogr", "./g.geojson|subset=n IS NOT NULL AND n < 2", "|subset=n IS NOT NULL AND n < 2", 2},
	};

	BECOME(cases);
}

Test(package_filters, a_view_of_two_tables_gives_its_own_rows_and_no_others)
{
	static const struct filtered cases[] = {{"ogr", "./a.gpkg|layername=v|subset=w <> 'none'", "|subset=w <> 'none'", 3}};

	files_sql("a.gpkg", "CREATE TABLE other (id INTEGER PRIMARY KEY, pts INTEGER, w TEXT); INSERT INTO other VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, 2, 'none');"
		"CREATE VIEW v AS SELECT o.id AS OGC_FID, p.geom, o.w FROM pts p JOIN other o ON o.pts = p.fid;"
		"INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('v', 'features', 'v', 0);"
		"INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POINT', 0, 0, 0)");
	BECOME(cases);
}

Test(package_filters, a_filter_of_a_packed_database_sees_its_own_table_alone)
{
	static const struct filtered cases[] = {
		{"ogr", "/vsizip/./a.zip/a.gpkg|layername=table|subset=fid = 1", "|subset=fid = 1", 1},
		{"ogr", "/vsizip/./a.zip/a.gpkg|layername=pts|subset=fid IN (SELECT fid FROM \"table\")", NULL, 0},
		{"ogr", "/vsizip/./a.zip/a.gpkg|layername=pts", "", 3},
	};
	char *zip = files_at("a.zip"), *inside = fp_asprintf("/vsizip/%s/a.gpkg", zip), *from = files_at("a.gpkg");

	cr_assert_eq(CPLCopyFile(inside, from), 0);
	free(zip);
	free(inside);
	free(from);
	BECOME(cases);
}

Test(package_filters, no_table_has_a_name_that_sqlite_or_the_geopackage_keeps_for_itself)
{
	static const char *const names[] = {"sqlite_x", "GPKG_x", "rtree_pts"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_expect(fp_group_is_reserved(names[i]), "%s", names[i]);
	cr_expect_not(fp_group_is_reserved("sqlite"));
}

Test(package_filters, a_query_is_taken_apart_only_where_each_row_stands_for_itself)
{
	static const struct {
		const char *query, *table, *condition;
	} cases[] = {
		{"SELECT * FROM t WHERE n > 1", "t", "n > 1"}, {"select\t* from \"T\" where (n)", "t", NULL}, {"SELECT * FROM \"a \"\"b\"\"\"", "a \"b\"", ""},
		{"SELECT * FROM T WHERE \"order\" = 'select'", "t", "\"order\" = 'select'"}, {"SELECT * FROM t WHERE", "t", NULL}, {"SELECT * FROM u WHERE n > 1", "t", NULL},
		{"SELECT * FROM t, u WHERE n > 1", "t", NULL}, {"SELECT n FROM t", "t", NULL}, {"SELECT *, n FROM t", "t", NULL}, {"SELECT * FROM t WHERE n IN (SELECT 1)", "t", NULL},
		{"SELECT * FROM t WHERE n > 1 LIMIT 1", "t", NULL}, {"SELECT * FROM t LIMIT 1", "t", NULL}, {"n > 1", "t", NULL}, {"", "t", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = fp_group_condition(cases[i].query, cases[i].table);
		cr_expect(cases[i].condition ? got && strcmp(got, cases[i].condition) == 0 : !got, "%s: %s", cases[i].query, got ? got : "NULL");
		free(got);
	}
}
