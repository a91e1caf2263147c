/* A test of a secret: every service of a pgservice is connected to, by a prober; of an envvar it is said which layers use it. In steps, so that an
 * event loop can go on in between. */
#ifndef FP_QUEUE_SECRET_TEST_H
#define FP_QUEUE_SECRET_TEST_H

#include <stdint.h>

#include "engine/base/config.h"
#include "engine/base/mem.h"
#include "engine/store/store.h"

struct fp_secret_test;

/* FP_E_NOTFOUND: no such secret. FP_E_REFUSED: network checks are off for the project, with the hint how to switch them on. */
enum fp_status fp_secret_test_start(struct fp_secret_test **out, struct fp_store *s, const struct fp_config *conf, const char *project_id,
	const char *name, const char *who, struct fp_error *err);

/* Poll for POLLIN, at most so many milliseconds, then step; -1 when there is nothing to wait for. */
int fp_secret_test_fd(const struct fp_secret_test *t);
int64_t fp_secret_test_left(const struct fp_secret_test *t);

/* Takes what has arrived and asks for the next. At the end *DONE is 1 and the store has the result. FP_E_CRASHED and the like: the prober's fault, not
 * the secret's; nothing was kept. */
enum fp_status fp_secret_test_step(struct fp_secret_test *t, int *done, struct fp_error *err);

/* Which secret it is, and what came of it: a line for each service. Borrowed. */
const char *fp_secret_test_project(const struct fp_secret_test *t);
const char *fp_secret_test_name(const struct fp_secret_test *t);
const struct fp_strv *fp_secret_test_lines(const struct fp_secret_test *t);
int fp_secret_test_ok(const struct fp_secret_test *t); /* 1, 0; -1: there was nothing to test */

void fp_secret_test_free(struct fp_secret_test *t); /* ends the prober; NULL is fine */

#endif
