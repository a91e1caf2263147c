/* Who did what: written inside the transaction of the deed itself. */
#ifndef FP_STORE_ACTIVITY_H
#define FP_STORE_ACTIVITY_H

#include "engine/store/store.h"

/* WHAT is a verb of a fixed set ("create project", "upload", "push", "re-apply", ...). PROJECT_ID may be NULL. */
enum fp_status fp_activity_add(struct fp_store *s, const char *who, const char *what, const char *project_id, struct fp_error *err,
	const char *fmt, ...) __attribute__((format(printf, 6, 7)));

#endif
