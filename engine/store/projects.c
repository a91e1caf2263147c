#include "engine/store/projects.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/ids.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/store/activity.h"
#include "engine/store/list.h"

#define NAME_BYTES_MAX 100

/* What one line says of a project's state; also what filters and sorts compare. */
#define STATUS "CASE WHEN EXISTS (SELECT 1 FROM job b WHERE b.project_id = p.id AND b.status IN ('queued', 'started')) THEN 'busy' " \
	"WHEN p.check_ok = 1 THEN 'ok' ELSE 'failed' END"
#define PROBLEMS "p.layer_problems + (p.project_file = '' OR p.check_ok IS 0)"
#define COUNT(statuses) "(SELECT coalesce(sum(n), 0) FROM change_count c WHERE c.project_id = p.id AND c.status IN (" statuses "))"
#define PENDING COUNT("'pending', 'started'")

static const char *const status_words[] = {"ok", "busy", "failed", NULL};

static const struct fp_filter_key keys[] = {
	{.key = "status", .type = FP_FILTER_WORD, .sql = STATUS " = ?", .words = status_words},
	{.key = "name", .type = FP_FILTER_FOLD, .sql = "p.name_fold = ?"},
	{0},
};

static const struct fp_sort sorts[] = {
	{"name", "p.name_fold", 0}, {"status", STATUS, 0}, {"problems", PROBLEMS, 1}, {"pending", PENDING, 1}, {"size", "p.bytes", 1}, {0},
};

static const struct fp_list list = {
	.from = "project p",
	.id = "p.id",
	.project = "p.id",
	.select = "SELECT p.id, p.name, " STATUS ", p.project_file, p.title, p.crs, " PROBLEMS ", "
		"(SELECT coalesce(sum(n), 0) FROM change_count c WHERE c.project_id = p.id), " PENDING ", " COUNT("'conflict'") ", "
		COUNT("'error', 'not_applied', 'unpermitted'") ", j.type, j.status, j.id, "
		"coalesce(j.finished_at, j.started_at, j.queued_at, j.created_at), p.files, p.bytes, p.created_at, p.checked_at, p.packaged_at, "
		"p.overwrite_conflicts, p.facts, p.network FROM project p LEFT JOIN job j ON j.id = coalesce("
		"(SELECT b.id FROM job b WHERE b.project_id = p.id AND b.status IN ('queued', 'started')), "
		"(SELECT max(b.id) FROM job b WHERE b.project_id = p.id))",
	.join = "p.id = k.id",
	.keys = keys,
	.text = "p.name_fold LIKE ? ESCAPE '\\' OR fold(p.title) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_project_each *each;
	void *arg;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_project_row r = {
		.id = fp_db_text(st, 0), .name = fp_db_text(st, 1), .status = fp_db_text(st, 2), .project_file = fp_db_text(st, 3),
		.title = fp_db_text(st, 4), .crs = fp_db_text(st, 5), .problems = sqlite3_column_int64(st, 6),
		.changes = sqlite3_column_int64(st, 7), .pending = sqlite3_column_int64(st, 8), .conflict = sqlite3_column_int64(st, 9),
		.failed = sqlite3_column_int64(st, 10), .job_type = fp_db_text(st, 11), .job_status = fp_db_text(st, 12),
		.job_id = sqlite3_column_int64(st, 13), .job_at = sqlite3_column_int64(st, 14), .files = sqlite3_column_int64(st, 15),
		.size = sqlite3_column_int64(st, 16), .created_at = sqlite3_column_int64(st, 17), .checked_at = sqlite3_column_int64(st, 18),
		.packaged_at = sqlite3_column_int64(st, 19), .overwrite_conflicts = sqlite3_column_int(st, 20), .facts = fp_db_text(st, 21),
		.network = fp_db_text(st, 22),
	};

	c->each(c->arg, &r);
}

enum fp_status fp_project_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_project_each *each,
	void *arg, struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

enum fp_status fp_project_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_list_count(s, &list, q, n, err);
}

enum fp_status fp_project_get(struct fp_store *s, const char *id, fp_project_each *each, void *arg, struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_one(s, &list, "p.id = ?", FP_VALS(fp_t(id)), row, &c, "such project", err);
}

