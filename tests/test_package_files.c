/* What a package holds beside data.gpkg and the project: which files, where, whole, and what the sources say then. */
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/package/sources.h"
#include "tests/package_fixture.h"

TestSuite(package_files, .timeout = 60, .init = files_setup, .fini = files_teardown);

static void put(const char *name, const char *text)
{
	char *path = files_at(name), *dir = fp_path_dir(path);

	cr_assert_eq(fp_fs_mkdirs(dir, NULL), FP_OK);
	files_put(name, text);
	free(dir);
	free(path);
}

static void put_vector(const char *folder, const char *name, const char *driver)
{
	char *dir = *folder ? files_at(folder) : fp_strdup(files_upload);

	cr_assert_eq(fp_fs_mkdirs(dir, NULL), FP_OK);
	files_vector(dir, name, driver);
	free(dir);
}

static void copied(struct fp_package *p)
{
	struct fp_error err = {0};

	cr_assert_eq(fp_package_copy(p, &err), FP_OK, "%s", err.msg);
}

static const struct fp_pack_file *file_of(const struct fp_package *p, const char *to)
{
	for (size_t i = 0; i < p->n_files; i++)
		if (strcmp(p->files[i].to, to) == 0)
			return &p->files[i];
	return NULL;
}

/* Every file that was planned was written, and nothing else. */
static enum fp_status count(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	(void)size;
	(void)err;
	cr_expect(regular, "%s", name);
	++*(size_t *)arg;
	return FP_OK;
}

static void expect_exactly(const struct fp_package *p, const char *const *names)
{
	size_t n = 0, written = 0;

	for (; names[n]; n++)
		cr_expect(file_of(p, names[n]) && package_has(names[n]), "%s is not there", names[n]);
	cr_expect_eq(p->n_files, n, "%zu files instead of %zu", p->n_files, n);
	for (size_t i = 0; i < p->n_files; i++) {
		size_t k = 0;
		while (k < n && strcmp(names[k], p->files[i].to) != 0)
			k++;
		cr_expect(k < n, "%s is too much", p->files[i].to);
	}
	fp_fs_walk(p->output, count, &written, NULL);
	cr_expect_eq(written, n);
}
#define HOLDS(p, ...) expect_exactly(p, (const char *const[]){__VA_ARGS__, NULL})

static int same(const char *from, const char *to)
{
	char *a = files_at(from), *b = package_at(to);
	struct fp_digest x, y;
	int is = fp_fs_digest(&x, a, NULL) == FP_OK && fp_fs_digest(&y, b, NULL) == FP_OK && strcmp(x.sha256, y.sha256) == 0;

	free(a);
	free(b);
	return is;
}

struct changer {
	int64_t at;       /* how often it has been called */
	void (*change)(void);
};

static void change_later(void *arg, int64_t done, int64_t total)
{
	struct changer *c = arg;

	cr_expect(done <= total);
	if (c->at++ == 0)
		c->change();
}

static void grow_b(void)
{
	put("DCIM/b.jpg", "more than it was");
}

static void remove_b(void)
{
	char *path = files_at("DCIM/b.jpg");

	unlink(path);
	free(path);
}

Test(package_files, a_file_that_changes_or_vanishes_meanwhile_ends_it_by_name)
{
	static void (*const changes[])(void) = {grow_b, remove_b};

	for (size_t i = 0; i < 2; i++) {
		struct changer c = {.change = changes[i]};
		struct fp_error err = {0};
		struct fp_package *p;
		put("DCIM/a.jpg", "a");
		put("DCIM/b.jpg", "b");
		p = package_decided("project.qgs", "", NULL, 0);
		p->progress = change_later;
		p->arg = &c;
		cr_expect_eq(fp_package_copy(p, &err), FP_E_CONFLICT);
		cr_expect(strstr(err.msg, "DCIM/b.jpg"), "%s", err.msg);
		cr_assert_eq(fp_fs_remove_tree(p->output, NULL), FP_OK);
		package_done(p);
	}
}

