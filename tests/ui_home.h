/* Homes with known contents, at known times, for tests and benchmarks of the console. */
#ifndef FP_TESTS_UI_HOME_H
#define FP_TESTS_UI_HOME_H

#include <stdint.h>

#include "engine/store/store.h"

#define UI_NOW 1795435200000LL /* 2026-11-23T12:00:00Z: what FIELDPOST_NOW_MS is set to */
#define UI_BEES "be000000-0000-4000-8000-000000000001"

/* A new home in a temporary folder; its path is kept in STORE's home. Aborts when it cannot be made. */
struct fp_store *ui_home_small(void);  /* three projects, a dozen changes, five jobs, four layers */
struct fp_store *ui_home_packages(void); /* the small one with two packages of bees, the newer one stale, and a job that makes a third */
struct fp_store *ui_home_empty(void);
struct fp_store *ui_home_big(int64_t changes, int64_t jobs); /* one project, "big"; the newest finished job has 2,000 lines of log */

/* Closes it and removes the folder. */
void ui_home_remove(struct fp_store *s);

/* One statement, in a transaction of its own. */
void ui_home_run(struct fp_store *s, const char *sql);

#endif
