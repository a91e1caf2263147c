/* The parent's side of the worker: real processes; a shell script stands in where a worker must misbehave, since the real one does not. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/queue/worker_proc.h"
#include "engine/worker/job.h"

TestSuite(worker_proc, .timeout = 60);

static char dir[64];

static void setup(void)
{
	strcpy(dir, "/tmp/fp-worker-XXXXXX");
	cr_assert(mkdtemp(dir));
}

static void teardown(void)
{
	fp_fs_remove_tree(dir, NULL);
}

/* A worker that runs BODY, a shell script with the socket as descriptor 3. */
static void fake(const char *body)
{
	char *path = fp_path_join(dir, "fieldpost-worker"), *script = fp_asprintf("#!/bin/sh\nread line <&3\n%s\n", body);

	cr_assert_eq(fp_fs_write_atomic(path, script, strlen(script), NULL), FP_OK);
	cr_assert_eq(chmod(path, 0700), 0);
	setenv("FIELDPOST_LIBEXEC", dir, 1);
	free(path);
	free(script);
}

static json_t *description(json_t *steps)
{
	return json_pack("{s:i,s:i,s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:{},s:{s:s},s:{s:i},s:s}", "protocol", FP_PROTOCOL, "job", 1, "type",
		"process_projectfile", "steps", steps, "input", dir, "project_file", "p.qgs", "output", dir, "scratch", dir, "deltas", "", "options",
		"secrets", "MY_SECRET", "open sesame", "limits", "cpu_s", 60, "sandbox", "best-effort");
}

struct seen {
	int events[FP_EVENT_RESULT + 1];
	char last_log[256];
};

static void count(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct seen *s = arg;

	s->events[kind]++;
	if (kind == FP_EVENT_LOG)
		snprintf(s->last_log, sizeof s->last_log, "%s", fp_json_str(body, "text"));
}

static enum fp_status run(int64_t limit_ms, struct seen *s, struct fp_worker_end *end, struct fp_error *err)
{
	json_t *d = description(json_array());
	enum fp_status st;

	memset(s, 0, sizeof *s);
	memset(end, 0, sizeof *end);
	st = fp_worker_run(d, limit_ms, count, s, end, err);
	json_decref(d);
	return st;
}

