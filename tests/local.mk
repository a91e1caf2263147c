# One Criterion suite a room; each is a program. tests/run-suite speaks TAP and gates on sanitizer logs.
SUITES = tests/test_base tests/test_worker_proc
check_PROGRAMS = $(SUITES)
SCRIPT_TESTS = tests/rules.sh tests/valgrind.sh
TESTS = $(SCRIPT_TESTS) $(SUITES)
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/run-suite
AM_TESTS_ENVIRONMENT = \
	FIELDPOST_BUILD='$(abs_top_builddir)'; export FIELDPOST_BUILD; \
	FIELDPOST_SOURCE='$(abs_top_srcdir)'; export FIELDPOST_SOURCE; \
	FIELDPOST_DATA='$(abs_top_srcdir)/data'; export FIELDPOST_DATA; \
	FIELDPOST_LIBEXEC='$(abs_top_builddir)'; export FIELDPOST_LIBEXEC; \
	FIELDPOST_SANITIZED='$(SANITIZED)'; export FIELDPOST_SANITIZED;
EXTRA_DIST += $(SCRIPT_TESTS) tests/bench/bench.sh tests/package_check.py tests/package_kit.py tests/package_postgres.py tests/package_projects.py tests/package_strangers.py tests/package_web.py tests/postgis_cases.py tests/run-suite tests/lsan.supp

TEST_LDADD = libfieldpost.a $(SQLITE_LIBS) $(BASE_LIBS) $(CRITERION_LIBS)

BENCHES =
include tests/ui.mk
WORKER_TEST_LDADD = libworker.a libconnect.a $(TEST_LDADD) $(WORKER_LIBS) $(POSTGRES_LIBS)

tests_test_base_SOURCES = tests/test_base.c
tests_test_base_LDADD = $(TEST_LDADD)

tests_test_worker_proc_SOURCES = tests/test_worker_proc.c
tests_test_worker_proc_LDADD = $(TEST_LDADD)

SUITES += tests/test_project
tests_test_project_SOURCES = tests/test_project.c
tests_test_project_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_project_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_patch tests/test_package_archive
tests_test_package_archive_SOURCES = tests/test_package_archive.c tests/patch_fixture.c tests/patch_fixture.h
tests_test_package_archive_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_archive_LDADD = $(WORKER_TEST_LDADD)
tests_test_package_patch_SOURCES = tests/test_package_patch.c tests/patch_fixture.c tests/patch_fixture.h tests/xml_diff.c tests/xml_diff.h
tests_test_package_patch_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_patch_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_formats
tests_test_formats_SOURCES = tests/test_formats.c tests/layer_files.c tests/layer_files.h
tests_test_formats_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_formats_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_layers
tests_test_layers_SOURCES = tests/test_layers.c tests/layer_files.c tests/layer_files.h
tests_test_layers_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_layers_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_text_tables
tests_test_text_tables_SOURCES = tests/test_text_tables.c tests/layer_files.c tests/layer_files.h
tests_test_text_tables_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_text_tables_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_web
tests_test_package_web_SOURCES = tests/test_package_web.c tests/cli.c tests/cli.h tests/package_rows.c tests/package_rows.h tests/prober_fixture.c \
	tests/prober_fixture.h tests/web.c tests/web.h
tests_test_package_web_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_web_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_packages
tests_test_packages_SOURCES = tests/test_packages.c tests/package_home.c tests/package_home.h tests/engine_home.c tests/engine_home.h tests/put_file.c \
	tests/put_file.h
tests_test_packages_LDADD = $(TEST_LDADD)

SUITES += tests/test_plan
tests_test_plan_SOURCES = tests/test_plan.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_plan_LDADD = $(TEST_LDADD)

