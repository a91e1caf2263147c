#include "engine/queue/file_diff.h"

#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/store/files.h"

struct wanted {
	struct fp_file_diff *d;
	int found_after;
	int64_t previous; /* the newest one before D->after */
};

/* Newest first. */
static void look(void *arg, const struct fp_file_row *r)
{
	struct wanted *w = arg;

	w->found_after |= r->version == w->d->after;
	if (r->version < w->d->after && r->version > w->previous)
		w->previous = r->version;
}

static void take_version(void *arg, const struct fp_file_row *r)
{
	*(int64_t *)arg = r->version;
}

enum fp_status fp_file_diff_versions(struct fp_store *s, struct fp_file_diff *d, struct fp_error *err)
{
	struct wanted w = {.d = d};
	enum fp_status st = FP_OK;

	if (!d->after)
		st = fp_file_get(s, d->project_id, d->file, 0, take_version, &d->after, err);
	if (st == FP_OK)
		st = fp_file_versions(s, d->project_id, d->file, look, &w, err);
	if (st != FP_OK)
		return st;
	if (!w.found_after)
		return fp_fail(err, FP_E_NOTFOUND, "there is no version %lld of file \"%s\" in this project", (long long)d->after, d->file);
	if (!d->before)
		d->before = w.previous;
	if (!d->before)
		return fp_fail(err, FP_E_NOTFOUND, "version %lld of %s is the first one: there is none before it to compare it with", (long long)d->after, d->file);
	return FP_OK;
}

enum fp_status fp_file_diff_start(struct fp_question **out, struct fp_store *s, const struct fp_config *conf, const struct fp_file_diff *d,
	fp_worker_event *on, void *arg, struct fp_error *err)
{
	struct fp_question *q;
	enum fp_status st = fp_question_about_files(&q, s, conf, d->project_id, "file_diff", err);

	if (st != FP_OK)
		return st;
	st = fp_question_link_version(q, "before", d->file, d->before, NULL, err);
	if (st == FP_OK)
		st = fp_question_link_version(q, "after", d->file, d->after, NULL, err);
	if (st == FP_OK) {
		fp_question_say(q, "diff", json_pack("{s:o,s:o,s:b}", "file", fp_json_text(d->file), "table", fp_json_text(d->table), "summary", d->summary));
		st = fp_question_start(q, on, arg, err);
	}
	if (st != FP_OK) {
		fp_question_free(q);
		return st;
	}
	*out = q;
	return FP_OK;
}
