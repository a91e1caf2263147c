/* One package: what is in it, and what should be known of it. Its files go on below the lines of load(), three lines each. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/jobs.h"
#include "engine/store/packages.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/package_text.h"
#include "ui/project_acts.h"
#include "ui/views.h"
#include "ui/wrap.h"

#define LABEL 10
#define LINES_OF_FILE 3
#define SHOWN_OF_LAYER 3 /* warnings; its own view has them all */

struct data { int64_t id, files; };

static void add_text(struct fp_view *v, unsigned style, const char *link, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void add_text(struct fp_view *v, unsigned style, const char *link, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	fp_wrap_link(&v->lines, style, v->width, LABEL, link, "%s", b.data);
	fp_buf_free(&b);
}

static void set_project(struct fp_view *v, const char *id, const char *name)
{
	snprintf(v->project, sizeof v->project, "%s", id);
	free(v->project_name);
	v->project_name = fp_strdup(name);
}

static void take_project(void *arg, const struct fp_job_row *r)
{
	set_project(arg, r->project_id, r->project_name);
}

/* ---- facts ---- */

static void add_counts(struct fp_view *v, const struct fp_package_row *r)
{
	const struct { int64_t n; const char *word; } became[] = {
		{ r->offline, "offline" }, { r->copied, "copied" }, { r->online, "online" }, { r->untouched, "untouched" }, { r->removed, "removed" },
	};
	char count[FP_FORMAT_SIZE], bytes[FP_FORMAT_SIZE];
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "Files     %s, %s", fp_format_count(count, r->files), fp_format_bytes(bytes, r->bytes));
	if (r->attachments)
		fp_buf_addf(&b, "; and %s attachment%s, %s", fp_format_count(count, r->attachments), fp_text_s(r->attachments),
			fp_format_bytes(bytes, r->attachment_bytes));
	add_text(v, FP_STYLE_NORMAL, NULL, "%s", b.data);
	fp_buf_clear(&b);
	fp_buf_addf(&b, "Layers    %s", fp_format_count(count, r->layers));
	for (size_t i = 0, shown = 0; i < sizeof became / sizeof *became; i++)
		if (became[i].n)
			fp_buf_addf(&b, "%s%s %s", shown++ ? ", " : ": ", fp_format_count(count, became[i].n), became[i].word);
	add_text(v, FP_STYLE_NORMAL, NULL, "%s", b.data);
	add_text(v, FP_STYLE_NORMAL, NULL, "Features  %s", fp_format_count(count, r->features));
	if (r->skipped)
		add_text(v, FP_STYLE_WARN, NULL, "Left out  %s row%s", fp_format_count(count, r->skipped), fp_text_s(r->skipped));
	fp_buf_free(&b);
}

static void add_package(void *arg, const struct fp_package_row *r)
{
	struct fp_view *v = arg;
	char time[FP_FORMAT_SIZE], age[FP_FORMAT_SIZE], *job = fp_asprintf("job %lld", (long long)r->job_id);

	((struct data *)v->data)->files = r->files + r->attachments;
	set_project(v, r->project_id, r->project_name);
	free(v->head);
	v->head = fp_asprintf("Package %lld of %s: %s", (long long)r->job_id, r->project_name, r->freshness.text);
	add_text(v, FP_STYLE_NORMAL, job, "Made      %s (%s) in job %lld for %s, because of: %s", fp_format_time(time, r->at, 19), fp_format_age(age, r->at),
		(long long)r->job_id, r->by, r->trigger);
	add_text(v, FP_STYLE_NORMAL, NULL, "State of  %s (%s)", fp_format_time(time, r->basis_at, 19), fp_format_age(age, r->basis_at));
	add_text(v, r->freshness.stale ? FP_STYLE_WARN : FP_STYLE_GOOD, NULL, "Freshness %s", r->freshness.text);
	add_text(v, r->newest ? FP_STYLE_NORMAL : FP_STYLE_DIM, NULL, "Devices   %s", r->newest ? "get this one" : "get a newer one");
	add_counts(v, r);
	add_text(v, FP_STYLE_DIM, NULL, "Folder    %s", r->folder + strlen(fp_store_home(v->console->store)) + 1);
	add_text(v, FP_STYLE_BOLD, NULL, "Get it    o copies it into a folder; so does: fieldpost package get \"%s\" --package %lld -o FOLDER", r->project_name,
		(long long)r->job_id);
	if (strcmp(r->notes, "[]") != 0) {
		fp_rows_line(&v->lines, FP_STYLE_HEADER, "Warnings on the project");
		fp_package_add_warnings(v, 2, r->notes, SIZE_MAX, NULL);
	}
	free(job);
}

