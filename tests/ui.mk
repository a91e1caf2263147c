# The console, in memory and on a terminal.
UI_TEST_LDADD = libui.a libfieldpost.a $(CURSES_LIBS) $(SQLITE_LIBS) $(BASE_LIBS) $(CRITERION_LIBS)
UI_TEST_HOME = tests/ui_home.c tests/ui_home.h

SUITES += tests/test_ui
tests_test_ui_SOURCES = tests/test_ui.c tests/ui_screen.c tests/ui_screen.h $(UI_TEST_HOME)
tests_test_ui_LDADD = $(UI_TEST_LDADD)
