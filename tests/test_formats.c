/* Which files get a verdict at all: formats that are ours, formats that are not, and what is bad whatever it calls itself. */
#include <criterion/criterion.h>
#include <gdal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "tests/layer_files.h"

TestSuite(formats, .timeout = 60, .init = files_setup, .fini = files_teardown);

static void put_bytes(const char *name, const char *bytes, size_t n)
{
	char *path = files_at(name);

	cr_assert_eq(fp_fs_write_atomic(path, bytes, n, NULL), FP_OK);
	free(path);
}
#define PUT(name, literal) put_bytes(name, literal, sizeof(literal) - 1)

static void make_folder(const char *name)
{
	char *path = files_at(name);

	cr_assert_eq(mkdir(path, 0700), 0);
	free(path);
}

Test(formats, what_is_bad_is_bad_under_a_foreign_name_too)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "./empty.dwg", "invalid_dataprovider", "the file is empty"},
		{"vector", "ogr", "./page.dgn", "invalid_dataprovider", "web page"},
		{"vector", "ogr", "./lfs.gmt", "invalid_dataprovider", "Git-LFS"},
		{"vector", "ogr", "./text.dwg", "invalid_dataprovider", "no driver recognises"}, /* a drawing says so in its first bytes */
		{"vector", "ogr", "./noise.gpkg", "invalid_dataprovider", "no driver recognises"},
		{"vector", "ogr", "./notes.foo", "invalid_dataprovider", "no driver recognises"},
		{"vector", "ogr", "./data.tgz", "invalid_dataprovider", "empty or damaged"},
		{"vector", "ogr", "./bare.sqlite", "invalid_dataprovider", "holds no vector data"},
		{"vector", "ogr", "./other.xml", "invalid_dataprovider", "no driver recognises"},
		{"raster", "gdal", "./noise.tif", "invalid_dataprovider", "Cannot open GDAL dataset noise.tif:"},
		{"raster", "gdal", "./text.grd", "invalid_dataprovider", "Cannot open GDAL dataset text.grd:"},
		{"raster", "gdal", "./nothing", "invalid_dataprovider", "it is a folder"},
	};

	PUT("empty.dwg", "");
	files_put("page.dgn", "<!DOCTYPE html><html><body>Log in</body></html>");
	files_put("lfs.gmt", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
	files_put("text.dwg", "this was a drawing once");
	files_put("notes.foo", "nothing but words");
	files_put("text.grd", "this was a grid once");
	files_put("other.xml", "<?xml version='1.0'?><other/>");
	PUT("data.tgz", "\x1f\x8b\x08\0\0\0\0\0\0\3");
	PUT("noise.gpkg", "\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0");
	PUT("noise.tif", "\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0");
	make_folder("nothing");
	files_sql("bare.sqlite", "PRAGMA user_version = 1");
	HOLD(cases);
}

Test(formats, what_only_gdal_can_tell_is_not_checked)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "./plan.dwg", "not_checked", "AutoCAD drawing"},
		{"vector", "ogr", "./plan.tif", "not_checked", "AutoCAD drawing"}, /* the content counts, not the name */
		{"vector", "ogr", "./m.mapml", "not_checked", "MapML"},
		{"vector", "ogr", "./g.gmt", "not_checked", "GMT"},
		{"vector", "ogr", "./v.x10", "not_checked", "VDV"},
		{"vector", "ogr", "./v.vct", "not_checked", "Idrisi"},
		{"vector", "ogr", "./noise.foo", "not_checked", "unknown"},
		{"vector", "ogr", "./cov", "not_checked", "ArcInfo"},
		{"raster", "gdal", "./n.ntf", "not_checked", "NITF"},
		{"raster", "gdal", "./r.grd", "not_checked", "R raster"},
		{"raster", "gdal", "./p.xml", "not_checked", "PDS"},
		{"raster", "gdal", "./i.rgb", "not_checked", "SGI"},
		{"raster", "gdal", "./k.kml", "not_checked", "KML overlay"},
		{"raster", "gdal", "./l.lcp", "not_checked", "FARSITE"},
		{"raster", "gdal", "./z.zarr", "not_checked", "Zarr"},
		{"raster", "gdal", "./old.sqlite", "not_checked", "Rasterlite"},
	};

	files_put("plan.dwg", "AC1032 and more");
	files_put("plan.tif", "AC1032 and more");
	files_put("m.mapml", "<mapml><head/><body/></mapml>");
	files_put("g.gmt", "# @VGMT1.0 @GPOINT\n1 2\n");
	files_put("v.x10", "mod; DD.MM.YYYY; HH:MM; free\ntbl; a\natr; b\n");
	PUT("v.vct", "\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0");
	PUT("noise.foo", "\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0");
	make_folder("cov");
	files_put("cov/arc.adf", "x");
	files_put("n.ntf", "NITF02.10 and more");
	files_put("r.grd", "[general]\n[data]\ndatatype=INT1U\n");
	files_put("p.xml", "<?xml version='1.0'?><Product_Observational/>");
	PUT("i.rgb", "\x01\xda\1\1\0\2\0\1\0\1\0\1");
	files_put("k.kml", "<kml><GroundOverlay/></kml>");
	PUT("l.lcp", "\x14\0\0\0\x14\0\0\0\5\0\0\0");
	make_folder("z.zarr");
	files_sql("old.sqlite", "CREATE TABLE t_rasters(id INTEGER PRIMARY KEY, raster BLOB); CREATE TABLE t_metadata(id INTEGER PRIMARY KEY, geometry BLOB)");
	HOLD(cases);
}

