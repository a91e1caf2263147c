/* The console alone on an existing home, for tests and benchmarks on a terminal: ui_host HOME [engine|read-only|ascii|:COMMAND ...] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/console.h"

int main(int argc, char **argv)
{
	struct fp_console_options o = { .no_engine = 1, .who = "tester", .script = getenv("FIELDPOST_SCRIPT") };
	struct fp_config conf;
	struct fp_store *s;
	struct fp_error err = {0};

	for (int i = 2; i < argc; i++) {
		o.read_only |= strcmp(argv[i], "read-only") == 0;
		o.no_engine &= strcmp(argv[i], "engine") != 0;
		o.ascii |= strcmp(argv[i], "ascii") == 0;
		if (*argv[i] == ':')
			o.start = argv[i];
	}
	if (argc < 2 || fp_config_read(&conf, argv[1], &err) || fp_store_open(&s, argv[1], 0, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 3;
	}
	if (fp_console_run(s, &conf, &o, &err))
		fprintf(stderr, "%s (%s)\n", err.msg, err.hint);
	fp_store_close(s);
	return err.code != FP_OK;
}
