#include "engine/layers/network.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/layers/diagnose.h"
#include "engine/prober/prober.h"
#include "engine/project/source.h"

#define ASK_MS 25000 /* longer than the prober takes for its connections, redirects and answers */

char *fp_network_host(const char *address)
{
	const char *p = strstr(address, "://"), *at;
	size_t n;

	p = p ? p + 3 : address;
	n = strcspn(p, "/?#&");
	at = memrchr(p, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	if (*p == '[' && memchr(p, ']', n))
		return fp_strndup(p + 1, strcspn(p, "]") - 1);
	at = memchr(p, ':', n);
	return fp_strndup(p, at ? (size_t)(at - p) : n);
}

int fp_network_saved_login(struct fp_check *c)
{
	char *login = fp_source_authcfg(c->layer->datasource, NULL);

	if (!login)
		return 0;
	fp_verdict_not_checked(c, "saved_login_not_checked", FP_SLOTS({"AUTHCFG", login}));
	free(login);
	return 1;
}

/* The prober's causes as causes of ours. CHECKED 0: what is no fault of the layer. */
static const struct cause {
	const char *word, *key;
	int checked;
} causes[] = {
	{"this_machine", "localhost", 1}, {"address_refused", "address_refused", 0}, {"too_many_hosts", "too_many_hosts", 0},
	{"name_not_found", "host_name_not_found", 1}, {"refused", "host_refused", 1}, {"timed_out", "host_timed_out", 1},
	{"unreachable", "host_unreachable", 1}, {"connect_failed", "host_unreachable", 1}, {"tls_failed", "tls_failed", 1},
	{"too_large", "answer_too_large", 0}, {"too_many_redirects", "web_broken", 1}, {"http_failed", "web_broken", 1},
	{"service_unknown", "service_unknown", 1}, {"login_refused", "login_refused", 1}, {"database_unknown", "database_unknown", 1},
	{"ssl_required", "ssl_required", 1}, {"ssl_unsupported", "ssl_unsupported", 1}, {"table_missing", "table_missing", 1},
	{"permission_denied", "table_denied", 1}, {"geometry_missing", "geometry_missing", 1}, {"key_missing", "no_key", 1},
	{"key_not_unique", "key_not_unique", 1}, {"filter_failed", "bad_filter", 1}, {"no_rows", "raster_empty", 1},
	{"query_failed", "bad_query", 1},
};

/* A database that was reached and only needs longer than we wait for what QGIS would wait for. */
static const struct cause slow = {"timed_out", "database_slow", 0};

static const struct {
	const char *word;
	enum fp_stage stage;
} stages[] = {
	{"name", FP_STAGE_NAME}, {"address", FP_STAGE_ADDRESS}, {"port", FP_STAGE_PORT}, {"tls", FP_STAGE_TLS}, {"login", FP_STAGE_LOGIN},
	{"database", FP_STAGE_DATABASE}, {"table", FP_STAGE_TABLE}, {"geometry", FP_STAGE_GEOMETRY}, {"key", FP_STAGE_KEY}, {"answer", FP_STAGE_ANSWER},
};

static enum fp_stage stage_of(const char *word)
{
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (strcmp(stages[i].word, word) == 0)
			return stages[i].stage;
	return FP_STAGES;
}

/* The first stages of every connection, as far as the answer came. */
static void mark_connection(struct fp_check *c, const json_t *answer, const struct fp_asked *a, enum fp_stage failed)
{
	const char *address = fp_json_str_or(answer, "address", "");
	int64_t port = fp_json_int(answer, "port", 0);

	if (failed > FP_STAGE_NAME)
		fp_stage(c, FP_STAGE_NAME, FP_MARK_OK, "%s", a->service ? a->service : a->host ? a->host : "");
	if (failed > FP_STAGE_ADDRESS && *address)
		fp_stage(c, FP_STAGE_ADDRESS, FP_MARK_OK, "%s", address);
	if (failed > FP_STAGE_PORT && port)
		fp_stage(c, FP_STAGE_PORT, FP_MARK_OK, "%lld", (long long)port);
}

static void list_tables(struct fp_check *c, const json_t *names, char **list)
{
	struct fp_strv v = {0};
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		if (json_is_string(name)) {
			fp_strv_add(&v, json_string_value(name));
			fp_verdict_instead(c, "%s", json_string_value(name));
		}
	*list = v.n ? fp_name_list(&v, 12) : NULL;
	fp_strv_free(&v);
}

/* A service's own name stands for its host in the reference's sentence. */
static const char *key_of(const struct cause *k, const struct fp_asked *a, enum fp_stage failed)
{
	if (a->service && failed <= FP_STAGE_DATABASE && strcmp(k->key, "service_unknown") != 0 && k->checked)
		return "service_unreachable";
	return k->key;
}

void fp_network_summary(struct fp_check *c, const char *service, const char *host)
{
	char *text;

	if (!*service && !*host)
		return;
	text = fp_remedy_text(*host ? "host_refused" : "service_unreachable", FP_REMEDY_SENTENCE, FP_SLOTS({"SERVICE", service}, {"HOST", host}));
	fp_verdict_provider(c, "%s", text);
	free(text);
}

static void give_verdict(struct fp_check *c, const json_t *answer, const struct fp_asked *a, enum fp_stage failed)
{
	const char *word = fp_json_str_or(answer, "cause", ""), *error = fp_json_str_or(answer, "error", "");
	const json_t *names = json_object_get(answer, failed == FP_STAGE_TABLE ? "tables" : "columns");
	const struct cause *k = causes, *end = causes + sizeof causes / sizeof *causes;
	char *list = NULL, port[16];

	while (k < end && strcmp(k->word, word) != 0)
		k++;
	if (strcmp(word, slow.word) == 0 && failed >= FP_STAGE_TABLE)
		k = &slow;
	if (k == end) {
		fp_verdict_not_checked(c, "prober_failed", FP_SLOTS({"REASON", *error ? error : word}));
		return;
	}
	snprintf(port, sizeof port, "%lld", (long long)fp_json_int(answer, "port", 0));
	if (failed == FP_STAGE_TABLE || failed == FP_STAGE_GEOMETRY || failed == FP_STAGE_KEY)
		list_tables(c, names, &list);
	{
		const struct fp_slot slots[] = {{"HOST", a->service ? a->service : a->host ? a->host : "localhost"}, {"PORT", *port != '0' ? port : a->port ? a->port : "?"},
			{"SERVICE", a->service}, {"REASON", *error ? error : word}, {"ADDRESS", fp_json_str_or(answer, "address", "?")},
			{"DATABASE", a->database ? a->database : fp_json_str_or(answer, "database", "?")},
			{"USER", a->user ? a->user : fp_json_str_or(answer, "user", "?")}, {"NAME", a->table}, {"LIST", list}, {"COLUMN", a->geometry},
			{"KEY", a->key}};
		if (*error)
			fp_verdict_detail(c, "%s", error);
		if (!k->checked) {
			fp_verdict_not_checked(c, k->key, slots, sizeof slots / sizeof *slots);
		} else {
			fp_verdict_invalid(c);
			fp_verdict_cause(c, key_of(k, a, failed), slots, sizeof slots / sizeof *slots);
			if (c->p->chain == FP_CHAIN_DATABASE)
				fp_network_summary(c, a->service ? a->service : "", a->host ? a->host : "");
		}
	}
	if (failed < FP_STAGES)
		fp_stage(c, failed, k->checked ? FP_MARK_FAIL : FP_MARK_UNKNOWN, "%s", *error ? error : c->v->sentence);
	free(list);
}

static int is_this_machine(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 || strcmp(host, "0.0.0.0") == 0;
}

static void network_off(struct fp_check *c, const struct fp_asked *a)
{
	char *service = a->service ? fp_asprintf("service \"%s\"", a->service) : NULL;
	const char *host = service ? service : a->host ? a->host : "this server itself";

	fp_verdict_not_checked(c, is_this_machine(host) ? "network_off_localhost" : "network_off", FP_SLOTS({"HOST", host}));
	free(service);
}

json_t *fp_network_ask(struct fp_check *c, json_t *question, const struct fp_asked *asked)
{
	json_t *answer = NULL;
	struct fp_error err;
	enum fp_stage failed;
	enum fp_status st;

	if (c->k->prober < 0) {
		json_decref(question);
		network_off(c, asked);
		return NULL;
	}
	st = fp_prober_ask(&answer, c->k->prober, question, ASK_MS, &err);
	json_decref(question);
	if (st != FP_OK) {
		fp_verdict_not_checked(c, "prober_failed", FP_SLOTS({"REASON", err.msg}));
		return NULL;
	}
	if (strcmp(fp_json_str_or(answer, "cause", ""), "network_off") == 0) {
		network_off(c, asked);
		return answer;
	}
	failed = *fp_json_str_or(answer, "cause", "") ? stage_of(fp_json_str_or(answer, "stage", "")) : FP_STAGES;
	mark_connection(c, answer, asked, failed);
	if (*fp_json_str_or(answer, "cause", ""))
		give_verdict(c, answer, asked, failed);
	return answer;
}

/* --- the web --- */

static const char *option(const struct fp_query *q, const char *key)
{
	const char *v = q ? fp_query_get(q, key) : NULL;

	return v ? v : "";
}

size_t fp_web_server(const char *url)
{
	const char *p = strstr(url, "://");

	return p ? (size_t)(p + 3 - url) + strcspn(p + 3, "/?#") : 0;
}

json_t *fp_web_question(const char *url, const struct fp_query *login, const char *referer)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o}", "ask", "http", "url", fp_json_text(url), "user", fp_json_text(option(login, "username")), "password",
		fp_json_text(option(login, "password")), "referer", fp_json_text(referer));
}