Test(formats, what_is_ours_is_checked_whatever_it_is_called)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "./a.dwg", "ok", NULL}, /* a GeoPackage */
		{"vector", "ogr", "./features.foo", "ok", NULL},
		{"vector", "ogr", "./esri.json", "ok", NULL},
		{"vector", "ogr", "./news.xml", "ok", NULL},
		{"vector", "ogr", "./drawing.jml", "ok", NULL},
		{"raster", "gdal", "./grid.png", "ok", NULL},
		{"raster", "gdal", "./surfer.grd", "ok", NULL},
		{"raster", "gdal", "./grey.pgm", "ok", "georeference"},
	};

	files_vector(files_upload, "g.geojson", "GeoJSON");
	files_copy("g.geojson", "features.foo");
	files_copy("a.gpkg", "a.dwg");
	files_put("esri.json", "{\"geometryType\":\"esriGeometryPoint\",\"spatialReference\":{\"wkid\":4326},\"fields\":[{\"name\":\"a\",\"type\":"
		"\"esriFieldTypeInteger\"}],\"features\":[{\"attributes\":{\"a\":1},\"geometry\":{\"x\":1,\"y\":2}}]}");
	files_put("news.xml", "<?xml version='1.0'?><rss version='2.0' xmlns:georss='http://www.georss.org/georss'><channel><title>t</title><item>"
		"<title>i</title><georss:point>1 2</georss:point></item></channel></rss>");
	files_put("drawing.jml", "<?xml version='1.0'?><JCSDataFile><JCSGMLInputTemplate><CollectionElement>c</CollectionElement><FeatureElement>f"
		"</FeatureElement><GeometryElement>g</GeometryElement><ColumnDefinitions></ColumnDefinitions></JCSGMLInputTemplate><c><f><g><gml:Point "
		"xmlns:gml='http://www.opengis.net/gml'><gml:coordinates>1,2</gml:coordinates></gml:Point></g></f></c></JCSDataFile>");
	files_put("grid.png", "ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2\n3 4\n");
	files_put("surfer.grd", "DSAA\n2 2\n0 1\n0 1\n1 4\n1 2\n3 4\n");
	PUT("grey.pgm", "P5\n2 2\n255\n\1\2\3\4");
	HOLD(cases);
}

Test(formats, a_raster_layer_over_features_lacks_a_band)
{
	static const struct expected cases[] = {
		{"raster", "gdal", "./a.gpkg", "invalid_dataprovider", "Cannot get GDAL raster band: "},
		{"raster", "gdal", "./g.geojson", "invalid_dataprovider", "Cannot get GDAL raster band: "},
		{"raster", "gdal", "GPKG:./a.gpkg:pts", "invalid_dataprovider", "Cannot get GDAL raster band: "},
	};

	files_vector(files_upload, "g.geojson", "GeoJSON");
	HOLD(cases);
}

