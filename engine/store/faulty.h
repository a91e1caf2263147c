/* Deltafiles that were refused, kept whole with their reason. */
#ifndef FP_STORE_FAULTY_H
#define FP_STORE_FAULTY_H

#include <stdio.h>

#include "engine/store/store.h"

struct fp_faulty_row {
	int64_t id, at, size;   /* bytes */
	const char *uuid;       /* the id that stands in it, "" */
	const char *by, *reason;
};
typedef void fp_faulty_each(void *arg, const struct fp_faulty_row *row);

/* Newest first. */
enum fp_status fp_faulty_list(struct fp_store *s, const char *project_id, fp_faulty_each *each, void *arg, struct fp_error *err);
/* Writes the bytes of one to TO, as they came. FP_E_NOTFOUND: the project has no refused file of that id. */
enum fp_status fp_faulty_write(struct fp_store *s, const char *project_id, int64_t id, FILE *to, struct fp_error *err);

#endif
