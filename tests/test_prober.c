/* The prober as a process: its set-up, its sessions, its walls, what it remembers. Real processes, a real web server on the loopback. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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
#include "tests/prober_fixture.h"
#include "tests/web.h"

TestSuite(prober, .timeout = 60);

static const struct web_route pages[] = {{"/", 200, NULL, "hello", 0, 0}, {"/large", 200, NULL, NULL, 3 << 20, 0}, {NULL, 0, NULL, NULL, 0, 0}};

/* A prober that is driven by hand. */
struct raw {
	pid_t pid;
	int fd;
};

static void raw_start(struct raw *r)
{
	char *path = fp_helper_path("fieldpost-prober");
	struct fp_strv env = {0};
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fp_helper_env(&env);
	fp_strv_take(&env, NULL);
	r->pid = fork();
	if (r->pid == 0)
		fp_helper_exec(path, env.items, pair[1], FP_PROBER_FD);
	close(pair[1]);
	r->fd = pair[0];
	fp_strv_free(&env);
	free(path);
}

static void raw_say(struct raw *r, const char *text, size_t n)
{
	while (n) {
		ssize_t sent = send(r->fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return; /* it has heard enough */
		text += sent;
		n -= (size_t)sent;
	}
}

/* The next line, or "" at the end. Static. */
static const char *raw_hear(int fd)
{
	static char line[65536];
	size_t n = 0;

	while (n < sizeof line - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	return line;
}

static int raw_end(struct raw *r)
{
	int status;

	close(r->fd);
	cr_assert_eq(waitpid(r->pid, &status, 0), r->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Test(prober, hostile_setup_lines_are_refused_in_words)
{
	static const struct {
		const char *line, *words;
	} cases[] = {
		{"", ""}, {"\n", "not JSON"}, {"no JSON\n", "not JSON"}, {"[]\n", "different versions"}, {"{\"protocol\":2}\n", "different versions"},
		{"{\"protocol\":\"1\"}\n", "different versions"}, {"{\"protocol\":1,\"protocol\":1}\n", "not JSON"},
		{"{\"protocol\":1,\"allow\":\"10.0.0.0/99\"}\n", "10.0.0.0/99"}, {"{\"protocol\":1,\"pgservice\":\"host=x\"}\n", "line 1"},
		{"{\"protocol\":1}\nmore", "no set-up"}, {"{\"protocol\":1", "no set-up"}, {"\xff\xfe\n", "not JSON"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *said;
		struct raw r;

		raw_start(&r);
		raw_say(&r, cases[i].line, strlen(cases[i].line));
		shutdown(r.fd, SHUT_WR);
		said = raw_hear(r.fd);
		cr_expect(strstr(said, cases[i].words), "%zu: %s", i, said);
		cr_expect_eq(raw_end(&r), 1, "%zu", i);
	}
}

Test(prober, a_setup_line_without_an_end_is_not_read_for_ever)
{
	struct raw r;
	char *block = fp_alloc(1 << 20);

	memset(block, 'x', 1 << 20);
	raw_start(&r);
	for (int i = 0; i < 10; i++)
		raw_say(&r, block, 1 << 20);
	cr_assert_eq(raw_end(&r), 1);
	free(block);
}

Test(prober, a_wrong_parent_is_no_parent)
{
	struct raw r;
	const char *line = "{\"protocol\":1,\"parent\":1}\n";

	raw_start(&r);
	raw_say(&r, line, strlen(line));
	cr_assert_str_eq(raw_hear(r.fd), "");
	cr_assert_eq(raw_end(&r), 1);
}

Test(prober, it_ends_well_when_its_socket_closes_and_is_nobody_behind_landlock)
{
	struct raw r;
	char *line = fp_asprintf("{\"protocol\":1,\"parent\":%d}\n", (int)getpid()), want[64];
	const char *hello;

	raw_start(&r);
	raw_say(&r, line, strlen(line));
	hello = raw_hear(r.fd);
	snprintf(want, sizeof want, "\"uid\":%d}", getuid() == 0 ? 65534 : (int)getuid());
	cr_assert(strstr(hello, "\"protocol\":1,") && strstr(hello, want), "%s", hello);
	cr_assert_eq(raw_end(&r), 0);
	free(line);
}

/* The value of NAME in /proc/PID/status. */
static long status_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	cr_assert(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name) + 1, NULL, 16);
	fclose(f);
	return value;
}

Test(prober, it_has_no_privileges_and_cannot_get_any)
{
	struct raw r;
	const char *line = "{\"protocol\":1}\n";

	raw_start(&r);
	raw_say(&r, line, strlen(line));
	cr_assert(*raw_hear(r.fd));
	cr_assert_eq(status_of(r.pid, "NoNewPrivs"), 1);
	cr_assert_eq(status_of(r.pid, "CapEff"), 0);
	cr_assert_eq(status_of(r.pid, "CapPrm"), 0);
	cr_assert_eq(raw_end(&r), 0);
}

Test(prober, it_dies_with_its_owner)
{
	struct raw r;
	int out[2], status;
	pid_t owner, prober_pid = 0;

	cr_assert_eq(pipe(out), 0);
	owner = fork();
	if (owner == 0) {
		char *line = fp_asprintf("{\"protocol\":1,\"parent\":%d}\n", (int)getpid());
		raw_start(&r);
		raw_say(&r, line, strlen(line));
		raw_hear(r.fd);
		fcntl(r.fd, F_SETFD, 0);
		if (write(out[1], &r.pid, sizeof r.pid) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	cr_assert_eq(read(out[0], &prober_pid, sizeof prober_pid), (ssize_t)sizeof prober_pid);
	kill(owner, SIGKILL);
	cr_assert_eq(waitpid(owner, &status, 0), owner);
	for (int i = 0; i < 500; i++) {
		struct fp_proc_id id;
		if (fp_proc_id(&id, prober_pid) != 0 || !fp_proc_alive(&id))
			return;
		poll(NULL, 0, 10);
	}
	cr_assert_fail("the prober lives on");
}

Test(prober, questions_that_are_none_are_answered_as_such)
{
	static const char *const lines[] = {"", "nothing", "[]", "{}", "{\"ask\":\"gopher\"}", "{\"ask\":\"postgres\"}", "{\"ask\":\"postgres\",\"what\":\"drop\"}",
		"{\"ask\":\"http\"}", "{\"ask\":\"http\",\"url\":\"file:///etc/passwd\"}", "{\"ask\":\"http\",\"url\":7}",
		"{\"ask\":\"http\",\"url\":\"ftp://127.0.0.1/\"}", "{\"ask\":\"http\",\"url\":\"http://\"}",
		"{\"ask\":\"http\",\"url\":\"http://a/\",\"referer\":\"x\\r\\nHost: y\"}", "{\"ask\":\"http\",\"url\":\"http://a/\",\"user\":\"x\\ny\"}"};

	prober_begin("", "");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct fp_buf buf = FP_BUF_INIT;
		struct fp_error err;
		json_t *answer = NULL;
		int done = 0;

		cr_assert_eq(send(session, lines[i], strlen(lines[i]), 0), (ssize_t)strlen(lines[i]));
		cr_assert_eq(send(session, "\n", 1, 0), 1);
		while (!done)
			cr_assert_eq(fp_prober_receive(&answer, &done, session, &buf, &err), FP_OK, "%s", err.msg);
		cr_assert_str_eq(fp_json_str(answer, "cause"), "bad_question", "%s", lines[i]);
		json_decref(answer);
		fp_buf_free(&buf);
	}
	prober_end();
}

Test(prober, a_question_without_an_end_costs_its_session_only)
{
	struct web w;
	struct fp_error err;
	char *block = fp_alloc(1 << 20), byte;
	int bad;

	web_start(&w, pages);
	prober_begin("127.0.0.1", "");
	bad = session;
	memset(block, 'x', 1 << 20);
	for (int i = 0; i < 10; i++)
		if (send(bad, block, 1 << 20, MSG_NOSIGNAL) < 0)
			break;
	cr_assert_leq(read(bad, &byte, 1), 0);
	close(bad);
	session = fp_prober_session(prober, &err);
	cr_assert(session >= 0, "%s", err.msg);
	expect(ask_web("http://127.0.0.1:%d/", w.port), "", "");
	prober_end();
	web_stop(&w);
	free(block);
}

Test(prober, several_questions_at_once_are_answered_in_their_order)
{
	struct fp_buf buf = FP_BUF_INIT;
	struct fp_error err;
	struct web w;
	json_t *q;

	web_start(&w, pages);
	prober_begin("127.0.0.1", "");
	for (int i = 0; i < 5; i++) {
		q = json_pack("{s:s,s:o}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d/%d", w.port, i));
		cr_assert_eq(fp_prober_send(session, q, &err), FP_OK);
		json_decref(q);
	}
	for (int i = 0; i < 5; i++) {
		json_t *answer = NULL;
		char end[8];
		for (int done = 0; !done;) {
			struct pollfd p = {.fd = session, .events = POLLIN};
			cr_assert_eq(fp_prober_receive(&answer, &done, session, &buf, &err), FP_OK, "%s", err.msg);
			if (!done)
				poll(&p, 1, 100);
		}
		snprintf(end, sizeof end, "/%d", i);
		cr_assert(strstr(fp_json_str_or(answer, "url", ""), end));
		json_decref(answer);
	}
	fp_buf_free(&buf);
	prober_end();
	web_stop(&w);
}

Test(prober, the_session_of_a_killed_child_makes_way_for_the_next)
{
	struct web w;
	struct fp_error err;
	pid_t pid;
	int status;

	web_start(&w, pages);
	prober_begin("127.0.0.1", "");
	pid = fork();
	if (pid == 0) {
		json_t *q = json_pack("{s:s,s:s}", "ask", "http", "url", "http://127.0.0.1:1/"), *answer;
		int mine = fp_prober_session(prober, &err);
		close(session); /* the parent's: it must not hold ours back */
		if (mine < 0 || fp_prober_send(mine, q, &err) != FP_OK || fp_prober_ask(&answer, mine, q, 10000, &err) != FP_OK)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	close(session);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status), "the child got no answer");
	session = fp_prober_session(prober, &err);
	cr_assert(session >= 0, "%s", err.msg);
	expect(ask_web("http://127.0.0.1:%d/", w.port), "", "");
	prober_end();
	web_stop(&w);
}

Test(prober, a_reader_who_went_away_in_the_middle_of_an_answer_harms_nobody)
{
	struct web w;
	struct fp_error err;
	json_t *q;

	web_start(&w, pages);
	prober_begin("127.0.0.1", "");
	q = json_pack("{s:s,s:o}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d/large", w.port));
	cr_assert_eq(fp_prober_send(session, q, &err), FP_OK);
	json_decref(q);
	cr_assert_eq(read(session, &(char){0}, 1), 1);
	close(session);
	session = fp_prober_session(prober, &err);
	expect(ask_web("http://127.0.0.1:%d/", w.port), "", "");
	prober_end();
	web_stop(&w);
}

Test(prober, a_prober_that_was_killed_is_told_as_such)
{
	struct fp_error err;
	json_t *answer, *q = json_pack("{s:s,s:s}", "ask", "http", "url", "http://10.0.0.1/");
	struct fp_prober *p;
	char path[64], text[64] = "";
	int fd, s;
	FILE *f;

	cr_assert_eq(fp_prober_start(&p, "", FP_DATABASES_ALLOWED, "", NULL, &err), FP_OK, "%s", err.msg);
	s = fp_prober_session(p, &err);
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	cr_assert(f && fgets(text, sizeof text, f));
	fclose(f);
	cr_assert_eq(kill((pid_t)strtol(text, NULL, 10), SIGKILL), 0);
	cr_assert_eq(fp_prober_ask(&answer, s, q, 10000, &err), FP_E_CRASHED, "%s", err.msg);
	for (int i = 0; i < 500 && (fd = fp_prober_session(p, &err)) >= 0; i++) {
		close(fd);
		poll(NULL, 0, 10);
	}
	cr_assert_eq(err.code, FP_E_CRASHED, "%s", err.msg);
	close(s);
	fp_prober_free(p);
	json_decref(q);
}

Test(prober, what_cannot_be_set_up_is_refused_with_the_reason)
{
	struct fp_error err;
	struct fp_prober *p;

	cr_assert_eq(fp_prober_start(&p, "10.0.0.0/64", FP_DATABASES_ALLOWED, "", NULL, &err), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "10.0.0.0/64"), "%s", err.msg);
	cr_assert_eq(fp_prober_start(&p, "", FP_DATABASES_ALLOWED, "[geo\npassword=secret1", NULL, &err), FP_E_REFUSED);
	cr_assert(strstr(err.msg, "line 1") && !strstr(err.msg, "secret1"), "%s", err.msg);
	setenv("FIELDPOST_LIBEXEC", "/nonexistent", 1);
	cr_assert_eq(fp_prober_start(&p, "", FP_DATABASES_ALLOWED, "", NULL, &err), FP_E_NOTFOUND, "%s", err.msg);
}

