#include "cli.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"

#define WORDS_MAX 40
#define LIMIT_MS 60000

static char folder[] = "/tmp/fp-cli-XXXXXX";
static pid_t owner;

static void remove_folder(void)
{
	if (owner == getpid())
		fp_fs_remove_tree(folder, NULL);
}

const char *cli_folder(void)
{
	if (!owner) {
		cr_assert_not_null(mkdtemp(folder));
		owner = getpid();
		atexit(remove_folder);
		setenv("FIELDPOST_HOME", cli_path("home"), 1);
	}
	return folder;
}

/* Everything that tests borrow lives as long as the process of the test. */
static struct fp_strv kept;

static const char *keep(char *s)
{
	fp_strv_take(&kept, s);
	return s;
}

const char *cli_path(const char *name)
{
	return keep(fp_path_join(cli_folder(), name));
}

const char *cli_write(const char *name, const char *text)
{
	const char *path = cli_path(name);
	char *dir = fp_path_dir(path);

	cr_assert_eq(fp_fs_mkdirs(dir, NULL), FP_OK);
	cr_assert_eq(fp_fs_write_atomic(path, text, strlen(text), NULL), FP_OK);
	free(dir);
	return path;
}

static void split(const char **argv, char *line)
{
	int n = 1;
	char *to = line;

	while (*to) {
		cr_assert_lt(n, WORDS_MAX - 1);
		to += strspn(to, " ");
		if (!*to)
			break;
		if (*to == '\'') {
			argv[n++] = ++to;
			to = strchr(to, '\'');
			cr_assert_not_null(to);
		} else {
			argv[n++] = to;
			to += strcspn(to, " ");
		}
		if (*to)
			*to++ = '\0';
	}
	argv[n] = NULL;
}

unsigned cli_uid;
const char *cli_stdin;

static void become(const char *const *argv)
{
	const char *build = getenv("FIELDPOST_BUILD");
	char path[4096];

	snprintf(path, sizeof path, "%s/fieldpost", build);
	alarm(LIMIT_MS / 1000);
	if (cli_uid && (setgid(cli_uid) != 0 || setuid(cli_uid) != 0))
		_exit(126);
	execv(path, (char *const *)(size_t)argv);
	_exit(127);
}

static int code_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		cr_assert_eq(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static const struct cli *result(int code, struct fp_buf *out, struct fp_buf *err)
{
	struct cli *r = fp_alloc(sizeof *r);

	keep((char *)r);
	r->code = code;
	r->out = fp_buf_take(out);
	r->err = fp_buf_take(err);
	keep(r->out);
	keep(r->err);
	return r;
}

static const char *empty_if_null(const char *s)
{
	return s ? s : "";
}

const struct cli *cli_runv(const char *const *argv)
{
	struct fp_buf out = FP_BUF_INIT, err = FP_BUF_INIT;
	struct fp_buf *to[2] = {&out, &err};
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int a[2], b[2];
	pid_t pid;

	cli_folder();
	cr_assert(pipe2(a, O_CLOEXEC) == 0 && pipe2(b, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		int null = open(cli_stdin ? cli_stdin : "/dev/null", O_RDONLY | O_CLOEXEC);
		if (dup2(null, 0) < 0 || dup2(a[1], 1) < 0 || dup2(b[1], 2) < 0)
			_exit(126);
		become(argv);
	}
	close(a[1]);
	close(b[1]);
	fds[0].fd = a[0];
	fds[1].fd = b[0];
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		cr_assert_gt(poll(fds, 2, LIMIT_MS), 0, "%s hangs", empty_if_null(argv[1]));
		for (int i = 0; i < 2; i++) {
			char block[65536];
			ssize_t n = fds[i].fd >= 0 && fds[i].revents ? read(fds[i].fd, block, sizeof block) : -1;
			if (n > 0) {
				fp_buf_add(to[i], block, (size_t)n);
			} else if (n == 0) {
				close(fds[i].fd);
				fds[i].fd = -1;
			}
		}
	}
	cr_assert_null(memchr(out.data, '\033', out.len), "a raw escape on stdout: %s", out.data);
	cr_assert_null(memchr(err.data, '\033', err.len), "a raw escape on stderr: %s", err.data);
	return result(code_of(pid), &out, &err);
}

static const struct cli *run_line(const char *line)
{
	const char *argv[WORDS_MAX] = {"fieldpost"};
	char *copy = fp_strdup(line);
	const struct cli *r;

	split(argv, copy);
	r = cli_runv(argv);
	free(copy);
	return r;
}

static char *format(const char *fmt, va_list ap)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_vaddf(&b, fmt, ap);
	return fp_buf_take(&b);
}

const struct cli *cli_run(const char *args, ...)
{
	const struct cli *r;
	char *line;
	va_list ap;

	va_start(ap, args);
	line = format(args, ap);
	va_end(ap);
	r = run_line(line);
	free(line);
	return r;
}

