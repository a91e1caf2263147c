# The console, in memory and on a terminal.
UI_TEST_LDADD = libui.a libfieldpost.a $(CURSES_LIBS) $(SQLITE_LIBS) $(BASE_LIBS) $(CRITERION_LIBS)
UI_TEST_HOME = tests/ui_home.c tests/ui_home.h

SUITES += tests/test_ui
tests_test_ui_SOURCES = tests/test_ui.c tests/ui_screen.c tests/ui_screen.h $(UI_TEST_HOME)
tests_test_ui_LDADD = $(UI_TEST_LDADD)

SUITES += tests/test_ui_secrets
tests_test_ui_secrets_SOURCES = tests/test_ui_secrets.c tests/ui_screen.c tests/ui_screen.h $(UI_TEST_HOME)
tests_test_ui_secrets_LDADD = $(UI_TEST_LDADD)

SUITES += tests/test_ui_versions
tests_test_ui_versions_SOURCES = tests/test_ui_versions.c tests/ui_screen.c tests/ui_screen.h $(UI_TEST_HOME)
tests_test_ui_versions_LDADD = $(UI_TEST_LDADD)

SUITES += tests/test_ui_packages
tests_test_ui_packages_SOURCES = tests/test_ui_packages.c tests/ui_screen.c tests/ui_screen.h $(UI_TEST_HOME)
tests_test_ui_packages_LDADD = $(UI_TEST_LDADD)

SUITES += tests/test_ui_golden
tests_test_ui_golden_SOURCES = tests/test_ui_golden.c $(UI_TEST_HOME)
tests_test_ui_golden_LDADD = $(UI_TEST_LDADD)
EXTRA_DIST += $(UI_SCREENS)
UI_SCREENS = \
	tests/console/looks.80x24-utf8 tests/console/looks.80x24-utf8-mono tests/console/looks.script \
	tests/console/packages.120x40-utf8 tests/console/packages.40x15-utf8 tests/console/packages.80x24-ascii tests/console/packages.80x24-utf8 \
	tests/console/packages.script \
	tests/console/reapply.120x40-utf8 tests/console/reapply.40x15-utf8 tests/console/reapply.80x24-ascii tests/console/reapply.80x24-utf8 \
	tests/console/reapply.script \
	tests/console/views.120x40-ascii tests/console/views.120x40-utf8 tests/console/views.40x15-ascii tests/console/views.40x15-utf8 \
	tests/console/views.80x24-ascii tests/console/views.80x24-utf8 tests/console/views.script

MANY_CHANGES = tests/bench/many_changes.c tests/bench/many_changes.h
SUITES += tests/test_change_list
tests_test_change_list_SOURCES = tests/test_change_list.c $(MANY_CHANGES) $(UI_TEST_HOME)
tests_test_change_list_LDADD = $(TEST_LDADD)

# The console on a terminal of its own: what the tests of pty and the benchmark run.
if HAVE_VTERM
check_PROGRAMS += tests/ui_host
tests_ui_host_SOURCES = tests/ui_host.c
tests_ui_host_LDADD = libui.a libfieldpost.a $(CURSES_LIBS) $(SQLITE_LIBS) $(BASE_LIBS)

SUITES += tests/test_ui_pty
tests_test_ui_pty_SOURCES = tests/test_ui_pty.c tests/pty.c tests/pty.h $(UI_TEST_HOME)
tests_test_ui_pty_CPPFLAGS = $(AM_CPPFLAGS) $(VTERM_CFLAGS)
tests_test_ui_pty_LDADD = $(VTERM_LIBS) $(UI_TEST_LDADD) -lutil

SUITES += tests/test_ui_engine
tests_test_ui_engine_SOURCES = tests/test_ui_engine.c tests/engine_home.c tests/engine_home.h tests/put_file.c tests/put_file.h tests/pty.c tests/pty.h
tests_test_ui_engine_CPPFLAGS = $(AM_CPPFLAGS) $(VTERM_CFLAGS)
tests_test_ui_engine_LDADD = $(VTERM_LIBS) $(TEST_LDADD) -lutil

BENCHES += tests/bench/bench_million
tests_bench_bench_million_SOURCES = tests/bench/bench_million.c tests/pty.c tests/pty.h $(MANY_CHANGES) $(UI_TEST_HOME)
tests_bench_bench_million_CPPFLAGS = $(AM_CPPFLAGS) $(VTERM_CFLAGS)
tests_bench_bench_million_LDADD = libfieldpost.a $(VTERM_LIBS) $(SQLITE_LIBS) $(BASE_LIBS) -lutil

BENCHES += tests/bench/bench_console
tests_bench_bench_console_SOURCES = tests/bench/bench_console.c tests/pty.c tests/pty.h $(UI_TEST_HOME)
tests_bench_bench_console_CPPFLAGS = $(AM_CPPFLAGS) $(VTERM_CFLAGS)
tests_bench_bench_console_LDADD = libfieldpost.a $(VTERM_LIBS) $(SQLITE_LIBS) $(BASE_LIBS) -lutil
endif
