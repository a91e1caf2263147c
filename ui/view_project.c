#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/checks.h"
#include "engine/store/packages.h"
#include "engine/store/projects.h"
#include "engine/store/secrets.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/project_acts.h"
#include "ui/project_problems.h"
#include "ui/views.h"
#include "ui/wrap.h"

/* While load() runs: what the check before is compared with, and the facts, which come last. */
struct data { char *since, *facts; };

static void add_counter(struct fp_view *v, const char *what, int64_t n, unsigned style, const char *link)
{
	char count[FP_FORMAT_SIZE];

	fp_wrap_link(&v->lines, n > 0 ? style : FP_STYLE_DIM, v->width, 2, link, "  %-22s %s", what, fp_format_count(count, n));
}

static void add_job(struct fp_view *v, const struct fp_project_row *r)
{
	char age[FP_FORMAT_SIZE], *link = fp_asprintf("job %lld", (long long)r->job_id);

	if (r->job_id)
		fp_wrap_link(&v->lines, fp_status_style(r->job_status), v->width, 2, link, "Newest job   %lld %s, %s, %s", (long long)r->job_id, r->job_type, r->job_status,
			fp_format_age(age, r->job_at));
	else
		fp_wrap_link(&v->lines, FP_STYLE_DIM, v->width, 2, NULL, "Newest job   none yet");
	free(link);
}

static void add_package(void *arg, const struct fp_package_row *r)
{
	struct fp_view *v = arg;
	char age[FP_FORMAT_SIZE], *link = fp_asprintf("package %lld", (long long)r->job_id);

	fp_wrap_link(&v->lines, r->freshness.stale ? FP_STYLE_WARN : FP_STYLE_NORMAL, v->width, 2, link, "Packaged     %s: %s%s", fp_format_age(age, r->at),
		r->freshness.stale ? "stale, " : "", r->freshness.text);
	free(link);
}

static void add_packaged(struct fp_view *v)
{
	if (fp_package_get(v->console->store, v->project, 0, add_package, v, NULL))
		fp_wrap_link(&v->lines, FP_STYLE_DIM, v->width, 2, "packages", "Packaged     never");
}

/* What the last check read from the project file. */
static void add_facts(struct fp_view *v, const char *facts)
{
	json_t *root = NULL, *value;
	const char *key;

	if (!*facts || fp_json_parse(&root, facts, strlen(facts), NULL))
		return;
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Facts of the project file");
	json_object_foreach(root, key, value) {
		char *text = json_is_string(value) ? fp_strdup(json_string_value(value)) : fp_json_dump(value);
		if (!json_is_null(value) && *text)
			fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, NULL, "  %-22s %s", key, text);
		free(text);
	}
	json_decref(root);
}

static void add_secrets(struct fp_view *v)
{
	struct fp_query set = { .project_id = v->project, .filter = "state:set" }, missing = { .project_id = v->project, .filter = "state:missing" };
	int64_t n_set = 0, n_missing = 0;

	fp_secret_count(v->console->store, &set, &n_set, NULL);
	fp_secret_count(v->console->store, &missing, &n_missing, NULL);
	if (n_missing > 0)
		fp_wrap_link(&v->lines, FP_STYLE_BAD, v->width, 2, "secrets", "Secrets      %lld set, %lld missing", (long long)n_set, (long long)n_missing);
	else
		fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, "secrets", "Secrets      %lld set", (long long)n_set);
}

