/* Jobs without a home: a worker on plain files, its work in a temporary folder. For `check`, `apply` and `package`. */
#ifndef FP_SRC_PLAIN_H
#define FP_SRC_PLAIN_H

#include <jansson.h>

#include "engine/queue/worker_proc.h"
#include "src/command.h"

struct fp_plain {
	char *project;        /* the project file's absolute path, as given, folded */
	char *folder, *file;  /* the folder that it may use, and its name there */
	char *work;           /* temporary folder with out/ and scratch/ */
	char *out;
	json_t *network;      /* the description's member, set before it is run; owned. NULL: network checks are off */
	char *pgservice;      /* likewise; NULL: none */
};

/* Looks at PROJECT and makes the temporary folder. FP_E_NOTFOUND when there is no such file. */
enum fp_status fp_plain_begin(struct fp_plain *p, const char *project, struct fp_error *err);

/* The project may use all of the folder ROOT, in which it lies, and not its own folder only. */
enum fp_status fp_plain_root(struct fp_plain *p, const char *root, struct fp_error *err);

/* Makes it beside TO instead, an absolute path: what the job makes can then be put there by renaming. */
enum fp_status fp_plain_beside(struct fp_plain *p, const char *to, struct fp_error *err);

/* The description's member "network" as --network and --allow ask for it; NULL: network checks are off. Who checks a file of his own may let it ask his own
 * network. The options of a command that has them: */
json_t *fp_plain_network(const struct fp_invocation *inv);
#define FP_NETWORK_OPTIONS(what) \
	{"network", NULL, what}, \
	{"allow", "HOSTS", "with --network: what may be asked although its address is private (addresses, networks, names; else $FIELDPOST_NETWORK_ALLOW)"}

/* Takes the service file of whoever runs this, where libpq would find it, too: the one that $PGSERVICEFILE names. */
enum fp_status fp_plain_services(struct fp_plain *p, struct fp_error *err);

/* Runs workflow TYPE there. OPTIONS (taken over) and DELTAS may be NULL. */
enum fp_status fp_plain_run(struct fp_plain *p, const struct fp_invocation *inv, const char *type, int64_t limit_s, json_t *options,
	const char *deltas, fp_worker_event *on, void *arg, struct fp_error *err);

/* Starts a worker that has nothing to do: *SANDBOX (new reference) says which of its walls stand, as the hello event does. */
enum fp_status fp_plain_probe(json_t **sandbox, const struct fp_invocation *inv, struct fp_error *err);

/* Removes the temporary folder. */
void fp_plain_end(struct fp_plain *p);

#endif
