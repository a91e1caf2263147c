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

const char *fp_opt(const struct fp_invocation *inv, const char *name)
{
	for (size_t i = 0; i < FP_OPTIONS_MAX && inv->command->options[i].name; i++)
		if (strcmp(inv->command->options[i].name, name) == 0)
			return inv->values[i];
	fp_assert(!"the command has this option");
	return NULL;
}

const struct fp_command *fp_command_find(int argc, char **argv, int *words)
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

enum { OPT_JSON = 256, OPT_PLAIN, OPT_YES, OPT_HOME, OPT_OWN };

enum fp_status fp_command_parse(struct fp_invocation *inv, int argc, char **argv, struct fp_error *err)
{
	struct option longs[FP_OPTIONS_MAX + 5] = {
		{"json", no_argument, NULL, OPT_JSON}, {"plain", no_argument, NULL, OPT_PLAIN}, {"yes", no_argument, NULL, OPT_YES},
		{"home", required_argument, NULL, OPT_HOME},
	};
	const struct fp_command *c = inv->command;
	int opt, at = 0;

	for (size_t i = 0; i < FP_OPTIONS_MAX && c->options[i].name; i++)
		longs[4 + i] = (struct option){c->options[i].name, c->options[i].arg ? required_argument : no_argument, NULL, OPT_OWN + (int)i};
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":o:h", longs, &at)) != -1) {
		switch (opt) {
		case OPT_JSON: inv->json = 1; break;
		case OPT_PLAIN: inv->plain = 1; break;
		case OPT_YES: inv->yes = 1; break;
		case OPT_HOME: inv->home = optarg; break;
		case ':':
			return fp_fail(err, FP_E_USAGE, "%s needs a value", argv[optind - 1]);
		case '?':
			return fp_fail(err, FP_E_USAGE, "\"%s\" has no option %s", c->name, argv[optind - 1]);
		case 'o': /* the short form of --output, where a command has it */
			for (at = 0; at < FP_OPTIONS_MAX && c->options[at].name && strcmp(c->options[at].name, "output") != 0; at++)
				;
			if (at == FP_OPTIONS_MAX || !c->options[at].name)
				return fp_fail(err, FP_E_USAGE, "\"%s\" has no option -o", c->name);
			inv->values[at] = optarg;
			break;
		default:
			if (opt < OPT_OWN)
				return fp_fail(err, FP_E_USAGE, "\"%s\" has no option -%c", c->name, opt);
			inv->values[opt - OPT_OWN] = optarg ? optarg : "";
		}
	}
	inv->argc = argc - optind;
	inv->argv = argv + optind;
	if (inv->argc < c->min_args)
		return fp_fail(err, FP_E_USAGE, "\"%s\" needs %s", c->name, c->args);
	if (c->max_args >= 0 && inv->argc > c->max_args)
		return fp_fail(err, FP_E_USAGE, "\"%s\" does not know what to do with \"%s\"", c->name, inv->argv[c->max_args]);
	return FP_OK;
}

void fp_command_usage(struct fp_buf *b, const struct fp_command *c)
{
	fp_buf_addf(b, "usage: fieldpost %s%s%s", c->name, *c->args ? " " : "", c->args);
	for (size_t i = 0; i < FP_OPTIONS_MAX && c->options[i].name; i++)
		fp_buf_addf(b, " [--%s%s%s]", c->options[i].name, c->options[i].arg ? " " : "", c->options[i].arg ? c->options[i].arg : "");
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

enum fp_status fp_confirm(const struct fp_invocation *inv, struct fp_error *err, const char *fmt, ...)
{
	struct fp_buf question = FP_BUF_INIT;
	char answer[16] = "";
	va_list ap;

	if (inv->yes)
		return FP_OK;
	if (!isatty(0) || !isatty(2))
		return fp_fail(err, FP_E_USAGE, "\"%s\" writes, and there is no terminal to ask on: add --yes", inv->command->name);
	va_start(ap, fmt);
	fp_buf_vaddf(&question, fmt, ap);
	va_end(ap);
	fp_say("%s [y/N] ", question.data);
	fp_buf_free(&question);
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return fp_fail(err, FP_E_CANCELLED, "not done");
	return FP_OK;
}
