/* fieldpost help, and the sections of the manual page that come from the tables (doc/local.mk). */
#include <stdio.h>
#include <string.h>

#include "engine/base/buf.h"
#include "src/commands.h"
#include "src/output.h"
#include "ui/console.h"

/* TEXT in lines of at most COLUMNS, each after INDENT blanks. */
static void wrapped(const char *text, int indent, int columns)
{
	int at = 0;

	for (const char *end; *text; text = end + strspn(end, " ")) {
		int n = (int)strcspn(text, " ");
		end = text + n;
		if (at && at + 1 + n > columns) {
			printf("\n");
			at = 0;
		}
		printf("%*s%.*s", at ? 1 : indent, "", n, text);
		at += at ? 1 + n : indent + n;
	}
	printf("\n");
}

static void overview(void)
{
	printf("fieldpost " FP_VERSION ": projects, changes and jobs of QField, without QGIS\n\n"
		"usage: fieldpost [--home DIR] [COMMAND ...]      without a command: the console\n\n");
	for (const struct fp_command *const *c = fp_commands; *c; c++) {
		printf("  %s%s%s\n", (*c)->name, *(*c)->args ? " " : "", (*c)->args);
		wrapped((*c)->help, 6, 78);
	}
	printf("\nEvery command takes --json, --plain and --help. Those that write ask first;\nwithout a terminal they need --yes.\n"
		"Exit codes: 0 done, 1 done but something in it failed, 2 wrong usage,\n3 could not do it.\n"
		"The home is --home, else $FIELDPOST_HOME, else fieldpost in $XDG_DATA_HOME\nor ~/.local/share.\n");
}

/* TEXT for mdoc: a backslash begins an escape, a line must not begin with a control character, and a sentence begins on a line of its own. */
static void mdoc_text(struct fp_buf *b, const char *text)
{
	if (*text == '.' || *text == '\'')
		fp_buf_adds(b, "\\&");
	for (const char *begin = text; *text; text++)
		if (*text == '\\')
			fp_buf_adds(b, "\\e");
		else if (*text == ' ' && text > begin && strchr(".:", text[-1]) && text[1] >= 'A' && text[1] <= 'Z')
			fp_buf_addc(b, '\n');
		else
			fp_buf_addc(b, *text);
}

static void mdoc_options(struct fp_buf *b, const struct fp_option *o, size_t max)
{
	if (max == 0 || !o[0].name)
		return;
	fp_buf_adds(b, ".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; i < max && o[i].name; i++) {
		fp_buf_addf(b, ".It Fl -%s", o[i].name);
		if (o[i].arg)
			fp_buf_addf(b, " Ar %s", o[i].arg);
		fp_buf_addc(b, '\n');
		mdoc_text(b, o[i].help);
		fp_buf_addc(b, '\n');
	}
	fp_buf_adds(b, ".El\n");
}

/* "NAME [FILTER...]" as its parts; what is optional stands last. */
static void mdoc_args(struct fp_buf *b, const char *args)
{
	int optional = 0;

	while (*(args += strspn(args, " "))) {
		size_t n = strcspn(args, " "), word = strcspn(args, " .]");

		if (*args == '[' && !optional)
			fp_buf_adds(b, " Op");
		optional |= *args == '[';
		fp_buf_adds(b, " Ar ");
		fp_buf_add(b, args + (*args == '['), word - (*args == '['));
		if (args[word] == '.')
			fp_buf_adds(b, " ...");
		args += n;
	}
}

static void mdoc_commands(struct fp_buf *b)
{
	fp_buf_adds(b, ".Bl -tag -width Ds\n");
	for (const struct fp_command *const *c = fp_commands; *c; c++) {
		fp_buf_addf(b, ".It Ic %s", (*c)->name);
		mdoc_args(b, (*c)->args);
		fp_buf_addc(b, '\n');
		mdoc_text(b, (*c)->help);
		fp_buf_addc(b, '\n');
		mdoc_options(b, (*c)->options, FP_OPTIONS_MAX);
	}
	fp_buf_adds(b, ".El\n");
}

static void mdoc_key(void *arg, const char *name, const char *keys, const char *help, int writes)
{
	struct fp_buf *b = arg;

	(void)writes;
	if (*keys) {
		fp_buf_adds(b, ".It Ql ");
		mdoc_text(b, keys);
		fp_buf_addf(b, " Pq Ic :%s\n", name);
	} else {
		fp_buf_addf(b, ".It Ic :%s\n", name);
	}
	mdoc_text(b, help);
	fp_buf_addc(b, '\n');
}

static enum fp_status mdoc(const char *what, struct fp_error *err)
{
	struct fp_buf b = FP_BUF_INIT;

	if (strcmp(what, "commands") == 0) {
		mdoc_commands(&b);
	} else if (strcmp(what, "options") == 0) {
		size_t n = 0;
		while (fp_common_options[n].name)
			n++;
		mdoc_options(&b, fp_common_options, n);
	} else if (strcmp(what, "keys") == 0) {
		fp_buf_adds(&b, ".Bl -tag -width Ds -compact\n");
		fp_keys_each(mdoc_key, &b);
		fp_buf_adds(&b, ".El\n");
	} else {
		return fp_fail(err, FP_E_USAGE, "--mdoc prints commands, options or keys, not \"%s\"", what);
	}
	fputs(b.data, stdout);
	fp_buf_free(&b);
	return FP_OK;
}

static enum fp_status help(struct fp_invocation *inv, struct fp_error *err)
{
	const struct fp_command *c;
	struct fp_buf b = FP_BUF_INIT;
	int words;

	if (fp_opt(inv, "mdoc"))
		return mdoc(fp_opt(inv, "mdoc"), err);
	if (inv->argc == 0) {
		overview();
		return FP_OK;
	}
	c = fp_command_find(inv->argc, inv->argv, &words);
	if (!c || words != inv->argc) {
		fp_fail(err, FP_E_USAGE, "there is no command \"%s%s%s\"", inv->argv[0], inv->argc > 1 ? " " : "", inv->argc > 1 ? inv->argv[1] : "");
		fp_error_hint(err, "see \"fieldpost help\"");
		return FP_E_USAGE;
	}
	fp_command_help(&b, c);
	fputs(b.data, stdout);
	fp_buf_free(&b);
	return FP_OK;
}

const struct fp_command fp_cmd_help = {
	.name = "help", .args = "[COMMAND...]", .max_args = 2, .run = help,
	.help = "List the commands, or say what one does and takes.",
	.options = {{"mdoc", "commands|options|keys", "print that section of the manual page"}},
};
