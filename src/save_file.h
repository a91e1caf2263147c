/* A new file that a command writes, or its standard output. The file is written beside its place and put there when it is complete. */
#ifndef FP_SRC_SAVE_FILE_H
#define FP_SRC_SAVE_FILE_H

#include <stdio.h>

#include "src/command.h"

struct fp_save {
	FILE *f;        /* write here */
	const char *to; /* borrowed; NULL: standard output */
	char *tmp;
};

/* Asks before a file is replaced; what is no regular file is not. TO NULL: standard output. */
enum fp_status fp_save_begin(struct fp_save *s, const struct fp_invocation *inv, const char *to, struct fp_error *err);
/* Puts the file in its place when ST is FP_OK, else removes what was written; returns ST or what went wrong. Only after fp_save_begin() was FP_OK. */
enum fp_status fp_save_end(struct fp_save *s, enum fp_status st, struct fp_error *err);

#endif
