/* A view is one small file behind one ops record; the framework owns paging, cursor, marks, filter, sort, search and drawing.
 *
 * A list view has columns and rows of the store, fetched by offset: a window of a few screens at a time, never the table. A text view has no columns:
 * its lines are made by load(), and may go on with rows fetched by offset (the log of a job). */
#ifndef FP_UI_VIEW_H
#define FP_UI_VIEW_H

#include "engine/base/ids.h"
#include "engine/store/store.h"
#include "ui/marks.h"
#include "ui/rows.h"

struct fp_console;
struct fp_plan;
struct fp_question;
struct fp_view;

enum fp_cell_type {
	FP_CELL_TEXT, FP_CELL_TAIL,   /* one whose end tells more than its beginning */
	FP_CELL_STATUS,               /* a word, coloured by what it means */
	FP_CELL_INT, FP_CELL_SIZE, FP_CELL_TIME, FP_CELL_AGE, FP_CELL_SPAN, /* from the cell's number: bytes, ms since 1970, ms */
	FP_CELL_HIDDEN                /* not shown: what actions and exports need */
};
enum fp_column_flags { FP_COL_ALL = 1, /* only while no project is open */ FP_COL_MENU = 2 /* Enter on the cell opens the menu */ };

struct fp_column {
	const char *title, *name;  /* in the header; in JSON and CSV */
	const char *sort;          /* the store's word, NULL: not sorted by */
	enum fp_cell_type type;
	int min, want;             /* columns of the terminal; WANT 0: a share of what is left */
	int drop;                  /* 0: never left out; else the highest goes first where it is narrow */
	unsigned flags;
};

/* Which actions are valid: bits of the view's context. */
enum fp_context {
	FP_IN_LIST = 1, FP_IN_TEXT = 2, FP_IN_PROJECTS = 4, FP_IN_PROJECT = 8, FP_IN_CHANGES = 16, FP_IN_CHANGE = 32, FP_IN_JOBS = 64, FP_IN_JOB = 128,
	FP_IN_LAYERS = 256, FP_IN_LAYER = 512, FP_IN_FILES = 1024, FP_IN_ACTIVITY = 2048, FP_IN_HELP = 4096, FP_IN_PLAN = 8192,
	FP_IN_SECRETS = 16384, FP_IN_PROBLEMS = 32768, FP_IN_HISTORY = 65536, FP_IN_CONFLICT = 131072, FP_IN_VERSIONS = 262144,
	FP_IN_PACKAGES = 524288, FP_IN_PACKAGE = 1048576, FP_IN_APPLIED = 2097152, FP_IN_ACTIVE = 4194304,
	FP_ANYWHERE = 0x7FFFFF
};

struct fp_menu;
struct fp_view_ops {
	const char *name, *title;             /* "changes"; "Changes" */
	unsigned context;                     /* enum fp_context */
	unsigned (*without)(const struct fp_view *v); /* bits of it that the item under the cursor lacks: their keys are not on the last line; may be NULL */
	unsigned watch;                       /* enum fp_kind: what makes it stale */
	const struct fp_column *columns;      /* ends with a NULL title; NULL: a text view */
	const char *const *filter_words;      /* completion of the filter, ends with NULL; NULL: no filter */
	const char *empty;                    /* why there is nothing here, and what to press */
	size_t data_size;                     /* of v->data, zeroed */
	enum fp_status (*load)(struct fp_view *v, struct fp_error *err); /* what stands above the rows: v->lines, v->head; NULL: nothing */
	void (*close)(struct fp_view *v);     /* frees what v->data owns; may be NULL */
	enum fp_status (*count)(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err); /* NULL in text views without rows */
	enum fp_status (*rows)(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err);
	/* Where the row KEY stands, -1 when the filter hides it; NULL: the framework looks page by page. */
	enum fp_status (*rank)(struct fp_view *v, const struct fp_query *q, const char *key, int64_t *offset, struct fp_error *err);
	const char *peek[4];                  /* columns of which the first that is not empty is shown in full for the row under the cursor; ends with NULL */
	unsigned (*open)(struct fp_console *c, struct fp_view *v);       /* Enter; NULL: nothing to open */
	void (*menu)(struct fp_console *c, struct fp_view *v, struct fp_menu *m); /* what is possible here; NULL: nothing */
	unsigned (*chosen)(struct fp_console *c, struct fp_view *v, int item);    /* from that menu */
	struct fp_plan *(*plan)(struct fp_view *v);  /* that the view waits for: the loop steps it; NULL, or returns NULL: none */
	unsigned (*planned)(struct fp_console *c, struct fp_view *v); /* it is complete now */
	struct fp_question *(*question)(struct fp_view *v); /* likewise a question; NULL, or returns NULL: none */
	unsigned (*answered)(struct fp_console *c, struct fp_view *v, enum fp_status st, const struct fp_error *err);
};

