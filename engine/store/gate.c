/* The writer gate. SQLite 3.7.0 to 3.51.2 can lose a commit that overlaps a checkpoint; behind one lock they never overlap. */
#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/store/db.h"

#define GATE_WAIT_MS 20000

/* Not a blocking flock: a stopped process (Ctrl-Z in the wrong moment) must not hang everybody without a word. */
enum fp_status fp_gate_lock(struct fp_store *s, struct fp_error *err)
{
	int64_t deadline = 0;
	struct timespec pause = {0, 100000};

	while (flock(s->gate, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return fp_fail_errno(err, errno, "cannot lock %s.lock", s->home);
		if (!deadline)
			deadline = fp_monotonic_ms() + GATE_WAIT_MS;
		if (fp_monotonic_ms() > deadline) {
			enum fp_status st = fp_fail(err, FP_E_BUSY, "another process has been writing to %s for %d s", s->home,
				GATE_WAIT_MS / 1000);
			fp_error_hint(err, "look for a stopped process with: fuser %s/store.lock", s->home);
			return st;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 2000000)
			pause.tv_nsec *= 2;
	}
	return FP_OK;
}

void fp_gate_unlock(struct fp_store *s)
{
	flock(s->gate, LOCK_UN);
}