Test(prober, an_answer_is_remembered)
{
	struct web w;

	web_start(&w, pages);
	prober_begin("127.0.0.1", "");
	for (int i = 0; i < 3; i++)
		expect(ask_web("http://127.0.0.1:%d/", w.port), "", "");
	cr_assert_eq(w.seen->requests, 1);
	expect(ask_web("http://127.0.0.1:%d/other", w.port), "", "");
	cr_assert_eq(w.seen->requests, 2);
	prober_end();
	web_stop(&w);
}

/* A listener whose queue is full drops what comes: every connection to it times out. */
static int fill_up(int *port, int others[8])
{
	struct web w;

	web_listen(&w);
	*port = w.port;
	cr_assert_eq(listen(w.fd, 0), 0);
	for (int i = 0; i < 8; i++) {
		struct sockaddr_storage a;
		socklen_t n = sizeof a;
		others[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		cr_assert_eq(getsockname(w.fd, (struct sockaddr *)&a, &n), 0);
		connect(others[i], (struct sockaddr *)&a, n);
	}
	return w.fd;
}

Test(prober, a_dead_host_costs_its_time_once)
{
	int port, others[8], fd = fill_up(&port, others);
	int64_t begin;

	prober_begin("127.0.0.1", "");
	begin = fp_monotonic_ms();
	expect(ask_web("http://127.0.0.1:%d/a", port), "port", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - begin, 5000);
	cr_assert_geq(fp_monotonic_ms() - begin, 2500);
	begin = fp_monotonic_ms();
	for (int i = 0; i < 20; i++)
		expect(ask_web("http://127.0.0.1:%d/%d", port, i), "port", "timed_out");
	expect(ask(json_pack("{s:s,s:s,s:s,s:o}", "ask", "postgres", "what", "connect", "host", "127.0.0.1", "port", json_sprintf("%d", port))), "port",
		"timed_out");
	for (int i = 0; i < 20; i++)
		expect(ask(json_pack("{s:s,s:s,s:s,s:o,s:o}", "ask", "postgres", "what", "table", "host", "127.0.0.1", "port", json_sprintf("%d", port), "table",
			json_sprintf("t%d", i))), "port", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - begin, 6000);
	prober_end();
	close(fd);
	for (int i = 0; i < 8; i++)
		close(others[i]);
}

Test(prober, more_than_twenty_hosts_are_not_asked)
{
	prober_begin("", "");
	for (int i = 1; i <= 20; i++)
		expect(ask_web("http://10.0.0.%d/", i), "address", "address_refused");
	expect(ask_web("http://10.0.0.21/"), "name", "too_many_hosts");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "host", "8.8.8.8")), "name", "too_many_hosts");
	expect(ask_web("http://10.0.0.1/again"), "address", "address_refused");
	prober_end();
}
