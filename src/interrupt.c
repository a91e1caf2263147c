#include "src/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/proc.h"

void fp_interrupt_begin(struct fp_interrupt *i)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP};

	i->fd = fp_signals_begin(&i->before, watched, sizeof watched / sizeof *watched);
}

enum fp_status fp_interrupted(const struct fp_interrupt *i, struct fp_error *err)
{
	struct signalfd_siginfo got;

	if (i->fd < 0 || read(i->fd, &got, sizeof got) != sizeof got)
		return FP_OK;
	return fp_fail(err, FP_E_CANCELLED, "interrupted by signal %u; nothing was left behind", got.ssi_signo);
}

void fp_interrupt_end(struct fp_interrupt *i)
{
	if (i->fd >= 0)
		fp_signals_end(i->fd, &i->before);
	i->fd = -1;
}
