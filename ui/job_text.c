#include "ui/job_text.h"

#include <stdlib.h>
#include <string.h>

#include "engine/queue/queue.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"

#define SURE_AFTER_MS 1000 /* before, a rate says nothing */

int fp_job_active(const struct fp_job_row *r)
{
	return strcmp(r->status, "started") == 0 || strcmp(r->status, "queued") == 0;
}

int64_t fp_job_took(const struct fp_job_row *r)
{
	int64_t until = r->finished_at ? r->finished_at : fp_ui_now();

	return r->started_at == 0 ? 0 : until > r->started_at ? until - r->started_at : 1;
}

/* In whole seconds: tenths of a guess would only flicker. */
static void add_left(struct fp_buf *to, const struct fp_job_row *r, double took)
{
	char left[FP_FORMAT_SIZE];
	int64_t seconds = (int64_t)(took * (double)(r->total - r->done) / (double)r->done / 1000) + 1;

	fp_buf_addf(to, "%lld %%, ", (long long)((double)r->done * 100 / (double)r->total));
	if (seconds < 10)
		fp_buf_addf(to, "%lld s left", (long long)seconds);
	else
		fp_buf_addf(to, "%s left", fp_format_span(left, seconds * 1000));
	fp_buf_adds(to, " \u00B7 ");
}

/* How long its step runs, 0 while nothing can be said of its speed. */
static double speed_base(const struct fp_job_row *r)
{
	int64_t took = r->step_started_at ? fp_ui_now() - r->step_started_at : 0;

	return r->done > 0 && r->done < r->total && took >= SURE_AFTER_MS ? (double)took : 0;
}

void fp_job_amount(struct fp_buf *to, const struct fp_job_row *r)
{
	char done[FP_FORMAT_SIZE], total[FP_FORMAT_SIZE], rate[FP_FORMAT_SIZE];
	double took = speed_base(r);

	if (r->total <= 0)
		return;
	fp_buf_addf(to, ": %s of %s", fp_format_count(done, r->done), fp_format_count(total, r->total));
	if (took > 0)
		fp_buf_addf(to, " \u00B7 %s/s", fp_format_count(rate, (int64_t)((double)r->done * 1000 / took)));
}

/* What is wanted to know most comes first: a list or a narrow terminal cuts the end. */
static void add_progress(struct fp_buf *to, const struct fp_job_row *r)
{
	double took = speed_base(r);

	if (took > 0)
		add_left(to, r, took);
	fp_buf_addf(to, "%s", *r->step ? r->step : "starting");
	fp_job_amount(to, r);
}

void fp_job_sentence(struct fp_buf *to, const struct fp_job_row *r)
{
	fp_buf_add(to, "", 0);
	if (r->cancel_requested && !r->finished_at)
		fp_buf_adds(to, "is being cancelled; ");
	if (strcmp(r->status, "pending") == 0)
		fp_buf_addf(to, r->position <= 1 ? "waits, next of its project" : "waits, number %lld of its project", (long long)r->position);
	else if (fp_job_active(r))
		add_progress(to, r);
	else
		fp_buf_adds(to, r->verdict);
}

/* ---- what can be done ---- */

unsigned fp_job_lacks(const char *type, const char *status)
{
	int ended = strcmp(status, "finished") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "stopped") == 0;
	int left = strcmp(status, "pending") == 0 || strcmp(status, "queued") == 0 || strcmp(status, "started") == 0;

	return (left ? 0u : (unsigned)FP_IN_ACTIVE) | (ended && strcmp(type, "delta_apply") == 0 ? 0u : (unsigned)FP_IN_APPLIED);
}

struct about { int64_t id; char *name; char project[FP_UUID_SIZE]; char *project_name; int ended; };

static void take(void *arg, const struct fp_job_row *r)
{
	struct about *a = arg;

	a->id = r->id;
	a->name = fp_asprintf("%s of %s", r->type, r->project_name);
	snprintf(a->project, sizeof a->project, "%s", r->project_id);
	a->project_name = fp_strdup(r->project_name);
	a->ended = strcmp(r->status, "pending") != 0 && !fp_job_active(r);
}

static void forget(struct about *a)
{
	free(a->name);
	free(a->project_name);
}

enum { CANCEL, RETRY };

void fp_job_menu(struct fp_console *c, struct fp_menu *m, int64_t id)
{
	struct about a = {0};
	const char *off = c->read_only ? "read-only" : NULL;

	if (fp_job_get(c->store, id, take, &a, NULL))
		return;
	c->wish_job = id;
	m->title = fp_asprintf(" Job %lld ", (long long)id);
	fp_menu_add(m, CANCEL, "Cancel", off ? off : a.ended ? "it has ended" : NULL);
	fp_menu_add(m, RETRY, "Ask for it once more", off ? off : a.ended ? NULL : "it has not ended");
	forget(&a);
}

static unsigned cancel_now(struct fp_console *c, int64_t id)
{
	struct fp_error err;

	if (fp_queue_cancel(c->store, id, c->who, &err))
		return fp_show_error(c, &err) | FP_DO_RELOAD;
	fp_note(c, "Job %lld is being cancelled.", (long long)id);
	return FP_DO_RELOAD;
}

static unsigned ask_cancel(struct fp_console *c, int64_t id)
{
	struct about a = {0};
	struct fp_error err;
	unsigned todo;

	if (fp_job_get(c->store, id, take, &a, &err))
		return fp_show_error(c, &err);
	if (a.ended)
		todo = fp_complain(c, "Job %lld has ended: there is nothing to cancel.", (long long)id);
	else
		todo = fp_ask_open(c, 0, cancel_now, id, "Cancel job %lld (%s)? Nothing of it will be published.", (long long)id, a.name);
	forget(&a);
	return todo;
}

static unsigned retry(struct fp_console *c, int64_t id)
{
	struct fp_trigger t = {0};
	struct fp_error err;

	if (fp_queue_retry(c->store, &t, id, c->who, &err))
		return fp_show_error(c, &err);
	if (t.job_id == 0)
		return fp_complain(c, "%s", t.sentence);
	fp_note(c, "Job %lld waits for its turn.", (long long)t.job_id);
	return FP_DO_RELOAD;
}

unsigned fp_job_chosen(struct fp_console *c, int item)
{
	return item == CANCEL ? ask_cancel(c, c->wish_job) : retry(c, c->wish_job);
}

/* The job that ARG, the row or the view is about. */
static int64_t which(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	if (*arg)
		return strtoll(arg, NULL, 10);
	return strtoll(v->ops->context & FP_IN_JOB ? v->arg : v->key ? v->key : "0", NULL, 10);
}

unsigned fp_act_cancel(struct fp_console *c, const char *arg)
{
	return ask_cancel(c, which(c, arg));
}

unsigned fp_act_retry(struct fp_console *c, const char *arg)
{
	return retry(c, which(c, arg));
}
