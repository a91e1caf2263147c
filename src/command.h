/* The command table: every verb is one declarative entry; parsing, help, completion and the manual derive from it. contract.md. */
#ifndef FP_SRC_COMMAND_H
#define FP_SRC_COMMAND_H

#include "engine/base/config.h"
#include "engine/base/error.h"
#include "engine/store/store.h"

#define FP_OPTIONS_MAX 12

enum fp_command_flags {
	FP_CMD_HOME = 1,    /* works on a home: its configuration is read and the store is opened before run() */
	FP_CMD_WRITES = 2,  /* asks on a terminal, by fp_confirm(); is refused before it begins without one and without --yes */
	FP_CMD_CONFIG = 4   /* works without a home, with the configuration's defaults */
};

/* --name, or --name ARG when arg is not NULL. */
struct fp_option {
	const char *name, *arg, *help;
};

struct fp_invocation;

struct fp_command {
	const char *name;             /* "check", "project create" */
	const char *args;             /* positional arguments as help shows them: "PROJECT", "NAME PATH...", "NAME [FILTER...]" */
	int min_args, max_args;       /* max -1: any number */
	const char *help;             /* one sentence */
	struct fp_option options[FP_OPTIONS_MAX]; /* ends with a NULL name */
	unsigned flags;
	const char *preview;          /* of one that writes: the option with which it does not; NULL: there is none */
	/* FP_OK with inv->exit_code 0, or 1 when it was done but something in it failed; else the fault, which main() prints. */
	enum fp_status (*run)(struct fp_invocation *inv, struct fp_error *err);
};

struct fp_invocation {
	const struct fp_command *command;
	int json, plain, yes, help;
	const char *home;             /* as given or from the environment; never NULL */
	int argc;                     /* positional arguments, borrowed from args */
	char **argv;
	char **args;                  /* owned by main() */
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
const struct fp_command *fp_command_find(int argc, char *const *argv, int *words);

/* Reads the whole command line: options may stand before the command's words too; without words it is "console", and so it is with a word that
 * begins with ":". FP_E_USAGE names the fault; INV->command is set as soon as it is known. */
enum fp_status fp_command_line(struct fp_invocation *inv, int argc, char **argv, struct fp_error *err);

/* The options that every command takes, ending with a NULL name. */
extern const struct fp_option fp_common_options[];

/* "usage: fieldpost check PROJECT [--network] ..." to B's end; and the same with a line for every option. */
struct fp_buf;
void fp_command_usage(struct fp_buf *b, const struct fp_command *c);
void fp_command_help(struct fp_buf *b, const struct fp_command *c);

/* Who acts: the login name of the calling user ("root", "uid 1000" when it has none). Borrowed. */
const char *fp_who(void);

/* FP_E_USAGE when neither --yes nor a terminal to ask on is there. */
enum fp_status fp_can_confirm(const struct fp_invocation *inv, struct fp_error *err);
/* Asks on the terminal before something is written ("QUESTION [y/N] "); FP_E_CANCELLED when the answer is no. --yes answers. */
enum fp_status fp_confirm(const struct fp_invocation *inv, struct fp_error *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
