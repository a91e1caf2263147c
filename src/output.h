/* What commands print: a table on a terminal, plain text with --plain, JSON with --json. Data goes to stdout, messages to stderr; both pass the
 * sanitising writer. */
#ifndef FP_SRC_OUTPUT_H
#define FP_SRC_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

#include "src/command.h"

/* A message on stderr, sanitised line by line; no newline is added. */
void fp_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line of text on stdout, sanitised; a newline is added. */
void fp_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* VALUE as JSON on stdout; takes it over. */
void fp_print_json(json_t *value);

/* 1 when what is printed is for a person's eyes: on a terminal, and not asked to be plain. */
int fp_output_is_terminal(const struct fp_invocation *inv);

/* A table, kept until it is printed so that columns can be aligned. On a terminal: header, aligned columns, long cells cut and lines clipped to its width. With
 * --plain, or when stdout is no terminal: header and aligned columns, not clipped. */
struct fp_table;
struct fp_table *fp_table_new(const char *const *titles, size_t n);
void fp_table_row(struct fp_table *t, const char *const *cells); /* as many as titles; NULL prints as "" */
void fp_table_print(struct fp_table *t, const struct fp_invocation *inv);
void fp_table_free(struct fp_table *t);

#endif
