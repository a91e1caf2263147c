/* Secrets at rest: what may be one, how it is encrypted, what its key has to be like, and that its value is nowhere to be found. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/check.h"
#include "engine/store/projects.h"
#include "engine/store/secrets.h"
#include "tests/engine_home.h"

#define PLAIN "Xyzzy-plugh-4711"
#define SERVICE "[geo]\nhost=db.example\nuser=reader\npassword=" PLAIN "\n"

TestSuite(secrets, .timeout = 60);

static struct home h;
static struct fp_error err;

static void open_home(void)
{
	cr_assert_geq(sodium_init(), 0);
	home_open(&h);
}

static enum fp_status set(const char *name, const char *type, const char *value)
{
	memset(&err, 0, sizeof err);
	return fp_secret_set(h.s, h.project, name, type, value, strlen(value), "anna", &err);
}

static void sets(const char *name, const char *type, const char *value)
{
	cr_assert_eq(set(name, type, value), FP_OK, "%s: %s", name, err.msg);
}

static void refuses(enum fp_status code, const char *message, const char *name, const char *type, const char *value)
{
	cr_assert_eq(set(name, type, value), code, "%s: %d %s", name, err.code, err.msg);
	cr_assert(strstr(err.msg, message), "\"%s\" does not say \"%s\"", err.msg, message);
	cr_assert_null(strstr(err.msg, PLAIN));
	cr_assert_null(strchr(err.msg, '\n'));
}

static enum fp_status job(json_t **envvars, char **pgservice)
{
	memset(&err, 0, sizeof err);
	return fp_secrets_for_job(h.s, h.project, envvars, pgservice, &err);
}

static void job_fails(enum fp_status code, const char *message)
{
	json_t *envvars;
	char *pgservice;

	cr_assert_eq(job(&envvars, &pgservice), code, "%s", err.msg);
	cr_assert(strstr(err.msg, message), "\"%s\" does not say \"%s\"", err.msg, message);
	cr_assert_neq(err.hint[0], '\0', "no hint with: %s", err.msg);
}

static char *key_path(void)
{
	return fp_path_join(h.path, "secret.key");
}

Test(secrets, names_that_are_none_are_refused)
{
	static const char *const names[] = {"", "A", "geo", "Geo", "1A", "_A", "A-B", "A B", "A.B", "A=B", "\xc3\x84" "A", "A\nB", "PG\x01"};
	char longest[FP_SECRET_NAME_MAX + 2];

	open_home();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		refuses(FP_E_INVALID, "a secret's name has", names[i], "envvar", "x");
	memset(longest, 'A', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	refuses(FP_E_INVALID, "a secret's name has", longest, "envvar", "x");
	longest[FP_SECRET_NAME_MAX] = '\0';
	sets(longest, "envvar", "x");
	sets("A1_", "envvar", "x");
	home_close(&h);
}

Test(secrets, names_that_would_change_how_programs_start_or_read_data_are_refused)
{
	static const char *const names[] = {"LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "IFS", "TZ", "LC_ALL", "LANG", "LANGUAGE", "GDAL_DATA", "OGR_SQLITE_PRAGMA",
		"CPL_DEBUG", "PROJ_LIB", "SQLITE_TMPDIR", "MALLOC_CHECK_", "GLIBC_TUNABLES", "FIELDPOST_HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
		"PGSERVICEFILE", "PGPASSFILE", "PGSYSCONFDIR", "PGSSLKEY", "PGSSLROOTCERT", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"};

	open_home();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		refuses(FP_E_REFUSED, "must not be named", names[i], "envvar", "x");
		refuses(FP_E_REFUSED, "must not be named", names[i], "pgservice", SERVICE);
	}
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret"), 0);
	sets("PGPASSWORD", "envvar", "x");
	sets("PGSSLMODE", "envvar", "require");
	sets("PATHS", "envvar", "x");
	sets("MY_HOME", "envvar", "x");
	home_close(&h);
}

Test(secrets, values_that_cannot_be_given_to_a_job_are_refused)
{
	char *large = fp_alloc(FP_SECRET_VALUE_MAX + 2);

	open_home();
	memset(large, 'x', FP_SECRET_VALUE_MAX + 1);
	refuses(FP_E_INVALID, "must have 1 to", "KEY", "envvar", "");
	refuses(FP_E_INVALID, "must have 1 to", "KEY", "envvar", large);
	refuses(FP_E_INVALID, "more than one line", "KEY", "envvar", PLAIN "\nb");
	refuses(FP_E_INVALID, "more than one line", "KEY", "envvar", PLAIN "\r");
	refuses(FP_E_INVALID, "UTF-8", "KEY", "envvar", PLAIN "\xff");
	cr_assert_eq(fp_secret_set(h.s, h.project, "KEY", "envvar", "a\0b", 3, "anna", &err), FP_E_INVALID);
	refuses(FP_E_USAGE, "envvar or a pgservice", "KEY", "file", "x");
	refuses(FP_E_INVALID, "no pg_service.conf: service file, line 1", "KEY", "pgservice", "password=" PLAIN "\n[geo]\n");
	refuses(FP_E_INVALID, "no pg_service.conf: service file, line 2", "KEY", "pgservice", "[geo]\n" PLAIN "\n");
	refuses(FP_E_INVALID, "has no section", "KEY", "pgservice", "# " PLAIN "\n");
	refuses(FP_E_INVALID, "same section twice", "KEY", "pgservice", "[geo]\nhost=a\n[geo]\nhost=b\n");
	refuses(FP_E_INVALID, "not printable", "KEY", "pgservice", "[ge\x1bo]\nhost=a\n");
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret"), 0);
	large[FP_SECRET_VALUE_MAX] = '\0';
	sets("KEY", "envvar", large);
	cr_assert_eq(fp_secret_set(h.s, "00000000-0000-4000-8000-000000000000", "KEY", "envvar", "x", 1, "anna", &err), FP_E_NOTFOUND, "%s", err.msg);
	free(large);
	home_close(&h);
}

Test(secrets, a_service_is_defined_once_in_a_project)
{
	char other[37];

	open_home();
	sets("GEO", "pgservice", SERVICE);
	refuses(FP_E_EXISTS, "service \"geo\" is defined by secret GEO already", "GEO2", "pgservice", "[forest]\nhost=a\n[geo]\nhost=b\n");
	sets("GEO", "pgservice", "[geo]\nhost=b\n[forest]\nhost=c\n");
	refuses(FP_E_EXISTS, "service \"forest\"", "GEO2", "pgservice", "[forest]\nhost=a\n");
	sets("GEO", "envvar", "no service any more");
	sets("GEO2", "pgservice", SERVICE);
	cr_assert_eq(fp_project_create(h.s, other, "Other", "anna", &err), FP_OK);
	cr_assert_eq(fp_secret_set(h.s, other, "GEO", "pgservice", SERVICE, strlen(SERVICE), "anna", &err), FP_OK, "%s", err.msg);
	home_close(&h);
}

Test(secrets, all_that_a_project_has_must_fit_into_a_job)
{
	char *large = fp_alloc(FP_SECRET_VALUE_MAX + 1);

	open_home();
	memset(large, 'x', FP_SECRET_VALUE_MAX - 20);
	sets("ONE", "envvar", large);
	sets("TWO", "envvar", large);
	refuses(FP_E_FULL, "may take 32768 bytes in all", "THREE", "envvar", "a value of some more bytes than are left");
	sets("TWO", "envvar", "small");
	memset(large, '"', FP_SECRET_VALUE_MAX - 20);
	refuses(FP_E_FULL, "would take", "THREE", "envvar", large);
	free(large);
	home_close(&h);
}

Test(secrets, the_key_is_made_once_is_private_and_is_never_replaced)
{
	struct fp_buf before = FP_BUF_INIT, after = FP_BUF_INIT;
	struct stat sb;
	char *key;

	open_home();
	key = key_path();
	cr_assert_neq(access(key, F_OK), 0);
	umask(0);
	sets("KEY", "envvar", PLAIN);
	cr_assert_eq(lstat(key, &sb), 0);
	cr_assert(S_ISREG(sb.st_mode) && (sb.st_mode & 07777) == 0600 && sb.st_size == 32, "%o", sb.st_mode);
	cr_assert_eq(fp_fs_read(&before, key, 64, &err), FP_OK);
	sets("KEY2", "envvar", PLAIN);
	cr_assert_eq(fp_secrets_make_key(h.s, &err), FP_OK);
	cr_assert_eq(fp_secret_remove(h.s, h.project, "KEY", "anna", &err), FP_OK);
	cr_assert_eq(fp_secret_remove(h.s, h.project, "KEY2", "anna", &err), FP_OK);
	sets("KEY", "envvar", PLAIN);
	cr_assert_eq(fp_fs_read(&after, key, 64, &err), FP_OK);
	cr_assert(before.len == 32 && memcmp(before.data, after.data, 32) == 0);
	fp_buf_free(&before);
	fp_buf_free(&after);
	free(key);
	home_close(&h);
}

Test(secrets, a_key_that_is_missing_open_to_others_or_none_is_refused_in_one_line)
{
	char *key, *aside;
	json_t *envvars;
	char *pgservice;

	open_home();
	key = key_path();
	aside = fp_path_join(h.folder, "aside");
	sets("KEY", "envvar", PLAIN);
	cr_assert_eq(rename(key, aside), 0);
	job_fails(FP_E_NOTFOUND, "the key of the secrets is missing");
	refuses(FP_E_NOTFOUND, "the key of the secrets is missing", "KEY2", "envvar", PLAIN);
	cr_assert_eq(fp_secrets_make_key(h.s, &err), FP_OK);
	cr_assert_neq(access(key, F_OK), 0, "no new key, with which the old secret could not be read");
	cr_assert_eq(symlink(aside, key), 0);
	cr_assert_eq(job(&envvars, &pgservice), FP_E_IO, "a link: %d %s", err.code, err.msg);
	cr_assert_eq(unlink(key), 0);
	cr_assert_eq(fp_fs_write_atomic(key, "short", 5, &err), FP_OK);
	job_fails(FP_E_CORRUPT, "is no key");
	cr_assert_eq(rename(aside, key), 0);
	cr_assert_eq(chmod(key, 0640), 0);
	job_fails(FP_E_DENIED, "can be read by others (mode 0640)");
	cr_assert_eq(chmod(key, 0604), 0);
	job_fails(FP_E_DENIED, "mode 0604");
	cr_assert_eq(chmod(key, 0600), 0);
	cr_assert_eq(job(&envvars, &pgservice), FP_OK, "%s", err.msg);
	fp_secrets_wipe(envvars, pgservice);
	free(key);
	free(aside);
	home_close(&h);
}

Test(secrets, with_another_key_it_is_said_which_secret_to_set_again)
{
	json_t *envvars;
	char *key, *pgservice;

	open_home();
	key = key_path();
	sets("KEY", "envvar", PLAIN);
	cr_assert_eq(fp_fs_write_atomic(key, "0123456789abcdef0123456789abcdef", 32, &err), FP_OK);
	cr_assert_eq(chmod(key, 0600), 0);
	job_fails(FP_E_CORRUPT, "secret KEY cannot be decrypted");
	cr_assert(strstr(err.hint, "set it again"), "%s", err.hint);
	sets("KEY", "envvar", PLAIN);
	cr_assert_eq(job(&envvars, &pgservice), FP_OK, "%s", err.msg);
	cr_assert_str_eq(fp_json_str_or(envvars, "KEY", ""), PLAIN);
	fp_secrets_wipe(envvars, pgservice);
	free(key);
	home_close(&h);
}

static void run(const char *sql)
{
	char *why = NULL;

	cr_assert_eq(sqlite3_exec(h.s->db, sql, NULL, NULL, &why), SQLITE_OK, "%s: %s", sql, why);
}

Test(secrets, a_row_that_was_changed_moved_or_renamed_does_not_open)
{
	static const char *const tricks[] = {
		"UPDATE secret SET name = 'OTHER'",
		"UPDATE secret SET type = 'pgservice', services = '[\"x\"]'",
		"UPDATE secret SET nonce = zeroblob(24)",
		"UPDATE secret SET ciphertext = CAST(substr(ciphertext, 1, length(ciphertext) - 1) AS BLOB)",
		"UPDATE secret SET ciphertext = zeroblob(17)",
	};

	open_home();
	for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
		run("DELETE FROM secret");
		sets("KEY", "envvar", PLAIN);
		run(tricks[i]);
		job_fails(FP_E_CORRUPT, "cannot be decrypted");
	}
	run("DELETE FROM secret");
	cr_assert_eq(fp_project_create(h.s, h.project, "Other", "anna", &err), FP_OK);
	sets("KEY", "envvar", PLAIN);
	run("UPDATE secret SET project_id = (SELECT id FROM project WHERE name = 'Bees')");
	cr_assert_eq(fp_project_find(h.s, h.project, "Bees", &err), FP_OK);
	job_fails(FP_E_CORRUPT, "cannot be decrypted");
	home_close(&h);
}

Test(secrets, the_schema_itself_refuses_what_is_no_secret)
{
	static const char *const sql[] = {
		"UPDATE secret SET name = 'geo'", "UPDATE secret SET name = 'G'", "UPDATE secret SET name = 'GE O'", "UPDATE secret SET type = 'file'",
		"UPDATE secret SET nonce = zeroblob(12)", "UPDATE secret SET ciphertext = zeroblob(16)", "UPDATE secret SET test_ok = 2",
		"UPDATE project SET network = 'maybe'",
	};

	open_home();
	sets("GEO", "pgservice", SERVICE);
	for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
		cr_expect_neq(sqlite3_exec(h.s->db, sql[i], NULL, NULL, NULL), SQLITE_OK, "%s", sql[i]);
	home_close(&h);
}

static enum fp_status search(void *arg, const char *name, int regular, int64_t size, struct fp_error *e)
{
	char *path = fp_path_join(h.path, name);
	struct fp_buf b = FP_BUF_INIT;

	(void)regular;
	(void)size;
	cr_assert_eq(fp_fs_read(&b, path, 1 << 26, e), FP_OK);
	cr_assert_null(memmem(b.data, b.len, PLAIN, strlen(PLAIN)), "the value stands in %s", path);
	++*(int *)arg;
	fp_buf_free(&b);
	free(path);
	return FP_OK;
}

Test(secrets, a_value_stands_in_no_file_of_the_home)
{
	int files = 0;
	char *copy;

	open_home();
	sets("KEY", "envvar", PLAIN);
	sets("GEO", "pgservice", SERVICE);
	sets("KEY", "envvar", PLAIN "2");
	set("BAD", "pgservice", "[geo]\npassword=" PLAIN "\n");
	cr_assert_eq(fp_secret_tested(h.s, h.project, "GEO", 0, 1, "", "anna", &err), FP_OK);
	cr_assert_eq(fp_secret_remove(h.s, h.project, "KEY", "anna", &err), FP_OK);
	copy = fp_path_join(h.path, "copy.db");
	cr_assert_eq(fp_store_backup(h.s, copy, &err), FP_OK);
	cr_assert_eq(fp_fs_walk(h.path, search, &files, &err), FP_OK);
	cr_assert_geq(files, 4, "%d", files);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM activity WHERE instr(detail, '" PLAIN "')"), 0);
	free(copy);
	home_close(&h);
}

/* ---- lists ---- */

