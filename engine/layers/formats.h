/* Which GDAL drivers may open a file (spec/layers.md 4.2 no. 2): an allow-list, narrowed for each file by its extension and by its first bytes.
 * Drivers that no file has asked for are not even registered, so nothing that GDAL opens on its own can reach another one. */
#ifndef FP_LAYERS_FORMATS_H
#define FP_LAYERS_FORMATS_H

#include <stddef.h>

#include "engine/base/mem.h"

enum fp_format_use { FP_USE_VECTOR = 1, FP_USE_RASTER = 2 };

/* What a file is by its first bytes. */
enum fp_magic {
	FP_MAGIC_NONE,       /* nothing known */
	FP_MAGIC_EMPTY,
	FP_MAGIC_FOLDER,
	FP_MAGIC_SQLITE, FP_MAGIC_SHAPE, FP_MAGIC_JSON, FP_MAGIC_XML, FP_MAGIC_ZIP, FP_MAGIC_FLATGEOBUF,
	FP_MAGIC_TIFF, FP_MAGIC_PNG, FP_MAGIC_JPEG, FP_MAGIC_JP2, FP_MAGIC_HFA, FP_MAGIC_WEBP, FP_MAGIC_GIF, FP_MAGIC_BMP, FP_MAGIC_DTED,
	FP_MAGIC_GRIB, FP_MAGIC_NETCDF,
	FP_MAGIC_VRT,        /* <VRTDataset>, <OGRVRTDataSource>: only after engine/layers/vrt.h has read it */
	FP_MAGIC_SERVICE,    /* XML that makes GDAL call a web service */
	FP_MAGIC_LFS,        /* a Git-LFS pointer instead of the file */
	FP_MAGIC_HTML        /* a web page instead of the file */
};
struct fp_sniff {
	enum fp_magic magic;
	int wal_mode; /* an SQLite file in WAL mode */
	int is_text;  /* what was read of it has no byte that no text has */
	size_t n;
	unsigned char head[1025]; /* its first N bytes, with a NUL behind them */
};

/* Looks at the file or folder PATH. -1 when it cannot be read (errno says why). */
int fp_sniff(struct fp_sniff *s, const char *path);

/* The names of the drivers that may open a file called NAME with MAGIC, for USE, registered now; empty when the format is known to be none of
 * them. */
void fp_formats_allow(struct fp_strv *drivers, const char *name, enum fp_magic magic, unsigned use);

/* The same whatever name and content: some formats (grids, DXF) can be told by their own driver only. */
void fp_formats_allow_all(struct fp_strv *drivers, unsigned use);

/* Registers GDAL's VRT driver for USE and every driver that its sources may need. */
void fp_formats_allow_vrt(struct fp_strv *drivers, unsigned use);

/* 1 when NAME's extension is in LIST, which has a blank before and after each. */
int fp_format_has_extension(const char *name, const char *list);

/* 1 when some driver of the list claims NAME's extension for USE. */
int fp_format_known(const char *name, unsigned use);

#endif
