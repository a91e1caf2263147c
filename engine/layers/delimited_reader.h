/* The columns of a text table, read as QGIS' delimited text provider reads it. */
#ifndef FP_LAYERS_DELIMITED_READER_H
#define FP_LAYERS_DELIMITED_READER_H

#include "engine/base/error.h"
#include "engine/project/source.h"

/* Adds the column names of file PATH to NAMES, according to the OPTIONS type, delimiter, quote, escape, skipLines, useHeader, encoding.
 * FP_E_INVALID: no data, or a regular expression that does not compile; FP_E_REFUSED: one that only QGIS can run. */
enum fp_status fp_delimited_columns(struct fp_strv *names, const char *path, const struct fp_query *options, struct fp_error *err);

#endif
