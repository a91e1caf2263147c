/* The web, through libcurl, which is told every address: it resolves nothing, follows nothing and reads no configuration by itself. */
#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/prober/answer.h"
#include "engine/prober/ask.h"

#define BODY_MAX (4 << 20)
#define REDIRECTS_MAX 3

/* The parts of an address that decide who is asked. */
struct url {
	CURLU *handle;
	char *text;                /* the whole, without user and password */
	char *scheme, *host, *port; /* HOST is what is resolved: no brackets, ASCII */
};

struct fetch {
	const struct fp_asker *asker;
	const struct fp_host *host; /* the only one that may be connected to */
	CURL *handle;
	struct fp_buf body;
	int64_t got, most;          /* bytes of it */
	int64_t silence_s;          /* streamed: how long nothing may come; 0: it is kept in BODY */
	int too_large;
	char error[CURL_ERROR_SIZE];
};

static void url_free(struct url *u)
{
	curl_url_cleanup(u->handle);
	curl_free(u->text);
	curl_free(u->scheme);
	curl_free(u->port);
	free(u->host);
	*u = (struct url){0};
}

/* The host as it is resolved and as libcurl is told it: IDNA in ASCII, no last dot. */
static CURLUcode take_host(struct url *u)
{
	char *host;
	size_t n;
	CURLUcode rc = curl_url_get(u->handle, CURLUPART_HOST, &host, CURLU_PUNYCODE);

	if (rc != CURLUE_OK)
		return rc;
	n = strlen(host);
	if (n > 1 && host[n - 1] == '.')
		host[n - 1] = '\0';
	rc = curl_url_set(u->handle, CURLUPART_HOST, host, 0);
	n = strlen(host);
	u->host = *host == '[' && n > 2 ? fp_strndup(host + 1, n - 2) : fp_strdup(host);
	curl_free(host);
	return rc;
}

/* Returns NULL, or what is wrong with TEXT. USER and PASSWORD (may be NULL) get what stands in it. */
static const char *url_parse(struct url *u, const char *text, char **user, char **password)
{
	CURLUcode rc;

	u->handle = curl_url();
	fp_assert(u->handle);
	rc = curl_url_set(u->handle, CURLUPART_URL, text, CURLU_ALLOW_SPACE | CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u->handle, CURLUPART_SCHEME, &u->scheme, 0);
	if (rc == CURLUE_OK && strcmp(u->scheme, "http") != 0 && strcmp(u->scheme, "https") != 0)
		return "only http and https are asked";
	if (rc == CURLUE_OK && user)
		curl_url_get(u->handle, CURLUPART_USER, user, CURLU_URLDECODE);
	if (rc == CURLUE_OK && password)
		curl_url_get(u->handle, CURLUPART_PASSWORD, password, CURLU_URLDECODE);
	curl_url_set(u->handle, CURLUPART_USER, NULL, 0);
	curl_url_set(u->handle, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(u->handle, CURLUPART_OPTIONS, NULL, 0);
	curl_url_set(u->handle, CURLUPART_FRAGMENT, NULL, 0);
	if (rc == CURLUE_OK)
		rc = take_host(u);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u->handle, CURLUPART_PORT, &u->port, CURLU_DEFAULT_PORT);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u->handle, CURLUPART_URL, &u->text, 0);
	return rc == CURLUE_OK ? NULL : curl_url_strerror(rc);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	long status = 0;

	n *= size;
	f->got += (int64_t)n;
	if (f->got > f->most) {
		f->too_large = 1;
		return 0;
	}
	curl_easy_getinfo(f->handle, CURLINFO_RESPONSE_CODE, &status);
	if (f->silence_s == 0)
		fp_buf_add(&f->body, bytes, n);
	else if ((status < 300 || status > 399) && f->asker->part(f->asker->arg, bytes, n) != 0) /* a redirect's words are not what was asked for */
		return 0;
	return n;
}

/* The last word on where a connection goes, whatever libcurl makes of a URL. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct fetch *f = arg;

	(void)purpose;
	if (!fp_host_has(f->host, &address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* "HOST:PORT:ADDRESS,ADDRESS" */
static struct curl_slist *resolved(const struct url *u, const struct fp_host *host)
{
	struct fp_buf b = FP_BUF_INIT;
	char text[INET6_ADDRSTRLEN];
	struct curl_slist *list;

