/* Changes to PostgreSQL: what connections, locks, other programs and the end of a transaction can do to them. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/changes/target_pg.h"
#include "tests/apply_postgres.h"
#include "tests/cli.h"

static struct fixture f;

POSTGRES_FOR_ALL_TESTS(apply_postgres_start)

static void begin(void)
{
	postgres_needed();
	fixture_open(&f);
}

static void end(void)
{
	if (f.dir)
		fixture_close(&f);
}

TestSuite(apply_postgres_faults, .timeout = 120, .init = begin, .fini = end);

/* A layer whose source is all of SOURCE, with the server's port for %d. */
static void layer(const char *id, const char *source)
{
	char *text = fp_asprintf("%s port=%d", source, postgres_port());

	fixture_layer(&f, id, "vector", "postgres", text);
	free(text);
}

static char services[256];

static void takes_services(void)
{
	snprintf(services, sizeof services, "[geo]\nhost=127.0.0.1\nport=%d\ndbname=gis\nuser=ada\npassword=%s\n", postgres_port(), PASSWORD);
	f.options.pgservice = services;
}

/* Waits until SQL has a row. */
static void until(const char *sql)
{
	for (int i = 0; !*postgres_value("gis", sql); i++) {
		cr_assert(i < 400, "it never came: %s", sql);
		poll(NULL, 0, 25);
	}
}

/* Ends the sessions of USER that are ours. */
static void cut(const char *user)
{
	char *sql = fp_asprintf("WITH ours AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE application_name = 'fieldpost' AND usename = '%s'),"
		" ended AS MATERIALIZED (SELECT pg_terminate_backend(pid) FROM ours) SELECT 1 WHERE (SELECT count(*) FROM ended) = 0", user);

	until(sql); /* until none is left */
	free(sql);
}

/* ---- connecting ---- */

#define SAYS(LAYER, WORDS) is(delta(&f, "create", LAYER, "1", NULL, "{'attributes':{'id':1}}"), "not_applied", WORDS)

Test(apply_postgres_faults, a_database_that_cannot_be_had_is_one_sentence_and_the_other_layers_go_on)
{
	as_ada("CREATE TABLE there (id int PRIMARY KEY)");
	postgres_sql("gis", "CREATE ROLE reader LOGIN PASSWORD '" PASSWORD "'; ALTER ROLE reader SET default_transaction_read_only = on");
	takes_services();
	fixture_layer(&f, "port", "vector", "postgres", "dbname='gis' host=127.0.0.1 port=1 user='ada' table=\"field\".\"there\" sql=");
	fixture_layer(&f, "name", "vector", "postgres", "dbname='gis' host=no-such-host.invalid user='ada' table=\"field\".\"there\" sql=");
	layer("password", "dbname='gis' host=127.0.0.1 user='ada' password='wrong-word' table=\"field\".\"there\"");
	layer("database", "dbname='nowhere' host=127.0.0.1 user='ada' password='" PASSWORD "' table=\"field\".\"there\"");
	layer("service", "service='sea' table=\"field\".\"there\"");
	layer("reader", "dbname='gis' host=127.0.0.1 user='reader' password='" PASSWORD "' table=\"field\".\"there\"");
	layer("bob", "dbname='gis' host=127.0.0.1 user='bob' password='" PASSWORD "' table=\"field\".\"there\"");
	postgres_layer(&f, "there", "table=\"field\".\"there\" sql=");
	SAYS("port", "Cannot start editing layer: the database cannot be reached: ");
	SAYS("name", "Cannot start editing layer: the database cannot be reached: ");
	SAYS("password", "Cannot start editing layer: the database lets nobody in: ");
	SAYS("database", "database \"nowhere\" does not exist");
	SAYS("service", "definition of service \"sea\" not found");
	SAYS("reader", "this login may only read");
	SAYS("bob", "permission denied for table there");
	is(delta(&f, "create", "there", "1", NULL, "{'attributes':{'id':1}}"), "applied", "");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	holds("SELECT count(*) FROM field.there", "1");
}

