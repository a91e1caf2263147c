/* Why a file is not there, or does not open, in words that lead to a remedy (spec/layers.md sections 3 and 6). */
#ifndef FP_LAYERS_DIAGNOSE_H
#define FP_LAYERS_DIAGNOSE_H

#include "engine/layers/provider.h"

/* The gate did not pass RESOLVED, which the project spells WRITTEN: gives verdict, the reference's file sentence, detail and remedy. */
void fp_diagnose_gate(struct fp_check *c, enum fp_gate gate, const char *written, const char *resolved);

/* The file or folder that the project spells WRITTEN and that fp_source_resolve() made PATH: its real path when the gate passes it (the caller's), else
 * NULL and the verdict is given. */
char *fp_layer_file(struct fp_check *c, const char *written, const char *path);

/* File or folder PATH passed the gate and did not open: detail and remedy from what it holds, from GDAL's MESSAGES (may be NULL), or else from
 * the caller's REASON. The verdict is the caller's. */
struct fp_gdal_messages;
void fp_diagnose_content(struct fp_check *c, const char *path, const struct fp_gdal_messages *messages, const char *reason);

/* The names as "a, b, c", at most MAX of them and then "..."; caller frees. */
char *fp_name_list(const struct fp_strv *names, size_t max);

#endif
