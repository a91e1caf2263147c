/* fieldpost change resolve, retarget: a person's word on a conflict, and on where changes belong. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/amend.h"
#include "engine/store/projects.h"
#include "src/change_plan.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/output.h"
#include "src/selection.h"

#define MAPPING_MAX (64LL << 20)

/* ---- resolve ---- */

static const struct fp_column conflict_columns[] = {
	{"Field", "field", FP_CELL_TEXT}, {"Level", "level", FP_CELL_TEXT}, {"Base", "base", FP_CELL_TEXT}, {"Device", "requested", FP_CELL_TEXT},
	{"Current", "current", FP_CELL_TEXT}, {0},
};

/* "height=device", "height=value:12.5": a value is JSON when it can be, else text. */
static enum fp_status read_decision(json_t *decisions, const char *word, struct fp_error *err)
{
	const char *eq = strrchr(word, '='), *said;
	char *field;
	json_t *v;

	if (strstr(word, "=value:"))
		eq = strstr(word, "=value:");
	if (!eq || eq == word)
		return fp_fail(err, FP_E_USAGE, "\"%.100s\" is no decision: FIELD=device, FIELD=current, FIELD=base or FIELD=value:TEXT", word);
	field = fp_strndup(word, (size_t)(eq - word));
	said = eq + 1;
	if (strncmp(said, "value:", 6) == 0) {
		v = json_loads(said + 6, JSON_DECODE_ANY, NULL);
		json_object_set_new(decisions, field, json_pack("{s:o}", "value", v ? v : fp_json_text(said + 6)));
	} else {
		json_object_set_new(decisions, field, fp_json_text(said));
	}
	free(field);
	return FP_OK;
}

static enum fp_status read_decisions(json_t *decisions, const struct fp_invocation *inv, const json_t *details, struct fp_error *err)
{
	const char *all = fp_opt(inv, "all");
	const json_t *d;
	enum fp_status st = FP_OK;
	size_t i;

	json_array_foreach(details, i, d)
		if (all && strcmp(fp_json_str_or(d, "level", ""), "parallel") != 0)
			json_object_set_new(decisions, fp_json_str_or(d, "field", ""), fp_json_text(all));
	for (int k = 2; st == FP_OK && k < inv->argc; k++)
		st = read_decision(decisions, inv->argv[k], err);
	return st;
}

static enum fp_status decide(struct fp_change_plan *c, struct fp_error *err)
{
	struct fp_invocation *inv = c->inv;
	size_t n;
	const struct fp_plan_item *item = fp_plan_items(c->plan, &n);
	json_t *decisions = json_object(), *delta = NULL, *amended = NULL;
	enum fp_status st = fp_change_delta(inv->store, &delta, item->staged.change_id, err);

	if (st == FP_OK)
		st = read_decisions(decisions, inv, item->details, err);
	if (st == FP_OK)
		st = fp_amend_resolve(&amended, delta, item->details, decisions, err);
	json_decref(delta);
	if (st != FP_OK) {
		json_decref(decisions);
		return st;
	}
	c->chosen[0].staged.amendment = (struct fp_amendment){"resolve", json_pack("{s:o,s:O}", "decisions", decisions, "conflicts", item->details), amended};
	return fp_change_plan_make(c, err);
}