Test(package_files, a_full_disk_ends_it_by_name)
{
	struct rlimit limit = {1000, RLIM_INFINITY};
	char big[5000];
	struct fp_error err = {0};
	struct fp_package *p;

	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	put("DCIM/big.jpg", big);
	p = package_decided("project.qgs", "", NULL, 0);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect_eq(fp_package_copy(p, &err), FP_E_FULL, "%s", err.msg);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect(strstr(err.msg, "DCIM/big.jpg"), "%s", err.msg);
	cr_expect(!package_has("DCIM/big.jpg"), "half of it is left");
	package_done(p);
}

Test(package_files, files_keep_their_place_below_the_project_and_their_sources_the_text)
{
	static const struct wanted_layer layers[] = {
		{"raster", "gdal", "./r.tif", NULL}, {"raster", "gdal", "./ras/r.tif", NULL}, {"vector", "ogr", "./a.gpkg|layername=pts|subset=val > 1", "copy"},
		{"vector", "ogr", "./Two Words/s.shp", NULL},
	};
	struct fp_package *p;

	files_raster("r.tif", 1);
	put("ras/r.TFW", "1\n0\n0\n-1\n0\n0\n");
	files_raster("ras/r.tif", 0);
	put("ras/r.tif.ovr", "o");
	put("ras/r.tif.aux.xml", "<PAMDataset/>");
	put("ras/rx.tif", "another");
	put_vector("Two Words", "s.shp", "ESRI Shapefile");
	put("Two Words/s.qix", "q");
	put("Two Words/s.shp.xml", "<x/>");
	p = package_decided("project.qgs", "", layers, 4);
	copied(p);
	HOLDS(p, "r.tif", "ras/r.tif", "ras/r.TFW", "ras/r.tif.ovr", "ras/r.tif.aux.xml", "a.gpkg", "Two Words/s.shp", "Two Words/s.shx", "Two Words/s.dbf",
		"Two Words/s.qix", "Two Words/s.shp.xml");
	for (size_t i = 0; i < 4; i++)
		cr_expect_null(p->layers[i].datasource, "%s", package_source(p, i));
	cr_expect(same("ras/r.tif", "ras/r.tif") && same("a.gpkg", "a.gpkg"));
	package_done(p);
}

Test(package_files, what_lies_outside_the_projects_folder_comes_flat_and_under_one_name)
{
	static const struct wanted_layer layers[] = {
		{"vector", "ogr", "../one/s.shp|layername=s", NULL}, {"vector", "ogr", "../two/s.shp", NULL}, {"raster", "gdal", "../two/S.tif", NULL},
		{"raster", "gdal", "../two/S.tif|option:NUM_THREADS=1", NULL}, {"vector", "ogr", "./own.geojson", NULL},
	};
	struct fp_package *p;

	put_vector("one", "s.shp", "ESRI Shapefile");
	put_vector("two", "s.shp", "ESRI Shapefile");
	files_raster("two/S.tif", 1);
	put("sub/own.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}");
	p = package_decided("sub/trees.qgs", "", layers, 5);
	copied(p);
	HOLDS(p, "s.shp", "s.shx", "s.dbf", "s_1.shp", "s_1.shx", "s_1.dbf", "S.tif", "own.geojson");
	cr_expect_str_eq(package_source(p, 0), "./s.shp|layername=s");
	cr_expect_str_eq(package_source(p, 1), "./s_1.shp");
	cr_expect_str_eq(package_source(p, 2), "./S.tif");
	cr_expect_str_eq(package_source(p, 3), "./S.tif|option:NUM_THREADS=1");
	cr_expect_null(p->layers[4].datasource);
	cr_expect(package_warns(p, 0, "outside_copied") && package_warns(p, 1, "renamed") && !package_warns(p, 4, "outside_copied"));
	cr_expect(same("two/s.dbf", "s_1.dbf"));
	package_done(p);
}

