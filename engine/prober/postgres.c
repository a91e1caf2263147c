#include "engine/prober/postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/pgservice.h"
#include "engine/prober/answer.h"
#include "engine/prober/ask.h"

#define PARAMS_MAX 64

/* The parameters of a connection as libpq knows them, from the question, else the service, else the environment. */
struct params {
	PQconninfoOption *options; /* libpq's list; VAL is what the environment or its own defaults say */
	const char *keys[PARAMS_MAX + 1], *values[PARAMS_MAX + 1];
	size_t n;
	json_t *service;           /* key -> value; NULL without one */
};

/* What overrides whatever somebody says: no file is read, no Kerberos server asked, and texts come as we can read them. */
static const struct fixed {
	const char *key, *value;
} fixed[] = {
	{"service", ""}, {"passfile", "/nonexistent"}, {"gssencmode", "disable"}, {"client_encoding", "UTF8"}, {"replication", ""},
	{"connect_timeout", ""}, {"application_name", "fieldpost"}, {"keepalives", "1"}, {"keepalives_idle", "20"}, {"keepalives_interval", "10"},
	{"keepalives_count", "3"}, {"tcp_user_timeout", "40000"},
};

static const char *fixed_value(const char *key)
{
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (strcmp(fixed[i].key, key) == 0)
			return fixed[i].value;
	return NULL;
}

struct search {
	const char *name;
	json_t *found; /* NULL until the section is */
	int over;      /* libpq takes the first section of a name and the first value of a key */
};

static void on_setting(void *arg, const char *service, const char *key, const char *value)
{
	struct search *s = arg;

	if (!key) {
		s->over = s->over || s->found;
		if (!s->found && strcmp(service, s->name) == 0)
			s->found = json_object();
	} else if (s->found && !s->over && !json_object_get(s->found, key)) {
		json_object_set_new(s->found, key, fp_json_text(value));
	}
}

static const char *param(const struct params *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->keys[i], key) == 0)
			return p->values[i];
	return "";
}

static void set(struct params *p, const char *key, const char *value)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->keys[i], key) == 0) {
			p->values[i] = value;
			return;
		}
}

static void params_free(struct params *p)
{
	PQconninfoFree(p->options);
	json_decref(p->service);
}

/* The section NAME of the service file. libpq refuses a section with a key that it does not know, and so do we. */
static int take_service(struct params *p, const char *name, const char *pgservice, json_t *answer)
{
	struct search s = {.name = name};
	const char *key;
	json_t *value;

	fp_pgservice_read(pgservice, on_setting, &s, NULL);
	p->service = s.found;
	if (!s.found) {
		fp_answer_fault(answer, "name", "service_unknown", "definition of service \"%s\" not found", name);
		return -1;
	}
	json_object_foreach(s.found, key, value) {
		const PQconninfoOption *o = p->options;
		while (o->keyword && strcmp(o->keyword, key) != 0)
			o++;
		if (!o->keyword || strcmp(key, "service") == 0) {
			fp_answer_fault(answer, "name", "connect_failed", "service \"%s\" has a setting that there is not: \"%s\"", name, key);
			return -1;
		}
	}
	return 0;
}

/* What the environment says of O, or libpq itself. Its word for the user would be whoever runs us, if it finds him. */
static const char *default_of(const PQconninfoOption *o)
{
	if (strcmp(o->keyword, "user") == 0 && !getenv(o->envvar))
		return "nobody";
	return o->val ? o->val : "";
}

static int take_params(struct params *p, const struct fp_asker *asker, const json_t *question, json_t *answer)
{
	static const char *const asked[] = {"host", "port", "dbname", "user", "password", "sslmode"};
	const char *service = fp_json_str_or(question, "service", "");

	p->options = PQconndefaults();
	fp_assert(p->options);
	if (!*service)
		service = asker->service;
	if (*service && take_service(p, service, asker->pgservice, answer) != 0)
		return -1;
	for (const PQconninfoOption *o = p->options; o->keyword; o++) {
		const char *value = fp_json_str_or(p->service, o->keyword, default_of(o));
		for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
			if (strcmp(asked[i], o->keyword) == 0 && *fp_json_str_or(question, asked[i], ""))
				value = fp_json_str(question, asked[i]);
		fp_assert(p->n < PARAMS_MAX);
		p->keys[p->n] = o->keyword;
		p->values[p->n++] = fixed_value(o->keyword) ? fixed_value(o->keyword) : value;
	}
	return 0;
}

/* Waits for libpq's socket. 0, or -1 when the time is over. */
static int wait_for(PGconn *conn, short events, int64_t deadline)
{
	struct pollfd p = {.fd = PQsocket(conn), .events = events};
	int64_t left = deadline - fp_monotonic_ms();

	if (p.fd < 0 || left <= 0)
		return -1;
	return poll(&p, 1, (int)left) == 0 ? -1 : 0;
}