static enum fp_status resolve(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_change_plan c = {.inv = inv, .action = FP_ACTION_REAPPLY, .meeting = FP_MEET_MANUAL};
	char project[FP_UUID_SIZE];
	const struct fp_plan_item *item;
	size_t n;
	enum fp_status st = fp_project_find(inv->store, project, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_change_get(inv->store, project, inv->argv[1], fp_change_plan_add, &c, err);
	if (st == FP_OK)
		st = fp_change_plan_make(&c, err);
	if (st == FP_OK) {
		item = fp_plan_items(c.plan, &n);
		if (strcmp(item->class, "conflict") != 0) {
			st = fp_fail(err, FP_E_REFUSED, "change %.8s is no conflict now: %s%s%s", inv->argv[1], item->class, *item->why ? ", " : "", item->why);
		} else if (inv->argc == 2 && !fp_opt(inv, "all")) {
			fp_print_rows(inv, "conflicts", json_incref(item->details), conflict_columns, "conflict");
			inv->exit_code = 1;
		} else {
			st = decide(&c, err);
			if (st == FP_OK && fp_opt(inv, "preview"))
				fp_change_plan_print(&c);
			else if (st == FP_OK)
				st = fp_change_plan_save(&c, "Decide", fp_opt(inv, "reason"), err);
		}
	}
	fp_change_plan_clear(&c);
	return st;
}

const struct fp_command fp_cmd_change_resolve = {
	.name = "change resolve", .args = "NAME UUID [FIELD=DECISION...]", .min_args = 2, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES,
	.preview = "preview", .run = resolve,
	.help = "Decide a conflict field by field: FIELD=device, FIELD=current, FIELD=base or FIELD=value:TEXT. --preview without a decision shows the conflict.",
	.options = {{"preview", NULL, "show the conflict, or what the decision comes to, and write nothing"},
		{"all", "device|current|base", "every field that is not named"}, {"reason", "TEXT", "kept in the ledger"}},
};

/* ---- retarget ---- */

static enum fp_status add_pairs(json_t *mapping, const char *member, const char *list, struct fp_error *err)
{
	json_t *pairs = json_object_get(mapping, member);

	if (!list)
		return FP_OK;
	if (!pairs) {
		pairs = json_object();
		json_object_set_new(mapping, member, pairs);
	}
	while (*list) {
		size_t n = strcspn(list, ",");
		char *pair = fp_strndup(list, n), *eq = strchr(pair, '=');
		if (!eq || eq == pair || !eq[1]) {
			fp_fail(err, FP_E_USAGE, "\"%.100s\" is no OLD=NEW", pair);
			free(pair);
			return FP_E_USAGE;
		}
		*eq = '\0';
		json_object_set_new(pairs, pair, fp_json_text(eq + 1));
		free(pair);
		list += n + (list[n] == ',');
	}
	return FP_OK;
}

static enum fp_status read_mapping(json_t **mapping, const struct fp_invocation *inv, struct fp_error *err)
{
	const char *file = fp_opt(inv, "map");
	struct fp_buf text = FP_BUF_INIT;
	enum fp_status st = FP_OK;

	*mapping = NULL;
	if (file) {
		st = fp_fs_read(&text, file, MAPPING_MAX, err);
		if (st == FP_OK)
			st = fp_json_parse(mapping, text.data, text.len, err);
		fp_buf_free(&text);
		if (st == FP_OK && !json_is_object(*mapping))
			st = fp_fail(err, FP_E_INVALID, "%s is no mapping: {\"layers\": {\"old\": \"new\"}, \"fields\": {...}, \"keys\": {...}}", file);
	} else {
		*mapping = json_object();
	}
	if (st == FP_OK)
		st = add_pairs(*mapping, "layers", fp_opt(inv, "layer"), err);
	if (st == FP_OK)
		st = add_pairs(*mapping, "fields", fp_opt(inv, "field"), err);
	if (st == FP_OK)
		st = add_pairs(*mapping, "keys", fp_opt(inv, "key"), err);
	if (st == FP_OK && json_object_size(*mapping) == 0 && !fp_opt(inv, "accept-candidates"))
		st = fp_fail(err, FP_E_USAGE, "say what is called otherwise now: --layer, --field, --key, --map or --accept-candidates");
	return st;
}

struct mapped {
	struct fp_change_plan *c;
	const json_t *mapping;
	enum fp_status st;
	struct fp_error *err;
};

static void map(void *arg, const struct fp_change_row *r)
{
	struct mapped *m = arg;
	struct fp_chosen *g;
	json_t *amended;
	int touched = 0;

	fp_change_plan_add(m->c, r);
	g = &m->c->chosen[m->c->n - 1];
	if (m->st == FP_OK)
		m->st = fp_change_delta(m->c->inv->store, &g->delta, r->id, m->err);
	if (m->st != FP_OK)
		return;
	amended = fp_amend_retarget(g->delta, m->mapping, &touched);
	if (touched || json_object_get(m->mapping, "keys"))
		g->staged.amendment = (struct fp_amendment){"retarget", json_incref((json_t *)(uintptr_t)m->mapping), json_incref(amended)};
	json_decref(amended);
}

/* The one feature that is not just near. */
static const char *sure_candidate(const struct fp_plan_item *i)
{
	const json_t *c;
	const char *key = NULL;
	size_t k, n = 0;

	json_array_foreach(i->candidates, k, c) {
		if (strcmp(fp_json_str_or(c, "why", ""), "nearest") == 0)
			continue;
		key = fp_json_str(c, "key");
		n++;
	}
	return strcmp(i->class, "target_missing") == 0 && n == 1 ? key : NULL;
}

/* The plan's own finds become the target of each change that has exactly one. */
static void accept(struct fp_change_plan *c)
{
	size_t n;
	const struct fp_plan_item *items = fp_plan_items(c->plan, &n);

	for (size_t i = 0; i < n; i++) {
		const char *key = sure_candidate(&items[i]);
		struct fp_chosen *g = fp_change_plan_find(c, items[i].staged.change_id);
		struct fp_amendment *a = &g->staged.amendment;
		json_t *detail;

		if (!key)
			continue;
		detail = a->kind ? json_deep_copy(a->detail) : json_object();
		json_object_set_new(detail, "target", json_string(key));
		json_decref(a->detail);
		*a = (struct fp_amendment){"retarget", detail, a->kind ? a->delta : json_incref(g->delta)};
	}
}

static enum fp_status retarget(struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_change_plan c = {.inv = inv};
	struct mapped m = {&c, NULL, FP_OK, err};
	json_t *mapping;
	char project[FP_UUID_SIZE];
	enum fp_status st = read_mapping(&mapping, inv, err);

	m.mapping = mapping;
	if (st == FP_OK)
		st = fp_selection_each(inv, project, 0, map, &m, err);
	if (st == FP_OK)
		st = m.st;
	if (st == FP_OK)
		st = fp_change_plan_make(&c, err);
	if (st == FP_OK && fp_opt(inv, "accept-candidates")) {
		accept(&c);
		st = fp_change_plan_make(&c, err);
	}
	if (st == FP_OK && fp_opt(inv, "preview"))
		fp_change_plan_print(&c);
	else if (st == FP_OK)
		st = fp_change_plan_save(&c, "Re-target and apply", fp_opt(inv, "reason"), err);
	json_decref(mapping);
	fp_change_plan_clear(&c);
	return st;
}

const struct fp_command fp_cmd_change_retarget = {
	.name = "change retarget", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .preview = "preview", .run = retarget,
	.help = "Apply the selected changes to a layer, fields or features that are called otherwise now. What came from the device stays as it came.",
	.options = {FP_SELECTION_OPTIONS, {"layer", "OLD=NEW,...", "layer ids"}, {"field", "OLD=NEW,...", "names of columns"},
		{"key", "OLD=NEW,...", "keys of features in the source"}, {"map", "FILE", "all of that as JSON: {\"layers\": {}, \"fields\": {}, \"keys\": {}}"},
		{"accept-candidates", NULL, "where a feature is missing and exactly one other is its like by more than place, take that"},
		{"preview", NULL, "show the plan and write nothing"}, {"reason", "TEXT", "kept in the ledger"}},
};
