/* pg_service.conf (libpq's "connection service file"): sections "[name]" of lines "key=value"; "#" begins a comment line. */
#ifndef FP_BASE_PGSERVICE_H
#define FP_BASE_PGSERVICE_H

#include <stddef.h>

#include "engine/base/error.h"

/* Calls EACH for every setting in order; KEY and VALUE are NULL once for the head of each section. The strings are borrowed for the time of the call.
 * FP_E_INVALID names the line that is neither (a line before the first section, one without "=", an empty name). EACH may be NULL: only checked. */
typedef void fp_pgservice_each(void *arg, const char *service, const char *key, const char *value);
enum fp_status fp_pgservice_read(const char *text, fp_pgservice_each *each, void *arg, struct fp_error *err);

#endif