Test(package_files, a_source_that_leaves_the_projects_folder_is_pointed_anew_although_the_name_stays)
{
	static const struct wanted_layer layers[] = {
		{"raster", "gdal", "../top.tif", NULL}, {"raster", "gdal", "../sub/in.tif", NULL}, {"raster", "gdal", "./maps/../in.tif", NULL},
	};
	struct fp_package *p;

	put("sub/maps/none.txt", "");
	files_raster("top.tif", 1);
	files_raster("sub/in.tif", 1);
	p = package_decided("sub/trees.qgs", "", layers, 3);
	copied(p);
	HOLDS(p, "top.tif", "in.tif");
	cr_expect_str_eq(package_source(p, 0), "./top.tif");
	cr_expect_str_eq(package_source(p, 1), "./in.tif");
	cr_expect_null(p->layers[2].datasource);
	package_done(p);
}

Test(package_files, nothing_takes_the_names_of_the_package_itself)
{
	static const struct wanted_layer layers[] = {
		{"vector", "ogr", "./Data.gpkg|layername=pts", "copy"}, {"vector", "ogr", "./x.geojson", NULL}, {"vector", "ogr", "./X.geojson", NULL},
	};
	struct fp_package *p;

	files_vector(files_upload, "Data.gpkg", "GPKG");
	put("x.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}");
	put("X.geojson", "{\"type\":\"FeatureCollection\",\"features\":[] }");
	put("DCIM/data.gpkg", "fine here");
	put("other.qgs", "<qgis/>");
	put("files/other.qgs", "<qgis/>");
	p = package_decided("project.qgs", "<QFieldSync><dataDirs type='QStringList'><value>files</value></dataDirs></QFieldSync>", layers, 3);
	copied(p);
	HOLDS(p, "Data_1.gpkg", "x.geojson", "X_1.geojson", "DCIM/data.gpkg", "files/other.qgs");
	cr_expect_str_eq(package_source(p, 0), "./Data_1.gpkg|layername=pts");
	cr_expect_str_eq(package_source(p, 2), "./X_1.geojson");
	package_done(p);
}

static void put_mosaic(const char *name, const char *member)
{
	char *text = fp_asprintf("<VRTDataset rasterXSize='64' rasterYSize='64'><GeoTransform>0, 1, 0, 4, 0, -1</GeoTransform>"
		"<VRTRasterBand dataType='Byte' band='1'><SimpleSource><SourceFilename relativeToVRT='1'>%s</SourceFilename><SourceBand>1</SourceBand>"
		"</SimpleSource></VRTRasterBand></VRTDataset>", member);

	put(name, text);
	free(text);
}

Test(package_files, a_mosaic_comes_with_its_members_where_it_looks_for_them)
{
	static const struct wanted_layer layers[] = {
		{"raster", "gdal", "./all.vrt", NULL}, {"raster", "gdal", "./maps/of_all.vrt", NULL}, {"raster", "gdal", "../far/m.vrt", NULL},
	};
	struct fp_package *p;

	put("sub/tiles/t.tfw", "1\n0\n0\n-1\n0\n0\n");
	files_raster("sub/tiles/t.tif", 1);
	put("far/deep/.keep", "");
	files_raster("far/deep/f.tif", 1);
	put_mosaic("sub/all.vrt", "tiles/t.tif");
	put_mosaic("sub/maps/of_all.vrt", "../all.vrt");
	put_mosaic("far/m.vrt", "deep/f.tif");
	p = package_decided("sub/trees.qgs", "", layers, 3);
	copied(p);
	HOLDS(p, "all.vrt", "tiles/t.tif", "tiles/t.tfw", "maps/of_all.vrt", "m.vrt", "deep/f.tif");
	cr_expect_str_eq(package_source(p, 2), "./m.vrt");
	package_done(p);
}

static int rows(const char *name, const char *sql)
{
	char *path = package_at(name);
	sqlite3 *db;
	sqlite3_stmt *st;
	int n = -1;

	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return n;
}

