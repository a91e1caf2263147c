#include "engine/layers/foreign.h"

#include <dirent.h>
#include <string.h>

#include "engine/base/path.h"

#define V FP_USE_VECTOR
#define R FP_USE_RASTER
#define ANYWHERE (-1)
#define SIGNATURE(text) sizeof(text) - 1, text

/* What GDAL 3.6's drivers look for in the first kilobyte. A format without a signature goes by its extension alone; one that has one is damaged when the
 * file does not show it. Of signatures shorter than SURE bytes the extension must agree. */
static const struct foreign {
	const char *what;
	unsigned use;
	const char *extensions; /* with a blank before and after each */
	int at;
	size_t n;
	const char *signature;
} foreign[] = {
	{"Microsoft Access database", V, " mdb accdb ", 4, SIGNATURE("Standard ")},
	{"old Excel file", V, " xls ", 0, SIGNATURE("\xd0\xcf\x11\xe0")},
	{"AutoCAD drawing", V | R, " dwg ", 0, SIGNATURE("AC10")},
	{"MicroStation drawing", V, " dgn ", 0, SIGNATURE("\x08\x09\xfe")},
	{"MicroStation drawing", V, " dgn ", 0, SIGNATURE("\xc8\x09\xfe")},
	{"OpenStreetMap file", V, " osm ", ANYWHERE, SIGNATURE("<osm")},
	{"OpenStreetMap file", V, " pbf ", ANYWHERE, SIGNATURE("OSMHeader")},
	{"S-57 chart", V, " 000 ", ANYWHERE, SIGNATURE("DSID")},
	{"SDTS transfer", V | R, " ddf ", 0, 0, NULL},
	{"ArcInfo export", V, " e00 ", 0, SIGNATURE("EXP  ")},
	{"ArcInfo coverage or grid", V | R, " adf ", 0, 0, NULL},
	{"GMT file", V, " gmt ", ANYWHERE, SIGNATURE("@VGMT")},
	{"MapML file", V, " mapml ", ANYWHERE, SIGNATURE("<mapml")},
	{"Geoconcept file", V, " gxt txt ", 0, SIGNATURE("//$")},
	{"VDV file", V, " x10 txt ", ANYWHERE, SIGNATURE("\natr;")},
	{"Selafin mesh", V, " slf ", 0, SIGNATURE("\0\0\0\x50")},
	{"Storage and eXchange file", V, " sxf ", 0, SIGNATURE("SXF\0")},
	{"UK NTF file", V, " ntf ", 0, SIGNATURE("01")},
	{"SOSI file", V, " sos ", 0, SIGNATURE(".HODE")},
	{"EDIGEO exchange", V, " thf ", 0, SIGNATURE("BOM")},
	{"Cloudmade SVG", V, " svg ", ANYWHERE, SIGNATURE("cloudmade.com/")},
	{"Idrisi vector", V, " vct ", 0, 0, NULL},
	{"Interlis file", V, " itf ", ANYWHERE, SIGNATURE("SCNT")},
	{"Interlis file", V, " xtf ili ", ANYWHERE, SIGNATURE("interlis.ch/INTERLIS2")},
	{"Czech cadastral file", V, " vfk ", 0, SIGNATURE("&H")},
	{"WAsP map", V, " map ", 0, 0, NULL},
	{"Dutch cadastral extract", V, " xml ", ANYWHERE, SIGNATURE("sl-bag-extract:")},
	{"TIGER/Line file", V, " rt1 ", 0, 0, NULL},
	{"GPS track", V, " mps igc ", 0, 0, NULL},
	{"GPS track", V, " tcx ", ANYWHERE, SIGNATURE("<TrainingCenterDatabase")},
	{"Arrow table", V, " parquet ", 0, SIGNATURE("PAR1")},
	{"Arrow table", V, " arrow feather ", 0, SIGNATURE("ARROW1")},
	{"PMTiles", V | R, " pmtiles ", 0, SIGNATURE("PMTiles")},
	{"FITS file", V | R, " fits fit ", 0, SIGNATURE("SIMPLE  =")},
	{"PCIDSK file", V | R, " pix ", 0, SIGNATURE("PCIDSK  ")},
	{"VICAR image", V | R, " vic ", ANYWHERE, SIGNATURE("LBLSIZE=")},
	{"PDS image", V | R, " lbl ", ANYWHERE, SIGNATURE("PDS_VERSION_ID")},
	{"PDS image", V | R, " xml ", ANYWHERE, SIGNATURE("<Product_Observational")},
	{"PDF", V | R, " pdf ", ANYWHERE, SIGNATURE("%PDF")},
	{"HDF file", V | R, " h5 hdf5 he5 bag ", 0, SIGNATURE("\x89HDF")},
	{"HDF file", R, " hdf h4 hdf4 ", 0, SIGNATURE("\x0e\x03\x13\x01")},
	{"NITF image", R, " ntf nsf ", 0, SIGNATURE("NITF0")},
	{"NITF image", R, " ntf nsf ", 0, SIGNATURE("NSIF0")},
	{"RPF table of contents", R, " toc ", 0, 0, NULL},
	{"ECRG table of contents", R, " xml ", ANYWHERE, SIGNATURE("<Table_of_Contents")},
	{"GFF image", R, " gff ", 0, SIGNATURE("GSATIMG")},
	{"ELAS image", R, " els ", 0, SIGNATURE("\0\0\x04\0\0\0\x01\0")},
	{"Esri tile cache", R, " xml ", ANYWHERE, SIGNATURE("<CacheInfo")},
	{"ISG geoid", R, " isg ", ANYWHERE, SIGNATURE("begin_of_head")},
	{"GRASS ASCII grid", R, " txt ", ANYWHERE, SIGNATURE("north:")},
	{"JDEM grid", R, " mem ", 0, 0, NULL},
	{"Envisat image", R, " n1 ", 0, SIGNATURE("PRODUCT=\"")},
	{"BSB chart", R, " kap ", ANYWHERE, SIGNATURE("BSB/")},
	{"BSB chart", R, " kap ", ANYWHERE, SIGNATURE("KNP/")},
	{"XPM image", R, " xpm ", ANYWHERE, SIGNATURE("/* XPM */")},
	{"DIMAP product", R, " xml dim ", ANYWHERE, SIGNATURE("Dimap_Document")},
	{"RADARSAT product", R, " xml ", ANYWHERE, SIGNATURE("rsi.ca/rs2")},
	{"Sentinel product", R, " safe xml ", ANYWHERE, SIGNATURE("<xfdu:XFDU")},
	{"Sentinel product", R, " xml ", ANYWHERE, SIGNATURE("sentinel2.gael.fr")},
	{"Sentinel product", R, " xml ", ANYWHERE, SIGNATURE("psd-14.sentinel2")},
	{"TerraSAR-X product", R, " xml ", ANYWHERE, SIGNATURE("<level1Product")},
	{"ILWIS raster", R, " mpr mpl ", ANYWHERE, SIGNATURE("[Ilwis]")},
	{"SGI image", R, " rgb rgba sgi bw ", 0, SIGNATURE("\x01\xda")},
	{"Leveller terrain", R, " ter ", 0, SIGNATURE("trrn")},
	{"Terragen terrain", R, " ter ", 0, SIGNATURE("TERRAGEN")},
	{"ISIS cube", R, " cub lbl ", ANYWHERE, SIGNATURE("IsisCube")},
	{"ISIS cube", R, " qub ", ANYWHERE, SIGNATURE("^QUBE")},
	{"Til mosaic", R, " til ", 0, 0, NULL},
	{"ERMapper raster", R, " ers ", ANYWHERE, SIGNATURE("DatasetHeader")},
	{"FIT image", R, " fit ", 0, SIGNATURE("IT0")},
	{"RMF raster", R, " rsw ", 0, SIGNATURE("RSW\0")},
	{"RMF raster", R, " mtw ", 0, SIGNATURE("MTW\0")},
	{"Meteosat image", R, " nat ", 0, 0, NULL},
	{"Idrisi raster", R, " rst ", 0, 0, NULL},
	{"TerraSAR-X image", R, " cos ", 28, SIGNATURE("CSAR")},
	{"R data", R, " rda ", 0, SIGNATURE("RDA2\nA\n")},
	{"OziExplorer map", R, " map ", ANYWHERE, SIGNATURE("OziExplorer Map Data")},
	{"OziExplorer image", R, " ozf2 ozf3 ozfx3 ", 0, 0, NULL},
	{"PCRaster map", R, " map ", 0, SIGNATURE("RUU CROSS SYSTEM MAP")},
	{"KML overlay", R, " kml ", ANYWHERE, SIGNATURE("<GroundOverlay")},
	{"KML overlay", R, " kml ", ANYWHERE, SIGNATURE("<Region")},
	{"KML overlay", R, " kml ", ANYWHERE, SIGNATURE("<NetworkLink")},
	{"KML overlay", R, " kmz ", 0, SIGNATURE("PK\x03")},
	{"CALS image", R, " cal ct1 ", 0, SIGNATURE("srcdocid:")},
	{"MRF image", R, " mrf ", ANYWHERE, SIGNATURE("<MRF_META")},
	{"USGS DOQ", R, "", 0, SIGNATURE("BEGIN_USGS_DOQ")},
	{"MFF raster", R, " hdr ", ANYWHERE, SIGNATURE("IMAGE_FILE_FORMAT")},
	{"FAST product", R, " fst ", ANYWHERE, SIGNATURE("ACQUISITION DATE")},
	{"BT terrain", R, " bt ", 0, SIGNATURE("binterr")},
	{"Erdas 7 image", R, " lan gis ", 0, SIGNATURE("HEAD74")},
	{"NLAPS image", R, " h1 h2 h3 ", 0, SIGNATURE("NDF_REVISION=")},
	{"EIR image", R, "", 0, SIGNATURE("IMAGINE_RAW_FILE")},
	{"FARSITE landscape", R, " lcp ", 0, 0, NULL},
	{"datum grid", R, " gtx los las byn err ", 0, 0, NULL},
	{"datum grid", R, " gsb gvb ", 0, SIGNATURE("NUM_OREC")},
	{"datum grid", R, "", 0, SIGNATURE("CTABLE V")},
	{"ACE2 terrain", R, " ace2 ", 0, 0, NULL},
	{"SNODAS grid", R, " hdr ", 0, SIGNATURE("Format version: NOHRSC")},
	{"KRO image", R, " kro ", 0, SIGNATURE("KRO\x01")},
	{"R raster", R, " grd ", ANYWHERE, SIGNATURE("[georeference]")},
	{"R raster", R, " grd ", 0, SIGNATURE("[general]")},
	{"Northwood grid", R, " grd grc tab ", 0, SIGNATURE("HGPC")},
	{"Azavea raster", R, " arg ", 0, 0, NULL},
	{"RIK map", R, " rik ", 0, SIGNATURE("RIK")},
	{"GXF grid", R, " gxf ", ANYWHERE, SIGNATURE("#GRID")},
	{"ARC digitised raster", R, " gen thf ", 0, 0, NULL},
	{"BLX terrain", R, " blx xlb ", 0, 0, NULL},
	{"HF2 terrain", R, " hf2 ", 0, SIGNATURE("HF2\0")},
	{"HF2 terrain", R, " hfz ", 0, SIGNATURE("\x1f\x8b")},
	{"ZMap grid", R, " dat zmap ", ANYWHERE, SIGNATURE("\n@")},
	{"NGS geoid", R, " bin ", 0, 0, NULL},
	{"IRIS radar", R, " ppi ", 0, 0, NULL},
	{"PHOTOMOD raster", R, " prf ", 0, 0, NULL},
	{"SIGDEM terrain", R, " sigdem ", 0, SIGNATURE("SIGDEM")},
	{"HEIF image", R, " heic heif ", 4, SIGNATURE("ftyp")},
	{"TGA image", R, " tga ", 0, 0, NULL},
	{"STAC catalogue", R, " json ", ANYWHERE, SIGNATURE("\"stac_version\"")},
	{"ECW image", R, " ecw ", 0, 0, NULL},
	{"MrSID image", R, " sid ", 0, SIGNATURE("msid")},
};
enum { SURE = 4 };