	if (strchr(u->host, ':'))
		return NULL; /* an IPv6 address, which libcurl does not resolve */
	fp_buf_addf(&b, "%s:%s:", u->host, u->port);
	for (int i = 0; i < host->n; i++) {
		fp_address_text(text, &host->addresses[i]);
		fp_buf_addf(&b, i ? ",%s" : "%s", text);
	}
	list = curl_slist_append(NULL, b.data);
	fp_buf_free(&b);
	return list;
}

struct login {
	const char *user, *password;
};

static CURL *request(const struct url *u, struct fetch *f, struct curl_slist *hosts, const struct login *login, const char *referer, int64_t left)
{
	CURL *c = curl_easy_init();

	fp_assert(c);
	curl_easy_setopt(c, CURLOPT_URL, u->text);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "fieldpost/" FP_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(left < FP_CONNECT_MS ? left : FP_CONNECT_MS));
	if (f->silence_s) {
		curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)f->silence_s);
	} else {
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)left);
	}
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)f->most);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, ""); /* whatever it knows; what comes out is counted */
	curl_easy_setopt(c, CURLOPT_RESOLVE, hosts);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->error);
	if (*referer)
		curl_easy_setopt(c, CURLOPT_REFERER, referer);
	if (login) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, login->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, login->password ? login->password : "");
	}
	return c;
}

static const char *connect_cause(long error)
{
	switch (error) {
	case ECONNREFUSED:
		return "refused";
	case ETIMEDOUT:
		return "timed_out";
	default:
		return "unreachable";
	}
}

static void tell_failure(CURL *c, CURLcode rc, const struct fetch *f, const struct url *u, json_t *answer)
{
	const char *words = *f->error ? f->error : curl_easy_strerror(rc), *stage = "answer", *cause = "http_failed";
	curl_off_t connected = 0, secured = 0;
	char limit[64];
	long error = 0;

	curl_easy_getinfo(c, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(c, CURLINFO_APPCONNECT_TIME_T, &secured);
	curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &error);
	if (f->too_large || rc == CURLE_FILESIZE_EXCEEDED) {
		cause = "too_large";
		snprintf(limit, sizeof limit, "the answer has more than %lld bytes", (long long)f->most);
		words = limit;
	} else if (rc == CURLE_OPERATION_TIMEDOUT) {
		stage = connected == 0 ? "port" : strcmp(u->scheme, "https") == 0 && secured == 0 ? "tls" : "answer";
		cause = "timed_out";
	} else if (rc == CURLE_COULDNT_CONNECT) {
		stage = "port";
		cause = connect_cause(error);
	} else if (rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CERTPROBLEM || rc == CURLE_SSL_CIPHER ||
		rc == CURLE_SSL_CACERT_BADFILE || rc == CURLE_SSL_ISSUER_ERROR) {
		stage = "tls";
		cause = "tls_failed";
	}
	fp_answer_fault(answer, stage, cause, "%s", words);
}

static void tell_answer(CURL *c, const struct fetch *f, json_t *answer)
{
	size_t size = sodium_base64_ENCODED_LEN(f->body.len, sodium_base64_VARIANT_ORIGINAL);
	char *base64 = fp_alloc(size), *type = NULL;
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	sodium_bin2base64(base64, size, (const unsigned char *)f->body.data, f->body.len, sodium_base64_VARIANT_ORIGINAL);
	json_object_set_new(answer, "status", json_integer(status));
	json_object_set_new(answer, "content_type", fp_answer_words(type ? type : ""));
	if (f->silence_s == 0)
		json_object_set_new(answer, "body", json_string(base64));
	free(base64);
}

static void tell_address(CURL *c, const struct url *u, const struct fp_host *host, json_t *answer)
{
	char text[INET6_ADDRSTRLEN], *used = NULL;

	curl_easy_getinfo(c, CURLINFO_PRIMARY_IP, &used);
	fp_address_text(text, &host->addresses[0]);
	json_object_set_new(answer, "address", json_string(used && *used ? used : text));
	json_object_set_new(answer, "port", json_integer(strtol(u->port, NULL, 10)));
}

