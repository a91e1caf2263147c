/* What a fake worker says and writes when it makes a package, and how the packages of a home are looked at. */
#ifndef FP_TESTS_PACKAGE_HOME_H
#define FP_TESTS_PACKAGE_HOME_H

#include "engine/base/buf.h"
#include "tests/engine_home.h"

/* A script that makes a package of p_qfield.qgz, data.gpkg with TEXT in it, and ras/r.tif. Two layers are offline, one is copied, one is removed. Caller
 * frees. */
char *package_script(const char *text);
/* Sets it, asks for a package and runs it; returns the job's id. Asserts that it finished. */
int64_t package_make(struct home *h, const char *text);

/* Every file of every listed package is there with the bytes of its row; returns how many files were read. */
int64_t package_read_all(struct home *h);

#endif
