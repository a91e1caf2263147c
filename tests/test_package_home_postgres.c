/* A package of PostgreSQL layers made in a home, with the real program and worker: what is in it, what is in it no more, and what a database that goes wrong
 * leaves of it. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "tests/apply_postgres.h"
#include "tests/cli.h"

TestSuite(package_home_postgres, .timeout = 100, .init = postgres_needed);

static void add_layer(struct fp_buf *b, const char *id, const char *source)
{
	fp_buf_addf(b, "<maplayer type=\"vector\" geometry=\"Point\"><id>%s</id><datasource>%s</datasource><layername>%s</layername><provider encoding=\"UTF-8\">"
		"postgres</provider><customproperties><Option type=\"Map\"><Option name=\"QFieldSync/cloud_action\" type=\"QString\" value=\"offline\"/></Option>"
		"</customproperties></maplayer>", id, source, id);
}

/* Runs SQL as the login and in the schema of the test WHO: tests share one server. */
static void sql(const char *who, const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "SET SESSION AUTHORIZATION %s_login; SET search_path = %s, public; %s", who, who, text);
	postgres_sql("gis", b.data);
	fp_buf_free(&b);
}

/* A login and a schema of its own, with view "stands" of 3,000 trees and table "posts" of one. */
static void tables(const char *who)
{
	char *text = fp_asprintf("CREATE ROLE %s_login LOGIN PASSWORD '" PASSWORD "'; CREATE SCHEMA %s AUTHORIZATION %s_login", who, who, who);

	postgres_sql("gis", text);
	free(text);
	sql(who, "CREATE TABLE trees (id serial PRIMARY KEY, name text, geom geometry(Point, 2056)); CREATE VIEW stands AS SELECT * FROM trees;"
		"INSERT INTO trees (name, geom) SELECT 'oak ' || n, st_setsrid(st_makepoint(2600000 + n, 1200000), 2056) FROM generate_series(1, 3000) n;"
		"CREATE TABLE posts (id int PRIMARY KEY, name text); INSERT INTO posts VALUES (7, 'p')");
}

/* Project "Trees" with both as layers, the one by a service, the other by a login. */
static void home(const char *who)
{
	char *services = fp_asprintf("[geo]\nhost=127.0.0.1\nport=%d\ndbname=gis\nuser=%s_login\npassword=" PASSWORD "\n", postgres_port(), who);
	char *source = fp_asprintf("service='geo' key='id' srid=2056 type=Point table=\"%s\".\"stands\" (geom)", who);
	struct fp_buf b = FP_BUF_INIT;

	cli_folder();
	fp_buf_adds(&b, "<!DOCTYPE qgis>\n<qgis version=\"3.22.16-Bia\" projectname=\"\"><title>Trees</title><projectlayers>");
	add_layer(&b, "stands", source);
	free(source);
	source = fp_asprintf("dbname='gis' host=127.0.0.1 port=%d user='%s_login' password='" PASSWORD "' key='id' table=\"%s\".\"posts\"", postgres_port(), who, who);
	add_layer(&b, "posts", source);
	free(source);
	fp_buf_adds(&b, "</projectlayers><properties/></qgis>");
	cli_write("p/trees.qgs", b.data);
	fp_buf_free(&b);
	cli_write("home/config.yaml", "upload_settle_ms: 0\nnetwork_checks: true\nnetwork_allow: \"127.0.0.1\"\n");
	cli_wants(0, "init --yes");
	cli_wants(0, "project create Trees --from %s --yes", cli_path("p"));
	cli_wants(0, "secret set Trees GEO --type pgservice --file %s --yes", cli_write("services", services));
	cli_wants(0, "engine run --once");
	free(services);
}

/* ---- what is in the files ---- */

static void lacks(const char *name, const char *bytes, size_t n)
{
	static const char *const secrets[] = {PASSWORD, "password", "user=", "_login", "service", "'geo'", "authcfg"};

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		cr_expect_null(memmem(bytes, n, secrets[i], strlen(secrets[i])), "\"%s\" stands in %s", secrets[i], name);
}

static void members_lack(const char *path)
{
	zip_t *z = zip_open(path, ZIP_RDONLY, NULL);

	cr_assert_not_null(z);
	for (zip_int64_t i = 0; i < zip_get_num_entries(z, 0); i++) {
		char bytes[65536];
		zip_file_t *f = zip_fopen_index(z, (zip_uint64_t)i, 0);
		zip_int64_t n = zip_fread(f, bytes, sizeof bytes);
		cr_assert(n > 0 && n < (zip_int64_t)sizeof bytes);
		lacks(zip_get_name(z, (zip_uint64_t)i, 0), bytes, (size_t)n);
		zip_fclose(f);
	}
	zip_discard(z);
}

