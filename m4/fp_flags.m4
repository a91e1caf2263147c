dnl FP_TRY_CFLAG(FLAG): adds FLAG to FP_CFLAGS when the compiler takes it without a word.
AC_DEFUN([FP_TRY_CFLAG], [
  fp_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_MSG_CHECKING([whether the compiler takes $1])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); FP_CFLAGS="$FP_CFLAGS $1"], [AC_MSG_RESULT([no])])
  CFLAGS=$fp_saved_cflags
])

AC_DEFUN([FP_WARNINGS], [
  FP_CFLAGS="-std=gnu17"
  m4_foreach_w([fp_flag], [-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wimplicit-fallthrough],
    [FP_TRY_CFLAG(fp_flag)])
])

dnl FORTIFY needs optimisation; a user who sets -O0 keeps a warning-free build without it.
AC_DEFUN([FP_HARDENING], [
  m4_foreach_w([fp_flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE],
    [FP_TRY_CFLAG(fp_flag)])
  AS_CASE([" $CFLAGS "], [*" -O0 "*], [], [*-O*], [FP_CFLAGS="$FP_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
  FP_LDFLAGS="$FP_LDFLAGS -pie -Wl,-z,relro -Wl,-z,now"
])