Test(worker_proc, the_real_worker_with_nothing_to_do_says_hello_and_ends_well, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;

	cr_assert_eq(run(30000, &s, &end, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(s.events[FP_EVENT_HELLO], 1);
	cr_assert_eq(s.events[FP_EVENT_RESULT], 1);
	cr_assert(end.ok);
}

Test(worker_proc, a_step_that_the_worker_does_not_know_fails_the_job, .init = setup, .fini = teardown)
{
	json_t *d = description(json_pack("[{s:s,s:s,s:b}]", "id", "no_such_step", "name", "x", "optional", 0));
	struct seen s = {0};
	struct fp_worker_end end;
	struct fp_error err;

	cr_assert_eq(fp_worker_run(d, 30000, count, &s, &end, &err), FP_E_INVALID);
	cr_assert(strstr(err.msg, "no_such_step"));
	json_decref(d);
}

Test(worker_proc, a_missing_program_is_named, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;

	setenv("FIELDPOST_LIBEXEC", dir, 1);
	cr_assert_eq(run(1000, &s, &end, &err), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "fieldpost-worker"));
}

Test(worker_proc, what_breaks_the_protocol_is_refused, .init = setup, .fini = teardown)
{
	static const char *const bad[] = {
		"echo 'no json' >&3; sleep 30",
		"echo '{\"event\":\"surprise\",\"surprise\":{}}' >&3; sleep 30",
		"echo '{\"event\":\"step\",\"step\":{\"id\":7,\"state\":\"started\",\"message\":\"\"}}' >&3; sleep 30",
		"echo '{\"event\":\"delta\"}' >&3; sleep 30",
		"head -c 40000000 /dev/zero >&3; sleep 30",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct seen s;
		struct fp_worker_end end;
		struct fp_error err;
		int64_t t = fp_monotonic_ms();

		fake(bad[i]);
		cr_assert_eq(run(20000, &s, &end, &err), FP_E_INVALID, "%s", bad[i]);
		cr_assert_lt(fp_monotonic_ms() - t, 10000, "%s", bad[i]);
	}
}

Test(worker_proc, a_breach_is_named_even_when_the_worker_has_ended_by_then, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;

	for (int i = 0; i < 5; i++) {
		fake("echo '{\"event\":\"project\",\"project\":{\"file\":\"p.qgs\"}}' >&3; exit 0");
		cr_assert_eq(run(20000, &s, &end, &err), FP_E_INVALID);
		cr_assert(strstr(err.msg, "project event"), "%s", err.msg);
	}
}

Test(worker_proc, a_death_names_signal_and_step, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;

	fake("echo '{\"event\":\"step\",\"step\":{\"id\":\"opening_check\",\"state\":\"started\",\"message\":\"\"}}' >&3; kill -KILL $$");
	cr_assert_eq(run(20000, &s, &end, &err), FP_E_CRASHED);
	cr_assert_eq(end.signal, SIGKILL);
	cr_assert(strstr(err.msg, "signal 9 (KILL)") && strstr(err.msg, "opening_check"), "%s", err.msg);
	cr_assert_eq(s.events[FP_EVENT_STEP], 1);
}

Test(worker_proc, success_needs_a_result_and_a_clean_exit, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;

	fake("exit 0");
	cr_assert_eq(run(20000, &s, &end, &err), FP_E_CRASHED);
	fake("echo '{\"event\":\"result\",\"result\":{\"ok\":true}}' >&3; exit 3");
	cr_assert_eq(run(20000, &s, &end, &err), FP_E_CRASHED);
	fake("echo '{\"event\":\"result\",\"result\":{\"ok\":false,\"class\":\"full\",\"message\":\"no space\",\"hint\":\"free some\"}}' >&3; exit 1");
	cr_assert_eq(run(20000, &s, &end, &err), FP_E_FULL);
	cr_assert_str_eq(err.msg, "no space");
	cr_assert_str_eq(err.hint, "free some");
}

Test(worker_proc, the_time_limit_ends_the_whole_group_even_when_it_ignores_term, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;
	int64_t t = fp_monotonic_ms();
	struct fp_buf pid = FP_BUF_INIT;
	struct fp_proc_id id;
	char *script = fp_asprintf("trap '' TERM; sleep 300 & echo $! > %s/child; while :; do sleep 1; done", dir), *path = fp_path_join(dir, "child");

	fake(script);
	cr_assert_eq(run(500, &s, &end, &err), FP_E_TIMEOUT, "%s", err.msg);
	cr_assert_lt(fp_monotonic_ms() - t, 8000);
	cr_assert_eq(fp_fs_read(&pid, path, 100, &err), FP_OK);
	for (int i = 0; i < 100 && fp_proc_id(&id, atoi(pid.data)) == 0 && fp_proc_alive(&id); i++)
		usleep(20000);
	cr_assert(fp_proc_id(&id, atoi(pid.data)) != 0 || !fp_proc_alive(&id), "a grandchild lives on");
	fp_buf_free(&pid);
	free(script);
	free(path);
}

Test(worker_proc, the_environment_is_clean_but_for_the_secrets, .init = setup, .fini = teardown)
{
	struct seen s;
	struct fp_worker_end end;
	struct fp_error err;

	setenv("LEAKED", "yes", 1);
	fake("echo \"{\\\"event\\\":\\\"log\\\",\\\"log\\\":{\\\"level\\\":\\\"info\\\",\\\"text\\\":\\\"[$LEAKED][$MY_SECRET]\\\"}}\" >&3\n"
		"echo '{\"event\":\"result\",\"result\":{\"ok\":true}}' >&3");
	cr_assert_eq(run(20000, &s, &end, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(s.last_log, "[][open sesame]");
}