static void add_layer(const char *id, const char *json)
{
	char *sql = sqlite3_mprintf("INSERT INTO layer (project_id, layer_id, name, type, provider, crs, datasource, is_valid, status, error_summary, provider_summary,"
		" confidence, detail, remedy, pk, filename, warnings, json, since_job, since) VALUES (%Q, %Q, 'Layer ' || %Q, '', '', '', '', 1, 'ok', '', '', '', '', '', '', '',"
		" '', %Q, 1, 1)", h.project, id, id, json);

	run(sql);
	sqlite3_free(sql);
}

static void take_row(void *arg, const struct fp_secret_row *r)
{
	fp_buf_addf(arg, "%s|%s|%s|%s|%s|%s|%d\n", r->name, r->type, r->state, r->services, r->used_by, r->set_by, r->test_ok);
}

static void lists(const char *filter, const char *expected)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_query q = {.project_id = h.project, .filter = filter};
	int64_t n, lines = 0;

	cr_assert_eq(fp_secret_list(h.s, &q, 0, 100, take_row, &b, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(b.data, expected);
	for (const char *c = expected; *c; c++)
		lines += *c == '\n';
	cr_assert_eq(fp_secret_count(h.s, &q, &n, &err), FP_OK);
	cr_assert_eq(n, lines);
	fp_buf_free(&b);
}

Test(secrets, a_list_says_which_layers_use_a_secret_and_which_services_nobody_defines)
{
	open_home();
	sets("GEO", "pgservice", "[geo]\nhost=a\n[forest]\nhost=b\n");
	sets("PGPASSWORD", "envvar", PLAIN);
	add_layer("a", "{\"id\":\"a\",\"uses\":[\"service:geo\",\"env:PGPASSWORD\"]}");
	add_layer("b", "{\"id\":\"b\",\"uses\":[\"service:forest\",\"service:geo\"]}");
	add_layer("c", "{\"id\":\"c\",\"uses\":[\"service:sea\",\"env:GEO\",7,null]}");
	add_layer("d", "{\"id\":\"d\",\"uses\":\"service:sea\"}");
	add_layer("e", "{\"id\":\"e\",\"detail\":\"uses nothing\"}");
	lists("", "|pgservice|missing|[\"sea\"]|[{\"id\":\"c\",\"name\":\"Layer c\"},{\"id\":\"d\",\"name\":\"Layer d\"}]||-1\n"
		"GEO|pgservice|set|[\"geo\",\"forest\"]|[{\"id\":\"a\",\"name\":\"Layer a\"},{\"id\":\"b\",\"name\":\"Layer b\"}]|anna|-1\n"
		"PGPASSWORD|envvar|set|[]|[{\"id\":\"a\",\"name\":\"Layer a\"}]|anna|-1\n");
	lists("state:missing", "|pgservice|missing|[\"sea\"]|[{\"id\":\"c\",\"name\":\"Layer c\"},{\"id\":\"d\",\"name\":\"Layer d\"}]||-1\n");
	lists("type:envvar", "PGPASSWORD|envvar|set|[]|[{\"id\":\"a\",\"name\":\"Layer a\"}]|anna|-1\n");
	lists("service:forest name:geo", "GEO|pgservice|set|[\"geo\",\"forest\"]|[{\"id\":\"a\",\"name\":\"Layer a\"},{\"id\":\"b\",\"name\":\"Layer b\"}]|anna|-1\n");
	lists("-state:set -state:missing", "");
	lists("\"layer b\"", "GEO|pgservice|set|[\"geo\",\"forest\"]|[{\"id\":\"a\",\"name\":\"Layer a\"},{\"id\":\"b\",\"name\":\"Layer b\"}]|anna|-1\n");
	sets("SEA", "pgservice", "[sea]\nhost=c\n");
	lists("state:missing", "");
	home_close(&h);
}

Test(secrets, a_test_of_what_was_replaced_meanwhile_is_not_kept)
{
	open_home();
	sets("GEO", "pgservice", SERVICE);
	cr_assert_eq(fp_secret_tested(h.s, h.project, "GEO", home_number(&h, "SELECT set_at FROM secret") - 1, 1, "geo: connected", "anna", &err), FP_OK);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret WHERE tested_at IS NOT NULL"), 0);
	cr_assert_eq(fp_secret_tested(h.s, h.project, "GEO", home_number(&h, "SELECT set_at FROM secret"), 1, "geo: connected", "anna", &err), FP_OK);
	cr_assert_str_eq(home_text(&h, "SELECT test_ok || test_said FROM secret"), "1geo: connected");
	sets("GEO", "pgservice", SERVICE);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret WHERE tested_at IS NULL AND test_ok IS NULL AND test_said = ''"), 1);
	home_close(&h);
}

Test(secrets, they_go_with_their_project)
{
	open_home();
	sets("GEO", "pgservice", SERVICE);
	cr_assert_eq(fp_secret_remove(h.s, h.project, "NONE", "anna", &err), FP_E_NOTFOUND);
	cr_assert_eq(fp_project_delete(h.s, h.project, "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM secret"), 0);
	home_close(&h);
}

Test(secrets, a_store_from_before_them_gets_room_for_them_and_keeps_what_it_had)
{
	char folder[] = "/tmp/fp-upgrade-XXXXXX", *source = fp_strdup(getenv("FIELDPOST_DATA")), *home, *to, *from;
	static const char *const names[] = {"schema/001_store.sql", "schema/002_secrets.sql"};
	struct fp_store *s;
	int64_t n = 0;

	cr_assert_not_null(mkdtemp(folder));
	home = fp_path_join(folder, "home");
	setenv("FIELDPOST_DATA", folder, 1);
	for (int i = 0; i < 2; i++) {
		char *schema = fp_path_join(folder, "schema");
		cr_assert_eq(fp_fs_mkdirs(schema, &err), FP_OK);
		from = fp_path_join(source, names[i]);
		to = fp_path_join(folder, names[i]);
		cr_assert_eq(fp_fs_copy(from, to, &err), FP_OK, "%s", err.msg);
		cr_assert_eq(fp_store_open(&s, home, i == 0 ? FP_STORE_CREATE : 0, &err), FP_OK, "%s", err.msg);
		if (i == 0)
			cr_assert_eq(fp_project_create(s, h.project, "Old", "anna", &err), FP_OK);
		else
			cr_assert_eq(fp_secret_set(s, h.project, "KEY", "envvar", PLAIN, strlen(PLAIN), "anna", &err), FP_OK, "%s", err.msg);
		cr_assert_eq(fp_db_int(s, &n, &err, "SELECT count(*) FROM revision", FP_NOVALS), FP_OK);
		cr_assert_eq(n, i == 0 ? 7 : 8);
		if (i == 1)
			cr_assert_eq(fp_db_int(s, &n, &err, "SELECT 99 FROM project WHERE name = 'Old' AND network = 'default'", FP_NOVALS), FP_OK);
		fp_store_close(s);
		free(schema);
		free(from);
		free(to);
	}
	cr_assert_eq(n, 99);
	fp_fs_remove_tree(folder, NULL);
	free(home);
	free(source);
}

/* ---- doctor ---- */

static void take_finding(void *arg, enum fp_finding finding, const char *line)
{
	fp_buf_addf(arg, "%d %s\n", finding, line);
}

static void doctor_says(int64_t faults, const char *text)
{
	struct fp_buf b = FP_BUF_INIT;
	int64_t n;

	cr_assert_eq(fp_store_check(h.s, 0, take_finding, &b, &n, &err), FP_OK, "%s", err.msg);
	cr_assert(strstr(b.data, text), "no \"%s\" in:\n%s", text, b.data);
	cr_assert_null(strstr(b.data, PLAIN));
	cr_assert_eq(n, faults, "%lld faults in:\n%s", (long long)n, b.data);
	fp_buf_free(&b);
}

Test(secrets, doctor_looks_at_the_key_and_opens_every_secret)
{
	char *key;

	open_home();
	key = key_path();
	doctor_says(0, "no secret is set");
	sets("KEY", "envvar", PLAIN);
	sets("GEO", "pgservice", SERVICE);
	doctor_says(0, "secret.key is private, and every secret opens with it");
	run("UPDATE secret SET nonce = zeroblob(24) WHERE name = 'GEO'");
	doctor_says(1, "secret GEO of project Bees does not open with secret.key: set it again");
	cr_assert_eq(chmod(key, 0644), 0);
	doctor_says(1, "can be read by others");
	cr_assert_eq(chmod(key, 0600), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chown(key, 12345, 12345), 0);
		doctor_says(2, "belongs to uid 12345");
	}
	cr_assert_eq(unlink(key), 0);
	doctor_says(1, "the key of the secrets is missing");
	free(key);
	home_close(&h);
}
