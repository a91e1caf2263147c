#include "engine/queue/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/lines.h"
#include "engine/queue/plan_parts.h"

/* ---- items ---- */

/* What needs a look at the data. */
static int is_tried(const struct fp_plan_item *i)
{
	enum fp_action a = i->staged.action;

	return !*i->why && (a == FP_ACTION_APPLY || a == FP_ACTION_REAPPLY || a == FP_ACTION_FORCE || a == FP_ACTION_UNDO) &&
		!(i->staged.amendment.kind && !i->staged.amendment.delta);
}

static void say(struct fp_plan_item *i, const char *why)
{
	free(i->why);
	i->why = fp_text_clean(why);
}

static const char *method_word(const char *word)
{
	static const char *const words[] = {"create", "patch", "delete"};

	for (size_t i = 0; i < 3; i++)
		if (strcmp(words[i], word) == 0)
			return words[i];
	return "";
}

static enum fp_status take_item(struct fp_plan *p, struct fp_plan_item *i, const struct fp_staged *g, struct fp_error *err)
{
	struct fp_change_state c;
	char why[128];
	enum fp_status st = fp_plan_look(p->store, &c, g->change_id, err);

	i->staged = *g;
	json_incref(g->amendment.detail);
	json_incref(g->amendment.delta);
	i->why = fp_strdup("");
	i->hash = fp_strdup("");
	i->class = FP_PLAN_LEFT_ALONE;
	i->method = "";
	if (st != FP_OK)
		return st;
	memcpy(i->status, c.status, sizeof i->status);
	memcpy(i->uuid, c.uuid, sizeof i->uuid);
	memcpy(i->project_id, c.project_id, sizeof i->project_id);
	i->touched_at = c.touched_at;
	i->method = method_word(c.method);
	i->again = c.attempts > 0;
	fp_plan_object(&c, g->action, why);
	if (*why)
		say(i, why);
	else if (g->action == FP_ACTION_IGNORE || (g->amendment.kind && !g->amendment.delta))
		i->class = FP_PLAN_WILL_IGNORE, i->will = 1;
	else if (g->action == FP_ACTION_RESTORE)
		i->class = FP_PLAN_WILL_RESTORE, i->will = 1;
	i->tried = is_tried(i);
	return FP_OK;
}

/* By project, in the order in which they came; then the undos, the newest first: each finds the data as its change left it. */
static int in_order(const void *x, const void *y)
{
	const struct fp_plan_item *a = x, *b = y;
	int undo_a = a->staged.action == FP_ACTION_UNDO, undo_b = b->staged.action == FP_ACTION_UNDO, c = strcmp(a->project_id, b->project_id);

	if (c || undo_a != undo_b)
		return c ? c : undo_a - undo_b;
	c = a->staged.change_id < b->staged.change_id ? -1 : a->staged.change_id > b->staged.change_id;
	return undo_a ? -c : c;
}

static void make_parts(struct fp_plan *p)
{
	size_t cap = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->n_parts && strcmp(p->parts[p->n_parts - 1].project_id, p->items[i].project_id) == 0) {
			p->parts[p->n_parts - 1].until = i + 1;
			continue;
		}
		FP_GROW(p->parts, p->n_parts, cap);
		p->parts[p->n_parts] = (struct fp_plan_part){.from = i, .until = i + 1};
		memcpy(p->parts[p->n_parts++].project_id, p->items[i].project_id, 37);
	}
}

enum fp_status fp_plan_new(struct fp_plan **out, struct fp_store *s, const struct fp_config *conf, const struct fp_staged *staged, size_t n,
	struct fp_error *err)
{
	struct fp_plan *p = fp_alloc(sizeof *p);
	enum fp_status st = FP_OK;

	p->store = s;
	p->conf = conf;
	p->items = fp_alloc((n + 1) * sizeof *p->items);
	p->by_uuid = json_object();
	for (size_t i = 0; st == FP_OK && i < n; i++) {
		if (staged[i].action == FP_ACTION_NONE)
			continue;
		st = take_item(p, &p->items[p->n++], &staged[i], err);
	}
	if (st != FP_OK) {
		fp_plan_free(p);
		return st;
	}
	qsort(p->items, p->n, sizeof *p->items, in_order);
	make_parts(p);
	*out = p;
	return FP_OK;
}

static void item_clear(struct fp_plan_item *i)
{
	free(i->why);
	free(i->hash);
	free(i->blocked_by);
	free(i->delta);
	json_decref(i->details);
	json_decref(i->candidates);
	json_decref(i->current);
	json_decref(i->staged.amendment.detail);
	json_decref(i->staged.amendment.delta);
}

void fp_plan_free(struct fp_plan *p)
{
	if (!p)
		return;
	fp_question_free(p->question);
	for (size_t i = 0; i < p->n; i++)
		item_clear(&p->items[i]);
	for (size_t i = 0; i < p->n_parts; i++)
		json_decref(p->parts[i].base);
	free(p->items);
	free(p->parts);
	json_decref(p->by_uuid);
	free(p);
}

