/* fieldpost console: what `fieldpost` alone does. */
#include <stdlib.h>

#include "src/commands.h"
#include "ui/console.h"

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_console_options o = {
		.ascii = fp_opt(inv, "ascii") != NULL,
		.read_only = fp_opt(inv, "read-only") != NULL,
		.no_mouse = fp_opt(inv, "no-mouse") != NULL,
		.no_engine = fp_opt(inv, "no-engine") != NULL,
		.start = inv->argc ? inv->argv[0] : NULL,
		.script = getenv("FIELDPOST_SCRIPT"),
		.who = fp_who(),
	};

	return fp_console_run(inv->store, &inv->config, &o, err);
}

const struct fp_command fp_cmd_console = {
	.name = "console", .args = "[:COMMAND]", .max_args = 1, .flags = FP_CMD_HOME, .run = run,
	.help = "Open the console (so does fieldpost alone); jobs run while it is open.",
	.options = {
		{"ascii", NULL, "nothing but ASCII on the screen"},
		{"read-only", NULL, "keys that write are off, and no jobs are run"},
		{"no-mouse", NULL, "leave the mouse to the terminal"},
		{"no-engine", NULL, "leave jobs to other engines of this home"},
	},
};