static void add_row(void *arg, const struct fp_project_row *r)
{
	struct fp_view *v = arg;
	struct data *d = v->data;
	char age[FP_FORMAT_SIZE], bytes[FP_FORMAT_SIZE], count[FP_FORMAT_SIZE];

	free(v->project_name);
	v->project_name = fp_strdup(r->name);
	free(v->label);
	v->label = fp_strdup(r->name);
	free(v->head);
	v->head = fp_asprintf("%s%s%s: %s", r->name, *r->title ? ", " : "", r->title, r->status);
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, "files", "Project file %s", *r->project_file ? r->project_file : "none yet: upload a .qgs or .qgz with its data");
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, "files", "Files        %s, %s", fp_format_count(count, r->files), fp_format_bytes(bytes, r->size));
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, "layers", "Checked      %s", r->checked_at ? fp_format_age(age, r->checked_at) : "never");
	if (*d->since)
		fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, "layers changed:any", "%s", d->since);
	add_packaged(v);
	add_job(v, r);
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, NULL, "On conflict  %s", r->overwrite_conflicts ? "the last change wins" : "the change waits for a decision");
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 2, NULL, "Network      checks %s%s", fp_project_network_on(r->network, v->console->conf->network_checks) ? "ask it"
		: "do not ask it", strcmp(r->network, "default") == 0 ? ", as in the whole home" : "");
	add_secrets(v);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Changes");
	add_counter(v, "all", r->changes, FP_STYLE_NORMAL, "changes");
	add_counter(v, "pending", r->pending, FP_STYLE_WARN, "changes status:pending");
	add_counter(v, "conflict", r->conflict, FP_STYLE_BAD, "changes status:conflict");
	add_counter(v, "failed", r->failed, FP_STYLE_BAD, "changes status:error status:not_applied status:unpermitted");
	d->facts = fp_strdup(r->facts);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, r->problems ? "Problems" : r->checked_at ? "No problem was found" : "Not checked yet: a asks for a check");
	if (!*r->project_file)
		fp_wrap_link(&v->lines, FP_STYLE_BAD, v->width, 2, "files", "  There is no project file. Upload it: fieldpost file put \"%s\" project.qgs ...", r->name);
	else if (strcmp(r->status, "failed") == 0)
		fp_wrap_link(&v->lines, FP_STYLE_BAD, v->width, 2, "jobs type:process_projectfile", "  The project file could not be processed: Enter shows the jobs that say why.");
}

/* "Since the check of 11-22 10:00: 2 fixed, 1 broke", "" when there was none. */
static void say_since(void *arg, const struct fp_check_row *r)
{
	const struct { int64_t n; const char *word; } words[] = {
		{ r->fixed, "fixed" }, { r->broke, "broke" }, { r->changed, "changed" }, { r->added, "new" }, { r->gone, "gone" },
	};
	struct fp_buf *b = arg;
	char time[FP_FORMAT_SIZE];
	const char *sep = ": ";

	if (!r->previous_at)
		return;
	fp_buf_addf(b, "Since the check of %s", fp_format_time(time, r->previous_at, 19));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].n) {
			fp_buf_addf(b, "%s%lld %s", sep, (long long)words[i].n, words[i].word);
			sep = ", ";
		}
	if (*sep == ':')
		fp_buf_adds(b, ": nothing changed");
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct fp_query q = { .project_id = v->project };
	struct fp_buf since = FP_BUF_INIT;
	struct data *d = v->data;
	enum fp_status st = fp_check_list(v->console->store, &q, 0, 1, say_since, &since, err);

	d->since = fp_buf_take(&since);
	if (st == FP_OK)
		st = fp_project_get(v->console->store, v->project, add_row, v, err);
	if (st == FP_OK)
		st = fp_project_problems(v, err);
	if (st == FP_OK)
		add_facts(v, d->facts);
	free(d->since);
	free(d->facts);
	*d = (struct data){0};
	return st;
}

const struct fp_view_ops fp_view_project = {
	.name = "project", .title = "Project", .context = FP_IN_TEXT | FP_IN_PROJECT,
	.watch = FP_KIND_PROJECT | FP_KIND_FILE | FP_KIND_CHANGE | FP_KIND_JOB | FP_KIND_LAYER | FP_KIND_SECRET | FP_KIND_PACKAGE,
	.data_size = sizeof(struct data), .load = load, .menu = fp_project_menu_here, .chosen = fp_project_chosen,
};