struct fp_view {
	const struct fp_view_ops *ops;
	struct fp_console *console;
	void *data;
	char project[FP_UUID_SIZE];           /* "": all projects */
	char *project_name;                   /* "" likewise */
	char *arg;                            /* what was opened: a job's number, a change's uuid; "" in lists */
	char *label;                          /* in the breadcrumb, instead of title and ARG; may be NULL */
	char *head;                           /* text views: the line that stays on top; may be NULL */
	struct fp_rows lines;                 /* text views: made by load() */
	char *filter;                         /* never NULL */
	char *filter_before;                  /* while another is typed */
	const char *sort;
	int reverse;
	int64_t count, total;                 /* rows shown; without the filter (lists with a filter only) */
	int64_t top, cursor;
	char *key;                            /* the item under the cursor, NULL when none */
	int focus;                            /* the cell under the cursor, -1: the whole row */
	int skip;                             /* text views: columns scrolled away */
	int height, width;                    /* of the body, as painted last */
	int follow;                           /* stays at the end */
	int stale;
	struct fp_rows window;
	int64_t window_at;
	struct fp_marks marks;
	int64_t marks_hidden;                 /* of them, by the filter */
	int64_t range_from;                   /* `v`: where the range begins, -1: none */
	char *range_key;                      /* and at which item */
	int live;                             /* set by load() and rows(): shows a time that runs, read again every second */
	char *search;                         /* text views; NULL: none yet */
};

/* Takes nothing over; ARG may be NULL. Nothing is read yet. */
struct fp_view *fp_view_new(const struct fp_view_ops *ops, struct fp_console *c, const char *project, const char *project_name, const char *arg);
void fp_view_free(struct fp_view *v);

struct fp_query fp_view_query(const struct fp_view *v);

/* Reads again what is shown; the cursor stays on its item, and that on its line of the screen where possible. */
enum fp_status fp_view_reload(struct fp_view *v, struct fp_error *err);
/* Sees to it that the rows on the screen are in the window: no query when they are. */
enum fp_status fp_view_fetch(struct fp_view *v, struct fp_error *err);
/* The body is HEIGHT rows high and WIDTH columns wide. */
void fp_view_size(struct fp_view *v, int height, int width);

void fp_view_move_to(struct fp_view *v, int64_t row);
void fp_view_scroll(struct fp_view *v, int64_t rows); /* the page and the cursor */

/* The window's index of ROW, or -1 when it is not there. */
int64_t fp_view_index(const struct fp_view *v, int64_t row);
/* The cell of the row under the cursor by column name; "" and 0 when there is no row. */
const char *fp_view_cell(const struct fp_view *v, const char *column);
int64_t fp_view_cell_num(const struct fp_view *v, const char *column);
int fp_view_column(const struct fp_view *v, const char *name); /* index, -1 */

/* Another filter; the old one stays when the store refuses it. */
enum fp_status fp_view_filter(struct fp_view *v, const char *filter, struct fp_error *err);

/* Every row that the filter shows, page by page (export, marks). A status other than FP_OK from EACH ends it. */
typedef enum fp_status fp_view_each(void *arg, const struct fp_rows *rows, size_t i, struct fp_error *err);
enum fp_status fp_view_walk(struct fp_view *v, fp_view_each *each, void *arg, struct fp_error *err);

/* Moves to the next line that contains TEXT (without regard to case), going round at the end; *FOUND 0 when none does. */
enum fp_status fp_view_search(struct fp_view *v, const char *text, int backwards, int *found, struct fp_error *err);

#endif
