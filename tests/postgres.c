#include "tests/postgres.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"

#define NOBODY 65534 /* PostgreSQL does not run as root */
#define START_MS 60000

static pid_t server; /* 0 in processes that did not start it */

/* The server is started outside of any test, where Criterion's assertions mean nothing. */
static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "the tests' PostgreSQL: %s\n", what);
	postgres_stop();
	_exit(1); /* a library's last words could wait for ever */
}

/* The folder of PostgreSQL's programs: Debian keeps one a version. Static; NULL when there is none. */
static const char *programs(void)
{
	static char folder[256];
	glob_t found;

	if (*folder)
		return folder;
	if (access("/usr/bin/initdb", X_OK) == 0)
		snprintf(folder, sizeof folder, "/usr/bin");
	else if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0) {
		char *last = fp_path_dir(found.gl_pathv[found.gl_pathc - 1]);
		snprintf(folder, sizeof folder, "%s", last);
		free(last);
		globfree(&found);
	}
	return *folder ? folder : NULL;
}

int postgres_is_here(void)
{
	return programs() != NULL;
}

void postgres_needed(void)
{
	if (!postgres_is_here())
		cr_skip_test("no initdb here: the package postgresql is not installed");
}

static const char *folder(void)
{
	return getenv("FIELDPOST_TEST_POSTGRES_DIR");
}

int postgres_port(void)
{
	must(getenv("FIELDPOST_TEST_POSTGRES_PORT") != NULL, "it was not started");
	return (int)strtol(getenv("FIELDPOST_TEST_POSTGRES_PORT"), NULL, 10);
}

/* In a child: becomes PROGRAM, as nobody when we are root, silent. */
static void become(char *const argv[]) __attribute__((noreturn));
static void become(char *const argv[])
{
	char *path = fp_path_join(programs(), argv[0]);
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	if (strcmp(argv[0], "postgres") == 0)
		dup2(null, 2);
	if (getuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT); /* an immediate shutdown */
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	execv(path, argv);
	_exit(127);
}

static void make_cluster(const char *dir)
{
	char *const argv[] = {(char *)"initdb", (char *)"-D", (char *)dir, (char *)"-U", (char *)"postgres", (char *)"-A", (char *)"trust", (char *)"-E",
		(char *)"UTF8", (char *)"--locale=C.UTF-8", (char *)"--no-sync", (char *)"--no-instructions", NULL};
	pid_t pid = fork();
	int status;

	if (pid == 0)
		become(argv);
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "initdb failed");
}

static void own(const char *path, mode_t mode)
{
	must(chmod(path, mode) == 0 && (getuid() != 0 || chown(path, NOBODY, NOBODY) == 0), path);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char *path = fp_path_join(dir, name);

	must(fp_fs_write_atomic(path, text, strlen(text), NULL) == FP_OK, path);
	own(path, 0600);
	free(path);
}

/* A key, and a certificate for "postgres.test" that it signed itself. */
static void make_certificate(const char *dir)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	char *key_path = fp_path_join(dir, "server.key"), *cert_path = fp_path_join(dir, "server.crt");
	FILE *f;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"postgres.test", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	must(X509_sign(cert, key, EVP_sha256()) > 0, "no certificate");
	f = fopen(key_path, "w");
	must(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0, key_path);
	f = fopen(cert_path, "w");
	must(f && PEM_write_X509(f, cert) && fclose(f) == 0, cert_path);
	own(key_path, 0600);
	own(cert_path, 0600);
	X509_free(cert);
	EVP_PKEY_free(key);
	free(key_path);
	free(cert_path);
}

static int free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && getsockname(fd, (struct sockaddr *)&a, &n) == 0, "no port");
	close(fd);
	return ntohs(a.sin_port);
}

static PGconn *connection(const char *database)
{
	char port[16];
	const char *keys[] = {"host", "port", "user", "dbname", "client_encoding", NULL}, *values[] = {folder(), port, "postgres", database, "UTF8", NULL};

	snprintf(port, sizeof port, "%d", postgres_port());
	return PQconnectdbParams(keys, values, 0);
}