static enum fp_status look_at(void *folder, const char *name, int regular, int64_t size, struct fp_error *err)
{
	char *path = fp_path_join(folder, name);
	struct fp_buf b = FP_BUF_INIT;

	cr_assert(regular && size > 0);
	cr_assert_eq(fp_fs_read(&b, path, 64 << 20, err), FP_OK);
	lacks(name, b.data, b.len);
	if (fp_path_has_suffix(name, ".qgz"))
		members_lack(path);
	fp_buf_free(&b);
	free(path);
	return FP_OK;
}

/* The value of SQL in the data.gpkg of FOLDER, {stands} and {posts} in it the tables; static. */
static const char *value(const char *folder, const char *layer, const char *sql)
{
	static char answer[256];
	char *path = fp_path_join(folder, "data.gpkg"), *whole;
	const json_t *l;
	size_t i;
	sqlite3_stmt *s;
	sqlite3 *db;

	*answer = '\0';
	json_array_foreach(json_object_get(cli_json(0, "package show Trees --json"), "layers"), i, l) {
		if (strcmp(fp_json_str_or(l, "id", ""), layer) != 0)
			continue;
		whole = fp_asprintf("%s \"%s\"", sql, fp_json_str_or(l, "table", ""));
		cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
		cr_assert_eq(sqlite3_prepare_v2(db, whole, -1, &s, NULL), SQLITE_OK, "%s: %s", whole, sqlite3_errmsg(db));
		if (sqlite3_step(s) == SQLITE_ROW)
			snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(s, 0));
		sqlite3_finalize(s);
		sqlite3_close(db);
		free(whole);
	}
	free(path);
	return answer;
}

static void package(void)
{
	cli_wants(0, "job trigger Trees package --yes");
	cli_run("engine run --once");
}

Test(package_home_postgres, rows_come_along_and_logins_stay)
{
	char *folder = fp_strdup(cli_path("got"));

	tables("good");
	home("good");
	package();
	cli_wants(0, "package get Trees -o %s", folder);
	cr_expect_str_eq(value(folder, "stands", "SELECT count(*) || ' ' || sum(id) || ' ' || max(name) FROM"), "3000 4501500 oak 999");
	cr_expect_str_eq(value(folder, "posts", "SELECT group_concat(id || name) FROM"), "7p");
	cr_assert_eq(fp_fs_walk(folder, look_at, folder, NULL), FP_OK);
	free(folder);
}

/* ---- what goes wrong ---- */

/* The job of a package fails and says this. */
static void fails(const char *says)
{
	const json_t *job;

	package();
	job = json_array_get(json_object_get(cli_json(0, "job list --json"), "jobs"), 0);
	cr_expect_str_eq(fp_json_str_or(job, "status", ""), "failed");
	cr_expect(strstr(fp_json_str_or(job, "verdict", ""), says), "no \"%s\" in: %s", says, fp_json_str_or(job, "verdict", ""));
}

/* The reader alone asks for all of one moment; the check does not. */
#define HANG_UP "CREATE FUNCTION hang_up() RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN current_setting('transaction_isolation') = 'repeatable read'" \
	" THEN pg_terminate_backend(pg_backend_pid())::text END $$;"

Test(package_home_postgres, a_database_that_goes_wrong_fails_the_job_and_the_package_before_stays)
{
	tables("bad");
	home("bad");
	package();
	sql("bad", HANG_UP "CREATE OR REPLACE VIEW stands AS SELECT id, CASE WHEN id < 2000 THEN name ELSE hang_up() END AS name, geom FROM trees");
	fails("layer \"stands\" cannot be read: the database closed the connection: ");
	sql("bad", "CREATE OR REPLACE VIEW stands AS SELECT * FROM trees; DROP TABLE posts");
	fails("layer \"posts\" has 1 feature in the package before, and now it cannot be read: Layer or table \"bad.posts\" not in the database");
	postgres_sql("gis", "ALTER ROLE bad_login PASSWORD 'another'");
	fails("layer \"posts\" has 1 feature in the package before, and now it cannot be read: Login refused");
	cr_expect_eq(json_array_size(json_object_get(cli_json(0, "package list Trees --json"), "packages")), 1);
	cli_wants(0, "package get Trees -o %s", cli_path("got"));
	cr_expect_str_eq(value(cli_path("got"), "stands", "SELECT count(*) FROM"), "3000");
}
