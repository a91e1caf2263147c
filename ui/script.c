#include "ui/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/store/jobs.h"
#include "ui/actions.h"
#include "ui/keys.h"

#define SCRIPT_MAX (1024 * 1024)
#define WAIT_MS 60000

struct fp_script {
	char *path;
	struct fp_buf text;
	char *next;
	int line;
	int held;   /* by a plan, in the last round */
};

enum fp_status fp_script_open(struct fp_script **out, const char *path, struct fp_error *err)
{
	struct fp_script *s = fp_alloc(sizeof *s);
	enum fp_status st;

	s->text = (struct fp_buf)FP_BUF_INIT;
	s->path = fp_strdup(path);
	st = fp_fs_read(&s->text, path, SCRIPT_MAX, err);
	if (st) {
		fp_script_close(s);
		return st;
	}
	s->next = s->text.data;
	*out = s;
	return FP_OK;
}

void fp_script_close(struct fp_script *s)
{
	if (!s)
		return;
	fp_buf_free(&s->text);
	free(s->path);
	free(s);
}

static unsigned keys(struct fp_console *c, const char *text)
{
	unsigned todo = FP_DO_NOTHING;

	while (*text && !(todo & FP_DO_QUIT)) {
		int key = fp_key_next(&text);
		if (key == FP_KEY_NONE) {
			snprintf(c->script_fault, sizeof c->script_fault, "no key is named there: %s", text);
			break;
		}
		todo |= fp_console_key(c, key, NULL);
		fp_console_read(c, todo & FP_DO_RELOAD);
	}
	return todo;
}

/* 1 while the jobs that `:wait idle` waits for are not done. */
static int waiting(struct fp_console *c)
{
	struct fp_query q = { .filter = "status:pending status:queued status:started" };
	int64_t n = 0;

	if (c->waits_until == 0)
		return 0;
	if (!c->test && !c->getting.copy && (c->engine ? fp_engine_running(c->engine) == 0 && fp_engine_idle(c->engine)
			: fp_job_count(c->store, &q, &n, NULL) == FP_OK && n == 0)) {
		c->waits_until = 0;
		return 0;
	}
	if (fp_monotonic_ms() < c->waits_until)
		return 1;
	snprintf(c->script_fault, sizeof c->script_fault, "jobs are still at work after %d s", WAIT_MS / 1000);
	return 0;
}

unsigned fp_script_step(struct fp_script *s, struct fp_console *c, int *end)
{
	char *line = s->next, *newline;
	unsigned todo = FP_DO_NOTHING;

	*end = 0;
	if (waiting(c))
		return FP_DO_NOTHING;
	if (s->held || fp_console_plan(c)) { /* what a plan will show is not up to chance; one more round, until it is painted */
		s->held = fp_console_plan(c) != NULL;
		return FP_DO_NOTHING;
	}
	if (!*c->script_fault && *line) {
		newline = strchr(line, '\n');
		s->next = newline ? newline + 1 : line + strlen(line);
		if (newline)
			*newline = '\0';
		s->line++;
		if (*line == ':')
			todo = fp_console_command(c, line);
		else if (*line != '#')
			todo = keys(c, line);
	}
	if (*c->script_fault) {
		char *fault = fp_asprintf("%s:%d: %s", s->path, s->line, c->script_fault);
		snprintf(c->script_fault, sizeof c->script_fault, "%s", fault);
		free(fault);
	}
	*end = *c->script_fault || !*s->next;
	return todo;
}

/* ---- commands for scripts ---- */

static unsigned save(struct fp_console *c, const char *path, int attributes)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err;
	enum fp_status st;

	if (!*path)
		return fp_complain(c, "Which file? :save-display FILE");
	fp_draw_dump(&b, attributes);
	st = fp_fs_write_atomic(path, b.data, b.len, &err);
	fp_buf_free(&b);
	if (st == FP_OK)
		return FP_DO_NOTHING;
	snprintf(c->script_fault, sizeof c->script_fault, "%s", err.msg);
	return fp_show_error(c, &err);
}

unsigned fp_act_save_display(struct fp_console *c, const char *arg)
{
	return save(c, arg, 0);
}

unsigned fp_act_save_attributes(struct fp_console *c, const char *arg)
{
	return save(c, arg, 1);
}

unsigned fp_act_wait(struct fp_console *c, const char *arg)
{
	if (strcmp(arg, "idle") != 0 || !c->o.script)
		return fp_complain(c, ":wait idle is for scripts.");
	c->waits_until = fp_monotonic_ms() + WAIT_MS;
	return FP_DO_NOTHING;
}
