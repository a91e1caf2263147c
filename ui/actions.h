/* Every action, once: keys, `:` command, help screen, last line, completion and manual derive from this table. */
#ifndef FP_UI_ACTIONS_H
#define FP_UI_ACTIONS_H

#include <stddef.h>

#include "ui/view.h"

struct fp_act {
	const char *name;    /* as a `:` command */
	const char *keys;    /* "j <Down>"; "": a command only */
	const char *args;    /* of the command: "[PROJECT] [FILTER]"; NULL: none */
	const char *help;    /* one clause, from a capital letter on, no full stop */
	const char *last;    /* on the last line; NULL: not there */
	unsigned where;      /* bits of enum fp_context */
	int writes;          /* changes the home: off when read-only */
	unsigned (*run)(struct fp_console *c, const char *arg);
};
extern const struct fp_act fp_acts[]; /* ends with a NULL name */

const struct fp_act *fp_act_by_key(int key, unsigned context);
const struct fp_act *fp_act_by_name(const char *name, unsigned context);
/* The first key as it is shown: "Enter", "j". */
void fp_act_first_key(const struct fp_act *a, char *to, size_t size);
/* All keys as they are shown: "j, Down". */
void fp_act_all_keys(const struct fp_act *a, struct fp_buf *to);
/* Runs A, or says why it cannot be run here. */
unsigned fp_act_run(struct fp_console *c, const struct fp_act *a, const char *arg);

struct fp_tab { char key; const struct fp_view_ops *ops; };
extern const struct fp_tab fp_tabs[]; /* ends with NULL ops */
int fp_tab_at(struct fp_console *c, int x); /* the tab shown at column X, -1: none */

#define FP_ACT(name) unsigned fp_act_##name(struct fp_console *c, const char *arg)
/* ui/navigate.c */
FP_ACT(down); FP_ACT(up); FP_ACT(page_down); FP_ACT(page_up); FP_ACT(first); FP_ACT(last); FP_ACT(left); FP_ACT(right); FP_ACT(open); FP_ACT(back);
FP_ACT(close); FP_ACT(quit); FP_ACT(next_tab); FP_ACT(previous_tab); FP_ACT(follow); FP_ACT(refresh); FP_ACT(pause); FP_ACT(suspend); FP_ACT(redraw); FP_ACT(menu);
/* ui/goto.c */
FP_ACT(command); FP_ACT(projects); FP_ACT(changes); FP_ACT(jobs); FP_ACT(layers); FP_ACT(problems); FP_ACT(files); FP_ACT(secrets); FP_ACT(activity); FP_ACT(project);
FP_ACT(change); FP_ACT(job); FP_ACT(layer); FP_ACT(help); FP_ACT(packages); FP_ACT(package); FP_ACT(package_layer);
/* ui/listing.c */
FP_ACT(filter); FP_ACT(search); FP_ACT(search_next); FP_ACT(search_previous); FP_ACT(mark); FP_ACT(range); FP_ACT(mark_all); FP_ACT(unmark);
FP_ACT(sort); FP_ACT(reverse);
/* ui/export.c */
FP_ACT(copy); FP_ACT(export);
/* ui/script.c */
FP_ACT(save_display); FP_ACT(save_attributes); FP_ACT(wait);
/* ui/view_changes.c, ui/view_plan.c */
FP_ACT(save); FP_ACT(undo);
/* ui/view_history.c, ui/view_conflict.c, ui/restage.c */
FP_ACT(history); FP_ACT(conflict); FP_ACT(take_device); FP_ACT(take_current); FP_ACT(take_base); FP_ACT(edit_value); FP_ACT(save_decision);
FP_ACT(undo_job); FP_ACT(undo_since);
/* ui/view_jobs.c */
FP_ACT(cancel); FP_ACT(retry);
/* ui/view_secrets.c */
FP_ACT(secret_set); FP_ACT(secret_test); FP_ACT(secret_remove);
/* ui/view_versions.c */
FP_ACT(difference); FP_ACT(restore);
/* ui/package_get.c */
FP_ACT(get);
/* ui/view_package_compare.c */
FP_ACT(compare);
/* ui/project_acts.c */
FP_ACT(check); FP_ACT(apply_pending); FP_ACT(make_package);
#undef FP_ACT

#endif
