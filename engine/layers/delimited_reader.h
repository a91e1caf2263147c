/* Text tables as QGIS' delimited text provider reads them: the options of a source, the header, the records. A table is read as a stream, as far as it is
 * wanted. */
#ifndef FP_LAYERS_DELIMITED_READER_H
#define FP_LAYERS_DELIMITED_READER_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/project/source.h"

#define FP_DELIMITED_COLUMNS 2000 /* a record is read no wider, and a header that is wider is refused */

/* A check waits for no gigabytes: so many bytes tell enough, and what lies behind is not known. */
#define FP_DELIMITED_CHECK (4 << 20)

struct fp_delimited;

/* The path that SOURCE writes, decoded; caller frees. */
char *fp_delimited_path(const char *source) __attribute__((malloc, returns_nonnull));

/* The class (engine/layers/wkt.h) that the option geomType gives, 0: none. *NONE: there are no geometries. */
int fp_delimited_class(const struct fp_query *options, int *none);

/* Opens file PATH with the OPTIONS type, delimiter, quote, escape, skipLines, useHeader, trimFields, skipEmptyFields, maxFields, encoding, and reads its
 * header. FP_E_INVALID: an empty file, no delimiter, a regular expression that does not compile; FP_E_REFUSED: only QGIS can tell.
 * No more than BOUND bytes are read, 0: all. */
enum fp_status fp_delimited_open(struct fp_delimited **out, const char *path, const struct fp_query *options, int64_t bound, struct fp_error *err);
void fp_delimited_free(struct fp_delimited *t);

/* The columns: those of the header, made unique, and "field_N" for what records that were read have beyond it. Borrowed. */
const struct fp_strv *fp_delimited_names(struct fp_delimited *t);

/* The position of column NAME, from 0, or -1. "field_7" always is the seventh, whether there is one or not. */
long fp_delimited_column(const struct fp_delimited *t, const char *name);

/* The next record that is well-formed and not empty, added to FIELDS. 0: there is none. */
int fp_delimited_next(struct fp_delimited *t, struct fp_strv *fields);

/* How many records fp_delimited_next() has passed over because they are not well-formed. */
int64_t fp_delimited_refused(const struct fp_delimited *t);

/* 1 when fp_delimited_next() has given every record of the file, in full. */
int fp_delimited_complete(const struct fp_delimited *t);

#endif