static int64_t silence_of(const json_t *question)
{
	int64_t s = fp_json_int(question, "silence_s", 0);

	return s < 0 ? 0 : s > 600 ? 600 : s;
}

/* One request. Returns where it is redirected to (curl's, the handle's life long copied: caller frees), or NULL when ANSWER is complete. */
static char *fetch(struct fp_asker *asker, const struct url *u, const struct login *login, const json_t *question, int64_t left, json_t *answer)
{
	struct fetch f = {.asker = asker, .host = fp_resolve(asker->resolver, u->host), .body = FP_BUF_INIT, .silence_s = silence_of(question)};
	struct curl_slist *hosts;
	char *next = NULL;
	CURLcode rc;
	CURL *c;

	f.most = f.silence_s ? fp_json_int(question, "most", BODY_MAX) : BODY_MAX;
	if (f.host->n == 0) {
		fp_answer_fault(answer, f.host->stage, f.host->cause, "%s: %s", u->host, f.host->error);
		return NULL;
	}
	hosts = resolved(u, f.host);
	c = f.handle = request(u, &f, hosts, login, fp_json_str_or(question, "referer", ""), left);
	rc = curl_easy_perform(c);
	tell_address(c, u, f.host, answer);
	if (rc == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_REDIRECT_URL, &next);
	next = fp_strdup_null(next);
	if (rc != CURLE_OK)
		tell_failure(c, rc, &f, u, answer);
	else if (!next)
		tell_answer(c, &f, answer);
	curl_easy_cleanup(c);
	curl_slist_free_all(hosts);
	fp_buf_free(&f.body);
	return next;
}

static int same_server(const struct url *a, const struct url *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

/* From URL on, over its redirects. LOGIN is for the first server alone. */
static void follow(struct fp_asker *asker, struct url *first, const struct login *login, const json_t *question, json_t *answer)
{
	int64_t deadline = fp_monotonic_ms() + FP_CONNECT_MS + FP_ANSWER_MS + silence_of(question) * 1000;
	struct url u = *first;
	char *next;

	for (int redirects = 0;; redirects++) {
		int64_t left = deadline - fp_monotonic_ms();
		const char *wrong;

		if (left <= 0) {
			fp_answer_fault(answer, "answer", "timed_out", "redirected until the time was over");
			break;
		}
		next = fetch(asker, &u, login && same_server(first, &u) ? login : NULL, question, left, answer);
		if (redirects > 0 || next || json_object_get(answer, "status"))
			json_object_set_new(answer, "url", fp_json_text(u.text));
		if (!next)
			break;
		if (redirects == REDIRECTS_MAX) {
			fp_answer_fault(answer, "answer", "too_many_redirects", "redirected more than %d times", REDIRECTS_MAX);
			free(next);
			break;
		}
		if (u.handle != first->handle)
			url_free(&u);
		u = (struct url){0};
		wrong = url_parse(&u, next, NULL, NULL);
		free(next);
		if (wrong) {
			fp_answer_fault(answer, "answer", "http_failed", "redirected to what cannot be asked: %s", wrong);
			break;
		}
	}
	if (u.handle != first->handle)
		url_free(&u);
}

static int has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return 1;
	return 0;
}

void fp_ask_http(struct fp_asker *asker, const json_t *question, json_t *answer)
{
	const char *user = fp_json_str_or(question, "user", ""), *password = fp_json_str_or(question, "password", ""),
		*referer = fp_json_str_or(question, "referer", ""), *wrong;
	char *url_user = NULL, *url_password = NULL;
	struct login login;
	struct url u = {0};

	/* a line break in any of them would be a header of its own */
	wrong = has_control(user) || has_control(password) || has_control(referer) ? "a control character where none can be" :
		url_parse(&u, fp_json_str_or(question, "url", ""), &url_user, &url_password);
	login = *user ? (struct login){user, password} : (struct login){url_user, url_password};
	if (!asker->resolver)
		fp_answer_fault(answer, "address", "network_off", "the network is off for this project");
	else if (wrong)
		fp_answer_fault(answer, "name", "bad_question", "%s", wrong);
	else
		follow(asker, &u, login.user ? &login : NULL, question, answer);
	if (url_password)
		fp_answer_redact(answer, url_password);
	curl_free(url_user);
	curl_free(url_password);
	url_free(&u);
}