static void no_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

/* One attempt on one address. */
static int try_address(struct fp_pg *pg, const struct params *p)
{
	int64_t deadline = fp_monotonic_ms() + FP_CONNECT_MS;
	PGconn *conn = PQconnectStartParams(p->keys, p->values, 0);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	ConnStatusType last = CONNECTION_STARTED;
	int stands = 0, tls_tried = 0;

	fp_assert(conn);
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE); /* a failed login's SQLSTATE is told in no other way */
	PQsetNoticeReceiver(conn, no_notice, NULL);
	while (PQstatus(conn) != CONNECTION_BAD && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
		last = PQstatus(conn);
		if (!stands && last != CONNECTION_STARTED && last != CONNECTION_NEEDED) {
			deadline = fp_monotonic_ms() + FP_ANSWER_MS;
			stands = 1;
		}
		tls_tried = tls_tried || last == CONNECTION_SSL_STARTUP;
		if (wait_for(conn, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline) != 0) {
			const char *stage = last == CONNECTION_STARTED ? "port" : last == CONNECTION_SSL_STARTUP ? "tls" : "login";
			fp_answer_fault(pg->answer, stage, "timed_out", "timeout expired");
			PQfinish(conn);
			return -1;
		}
		next = PQconnectPoll(conn);
	}
	if (PQstatus(conn) != CONNECTION_OK) {
		fp_pg_connect_fault(pg, conn, last, tls_tried);
		PQfinish(conn);
		return -1;
	}
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	PQsetnonblocking(conn, 1);
	pg->conn = conn;
	return 0;
}

/* The I-th of the words between commas; the only one is every one. Caller frees. */
static char *nth(const char *list, size_t i)
{
	size_t n = strcspn(list, ",");

	if (!list[n])
		return fp_strdup(list);
	for (; i && list[n]; i--) {
		list += n + 1;
		n = strcspn(list, ",");
	}
	return fp_strndup(list, n);
}

