/* The beginning of a text file, as valid UTF-8 whatever it is written in. */
#ifndef FP_LAYERS_DELIMITED_TEXT_H
#define FP_LAYERS_DELIMITED_TEXT_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* QGIS reads text tables to their end; here nobody waits for gigabytes. What lies behind is not known. */
#define FP_DELIMITED_MAX (4 << 20)

/* Reads at most FP_DELIMITED_MAX bytes of file PATH, written in ENCODING as QGIS calls it, without byte order mark; a line that the bound cuts is left
 * out. *WHOLE: that was all of it. FP_E_INVALID: it is empty; FP_E_REFUSED: only QGIS may know the encoding. */
enum fp_status fp_delimited_text(struct fp_buf *text, int *whole, const char *path, const char *encoding, struct fp_error *err);

/* The bytes of the white space at P, N bytes of valid UTF-8, as Qt has white space; 0: none. */
size_t fp_delimited_space(const char *p, size_t n);

#endif