static enum fp_status check_name(const char *name, struct fp_error *err)
{
	size_t n = strlen(name);
	char *clean;
	int same;

	if (n == 0 || n > NAME_BYTES_MAX)
		return fp_fail(err, FP_E_INVALID, "a project's name has 1 to %d bytes, this one has %zu", NAME_BYTES_MAX, n);
	if (!fp_text_valid(name, n))
		return fp_fail(err, FP_E_INVALID, "the project name \"%s\" is not valid UTF-8", name);
	clean = fp_text_clean(name);
	same = strcmp(clean, name) == 0;
	free(clean);
	if (!same || strchr(name, '/') || name[0] == ' ' || name[n - 1] == ' ')
		return fp_fail(err, FP_E_INVALID, "the project name \"%s\" holds a control character, a \"/\" or a blank at an end", name);
	return FP_OK;
}

static enum fp_status name_is_free(struct fp_store *s, const char *name, const char *fold, const char *own_id, struct fp_error *err)
{
	int64_t taken = 0;
	enum fp_status st = fp_db_int(s, &taken, err, "SELECT 1 FROM project WHERE name_fold = ? AND id <> ?",
		FP_VALS(fp_t(fold), fp_t(own_id)));

	if (st == FP_OK && taken)
		st = fp_fail(err, FP_E_EXISTS, "there is a project \"%s\" already", name);
	return st;
}

enum fp_status fp_project_create(struct fp_store *s, char id[37], const char *name, const char *who, struct fp_error *err)
{
	char *fold;
	enum fp_status st = check_name(name, err);

	if (st != FP_OK)
		return st;
	fold = fp_text_fold(name);
	fp_uuid_new(id);
	st = fp_store_begin(s, err);
	if (st == FP_OK) {
		st = name_is_free(s, name, fold, "", err);
		if (st == FP_OK)
			st = fp_db_run(s, err, "INSERT INTO project (id, name, name_fold, created_at, created_by) VALUES (?, ?, ?, ?, ?)",
				FP_VALS(fp_t(id), fp_t(name), fp_t(fold), fp_i(fp_now_ms()), fp_t(who)));
		if (st == FP_OK)
			st = fp_activity_add(s, who, "create project", id, err, "%s", name);
		st = fp_store_end(s, st, err);
	}
	free(fold);
	return st;
}

enum fp_status fp_project_find(struct fp_store *s, char id[37], const char *name_or_id, struct fp_error *err)
{
	char uuid[FP_UUID_SIZE] = "", *fold, *found = NULL;
	enum fp_status st;

	if (!fp_text_valid(name_or_id, strlen(name_or_id)))
		return fp_fail(err, FP_E_NOTFOUND, "there is no project \"%s\"", name_or_id);
	fp_uuid_parse(uuid, name_or_id);
	fold = fp_text_fold(name_or_id);
	st = fp_db_str(s, &found, err, "SELECT id FROM project WHERE id = ?1 OR name_fold = ?2 ORDER BY id = ?1 DESC",
		FP_VALS(fp_t(uuid), fp_t(fold)));
	free(fold);
	if (st == FP_OK && !found) {
		st = fp_fail(err, FP_E_NOTFOUND, "there is no project \"%s\"", name_or_id);
		fp_error_hint(err, "see which there are with: fieldpost project list");
	}
	if (found)
		memcpy(id, found, 37);
	free(found);
	return st;
}

static enum fp_status set_name(struct fp_store *s, const char *id, const char *value, struct fp_error *err)
{
	enum fp_status st = check_name(value, err);
	char *fold;

	if (st != FP_OK)
		return st;
	fold = fp_text_fold(value);
	st = name_is_free(s, value, fold, id, err);
	if (st == FP_OK)
		st = fp_db_run(s, err, "UPDATE project SET name = ?, name_fold = ? WHERE id = ?", FP_VALS(fp_t(value), fp_t(fold), fp_t(id)));
	free(fold);
	return st;
}

