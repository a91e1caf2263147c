# Killing engines, workers and database sessions. `make check` does it for a while, `make faults` for about a quarter of an hour.
tests_test_faults_SOURCES = tests/test_faults.c tests/faults/campaign.c tests/faults/campaign.h tests/faults/audit.c tests/faults/audit.h \
	tests/faults/field.c tests/faults/field.h tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h tests/postgres.c tests/postgres.h
tests_test_faults_CPPFLAGS = $(AM_CPPFLAGS) $(POSTGRES_CFLAGS)
tests_test_faults_LDADD = $(TEST_LDADD) $(POSTGRES_LIBS)

tests_test_package_faults_SOURCES = tests/test_package_faults.c tests/package_home.c tests/package_home.h tests/engine_home.c tests/engine_home.h \
	tests/put_file.c tests/put_file.h
tests_test_package_faults_LDADD = $(TEST_LDADD)

FAULTS_KILLS = 1200
.PHONY: faults
faults: all tests/test_faults tests/test_package_faults tests/test_settle tests/test_settle_postgres tests/fake/fieldpost-worker
	@$(AM_TESTS_ENVIRONMENT) FIELDPOST_KILLS=$${FIELDPOST_KILLS:-$(FAULTS_KILLS)} LC_ALL=C.UTF-8 TZ=UTC tests/test_faults --jobs 1 --verbose
	@$(AM_TESTS_ENVIRONMENT) FIELDPOST_KILLS=200 LC_ALL=C.UTF-8 TZ=UTC tests/test_package_faults --jobs 1 --verbose
	@$(AM_TESTS_ENVIRONMENT) FIELDPOST_KILLS=200 FIELDPOST_SECONDS=110 LC_ALL=C.UTF-8 TZ=UTC tests/test_settle --filter '*/kills_at_random*' --verbose
	@$(AM_TESTS_ENVIRONMENT) FIELDPOST_KILLS=200 FIELDPOST_SECONDS=110 LC_ALL=C.UTF-8 TZ=UTC tests/test_settle_postgres --filter '*/kills_at_random*' --verbose
