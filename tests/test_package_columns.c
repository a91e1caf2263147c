/* What forms are told of the columns of an offline layer: what QGIS' providers say of them (measured with QGIS 3.22). */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "tests/package_fixture.h"

TestSuite(package_columns, .timeout = 60, .init = files_setup, .fini = files_teardown);

/* "n!=" for each column of the only layer: ! not null, * unique, = has a default. Caller frees. */
static char *columns(const char *provider, const char *source)
{
	const struct wanted_layer layer = {"vector", provider, source, NULL};
	struct fp_package *p = package_decided("p.qgs", "", &layer, 1);
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};

	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(p->n_tables, 1, "%s", source);
	for (size_t i = 0; i < p->tables[0].n_fields; i++) {
		const struct fp_pack_field *f = &p->tables[0].fields[i];
		fp_buf_addf(&b, "%s%s%s%s%s", i ? " " : "", f->name, f->not_null ? "!" : "", f->unique ? "*" : "", f->has_default ? "=" : "");
	}
	package_done(p);
	return fp_buf_take(&b);
}

static void are(const char *provider, const char *source, const char *want)
{
	char *got = columns(provider, source);

	cr_expect_str_eq(got, want, "%s: %s", source, got);
	free(got);
}

/* GML may call an attribute and an element alike. */
Test(package_columns, columns_of_one_name_are_told_apart_and_the_key_keeps_its)
{
	files_put("g.gml", "<?xml version='1.0'?><o:FeatureCollection xmlns:o='http://ogr.maptools.org/' xmlns:gml='http://www.opengis.net/gml'><gml:featureMember><o:f fid='f.1'>"
		"<o:geometryProperty><gml:Point srsName='EPSG:4326'><gml:coordinates>1,2</gml:coordinates></gml:Point></o:geometryProperty><o:fid>5</o:fid><o:n>1</o:n><o:N>2</o:N>"
		"</o:f></gml:featureMember></o:FeatureCollection>");
	are("ogr", "./g.gml", "fid! fid_1 n N_");
}

#define TABLE "CREATE TABLE t (pk INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, n INTEGER NOT NULL DEFAULT 7, v TEXT NOT NULL DEFAULT 'x', e TEXT NOT NULL DEFAULT '',"\
	" at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, z TEXT DEFAULT NULL, r REAL DEFAULT 1e3, w TEXT NOT NULL UNIQUE, b BOOLEAN DEFAULT true, q INTEGER DEFAULT '7')"

Test(package_columns, a_default_is_what_qgis_leaves_to_the_database)
{
	files_sql("a.gpkg", TABLE "; INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('t', 'attributes', 't', 0)");
	are("ogr", "./a.gpkg|layername=t", "pk!*= n!= v!= e! at!= z= r= w!* b q=");
	files_sql("l.sqlite", TABLE "; CREATE TABLE spatial_ref_sys (srid INTEGER); CREATE TABLE geometry_columns (f_table_name TEXT, f_geometry_column TEXT,"
		" geometry_type INTEGER, coord_dimension INTEGER, srid INTEGER, spatial_index_enabled INTEGER); CREATE TABLE views_geometry_columns (x);"
		"CREATE TABLE virts_geometry_columns (x); CREATE TABLE geometry_columns_auth (x)");
	are("spatialite", "dbname='./l.sqlite' table=\"t\"", "pk!*= n! v! e! at!= z= r w!* b= q=");
}
