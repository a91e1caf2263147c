/* The versions of a file: which is current, what differs between two of them, and back to an older one. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/queue/queue.h"
#include "engine/store/files.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "Version", "version", NULL, FP_CELL_INT, 7, 7, 0, 0 },
	{ "Size", "size", NULL, FP_CELL_SIZE, 7, 8, 0, 0 },
	{ "When", "at", NULL, FP_CELL_TIME, 11, 19, 0, 0 },
	{ "Who", "by", NULL, FP_CELL_TEXT, 8, 0, 0, 0 },
	{ "", "current", NULL, FP_CELL_TEXT, 7, 7, 1, 0 },
	{ "SHA-256", "sha256", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

struct data { int64_t current; }; /* 0: the file was removed */

static void take_current(void *arg, const struct fp_file_row *r)
{
	((struct data *)arg)->current = r->version;
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct data *d = v->data;
	enum fp_status st;

	d->current = 0;
	free(v->label);
	v->label = fp_strdup(v->arg);
	st = fp_file_get(v->console->store, v->project, v->arg, 0, take_current, d, err);
	return st == FP_E_NOTFOUND ? FP_OK : st;
}

struct page {
	const struct fp_view *v;
	struct fp_rows *to;
	int64_t skip, left, n;
};

static void add(void *arg, const struct fp_file_row *r)
{
	struct page *p = arg;

	if (p->n++ < p->skip || p->left == 0)
		return;
	p->left--;
	fp_rows_add(p->to, r->version, NULL);
	fp_rows_num(p->to, r->version);
	fp_rows_num(p->to, r->digest.size);
	fp_rows_num(p->to, r->at);
	fp_rows_text(p->to, r->by);
	fp_rows_text(p->to, r->version == ((struct data *)p->v->data)->current ? "current" : "");
	fp_rows_text(p->to, r->digest.sha256);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct page p = { v, to, offset, limit, 0 };

	(void)q;
	return fp_file_versions(v->console->store, v->project, v->arg, add, &p, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	struct page p = { .v = v };
	enum fp_status st = fp_file_versions(v->console->store, v->project, v->arg, add, &p, err);

	(void)q;
	*n = p.n;
	return st;
}

/* ---- what can be done ---- */

unsigned fp_act_difference(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	char *what;
	unsigned todo;

	(void)arg;
	if (v->count == 0)
		return fp_complain(c, "There is no version here.");
	what = fp_asprintf("%lld %s", (long long)fp_view_cell_num(v, "version"), v->arg);
	todo = fp_push(c, &fp_view_difference, v->project, v->project_name, what);
	free(what);
	return todo;
}

static unsigned open_version(struct fp_console *c, struct fp_view *v)
{
	(void)v;
	return fp_act_difference(c, "");
}

static unsigned restore_now(struct fp_console *c, int64_t version)
{
	struct fp_view *v = fp_top(c);
	struct fp_trigger t;
	struct fp_error err;
	int64_t new;

	if (fp_queue_restore(c->store, &t, v->project, v->arg, version, c->who, &new, &err))
		return fp_show_error(c, &err);
	fp_note(c, "Version %lld is current again, as version %lld. %s", (long long)version, (long long)new, t.sentence);
	return FP_DO_RELOAD;
}

unsigned fp_act_restore(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);
	int64_t version = v->count > 0 ? fp_view_cell_num(v, "version") : 0;

	(void)arg;
	if (version == 0)
		return fp_complain(c, "There is no version here.");
	if (version == ((struct data *)v->data)->current)
		return fp_complain(c, "Version %lld is the current one already.", (long long)version);
	return fp_ask_open(c, 0, restore_now, version, "Make version %lld of %s the current one again, as a new version?", (long long)version, v->arg);
}

enum { DIFFERENCE, RESTORE };

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	const struct data *d = v->data;
	int64_t version = v->count > 0 ? fp_view_cell_num(v, "version") : 0;

	m->title = fp_asprintf(" Version %lld ", (long long)version);
	fp_menu_add(m, DIFFERENCE, "What differs from the version before it", version ? NULL : "there is none");
	fp_menu_add(m, RESTORE, "Make it the current one again", c->read_only ? "read-only" : version == d->current ? "it is" : NULL);
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	(void)v;
	return item == RESTORE ? fp_act_restore(c, "") : fp_act_difference(c, "");
}

const struct fp_view_ops fp_view_versions = {
	.name = "versions", .title = "Versions", .context = FP_IN_LIST | FP_IN_VERSIONS, .watch = FP_KIND_FILE | FP_KIND_PROJECT, .columns = columns,
	.empty = "This file has no version.", .data_size = sizeof(struct data), .load = load, .count = count, .rows = rows, .open = open_version,
	.menu = menu, .chosen = chosen,
};
