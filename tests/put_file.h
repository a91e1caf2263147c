/* A project file is stored as an upload stores it, without the job that an upload asks for. */
#ifndef FP_TESTS_PUT_FILE_H
#define FP_TESTS_PUT_FILE_H

#include "engine/store/store.h"

/* VERSION (may be NULL) gets the version that is current now. */
enum fp_status put_file(struct fp_store *s, const char *project_id, const char *name, const char *path, int64_t *version, struct fp_error *err);

#endif
