/* A prober for tests, and a machine whose names they choose. */
#ifndef FP_TESTS_PROBER_FIXTURE_H
#define FP_TESTS_PROBER_FIXTURE_H

#include <jansson.h>

#include "engine/prober/prober.h"

extern struct fp_prober *prober;
extern int session;

/* Starts PROBER and opens SESSION. */
void prober_begin(const char *allow, const char *pgservice);
void prober_end(void);

/* The answer to QUESTION, which is taken over. New reference. */
json_t *ask(json_t *question);

/* The same, of "http" and of a URL made with FMT. */
json_t *ask_web(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The answer says what it should; else it is printed. Taken over. */
void expect(json_t *answer, const char *stage, const char *cause);

/* From here on this process and its children read HOSTS as /etc/hosts and know no other names. Skips the test where that is not allowed. */
void private_names(const char *hosts);

/* From here on there is no network at all, not even a loopback that is up. Skips the test where that is not allowed. */
void private_network(void);

#endif
