/* A project in a folder of its own, and the package that is made of it. What does not work fails the test. */
#ifndef FP_TESTS_PATCH_FIXTURE_H
#define FP_TESTS_PATCH_FIXTURE_H

#include "engine/package/package.h"

void package_setup(void);
void package_teardown(void);

/* NAME in the test's folder: the upload is "in", the package "out". Caller frees. */
char *at(const char *name);
void put(const char *name, const void *bytes, size_t n);

/* A package of the project "in/...", or of "in/p.qgs" with that text; its layers are untouched. done() frees it. */
struct fp_package *package_of(const char *name);
struct fp_package *package_of_text(const char *xml);
void done(struct fp_package *p);
extern char *output, *scratch; /* of the last one */

/* Writes the packaged project. */
void packaged(struct fp_package *p);

/* Member NAME of the archive FILE in the package, or NULL. Caller frees. */
char *member(const char *file, const char *name);

#endif
