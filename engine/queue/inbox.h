/* HOME/inbox/<name or id of a project>/: deltafiles, and folders with some, that somebody drops there. What lies still is imported and moved to done/ or
 * faulty/ beside it, as <time>-<name>. A crash in between takes it once more, and its changes are known then. */
#ifndef FP_QUEUE_INBOX_H
#define FP_QUEUE_INBOX_H

#include "engine/queue/import.h"

struct fp_inbox;
struct fp_config;

/* S and CONF are borrowed. */
struct fp_inbox *fp_inbox_new(struct fp_store *s, const struct fp_config *conf);
void fp_inbox_free(struct fp_inbox *i); /* NULL is fine */

/* About once a second: takes one thing that has not changed for inbox_settle_s. Costs a look at a few folders when there is nothing. The status is the
 * store's (FP_E_BUSY, FP_E_FULL): the thing stays where it is. */
enum fp_status fp_inbox_step(struct fp_inbox *i, struct fp_error *err);

/* Takes all there is at once, settled or not, of PROJECT_ID or (NULL) of all projects. EACH (may be NULL) hears of every deltafile. */
enum fp_status fp_inbox_take(struct fp_inbox *i, const char *project_id, const char *who, struct fp_import *sum, fp_imported_each *each, void *arg,
	struct fp_error *err);

/* Says what lies in the inbox and is taken by nobody, and why: one line each. */
typedef void fp_inbox_line(void *arg, const char *line);
void fp_inbox_untaken(struct fp_store *s, fp_inbox_line *each, void *arg);

#endif
