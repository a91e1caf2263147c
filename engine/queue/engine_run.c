/* The engine on its own: `fieldpost engine run`. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/proc.h"
#include "engine/queue/engine.h"
#include "engine/queue/inbox.h"

#define FDS_MAX 65 /* 32 jobs, two descriptors each, and the signals */

static enum fp_status loop(struct fp_engine *e, int signals, int once, struct fp_error *err)
{
	int stopping = 0;
	enum fp_status st = fp_engine_step(e, err);

	while (st == FP_OK && !(stopping ? fp_engine_running(e) == 0 : once && fp_engine_idle(e))) {
		struct pollfd fds[FDS_MAX] = {{.fd = signals, .events = POLLIN}};
		struct signalfd_siginfo got;
		int timeout = -1, n = 1 + fp_engine_poll(e, fds + 1, FDS_MAX - 1, &timeout);

		if (poll(fds, (nfds_t)n, timeout) < 0 && errno != EINTR)
			return fp_fail_errno(err, errno, "the engine cannot wait for events");
		while (read(signals, &got, sizeof got) == sizeof got) {
			fp_engine_drain(e, got.ssi_signo != SIGQUIT);
			stopping = 1;
		}
		st = fp_engine_step(e, err);
		if (st == FP_E_BUSY) /* somebody holds the store for long; they will let go */
			st = FP_OK;
	}
	return st;
}

/* What lies in the inbox now belongs to what is to be done. */
static enum fp_status empty_inbox(struct fp_store *s, const struct fp_config *conf, struct fp_error *err)
{
	struct fp_inbox *i = fp_inbox_new(s, conf);
	struct fp_import sum = {0};
	enum fp_status st = fp_inbox_take(i, NULL, "inbox", &sum, NULL, NULL, err);

	fp_inbox_free(i);
	return st;
}

enum fp_status fp_engine_run(struct fp_store *s, const struct fp_config *conf, int once, struct fp_error *err)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct fp_engine *e;
	sigset_t before;
	int signals;
	enum fp_status st = fp_engine_new(&e, s, conf, err);

	if (st != FP_OK)
		return st;
	signals = fp_signals_begin(&before, watched, sizeof watched / sizeof *watched);
	if (signals < 0)
		st = fp_fail_errno(err, errno, "the engine cannot watch for signals");
	else if (once)
		st = empty_inbox(s, conf, err);
	if (st == FP_OK)
		st = loop(e, signals, once, err);
	fp_engine_free(e);
	if (signals >= 0)
		fp_signals_end(signals, &before);
	return st;
}
