#include "engine/queue/inbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/config.h"
#include "engine/base/failpoint.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/queue.h"
#include "engine/store/activity.h"
#include "engine/store/db.h"
#include "engine/store/projects.h"

#define LOOK_MS 1000
#define NAME_KEPT 200 /* bytes of a name behind the time */

struct fp_inbox {
	struct fp_store *store;
	const struct fp_config *conf;
	char *root;
	int64_t look_at;
	struct fp_strv told; /* what was said of things that stay, so that it is said once */
};

/* One look through the inbox. */
struct round {
	struct fp_inbox *inbox;
	const char *only, *who;  /* project id or NULL */
	int64_t settle_ms, limit, taken;
	int wait;                /* for another process that looks just now */
	struct fp_import *sum;
	fp_imported_each *each;
	void *arg;
	fp_inbox_line *line;     /* not NULL: nothing is taken, what stays is said */
	void *line_arg;
	char project[37], *folder;
};

struct fp_inbox *fp_inbox_new(struct fp_store *s, const struct fp_config *conf)
{
	struct fp_inbox *i = fp_alloc(sizeof *i);

	i->store = s;
	i->conf = conf;
	i->root = fp_path_join(fp_store_home(s), "inbox");
	return i;
}

void fp_inbox_free(struct fp_inbox *i)
{
	if (!i)
		return;
	free(i->root);
	fp_strv_free(&i->told);
	free(i);
}

static enum fp_status note(struct round *r, const char *project_id, const char *line, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(r->inbox->store, err);

	if (st != FP_OK)
		return st;
	return fp_store_end(r->inbox->store, fp_activity_add(r->inbox->store, r->who, "inbox", project_id, err, "%s", line), err);
}

static enum fp_status say(struct round *r, const char *project_id, const char *path, const char *why, struct fp_error *err)
{
	char *clean = fp_text_clean(path + strlen(r->inbox->root) + 1), *line = fp_asprintf("%s %s", clean, why);
	enum fp_status st = FP_OK;
	int64_t before = 0;

	if (r->line) {
		r->line(r->line_arg, line);
	} else if (!fp_strv_has(&r->inbox->told, line)) {
		st = fp_db_int(r->inbox->store, &before, err, "SELECT 1 FROM activity WHERE what = 'inbox' AND detail = ? LIMIT 1", FP_VALS(fp_t(line)));
		if (st == FP_OK && !before)
			st = note(r, project_id, line, err);
		if (st == FP_OK)
			fp_strv_add(&r->inbox->told, line);
	}
	free(line);
	free(clean);
	return st;
}

static int64_t ms_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* A time that is to come says that the clock was set back, not that somebody writes. */
static int still(const struct stat *sb, int64_t settle_ms)
{
	int64_t now = fp_now_ms();

	return llabs(now - ms_of(&sb->st_mtim)) >= settle_ms && llabs(now - ms_of(&sb->st_ctim)) >= settle_ms;
}

/* The thing itself, and all that lies in it when it is a folder. */
struct stillness {
	const char *root;
	int64_t settle_ms;
};

static enum fp_status file_is_still(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	const struct stillness *q = arg;
	char *path = fp_path_join(q->root, name);
	struct stat sb;
	int moves = lstat(path, &sb) != 0 || !still(&sb, q->settle_ms);

	(void)regular;
	(void)size;
	free(path);
	return moves ? fp_fail(err, FP_E_BUSY, "it is being written") : FP_OK;
}

static int is_still(const char *path, const struct stat *sb, int64_t settle_ms)
{
	struct stillness q = {path, settle_ms};

	if (settle_ms == 0)
		return 1;
	return still(sb, settle_ms) && (!S_ISDIR(sb->st_mode) || fp_fs_walk(path, file_is_still, &q, NULL) != FP_E_BUSY);
}