Test(apply_postgres_faults, what_the_project_names_is_asked_only_where_it_may_a_service_always)
{
	as_ada("CREATE TABLE far (id serial PRIMARY KEY)");
	takes_services();
	postgres_layer(&f, "named", "table=\"field\".\"far\" sql=");
	layer("service", "service='geo' table=\"field\".\"far\"");
	layer("unnamed", "user='ada' table=\"field\".\"far\"");
	f.options.any_address = 0;
	SAYS("named", "the network is off for this project (fieldpost project set NAME network=on)");
	is(delta(&f, "create", "service", "1", NULL, "{}"), "applied", "");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	f.options.allow = "10.0.0.0/8";
	SAYS("named", "this address");
	is(delta(&f, "create", "service", "2", NULL, "{}"), "applied", "");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	setenv("PGSERVICE", "geo", 1);
	SAYS("named", "this address"); /* a host of the project's stands before the operator's service */
	is(delta(&f, "create", "unnamed", "5", NULL, "{}"), "applied", "");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	unsetenv("PGSERVICE");
	f.options.allow = "127.0.0.1";
	SAYS("unnamed", "no host at all is a socket of this machine");
	is(delta(&f, "create", "named", "3", NULL, "{}"), "applied", "");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	holds("SELECT count(*) FROM field.far", "4");
}

