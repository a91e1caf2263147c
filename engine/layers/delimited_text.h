/* A text file from its beginning, as valid UTF-8 whatever it is written in, part by part. */
#ifndef FP_LAYERS_DELIMITED_TEXT_H
#define FP_LAYERS_DELIMITED_TEXT_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct fp_delimited_text;

/* File PATH, written in ENCODING as QGIS calls it; no more than BOUND bytes of it are read, 0: all. FP_E_INVALID: it is empty. */
enum fp_status fp_delimited_text_open(struct fp_delimited_text **out, const char *path, const char *encoding, int64_t bound, struct fp_error *err);
void fp_delimited_text_free(struct fp_delimited_text *t);

/* Appends the next part to TEXT, without byte order mark. *MORE 0: there was none. FP_E_REFUSED: only QGIS may know the encoding. */
enum fp_status fp_delimited_text_read(struct fp_delimited_text *t, struct fp_buf *text, int *more, struct fp_error *err);

/* 1 unless the bound ended it. */
int fp_delimited_text_whole(const struct fp_delimited_text *t);

/* The bytes of the white space at P, N bytes of valid UTF-8, as Qt has white space; 0: none. */
size_t fp_delimited_space(const char *p, size_t n);

#endif
