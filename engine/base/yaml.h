/* YAML files of the house (configuration, workflows, remedies), read as JSON values so that one set of getters serves both. */
#ifndef FP_BASE_YAML_H
#define FP_BASE_YAML_H

#include <jansson.h>

#include "engine/base/error.h"

/* Reads one document from PATH: mappings, sequences, and plain scalars as integer, real, true/false, null or text; quoted scalars are
 * text. Refused with file and line: aliases, tags, duplicate keys, more than 32 levels, files over 4 MiB, a second document.
 * An empty file gives an empty object. Caller decrefs. */
enum fp_status fp_yaml_read(json_t **out, const char *path, struct fp_error *err);

#endif
