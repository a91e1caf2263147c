/* Sorts more records than memory should hold: runs of them in a file that nobody sees, merged at the end. */
#ifndef FP_PACKAGE_SORTER_H
#define FP_PACKAGE_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

#define FP_SORTER_RUN (1 << 19) /* records in memory */

struct fp_sorter;

/* Records are of SIZE bytes, a multiple of 8, and begin with a uint64_t, the key. SCRATCH is where files go. RUN: how many records at most are in memory. */
void fp_sorter_new(struct fp_sorter **out, size_t size, const char *scratch, size_t run);

/* Copies RECORD. Its key may be set later, by fp_sorter_sort(). */
enum fp_status fp_sorter_add(struct fp_sorter *s, const void *record, struct fp_error *err);
uint64_t fp_sorter_count(const struct fp_sorter *s);

/* Ends the adding. KEY, when it is not NULL, gives each record its key now. */
enum fp_status fp_sorter_sort(struct fp_sorter *s, uint64_t (*key)(const void *arg, const void *record), const void *arg, struct fp_error *err);

/* The next record in the order of the keys, borrowed until the next call; NULL at the end. */
enum fp_status fp_sorter_next(struct fp_sorter *s, const void **record, struct fp_error *err);

void fp_sorter_free(struct fp_sorter *s); /* NULL is fine */

#endif
