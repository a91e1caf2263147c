#include "engine/prober/prober.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/proc.h"

#define HELLO_MS 10000
#define SEND_MS 10000
#define STREAM_MORE_S 40 /* beside the silence that is allowed: connections and redirects */

struct fp_prober {
	pid_t pid;
	int fd;
};

/* NAME=VALUE, unless NAME is there already. */
static void add_variable(struct fp_strv *env, const char *name, const char *value)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->items[i], name, n) == 0 && env->items[i][n] == '=')
			return;
	fp_strv_take(env, fp_asprintf("%s=%s", name, value));
}

/* Of variables from elsewhere those that libpq reads, and no other: LD_PRELOAD in a project's secrets would be a program in front of the walls. Its files
 * (fp_helper_env() names them) are nowhere. */
static void environment(struct fp_strv *env, const json_t *envvars)
{
	const char *name;
	json_t *value;

	fp_helper_env(env);
	fp_strv_add(env, "PGSYSCONFDIR=/nonexistent");
	fp_strv_add(env, "RES_OPTIONS=timeout:2 attempts:1"); /* a name server that is dead costs seconds, not half a minute */
	json_object_foreach((json_t *)(uintptr_t)envvars, name, value)
		if (strncmp(name, "PG", 2) == 0 && json_is_string(value))
			add_variable(env, name, json_string_value(value));
	for (char **e = environ; *e; e++) {
		char *copy = fp_strdup(*e), *eq = strchr(copy, '=');
		if (eq && strncmp(copy, "PG", 2) == 0) {
			*eq = '\0';
			add_variable(env, copy, eq + 1);
		}
		free(copy);
	}
	fp_strv_take(env, NULL);
}

/* All of TEXT, waiting for a reader that is slow, not for one that is stuck. */
static enum fp_status send_all(int fd, const char *text, size_t n, struct fp_error *err)
{
	int64_t deadline = fp_monotonic_ms() + SEND_MS;

	while (n) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return fp_fail(err, FP_E_CRASHED, "the prober is gone");
		} else if (errno != EAGAIN && errno != EINTR) {
			return fp_fail_errno(err, errno, "cannot speak to the prober");
		} else if (fp_monotonic_ms() >= deadline) {
			return fp_fail(err, FP_E_TIMEOUT, "the prober does not listen");
		} else {
			poll(&p, 1, 1000);
		}
	}
	return FP_OK;
}

static enum fp_status send_line(int fd, const json_t *value, struct fp_error *err)
{
	char *text = fp_json_dump(value);
	size_t n = strlen(text);
	enum fp_status st;

	text[n++] = '\n'; /* in the place of the NUL */
	st = n > FP_PROBER_LINE_MAX ? fp_fail(err, FP_E_FULL, "too long for the prober: %zu bytes, %d is the limit", n, FP_PROBER_LINE_MAX) :
		send_all(fd, text, n, err);
	free(text);
	return st;
}

enum fp_status fp_prober_send(int session, const json_t *question, struct fp_error *err)
{
	return send_line(session, question, err);
}

static enum fp_status take_answer(json_t **answer, struct fp_buf *buf, const char *end, struct fp_error *err)
{
	size_t n = (size_t)(end - buf->data);
	enum fp_status st = fp_json_parse(answer, buf->data, n, err);

	fp_buf_drop(buf, n + 1);
	if (st == FP_OK && !json_is_object(*answer)) {
		json_decref(*answer);
		*answer = NULL;
		st = fp_fail(err, FP_E_INVALID, "the prober's answer is no object");
	}
	return st;
}

/* What SESSION has to say goes to BUF. */
static enum fp_status receive_more(struct fp_buf *buf, int session, struct fp_error *err)
{
	char block[65536];
	ssize_t n = recv(session, block, sizeof block, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return FP_OK;
	if (n <= 0)
		return fp_fail(err, FP_E_CRASHED, "the prober is gone");
	fp_buf_add(buf, block, (size_t)n);
	return FP_OK;
}

enum fp_status fp_prober_receive(json_t **answer, int *done, int session, struct fp_buf *buf, struct fp_error *err)
{
	char *end = memchr(buf->data, '\n', buf->len);
	size_t before = buf->len;
	enum fp_status st = FP_OK;

	*answer = NULL;
	*done = 0;
	if (!end) {
		st = receive_more(buf, session, err);
		end = st == FP_OK ? memchr(buf->data + before, '\n', buf->len - before) : NULL;
		if (!end)
			return st != FP_OK || buf->len <= FP_PROBER_LINE_MAX ? st : fp_fail(err, FP_E_INVALID, "the prober does not end its line");
	}
	st = take_answer(answer, buf, end, err);
	*done = st == FP_OK;
	return st;
}

/* The next line of FD. BUF keeps what came behind it. */
static enum fp_status next_line(json_t **answer, int fd, struct fp_buf *buf, int64_t timeout_ms, struct fp_error *err)
{
	int64_t deadline = fp_monotonic_ms() + timeout_ms;
	enum fp_status st = FP_OK;
	int done = 0;

	*answer = NULL;
	while (st == FP_OK && !done) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - fp_monotonic_ms();

		if (left <= 0)
			st = fp_fail(err, FP_E_TIMEOUT, "the prober did not answer within %lld s", (long long)timeout_ms / 1000);
		else if (memchr(buf->data, '\n', buf->len) || poll(&p, 1, left > 1000 ? 1000 : (int)left) > 0)
			st = fp_prober_receive(answer, &done, fd, buf, err);
	}
	return st;
}

