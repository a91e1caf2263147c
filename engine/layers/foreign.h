/* Formats that GDAL opens in Debian's QGIS and that this program leaves to it: a file of theirs gets no verdict, and what is in no table gets one. */
#ifndef FP_LAYERS_FOREIGN_H
#define FP_LAYERS_FOREIGN_H

#include "engine/layers/formats.h"

/* What a file called NAME is that none of our drivers opened for USE ("ESRI File Geodatabase"), by its first bytes and then by its extension; NULL
 * when it is damaged, or nothing that GDAL has a driver for. S is NULL when its bytes are not known (it lies in an archive). Static. */
const char *fp_foreign_format(const char *name, const struct fp_sniff *s, unsigned use);

/* The same for the folder PATH, by its name and by what lies in it. */
const char *fp_foreign_folder(const char *path, unsigned use);

#endif