static enum fp_status set_overwrite(struct fp_store *s, const char *id, const char *value, struct fp_error *err)
{
	int on = strcmp(value, "true") == 0;

	if (!on && strcmp(value, "false") != 0)
		return fp_fail(err, FP_E_USAGE, "overwrite_conflicts is true or false, not \"%s\"", value);
	return fp_db_run(s, err, "UPDATE project SET overwrite_conflicts = ? WHERE id = ?", FP_VALS(fp_i(on), fp_t(id)));
}

static enum fp_status set_network(struct fp_store *s, const char *id, const char *value, struct fp_error *err)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0 && strcmp(value, "default") != 0)
		return fp_fail(err, FP_E_USAGE, "network is on, off or default, not \"%s\"", value);
	return fp_db_run(s, err, "UPDATE project SET network = ? WHERE id = ?", FP_VALS(fp_t(value), fp_t(id)));
}

int fp_project_network_on(const char *network, int home_says)
{
	return strcmp(network, "default") == 0 ? home_says : strcmp(network, "on") == 0;
}

static const struct {
	const char *key;
	enum fp_status (*set)(struct fp_store *s, const char *id, const char *value, struct fp_error *err);
} settings[] = {{"name", set_name}, {"overwrite_conflicts", set_overwrite}, {"network", set_network}};

enum fp_status fp_project_set(struct fp_store *s, const char *id, const char *key, const char *value, const char *who, struct fp_error *err)
{
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		enum fp_status st;
		if (strcmp(settings[i].key, key) != 0)
			continue;
		st = fp_store_begin(s, err);
		if (st != FP_OK)
			return st;
		st = settings[i].set(s, id, value, err);
		if (st == FP_OK && fp_db_changes(s) == 0)
			st = fp_fail(err, FP_E_NOTFOUND, "there is no such project");
		if (st == FP_OK)
			st = fp_activity_add(s, who, "set", id, err, "%s=%s", key, value);
		return fp_store_end(s, st, err);
	}
	return fp_fail(err, FP_E_USAGE, "a project has no setting \"%s\"; there are name, overwrite_conflicts, network", key);
}

/* A parent row waits for its children with every foreign key; the ledger's point both ways, so the order matters. */
static enum fp_status delete_rows(struct fp_store *s, const char *id, struct fp_error *err)
{
	static const char *const sql[] = {
		"DELETE FROM attempt WHERE job_id IN (SELECT id FROM job WHERE project_id = ?)",
		"DELETE FROM change WHERE project_id = ?",
		"DELETE FROM deltafile WHERE project_id = ?",
		"DELETE FROM job WHERE project_id = ?",
		"DELETE FROM project WHERE id = ?",
	};
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < sizeof sql / sizeof *sql; i++)
		st = fp_db_run(s, err, sql[i], FP_VALS(fp_t(id)));
	return st;
}

enum fp_status fp_project_delete(struct fp_store *s, const char *id, const char *who, struct fp_error *err)
{
	char *below = NULL, *dir;
	int64_t job = 0;
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	st = fp_db_int(s, &job, err, "SELECT id FROM job WHERE project_id = ? AND status IN ('queued', 'started')", FP_VALS(fp_t(id)));
	if (st == FP_OK && job) {
		st = fp_fail(err, FP_E_REFUSED, "the project is busy: job %lld runs", (long long)job);
		fp_error_hint(err, "wait for it, or cancel it with: fieldpost job cancel %lld", (long long)job);
	}
	if (st == FP_OK)
		st = fp_activity_add(s, who, "delete project", id, err, "all of its files, changes and jobs");
	if (st == FP_OK)
		st = delete_rows(s, id, err);
	if (st == FP_OK && fp_db_changes(s) == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no such project");
	st = fp_store_end(s, st, err);
	if (st != FP_OK)
		return st;
	/* From here on nothing names the files: what cannot be removed now is garbage for doctor. */
	fp_assert(strlen(id) == 36 && !strchr(id, '/'));
	below = fp_path_join("projects", id);
	dir = fp_path_join(s->home, below);
	fp_fs_remove_tree(dir, NULL);
	free(below);
	free(dir);
	return FP_OK;
}