Test(package_files, a_database_with_changes_beside_it_arrives_whole_and_alone)
{
	static const struct wanted_layer layers[] = {{"vector", "ogr", "./w.gpkg|layername=table", "copy"}};
	char *w = files_at("w.gpkg"), *o = files_at("open.gpkg");
	struct fp_package *p;
	sqlite3 *db;

	files_copy("a.gpkg", "open.gpkg");
	cr_assert_eq(sqlite3_open(o, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "PRAGMA journal_mode = WAL; INSERT INTO \"table\"(val) VALUES (41), (42)", NULL, NULL, NULL), SQLITE_OK);
	files_copy("open.gpkg", "w.gpkg");
	files_copy("open.gpkg-wal", "w.gpkg-wal");
	sqlite3_close(db);
	put("DCIM/x.jpg-wal", "left over");
	p = package_decided("project.qgs", "", layers, 1);
	copied(p);
	HOLDS(p, "w.gpkg");
	cr_expect_eq(rows("w.gpkg", "SELECT count(*) FROM \"table\""), 5);
	cr_expect_eq(rows("w.gpkg", "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'delete'"), 1);
	cr_expect(!package_has("w.gpkg-wal") && !package_has("w.gpkg-shm"));
	package_done(p);
	free(w);
	free(o);
}

Test(package_files, folders_come_without_what_is_hidden_or_leads_out)
{
	static const char properties[] = "<QFieldSync><attachmentDirs type='QStringList'><value>DCIM</value><value>gone</value><value>../secret</value>"
		"<value>/etc</value><value>.</value></attachmentDirs><dataDirs type='QStringList'><value>lists/</value></dataDirs></QFieldSync>";
	struct fp_package *p;
	char *link = files_at("sub/DCIM/link"), *inner = files_at("sub/DCIM/inner.jpg"), *target = files_at("sub/DCIM/a.jpg");

	put("sub/DCIM/a.jpg", "a");
	put("sub/DCIM/deep/b.jpg", "b");
	put("sub/DCIM/.hidden/c.jpg", "c");
	put("sub/DCIM/.d.jpg", "d");
	put("sub/lists/l.csv", "1");
	put("sub/fonts/f.ttf", "f");
	put("sub/.fonts/g.ttf", "g");
	put("secret/s.txt", "s");
	cr_assert_eq(symlink("/etc/passwd", link), 0);
	cr_assert_eq(symlink(target, inner), 0);
	p = package_decided("sub/trees.qgs", properties, NULL, 0);
	copied(p);
	HOLDS(p, "DCIM/a.jpg", "DCIM/deep/b.jpg", "DCIM/inner.jpg", "lists/l.csv", "fonts/f.ttf", ".fonts/g.ttf");
	cr_expect(file_of(p, "DCIM/a.jpg")->attachment && !file_of(p, "lists/l.csv")->attachment);
	cr_expect_eq(json_array_size(p->warnings), 3);
	cr_assert_eq(fp_fs_remove_tree(p->output, NULL), FP_OK);
	package_done(p);

	p = package_decided("sub/trees.qgs", properties, NULL, 0);
	p->skip_attachments = 1;
	copied(p);
	HOLDS(p, "lists/l.csv", "fonts/f.ttf", ".fonts/g.ttf");
	package_done(p);
	free(link);
	free(inner);
	free(target);
}

