/* A spatial index of a GeoPackage, built in one go: boxes in the order of a Hilbert curve, packed into the nodes of SQLite's R*Tree as it stores them
 * (sqlite.org/src, ext/rtree/rtree.c, "Database Format of R-Tree Tables"), from the leaves up. Memory stays bounded, whatever the number of boxes. */
#ifndef FP_PACKAGE_RTREE_H
#define FP_PACKAGE_RTREE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct fp_rtree;

/* RUN: how many boxes at most are in memory (FP_SORTER_RUN). */
void fp_rtree_new(struct fp_rtree **out, const char *scratch, size_t run);

/* Adds BOX (min x, max x, min y, max y) of row ID; ids may come in any order, and once only. */
enum fp_status fp_rtree_add(struct fp_rtree *t, int64_t id, const double box[4], struct fp_error *err);

/* Fills the empty R*Tree NAME of DB, which is in a transaction. */
enum fp_status fp_rtree_write(struct fp_rtree *t, sqlite3 *db, const char *name, struct fp_error *err);

void fp_rtree_free(struct fp_rtree *t); /* NULL is fine */

#endif
