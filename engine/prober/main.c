/* fieldpost-prober: asks the network what others want to know. Started by fieldpost and its workers only. */
#include <curl/curl.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/pgservice.h"
#include "engine/base/text.h"
#include "engine/base/walls.h"
#include "engine/prober/answer.h"
#include "engine/prober/ask.h"
#include "engine/prober/cache.h"
#include "engine/prober/prober.h"
#include "engine/prober/sandbox.h"

struct prober {
	json_t *setup;
	struct fp_asker asker;
	struct fp_cache *cache;
};

static const struct kind {
	const char *name;
	fp_ask_fn *ask;
} kinds[] = {{"http", fp_ask_http}, {"postgres", fp_ask_postgres}};

/* Whatever is done on a session ends when the owner does: poll tells of a hang-up without being asked. Returns 0 when FD is ready for EVENTS. */
static int wait_for(int fd, short events)
{
	struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = FP_PROBER_FD}};

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	return p[1].revents ? -1 : 0;
}

static int write_all(int fd, const char *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got;
		if (wait_for(fd, POLLOUT) != 0)
			return -1;
		got = send(fd, bytes + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		at += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int tell(int fd, const json_t *value)
{
	char *text = fp_json_dump(value);
	size_t n = strlen(text);
	int rc;

	text[n] = '\n'; /* in the place of the NUL */
	rc = write_all(fd, text, n + 1);

	free(text);
	return rc;
}

/* Reads until a line is there, which then ends at LEN. 0, or -1 at the end, or when a line is longer than it may be. */
static int read_line(int fd, struct fp_buf *in, size_t *len)
{
	size_t seen = 0;

	for (;;) {
		char block[65536], *end = memchr(in->data + seen, '\n', in->len - seen);
		ssize_t n;

		if (end) {
			*len = (size_t)(end - in->data);
			return 0;
		}
		seen = in->len;
		if (seen > FP_PROBER_LINE_MAX || (fd != FP_PROBER_FD && wait_for(fd, POLLIN) != 0))
			return -1;
		n = read(fd, block, sizeof block);
		if (n == 0 || (n < 0 && errno != EINTR))
			return -1;
		if (n > 0)
			fp_buf_add(in, block, (size_t)n);
	}
}

/* A piece of a body for whoever asked. */
static int tell_part(void *arg, const char *bytes, size_t n)
{
	const int *session = arg;
	char line[64];

	return write_all(*session, line, (size_t)snprintf(line, sizeof line, "{\"part\":%zu}\n", n)) == 0 ? write_all(*session, bytes, n) : -1;
}

static json_t *new_answer(void)
{
	return json_pack("{s:s,s:s,s:s}", "stage", "", "cause", "", "error", "");
}

/* New reference. */
static json_t *answer_to(struct prober *p, const json_t *question)
{
	const char *ask = fp_json_str_or(question, "ask", "");
	json_t *answer = (json_t *)(uintptr_t)fp_cache_find(p->cache, question);
	char *text;

	if (answer)
		return json_incref(answer);
	answer = new_answer();
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, ask) == 0) {
			kinds[i].ask(&p->asker, question, answer);
			fp_answer_redact(answer, fp_json_str_or(question, "password", ""));
			text = fp_json_dump(answer);
			if (strlen(text) >= FP_PROBER_LINE_MAX) { /* a server that wants to drown us in column names */
				json_object_clear(answer);
				fp_answer_fault(answer, "answer", "too_large", "the answer is too large");
			}
			free(text);
			if (!json_object_get(question, "silence_s")) /* what was streamed is gone */
				fp_cache_keep(p->cache, question, answer);
			return answer;
		}
	fp_answer_fault(answer, "name", "bad_question", "nothing can be asked of \"%s\"", ask);
	return answer;
}

static int serve_one(struct prober *p, int session, const char *line, size_t len)
{
	struct fp_error err;
	json_t *question, *answer;
	int rc;

	if (fp_json_parse(&question, line, len, &err) == FP_OK) {
		answer = answer_to(p, question);
		json_decref(question);
	} else {
		answer = new_answer();
		fp_answer_fault(answer, "name", "bad_question", "%s", err.msg);
	}
	rc = tell(session, answer);
	json_decref(answer);
	return rc;
}

