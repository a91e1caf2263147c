#include "engine/queue/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/store/db.h"
#include "engine/store/packages.h"

/* Somebody who uploads without a pause shall not put the job off for ever. */
#define SETTLE_TOTAL_MS 60000

void fp_trigger_clear(struct fp_trigger *t)
{
	memset(t, 0, sizeof *t);
	t->rule = "";
}

struct ask {
	struct fp_store *s;
	struct fp_trigger *t;
	const char *project_id;
	enum fp_job_type type;
};

static enum fp_status refuse(struct ask *a, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static enum fp_status refuse(struct ask *a, const char *rule, const char *fmt, ...)
{
	va_list ap;

	a->t->rule = rule;
	va_start(ap, fmt);
	vsnprintf(a->t->sentence, sizeof a->t->sentence, fmt, ap);
	va_end(ap);
	return FP_OK;
}

static enum fp_status rule_no_project_file(struct ask *a, struct fp_error *err)
{
	int64_t has = 0;
	enum fp_status st = fp_db_int(a->s, &has, err, "SELECT project_file <> '' FROM project WHERE id = ?", FP_VALS(fp_t(a->project_id)));

	if (st == FP_OK && !has)
		refuse(a, "no_project_file", "No .qgs or .qgz file has been uploaded to this project yet.");
	return st;
}

/* How the newest one ended does not matter: once is enough. */
static enum fp_status rule_never_processed(struct ask *a, struct fp_error *err)
{
	int64_t done = 0, coming = 0;
	enum fp_status st = fp_db_int(a->s, &done, err, "SELECT checked_at IS NOT NULL FROM project WHERE id = ?", FP_VALS(fp_t(a->project_id)));

	if (st != FP_OK || done)
		return st;
	st = fp_db_int(a->s, &coming, err, "SELECT id FROM job WHERE project_id = ? AND type = 'process_projectfile' "
		"AND status IN ('pending', 'queued', 'started') ORDER BY id DESC", FP_VALS(fp_t(a->project_id)));
	if (st == FP_OK && coming)
		refuse(a, "never_processed", "process_projectfile has not succeeded for this project yet (job %lld is on its way)%s.", (long long)coming,
			a->type == FP_JOB_DELTA_APPLY ? "; its changes wait for that" : "");
	else if (st == FP_OK)
		refuse(a, "never_processed", "process_projectfile never succeeded for this project%s.",
			a->type == FP_JOB_DELTA_APPLY ? "; its changes wait until it does" : ", so nobody knows what to package: see what its newest job says, mend that, and ask again");
	return st;
}

static enum fp_status rule_nothing_to_apply(struct ask *a, struct fp_error *err)
{
	int64_t n = 0;
	enum fp_status st = fp_db_int(a->s, &n, err, "SELECT n FROM change_count WHERE project_id = ? AND status = 'pending'",
		FP_VALS(fp_t(a->project_id)));

	if (st == FP_OK && n == 0)
		refuse(a, "nothing_to_apply", "No change of this project is pending.");
	return st;
}

static enum fp_status rule_already_pending(struct ask *a, struct fp_error *err)
{
	static const char *const too[] = {
		[FP_JOB_PROCESS_PROJECTFILE] = "see this too", [FP_JOB_PACKAGE] = "do", [FP_JOB_DELTA_APPLY] = "take these changes too",
	};
	int64_t now = fp_now_ms(), job = 0;
	enum fp_status st = fp_db_int(a->s, &job, err, "SELECT id FROM job WHERE project_id = ? AND type = ? AND status = 'pending'",
		FP_VALS(fp_t(a->project_id), fp_t(fp_job_type_word(a->type))));

	if (st != FP_OK || !job)
		return st;
	a->t->pending_id = job;
	refuse(a, "already_pending", "A %s job is already pending (job %lld); it will %s.", fp_job_type_word(a->type), (long long)job, too[a->type]);
	return fp_db_run(a->s, err, "UPDATE job SET touched_at = ?1 WHERE id = ?2 AND created_at > ?1 - ?3",
		FP_VALS(fp_i(now), fp_i(job), fp_i(SETTLE_TOTAL_MS)));
}

/* 1 when what the job of package JOB found is what there is now. Nobody knows what became of data that lies in no file. */
static enum fp_status is_current(struct ask *a, int64_t job, int *current, struct fp_error *err)
{
	struct fp_freshness f;
	enum fp_status st = fp_package_freshness(a->s, &f, a->project_id, job, err);

	*current = st == FP_OK && !f.stale && f.online == 0;
	return st;
}

/* One that runs has begun with what is there now, or it has not. */
static enum fp_status rule_already_running(struct ask *a, struct fp_error *err)
{
	int64_t job = 0;
	int current = 0;
	enum fp_status st = fp_db_int(a->s, &job, err, "SELECT id FROM job WHERE project_id = ? AND type = 'package' AND status IN ('queued', 'started')"
		" AND cancel_requested = 0", FP_VALS(fp_t(a->project_id)));

	if (st == FP_OK && job)
		st = is_current(a, job, &current, err);
	if (st == FP_OK && current) {
		a->t->pending_id = job;
		refuse(a, "already_pending", "A package job is running (job %lld), and nothing changed since it began; it will do.", (long long)job);
	}
	return st;
}

static enum fp_status rule_nothing_new(struct ask *a, struct fp_error *err)
{
	int64_t newest = 0;
	int current = 0, whole = 0;
	enum fp_status st = fp_package_before(a->s, a->project_id, 0, &newest, err);

	if (st == FP_OK && newest)
		st = is_current(a, newest, &current, err);
	if (st == FP_OK && current) /* one that was damaged on the disk is worth another */
		st = fp_package_is_whole(a->s, newest, &whole, err);
	if (st == FP_OK && whole)
		refuse(a, "nothing_new", "Nothing changed since package %lld, and no vector layer is online: that package is current, and devices get it.", (long long)newest);
	return st;
}

/* Asked in this order; the first that says no is the answer. spec/jobs.md. */
typedef enum fp_status rule_fn(struct ask *a, struct fp_error *err);
static rule_fn *const rules[][6] = {
	[FP_JOB_PROCESS_PROJECTFILE] = {rule_no_project_file, rule_already_pending},
	[FP_JOB_PACKAGE] = {rule_no_project_file, rule_never_processed, rule_already_pending, rule_already_running, rule_nothing_new},
	[FP_JOB_DELTA_APPLY] = {rule_never_processed, rule_nothing_to_apply, rule_already_pending},
};

enum fp_status fp_rules_trigger(struct fp_store *s, struct fp_trigger *t, const char *project_id, enum fp_job_type type, const char *why,
	const char *who, struct fp_error *err)
{
	struct ask a = {s, t, project_id, type};
	int64_t there = 0, now = fp_now_ms();
	enum fp_status st = fp_db_int(s, &there, err, "SELECT 1 FROM project WHERE id = ?", FP_VALS(fp_t(project_id)));

	if (st == FP_OK && !there)
		return fp_fail(err, FP_E_NOTFOUND, "there is no such project");
	for (rule_fn *const *rule = rules[type]; st == FP_OK && *rule && !*t->rule; rule++)
		st = (*rule)(&a, err);
	if (st != FP_OK || *t->rule)
		return st;
	st = fp_db_run(s, err, "INSERT INTO job (project_id, type, \"trigger\", created_by, created_at, touched_at) VALUES (?, ?, ?, ?, ?5, ?5)",
		FP_VALS(fp_t(project_id), fp_t(fp_job_type_word(type)), fp_t(why), fp_t(who), fp_i(now)));
	t->job_id = fp_db_last_id(s);
	snprintf(t->sentence, sizeof t->sentence, "Job %lld (%s) is pending.", (long long)t->job_id, fp_job_type_word(type));
	return st;
}
