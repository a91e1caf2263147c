#include "engine/queue/question.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/queue/describe.h"
#include "engine/store/db.h"
#include "engine/store/files.h"
#include "engine/store/projects.h"

#define WAIT_MS 200

struct fp_question {
	struct fp_store *store;      /* borrowed */
	const struct fp_config *conf;
	char *work, *in;
	char project_id[37];
	char *type, *project_file;
	int network, overwrite;
	json_t *members, *base;
	struct fp_worker *worker;
	fp_worker_event *on;
	void *arg;
	int64_t deadline;            /* monotonic ms */
	int stopped;                 /* by the limit */
};

/* ---- the folder ---- */

static enum fp_status make_folders(struct fp_question *q, struct fp_error *err)
{
	static const char *const folders[] = {"in", "out", "scratch"};
	static unsigned n;
	struct fp_proc_id me;
	char name[96];
	enum fp_status st = FP_OK;

	if (fp_proc_id(&me, 0) != 0)
		return fp_fail(err, FP_E_IO, "cannot read /proc");
	snprintf(name, sizeof name, "work/" FP_PROC_FOLDER "%u", (long long)me.pid, (long long)me.start, ++n);
	q->work = fp_path_join(fp_store_home(q->store), name);
	for (size_t i = 0; st == FP_OK && i < 3; i++) {
		char *dir = fp_path_join(q->work, folders[i]);
		st = fp_fs_mkdirs(dir, err);
		free(dir);
	}
	q->in = fp_path_join(q->work, "in");
	return st;
}

static enum fp_status load_project(struct fp_question *q, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(q->store, &st, err, "SELECT project_file, network, overwrite_conflicts FROM project WHERE id = ?",
		FP_VALS(fp_t(q->project_id)));

	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(q->store, st, &row, err);
	if (rc == FP_OK && (!row || !*fp_db_text(st, 0))) {
		rc = fp_fail(err, FP_E_NOTFOUND, "the project has no project file (.qgs or .qgz)");
		fp_error_hint(err, "upload one");
	}
	if (rc == FP_OK) {
		q->project_file = fp_strdup(fp_db_text(st, 0));
		q->network = fp_project_network_on(fp_db_text(st, 1), q->conf->network_checks);
		q->overwrite = sqlite3_column_int(st, 2);
	}
	fp_db_end(q->store, st);
	return rc;
}

static enum fp_status link_files(struct fp_question *q, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc = fp_db_stmt(q->store, &st, err, "SELECT f.name, f.version, v.path FROM file f JOIN file_version v ON v.file_id = f.id"
		" AND v.version = f.version WHERE f.project_id = ? AND f.removed = 0", FP_VALS(fp_t(q->project_id)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(q->store, st, &row, err)) == FP_OK && row) {
		char *path = fp_path_join(fp_store_home(q->store), fp_db_text(st, 2));
		rc = fp_place_file(q->in, fp_db_text(st, 0), path, err);
		json_object_set_new(q->base, fp_db_text(st, 0), json_integer(sqlite3_column_int64(st, 1)));
		free(path);
		if (rc != FP_OK)
			break;
	}
	fp_db_end(q->store, st);
	return rc;
}

static enum fp_status begin(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const char *project_id, const char *type,
	int project, struct fp_error *err)
{
	struct fp_question *q = fp_alloc(sizeof *q);
	enum fp_status st;

	q->store = s;
	q->conf = conf;
	q->type = fp_strdup(type);
	q->members = json_object();
	q->base = json_object();
	snprintf(q->project_id, sizeof q->project_id, "%s", project_id);
	st = project ? load_project(q, err) : FP_OK;
	if (st == FP_OK)
		st = make_folders(q, err);
	if (st == FP_OK && project)
		st = link_files(q, err);
	if (st != FP_OK) {
		fp_question_free(q);
		return st;
	}
	*out = q;
	return FP_OK;
}

enum fp_status fp_question_new(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const char *project_id, const char *type,
	struct fp_error *err)
{
	return begin(out, s, conf, project_id, type, 1, err);
}

enum fp_status fp_question_about_files(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const char *project_id,
	const char *type, struct fp_error *err)
{
	return begin(out, s, conf, project_id, type, 0, err);
}

void fp_question_free(struct fp_question *q)
{
	if (!q)
		return;
	fp_worker_free(q->worker);
	if (q->work)
		fp_fs_remove_tree(q->work, NULL);
	free(q->work);
	free(q->in);
	free(q->type);
	free(q->project_file);
	json_decref(q->members);
	json_decref(q->base);
	free(q);
}

