#include "engine/package/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/layers/network.h"
#include "engine/package/json_top.h"
#include "engine/prober/prober.h"
#include "engine/project/xml.h"

#define ASK_MS 25000              /* as engine/layers/network.c */
#define SILENCE_S 60              /* as QGIS waits */
#define MOST ((int64_t)2 << 30)   /* bytes of one answer */
#define WORDS_MAX 300             /* of what a server says of an exception */

/* ---- asking ---- */

/* The session, one for all: the prober serves no second one beside it. */
static enum fp_status begin_session(struct fp_package *p, struct fp_error *err)
{
	if (!p->prober)
		return fp_fail(err, FP_E_REFUSED, "the network is off for this project (fieldpost project set NAME network=on)");
	if (p->has_session)
		return FP_OK;
	p->session = fp_prober_session(p->prober, err);
	p->has_session = p->session >= 0;
	return p->has_session ? FP_OK : FP_E_IO;
}

void fp_web_close(struct fp_package *p)
{
	if (p->has_session)
		close(p->session);
	p->has_session = 0;
}

static int same_server(const char *a, const char *b)
{
	size_t n = fp_web_server(a);

	return n && n == fp_web_server(b) && strncasecmp(a, b, n) == 0;
}

/* What the answer's "cause" means for us. */
static enum fp_status refuse(const json_t *answer, const char *url, struct fp_error *err)
{
	const char *cause = fp_json_str_or(answer, "cause", ""), *words = fp_json_str_or(answer, "error", "");
	char *host;
	enum fp_status st;

	if (!*cause)
		return FP_OK;
	if (strcmp(cause, "network_off") == 0)
		return fp_fail(err, FP_E_REFUSED, "the network is off for this project (fieldpost project set NAME network=on)");
	if (strcmp(cause, "address_refused") == 0 || strcmp(cause, "this_machine") == 0 || strcmp(cause, "too_many_hosts") == 0)
		return fp_fail(err, FP_E_REFUSED, "the project may not have this address asked: %s (see network_allow)", words);
	host = fp_network_host(url);
	st = fp_fail(err, FP_E_IO, "%s did not answer: %s", host, words);
	fp_error_hint(err, "package again later");
	free(host);
	return st;
}

/* ---- exceptions ---- */

static void add_words(struct fp_buf *b, const xmlNode *n)
{
	for (const xmlNode *c = n->children; c; c = c->next) {
		char *text;
		if (c->type != XML_ELEMENT_NODE)
			continue;
		text = fp_xml_text(c);
		if (*text)
			fp_buf_addf(b, "%s%s", b->len ? "; " : "", text);
		free(text);
		add_words(b, c);
	}
}

static int is_exception(const xmlNode *root)
{
	return strstr((const char *)root->name, "Exception") != NULL;
}

/* The server's own words in DOC, "" when there are none; caller frees. */
static char *words_of(const xmlDoc *doc)
{
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	struct fp_buf b = FP_BUF_INIT;
	char *clean;

	if (root && is_exception(root))
		add_words(&b, root);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\n' || b.data[i] == '\t')
			b.data[i] = ' ';
	clean = fp_text_clean(b.data);
	if (strlen(clean) > WORDS_MAX)
		clean[fp_text_floor(clean, WORDS_MAX)] = '\0';
	fp_buf_free(&b);
	return clean;
}

/* STATUS is none of success, or what came is an exception. */
static enum fp_status judge(const xmlDoc *doc, int64_t status, const char *url, struct fp_error *err)
{
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	char *words, *host;
	enum fp_status st;

	if (status >= 200 && status < 300 && !(root && is_exception(root)))
		return FP_OK;
	words = words_of(doc);
	host = fp_network_host(url);
	if (status < 200 || status > 299)
		st = fp_fail(err, FP_E_IO, "%s answers HTTP %lld%s%s", host, (long long)status, *words ? ": " : "", words);
	else
		st = fp_fail(err, FP_E_IO, "%s answers with an exception: %s", host, *words ? words : "it does not say which");
	free(words);
	free(host);
	return st;
}

/* ---- small documents ---- */

/* The prober's answer, as long as it is one: into ANSWER as a whole, or, of any length, piece by piece to TAKE. */
static enum fp_status question(json_t **answer, const struct fp_web_service *s, const char *url, fp_prober_take *take, void *arg, struct fp_error *err)
{
	const char *referer = fp_query_get(s->login, "referer");
	json_t *q;
	enum fp_status st = begin_session(s->package, err);

	*answer = NULL;
	if (st != FP_OK)
		return st;
	q = fp_web_question(url, same_server(s->url, url) ? s->login : NULL, referer ? referer : "");
	if (take) {
		json_object_set_new(q, "silence_s", json_integer(SILENCE_S));
		json_object_set_new(q, "most", json_integer(MOST));
		st = fp_prober_stream(answer, s->package->session, q, take, arg, err);
	} else {
		st = fp_prober_ask(answer, s->package->session, q, ASK_MS, err);
	}
	json_decref(q);
	if (st == FP_OK)
		return refuse(*answer, url, err);
	fp_web_close(s->package);
	return st;
}

static enum fp_status ask(struct fp_web *w, const struct fp_web_service *s, const char *url, struct fp_error *err)
{
	json_t *answer;
	enum fp_status st = question(&answer, s, url, NULL, NULL, err);

