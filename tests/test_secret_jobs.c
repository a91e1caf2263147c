/* Secrets at work: what jobs get, which checks follow a change, and what a test of a service says. */
#include <criterion/criterion.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/queue/describe.h"
#include "engine/queue/run.h"
#include "engine/queue/secret_test.h"
#include "engine/store/projects.h"
#include "engine/store/secrets.h"
#include "tests/engine_home.h"

#define PLAIN "Xyzzy-plugh-4711"

TestSuite(secret_jobs, .timeout = 60);

static struct home h;
static struct fp_error err;

static void open_home(void)
{
	cr_assert_geq(sodium_init(), 0);
	home_open(&h);
}

static void sets(const char *name, const char *type, const char *value)
{
	cr_assert_eq(fp_queue_secret_set(h.s, &h.t, h.project, name, type, value, strlen(value), "anna", &err), FP_OK, "%s", err.msg);
}

/* The description of the next job; the job is given back. */
static json_t *next_description(void)
{
	struct fp_run *r = NULL;
	json_t *d;
	int waiting = 1;

	while (!r && waiting) /* not in the millisecond in which it was asked for */
		cr_assert_eq(fp_run_claim(&r, &waiting, h.s, &h.conf, &err), FP_OK, "%s", err.msg);
	cr_assert_not_null(r);
	cr_assert_eq(fp_run_description(&d, r, &err), FP_OK, "%s", err.msg);
	fp_fail(&r->fault, FP_E_CANCELLED, "only looked at");
	cr_assert_eq(fp_run_close(r, &err), FP_OK, "%s", err.msg);
	fp_run_free(r);
	return d;
}

static void trigger(void)
{
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
}

Test(secret_jobs, a_job_gets_its_own_project_s_secrets_and_no_other_s)
{
	char other[37];
	json_t *d;

	open_home();
	cr_assert_eq(fp_project_create(h.s, other, "Other", "anna", &err), FP_OK);
	cr_assert_eq(fp_secret_set(h.s, other, "THEIRS", "envvar", PLAIN, strlen(PLAIN), "anna", &err), FP_OK);
	trigger();
	d = next_description();
	cr_assert_eq(json_object_size(json_object_get(d, "secrets")), 0);
	cr_assert_str_eq(fp_json_str_or(d, "pgservice", "none"), "");
	fp_description_free(d);

	sets("KEY", "envvar", "a \"quoted\" \\ value");
	sets("GEO", "pgservice", "[geo]\nhost=a");
	sets("SEA", "pgservice", "[sea]\nhost=b\n");
	d = next_description();
	cr_assert_eq(json_object_size(json_object_get(d, "secrets")), 1);
	cr_assert_str_eq(fp_json_str_or(json_object_get(d, "secrets"), "KEY", ""), "a \"quoted\" \\ value");
	cr_assert_str_eq(fp_json_str_or(d, "pgservice", ""), "[geo]\nhost=a\n[sea]\nhost=b\n\n");
	fp_description_free(d);
	home_close(&h);
}

static int network_of_next(void)
{
	json_t *d;
	int on;

	trigger();
	d = next_description();
	on = json_is_object(json_object_get(d, "network"));
	if (on)
		cr_assert_str_eq(fp_json_str_or(json_object_get(d, "network"), "allow", ""), "127.0.0.1 db.lan");
	fp_description_free(d);
	return on;
}

static void project_says(const char *network)
{
	cr_assert_eq(fp_project_set(h.s, h.project, "network", network, "anna", &err), FP_OK, "%s", err.msg);
}

Test(secret_jobs, the_network_is_asked_where_the_project_or_else_the_home_says_so)
{
	open_home();
	memcpy(h.conf.network_allow, "127.0.0.1 db.lan", 17);
	cr_assert_not(h.conf.network_checks, "off by default");
	cr_assert_not(network_of_next());
	project_says("on");
	cr_assert(network_of_next());
	project_says("default");
	h.conf.network_checks = 1;
	cr_assert(network_of_next());
	project_says("off");
	cr_assert_not(network_of_next());
	cr_assert_eq(fp_project_set(h.s, h.project, "network", "maybe", "anna", &err), FP_E_USAGE);
	cr_assert(strstr(err.msg, "on, off or default"), "%s", err.msg);
	home_close(&h);
}

Test(secret_jobs, a_worker_gets_them_in_both_ways_and_as_many_as_there_may_be)
{
	char *large = fp_alloc(FP_SECRET_VALUE_MAX + 1);

	open_home();
	memset(large, 'x', FP_SECRET_VALUE_MAX);
	large[100] = large[1000] = '"';
	sets("LARGE", "envvar", large);
	large[FP_SECRET_VALUE_MAX - 80] = '\0';
	sets("LARGE2", "envvar", large);
	sets("KEY", "envvar", PLAIN);
	home_script(&h, FP_JOB_PROCESS_PROJECTFILE, "secret KEY\nsecret LARGE\nsecret LARGE2\nsecret NONE\n"
		"event project {\"file\":\"p.qgs\",\"title\":\"T\",\"crs\":\"EPSG:2056\"}");
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT status = 'finished' FROM job ORDER BY id DESC"), 1, "%s", home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"));
	cr_assert_str_eq(home_text(&h, "SELECT group_concat(text, ', ') FROM job_log WHERE text LIKE '%given%'"),
		"KEY: given, LARGE: given, LARGE2: given, NONE: not given");
	free(large);
	home_close(&h);
}

