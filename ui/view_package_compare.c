/* Two packages of a project, side by side. ARG: "9 12", package 9 then package 12. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/packages.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/views.h"
#include "ui/wrap.h"

#define FILES_MAX 1000 /* nobody reads more; the command lists them all */
#define INDENT 13

/* While load() runs: BEFORE is of OLD, AFTER of NEW. */
struct totals { int64_t at, files, bytes, features, skipped; };
struct data {
	int64_t old, new;
	struct totals before, after;
	int64_t added, removed, changed, same, n;
};

static void take_totals(void *arg, const struct fp_package_row *r)
{
	*(struct totals *)arg = (struct totals){ r->basis_at, r->files, r->bytes, r->features, r->skipped };
}

static void count_change(struct data *d, const char *change)
{
	const struct { const char *word; int64_t *n; } words[] = { { "added", &d->added }, { "removed", &d->removed }, { "changed", &d->changed }, { "same", &d->same } };

	d->n++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, change) == 0)
			++*words[i].n;
}

static void forget_counts(struct data *d)
{
	d->added = d->removed = d->changed = d->same = d->n = 0;
}

/* "Layers: 1 added, 2 changed, 9 as before", or that nothing differs. */
static void add_header(struct fp_view *v, const char *what, int more)
{
	const struct data *d = v->data;
	const struct { int64_t n; const char *word; } words[] = {
		{ d->added, "added" }, { d->removed, "removed" }, { d->changed, "changed" }, { d->same, "as before" },
	};
	struct fp_buf b = FP_BUF_INIT;
	char count[FP_FORMAT_SIZE];

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].n)
			fp_buf_addf(&b, "%s%s %s", b.len ? ", " : "", fp_format_count(count, words[i].n), words[i].word);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "%s: %s%s", what, more ? "more than " : "", b.len ? b.data : "none differs");
	fp_buf_free(&b);
}

static unsigned change_style(const char *change)
{
	return strcmp(change, "same") == 0 ? FP_STYLE_DIM : strcmp(change, "removed") == 0 ? FP_STYLE_WARN : FP_STYLE_NORMAL;
}

/* ---- layers ---- */

static void count_layer(void *arg, const struct fp_package_layer_diff *d)
{
	count_change(arg, d->change);
}

/* A layer may be new to the project and yet be in no package. */
static const char *action_text(const char *action)
{
	return strcmp(action, "removed") == 0 ? "not in the package" : action;
}

/* "offline", or "copy, then offline". */
static void add_actions(struct fp_buf *b, const struct fp_package_layer_diff *d)
{
	int both = *d->action_before && *d->action_after && strcmp(d->action_before, d->action_after) != 0;

	fp_buf_adds(b, action_text(*d->action_before ? d->action_before : d->action_after));
	if (both)
		fp_buf_addf(b, ", then %s", action_text(d->action_after));
}

/* "1,204 features", "1,204, then 1,210 features (+6)". */
static void add_features(struct fp_buf *b, int64_t before, int64_t after)
{
	char count[FP_FORMAT_SIZE];
	int64_t last = after < 0 ? before : after;

	if (before >= 0 && after >= 0 && before != after)
		fp_buf_addf(b, ", %s, then", fp_format_count(count, before));
	fp_buf_addf(b, "%s %s feature%s", before >= 0 && after >= 0 && before != after ? "" : ",", fp_format_count(count, last), fp_text_s(last));
	if (before >= 0 && after >= 0 && before != after)
		fp_buf_addf(b, " (%s%s)", after > before ? "+" : "", fp_format_count(count, after - before));
}

static void add_layer(void *arg, const struct fp_package_layer_diff *d)
{
	struct fp_view *v = arg;
	const struct data *data = v->data;
	char before[FP_FORMAT_SIZE], after[FP_FORMAT_SIZE];
	char *link = fp_asprintf("package-layer %lld %s", (long long)(*d->action_after ? data->new : data->old), d->id);
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "  %-10s %s: ", strcmp(d->change, "same") == 0 ? "as before" : d->change, d->name);
	add_actions(&b, d);
	if (d->before > 0 || d->after > 0 || strcmp(d->action_before, "offline") == 0 || strcmp(d->action_after, "offline") == 0)
		add_features(&b, d->before, d->after);
	if (d->applied)
		fp_buf_addf(&b, ", %s change%s applied", fp_format_count(before, d->applied), fp_text_s(d->applied));
	if (d->skipped_before != d->skipped_after)
		fp_buf_addf(&b, ", left out %s, then %s", fp_format_count(before, d->skipped_before), fp_format_count(after, d->skipped_after));
	fp_wrap_link(&v->lines, change_style(d->change), v->width, INDENT, link, "%s", b.data);
	fp_buf_free(&b);
	free(link);
}

/* ---- files ---- */

static void count_file(void *arg, const struct fp_package_file_diff *d)
{
	count_change(arg, d->change);
}

