#include "src/command.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "src/output.h"

const struct fp_command *fp_command_find(int argc, char *const *argv, int *words)
{
	for (*words = 2; *words > 0; (*words)--) {
		char name[64];

		if (argc < *words)
			continue;
		snprintf(name, sizeof name, *words == 2 ? "%.30s %.30s" : "%.30s", argv[0], argc > 1 ? argv[1] : "");
		for (const struct fp_command *const *c = fp_commands; *c; c++)
			if (strcmp((*c)->name, name) == 0)
				return *c;
	}
	return NULL;
}

const struct fp_option fp_common_options[] = {
	{"home", "DIR", "the home to work on (default: $FIELDPOST_HOME, else fieldpost in the XDG data folder)"},
	{"json", NULL, "print JSON"},
	{"plain", NULL, "print plain text, never cut to the width of a terminal"},
	{"yes", NULL, "answer yes to the question before something is written"},
	{"help", NULL, "say what the command does and takes"},
	{NULL, NULL, NULL}
};
enum { OPT_HOME = 256, OPT_JSON, OPT_PLAIN, OPT_YES, OPT_HELP, OPT_OWN }; /* in the order of the table */
#define N_COMMON (OPT_OWN - OPT_HOME)

static size_t add_options(struct option *longs, const struct fp_option *o, size_t max, int first)
{
	size_t n = 0;

	for (; n < max && o[n].name; n++)
		longs[n] = (struct option){o[n].name, o[n].arg ? required_argument : no_argument, NULL, first + (int)n};
	return n;
}

/* Where option NAME of the command keeps its value, -1 when it has none. */
static int own_option(const struct fp_command *c, const char *name)
{
	for (int i = 0; i < FP_OPTIONS_MAX && c->options[i].name; i++)
		if (strcmp(c->options[i].name, name) == 0)
			return i;
	return -1;
}

const char *fp_opt(const struct fp_invocation *inv, const char *name)
{
	int at = own_option(inv->command, name);

	fp_assert(at >= 0);
	return inv->values[at];
}

static enum fp_status take_option(struct fp_invocation *inv, int opt, const char *word, struct fp_error *err)
{
	const struct fp_command *c = inv->command;
	int output = own_option(c, "output");

	switch (opt) {
	case OPT_HOME: inv->home = optarg; return FP_OK;
	case OPT_JSON: inv->json = 1; return FP_OK;
	case OPT_PLAIN: inv->plain = 1; return FP_OK;
	case OPT_YES: inv->yes = 1; return FP_OK;
	case 'h':
	case OPT_HELP: inv->help = 1; return FP_OK;
	case ':':
		return fp_fail(err, FP_E_USAGE, "%s needs a value", word);
	case 'o': /* the short form of --output, where a command has it */
		if (output >= 0) {
			inv->values[output] = optarg;
			return FP_OK;
		}
		return fp_fail(err, FP_E_USAGE, "\"%s\" has no option -o", c->name);
	case '?':
		return fp_fail(err, FP_E_USAGE, "\"%s\" has no option %s", c->name, word);
	default:
		inv->values[opt - OPT_OWN] = optarg ? optarg : "";
		return FP_OK;
	}
}

/* ARGV is permuted; ARGV[0] is not looked at. */
static enum fp_status parse(struct fp_invocation *inv, int argc, char **argv, struct fp_error *err)
{
	struct option longs[N_COMMON + FP_OPTIONS_MAX + 1] = {0};
	const struct fp_command *c = inv->command;
	size_t n = add_options(longs, fp_common_options, N_COMMON, OPT_HOME);
	int opt;

	add_options(longs + n, c->options, FP_OPTIONS_MAX, OPT_OWN);
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		enum fp_status st = take_option(inv, opt, argv[optind - 1], err);
		if (st != FP_OK)
			return st;
	}
	inv->argc = argc - optind;
	inv->argv = argv + optind;
	if (inv->help)
		return FP_OK;
	if (inv->argc < c->min_args)
		return fp_fail(err, FP_E_USAGE, "\"%s\" needs %s", c->name, c->args);
	if (c->max_args >= 0 && inv->argc > c->max_args)
		return fp_fail(err, FP_E_USAGE, "\"%s\" does not know what to do with \"%s\"", c->name, inv->argv[c->max_args]);
	return inv->home && !*inv->home ? fp_fail(err, FP_E_USAGE, "--home needs the name of a folder") : FP_OK;
}