const struct fp_plan_item *fp_plan_items(const struct fp_plan *p, size_t *n)
{
	*n = p->n;
	return p->items;
}

int64_t fp_plan_writes(const struct fp_plan *p)
{
	int64_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->items[i].will;
	return n;
}

void fp_plan_progress(const struct fp_plan *p, int64_t *done, int64_t *total)
{
	*done = p->looked_at;
	*total = 0;
	for (size_t i = 0; i < p->n; i++)
		*total += p->items[i].tried;
}

/* ---- what the worker says ---- */

static const char *class_word(const char *word)
{
	static const char *const words[] = {"will_apply", "already_applied", "conflict", "target_missing", "would_duplicate", "blocked", "impossible"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0)
			return words[i];
	return "impossible";
}

static struct fp_plan_item *item_of(struct fp_plan *p, const json_t *body)
{
	const json_t *at = json_object_get(p->by_uuid, fp_json_str_or(body, "delta_id", ""));

	return json_is_integer(at) ? &p->items[json_integer_value(at)] : NULL;
}

/* What was pending gets an outcome whatever it is; anything else is touched only when that does something. */
static void settle_will(struct fp_plan_item *i)
{
	int force = i->staged.action == FP_ACTION_FORCE;

	i->will = strcmp(i->class, "will_apply") == 0 || (i->staged.action == FP_ACTION_APPLY && strcmp(i->status, "pending") == 0) ||
		(force && i->forced_duplicate);
}

static void explain(struct fp_plan_item *i, const json_t *body)
{
	struct fp_buf b = FP_BUF_INIT, names = FP_BUF_INIT;
	const json_t *d;
	size_t k;

	json_array_foreach(i->details, k, d)
		if (strcmp(fp_json_str_or(d, "level", ""), "parallel") != 0)
			fp_buf_addf(&names, "%s%s", names.len ? ", " : "", fp_json_str_or(d, "field", ""));
	if (i->blocked_by)
		fp_buf_addf(&b, "an earlier change of the same feature is not applied: %.8s", i->blocked_by);
	else if (strcmp(i->class, "conflict") == 0)
		fp_buf_addf(&b, "changed meanwhile: %s", names.len ? names.data : "see the change");
	else if (strcmp(i->class, "will_apply") == 0 && names.len)
		fp_buf_addf(&b, "overwrites what changed meanwhile: %s", names.data);
	else if (strcmp(i->class, "would_duplicate") == 0)
		fp_buf_adds(&b, "the feature is there already");
	else if (strcmp(i->class, "already_applied") == 0)
		fp_buf_adds(&b, strcmp(i->method, "delete") == 0 ? "the feature is gone already" : "the data says so already");
	else if (strcmp(i->class, "will_apply") != 0)
		fp_buf_adds(&b, fp_json_str_or(body, "msg", ""));
	else if (strncmp(fp_json_str_or(body, "msg", ""), "Successfully applied delta! ", 28) == 0)
		fp_buf_adds(&b, fp_json_str(body, "msg") + 28);
	say(i, b.len ? b.data : "");
	fp_buf_free(&b);
	fp_buf_free(&names);
}

static void take_delta(struct fp_plan *p, const json_t *body)
{
	struct fp_plan_item *i = item_of(p, body);
	const char *hash = fp_json_str_or(body, "hash_before", ""), *blocked = fp_json_str(body, "blocked_by");

	if (!i || i->answered)
		return;
	i->answered = 1;
	i->class = class_word(fp_json_str_or(body, "class", ""));
	free(i->hash);
	i->hash = fp_strdup(strlen(hash) == 64 ? hash : "");
	i->details = json_incref(json_object_get(body, "details"));
	i->current = json_incref(json_object_get(body, "current"));
	i->blocked_by = blocked ? fp_text_clean(blocked) : NULL;
	settle_will(i);
	explain(i, body);
	p->looked_at++;
}

static void take_candidates(struct fp_plan *p, const json_t *body)
{
	struct fp_plan_item *i = item_of(p, body);
	struct fp_buf b = FP_BUF_INIT;
	const json_t *first;

	if (!i || i->candidates)
		return;
	i->candidates = json_incref(json_object_get(body, "candidates"));
	i->forced_duplicate = strcmp(i->class, "will_apply") == 0;
	i->class = class_word(fp_json_str_or(body, "class", ""));
	first = json_array_get(i->candidates, 0);
	fp_buf_addf(&b, "%s", i->forced_duplicate ? "its like is there already" : i->why);
	if (first)
		fp_buf_addf(&b, "%s feature %s (%s)", i->forced_duplicate ? ":" : "; may be", fp_json_str_or(first, "key", ""), fp_json_str_or(first, "text", ""));
	say(i, b.data);
	fp_buf_free(&b);
	settle_will(i);
}

