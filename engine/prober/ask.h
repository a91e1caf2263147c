/* One question, asked of the network. What stands in ANSWER already: "stage", "cause" and "error", all "". */
#ifndef FP_PROBER_ASK_H
#define FP_PROBER_ASK_H

#include <jansson.h>

#include "engine/prober/resolve.h"

/* What a question may take: this long until a connection stands, and this long from then on. */
#define FP_CONNECT_MS 3000
#define FP_ANSWER_MS 5000

struct fp_asker {
	struct fp_resolver *resolver; /* what the project may have asked; NULL: nothing, its network is off */
	struct fp_resolver *anywhere; /* for databases that the operator names, in a service or a variable: they may lie anywhere, behind a socket of this machine,
	                               * too; NULL: they are like others */
	int any_database;      /* all databases are like those of the operator */
	const char *pgservice; /* a checked service file */
	const char *service;   /* its section for questions that name neither a service nor, perhaps, a host: $PGSERVICE, or "" */
	int (*part)(void *arg, const char *bytes, size_t n); /* takes a piece of a body that is streamed; -1: whoever asked is gone */
	void *arg;
};

typedef void fp_ask_fn(struct fp_asker *asker, const json_t *question, json_t *answer);
fp_ask_fn fp_ask_http, fp_ask_postgres;

#endif
