#include "ui/console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/proc.h"
#include "engine/queue/plan.h"
#include "engine/queue/question.h"
#include "engine/queue/secret_test.h"
#include "ui/app.h"
#include "ui/keys.h"
#include "ui/script.h"
#include "ui/term.h"

#define TICK_MS 80          /* how often the store is asked whether something was committed */
#define SECOND_MS 1000      /* how often running times are shown anew */
#define KEYS_AT_ONCE 64     /* read before the screen is drawn: a fast typist on a slow line sees where it ends */
#define FAULT_AGAIN_MS 10000
#define LEAVE_MS 15000      /* the longest that leaving waits for stopped jobs to be written down */
#define POLL_MAX 70

struct loop {
	struct fp_console c;
	struct fp_script *script;
	int signals;            /* signalfd */
	sigset_t before;
	int64_t next_tick, next_second;
	int64_t engine_quiet_until; /* its faults are told again after a while, not with every step */
	int leave;
};

static void take_signals(struct loop *l)
{
	static const int wanted[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };

	l->signals = fp_signals_begin(&l->before, wanted, sizeof wanted / sizeof *wanted);
	fp_assert(l->signals >= 0);
}

static unsigned on_signal(struct loop *l)
{
	struct signalfd_siginfo si;
	unsigned todo = FP_DO_NOTHING;

	while (read(l->signals, &si, sizeof si) == (ssize_t)sizeof si) {
		switch (si.ssi_signo) {
		case SIGWINCH:
			fp_term_resize();
			todo |= FP_DO_PAINT;
			break;
		case SIGTSTP:
			todo |= FP_DO_SUSPEND | FP_DO_RELOAD;
			break;
		case SIGCONT:
			todo |= FP_DO_REPAINT | FP_DO_RELOAD;
			break;
		default:
			l->leave = 1;
		}
	}
	return todo;
}

static unsigned on_keys(struct loop *l)
{
	unsigned todo = FP_DO_NOTHING;
	struct fp_click click;

	for (int i = 0; i < KEYS_AT_ONCE && !(todo & (FP_DO_QUIT | FP_DO_SUSPEND)); i++) {
		int key = fp_term_key(&click);
		unsigned now;
		if (key == FP_KEY_NONE)
			break;
		now = fp_console_key(&l->c, key, &click);
		if (now & FP_DO_RELOAD)
			now |= FP_DO_PAINT;
		if (now && !(now & FP_DO_QUIT))
			fp_console_read(&l->c, now); /* the next key may act on the row that this one went to */
		todo |= now & ~(unsigned)FP_DO_RELOAD;
	}
	return todo;
}

static unsigned on_tick(struct loop *l)
{
	int64_t now = fp_monotonic_ms();
	unsigned todo = FP_DO_NOTHING, kinds;

	if (now >= l->next_tick) {
		l->next_tick = now + TICK_MS;
		kinds = fp_store_changed(l->c.store);
		if (kinds)
			todo |= fp_console_changed(&l->c, kinds);
	}
	if (now >= l->next_second) {
		l->next_second = now + SECOND_MS;
		if (!l->c.paused && !l->script)
			todo |= fp_top(&l->c)->live ? FP_DO_RELOAD : FP_DO_PAINT; /* ages */
	}
	return todo;
}

static void step_engine(struct loop *l)
{
	struct fp_error err;
	int before;

	if (!l->c.engine)
		return;
	before = fp_engine_running(l->c.engine);
	if (fp_engine_step(l->c.engine, &err)) {
		if (fp_monotonic_ms() < l->engine_quiet_until)
			return;
		l->engine_quiet_until = fp_monotonic_ms() + FAULT_AGAIN_MS;
		fp_console_do(&l->c, fp_show_error(&l->c, &err));
	} else if (before != fp_engine_running(l->c.engine))
		l->next_tick = 0;
}