int fp_web_take(struct fp_web *w, const json_t *answer)
{
	const char *text = fp_json_str_or(answer, "body", "");
	size_t n = strlen(text), max = n / 4 * 3 + 3;

	w->status = fp_json_int(answer, "status", 0);
	w->body = fp_alloc(max + 1);
	return sodium_base642bin((unsigned char *)w->body, max, text, n, NULL, &w->len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

/* What is no address at all needs no network to be judged. */
static int is_address(struct fp_check *c, const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0)
		return 1;
	fp_verdict_invalid(c);
	fp_verdict_detail(c, "the source has no web address");
	fp_verdict_cause(c, "no_address", FP_NOSLOTS);
	return 0;
}

int fp_web_get(struct fp_check *c, struct fp_web *w, const char *url, const struct fp_query *q)
{
	const char *referer = option(q, "http-header:referer");
	char *host = fp_network_host(url);
	json_t *answer;
	int got;

	memset(w, 0, sizeof *w);
	if (!is_address(c, url) || fp_network_saved_login(c)) {
		free(host);
		return 0;
	}
	answer = fp_network_ask(c, fp_web_question(url, q, *referer ? referer : option(q, "referer")), &(struct fp_asked){.host = *host ? host : url});
	got = answer && !*fp_json_str_or(answer, "cause", "");
	if (got) {
		got = fp_web_take(w, answer);
		if (!got)
			fp_verdict_not_checked(c, "prober_failed", FP_SLOTS({"REASON", "its answer is garbled"}));
		if (strncmp(url, "https", 5) == 0)
			fp_stage(c, FP_STAGE_TLS, FP_MARK_OK, "encrypted");
	}
	if (!got)
		fp_web_clear(w);
	free(host);
	json_decref(answer);
	return got;
}

int fp_web_fetch(struct fp_check *c, struct fp_web *w, const char *url, const struct fp_query *q)
{
	char code[24];

	if (!fp_web_get(c, w, url, q))
		return 0;
	snprintf(code, sizeof code, "%lld", (long long)w->status);
	if (w->status >= 200 && w->status < 300) {
		fp_stage(c, FP_STAGE_ANSWER, FP_MARK_OK, "HTTP %s, %zu bytes", code, w->len);
		return 1;
	}
	fp_verdict_invalid(c);
	fp_verdict_detail(c, "the server answers HTTP %s", code);
	fp_verdict_cause(c, "web_status", FP_SLOTS({"CODE", code}));
	fp_stage(c, FP_STAGE_ANSWER, FP_MARK_FAIL, "HTTP %s", code);
	fp_web_clear(w);
	return 0;
}

void fp_web_clear(struct fp_web *w)
{
	free(w->body);
	memset(w, 0, sizeof *w);
}

static int has_key(const char *query, const char *key, size_t n)
{
	while (*query) {
		if (strncasecmp(query, key, n) == 0 && (query[n] == '=' || query[n] == '&' || !query[n]))
			return 1;
		query += strcspn(query, "&");
		query += *query == '&';
	}
	return 0;
}

char *fp_web_with(const char *url, const char *wanted)
{
	const char *mark = strchr(url, '?'), *query = mark ? mark + 1 : "";
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "%s%s", url, mark ? "" : "?");
	while (*wanted) {
		size_t n = strcspn(wanted, "&");
		if (!has_key(query, wanted, strcspn(wanted, "="))) {
			if (!strchr("?&", b.data[b.len - 1]))
				fp_buf_addc(&b, '&');
			fp_buf_add(&b, wanted, n);
		}
		wanted += n + (wanted[n] == '&');
	}
	return fp_buf_take(&b);
}

