#include "src/selection.h"

#include <string.h>

#include "engine/store/projects.h"

struct selection {
	const struct fp_invocation *inv;
	const char *project;
	int bodies;
	fp_change_each *each;
	void *arg;
	int64_t n;
};

static void give(void *arg, const struct fp_change_row *r)
{
	struct selection *s = arg;

	s->n++;
	s->each(s->arg, r);
}

static enum fp_status by_uuids(struct selection *s, struct fp_error *err)
{
	const struct fp_invocation *inv = s->inv;

	for (int i = 1; i < inv->argc; i++) {
		enum fp_status st;
		for (int k = 1; k < i; k++)
			if (strcmp(inv->argv[k], inv->argv[i]) == 0)
				return fp_fail(err, FP_E_USAGE, "change %s is named twice", inv->argv[i]);
		st = fp_change_get(inv->store, s->project, inv->argv[i], give, s, err);
		if (st != FP_OK)
			return st;
	}
	return FP_OK;
}

static enum fp_status rows(struct selection *s, const struct fp_query *q, int64_t offset, struct fp_error *err)
{
	return (s->bodies ? fp_change_list_bodies : fp_change_list)(s->inv->store, q, offset, INT64_MAX, give, s, err);
}

static enum fp_status by_filter(struct selection *s, const char *filter, struct fp_error *err)
{
	struct fp_query q = {.project_id = s->project, .filter = filter, .reverse = 1};
	enum fp_status st = rows(s, &q, 0, err);

	if (st == FP_OK && s->n == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "no change of this project matches \"%s\"", filter);
	return st;
}

static void take_id(void *arg, const struct fp_change_row *r)
{
	*(int64_t *)arg = r->id;
}

/* What comes meanwhile comes behind, so the place of the first one stays. */
static enum fp_status by_age(struct selection *s, const char *uuid, struct fp_error *err)
{
	struct fp_query q = {.project_id = s->project, .reverse = 1};
	int64_t first = 0, offset = 0;
	enum fp_status st = fp_change_get(s->inv->store, s->project, uuid, take_id, &first, err);

	if (st == FP_OK)
		st = fp_change_rank(s->inv->store, &q, first, &offset, err);
	return st == FP_OK ? rows(s, &q, offset, err) : st;
}

enum fp_status fp_selection_each(const struct fp_invocation *inv, char project[FP_UUID_SIZE], int bodies, fp_change_each *each, void *arg,
	struct fp_error *err)
{
	struct selection s = {inv, project, bodies, each, arg, 0};
	const char *newer = fp_opt(inv, "this-and-newer"), *filter = fp_opt(inv, "filter");
	enum fp_status st = fp_project_find(inv->store, project, inv->argv[0], err);

	if (st != FP_OK)
		return st;
	if (!!newer + !!filter + (inv->argc > 1) != 1)
		return fp_fail(err, FP_E_USAGE, "name the changes by their uuids, by --this-and-newer UUID or by --filter FILTER");
	return newer ? by_age(&s, newer, err) : filter ? by_filter(&s, filter, err) : by_uuids(&s, err);
}
