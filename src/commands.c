#include "src/command.h"
#include "src/commands.h"

const struct fp_command *const fp_commands[] = {
	&fp_cmd_check,
	&fp_cmd_apply,
	NULL
};
