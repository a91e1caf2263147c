/* The value of a secret on its way in: from a file, from a terminal without echo, or from standard input; never from the command line. */
#ifndef FP_SRC_SECRET_INPUT_H
#define FP_SRC_SECRET_INPUT_H

#include <stddef.h>

#include "engine/base/error.h"

/* A value and its length, in memory that fp_secret_input_clear() overwrites. */
struct fp_secret_input {
	char *text;
	size_t len;
};

/* FILE NULL: the terminal, asked twice for NAME, or else standard input. LINE 1: the value is one line, and its newline does not belong to it; such a
 * value only can be typed. FP_E_FULL when there is more than FP_SECRET_VALUE_MAX, FP_E_CANCELLED by Ctrl-C. */
enum fp_status fp_secret_input(struct fp_secret_input *in, const char *file, const char *name, int line, struct fp_error *err);
void fp_secret_input_clear(struct fp_secret_input *in);

#endif