enum fp_status fp_question_link(struct fp_question *q, const char *name, const char *path, struct fp_error *err)
{
	return fp_place_file(q->in, name, path, err);
}

struct linking {
	struct fp_question *q;
	const char *folder;
	size_t n;
	enum fp_status st;
	struct fp_error *err;
};

static void link_one(void *arg, const struct fp_file_row *r)
{
	struct linking *l = arg;
	char *name = fp_asprintf("%s/%s", l->folder, r->name);

	l->n++;
	if (l->st == FP_OK)
		l->st = fp_place_file(l->q->in, name, r->path, l->err);
	free(name);
}

enum fp_status fp_question_link_version(struct fp_question *q, const char *folder, const char *name, int64_t version, size_t *files, struct fp_error *err)
{
	struct linking l = {q, folder, 0, FP_OK, err};
	enum fp_status st = fp_file_with_journals(q->store, q->project_id, name, version, link_one, &l, err);

	if (files)
		*files = l.n;
	return st == FP_OK ? l.st : st;
}

const char *fp_question_work(const struct fp_question *q)
{
	return q->work;
}

void fp_question_say(struct fp_question *q, const char *member, json_t *value)
{
	json_object_set_new(q->members, member, value);
}

const json_t *fp_question_base(const struct fp_question *q)
{
	return q->base;
}

/* ---- the run ---- */

enum fp_status fp_question_start(struct fp_question *q, fp_worker_event *on, void *arg, struct fp_error *err)
{
	json_t *workflow, *d = NULL;
	char *deltas = fp_path_join(q->work, "deltas.jsonl");
	struct fp_describe what = {.project_id = q->project_id, .type = q->type, .project_file = q->project_file, .work = q->work,
		.deltas = access(deltas, F_OK) == 0, .overwrite = q->overwrite, .network = q->network};
	enum fp_status st = fp_workflow_read(&workflow, q->type, err);

	free(deltas);
	if (st != FP_OK)
		return st;
	what.steps = json_object_get(workflow, "steps");
	st = fp_description_new(&d, q->store, q->conf, &what, err);
	json_decref(workflow);
	if (st == FP_OK) {
		json_object_update(d, q->members);
		st = fp_worker_start(&q->worker, d, err);
	}
	fp_description_free(d);
	q->on = on;
	q->arg = arg;
	q->deadline = fp_monotonic_ms() + q->conf->step_limit_s * 1000;
	return st;
}

int fp_question_fd(const struct fp_question *q)
{
	return fp_worker_fd(q->worker) >= 0 ? fp_worker_fd(q->worker) : fp_worker_pidfd(q->worker);
}

int64_t fp_question_left(const struct fp_question *q)
{
	int64_t left = q->deadline - fp_monotonic_ms();

	return left < 0 ? 0 : left > WAIT_MS ? WAIT_MS : left;
}

enum fp_status fp_question_step(struct fp_question *q, int *done, struct fp_error *err)
{
	struct fp_worker_end end;
	enum fp_status st = fp_worker_read(q->worker, q->on, q->arg, err);

	*done = st != FP_OK;
	if (st != FP_OK)
		return st;
	if (fp_worker_reap(q->worker, &end, q->on, q->arg)) {
		*done = 1;
		if (q->stopped)
			return fp_fail(err, FP_E_TIMEOUT, "the question took longer than %lld s (step_limit_s)", (long long)q->conf->step_limit_s);
		if (!end.ok) {
			st = fp_fail(err, end.code, "%s", end.message);
			fp_error_hint(err, "%s", end.hint);
		}
	} else if (fp_monotonic_ms() >= q->deadline) {
		fp_worker_signal(q->worker, SIGKILL);
		q->stopped = 1;
	}
	return st;
}

enum fp_status fp_question_wait(struct fp_question *q, struct fp_error *err)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t before;
	int done = 0, signals = fp_signals_begin(&before, watched, sizeof watched / sizeof *watched);
	enum fp_status st = FP_OK;

	while (st == FP_OK && !done) {
		struct pollfd p[2] = {{.fd = fp_question_fd(q), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
		struct signalfd_siginfo got;

		poll(p, 2, (int)fp_question_left(q));
		if (p[1].revents && read(signals, &got, sizeof got) == sizeof got)
			st = fp_fail(err, FP_E_CANCELLED, "interrupted by signal %u; nothing was changed", got.ssi_signo);
		else
			st = fp_question_step(q, &done, err);
	}
	if (signals >= 0)
		fp_signals_end(signals, &before);
	return st;
}
