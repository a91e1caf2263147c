/* Changes to tables of the tests' own PostgreSQL (tests/postgres.h), in a session of tests/apply_fixture.h. Every test makes tables of its own: they share
 * one server. */
#ifndef FP_TESTS_APPLY_POSTGRES_H
#define FP_TESTS_APPLY_POSTGRES_H

#include "tests/apply_fixture.h"
#include "tests/postgres.h"

#define PASSWORD "open-sesame"

/* Who may come over TCP, and database "gis" with PostGIS, the role ada (PASSWORD) and schema "field" that is hers. For a hook. */
void apply_postgres_start(void);

/* A layer "ID" of SOURCE ("table=\"field\".\"trees\" (geom) sql=") in gis as ada, and any project of the fixture. */
struct fp_layer_def *postgres_layer(struct fixture *f, const char *id, const char *source);

/* Runs SQL in gis as ada, who then owns what it makes. */
void as_ada(const char *sql);

/* The one value of SQL in gis. */
void holds(const char *sql, const char *want);

/* The end of a session. */
struct ending {
	int n;                            /* transactions that were announced */
	struct fp_transaction first;      /* of them */
	void (*before)(void);             /* called when they are, before anything is committed; may be NULL */
	int committed, taken_back;
	char message[512];                /* of what was taken back, else of the end itself */
};
enum fp_status settle(struct fixture *f, struct ending *e);

#endif
