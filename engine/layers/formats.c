#include "engine/layers/formats.h"

#include <errno.h>
#include <fcntl.h>
#include <gdal.h>
#include <gdal_frmts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/path.h"

/* GDAL declares these in a header for C++ only. */
void RegisterOGRCSV(void);
void RegisterOGRDXF(void);
void RegisterOGRESRIJSON(void);
void RegisterOGRFlatGeobuf(void);
void RegisterOGRGML(void);
void RegisterOGRGPX(void);
void RegisterOGRGeoJSON(void);
void RegisterOGRGeoJSONSeq(void);
void RegisterOGRGeoPackage(void);
void RegisterOGRGeoRSS(void);
void RegisterOGRJML(void);
void RegisterOGRKML(void);
void RegisterOGRLIBKML(void);
void RegisterOGRMVT(void);
void RegisterOGRODS(void);
void RegisterOGROpenFileGDB(void);
void RegisterOGRSQLite(void);
void RegisterOGRShape(void);
void RegisterOGRTAB(void);
void RegisterOGRTopoJSON(void);
void RegisterOGRVRT(void);
void RegisterOGRXLSX(void);

#define M(x) (1u << FP_MAGIC_##x)

/* In the order in which GDAL registers and so asks them: where two can open a file, the first one does.
 * Beyond the list of 4.2 stand formats that field projects hold and whose drivers read nothing but the file and its own side files, follow no link, start
 * no program, and are tried with broken files by GDAL's own fuzzers: ESRIJSON and netCDF's tables share the code of what was allowed already; GeoRSS and
 * JML are one pass of Expat; the Surfer and SAGA grids and PNM are a header and numbers; OpenFileGDB is the one larger reader, worth it for how many keep
 * their data so. */
static const struct driver {
	const char *name;
	void (*do_register)(void);
	unsigned use;
	unsigned magics;
	const char *extensions; /* with a blank before and after each */
	const char *needs;      /* drivers that it reads its insides with, likewise */
} drivers[] = {
	{"GTiff", GDALRegister_GTiff, FP_USE_RASTER, M(TIFF), " tif tiff gtiff gtif btf ", ""},
	{"HFA", GDALRegister_HFA, FP_USE_RASTER, M(HFA), " img ige ", ""},
	{"AAIGrid", GDALRegister_AAIGrid, FP_USE_RASTER, 0, " asc grd txt ", ""},
	{"DTED", GDALRegister_DTED, FP_USE_RASTER, M(DTED), " dt0 dt1 dt2 ", ""},
	{"PNG", GDALRegister_PNG, FP_USE_RASTER, M(PNG), " png ", ""},
	{"JPEG", GDALRegister_JPEG, FP_USE_RASTER, M(JPEG), " jpg jpeg jpe ", ""},
	{"GIF", GDALRegister_GIF, FP_USE_RASTER, M(GIF), " gif ", ""},
	{"BMP", GDALRegister_BMP, FP_USE_RASTER, M(BMP), " bmp ", ""},
	{"netCDF", GDALRegister_netCDF, FP_USE_VECTOR | FP_USE_RASTER, M(NETCDF), " nc nc4 cdf ", ""},
	{"WEBP", GDALRegister_WEBP, FP_USE_RASTER, M(WEBP), " webp ", ""},
	{"USGSDEM", GDALRegister_USGSDEM, FP_USE_RASTER, 0, " dem ", ""},
	{"JP2OpenJPEG", GDALRegister_JP2OpenJPEG, FP_USE_RASTER, M(JP2), " jp2 j2k jpf ", ""},
	{"GRIB", GDALRegister_GRIB, FP_USE_RASTER, M(GRIB), " grb grb2 grib grib2 ", ""},
	{"GSAG", GDALRegister_GSAG, FP_USE_RASTER, 0, " grd ", ""},
	{"GSBG", GDALRegister_GSBG, FP_USE_RASTER, 0, " grd ", ""},
	{"GS7BG", GDALRegister_GS7BG, FP_USE_RASTER, 0, " grd ", ""},
	{"PNM", GDALRegister_PNM, FP_USE_RASTER, 0, " pgm ppm pnm ", ""},
	{"SAGA", GDALRegister_SAGA, FP_USE_RASTER, 0, " sdat sg-grd-z ", ""},
	{"SRTMHGT", GDALRegister_SRTMHGT, FP_USE_RASTER, 0, " hgt ", ""},
	{"ENVI", GDALRegister_ENVI, FP_USE_RASTER, 0, " dat bsq bil bip img raw envi ", ""},
	{"EHdr", GDALRegister_EHdr, FP_USE_RASTER, 0, " bil flt hdr ", ""},
	{"XYZ", GDALRegister_XYZ, FP_USE_RASTER, 0, " xyz txt csv ", ""},
	{"ESRI Shapefile", RegisterOGRShape, FP_USE_VECTOR, M(SHAPE) | M(ZIP) | M(FOLDER), " shp shx dbf shz ", ""},
	{"MapInfo File", RegisterOGRTAB, FP_USE_VECTOR, M(FOLDER), " tab mif mid ", ""},
	{"CSV", RegisterOGRCSV, FP_USE_VECTOR, M(FOLDER), " csv tsv tab psv ", ""},
	{"GML", RegisterOGRGML, FP_USE_VECTOR, M(XML), " gml xml ", ""},
	{"GPX", RegisterOGRGPX, FP_USE_VECTOR, M(XML), " gpx ", ""},
	{"LIBKML", RegisterOGRLIBKML, FP_USE_VECTOR, M(XML) | M(ZIP) | M(FOLDER), " kml kmz ", ""},
	{"KML", RegisterOGRKML, FP_USE_VECTOR, M(XML), " kml ", ""},
	{"GeoJSON", RegisterOGRGeoJSON, FP_USE_VECTOR, M(JSON), " geojson json ", ""},
	{"GeoJSONSeq", RegisterOGRGeoJSONSeq, FP_USE_VECTOR, M(JSON), " geojsonl geojsons json ", ""},
	{"ESRIJSON", RegisterOGRESRIJSON, FP_USE_VECTOR, M(JSON), " json ", ""},
	{"TopoJSON", RegisterOGRTopoJSON, FP_USE_VECTOR, M(JSON), " topojson json ", ""},
	{"DXF", RegisterOGRDXF, FP_USE_VECTOR, 0, " dxf ", ""},
	{"OpenFileGDB", RegisterOGROpenFileGDB, FP_USE_VECTOR, M(FOLDER), " gdb gdbtable ", ""},
	{"FlatGeobuf", RegisterOGRFlatGeobuf, FP_USE_VECTOR, M(FLATGEOBUF) | M(FOLDER), " fgb ", ""},
	{"GPKG", RegisterOGRGeoPackage, FP_USE_VECTOR | FP_USE_RASTER, M(SQLITE), " gpkg gpkx ", " PNG JPEG WEBP GTiff "},
	{"SQLite", RegisterOGRSQLite, FP_USE_VECTOR, M(SQLITE), " sqlite sqlite3 db ", ""},
	{"GeoRSS", RegisterOGRGeoRSS, FP_USE_VECTOR, M(XML), " rss georss atom ", ""},
	{"ODS", RegisterOGRODS, FP_USE_VECTOR, M(ZIP), " ods ", ""},
	{"XLSX", RegisterOGRXLSX, FP_USE_VECTOR, M(ZIP), " xlsx xlsm ", ""},
	{"JML", RegisterOGRJML, FP_USE_VECTOR, M(XML), " jml ", ""},
	{"MVT", RegisterOGRMVT, FP_USE_VECTOR, 0, " mvt pbf ", ""},
	{"MBTiles", GDALRegister_MBTiles, FP_USE_VECTOR | FP_USE_RASTER, M(SQLITE), " mbtiles ", " SQLite PNG JPEG WEBP MVT "},
};
#define N_DRIVERS (sizeof drivers / sizeof *drivers)