/* Where FD, which is to be looked at after LEFT ms at the latest, stands in FDS; 0: nowhere. */
static int add_wait(struct pollfd *fds, int *n, int *timeout, int fd, int64_t left)
{
	if (*n == POLL_MAX)
		return 0;
	if (left < *timeout)
		*timeout = (int)left;
	fds[*n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return (*n)++;
}

/* Waits for what comes next. */
static unsigned wait_events(struct loop *l, int timeout)
{
	struct pollfd fds[POLL_MAX] = {
		{ .fd = fp_term_fd(), .events = POLLIN }, { .fd = l->signals, .events = POLLIN },
	};
	int n = 2, until_tick = (int)(l->next_tick - fp_monotonic_ms());
	unsigned todo = FP_DO_NOTHING;
	const struct fp_plan *p = fp_console_plan(&l->c);
	const struct fp_question *q = fp_console_question(&l->c);
	int test = 0;

	timeout = until_tick < timeout ? until_tick : timeout;
	if (l->c.engine)
		n += fp_engine_poll(l->c.engine, fds + n, POLL_MAX - n, &timeout);
	if (l->c.test)
		test = add_wait(fds, &n, &timeout, fp_secret_test_fd(l->c.test), fp_secret_test_left(l->c.test));
	if (p)
		add_wait(fds, &n, &timeout, fp_plan_fd(p), fp_plan_left(p));
	if (q)
		add_wait(fds, &n, &timeout, fp_question_fd(q), fp_question_left(q));
	if (l->c.getting.copy)
		timeout = 0;
	if (poll(fds, (nfds_t)n, timeout > 0 ? timeout : 0) < 0 && errno != EINTR)
		fp_assert(!"poll");
	if (fds[1].revents)
		todo |= on_signal(l);
	if (fds[0].revents & POLLIN)
		todo |= on_keys(l);
	else if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		l->leave = 1; /* the terminal is gone */
	if (test && (fds[test].revents || fp_secret_test_left(l->c.test) == 0))
		todo |= fp_secret_step_test(&l->c);
	if (p && fp_console_plan(&l->c)) /* still: a key may have left the view */
		todo |= fp_console_step_plan(&l->c);
	if (q && fp_console_question(&l->c))
		todo |= fp_console_step_question(&l->c);
	if (l->c.getting.copy)
		todo |= fp_get_step(&l->c);
	return todo;
}

static unsigned step_script(struct loop *l)
{
	unsigned todo;
	int end;

	if (!l->script)
		return FP_DO_NOTHING;
	todo = fp_script_step(l->script, &l->c, &end);
	if (end && l->c.waits_until == 0 && (fp_term_fd() < 0 || *l->c.script_fault))
		l->leave = 1;
	if (end && l->c.waits_until == 0) {
		fp_script_close(l->script);
		l->script = NULL;
	}
	return todo;
}

static void start_engine(struct loop *l)
{
	struct fp_error err;

	if (l->c.o.no_engine || l->c.read_only)
		return;
	if (fp_engine_new(&l->c.engine, l->c.store, l->c.conf, &err)) {
		l->c.engine = NULL;
		fp_console_do(&l->c, fp_show_error(&l->c, &err));
	}
}

static void run_loop(struct loop *l)
{
	while (!l->leave) {
		unsigned todo = wait_events(l, l->script && l->c.waits_until == 0 ? 0 : TICK_MS);
		if (!(todo & FP_DO_QUIT))
			todo |= step_script(l);
		if (todo & FP_DO_QUIT)
			break;
		fp_console_do(&l->c, todo); /* keys first: the engine may take a transaction's time */
		step_engine(l);
		fp_console_do(&l->c, on_tick(l));
	}
}

/* Jobs that still run are stopped, and what became of them is written down. */
static void stop_engine(struct loop *l)
{
	int64_t until = fp_monotonic_ms() + LEAVE_MS;

	if (!l->c.engine)
		return;
	fp_engine_drain(l->c.engine, 1);
	if (fp_engine_running(l->c.engine) > 0)
		fp_console_do(&l->c, fp_note(&l->c, "Stopping what still runs..."));
	while (fp_engine_running(l->c.engine) > 0 && fp_monotonic_ms() < until) {
		struct pollfd fds[POLL_MAX];
		int timeout = TICK_MS, n = fp_engine_poll(l->c.engine, fds, POLL_MAX, &timeout);
		poll(fds, (nfds_t)n, timeout);
		if (fp_engine_step(l->c.engine, NULL))
			break;
	}
	fp_engine_free(l->c.engine);
	l->c.engine = NULL;
}

enum fp_status fp_console_run(struct fp_store *s, const struct fp_config *conf, const struct fp_console_options *o, struct fp_error *err)
{
	struct loop *l = fp_alloc(sizeof *l);
	struct fp_term_options t = { .ascii = o->ascii, .no_mouse = o->no_mouse, .memory = o->script && !isatty(STDOUT_FILENO) };
	enum fp_status st = FP_OK;

	if (o->script)
		st = fp_script_open(&l->script, o->script, err);
	if (st == FP_OK) {
		take_signals(l);
		st = fp_term_open(&t, err);
		if (st)
			fp_signals_end(l->signals, &l->before);
	}
	if (st) {
		fp_script_close(l->script);
		free(l);
		return st;
	}
	fp_console_init(&l->c, s, conf, o);
	fp_store_changed(s); /* all is new to the views anyway */
	fp_console_do(&l->c, FP_DO_PAINT | (o->start ? fp_console_command(&l->c, o->start) : FP_DO_NOTHING));
	start_engine(l);
	run_loop(l);
	stop_engine(l);
	if (*l->c.script_fault)
		st = fp_fail(err, FP_E_INVALID, "%s", l->c.script_fault);
	fp_console_fini(&l->c);
	fp_term_close();
	fp_signals_end(l->signals, &l->before);
	fp_script_close(l->script);
	free(l);
	return st;
}
