#include "engine/queue/secret_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/pgservice.h"
#include "engine/base/text.h"
#include "engine/prober/prober.h"
#include "engine/store/projects.h"
#include "engine/store/secrets.h"

#define ANSWER_MS 30000
#define HIDE_FROM 4 /* bytes of a setting that is hidden wherever it occurs; a password always is */

struct fp_secret_test {
	struct fp_store *store;      /* borrowed */
	char project[FP_UUID_SIZE];
	char *name, *who;
	int is_service;
	json_t *services, *used_by;
	size_t at;                   /* the service that is asked about */
	int64_t set_at, deadline;
	struct fp_prober *prober;
	int session;
	struct fp_buf in;
	struct fp_strv lines;
	int ok;
};

/* What the cause means for whoever set the secret, and what to look at. No word of the secret itself. */
static const struct {
	const char *cause, *words;
} causes[] = {
	{"this_machine", "its host is this machine, which is not asked; if that is right, list it in network_allow of config.yaml"},
	{"address_refused", "its host has a private address, which is not asked; if that is right, list it in network_allow of config.yaml"},
	{"too_many_hosts", "too many different hosts were asked already; test it again"},
	{"name_not_found", "its host is not known to the name service; look at host"},
	{"refused", "nothing listens there; look at host and port, and whether PostgreSQL listens on the network (listen_addresses)"},
	{"timed_out", "no answer in time; look at host and port, and for a firewall in between"},
	{"unreachable", "no way leads to its host from here; look at host and at this machine's network"},
	{"tls_failed", "the encrypted connection failed; look at sslmode and the server's certificate"},
	{"service_unknown", "the service is not defined; set the secret again"},
	{"login_refused", "the server refused the login; look at user and password, and at the server's pg_hba.conf"},
	{"database_unknown", "the server has no such database; look at dbname"},
	{"permission_denied", "the user may not connect to this database; its administrator can GRANT CONNECT"},
	{"ssl_required", "the server wants an encrypted connection; set sslmode=require"},
	{"ssl_unsupported", "the server cannot encrypt; set sslmode=prefer, or have it switched on there"},
};

/* ---- what the server's own words must not tell ---- */

/* Every setting is looked for in what the server said, not in what is left of it: one may be a part of another. */
struct words {
	const char *said;
	char *shown;
};

static void hide(struct words *w, const char *value)
{
	size_t n = strlen(value);

	for (const char *at = n ? strstr(w->said, value) : NULL; at; at = strstr(at + 1, value))
		memset(w->shown + (at - w->said), '*', n);
}

static void hide_setting(void *words, const char *service, const char *key, const char *value)
{
	(void)service;
	if (key && (strlen(value) >= HIDE_FROM || strcmp(key, "password") == 0))
		hide(words, value);
}

/* "" when what has to be hidden cannot be read any more. */
static char *server_words(struct fp_secret_test *t, const json_t *answer)
{
	const char *said = fp_json_str_or(answer, "error", ""), *name;
	struct words w = {said, fp_strdup(said)};
	json_t *envvars, *value;
	char *pgservice, *clean;

	if (fp_secrets_for_job(t->store, t->project, &envvars, &pgservice, NULL) == FP_OK) {
		fp_pgservice_read(pgservice, hide_setting, &w, NULL);
		json_object_foreach(envvars, name, value)
			hide(&w, json_string_value(value));
		fp_secrets_wipe(envvars, pgservice);
		clean = fp_text_clean(w.shown);
	} else {
		clean = fp_strdup("");
	}
	free(w.shown);
	return clean;
}

/* ---- lines ---- */

static const char *service_now(const struct fp_secret_test *t)
{
	return json_string_value(json_array_get(t->services, t->at));
}

static void add_failure(struct fp_secret_test *t, const json_t *answer)
{
	const char *cause = fp_json_str_or(answer, "cause", "");
	char *words;

	t->ok = 0;
	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
		if (strcmp(causes[i].cause, cause) == 0) {
			fp_strv_take(&t->lines, fp_asprintf("%s: %s", service_now(t), causes[i].words));
			return;
		}
	words = server_words(t, answer);
	fp_strv_take(&t->lines, fp_asprintf("%s: the connection failed%s%s", service_now(t), *words ? "; PostgreSQL says: " : "", words));
	free(words);
}

static void add_answer(struct fp_secret_test *t, const json_t *answer)
{
	if (*fp_json_str_or(answer, "cause", "") || *fp_json_str_or(answer, "stage", "") || !json_object_get(answer, "cause"))
		add_failure(t, answer);
	else
		fp_strv_take(&t->lines, fp_asprintf("%s: connected", service_now(t)));
}

static void add_use(struct fp_secret_test *t)
{
	struct fp_buf b = FP_BUF_INIT;
	const json_t *layer;
	size_t i, n = json_array_size(t->used_by);

	fp_buf_addf(&b, n ? "used by %zu layer%s: " : "no layer of the newest check uses it", n, fp_text_s(n));
	json_array_foreach(t->used_by, i, layer)
		fp_buf_addf(&b, "%s%s", i ? ", " : "", fp_json_str_or(layer, "name", ""));
	fp_strv_take(&t->lines, fp_text_clean(b.data));
	fp_buf_free(&b);
}

/* ---- asking ---- */

static enum fp_status ask(struct fp_secret_test *t, struct fp_error *err)
{
	json_t *question = json_pack("{s:s,s:s,s:s}", "ask", "postgres", "service", service_now(t), "what", "connect");
	enum fp_status st = fp_prober_send(t->session, question, err);

	json_decref(question);
	t->deadline = fp_monotonic_ms() + ANSWER_MS;
	return st;
}

