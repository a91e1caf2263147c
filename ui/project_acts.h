/* What can be asked for a project, from its row, its overview and its lists. */
#ifndef FP_UI_PROJECT_ACTS_H
#define FP_UI_PROJECT_ACTS_H

struct fp_console;
struct fp_menu;

void fp_project_menu(struct fp_console *c, struct fp_menu *m, const char *id, const char *name);
unsigned fp_project_chosen(struct fp_console *c, int item);

#endif
