#include <errno.h>
#include <fcntl.h>
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

/* Opens what the command needs, runs it, and makes sure that its answer really went out. */
static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	int home = inv->command->flags & FP_CMD_HOME;
	enum fp_status st = inv->command->flags & FP_CMD_WRITES && !(inv->command->preview && fp_opt(inv, inv->command->preview)) ? fp_can_confirm(inv, err) : FP_OK;

	if (st == FP_OK && inv->command->flags & (FP_CMD_HOME | FP_CMD_CONFIG))
		st = fp_config_read(&inv->config, home ? inv->home : NULL, err);
	if (st == FP_OK && home)
		st = fp_store_open(&inv->store, inv->home, 0, err);
	if (st == FP_OK)
		st = inv->command->run(inv, err);
	fp_store_close(inv->store);
	if (st == FP_OK && fflush(stdout) != 0)
		st = fp_fail_errno(err, errno, "cannot write the answer");
	else if (st == FP_OK && ferror(stdout)) /* why, only the write that failed knew */
		st = fp_fail(err, FP_E_IO, "cannot write the answer: what it goes to is full or gone");
	return st;
}

static void print_help(const struct fp_command *c)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_command_help(&b, c);
	fputs(b.data, stdout);
	fp_buf_free(&b);
}

/* Where one of the three is closed, the next file that is opened would take its number, and the answer would go into a file of the home. */
static void take_numbers(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY); /* an answer that cannot be written is told */
}

int main(int argc, char **argv)
{
	struct fp_invocation inv = {.home = default_home()};
	struct fp_error err = {0};
	static char help[] = "help";
	enum fp_status st;

	take_numbers();
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* files and --json are the same everywhere */
	signal(SIGPIPE, SIG_DFL);
	if (sodium_init() < 0) {
		fputs("fieldpost: the system gives no random numbers\n", stderr);
		return 3;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("fieldpost " FP_VERSION);
		return 0;
	}
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		argv[1] = help;
	st = fp_command_line(&inv, argc, argv, &err);
	if (st == FP_OK && inv.help)
		print_help(inv.command);
	else if (st == FP_OK)
		st = run(&inv, &err);
	free(inv.args);
	return st == FP_OK ? inv.exit_code : complain(&err, inv.command);
}
