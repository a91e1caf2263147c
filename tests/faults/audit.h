/* What the data holds, against what the ledger says. Findings are counted and told, a line each, so that a long campaign goes on behind the first. */
#ifndef FP_TESTS_FAULTS_AUDIT_H
#define FP_TESTS_FAULTS_AUDIT_H

#include "tests/faults/field.h"

struct audit {
	int64_t lost;      /* pushed and not in the store; applied by the ledger and not in the data; not in the key map */
	int64_t doubled;   /* in the data more often than the ledger knows, or in another order */
	int64_t stuck;     /* changes, jobs and work folders that nobody is going to end */
	int64_t blanket;   /* changes that were refused although nothing was wrong with them */
	int64_t broken;    /* files, rows and homes that do not add up */
	int64_t changes, applied, forced, undone, planned; /* of the field, when it was looked at last: changes, and attempts that wrote */
};

/* While engines may run: the ledger and the data are looked at inside the gate. In a database a change of a job that runs may be there already. WHEN is told
 * with what is found. */
void audit_run(struct field *f, struct audit *a, const char *when);

/* When none runs and nothing waits any more: all that was pushed is applied, keys are known, bytes are whole, nothing is left over, doctor is content. */
void audit_end(struct field *f, struct audit *a, const char *when);

int64_t audit_findings(const struct audit *a);

#endif
