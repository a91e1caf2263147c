/* SIGKILL of engines, workers and database sessions while changes are applied: none is lost, none doubled, none stuck, none refused for it.
 *
 * FIELDPOST_KILLS (80 kills at random moments, in all; `make faults` asks for more) and FIELDPOST_SEED (the time; printed) steer a longer campaign or repeat
 * one. */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/mem.h"
#include "tests/faults/campaign.h"
#include "tests/postgres.h"

#define KILLS 80

static struct campaign c;

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
	(void)tests;
	if (!postgres_is_here())
		return;
	postgres_start("host all all 127.0.0.1/32 scram-sha-256\n");
	postgres_set("synchronous_commit", "on"); /* what a crash of the server may take back was never committed */
	postgres_sql("postgres", "CREATE DATABASE gis");
	postgres_sql("gis", "CREATE EXTENSION postgis; CREATE ROLE ada LOGIN PASSWORD 'open-sesame'");
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
	(void)stats;
	if (postgres_is_here())
		postgres_stop();
}

static void calm(void)
{
	char *asan = fp_asprintf("%s:detect_leaks=0", getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");

	/* A worker that is killed while it looks for leaks makes that a finding of its own. */
	setenv("ASAN_OPTIONS", asan, 1);
	free(asan);
}

static void end(void)
{
	campaign_close(&c);
}

TestSuite(faults, .timeout = 7200, .init = calm, .fini = end);

/* PART: of all kills, in percent; none: at the named points. */
static void run(const char *name, enum field_kind kind, int plots, int engines, int part)
{
	int kills = home_asked("FIELDPOST_KILLS", KILLS) * part / 100;

	if (kind == FIELD_DATABASE && !postgres_is_here())
		cr_skip_test("no initdb here: the package postgresql is not installed");
	c = (struct campaign){.name = name, .kind = kind, .plots = plots, .engines = engines, .kills = kills, .seconds = getenv("FIELDPOST_KILLS") ? kills * 4 : 10,
		.seed = (unsigned)home_asked("FIELDPOST_SEED", (int)time(NULL))};
	campaign_open(&c);
	if (part)
		campaign_random(&c);
	else
		campaign_points(&c);
	campaign_tell(&c);
	cr_assert_eq(audit_findings(&c.audit), 0, "the promise was broken; the lines above say how");
	cr_assert_geq(campaign_kills(&c), kills < 8 ? kills : 8, "only %d kills in %d s", campaign_kills(&c), c.seconds);
	cr_assert_geq(c.audit.applied, 10, "too little went on to prove anything");
}

Test(faults, a_point_is_named_where_a_campaign_kills)
{
	char *command = fp_asprintf("grep -rhoE 'fp_failpoint\\(\"[^\"]+' %s/engine/changes %s/engine/queue", getenv("FIELDPOST_SOURCE"),
		getenv("FIELDPOST_SOURCE")), line[256];
	FILE *f = popen(command, "r");
	int n = 0;

	while (fgets(line, sizeof line, f)) {
		const char *point = strchr(line, '"') + 1;
		line[strcspn(line, "\n")] = '\0';
		n++;
		/* tests/test_import.c and tests/test_packages.c do the others. */
		cr_expect(campaign_knows(point) || strcmp(point, "inbox-taken") == 0 || strncmp(point, "package:", 8) == 0, "nobody is killed at %s", point);
	}
	cr_assert_geq(n, 9);
	pclose(f);
	free(command);
}

/* ---- an audit that finds nothing must have looked ---- */

static void plot_of_ten(void)
{
	c = (struct campaign){.name = "an audit", .kind = FIELD_FILES, .plots = 1, .seed = 7};
	campaign_open(&c);
	while (c.field.plots[0].pushed < 10)
		field_push(&c.field, &c.field.plots[0]);
	home_run(&c.field.h);
	audit_end(&c.field, &c.audit, "before");
	cr_assert_eq(audit_findings(&c.audit), 0);
}

static void write_store(const char *sql)
{
	struct fp_error err;

	cr_assert_eq(fp_store_begin(c.field.h.s, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_store_end(c.field.h.s, fp_db_run(c.field.h.s, &err, sql, FP_NOVALS), &err), FP_OK, "%s", err.msg);
}

Test(faults, what_the_data_has_and_the_ledger_has_not_is_found)
{
	plot_of_ten();
	write_store("DELETE FROM attempt WHERE id IN (SELECT id FROM attempt WHERE outcome = 'applied' LIMIT 2)");
	audit_run(&c.field, &c.audit, "as expected");
	cr_assert_eq(c.audit.doubled, 2);
	cr_assert_eq(audit_findings(&c.audit), 2);
}

Test(faults, what_the_ledger_has_and_the_data_has_not_is_found)
{
	struct fp_error err;

	plot_of_ten();
	cr_assert_eq(fp_queue_restore(c.field.h.s, &c.field.h.t, c.field.plots[0].project, "survey.gpkg", 1, "anna", NULL, &err), FP_OK, "%s", err.msg);
	audit_run(&c.field, &c.audit, "as expected");
	cr_assert_eq(c.audit.lost, c.field.plots[0].pushed);
	cr_assert_eq(audit_findings(&c.audit), c.audit.lost);
}

Test(faults, a_key_a_change_or_a_job_that_is_not_what_it_should_be_is_found)
{
	plot_of_ten();
	write_store("DELETE FROM keymap WHERE local_pk = (SELECT max(local_pk) FROM change WHERE method = 'create' AND id > 2)");
	write_store("UPDATE change SET status = 'pending' WHERE id = 1");
	write_store("UPDATE change SET status = 'error' WHERE id = 2");
	write_store("UPDATE file_version SET md5 = replace(md5, substr(md5, 1, 1), 'x'), sha256 = lower(hex(randomblob(32))) WHERE version = 1");
	audit_end(&c.field, &c.audit, "as expected");
	cr_assert_eq(c.audit.stuck, 1);
	cr_assert_eq(c.audit.blanket, 1);
	cr_assert_geq(c.audit.broken, 1);
	cr_assert_eq(c.audit.lost, 1);
	cr_assert_eq(c.audit.doubled, 0);
}

/* ---- the campaigns ---- */

Test(faults, a_scripted_worker)
{
	run("a scripted worker", FIELD_FAKE, 1, 1, 20);
}

Test(faults, one_engine)
{
	run("one engine", FIELD_FILES, 1, 1, 20);
}

Test(faults, eight_engines)
{
	run("eight engines", FIELD_FILES, 4, 8, 25);
}

Test(faults, one_engine_and_a_database)
{
	run("one engine and a database", FIELD_DATABASE, 1, 1, 15);
}

Test(faults, eight_engines_and_a_database)
{
	run("eight engines and a database", FIELD_DATABASE, 3, 8, 20);
}

Test(faults, named_points_with_one_engine)
{
	run("named points, one engine", FIELD_FILES, 1, 1, 0);
}

Test(faults, named_points_with_eight_engines)
{
	run("named points, eight engines", FIELD_FILES, 4, 8, 0);
}

Test(faults, named_points_with_a_database)
{
	run("named points and a database", FIELD_DATABASE, 1, 1, 0);
}
