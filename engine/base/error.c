#include "engine/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

static const char *const words[] = {
	[FP_OK] = "ok", [FP_E_USAGE] = "usage", [FP_E_INVALID] = "invalid", [FP_E_NOTFOUND] = "not_found",
	[FP_E_EXISTS] = "exists", [FP_E_REFUSED] = "refused", [FP_E_CONFLICT] = "conflict", [FP_E_BUSY] = "busy",
	[FP_E_DENIED] = "denied", [FP_E_FULL] = "full", [FP_E_IO] = "io", [FP_E_CORRUPT] = "corrupt",
	[FP_E_VERSION] = "version", [FP_E_TIMEOUT] = "timeout", [FP_E_CANCELLED] = "cancelled",
	[FP_E_CRASHED] = "crashed", [FP_E_UNKNOWN] = "unknown", [FP_E_INTERNAL] = "internal",
};

const char *fp_status_word(enum fp_status code)
{
	fp_assert((size_t)code < sizeof words / sizeof *words);
	return words[code];
}

static void vput(char *to, size_t size, const char *fmt, va_list ap)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_vaddf(&b, fmt, ap);
	fp_text_into(to, size, b.data);
	fp_buf_free(&b);
}

enum fp_status fp_fail(struct fp_error *err, enum fp_status code, const char *fmt, ...)
{
	va_list ap;

	fp_assert(code != FP_OK);
	if (!err)
		return code;
	err->code = code;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vput(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	return code;
}

enum fp_status fp_fail_errno(struct fp_error *err, int errnum, const char *fmt, ...)
{
	enum fp_status code = FP_E_IO;
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	switch (errnum) {
	case ENOSPC: case EDQUOT: case EFBIG: code = FP_E_FULL; break;
	case EACCES: case EPERM: case EROFS: code = FP_E_DENIED; break;
	case ENOENT: case ENOTDIR: code = FP_E_NOTFOUND; break;
	case EEXIST: case ENOTEMPTY: code = FP_E_EXISTS; break;
	default: break;
	}
	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	fp_fail(err, code, "%s: %s", b.data, strerror(errnum));
	fp_buf_free(&b);
	return code;
}

void fp_error_hint(struct fp_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vput(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
}

void fp_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "fieldpost: internal error: %s (%s:%d)\n", what, file, line);
	abort();
}
