/* Between the fuzz targets: what must hold whatever the input is. A target is one LLVMFuzzerTestOneInput; it is linked with libFuzzer by `make fuzz` and
 * with replay.c by `make check`. What is broken aborts (fp_assert). Nothing here depends on time, place or an earlier input. */
#ifndef FP_TESTS_FUZZ_FUZZ_H
#define FP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a string, up to its first NUL; caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* A failed status came with a line that may be shown. */
void fuzz_error_holds(enum fp_status st, const struct fp_error *err);

/* Opens the input as a project in a file called NAME, the one file of a folder that lasts as long as the process. */
void fuzz_project_holds(const uint8_t *data, size_t size, const char *name);

/* Takes SOURCE apart in all grammars. */
void fuzz_source_holds(const char *source);

#endif
