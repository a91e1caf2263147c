/* Checks that need the network: asked through the prober (engine/prober/prober.h), which alone may, and judged here, behind the worker's walls. */
#ifndef FP_LAYERS_NETWORK_H
#define FP_LAYERS_NETWORK_H

#include "engine/layers/provider.h"
#include "engine/project/source.h"
#include "engine/project/xml.h"

/* The host of an ADDRESS: what stands between "://" and the next "/", without login and port; of anything else all of it. Caller frees. */
char *fp_network_host(const char *address) __attribute__((malloc, returns_nonnull));

/* The reference knows two sentences only, whatever went wrong with a database: its host's, else its service's, in the provider's column. "" where the
 * source names none. */
void fp_network_summary(struct fp_check *c, const char *service, const char *host);

/* What a question is about, for sentences: NULL members are not known. A service stands before the host, which QGIS does not use then. */
struct fp_asked {
	const char *service, *host, *port, *database, *user, *table, *geometry, *key;
};

/* The prober's answer to QUESTION (taken over); NULL: there is none and the verdict is given (network checks are off, a saved login, an address that
 * is not asked). Stages that the answer passed are marked. Where it failed, the verdict is given too: invalid with its cause. */
json_t *fp_network_ask(struct fp_check *c, json_t *question, const struct fp_asked *asked);

/* 1 when the check cannot go on for want of a login that is saved in QGIS, quoted in the source: the verdict is given. */
int fp_network_saved_login(struct fp_check *c);

/* An answer of the web. */
struct fp_web {
	int64_t status;
	char *body; /* NUL-terminated */
	size_t len;
};
/* GETs URL with the login and referer that Q (may be NULL) has. 1: an answer came, whatever its status; 0: the verdict is given. What does not begin with
 * http:// or https:// is invalid without being asked for. */
int fp_web_get(struct fp_check *c, struct fp_web *w, const char *url, const struct fp_query *q);
/* The same, and gives the verdict unless the status is 200 to 299. */
int fp_web_fetch(struct fp_check *c, struct fp_web *w, const char *url, const struct fp_query *q);
void fp_web_clear(struct fp_web *w);

/* The question for URL as the user and with the password of LOGIN (NULL: nobody), "" for no REFERER. The prober knows the answer to the same one by heart. */
json_t *fp_web_question(const char *url, const struct fp_query *login, const char *referer);
/* What ANSWER brought. 0: it is garbled. W is to be cleared in both cases. */
int fp_web_take(struct fp_web *w, const json_t *answer);

/* How many bytes of URL name its server: "https://example.org:8080". 0: none. */
size_t fp_web_server(const char *url);

/* URL with "KEY=VALUE&..." of WANTED added, except the keys that it has; URL without the keys of UNWANTED ("KEY&..."). Caller frees. */
char *fp_web_with(const char *url, const char *wanted) __attribute__((malloc, returns_nonnull));
char *fp_web_without(const char *url, const char *unwanted) __attribute__((malloc, returns_nonnull));

/* TEXT as a value in an address. Caller frees. */
char *fp_web_escape(const char *text) __attribute__((malloc, returns_nonnull));

/* What U says of user, password and referer, as fp_web_get() wants it. fp_query_clear() is the caller's. */
void fp_web_login(struct fp_query *login, const struct fp_uri *u);

/* The body as XML (all of it) or as a JSON object; NULL: the verdict is given (a web page, nothing readable). The caller's. */
xmlDoc *fp_web_xml(struct fp_check *c, const struct fp_web *w);
json_t *fp_web_json(struct fp_check *c, const struct fp_web *w);

/* Gives the verdict that something else came than a service answers; REASON says what, in a few words. */
void fp_web_not_expected(struct fp_check *c, const char *reason);

/* Gives the verdict that layer NAME is not offered; OFFERED is what is. */
void fp_web_no_layer(struct fp_check *c, const char *name, const struct fp_strv *offered);

#endif
