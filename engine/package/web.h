/* The web as a package reads it: everything is asked for through the prober (engine/prober/prober.h), which knows the rules for addresses. What fails says
 * so without naming the layer, as the other sources of rows do. */
#ifndef FP_PACKAGE_WEB_H
#define FP_PACKAGE_WEB_H

#include <jansson.h>
#include <libxml/tree.h>

#include "engine/package/package.h"
#include "engine/project/source.h"

/* One service, as whom it is asked. */
struct fp_web_service {
	struct fp_package *package; /* borrowed */
	const char *url;            /* borrowed; nobody but its server gets the login */
	const struct fp_query *login; /* borrowed; fp_web_login() (engine/layers/network.h) */
};

/* FP_E_REFUSED: the network is off, or the address may not be asked; FP_E_IO: no answer, or not what it should be. Small documents: the prober remembers
 * them, so that what the check has asked for already costs nothing. */
enum fp_status fp_web_ask_xml(xmlDoc **out, const struct fp_web_service *s, const char *url, struct fp_error *err);
enum fp_status fp_web_ask_json(json_t **out, const struct fp_web_service *s, const char *url, struct fp_error *err);
/* The same as it is, in the file PATH. */
enum fp_status fp_web_ask_file(const char *path, const struct fp_web_service *s, const char *url, struct fp_error *err);

/* What the answer to a download said of itself. */
struct fp_web_page {
	json_t *json;     /* of an object: its members "links", "numberMatched"; owned */
	xmlDoc *xml;      /* else: its root and whatever tells of an exception; owned */
};
/* Any length, into the file PATH. The text is whole and what OUT says it is; the root of an XML is no exception. */
enum fp_status fp_web_download(struct fp_web_page *out, const char *path, const struct fp_web_service *s, const char *url, struct fp_error *err);
void fp_web_page_clear(struct fp_web_page *p);

/* Gives the prober back what P held of it. */
void fp_web_close(struct fp_package *p);

#endif
