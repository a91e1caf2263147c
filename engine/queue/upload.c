/* Files come in: all of them or none, and one process_projectfile for those that follow each other closely. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/rules.h"
#include "engine/store/activity.h"
#include "engine/store/attachments.h"
#include "engine/store/db.h"
#include "engine/store/files.h"
#include "engine/store/stage.h"

/* What the rules of an upload make of the files: NULL, or the rule that says why no job is needed. */
static enum fp_status judge(struct fp_store *s, struct fp_trigger *t, const char *project_id, const struct fp_stage *g, const int *changed, size_t n,
	struct fp_error *err)
{
	struct fp_strv dirs = {0};
	int64_t processed = 0;
	int any_changed = 0, all_attachments = n > 0;
	enum fp_status st = fp_attachment_folders(s, &dirs, project_id, err);

	for (size_t i = 0; i < n; i++) {
		all_attachments &= fp_attachment_is(&dirs, g[i].name);
		any_changed |= changed[i];
	}
	if (st == FP_OK)
		st = fp_db_int(s, &processed, err, "SELECT check_ok FROM project WHERE id = ?", FP_VALS(fp_t(project_id)));
	if (st == FP_OK && all_attachments) {
		t->rule = "attachment_folder";
		snprintf(t->sentence, sizeof t->sentence, "Only attachments came (below %.80s), so the project need not be processed again.", dirs.items[0]);
	} else if (st == FP_OK && !any_changed && processed) {
		t->rule = "nothing_new";
		snprintf(t->sentence, sizeof t->sentence, "These files are the current versions already.");
	}
	fp_strv_free(&dirs);
	return st;
}

static enum fp_status publish(struct fp_store *s, struct fp_trigger *t, const char *project_id, struct fp_stage *g, int *changed, size_t n,
	const char *who, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	int64_t version, n_changed = 0;

	for (size_t i = 0; i < n && st == FP_OK; i++) {
		st = fp_stage_publish(s, &g[i], project_id, FP_BASE_ANY, who, &version, &changed[i], err);
		n_changed += st == FP_OK && changed[i];
	}
	if (st == FP_OK)
		st = fp_project_file_choose(s, project_id, err);
	if (st == FP_OK && n_changed == 1 && n == 1)
		st = fp_activity_add(s, who, "upload", project_id, err, "%s", g[0].name);
	else if (st == FP_OK && n_changed)
		st = fp_activity_add(s, who, "upload", project_id, err, "%lld file%s", (long long)n_changed, fp_text_s(n_changed));
	if (st == FP_OK)
		st = judge(s, t, project_id, g, changed, n, err);
	if (st == FP_OK && !*t->rule)
		st = fp_rules_trigger(s, t, project_id, FP_JOB_PROCESS_PROJECTFILE, "upload", who, err);
	return st;
}

enum fp_status fp_queue_upload(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *const *names,
	const char *const *paths, size_t n, const char *who, struct fp_error *err)
{
	struct fp_stage *g = fp_alloc((n + 1) * sizeof *g);
	int *changed = fp_alloc((n + 1) * sizeof *changed);
	size_t staged = 0;
	enum fp_status st = FP_OK;

	fp_trigger_clear(t);
	if (fp_store_read_only(s)) /* say so before copying gigabytes */
		st = fp_fail(err, FP_E_DENIED, "nothing can be written: %s was opened read-only", s->home);
	while (st == FP_OK && staged < n) {
		st = fp_stage_copy(s, &g[staged], project_id, names[staged], paths[staged], err);
		staged += st == FP_OK;
	}
	if (st == FP_OK)
		st = fp_store_begin(s, err);
	if (st == FP_OK) {
		st = publish(s, t, project_id, g, changed, n, who, err);
		st = fp_store_end(s, st, err);
	}
	for (size_t i = 0; i < staged; i++)
		fp_stage_clear(&g[i]);
	free(g);
	free(changed);
	return st;
}

/* ---- back, and away ---- */

static void take_path(void *arg, const struct fp_file_row *r)
{
	*(char **)arg = fp_strdup(r->path);
}

static enum fp_status publish_old(struct fp_store *s, struct fp_trigger *t, const char *project_id, struct fp_stage *g, int64_t version, const char *who,
	int64_t *new, struct fp_error *err)
{
	int changed;
	enum fp_status st = fp_stage_publish(s, g, project_id, FP_BASE_ANY, who, new, &changed, err);

	if (st == FP_OK)
		st = fp_project_file_choose(s, project_id, err);
	if (st == FP_OK && changed)
		st = fp_activity_add(s, who, "restore", project_id, err, "%s: version %lld as version %lld", g->name, (long long)version, (long long)*new);
	return st == FP_OK ? fp_rules_trigger(s, t, project_id, FP_JOB_PROCESS_PROJECTFILE, "restore", who, err) : st;
}

enum fp_status fp_queue_restore(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, int64_t version, const char *who,
	int64_t *new, struct fp_error *err)
{
	char *path = NULL;
	struct fp_stage g = {0};
	int64_t v;
	enum fp_status st = version > 0 ? fp_file_get(s, project_id, name, version, take_path, &path, err)
		: fp_fail(err, FP_E_USAGE, "a version is a number from 1 on, not %lld", (long long)version);

	fp_trigger_clear(t);
	if (st == FP_OK)
		st = fp_stage_copy(s, &g, project_id, name, path, err);
	free(path);
	if (st != FP_OK)
		return st;
	st = fp_store_begin(s, err);
	if (st == FP_OK)
		st = fp_store_end(s, publish_old(s, t, project_id, &g, version, who, new ? new : &v, err), err);
	fp_stage_clear(&g);
	return st;
}

enum fp_status fp_queue_remove(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *name, const char *who, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	fp_trigger_clear(t);
	if (st != FP_OK)
		return st;
	st = fp_file_remove(s, project_id, name, who, err);
	if (st == FP_OK)
		st = fp_rules_trigger(s, t, project_id, FP_JOB_PROCESS_PROJECTFILE, "remove", who, err);
	return fp_store_end(s, st, err);
}

/* ---- folders ---- */

struct found {
	const char *from;
	struct fp_strv names, paths;
	int64_t left_out;
};

static enum fp_status each_file(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct found *f = arg;

	(void)size;
	(void)err;
	if (!regular || fp_name_hidden(name)) {
		f->left_out++;
		return FP_OK;
	}
	fp_strv_add(&f->names, name);
	fp_strv_take(&f->paths, fp_path_join(f->from, name));
	return FP_OK;
}

enum fp_status fp_queue_upload_folder(struct fp_store *s, struct fp_trigger *t, const char *project_id, const char *from, const char *who,
	int64_t *files, int64_t *hidden, struct fp_error *err)
{
	struct found f = {.from = from};
	enum fp_status st = fp_fs_walk(from, each_file, &f, err);

	fp_trigger_clear(t);
	*files = (int64_t)f.names.n;
	*hidden = f.left_out;
	if (st == FP_OK && f.names.n == 0)
		st = fp_fail(err, FP_E_INVALID, "there is no file to take in %s", from);
	if (st == FP_OK)
		st = fp_queue_upload(s, t, project_id, (const char *const *)f.names.items, (const char *const *)f.paths.items, f.names.n, who, err);
	fp_strv_free(&f.names);
	fp_strv_free(&f.paths);
	return st;
}