SUITES += tests/test_gate
tests_test_gate_SOURCES = tests/test_gate.c tests/layer_files.c tests/layer_files.h
tests_test_gate_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_gate_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_attacks
tests_test_attacks_SOURCES = tests/test_attacks.c tests/cli.c tests/cli.h tests/layer_files.c tests/layer_files.h
tests_test_attacks_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_attacks_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_hostile_projects
tests_test_hostile_projects_SOURCES = tests/test_hostile_projects.c tests/cli.c tests/cli.h
tests_test_hostile_projects_LDADD = $(TEST_LDADD) -lutil

SUITES += tests/test_check_job
tests_test_check_job_SOURCES = tests/test_check_job.c
tests_test_check_job_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_check_job_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_deltafile
tests_test_deltafile_SOURCES = tests/test_deltafile.c
tests_test_deltafile_LDADD = $(TEST_LDADD)

SUITES += tests/test_shape
tests_test_shape_SOURCES = tests/test_shape.c
tests_test_shape_LDADD = $(TEST_LDADD)

SUITES += tests/test_apply
tests_test_apply_SOURCES = tests/test_apply.c tests/apply_fixture.c tests/apply_fixture.h
tests_test_apply_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_apply_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_apply_files
tests_test_apply_files_SOURCES = tests/test_apply_files.c tests/apply_fixture.c tests/apply_fixture.h
tests_test_apply_files_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_apply_files_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_apply_postgres
tests_test_apply_postgres_SOURCES = tests/test_apply_postgres.c tests/apply_postgres.c tests/apply_postgres.h tests/apply_fixture.c tests/apply_fixture.h \
	tests/postgres.c tests/postgres.h
tests_test_apply_postgres_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS) $(POSTGRES_CFLAGS)
tests_test_apply_postgres_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_apply_postgres_faults
tests_test_apply_postgres_faults_SOURCES = tests/test_apply_postgres_faults.c tests/apply_postgres.c tests/apply_postgres.h tests/apply_fixture.c \
	tests/apply_fixture.h tests/cli.c tests/cli.h tests/postgres.c tests/postgres.h
tests_test_apply_postgres_faults_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS) $(POSTGRES_CFLAGS)
tests_test_apply_postgres_faults_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_package_postgres
tests_test_package_postgres_SOURCES = tests/test_package_postgres.c tests/test_package_home_postgres.c tests/package_rows.c tests/package_rows.h \
	tests/apply_postgres.c tests/apply_postgres.h tests/apply_fixture.c tests/apply_fixture.h tests/cli.c tests/cli.h tests/postgres.c tests/postgres.h
tests_test_package_postgres_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS) $(POSTGRES_CFLAGS)
tests_test_package_postgres_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_apply_bad
tests_test_apply_bad_SOURCES = tests/test_apply_bad.c tests/apply_fixture.c tests/apply_fixture.h
tests_test_apply_bad_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_apply_bad_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_apply_lite
tests_test_apply_lite_SOURCES = tests/test_apply_lite.c tests/apply_fixture.c tests/apply_fixture.h
tests_test_apply_lite_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_apply_lite_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_apply_values
tests_test_apply_values_SOURCES = tests/test_apply_values.c
tests_test_apply_values_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_apply_values_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_diff
tests_test_diff_SOURCES = tests/test_diff.c tests/apply_fixture.c tests/apply_fixture.h
tests_test_diff_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_diff_LDADD = $(WORKER_TEST_LDADD)

# Versions of files as questions to the real worker, and what questions do when it is a bad one.
SUITES += tests/test_question tests/test_versions
tests_test_question_SOURCES = tests/test_question.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_question_LDADD = $(TEST_LDADD)
tests_test_versions_SOURCES = tests/test_versions.c tests/cli.c tests/cli.h tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_versions_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_versions_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_store
tests_test_store_SOURCES = tests/test_store.c tests/put_file.c tests/put_file.h
tests_test_store_LDADD = $(TEST_LDADD)

SUITES += tests/test_queue
tests_test_queue_SOURCES = tests/test_queue.c
tests_test_queue_LDADD = $(TEST_LDADD)

SUITES += tests/test_prober_address
tests_test_prober_address_SOURCES = tests/test_prober_address.c
tests_test_prober_address_LDADD = libconnect.a $(TEST_LDADD)

