/* A prober without a network: it answers questions about PostgreSQL services by their names. "good": connected; "silent": never; "crash": it dies;
 * "words": libpq's words, with all that the service's section holds; "nonsense": no JSON; any other name is the cause of a failure. A service that it
 * was not given is unknown. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/pgservice.h"
#include "engine/prober/prober.h"

static json_t *read_line(int fd)
{
	struct fp_buf text = FP_BUF_INIT;
	json_t *line = NULL;
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n')
		fp_buf_addc(&text, c);
	if (fp_json_parse(&line, text.data, text.len, NULL) != FP_OK)
		line = NULL;
	fp_buf_free(&text);
	return line;
}

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0 || write(fd, "\n", 1) < 0)
		_exit(1);
}

struct section {
	const char *name;
	int known;
	struct fp_buf words;
};

static void each(void *arg, const char *service, const char *key, const char *value)
{
	struct section *s = arg;

	if (strcmp(service, s->name) != 0)
		return;
	s->known = 1;
	if (key)
		fp_buf_addf(&s->words, " %s=%s", key, value);
}

static json_t *answer(const char *service, const char *pgservice)
{
	struct section s = {service, 0, FP_BUF_INIT};
	json_t *a;

	fp_pgservice_read(pgservice, each, &s, NULL);
	if (getenv("PGPASSWORD"))
		fp_buf_addf(&s.words, " %s", getenv("PGPASSWORD"));
	if (!s.known)
		a = json_pack("{s:s,s:s,s:s}", "stage", "login", "cause", "service_unknown", "error", "");
	else if (strcmp(service, "good") == 0)
		a = json_pack("{s:s,s:s,s:s,s:i}", "stage", "", "cause", "", "address", "10.0.0.3", "port", 5432);
	else if (strcmp(service, "words") == 0)
		a = json_pack("{s:s,s:s,s:o}", "stage", "login", "cause", "connect_failed", "error", json_sprintf("it went wrong with%s", s.words.data));
	else
		a = json_pack("{s:s,s:s,s:s}", "stage", "port", "cause", service, "error", "never shown");
	fp_buf_free(&s.words);
	return a;
}

static void serve(int fd, const char *pgservice)
{
	json_t *q;

	while ((q = read_line(fd))) {
		const char *service = fp_json_str_or(q, "service", "");
		json_t *a;
		char *text;

		if (strcmp(service, "crash") == 0)
			_exit(1);
		if (strcmp(service, "silent") == 0)
			for (;;)
				pause();
		if (strcmp(fp_json_str_or(q, "ask", ""), "postgres") != 0 || strcmp(fp_json_str_or(q, "what", ""), "connect") != 0)
			_exit(2);
		if (strcmp(service, "nonsense") == 0) {
			say(fd, "nonsense");
			continue;
		}
		a = answer(service, pgservice);
		text = fp_json_dump(a);
		say(fd, text);
		free(text);
		json_decref(a);
		json_decref(q);
	}
	close(fd);
}

int main(void)
{
	json_t *setup = read_line(FP_PROBER_FD);
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec io = {&byte, 1};

	if (fp_json_int(setup, "protocol", 0) != FP_PROBER_PROTOCOL || !fp_json_str(setup, "allow") || fp_json_int(setup, "parent", 0) != getppid())
		return 9;
	say(FP_PROBER_FD, "{\"hello\":{\"protocol\":1,\"landlock\":0,\"uid\":0}}");
	for (;;) {
		struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
		struct cmsghdr *c;
		int fd;

		if (recvmsg(FP_PROBER_FD, &m, MSG_CMSG_CLOEXEC) <= 0 || !(c = CMSG_FIRSTHDR(&m)) || c->cmsg_type != SCM_RIGHTS)
			return 0;
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
		serve(fd, fp_json_str_or(setup, "pgservice", ""));
	}
}
