#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "src/command.h"
#include "src/output.h"

static int complain(const struct fp_error *err, const struct fp_command *c)
{
	fp_say("fieldpost: %s%s%s%s\n", err->msg, *err->hint ? " (" : "", err->hint, *err->hint ? ")" : "");
	if (err->code == FP_E_USAGE && c) {
		struct fp_buf b = FP_BUF_INIT;
		fp_command_usage(&b, c);
		fp_say("%s\n", b.data);
		fp_buf_free(&b);
	}
	return err->code == FP_E_USAGE ? 2 : 3;
}

static const char *default_home(void)
{
	static char *home;

	if (getenv("FIELDPOST_HOME") && *getenv("FIELDPOST_HOME"))
		return getenv("FIELDPOST_HOME");
	if (home)
		return home;
	if (getenv("XDG_DATA_HOME") && *getenv("XDG_DATA_HOME"))
		return home = fp_path_join(getenv("XDG_DATA_HOME"), "fieldpost");
	return home = fp_path_join(getenv("HOME") ? getenv("HOME") : "/", ".local/share/fieldpost");
}

int main(int argc, char **argv)
{
	struct fp_invocation inv = {.home = default_home()};
	struct fp_error err = {0};
	enum fp_status st;
	int words;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_DFL);
	if (sodium_init() < 0) {
		fputs("fieldpost: the system gives no random numbers\n", stderr);
		return 3;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("fieldpost " FP_VERSION);
		return 0;
	}
	inv.command = fp_command_find(argc - 1, argv + 1, &words);
	if (!inv.command) {
		fp_fail(&err, FP_E_USAGE, "there is no command \"%s\"", argc > 1 ? argv[1] : "");
		fp_error_hint(&err, "see \"fieldpost help\"");
		return complain(&err, NULL);
	}
	st = fp_command_parse(&inv, argc - words, argv + words, &err);
	if (st == FP_OK)
		st = fp_config_read(&inv.config, inv.command->flags & FP_CMD_HOME ? inv.home : NULL, &err);
	if (st == FP_OK)
		st = inv.command->run(&inv, &err);
	return st == FP_OK ? inv.exit_code : complain(&err, inv.command);
}
