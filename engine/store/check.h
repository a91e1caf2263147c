/* Does the home add up? What `fieldpost doctor` prints. */
#ifndef FP_STORE_CHECK_H
#define FP_STORE_CHECK_H

#include "engine/store/store.h"

enum fp_finding {
	FP_FINDING_GOOD,    /* was looked at and is in order */
	FP_FINDING_NOTE,    /* worth knowing, nothing to do */
	FP_FINDING_GARBAGE, /* harmless; repair removes it */
	FP_FINDING_FAULT    /* something is wrong */
};
/* LINE is one sanitised line. */
typedef void fp_check_report(void *arg, enum fp_finding finding, const char *line);

/* Looks at the SQLite library, the database, the counters, files without a row and rows without a file, work folders and jobs of dead engines. With
 * REPAIR garbage is removed (inside the gate, and never what a living process may be writing). *FAULTS gets the number of faults. FP_OK also when
 * there are some; another status only when the look itself failed. Each kind of finding reports its first few items, then how many more. */
enum fp_status fp_store_check(struct fp_store *s, int repair, fp_check_report *report, void *arg, int64_t *faults, struct fp_error *err);

#endif