SUITES += tests/test_prober tests/test_prober_web
tests_test_prober_SOURCES = tests/test_prober.c tests/prober_fixture.c tests/prober_fixture.h tests/web.c tests/web.h
tests_test_prober_LDADD = $(TEST_LDADD)
tests_test_prober_web_SOURCES = tests/test_prober_web.c tests/prober_fixture.c tests/prober_fixture.h tests/web.c tests/web.h
tests_test_prober_web_LDADD = $(TEST_LDADD)

# A PostgreSQL of the tests' own, which libpq fills.
SUITES += tests/test_network_layers
tests_test_network_layers_SOURCES = tests/test_network_layers.c tests/cli.c tests/cli.h tests/postgres.c tests/postgres.h tests/web.c tests/web.h
tests_test_network_layers_CPPFLAGS = $(AM_CPPFLAGS) $(POSTGRES_CFLAGS)
tests_test_network_layers_LDADD = $(TEST_LDADD) $(POSTGRES_LIBS)

SUITES += tests/test_prober_postgres
tests_test_prober_postgres_SOURCES = tests/test_prober_postgres.c tests/prober_fixture.c tests/prober_fixture.h tests/postgres.c tests/postgres.h \
	tests/web.c tests/web.h
tests_test_prober_postgres_CPPFLAGS = $(AM_CPPFLAGS) $(POSTGRES_CFLAGS)
tests_test_prober_postgres_LDADD = $(TEST_LDADD) $(POSTGRES_LIBS)

check_PROGRAMS += tests/fake/fieldpost-worker
tests_fake_fieldpost_worker_SOURCES = tests/fake_worker.c
tests_fake_fieldpost_worker_LDADD = libfieldpost.a $(BASE_LIBS)

# A prober that answers by the name of the service it is asked about.
check_PROGRAMS += tests/fake/fieldpost-prober
tests_fake_fieldpost_prober_SOURCES = tests/fake_prober.c
tests_fake_fieldpost_prober_LDADD = libfieldpost.a $(BASE_LIBS)

SUITES += tests/test_secrets tests/test_secret_jobs tests/test_commands_secret
tests_test_secrets_SOURCES = tests/test_secrets.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_secrets_LDADD = $(TEST_LDADD)
tests_test_secret_jobs_SOURCES = tests/test_secret_jobs.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_secret_jobs_LDADD = $(TEST_LDADD)
tests_test_commands_secret_SOURCES = tests/test_commands_secret.c tests/cli.c tests/cli.h
tests_test_commands_secret_LDADD = $(TEST_LDADD)

SUITES += tests/test_engine tests/test_faults tests/test_package_faults
tests_test_engine_SOURCES = tests/test_engine.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_engine_LDADD = $(TEST_LDADD)

include tests/faults/local.mk

SUITES += tests/test_settle_postgres
tests_test_settle_postgres_SOURCES = tests/test_settle_postgres.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h \
	tests/postgres.c tests/postgres.h
tests_test_settle_postgres_CPPFLAGS = $(AM_CPPFLAGS) $(POSTGRES_CFLAGS)
tests_test_settle_postgres_LDADD = $(TEST_LDADD) $(POSTGRES_LIBS)

SUITES += tests/test_settle
tests_test_settle_SOURCES = tests/test_settle.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_settle_LDADD = $(TEST_LDADD)

SUITES += tests/test_checks
tests_test_checks_SOURCES = tests/test_checks.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h
tests_test_checks_LDADD = $(TEST_LDADD)

SUITES += tests/test_commands tests/test_commands_jobs
tests_test_commands_SOURCES = tests/test_commands.c tests/cli.c tests/cli.h
tests_test_commands_LDADD = $(TEST_LDADD)
tests_test_commands_jobs_SOURCES = tests/test_commands_jobs.c tests/cli.c tests/cli.h
tests_test_commands_jobs_LDADD = $(TEST_LDADD)