static void serve(struct prober *p, int session)
{
	struct fp_buf in = FP_BUF_INIT;
	size_t len;

	p->asker.part = tell_part;
	p->asker.arg = &session;
	while (read_line(session, &in, &len) == 0 && serve_one(p, session, in.data, len) == 0)
		fp_buf_drop(&in, len + 1);
	fp_buf_free(&in);
}

/* The next session's descriptor; -1 when the owner is gone, -2 when a byte came without one. */
static int next_session(void)
{
	char byte, control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	const struct cmsghdr *c;
	ssize_t n;
	int fd;

	do
		n = recvmsg(FP_PROBER_FD, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fd))
		return -2;
	memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static enum fp_status take_setup(struct prober *p, struct fp_error *err)
{
	struct fp_buf in = FP_BUF_INIT;
	struct fp_allow *allow;
	const char *databases;
	size_t len;
	enum fp_status st = FP_OK;

	if (read_line(FP_PROBER_FD, &in, &len) != 0 || in.len != len + 1)
		st = fp_fail(err, FP_E_INVALID, "no set-up came");
	if (st == FP_OK)
		st = fp_json_parse(&p->setup, in.data, len, err);
	fp_buf_free(&in);
	if (st == FP_OK && fp_json_int(p->setup, "protocol", 0) != FP_PROBER_PROTOCOL)
		st = fp_fail(err, FP_E_VERSION, "fieldpost and fieldpost-prober are of different versions");
	p->asker.pgservice = fp_json_str_or(p->setup, "pgservice", "");
	if (st == FP_OK)
		st = fp_pgservice_read(p->asker.pgservice, NULL, NULL, err);
	if (st == FP_OK && !json_is_null(json_object_get(p->setup, "allow"))) {
		st = fp_allow_new(&allow, fp_json_str_or(p->setup, "allow", ""), err);
		if (st == FP_OK)
			p->asker.resolver = fp_resolver_new(allow);
	}
	databases = fp_json_str_or(p->setup, "databases", "");
	if (*databases)
		p->asker.anywhere = fp_resolver_anywhere();
	p->asker.any_database = strcmp(databases, "any") == 0;
	return st;
}

/* The environment names no file to libpq and no service that it would look for by itself. */
static char *take_environment(void)
{
	char *service = fp_strdup(getenv("PGSERVICE") ? getenv("PGSERVICE") : "");

	unsetenv("PGSERVICE");
	return service;
}

static void say_hello(enum fp_status st, const struct fp_error *err)
{
	json_t *hello = st == FP_OK ? json_pack("{s:{s:i,s:i,s:i}}", "hello", "protocol", FP_PROBER_PROTOCOL, "landlock", fp_walls_landlock_version(),
		"uid", (int)geteuid()) : json_pack("{s:s,s:s}", "refused", err->msg, "class", fp_status_word(st));

	tell(FP_PROBER_FD, hello);
	json_decref(hello);
}

int main(int argc, char **argv)
{
	struct prober p = {0};
	struct fp_error err = {0};
	char *service;
	int session;
	enum fp_status st;

	(void)argv;
	if (argc != 1 || write(FP_PROBER_FD, "", 0) != 0) {
		fputs("fieldpost-prober is started by fieldpost, not by hand\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "C.UTF-8"); /* host names in other scripts; the libraries' words stay as they are */
	p.asker.service = service = take_environment();
	p.cache = fp_cache_new();
	st = take_setup(&p, &err);
	if (st == FP_OK && (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || sodium_init() < 0))
		st = fp_fail(&err, FP_E_INTERNAL, "libcurl or libsodium cannot begin");
	if (st == FP_OK)
		st = fp_prober_sandbox_enter((pid_t)fp_json_int(p.setup, "parent", 0), &err);
	say_hello(st, &err);
	while (st == FP_OK && (session = next_session()) != -1) {
		if (session < 0)
			continue;
		serve(&p, session);
		close(session);
	}
	curl_global_cleanup();
	fp_cache_free(p.cache);
	fp_resolver_free(p.asker.resolver);
	fp_resolver_free(p.asker.anywhere);
	json_decref(p.setup);
	free(service);
	return st == FP_OK ? 0 : 1;
}
