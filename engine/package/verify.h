/* Between the files of the verification (engine/package/verify.c). */
#ifndef FP_PACKAGE_VERIFY_H
#define FP_PACKAGE_VERIFY_H

#include "engine/package/package.h"

/* What is found good is told in a sentence. */
struct fp_verify {
	struct fp_package *p;
	void (*each)(void *arg, const char *sentence);
	void *arg;
};
void fp_verify_say(const struct fp_verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* data.gpkg: sound, and of every table the rows that were written, an index of all its geometries, keys (verify_data.c). */
enum fp_status fp_verify_data(const struct fp_verify *v, struct fp_error *err);

/* The project's XML: no folder of this machine and no login that the author's project did not have (verify_text.c). */
enum fp_status fp_verify_text(const struct fp_verify *v, struct fp_error *err);

#endif