static void add_file(void *arg, const struct fp_package_file_diff *d)
{
	struct fp_view *v = arg;
	char before[FP_FORMAT_SIZE], after[FP_FORMAT_SIZE];
	int both = d->before >= 0 && d->after >= 0;

	fp_wrap_link(&v->lines, change_style(d->change), v->width, INDENT, NULL, "  %-10s %s, %s%s%s%s", d->change, d->name,
		fp_format_bytes(before, d->before >= 0 ? d->before : d->after), both ? ", then " : "", both ? fp_format_bytes(after, d->after) : "",
		d->is_attachment ? ", attachment" : "");
}

/* ---- the whole ---- */

static void add_fact(struct fp_view *v, const char *label, const char *before, const char *after)
{
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, INDENT, NULL, "%-*s%s, then %s", INDENT, label, before, after);
}

static void add_files_fact(struct fp_view *v, const struct totals *before, const struct totals *after)
{
	char count[FP_FORMAT_SIZE], bytes[FP_FORMAT_SIZE];
	char *a = fp_asprintf("%s (%s)", fp_format_count(count, before->files), fp_format_bytes(bytes, before->bytes));
	char *b = fp_asprintf("%s (%s)", fp_format_count(count, after->files), fp_format_bytes(bytes, after->bytes));

	add_fact(v, "Files", a, b);
	free(a);
	free(b);
}

static void add_totals(struct fp_view *v)
{
	const struct data *d = v->data;
	char a[FP_FORMAT_SIZE], b[FP_FORMAT_SIZE];

	add_fact(v, "State of", fp_format_time(a, d->before.at, 19), fp_format_time(b, d->after.at, 19));
	add_fact(v, "Features", fp_format_count(a, d->before.features), fp_format_count(b, d->after.features));
	add_fact(v, "Left out", fp_format_count(a, d->before.skipped), fp_format_count(b, d->after.skipped));
	add_files_fact(v, &d->before, &d->after);
}

static enum fp_status add_layers(struct fp_view *v, struct fp_error *err)
{
	struct fp_store *s = v->console->store;
	struct data *d = v->data;
	enum fp_status st;

	forget_counts(d);
	st = fp_package_compare_layers(s, d->old, d->new, 0, INT32_MAX, count_layer, d, err);
	add_header(v, "Layers", 0);
	return st ? st : fp_package_compare_layers(s, d->old, d->new, 0, INT32_MAX, add_layer, v, err);
}

static enum fp_status add_files(struct fp_view *v, struct fp_error *err)
{
	struct fp_store *s = v->console->store;
	struct data *d = v->data;
	enum fp_status st;

	forget_counts(d);
	st = fp_package_compare_files(s, d->old, d->new, 0, FILES_MAX + 1, count_file, d, err);
	add_header(v, "Files", d->n > FILES_MAX);
	if (st == FP_OK)
		st = fp_package_compare_files(s, d->old, d->new, 0, FILES_MAX, add_file, v, err);
	if (st == FP_OK && d->n > FILES_MAX)
		fp_rows_line(&v->lines, FP_STYLE_DIM, "  and more: fieldpost package compare lists them all");
	return st;
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct fp_store *s = v->console->store;
	struct data *d = v->data;
	char *rest;
	enum fp_status st;

	d->old = strtoll(v->arg, &rest, 10);
	d->new = strtoll(rest, NULL, 10);
	st = fp_package_get(s, v->project, d->old, take_totals, &d->before, err);
	if (st == FP_OK)
		st = fp_package_get(s, v->project, d->new, take_totals, &d->after, err);
	if (st)
		return st;
	free(v->label);
	v->label = fp_asprintf("%lld and %lld", (long long)d->old, (long long)d->new);
	free(v->head);
	v->head = fp_asprintf("%s: package %lld, then package %lld", v->project_name, (long long)d->old, (long long)d->new);
	add_totals(v);
	st = add_layers(v, err);
	return st ? st : add_files(v, err);
}

const struct fp_view_ops fp_view_package_compare = {
	.name = "comparison", .title = "Comparison", .context = FP_IN_TEXT, .watch = FP_KIND_PACKAGE, .data_size = sizeof(struct data), .load = load,
};

unsigned fp_act_compare(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	int64_t new = strtoll(v->ops->columns ? v->key ? v->key : "0" : v->arg, NULL, 10), old = strtoll(arg, NULL, 10);
	const char *project = v->ops->columns ? fp_view_cell(v, "project_id") : v->project;
	struct fp_error err;
	char *which;
	unsigned todo;

	if (!new)
		return fp_complain(c, "There is no package here.");
	if (!*arg && fp_package_before(c->store, project, new, &old, &err))
		return fp_show_error(c, &err);
	if (!old)
		return fp_complain(c, *arg ? "Which package? :compare NUMBER" : "No package before this one is kept.");
	which = fp_asprintf("%lld %lld", (long long)(old < new ? old : new), (long long)(old < new ? new : old));
	todo = fp_push(c, &fp_view_package_compare, project, v->ops->columns ? fp_view_cell(v, "project") : v->project_name, which);
	free(which);
	return todo;
}