Test(package_files, plugin_translations_pictures_and_tiles_come_along)
{
	static const struct wanted_layer layers[] = {{"raster", "wms", "type=xyz&url=file:./tiles/%7Bz%7D/%7Bx%7D/%7By%7D.png", NULL}};
	char *absolute = files_at("sub/img/abs & co.png"), *properties;
	struct fp_package *p;

	properties = fp_asprintf("<Image><ImagePath type='QString'>./img/logo.png</ImagePath></Image><x><Option name='name' value='./img/m.svg'/>"
		"<Option name='name' value='../out.svg'/><prop k='imageFile' v='img/old.png'/><Option name='name' value='./img/gone.svg'/>"
		"<Option name='name' value='%s'/><Option name='note' value='./notes.txt'/></x>", "@");
	{
		char *at = strchr(properties, '@'), *amp = strchr(absolute, '&'), *whole = fp_asprintf("%.*s%.*s&amp;%s%s", (int)(at - properties), properties,
			(int)(amp - absolute), absolute, amp + 1, at + 1);
		free(properties);
		properties = whole;
	}
	put("sub/img/logo.png", "l");
	put("sub/img/m.svg", "<svg/>");
	put("sub/img/old.png", "o");
	put("sub/img/abs & co.png", "a");
	put("out.svg", "<svg>");
	put("sub/notes.txt", "n");
	put("sub/trees.qml", "q");
	put("sub/trees_fr.qm", "f");
	put("sub/trees_DEX.qm", "d");
	put("sub/trees_f1.qm", "d");
	put("sub/tiles/3/4/5.png", "t");
	p = package_decided("sub/trees.qgs", properties, layers, 1);
	copied(p);
	HOLDS(p, "trees_qfield.qml", "trees_qfield_fr.qm", "img/logo.png", "img/m.svg", "img/old.png", "img/abs & co.png", "tiles/3/4/5.png");
	cr_expect_str_eq(json_string_value(json_object_get(p->replaced, "../out.svg")), "base64:PHN2Zz4=");
	cr_expect_str_eq(json_string_value(json_object_get(p->replaced, absolute)), "./img/abs & co.png");
	cr_expect_eq(json_object_size(p->replaced), 2);
	cr_expect_null(p->layers[0].datasource);
	package_done(p);
	free(absolute);
	free(properties);
}

Test(package_files, files_of_layers_inside_a_virtual_one_come_along)
{
	static const struct wanted_layer layers[] = {
		{"vector", "virtual", "?layer=ogr:.%2Fa.gpkg%7Clayername%3Dpts:p:UTF-8&query=SELECT%20*%20FROM%20p", NULL},
		{"vector", "virtual", "?layer=ogr:..%2Fa.gpkg%7Clayername%3Dpts:q&layer=ogr:gone.gpkg:r&query=SELECT%20*%20FROM%20q", NULL},
	};
	struct fp_package *p;

	put_vector("sub", "a.gpkg", "GPKG");
	p = package_decided("sub/trees.qgs", "", layers, 2);
	p->layers[1].action = FP_PACK_ONLINE; /* one of its layers is missing */
	copied(p);
	cr_assert_str_eq(package_source(p, 0), layers[0].source);
	cr_assert(file_of(p, "a.gpkg") && file_of(p, "a_1.gpkg"));
	cr_assert_str_eq(package_source(p, 1), "?layer=ogr:./a_1.gpkg%7Clayername%3Dpts:q&layer=ogr:gone.gpkg:r&query=SELECT%20*%20FROM%20q");
	package_done(p);
}

Test(package_files, a_folder_comes_whole)
{
	static const struct wanted_layer layers[] = {
		{"vector", "ogr", "./shapes|layername=s", NULL}, {"vector", "ogr", "../far/shapes", NULL}, {"vector", "ogr", "../far/more/shapes", NULL},
		{"vector", "ogr", "../sub", NULL},
		{"point-cloud", "ept", "./cloud/ept.json", NULL}, {"point-cloud", "ept", "./ept.json", NULL},
	};
	struct fp_package *p;

	put_vector("sub/shapes", "s.shp", "ESRI Shapefile");
	put_vector("far/shapes", "f.shp", "ESRI Shapefile");
	put_vector("far/more/shapes", "m.shp", "ESRI Shapefile");
	put("sub/cloud/ept.json", "{}");
	put("sub/cloud/ept-data/0.laz", "0");
	put("sub/ept.json", "{}");
	put("sub/other.txt", "not asked for");
	p = package_decided("sub/trees.qgs", "", layers, 6);
	for (size_t i = 4; i < 6; i++)
		p->layers[i].action = FP_PACK_COPY;
	copied(p);
	HOLDS(p, "shapes/s.shp", "shapes/s.shx", "shapes/s.dbf", "shapes_1/f.shp", "shapes_1/f.shx", "shapes_1/f.dbf", "shapes_2/m.shp", "shapes_2/m.shx",
		"shapes_2/m.dbf", "cloud/ept.json", "cloud/ept-data/0.laz", "ept.json");
	cr_expect_null(p->layers[0].datasource);
	cr_expect_str_eq(package_source(p, 1), "./shapes_1");
	cr_expect_str_eq(package_source(p, 2), "./shapes_2");
	cr_expect_neq(p->layers[3].action, FP_PACK_COPY);
	cr_expect_null(p->layers[4].datasource);
	package_done(p);
}