Test(formats, the_path_in_a_subdataset_is_resolved_where_qgis_does)
{
	static const struct expected cases[] = {
		{"raster", "gdal", "HDF5:\"./gone.h5\"://x", "invalid_dataprovider", "Cannot open GDAL dataset HDF5:\"gone.h5\"://x:"},
		{"raster", "gdal", "HDF5:./gone.h5://x", "invalid_dataprovider", "Cannot open GDAL dataset HDF5:\"gone.h5\"://x:"},
		{"raster", "gdal", "HDF5:\"./a.gpkg\"://x", "not_checked", "subdatasets of this kind (HDF5:"},
		{"raster", "gdal", "HDF4_SDS:UNKNOWN:\"./gone.hdf\":0", "invalid_dataprovider", "Cannot open GDAL dataset HDF4_SDS:UNKNOWN:\"gone.hdf\":0:"},
		{"raster", "gdal", "HDF4_SDS:UNKNOWN:\"./a.gpkg\":0", "not_checked", "subdatasets of this kind (HDF4_SDS:"},
		{"raster", "gdal", "NITF_IM:0:./gone.ntf", "invalid_dataprovider", "Cannot open GDAL dataset NITF_IM:0:gone.ntf:"},
		{"raster", "gdal", "NITF_IM:0:./a.gpkg", "not_checked", "subdatasets of this kind (NITF_IM:"},
		{"raster", "gdal", "RADARSAT_2_CALIB:SIGMA0:./gone.xml", "invalid_dataprovider", "Cannot open GDAL dataset RADARSAT_2_CALIB:SIGMA0:gone.xml:"},
		{"raster", "gdal", "GTIFF_DIR:1:./r.tif", "invalid_dataprovider", "Cannot open GDAL dataset GTIFF_DIR:1:./r.tif:"},
		{"raster", "gdal", "GTIFF_DIR:1:/srv/r.tif", "not_checked", "subdatasets of this kind (GTIFF_DIR:"},
		{"raster", "gdal", "GPKG:\"./a.gpkg\":pts", "invalid_dataprovider", "Cannot open GDAL dataset GPKG:\"./a.gpkg\":pts:"},
		{"raster", "gdal", "./r.tif authcfg='abc1234'", "ok", NULL},
		{"raster", "gdal", "./r.tif|option:NUM_THREADS=1", "ok", NULL},
		{"raster", "gdal", "r.tif", "ok", NULL},
		{"raster", "gdal", "r.tif|option:NUM_THREADS=1", "invalid_dataprovider", "Cannot open GDAL dataset r.tif|option:NUM_THREADS=1:"},
		{"raster", "gdal", "./r.tif|layername=x", "invalid_dataprovider", "Cannot open GDAL dataset r.tif|layername=x:"},
		{"raster", "gdal", "/vsizip/./z.zip|layername=x", "invalid_dataprovider", "Cannot open GDAL dataset"},
	};

	files_raster("r.tif", 1);
	HOLD(cases);
}

static void put_zip(const char *name, const char *const *members, size_t n, const char *bytes)
{
	char *path = files_at(name);
	zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

	cr_assert(z);
	for (size_t i = 0; i < n; i++) {
		char *from = members[i] && *members[i] != '!' ? files_at(members[i]) : NULL;
		zip_source_t *s = from ? zip_source_file(z, from, 0, -1) : zip_source_buffer(z, bytes, strlen(bytes), 0);
		cr_assert(zip_file_add(z, members[i] + (from ? 0 : 1), s, 0) >= 0);
		free(from);
	}
	cr_assert_eq(zip_close(z), 0);
	free(path);
}

Test(formats, an_archive_that_is_spelt_out_may_be_called_anything)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "/vsizip/./k.kmz/g.geojson", "ok", NULL},
		{"vector", "ogr", "/vsizip/./k.kmz/none.geojson", "invalid_dataprovider", "no driver recognises"},
		{"vector", "ogr", "/vsizip/./k.kmz/../a.gpkg", "invalid_dataprovider", "empty or damaged"},
		{"vector", "ogr", "./k.zip", "ok", NULL},
		{"vector", "ogr", "./k.tgz", "invalid_dataprovider", "empty or damaged"},
	};
	static const char *const members[] = {"g.geojson"};

	files_vector(files_upload, "g.geojson", "GeoJSON");
	put_zip("k.kmz", members, 1, "");
	put_zip("k.zip", members, 1, "");
	PUT("k.tgz", "\x1f\x8b\x08\0\0\0\0\0\0\3");
	HOLD(cases);
}

Test(formats, attachments_are_unpacked_where_they_may_be)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "attachment:b.gpkg|layername=pts", "ok", NULL},
		{"vector", "ogr", "attachment:b.gpkg|layername=nope", "invalid_dataprovider", "no layer \"nope\""},
		{"vector", "ogr", "attachment:s.shp", "ok", NULL}, /* with the files that go with it */
		{"raster", "gdal", "attachment:r.tif", "ok", NULL},
		{"vector", "ogr", "attachment:gone.gpkg", "invalid_dataprovider", "File \"gone.gpkg\" missing."},
		{"vector", "ogr", "attachment:../b.gpkg", "not_checked", "not a plain attachment"},
		{"vector", "ogr", "attachment:sub/b.gpkg", "not_checked", "not a plain attachment"},
		{"vector", "ogr", "attachment:v.vrt", "not_checked", "no file of the project"},
	};
	static const char *const members[] = {"b.gpkg", "s.shp", "s.shx", "s.dbf", "r.tif", "!v.vrt", "!../b.gpkg"};

	files_copy("a.gpkg", "b.gpkg");
	files_vector(files_upload, "s.shp", "ESRI Shapefile");
	files_raster("r.tif", 1);
	put_zip("project_attachments.zip", members, sizeof members / sizeof *members,
		"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource relativeToVRT='1'>../../other/b.gpkg</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>");
	HOLD(cases);
}

