/* Killing engines, workers and database connections while changes are applied, and looking after every kill whether the promise was kept. */
#ifndef FP_TESTS_FAULTS_CAMPAIGN_H
#define FP_TESTS_FAULTS_CAMPAIGN_H

#include "tests/faults/audit.h"

#define ENGINES_MAX 8

struct campaign {
	/* to be set */
	const char *name;
	enum field_kind kind;
	int plots, engines;     /* projects of one home, and engines that share it */
	int kills, seconds;     /* ends with whatever comes first */
	unsigned seed;

	/* what came of it */
	struct field field;
	struct audit audit;
	int rounds, killed_engines, killed_workers, killed_sessions, killed_servers, at_points;
	int64_t began;

	/* of its own */
	struct { int pid, poisoned; } engine[ENGINES_MAX];
};

void campaign_open(struct campaign *c);
void campaign_close(struct campaign *c);

/* Kills at random moments, of processes that have something in hand. */
void campaign_random(struct campaign *c);

/* Kills at every named point (engine/base/failpoint.h) of applying and publishing. */
void campaign_points(struct campaign *c);

/* 1 when the table of campaign_points() names POINT. */
int campaign_knows(const char *point);

int campaign_kills(const struct campaign *c);
/* Prints the counts in one line. */
void campaign_tell(const struct campaign *c);

#endif
