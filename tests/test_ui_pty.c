/* The console on a terminal, as a person at the other end of a line has it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/store/db.h"
#include "engine/store/secrets.h"
#include "tests/pty.h"
#include "tests/ui_home.h"

#define ENTERED "\033[?1049h"
#define LEFT "\033[?1049l"

TestSuite(ui_pty, .timeout = 60);

static struct pty p;
static struct fp_store *home;

static void start_with(struct fp_store *s, const char *env, int lines, int columns, const char *option)
{
	char path[] = "/usr/bin/env", *set = fp_strdup(env ? env : "TZ=UTC"), *host = fp_asprintf("%s/tests/ui_host", getenv("FIELDPOST_BUILD"));
	char *where = fp_strdup(fp_store_home(s)), *more = fp_strdup(option ? option : "utf8");
	char *const argv[] = { path, set, host, where, more, NULL };

	home = s;
	setenv("FIELDPOST_NOW_MS", "1795435200000", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	pty_start(&p, lines, columns, argv);
	free(set);
	free(host);
	free(where);
	free(more);
}

static void finish(void)
{
	pty_free(&p);
	ui_home_remove(home);
}

#define SHOWS(text) cr_assert(pty_wait(&p, (text), 10000), "does not show \"%s\":\n%s", (text), pty_text(&p))

/* The terminal is as it was: main screen, echo and lines. */
static void restored(void)
{
	struct termios t;
	const char *left = strstr(p.raw.data, LEFT);

	cr_expect_not_null(strstr(p.raw.data, ENTERED));
	cr_expect_not_null(left);
	cr_expect(!left || !strstr(left, ENTERED));
	cr_assert_eq(tcgetattr(p.fd, &t), 0);
	cr_expect(t.c_lflag & ICANON);
	cr_expect(t.c_lflag & ECHO);
	cr_expect(t.c_lflag & ISIG);
}

Test(ui_pty, it_starts_answers_keys_and_gives_the_terminal_back)
{
	int status;

	start_with(ui_home_small(), NULL, 24, 80, NULL);
	SHOWS("1 of 3");
	pty_type(&p, "j");
	SHOWS("2 of 3");
	pty_type(&p, "\033[B");
	SHOWS("3 of 3");
	pty_type(&p, "\033OA\033[1;5Q\033[24~");
	SHOWS("2 of 3");
	pty_type(&p, "Q");
	status = pty_end(&p, 10000);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	restored();
	finish();
}

Test(ui_pty, a_new_size_is_drawn_at_once)
{
	start_with(ui_home_small(), NULL, 24, 80, NULL);
	SHOWS("1 of 3");
	pty_resize(&p, 40, 120);
	SHOWS("Size Files");
	pty_resize(&p, 8, 30);
	SHOWS("Fieldpost needs");
	pty_resize(&p, 24, 80);
	SHOWS("1 of 3");
	finish();
}

static void dies_of(int sig, int by_signal)
{
	int status;

	start_with(ui_home_small(), NULL, 24, 80, NULL);
	SHOWS("1 of 3");
	cr_assert_eq(kill(p.pid, sig), 0);
	status = pty_end(&p, 20000);
	if (by_signal)
		cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == sig, "status %x", status);
	else
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	restored();
	finish();
}

Test(ui_pty, sigterm_gives_the_terminal_back)
{
	dies_of(SIGTERM, 0);
}

Test(ui_pty, sighup_gives_the_terminal_back)
{
	dies_of(SIGHUP, 0);
}

Test(ui_pty, a_segmentation_fault_gives_the_terminal_back)
{
	dies_of(SIGSEGV, 1);
}

Test(ui_pty, an_abort_gives_the_terminal_back)
{
	dies_of(SIGABRT, 1);
}

Test(ui_pty, it_can_be_put_aside_and_called_back)
{
	char sh[] = "/bin/sh", i[] = "-i", *const argv[] = { sh, i, NULL };
	char *line;

	home = ui_home_small();
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("PS1", "ready>", 1);
	line = fp_asprintf("%s/tests/ui_host %s\n", getenv("FIELDPOST_BUILD"), fp_store_home(home));
	pty_start(&p, 24, 80, argv);
	SHOWS("ready>");
	pty_type(&p, line);
	SHOWS("1 of 3");
	pty_type(&p, "j\032");
	SHOWS("ready>");
	cr_expect_not_null(strstr(p.raw.data, LEFT));
	pty_type(&p, "fg\n");
	SHOWS("2 of 3");
	pty_type(&p, "Q");
	SHOWS("ready>");
	free(line);
	finish();
}

Test(ui_pty, what_another_process_writes_appears_by_itself)
{
	start_with(ui_home_small(), NULL, 24, 80, ":jobs");
	SHOWS("1 of 5");
	ui_home_run(home, "UPDATE job SET status = 'stopped', finished_at = 1795435190000, verdict = 'was cancelled by somebody else' WHERE id = 5");
	SHOWS("cancelled by som");
	finish();
}

Test(ui_pty, two_consoles_see_each_other_s_work)
{
	char *host = fp_asprintf("%s/tests/ui_host", getenv("FIELDPOST_BUILD")), jobs[] = ":jobs", *where;
	struct pty other;

	start_with(ui_home_small(), NULL, 24, 80, ":jobs");
	where = fp_strdup(fp_store_home(home));
	SHOWS("1 of 5");
	pty_start(&other, 40, 120, (char *const[]){ host, where, jobs, NULL });
	cr_assert(pty_wait(&other, "1 of 5", 10000));
	pty_type(&other, "xy");
	cr_assert(pty_wait(&other, "stopped", 10000));
	SHOWS("stopped");
	pty_free(&other);
	free(where);
	free(host);
	finish();
}

