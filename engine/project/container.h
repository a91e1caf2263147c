/* The two wrappings of a project: .qgs is XML, .qgz a ZIP archive with one .qgs inside. Limits of spec/layers.md 1.1; nothing is unpacked to
 * disk. */
#ifndef FP_PROJECT_CONTAINER_H
#define FP_PROJECT_CONTAINER_H

#include "engine/project/xml.h"

/* Feeds the project's XML at PATH to X. FP_E_INVALID says what is wrong with the wrapping or the XML. */
enum fp_status fp_container_read(struct fp_xml *x, const char *path, struct fp_error *err);

#endif
