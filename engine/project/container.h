/* The two wrappings of a project: .qgs is XML, .qgz a ZIP archive with one .qgs inside. Limits of spec/layers.md 1.1; nothing is unpacked to
 * disk. */
#ifndef FP_PROJECT_CONTAINER_H
#define FP_PROJECT_CONTAINER_H

#include <zip.h>

#include "engine/project/xml.h"

/* Feeds the project's XML at PATH to X. FP_E_INVALID says what is wrong with the wrapping or the XML. */
enum fp_status fp_container_read(struct fp_xml *x, const char *path, struct fp_error *err);

/* Opens the archive at PATH, if it is one, within the same limits: its size and its number of members. *OUT is NULL when it is plain XML. Caller:
 * zip_discard(). */
enum fp_status fp_container_archive(zip_t **out, const char *path, struct fp_error *err);

/* The member that is the project, as QGIS finds it: the first .qgs; -1 when there is none. */
zip_int64_t fp_container_member(zip_t *z);

#endif
