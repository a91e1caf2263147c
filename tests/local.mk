# One Criterion suite a room; each is a program. tests/run-suite speaks TAP and gates on sanitizer logs.
SUITES = tests/test_base
check_PROGRAMS = $(SUITES)
TESTS = $(SUITES)
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/run-suite
AM_TESTS_ENVIRONMENT = FIELDPOST_BUILD='$(abs_top_builddir)' FIELDPOST_SOURCE='$(abs_top_srcdir)' srcdir='$(top_srcdir)'; export FIELDPOST_BUILD FIELDPOST_SOURCE srcdir;
EXTRA_DIST += tests/run-suite tests/lsan.supp

TEST_LDADD = libfieldpost.a $(SQLITE_LIBS) $(BASE_LIBS) $(CRITERION_LIBS)

tests_test_base_SOURCES = tests/test_base.c
tests_test_base_LDADD = $(TEST_LDADD)