static enum fp_status start_prober(struct fp_secret_test *t, const struct fp_config *conf, struct fp_error *err)
{
	json_t *envvars;
	char *pgservice;
	enum fp_status st = fp_secrets_for_job(t->store, t->project, &envvars, &pgservice, err);

	if (st != FP_OK)
		return st;
	st = fp_prober_start(&t->prober, conf->network_allow, FP_DATABASES_ALLOWED, pgservice, envvars, err);
	fp_secrets_wipe(envvars, pgservice);
	if (st == FP_OK)
		t->session = fp_prober_session(t->prober, err);
	if (st == FP_OK && t->session < 0)
		st = FP_E_CRASHED;
	return st == FP_OK ? ask(t, err) : st;
}

static void take_secret(void *arg, const struct fp_secret_row *r)
{
	struct fp_secret_test *t = arg;

	t->is_service = strcmp(r->type, "pgservice") == 0;
	t->set_at = r->set_at;
	fp_json_parse(&t->services, r->services, strlen(r->services), NULL);
	fp_json_parse(&t->used_by, r->used_by, strlen(r->used_by), NULL);
}

struct permission {
	char *name;
	int on, home_says;
};

static void take_permission(void *arg, const struct fp_project_row *r)
{
	struct permission *p = arg;

	p->name = fp_strdup(r->name);
	p->on = fp_project_network_on(r->network, p->home_says);
}

static enum fp_status check_permission(struct fp_secret_test *t, const struct fp_config *conf, struct fp_error *err)
{
	struct permission p = {.home_says = conf->network_checks};
	enum fp_status st = fp_project_get(t->store, t->project, take_permission, &p, err);

	if (st == FP_OK && !p.on) {
		st = fp_fail(err, FP_E_REFUSED, "network checks are off for project \"%s\", so no server is asked", p.name);
		fp_error_hint(err, "switch them on with: fieldpost project set \"%s\" network=on; or for all projects with network_checks: true in config.yaml",
			p.name);
	}
	free(p.name);
	return st;
}

enum fp_status fp_secret_test_start(struct fp_secret_test **out, struct fp_store *s, const struct fp_config *conf, const char *project_id,
	const char *name, const char *who, struct fp_error *err)
{
	struct fp_secret_test *t = fp_alloc(sizeof *t);
	enum fp_status st;

	*t = (struct fp_secret_test){.store = s, .name = fp_strdup(name), .who = fp_strdup(who), .session = -1, .in = FP_BUF_INIT, .ok = -1};
	strncpy(t->project, project_id, sizeof t->project - 1);
	st = fp_secret_get(s, project_id, name, take_secret, t, err);
	if (st == FP_OK && t->is_service) {
		t->ok = 1;
		st = check_permission(t, conf, err);
		if (st == FP_OK)
			st = start_prober(t, conf, err);
	} else if (st == FP_OK) {
		add_use(t);
	}
	if (st != FP_OK)
		fp_secret_test_free(t);
	else
		*out = t;
	return st;
}

int fp_secret_test_fd(const struct fp_secret_test *t)
{
	return t->session;
}

int64_t fp_secret_test_left(const struct fp_secret_test *t)
{
	int64_t left = t->session < 0 ? 0 : t->deadline - fp_monotonic_ms();

	return left > 0 ? left : 0;
}

static enum fp_status keep(struct fp_secret_test *t, struct fp_error *err)
{
	struct fp_buf said = FP_BUF_INIT;
	enum fp_status st;

	for (size_t i = 0; i < t->lines.n; i++)
		fp_buf_addf(&said, "%s%s", i ? "; " : "", t->lines.items[i]);
	st = fp_secret_tested(t->store, t->project, t->name, t->set_at, t->ok, said.data, t->who, err);
	fp_buf_free(&said);
	return st;
}

/* One answer, if it is there: *TAKEN. */
static enum fp_status take_answer(struct fp_secret_test *t, int *taken, struct fp_error *err)
{
	json_t *answer = NULL;
	enum fp_status st = fp_prober_receive(&answer, taken, t->session, &t->in, err);

	if (st == FP_OK && *taken)
		add_answer(t, answer);
	json_decref(answer);
	return st;
}

enum fp_status fp_secret_test_step(struct fp_secret_test *t, int *done, struct fp_error *err)
{
	int taken = 0;
	enum fp_status st = FP_OK;

	*done = 0;
	if (t->session >= 0) {
		st = take_answer(t, &taken, err);
		if (st != FP_OK || (!taken && fp_secret_test_left(t) > 0))
			return st;
		if (!taken) { /* the prober is stuck on it: what comes later would be taken for the next answer */
			t->ok = 0;
			fp_strv_take(&t->lines, fp_asprintf("%s: no answer within %d s; test it again later", service_now(t), ANSWER_MS / 1000));
			t->at = json_array_size(t->services);
		} else if (++t->at < json_array_size(t->services)) {
			return ask(t, err);
		}
	}
	*done = 1;
	return keep(t, err);
}

const char *fp_secret_test_project(const struct fp_secret_test *t)
{
	return t->project;
}

const char *fp_secret_test_name(const struct fp_secret_test *t)
{
	return t->name;
}

const struct fp_strv *fp_secret_test_lines(const struct fp_secret_test *t)
{
	return &t->lines;
}

int fp_secret_test_ok(const struct fp_secret_test *t)
{
	return t->ok;
}

void fp_secret_test_free(struct fp_secret_test *t)
{
	if (!t)
		return;
	if (t->session >= 0)
		close(t->session);
	fp_prober_free(t->prober);
	json_decref(t->services);
	json_decref(t->used_by);
	fp_strv_free(&t->lines);
	fp_buf_free(&t->in);
	free(t->name);
	free(t->who);
	free(t);
}
