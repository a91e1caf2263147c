/* Files of the upload that may have been meant when one is missing. */
#ifndef FP_LAYERS_SIMILAR_H
#define FP_LAYERS_SIMILAR_H

#include "engine/layers/check.h"

/* The file of the upload whose path ends most like PATH, without regard to case and to how accents are written; NULL when none has the same name. Then
 * *NEAREST gets the file with the most similar name and the same extension, or NULL. Both relative to the upload, the caller's. */
char *fp_similar_file(const struct fp_checker *k, const char *path, char **nearest);

#endif