static void wait_until_it_answers(void)
{
	for (int ms = 0; ms < START_MS; ms += 50) {
		PGconn *c = connection("postgres");
		int ok = PQstatus(c) == CONNECTION_OK;

		PQfinish(c);
		if (ok)
			return;
		must(waitpid(server, NULL, WNOHANG) == 0, "it ended at once");
		poll(NULL, 0, 50);
	}
	must(0, "it does not answer");
}

void postgres_start(const char *hba)
{
	char dir[] = "/tmp/fp-postgres-XXXXXX", port[16], *text;
	char *const argv[] = {(char *)"postgres", (char *)"-D", dir, NULL};

	must(mkdtemp(dir) != NULL, "no folder");
	own(dir, 0700);
	setenv("FIELDPOST_TEST_POSTGRES_DIR", dir, 1);
	snprintf(port, sizeof port, "%d", free_port());
	setenv("FIELDPOST_TEST_POSTGRES_PORT", port, 1);
	make_cluster(dir);
	make_certificate(dir);
	text = fp_asprintf("local all postgres trust\n%s", hba);
	write_file(dir, "pg_hba.conf", text);
	free(text);
	text = fp_asprintf("port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '%s'\nssl = on\nfsync = off\nsynchronous_commit = off\n"
		"full_page_writes = off\nmax_connections = 40\nshared_buffers = 16MB\nautovacuum = off\nlogging_collector = off\n", port, dir);
	write_file(dir, "postgresql.conf", text);
	free(text);
	server = fork();
	if (server == 0)
		become(argv);
	must(server > 0, "no process");
	wait_until_it_answers();
}

void postgres_stop(void)
{
	if (server > 0) {
		kill(server, SIGQUIT);
		waitpid(server, NULL, 0);
		server = 0;
	}
	if (folder())
		fp_fs_remove_tree(folder(), NULL);
	unsetenv("FIELDPOST_TEST_POSTGRES_DIR");
	unsetenv("FIELDPOST_TEST_POSTGRES_PORT");
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
	(void)stats;
	postgres_stop();
}

void postgres_sql(const char *database, const char *sql)
{
	PGconn *c = connection(database);
	PGresult *res = PQexec(c, sql);
	ExecStatusType st = PQresultStatus(res);

	must(st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK, PQerrorMessage(c));
	PQclear(res);
	PQfinish(c);
}

const char *postgres_value(const char *database, const char *sql)
{
	static char value[1024];
	PGconn *c = connection(database);
	PGresult *res = PQexec(c, sql);

	must(PQresultStatus(res) == PGRES_TUPLES_OK, PQerrorMessage(c));
	snprintf(value, sizeof value, "%s", PQntuples(res) ? PQgetvalue(res, 0, 0) : "");
	PQclear(res);
	PQfinish(c);
	return value;
}

void postgres_rows(const char *database, const char *sql, postgres_row *each, void *arg)
{
	for (int ms = 0;; ms += 50) {
		PGconn *c = connection(database);
		PGresult *res = PQexec(c, sql);
		int ok = PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK;

		must(ok || ms < START_MS, PQerrorMessage(c));
		for (int i = 0; ok && i < PQntuples(res); i++) {
			const char *columns[8] = {0};
			for (int k = 0; k < PQnfields(res) && k < 8; k++)
				columns[k] = PQgetvalue(res, i, k);
			each(arg, columns);
		}
		PQclear(res);
		PQfinish(c);
		if (ok)
			return;
		poll(NULL, 0, 50);
	}
}

void postgres_set(const char *setting, const char *value)
{
	char *sql = fp_asprintf("ALTER SYSTEM SET %s = %s", setting, value), *show = fp_asprintf("SHOW %s", setting);

	postgres_sql("postgres", sql);
	postgres_sql("postgres", "SELECT pg_reload_conf()");
	for (int i = 0; strcmp(postgres_value("postgres", show), value) != 0; i++) {
		must(i < 200, sql);
		poll(NULL, 0, 50);
	}
	free(sql);
	free(show);
}
