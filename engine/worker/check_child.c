#include "engine/worker/check_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/failpoint.h"
#include "engine/base/json.h"
#include "engine/worker/job.h"
#include "engine/worker/sandbox.h"

struct child {
	pid_t pid;
	int out;
	struct fp_buf in;
};

static void write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, bytes, n);
		if (k < 0 && errno != EINTR)
			_exit(1);
		if (k > 0) {
			bytes += k;
			n -= (size_t)k;
		}
	}
}

static void judge(const struct fp_check_run *r, size_t from, size_t to, int out, int session) __attribute__((noreturn));
static void judge(const struct fp_check_run *r, size_t from, size_t to, int out, int session)
{
	struct fp_upload upload = {0};
	struct fp_checker k = {.project = r->project, .variables = *r->variables, .upload = &upload, .prober = session};

	fp_sandbox_leaf();
	for (size_t i = from; i < to; i++) {
		struct fp_verdict v;
		json_t *o;
		char *text, *point;
		size_t n;

		point = fp_asprintf("check:%s", r->project->layers[i].id);
		fp_failpoint(point);
		free(point);
		fp_layer_check(&v, &k, &r->project->layers[i]);
		o = fp_verdict_json(&v, &r->project->layers[i]);
		text = fp_json_dump(o);
		n = strlen(text);
		text[n] = '\n';
		write_all(out, text, n + 1);
		free(text);
		json_decref(o);
		fp_verdict_clear(&v);
	}
	_exit(0);
}

static enum fp_status start(struct child *c, const struct fp_check_run *r, size_t from, size_t to, struct fp_error *err)
{
	int ends[2], session = r->prober ? fp_prober_session(r->prober, err) : -1;

	if (r->prober && session < 0)
		return err ? err->code : FP_E_IO;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fp_fail_errno(err, errno, "cannot make a pipe");
	c->pid = fork();
	if (c->pid == 0) {
		close(ends[0]);
		close(FP_WORKER_FD);
		judge(r, from, to, ends[1], session);
	}
	if (session >= 0)
		close(session);
	close(ends[1]);
	c->out = ends[0];
	c->in = (struct fp_buf)FP_BUF_INIT;
	return c->pid > 0 ? FP_OK : fp_fail_errno(err, errno, "cannot start a process for the check");
}

/* The next line within LIMIT_MS, without its end, in c->in. 1: there is one; 0: the child has ended, or says nonsense; -1: it takes too long. */
static int next_line(struct child *c, int64_t limit_ms)
{
	int64_t until = fp_monotonic_ms() + limit_ms;
	size_t seen = 0;
	char block[65536];

	for (;;) {
		struct pollfd p = {.fd = c->out, .events = POLLIN};
		int64_t left = until - fp_monotonic_ms();
		ssize_t n;

		if (c->in.len > seen && memchr(c->in.data + seen, '\n', c->in.len - seen))
			return 1;
		seen = c->in.len;
		if (seen > FP_EVENT_MAX)
			return 0;
		if (left <= 0)
			return -1;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return 0;
		if (!p.revents)
			continue;
		n = read(c->out, block, sizeof block);
		if (n == 0 || (n < 0 && errno != EINTR))
			return 0;
		if (n > 0)
			fp_buf_add(&c->in, block, (size_t)n);
	}
}

/* The verdict about LAYER in the line that has come, taken out of the buffer; NULL when the child does not speak of that layer. */
static json_t *take_verdict(struct child *c, const struct fp_layer_def *layer)
{
	size_t n = (size_t)((char *)memchr(c->in.data, '\n', c->in.len) - c->in.data);
	json_t *o = NULL, *id = fp_json_text(layer->id);

	if (fp_json_parse(&o, c->in.data, n, NULL) != FP_OK || !json_equal(json_object_get(o, "id"), id)) {
		json_decref(o);
		o = NULL;
	}
	json_decref(id);
	fp_buf_drop(&c->in, n + 1);
	return o;
}

/* Kills what still runs. What it died of goes to WHY. */
static void end(struct child *c, char *why, size_t size)
{
	int status = 0;

	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		snprintf(why, size, "out of memory, or a fault of the reader");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		snprintf(why, size, "it took too much processor time");
	else if (WIFSIGNALED(status))
		snprintf(why, size, "signal %s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(why, size, "it ended with code %d", WEXITSTATUS(status));
	close(c->out);
	fp_buf_free(&c->in);
}

static void unjudged(const struct fp_check_run *r, size_t i, const char *key, const char *reason)
{
	struct fp_checker k = {.project = r->project, .prober = -1};
	struct fp_verdict v;
	json_t *o;

	fp_layer_unjudged(&v, &k, &r->project->layers[i], key, reason);
	o = fp_verdict_json(&v, &r->project->layers[i]);
	r->each(r->arg, &r->project->layers[i], o);
	json_decref(o);
	fp_verdict_clear(&v);
}

/* Has layers *AT to TO judged by one child; *AT becomes the first one that is not, when the child did not come to its end. A layer that had a child to
 * itself is always dealt with. */
static enum fp_status run_child(const struct fp_check_run *r, size_t *at, size_t to, struct fp_error *err)
{
	int alone = to - *at == 1, state = 1;
	char why[64], seconds[24];
	struct child c;
	enum fp_status st = start(&c, r, *at, to, err);

	if (st != FP_OK)
		return st;
	while (*at < to && (state = next_line(&c, r->layer_ms)) > 0) {
		json_t *verdict = take_verdict(&c, &r->project->layers[*at]);
		if (!verdict)
			break;
		r->each(r->arg, &r->project->layers[(*at)++], verdict);
		json_decref(verdict);
	}
	end(&c, why, sizeof why);
	snprintf(seconds, sizeof seconds, "%lld", (long long)r->layer_ms / 1000);
	if (*at < to && state < 0)
		unjudged(r, (*at)++, "reader_hung", seconds);
	else if (*at < to && alone)
		unjudged(r, (*at)++, "reader_crashed", why);
	return FP_OK;
}

enum fp_status fp_check_in_children(const struct fp_check_run *run, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (size_t at = 0; st == FP_OK && at < run->project->n_layers;) {
		st = run_child(run, &at, run->project->n_layers, err);
		if (st == FP_OK && at < run->project->n_layers) /* it did not come through: the one at which it died gets a child to itself */
			st = run_child(run, &at, at + 1, err);
	}
	return st;
}
