#include "src/change_plan.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

enum fp_status fp_change_plan_meeting(struct fp_change_plan *c, struct fp_error *err)
{
	const char *word = fp_opt(c->inv, "conflicts");

	if (word && strcmp(word, "overwrite") != 0 && strcmp(word, "manual") != 0)
		return fp_fail(err, FP_E_USAGE, "--conflicts is overwrite or manual, not \"%s\"", word);
	c->meeting = !word ? FP_MEET_AS_PROJECT : *word == 'o' ? FP_MEET_OVERWRITE : FP_MEET_MANUAL;
	return FP_OK;
}

void fp_change_plan_add(void *arg, const struct fp_change_row *r)
{
	struct fp_change_plan *c = arg;
	struct fp_chosen *g;
	json_t *o = json_object();

	FP_GROW(c->chosen, c->n, c->cap);
	g = &c->chosen[c->n++];
	*g = (struct fp_chosen){.row = o, .staged = {.change_id = r->id, .meeting = c->meeting, .action = c->action != FP_ACTION_NONE ? c->action
		: strcmp(r->status, "pending") == 0 ? FP_ACTION_APPLY : FP_ACTION_REAPPLY}};
	fp_row_text(o, "uuid", r->uuid);
	fp_row_text(o, "status", r->status);
	fp_row_text(o, "method", r->method);
	fp_row_text(o, "layer_id", r->layer_id);
	fp_row_text(o, "layer_name", r->layer_name);
	fp_row_text(o, "feature_pk", r->feature_pk);
}

static int by_id(const void *a, const void *b)
{
	const struct fp_chosen *x = a, *y = b;

	return x->staged.change_id < y->staged.change_id ? -1 : x->staged.change_id > y->staged.change_id;
}

enum fp_status fp_change_plan_make(struct fp_change_plan *c, struct fp_error *err)
{
	struct fp_staged *staged = fp_alloc((c->n + 1) * sizeof *staged);
	enum fp_status st;

	qsort(c->chosen, c->n, sizeof *c->chosen, by_id);
	for (size_t i = 0; i < c->n; i++)
		staged[i] = c->chosen[i].staged;
	fp_plan_free(c->plan);
	c->plan = NULL;
	st = fp_plan_new(&c->plan, c->inv->store, &c->inv->config, staged, c->n, err);
	if (st == FP_OK)
		st = fp_plan_wait(c->plan, err);
	free(staged);
	return st;
}

struct fp_chosen *fp_change_plan_find(const struct fp_change_plan *c, int64_t change_id)
{
	const struct fp_chosen key = {.staged = {.change_id = change_id}};

	return bsearch(&key, c->chosen, c->n, sizeof *c->chosen, by_id);
}

/* Rows in the order in which they will be carried out. */
static json_t *told(const struct fp_change_plan *c, json_t *counts)
{
	size_t n;
	const struct fp_plan_item *items = fp_plan_items(c->plan, &n);
	json_t *rows = json_array();

	for (size_t i = 0; i < n; i++) {
		struct fp_chosen *g = fp_change_plan_find(c, items[i].staged.change_id);
		json_object_set_new(g->row, "action", json_string(fp_action_word(items[i].staged.action)));
		json_object_set_new(g->row, "class", json_string(items[i].class));
		json_object_set_new(g->row, "will", json_boolean(items[i].will));
		fp_row_text(g->row, "why", items[i].why);
		json_object_set(g->row, "conflicts", items[i].details ? items[i].details : json_null());
		json_object_set(g->row, "candidates", items[i].candidates ? items[i].candidates : json_null());
		json_object_set_new(g->row, "blocked_by", items[i].blocked_by ? fp_json_text(items[i].blocked_by) : json_null());
		json_array_append(rows, g->row);
		json_object_set_new(counts, items[i].class, json_integer(fp_json_int(counts, items[i].class, 0) + 1));
	}
	return rows;
}

static const struct fp_column columns[] = {
	{"UUID", "uuid", FP_CELL_TEXT}, {"Status", "status", FP_CELL_TEXT}, {"Method", "method", FP_CELL_TEXT},
	{"Layer", "layer_name", FP_CELL_TEXT}, {"Feature", "feature_pk", FP_CELL_TEXT}, {"Action", "action", FP_CELL_TEXT},
	{"Plan", "class", FP_CELL_TEXT}, {"Why", "why", FP_CELL_TEXT}, {0},
};

static char *count_text(const json_t *counts)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *word;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)counts, word, v)
		fp_buf_addf(&b, "%s%lld %s", b.len ? ", " : "", (long long)json_integer_value(v), word);
	return fp_buf_take(&b);
}

/* WRITES: it was saved, JOBS carry it out. */
static void report(struct fp_change_plan *c, json_t *jobs, int writes)
{
	json_t *counts = json_object(), *rows = told(c, counts), *job;
	char *text = count_text(counts);
	size_t i;

	c->inv->exit_code = fp_plan_writes(c->plan) < (int64_t)c->n;
	if (c->inv->json) {
		json_t *answer = json_pack("{s:O,s:O}", "changes", rows, "counts", counts);
		if (jobs)
			json_object_set(answer, "jobs", jobs);
		fp_print_json(answer);
	} else {
		fp_print_table(c->inv, rows, columns);
		fp_print(writes ? "Saved: %s." : "%s. Nothing was written.", text);
		json_array_foreach(jobs, i, job)
			fp_print("%s", fp_json_str_or(job, "sentence", ""));
	}
	free(text);
	json_decref(rows);
	json_decref(counts);
	json_decref(jobs);
}

void fp_change_plan_print(struct fp_change_plan *c)
{
	report(c, NULL, 0);
}

enum fp_status fp_change_plan_save(struct fp_change_plan *c, const char *deed, const char *reason, struct fp_error *err)
{
	struct fp_trigger *t = NULL;
	struct fp_error again;
	json_t *jobs;
	size_t n = 0;
	enum fp_status st;

	if (fp_plan_writes(c->plan) == 0) {
		report(c, json_array(), 0);
		return FP_OK;
	}
	st = fp_confirm(c->inv, err, "%s %lld of %zu selected changes of project \"%s\"?", deed, (long long)fp_plan_writes(c->plan), c->n, c->inv->argv[0]);
	if (st == FP_OK)
		st = fp_plan_save(c->plan, fp_who(), reason ? reason : "", &t, &n, err);
	if (st == FP_E_CONFLICT && fp_change_plan_make(c, &again) == FP_OK) {
		fp_change_plan_print(c);
		fp_error_hint(err, "above is the plan as it would be now; give the command again to carry that out");
	}
	if (st != FP_OK)
		return st;
	jobs = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(jobs, fp_outcome_trigger(&t[i]));
	free(t);
	report(c, jobs, 1);
	return FP_OK;
}

void fp_change_plan_clear(struct fp_change_plan *c)
{
	fp_plan_free(c->plan);
	for (size_t i = 0; i < c->n; i++) {
		json_decref(c->chosen[i].row);
		json_decref(c->chosen[i].delta);
		json_decref(c->chosen[i].staged.amendment.detail);
		json_decref(c->chosen[i].staged.amendment.delta);
	}
	free(c->chosen);
}
