/* The console: browse projects, changes, jobs and layers in a terminal, and see the engine work. shared design: console.md. */
#ifndef FP_UI_CONSOLE_H
#define FP_UI_CONSOLE_H

#include <stdio.h>

#include "engine/base/config.h"
#include "engine/base/error.h"
#include "engine/store/store.h"

struct fp_console_options {
	int ascii;           /* nothing but ASCII on the screen; also when the locale is not UTF-8 */
	int read_only;       /* keys that write are off; also when the store is open read-only. Runs no engine */
	int no_mouse;
	int no_engine;       /* jobs are left to other engines of this home */
	const char *start;   /* a command to begin with, ":jobs bees"; NULL: the list of projects */
	const char *script;  /* a file of keys and commands to run, then quit (FIELDPOST_SCRIPT); NULL: none */
	const char *who;     /* whose name is put to what is done; NULL: "console" */
};

/* Runs the console until it is quit; the terminal is as before when this returns. Refuses a terminal that cannot show it (TERM=dumb, no
 * terminal) with FP_E_USAGE and a hint that names the commands. A script that fails is FP_E_INVALID with file and line; with a script and without
 * a terminal the screen is kept in memory only, LINES by COLUMNS. */
enum fp_status fp_console_run(struct fp_store *s, const struct fp_config *conf, const struct fp_console_options *o, struct fp_error *err);

/* Every key and `:` command, for manual and help: NAME ("down"), KEYS ("j <Down>", "" when it is a command only), HELP (one clause), WRITES 1 when
 * it changes the home. */
typedef void fp_key_each(void *arg, const char *name, const char *keys, const char *help, int writes);
void fp_keys_each(fp_key_each *each, void *arg);

#endif
