/* A home with as many changes as wanted: three large projects and a small one, with the users, devices, layers, messages and attempts of a year and
 * more. The same rows every time; they come through the store's own triggers. */
#ifndef FP_TESTS_MANY_CHANGES_H
#define FP_TESTS_MANY_CHANGES_H

#include <stdint.h>

#include "engine/store/store.h"

#define MANY_PROJECT "ca000000-0000-4000-8000-00000000000%d" /* 0 "city trees" to 3 "pilot" */
#define MANY_UUID "c0000000-0000-4000-8000-%012lld"          /* of the change with that id, from 1 */

/* Into the empty store S. Aborts when it cannot be written. */
void many_changes(struct fp_store *s, int64_t n);

#endif