SUITES += tests/test_commands_package
tests_test_commands_package_SOURCES = tests/test_commands_package.c tests/package_home.c tests/package_home.h tests/engine_home.c tests/engine_home.h \
	tests/put_file.c tests/put_file.h tests/cli.c tests/cli.h
tests_test_commands_package_LDADD = $(TEST_LDADD)

SUITES += tests/test_import tests/test_export
tests_test_import_SOURCES = tests/test_import.c tests/cli.c tests/cli.h
tests_test_import_LDADD = $(TEST_LDADD)
tests_test_export_SOURCES = tests/test_export.c tests/cli.c tests/cli.h
tests_test_export_LDADD = $(TEST_LDADD)

SUITES += tests/test_decisions
tests_test_decisions_SOURCES = tests/test_decisions.c tests/cli.c tests/cli.h
tests_test_decisions_LDADD = $(TEST_LDADD) -lutil

SUITES += tests/test_sample
tests_test_sample_SOURCES = tests/test_sample.c tests/cli.c tests/cli.h
tests_test_sample_LDADD = $(TEST_LDADD)

include tests/fuzz/local.mk

# What is measured, not checked. Programs of tests/bench are built for it alone.
BENCHES += tests/bench/measure tests/bench/points
tests_bench_measure_SOURCES = tests/bench/measure.c
tests_bench_points_SOURCES = tests/bench/points.c
tests_bench_points_LDADD = $(SQLITE_LIBS)
EXTRA_PROGRAMS = $(BENCHES)
.PHONY: bench
bench: all $(BENCHES)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/bench/bench.sh

# The real worker on the sample, there and back.
SUITES += tests/test_package_round
tests_test_package_round_SOURCES = tests/test_package_round.c tests/cli.c tests/cli.h
tests_test_package_round_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_round_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_package_round_layers
tests_test_package_round_layers_SOURCES = tests/test_package_round_layers.c tests/cli.c tests/cli.h tests/postgres.c tests/postgres.h
tests_test_package_round_layers_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS) $(POSTGRES_CFLAGS)
tests_test_package_round_layers_LDADD = $(WORKER_TEST_LDADD) -lutil

SUITES += tests/test_package_decide
tests_test_package_decide_SOURCES = tests/test_package_decide.c tests/package_fixture.c tests/package_fixture.h tests/layer_files.c tests/layer_files.h
tests_test_package_decide_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_decide_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_unreadable
tests_test_package_unreadable_SOURCES = tests/test_package_unreadable.c tests/package_fixture.c tests/package_fixture.h tests/layer_files.c tests/layer_files.h
tests_test_package_unreadable_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_unreadable_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_columns
tests_test_package_columns_SOURCES = tests/test_package_columns.c tests/package_fixture.c tests/package_fixture.h tests/layer_files.c tests/layer_files.h
tests_test_package_columns_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_columns_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_filters
tests_test_package_filters_SOURCES = tests/test_package_filters.c tests/package_fixture.c tests/package_fixture.h tests/layer_files.c tests/layer_files.h
tests_test_package_filters_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_filters_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_files
tests_test_package_files_SOURCES = tests/test_package_files.c tests/package_fixture.c tests/package_fixture.h tests/layer_files.c tests/layer_files.h
tests_test_package_files_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_files_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_bad
tests_test_package_bad_SOURCES = tests/test_package_bad.c tests/package_fixture.c tests/package_fixture.h tests/package_rows.c tests/package_rows.h \
	tests/layer_files.c tests/layer_files.h
tests_test_package_bad_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_bad_LDADD = $(WORKER_TEST_LDADD)

SUITES += tests/test_package_data
tests_test_package_data_SOURCES = tests/test_package_data.c tests/package_fixture.c tests/package_fixture.h tests/package_rows.c tests/package_rows.h \
	tests/layer_files.c tests/layer_files.h
tests_test_package_data_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_test_package_data_LDADD = $(WORKER_TEST_LDADD)