static enum fp_status add_before(struct fp_view *v, struct fp_error *err)
{
	int64_t before = 0;
	enum fp_status st = fp_package_before(v->console->store, v->project, ((struct data *)v->data)->id, &before, err);

	if (st == FP_OK && before)
		add_text(v, FP_STYLE_NORMAL, "compare", "Before    package %lld: Enter shows what differs", (long long)before);
	else if (st == FP_OK)
		add_text(v, FP_STYLE_DIM, NULL, "Before    no other package is kept");
	return st;
}

/* ---- layers and files ---- */

static void add_layer(void *arg, const struct fp_package_layer_row *r)
{
	struct fp_view *v = arg;
	char count[FP_FORMAT_SIZE], *link = fp_asprintf("package-layer %lld %s", (long long)((struct data *)v->data)->id, r->id);
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "  %-9s %s", r->action, r->name);
	if (strcmp(r->action, "offline") == 0)
		fp_buf_addf(&b, ": %s feature%s in table %s, %s%s", fp_format_count(count, r->features), fp_text_s(r->features), r->table,
			*r->pk ? "key " : "no key", r->pk);
	if (r->read_only)
		fp_buf_adds(&b, ", read-only");
	fp_wrap_link(&v->lines, strcmp(r->action, "removed") == 0 ? FP_STYLE_WARN : FP_STYLE_NORMAL, v->width, 12, link, "%s", b.data);
	fp_package_add_skipped(v, 12, r->skipped, SHOWN_OF_LAYER, link);
	fp_package_add_warnings(v, 12, r->warnings, SHOWN_OF_LAYER, link);
	fp_buf_free(&b);
	free(link);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st = FP_OK;

	d->id = strtoll(v->arg, NULL, 10);
	if (!*v->project)
		st = fp_job_get(v->console->store, d->id, take_project, v, err);
	if (st == FP_OK)
		st = fp_package_get(v->console->store, v->project, d->id, add_package, v, err);
	if (st == FP_OK)
		st = add_before(v, err);
	if (st)
		return st;
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Layers");
	st = fp_package_layers(v->console->store, d->id, 0, INT32_MAX, add_layer, v, err);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Files");
	return st;
}

struct page { struct fp_rows *to; int64_t skip, left; };

static void add_line(struct page *p, unsigned style, const char *label, const char *text)
{
	if (p->skip > 0)
		p->skip--;
	else if (p->left > 0 && p->left--)
		fp_rows_line(p->to, style, "  %s%s", label, text);
}

static void add_file(void *arg, const struct fp_package_file_row *r)
{
	struct page *p = arg;
	char bytes[FP_FORMAT_SIZE], *first = fp_asprintf("%s, %s%s", r->name, fp_format_bytes(bytes, r->size), r->is_attachment ? ", attachment" : "");

	add_line(p, FP_STYLE_NORMAL, "", first);
	add_line(p, FP_STYLE_DIM, "  SHA-256 ", r->sha256);
	add_line(p, FP_STYLE_DIM, "  ETag    ", r->etag);
	free(first);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct page p = { to, offset % LINES_OF_FILE, limit };

	(void)q;
	return fp_package_files(v->console->store, ((struct data *)v->data)->id, offset / LINES_OF_FILE, limit / LINES_OF_FILE + 2, add_file, &p, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	(void)q;
	(void)err;
	*n = ((struct data *)v->data)->files * LINES_OF_FILE;
	return FP_OK;
}

const struct fp_view_ops fp_view_package = {
	.name = "package", .title = "Package", .context = FP_IN_TEXT | FP_IN_PACKAGE,
	.watch = FP_KIND_PACKAGE | FP_KIND_PROJECT | FP_KIND_FILE | FP_KIND_CHANGE, .data_size = sizeof(struct data),
	.load = load, .count = count, .rows = rows, .menu = fp_project_menu_here, .chosen = fp_project_chosen,
};
