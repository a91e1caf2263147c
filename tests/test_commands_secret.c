/* fieldpost secret from outside: where values come from, what is said about them, and that they are never shown. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

#define PLAIN "Xyzzy-plugh-4711"

TestSuite(commands_secret, .timeout = 100);

static void never(const struct cli *r)
{
	cr_assert_null(strstr(r->out, PLAIN), "the value is shown: %s", r->out);
	cr_assert_null(strstr(r->err, PLAIN), "the value is shown: %s", r->err);
}

static void set_from(const char *file, const char *text, const char *args)
{
	const struct cli *r;

	cli_stdin = cli_write(file, text);
	r = cli_run("%s", args);
	cli_stdin = NULL;
	cr_assert_eq(r->code, 0, "%s: %s%s", args, r->out, r->err);
	never(r);
}

Test(commands_secret, wrong_usage_and_wrong_values_are_refused_without_showing_them)
{
	const struct cli *r;

	cli_bees();
	cli_says(2, "does not know what to do with", "secret set Bees KEY value --yes");
	cli_says(2, "--type is envvar or pgservice", "secret set Bees KEY --type file --yes");
	cli_says(3, "a secret's name has", "secret set Bees key --yes");
	cli_says(3, "must not be named LD_PRELOAD", "secret set Bees LD_PRELOAD --yes");
	cli_says(3, "must have 1 to 16384 bytes", "secret set Bees KEY --yes");
	cli_says(3, "there is no project", "secret set Trees KEY --yes");
	cli_says(3, "cannot open /nonexistent", "secret set Bees KEY --file /nonexistent --yes");
	cli_says(3, "holds more than 16384 bytes", "secret set Bees KEY --file /dev/zero --yes");
	cli_says(3, "there is no secret KEY", "secret rm Bees KEY --yes");
	cli_says(3, "there is no secret KEY", "secret test Bees KEY");
	r = cli_run("secret set Bees GEO --type pgservice --file %s --yes", cli_write("bad.conf", "[geo]\n" PLAIN "\n"));
	cr_assert_eq(r->code, 3);
	cr_assert(strstr(r->err, "line 2: neither"), "%s", r->err);
	never(r);
	r = cli_run("secret set Bees KEY --file %s --yes", cli_write("two.txt", PLAIN "\nsecond"));
	cr_assert_eq(r->code, 3);
	never(r);
}

Test(commands_secret, a_value_comes_from_a_file_or_standard_input_and_its_check_follows)
{
	const json_t *row, *doc;

	cli_bees();
	set_from("in", PLAIN "\n", "secret set Bees KEY --yes");
	set_from("in", "[geo]\npassword=" PLAIN "\n", "secret set Bees GEO --type pgservice --yes");
	cli_says(0, "Set secret KEY (envvar). A process_projectfile job is already pending", "secret set Bees KEY --file %s --yes",
		cli_write("value", PLAIN "\r\n"));
	doc = cli_json(0, "secret list Bees --json");
	cr_assert_eq(json_array_size(json_object_get(doc, "secrets")), 2);
	row = json_array_get(json_object_get(doc, "secrets"), 0);
	cr_assert_str_eq(fp_json_str_or(row, "name", ""), "GEO");
	cr_assert_str_eq(fp_json_str_or(row, "type", ""), "pgservice");
	cr_assert_str_eq(fp_json_str_or(row, "state", ""), "set");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(row, "services"), 0)), "geo");
	cr_assert(json_is_array(json_object_get(row, "used_by")));
	cr_assert(json_is_string(json_object_get(row, "set_at")) && json_is_string(json_object_get(row, "set_by")));
	cr_assert(json_is_null(json_object_get(row, "tested_at")) && json_is_null(json_object_get(row, "test_ok")) && json_is_null(json_object_get(row, "test_said")));
	cli_wants(0, "engine run --once");
	cli_says(0, "Removed secret KEY. Job ", "secret rm Bees KEY --yes");
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "secret list Bees --json"), "secrets")), 1);
}

Test(commands_secret, what_stays_what_it_was_is_the_type)
{
	cli_bees();
	set_from("in", "[geo]\nhost=a\n", "secret set Bees GEO --type pgservice --yes");
	set_from("in", "[geo]\nhost=b\n[sea]\nhost=c\n", "secret set Bees GEO --yes");
	cli_says(0, "geo, sea", "secret list Bees");
}

Test(commands_secret, a_value_is_shown_by_no_command)
{
	static const char *const all[] = {
		"secret list Bees", "secret list Bees --json", "secret test Bees KEY --json", "project show Bees --json", "project list", "audit", "audit --json",
		"job list --json", "job show 1", "job log 1", "doctor", "layers Bees --json", "help",
	};

	cli_bees();
	set_from("in", PLAIN, "secret set Bees KEY --yes");
	set_from("in", "[geo]\npassword=" PLAIN "\n", "secret set Bees GEO --type pgservice --yes");
	cli_wants(0, "engine run --once");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		never(cli_run("%s", all[i]));
	cli_says(0, "The key of the secrets is not in it", "backup %s", cli_path("copy.db"));
}

Test(commands_secret, a_test_is_refused_without_the_network_and_fails_with_exit_1)
{
	const json_t *doc;

	cli_bees();
	set_from("in", "[good]\nhost=a\n", "secret set Bees GOOD --type pgservice --yes");
	set_from("in", "[timed_out]\nhost=a\n", "secret set Bees SLOW --type pgservice --yes");
	set_from("in", PLAIN, "secret set Bees KEY --yes");
	cli_says(3, "fieldpost project set \"Bees\" network=on", "secret test Bees GOOD");
	cli_says(2, "network is on, off or default", "project set Bees network=yes --yes");
	cli_wants(0, "project set Bees network=on --yes");
	cli_says(0, "network checks true", "project show Bees");
	cli_says(0, "good: connected", "secret test Bees GOOD");
	cli_says(1, "timed_out: no answer in time; look at host and port", "secret test Bees SLOW");
	cli_says(0, "no layer of the newest check uses it", "secret test Bees KEY");
	doc = cli_json(1, "secret test Bees SLOW --json");
	cr_assert(json_is_false(json_object_get(doc, "ok")));
	cr_assert_eq(json_array_size(json_object_get(doc, "said")), 1);
	doc = json_array_get(json_object_get(cli_json(0, "secret list Bees name:slow --json"), "secrets"), 0);
	cr_assert(json_is_false(json_object_get(doc, "test_ok")));
	cr_assert(json_is_string(json_object_get(doc, "tested_at")));
}

Test(commands_secret, on_a_terminal_it_is_asked_twice_and_never_echoed)
{
	static const char *const yes[] = {"[y/N]", "y\n", "(not shown): ", PLAIN "\n", "Once more: ", PLAIN "\n", NULL};
	static const char *const differs[] = {"[y/N]", "y\n", "(not shown): ", PLAIN "\n", "Once more: ", PLAIN "x\n", NULL};
	static const char *const no[] = {"[y/N]", "n\n", NULL};
	static const char *const interrupted[] = {"(not shown): ", "abc\003", NULL};
	const struct cli *r;

	cli_bees();
	r = cli_talk(no, "secret set Bees KEY");
	cr_assert_eq(r->code, 3, "%s", r->out);
	r = cli_talk(differs, "secret set Bees KEY");
	cr_assert_eq(r->code, 3, "%s", r->out);
	cr_assert(strstr(r->out, "not the same"), "%s", r->out);
	never(r);
	r = cli_talk(interrupted, "secret set Bees KEY --yes");
	cr_assert_eq(r->code, 3, "%s", r->out);
	cr_assert(strstr(r->out, "nothing was done"), "%s", r->out);
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "secret list Bees --json"), "secrets")), 0);
	r = cli_talk(yes, "secret set Bees KEY");
	cr_assert_eq(r->code, 0, "%s", r->out);
	never(r);
	r = cli_run_terminal(80, "y\n", "secret set Bees GEO --type pgservice");
	cr_assert_eq(r->code, 2, "%s", r->out);
	cr_assert(strstr(r->out, "name it with --file"), "%s", r->out);
}