char *fp_web_without(const char *url, const char *unwanted)
{
	const char *mark = strchr(url, '?'), *p = mark ? mark + 1 : "";
	struct fp_buf b = FP_BUF_INIT;
	char last = '?';

	fp_buf_add(&b, url, mark ? (size_t)(mark - url) : strlen(url));
	for (size_t n; *p; p += n + (p[n] == '&')) {
		n = strcspn(p, "&");
		if (n == 0 || has_key(unwanted, p, strcspn(p, "=&")))
			continue;
		fp_buf_addc(&b, last);
		fp_buf_add(&b, p, n);
		last = '&';
	}
	return fp_buf_take(&b);
}

char *fp_web_escape(const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (; *text; text++) {
		if (strchr(" %&#+?/<>\"{}|\\^`", *text))
			fp_buf_addf(&b, "%%%02X", (unsigned char)*text);
		else
			fp_buf_addc(&b, *text);
	}
	return fp_buf_take(&b);
}

static void add_option(struct fp_query *q, const char *key, const char *value)
{
	fp_strv_add(&q->keys, key);
	fp_strv_add(&q->values, value);
}

void fp_web_login(struct fp_query *login, const struct fp_uri *u)
{
	const char *user = fp_uri_get(u, "username"), *referer = fp_uri_get(u, "http-header:referer");

	memset(login, 0, sizeof *login);
	add_option(login, "username", *user ? user : fp_uri_get(u, "user"));
	add_option(login, "password", fp_uri_get(u, "password"));
	add_option(login, "referer", *referer ? referer : fp_uri_get(u, "referer"));
}

