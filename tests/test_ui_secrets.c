/* Secrets in the console: set by prompts, removed after a question, tested by a prober; their values are on no screen. */
#include <criterion/criterion.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/queue/secret_test.h"
#include "engine/store/secrets.h"
#include "tests/ui_home.h"
#include "tests/ui_screen.h"

#define PLAIN "Xyzzy-plugh-4711"

TestSuite(ui_secrets, .timeout = 60);

static struct ui u;

/* The small home, without the secrets that are only for the eye. */
static void open_ui(const struct fp_console_options *o)
{
	struct fp_store *home = ui_home_small();

	cr_assert_geq(sodium_init(), 0);
	ui_home_run(home, "DELETE FROM secret");
	ui_open(&u, home, 24, 80, o);
	ui_do(&u, ":secrets bees");
}

#define SHOWS(text) cr_assert(ui_shows(&u, (text)))

/* Types TEXT a key at a time; the screen shows nothing of PLAIN meanwhile. */
static void types_unseen(const char *text)
{
	for (; *text; text++) {
		char key[2] = {*text, '\0'};
		ui_do(&u, *text == '<' ? "<Enter>" : key);
		cr_assert_null(strstr(ui_screen(&u), "Xyz"), "%s", ui_screen(&u));
		if (*text == '<')
			break;
	}
}

static void holds(const char *name, const char *value, const char *pgservice)
{
	json_t *envvars;
	char *services;
	struct fp_error err;

	cr_assert_eq(fp_secrets_for_job(u.store, UI_BEES, &envvars, &services, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(fp_json_str_or(envvars, name, ""), value);
	cr_assert_str_eq(services, pgservice);
	fp_secrets_wipe(envvars, services);
}

Test(ui_secrets, a_service_that_layers_miss_is_set_part_by_part_and_is_missing_no_more)
{
	open_ui(NULL);
	SHOWS("forest");
	SHOWS("missing");
	ui_do(&u, "gn");
	SHOWS("Name of the secret (CAPITALS_AND_DIGITS_1): FOREST");
	ui_do(&u, "<Enter><Enter>");
	SHOWS("1/7 Service, as layers call it: forest");
	ui_do(&u, "<Enter>db.example<Enter>");
	SHOWS("3/7 Port: 5432");
	ui_do(&u, "<Enter>gis<Enter>reader<Enter>");
	types_unseen(PLAIN);
	SHOWS("6/7 Password (not shown): ****************");
	ui_do(&u, "<Backspace><Backspace><Enter>");
	SHOWS("7/7 sslmode");
	SHOWS("prefer");
	ui_do(&u, "<Enter>");
	SHOWS("Secret FOREST is set. ");
	holds("", "", "[forest]\nhost=db.example\nport=5432\ndbname=gis\nuser=reader\npassword=Xyzzy-plugh-47\nsslmode=prefer\n\n");
	ui_tick(&u);
	ui_do(&u, ":secrets state:missing");
	cr_assert_null(strstr(ui_screen(&u), "forest"), "%s", ui_screen(&u));
	ui_close(&u);
}

Test(ui_secrets, a_variable_is_typed_unseen_and_its_check_is_asked_for)
{
	open_ui(NULL);
	ui_do(&u, ":secret-set PGPASSWORD");
	ui_do(&u, "<Down><Down><Enter>");
	types_unseen(PLAIN "<");
	SHOWS("Secret PGPASSWORD is set. Job ");
	holds("PGPASSWORD", PLAIN, "");
	ui_do(&u, "3");
	SHOWS("6 process_projec");
	ui_do(&u, "8");
	SHOWS("set secret");
	cr_assert_null(strstr(ui_screen(&u), PLAIN));
	ui_close(&u);
}

Test(ui_secrets, a_value_comes_from_a_file_too)
{
	char path[] = "/tmp/fieldpost-secret-XXXXXX", keys[64];
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, "[geo]\nhost=a\n", 13), 13);
	close(fd);
	open_ui(NULL);
	snprintf(keys, sizeof keys, "<Down><Enter>%s<Enter>", path);
	ui_do(&u, ":secret-set GEO");
	ui_do(&u, keys);
	SHOWS("Secret GEO is set.");
	holds("", "", "[geo]\nhost=a\n\n");
	ui_do(&u, ":secret-set GEO2");
	ui_do(&u, "<Down><Enter>/nonexistent<Enter>");
	SHOWS("cannot open /nonexistent");
	ui_do(&u, ":secret-set GEO2");
	ui_do(&u, "<Down><Enter>/dev/zero<Enter>");
	SHOWS("is not a regular file");
	ui_do(&u, ":secret-set GEO2");
	ui_do(&u, keys);
	SHOWS("is defined by secret GEO already");
	unlink(path);
	ui_close(&u);
}

