/* The console with its engine at work, on a terminal, with a worker that does as it is told. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "tests/engine_home.h"
#include "tests/pty.h"

static struct home h;
static struct pty p;

static void setup(void)
{
	home_open(&h);
}

static void teardown(void)
{
	pty_free(&p);
	home_close(&h);
}

TestSuite(ui_engine, .timeout = 60, .init = setup, .fini = teardown);

#define SHOWS(text) cr_assert(pty_wait(&p, (text), 15000), "does not show \"%s\":\n%s", (text), pty_text(&p))

static void start(const char *script)
{
	char *host = fp_asprintf("%s/tests/ui_host", getenv("FIELDPOST_BUILD")), engine[] = "engine", jobs[] = ":jobs";
	char *const argv[] = { host, h.path, engine, jobs, NULL };
	struct fp_error err;

	setenv("LC_ALL", "C.UTF-8", 1);
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, script);
	pty_start(&p, 24, 80, argv);
	free(host);
	SHOWS("There is no job yet.");
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
}

static void ends_well(void)
{
	int status = pty_end(&p, 20000);

	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	cr_expect_not_null(strstr(p.raw.data, "\033[?1049l"));
}

Test(ui_engine, a_job_asked_for_elsewhere_runs_and_its_log_is_seen_live)
{
	start("log info hello from the worker\nsleep 1000\nlog info and a second line\nevent project {\"file\":\"p.qgs\",\"title\":\"T\",\"crs\":\"EPSG:2056\"}");
	SHOWS("started");
	SHOWS("1 running");
	pty_type(&p, "\r");
	SHOWS("hello from the worker");
	cr_expect_eq(home_number(&h, "SELECT status = 'started' FROM job"), 1);
	SHOWS("and a second line");
	SHOWS("process_projectfile finished");
	pty_type(&p, "Q");
	ends_well();
}

Test(ui_engine, a_running_job_is_cancelled_after_a_question)
{
	start("deaf\nlog info working\nsleep 60000");
	SHOWS("started");
	pty_type(&p, "x");
	SHOWS("Cancel job 1 (process_projectfile of Bees)?");
	pty_type(&p, "y");
	SHOWS("stopped");
	cr_expect_str_eq(home_text(&h, "SELECT status FROM job WHERE id = 1"), "stopped");
	pty_type(&p, "Q");
	ends_well();
}

Test(ui_engine, quitting_asks_when_a_job_runs_and_leaves_it_to_the_next_engine)
{
	start("log info working\nsleep 60000");
	SHOWS("1 running");
	pty_type(&p, "Q");
	SHOWS("1 job runs in this console and would be interrupted");
	pty_type(&p, "n");
	SHOWS("Nothing was done.");
	pty_type(&p, "\003");
	SHOWS("would be interrupted");
	pty_type(&p, "y");
	ends_well();
	cr_expect_str_eq(home_text(&h, "SELECT status FROM job WHERE id = 1"), "failed");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM job WHERE status = 'pending'"), 1);
}

Test(ui_engine, sigterm_writes_down_what_it_interrupts)
{
	start("log info working\nsleep 60000");
	SHOWS("1 running");
	cr_assert_eq(kill(p.pid, SIGTERM), 0);
	ends_well();
	cr_expect_str_eq(home_text(&h, "SELECT status FROM job WHERE id = 1"), "failed");
	cr_expect_eq(home_number(&h, "SELECT count(*) FROM job WHERE status = 'pending'"), 1);
}

Test(ui_engine, a_line_that_breaks_ends_the_console_cleanly)
{
	start("log info working\nsleep 60000");
	SHOWS("1 running");
	close(p.fd);
	p.fd = open("/dev/null", O_RDWR);
	for (int i = 0; i < 400 && home_number(&h, "SELECT status = 'failed' FROM job WHERE id = 1") != 1; i++)
		usleep(50000);
	cr_expect_str_eq(home_text(&h, "SELECT status FROM job WHERE id = 1"), "failed");
	waitpid(p.pid, NULL, 0);
	p.pid = 0;
}

/* The real program and the sample: a person at a terminal sees how far it is, and the line is gone when there is something to read. */
Test(ui_engine, a_package_of_plain_files_shows_how_far_it_is_and_then_what_is_in_it)
{
	char *program = fp_asprintf("%s/fieldpost", getenv("FIELDPOST_BUILD")), *project = fp_asprintf("%s/data/sample/project/trees.qgs", getenv("FIELDPOST_SOURCE"));
	char *to = fp_asprintf("%s/packaged", h.path), verb[] = "package";
	char *const argv[] = { program, verb, project, to, NULL };
	int status;

	setenv("FIELDPOST_LIBEXEC", getenv("FIELDPOST_BUILD"), 1);
	pty_start(&p, 24, 80, argv);
	status = pty_end(&p, 20000);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", status, pty_text(&p));
	cr_expect_not_null(strstr(p.raw.data, "\r\033[Kverifying"));
	cr_expect_null(strstr(pty_text(&p), "verifying"), "%s", pty_text(&p));
	cr_expect_not_null(strstr(pty_text(&p), "8 files in "), "%s", pty_text(&p));
	free(program);
	free(project);
	free(to);
}
