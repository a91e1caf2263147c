#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/path.h"
#include "engine/package/rows_file.h"

#define HEAD 32 /* bytes of a header that are looked at */

/* The layer's file that ends in SUFFIX, of those that GDAL opened; NULL: none. Borrowed. */
static const char *file_of(const struct fp_rows_file *f, char **files, const char *suffix)
{
	const char *name = OGR_L_GetName(f->layer);
	size_t n = strlen(name);

	for (; files && *files; files++)
		if (fp_path_has_suffix(*files, suffix) && strncmp(fp_path_base(*files), name, n) == 0 && strlen(fp_path_base(*files)) == n + strlen(suffix))
			return *files;
	return NULL;
}

static int read_head(unsigned char head[HEAD], const char *path)
{
	VSILFILE *file = path ? VSIFOpenL(path, "rb") : NULL;
	int ok = file && VSIFReadL(head, 1, HEAD, file) == HEAD;

	if (file)
		VSIFCloseL(file);
	return ok;
}

/* Of the shapes, the length of their index in words of 16 bits, a hundred bytes of it the header, eight a shape; of the rows, their number. */
int64_t fp_rows_file_unmatched(const struct fp_rows_file *f)
{
	unsigned char x[HEAD], d[HEAD];
	char **files;
	int64_t n = 0;

	if (strcmp(f->driver, "ESRI Shapefile") != 0)
		return 0;
	files = GDALGetFileList(f->ds);
	if (read_head(x, file_of(f, files, ".shx")) && read_head(d, file_of(f, files, ".dbf"))) {
		int64_t words = (int64_t)x[24] << 24 | x[25] << 16 | x[26] << 8 | x[27], rows = (int64_t)d[7] << 24 | d[6] << 16 | d[5] << 8 | d[4];
		n = llabs((words * 2 - 100) / 8 - rows);
	}
	CSLDestroy(files);
	return n;
}