Test(formats, an_attachment_that_unpacks_to_too_much_is_refused)
{
	static const struct expected cases[] = {
		{"vector", "ogr", "attachment:bomb.geojson", "not_checked", "packed more than 200 times"},
		{"vector", "ogr", "attachment:none.geojson", "invalid_dataprovider", "missing"},
	};
	static const char *const members[] = {"!bomb.geojson"};
	size_t n = 8 << 20;
	char *blanks = fp_alloc(n + 1);

	memset(blanks, ' ', n);
	put_zip("project_attachments.zip", members, 1, blanks);
	free(blanks);
	HOLD(cases);
}

Test(formats, tokens_and_types_are_those_of_qgis)
{
	static const struct {
		const char *source;
		int wkb; /* -2: invalid */
	} cases[] = {
		{"./late.geojson", 100}, {"./tenth.geojson", 1}, {"./tin.gpkg", 6},
		{"./a.gpkg|layername=any|geometrytype=Point25D", 1001}, {"./a.gpkg|layername=any|geometrytype=None", 100},
		{"./a.gpkg|layername=any|geometrytype=NoGeometry", 1}, {"./a.gpkg|layername=any|geometrytype=PolygonZ", 1},
		{"./a.gpkg|layername=any|geometrytype=polygon", 1}, {"./a.gpkg|layername=any|geometrytype=Polygon", 3},
		{"./s.shp", 1}, {"./s.shp|geometrytype=Polygon", 6},
		{"./a.gpkg|layerid=1", 2}, {"./a.gpkg|layerid= 1 ", 2}, {"./a.gpkg|layerid=1.5", 1}, {"./a.gpkg|layerid=x", 1},
		{"./a.gpkg|LayerName=table", 100}, {"./a.gpkg|layername=pts|SUBSET=val > 1", -2}, {"./a.gpkg|subset=val > 1|layerid=1", 2},
	};
	static const char line[] = "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}}]}";
	struct fp_buf late = FP_BUF_INIT, tenth = FP_BUF_INIT;
	char *tin = files_at("tin.gpkg");
	GDALDatasetH ds = GDALCreate(GDALGetDriverByName("GPKG"), tin, 0, 0, 0, GDT_Unknown, NULL);

	files_vector(files_upload, "s.shp", "ESRI Shapefile");
	cr_assert(ds && GDALDatasetCreateLayer(ds, "tin", NULL, wkbTIN, NULL));
	GDALClose(ds);
	free(tin);
	fp_buf_adds(&late, "{\"type\":\"FeatureCollection\",\"features\":[");
	fp_buf_adds(&tenth, late.data);
	for (int i = 1; i <= 11; i++) {
		const char *point = "{\"type\":\"Point\",\"coordinates\":[1,2]}";
		fp_buf_addf(&late, "{\"type\":\"Feature\",\"properties\":{},\"geometry\":%s},", i == 11 ? point : "null");
		fp_buf_addf(&tenth, "{\"type\":\"Feature\",\"properties\":{},\"geometry\":%s},", i == 10 ? point : "null");
	}
	fp_buf_adds(&late, line); /* of two types, so the layer has none */
	fp_buf_adds(&tenth, line);
	files_put("late.geojson", late.data);
	files_put("tenth.geojson", tenth.data);
	fp_buf_free(&late);
	fp_buf_free(&tenth);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_verdict v = files_judged("vector", "ogr", cases[i].source);
		cr_expect_eq(v.status, cases[i].wkb == -2 ? FP_LAYER_INVALID_DATAPROVIDER : FP_LAYER_OK, "%s: %s", cases[i].source, v.detail);
		if (v.status == FP_LAYER_OK)
			cr_expect_eq(v.wkb_type, cases[i].wkb, "%s: %d", cases[i].source, v.wkb_type);
		fp_verdict_clear(&v);
	}
}

Test(formats, text_of_white_space_alone_is_none)
{
	struct fp_verdict v;

	files_raster("r.tif", 1);
	v = files_judged("raster", " \n", "./r.tif"); /* as without a provider */
	cr_expect_eq(v.status, FP_LAYER_OK, "%s", v.detail);
	fp_verdict_clear(&v);
	v = files_judged("vector", " ", "./a.gpkg");
	cr_expect_eq(v.status, FP_LAYER_MISSING_DATAPROVIDER, "%s", v.detail);
	fp_verdict_clear(&v);
}