	*w = (struct fp_web){0};
	if (st == FP_OK)
		st = judge(NULL, fp_json_int(answer, "status", 0), url, err);
	if (st == FP_OK && !fp_web_take(w, answer))
		st = fp_fail(err, FP_E_IO, "the prober's answer is garbled");
	json_decref(answer);
	return st;
}

enum fp_status fp_web_ask_xml(xmlDoc **out, const struct fp_web_service *s, const char *url, struct fp_error *err)
{
	struct fp_xml *x = fp_xml_new(NULL);
	struct fp_web w;
	enum fp_status st = ask(&w, s, url, err);

	*out = NULL;
	if (st == FP_OK)
		st = fp_xml_feed(x, w.body, w.len, err);
	if (st == FP_OK)
		st = fp_xml_finish(x, out, err);
	if (st == FP_OK)
		st = judge(*out, 200, url, err);
	if (st != FP_OK) {
		xmlFreeDoc(*out);
		*out = NULL;
	}
	fp_xml_free(x);
	fp_web_clear(&w);
	return st;
}

enum fp_status fp_web_ask_json(json_t **out, const struct fp_web_service *s, const char *url, struct fp_error *err)
{
	struct fp_web w;
	enum fp_status st = ask(&w, s, url, err);

	*out = st == FP_OK ? json_loadb(w.body, w.len, 0, NULL) : NULL;
	if (st == FP_OK && !json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		st = fp_fail(err, FP_E_IO, "no JSON object came");
	}
	fp_web_clear(&w);
	return st;
}

enum fp_status fp_web_ask_file(const char *path, const struct fp_web_service *s, const char *url, struct fp_error *err)
{
	struct fp_web w;
	enum fp_status st = ask(&w, s, url, err);

	if (st == FP_OK)
		st = fp_fs_write_atomic(path, w.body, w.len, err);
	fp_web_clear(&w);
	return st;
}

/* ---- large ones ---- */

/* What comes is written down, and looked at while it comes: its first sign says what it is. */
struct download {
	FILE *file;
	int begun;
	struct fp_xml *xml;
	struct fp_json_top *json;
	struct fp_error broken; /* it is no XML, and where; told when the status is known */
	int is_broken;
};

static int keep_exceptions(const char *parent, int depth, const char *name)
{
	return depth == 0 || strstr(name, "Exception") || strstr(parent, "Exception");
}

static void begin(struct download *d, const char *bytes, size_t n)
{
	static const char *const wanted[] = {"links", "numberMatched", NULL};
	size_t i = 0;

	while (i < n && (strchr(" \t\r\n", bytes[i]) || (unsigned char)bytes[i] >= 0x80)) /* blanks, a mark of the encoding */
		i++;
	if (i == n)
		return;
	d->begun = 1;
	if (bytes[i] == '{')
		d->json = fp_json_top_new(wanted);
	else
		d->xml = fp_xml_new(keep_exceptions);
}

static enum fp_status take(void *arg, const char *bytes, size_t n, struct fp_error *err)
{
	struct download *d = arg;

	if (fwrite(bytes, 1, n, d->file) != n)
		return fp_fail_errno(err, errno, "cannot keep what the server sends");
	if (!d->begun)
		begin(d, bytes, n);
	if (d->json)
		fp_json_top_feed(d->json, bytes, n);
	else if (d->xml && !d->is_broken)
		d->is_broken = fp_xml_feed(d->xml, bytes, n, &d->broken) != FP_OK;
	return FP_OK;
}

static enum fp_status whole(struct fp_web_page *out, struct download *d, int64_t status, const char *url, struct fp_error *err)
{
	struct fp_error why = d->broken;
	enum fp_status st = d->is_broken ? FP_E_INVALID : FP_OK, judged;

	if (!d->begun)
		st = fp_fail(&why, FP_E_INVALID, "an empty answer came");
	else if (d->json)
		st = fp_json_top_finish(d->json, &out->json, &why);
	else if (!d->is_broken)
		st = fp_xml_finish(d->xml, &out->xml, &why);
	judged = judge(out->xml, status, url, err);
	if (judged != FP_OK)
		return judged;
	return st == FP_OK ? FP_OK : fp_fail(err, FP_E_IO, "what the server sends cannot be read: %s", why.msg);
}

static enum fp_status stream(struct fp_web_page *out, struct download *d, const struct fp_web_service *s, const char *url, struct fp_error *err)
{
	json_t *answer;
	enum fp_status st = question(&answer, s, url, take, d, err);

	if (st == FP_OK)
		st = whole(out, d, fp_json_int(answer, "status", 0), url, err);
	json_decref(answer);
	return st;
}

enum fp_status fp_web_download(struct fp_web_page *out, const char *path, const struct fp_web_service *s, const char *url, struct fp_error *err)
{
	struct download d = {.file = fopen(path, "we")};
	enum fp_status st;

	*out = (struct fp_web_page){0};
	if (!d.file)
		return fp_fail_errno(err, errno, "cannot keep what the server sends");
	st = stream(out, &d, s, url, err);
	if (fclose(d.file) != 0 && st == FP_OK)
		st = fp_fail_errno(err, errno, "cannot keep what the server sends");
	fp_xml_free(d.xml);
	fp_json_top_free(d.json);
	if (st != FP_OK)
		fp_web_page_clear(out);
	return st;
}

void fp_web_page_clear(struct fp_web_page *p)
{
	xmlFreeDoc(p->xml);
	json_decref(p->json);
	*p = (struct fp_web_page){0};
}