Test(package_files, a_file_that_is_copied_for_one_layer_ships_the_rows_of_another)
{
	static const struct wanted_layer layers[] = {
		{"vector", "ogr", "./a.gpkg|layername=pts", "copy"}, {"vector", "ogr", "./a.gpkg|layername=any", "offline"},
		{"vector", "ogr", "./b.gpkg|layername=any", "copy"},
	};
	struct fp_package *p;

	files_copy("a.gpkg", "b.gpkg");
	p = package_decided("project.qgs", "", layers, 3);
	copied(p);
	HOLDS(p, "a.gpkg", "b.gpkg");
	cr_expect(package_warns(p, 0, "ships_whole_file") && !package_warns(p, 2, "ships_whole_file"));
	package_done(p);
}

Test(package_files, every_grammar_is_read_and_written_as_qgis_does)
{
	static const struct {
		const char *provider, *source, *path, *to, *becomes; /* PATH: in the upload; NULL: none is named */
	} cases[] = {
		{"ogr", "../d/a b.gpkg|layername=x|subset=\"a\" = '|'", "d/a b.gpkg", "a b.gpkg", "./a b.gpkg|layername=x|subset=\"a\" = '|'"},
		{"ogr", "/vsizip/../d/z.zip/in/s.shp|layerid=0", "d/z.zip", "z.zip", "/vsizip/./z.zip/in/s.shp|layerid=0"},
		{"ogr", "../d/z.zip", "d/z.zip", "z_1.zip", "./z_1.zip"},
		{"ogr", "../d/x.geojson authcfg='abc1234'", "d/x.geojson", "x.geojson", "./x.geojson authcfg='abc1234'"},
		{"ogr", "PG:dbname=x", NULL, NULL, NULL},
		{"ogr", "https://example.org/x.geojson", NULL, NULL, NULL},
		{"ogr", "localized:x.gpkg", NULL, NULL, NULL},
		{"ogr", "attachment:///x.gpkg", NULL, NULL, NULL},
		{"gdal", "GPKG:../d/r.gpkg:tiles", "d/r.gpkg", "r.gpkg", "GPKG:./r.gpkg:tiles"},
		{"gdal", "NETCDF:\"../d/n.nc\":t", "d/n.nc", "n.nc", "NETCDF:\"./n.nc\":t"},
		{"gdal", "../d/r.tif|option:NUM_THREADS=2", "d/r.tif", "r.tif", "./r.tif|option:NUM_THREADS=2"},
		{"gdal", "/vsizip/../d/z.zip/r.tif", "d/z.zip", "z.zip", "/vsizip/./z.zip/r.tif"},
		{"wms", "type=mbtiles&url=file:../d/a%2520b.mbtiles&x=1", "d/a b.mbtiles", "a b+c.mbtiles", "type=mbtiles&url=file:./a%20b+c.mbtiles&x=1"},
		{"wms", "type=mbtiles&url=file:../d/%7B3%7D.mbtiles", "d/{3}.mbtiles", "x.mbtiles", "type=mbtiles&url=file:./x.mbtiles"},
		{"wms", "type=xyz&url=file:../d/t/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=3", "d/t", "t", "type=xyz&url=file:./t/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=3"},
		{"wms", "type=xyz&url=https://example.org/%7Bz%7D/%7Bx%7D/%7By%7D.png", NULL, NULL, NULL},
		{"wms", "url=http://example.org/wms&layers=a&styles=", NULL, NULL, NULL},
		{"vectortile", "type=mbtiles&url=../d/a%26b.mbtiles", "d/a&b.mbtiles", "a&b.mbtiles", "type=mbtiles&url=./a%26b.mbtiles"},
		{"delimitedtext", "file:../d/a%20b.csv?type=csv&xField=x", "d/a b.csv", "a b_1.csv", "file:./a%20b_1.csv?type=csv&xField=x"},
		{"delimitedtext", "file:../d/a%20b.csv", "d/a b.csv", "ä#.csv", "file:./%C3%A4%23.csv"},
		{"spatialite", "dbname='../d/it\\'s.sqlite' table=\"a dbname='x'\" (geom) sql=a = 'dbname=y'", "d/it's.sqlite", "it's.sqlite",
			"dbname='./it\\'s.sqlite' table=\"a dbname='x'\" (geom) sql=a = 'dbname=y'"},
		{"spatialite", "table=\"t\" (g) dbname=../d/x.db", "d/x.db", "x.db", "table=\"t\" (g) dbname='./x.db'"},
		{"mdal", "2DM:\"../d/m.2dm\"", "d/m.2dm", "m.2dm", "2DM:\"./m.2dm\""},
		{"mdal", "../d/m.2dm", "d/m.2dm", "m.2dm", "./m.2dm"},
		{"gpx", "../d/t.gpx?type=waypoint", "d/t.gpx", "t.gpx", "./t.gpx?type=waypoint"},
		{"pdal", "../d/c.las", "d/c.las", "c.las", "./c.las"},
		{"postgres", "dbname='x' table=\"t\"", NULL, NULL, NULL},
		{"memory", "Point?field=a:int", NULL, NULL, NULL},
	};
	char *home = files_at("sub");

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_layer_def l = {.type = (char[]){"vector"}, .provider = (char *)(uintptr_t)cases[i].provider,
			.datasource = (char *)(uintptr_t)cases[i].source, .home = home};
		struct fp_pack_source s;
		int found = fp_pack_source_find(&s, &l);
		cr_expect_eq(found, cases[i].path != NULL, "%s", cases[i].source);
		if (found && cases[i].path) {
			char *path = files_at(cases[i].path), *text = fp_pack_source_with(&s, cases[i].source, cases[i].to);
			cr_expect_str_eq(s.path, path, "%s: %s", cases[i].source, s.path);
			cr_expect_str_eq(text, cases[i].becomes, "%s: %s", cases[i].source, text);
			free(path);
			free(text);
		}
		fp_pack_source_clear(&s);
	}
	free(home);
}

Test(package_files, an_absolute_path_into_the_upload_becomes_a_relative_one)
{
	char *tif = files_at("ras/r.tif"), *csv = files_at("c.csv"), *uri = fp_asprintf("file://%s?type=csv&geomType=none", csv);
	const struct wanted_layer layers[] = {{"raster", "gdal", tif, NULL}, {"vector", "delimitedtext", uri, NULL}};
	struct fp_package *p;

	put("ras/x", "");
	files_raster("ras/r.tif", 1);
	put("c.csv", "a,b\n1,2\n");
	put("c.csvt", "Integer,Integer\n");
	p = package_decided("project.qgs", "", layers, 2);
	copied(p);
	HOLDS(p, "ras/r.tif", "c.csv", "c.csvt");
	cr_expect_str_eq(package_source(p, 0), "./ras/r.tif");
	cr_expect_str_eq(package_source(p, 1), "file:./c.csv?type=csv&geomType=none");
	package_done(p);
	free(tif);
	free(csv);
	free(uri);
}