static size_t count(const char *list)
{
	size_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

/* How far an attempt came: with several hosts the one that came furthest is told. */
static int rank(const json_t *answer)
{
	static const char *const stages[] = {"", "name", "address", "port", "tls", "login", "database"};
	int i = 0;

	while (strcmp(stages[i], fp_json_str_or(answer, "stage", "")) != 0)
		i++;
	return i;
}

struct place {
	char *host, *hostaddr, *port;
};

/* Who named the server: the operator, in a service or a variable, or else the project. A host that the project names stands before any variable. */
static int is_operators(const struct fp_asker *asker, const json_t *question)
{
	if (!asker->anywhere)
		return 0;
	return asker->any_database || *fp_json_str_or(question, "service", "") ||
		(!*fp_json_str_or(question, "host", "") && (*asker->service || getenv("PGHOST") || getenv("PGHOSTADDR")));
}

/* Connects to one host, on each address that it may. ANSWER is this attempt's own. */
static int try_place(struct fp_pg *pg, struct fp_resolver *resolver, int sockets, struct params *p, const struct place *at)
{
	const char *port = *at->port ? at->port : "5432", *name = *at->hostaddr ? at->hostaddr : at->host;
	const struct fp_host *host;
	char text[INET6_ADDRSTRLEN], *end;
	unsigned char bytes[16];
	long number = strtol(port, &end, 10);

	if (*end || number < 1 || number > 65535) {
		fp_answer_fault(pg->answer, "port", "connect_failed", "invalid port number: \"%s\"", port);
		return -1;
	}
	json_object_set_new(pg->answer, "port", json_integer(number));
	if ((!*name || *name == '/' || *name == '@') && sockets) {
		set(p, "host", at->host);
		set(p, "hostaddr", "");
		set(p, "port", port);
		return try_address(pg, p);
	}
	if (!*name || *name == '/' || *name == '@') {
		fp_answer_fault(pg->answer, "address", "this_machine", "%s is a socket of this machine and is not asked", *name ? name : "no host at all");
		return -1;
	}
	if (*at->hostaddr && inet_pton(AF_INET, name, bytes) != 1 && inet_pton(AF_INET6, name, bytes) != 1) {
		fp_answer_fault(pg->answer, "name", "name_not_found", "\"%s\" stands for an address and is none", name);
		return -1;
	}
	host = fp_resolve(resolver, name);
	if (host->n == 0) {
		fp_answer_fault(pg->answer, host->stage, host->cause, "%s: %s", name, host->error);
		return -1;
	}
	for (int i = 0; i < host->n; i++) {
		fp_address_text(text, &host->addresses[i]);
		json_object_set_new(pg->answer, "address", json_string(text));
		set(p, "host", at->host);
		set(p, "hostaddr", text);
		set(p, "port", port);
		if (try_address(pg, p) == 0)
			return 0;
		if (rank(pg->answer) > 3) /* something listened */
			break;
	}
	return -1;
}

static int try_places(struct fp_pg *pg, struct fp_resolver *resolver, int sockets, struct params *p)
{
	/* borrowed from P's sources: set() below puts others into P itself */
	const char *hosts = param(p, "host"), *addresses = param(p, "hostaddr"), *ports = param(p, "port");
	size_t n = count(*addresses ? addresses : hosts);
	json_t *answer = pg->answer;
	int rc = -1;

	if ((*hosts && *addresses && count(hosts) != n) || (count(ports) != 1 && count(ports) != n)) {
		fp_answer_fault(answer, "name", "connect_failed", "as many hosts as addresses and ports are needed");
		return -1;
	}
	for (size_t i = 0; rc != 0 && i < n; i++) {
		struct place at = {nth(hosts, i), nth(addresses, i), nth(ports, i)};

		pg->answer = json_object();
		rc = try_place(pg, resolver, sockets, p, &at);
		if (rc == 0)
			fp_answer_fault(pg->answer, "", "", "%s", "");
		if (rc == 0 || rank(pg->answer) > rank(answer))
			json_object_update(answer, pg->answer);
		json_decref(pg->answer);
		free(at.host);
		free(at.hostaddr);
		free(at.port);
		if (rank(answer) >= 5) /* a server that knows us has spoken */
			break;
	}
	pg->answer = answer;
	return rc;
}

int fp_pg_connect(struct fp_pg *pg, struct fp_asker *asker, const json_t *question)
{
	int anywhere = is_operators(asker, question), rc;
	struct params p = {0};

	if (!anywhere && !asker->resolver) {
		fp_answer_fault(pg->answer, "address", "network_off", "the network is off for this project");
		return -1;
	}
	rc = take_params(&p, asker, question, pg->answer);
	if (rc == 0)
		rc = try_places(pg, anywhere ? asker->anywhere : asker->resolver, anywhere, &p);
	if (rc == 0) {
		pg->deadline = fp_monotonic_ms() + FP_ANSWER_MS;
		json_object_set_new(pg->answer, "user", fp_json_text(PQuser(pg->conn)));
		json_object_set_new(pg->answer, "database", fp_json_text(PQdb(pg->conn)));
	}
	if (p.n)
		fp_answer_redact(pg->answer, param(&p, "password"));
	params_free(&p);
	return rc;
}

const char *fp_pg_words(const PGresult *res)
{
	const char *words = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	return words ? words : PQresultErrorMessage(res);
}

/* The last result of what was sent, NULL when the time is over or the connection is. */
static PGresult *collect(struct fp_pg *pg)
{
	PGresult *last = NULL, *res;
	int flush;

	while ((flush = PQflush(pg->conn)) == 1)
		if (wait_for(pg->conn, POLLOUT | POLLIN, pg->deadline) != 0 || PQconsumeInput(pg->conn) != 1)
			return NULL;
	if (flush != 0)
		return NULL;
	for (;;) {
		while (PQisBusy(pg->conn))
			if (wait_for(pg->conn, POLLIN, pg->deadline) != 0 || PQconsumeInput(pg->conn) != 1) {
				PQclear(last);
				return NULL;
			}
		res = PQgetResult(pg->conn);
		if (!res)
			return last;
		PQclear(last);
		last = res;
	}
}

PGresult *fp_pg_run(struct fp_pg *pg, const char *stage, const char *sql, int n, const char *const values[])
{
	PGresult *res = PQsendQueryParams(pg->conn, sql, n, NULL, values, NULL, NULL, 0) ? collect(pg) : NULL;
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;

	if (res && (!state || strcmp(state, "57014") != 0))
		return res;
	if (res || fp_monotonic_ms() >= pg->deadline)
		fp_answer_fault(pg->answer, stage, "timed_out", "%s", res ? fp_pg_words(res) : "timeout expired");
	else
		fp_answer_fault(pg->answer, stage, "query_failed", "%s", PQerrorMessage(pg->conn));
	PQclear(res);
	return NULL;
}

PGresult *fp_pg_ask(struct fp_pg *pg, const char *stage, const char *sql, int n, const char *const values[])
{
	PGresult *res = fp_pg_run(pg, stage, sql, n, values);
	const char *state;

	if (!res || PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK)
		return res;
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	fp_answer_fault(pg->answer, stage, state && strcmp(state, "42501") == 0 ? "permission_denied" : "query_failed", "%s", fp_pg_words(res));
	PQclear(res);
	return NULL;
}
