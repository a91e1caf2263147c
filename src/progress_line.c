#include "src/progress_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define SHOW_EVERY_MS 100
#define SURE_AFTER_MS 1000 /* before, a rate says nothing */
#define COLUMNS 79         /* a line that wraps could not be taken away */

/* The steps of a package in a few words; what else may run is not worth a line. */
static const struct { const char *id, *says; } steps[] = {
	{"check_layers", "checking layers"}, {"package_data", "copying features"}, {"package_files", "copying files"},
	{"package_project", "writing the project"}, {"package_verify", "verifying"},
};

static void show(struct fp_progress_line *p, const char *text)
{
	fprintf(stderr, "\r\033[K%.*s", (int)fp_text_fit(text, COLUMNS, NULL), text);
	fflush(stderr);
	p->shown_at = fp_now_ms();
}

static void show_amount(struct fp_progress_line *p, int64_t done, int64_t total)
{
	char a[FP_COUNT_SIZE], b[FP_COUNT_SIZE], rate[FP_COUNT_SIZE], left[16];
	int64_t now = fp_now_ms();
	double took = (double)(now - p->step_at);
	struct fp_buf line = FP_BUF_INIT;

	if (now - p->shown_at < SHOW_EVERY_MS && now >= p->shown_at)
		return;
	fp_buf_addf(&line, "%s: %s of %s", p->step, fp_text_count(a, done), fp_text_count(b, total));
	if (done > 0 && done < total && took >= SURE_AFTER_MS)
		fp_buf_addf(&line, ", %s/s, %s left", fp_text_count(rate, (int64_t)((double)done * 1000 / took)),
			fp_time_span(left, (int64_t)(took * (double)(total - done) / (double)done) + 1000));
	show(p, line.data);
	fp_buf_free(&line);
}

void fp_progress_begin(struct fp_progress_line *p, const struct fp_invocation *inv)
{
	*p = (struct fp_progress_line){.on = !inv->json && !inv->plain && isatty(STDERR_FILENO)};
}

void fp_progress_step(struct fp_progress_line *p, const char *says)
{
	if (!p->on)
		return;
	snprintf(p->step, sizeof p->step, "%s", says);
	p->step_at = fp_now_ms();
	show(p, p->step);
}

void fp_progress_amount(struct fp_progress_line *p, int64_t done, int64_t total)
{
	if (p->on && *p->step && total > 0)
		show_amount(p, done, total);
}

void fp_progress_event(struct fp_progress_line *p, enum fp_event_kind kind, const json_t *body)
{
	if (!p->on)
		return;
	if (kind == FP_EVENT_PROGRESS)
		fp_progress_amount(p, fp_json_int(body, "done", 0), fp_json_int(body, "total", 0));
	if (kind != FP_EVENT_STEP || strcmp(fp_json_str_or(body, "state", ""), "started") != 0)
		return;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(steps[i].id, fp_json_str_or(body, "id", "")) == 0)
			fp_progress_step(p, steps[i].says);
}

void fp_progress_end(struct fp_progress_line *p)
{
	if (p->on && p->shown_at)
		show(p, "");
}
