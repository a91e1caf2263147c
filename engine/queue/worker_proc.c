#include "engine/queue/worker_proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/proc.h"
#include "engine/base/text.h"
#include "engine/worker/job.h"

#define DESCRIPTION_MAX (64 << 10)
#define UNWATCHED_MS 10 /* how often a worker that has said its last is looked at where no pidfd tells of its end */

struct fp_worker {
	pid_t pid;
	int fd, pidfd;
	int gone;              /* reaped */
	int lied;              /* broke the protocol: nothing it says is heard any more */
	struct fp_buf in;      /* bytes not yet parsed */
	int got_result, ok;
	enum fp_status code;
	char step[64];         /* id of the step that runs */
	char message[512], hint[256];
};

/* The protocol as a table: which members a body must have, and of which type. */
struct member {
	const char *name;
	json_type type; /* JSON_NULL: any */
};
static const struct kind {
	const char *name;
	struct member members[10];
} kinds[] = {
	[FP_EVENT_HELLO] = {"hello", {{"protocol", JSON_INTEGER}, {"sandbox", JSON_OBJECT}}},
	[FP_EVENT_STEP] = {"step", {{"id", JSON_STRING}, {"state", JSON_STRING}, {"message", JSON_STRING}}},
	[FP_EVENT_LOG] = {"log", {{"level", JSON_STRING}, {"text", JSON_STRING}}},
	[FP_EVENT_PROGRESS] = {"progress", {{"done", JSON_INTEGER}, {"total", JSON_INTEGER}}},
	[FP_EVENT_PROJECT] = {"project", {{"file", JSON_STRING}, {"title", JSON_STRING}, {"crs", JSON_STRING}}},
	[FP_EVENT_LAYER] = {"layer", {{"id", JSON_STRING}, {"name", JSON_STRING}, {"status", JSON_STRING}}},
	[FP_EVENT_DELTA] = {"delta", {{"delta_id", JSON_STRING}, {"status", JSON_STRING}, {"msg", JSON_STRING}}},
	[FP_EVENT_FILE] = {"file", {{"name", JSON_STRING}}},
	[FP_EVENT_PACKED] = {"packed", {{"id", JSON_STRING}, {"name", JSON_STRING}, {"action", JSON_STRING}, {"table", JSON_NULL}, {"features", JSON_INTEGER},
		{"skipped", JSON_ARRAY}, {"warnings", JSON_ARRAY}, {"pk", JSON_NULL}, {"read_only", JSON_NULL}}},
	[FP_EVENT_PACKAGED_LAYER] = {"packaged_layer", {{"id", JSON_STRING}, {"name", JSON_STRING}, {"status", JSON_STRING}}},
	[FP_EVENT_PACKAGE] = {"package", {{"warnings", JSON_ARRAY}}},
	[FP_EVENT_CANDIDATES] = {"candidates", {{"delta_id", JSON_STRING}, {"class", JSON_STRING}, {"candidates", JSON_ARRAY}}},
	[FP_EVENT_COMMIT] = {"commit", {{"transactions", JSON_ARRAY}}},
	[FP_EVENT_COMMITTED] = {"committed", {{"connection", JSON_INTEGER}, {"ok", JSON_NULL}, {"message", JSON_STRING}}},
	[FP_EVENT_DIFFERENCE] = {"difference", {{"table", JSON_STRING}, {"key", JSON_NULL}, {"change", JSON_STRING}, {"fields", JSON_ARRAY}}},
	[FP_EVENT_TABLE] = {"table", {{"table", JSON_STRING}, {"change", JSON_STRING}, {"added", JSON_INTEGER}, {"removed", JSON_INTEGER},
		{"changed", JSON_INTEGER}, {"notes", JSON_ARRAY}}},
	[FP_EVENT_PAST] = {"past", {{"version", JSON_INTEGER}, {"present", JSON_NULL}, {"hash", JSON_NULL}, {"attributes", JSON_NULL},
		{"geometry", JSON_NULL}, {"fault", JSON_STRING}}},
	[FP_EVENT_TRANSACTION] = {"transaction", {{"connection", JSON_INTEGER}, {"status", JSON_STRING}, {"message", JSON_STRING}}},
	[FP_EVENT_RESULT] = {"result", {{"ok", JSON_NULL}}},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

void fp_worker_set_limits(json_t *description, const struct fp_config *c)
{
	json_object_set_new(description, "limits", json_pack("{s:I,s:I,s:I,s:I}", "memory_mb", (json_int_t)c->worker_memory_mb, "cpu_s",
		(json_int_t)c->worker_cpu_s, "file_mb", (json_int_t)c->worker_file_mb, "layer_s", (json_int_t)c->layer_limit_s));
	json_object_set_new(description, "sandbox", json_string(c->sandbox_require ? "require" : "best-effort"));
}

/* A clean environment and the project's secrets. */
static void environment(struct fp_strv *env, const json_t *description)
{
	const char *name;
	json_t *value;

	fp_helper_env(env);
	fp_strv_add(env, "GDAL_DRIVER_PATH=disable");
	fp_strv_add(env, "PROJ_NETWORK=OFF");
	json_object_foreach(json_object_get(description, "secrets"), name, value)
		fp_strv_take(env, fp_asprintf("%s=%s", name, json_is_string(value) ? json_string_value(value) : ""));
	fp_strv_take(env, NULL);
}

static void forget(struct fp_strv *env)
{
	for (size_t i = 0; i + 1 < env->n; i++) /* some are secrets */
		sodium_memzero(env->items[i], strlen(env->items[i]));
	fp_strv_free(env);
}

/* Descriptions are small (a page, and the secrets), so that one always fits the empty socket's buffer: nothing waits on a worker that does not
 * listen. */
static enum fp_status send_description(struct fp_worker *w, const json_t *description, struct fp_error *err)
{
	json_t *d = json_copy((json_t *)(uintptr_t)description);
	char *text;
	size_t n;
	enum fp_status st = FP_OK;

	json_object_set_new(d, "parent", json_integer(getpid()));
	text = fp_json_dump(d);
	json_decref(d);
	n = strlen(text);
	text[n++] = '\n';
	if (n > DESCRIPTION_MAX)
		st = fp_fail(err, FP_E_FULL, "the job's description takes %zu bytes, %d is the limit: are its secrets that large?", n, DESCRIPTION_MAX);
	else if (send(w->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
		st = fp_fail_errno(err, errno, "cannot tell the worker what to do");
	sodium_memzero(text, n);
	free(text);
	return st;
}

enum fp_status fp_worker_start(struct fp_worker **out, const json_t *description, struct fp_error *err)
{
	char *path = fp_helper_path("fieldpost-worker");
	struct fp_strv env = {0};
	struct fp_worker *w;
	int pair[2];
	pid_t pid;
	enum fp_status st;

	if (access(path, X_OK) != 0) {
		st = fp_fail_errno(err, errno, "cannot start %s", path);
		fp_error_hint(err, "fieldpost-worker must lie beside fieldpost or in %s", FP_LIBEXECDIR);
		free(path);
		return st;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		free(path);
		return fp_fail_errno(err, errno, "cannot make a socket for the worker");
	}
	environment(&env, description);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		fp_helper_exec(path, env.items, pair[1], FP_WORKER_FD);
	}
	close(pair[1]);
	forget(&env);
	free(path);
	if (pid < 0) {
		close(pair[0]);
		return fp_fail_errno(err, errno, "cannot start a worker process");
	}
	setpgid(pid, pid); /* both sides do it: whoever comes first */
	w = fp_alloc(sizeof *w);
	w->pid = pid;
	w->fd = pair[0];
	w->in = (struct fp_buf)FP_BUF_INIT;
	w->pidfd = (int)syscall(__NR_pidfd_open, pid, 0);
	if (w->pidfd < 0 && errno != ENOSYS) { /* without pidfds (an old kernel, Valgrind) the socket's end and the clock tell */
		fp_fail_errno(err, errno, "cannot watch the worker process");
		fp_worker_free(w);
		return FP_E_IO;
	}
	st = send_description(w, description, err);
	if (st != FP_OK) {
		fp_worker_free(w);
		return st;
	}
	*out = w;
	return FP_OK;
}

pid_t fp_worker_pid(const struct fp_worker *w)
{
	return w->pid;
}

int fp_worker_fd(const struct fp_worker *w)
{
	return w->fd;
}

int fp_worker_pidfd(const struct fp_worker *w)
{
	return w->pidfd;
}

static enum fp_status code_of(const char *word)
{
	for (int c = FP_OK + 1; c <= FP_E_INTERNAL; c++)
		if (strcmp(fp_status_word((enum fp_status)c), word) == 0)
			return (enum fp_status)c;
	return FP_E_INTERNAL;
}

static enum fp_status check_body(size_t k, const json_t *body, struct fp_error *err)
{
	for (const struct member *m = kinds[k].members; m->name; m++) {
		const json_t *v = json_object_get(body, m->name);
		if (!v || (m->type != JSON_NULL && json_typeof(v) != m->type))
			return fp_fail(err, FP_E_INVALID, "the worker sent a %s event without a proper \"%s\"", kinds[k].name, m->name);
	}
	return FP_OK;
}

static enum fp_status take_event(struct fp_worker *w, const char *line, size_t len, fp_worker_event *on, void *arg, struct fp_error *err)
{
	json_t *e, *body;
	const char *name;
	size_t k = 0;
	enum fp_status st = fp_json_parse(&e, line, len, err);

	if (st != FP_OK)
		return st;
	name = fp_json_str_or(e, "event", "");
	body = json_object_get(e, name);
	while (k < N_KINDS && strcmp(kinds[k].name, name) != 0)
		k++;
	st = k < N_KINDS ? check_body(k, body, err) : fp_fail(err, FP_E_INVALID, "the worker sent an unknown event \"%s\"", name);
	if (st == FP_OK) {
		if (k == FP_EVENT_STEP && strcmp(fp_json_str(body, "state"), "started") == 0)
			fp_text_into(w->step, sizeof w->step, fp_json_str(body, "id"));
		if (k == FP_EVENT_RESULT) {
			w->got_result = 1;
			w->ok = fp_json_bool(body, "ok", 0);
			w->code = w->ok ? FP_OK : code_of(fp_json_str_or(body, "class", "internal"));
			fp_text_into(w->message, sizeof w->message, fp_json_str_or(body, "message", ""));
			fp_text_into(w->hint, sizeof w->hint, fp_json_str_or(body, "hint", ""));
		}
		on(arg, (enum fp_event_kind)k, body);
	}
	json_decref(e);
	return st;
}

enum fp_status fp_worker_read(struct fp_worker *w, fp_worker_event *on, void *arg, struct fp_error *err)
{
	char block[65536];
	enum fp_status st = FP_OK;

	if (w->fd < 0 || w->lied)
		return FP_OK;
	for (int rounds = 0; rounds < 64; rounds++) { /* then the loop gets its turn again */
		ssize_t n = recv(w->fd, block, sizeof block, MSG_DONTWAIT);
		size_t at = 0, from;
		char *nl;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return FP_OK;
		if (n <= 0) {
			close(w->fd);
			w->fd = -1;
			return FP_OK;
		}
		from = w->in.len;
		fp_buf_add(&w->in, block, (size_t)n);
		while ((nl = memchr(w->in.data + (from > at ? from : at), '\n', w->in.len - (from > at ? from : at)))) {
			size_t end = (size_t)(nl - w->in.data);
			st = take_event(w, w->in.data + at, end - at, on, arg, err);
			if (st != FP_OK) {
				w->lied = 1;
				return st;
			}
			at = end + 1;
			from = at;
		}
		fp_buf_drop(&w->in, at);
		if (w->in.len > FP_EVENT_MAX) {
			w->lied = 1;
			return fp_fail(err, FP_E_INVALID, "the worker sent a line of more than %d bytes", FP_EVENT_MAX);
		}
	}
	return FP_OK;
}

enum fp_status fp_worker_let_commit(struct fp_worker *w, struct fp_error *err)
{
	static const char line[] = FP_COMMIT "\n";

	if (w->fd < 0 || send(w->fd, line, sizeof line - 1, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof line - 1)
		return fp_fail(err, FP_E_CRASHED, "the worker went away before it could commit");
	return FP_OK;
}

void fp_worker_signal(struct fp_worker *w, int sig)
{
	if (!w->gone)
		kill(-w->pid, sig);
}

static void describe_end(struct fp_worker *w, int status, const struct rusage *ru, struct fp_worker_end *end)
{
	memset(end, 0, sizeof *end);
	end->exited = WIFEXITED(status);
	end->exit_code = end->exited ? WEXITSTATUS(status) : 0;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->got_result = w->got_result;
	end->ok = w->got_result && w->ok && !w->lied && end->exited && end->exit_code == 0;
	end->peak_kb = ru->ru_maxrss;
	end->cpu_s = (double)ru->ru_utime.tv_sec + (double)ru->ru_stime.tv_sec +
		(double)(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) / 1e6;
	if (end->ok)
		return;
	end->code = FP_E_CRASHED;
	if (end->signal) {
		struct fp_error e;
		fp_fail(&e, FP_E_CRASHED, "the worker was killed by signal %d (%s) in step \"%s\"%s", end->signal, sigabbrev_np(end->signal),
			w->step, end->signal == SIGXCPU ? ": processor time limit" : end->signal == SIGXFSZ ? ": file size limit" :
			end->signal == SIGABRT ? ": out of memory, or an internal error" : "");
		memcpy(end->message, e.msg, sizeof end->message);
	} else if (w->lied) {
		end->code = FP_E_INVALID;
		memcpy(end->message, w->message, sizeof end->message);
	} else if (w->got_result && !w->ok) {
		end->code = w->code;
		memcpy(end->message, w->message, sizeof end->message);
		memcpy(end->hint, w->hint, sizeof end->hint);
	} else {
		struct fp_error e;
		fp_fail(&e, FP_E_CRASHED, "the worker ended with code %d in step \"%s\" without a result", end->exit_code, w->step);
		memcpy(end->message, e.msg, sizeof end->message);
	}
}

int fp_worker_reap(struct fp_worker *w, struct fp_worker_end *end, fp_worker_event *on, void *arg)
{
	int status;
	struct rusage ru;
	pid_t pid;

	if (w->gone)
		return 0;
	pid = wait4(w->pid, &status, WNOHANG, &ru);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return 0;
	fp_assert(pid == w->pid);
	kill(-w->pid, SIGKILL); /* grandchildren, if any */
	while (w->fd >= 0 && !w->lied) {
		struct fp_error breach;
		if (fp_worker_read(w, on, arg, &breach) != FP_OK)
			memcpy(w->message, breach.msg, sizeof w->message);
		if (w->lied || w->fd < 0)
			break;
		if (recv(w->fd, &(char){0}, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
			break; /* somebody else still holds the other end, with nothing to say */
	}
	w->gone = 1;
	describe_end(w, status, &ru, end);
	return 1;
}

void fp_worker_free(struct fp_worker *w)
{
	if (!w)
		return;
	if (!w->gone) {
		kill(-w->pid, SIGKILL);
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (w->fd >= 0)
		close(w->fd);
	if (w->pidfd >= 0)
		close(w->pidfd);
	fp_buf_free(&w->in);
	free(w);
}

/* Of a command without a home: what the worker says goes on to who runs it, and nobody has to write a commit down. */
struct plain {
	fp_worker_event *on;
	void *arg;
	struct fp_worker *worker;
};

static void pass_on(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct plain *p = arg;

	if (kind == FP_EVENT_COMMIT)
		fp_worker_let_commit(p->worker, NULL);
	p->on(p->arg, kind, body);
}

enum fp_status fp_worker_run(const json_t *description, int64_t limit_ms, fp_worker_event *on, void *arg, struct fp_worker_end *end,
	struct fp_error *err)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP}; /* so that the caller can still tidy up */
	struct fp_worker *w;
	struct plain plain = {on, arg, NULL};
	struct signalfd_siginfo got = {0};
	int64_t deadline = fp_monotonic_ms() + limit_ms;
	sigset_t before;
	int asked = 0, signals;
	enum fp_status st = fp_worker_start(&w, description, err);

	if (st != FP_OK)
		return st;
	plain.worker = w;
	signals = fp_signals_begin(&before, watched, sizeof watched / sizeof *watched);
	while (st == FP_OK && !fp_worker_reap(w, end, pass_on, &plain)) {
		struct pollfd p[3] = {{.fd = w->fd, .events = POLLIN}, {.fd = w->pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
		int64_t left = deadline - fp_monotonic_ms();

		if (left <= 0) {
			fp_worker_signal(w, asked++ ? SIGKILL : SIGTERM);
			deadline += 2000;
			continue;
		}
		if (w->fd < 0 && w->pidfd < 0 && left > UNWATCHED_MS)
			left = UNWATCHED_MS;
		poll(p, 3, left > 1000 ? 1000 : (int)left);
		if (p[2].revents && read(signals, &got, sizeof got) == sizeof got)
			st = fp_fail(err, FP_E_CANCELLED, "interrupted by signal %u%s%s%s; nothing was changed", got.ssi_signo, *w->step ? " in step \"" : "",
				w->step, *w->step ? "\"" : "");
		else if (p[0].revents)
			st = fp_worker_read(w, pass_on, &plain, err);
	}
	if (signals >= 0)
		fp_signals_end(signals, &before);
	if (st == FP_OK && asked)
		st = fp_fail(err, FP_E_TIMEOUT, "timed out after %lld s in step \"%s\"", (long long)limit_ms / 1000, w->step);
	if (st == FP_OK && !end->ok) {
		st = fp_fail(err, end->code, "%s", end->message);
		fp_error_hint(err, "%s", end->hint);
	}
	fp_worker_free(w);
	return st;
}
