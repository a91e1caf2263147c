/* points FILE.gpkg N: a GeoPackage with a layer "points" of N points and ten attributes, the same bytes of content every time. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static const char schema[] =
	"PRAGMA application_id = 0x47504B47; PRAGMA user_version = 10200; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
	"CREATE TABLE gpkg_spatial_ref_sys(srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,"
	" organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);"
	"INSERT INTO gpkg_spatial_ref_sys VALUES('Undefined Cartesian', -1, 'NONE', -1, 'undefined', NULL),"
	"('Undefined geographic', 0, 'NONE', 0, 'undefined', NULL),"
	"('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]],PRIMEM[\"Greenwich\",0],"
	"UNIT[\"degree\",0.0174532925199433]]', NULL);"
	"CREATE TABLE gpkg_contents(table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',"
	" last_change DATETIME DEFAULT '2026-01-01T00:00:00.000Z', min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);"
	"CREATE TABLE gpkg_geometry_columns(table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,"
	" z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY(table_name, column_name));"
	"CREATE TABLE points(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, i32 MEDIUMINT, i64 INTEGER, d1 REAL, d2 REAL, b1 BOOLEAN, dt DATE,"
	" ts DATETIME, s1 TEXT, s2 TEXT, s3 TEXT(40));"
	"INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES('points', 'features', 'points', 4326);"
	"INSERT INTO gpkg_geometry_columns VALUES('points', 'geom', 'POINT', 4326, 0, 0);";

/* All lie at 1.0, 2.0: where does not matter to what is measured. */
static const char rows[] =
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	"INSERT INTO points SELECT i, X'47500001E61000000101000000000000000000F03F0000000000000040', i, i * 4294967296, i / 7.0, i / 3.0, i %% 2, '2026-01-01',"
	" '2026-01-01T00:00:00.000Z', 'oak-' || i, 'note ' || i || ' about an oak', printf('%%040x', i) FROM n";

int main(int argc, char **argv)
{
	int n = argc == 3 ? atoi(argv[2]) : 0, ok;
	char *sql;
	sqlite3 *db;

	if (n < 1) {
		fputs("usage: points FILE.gpkg N\n", stderr);
		return 2;
	}
	sql = sqlite3_mprintf(rows, n);
	ok = sqlite3_open(argv[1], &db) == SQLITE_OK && sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
	if (!ok)
		fprintf(stderr, "points: %s\n", sqlite3_errmsg(db));
	sqlite3_free(sql);
	sqlite3_close(db);
	return ok ? 0 : 1;
}
