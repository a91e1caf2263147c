/* The writable copy of a project file and of what belongs to it: side-cars of shapefiles, MapInfo tables and CSV files, journals of databases. */
#ifndef FP_CHANGES_WORKCOPY_H
#define FP_CHANGES_WORKCOPY_H

#include "engine/base/error.h"

/* 1: a file called so is one of several that make a layer, journals aside. */
int fp_workcopy_has_companions(const char *name);

/* Copies NAME and its companions from folder INPUT to OUTPUT. FP_E_NOTFOUND: there is no such file; FP_E_REFUSED: another
 * program is writing to it. */
enum fp_status fp_workcopy_make(const char *input, const char *output, const char *name, struct fp_error *err);

/* After the copy has been closed: calls EACH for NAME and every companion whose content is not that in INPUT, and removes the others from OUTPUT. A
 * journal that lay beside a database in INPUT is part of the new file now: an empty one takes its place, lest it be replayed over it. */
typedef void fp_workcopy_each(void *arg, const char *name);
enum fp_status fp_workcopy_publish(const char *input, const char *output, const char *name, fp_workcopy_each *each, void *arg, struct fp_error *err);

/* Removes NAME and its companions from OUTPUT. */
enum fp_status fp_workcopy_drop(const char *output, const char *name, struct fp_error *err);

#endif
