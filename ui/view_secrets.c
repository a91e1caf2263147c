#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/store/secrets.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/secret_acts.h"
#include "ui/views.h"

static const struct fp_column columns[] = {
	{ "Project", "project", NULL, FP_CELL_TEXT, 8, 14, 9, FP_COL_ALL },
	{ "Name", "name", "name", FP_CELL_TEXT, 10, 0, 0, 0 },
	{ "Type", "type", "type", FP_CELL_TEXT, 9, 9, 4, 0 },
	{ "State", "state", "state", FP_CELL_STATUS, 7, 7, 0, 0 },
	{ "Services", "services", NULL, FP_CELL_TEXT, 8, 0, 3, 0 },
	{ "Used by", "used_by", NULL, FP_CELL_TEXT, 9, 0, 2, 0 },
	{ "Set", "set_at", "set", FP_CELL_TIME, 11, 11, 6, 0 },
	{ "By", "set_by", NULL, FP_CELL_TEXT, 6, 8, 7, 0 },
	{ "Last test", "test", NULL, FP_CELL_TEXT, 9, 18, 5, 0 },
	{ "What it said", "test_said", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Layers", "layers", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ "Project id", "project_id", NULL, FP_CELL_HIDDEN, 0, 0, 0, 0 },
	{ 0 },
};

/* The texts of a JSON array, or the names in it, joined; returns how many. */
static size_t join(struct fp_buf *to, const char *json)
{
	json_t *array = NULL, *item;
	size_t i, n;

	fp_buf_add(to, "", 0);
	fp_json_parse(&array, json, strlen(json), NULL);
	n = json_array_size(array);
	json_array_foreach(array, i, item)
		fp_buf_addf(to, "%s%s", i ? ", " : "", json_is_string(item) ? json_string_value(item) : fp_json_str_or(item, "name", ""));
	json_decref(array);
	return n;
}

struct target { struct fp_console *c; struct fp_rows *to; };

static void add_test(struct target *t, const struct fp_secret_row *r)
{
	static const char *const words[] = { "looked at", "failed", "good" };
	struct fp_buf b = FP_BUF_INIT;
	char age[FP_FORMAT_SIZE];

	if (fp_secret_tests(t->c, r->project_id, r->name))
		fp_buf_adds(&b, "being tested");
	else if (r->tested_at)
		fp_buf_addf(&b, "%s, %s", words[r->test_ok + 1], fp_format_age(age, r->tested_at));
	fp_rows_text(t->to, b.data);
	if (r->tested_at)
		fp_rows_cell_style(t->to, r->test_ok > 0 ? FP_STYLE_GOOD : r->test_ok == 0 ? FP_STYLE_BAD : FP_STYLE_NORMAL);
	fp_buf_free(&b);
}

static void add(void *arg, const struct fp_secret_row *r)
{
	struct target *t = arg;
	struct fp_buf services = FP_BUF_INIT, used_by = FP_BUF_INIT;
	size_t layers = join(&used_by, r->used_by);
	int missing = strcmp(r->state, "missing") == 0;

	join(&services, r->services);
	fp_rows_add(t->to, 0, r->key);
	fp_rows_text(t->to, r->project_name);
	fp_rows_text(t->to, missing ? "-" : r->name);
	fp_rows_text(t->to, r->type);
	fp_rows_text(t->to, r->state);
	fp_rows_cell_style(t->to, missing ? FP_STYLE_BAD : FP_STYLE_GOOD);
	fp_rows_text(t->to, services.data);
	fp_rows_text(t->to, used_by.data);
	fp_rows_num(t->to, r->set_at);
	fp_rows_text(t->to, r->set_by);
	add_test(t, r);
	fp_rows_text(t->to, missing ? "No secret defines this service: n sets it." : r->test_said);
	fp_rows_num(t->to, (int64_t)layers);
	fp_rows_text(t->to, r->project_id);
	fp_buf_free(&services);
	fp_buf_free(&used_by);
}

static enum fp_status rows(struct fp_view *v, const struct fp_query *q, int64_t offset, int64_t limit, struct fp_rows *to, struct fp_error *err)
{
	struct target t = { v->console, to };

	return fp_secret_list(v->console->store, q, offset, limit, add, &t, err);
}

static enum fp_status count(struct fp_view *v, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_secret_count(v->console->store, q, n, err);
}

/* ---- what can be done ---- */

static int is_set(const struct fp_view *v)
{
	return v->count > 0 && strcmp(fp_view_cell(v, "state"), "set") == 0;
}

static const char *project_of(const struct fp_view *v)
{
	return *v->project ? v->project : v->count > 0 ? fp_view_cell(v, "project_id") : "";
}

/* NAME "": a new one, or what is missing under the cursor. */
static unsigned ask(struct fp_console *c, struct fp_view *v, const char *name)
{
	char *project = fp_strdup(project_of(v)), *service = fp_strdup(v->count > 0 && !is_set(v) ? fp_view_cell(v, "services") : "");
	unsigned todo;

	if (*project)
		todo = fp_secret_ask(c, project, name, service);
	else
		todo = fp_complain(c, "Of which project? Open it first: secrets belong to projects.");
	free(project);
	free(service);
	return todo;
}

unsigned fp_act_secret_set(struct fp_console *c, const char *arg)
{
	return ask(c, fp_top(c), arg);
}

unsigned fp_act_secret_test(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	if (!is_set(v))
		return fp_complain(c, "There is no secret here to test: n sets one.");
	return fp_secret_begin_test(c, fp_view_cell(v, "project_id"), fp_view_cell(v, "name"));
}

unsigned fp_act_secret_remove(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	(void)arg;
	if (!is_set(v))
		return fp_complain(c, "There is no secret here to remove.");
	return fp_secret_ask_remove(c, fp_view_cell(v, "project_id"), fp_view_cell(v, "name"), (size_t)fp_view_cell_num(v, "layers"));
}

enum { REPLACE, TEST, REMOVE, NEW };

static void menu(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	const char *off = c->read_only ? "read-only" : NULL;
	const char *none = off ? off : is_set(v) ? NULL : "not set";
	int missing = v->count > 0 && !is_set(v);

	m->title = is_set(v) ? fp_asprintf(" %s ", fp_view_cell(v, "name")) : missing ? fp_asprintf(" service %s ", fp_view_cell(v, "services"))
		: fp_strdup(" Secrets ");
	if (!missing)
		fp_menu_add(m, REPLACE, "Set a new value", none);
	fp_menu_add(m, TEST, "Test it", none);
	fp_menu_add(m, REMOVE, "Remove it", none);
	fp_menu_add(m, NEW, missing ? "Set this service" : "New secret", off);
}

static unsigned chosen(struct fp_console *c, struct fp_view *v, int item)
{
	char *name;
	unsigned todo;

	switch (item) {
	case TEST: return fp_act_secret_test(c, "");
	case REMOVE: return fp_act_secret_remove(c, "");
	case NEW: return ask(c, v, "");
	}
	name = fp_strdup(fp_view_cell(v, "name"));
	todo = ask(c, v, name);
	free(name);
	return todo;
}

static unsigned open_secret(struct fp_console *c, struct fp_view *v)
{
	(void)v;
	return fp_act_menu(c, "");
}

static const char *const words[] = { "state:set", "state:missing", "type:pgservice", "type:envvar", "name:", "service:", NULL };

const struct fp_view_ops fp_view_secrets = {
	.name = "secrets", .title = "Secrets", .context = FP_IN_LIST | FP_IN_SECRETS,
	.watch = FP_KIND_SECRET | FP_KIND_LAYER | FP_KIND_PROJECT, .columns = columns, .filter_words = words,
	.empty = "No secret is set, and no layer asks for one. n sets one: a PostgreSQL service (pg_service.conf) that layers name, or a variable of the "
		"environment. Only the project's own jobs get to know it.",
	.count = count, .rows = rows, .peek = { "test_said", "used_by" }, .open = open_secret, .menu = menu, .chosen = chosen,
};
