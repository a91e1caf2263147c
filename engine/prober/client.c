#include "engine/prober/prober.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/proc.h"

struct fp_prober {
	pid_t pid;
	int fd;
};

extern char **environ;

static char **environment(const json_t *envvars)
{
	struct fp_strv v = {0};
	const char *name;
	json_t *value;

	fp_strv_add(&v, "PATH=/usr/bin:/bin");
	fp_strv_add(&v, "LC_ALL=C.UTF-8");
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "PG", 2) == 0)
			fp_strv_add(&v, *e);
	json_object_foreach((json_t *)(size_t)envvars, name, value)
		fp_strv_take(&v, fp_asprintf("%s=%s", name, json_string_value(value)));
	fp_strv_take(&v, NULL);
	return v.items;
}

static void child(int sock, pid_t parent, const char *path, char **envp) __attribute__((noreturn));
static void child(int sock, pid_t parent, const char *path, char **envp)
{
	char *const argv[] = {(char *)"fieldpost-prober", NULL};
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0)
		_exit(126);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (sock == FP_PROBER_FD)
		fcntl(sock, F_SETFD, 0);
	else if (dup2(sock, FP_PROBER_FD) < 0)
		_exit(126);
	syscall(__NR_close_range, FP_PROBER_FD + 1, ~0U, 0);
	execve(path, argv, envp);
	_exit(127);
}

static enum fp_status send_line(int fd, const json_t *value, struct fp_error *err)
{
	char *text = fp_json_dump(value);
	size_t n = strlen(text);
	enum fp_status st = FP_OK;

	text[n] = '\n';
	if (send(fd, text, n + 1, MSG_NOSIGNAL) != (ssize_t)n + 1)
		st = fp_fail(err, FP_E_CRASHED, "the prober is gone");
	explicit_bzero(text, n);
	free(text);
	return st;
}

enum fp_status fp_prober_start(struct fp_prober **out, const char *allow, const char *pgservice, const json_t *envvars, struct fp_error *err)
{
	char *path = fp_helper_path("fieldpost-prober"), **envp = environment(envvars);
	struct fp_prober *p = fp_alloc(sizeof *p);
	json_t *setup = json_pack("{s:i,s:s,s:s,s:I}", "protocol", FP_PROBER_PROTOCOL, "allow", allow, "pgservice", pgservice, "parent", (json_int_t)getpid());
	pid_t parent = getpid();
	int pair[2];
	enum fp_status st = FP_OK;

	p->fd = -1;
	if (access(path, X_OK) != 0)
		st = fp_fail_errno(err, errno, "cannot start %s", path);
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		st = fp_fail_errno(err, errno, "cannot make a socket for the prober");
	if (st == FP_OK) {
		p->pid = fork();
		if (p->pid == 0)
			child(pair[1], parent, path, envp);
		close(pair[1]);
		p->fd = pair[0];
		st = p->pid < 0 ? fp_fail_errno(err, errno, "cannot start the prober") : send_line(p->fd, setup, err);
	}
	for (char **e = envp; *e; e++) {
		explicit_bzero(*e, strlen(*e));
		free(*e);
	}
	free(envp);
	free(path);
	json_decref(setup);
	if (st != FP_OK)
		fp_prober_free(p);
	else
		*out = p;
	return st;
}

int fp_prober_session(struct fp_prober *p, struct fp_error *err)
{
	char byte = 's', control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec io = {&byte, 1};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int pair[2], sent;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		fp_fail_errno(err, errno, "cannot make a socket for the prober");
		return -1;
	}
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pair[1], sizeof(int));
	sent = sendmsg(p->fd, &m, MSG_NOSIGNAL) == 1;
	close(pair[1]);
	if (sent)
		return pair[0];
	close(pair[0]);
	fp_fail(err, FP_E_CRASHED, "the prober is gone");
	return -1;
}

enum fp_status fp_prober_send(int session, const json_t *question, struct fp_error *err)
{
	return send_line(session, question, err);
}

enum fp_status fp_prober_receive(json_t **answer, int *done, int session, struct fp_buf *buf, struct fp_error *err)
{
	char block[4096], *end;
	ssize_t n = recv(session, block, sizeof block, MSG_DONTWAIT);

	*done = 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return FP_OK;
	if (n <= 0)
		return fp_fail(err, FP_E_CRASHED, "the prober is gone");
	fp_buf_add(buf, block, (size_t)n);
	if (buf->len > FP_PROBER_LINE_MAX)
		return fp_fail(err, FP_E_INVALID, "the prober's answer is too long");
	end = memchr(buf->data, '\n', buf->len);
	if (!end)
		return FP_OK;
	if (fp_json_parse(answer, buf->data, (size_t)(end - buf->data), NULL) != FP_OK)
		return fp_fail(err, FP_E_INVALID, "the prober answered nonsense");
	fp_buf_drop(buf, (size_t)(end - buf->data) + 1);
	*done = 1;
	return FP_OK;
}

enum fp_status fp_prober_ask(json_t **answer, int session, const json_t *question, int64_t timeout_ms, struct fp_error *err)
{
	int64_t until = fp_monotonic_ms() + timeout_ms, left = timeout_ms;
	struct fp_buf buf = FP_BUF_INIT;
	int done = 0;
	enum fp_status st = fp_prober_send(session, question, err);

	while (st == FP_OK && !done) {
		struct pollfd fd = {session, POLLIN, 0};
		if (left <= 0 || poll(&fd, 1, (int)left) == 0)
			st = fp_fail(err, FP_E_TIMEOUT, "the prober did not answer within %lld s", (long long)timeout_ms / 1000);
		else
			st = fp_prober_receive(answer, &done, session, &buf, err);
		left = until - fp_monotonic_ms();
	}
	fp_buf_free(&buf);
	return st;
}

void fp_prober_free(struct fp_prober *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(p);
}
