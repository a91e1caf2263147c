/* Scripted runs: the real console, fed with keys and commands from a file. Lines: keys ("jj<Enter>"), ":command", "# comment". */
#ifndef FP_UI_SCRIPT_H
#define FP_UI_SCRIPT_H

#include "ui/app.h"

struct fp_script;

enum fp_status fp_script_open(struct fp_script **out, const char *path, struct fp_error *err);
void fp_script_close(struct fp_script *s);

/* Does the next line, unless `:wait` still waits. *END 1: there is none left, or it failed (c->script_fault says where). */
unsigned fp_script_step(struct fp_script *s, struct fp_console *c, int *end);

#endif
