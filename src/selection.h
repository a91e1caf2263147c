/* SELECTION: the changes of a project that a command is about, named by uuids, by --this-and-newer or by --filter. contract.md. */
#ifndef FP_SRC_SELECTION_H
#define FP_SRC_SELECTION_H

#include "engine/base/ids.h"
#include "engine/store/changes.h"
#include "src/command.h"

/* For the entry of a command whose arguments are "NAME [UUID...]". */
#define FP_SELECTION_OPTIONS \
	{"this-and-newer", "UUID", "that change and all that came after it"}, {"filter", "FILTER", "the changes that a filter shows"}

/* Calls EACH for every selected change of project argv[0], whose id comes to stand in PROJECT: the named ones in the order in which they are named,
 * else the oldest first, which is the order in which they are applied. They are read while they are given, so that a selection of any size takes no memory. BODIES:
 * with the delta's JSON. FP_E_USAGE when it is not named in exactly one way or names a change twice, FP_E_NOTFOUND when there is none such. */
enum fp_status fp_selection_each(const struct fp_invocation *inv, char project[FP_UUID_SIZE], int bodies, fp_change_each *each, void *arg,
	struct fp_error *err);

#endif
