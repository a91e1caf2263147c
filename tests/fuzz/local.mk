# Fuzz targets. `make check` replays their corpora; `make fuzz` explores further with libFuzzer, where configure found it.
FUZZ_TARGETS = qgs qgz patch source deltafile shape
FUZZ_HOLDS = tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/project_holds.c tests/fuzz/source_holds.c
FUZZ_LDADD = libworker.a libconnect.a libfieldpost.a $(WORKER_LIBS) $(POSTGRES_LIBS) $(BASE_LIBS)

check_PROGRAMS += tests/fuzz/qgs tests/fuzz/qgz tests/fuzz/patch tests/fuzz/source tests/fuzz/deltafile tests/fuzz/shape
SCRIPT_TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/fuzz.sh tests/fuzz/corpus tests/fuzz/qgs.dict tests/fuzz/qgz.dict tests/fuzz/patch.dict tests/fuzz/source.dict tests/fuzz/deltafile.dict tests/fuzz/shape.dict

tests_fuzz_qgs_SOURCES = tests/fuzz/qgs.c tests/fuzz/replay.c $(FUZZ_HOLDS)
tests_fuzz_qgs_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_fuzz_qgs_LDADD = $(FUZZ_LDADD)

tests_fuzz_qgz_SOURCES = tests/fuzz/qgz.c tests/fuzz/replay.c $(FUZZ_HOLDS)
tests_fuzz_qgz_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_fuzz_qgz_LDADD = $(FUZZ_LDADD)

tests_fuzz_patch_SOURCES = tests/fuzz/patch.c tests/fuzz/replay.c $(FUZZ_HOLDS)
tests_fuzz_patch_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_fuzz_patch_LDADD = $(FUZZ_LDADD)

tests_fuzz_source_SOURCES = tests/fuzz/source.c tests/fuzz/replay.c $(FUZZ_HOLDS)
tests_fuzz_source_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_fuzz_source_LDADD = $(FUZZ_LDADD)

tests_fuzz_deltafile_SOURCES = tests/fuzz/deltafile.c tests/fuzz/replay.c $(FUZZ_HOLDS)
tests_fuzz_deltafile_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_fuzz_deltafile_LDADD = $(FUZZ_LDADD)

tests_fuzz_shape_SOURCES = tests/fuzz/shape.c tests/fuzz/replay.c $(FUZZ_HOLDS)
tests_fuzz_shape_CPPFLAGS = $(AM_CPPFLAGS) $(WORKER_CFLAGS)
tests_fuzz_shape_LDADD = $(FUZZ_LDADD)

# The same sources once more, with another compiler: what reads a stranger's bytes, without GDAL.
FUZZ_FILES = $(BASE_SOURCES) $(PROJECT_SOURCES) $(CHANGES_SOURCES) $(PATCH_SOURCES) $(FUZZ_HOLDS)
.PHONY: fuzz
if HAVE_LIBFUZZER
fuzz: config.h
	@$(AM_TESTS_ENVIRONMENT) FUZZ_CC='$(FUZZ_CC)' FUZZ_CFLAGS='$(BASE_CFLAGS) $(WORKER_CFLAGS)' FUZZ_LIBS='$(WORKER_LIBS) $(BASE_LIBS) $(LIBS)' \
	  FUZZ_FILES='$(FUZZ_FILES)' $(SHELL) $(srcdir)/tests/fuzz/fuzz.sh $(FUZZ_TARGETS)
else
fuzz:
	@echo "make fuzz: configure found no clang with libFuzzer; make check replays the corpora all the same" >&2; exit 1
endif