/* Names under which programs write what is not finished. */
static int is_unfinished(const char *name)
{
	static const char *const ends[] = {".part", ".partial", ".tmp", ".filepart", ".crdownload", "~"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (fp_path_has_suffix(name, ends[i]))
			return 1;
	return name[0] == '.';
}

/* What a person can be told about a thing that is not taken; NULL: it is taken. */
static const char *stays(const char *name, const struct stat *sb)
{
	if (is_unfinished(name))
		return "";
	if (!S_ISREG(sb->st_mode) && !S_ISDIR(sb->st_mode))
		return "is neither a file nor a folder";
	if (S_ISREG(sb->st_mode) && !fp_import_is_candidate(name))
		return "is taken by nobody: deltafiles are named *.json or *deltafile*";
	return NULL;
}

/* The end of a long name, from a character on. */
static const char *short_name(const char *name)
{
	size_t n = strlen(name);

	if (n > NAME_KEPT)
		for (name += n - NAME_KEPT; (*name & 0xC0) == 0x80;)
			name++;
	return name;
}

/* "20261126T004742-name" below TO, which must be a real folder; with a number when that is there already. */
static int move(const struct round *r, const char *name, const char *to)
{
	int folder = open(r->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), into = -1, done = -1, fault;
	time_t now = (time_t)(fp_now_ms() / 1000);
	char when[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &tm);
	if (folder >= 0 && (mkdirat(folder, to, 0700) == 0 || errno == EEXIST))
		into = openat(folder, to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (int k = 1; into >= 0 && done != 0 && k < 1000; k++) {
		char *target = k == 1 ? fp_asprintf("%s-%s", when, short_name(name)) : fp_asprintf("%s-%d-%s", when, k, short_name(name));
		done = renameat2(folder, name, into, target, RENAME_NOREPLACE);
		fault = errno;
		free(target);
		if (done != 0 && fault != EEXIST)
			break;
	}
	fault = errno;
	if (done == 0)
		fsync(into);
	if (into >= 0)
		close(into);
	if (folder >= 0)
		close(folder);
	return done == 0 || fault == ENOENT ? 0 : fault;
}

struct faults {
	const struct round *r;
	char *first;
};

static void hear(void *arg, const struct fp_imported *f)
{
	struct faults *x = arg;

	if (*f->reason && !x->first)
		x->first = fp_asprintf("%s: %s", fp_path_base(f->path), f->reason);
	if (x->r->each)
		x->r->each(x->r->arg, f);
}

/* What was taken is told, and its job asked for, before it is moved: whatever comes in between, nothing is forgotten. */
static enum fp_status finish(struct round *r, const char *name, const struct fp_import *sum, const char *fault, struct fp_error *err)
{
	struct fp_store *s = r->inbox->store;
	struct fp_trigger t;
	char *clean;
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	clean = fp_text_clean(name);
	if (sum->taken)
		st = fp_queue_trigger(s, &t, r->project, FP_JOB_DELTA_APPLY, "inbox", r->who, err);
	if (st == FP_OK)
		st = fault ? fp_activity_add(s, r->who, "inbox", r->project, err, "%s went to faulty: %s", clean, fault)
			: fp_activity_add(s, r->who, "inbox", r->project, err, "%s was taken: %lld new, %lld known, %lld known with another content", clean,
				(long long)sum->accepted, (long long)sum->known, (long long)sum->differing);
	free(clean);
	return fp_store_end(s, st, err);
}

static enum fp_status take(struct round *r, const char *name, const char *path, struct fp_error *err)
{
	struct faults x = {r, NULL};
	struct fp_import sum = {0};
	int is_faulty, fault;
	enum fp_status st = fp_import_path(r->inbox->store, r->project, path, r->who, &sum, hear, &x, err);

	if (st != FP_OK)
		return st == FP_E_NOTFOUND ? FP_OK : st; /* somebody took it away again */
	is_faulty = sum.faulty || !sum.taken;
	if (is_faulty && !x.first)
		x.first = fp_strdup("there is no deltafile in it");
	st = finish(r, name, &sum, x.first, err);
	free(x.first);
	if (st != FP_OK)
		return st;
	fp_failpoint("inbox-taken");
	fault = move(r, name, is_faulty ? "faulty" : "done");
	if (fault) {
		char *why = fp_asprintf("was taken and cannot be moved away: %s", strerror(fault));
		fp_strv_add(&r->inbox->told, path);
		st = say(r, r->project, path, why, err);
		free(why);
	}
	r->taken++;
	fp_import_add(r->sum, &sum);
	return st;
}

static enum fp_status look_at_thing(struct round *r, const char *name, struct fp_error *err)
{
	char *path;
	struct stat sb;
	const char *why;
	enum fp_status st = FP_OK;

	if (strcmp(name, "done") == 0 || strcmp(name, "faulty") == 0)
		return FP_OK;
	path = fp_path_join(r->folder, name);
	if (lstat(path, &sb) == 0 && !fp_strv_has(&r->inbox->told, path)) {
		why = stays(name, &sb);
		if (why)
			st = *why && r->line ? say(r, r->project, path, why, err) : FP_OK;
		else if (!r->line && is_still(path, &sb, r->settle_ms))
			st = take(r, name, path, err);
	}
	free(path);
	return st;
}

typedef enum fp_status visit(struct round *r, const char *name, struct fp_error *err);

/* In the order of names; a folder that is not there, or cannot be read, is empty. */
static enum fp_status visit_all(struct round *r, const char *dir, visit *each, int *any, struct fp_error *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, NULL, alphasort);
	enum fp_status st = FP_OK;

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			if (any)
				*any = 1;
			if (each && st == FP_OK && r->taken < r->limit)
				st = each(r, name, err);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return st;
}

static enum fp_status look_at_project(struct round *r, const char *name, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	struct stat sb;
	int any = 0;

	r->folder = fp_path_join(r->inbox->root, name);
	if (name[0] != '.' && lstat(r->folder, &sb) == 0) {
		if (!S_ISDIR(sb.st_mode))
			st = r->line ? say(r, NULL, r->folder, "is taken by nobody: it lies in no project's folder", err) : FP_OK;
		else if (fp_text_valid(name, strlen(name)) && fp_project_find(r->inbox->store, r->project, name, NULL) == FP_OK)
			st = r->only && strcmp(r->only, r->project) != 0 ? FP_OK : visit_all(r, r->folder, look_at_thing, NULL, err);
		else {
			st = visit_all(r, r->folder, NULL, &any, err);
			if (st == FP_OK && any && !r->only)
				st = say(r, NULL, r->folder, "is taken by nobody: there is no project of this name or id", err);
		}
	}
	free(r->folder);
	r->folder = NULL;
	return st;
}

/* Two engines of one home take turns: what one of them looks at, the other leaves alone. */
static enum fp_status look(struct round *r, struct fp_error *err)
{
	int fd = open(r->inbox->root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum fp_status st = FP_OK;

	if (fd < 0)
		return FP_OK;
	if (r->line || flock(fd, LOCK_EX | (r->wait ? 0 : LOCK_NB)) == 0)
		st = visit_all(r, r->inbox->root, look_at_project, NULL, err);
	close(fd);
	return st;
}

enum fp_status fp_inbox_step(struct fp_inbox *i, struct fp_error *err)
{
	struct fp_import sum = {0};
	struct round r = {.inbox = i, .who = "inbox", .settle_ms = i->conf->inbox_settle_s * 1000, .limit = 1, .sum = &sum};
	enum fp_status st;

	if (fp_monotonic_ms() < i->look_at)
		return FP_OK;
	st = look(&r, err);
	i->look_at = r.taken ? 0 : fp_monotonic_ms() + LOOK_MS; /* there may be more */
	return st;
}

enum fp_status fp_inbox_take(struct fp_inbox *i, const char *project_id, const char *who, struct fp_import *sum, fp_imported_each *each, void *arg,
	struct fp_error *err)
{
	struct round r = {.inbox = i, .only = project_id, .who = who, .limit = INT64_MAX, .wait = 1, .sum = sum, .each = each, .arg = arg};

	return look(&r, err);
}

void fp_inbox_untaken(struct fp_store *s, fp_inbox_line *each, void *arg)
{
	struct fp_inbox *i = fp_inbox_new(s, NULL);
	struct round r = {.inbox = i, .limit = INT64_MAX, .line = each, .line_arg = arg};

	look(&r, NULL);
	fp_inbox_free(i);
}