void fp_web_not_expected(struct fp_check *c, const char *reason)
{
	fp_verdict_invalid(c);
	fp_verdict_detail(c, "%s", reason);
	fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", reason}));
	fp_stage(c, FP_STAGE_ANSWER, FP_MARK_FAIL, "%s", c->v->detail);
}

static void unreadable(struct fp_check *c, const struct fp_web *w, const char *reason)
{
	const char *p = w->body + strspn(w->body, " \t\r\n");
	int page = strncasecmp(p, "<!doctype html", 14) == 0 || strncasecmp(p, "<html", 5) == 0;

	fp_web_not_expected(c, page ? "a web page came instead of data" : *p ? reason : "an empty answer");
}

xmlDoc *fp_web_xml(struct fp_check *c, const struct fp_web *w)
{
	struct fp_xml *x = fp_xml_new(NULL);
	xmlDoc *doc = NULL;
	struct fp_error err = {0};
	enum fp_status st = fp_xml_feed(x, w->body, w->len, &err);

	if (st == FP_OK)
		st = fp_xml_finish(x, &doc, &err);
	fp_xml_free(x);
	if (st == FP_OK && strcasecmp((const char *)xmlDocGetRootElement(doc)->name, "html") == 0) { /* a page may be XML as well */
		xmlFreeDoc(doc);
		doc = NULL;
	}
	if (!doc)
		unreadable(c, w, err.msg);
	return doc;
}

json_t *fp_web_json(struct fp_check *c, const struct fp_web *w)
{
	json_t *o = json_loadb(w->body, w->len, 0, NULL);

	if (json_is_object(o))
		return o;
	json_decref(o);
	unreadable(c, w, "no JSON object");
	return NULL;
}

void fp_web_no_layer(struct fp_check *c, const char *name, const struct fp_strv *offered)
{
	char *list = offered->n ? fp_name_list(offered, 12) : NULL;

	fp_verdict_invalid(c);
	fp_verdict_detail(c, "layer \"%s\" is not offered", name);
	fp_verdict_cause(c, "web_layer_missing", FP_SLOTS({"LAYER", name}, {"LIST", list}));
	fp_verdict_instead_of(c, name, offered);
	fp_stage(c, FP_STAGE_LAYER, FP_MARK_FAIL, "\"%s\" is not offered", name);
	free(list);
}
