/* Errors: one clear line that says what happened, to what, and what to do next.
 *
 * A function that can fail returns enum fp_status and takes a struct fp_error * last. The record is filled where the
 * fault is detected and is passed up untouched; callers add nothing but may call fp_error_hint(). Programming errors
 * are asserts (fp_assert, never compiled out), not statuses. Out of memory aborts (engine/base/mem.h). */
#ifndef FP_BASE_ERROR_H
#define FP_BASE_ERROR_H

enum fp_status {
	FP_OK = 0,
	FP_E_USAGE,     /* the caller's words are wrong: exit 2 */
	FP_E_INVALID,   /* input that is not what it should be (file, deltafile, project) */
	FP_E_NOTFOUND,  /* named thing does not exist */
	FP_E_EXISTS,    /* named thing exists already */
	FP_E_REFUSED,   /* a rule of the domain says no; the message names the rule */
	FP_E_CONFLICT,  /* somebody else changed it meanwhile */
	FP_E_BUSY,      /* held by another process, try again */
	FP_E_DENIED,    /* permission */
	FP_E_FULL,      /* no space, quota or file size limit */
	FP_E_IO,        /* any other failure of the system underneath */
	FP_E_CORRUPT,   /* our own data does not add up */
	FP_E_VERSION,   /* made by a newer program */
	FP_E_TIMEOUT,   /* a limit of time ended it */
	FP_E_CANCELLED, /* a person ended it */
	FP_E_CRASHED,   /* a child died */
	FP_E_UNKNOWN,   /* it was tried, and nobody can say yet what became of it */
	FP_E_INTERNAL   /* none of the above: report it */
};

struct fp_error {
	enum fp_status code;
	char msg[512];  /* one line, sanitised UTF-8, no full stop needed, never empty when code != FP_OK */
	char hint[256]; /* what to do next; may be empty */
};

/* Records a fault and returns CODE, so that "return fp_fail(err, ...)" reads well. ERR may be NULL. Control characters and
 * invalid UTF-8 in the formatted text become visible marks; an over-long text is cut with an ellipsis. */
enum fp_status fp_fail(struct fp_error *err, enum fp_status code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Like fp_fail, with ": strerror(ERRNUM)" appended; the code is chosen from ERRNUM (ENOSPC, EDQUOT, EFBIG: FP_E_FULL; EACCES,
 * EPERM, EROFS: FP_E_DENIED; ENOENT: FP_E_NOTFOUND; EEXIST: FP_E_EXISTS; else FP_E_IO). */
enum fp_status fp_fail_errno(struct fp_error *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the hint of an already recorded error. ERR may be NULL. */
void fp_error_hint(struct fp_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "not found", "refused" ...: the stable lower-case word for CODE, used in JSON and in the store. Borrowed. */
const char *fp_status_word(enum fp_status code);

/* What cannot happen. Always on. */
void fp_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));
#define fp_assert(cond) ((cond) ? (void)0 : fp_assert_failed(#cond, __FILE__, __LINE__))

#endif