/* LIST has a blank before and after each word. */
static int has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	if (n == 0)
		return 0;
	for (const char *p = strcasestr(list, word); p; p = strcasestr(p + 1, word))
		if (p[-1] == ' ' && p[n] == ' ')
			return 1;
	return 0;
}

/* The extension without its dot; of "x.geojson.gz" the inner one, since GDAL unpacks on the way. Caller frees. */
static char *extension(const char *name)
{
	const char *base = fp_path_base(name), *dot;
	char *copy = fp_path_has_suffix(base, ".gz") ? fp_strndup(base, strlen(base) - 3) : fp_strdup(base), *ext;

	dot = strrchr(copy, '.');
	ext = fp_strdup(dot && !strchr(dot, ' ') ? dot + 1 : "");
	free(copy);
	return ext;
}

int fp_format_has_extension(const char *name, const char *list)
{
	char *ext = extension(name);
	int found = has_word(list, ext);

	free(ext);
	return found;
}

int fp_format_known(const char *name, unsigned use)
{
	for (size_t i = 0; i < N_DRIVERS; i++)
		if ((drivers[i].use & use) && fp_format_has_extension(name, drivers[i].extensions))
			return 1;
	return 0;
}

static void do_register(const struct driver *d)
{
	static unsigned char registered[N_DRIVERS];

	if (registered[d - drivers])
		return;
	registered[d - drivers] = 1;
	d->do_register();
	for (size_t i = 0; i < N_DRIVERS; i++)
		if (has_word(d->needs, drivers[i].name))
			do_register(&drivers[i]);
}

static void allow(struct fp_strv *names, const struct driver *d)
{
	do_register(d);
	fp_strv_add(names, d->name);
}

void fp_formats_allow(struct fp_strv *names, const char *name, enum fp_magic magic, unsigned use)
{
	for (size_t i = 0; i < N_DRIVERS; i++)
		if ((drivers[i].use & use) && (((drivers[i].magics >> magic) & 1) || fp_format_has_extension(name, drivers[i].extensions)))
			allow(names, &drivers[i]);
}