Test(ui_secrets, escape_at_any_prompt_leaves_nothing_behind)
{
	static const char *const ways[] = {
		"n<Esc>", "nKEY<Enter><Esc>", "nKEY<Enter><Enter><Esc>", "nKEY<Enter><Enter>geo<Enter>host<Esc>", "nKEY<Enter><Down><Enter>/tmp<Esc>",
		"nKEY<Enter><Down><Down><Enter>value<Esc>",
	};
	struct fp_query q = {.filter = "state:set"};
	int64_t n;

	open_ui(NULL);
	ui_do(&u, "G");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		ui_do(&u, ways[i]);
		cr_assert_eq(u.c.modal.kind, FP_MODAL_NONE, "%s", ways[i]);
		cr_assert_eq(u.c.secret.text.len, 0, "%s", ways[i]);
	}
	cr_assert_eq(fp_secret_count(u.store, &q, &n, NULL), FP_OK);
	cr_assert_eq(n, 0);
	ui_do(&u, "nkey<Enter>");
	SHOWS("a secret's name has");
	ui_do(&u, "n<C-u>PATH<Enter>");
	SHOWS("must not be named PATH");
	ui_close(&u);
}

static void set(const char *name, const char *type, const char *value)
{
	struct fp_error err;

	cr_assert_eq(fp_secret_set(u.store, UI_BEES, name, type, value, strlen(value), "anna", &err), FP_OK, "%s", err.msg);
	ui_tick(&u);
}

Test(ui_secrets, what_is_set_is_replaced_or_removed_after_a_question_only)
{
	open_ui(NULL);
	set("GEO", "pgservice", "[geo]\nhost=a\n");
	ui_do(&u, ":secret-set GEO");
	SHOWS("Secret GEO is set already. Replace it? [y/N]");
	ui_do(&u, "n");
	SHOWS("Nothing was done.");
	ui_do(&u, ":secret-set GEO");
	ui_do(&u, "y<Down><Down><Enter>new<Enter>");
	holds("GEO", "new", "");
	ui_do(&u, "Gx");
	SHOWS("Remove secret GEO, which 0 layers use? There is no way back to its value. [y/N]");
	ui_do(&u, "<Enter>");
	holds("GEO", "new", "");
	ui_do(&u, "xy");
	SHOWS("Secret GEO is removed.");
	holds("GEO", "", "");
	ui_do(&u, "g");
	ui_do(&u, "x");
	SHOWS("There is no secret here to remove.");
	ui_do(&u, "t");
	SHOWS("There is no secret here to test");
	ui_close(&u);
}

Test(ui_secrets, a_read_only_console_sets_removes_and_tests_nothing)
{
	struct fp_console_options o = {.read_only = 1};

	open_ui(&o);
	ui_do(&u, "n");
	SHOWS("The console is read-only: secret-set is off.");
	ui_do(&u, "x");
	SHOWS("secret-remove is off.");
	ui_do(&u, "t");
	SHOWS("secret-test is off.");
	ui_do(&u, "a");
	SHOWS("(read-only)");
	ui_do(&u, "<Enter>");
	SHOWS("not now. read-only.");
	ui_close(&u);
}

Test(ui_secrets, an_empty_list_says_what_to_do)
{
	open_ui(NULL);
	ui_do(&u, ":secrets roads");
	SHOWS("No secret is set, and no layer asks for one. n sets one");
	ui_do(&u, "1:secrets<Enter>");
	SHOWS("missing");
	ui_close(&u);
}

/* As the loop does it. */
static void wait_for_test(void)
{
	for (int i = 0; i < 1000 && u.c.test; i++) {
		struct pollfd fd = {.fd = fp_secret_test_fd(u.c.test), .events = POLLIN};
		poll(&fd, 1, 10);
		fp_console_do(&u.c, fp_secret_step_test(&u.c));
	}
	cr_assert_null(u.c.test);
}

Test(ui_secrets, a_test_goes_on_while_keys_are_answered_and_its_result_is_kept)
{
	char fake[4096];

	snprintf(fake, sizeof fake, "%s/tests/fake", getenv("FIELDPOST_BUILD"));
	setenv("FIELDPOST_LIBEXEC", fake, 1);
	open_ui(NULL);
	set("GEO", "pgservice", "[good]\nhost=a\n[login_refused]\npassword=" PLAIN "\n");
	ui_do(&u, "Gt");
	SHOWS("network checks are off for project \"bees\"");
	ui_home_run(u.store, "UPDATE project SET network = 'on'");
	ui_do(&u, "t");
	SHOWS("Secret GEO is being tested...");
	ui_do(&u, "t");
	SHOWS("Secret GEO is being tested: one after the other.");
	ui_do(&u, "g");
	SHOWS("1 of ");
	ui_do(&u, "G");
	wait_for_test();
	SHOWS("GEO: good: connected; login_refused: the server refused the login");
	ui_tick(&u);
	SHOWS("failed, ");
	cr_assert_null(strstr(ui_screen(&u), PLAIN));
	ui_close(&u);
}

Test(ui_secrets, leaving_during_a_test_ends_it)
{
	char fake[4096];

	snprintf(fake, sizeof fake, "%s/tests/fake", getenv("FIELDPOST_BUILD"));
	setenv("FIELDPOST_LIBEXEC", fake, 1);
	open_ui(NULL);
	set("GEO", "pgservice", "[silent]\nhost=a\n");
	ui_home_run(u.store, "UPDATE project SET network = 'on'");
	ui_do(&u, "Gt");
	SHOWS("Secret GEO is being tested...");
	fp_console_do(&u.c, fp_secret_step_test(&u.c));
	cr_assert_not_null(u.c.test);
	ui_close(&u);
}
