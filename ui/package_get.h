/* Getting a package out of the home from inside the console: a folder is asked for, then the loop copies a piece at a time between keys. */
#ifndef FP_UI_PACKAGE_GET_H
#define FP_UI_PACKAGE_GET_H

#include "engine/base/buf.h"
#include "engine/store/package_copy.h"

struct fp_console;

struct fp_getting {
	struct fp_package_copy *copy; /* NULL: none is under way */
	int shown;                    /* percent, as painted last */
};

/* The next piece, a few milliseconds of it. Says in the message line how it ended. */
unsigned fp_get_step(struct fp_console *c);
/* "package 4: 45 % copied"; nothing when none is under way. */
void fp_get_badge(struct fp_buf *to, const struct fp_console *c);
void fp_get_clear(struct fp_getting *g); /* what was not complete is removed */

#endif
