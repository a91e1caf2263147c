/* fieldpost completion: what bash needs to know of the command table, and the little program that uses it. */
#include <stdio.h>
#include <string.h>

#include "src/commands.h"

static const char program[] =
	"_fieldpost() {\n"
	"\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" said=() words=\"\" one two i\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase \"${COMP_WORDS[i]}\" in\n"
	"\t\t--home) i=$((i + 1)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) said+=(\"${COMP_WORDS[i]}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcase \"$cur\" in\n"
	"\t-*) COMPREPLY=($(compgen -W \"$_fieldpost_common ${_fieldpost_options[\"${said[*]:0:2}\"]-} ${_fieldpost_options[\"${said[*]:0:1}\"]-}\" -- \"$cur\"))\n"
	"\t\treturn ;;\n"
	"\tesac\n"
	"\twhile read -r one two; do\n"
	"\t\tcase ${#said[@]} in\n"
	"\t\t0) words=\"$words $one\" ;;\n"
	"\t\t1) if [ \"$one\" = \"${said[0]}\" ]; then words=\"$words $two\"; fi ;;\n"
	"\t\tesac\n"
	"\tdone <<<\"$_fieldpost_commands\"\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\" | sort -u))\n"
	"\tif [ -z \"${words// /}\" ]; then COMPREPLY=($(compgen -f -- \"$cur\")); fi\n"
	"}\n"
	"complete -o filenames -F _fieldpost fieldpost\n";

static void print_options(const struct fp_option *o, size_t max)
{
	for (size_t i = 0; i < max && o[i].name; i++)
		printf("%s--%s", i ? " " : "", o[i].name);
}

static enum fp_status completion(struct fp_invocation *inv, struct fp_error *err)
{
	if (strcmp(inv->argv[0], "bash") != 0)
		return fp_fail(err, FP_E_USAGE, "completion is there for bash, not for \"%s\"", inv->argv[0]);
	printf("# fieldpost's completion for bash\n_fieldpost_commands='");
	for (const struct fp_command *const *c = fp_commands; *c; c++)
		printf("%s%s", c == fp_commands ? "" : "\n", (*c)->name);
	printf("'\n_fieldpost_common='");
	print_options(fp_common_options, SIZE_MAX);
	printf("'\ndeclare -gA _fieldpost_options=(\n");
	for (const struct fp_command *const *c = fp_commands; *c; c++) {
		printf("\t['%s']='", (*c)->name);
		print_options((*c)->options, FP_OPTIONS_MAX);
		printf("'\n");
	}
	printf(")\n%s", program);
	return FP_OK;
}

const struct fp_command fp_cmd_completion = {
	.name = "completion", .args = "SHELL", .min_args = 1, .max_args = 1, .run = completion,
	.help = "Print what bash needs to complete commands and options, as in: . <(fieldpost completion bash)",
};
