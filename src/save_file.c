#include "src/save_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"

enum fp_status fp_save_begin(struct fp_save *s, const struct fp_invocation *inv, const char *to, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	struct stat sb;

	*s = (struct fp_save){.f = stdout, .to = to};
	if (!to)
		return FP_OK;
	if (lstat(to, &sb) == 0)
		st = S_ISREG(sb.st_mode) ? fp_confirm(inv, err, "Replace %s?", to) : fp_fail(err, FP_E_EXISTS, "%s exists and is no regular file", to);
	if (st != FP_OK)
		return st;
	s->tmp = fp_asprintf("%s.%ld.fieldpost-new", to, (long)getpid());
	unlink(s->tmp);
	s->f = fopen(s->tmp, "wxe");
	if (s->f)
		return FP_OK;
	st = fp_fail_errno(err, errno, "cannot create %s", to);
	free(s->tmp);
	return st;
}

enum fp_status fp_save_end(struct fp_save *s, enum fp_status st, struct fp_error *err)
{
	int fault = ferror(s->f) ? EIO : 0;

	if (!s->to) {
		if (fflush(s->f) != 0 && st == FP_OK)
			st = fp_fail_errno(err, errno, "cannot write to standard output");
		return st;
	}
	errno = 0;
	if (fclose(s->f) != 0)
		fault = errno;
	if (fault && st == FP_OK)
		st = fp_fail_errno(err, fault, "cannot write %s", s->to);
	if (st == FP_OK)
		st = fp_fs_publish(s->tmp, s->to, err);
	if (st != FP_OK)
		unlink(s->tmp);
	free(s->tmp);
	return st;
}
