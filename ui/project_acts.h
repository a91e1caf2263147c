/* What can be asked for a project, from its row, its overview and its lists. */
#ifndef FP_UI_PROJECT_ACTS_H
#define FP_UI_PROJECT_ACTS_H

struct fp_console;
struct fp_menu;
struct fp_view;

void fp_project_menu(struct fp_console *c, struct fp_menu *m, const char *id, const char *name);
/* The same for the project that V shows, and what follows: as a view's menu and chosen. */
void fp_project_menu_here(struct fp_console *c, struct fp_view *v, struct fp_menu *m);
unsigned fp_project_chosen(struct fp_console *c, struct fp_view *v, int item);

#endif
