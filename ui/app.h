/* The console as a whole: a stack of views, what is staged, the message, and what asks something at the moment. Handlers of keys change this and
 * return what has to be done now (enum fp_do); only the loop reads from the store and draws. */
#ifndef FP_UI_APP_H
#define FP_UI_APP_H

#include "engine/queue/engine.h"
#include "ui/console.h"
#include "ui/modal.h"
#include "ui/package_get.h"
#include "ui/secret_acts.h"
#include "ui/staging.h"
#include "ui/view.h"

#define FP_DEPTH 12

enum fp_do { FP_DO_NOTHING = 0, FP_DO_PAINT = 1, FP_DO_RELOAD = 2, FP_DO_QUIT = 4, FP_DO_SUSPEND = 8, FP_DO_REPAINT = 16 };

struct fp_console {
	struct fp_store *store;
	const struct fp_config *conf;
	struct fp_console_options o;
	const char *who;
	int read_only;
	struct fp_engine *engine;          /* NULL: none here */
	struct fp_view *stack[FP_DEPTH];
	int depth;
	struct fp_staging staging;
	struct fp_modal modal;
	char wish_project[FP_UUID_SIZE];   /* what the menu of a project is about */
	int64_t wish_job;                  /* and that of a job */
	int64_t wish_package;              /* that a folder is asked for */
	struct fp_getting getting;         /* of a package out of the home */
	struct fp_secret_form secret;      /* that is being set or removed */
	struct fp_secret_test *test;       /* of a secret, under way; NULL: none */
	char message[800];                 /* "" none; stays until the next key */
	int message_is_error;
	int paused;
	int64_t waits_until;               /* monotonic ms: what `:wait idle` has left; 0: it does not wait */
	char script_fault[640];            /* "" none */
};

void fp_console_init(struct fp_console *c, struct fp_store *s, const struct fp_config *conf, const struct fp_console_options *o);
void fp_console_fini(struct fp_console *c);

/* One key (or, for FP_KEY_MOUSE, click): what has to be done now. */
struct fp_click;
unsigned fp_console_key(struct fp_console *c, int key, const struct fp_click *click);
/* A `:` command without the colon. */
unsigned fp_console_command(struct fp_console *c, const char *line);
/* Reads what the top view shows, as far as TODO or staleness ask for it; and draws it. */
void fp_console_read(struct fp_console *c, unsigned todo);
void fp_console_do(struct fp_console *c, unsigned todo);
/* Something was committed: KINDS are bits of enum fp_kind. */
unsigned fp_console_changed(struct fp_console *c, unsigned kinds);

struct fp_view *fp_top(struct fp_console *c);

/* The plan that the top view waits for, NULL: none; and a step of it. */
struct fp_plan *fp_console_plan(struct fp_console *c);
unsigned fp_console_step_plan(struct fp_console *c);
/* The same of a question. */
struct fp_question *fp_console_question(struct fp_console *c);
unsigned fp_console_step_question(struct fp_console *c);

/* Opens a view on top of the others. The fault is said in the message line; then nothing was opened. */
unsigned fp_push(struct fp_console *c, const struct fp_view_ops *ops, const char *project, const char *project_name, const char *arg);
unsigned fp_pop(struct fp_console *c);
/* A main view (projects, changes, ...) of the project that is open, in place of the one that is shown. */
unsigned fp_switch(struct fp_console *c, const struct fp_view_ops *ops);
/* The same of another project (NULL: all). */
unsigned fp_switch_to(struct fp_console *c, const struct fp_view_ops *ops, const char *project, const char *project_name);

/* The message line. */
unsigned fp_note(struct fp_console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
unsigned fp_complain(struct fp_console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
unsigned fp_show_error(struct fp_console *c, const struct fp_error *err);

/* ui/paint.c: the whole screen. */
void fp_paint(struct fp_console *c);
int fp_body_top(void);    /* the body's first line on the screen */
int fp_body_height(void);
/* TEXT on the message line, and on as many lines above it as it needs. *END gets the column behind it. */
void fp_paint_message(unsigned style, const char *text, int *end);

/* ui/table.c: the body of a list, with its header on the line above TOP. */
#define FP_COLUMNS_MAX 24
void fp_table_paint(const struct fp_view *v, int top);
/* The width of each column as shown; 0: left out. Returns how many columns the view has. */
int fp_table_layout(const struct fp_view *v, int width, int widths[FP_COLUMNS_MAX]);
int fp_table_column_at(const struct fp_view *v, int width, int x); /* for a click; -1: none */
/* The cell as text, WIDTH columns of room. */
void fp_table_cell(struct fp_buf *to, const struct fp_column *column, const struct fp_rows *rows, size_t row, size_t cell, int width);
unsigned fp_status_style(const char *word);
#define FP_MIN_LINES 10
#define FP_MIN_COLUMNS 40

#endif
