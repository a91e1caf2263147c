#include "ui/project_problems.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/jobs.h"
#include "ui/app.h"
#include "ui/format.h"
#include "ui/wrap.h"

#define GROUPS_MAX 50
#define LAYERS_SHOWN 5

struct group { char *filter, *title; int64_t layers; };
struct groups { struct group item[GROUPS_MAX]; size_t n; };

/* Layers without a cause are together because they say the same. */
static void take_group(void *arg, const struct fp_group_row *r)
{
	struct groups *g = arg;
	char count[FP_FORMAT_SIZE];

	g->item[g->n++] = (struct group){
		.filter = *r->cause ? fp_asprintf("status:%s cause:%s", r->status, r->cause) : fp_asprintf("group:%lld", (long long)r->id),
		.title = fp_asprintf("%s layer%s: %s%s%s%s%s%s", fp_format_count(count, r->layers), fp_text_s(r->layers), r->status, *r->cause ? " (" : "",
			r->cause, *r->cause ? ")" : "", *r->owner ? ". Whose job: " : "", r->owner),
		.layers = r->layers,
	};
}

static void forget(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->item[i].filter);
		free(g->item[i].title);
	}
}

/* The remedy of a group is said once, unless layers of the same cause need different ones. */
struct shown { struct fp_view *v; char *remedy; };

static void add_layer(void *arg, const struct fp_layer_row *r)
{
	struct shown *s = arg;
	struct fp_view *v = s->v;
	char *command = fp_asprintf("layer %s", r->layer_id);

	if (!s->remedy || strcmp(s->remedy, r->remedy) != 0) {
		if (*r->remedy)
			fp_wrap_link(&v->lines, FP_STYLE_BOLD, v->width, 4, command, "    %s", r->remedy);
		free(s->remedy);
		s->remedy = fp_strdup(r->remedy);
	}
	fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 8, command, "      %s%s%s", r->name, *r->sentence ? ": " : "", r->sentence);
	free(command);
}

static enum fp_status add_group(struct fp_view *v, const struct group *g, struct fp_error *err)
{
	struct fp_query q = { .project_id = v->project, .filter = g->filter };
	struct shown s = { v, NULL };
	char *command = fp_asprintf("layers %s", g->filter), count[FP_FORMAT_SIZE];
	enum fp_status st;

	fp_wrap_link(&v->lines, FP_STYLE_BAD, v->width, 4, command, "  %s", g->title);
	st = fp_layer_list(v->console->store, &q, 0, LAYERS_SHOWN, add_layer, &s, err);
	if (g->layers > LAYERS_SHOWN)
		fp_wrap_link(&v->lines, FP_STYLE_NORMAL, v->width, 8, command, "      and %s more: Enter", fp_format_count(count, g->layers - LAYERS_SHOWN));
	free(s.remedy);
	free(command);
	return st;
}

enum fp_status fp_project_problems(struct fp_view *v, struct fp_error *err)
{
	struct fp_query q = { .project_id = v->project, .filter = "valid:false" };
	struct groups g = {0};
	char count[FP_FORMAT_SIZE];
	int64_t n = 0;
	enum fp_status st = fp_layer_group_count(v->console->store, &q, FP_GROUP_CAUSE, &n, err);

	if (st == FP_OK)
		st = fp_layer_groups(v->console->store, &q, FP_GROUP_CAUSE, 0, GROUPS_MAX, take_group, &g, err);
	for (size_t i = 0; st == FP_OK && i < g.n; i++)
		st = add_group(v, &g.item[i], err);
	if (st == FP_OK && n > (int64_t)g.n)
		fp_wrap_link(&v->lines, FP_STYLE_BAD, v->width, 4, "problems", "  and %s more kinds of problem: Enter", fp_format_count(count, n - (int64_t)g.n));
	forget(&g);
	return st;
}