Test(secret_jobs, a_job_whose_secrets_cannot_be_read_fails_and_says_why)
{
	char *key;

	open_home();
	sets("KEY", "envvar", PLAIN);
	key = fp_asprintf("%s/secret.key", h.path);
	cr_assert_eq(unlink(key), 0);
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT status = 'failed' FROM job ORDER BY id DESC"), 1);
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), "the key of the secrets is missing"));
	cr_assert(strstr(home_text(&h, "SELECT hint FROM job ORDER BY id DESC"), "put it back"));
	free(key);
	home_close(&h);
}

Test(secret_jobs, setting_and_removing_ask_for_a_check_by_the_ordinary_rules)
{
	open_home();
	fp_store_changed(h.s);
	sets("KEY", "envvar", PLAIN);
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	cr_assert(fp_store_changed(h.s) & FP_KIND_SECRET);
	cr_assert_str_eq(home_text(&h, "SELECT \"trigger\" FROM job WHERE type = 'process_projectfile' ORDER BY id DESC"), "secret");
	cr_assert_eq(fp_queue_secret_remove(h.s, &h.t, h.project, "KEY", "anna", &err), FP_OK);
	cr_assert_eq(h.t.job_id, 0);
	cr_assert_str_eq(h.t.rule, "already_pending");
	cr_assert(strstr(h.t.sentence, "it will see this too"), "%s", h.t.sentence);
	cr_assert_eq(fp_queue_secret_remove(h.s, &h.t, h.project, "KEY", "anna", &err), FP_E_NOTFOUND);
	cr_assert_eq(fp_queue_secret_set(h.s, &h.t, h.project, "KEY", "envvar", "", 0, "anna", &err), FP_E_INVALID);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job"), 1);
	home_close(&h);
}

/* ---- tests of services ---- */

static enum fp_status tests(const char *name)
{
	struct fp_secret_test *t;
	int done = 0;
	enum fp_status st = fp_secret_test_start(&t, h.s, &h.conf, h.project, name, "anna", &err);

	if (st != FP_OK)
		return st;
	while (st == FP_OK && !done) {
		struct pollfd fd = {.fd = fp_secret_test_fd(t), .events = POLLIN};
		poll(&fd, 1, (int)fp_secret_test_left(t));
		st = fp_secret_test_step(t, &done, &err);
	}
	fp_secret_test_free(t);
	return st;
}

static void said(const char *expected)
{
	cr_assert_str_eq(home_text(&h, "SELECT ifnull(test_ok, 'nothing') || ': ' || test_said FROM secret ORDER BY tested_at DESC LIMIT 1"), expected);
}

Test(secret_jobs, no_server_is_asked_while_network_checks_are_off)
{
	open_home();
	sets("GEO", "pgservice", "[good]\nhost=a\n");
	cr_assert_eq(tests("GEO"), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "network checks are off for project \"Bees\""), "%s", err.msg);
	cr_assert(strstr(err.hint, "fieldpost project set \"Bees\" network=on"), "%s", err.hint);
	cr_assert_eq(tests("NONE"), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "there is no secret NONE"), "%s", err.msg);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret WHERE tested_at IS NOT NULL"), 0);
	home_close(&h);
}

Test(secret_jobs, each_service_is_connected_to_and_gets_one_line)
{
	open_home();
	project_says("on");
	sets("GEO", "pgservice", "[good]\nhost=a\n");
	cr_assert_eq(tests("GEO"), FP_OK, "%s", err.msg);
	said("1: good: connected");
	sets("GEO", "pgservice", "[good]\nhost=a\n[refused]\nhost=b\n[login_refused]\nhost=c\n");
	cr_assert_eq(tests("GEO"), FP_OK, "%s", err.msg);
	said("0: good: connected; refused: nothing listens there; look at host and port, and whether PostgreSQL listens on the network (listen_addresses); "
		"login_refused: the server refused the login; look at user and password, and at the server's pg_hba.conf");
	home_close(&h);
}

Test(secret_jobs, the_server_s_own_words_do_not_tell_what_the_secret_holds)
{
	open_home();
	project_says("on");
	sets("PGPASSWORD", "envvar", PLAIN "2");
	sets("GEO", "pgservice", "[words]\nhost=db.secret.example\nuser=reader\npassword=abc\ndbname=" PLAIN "\n");
	cr_assert_eq(tests("GEO"), FP_OK, "%s", err.msg);
	said("0: words: the connection failed; PostgreSQL says: it went wrong with host=***************** user=****** password=*** dbname=**************** "
		"*****************");
	home_close(&h);
}

Test(secret_jobs, a_prober_that_dies_or_talks_nonsense_says_nothing_about_the_secret)
{
	open_home();
	project_says("on");
	sets("GEO", "pgservice", "[crash]\nhost=a\n");
	cr_assert_eq(tests("GEO"), FP_E_CRASHED, "%s", err.msg);
	sets("GEO", "pgservice", "[nonsense]\nhost=a\n");
	cr_assert_eq(tests("GEO"), FP_E_INVALID, "%s", err.msg);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret WHERE tested_at IS NOT NULL"), 0);
	setenv("FIELDPOST_LIBEXEC", "/nonexistent", 1);
	cr_assert_eq(tests("GEO"), FP_E_NOTFOUND, "%s", err.msg);
	cr_assert(strstr(err.msg, "fieldpost-prober"), "%s", err.msg);
	home_close(&h);
}

Test(secret_jobs, of_a_variable_it_is_said_which_layers_use_it)
{
	open_home();
	sets("KEY", "envvar", PLAIN);
	cr_assert_eq(tests("KEY"), FP_OK, "%s", err.msg);
	said("nothing: no layer of the newest check uses it");
	home_close(&h);
}
