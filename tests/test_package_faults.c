/* SIGKILL of engines and workers at random moments of a package job: no half package is ever listed, and what was listed stays downloadable.
 *
 * FIELDPOST_KILLS (8; `make faults` asks for 200) and FIELDPOST_SEED (the time; printed) steer a longer campaign or repeat one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/check.h"
#include "tests/package_home.h"

#define KILLS 8
#define PHOTOS 300
#define PATIENCE_MS 20000

static struct home h;
static struct fp_error err;
static unsigned state;

static int dice(int sides)
{
	return (int)((unsigned)rand_r(&state) % (unsigned)sides);
}

static void take_photos(void)
{
	char *path = fp_path_join(h.folder, "photo");
	struct fp_strv names = {0};
	const char *paths[PHOTOS];

	cr_assert_eq(fp_fs_write_atomic(path, "a photo", 7, &err), FP_OK, "%s", err.msg);
	for (int i = 0; i < PHOTOS; i++) {
		fp_strv_take(&names, fp_asprintf("DCIM/%d/%d.jpg", i % 7, i));
		paths[i] = path;
	}
	cr_assert_eq(fp_queue_upload(h.s, &h.t, h.project, (const char *const *)names.items, paths, PHOTOS, "anna", &err), FP_OK, "%s", err.msg);
	fp_strv_free(&names);
	free(path);
}

/* A package large enough to be hashed in pieces, photos enough to be linked in pieces. */
static void begin(void)
{
	char *script = package_script("one"), *large = fp_asprintf("%sfill large.tif 20000000\nevent file {\"name\":\"large.tif\"}\n", script);
	char *asan = fp_asprintf("%s:detect_leaks=0", getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");

	/* A worker that is killed while it looks for leaks makes that a finding of its own. */
	setenv("ASAN_OPTIONS", asan, 1);
	free(asan);
	home_open(&h);
	home_process(&h);
	h.conf.packages_keep = 2;
	home_put(&h, "ras/r.tif", "height");
	take_photos();
	home_script(&h, FP_JOB_PACKAGE, large);
	free(script);
	free(large);
}

static void end(void)
{
	home_close(&h);
}

TestSuite(package_faults, .timeout = 3600, .init = begin, .fini = end);

static void want_one(void)
{
	static int n;
	char text[24];

	snprintf(text, sizeof text, "note %d", ++n);
	home_put(&h, "notes.txt", text);
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PACKAGE, "manual", "anna", &err), FP_OK, "%s", err.msg);
}

static int64_t newest(void)
{
	return home_number(&h, "SELECT coalesce(max(job_id), 0) FROM package");
}

static int ended(int pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid;
}

static void slay(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The one that the engine has started, or is about to; a moment later. */
static int slay_worker(int engine)
{
	for (int64_t until = fp_monotonic_ms() + PATIENCE_MS; fp_monotonic_ms() < until && !ended(engine); usleep(500)) {
		int pid = (int)home_number(&h, "SELECT coalesce((SELECT worker_pid FROM job WHERE worker_pid > 1), 0)");
		if (!pid)
			continue;
		usleep((useconds_t)dice(30000));
		return kill(pid, SIGKILL) == 0;
	}
	return 0;
}

static void nothing(void *arg, enum fp_finding kind, const char *line)
{
	(void)arg;
	cr_assert(kind != FP_FINDING_FAULT && kind != FP_FINDING_GARBAGE, "%s", line);
}

static void garbage_at_most(void *arg, enum fp_finding kind, const char *line)
{
	(void)arg;
	cr_assert_neq(kind, FP_FINDING_FAULT, "%s", line);
}

static void tidy(void)
{
	int64_t faults;

	cr_assert_eq(fp_store_check(h.s, 1, garbage_at_most, NULL, &faults, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_store_check(h.s, 0, nothing, NULL, &faults, &err), FP_OK, "%s", err.msg);
}

struct campaign {
	int engines, workers, made, whole; /* kills; packages that came to be; us that a job takes about */
	int64_t newest, files;
};

static void look(struct campaign *c)
{
	int64_t now = newest();

	c->files += package_read_all(&h);
	cr_assert_geq(now, c->newest, "the last good package is gone");
	c->made += now > c->newest;
	c->newest = now;
}

static void strike(struct campaign *c)
{
	int pid, done;

	want_one();
	pid = home_engine(&h);
	if (dice(4) == 0) {
		c->workers += slay_worker(pid);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		look(c);
		return;
	}
	usleep((useconds_t)dice(c->whole));
	done = ended(pid);
	if (!done)
		slay(pid);
	c->engines += !done;
	look(c);
	/* About every other job shall come to its end, so that kills fall everywhere. */
	c->whole = done ? c->whole * 9 / 10 + 1000 : c->whole < 2000000 ? c->whole * 11 / 10 : c->whole;
}

Test(package_faults, no_half_package_is_listed_and_the_old_one_stays)
{
	int kills = home_asked("FIELDPOST_KILLS", KILLS);
	unsigned seed = (unsigned)home_asked("FIELDPOST_SEED", (int)time(NULL));
	int64_t began = fp_monotonic_ms();
	struct campaign c = {0};

	state = seed;
	want_one();
	home_run(&h);
	c.whole = (int)(fp_monotonic_ms() - began) * 1000;
	look(&c);
	cr_assert_gt(c.newest, 0);
	while (c.engines + c.workers < kills)
		strike(&c);
	home_run(&h);
	look(&c);
	fprintf(stderr, "packages: %d kills (%d engines, %d workers), %d packages made, %lld listed files read and right; %lld s, FIELDPOST_SEED=%u\n",
		c.engines + c.workers, c.engines, c.workers, c.made, (long long)c.files, (long long)(fp_monotonic_ms() - began) / 1000, seed);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM job WHERE status IN ('pending', 'queued', 'started')"), 0);
	cr_assert_leq(home_number(&h, "SELECT count(*) FROM package"), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM package_base WHERE job_id NOT IN (SELECT id FROM job WHERE status = 'finished')"), 0);
	tidy();
}