/* Folders that GDAL opens, by the end of their own name or of one inside. */
static const struct {
	const char *what;
	unsigned use;
	const char *end;
} folders[] = {
	{"Zarr", R, ".zarr"}, {"Zarr", R, ".zarray"}, {"Zarr", R, ".zgroup"}, {"Zarr", R, ".zmetadata"}, {"Zarr", R, "zarr.json"},
	{"ArcInfo coverage or grid", V | R, ".adf"}, {"Sentinel product", R, "manifest.safe"}, {"TIGER/Line files", V, ".rt1"}, {"VDV files", V, ".x10"},
	{"RADARSAT product", R, "product.xml"}, {"MFF2 image", R, "image_data"},
};

static int shows(const struct foreign *f, const struct fp_sniff *s)
{
	if (f->n == 0)
		return 0;
	if (f->at == ANYWHERE)
		return memmem(s->head, s->n, f->signature, f->n) != NULL;
	return s->n >= (size_t)f->at + f->n && memcmp(s->head + f->at, f->signature, f->n) == 0;
}

/* Packed once more: GDAL looks into such a file only when its name ends in ".gz", and then it was looked into. */
static int is_packed(const struct fp_sniff *s)
{
	static const struct foreign packers[] = {
		{"gzip", 0, "", 0, SIGNATURE("\x1f\x8b")}, {"bzip2", 0, "", 0, SIGNATURE("BZh")}, {"xz", 0, "", 0, SIGNATURE("\xfd" "7zXZ")},
		{"7z", 0, "", 0, SIGNATURE("7z\xbc\xaf")}, {"rar", 0, "", 0, SIGNATURE("Rar!")}, {"zstd", 0, "", 0, SIGNATURE("\x28\xb5\x2f\xfd")},
	};

	for (size_t i = 0; i < sizeof packers / sizeof *packers; i++)
		if (shows(&packers[i], s))
			return 1;
	return 0;
}

const char *fp_foreign_format(const char *name, const struct fp_sniff *s, unsigned use)
{
	const char *by_name = NULL;

	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		const struct foreign *f = &foreign[i];
		int called = fp_format_has_extension(name, f->extensions);
		if (!(f->use & use))
			continue;
		if (s && shows(f, s) && (f->n >= SURE || called))
			return f->what;
		if (called && (!s || (f->n == 0 && s->magic == FP_MAGIC_NONE)))
			by_name = f->what;
	}
	if (by_name || !s || s->magic != FP_MAGIC_NONE || s->is_text || is_packed(s) || fp_format_known(name, V | R))
		return by_name;
	return "an unknown one";
}

static const char *folder_by(const char *name, unsigned use)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if ((folders[i].use & use) && fp_path_has_suffix(name, folders[i].end))
			return folders[i].what;
	return NULL;
}

const char *fp_foreign_folder(const char *path, unsigned use)
{
	const char *what = folder_by(path, use);
	DIR *d = what ? NULL : opendir(path);

	for (struct dirent *e = d ? readdir(d) : NULL; e && !what; e = readdir(d))
		what = folder_by(e->d_name, use);
	if (d)
		closedir(d);
	return what;
}
