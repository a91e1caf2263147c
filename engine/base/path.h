/* Names of project files and paths. A project file name is relative, "/"-separated and stays inside the project. */
#ifndef FP_BASE_PATH_H
#define FP_BASE_PATH_H

#include <stddef.h>

#include "engine/base/error.h"

#define FP_NAME_MAX 1024 /* bytes of a whole project file name */

/* Checks a project file name: valid UTF-8, not empty, not absolute, no "", "." or ".." component, no control character, no
 * component over 255 bytes, at most FP_NAME_MAX bytes. FP_E_INVALID says which rule it breaks. */
enum fp_status fp_name_check(const char *name, struct fp_error *err);

/* 1 when a component of NAME begins with a dot (hidden; QFieldCloud's jobs stumble over those). */
int fp_name_hidden(const char *name);

/* Joins with exactly one "/" between; caller frees. */
char *fp_path_join(const char *a, const char *b) __attribute__((malloc, returns_nonnull));

/* The part after the last "/" of PATH, borrowed. */
const char *fp_path_base(const char *path);

/* The part before the last "/", "." when there is none, "/" for a root entry; caller frees. */
char *fp_path_dir(const char *path) __attribute__((malloc, returns_nonnull));

/* Folds "." and ".." of an absolute path by text alone, before the file system is asked (spec/layers.md section 3);
 * caller frees. ".." above the root stays at the root. */
char *fp_path_fold(const char *path) __attribute__((malloc, returns_nonnull));

/* 1 when absolute folded PATH is ROOT or below it. */
int fp_path_below(const char *path, const char *root);

/* 1 when PATH ends in SUFFIX, without regard to ASCII case. */
int fp_path_has_suffix(const char *path, const char *suffix);

#endif