Test(ui_pty, terminals_without_colours_or_a_mouse_will_do)
{
	start_with(ui_home_small(), "TERM=vt100", 24, 80, ":layers");
	SHOWS("invalid_dataprovider");
	pty_type(&p, "\033OB");
	SHOWS("2 of 4");
	finish();
	start_with(ui_home_small(), "LC_ALL=C", 24, 80, NULL);
	SHOWS("orchard ?pfel");
	for (size_t i = 0; i < p.raw.len; i++)
		cr_assert((unsigned char)p.raw.data[i] < 0x80);
	finish();
}

Test(ui_pty, hostile_names_never_become_escapes)
{
	struct fp_store *s = ui_home_small();

	ui_home_run(s, "UPDATE project SET name = char(27) || ']0;pwned' || char(7) || char(27) || '[5;31mred' || char(155) || '31m', title = char(27) || 'c'");
	start_with(s, NULL, 24, 80, NULL);
	SHOWS("]0;pwned");
	pty_type(&p, "\r");
	SHOWS("Project file");
	pty_type(&p, "y");
	SHOWS("Copied");
	cr_expect_null(strstr(p.raw.data, "\033]0;"));
	cr_expect_null(strstr(p.raw.data, "\033[5;31m"));
	cr_expect_null(strstr(p.raw.data, "\033c"));
	cr_expect_null(memchr(p.raw.data, 7, p.raw.len));
	finish();
}

Test(ui_pty, the_row_is_copied_by_osc_52)
{
	start_with(ui_home_small(), NULL, 24, 80, ":changes");
	SHOWS("1 of 12");
	pty_type(&p, "y");
	SHOWS("Copied");
	cr_expect_not_null(strstr(p.raw.data, "\033]52;c;"));
	finish();
}

Test(ui_pty, clicks_and_the_wheel_move_the_cursor)
{
	start_with(ui_home_small(), NULL, 24, 80, ":changes");
	SHOWS("1 of 12");
	cr_assert_not_null(strstr(p.raw.data, "\033[?1006;1000h"), "no mouse mode was asked for");
	pty_type(&p, "\033[<0;10;7M\033[<0;10;7m");
	SHOWS("4 of 12");
	pty_type(&p, "\033[<65;10;7M");
	SHOWS("7 of 12");
	pty_type(&p, "\033[<0;27;2M\033[<0;27;2m");
	SHOWS("What came of it");
	finish();
}

Test(ui_pty, no_color_means_none)
{
	start_with(ui_home_small(), "NO_COLOR=1", 24, 80, ":layers");
	SHOWS("invalid_dataprovider");
	for (const char *s = p.raw.data; (s = strstr(s, "\033[3")); s++)
		cr_expect(s[3] < '0' || s[3] > '7' || (s[4] != 'm' && s[4] != ';'), "a colour: %.8s", s + 1);
	finish();
}

static void refused(const char *env, const char *says)
{
	int status;

	start_with(ui_home_empty(), env, 24, 80, NULL);
	status = pty_end(&p, 10000);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	cr_expect_not_null(strstr(p.raw.data, says), "%s", p.raw.data);
	cr_expect_not_null(strstr(p.raw.data, "fieldpost project list"), "%s", p.raw.data);
	cr_expect_null(strstr(p.raw.data, ENTERED));
	finish();
}

Test(ui_pty, a_dumb_terminal_is_told_what_to_use_instead)
{
	refused("TERM=dumb", "(TERM=dumb) cannot show the console");
}

Test(ui_pty, typed_text_is_utf_8)
{
	start_with(ui_home_small(), NULL, 24, 80, NULL);
	SHOWS("1 of 3");
	pty_type(&p, "/\xc3\xa4pfel\r");
	SHOWS("1 of 3  filter: \xc3\xa4pfel");
	pty_type(&p, "\033");
	SHOWS("2 of 3");
	finish();
}

Test(ui_pty, keys_are_answered_while_a_secret_is_tested)
{
	static const char value[] = "[silent]\nhost=a\n";
	char *fake = fp_asprintf("FIELDPOST_LIBEXEC=%s/tests/fake", getenv("FIELDPOST_BUILD"));
	struct fp_store *s = ui_home_small();
	struct fp_error err;

	ui_home_run(s, "UPDATE project SET network = 'on'");
	ui_home_run(s, "DELETE FROM secret"); /* they were never encrypted */
	cr_assert_eq(fp_secret_set(s, UI_BEES, "SILENT", "pgservice", value, sizeof value - 1, "anna", &err), FP_OK, "%s", err.msg);
	start_with(s, fake, 24, 100, ":secrets bees");
	SHOWS("1 of 3");
	pty_type(&p, "Gt");
	SHOWS("Secret SILENT is being tested...");
	SHOWS("being tested");
	pty_type(&p, "k");
	SHOWS("2 of 3");
	pty_type(&p, "g");
	SHOWS("1 of 3");
	pty_type(&p, "Q");
	cr_assert_eq(pty_end(&p, 10000), 0);
	restored();
	free(fake);
	finish();
}
