#include "tests/prober_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

#define ASK_MS 40000

struct fp_prober *prober;
int session = -1;

void prober_begin(const char *allow, const char *pgservice)
{
	struct fp_error err;

	cr_assert_eq(fp_prober_start(&prober, allow, FP_DATABASES_ALLOWED, pgservice, NULL, &err), FP_OK, "%s", err.msg);
	session = fp_prober_session(prober, &err);
	cr_assert(session >= 0, "%s", err.msg);
}

void prober_end(void)
{
	if (session >= 0)
		close(session);
	fp_prober_free(prober);
	session = -1;
	prober = NULL;
}

json_t *ask(json_t *question)
{
	struct fp_error err;
	json_t *answer;

	cr_assert(question);
	cr_assert_eq(fp_prober_ask(&answer, session, question, ASK_MS, &err), FP_OK, "%s", err.msg);
	json_decref(question);
	return answer;
}

json_t *ask_web(const char *fmt, ...)
{
	struct fp_buf url = FP_BUF_INIT;
	json_t *answer;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&url, fmt, ap);
	va_end(ap);
	answer = ask(json_pack("{s:s,s:s,s:s,s:s,s:s}", "ask", "http", "url", url.data, "user", "", "password", "", "referer", ""));
	fp_buf_free(&url);
	return answer;
}

void expect(json_t *answer, const char *stage, const char *cause)
{
	char *text = fp_json_dump(answer);

	cr_assert_str_eq(fp_json_str_or(answer, "stage", "none"), stage, "%.2000s", text);
	cr_assert_str_eq(fp_json_str_or(answer, "cause", "none"), cause, "%.2000s", text);
	cr_assert_eq(*fp_json_str_or(answer, "error", "none") != '\0', *stage != '\0', "%.2000s", text);
	free(text);
	json_decref(answer);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %s", path, strerror(errno));
	close(fd);
}

/* A namespace of our own. Whoever is not root becomes one over it first, as the same user. */
static void own_namespace(int what)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	char *map;

	if (uid == 0) {
		if (unshare(what) != 0)
			cr_skip_test("this machine lets nobody have a namespace: %s", strerror(errno));
		return;
	}
	if (unshare(what | CLONE_NEWUSER) != 0)
		cr_skip_test("this machine lets no user have a namespace: %s", strerror(errno));
	write_file("/proc/self/setgroups", "deny");
	map = fp_asprintf("%u %u 1", uid, uid);
	write_file("/proc/self/uid_map", map);
	free(map);
	map = fp_asprintf("%u %u 1", gid, gid);
	write_file("/proc/self/gid_map", map);
	free(map);
}

static void bind_file(const char *text, const char *over)
{
	char path[] = "/tmp/fp-names-XXXXXX";
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	cr_assert_eq(fchmod(fd, 0644), 0);
	close(fd);
	cr_assert_eq(mount(path, over, NULL, MS_BIND, NULL), 0, "%s: %s", over, strerror(errno));
	unlink(path); /* the mount keeps it */
}

void private_names(const char *hosts)
{
	own_namespace(CLONE_NEWNS);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0, "%s", strerror(errno));
	bind_file(hosts, "/etc/hosts");
	bind_file("hosts: files\n", "/etc/nsswitch.conf");
}

void private_network(void)
{
	own_namespace(CLONE_NEWNET);
}