static enum fp_status receive_line(json_t **answer, int fd, int64_t timeout_ms, struct fp_error *err)
{
	struct fp_buf buf = FP_BUF_INIT;
	enum fp_status st = next_line(answer, fd, &buf, timeout_ms, err);

	fp_buf_free(&buf);
	return st;
}

enum fp_status fp_prober_ask(json_t **answer, int session, const json_t *question, int64_t timeout_ms, struct fp_error *err)
{
	enum fp_status st = fp_prober_send(session, question, err);

	return st == FP_OK ? receive_line(answer, session, timeout_ms, err) : st;
}

/* N bytes that stand behind a line. */
static enum fp_status take_part(int64_t n, struct fp_buf *buf, int session, fp_prober_take *take, void *arg, struct fp_error *err)
{
	enum fp_status st = n > 0 && n <= FP_PROBER_LINE_MAX ? FP_OK : fp_fail(err, FP_E_INVALID, "the prober's answer is garbled");

	while (st == FP_OK && buf->len < (size_t)n) {
		struct pollfd p = {.fd = session, .events = POLLIN};
		st = poll(&p, 1, SEND_MS) == 0 ? fp_fail(err, FP_E_TIMEOUT, "the prober stopped in the middle") : receive_more(buf, session, err);
	}
	if (st == FP_OK)
		st = take(arg, buf->data, (size_t)n, err);
	if (st == FP_OK)
		fp_buf_drop(buf, (size_t)n);
	return st;
}

enum fp_status fp_prober_stream(json_t **answer, int session, const json_t *question, fp_prober_take *take, void *arg, struct fp_error *err)
{
	int64_t wait_ms = (fp_json_int(question, "silence_s", 0) + STREAM_MORE_S) * 1000;
	struct fp_buf buf = FP_BUF_INIT;
	int more = 1;
	enum fp_status st = fp_prober_send(session, question, err);

	*answer = NULL;
	while (st == FP_OK && more) {
		st = next_line(answer, session, &buf, wait_ms, err);
		more = st == FP_OK && json_object_get(*answer, "part");
		if (!more)
			break;
		st = take_part(fp_json_int(*answer, "part", 0), &buf, session, take, arg, err);
		json_decref(*answer);
		*answer = NULL;
	}
	fp_buf_free(&buf);
	return st;
}

/* The set-up, and what the prober says to it. */
static enum fp_status greet(struct fp_prober *p, const char *allow, enum fp_databases databases, const char *pgservice, struct fp_error *err)
{
	static const char *const words[] = {[FP_DATABASES_ALLOWED] = "", [FP_DATABASES_OPERATORS] = "operators", [FP_DATABASES_ANY] = "any"};
	json_t *setup = json_pack("{s:i,s:o,s:s,s:o,s:i}", "protocol", FP_PROBER_PROTOCOL, "allow", allow ? fp_json_text(allow) : json_null(), "databases",
		words[databases], "pgservice", fp_json_text(pgservice), "parent", (int)getpid()), *hello = NULL;
	enum fp_status st = send_line(p->fd, setup, err);

	json_decref(setup);
	if (st == FP_OK)
		st = receive_line(&hello, p->fd, HELLO_MS, err);
	if (st == FP_OK && fp_json_str(hello, "refused"))
		st = fp_fail(err, FP_E_REFUSED, "the prober does not begin: %s", fp_json_str(hello, "refused"));
	else if (st == FP_OK && !json_object_get(hello, "hello"))
		st = fp_fail(err, FP_E_INVALID, "the prober does not say hello");
	json_decref(hello);
	return st;
}

enum fp_status fp_prober_start(struct fp_prober **out, const char *allow, enum fp_databases databases, const char *pgservice, const json_t *envvars,
	struct fp_error *err)
{
	char *path = fp_helper_path("fieldpost-prober");
	struct fp_strv env = {0};
	struct fp_prober *p;
	int pair[2];
	enum fp_status st;

	if (access(path, X_OK) != 0) {
		st = fp_fail_errno(err, errno, "cannot start %s", path);
		fp_error_hint(err, "fieldpost-prober must lie beside fieldpost or in %s", FP_LIBEXECDIR);
		free(path);
		return st;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		free(path);
		return fp_fail_errno(err, errno, "cannot make a socket for the prober");
	}
	environment(&env, envvars);
	p = fp_alloc(sizeof *p);
	p->fd = pair[0];
	p->pid = fork();
	if (p->pid == 0)
		fp_helper_exec(path, env.items, pair[1], FP_PROBER_FD);
	close(pair[1]);
	fp_strv_free(&env);
	free(path);
	st = p->pid < 0 ? fp_fail_errno(err, errno, "cannot start a prober process") : greet(p, allow, databases, pgservice, err);
	if (st == FP_OK)
		*out = p;
	else
		fp_prober_free(p);
	return st;
}

int fp_prober_session(struct fp_prober *p, struct fp_error *err)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		fp_fail_errno(err, errno, "cannot make a socket for the prober");
		return -1;
	}
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pair[1], sizeof(int));
	if (sendmsg(p->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
		if (errno == EPIPE || errno == ECONNRESET)
			fp_fail(err, FP_E_CRASHED, "the prober is gone");
		else
			fp_fail_errno(err, errno, "cannot open a session with the prober");
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	close(pair[1]);
	return pair[0];
}

void fp_prober_free(struct fp_prober *p)
{
	if (!p)
		return;
	close(p->fd);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(p);
}