static void take_event(void *arg, enum fp_event_kind kind, const json_t *body)
{
	if (kind == FP_EVENT_DELTA)
		take_delta(arg, body);
	else if (kind == FP_EVENT_CANDIDATES)
		take_candidates(arg, body);
}

/* ---- asking ---- */

static int needs_a_look(const struct fp_plan *p, const struct fp_plan_part *part)
{
	for (size_t i = part->from; i < part->until; i++)
		if (p->items[i].tried)
			return 1;
	return 0;
}

/* The data cannot be looked at: so says every item of the part. */
static void give_up(struct fp_plan *p, const struct fp_plan_part *part, const struct fp_error *why)
{
	for (size_t i = part->from; i < part->until; i++) {
		struct fp_plan_item *item = &p->items[i];
		if (item->answered || !item->tried)
			continue;
		item->answered = 1;
		item->class = "impossible";
		item->will = 0;
		say(item, why->msg);
	}
}

static enum fp_status write_lines(struct fp_plan *p, const struct fp_plan_part *part, FILE *f, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	json_object_clear(p->by_uuid);
	for (size_t i = part->from; i < part->until; i++)
		if (p->items[i].tried && p->items[i].staged.action != FP_ACTION_UNDO)
			json_object_set_new(p->by_uuid, p->items[i].uuid, json_integer((json_int_t)i));
	for (size_t i = part->from; st == FP_OK && i < part->until; i++) {
		struct fp_plan_item *item = &p->items[i];
		if (!item->tried)
			continue;
		if (item->staged.action != FP_ACTION_UNDO) {
			st = fp_line_of_staged(p->store, f, &item->staged, item->again, p->by_uuid, err);
			continue;
		}
		st = fp_plan_undo(p, item, f, err);
		if (item->delta)
			json_object_set_new(p->by_uuid, item->undo_uuid, json_integer((json_int_t)i));
	}
	return st;
}

static enum fp_status ask(struct fp_plan *p, struct fp_plan_part *part, struct fp_error *err)
{
	char *path = NULL;
	FILE *f = NULL;
	enum fp_status st = fp_question_new(&p->question, p->store, p->conf, part->project_id, "plan", err);

	if (st == FP_OK) {
		path = fp_path_join(fp_question_work(p->question), "deltas.jsonl");
		f = fopen(path, "wxe");
		if (!f)
			st = fp_fail_errno(err, errno, "cannot create %s", path);
	}
	if (st == FP_OK)
		st = write_lines(p, part, f, err);
	if (f && (ferror(f) | fclose(f)) && st == FP_OK)
		st = fp_fail(err, FP_E_FULL, "cannot write %s", path);
	if (st == FP_OK) {
		part->base = json_incref((json_t *)(uintptr_t)fp_question_base(p->question));
		st = fp_question_start(p->question, take_event, p, err);
	}
	free(path);
	return st;
}

static void next_part(struct fp_plan *p)
{
	fp_question_free(p->question);
	p->question = NULL;
	p->at++;
}

enum fp_status fp_plan_step(struct fp_plan *p, int *done, struct fp_error *err)
{
	struct fp_error why = {0};
	int ended = 0;
	enum fp_status st;

	(void)err;
	while (p->at < p->n_parts && !p->question && !needs_a_look(p, &p->parts[p->at]))
		p->at++;
	*done = p->at == p->n_parts;
	if (*done)
		return FP_OK;
	st = p->question ? fp_question_step(p->question, &ended, &why) : ask(p, &p->parts[p->at], &why);
	if (st == FP_OK && ended)
		st = fp_fail(&why, FP_E_INTERNAL, "the worker said nothing of it"); /* of those it did not answer for, if any */
	if (st != FP_OK) {
		give_up(p, &p->parts[p->at], &why);
		next_part(p);
	}
	*done = p->at == p->n_parts;
	return FP_OK;
}

int fp_plan_fd(const struct fp_plan *p)
{
	return p->question ? fp_question_fd(p->question) : -1;
}

int64_t fp_plan_left(const struct fp_plan *p)
{
	return p->question ? fp_question_left(p->question) : 0;
}

enum fp_status fp_plan_wait(struct fp_plan *p, struct fp_error *err)
{
	struct fp_error why = {0};
	int done = 0;
	enum fp_status st = fp_plan_step(p, &done, err);

	while (st == FP_OK && !done) {
		if (p->question) {
			st = fp_question_wait(p->question, &why);
			if (st == FP_E_CANCELLED) {
				*err = why;
				return st;
			}
			if (st == FP_OK)
				fp_fail(&why, FP_E_INTERNAL, "the worker said nothing of it");
			give_up(p, &p->parts[p->at], &why);
			next_part(p);
		}
		st = fp_plan_step(p, &done, err);
	}
	return st;
}