Test(apply_postgres_faults, layers_of_one_database_share_its_transaction_however_they_write_it)
{
	struct ending e = {0};

	as_ada("CREATE TABLE shared (id int PRIMARY KEY, t text); INSERT INTO shared VALUES (1, 'a')");
	takes_services();
	postgres_layer(&f, "named", "table=\"field\".\"shared\" sql=");
	layer("service", "service='geo' table=\"field\".\"shared\"");
	is(delta(&f, "patch", "named", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	is(delta(&f, "patch", "service", "1", "{'attributes':{'t':'b'}}", "{'attributes':{'t':'c'}}"), "applied", "");
	cr_assert_eq(settle(&f, &e), FP_OK);
	cr_assert_eq(e.n, 1);
	cr_assert_eq(e.committed, 1);
	holds("SELECT t FROM field.shared", "c");
}

/* ---- other programs ---- */

Test(apply_postgres_faults, a_locked_row_is_waited_for_a_little_and_the_other_changes_go_on)
{
	pid_t locker;

	as_ada("CREATE TABLE held (id int PRIMARY KEY, t text); INSERT INTO held VALUES (1, 'a'), (2, 'a')");
	postgres_layer(&f, "held", "table=\"field\".\"held\" sql=");
	locker = fork();
	if (locker == 0) {
		postgres_sql("gis", "SET application_name = 'locker'; BEGIN; UPDATE field.held SET t = 'x' WHERE id = 1; SELECT pg_sleep(60)");
		_exit(0);
	}
	until("SELECT 1 FROM pg_stat_activity WHERE application_name = 'locker' AND wait_event = 'PgSleep'");
	is(delta(&f, "patch", "held", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "not_applied",
		"Failed to commit changes: the table is locked by another program");
	is(delta(&f, "patch", "held", "2", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	kill(locker, SIGKILL);
	waitpid(locker, NULL, 0);
	postgres_sql("gis", "WITH theirs AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE application_name = 'locker')"
		" SELECT pg_terminate_backend(pid) FROM theirs");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	holds("SELECT string_agg(t, '' ORDER BY id) FROM field.held", "ab");
}

Test(apply_postgres_faults, what_another_program_changes_meanwhile_is_never_overwritten)
{
	as_ada("CREATE TABLE busy (id int PRIMARY KEY, t text, n int); INSERT INTO busy VALUES (1, 'a', 0), (2, 'a', 0), (3, 'a', 0)");
	postgres_layer(&f, "busy", "table=\"field\".\"busy\" sql=");
	is(delta(&f, "patch", "busy", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	postgres_sql("gis", "UPDATE field.busy SET t = 'theirs' WHERE id = 2; INSERT INTO field.busy VALUES (4, 'theirs', 0)");
	is(delta(&f, "patch", "busy", "2", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "not_applied",
		"another program changed the same row at the same moment");
	is(delta(&f, "delete", "busy", "2", "{'attributes':{'t':'a'}}", NULL), "not_applied", "at the same moment");
	is(delta(&f, "create", "busy", "4", NULL, "{'attributes':{'id':4,'t':'ours'}}"), "not_applied", "duplicate key");
	is(delta(&f, "patch", "busy", "3", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	cr_assert_eq(settle(&f, NULL), FP_OK);
	holds("SELECT string_agg(t, ' ' ORDER BY id) FROM field.busy", "b theirs b theirs");
}

/* ---- the end of a connection ---- */

static void own_login(const char *role)
{
	char *sql = fp_asprintf("CREATE ROLE %s LOGIN PASSWORD '" PASSWORD "'; GRANT ada TO %s", role, role), *source;

	postgres_sql("gis", sql);
	free(sql);
	source = fp_asprintf("dbname='gis' host=127.0.0.1 user='%s' password='" PASSWORD "' table=\"field\".\"%s\"", role, role);
	layer(role, source);
	free(source);
	f.options.any_address = 1;
}

Test(apply_postgres_faults, a_connection_that_is_cut_in_the_middle_ends_the_job_and_keeps_nothing)
{
	struct fp_error err;
	json_t *result = NULL, *line;
	const json_t *first;

	as_ada("CREATE TABLE cut1 (id int PRIMARY KEY, t text); INSERT INTO cut1 VALUES (1, 'a')");
	own_login("cut1");
	first = delta(&f, "patch", "cut1", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}");
	is(first, "applied", "");
	cut("cut1");
	line = json_pack("{s:{s:s,s:s,s:s,s:s,s:s,s:s,s:{s:{s:s}},s:{s:{s:s}}}}", "delta", "uuid", "u", "clientId", "c", "localPk", "1", "sourcePk", "1",
		"sourceLayerId", "cut1", "method", "patch", "old", "attributes", "t", "b", "new", "attributes", "t", "c");
	cr_assert_eq(fp_apply_line(f.session, line, &result, &err), FP_E_IO);
	cr_assert(strncmp(err.msg, "the database closed the connection: ", 36) == 0, "%s", err.msg);
	json_decref(line);
	fp_apply_free(f.session);
	f.session = NULL;
	holds("SELECT t FROM field.cut1", "a");
}

Test(apply_postgres_faults, a_server_that_takes_no_connections_now_ends_the_job_and_refuses_no_change)
{
	struct fp_error err;
	json_t *result = NULL, *line;

	as_ada("CREATE TABLE full1 (id int PRIMARY KEY, t text)");
	own_login("full1");
	postgres_sql("gis", "ALTER ROLE full1 CONNECTION LIMIT 0");
	line = json_pack("{s:{s:s,s:s,s:s,s:s,s:s,s:s,s:{s:{s:i}}}}", "delta", "uuid", "u", "clientId", "c", "localPk", "1", "sourcePk", "1",
		"sourceLayerId", "full1", "method", "create", "new", "attributes", "id", 1);
	fp_apply_new(&f.session, &f.project, &f.options);
	cr_assert_eq(fp_apply_line(f.session, line, &result, &err), FP_E_IO);
	cr_assert(strncmp(err.msg, "the database takes no connections now: ", 39) == 0, "%s", err.msg);
	json_decref(line);
	fp_apply_free(f.session);
	f.session = NULL;
}

static void cut2(void)
{
	cut("cut2");
}

static enum fp_status status_of(const char *id, const struct fp_transaction *t, const char **status)
{
	struct fp_error err;
	enum fp_status st = fp_pg_transaction_status(fp_project_layer(&f.project, id), &f.options, t->database, t->txid, status, &err);

	if (st != FP_OK)
		fprintf(stderr, "%s\n", err.msg);
	return st;
}

Test(apply_postgres_faults, a_connection_that_is_cut_before_the_commit_took_everything_back)
{
	struct ending e = {.before = cut2};
	const char *status;

	as_ada("CREATE TABLE cut2 (id int PRIMARY KEY, t text); INSERT INTO cut2 VALUES (1, 'a')");
	own_login("cut2");
	is(delta(&f, "patch", "cut2", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	cr_assert_eq(settle(&f, &e), FP_E_IO);
	cr_assert_eq(e.taken_back, 1);
	cr_assert(strstr(e.message, "nothing was committed: the database closed the connection") != NULL, "%s", e.message);
	holds("SELECT t FROM field.cut2", "a");
	cr_assert_eq(status_of("cut2", &e.first, &status), FP_OK);
	cr_assert_str_eq(status, "aborted");
}

/* Ends our session while it waits for a standby that there is not: by then it has committed. */
static void cut_at_commit(void)
{
	if (fork() != 0)
		return;
	for (int i = 0; i < 400; i++) {
		if (*postgres_value("gis", "WITH ours AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE usename = 'cut3'"
				" AND wait_event = 'SyncRep') SELECT pg_terminate_backend(pid) FROM ours"))
			_exit(0);
		poll(NULL, 0, 25);
	}
	_exit(1);
}

Test(apply_postgres_faults, a_connection_that_is_cut_at_the_commit_leaves_a_question_that_the_database_answers)
{
	struct ending e = {.before = cut_at_commit};
	struct fp_transaction other;
	const char *status;

	as_ada("CREATE TABLE cut3 (id int PRIMARY KEY, t text); INSERT INTO cut3 VALUES (1, 'a')");
	own_login("cut3");
	postgres_sql("gis", "ALTER ROLE cut3 SET synchronous_commit = on");
	postgres_set("synchronous_standby_names", "nobody");
	is(delta(&f, "patch", "cut3", "1", "{'attributes':{'t':'a'}}", "{'attributes':{'t':'b'}}"), "applied", "");
	cr_assert_eq(settle(&f, &e), FP_E_UNKNOWN, "%s", e.message);
	cr_assert(strstr(e.message, "nobody can say yet whether the changes were committed") != NULL, "%s", e.message);
	cr_assert_eq(e.committed + e.taken_back, 0);
	holds("SELECT t FROM field.cut3", "b");
	cr_assert_eq(status_of("cut3", &e.first, &status), FP_OK);
	cr_assert_str_eq(status, "committed");
	other = e.first;
	snprintf(other.database, sizeof other.database, "gis on 123");
	cr_assert_eq(status_of("cut3", &other, &status), FP_OK);
	cr_assert_str_eq(status, "unknown", "it leads to another server now");
	other = e.first;
	snprintf(other.txid, sizeof other.txid, "4000000000");
	cr_assert_eq(status_of("cut3", &other, &status), FP_OK);
	cr_assert_str_eq(status, "unknown", "a database from before it, out of a backup");
}

Test(apply_postgres_faults, what_the_database_takes_back_at_the_commit_was_not_applied)
{
	struct ending e = {0};

	as_ada("CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE late (id int PRIMARY KEY, parent int REFERENCES parents DEFERRABLE);"
		"CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NEW; END';"
		"CREATE TRIGGER later BEFORE INSERT ON late FOR EACH ROW EXECUTE FUNCTION later()");
	postgres_layer(&f, "late", "table=\"field\".\"late\" sql=");
	is(delta(&f, "create", "late", "1", NULL, "{'attributes':{'id':1,'parent':9}}"), "applied", "");
	cr_assert_eq(settle(&f, &e), FP_OK);
	cr_assert_eq(e.taken_back, 1);
	cr_assert(strstr(e.message, "violates foreign key constraint") != NULL, "%s", e.message);
	holds("SELECT count(*) FROM field.late", "0");
}

Test(apply_postgres_faults, a_transaction_that_runs_is_in_progress_and_a_database_that_is_gone_an_error)
{
	struct fp_transaction t = {.database = "gis on 1", .txid = "815"};
	const char *status;

	as_ada("CREATE TABLE running (id int PRIMARY KEY)");
	postgres_layer(&f, "running", "table=\"field\".\"running\" sql=");
	fixture_layer(&f, "port", "vector", "postgres", "dbname='gis' host=127.0.0.1 port=1 user='ada' table=\"field\".\"running\" sql=");
	cr_assert_eq(status_of("port", &t, &status), FP_E_REFUSED);
	snprintf(t.database, sizeof t.database, "%s", postgres_value("gis", "SELECT 'gis on ' || system_identifier FROM pg_control_system()"));
	if (fork() == 0) {
		postgres_sql("gis", "SET application_name = 'runner'; BEGIN; SELECT txid_current(); SELECT pg_sleep(2)");
		_exit(0);
	}
	until("SELECT 1 FROM pg_stat_activity WHERE application_name = 'runner' AND wait_event = 'PgSleep'");
	snprintf(t.txid, sizeof t.txid, "%s", postgres_value("gis", "SELECT backend_xid FROM pg_stat_activity WHERE application_name = 'runner'"));
	cr_assert_eq(status_of("running", &t, &status), FP_OK);
	cr_assert_str_eq(status, "in progress");
	wait(NULL);
}

/* ---- through the program, behind the worker's walls ---- */

static const char project[] =
	"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.40.0\"><projectlayers><maplayer type=\"vector\" geometry=\"Point\">"
	"<id>plain_00000000_0000_4000_8000_000000000001</id><datasource>service='geo' key='id' table=\"field\".\"plain\" (geom)</datasource>"
	"<layername>plain</layername><provider encoding=\"UTF-8\">postgres</provider></maplayer></projectlayers></qgis>";
static const char deltas[] =
	"{\"version\":\"1.0\",\"id\":\"8c6e1a1e-0000-4000-8000-000000000001\",\"project\":\"8c6e1a1e-0000-4000-8000-000000000002\",\"files\":[],\"deltas\":["
	"{\"uuid\":\"8c6e1a1e-0000-4000-8000-000000000003\",\"clientId\":\"8c6e1a1e-0000-4000-8000-000000000004\",\"exportId\":\"8c6e1a1e-0000-4000-8000-000000000005\","
	"\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"plain_00000000_0000_4000_8000_000000000001\","
	"\"sourceLayerId\":\"plain_00000000_0000_4000_8000_000000000001\",\"method\":\"create\",\"new\":{\"attributes\":{\"t\":\"new\"},\"geometry\":\"Point (1 2)\"}}]}";

Test(apply_postgres_faults, the_command_writes_the_services_database_and_with_dry_run_does_not)
{
	as_ada("CREATE TABLE plain (id serial PRIMARY KEY, t text, geom geometry(Point, 2056))");
	takes_services();
	cli_write("p/a.qgs", project);
	cli_write("deltas.json", deltas);
	setenv("PGSERVICEFILE", cli_write("pg_service.conf", services), 1);
	cli_json(0, "apply %s %s --dry-run --json", cli_path("p/a.qgs"), cli_path("deltas.json"));
	holds("SELECT count(*) FROM field.plain", "0");
	cli_json(0, "apply %s %s --output %s --json", cli_path("p/a.qgs"), cli_path("deltas.json"), cli_path("out"));
	holds("SELECT t || ST_AsEWKT(geom) FROM field.plain", "newSRID=2056;POINT(1 2)");
	unsetenv("PGSERVICEFILE");
	cli_json(1, "apply %s %s --dry-run --json", cli_path("p/a.qgs"), cli_path("deltas.json"));
}
