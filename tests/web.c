#include "tests/web.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"

void web_listen(struct web *w)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;

	w->pid = 0;
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(w->fd >= 0 && bind(w->fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(w->fd, 64) == 0);
	cr_assert_eq(getsockname(w->fd, (struct sockaddr *)&a, &n), 0);
	w->port = ntohs(a.sin_port);
	w->seen = mmap(NULL, sizeof *w->seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert(w->seen != MAP_FAILED);
}

static void send_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static void add_headers(struct fp_buf *out, const char *headers, int port)
{
	const char *at;

	for (; (at = strstr(headers, "{port}")); headers = at + 6) {
		fp_buf_add(out, headers, (size_t)(at - headers));
		fp_buf_addf(out, "%d", port);
	}
	fp_buf_adds(out, headers);
}

static void answer(const struct web *w, int fd, const struct web_route *r)
{
	struct fp_buf out = FP_BUF_INIT;
	size_t size = r->body && !r->fill ? strlen(r->body) : r->fill;

	if (r->delay_ms)
		poll(NULL, 0, r->delay_ms);
	if (r->status) {
		fp_buf_addf(&out, "HTTP/1.1 %d Said\r\nConnection: close\r\n", r->status);
		if (!r->headers || !strstr(r->headers, "Transfer-Encoding"))
			fp_buf_addf(&out, "Content-Length: %zu\r\n", size);
		add_headers(&out, r->headers ? r->headers : "", w->port);
		fp_buf_adds(&out, "\r\n");
	}
	if (r->body)
		fp_buf_add(&out, r->body, size);
	send_all(fd, out.data, out.len);
	fp_buf_clear(&out);
	for (size_t i = 0; !r->body && i < 65536; i++)
		fp_buf_addc(&out, 'x');
	for (size_t left = r->body ? 0 : size; left; left -= left < out.len ? left : out.len)
		send_all(fd, out.data, left < out.len ? left : out.len);
	fp_buf_free(&out);
}

static const struct web_route *route(const struct web_route *routes, const char *head)
{
	const char *path = strchr(head, ' ');
	size_t n = path ? strcspn(++path, " ") : 0;

	for (const struct web_route *r = routes; r->path; r++)
		if (strcmp(r->path, "*") == 0 || (strlen(r->path) == n && strncmp(r->path, path, n) == 0) ||
				(*r->path == '~' && memmem(path, n, r->path + 1, strlen(r->path + 1))))
			return r;
	return NULL;
}

static void serve_one(struct web *w, int fd, const struct web_route *routes)
{
	static const struct web_route none = {.path = "*", .status = 404, .body = "no such page"};
	char head[8192];
	size_t n = 0;

	while (n < sizeof head - 1) {
		ssize_t got = read(fd, head + n, sizeof head - 1 - n);
		if (got <= 0)
			return;
		n += (size_t)got;
		head[n] = '\0';
		if (strstr(head, "\r\n\r\n") || (unsigned char)*head < ' ') /* no HTTP at all is answered as well */
			break;
	}
	w->seen->requests++;
	if (w->seen->length + n < sizeof w->seen->heads) {
		memcpy(w->seen->heads + w->seen->length, head, n);
		w->seen->length += n;
	}
	answer(w, fd, route(routes, head) ? route(routes, head) : &none);
	shutdown(fd, SHUT_WR);
	while (read(fd, head, sizeof head) > 0)
		;
}

void web_serve(struct web *w, const struct web_route *routes)
{
	pid_t parent = getpid();

	w->pid = fork();
	cr_assert(w->pid >= 0);
	if (w->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;) {
		int fd = accept(w->fd, NULL, NULL);
		if (fd < 0)
			_exit(1);
		w->seen->connections++;
		serve_one(w, fd, routes);
		close(fd);
	}
}

void web_start(struct web *w, const struct web_route *routes)
{
	web_listen(w);
	web_serve(w, routes);
}

int web_connections(struct web *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};

	return w->seen->connections + (poll(&p, 1, 0) > 0);
}

void web_stop(struct web *w)
{
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	close(w->fd);
	munmap(w->seen, sizeof *w->seen);
}
