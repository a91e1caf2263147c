/* Layers of a project share files, and opening a GeoPackage takes longer than all that is asked of it: the last few stay open, whole datasets and connections
 * alike, for whoever comes next. */
#ifndef FP_LAYERS_KEPT_H
#define FP_LAYERS_KEPT_H

#include "engine/base/mem.h"

/* What stands for the regular file REAL and its log as they are now, opened as WHAT ("check") with OPTIONS (NULL: none). NULL: it is no file. Caller frees. */
char *fp_kept_key(const char *what, const char *real, const struct fp_strv *options);

/* What was kept for KEY, which is the caller's from then on; NULL: nothing, or KEY is NULL. */
void *fp_kept_take(const char *key);

/* Keeps IT, which CLOSE ends when its place is wanted. Takes over both KEY (NULL: it is closed at once) and IT. */
void fp_kept_give(char *key, void *it, void (*close)(void *it));

/* Closes all of it. */
void fp_kept_forget(void);

#endif