/* Options before the command's words: only --home takes a value there. */
static int first_word(int argc, char *const *argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-')
		i += strcmp(argv[i], "--home") == 0 ? 2 : 1;
	return i < argc ? i : argc;
}

enum fp_status fp_command_line(struct fp_invocation *inv, int argc, char **argv, struct fp_error *err)
{
	int at = first_word(argc, argv), words = 0, n = 1;

	if (at == argc || argv[at][0] == ':') {
		static char console[] = "console";
		char *const word = console;
		inv->command = fp_command_find(1, &word, &words);
		words = 0;
	} else {
		inv->command = fp_command_find(argc - at, argv + at, &words);
	}
	if (!inv->command) {
		fp_fail(err, FP_E_USAGE, "there is no command \"%s%s%s\"", argv[at], at + 1 < argc && argv[at + 1][0] != '-' ? " " : "",
			at + 1 < argc && argv[at + 1][0] != '-' ? argv[at + 1] : "");
		fp_error_hint(err, "see \"fieldpost help\"");
		return FP_E_USAGE;
	}
	inv->args = fp_alloc(((size_t)argc + 1) * sizeof *inv->args);
	inv->args[0] = argv[0];
	for (int i = 1; i < argc; i++)
		if (i < at || i >= at + words)
			inv->args[n++] = argv[i];
	return parse(inv, n, inv->args, err);
}

void fp_command_usage(struct fp_buf *b, const struct fp_command *c)
{
	fp_buf_addf(b, "usage: fieldpost %s%s%s", c->name, *c->args ? " " : "", c->args);
	for (size_t i = 0; i < FP_OPTIONS_MAX && c->options[i].name; i++)
		fp_buf_addf(b, " [--%s%s%s]", c->options[i].name, c->options[i].arg ? " " : "", c->options[i].arg ? c->options[i].arg : "");
	if (c->flags & FP_CMD_WRITES)
		fp_buf_adds(b, " [--yes]");
}

static void help_options(struct fp_buf *b, const struct fp_option *o, size_t max)
{
	for (size_t i = 0; i < max && o[i].name; i++) {
		char *left = fp_asprintf("--%s%s%s", o[i].name, o[i].arg ? " " : "", o[i].arg ? o[i].arg : "");
		fp_buf_addf(b, "  %-30s %s\n", left, o[i].help);
		free(left);
	}
}

void fp_command_help(struct fp_buf *b, const struct fp_command *c)
{
	fp_command_usage(b, c);
	fp_buf_addf(b, "\n\n%s%s\n\n", c->help, c->flags & FP_CMD_WRITES ? " Asks before it writes; without a terminal it needs --yes." : "");
	help_options(b, c->options, FP_OPTIONS_MAX);
	help_options(b, fp_common_options, N_COMMON);
}

const char *fp_who(void)
{
	static char *who;
	struct passwd *pw;

	if (who)
		return who;
	pw = getpwuid(geteuid());
	return who = pw ? fp_strdup(pw->pw_name) : fp_asprintf("uid %ld", (long)geteuid());
}

enum fp_status fp_can_confirm(const struct fp_invocation *inv, struct fp_error *err)
{
	if (inv->yes || (isatty(0) && isatty(2)))
		return FP_OK;
	return fp_fail(err, FP_E_USAGE, "\"%s\" writes, and there is no terminal to ask on: add --yes", inv->command->name);
}

enum fp_status fp_confirm(const struct fp_invocation *inv, struct fp_error *err, const char *fmt, ...)
{
	struct fp_buf question = FP_BUF_INIT;
	char answer[16] = "";
	enum fp_status st = fp_can_confirm(inv, err);
	va_list ap;

	if (st != FP_OK || inv->yes)
		return st;
	va_start(ap, fmt);
	fp_buf_vaddf(&question, fmt, ap);
	va_end(ap);
	fp_say("%s [y/N] ", question.data);
	fp_buf_free(&question);
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return fp_fail(err, FP_E_CANCELLED, "nothing was done");
	return FP_OK;
}
