/* Lists and records: what a command prints is made once, as JSON rows, and shown as JSON or, by columns, as a table. So no screen of text can say
 * something else than --json. */
#ifndef FP_SRC_LISTING_H
#define FP_SRC_LISTING_H

#include <jansson.h>
#include <stdint.h>

#include "src/command.h"

enum fp_cell {
	FP_CELL_TEXT,  /* a string, a number, true or false, as it is; null is empty */
	FP_CELL_TIME,  /* an ISO time: local time on a terminal, as it is elsewhere */
	FP_CELL_BYTES, /* a count of bytes: "12.5 kB" on a terminal, as it is elsewhere */
	FP_CELL_VALID, /* true: True, false: False, null: ? */
	FP_CELL_TAIL,  /* the last characters of a long id */
	FP_CELL_LIST   /* an array of strings: "one, another" */
};
struct fp_column {
	const char *title, *key;
	enum fp_cell kind;
};

/* Members of a row. Text: fp_json_text(); 0 as time is null; TEXT that holds JSON is put as what it holds ("" as null). */
void fp_row_text(json_t *row, const char *key, const char *text);
void fp_row_int(json_t *row, const char *key, int64_t n);
void fp_row_time(json_t *row, const char *key, int64_t ms);
void fp_row_json(json_t *row, const char *key, const char *text);

/* {"NAME": ROWS}, or a table of COLUMNS (ends with a NULL title). Takes ROWS over. An empty list says so on stderr: "no EMPTY". */
void fp_print_rows(const struct fp_invocation *inv, const char *name, json_t *rows, const struct fp_column *columns, const char *empty);
/* ROW itself, or a line "title: value" for each column that has one. Takes ROW over. */
void fp_print_row(const struct fp_invocation *inv, json_t *row, const struct fp_column *columns);
/* The table alone; ROWS is borrowed. */
void fp_print_table(const struct fp_invocation *inv, const json_t *rows, const struct fp_column *columns);

/* Lists of the store take a filter, as words or by --filter, --sort, --reverse and --limit: FP_LIST_OPTIONS in the command's entry. Words of the filter
 * begin at argument FIRST.
 * LIMIT gets --limit, or all. Q->filter is to be freed by fp_list_query_clear(). */
#define FP_LIST_OPTIONS \
	{"filter", "FILTER", "the same as its words"}, {"sort", "COLUMN", "sort by a column"}, {"reverse", NULL, "turn the order round"}, {"limit", "N", "show only the first N"}
enum fp_status fp_list_query(struct fp_query *q, int64_t *limit, const struct fp_invocation *inv, int first, struct fp_error *err);
void fp_list_query_clear(struct fp_query *q);

/* A command that lists rows of the store and prints them: what differs between such commands. */
struct fp_listing {
	enum fp_status (*fetch)(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err);
	int of_project;                 /* the first argument names the project, the filter follows */
	const char *name, *empty;       /* as fp_print_rows() takes them */
	const char *make;               /* what makes the first one, for a list that is empty without a filter; may be NULL */
	const struct fp_column *columns;
};
enum fp_status fp_list_print(struct fp_invocation *inv, const struct fp_listing *l, struct fp_error *err);

/* A whole number above 0 from the command line: WHAT names it in the message. */
enum fp_status fp_parse_number(int64_t *n, const char *text, const char *what, struct fp_error *err);

#endif