void fp_formats_allow_all(struct fp_strv *names, unsigned use)
{
	for (size_t i = 0; i < N_DRIVERS; i++)
		if (drivers[i].use & use)
			allow(names, &drivers[i]);
}

void fp_formats_allow_vrt(struct fp_strv *names, unsigned use)
{
	struct fp_strv sources = {0};

	fp_formats_allow_all(&sources, use);
	fp_strv_free(&sources);
	if (use & FP_USE_VECTOR) {
		RegisterOGRVRT();
		fp_strv_add(names, "OGR_VRT");
	}
	if (use & FP_USE_RASTER) {
		GDALRegister_VRT();
		fp_strv_add(names, "VRT");
	}
}

static enum fp_magic of_text(const char *p)
{
	static const struct {
		const char *begins;
		enum fp_magic magic;
	} known[] = {
		{"version https://git-lfs", FP_MAGIC_LFS}, {"<!DOCTYPE html", FP_MAGIC_HTML}, {"<html", FP_MAGIC_HTML}, {"{", FP_MAGIC_JSON},
		{"[", FP_MAGIC_JSON}, {"\036", FP_MAGIC_JSON},
	}, inside[] = {
		{"<OGRVRTDataSource", FP_MAGIC_VRT}, {"<VRTDataset", FP_MAGIC_VRT}, {"<html", FP_MAGIC_HTML}, {"<GDAL_WM", FP_MAGIC_SERVICE},
		{"<WMS_", FP_MAGIC_SERVICE}, {"<WMT_", FP_MAGIC_SERVICE}, {"<WCS_", FP_MAGIC_SERVICE}, {"<OGRWFSDataSource", FP_MAGIC_SERVICE},
		{"<OGRCSWDataSource", FP_MAGIC_SERVICE}, {"<WFS_Capabilities", FP_MAGIC_SERVICE}, {"<Capabilities", FP_MAGIC_SERVICE},
	};

	if (strncmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p += strspn(p, " \t\r\n");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncasecmp(p, known[i].begins, strlen(known[i].begins)) == 0)
			return known[i].magic;
	if (*p != '<')
		return FP_MAGIC_NONE;
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		if (strcasestr(p, inside[i].begins))
			return inside[i].magic;
	return FP_MAGIC_XML;
}

static enum fp_magic of_bytes(const unsigned char *p, size_t n)
{
	static const struct {
		size_t at, n;
		const char *bytes;
		enum fp_magic magic;
	} known[] = {
		{0, 16, "SQLite format 3", FP_MAGIC_SQLITE}, {0, 4, "\0\0\047\012", FP_MAGIC_SHAPE}, {0, 2, "PK", FP_MAGIC_ZIP}, {0, 3, "fgb", FP_MAGIC_FLATGEOBUF},
		{0, 4, "II*\0", FP_MAGIC_TIFF}, {0, 4, "MM\0*", FP_MAGIC_TIFF}, {0, 4, "II+\0", FP_MAGIC_TIFF}, {0, 4, "MM\0+", FP_MAGIC_TIFF},
		{0, 4, "\x89PNG", FP_MAGIC_PNG}, {0, 3, "\xff\xd8\xff", FP_MAGIC_JPEG}, {4, 4, "jP  ", FP_MAGIC_JP2}, {0, 4, "\xff\x4f\xff\x51", FP_MAGIC_JP2},
		{0, 15, "EHFA_HEADER_TAG", FP_MAGIC_HFA}, {8, 4, "WEBP", FP_MAGIC_WEBP}, {0, 4, "GIF8", FP_MAGIC_GIF}, {0, 2, "BM", FP_MAGIC_BMP},
		{0, 4, "UHL1", FP_MAGIC_DTED}, {0, 4, "GRIB", FP_MAGIC_GRIB}, {0, 3, "CDF", FP_MAGIC_NETCDF}, {0, 4, "\x89HDF", FP_MAGIC_NETCDF},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (n >= known[i].at + known[i].n && memcmp(p + known[i].at, known[i].bytes, known[i].n) == 0)
			return known[i].magic;
	return of_text((const char *)p);
}

static int is_text(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' && (p[i] == '\0' || !strchr("\t\n\r\f\033\036", p[i])))
			return 0;
	return 1;
}

int fp_sniff(struct fp_sniff *s, const char *path)
{
	enum { SQLITE_READ_VERSION = 19 };
	struct stat sb;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*s = (struct fp_sniff){0};
	if (fd < 0)
		return -1;
	n = fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) ? pread(fd, s->head, sizeof s->head - 1, 0) : 0;
	close(fd);
	if (n < 0)
		return -1;
	s->n = (size_t)n;
	s->is_text = is_text(s->head, s->n);
	if (S_ISDIR(sb.st_mode))
		s->magic = FP_MAGIC_FOLDER;
	else if (n == 0)
		s->magic = FP_MAGIC_EMPTY;
	else
		s->magic = of_bytes(s->head, s->n);
	s->wal_mode = s->magic == FP_MAGIC_SQLITE && s->head[SQLITE_READ_VERSION] == 2;
	return 0;
}