const json_t *cli_json(int code, const char *args, ...)
{
	static json_t *all;
	struct fp_error e = {0};
	const struct cli *r;
	json_t *doc = NULL;
	char *line;
	va_list ap;

	va_start(ap, args);
	line = format(args, ap);
	va_end(ap);
	r = run_line(line);
	cr_assert_eq(r->code, code, "%s: exit %d: %s%s", line, r->code, r->out, r->err);
	cr_assert_eq(fp_json_parse(&doc, r->out, strlen(r->out), &e), FP_OK, "%s: %s in %s", line, e.msg, r->out);
	free(line);
	if (!all)
		all = json_array();
	json_array_append_new(all, doc);
	return doc;
}

const struct cli *cli_run_terminal(int columns, const char *typed, const char *args)
{
	struct winsize ws = {.ws_row = 24, .ws_col = (unsigned short)columns};
	const char *argv[WORDS_MAX] = {"fieldpost"};
	struct fp_buf out = FP_BUF_INIT, err = FP_BUF_INIT;
	char *copy = fp_strdup(args), block[4096];
	int fd;
	pid_t pid;
	ssize_t n;

	cli_folder();
	split(argv, copy);
	pid = forkpty(&fd, NULL, NULL, &ws);
	if (pid == 0)
		become(argv);
	cr_assert_eq(write(fd, typed, strlen(typed)), (ssize_t)strlen(typed));
	while ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR))
		fp_buf_add(&out, block, n > 0 ? (size_t)n : 0);
	close(fd);
	free(copy);
	return result(code_of(pid), &out, &err);
}

const struct cli *cli_talk(const char *const *says, const char *args)
{
	struct winsize ws = {.ws_row = 24, .ws_col = 80};
	const char *argv[WORDS_MAX] = {"fieldpost"};
	struct fp_buf out = FP_BUF_INIT, err = FP_BUF_INIT;
	char *copy = fp_strdup(args), block[4096];
	size_t seen = 0;
	int fd;
	pid_t pid;
	ssize_t n;

	cli_folder();
	split(argv, copy);
	pid = forkpty(&fd, NULL, NULL, &ws);
	if (pid == 0)
		become(argv);
	while ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)) {
		char *at;
		fp_buf_add(&out, block, n > 0 ? (size_t)n : 0);
		while (*says && (at = strstr(out.data + seen, says[0]))) {
			seen = (size_t)(at - out.data) + strlen(says[0]);
			cr_assert_eq(write(fd, says[1], strlen(says[1])), (ssize_t)strlen(says[1]));
			says += 2;
		}
	}
	close(fd);
	free(copy);
	cr_assert_null(*says, "it never said \"%s\": %s", *says, out.data);
	return result(code_of(pid), &out, &err);
}

void cli_bees(void)
{
	char *fake = fp_asprintf("%s/tests/fake", getenv("FIELDPOST_BUILD"));

	cli_folder();
	setenv("FIELDPOST_LIBEXEC", fake, 1);
	free(fake);
	cli_write("home/config.yaml", "upload_settle_ms: 0\nstop_grace_s: 0\n");
	cli_write("bees/p.qgs", "<qgis/>");
	cli_write("bees/data.txt", "");
	cli_write("bees/process_projectfile.script",
		"log info hello\n"
		"step project_validity_check started\nstep project_validity_check finished\n"
		"event project {\"file\":\"p.qgs\",\"title\":\"Hives\",\"crs\":\"EPSG:2056\"}\n");
	cli_write("bees/delta_apply.script", "apply all\n");
	cr_assert_eq(cli_run("init --yes")->code, 0);
	cr_assert_eq(cli_run("project create Bees --from %s --yes", cli_path("bees"))->code, 0);
}

const char *cli_deltas(int from, int to)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *path;
	char name[64];

	snprintf(name, sizeof name, "%d-%d.json", from, to);
	fp_buf_adds(&b, "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\","
		"\"files\":[],\"deltas\":[");
	for (int i = from; i <= to; i++)
		fp_buf_addf(&b, "%s{\"uuid\":\"u%d\",\"clientId\":\"c\",\"localPk\":\"%d\",\"sourcePk\":\"%d\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\","
			"\"localLayerName\":\"Hives\",\"method\":\"patch\",\"old\":{\"attributes\":{\"a\":1}},\"new\":{\"attributes\":{\"a\":2}}}",
			i > from ? "," : "", i, i, i);
	fp_buf_adds(&b, "]}");
	path = cli_write(name, b.data);
	fp_buf_free(&b);
	return path;
}

const char *cli_sample(const char *name)
{
	return keep(fp_asprintf("%s/data/sample/%s", getenv("FIELDPOST_SOURCE"), name));
}

void cli_sample_home(void)
{
	cli_folder();
	cli_write("home/config.yaml", "upload_settle_ms: 0\n");
	cli_wants(0, "init --yes");
	cli_wants(0, "project create Trees --from '%s' --yes", cli_sample("project"));
	cli_wants(0, "engine run --once");
}
