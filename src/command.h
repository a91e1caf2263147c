/* The command table: every verb is one declarative entry; parsing, help, completion and the manual derive from it. contract.md. */
#ifndef FP_SRC_COMMAND_H
#define FP_SRC_COMMAND_H

#include "engine/base/config.h"
#include "engine/base/error.h"
#include "engine/store/store.h"

#define FP_OPTIONS_MAX 12

enum fp_command_flags {
	FP_CMD_HOME = 1,    /* works on a home: the store is opened before run() */
	FP_CMD_WRITES = 2,  /* asks on a terminal; needs --yes without one */
	FP_CMD_HIDDEN = 4
};

/* --name, or --name ARG when arg is not NULL. */
struct fp_option {
	const char *name, *arg, *help;
};

struct fp_invocation;

struct fp_command {
	const char *name;             /* "check", "project create" */
	const char *args;             /* positional arguments as help shows them: "PROJECT", "NAME PATH..." */
	int min_args, max_args;       /* max -1: any number */
	const char *help;             /* one sentence */
	struct fp_option options[FP_OPTIONS_MAX]; /* ends with a NULL name */
	unsigned flags;
	/* FP_OK with inv->exit_code 0, or 1 when it was done but something in it failed; else the fault, which main() prints. */
	enum fp_status (*run)(struct fp_invocation *inv, struct fp_error *err);
};

struct fp_invocation {
	const struct fp_command *command;
	int json, plain, yes;
	const char *home;             /* as given or from the environment; never NULL */
	int argc;                     /* positional arguments */
	char **argv;
	const char *values[FP_OPTIONS_MAX]; /* by the command's options: NULL not given, "" given without argument */
	struct fp_store *store;       /* FP_CMD_HOME: open; owned by main() */
	struct fp_config config;
	int exit_code;
};

/* All commands, ending with NULL, in the order of help. */
extern const struct fp_command *const fp_commands[];

/* The value of option NAME (which the command must have), or NULL. */
const char *fp_opt(const struct fp_invocation *inv, const char *name);

/* Finds the command that ARGV begins with (one or two words); *WORDS gets how many. NULL when there is none. */
const struct fp_command *fp_command_find(int argc, char **argv, int *words);

/* Parses what follows the command's words. FP_E_USAGE names the fault. */
enum fp_status fp_command_parse(struct fp_invocation *inv, int argc, char **argv, struct fp_error *err);

/* "usage: fieldpost check PROJECT [--network] ..." into B's end. */
struct fp_buf;
void fp_command_usage(struct fp_buf *b, const struct fp_command *c);

/* Who acts: the login name of the calling user ("root", "uid 1000" when it has none). Borrowed. */
const char *fp_who(void);

/* Asks on the terminal before something is written ("QUESTION [y/N] "); FP_E_CANCELLED when the answer is no. Without a terminal --yes is needed:
 * FP_E_USAGE. */
enum fp_status fp_confirm(const struct fp_invocation *inv, struct fp_error *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
