/* A PostgreSQL with PostGIS of the tests' own: a private folder and port, gone when this process ends. */
#ifndef FP_TESTS_POSTGRES_H
#define FP_TESTS_POSTGRES_H

#include <criterion/hooks.h>

/* 1 when there is one to start: "initdb" is found. */
int postgres_is_here(void);

/* Skips the test that runs unless there is one. */
void postgres_needed(void);

/* For a suite's file: where there is one, START (a function without arguments, which calls postgres_start() and fills it) runs before all tests of the
 * program, which find it running. It is stopped after them. */
#define POSTGRES_FOR_ALL_TESTS(start) \
	ReportHook(PRE_ALL)(struct criterion_test_set *tests) \
	{ \
		(void)tests; \
		if (postgres_is_here()) \
			start(); \
	}

/* Makes and starts it, for this process and those that it starts from here on: they find it through the environment. Its superuser is "postgres", without
 * a password over the socket; TLS is on with a certificate that nobody signed. Over TCP, HBA's lines (pg_hba.conf) say who may come. Ends the process when
 * anything of that fails, as the functions below do: it is for a hook of Criterion's, outside of any test. */
void postgres_start(const char *hba);
void postgres_stop(void);

int postgres_port(void);

/* Runs statements in DATABASE as its superuser. */
void postgres_sql(const char *database, const char *sql);

/* One value, "" for none; static. */
const char *postgres_value(const char *database, const char *sql);

/* Runs SQL; EACH (may be NULL when there are none) gets every row, eight columns at most. A server that is starting anew is waited for. */
typedef void postgres_row(void *arg, const char *const *columns);
void postgres_rows(const char *database, const char *sql, postgres_row *each, void *arg);

/* Sets a setting that needs no restart and waits until it is in force. */
void postgres_set(const char *setting, const char *value);

#endif
