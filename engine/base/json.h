/* JSON (jansson) with the manners of the house: forgiving getters for what was validated, strict limits for what was not. */
#ifndef FP_BASE_JSON_H
#define FP_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "engine/base/error.h"

/* Parses LEN bytes; duplicate keys, trailing text and NUL in keys are errors. The message names line and column. Caller decrefs. */
enum fp_status fp_json_parse(json_t **out, const char *text, size_t len, struct fp_error *err);

/* The same for LEN bytes that stand at byte AT of WHOLE: its lines and columns are named. TEXT may be a changed copy of them. */
enum fp_status fp_json_parse_part(json_t **out, const char *text, size_t len, const char *whole, size_t at, struct fp_error *err);
/* "not JSON: FAULT at line 3, column 14", of byte AT of WHOLE. */
enum fp_status fp_json_fail_at(struct fp_error *err, const char *whole, size_t at, const char *fault);

/* Members of OBJECT (may be NULL or no object). Strings are borrowed and live as long as OBJECT. */
const char *fp_json_str(const json_t *object, const char *key);                  /* NULL when absent or no string */
const char *fp_json_str_or(const json_t *object, const char *key, const char *fallback);
int64_t fp_json_int(const json_t *object, const char *key, int64_t fallback);
int fp_json_bool(const json_t *object, const char *key, int fallback);

/* A JSON string of TEXT, sanitised when it is not valid UTF-8; NULL gives JSON null. New reference. */
json_t *fp_json_text(const char *text);

/* Compact text on one line (keys in insertion order); caller frees. */
char *fp_json_dump(const json_t *value) __attribute__((malloc, returns_nonnull));

/* For people: a string as it is, a number as short as it can be, NULL and null as "", anything else as JSON. Caller frees. */
char *fp_json_words(const json_t *value) __attribute__((malloc, returns_nonnull));

/* Overwrites every text in VALUE (may be NULL), for secrets that nobody reads any more. */
void fp_json_wipe(json_t *value);

#endif
