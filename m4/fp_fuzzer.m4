dnl FP_LIBFUZZER: FUZZ_CC is a clang that links libFuzzer and the sanitizers; HAVE_LIBFUZZER says whether there is one.
AC_DEFUN([FP_LIBFUZZER], [
  AC_CHECK_PROGS([FUZZ_CC], [clang clang-19 clang-16 clang-15 clang-14])
  AC_MSG_CHECKING([whether it has libFuzzer])
  have_libfuzzer=no
  AS_IF([test -n "$FUZZ_CC"], [
    echo 'int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return n > 9 && *p; }' >conftest.c
    AS_IF([$FUZZ_CC -fsanitize=fuzzer,address,undefined -o conftest conftest.c >/dev/null 2>&1], [have_libfuzzer=yes])
    rm -f conftest conftest.c])
  AC_MSG_RESULT([$have_libfuzzer])
  AM_CONDITIONAL([HAVE_LIBFUZZER], [test "$have_libfuzzer" = yes])
])
